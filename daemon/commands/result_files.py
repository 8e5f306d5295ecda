"""The files that a command writes: their names, and that none takes the place of another."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from daemon.commands.option_values import WrongOptions


class KnownFiles:
    """A set of files that finds one again under another name.

    Links, ``..`` and hard links are followed; names that differ only in upper and lower case are one file in
    many folders, and count as one.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._paths: dict[Hashable, Path] = {}
        for path in paths:
            self.add(path)

    def add(self, path: Path) -> None:
        for mark in _marks(path):
            self._paths.setdefault(mark, path)

    def found(self, path: Path) -> Path | None:
        """The name under which this file was added first."""
        return next((self._paths[mark] for mark in _marks(path) if mark in self._paths), None)


def _marks(path: Path) -> list[Hashable]:
    """What two names of one file have in common: the place on its disk, or the name when links are gone."""
    marks: list[Hashable] = []
    with contextlib.suppress(OSError, ValueError):  # it does not exist yet
        status = path.stat()
        marks.append((status.st_dev, status.st_ino))
    try:
        name = path.resolve()
    except (OSError, ValueError, RuntimeError):  # a circle of links, or a name that cannot be one
        name = path.absolute()
    marks.append(str(name).casefold())
    return marks


def check_clashes(written: Sequence[Path], read: Sequence[Path]) -> None:
    """Makes sure that no file is written over one that is read, nor over another result.

    Raises:
        WrongOptions: naming the file.
    """
    claim(written, KnownFiles(read), KnownFiles())


def claim(written: Sequence[Path], read: KnownFiles, results: KnownFiles) -> None:
    """Adds files to the results, if none of them is read, nor a result already.

    Raises:
        WrongOptions: naming the file; nothing is added then.
    """
    own = KnownFiles()
    for path in written:
        if read.found(path):
            raise WrongOptions(f"“{path}” would be replaced by the result.", "Choose another name.")
        if earlier := results.found(path) or own.found(path):
            raise WrongOptions(
                f"Two results have one name: “{earlier}” and “{path}”.", "Choose another for one of them."
            )
        own.add(path)
    for path in written:
        results.add(path)


def numbered(path: Path, *numbers: int) -> Path:
    """The path with numbers before its ending: OUT.png, 2 → OUT-2.png."""
    return path.with_name(f"{path.stem}{''.join(f'-{number}' for number in numbers)}{path.suffix}")
