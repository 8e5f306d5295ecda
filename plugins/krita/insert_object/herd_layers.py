"""The layers of a herd: those of each object, in one group, so that all of them are one undo step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .canvas import Steps
from .copies import recipe_title
from .documents import find_layer
from .history import Variation
from .object_layers import ObjectLayers, new_object_layers, object_of
from .wire.protocol import Wish


@dataclass(frozen=True)
class HerdLayers(ObjectLayers):
    """``layer`` is the nearest object's, ``group`` holds those of all ``members``, far ones first."""

    members: tuple[ObjectLayers, ...] = ()

    @property
    def all(self) -> tuple[Any, ...]:
        return (self.group, *(node for member in self.members for node in member.all))

    @property
    def _removable_alone(self) -> tuple[Any, ...]:
        return tuple(node for member in self.members for node in member.removable)

    def suit(self, wish: Wish) -> bool:  # noqa: ARG002 - the next herd stands elsewhere
        """No other variation goes onto these layers."""
        return False

    def name_after(self, title: str) -> None:
        """Names the group; each object has its own name."""
        if self.group is not None:
            self.group.setName(title)


def new_herd_layers(
    document: Any, herd: tuple[Variation, ...], title: str, top: Any | None = None
) -> tuple[HerdLayers, Steps]:
    """Layers that are not yet in the picture, and the steps that fill them with the objects of a herd.

    ``top`` is an empty group that is in the picture already.
    """
    made = [new_object_layers(document, one, recipe_title(one.recipe)) for one in herd]
    group = top if top is not None else document.createGroupLayer(title)
    group.setName(title)
    group.setPassThroughMode(True)
    members = tuple(layers for layers, _ in made)
    return HerdLayers(members[-1].layer, None, group, None, members), _filled(group, made)


def _filled(group: Any, made: list[tuple[ObjectLayers, Steps]]) -> Steps:
    for _, steps in made:
        yield from steps
        yield
    group.setChildNodes([layers.top for layers, _ in made])


def each_object(layers: ObjectLayers, variation: Variation) -> list[tuple[ObjectLayers, Variation]]:
    """The layers of each object with its variation: one pair, but for a herd."""
    members = layers.members if isinstance(layers, HerdLayers) else (layers,)
    return list(zip(members, variation.objects, strict=True))


def herd_again(document: Any, group: Any | None, identities: tuple[str, ...]) -> HerdLayers | None:
    """The layers of a herd in a document that was opened, by the ids of its objects' layers."""
    nodes = [find_layer(document, identity) for identity in identities]
    found = [object_of(document, node) for node in nodes if node is not None]
    members = tuple(each[0] for each in found if each is not None)
    if not members or group is None:
        return None
    return HerdLayers(members[-1].layer, None, group, None, members)
