"""Adding, checking and removing model packs: judged whole first, then put in their place in one step."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.home.private_files import (
    FOLDER_MODE,
    is_there,
    make_private_folder,
    make_shared_folder,
    unwritable,
)
from daemon.packs.pack_archives import unpack
from daemon.packs.shelf import Pack, check_pack_name, explained, read_pack
from models.files.labels import LABELS_NAME, MAX_LABELS_BYTES
from models.files.manifest import CARD_NAME, FILE_NAME, Manifest, ModelCorrupt, ModelMissing
from models.files.plain_files import file_size, read_file
from wire.protocol import ErrorCode, InsertObjectError

MAX_CARD_BYTES = 1 << 20
_ADDING, _REMOVING = ".adding-", ".removing-"  # what hidden folders of ours begin with
_LEFTOVER_SECONDS = 3600.0  # a hidden folder that old was left by a process that was killed


class PackProblem(InsertObjectError):
    """A pack that cannot be added, checked or removed."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


def check_pack(folder: Path, name: str) -> Pack:
    """Reads every file of a pack and judges it as the daemon does when it loads it.

    Raises:
        PackProblem, PackNameError: with the reason.
    """
    with _reaching(folder):
        is_found = folder.is_dir()
    if not is_found:
        raise PackProblem(f"There is no folder {folder}.", "Name the folder that holds manifest.json.")
    from models.bundle import Bundle  # imports torch

    try:
        pack = read_pack(folder, name)
        Bundle.load(folder)
    except (ModelMissing, ModelCorrupt) as error:
        raise PackProblem(
            f"{folder.name or folder} is not a model pack that can be used: {explained(error)}",
            "Download it again from where you got it.",
        ) from error
    return pack


def add_pack(source: Path, packs: Path, name: str | None = None, *, shared: bool = False) -> Pack:
    """Adds a pack from its folder or a zip of it to the folder of packs, whole or not at all.

    Only the manifest, the files that it lists, the labels and the card are taken. The folder of packs is made
    private, unless it is ``shared``: then it keeps its mode, which the pack gets, too.

    Raises:
        PackProblem, PackNameError, PrivateFileError: with the reason; nothing was added then.
    """
    name = check_pack_name(name if name is not None else suggested_name(source))
    target = packs / name
    if is_there(target):
        raise PackProblem(
            f"There is a model pack “{name}” already.",
            f"Remove it with “insert-object packs remove {name}”, or choose another name with --name.",
        )
    with _reaching(source):
        is_found = source.exists()
    if not is_found:
        raise PackProblem(f"There is no {source}.", "Name a pack's folder, or a zip of it.")
    if source.is_dir():
        check_pack(source, name)  # before gigabytes are copied for nothing
    mode = _make_packs_folder(packs, shared=shared)
    with _new_folder(packs) as folder:
        if source.is_dir():
            _copy(source, folder)
        else:
            unpack(source, folder)
        check_pack(folder, name)
        for part in (folder, *folder.iterdir()):
            part.chmod(mode if part is folder else mode & 0o666)
        try:
            folder.rename(target)
        except OSError as error:
            if not is_there(target):
                raise
            raise PackProblem(f"There is a model pack “{name}” already.", "Try again.") from error
    return read_pack(target, name)


def remove_pack(packs: Path, name: str) -> None:
    """Removes a pack, usable or not; it vanishes in one step.

    Raises:
        PackProblem, PackNameError, PrivateFileError: there is none, or it cannot be removed.
    """
    target = packs / check_pack_name(name)
    if not is_there(target):
        raise PackProblem(
            f"There is no model pack “{name}”.", "“insert-object packs” lists those that are there."
        )
    try:
        if target.is_symlink() or not target.is_dir():
            target.unlink()
            return
        hidden = packs / f"{_REMOVING}{secrets.token_hex(8)}"
        target.rename(hidden)
    except OSError as error:
        raise unwritable(target, error) from error
    shutil.rmtree(hidden, ignore_errors=True)  # what is left is hidden, and goes with the next pack


def suggested_name(source: Path) -> str:
    """A pack's name from its folder's or its zip's: "Garden Lamps.zip" → "garden-lamps"."""
    name = source.absolute().name.casefold()
    return re.sub(r"[^a-z0-9_-]+", "-", name.removesuffix(".zip")).strip("-_")[:64]


@contextmanager
def _reaching(source: Path) -> Iterator[None]:
    """Says what keeps us from looking whether there is a pack."""
    try:
        yield
    except OSError as error:
        raise PackProblem(
            f"{source} cannot be reached: {error.strerror}.", "Check its name, and who may open its folder."
        ) from error


def _make_packs_folder(packs: Path, *, shared: bool) -> int:
    """Makes the folder of packs, if it is not there; returns the mode that a pack in it has to have."""
    if shared:
        return make_shared_folder(packs) & 0o777
    make_private_folder(packs)
    return FOLDER_MODE


def _hidden_folders(packs: Path) -> Iterator[Path]:
    for beginning in (_ADDING, _REMOVING):
        yield from packs.glob(beginning + "[0-9a-f]" * 16)


@contextmanager
def _new_folder(packs: Path) -> Iterator[Path]:
    """A hidden folder beside the packs; what is left of it at the end is deleted."""
    for old in _hidden_folders(packs):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > _LEFTOVER_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    folder = packs / f"{_ADDING}{secrets.token_hex(8)}"
    try:
        folder.mkdir(FOLDER_MODE)
        yield folder
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(source: Path, folder: Path) -> None:
    """Copies what belongs to a pack; it is checked again where it arrives."""
    for name in (FILE_NAME, *Manifest.read(source).files):
        file_size(source / name)
        shutil.copyfile(source / name, folder / name)
    for name, most in ((LABELS_NAME, MAX_LABELS_BYTES), (CARD_NAME, MAX_CARD_BYTES)):
        with contextlib.suppress(ModelMissing, ModelCorrupt):  # a pack without them is one all the same
            (folder / name).write_bytes(read_file(source / name, most))
