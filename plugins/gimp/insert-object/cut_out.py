"""A layer whose own pixels are given the scene's light: what is sent of it, and what is put onto it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import layer_marks
import layer_pixels
import layer_places
import object_layer
import own_pixels
import picture
from gi.repository import Gimp
from layer_marks import layer_rectangle
from parasites import ShadowKind
from seen import visible_pixels
from wording import Refusal, _

from wire.light_record import LightRecord, digest
from wire.protocol import MAX_FRAME_SIDE, MAX_WINDOW_PIXELS, Light, Lit, PixelFormat, PixelFrame, Rect, Wish
from wire.request import light_request, lit_area, new_id

_DEEP = "R'G'B'A u16"
_WORDS = {1: "B", 2: "H", 4: "I", 8: "Q"}  # arrays of samples that are moved about and never looked at


@dataclass(frozen=True)
class CutOut:
    """A layer as it was before any light, and the scene that it stands in.

    ``part`` is where the layer is not transparent, in its own coordinates, ``own`` its pixels there in GIMP's
    own format. ``sent`` is the same in sRGB, with what the layer's mask hides as transparent. ``read`` tells
    the layer as it was read from what it becomes when somebody works on it.
    """

    part: Rect
    own: bytes
    sent: PixelFrame
    box: Rect  # the part in image pixels
    window: Rect
    scene: PixelFrame
    image_width: int
    image_height: int
    before: LightRecord | None  # how it is lit now, if it is, and its own pixels are known
    read: str

    def request(
        self, strength: float, adjustments: dict[str, float] | None, *, wish: Wish, preview: bool
    ) -> Light:
        """A request for the layer in the scene's light, with the shadows of a wish."""
        return light_request(
            self.box,
            self.image_width,
            self.image_height,
            self.scene,
            self.sent,
            strength=strength,
            adjustments=adjustments,
            wish=wish,
            preview=preview,
        )


def layer_to_light(image: Gimp.Image) -> Gimp.Layer:
    """The layer that the filter is run on: the active one, or the object that an active shadow belongs to.

    Raises:
        Refusal: there is none, or its pixels cannot be given light, and what to do.
    """
    layers = image.get_selected_layers()
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise Refusal(
            _("This picture has a fixed table of colours, in which light cannot be changed."),
            _("Choose Image ▸ Mode ▸ RGB first."),
        )
    if image.get_floating_sel() is not None:
        raise Refusal(
            _("The picture has a floating selection."),
            _("Make it a layer (Layer ▸ To New Layer), then give that the light."),
        )
    if len(layers) != 1:
        raise Refusal(
            _("No layer is active.") if not layers else _("Several layers are active."),
            _("Choose the one layer that shall be lit."),
        )
    layer = layer_marks.object_of(image, layers[0]) or layers[0]
    name = layer.get_name()
    if layer.is_group_layer():
        raise Refusal(
            _("“{name}” is a group of layers.").format(name=name), _("Choose one of the layers in it.")
        )
    if layer_places.is_redrawn(layer):
        raise Refusal(
            _("“{name}” is a text, a link or a path, which GIMP redraws by itself.").format(name=name),
            _("Choose Layer ▸ Rasterize first.")
            if layer_places.can_rasterize(layer)
            else _("Choose Layer ▸ Discard Text Information first."),
        )
    layer_places.check_seen(layer)
    return layer


def read_cut_out(image: Gimp.Image, layer: Gimp.Layer) -> CutOut:
    """Reads the layer, and what is seen around it without it and its shadows.

    Raises:
        InsertObjectError: the layer has no transparency, shows nothing or too much, or lies outside the
            picture.
    """
    picture.start_gegl()
    shown = _shown(layer)
    if shown is None:
        raise Refusal(
            _("“{name}” is transparent everywhere.").format(name=layer.get_name()),
            _("Choose the layer that the object is on."),
        )
    part, coverage = shown.part, shown.coverage
    if not shown.is_cut_out:
        raise Refusal(
            _("“{name}” has no transparency, so nobody knows where the object ends.").format(
                name=layer.get_name()
            ),
            _(
                "Cut it out first: choose Layer ▸ Transparency ▸ Add Alpha Channel, select the object "
                "(Foreground Select), then Select ▸ Invert and Edit ▸ Clear."
            ),
        )
    if max(part.width, part.height) > MAX_FRAME_SIDE:
        raise Refusal(
            _("The object on “{name}” is {width} × {height} pixels, too large to be lit.").format(
                name=layer.get_name(), width=part.width, height=part.height
            ),
            _(
                "Scale the layer down, or show less of it, to at most {side} pixels on the longer side."
            ).format(side=MAX_FRAME_SIDE),
        )
    own, before = own_pixels.native(layer, part), layer_marks.light_of(layer)
    original = None
    if before is not None and before.lit == digest(own):
        original = layer_marks.original_of(layer, len(own))
    place = layer_rectangle(layer)
    box = Rect(place.x + part.x, place.y + part.y, part.width, part.height)
    width, height = image.get_width(), image.get_height()
    area = lit_area(box, width, height, MAX_WINDOW_PIXELS)
    hidden = [layer, *layer_marks.shadows_of(image, layer, layer_marks.pair_of(layer)).values()]
    scene = visible_pixels(image, area.window, (area.width, area.height), hidden)
    deep = layer_pixels.depth_for(image) == 16
    sent = _in_srgb(layer, part, original, deep=deep)
    return CutOut(
        part=part,
        own=own if original is None else original,
        sent=_covered(sent, coverage, part, deep=deep),
        box=box,
        window=area.window,
        scene=scene,
        image_width=width,
        image_height=height,
        before=before if original is not None else None,
        read=digest(own + coverage),
    )


def is_as_read(layer: Gimp.Layer, cut_out: CutOut) -> bool:
    """Whether nobody has worked on the layer, or on its mask, since it was read."""
    shown = _shown(layer)
    if shown is None or shown.part != cut_out.part:
        return False
    return digest(own_pixels.native(layer, shown.part) + shown.coverage) == cut_out.read


def settle(image: Gimp.Image, layer: Gimp.Layer, cut_out: CutOut, lit: Lit, strength: float) -> Gimp.Layer:
    """Puts the light on the layer, and its new shadows below, as one undo step; strength 0 takes it off.

    Raises:
        Refusal: GIMP does not let the layer change.
    """
    place, pair = layer_rectangle(layer), layer_marks.pair_of(layer) or new_id()
    if object_layer.shadows_in(lit):
        object_layer.check_changeable(image, layer, pair)
    changes = strength > 0 and any(lit.adjustments.values())
    image.undo_group_start()
    try:
        with layer_pixels.unlocked(layer):
            layer_pixels.reshape(layer, place)  # which lets GIMP undo what comes now
            if changes:
                layer_pixels.paint(layer, lit.pixels, cut_out.box, place)
                _keep_alpha(layer, cut_out)
            else:
                own_pixels.write_native(layer, cut_out.part, cut_out.own)
        if changes:
            now = digest(own_pixels.native(layer, cut_out.part))
            layer_marks.remember(layer, LightRecord(now, strength, dict(lit.adjustments), pair))
            layer_marks.keep_original(layer, cut_out.own)
        else:
            layer_marks.forget_light(layer)
            if layer_marks.record_of(layer) is None:  # which would tell whose shadow is whose
                layer_marks.remember(layer, LightRecord("", 0.0, {}, pair))
        for shadow in object_layer.shadows_in(lit):  # the contact shadow first, which a cast one lies below
            contact = layer_marks.shadow_of(image, layer, pair)
            above = contact if contact is not None and shadow.kind is ShadowKind.CAST else layer
            object_layer.settle_shadow(image, layer, shadow, pair, above)
        if image.get_selected_layers() != [layer]:
            image.set_selected_layers([layer])
    finally:
        image.undo_group_end()
    return layer


# --- Pixels ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Shown:
    """Where a layer is not transparent, and how much of it is seen there, its mask included."""

    part: Rect
    coverage: bytes  # one byte a pixel
    is_cut_out: bool  # whether anything of it is not seen


def _shown(layer: Gimp.Layer) -> _Shown | None:
    """What is seen of a layer; None where nothing is.

    What its mask hides is lit along with the rest, so that it can be shown later. Only of a layer that would
    be too large it is left out.
    """
    place = layer_rectangle(layer)
    alpha = own_pixels.alpha(layer, Rect(0, 0, place.width, place.height))
    part = own_pixels.bounds(alpha, place.width, place.height)
    if part is None:
        return None
    coverage = own_pixels.crop(alpha, place.width, part)
    mask = layer.get_mask() if layer.get_apply_mask() else None
    if mask is not None:
        coverage = _product(coverage, _mask_values(mask, part))
    is_cut_out = coverage.count(255) < len(coverage)
    if max(part.width, part.height) > MAX_FRAME_SIDE:
        seen = own_pixels.bounds(coverage, part.width, part.height)
        if seen is None:
            return None
        coverage = own_pixels.crop(coverage, part.width, seen)
        part = Rect(part.x + seen.x, part.y + seen.y, seen.width, seen.height)
    return _Shown(part, coverage, is_cut_out)


def _keep_alpha(layer: Gimp.Layer, cut_out: CutOut) -> None:
    """Gives the layer's pixels the alpha that they had, bit for bit: what was sent has the mask in it, and
    of floating point only 16 bits."""
    if not layer.has_alpha():
        return
    samples = 2 if layer.is_gray() else 4
    word = _WORDS[layer.get_bpp() // samples]
    now, was = array(word, own_pixels.native(layer, cut_out.part)), array(word, cut_out.own)
    now[samples - 1 :: samples] = was[samples - 1 :: samples]
    own_pixels.write_native(layer, cut_out.part, now.tobytes())


def _in_srgb(layer: Gimp.Layer, part: Rect, original: bytes | None, *, deep: bool) -> bytes:
    """The part of the layer in sRGB, of its own pixels before it was lit where they are given."""
    kind = _DEEP if deep else picture.SCENE_FORMAT
    if original is None:
        return own_pixels.pixels(layer, part, kind)
    image = layer.get_image()
    sheet = Gimp.Layer.new(
        image, "insert-object", part.width, part.height, layer.type(), 100.0, Gimp.LayerMode.NORMAL
    )
    try:
        area = Rect(0, 0, part.width, part.height)
        own_pixels.write_native(sheet, area, original)
        return own_pixels.pixels(sheet, area, kind)
    finally:
        sheet.delete()


def _covered(data: bytes, coverage: bytes, part: Rect, *, deep: bool) -> PixelFrame:
    """A frame of these colours under that coverage."""
    pixels = bytearray(data)
    if deep:
        pixels[6::8] = pixels[7::8] = coverage  # 257 × v has v in both of its bytes
        return PixelFrame(part.width, part.height, PixelFormat.RGBA16, bytes(pixels))
    pixels[3::4] = coverage
    return PixelFrame(part.width, part.height, PixelFormat.RGBA8, bytes(pixels))


def _mask_values(mask: Gimp.LayerMask, part: Rect) -> bytes:
    return own_pixels.pixels(mask, part, picture.COVERAGE_FORMAT)


def _product(coverage: bytes, mask: bytes) -> bytes:
    if coverage.count(255) == len(coverage):
        return mask
    return bytes(a * b // 255 for a, b in zip(coverage, mask, strict=True))
