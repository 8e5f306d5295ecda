"""What layers remember, and how an object's layer and its shadows' find each other by it."""

from __future__ import annotations

import re

from gi.repository import Gimp
from parasites import LIGHT, ORIGINAL, RECORD, SHADOW, ShadowKind, ShadowMark

from wire.layer_record import LayerRecord
from wire.light_record import LightRecord, packed, unpacked
from wire.protocol import Rect

_NUMBER = re.compile(r" #\d+$")
_KEPT_AND_UNDOABLE = 1 | 2  # GIMP_PARASITE_PERSISTENT, GIMP_PARASITE_UNDOABLE


def remember(layer: Gimp.Layer, what: LayerRecord | LightRecord | ShadowMark) -> None:
    """Writes a record or a mark into a layer; XCF files keep it and undo takes it back."""
    if isinstance(what, ShadowMark):
        name, text = SHADOW, what.to_bytes()
    else:
        name, text = (RECORD if isinstance(what, LayerRecord) else LIGHT), what.to_json()
    layer.attach_parasite(Gimp.Parasite.new(name, _KEPT_AND_UNDOABLE, text))


def forget(layer: Gimp.Layer) -> None:
    """Takes records and mark out of a layer."""
    _detach(layer, RECORD, SHADOW, LIGHT, ORIGINAL)


def forget_light(layer: Gimp.Layer) -> None:
    """Takes out of a layer how it was lit, and its pixels before."""
    _detach(layer, LIGHT, ORIGINAL)


def keep_original(layer: Gimp.Layer, pixels: bytes) -> None:
    """Keeps a layer's own pixels with it."""
    layer.attach_parasite(Gimp.Parasite.new(ORIGINAL, _KEPT_AND_UNDOABLE, packed(pixels)))


def original_of(layer: Gimp.Layer, size: int) -> bytes | None:
    """The pixels that :func:`keep_original` kept, which must be ``size`` bytes; None where they are not."""
    parasite = layer.get_parasite(ORIGINAL)
    return None if parasite is None else unpacked(bytes(parasite.get_data()), size)


def _detach(layer: Gimp.Layer, *names: str) -> None:
    for name in names:
        if layer.get_parasite(name) is not None:
            layer.detach_parasite(name)


def record_of(layer: Gimp.Item) -> LayerRecord | None:
    """How this layer was made; None for any other layer."""
    parasite = layer.get_parasite(RECORD)
    return None if parasite is None else LayerRecord.from_json(bytes(parasite.get_data()))


def light_of(layer: Gimp.Item) -> LightRecord | None:
    """How this layer was given the scene's light; None where it was not."""
    parasite = layer.get_parasite(LIGHT)
    return None if parasite is None else LightRecord.from_json(bytes(parasite.get_data()))


def pair_of(layer: Gimp.Item) -> str:
    """The word that a layer's shadow remembers too; "" for a layer that has had none."""
    record = record_of(layer)
    if record is not None and record.shadow:
        return record.shadow
    light = light_of(layer)
    return light.pair if light is not None else ""


def has_original(layer: Gimp.Layer) -> bool:
    """Whether the layer was lit and has its own pixels kept with it, be they still its own or not."""
    return layer.get_parasite(ORIGINAL) is not None


def mark_of(layer: Gimp.Item) -> ShadowMark | None:
    """What a shadow layer remembers; None for any other layer."""
    parasite = layer.get_parasite(SHADOW)
    return None if parasite is None else ShadowMark.from_bytes(bytes(parasite.get_data()))


def is_renamed(layer: Gimp.Layer, given: str) -> bool:
    """Whether the user has given a layer another name; GIMP itself adds a number to one that is taken."""
    name = layer.get_name()
    return name != given and _NUMBER.sub("", name) != given


def shadows_of(image: Gimp.Image, layer: Gimp.Layer, pair: str) -> dict[ShadowKind, Gimp.Layer]:
    """The shadow layers that belong to an object layer."""
    found = {kind: shadow_of(image, layer, pair, kind) for kind in ShadowKind}
    return {kind: shadow for kind, shadow in found.items() if shadow is not None}


def shadow_of(
    image: Gimp.Image, layer: Gimp.Layer, pair: str, kind: ShadowKind = ShadowKind.CONTACT
) -> Gimp.Layer | None:
    """The shadow layer of that kind that belongs to an object layer; None when it has none.

    Copies of an object and of its shadow remember the same pair. So the nearest one below in the same
    group counts, unless another object of the pair lies between; else the only one in the image.
    """
    if not pair:
        return None
    siblings = _siblings(image, layer)
    for other in siblings[siblings.index(layer) + 1 :]:
        if _is_object_of(other, pair):
            return None
        if _is_shadow_of(other, pair, kind):
            return other
    everything = all_layers(image)
    objects = [other for other in everything if _is_object_of(other, pair)]
    shadows = [other for other in everything if _is_shadow_of(other, pair, kind)]
    return shadows[0] if len(objects) == len(shadows) == 1 else None


def object_of(image: Gimp.Image, shadow: Gimp.Layer) -> Gimp.Layer | None:
    """The object layer that a shadow layer belongs to; None for any other layer."""
    mark = mark_of(shadow)
    if mark is None:
        return None
    owners = [layer for layer in all_layers(image) if _is_object_of(layer, mark.pair)]
    return next((one for one in owners if shadow_of(image, one, mark.pair, mark.kind) == shadow), None)


def layer_rectangle(layer: Gimp.Layer) -> Rect:
    """Where the layer lies in the image."""
    _ok, x, y = layer.get_offsets()
    return Rect(x, y, layer.get_width(), layer.get_height())


def all_layers(image: Gimp.Image) -> list[Gimp.Layer]:
    """Every layer of the image, those in groups too."""
    found: list[Gimp.Layer] = []
    waiting = list(image.get_layers())
    while waiting:
        layer = waiting.pop()
        found.append(layer)
        waiting.extend(layer.get_children())
    return found


def _siblings(image: Gimp.Image, layer: Gimp.Layer) -> list[Gimp.Layer]:
    """The layers of the same group from the top, this one included."""
    parent = layer.get_parent()
    return list(image.get_layers() if parent is None else parent.get_children())


def _is_object_of(layer: Gimp.Layer, pair: str) -> bool:
    return pair_of(layer) == pair


def _is_shadow_of(layer: Gimp.Layer, pair: str, kind: ShadowKind) -> bool:
    mark = mark_of(layer)
    return mark is not None and (mark.pair, mark.kind) == (pair, kind)
