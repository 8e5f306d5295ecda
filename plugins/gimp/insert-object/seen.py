"""What the user sees in a part of a picture, from as few pixels as can be.

GIMP puts all layers of a picture together, however large it is, before a plug-in gets to see any of it, and
answers nobody meanwhile. Where one plain layer is all there is to see, its own pixels say the same at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from gi.repository import Gimp
from picture import SCENE_FORMAT, hidden, pixels_of
from wording import Refusal, _

from wire.protocol import PixelFormat, PixelFrame, Rect

DIGEST_PIXELS = 256  # longest side of the scene when it is compared with how it looked before
_COLOURS = {
    Gimp.ImageBaseType.RGB: (Gimp.ChannelType.RED, Gimp.ChannelType.GREEN, Gimp.ChannelType.BLUE),
    Gimp.ImageBaseType.GRAY: (Gimp.ChannelType.GRAY,),
}
_AS_IT_IS = (Gimp.LayerCompositeMode.AUTO, Gimp.LayerCompositeMode.UNION)

Part = tuple[Rect, tuple[int, int]]  # a window, and the size at which it is wanted


def visible_pixels(
    image: Gimp.Image, window: Rect, size: tuple[int, int], without: Sequence[Gimp.Layer] = ()
) -> PixelFrame:
    """What the user sees in the window but for some layers, as an rgba8 frame of that size."""
    return visible_parts(image, [(window, size)], without)[0]


def visible_parts(
    image: Gimp.Image, parts: Sequence[Part], without: Sequence[Gimp.Layer] = ()
) -> list[PixelFrame]:
    """The same for each of some windows."""
    windows = [window for window, _size in parts]
    only = _only_layer(image, windows, without) if image.is_valid() else None
    if only is not None:
        return [_frame(only, _in(only, window), size) for window, size in parts]
    with hidden(image, without):
        # GIMP shares the tiles of what it shows with this layer: only the windows' own pixels are copied.
        seen = Gimp.Layer.new_from_visible(image, image, "insert-object")
        if seen is None:
            raise Refusal(_("The picture was closed before the object was ready."))
        try:
            return [_frame(seen, window, size) for window, size in parts]
        finally:
            seen.delete()


def scene_digest(image: Gimp.Image, window: Rect) -> bytes:
    """A short text that changes with what the user sees in the window; b"" when the picture was closed.

    GIMP itself scales down what it is made of, so that few pixels come over.
    """
    if not image.is_valid():
        return b""
    digest = hashlib.blake2b(digest_size=16)
    layers = _shown_in(image, window, ())
    if _shows_colours(image) and all(map(_is_plain, layers)):
        for layer in layers:
            kind = (layer.get_id(), layer.get_opacity(), layer.get_mode(), layer.get_composite_mode())
            mixed = layer.get_blend_space(), layer.get_composite_space()
            digest.update(repr((*kind, *mixed, _in(layer, window))).encode())
            digest.update(_thumbnail(layer, window))
        return digest.digest()
    seen = Gimp.Layer.new_from_visible(image, image, "insert-object")
    if seen is None:
        return b""
    try:
        digest.update(_thumbnail(seen, window))
    finally:
        seen.delete()
    Gimp.displays_flush()  # asking for what is seen keeps GIMP from showing what has just changed
    return digest.digest()


def _only_layer(
    image: Gimp.Image, windows: Sequence[Rect], without: Sequence[Gimp.Layer]
) -> Gimp.Layer | None:
    """The one plain, opaque layer that covers the windows, if nothing else is to be seen in them."""
    if not _shows_colours(image):
        return None
    found = {layer.get_id(): layer for window in windows for layer in _shown_in(image, window, without)}
    if len(found) != 1:
        return None
    (layer,) = found.values()
    is_as_it_is = (
        _is_plain(layer)
        and layer.get_opacity() == 100.0
        and layer.get_mode() == Gimp.LayerMode.NORMAL
        and layer.get_composite_mode() in _AS_IT_IS
    )
    is_covering = all(_inside(layer, window) == _in(layer, window) for window in windows)
    return layer if is_as_it_is and is_covering else None


def _shows_colours(image: Gimp.Image) -> bool:
    """Whether what is seen is made of layers alone, in all their colours."""
    channels = _COLOURS.get(image.get_base_type())
    return (
        channels is not None
        and image.get_floating_sel() is None
        and all(map(image.get_component_visible, channels))
        and not any(channel.get_visible() for channel in image.get_channels())
    )


def _shown_in(image: Gimp.Image, window: Rect, without: Sequence[Gimp.Layer]) -> list[Gimp.Layer]:
    """The layers and groups of the top level that reach into the window and are not hidden."""
    left_out = {layer.get_id() for layer in without}
    return [
        layer
        for layer in image.get_layers()
        if layer.get_visible()
        and layer.get_id() not in left_out
        and (layer.is_group_layer() or _inside(layer, window) is not None)
    ]


def _is_plain(layer: Gimp.Layer) -> bool:
    """Whether a layer shows its own pixels and nothing that is made of them or around them."""
    return not layer.is_group_layer() and layer.get_mask() is None and not layer.get_filters()


def _in(layer: Gimp.Layer, window: Rect) -> Rect:
    """A window of the image in the layer's own coordinates."""
    _ok, x, y = layer.get_offsets()
    return Rect(window.x - x, window.y - y, window.width, window.height)


def _inside(layer: Gimp.Layer, window: Rect) -> Rect | None:
    """What of the window is in the layer, in its own coordinates; None: nothing."""
    part = _in(layer, window).clipped(layer.get_width(), layer.get_height())
    return part if part.width and part.height else None


def _frame(layer: Gimp.Layer, area: Rect, size: tuple[int, int]) -> PixelFrame:
    return PixelFrame(*size, PixelFormat.RGBA8, pixels_of(layer, area, size, SCENE_FORMAT))


def _thumbnail(layer: Gimp.Layer, window: Rect) -> bytes:
    """What of the window is in the layer, small."""
    part = _inside(layer, window)
    if part is None:
        return b""
    scale = min(1.0, DIGEST_PIXELS / max(part.width, part.height))
    size = max(1, round(part.width * scale)), max(1, round(part.height * scale))
    told = layer.get_sub_thumbnail_data(part.x, part.y, part.width, part.height, *size)
    data = told[0] if told is not None else None
    return b"" if data is None else bytes(data.get_data())
