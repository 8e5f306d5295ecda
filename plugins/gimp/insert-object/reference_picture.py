"""Pictures that look or shape is taken from: a layer, what is selected, a file; and shapes of them."""

from __future__ import annotations

from pathlib import Path

import picture
from gi.repository import GdkPixbuf, Gimp, Gio, GLib
from layer_marks import layer_rectangle
from seen import visible_pixels
from wording import Refusal, _

from wire.layer_record import Recipe
from wire.protocol import PixelFormat, PixelFrame, Rect
from wire.reference import Model, Reference, covered, fitted, in_window, kept_size, looked_at, shown_part


def of_recipe(recipe: Recipe) -> Model | None:
    """What an object's look was taken from when it was made; None: from its seed."""
    look = recipe.look
    return None if look is None else Model(Reference(look.frame(), _("As it was made")))


def of_layer(layer: Gimp.Layer) -> Reference:
    """What a layer shows, with as much around it as the networks want.

    Raises:
        Refusal: it shows nothing.
    """
    place = layer_rectangle(layer)
    whole = Rect(0, 0, place.width, place.height)
    small = kept_size(whole)
    part = shown_part(bytes(picture.layer_pixels_in(layer, whole, small).data)[3::4], *small)
    if part is None:
        raise Refusal(
            _("“{name}” is transparent everywhere.").format(name=layer.get_name()),
            _("Choose the layer that the object is on."),
        )
    object_part = part.carried(Rect(0, 0, *small), whole)
    area = looked_at(object_part, place.width, place.height)
    return Reference(picture.layer_pixels_in(layer, area, kept_size(area)), layer.get_name())


def of_selection(image: Gimp.Image) -> Reference:
    """What is seen in the selection; one that is no rectangle also tells the object's shape.

    Raises:
        Refusal: nothing is selected.
    """
    selected = picture.read_selection(image)
    if selected is None:
        raise Refusal(_("Nothing is selected."), _("Select the object that the new one is to be like."))
    area = looked_at(selected.box, image.get_width(), image.get_height())
    size = kept_size(area)
    pixels = visible_pixels(image, area, size)
    if not selected.is_rectangle:
        shape = picture.selection_shape(image, area, size)
        pixels = covered(bytes(pixels.data), bytes(shape.data), *size)
    else:
        pixels = covered(bytes(pixels.data), b"\xff" * (size[0] * size[1]), *size)
    return Reference(pixels, _("Selection"))


def of_file(path: Path) -> Reference:
    """A picture file of any kind that GIMP opens.

    Raises:
        Refusal: GIMP cannot open it.
    """
    try:
        image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(path)))
    except GLib.Error:
        image = None
    if image is None:
        raise Refusal(
            _("“{name}” cannot be opened as a picture.").format(name=path.name),
            _("Choose a picture that GIMP opens."),
        )
    try:
        layer = Gimp.Layer.new_from_visible(image, image, path.name)
        image.insert_layer(layer, None, 0)
        reference = of_layer(layer)
    finally:
        image.delete()
    return Reference(reference.pixels, path.name)


def shape_in(reference: Reference, box: Rect, window: Rect, size: tuple[int, int]) -> PixelFrame | None:
    """The reference's outline, fitted into the box, as an a8 frame of the window; None: it tells none."""
    outline = reference.outline
    if outline is None:
        return None
    width, height = size
    left, top, wide, high = in_window(fitted(outline, box), window, size)
    frame = reference.pixels
    alpha = bytes(frame.data)[3::4]
    grey = bytearray(4 * len(alpha))
    grey[0::4], grey[3::4] = alpha, b"\xff" * len(alpha)
    source = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(bytes(grey)),
        GdkPixbuf.Colorspace.RGB,
        True,
        8,
        frame.width,
        frame.height,
        4 * frame.width,
    ).new_subpixbuf(outline.x, outline.y, outline.width, outline.height)
    sheet = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, width, height)
    sheet.fill(0x000000FF)
    x0, y0 = max(0, round(left)), max(0, round(top))
    x1, y1 = min(width, round(left + wide)), min(height, round(top + high))
    if x1 > x0 and y1 > y0:
        stretch = wide / outline.width, high / outline.height
        smooth = GdkPixbuf.InterpType.BILINEAR
        source.composite(sheet, x0, y0, x1 - x0, y1 - y0, left, top, *stretch, smooth, 255)
    coverage = bytes(sheet.read_pixel_bytes().get_data())[0::4]
    return PixelFrame(width, height, PixelFormat.A8, coverage)
