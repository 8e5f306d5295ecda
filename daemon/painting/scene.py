"""Geometry and colour of an insertion: crop, square, padding, enlargement and paste. No networks.

The service turns a request into a ``SceneView``, takes square network inputs from it and turns network
outputs back into an object layer in image pixels; clients cut the window out of a picture and paste
layers into it. Positions are exact to a fraction of a pixel, the image's own pixels are never resampled.
Arrays are indexed (row, column, channel); colours are sRGB code values with straight alpha.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.painting.pixels import (
    Samples,
    blend,
    blend_over_transparent,
    bounds,
    frame_pixels,
    pixel_frame,
    to_depth,
)
from daemon.painting.reference import soft_ellipse, tells_shape
from daemon.painting.resample import Area, Floats, enlarged_8, enlarged_16, resampled
from wire.protocol import (
    ErrorCode,
    Insert,
    InsertObjectError,
    PixelFormat,
    PixelFrame,
    Rect,
    check_insert,
    sent_size,
    sent_window,
    square_window,
    usable_box,
)
from wire.reference import SHOWN

MID_GREY = 128  # stands in for what a transparent picture does not show
MIDDLE = 0.75  # of a reference picture's sides: about what its object fills, if nothing tells more
AVERAGED_ROWS = 3  # of a large window, at least, that become one row of what is sent
MASK_PRESENT = 0.25  # a mask that reaches this nowhere in the square shows no object


class EmptyMask(InsertObjectError):
    """The user's mask leaves nothing to be drawn."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.BAD_REQUEST,
            "The object's shape is empty: nothing of it lies inside the box, or too little to be an object.",
            "Mark, or select, more of it inside the box.",
        )


class EmptyObject(InsertObjectError):
    """The networks drew an object that no pixel of the picture shows."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, "The networks made an empty object.", "Try another seed.")


@dataclass(frozen=True)
class SceneView:
    """What a request shows of its picture.

    ``pixels`` is uint8 (h, w, 3): the sent window, perhaps scaled down. ``window`` is the part of
    ``square`` that exists in the image; ``square`` may reach outside; ``box`` is clipped to the image.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    window: Rect
    square: Rect
    box: Rect
    image_width: int
    image_height: int


def flattened(frame: PixelFrame) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """RGB (h, w, 3) over mid grey, and the alpha (h, w) or None if every pixel is opaque."""
    pixels = frame_pixels(frame)
    if frame.format is PixelFormat.RGB8:
        return pixels, None
    alpha = pixels[..., 3]
    if alpha.min() < 255:
        grey = np.full((frame.height, frame.width, 3), MID_GREY, np.uint8)
        ordered = pixels[..., (2, 1, 0, 3)] if frame.format is PixelFormat.BGRA8 else pixels
        return blend(grey, ordered), alpha
    # A list of channels is copied four times quicker than a slice of them.
    return pixels[..., (2, 1, 0) if frame.format is PixelFormat.BGRA8 else (0, 1, 2)], None


# --- From a request to network inputs -------------------------------------------------------------------


def view_of(request: Insert) -> SceneView:
    """The scene of a request, checked against its box.

    Raises:
        InsertObjectError: as ``check_insert``.
    """
    return scene_view(request.scene, check_insert(request), request.image_width, request.image_height)


def scene_view(scene: PixelFrame, box: Rect, width: int, height: int) -> SceneView:
    """What the scene's pixels show of an image of that size, around a box that is clipped to it."""
    pixels, _ = flattened(scene)
    window = sent_window(box, width, height)
    return SceneView(pixels, window, square_window(box, width, height), box, width, height)


def square_pixels(view: SceneView, size: int) -> Floats:
    """The square as float32 (size, size, 3) in 0..1; beyond the image its edge pixels go on."""
    return resampled(view.pixels, _square_in_pixels(view), size)


def square_mask(mask: PixelFrame, view: SceneView, size: int) -> Floats:
    """The user's mask (a8, the size of the scene's pixels) as float32 (size, size) in 0..1.

    Nothing is marked beyond the image.

    Raises:
        EmptyMask: it marks nothing in the square.
    """
    down, across = (int(view.square.height > view.window.height), int(view.square.width > view.window.width))
    framed = np.pad(frame_pixels(mask), ((down, down), (across, across), (0, 0)))
    left, top, right, bottom = _square_in_pixels(view)
    square = resampled(framed, (left + across, top + down, right + across, bottom + down), size)
    if float(square.max()) < MASK_PRESENT:
        raise EmptyMask
    return np.ascontiguousarray(square[..., 0])


def box_in_square(view: SceneView) -> tuple[float, float, float, float]:
    """The clipped box's left, top, right and bottom as fractions of the square."""
    square, box = view.square, view.box
    return (
        (box.x - square.x) / square.width,
        (box.y - square.y) / square.height,
        (box.right - square.x) / square.width,
        (box.bottom - square.y) / square.height,
    )


def reference_crop(reference: PixelFrame, size: int) -> tuple[Floats, Floats]:
    """A reference picture as the appearance encoder sees it.

    Returns:
        Colours (size, size, 3) and the object's mask (size, size), both float32 in 0..1: the usual window
        around what the picture's own alpha shows, or, where that tells no shape, the whole picture and an
        ellipse in its middle, where the object will be.

    Raises:
        InsertObjectError: ``bad-request`` if the picture is wholly transparent.
    """
    colours, alpha = flattened(reference)
    if alpha is None or not tells_shape(alpha):
        width, height = reference.width, reference.height
        side = max(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        whole = resampled(colours, (left, top, left + side, top + side), size)
        return whole, _middle(width / side, height / side, size)
    shown = bounds(alpha >= SHOWN)
    if shown is None:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST,
            "The reference picture is transparent everywhere.",
            "Give a picture of the object, with or without its background.",
        )
    square = square_window(shown, reference.width, reference.height)
    corners = (square.x, square.y, square.right, square.bottom)
    mask = np.pad(alpha[..., np.newaxis], ((1, 1), (1, 1), (0, 0)))
    shifted = (square.x + 1, square.y + 1, square.right + 1, square.bottom + 1)
    return resampled(colours, corners, size), np.ascontiguousarray(resampled(mask, shifted, size)[..., 0])


def _middle(width: float, height: float, size: int) -> Floats:
    """The mask for a picture whose sides are these parts of a square of ``size`` pixels."""
    across, down = max(1, round(width * size)), max(1, round(height * size))
    mask = np.zeros((size, size), np.float32)
    left, top = (size - across) // 2, (size - down) // 2
    mask[top : top + down, left : left + across] = soft_ellipse(down, across, MIDDLE)
    return mask


def _square_in_pixels(view: SceneView) -> Area:
    """The square in the coordinates of the view's pixels."""
    height, width = view.pixels.shape[:2]
    across, down = width / view.window.width, height / view.window.height
    square, window = view.square, view.window
    return (
        (square.x - window.x) * across,
        (square.y - window.y) * down,
        (square.right - window.x) * across,
        (square.bottom - window.y) * down,
    )


# --- From network outputs to a layer ----------------------------------------------------------------------


def object_layer(rgb: Floats, alpha: Floats, view: SceneView, *, depth: int) -> tuple[PixelFrame, int, int]:
    """The object in image pixels, cut to its box and to what is visible of it.

    Colours and alpha are enlarged apart (straight alpha), so ``rgb`` must hold plausible colours outside
    the mask too. Alpha below half a code value is not part of the layer. What reaches the box's edge fades
    over a network pixel before it, unless the picture ends there, too.

    Args:
        rgb: float32 (S, S, 3) in 0..1, the whole square.
        alpha: float32 (S, S) in 0..1.
        view: the scene that the square was taken from.
        depth: bits per sample of the layer, 8 or 16.

    Returns:
        The pixels (rgba8 or rgba16) and the x and y of their corner in the image.

    Raises:
        EmptyObject: if alpha shows nothing inside the box.
    """
    codes = 255 if depth == 8 else 65535
    shown = bounds(alpha >= 0.5 / codes)
    placed = enlarged_area(shown, view, alpha.shape[0], within=view.box) if shown else None
    if placed is None:
        raise EmptyObject
    area, source = placed
    enlarge = enlarged_8 if depth == 8 else enlarged_16
    pixels = enlarge(rgb, alpha, (area.width, area.height), source)
    _fade_at_the_box(pixels, area, view, view.square.width / alpha.shape[0])
    visible = bounds(pixels[..., 3] > 0)
    if visible is None:
        raise EmptyObject
    cut = pixels[visible.y : visible.bottom, visible.x : visible.right]
    return pixel_frame(cut), area.x + visible.x, area.y + visible.y


def _fade_at_the_box(pixels: Samples, area: Rect, view: SceneView, scale: float) -> None:
    """Lowers the alpha of pixels (h, w, 4), which lie at ``area``, towards the box's sides inside the image.

    A cut through an object, or through the soft edge of one that fills its box, is then as sharp as the
    object itself; ``scale`` is the size of a network pixel in image pixels.
    """
    box = view.box
    across = _rise(area.x - box.x, area.width, scale) if box.x > 0 else np.ones(area.width)
    if box.right < view.image_width:
        across = np.minimum(across, _rise(box.right - area.right, area.width, scale)[::-1])
    down = _rise(area.y - box.y, area.height, scale) if box.y > 0 else np.ones(area.height)
    if box.bottom < view.image_height:
        down = np.minimum(down, _rise(box.bottom - area.bottom, area.height, scale)[::-1])
    columns, rows = across < 1, down < 1
    pixels[:, columns, 3] = np.rint(pixels[:, columns, 3] * across[columns])
    pixels[rows, :, 3] = np.rint(pixels[rows, :, 3] * down[rows, np.newaxis])


def _rise(begin: int, count: int, scale: float) -> NDArray[np.float64]:
    """Factors for the pixels from the ``begin``-th on behind a side of the box."""
    return np.minimum(1.0, (begin + 1 + np.arange(count)) / max(1.0, scale))


def enlarged_area(
    shown: Rect, view: SceneView, size: int, *, within: Rect | None = None
) -> tuple[Rect, Area] | None:
    """Where a part of a square lies in the image, with what the cubic kernel makes of its border.

    Args:
        shown: the part, in the pixels of a square of ``size`` × ``size``.
        view: the scene that the square was taken from.
        size: the square's side in its own pixels.
        within: what it is cut to, in image pixels; None: the window.

    Returns:
        The part in image pixels, cut, and that very area in the square's pixels; None if nothing of it
        lies there.
    """
    square = view.square
    scale = square.width / size  # image pixels per network pixel
    reach = 2 * max(1.0, 1 / scale)  # the cubic kernel's, in network pixels
    left = square.x + int(np.floor((shown.x - reach) * scale))
    top = square.y + int(np.floor((shown.y - reach) * scale))
    right = square.x + int(np.ceil((shown.right + reach) * scale))
    bottom = square.y + int(np.ceil((shown.bottom + reach) * scale))
    area = Rect(left, top, right - left, bottom - top)
    area = _intersection(area, within or view.window)
    if area.width < 1 or area.height < 1:
        return None
    return area, (
        max((area.x - square.x) / scale, 0.0),
        max((area.y - square.y) / scale, 0.0),
        min((area.right - square.x) / scale, float(size)),
        min((area.bottom - square.y) / scale, float(size)),
    )


def _intersection(one: Rect, other: Rect) -> Rect:
    shifted = Rect(one.x - other.x, one.y - other.y, one.width, one.height)
    inside = shifted.clipped(other.width, other.height)
    return Rect(inside.x + other.x, inside.y + other.y, inside.width, inside.height)


# --- A client's side: window out, layer in ------------------------------------------------------------------


def window_pixels(picture: Samples, box: Rect, limit: int) -> tuple[Rect, PixelFrame]:
    """The window that a request sends for a box, and its pixels (rgb8 or rgba8).

    Reads nothing of the picture but the window.

    Args:
        picture: uint8 or uint16 (H, W, 3|4).
        box: the user's box in image pixels; it may reach over the border.
        limit: pixels on the longer side, from ``Limits.window_pixels``.

    Raises:
        InsertObjectError: ``box-too-small`` or ``box-outside``.
    """
    height, width = picture.shape[:2]
    window = sent_window(usable_box(box, width, height), width, height)
    size = sent_size(window, limit)
    fewer = max(1, int(window.height / size[1] / AVERAGED_ROWS))  # every second or third row says as much
    part = to_depth(picture[window.y : window.bottom, window.x : window.right][::fewer], 8)
    if size != (window.width, window.height):
        image = Image.fromarray(np.ascontiguousarray(part))
        part = np.asarray(image.resize(size, Image.Resampling.HAMMING, reducing_gap=3.0))
    return window, pixel_frame(part)


def mask_in_box(mask: NDArray[np.uint8], box: Rect) -> tuple[NDArray[np.uint8], bool]:
    """A mask (H, W) with nothing beyond the box, and whether that left out any of the object."""
    height, width = mask.shape
    inside = box.clipped(width, height)
    cut = np.zeros_like(mask)
    part = (slice(inside.y, inside.bottom), slice(inside.x, inside.right))
    cut[part] = mask[part]
    least = 255 * MASK_PRESENT
    return cut, bool(np.count_nonzero(mask >= least) > np.count_nonzero(cut >= least))


def window_mask(mask: NDArray[np.uint8], box: Rect, limit: int) -> PixelFrame:
    """The part of a mask that a request sends with its box: a8, the size of ``window_pixels``' frame.

    Args:
        mask: uint8 (H, W), the size of the whole picture.
        box, limit: as for ``window_pixels``.

    Raises:
        InsertObjectError: ``box-too-small`` or ``box-outside``.
    """
    height, width = mask.shape
    window = sent_window(usable_box(box, width, height), width, height)
    part = np.ascontiguousarray(mask[window.y : window.bottom, window.x : window.right])
    size = sent_size(window, limit)
    if size != (window.width, window.height):
        scaled = Image.fromarray(part).resize(size, Image.Resampling.HAMMING, reducing_gap=3.0)
        part = np.asarray(scaled)
    return pixel_frame(part[..., np.newaxis])


def paste(picture: Samples, pixels: Samples, x: int, y: int) -> Samples:
    """A copy of the picture with a layer over it.

    Every pixel where the layer's alpha is 0, or where the layer is not, stays bit-identical.

    Args:
        picture: uint8 or uint16 (H, W, 3|4), straight alpha.
        pixels: the layer, uint8 or uint16 (h, w, 4), straight alpha; brought to the picture's depth.
        x, y: the layer's corner in the picture; what lies outside is cut off.
    """
    result: Samples = picture.copy()
    height, width = picture.shape[:2]
    area = Rect(x, y, pixels.shape[1], pixels.shape[0]).clipped(width, height)
    if area.width < 1 or area.height < 1:
        return result
    layer = to_depth(pixels[area.y - y : area.bottom - y, area.x - x : area.right - x], 8 * picture.itemsize)
    part = result[area.y : area.bottom, area.x : area.right]
    if picture.shape[2] == 3:
        part[...] = blend(part, layer)
    else:
        part[...] = blend_over_transparent(part, layer)
    return result
