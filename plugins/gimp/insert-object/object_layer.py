"""Turns a reply into layers of the image, the object's and its shadows', as one undo step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import layer_marks
import layer_pixels
import layer_places
from active import Active
from gi.repository import Gimp
from layer_imprint import imprint_of
from layer_marks import forget_light, is_renamed, mark_of, record_of, remember, shadow_of, shadows_of
from parasites import ShadowKind, ShadowMark
from wording import _

from wire.layer_record import LayerRecord
from wire.protocol import Layer, Lit, PixelFrame, Rect
from wire.sentences import N_

_NAMES = {
    ShadowKind.CONTACT: N_("{object} · shadow"),
    ShadowKind.CAST: N_("{object} · cast shadow"),
}


@dataclass(frozen=True)
class Made:
    """An object that the daemon has made, and what its layer is to remember."""

    reply: Layer
    record: LayerRecord


@dataclass(frozen=True)
class Shadow:
    """One of an object's shadows, and where it lies in the image."""

    kind: ShadowKind
    frame: PixelFrame = field(repr=False)
    place: Rect


def insert_above(image: Gimp.Image, layer: Gimp.Layer, anchor: Gimp.Item | None) -> None:
    """Puts the layer above ``anchor``, in the same group; on top of all when there is no anchor."""
    parent = anchor.get_parent() if anchor is not None else None
    position = image.get_item_position(anchor) if anchor is not None else 0
    image.insert_layer(layer, parent, position)


def insert_below(image: Gimp.Image, layer: Gimp.Layer, other: Gimp.Layer) -> None:
    """Puts the layer directly below another one, in the same group."""
    image.insert_layer(layer, other.get_parent(), image.get_item_position(other) + 1)


def insert(image: Gimp.Image, reply: Layer, record: LayerRecord, anchor: Gimp.Item | None) -> Gimp.Layer:
    """Inserts the object, and its shadows below it, as one undo step; the object's layer is active then."""
    place, active = rectangle_of(reply), Active.of(image)
    layer = layer_pixels.empty_layer(image, record.name, place)
    layer_pixels.paint(layer, reply.pixels, place, place)
    remember(layer, replace(record, imprint=imprint_of(layer)))
    image.undo_group_start()
    try:
        insert_above(image, layer, anchor)
        settle_shadows(image, layer, reply, record.shadow)
        image.set_selected_layers([layer])
    except BaseException:  # nothing half done stays
        if layer in layer_marks.all_layers(image):
            for each in (*shadows_of(image, layer, record.shadow).values(), layer):
                image.remove_layer(each)
        active.restore(image)
        raise
    finally:
        image.undo_group_end()
    return layer


def insert_all(image: Gimp.Image, made: Sequence[Made], anchor: Gimp.Item | None) -> Gimp.Layer:
    """Inserts objects, each above the one before, as one undo step; returns the uppermost's layer, which is
    active then."""
    active, layers = Active.of(image), list[Gimp.Layer]()
    image.undo_group_start()
    try:
        for one in made:
            layers.append(insert(image, one.reply, one.record, layers[-1] if layers else anchor))
    except BaseException:  # nothing half done stays
        for layer, one in zip(layers, made, strict=False):
            for each in (*shadows_of(image, layer, one.record.shadow).values(), layer):
                image.remove_layer(each)
        active.restore(image)
        raise
    finally:
        image.undo_group_end()
    return layers[-1]


def edit(image: Gimp.Image, layer: Gimp.Layer, reply: Layer, record: LayerRecord) -> Gimp.Layer:
    """Puts the object onto the layer of an older one as one undo step, and its shadows below.

    The layer stays the one it is: with its filters, mask, opacity, mode, locks and place in the stack.

    Raises:
        Refusal: GIMP does not let the layer change.
    """
    before = record_of(layer)
    check_changeable(image, layer, record.shadow)
    image.undo_group_start()
    try:
        _repaint(layer, reply.pixels, rectangle_of(reply))
        if before is not None and not is_renamed(layer, before.name):
            _rename(layer, record.name)
        remember(layer, replace(record, imprint=imprint_of(layer)))
        forget_light(layer)
        settle_shadows(image, layer, reply, record.shadow)
        if image.get_selected_layers() != [layer]:
            image.set_selected_layers([layer])
    finally:
        image.undo_group_end()
    return layer


def check_changeable(image: Gimp.Image, layer: Gimp.Layer, pair: str) -> None:
    """Makes sure, before anything is changed, that GIMP lets an object's layer and its shadows' change.

    Raises:
        Refusal: one of them lies in a locked group.
    """
    for each in (layer, *shadows_of(image, layer, pair).values()):
        layer_places.check_unlocked(each)


def settle_shadows(image: Gimp.Image, layer: Gimp.Layer, reply: Layer, pair: str) -> None:
    """Gives a layer of the image the reply's shadows, or takes away those that it has; ``pair`` is the word
    that all of them remember."""
    below = layer
    for shadow in shadows_in(reply):
        below = settle_shadow(image, layer, shadow, pair, below)
    kept = {shadow.kind for shadow in shadows_in(reply)}
    for kind, old in shadows_of(image, layer, pair).items():
        if kind not in kept:
            image.remove_layer(old)


def settle_shadow(
    image: Gimp.Image, layer: Gimp.Layer, shadow: Shadow, pair: str, above: Gimp.Layer
) -> Gimp.Layer:
    """Gives a layer of the image this shadow, directly below another layer; returns the shadow's.

    A shadow layer that is there already gets the new pixels and keeps its place and what the user has set on
    it.
    """
    old = shadow_of(image, layer, pair, shadow.kind)
    name = _(_NAMES[shadow.kind]).format(object=layer.get_name())
    if old is None:
        made = layer_pixels.empty_layer(image, name, shadow.place)
        layer_pixels.paint(made, shadow.frame, shadow.place, shadow.place)
        insert_below(image, made, above)
    else:
        made, mark = old, mark_of(old)
        _repaint(made, shadow.frame, shadow.place)
        if mark is not None and not is_renamed(made, mark.name):
            _rename(made, name)
    remember(made, ShadowMark(pair, name, shadow.kind))
    return made


def _repaint(layer: Gimp.Layer, frame: PixelFrame, place: Rect) -> None:
    """Other pixels and another place for a layer of the image, which GIMP can undo."""
    with layer_pixels.unlocked(layer):
        layer_pixels.reshape(layer, place)
        layer_pixels.give_alpha(layer)
        layer_pixels.paint(layer, frame, place, place)


def _rename(layer: Gimp.Layer, name: str) -> None:
    if layer.get_name() != name:
        layer.set_name(name)


def rectangle_of(reply: Layer) -> Rect:
    """Where the reply's pixels lie in the image."""
    return Rect(reply.x, reply.y, reply.pixels.width, reply.pixels.height)


def shadows_in(reply: Layer | Lit) -> list[Shadow]:
    """The shadows that came with an object, from the upper to the lower."""
    found = (
        (ShadowKind.CONTACT, reply.shadow, reply.shadow_x, reply.shadow_y),
        (ShadowKind.CAST, reply.cast, reply.cast_x, reply.cast_y),
    )
    return [
        Shadow(kind, frame, Rect(x, y, frame.width, frame.height))
        for kind, frame, x, y in found
        if frame is not None
    ]


def layer_name(label: str, seed: int) -> str:
    """What a new object layer is called, "dog · seed 42"."""
    return _("{object} · seed {seed}").format(object=label, seed=seed)
