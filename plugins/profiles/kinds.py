"""The editors that have a plug-in of ours: what each is called and where its plug-in lies, a row each.

Standard library only, because the installer runs it before anything is installed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AboutEditor:
    """What the installer must know of an editor beyond where its profiles are."""

    name: str  # for people, before a version
    wanted: str  # for people who have none: with the version that it must be
    way_in: str  # where the plug-in is found in it
    plugin_folder: tuple[str, str]  # in a profile: the folder of all plug-ins, and ours in it
    first_file: str  # of our plug-in
    is_program: bool = False  # whether the editor runs that file as a program
    beside: dict[str, str] = field(default_factory=dict)  # files of the checkout, and the folder they go to


class EditorKind(str, enum.Enum):
    """An editor; its value is its folder's name in ``plugins/``, and that of ``--editors``."""

    GIMP = "gimp"
    KRITA = "krita"

    @property
    def about(self) -> AboutEditor:
        return _ABOUT[self]


_ABOUT = {
    EditorKind.GIMP: AboutEditor(
        name="GIMP",
        wanted="GIMP 3",
        way_in="select a rectangle and choose Filters ▸ Insert object…",
        plugin_folder=("plug-ins", "insert-object"),
        first_file="insert-object.py",
        is_program=True,
    ),
    EditorKind.KRITA: AboutEditor(
        name="Krita",
        wanted="Krita",
        way_in="open Settings ▸ Dockers ▸ Insert Object",
        plugin_folder=("pykrita", "insert_object"),
        first_file="__init__.py",
        beside={"insert_object.desktop": "pykrita", "insert_object.action": "actions"},
    ),
}
