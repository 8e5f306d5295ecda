"""A model pack out of a zip: nothing lands outside its folder, nothing grows beyond what a pack can be."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from models.files.labels import LABELS_NAME, MAX_LABELS_BYTES
from models.files.manifest import (
    CARD_NAME,
    FILE_NAME,
    MAX_MANIFEST_BYTES,
    Manifest,
    ModelCorrupt,
    ModelMissing,
)
from wire.protocol import ErrorCode, InsertObjectError

MAX_ARCHIVE_BYTES = 2 << 30  # of the zip, and of what comes out of it
MAX_ENTRIES = 1000
MAX_SMALL_BYTES = {FILE_NAME: MAX_MANIFEST_BYTES, LABELS_NAME: MAX_LABELS_BYTES, CARD_NAME: 1 << 20}
MOST_SHRUNK = 50  # times; trained weights hardly shrink at all, a zip bomb shrinks a thousandfold
_SMALL = 1 << 20  # bytes below which shrinking does not matter
_BLOCK = 1 << 20  # bytes


class BadArchive(InsertObjectError):
    """A zip that holds no pack, or is made to do harm."""

    def __init__(
        self, archive: Path, reason: str, hint: str = "Download it again from where you got it."
    ) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, f"{archive.name} {reason}.", hint)


def unpack(archive: Path, folder: Path) -> None:
    """Takes manifest, listed files, labels and card out of a zip, from its top or from its one folder.

    Raises:
        BadArchive: with the reason; the caller deletes what is in ``folder``.
        OSError: the files cannot be written.
    """
    with _reading(archive):
        if not archive.is_file():
            raise BadArchive(archive, "is neither a folder nor a file")
        if archive.stat().st_size > MAX_ARCHIVE_BYTES:
            raise BadArchive(archive, "is larger than a model pack can be")
        content = zipfile.ZipFile(archive)
    try:
        with content:
            entries = _entries(archive, content)
            if FILE_NAME not in entries:
                raise BadArchive(archive, f"holds no {FILE_NAME}")
            _take(archive, content, entries[FILE_NAME], folder / FILE_NAME)
            extras = [name for name in (LABELS_NAME, CARD_NAME) if name in entries]
            wanted = [*Manifest.read(folder).files, *extras]
            for name in wanted:
                if name not in entries:
                    raise BadArchive(archive, f"lacks {name}, which its manifest lists")
                _take(archive, content, entries[name], folder / name)
    except (ModelMissing, ModelCorrupt) as error:
        raise BadArchive(
            archive, f"holds no pack that can be used: {error.path.name} {_why(error)}"
        ) from error


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    """Says of whatever goes wrong that it is the archive's.

    Raises:
        BadArchive: with the reason.
    """
    try:
        yield
    except (BadArchive, MemoryError):
        raise
    except OSError as error:
        if error.errno is None:  # of bzip2
            raise _damaged(archive, error) from error
        raise BadArchive(
            archive, f"cannot be read: {error.strerror}", "Check its permissions, or copy it to another disk."
        ) from error
    except Exception as error:  # damage leads each kind of compression to raise whatever it may be
        raise _damaged(archive, error) from error


def _damaged(archive: Path, error: Exception) -> BadArchive:
    return BadArchive(archive, f"is not a zip that can be read: {str(error).rstrip('.')}")


def _entries(archive: Path, content: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files of the pack by their name in its folder; every entry of the zip was judged."""
    listed = content.infolist()
    if len(listed) > MAX_ENTRIES:
        raise BadArchive(archive, f"holds {len(listed)} files, more than a model pack has")
    if sum(entry.file_size for entry in listed) > MAX_ARCHIVE_BYTES:
        raise BadArchive(archive, "would unpack to more than a model pack can be")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in listed:
        _judge(archive, entry)
        if not entry.is_dir() and not entry.filename.startswith("__MACOSX/"):
            if entry.filename in found:
                raise BadArchive(archive, f"holds two files of one name: {entry.filename[:80]!a}")
            found[entry.filename] = entry
    manifests = [PurePosixPath(name) for name in found if PurePosixPath(name).name == FILE_NAME]
    nearest = min(manifests, key=lambda path: len(path.parts), default=PurePosixPath(FILE_NAME))
    prefix = "" if len(nearest.parts) == 1 else f"{nearest.parent}/"
    return {name[len(prefix) :]: entry for name, entry in found.items() if name.startswith(prefix)}


def _judge(archive: Path, entry: zipfile.ZipInfo) -> None:
    name, path = entry.filename, PurePosixPath(entry.filename)
    leads_out = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name
    if leads_out or "\\" in entry.orig_filename or "\0" in entry.orig_filename:
        raise BadArchive(archive, f"holds a file that would land outside its folder: {name[:80]!a}")
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadArchive(archive, f"holds a link or a device: {name[:80]!a}")
    if entry.flag_bits & 1:
        raise BadArchive(archive, "is locked with a password")
    if entry.file_size > max(_SMALL, MOST_SHRUNK * entry.compress_size):
        raise BadArchive(archive, f"holds a file that grows without measure: {name[:80]!a}")
    if entry.file_size > MAX_SMALL_BYTES.get(path.name, entry.file_size):
        raise BadArchive(archive, f"holds a {path.name} of {entry.file_size} bytes, too large for one")


def _take(archive: Path, content: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Unpacks one file."""
    with target.open("xb") as file:
        for block in _unpacked(archive, content, entry):
            file.write(block)


def _unpacked(archive: Path, content: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """One file's bytes; ``zipfile`` gives no more than the entry was judged by, and checks their sum."""
    with _reading(archive), content.open(entry) as packed:
        while block := packed.read(_BLOCK):
            yield block


def _why(error: ModelMissing | ModelCorrupt) -> str:
    return error.reason if isinstance(error, ModelCorrupt) else "is missing"
