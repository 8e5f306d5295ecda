"""Turns a reply into a layer of the image: where it goes, how it is written, what it remembers."""

from __future__ import annotations

import sys
from array import array

import picture
from client.protocol import Layer, PixelFormat, Rect
from gi.repository import Gegl, Gimp
from request_record import PARASITE, RequestRecord
from wording import _

_EIGHT_BITS = (Gimp.Precision.U8_LINEAR, Gimp.Precision.U8_NON_LINEAR, Gimp.Precision.U8_PERCEPTUAL)
_KEPT_AND_UNDOABLE = 1 | 2  # GIMP_PARASITE_PERSISTENT, GIMP_PARASITE_UNDOABLE


def depth_for(image: Gimp.Image) -> int:
    """The bits per channel worth asking the daemon for."""
    return 8 if image.get_precision() in _EIGHT_BITS else 16


def make_layer(image: Gimp.Image, name: str, reply: Layer) -> Gimp.Layer:
    """A layer with the reply's pixels and offset that is not in the image yet."""
    place = rectangle_of(reply)
    layer = empty_layer(image, name, place)
    paint(layer, reply, place)
    return layer


def empty_layer(image: Gimp.Image, name: str, place: Rect) -> Gimp.Layer:
    """A transparent layer at that place of the image that is not in the image yet."""
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, name, place.width, place.height, kind, 100.0, Gimp.LayerMode.NORMAL)
    # The daemon mixes soft edges in perceptual values, GIMP's default is linear light: thin fur would glow.
    layer.set_composite_space(Gimp.LayerColorSpace.RGB_PERCEPTUAL)
    layer.set_offsets(place.x, place.y)
    return layer


def paint(layer: Gimp.Layer, reply: Layer, place: Rect) -> None:
    """Makes the reply's pixels all that is on a layer that lies at ``place`` and holds them."""
    frame = reply.pixels
    data = bytes(frame.data)  # bytearray and memoryview would go to GEGL one number at a time
    if len(data) != frame.width * frame.height * frame.format.bytes_per_pixel:
        raise ValueError(f"{len(data)} bytes are not {frame.width} × {frame.height} pixels")
    deep = frame.format is PixelFormat.RGBA16
    if deep and sys.byteorder == "big":
        samples = array("H", data)
        samples.byteswap()
        data = samples.tobytes()
    area = Gegl.Rectangle.new(reply.x - place.x, reply.y - place.y, frame.width, frame.height)
    whole = Gegl.Rectangle.new(0, 0, place.width, place.height)
    buffer = layer.get_buffer()
    buffer.clear(whole)
    buffer.set(area, "R'G'B'A u16" if deep else "R'G'B'A u8", data)
    buffer.flush()
    del buffer
    layer.update(0, 0, place.width, place.height)


def insert_above(image: Gimp.Image, layer: Gimp.Layer, anchor: Gimp.Item | None) -> None:
    """Puts the layer above ``anchor``, in the same group; on top of all when there is no anchor."""
    parent = anchor.get_parent() if anchor is not None else None
    position = image.get_item_position(anchor) if anchor is not None else 0
    image.insert_layer(layer, parent, position)


def insert(image: Gimp.Image, reply: Layer, record: RequestRecord, anchor: Gimp.Item | None) -> Gimp.Layer:
    """Inserts the object as one undo step and makes it the active layer."""
    image.undo_group_start()
    try:
        layer = make_layer(image, record.name, reply)
        _remember(layer, record)
        insert_above(image, layer, anchor)
    finally:
        image.undo_group_end()
    return layer


def replace(image: Gimp.Image, old: Gimp.Layer, reply: Layer, record: RequestRecord) -> Gimp.Layer:
    """Puts the object in the place of an older one as one undo step.

    The new layer keeps what the user has set on the old one: opacity, mode, visibility, locks, colour
    tag, layer mask, and its name if the user chose one.
    """
    image.undo_group_start()
    try:
        layer = make_layer(image, record.name, reply)
        _remember(layer, record)
        insert_above(image, layer, old)
        _carry_over(old, layer)
        image.remove_layer(old)
        layer.set_name(record.name)  # GIMP has numbered it while both were there
        image.set_selected_layers([layer])
    finally:
        image.undo_group_end()
    return layer


def _carry_over(old: Gimp.Layer, new: Gimp.Layer) -> None:
    new.set_opacity(old.get_opacity())
    new.set_mode(old.get_mode())
    new.set_blend_space(old.get_blend_space())
    new.set_composite_space(old.get_composite_space())
    new.set_composite_mode(old.get_composite_mode())
    new.set_color_tag(old.get_color_tag())
    mask = old.get_mask()
    if mask is not None:
        _carry_mask_over(old, mask, new)
    new.set_visible(old.get_visible())
    new.set_lock_alpha(old.get_lock_alpha())
    new.set_lock_position(old.get_lock_position())
    new.set_lock_visibility(old.get_lock_visibility())
    new.set_lock_content(old.get_lock_content())


def _carry_mask_over(old: Gimp.Layer, mask: Gimp.LayerMask, new: Gimp.Layer) -> None:
    """The old layer's mask at the same place of the image; white where the old layer had no pixels."""
    there, here = picture.layer_rectangle(old), picture.layer_rectangle(new)
    left, top = max(there.x, here.x), max(there.y, here.y)
    width, height = min(there.right, here.right) - left, min(there.bottom, here.bottom) - top
    carried = new.create_mask(Gimp.AddMaskType.WHITE)
    new.add_mask(carried)
    if width > 0 and height > 0:
        source, target = mask.get_buffer(), carried.get_buffer()
        area = Gegl.Rectangle.new(left - there.x, top - there.y, width, height)
        values = bytes(source.get(area, 1.0, "Y float", Gegl.AbyssPolicy.NONE))
        target.set(Gegl.Rectangle.new(left - here.x, top - here.y, width, height), "Y float", values)
        target.flush()
        del source, target
        carried.update(0, 0, here.width, here.height)
    new.set_apply_mask(old.get_apply_mask())
    new.set_show_mask(old.get_show_mask())
    new.set_edit_mask(old.get_edit_mask())


def _remember(layer: Gimp.Layer, record: RequestRecord) -> None:
    layer.attach_parasite(Gimp.Parasite.new(PARASITE, _KEPT_AND_UNDOABLE, record.to_bytes()))


def record_of(layer: Gimp.Item) -> RequestRecord | None:
    """The request that made this layer; None for any other layer."""
    parasite = layer.get_parasite(PARASITE)
    return None if parasite is None else RequestRecord.from_bytes(bytes(parasite.get_data()))


def rectangle_of(reply: Layer) -> Rect:
    """Where the reply's pixels lie in the image."""
    return Rect(reply.x, reply.y, reply.pixels.width, reply.pixels.height)


def layer_name(label: str, seed: int) -> str:
    """What a new object layer is called, "dog · seed 42"."""
    return _("{object} · seed {seed}").format(object=label, seed=seed)


def all_layers(image: Gimp.Image) -> list[Gimp.Layer]:
    """Every layer of the image, those in groups too."""
    found: list[Gimp.Layer] = []
    waiting = list(image.get_layers())
    while waiting:
        layer = waiting.pop()
        found.append(layer)
        waiting.extend(layer.get_children())
    return found
