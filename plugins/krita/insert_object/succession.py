"""What the plug-in watches the user's undo and redo for, since Krita alone would show the wrong thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from krita import Krita

from .documents import is_attached
from .object_layers import ObjectLayers


@dataclass
class Succession:
    """An edit that took two undo steps: an object and the one that took its place.

    Krita's undo brings the old one back beside the new one.
    """

    old: ObjectLayers
    new: ObjectLayers
    is_hidden: bool = False  # the old one, by us

    @property
    def is_out_of_step(self) -> bool:
        """Whether the user has undone or redone something since the last look."""
        return self._both_are_there is not self.is_hidden

    def follow(self) -> None:
        """Hides the old object while the new one is there, too; shows it again when it is alone."""
        self.is_hidden = self._both_are_there
        for node in self.old.removable:
            node.setVisible(not self.is_hidden)

    @property
    def _both_are_there(self) -> bool:
        return self.old.is_attached and self.new.is_attached


@dataclass
class Unannounced:
    """A layer that Krita added while it was empty: its undo and redo leave the canvas as it was."""

    node: Any
    was_there: bool = True

    @property
    def is_out_of_step(self) -> bool:
        """Whether the user has undone or redone it since the last look."""
        return is_attached(self.node) is not self.was_there

    def follow(self) -> bool:
        """Returns whether the canvas is to be drawn again: not where the layer was removed by hand."""
        self.was_there = is_attached(self.node)
        redo = Krita.instance().action("edit_redo")
        return self.was_there or redo is None or bool(redo.isEnabled())
