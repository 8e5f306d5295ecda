"""The layers of one object: its own alone, or with its shadow right below it in a group for the two.

Krita records every layer that a script adds as an undo step of its own, but a group with what it holds as
one. So object and shadow come as a group. It passes through: the two look as if they lay in the stack itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .annotations import record_with
from .canvas import Steps
from .copies import copied_object
from .documents import find_layer, is_attached, layer_id, owned
from .history import Variation
from .pixels import clear_layer, write_layer
from .translations import tr
from .wire.layer_record import LayerRecord, Recipe
from .wire.protocol import Rect

NOTHING = Rect(0, 0, 0, 0)


@dataclass(frozen=True)
class Drawn:
    """Where the layers of an object have pixels."""

    layer: Rect = NOTHING
    shadow: Rect = NOTHING

    @classmethod
    def by(cls, variation: Variation) -> Drawn:
        return cls(variation.rect, variation.shadow_rect)


@dataclass(frozen=True)
class ObjectLayers:
    """An object's layer; with a shadow also that one's layer and the group of the two."""

    layer: Any
    shadow: Any | None = None
    group: Any | None = None

    @property
    def top(self) -> Any:
        """What stands in the layer stack: the group or the lone layer."""
        return self.group if self.group is not None else self.layer

    @property
    def all(self) -> tuple[Any, ...]:
        return tuple(node for node in (self.group, self.shadow, self.layer) if node is not None)

    @property
    def is_attached(self) -> bool:
        """Whether the object is in the picture; False, too, while its creation is undone."""
        return is_attached(self.top) and is_attached(self.layer)

    @property
    def removable(self) -> tuple[Any, ...]:
        """What to remove, or to hide, so that the object is gone and nothing else with it."""
        if not self.is_attached:
            return ()
        mine = {layer_id(node) for node in self.all}
        if self.group is not None and all(layer_id(n) in mine for n in owned(self.group.childNodes())):
            return (self.group,)
        return tuple(node for node in (self.shadow, self.layer) if node is not None and is_attached(node))

    def holds(self, node: Any) -> bool:
        """Whether the node is one of these layers."""
        return layer_id(node) in {layer_id(mine) for mine in self.all}

    def lock(self) -> None:
        """Keeps the user's hand off them while they can still change."""
        for node in self.all:
            node.setLocked(True)

    def unlock(self) -> None:
        """Makes normal layers of them."""
        for node in self.all:
            node.setLocked(False)

    def name_after(self, title: str) -> None:
        """Names them after the object."""
        for node, name in zip(self.all, layer_names(title, with_shadow=self.group is not None)):  # noqa: B905 - as many
            node.setName(name)

    def record(self, recipe: Recipe, placed: Rect) -> LayerRecord:
        """What is kept in the document of these layers."""
        shadow, group = (layer_id(node) if node is not None else "" for node in (self.shadow, self.group))
        return LayerRecord(recipe, placed, shadow=shadow, group=group)


def layer_names(title: str, *, with_shadow: bool) -> tuple[str, ...]:
    """The names of group, shadow and object; of the object alone without a shadow."""
    if not with_shadow:
        return (title,)
    return tr("{layer} with its shadow", layer=title), tr("{layer} · shadow", layer=title), title


def new_object_layers(document: Any, variation: Variation, title: str) -> tuple[ObjectLayers, Steps]:
    """Layers that are not yet in the picture, and the steps that fill them with a variation."""
    if not variation.recipe.wish.shadow:
        layers = ObjectLayers(document.createNode(title, "paintlayer"))
        return layers, _filled(layers, variation)
    group, shadow, layer = layer_names(title, with_shadow=True)
    layers = ObjectLayers(
        document.createNode(layer, "paintlayer"),
        document.createNode(shadow, "paintlayer"),
        document.createGroupLayer(group),
    )
    if layers.group is not None:
        layers.group.setPassThroughMode(True)
    return layers, _filled(layers, variation)


def _filled(layers: ObjectLayers, variation: Variation) -> Steps:
    yield from write_layer(layers.layer, variation.drawn, variation.x, variation.y)
    if layers.group is None:
        return
    yield
    if variation.shadow is not None:
        yield from write_layer(layers.shadow, variation.shadow, variation.shadow_x, variation.shadow_y)
        yield
    # Unlike addChildNode this adds no undo step, as a group that is not in the picture wants it.
    layers.group.setChildNodes([layers.shadow, layers.layer])


def overwrite(layers: ObjectLayers, was: Drawn, now: Variation) -> Steps:
    """Puts other pixels into layers that are in the picture; no undo step, and no refresh yet."""
    if was.layer != now.rect:
        yield from clear_layer(layers.layer, was.layer)
        yield
    if layers.shadow is not None and was.shadow != now.shadow_rect:
        yield from clear_layer(layers.shadow, was.shadow)
        yield
    yield from write_layer(layers.layer, now.drawn, now.x, now.y)
    yield
    if layers.shadow is not None and now.shadow is not None:
        yield from write_layer(layers.shadow, now.shadow, now.shadow_x, now.shadow_y)


def object_of(document: Any, node: Any) -> tuple[ObjectLayers, LayerRecord] | None:
    """The object that a layer, a shadow or a group belongs to; None where none of ours does."""
    found = record_with(document, layer_id(node))
    layer = find_layer(document, found[0]) if found is not None else None
    if found is not None and layer is not None:
        record = found[1]
    else:
        copy = copied_object(document, node)
        if copy is None:
            return None
        layer, record = copy
    parent = layer.parentNode()
    group = parent if layer_id(parent) == record.group else None
    return ObjectLayers(layer, _shadow_in(group, record.shadow), group), record


def _shadow_in(group: Any | None, identity: str) -> Any | None:
    """The shadow, where it lies in the object's group: a record in a file could name any layer."""
    inside = owned(group.childNodes()) if group is not None else []
    return next((node for node in inside if layer_id(node) == identity), None)
