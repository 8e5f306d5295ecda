"""A request for light: what an object lacks of its scene's light, and the object with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from daemon.painting.cut_out import in_square
from daemon.painting.footing import CELLS, Footing
from daemon.painting.grain import scene_grain
from daemon.painting.layer_light import adjustments_of, with_light
from daemon.painting.on_the_ground import shadows_below
from daemon.painting.pixels import Samples, frame_pixels, pixel_frame, to_depth
from daemon.painting.scene import SceneView, scene_view, square_pixels
from daemon.painting.shadow_layer import NO_SHADOW
from models.light.adjustments import JUDGED, RANGES, Adjustments
from models.light.judgement import judged
from models.light.network import SIDE, LightNetwork
from wire.protocol import (
    ErrorCode,
    InsertObjectError,
    Light,
    Lit,
    PixelFormat,
    check_light,
)

LEAST_SHOWN = 12  # cells of the network's that an object must cover to be judged


def lit(network: LightNetwork, request: Light) -> Lit:
    """The object in the light of its scene, or in that of the adjustments that the request gives.

    Raises:
        InsertObjectError: as ``check_light``; ``bad-request`` for adjustments that there are none of, or an
            object of which nothing is to be seen.
    """
    view = scene_view(request.scene, check_light(request), request.image_width, request.image_height)
    pixels = frame_pixels(request.object)
    if request.object.format is PixelFormat.BGRA8:
        pixels = pixels[..., (2, 1, 0, 3)]
    shown = to_depth(pixels, 8)
    if request.adjustments:
        adjustments = adjustments_of(request.adjustments)
    else:
        adjustments = found_adjustments(network, shown, request, view)
    layer = with_light(pixels, adjustments, request.strength)
    shadow = cast = None
    if request.wish.shadow or request.wish.cast_shadow:
        _, alpha = in_square(shown, request.box, view.square, CELLS)
        shadow, cast = shadows_below(Footing.of(alpha, view), request.wish, depth=8 * pixels.itemsize)
    shadows = *(shadow or NO_SHADOW), *(cast or NO_SHADOW)
    return Lit(request.id, pixel_frame(layer), adjustments.to_map(), *shadows)


def found_adjustments(network: LightNetwork, pixels: Samples, request: Light, view: SceneView) -> Adjustments:
    """What the network says of an object, uint8 (h, w, 4), in its scene, and the scene's grain.

    Raises:
        InsertObjectError: ``bad-request``: hardly anything of the object is to be seen in the picture.
    """
    colours, alpha = in_square(pixels, request.box, view.square, SIDE)
    if int((alpha >= 0.5).sum()) < LEAST_SHOWN:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST,
            "Too little of the object can be seen to judge its light.",
            "Move it further onto the picture, or make it larger.",
        )
    scene = _planes(square_pixels(view, SIDE)) * 2 - 1
    mask = torch.from_numpy(alpha)[None, None]
    with _one_thread():
        numbers = judged(network, scene, _planes(colours) * 2 - 1, mask)[0].tolist()
    held = {
        name: min(max(value, RANGES[name][0]), RANGES[name][1])
        for name, value in zip(JUDGED, numbers, strict=True)
    }
    if not any(held.values()):
        return Adjustments()  # it has the scene's light, and is left as it is
    return Adjustments.from_map({**held, "grain": scene_grain(view)})


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread for a while: where tensors are as small as here, waiting for each other takes threads three
    times as long as the work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _planes(pixels: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
