"""An edit that took two undo steps: after one undo both objects are in the picture, and one shall be seen."""

from __future__ import annotations

from dataclasses import dataclass

from .object_layers import ObjectLayers


@dataclass
class Succession:
    """An object and the one that took its place. Krita's undo brings the old one back beside the new one."""

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
