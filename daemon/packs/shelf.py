"""Model packs: finding them in their folder and judging them before anything is loaded. Imports no torch."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.files.labels import LABELS_NAME
from models.files.manifest import FILE_NAME, Manifest, ModelCorrupt, ModelMissing
from wire.protocol import ClassInfo, ErrorCode, InsertObjectError, PackInfo

log = logging.getLogger(__name__)

MAX_PACKS = 32
MAX_LISTED_BYTES = 40_000  # of all names, labels and styles together: a welcome holds them, 64 KiB at most
_BYTES_BESIDE_A_TEXT = 24  # what a message needs to carry it
_MAX_ENTRIES = 1000  # of the folder; beyond, it is not a folder of packs
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

REINSTALL = "Run install.py again to put it back."


class PackNameError(InsertObjectError):
    """A name that no pack may have."""

    def __init__(self, name: str) -> None:
        super().__init__(
            ErrorCode.BAD_REQUEST,
            f"“{name[:60]}” is not a name for a model pack.",
            "Use small letters, digits, “-” and “_”, beginning with a letter or digit, at most 64.",
        )


@dataclass(frozen=True)
class Pack:
    """A pack that can be used, as far as its manifest and the sizes of its files tell."""

    folder: Path
    info: PackInfo
    resolution: int
    version: tuple[int, ...] = field(repr=False)  # another one: the pack was replaced

    @property
    def name(self) -> str:
        return self.info.name


@dataclass(frozen=True)
class Shelf:
    """The packs that were found, by name, and those that were not taken, each with the reason."""

    packs: Mapping[str, Pack] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def check_pack_name(name: str) -> str:
    """The name, if a pack may have it; raises PackNameError."""
    if not _NAME.fullmatch(name):
        raise PackNameError(name)
    return name


def pack_info(name: str, manifest: Manifest) -> PackInfo:
    """What is told of a pack where one is chosen."""
    best_first = sorted(class_infos(manifest), key=lambda info: info.name != manifest.best_class)
    return PackInfo(name, manifest.label or manifest.name, tuple(best_first))


def class_infos(manifest: Manifest) -> tuple[ClassInfo, ...]:
    """What a manifest's networks can insert, in the order of the class index."""
    return tuple(
        ClassInfo(entry.name, entry.label, tuple(entry.styles), entry.labels) for entry in manifest.classes
    )


def read_pack(folder: Path, name: str, manifest: Manifest | None = None) -> Pack:
    """Judges a pack by its manifest, read again unless given, and its files' sizes.

    Raises:
        PackNameError: the name is not allowed.
        ModelMissing, ModelCorrupt: with the file and the reason.
    """
    check_pack_name(name)
    manifest = manifest or Manifest.read(folder)
    manifest.look(folder)
    info = pack_info(name, manifest)
    if _listed_bytes(info) > MAX_LISTED_BYTES:
        raise ModelCorrupt(folder / FILE_NAME, "has more classes and styles than can be listed")
    return Pack(folder, info, manifest.resolution, _version(folder, manifest))


class PackShelf:
    """Looks into the folder of packs whenever asked; a manifest is read again only when it has changed.

    Any thread may ask. A pack that breaks a rule is left out; the others are not touched by it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._manifests: dict[str, tuple[tuple[int, ...], Manifest | str]] = {}  # or why it is none
        self._broken: dict[str, tuple[tuple[int, ...], str]] = {}  # what loading them brought to light
        self._told: dict[str, str] = {}

    def look(self) -> Shelf:
        """The packs that are there now."""
        with self._lock:
            packs: dict[str, Pack] = {}
            refused: dict[str, str] = {}
            listed = 0
            for folder in _folders(self.folder):
                pack = self._judged(folder)
                if isinstance(pack, str):
                    refused[folder.name] = pack
                    continue
                needed = _listed_bytes(pack.info)
                if len(packs) >= MAX_PACKS or listed + needed > MAX_LISTED_BYTES:
                    refused[folder.name] = "There are too many packs; remove some that are not needed."
                    continue
                packs[pack.name] = pack
                listed += needed
            there = {*packs, *refused}
            self._manifests = {name: kept for name, kept in self._manifests.items() if name in there}
            self._tell(refused)
            return Shelf(packs, refused)

    def refuse(self, pack: Pack, error: ModelMissing | ModelCorrupt) -> None:
        """Leaves a pack out from now on, until it is replaced: its files turned out to be bad."""
        with self._lock:
            self._broken[pack.name] = pack.version, explained(error)

    def _judged(self, folder: Path) -> Pack | str:
        """The pack, or the reason why it is none."""
        try:
            if os.path.islink(folder):  # noqa: PTH114  # never raises
                raise ModelCorrupt(folder, "is a link; copy the pack itself to this place")
            name = check_pack_name(folder.name)
            manifest = self._manifest(folder)
            if isinstance(manifest, str):
                return manifest
            pack = read_pack(folder, name, manifest)
        except (ModelMissing, ModelCorrupt, PackNameError) as error:
            return explained(error)
        version, reason = self._broken.get(name, ((), ""))
        return reason if version == pack.version else pack

    def _manifest(self, folder: Path) -> Manifest | str:
        """The manifest, or the reason why it is none, read again only if it or its labels are other ones."""
        stamp = (*_stamp(folder / FILE_NAME), *_labels_stamp(folder))
        before, manifest = self._manifests.get(folder.name, ((), ""))
        if before != stamp:
            try:
                manifest = Manifest.read(folder)
            except ModelCorrupt as error:
                manifest = explained(error)
            self._manifests[folder.name] = stamp, manifest
        return manifest

    def _tell(self, refused: dict[str, str]) -> None:
        """Logs every refusal once."""
        for name, reason in refused.items():
            if self._told.get(name) != reason:
                log.info("The model pack %r is left out: %s", name, reason)
        self._told = refused


def check_weights(folder: Path) -> None:
    """Finds out, before anything slow is imported, whether the shipped weights are there.

    Raises:
        InsertObjectError: ``model-missing`` or ``model-corrupt``.
    """
    try:
        Manifest.read(folder).look(folder)
    except (ModelMissing, ModelCorrupt) as error:
        raise weights_error(error) from error


def weights_error(error: ModelMissing | ModelCorrupt) -> InsertObjectError:
    """What to tell the user when the shipped weights cannot be used."""
    if isinstance(error, ModelMissing):
        return InsertObjectError(
            ErrorCode.MODEL_MISSING, f"The networks' file {error.path} is missing.", REINSTALL
        )
    return InsertObjectError(ErrorCode.MODEL_CORRUPT, str(error), REINSTALL)


def pack_error(name: str, error: ModelMissing | ModelCorrupt) -> InsertObjectError:
    """What to tell the user when a pack cannot be used."""
    missing = isinstance(error, ModelMissing)
    return InsertObjectError(
        ErrorCode.MODEL_MISSING if missing else ErrorCode.MODEL_CORRUPT,
        f"The model pack “{name[:64]}” cannot be used: {explained(error)}",
        "Download it again from where you got it.",
    )


def explained(error: ModelMissing | ModelCorrupt | PackNameError) -> str:
    """The reason in a sentence that names the file without the way to it."""
    if isinstance(error, PackNameError):
        return str(error)
    if isinstance(error, ModelMissing):
        return f"{error.path.name} is missing."
    return f"{error.path.name} {error.reason}."


# --- Files ------------------------------------------------------------------------------------------


def _folders(place: Path) -> Iterator[Path]:
    """The folders of packs in the order of their names; hidden ones are work in progress."""
    try:
        with os.scandir(place) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_MAX_ENTRIES), strict=False)]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        log.info("The model packs in %s cannot be looked at: %s", place, error.strerror)
        return
    for name in sorted(names):
        if not name.startswith(".") and os.path.isdir(place / name):  # noqa: PTH112  # never raises
            yield place / name


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced."""
    try:
        state = path.stat()
    except OSError as error:
        raise ModelMissing(path) from error
    return state.st_mtime_ns, state.st_size, state.st_ino


def _labels_stamp(folder: Path) -> tuple[int, ...]:
    try:
        return _stamp(folder / LABELS_NAME)
    except ModelMissing:
        return ()  # most packs have none


def _version(folder: Path, manifest: Manifest) -> tuple[int, ...]:
    parts = list(_labels_stamp(folder))
    for name in (FILE_NAME, *sorted(manifest.files)):
        parts += _stamp(folder / name)
    return tuple(parts)


def _listed_bytes(info: PackInfo) -> int:
    texts = [info.name, info.label]
    for known in info.classes:
        texts += [known.name, known.label, *known.styles, *known.labels, *known.labels.values()]
    return sum(len(text.encode()) + _BYTES_BESIDE_A_TEXT for text in texts)
