"""Puts pixels that the daemon sent onto layers, new ones and such as are there already."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

import picture
from gi.repository import Gegl, Gimp
from layer_marks import layer_rectangle
from wording import Refusal, _

from wire.protocol import PixelFormat, PixelFrame, Rect

_PIXELS_AT_ONCE = 1 << 20  # that are cleared; four bytes each
_EIGHT_BITS = (Gimp.Precision.U8_LINEAR, Gimp.Precision.U8_NON_LINEAR, Gimp.Precision.U8_PERCEPTUAL)


def depth_for(image: Gimp.Image) -> int:
    """The bits per channel worth asking the daemon for."""
    return 8 if image.get_precision() in _EIGHT_BITS else 16


def empty_layer(image: Gimp.Image, name: str, place: Rect) -> Gimp.Layer:
    """A transparent layer at that place of the image that is not in the image yet."""
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, name, place.width, place.height, kind, 100.0, Gimp.LayerMode.NORMAL)
    # The daemon mixes soft edges in perceptual values, GIMP's default is linear light: thin fur would glow.
    layer.set_composite_space(Gimp.LayerColorSpace.RGB_PERCEPTUAL)
    layer.set_offsets(place.x, place.y)
    return layer


def paint(layer: Gimp.Layer, frame: PixelFrame, at: Rect, place: Rect, stale: Rect | None = None) -> None:
    """Puts the frame at ``at`` on a layer which lies at ``place``, and clears what is ``stale`` before."""
    data = bytes(frame.data)  # bytearray and memoryview would go to GEGL one number at a time
    if len(data) != frame.width * frame.height * frame.format.bytes_per_pixel:
        raise ValueError(f"{len(data)} bytes are not {frame.width} × {frame.height} pixels")
    deep = frame.format is PixelFormat.RGBA16
    if deep and sys.byteorder == "big":
        samples = array("H", data)
        samples.byteswap()
        data = samples.tobytes()
    picture.start_gegl()
    buffer = layer.get_buffer()
    if stale is not None:
        _clear(buffer, _within(stale, place))
    area = Gegl.Rectangle.new(at.x - place.x, at.y - place.y, frame.width, frame.height)
    buffer.set(area, "R'G'B'A u16" if deep else "R'G'B'A u8", data)
    buffer.flush()
    del buffer
    layer.update(0, 0, place.width, place.height)


def _within(area: Rect, place: Rect) -> Rect:
    """The part of an area of the image that lies on a layer, in the layer's own coordinates."""
    moved = Rect(area.x - place.x, area.y - place.y, area.width, area.height)
    return moved.clipped(place.width, place.height)


def _clear(buffer: Gegl.Buffer, area: Rect) -> None:
    """Makes an area transparent. ``Gegl.Buffer.clear`` forgets to tell GIMP of whole tiles."""
    if area.width < 1 or area.height < 1:
        return
    rows = max(1, _PIXELS_AT_ONCE // area.width)
    for top in range(area.y, area.bottom, rows):
        height = min(rows, area.bottom - top)
        band = Gegl.Rectangle.new(area.x, top, area.width, height)
        buffer.set(band, "R'G'B'A u8", bytes(4 * area.width * height))


def reshape(layer: Gimp.Layer, place: Rect) -> None:
    """Gives a layer of the image that rectangle, and new memory for its pixels.

    GIMP undoes a change of size with all pixels, so that what is painted after it needs no undo step of
    its own; filters, mask, opacity and mode stay. The mask keeps its values where it has any and is white
    elsewhere.

    Raises:
        Refusal: GIMP does not let the layer change.
    """
    before = layer_rectangle(layer)
    width, height = place.width, place.height
    offset = before.x - place.x, before.y - place.y
    resize = Gimp.Layer.resize  # a text layer, also one that was rasterized, has another one of that name
    done = True
    if before == place:  # GIMP takes the same size for nothing to do
        done = resize(layer, width + 1, height, 0, 0)
    done = done and resize(layer, width, height, *offset)
    if not done:
        raise Refusal(
            _("The layer “{name}” is locked.").format(name=layer.get_name()),
            _("Unlock it and the group it is in, then try again."),
        )
    mask = layer.get_mask()
    if mask is not None:
        _whiten_outside(mask, Rect(*offset, before.width, before.height).clipped(width, height), place)


def give_alpha(layer: Gimp.Layer) -> None:
    """Makes transparent pixels possible on a layer of the image."""
    if not layer.has_alpha():
        layer.add_alpha()


def _whiten_outside(mask: Gimp.LayerMask, kept: Rect, place: Rect) -> None:
    """White wherever a mask had no values before it was resized, where GIMP itself leaves it black."""
    width, height = place.width, place.height
    strips = (
        Rect(0, 0, width, kept.y),
        Rect(0, kept.bottom, width, height - kept.bottom),
        Rect(0, kept.y, kept.x, kept.height),
        Rect(kept.right, kept.y, width - kept.right, kept.height),
    )
    picture.start_gegl()
    buffer = mask.get_buffer()
    for strip in strips:
        if strip.width > 0 and strip.height > 0:
            area = Gegl.Rectangle.new(strip.x, strip.y, strip.width, strip.height)
            buffer.set(area, "Y u8", b"\xff" * (strip.width * strip.height))
    buffer.flush()
    del buffer
    mask.update(0, 0, width, height)


@contextmanager
def unlocked(layer: Gimp.Layer) -> Iterator[None]:
    """Lifts the locks that the user has put on a layer's pixels and position, for as long as it takes."""
    content, position = layer.get_lock_content(), layer.get_lock_position()
    layer.set_lock_content(False)
    layer.set_lock_position(False)
    try:
        yield
    finally:
        if layer.is_valid():
            layer.set_lock_content(content)
            layer.set_lock_position(position)
