"""The layers of one object: its own alone, or in a group with its shadows right below it.

Krita records every layer that a script adds as an undo step of its own, but a group with what it holds as
one. So object and shadows come as a group. It passes through: they look as if they lay in the stack itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .annotations import light_records_with, record_with
from .canvas import Steps
from .copies import copied_object
from .documents import find_layer, is_attached, layer_id, owned
from .history import Variation
from .pixels import clear_layer, write_layer
from .translations import tr
from .wire.layer_record import LayerRecord, Recipe
from .wire.light_record import LightRecord
from .wire.protocol import Rect, Wish

NOTHING = Rect(0, 0, 0, 0)


@dataclass(frozen=True)
class Drawn:
    """Where the layers of an object have pixels."""

    layer: Rect = NOTHING
    shadow: Rect = NOTHING
    cast: Rect = NOTHING

    @classmethod
    def by(cls, variation: Variation) -> Drawn:
        return cls(variation.rect, variation.shadow_rect, variation.cast_rect)


@dataclass(frozen=True)
class ObjectLayers:
    """An object's layer; with shadows also the contact and the cast one's, and the group of them all."""

    layer: Any
    shadow: Any | None = None
    group: Any | None = None
    cast: Any | None = None

    @property
    def top(self) -> Any:
        """What stands in the layer stack: the group or the lone layer."""
        return self.group if self.group is not None else self.layer

    @property
    def all(self) -> tuple[Any, ...]:
        return tuple(node for node in (self.group, self.cast, self.shadow, self.layer) if node is not None)

    @property
    def shadows(self) -> tuple[Any, ...]:
        """The layers of the shadows, from the lowest."""
        return tuple(node for node in (self.cast, self.shadow) if node is not None)

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
        return self._removable_alone

    @property
    def _removable_alone(self) -> tuple[Any, ...]:
        """The same where the group holds layers of somebody else."""
        return tuple(node for node in (*self.shadows, self.layer) if is_attached(node))

    def suit(self, wish: Wish) -> bool:
        """Whether there is a layer for each shadow that a wish asks for, and for no other."""
        return (self.shadow is not None, self.cast is not None) == (wish.shadow, wish.cast_shadow)

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
        names = layer_names(title)
        lone = self.group is None
        for node, name in (
            (self.group, names.group),
            (self.cast, names.cast),
            (self.shadow, names.shadow),
            (self.layer, title),
        ):
            if node is not None and not (lone and node is not self.layer):
                node.setName(name)

    def look_like(self, node: Any) -> None:
        """Gives the object's layer the opacity and the mode of another one; another mode is an undo step."""
        self.layer.setOpacity(node.opacity())
        if self.layer.blendingMode() != node.blendingMode():
            self.layer.setBlendingMode(node.blendingMode())

    def record(self, recipe: Recipe, placed: Rect) -> LayerRecord:
        """What is kept in the document of these layers."""
        shadow, cast, group = (
            layer_id(node) if node is not None else "" for node in (self.shadow, self.cast, self.group)
        )
        return LayerRecord(recipe, placed, shadow=shadow, group=group, cast=cast)


@dataclass(frozen=True)
class LayerNames:
    """What the layers around an object's are called."""

    group: str
    shadow: str
    cast: str


def layer_names(title: str) -> LayerNames:
    """The names that go with an object's."""
    return LayerNames(
        tr("{layer} with its shadow", layer=title),
        tr("shadow · {layer}", layer=title),
        tr("cast shadow · {layer}", layer=title),
    )


def needs_group(wish: Wish) -> bool:
    """Whether an object comes with more than its own layer."""
    return wish.shadow or wish.cast_shadow


def new_object_layers(
    document: Any, variation: Variation, title: str, top: Any | None = None
) -> tuple[ObjectLayers, Steps]:
    """Layers that are not yet in the picture, and the steps that fill them with a variation.

    ``top`` is an empty layer, or a group where there are shadows, that is in the picture already.
    """
    wish, names = variation.recipe.wish, layer_names(title)
    if top is not None:
        top.setName(names.group if needs_group(wish) else title)
    if not needs_group(wish):
        layers = ObjectLayers(top if top is not None else document.createNode(title, "paintlayer"))
        return layers, _filled(layers, variation)
    layers = ObjectLayers(
        document.createNode(title, "paintlayer"),
        document.createNode(names.shadow, "paintlayer") if wish.shadow else None,
        top if top is not None else document.createGroupLayer(names.group),
        document.createNode(names.cast, "paintlayer") if wish.cast_shadow else None,
    )
    if layers.group is not None:
        layers.group.setPassThroughMode(True)
    return layers, _filled(layers, variation)


def _filled(layers: ObjectLayers, variation: Variation) -> Steps:
    yield from write_layer(layers.layer, variation.drawn, variation.x, variation.y)
    if layers.group is None:
        return
    yield
    yield from _write_shadows(layers, variation)
    # Unlike addChildNode this adds no undo step, as a group that is not in the picture wants it.
    layers.group.setChildNodes([*layers.shadows, layers.layer])


def _write_shadows(layers: ObjectLayers, variation: Variation) -> Steps:
    for node, frame, place in (
        (layers.shadow, variation.shadow, variation.shadow_rect),
        (layers.cast, variation.cast, variation.cast_rect),
    ):
        if node is not None and frame is not None:
            yield from write_layer(node, frame, place.x, place.y)
            yield


def overwrite(layers: ObjectLayers, was: Drawn, now: Variation) -> Steps:
    """Puts other pixels into layers that are in the picture; no undo step, and no refresh yet."""
    if was.layer != now.rect:
        yield from clear_layer(layers.layer, was.layer)
        yield
    for node, before, after in (
        (layers.shadow, was.shadow, now.shadow_rect),
        (layers.cast, was.cast, now.cast_rect),
    ):
        if node is not None and before != after:
            yield from clear_layer(node, before)
            yield
    yield from write_layer(layers.layer, now.drawn, now.x, now.y)
    yield
    yield from _write_shadows(layers, now)


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
    return _around(layer, record), record


def lit_layers_of(document: Any, node: Any) -> ObjectLayers | None:
    """A layer that was given light, with the shadows that came with it, told by any of these; None where it
    is none, or an object of ours."""
    for identity, record in light_records_with(document, layer_id(node)):
        layer = find_layer(document, identity)
        if layer is not None:
            return _around(layer, record)
    return None


def _around(layer: Any, record: LayerRecord | LightRecord) -> ObjectLayers:
    parent = layer.parentNode()
    group = parent if parent is not None and layer_id(parent) == record.group else None
    shadow, cast = (_shadow_in(group, identity) for identity in (record.shadow, record.cast))
    return ObjectLayers(layer, shadow, group, cast)


def _shadow_in(group: Any | None, identity: str) -> Any | None:
    """A shadow, where it lies in the object's group: a record in a file could name any layer."""
    inside = owned(group.childNodes()) if group is not None and identity else []
    return next((node for node in inside if layer_id(node) == identity), None)
