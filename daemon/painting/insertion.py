"""One request on a set of networks: random numbers, outline, object, and the layers cut from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daemon.packs.names import known_class, known_style
from daemon.packs.shelf import class_infos
from daemon.painting import scene as view_of_scene
from daemon.painting.grain import scene_grain, with_grain
from daemon.painting.on_the_ground import set_down
from daemon.painting.own_parts import close_up
from daemon.painting.pixels import frame_pixels, pixel_frame
from daemon.painting.scene import SceneView
from daemon.painting.shadow_layer import NO_SHADOW
from daemon.painting.timings import Timings
from models.bundle import Bundle
from models.looks import varied
from models.masks.sampling import ShapedParts
from models.seeds import numbers_of
from wire.protocol import (
    MAX_SEED,
    ErrorCode,
    Insert,
    InsertObjectError,
    Layer,
    PixelFormat,
    PixelFrame,
    Rect,
    Stage,
    Wish,
    sent_window,
)

OnStage = Callable[[Stage, float], None]


@dataclass(frozen=True)
class _Plan:
    """The inputs of the networks for one request, a row a variation."""

    seeds: list[int]
    scene: Tensor  # (N, 3, S, S) in -1..1
    class_index: Tensor  # (N,)
    codes: Tensor  # (N, code_size), standard normal
    given_look: Tensor | None  # (1, code_size), the appearance that the request names
    mask_codes: Tensor  # (N, 32)
    boxes: Tensor  # (N, 4)
    noise: Tensor  # (N, 1, S, S)


def layers_of(
    bundle: Bundle, request: Insert, on_stage: OnStage, timings: Timings | None = None
) -> Iterator[Layer]:
    """The layers of a request, in order; ``on_stage`` is called between stages and may raise. ``timings``
    hears how long each took.

    Raises:
        InsertObjectError: with the code and the sentence for the user.
    """
    watch = timings or Timings()
    index = _class_index(bundle, request.wish.class_name)
    view = view_of_scene.view_of(request)
    side = bundle.side_for(view.square.width)
    on_stage(Stage.MASK, 0.3)
    with watch.stage("scene"):
        plan = _plan(request, view, bundle, index, side)
    with watch.stage("outline"):
        masks, parts = _shapes(bundle, request, view, plan, side)
    on_stage(Stage.OBJECT, 0.45)
    with watch.stage("object"):
        if plan.given_look is None:
            looks = bundle.draw_looks(plan.class_index, plan.codes, parts)
        else:
            looks = varied(plan.given_look, plan.codes)
        colour, alpha = bundle.make_objects(
            plan.scene, masks, plan.class_index, looks, plan.noise, parts.placed
        )
        pictures = ((colour + 1) / 2).permute(0, 2, 3, 1).cpu().numpy()  # (N, S, S, 3)
        alphas = alpha[:, 0].cpu().numpy()  # (N, S, S)
    if not (np.isfinite(pictures).all() and np.isfinite(alphas).all()):
        raise _no_picture(bundle)
    grain = scene_grain(view)
    for place, seed in enumerate(plan.seeds):
        on_stage(Stage.FINISHING, 0.9 + 0.1 * place / len(plan.seeds))
        with watch.stage("layer"):
            pixels, x, y = view_of_scene.object_layer(
                pictures[place], alphas[place], view, depth=request.depth
            )
        with watch.stage("grain"):
            grained = with_grain(frame_pixels(pixels), grain, seed)
        with watch.stage("shadow"):
            down = set_down(grained, x, y, alphas[place], view, request.wish)
        shadows = *(down.shadow or NO_SHADOW), *(down.cast or NO_SHADOW)
        frame = pixel_frame(down.pixels)
        yield Layer(request.id, place, request.wish.class_name, seed, x, y, frame, *shadows)


def _shapes(
    bundle: Bundle, request: Insert, view: SceneView, plan: _Plan, side: int
) -> tuple[Tensor, ShapedParts]:
    """The masks (N, 1, S, S) of a request, the user's own or drawn ones, and where the parts are."""
    if request.mask is None:
        return bundle.make_shapes(
            plan.class_index, plan.boxes, plan.mask_codes, mirrored=request.wish.mirrored, side=side
        )
    shape = _planes(view_of_scene.square_mask(request.mask, view, side))
    if request.parts is None:
        parts = bundle.parts_for(plan.class_index[:1], shape)
    else:
        seen = close_up(request.parts, request.wish.box, view)
        parts = bundle.own_parts(
            _planes(seen.colours) * 2 - 1, _planes(seen.mask), torch.tensor([seen.box], dtype=torch.float32)
        )
    parts = parts.repeated(len(plan.seeds))
    return shape.expand(len(plan.seeds), -1, -1, -1), parts


def _class_index(bundle: Bundle, name: str) -> int:
    return bundle.class_names.index(known_class(name, class_infos(bundle.manifest)).name)


def _no_picture(bundle: Bundle) -> InsertObjectError:
    return InsertObjectError(
        ErrorCode.MODEL_CORRUPT,
        f"The networks “{bundle.manifest.name}” did not produce a usable picture.",
        "Choose another pack, or download this one again.",
    )


def _plan(request: Insert, view: SceneView, bundle: Bundle, class_index: int, side: int) -> _Plan:
    """Everything random about a variation comes from its own seed, so one can be had again alone."""
    count = request.variations
    seeds = [(request.wish.seed + place) % (MAX_SEED + 1) for place in range(count)]
    codes, mask_codes, noise = [], [], []
    for seed in seeds:
        look = seed if request.wish.look_seed is None else request.wish.look_seed
        shape = seed if request.wish.shape_seed is None else request.wish.shape_seed
        codes.append(numbers_of(look, bundle.code_size).look)
        mask_codes.append(numbers_of(shape, bundle.code_size).shape)
        noise.append(numbers_of(seed, bundle.code_size, side).noise)
    classes = torch.full((count,), class_index)
    scene = _planes(view_of_scene.square_pixels(view, side)) * 2 - 1
    box = torch.tensor(view_of_scene.box_in_square(view))
    return _Plan(
        seeds,
        scene.expand(count, -1, -1, -1),
        classes,
        torch.stack(codes),
        _given_code(request, bundle, class_index),
        torch.stack(mask_codes),
        box.expand(count, -1),
        torch.stack(noise),
    )


def _given_code(request: Insert, bundle: Bundle, class_index: int) -> Tensor | None:
    """The appearance that the request names, by picture or by style: (1, code_size)."""
    if request.reference is not None:
        picture, mask = view_of_scene.reference_crop(request.reference, bundle.sides[0])
        return bundle.encode(_planes(picture) * 2 - 1, _planes(mask)).cpu()
    style = known_style(request.wish.style, class_infos(bundle.manifest)[class_index])
    if style:
        return torch.tensor(bundle.manifest.classes[class_index].styles[style]).unsqueeze(0)
    return None


def _planes(pixels: NDArray[np.float32]) -> Tensor:
    """(S, S) or (S, S, C) to (1, C, S, S)."""
    tensor = torch.from_numpy(np.ascontiguousarray(pixels))
    return tensor[None, None] if tensor.ndim == 2 else tensor.permute(2, 0, 1)[None]


def warm_up_request(class_name: str) -> Insert:
    """A request on a grey picture that takes every path of the networks, at a side for middling objects."""
    side = 256
    box = Rect(64, 64, 128, 128)
    window = sent_window(box, side, side)
    grey = bytes([128]) * (window.width * window.height * 3)
    pixels = PixelFrame(window.width, window.height, PixelFormat.RGB8, grey)
    return Insert("warm-up", Wish(class_name, box), side, side, window, pixels)
