"""Rivals in the table: trained networks of another kind, read from their run's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from models.evaluation.cases import Generated, Networks, Painter, looks_by_chance


class RivalUnusable(ValueError):
    """A rival does not know a class that the evaluated networks know, or its name is taken."""


class RivalNetwork(Painter, Protocol):
    """What `models.training.baselines.rivals.load_rival` gives back, as far as it is used here."""

    @property
    def name(self) -> str: ...

    @property
    def class_names(self) -> Sequence[str]: ...

    @property
    def repaints_scene(self) -> bool: ...

    @property
    def images_seen(self) -> int: ...


@dataclass(frozen=True)
class NamedFolder:
    """A rival as the user names it; without a name it has the one that its network has."""

    folder: Path
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> NamedFolder:
        """From "NAME=FOLDER" or "FOLDER". Raises ValueError for an empty folder."""
        name, separator, folder = text.partition("=")
        found = cls(Path(folder), name.strip()) if separator else cls(Path(text))
        if not str(folder if separator else text).strip():
            raise ValueError("names no folder")
        return found


class _ForClasses:
    """A painter told classes by their place in another list than its own."""

    def __init__(self, painter: Painter, own: Sequence[str], class_names: Sequence[str]) -> None:
        missing = [name for name in class_names if name not in own]
        if missing:
            raise RivalUnusable(f"it does not know {', '.join(missing)}")
        self._painter = painter
        self._place = torch.tensor([list(own).index(name) for name in class_names])

    @property
    def resolution(self) -> int:
        return self._painter.resolution

    @property
    def code_size(self) -> int:
        return self._painter.code_size

    def own_index(self, class_index: Tensor) -> Tensor:
        return self._place.to(class_index.device)[class_index]

    def draw_looks(self, class_index: Tensor, z: Tensor) -> Tensor:
        return looks_by_chance(self._painter, self.own_index(class_index), z)

    def make_objects(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self._painter.make_objects(scene, mask, self.own_index(class_index), code)


class ForClasses(_ForClasses):
    """Networks restricted to `class_names`, and told them by their place in that list."""

    def __init__(self, networks: Networks, class_names: Sequence[str]) -> None:
        """Raises RivalUnusable if they do not know one of the names."""
        super().__init__(networks, networks.class_names, class_names)
        self._networks = networks
        self._class_names = tuple(class_names)

    @property
    def class_names(self) -> Sequence[str]:
        return self._class_names

    def make_masks(self, class_index: Tensor, boxes: Tensor, z: Tensor) -> Tensor:
        return self._networks.make_masks(self.own_index(class_index), boxes, z)


def as_method(rival: RivalNetwork, class_names: Sequence[str], name: str = "") -> Generated:
    """The rival as a row of the table, for classes numbered as in `class_names`.

    Raises:
        RivalUnusable: it was not trained on one of the classes.
    """
    named = name or rival.name
    try:
        painter = _ForClasses(rival, rival.class_names, class_names)
    except RivalUnusable as error:
        raise RivalUnusable(
            f"The rival {named!r} cannot be compared: {error}. Train it on the same data folder."
        ) from error
    return Generated(painter, named, repaints_scene=rival.repaints_scene, images_seen=rival.images_seen)


def fairness_notes(rivals: Sequence[Generated], images_seen: int) -> list[str]:
    """What to know before a row is believed: rivals that saw less than half as many pictures in training."""
    return [
        f"{rival.name} saw {rival.images_seen:,} pictures in training, these weights {images_seen:,}: its "
        "row says little about its kind of network."
        for rival in rivals
        if 2 * rival.images_seen < images_seen
    ]


def load_rivals(
    named: Sequence[NamedFolder], class_names: Sequence[str], device: torch.device
) -> list[Generated]:
    """The trained rivals that a user asks for.

    Raises:
        RivalUnusable: unknown classes, or two rivals of one name.
        models.training.checkpoint.CheckpointError: a folder holds no run of a rival.
    """
    from models.training.baselines.rivals import load_rival

    found = [as_method(load_rival(one.folder, device), class_names, one.name) for one in named]
    taken = {"copy-paste", "copy-paste + Reinhard", "grey fill", Generated.name}
    for method in found:
        if method.name in taken:
            raise RivalUnusable(f"Two rows would be called {method.name!r}. Name it: --rival NAME=FOLDER.")
        taken.add(method.name)
    return found
