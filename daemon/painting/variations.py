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
class Subject:
    """What a request says of its object whatever the seed, its pictures read once for all."""

    request: Insert
    view: SceneView
    class_index: int
    look: Tensor | None  # (1, code_size), the appearance that the request names
    own_parts: ShapedParts | None  # of one object, where the request shows them

    @classmethod
    def of(
        cls, bundle: Bundle, request: Insert, view: SceneView, class_index: int, watch: Timings
    ) -> Subject:
        look = _given_look(request, bundle, class_index, watch)
        return cls(request, view, class_index, look, _own_parts(request, bundle, view, watch))


@dataclass(frozen=True)
class _Plan:
    """The inputs of the networks, a row a seed."""

    scene: Tensor  # (N, 3, S, S) in -1..1
    class_index: Tensor  # (N,)
    codes: Tensor  # (N, code_size), standard normal
    mask_codes: Tensor  # (N, 32)
    boxes: Tensor  # (N, 4)
    noise: Tensor  # (N, 1, S, S)


def seeds_from(first: int, count: int) -> list[int]:
    """So many seeds, one after the other; after the last one comes 0."""
    return [later_seed(first, place) for place in range(count)]


def painted(
    bundle: Bundle, subject: Subject, seeds: Sequence[int], side: int, watch: Timings
) -> tuple[Tensor, Tensor]:
    """The object as each of these seeds makes it: colour (N, 3, S, S) in -1..1, alpha (N, 1, S, S); S is
    ``side``; on the CPU."""
    with watch.stage("scene"):
        plan = _plan(subject, bundle, seeds, side)
    with watch.stage("outline"):
        masks, parts = _shapes(bundle, subject, plan, side)
    with watch.stage("object"):
        if subject.look is None:
            looks = bundle.draw_looks(plan.class_index, plan.codes, parts)
        else:
            looks = varied(subject.look, plan.codes)
        colour, alpha = bundle.make_objects(
            plan.scene, masks, plan.class_index, looks, plan.noise, parts.placed
        )
        return colour.cpu(), alpha.cpu()


def _shapes(bundle: Bundle, subject: Subject, plan: _Plan, side: int) -> tuple[Tensor, ShapedParts]:
    """The masks (N, 1, S, S) of a request, the user's own or drawn ones, and where the parts are."""
    request = subject.request
    if request.mask is None:
        return bundle.make_shapes(
            plan.class_index, plan.boxes, plan.mask_codes, mirrored=request.wish.mirrored, side=side
        )
    shape = _planes(view_of_scene.square_mask(request.mask, subject.view, side))
    parts = subject.own_parts or bundle.parts_for(plan.class_index[:1], shape)
    count = len(plan.class_index)
    return shape.expand(count, -1, -1, -1), parts.repeated(count)


def _plan(subject: Subject, bundle: Bundle, seeds: Sequence[int], side: int) -> _Plan:
    """Everything random about an object comes from its own seed, so one can be had again alone."""
    wish, view = subject.request.wish, subject.view
    codes, mask_codes, noise = [], [], []
    for seed in seeds:
        look = seed if wish.look_seed is None else wish.look_seed
        shape = seed if wish.shape_seed is None else wish.shape_seed
        codes.append(numbers_of(look, bundle.code_size).look)
        mask_codes.append(numbers_of(shape, bundle.code_size).shape)
        noise.append(numbers_of(seed, bundle.code_size, side).noise)
    count = len(seeds)
    scene = _planes(view_of_scene.square_pixels(view, side)) * 2 - 1
    box = torch.tensor(view_of_scene.box_in_square(view))
    return _Plan(
        scene.expand(count, -1, -1, -1),
        torch.full((count,), subject.class_index),
        torch.stack(codes),
        torch.stack(mask_codes),
        box.expand(count, -1),
        torch.stack(noise),
    )


def _given_look(request: Insert, bundle: Bundle, class_index: int, watch: Timings) -> Tensor | None:
    """The appearance that the request names, by picture or by style: (1, code_size)."""
    if request.reference is not None:
        with watch.stage("reference"):
            picture, mask = view_of_scene.reference_crop(request.reference, bundle.sides[0])
            return bundle.encode(_planes(picture) * 2 - 1, _planes(mask)).cpu()
    style = known_style(request.wish.style, class_infos(bundle.manifest)[class_index])
    if style:
        return torch.tensor(bundle.manifest.classes[class_index].styles[style]).unsqueeze(0)
    return None


def _own_parts(request: Insert, bundle: Bundle, view: SceneView, watch: Timings) -> ShapedParts | None:
    """The parts of the cut-out whose outline the mask is."""
    if request.mask is None or request.parts is None:
        return None
    with watch.stage("parts"):
        seen = close_up(request.parts, request.wish.box, view)
        box = torch.tensor([seen.box], dtype=torch.float32)
        return bundle.own_parts(_planes(seen.colours) * 2 - 1, _planes(seen.mask), box)


def _planes(pixels: NDArray[np.float32]) -> Tensor:
    """(S, S) or (S, S, C) to (1, C, S, S)."""
    tensor = torch.from_numpy(np.ascontiguousarray(pixels))
    return tensor[None, None] if tensor.ndim == 2 else tensor.permute(2, 0, 1)[None]
