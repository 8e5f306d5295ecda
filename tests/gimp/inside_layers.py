"""What tests do to a layer inside GIMP: turn it, paint on it, mask it. Imported by inside.py."""

from __future__ import annotations

import base64
from typing import Any

from gi.repository import Gegl, Gimp, Gio
from inside_images import _image_of, _item_of


def transform(layer: int, kind: str, *values: float) -> int:
    """Moves, scales or turns a layer; gives its id afterwards."""
    item = _item_of(layer)
    if kind == "move":
        item.set_offsets(*(round(value) for value in values))
    elif kind == "scale":
        item.scale(round(values[0]), round(values[1]), False)
    elif kind == "rotate":
        item = item.transform_rotate(values[0], True, 0.0, 0.0)
    elif kind == "flip":
        item = item.transform_flip_simple(Gimp.OrientationType.HORIZONTAL, True, 0.0)
    return int(item.get_id())


def change_layer(layer: int, **changes: Any) -> None:
    item = _item_of(layer)
    for name, value in changes.items():
        getattr(item, f"set_{name}")(value)


def change_mode(layer: int, mode: str) -> None:
    _item_of(layer).set_mode(getattr(Gimp.LayerMode, mode))


def add_mask(layer: int) -> None:
    item = _item_of(layer)
    item.add_mask(item.create_mask(Gimp.AddMaskType.BLACK))


def add_filter(layer: int, operation: str) -> None:
    """Puts a non-destructive filter on a layer."""
    item = _item_of(layer)
    added = Gimp.DrawableFilter.new(item, operation, operation)
    item.append_filter(added)
    added.update()


def mask_values(layer: int) -> str:
    """All values of a layer's mask in base64, 0 hidden, 255 shown."""
    mask = _item_of(layer).get_mask()
    area = Gegl.Rectangle.new(0, 0, mask.get_width(), mask.get_height())
    return base64.b64encode(bytes(mask.get_buffer().get(area, 1.0, "Y u8", Gegl.AbyssPolicy.NONE))).decode()


def paint_mask(layer: int, x: int, y: int, width: int, height: int, value: int) -> None:
    """Sets a rectangle of a layer's mask."""
    mask = _item_of(layer).get_mask()
    mask.get_buffer().set(Gegl.Rectangle.new(x, y, width, height), "Y u8", bytes([value]) * (width * height))
    mask.update(x, y, width, height)


def paint_rectangle(layer: int, x: int, y: int, width: int, height: int, colour: list[int]) -> None:
    """Paints on a layer, as a brush does."""
    item = _item_of(layer)
    item.get_buffer().set(
        Gegl.Rectangle.new(x, y, width, height), "R'G'B' u8", bytes(colour) * (width * height)
    )
    item.update(x, y, width, height)
    Gimp.displays_flush()


def erase_rectangle(layer: int, x: int, y: int, width: int, height: int) -> None:
    """Makes a part of a layer transparent, as the eraser does."""
    item = _item_of(layer)
    item.get_buffer().set(Gegl.Rectangle.new(x, y, width, height), "R'G'B'A u8", bytes(4 * width * height))
    item.update(x, y, width, height)
    Gimp.displays_flush()


def invert_colours(layer: int) -> None:
    """A filter that is merged into the layer's pixels."""
    _item_of(layer).invert(False)


def duplicate(layer: int) -> int:
    """Copies a layer to directly above it, as Layer ▸ Duplicate Layer does."""
    item = _item_of(layer)
    image, copy = item.get_image(), item.copy()
    image.insert_layer(copy, item.get_parent(), image.get_item_position(item))
    return int(copy.get_id())


def move_to_group(layer: int, group: int) -> None:
    item = _item_of(layer)
    item.get_image().reorder_item(item, _item_of(group), 0)


def add_redrawn(image: int, picture: str) -> list[int]:
    """A layer of each kind whose pixels GIMP makes itself: a text, and from GIMP 3.2 on a link and a path."""
    target = _image_of(image)
    layers = [Gimp.TextLayer.new(target, "Hello", Gimp.context_get_font(), 60.0, Gimp.Unit.pixel())]
    if hasattr(Gimp, "LinkLayer"):
        layers.append(Gimp.LinkLayer.new(target, Gio.File.new_for_path(picture)))
        path = Gimp.Path.new(target, "path")
        path.bezier_stroke_new_ellipse(200.0, 200.0, 80.0, 60.0, 0.0)
        target.insert_path(path, None, 0)
        layers.append(Gimp.VectorLayer.new(target, path))
    for layer in layers:
        target.insert_layer(layer, None, 0)
    return [int(layer.get_id()) for layer in layers]


def rasterize(layer: int) -> bool:
    """Layer ▸ Rasterize; False before GIMP 3.2, which has no such entry."""
    item = _item_of(layer)
    return bool(hasattr(item, "rasterize") and item.rasterize())


def colour_patch(layer: int, box: list[int], colour: list[int]) -> None:
    """Fills a soft ellipse of the image with a colour, as far as the layer covers it; alpha stays."""
    item = _item_of(layer)
    target = item.get_image()
    shade = Gegl.Color.new("#" + "".join(f"{value:02x}" for value in colour))
    Gimp.context_set_foreground(shade)
    Gimp.context_set_feather(True)
    Gimp.context_set_feather_radius(6.0, 6.0)
    target.select_ellipse(Gimp.ChannelOps.REPLACE, *box)
    item.set_lock_alpha(True)
    item.edit_fill(Gimp.FillType.FOREGROUND)
    item.set_lock_alpha(False)
    Gimp.context_set_feather(False)
    Gimp.Selection.none(target)
    Gimp.displays_flush()


def darken(layer: int, factor: float, blue: float) -> None:
    """Evening falls on a layer: all of it darker by a factor, blue by another."""
    item = _item_of(layer)
    for channel, share in ((Gimp.HistogramChannel.VALUE, factor), (Gimp.HistogramChannel.BLUE, blue)):
        item.levels(channel, 0.0, 1.0, False, 1.0, 0.0, share, False)
    Gimp.displays_flush()
