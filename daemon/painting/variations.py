"""The objects that seeds stand for, as the networks paint them: random numbers, outlines, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daemon.packs.names import known_style
from daemon.packs.shelf import class_infos
from daemon.painting import scene as view_of_scene
from daemon.painting.own_parts import close_up
from daemon.painting.scene import SceneView
from daemon.painting.timings import Timings
from models.bundle import Bundle
from models.looks import varied
from models.masks.sampling import ShapedParts
from models.seeds import numbers_of
from wire.protocol import Insert, later_seed


@dataclass(frozen=True)
class _Plan:
    """The inputs of the networks, a row a seed."""

    scene: Tensor  # (N, 3, S, S) in -1..1
    class_index: Tensor  # (N,)
    codes: Tensor  # (N, code_size), standard normal
    given_look: Tensor | None  # (1, code_size), the appearance that the request names
    mask_codes: Tensor  # (N, 32)
    boxes: Tensor  # (N, 4)
    noise: Tensor  # (N, 1, S, S)


def seeds_from(first: int, count: int) -> list[int]:
    """So many seeds, one after the other; after the last one comes 0."""
    return [later_seed(first, place) for place in range(count)]


def painted(
    bundle: Bundle,
    request: Insert,
    view: SceneView,
    class_index: int,
    seeds: Sequence[int],
    side: int,
    watch: Timings,
) -> tuple[Tensor, Tensor]:
    """The request's object as each of these seeds makes it: colour (N, 3, S, S) in -1..1, alpha (N, 1, S, S);
    S is ``side``; on the CPU."""
    with watch.stage("scene"):
        plan = _plan(request, view, bundle, class_index, seeds, side)
    with watch.stage("outline"):
        masks, parts = _shapes(bundle, request, view, plan, side)
    with watch.stage("object"):
        if plan.given_look is None:
            looks = bundle.draw_looks(plan.class_index, plan.codes, parts)
        else:
            looks = varied(plan.given_look, plan.codes)
        colour, alpha = bundle.make_objects(
            plan.scene, masks, plan.class_index, looks, plan.noise, parts.placed
        )
        return colour.cpu(), alpha.cpu()


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
    count = len(plan.class_index)
    return shape.expand(count, -1, -1, -1), parts.repeated(count)


def _plan(
    request: Insert, view: SceneView, bundle: Bundle, class_index: int, seeds: Sequence[int], side: int
) -> _Plan:
    """Everything random about an object comes from its own seed, so one can be had again alone."""
    codes, mask_codes, noise = [], [], []
    for seed in seeds:
        look = seed if request.wish.look_seed is None else request.wish.look_seed
        shape = seed if request.wish.shape_seed is None else request.wish.shape_seed
        codes.append(numbers_of(look, bundle.code_size).look)
        mask_codes.append(numbers_of(shape, bundle.code_size).shape)
        noise.append(numbers_of(seed, bundle.code_size, side).noise)
    count = len(seeds)
    scene = _planes(view_of_scene.square_pixels(view, side)) * 2 - 1
    box = torch.tensor(view_of_scene.box_in_square(view))
    return _Plan(
        scene.expand(count, -1, -1, -1),
        torch.full((count,), class_index),
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
