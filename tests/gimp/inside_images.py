"""What tests do with images inside GIMP: make them, change them, look at them. Imported by inside.py.

Images, layers and displays are told by GIMP's ids; pixels travel in base64.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from gi.repository import Gegl, Gimp, Gio

RECORD = "insert-object-request"
SHADOW = "insert-object-shadow"
_displays: list[Gimp.Display] = []


def _image_of(number: int) -> Gimp.Image:
    return Gimp.Image.get_by_id(number)


def _item_of(number: int) -> Gimp.Item:
    return Gimp.Item.get_by_id(number)


def make_image(
    width: int,
    height: int,
    base: str = "RGB",
    precision: str = "U8_NON_LINEAR",
    pixels: str | None = None,
) -> dict[str, int]:
    """An image with one layer; ``pixels``: base64 of width × height rgba8 in sRGB, else mid grey."""
    image = Gimp.Image.new_with_precision(
        width, height, getattr(Gimp.ImageBaseType, base), getattr(Gimp.Precision, precision)
    )
    kind = {"RGB": Gimp.ImageType.RGB_IMAGE, "GRAY": Gimp.ImageType.GRAY_IMAGE}[base]
    layer = Gimp.Layer.new(image, "photo", width, height, kind, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    if pixels:
        _write(layer, base64.b64decode(pixels), width, height)
    else:
        Gimp.context_set_background(Gegl.Color.new("#808080"))
        layer.fill(Gimp.FillType.BACKGROUND)
    image.clean_all()
    return {"image": image.get_id(), "layer": layer.get_id()}


def _write(layer: Gimp.Layer, data: bytes, width: int, height: int) -> None:
    buffer = layer.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, width, height), "R'G'B'A u8", data)
    buffer.flush()
    layer.update(0, 0, width, height)


def open_picture(path: str) -> dict[str, int]:
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
    image.clean_all()
    return {"image": image.get_id(), "layer": image.get_layers()[0].get_id()}


def show(image: int) -> None:
    _displays.append(Gimp.Display.new(_image_of(image)))
    Gimp.displays_flush()


def close_all() -> None:
    """Closes every picture without asking."""
    while _displays:
        display = _displays.pop()
        if display.is_valid():
            display.delete()
    for image in Gimp.get_images():
        image.delete()


def mark_saved(image: int) -> None:
    _image_of(image).clean_all()


def add_layer(
    image: int, width: int, height: int, x: int, y: int, name: str = "extra", parent: int | None = None
) -> int:
    target = _image_of(image)
    kind = {0: Gimp.ImageType.RGBA_IMAGE, 1: Gimp.ImageType.GRAYA_IMAGE}[int(target.get_base_type())]
    layer = Gimp.Layer.new(target, name, width, height, kind, 100.0, Gimp.LayerMode.NORMAL)
    _write(layer, b"\x30\x60\x90\xff" * (width * height), width, height)
    layer.set_offsets(x, y)
    target.insert_layer(layer, None if parent is None else _item_of(parent), 0)
    return int(layer.get_id())


def add_cut_out(image: int, pixels: str, width: int, height: int, x: int, y: int, kind: str = "u8") -> int:
    """A layer with these pixels (base64 of rgba of that kind, sRGB) on top: a cut-out, as it was pasted."""
    target = _image_of(image)
    grey = target.get_base_type() == Gimp.ImageBaseType.GRAY
    of = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(target, "cut-out", width, height, of, 100.0, Gimp.LayerMode.NORMAL)
    buffer = layer.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, width, height), f"R'G'B'A {kind}", base64.b64decode(pixels))
    buffer.flush()
    layer.update(0, 0, width, height)
    layer.set_offsets(x, y)
    target.insert_layer(layer, None, 0)
    target.set_selected_layers([layer])
    target.clean_all()
    Gimp.displays_flush()
    return int(layer.get_id())


def native_pixels(layer: int) -> str:
    """All pixels of a layer in GIMP's own format, in base64."""
    drawable = _item_of(layer)
    area = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    return base64.b64encode(bytes(drawable.get_buffer().get(area, 1.0, None, Gegl.AbyssPolicy.NONE))).decode()


def remembers(layer: int) -> list[str]:
    """The names of what a layer remembers."""
    return sorted(_item_of(layer).get_parasite_list())


def add_group(image: int, name: str = "group") -> int:
    target = _image_of(image)
    group = Gimp.GroupLayer.new(target, name)
    target.insert_layer(group, None, 0)
    return int(group.get_id())


def select_layer(image: int, layer: int) -> None:
    _image_of(image).set_selected_layers([_item_of(layer)])


def select_layers(image: int, layers: list[int]) -> None:
    _image_of(image).set_selected_layers([_item_of(layer) for layer in layers])


def crop(image: int, width: int, height: int, x: int, y: int) -> None:
    _image_of(image).crop(width, height, x, y)


def add_text(image: int, text: str) -> None:
    target = _image_of(image)
    layer = Gimp.TextLayer.new(target, text, Gimp.context_get_font(), 30.0, Gimp.Unit.pixel())
    target.insert_layer(layer, None, 0)
    target.set_selected_layers([layer])


def select_rectangle(image: int, x: int, y: int, width: int, height: int, *, add: bool = False) -> None:
    how = Gimp.ChannelOps.ADD if add else Gimp.ChannelOps.REPLACE
    _image_of(image).select_rectangle(how, x, y, width, height)
    Gimp.displays_flush()


def select_ellipse(image: int, x: int, y: int, width: int, height: int) -> None:
    _image_of(image).select_ellipse(Gimp.ChannelOps.REPLACE, x, y, width, height)
    Gimp.displays_flush()


def select_table(image: int, x: int, y: int, width: int, height: int) -> None:
    """A top with two legs: an outline that an object could have."""
    target, replace, add = _image_of(image), Gimp.ChannelOps.REPLACE, Gimp.ChannelOps.ADD
    target.select_rectangle(replace, x, y, width, height // 4)
    target.select_rectangle(add, x, y, width // 5, height)
    target.select_rectangle(add, x + width - width // 5, y, width // 5, height)
    Gimp.displays_flush()


def select_pieces(image: int) -> None:
    """Two rectangles that lie apart."""
    target = _image_of(image)
    target.select_rectangle(Gimp.ChannelOps.REPLACE, 40, 40, 80, 120)
    target.select_rectangle(Gimp.ChannelOps.ADD, 220, 90, 120, 140)
    Gimp.displays_flush()


def invert_selection(image: int) -> None:
    Gimp.Selection.invert(_image_of(image))
    Gimp.displays_flush()


def feather(image: int, radius: float) -> None:
    Gimp.Selection.feather(_image_of(image), radius)
    Gimp.displays_flush()


def select_none(image: int) -> None:
    Gimp.Selection.none(_image_of(image))
    Gimp.displays_flush()


def hide_red(image: int) -> None:
    """Takes the eye off a colour in the list of channels."""
    _image_of(image).set_component_visible(Gimp.ChannelType.RED, False)


def add_visible_channel(image: int) -> int:
    """A channel of one's own that colours what it does not cover."""
    target = _image_of(image)
    channel = Gimp.Channel.new(target, "own", 90, 70, 50.0, Gegl.Color.new("red"))
    target.insert_channel(channel, None, 0)
    channel.set_visible(True)
    return int(channel.get_id())


def select_channels(image: int, channels: list[int]) -> None:
    """Makes these channels active instead of layers."""
    _image_of(image).set_selected_channels([_item_of(channel) for channel in channels])


def convert_indexed(image: int) -> None:
    _image_of(image).convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 32, False, False, ""
    )


def selection(image: int) -> list[int] | None:
    """The selection's bounds, left, top, right, bottom."""
    _ok, non_empty, *bounds = Gimp.Selection.bounds(_image_of(image))
    return list(bounds) if non_empty else None


def id_of_layer_named(image: int, name: str) -> int:
    """0 when there is none. Safe to ask while a plug-in adds and removes layers, as no list of them is."""
    layer = _image_of(image).get_layer_by_name(name)
    return 0 if layer is None else int(layer.get_id())


def seen_colour(image: int, x: int, y: int) -> list[int]:
    """What the user sees at a place, r, g, b. Asks for a copy, which no plug-in removes meanwhile."""
    target = _image_of(image)
    layer = Gimp.Layer.new_from_visible(target, target, "seen")
    try:
        area = Gegl.Rectangle.new(x, y, 1, 1)
        return list(bytes(layer.get_buffer().get(area, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)))
    finally:
        layer.delete()
        Gimp.displays_flush()  # asking for what is seen keeps GIMP from showing what has just changed


def use_profile(image: int, name: str) -> None:
    """Converts the image to Adobe RGB or to linear sRGB."""
    profiles = {
        "adobe": Gimp.ColorProfile.new_rgb_adobe,
        "linear": Gimp.ColorProfile.new_rgb_srgb_linear,
    }
    intent = Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC
    _image_of(image).convert_color_profile(profiles[name](), intent, False)


def float_selection(image: int) -> None:
    target = _image_of(image)
    Gimp.Selection.float(target, target.get_selected_layers(), 10, 10)


def describe_layer(layer: int) -> dict[str, Any]:
    item = _item_of(layer)
    _ok, x, y = item.get_offsets()
    parasite = item.get_parasite(RECORD)
    parent = item.get_parent()
    return {
        "name": item.get_name(),
        "x": x,
        "y": y,
        "width": item.get_width(),
        "height": item.get_height(),
        "type": item.type().value_nick,
        "parent": None if parent is None else parent.get_id(),
        "position": item.get_image().get_item_position(item),
        "opacity": item.get_opacity(),
        "visible": item.get_visible(),
        "has_mask": item.get_mask() is not None,
        "mode": item.get_mode().value_nick,
        "filters": [each.get_operation_name() for each in item.get_filters()],
        "locks": [item.get_lock_content(), item.get_lock_position(), item.get_lock_visibility()],
        "is_shadow": item.get_parasite(SHADOW) is not None,
        "record": None if parasite is None else _flat_record(parasite),
    }


def _flat_record(parasite: Gimp.Parasite) -> dict[str, Any]:
    """The record's entries and those of its wish in one map; of a given shape whether there is one."""
    record = json.loads(bytes(parasite.get_data()).rstrip(b"\0"))
    recipe = record.pop("recipe")
    pair = record.pop("shadow")
    record.pop("imprint", None)
    return {
        **recipe["wish"],
        **record,
        "pair": pair,
        "given_shape": "shape" in recipe,
        "given_look": "look" in recipe,
    }


def _all_layers(image: Gimp.Image) -> list[Gimp.Layer]:
    found: list[Gimp.Layer] = []
    waiting = list(image.get_layers())
    while waiting:
        layer = waiting.pop(0)
        found.append(layer)
        waiting.extend(layer.get_children() if layer.is_group_layer() else [])
    return found


def describe_image(image: int) -> dict[str, Any]:
    """All that an insertion must not change by the way."""
    target = _image_of(image)
    return {
        "layers": [layer.get_id() for layer in _all_layers(target)],
        "names": [layer.get_name() for layer in _all_layers(target)],
        "active": [layer.get_id() for layer in target.get_selected_layers()],
        "selection": selection(image),
        "dirty": target.is_dirty(),
        "base": target.get_base_type().value_nick,
        "parasites": list(target.get_parasite_list()),
        "channels": len(target.get_channels()),
    }


def pixels(layer: int, format: str = "R'G'B'A u8") -> str:
    """All pixels of a layer in base64, read as that format (sRGB)."""
    drawable = _item_of(layer)
    area = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    data = drawable.get_buffer().get(area, 1.0, format, Gegl.AbyssPolicy.NONE)
    return base64.b64encode(bytes(data)).decode()


def visible_pixels(image: int, format: str = "R'G'B'A u8") -> str:
    """What the user sees of the whole image, in base64."""
    target = _image_of(image)
    layer = Gimp.Layer.new_from_visible(target, target, "seen")
    try:
        return str(pixels(layer.get_id(), format))
    finally:
        layer.delete()


def change_record(layer: int, **changes: Any) -> None:
    """Changes what an object layer remembers, its place or an entry of its wish; None takes an entry out."""
    item = _item_of(layer)
    record = json.loads(bytes(item.get_parasite(RECORD).get_data()).rstrip(b"\0"))
    for name, value in changes.items():
        holder = record if name == "place" else record["recipe"]["wish"]
        holder[name] = value
        if value is None:
            del holder[name]
    item.attach_parasite(Gimp.Parasite.new(RECORD, 3, json.dumps(record).encode()))


def remove_layer(layer: int) -> None:
    item = _item_of(layer)
    item.get_image().remove_layer(item)


def save_picture(image: int, path: str) -> None:
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, _image_of(image), Gio.File.new_for_path(path), None)


def delete(image: int) -> None:
    if _image_of(image) is not None:
        _image_of(image).delete()


def version() -> str:
    return str(Gimp.version())


def leave_preview_behind(layer: int, hidden: int) -> None:
    """Makes a layer what a killed dialog leaves: a preview that stands for another layer, which is hidden."""
    tattoo = str(_item_of(hidden).get_tattoo()).encode()
    _item_of(layer).attach_parasite(Gimp.Parasite.new("insert-object-preview", 1, tattoo))
    _item_of(hidden).set_visible(False)
