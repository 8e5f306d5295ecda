"""Scenes larger than a window, and insertions into them as a user makes them: window, object, layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from models.evaluation.methods import Cases, Generated, Networks, composite, resized, to_bytes, to_signed
from models.evaluation.metrics import bounding_boxes, grown
from models.evaluation.realism import soft_reach
from models.evaluation.sample import BATCH, CLEARANCE
from models.hole import dilate, fill_hole
from models.masks.generator import LATENT
from models.photos.data import STORED_SCALE, USE_SCALE, ObjectRecord, load_windows

CANVAS = 256  # pixels along a side of a scene


@dataclass(frozen=True)
class Stage:
    """Scenes (N, 3, C, C) uint8 and what is to be inserted into each: masks (N, 1, C, C) in 0..1,
    class_index (N,) with the classes' names, and appearance codes (N, K, code size)."""

    scene: Tensor
    mask: Tensor
    class_index: Tensor
    codes: Tensor
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.scene)

    def _tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.scene, self.mask, self.class_index, self.codes

    @property
    def labels(self) -> list[str]:
        """(N) the name of each scene's class."""
        return [self.class_names[n] for n in self.class_index.tolist()]

    def chosen(self, index: Tensor) -> Stage:
        """The scenes of that index (M,), in its order."""
        scene, mask, class_index, codes = (part[index] for part in self._tensors())
        return Stage(scene, mask, class_index, codes, self.class_names)

    def first(self, count: int) -> Stage:
        """Only the first `count` scenes."""
        return self.chosen(torch.arange(min(count, len(self)), device=self.scene.device))

    def __add__(self, other: Stage) -> Stage:
        """The scenes of both, which have the same classes."""
        pairs = zip(self._tensors(), other._tensors(), strict=True)
        scene, mask, class_index, codes = (torch.cat(pair) for pair in pairs)
        return Stage(scene, mask, class_index, codes, self.class_names)


@dataclass(frozen=True)
class Painted:
    """Finished pictures (N, 3, C, C) uint8; alpha (N, 1, C, C) uint8 of what was laid over the scenes;
    outside (N, 1, C, C) bool: the pixels that had to stay as they were, where alpha is 0, or for a method
    that repaints its window beyond the soft edge of the mask."""

    picture: Tensor
    alpha: Tensor
    outside: Tensor

    @property
    def signed(self) -> Tensor:
        """The pictures in -1..1."""
        return to_signed(self.picture)


@torch.inference_mode()
def insert(method: Generated, stage: Stage, *, look: int = 0) -> Painted:
    """Inserts every object of the stage: cut the window, paint at the networks' resolution, lay it back.

    Nothing outside the window is touched, whatever the method paints inside it.
    """
    pictures, alphas = [], []
    own = method.networks.resolution
    for start in range(0, len(stage), BATCH):
        part = slice(start, start + BATCH)
        windows = windows_of(bounding_boxes(stage.mask[part]))
        scene8, mask = stage.scene[part], stage.mask[part]
        scene = to_signed(scene8)
        inner = [_cut(scene[n : n + 1], window) for n, window in enumerate(windows)]
        shapes = [_cut(mask[n : n + 1], window, "constant") for n, window in enumerate(windows)]
        small, shape = (torch.cat([resized(one, own) for one in whole]) for whole in (inner, shapes))
        made = method.insert(
            Cases(small, shape, small, shape, stage.class_index[part], stage.codes[part, look])
        )
        for n, (left, top, side) in enumerate(windows):
            colour = _laid(resized(made.rgb[n : n + 1], side), left, top)
            alpha = _laid(resized(made.alpha[n : n + 1], side), left, top)
            _, picture, alpha8 = composite(scene[n : n + 1], replace(made, rgb=colour, alpha=alpha))
            pictures.append(picture)
            alphas.append(alpha8)
    alpha8 = torch.cat(alphas)
    kept = grown(stage.mask, soft_reach(CANVAS, own)) if method.repaints_scene else alpha8
    return Painted(torch.cat(pictures), alpha8, kept == 0)


def windows_of(boxes: Tensor) -> list[tuple[int, int, int]]:
    """(left, top, side) in pixels of the square window around each box (N, 4) in fractions of the scene; the
    window is moved into the scene as far as it fits."""
    found = []
    for x0, y0, x1, y1 in (boxes * CANVAS).round().tolist():
        side = min(max(8, round(USE_SCALE * max(x1 - x0, y1 - y0))), 2 * CANVAS)
        left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
        if side <= CANVAS:
            left, top = (min(max(place, 0), CANVAS - side) for place in (left, top))
        found.append((left, top, side))
    return found


def _cut(picture: Tensor, window: tuple[int, int, int], beyond: str = "replicate") -> Tensor:
    """The window of a picture (1, C, S, S); beyond the picture its edge goes on, or there is nothing."""
    left, top, side = window[0] + CANVAS, window[1] + CANVAS, window[2]
    return F.pad(picture, (CANVAS,) * 4, beyond)[:, :, top : top + side, left : left + side]


def _laid(part: Tensor, left: int, top: int) -> Tensor:
    """A window's content (1, C, side, side) in an empty canvas; what reaches beyond is cut off."""
    side = part.shape[-1]
    return F.pad(part, (left, CANVAS - left - side, top, CANVAS - top - side))


def stage_from_photos(
    records: Sequence[ObjectRecord],
    class_names: Sequence[str],
    code_size: int,
    looks: int,
    generator: torch.Generator,
    device: torch.device,
) -> Stage:
    """Held-out photos with their object taken out, and its shape to be filled again.

    Raises:
        DataError: a photo cannot be read.
    """
    windows = load_windows(records, class_names, CANVAS, STORED_SCALE)
    photo = to_signed(windows.images)
    mask = windows.masks.float() / 255
    clean = fill_hole(photo, dilate(mask, round(CLEARANCE * CANVAS)))
    codes = torch.randn(len(mask), looks, code_size, generator=generator)
    parts = to_bytes(clean), mask, windows.class_index, codes
    scene, mask, class_index, codes = (part.to(device) for part in parts)
    return Stage(scene, mask, class_index, codes, tuple(class_names))


def stage_from_scenes(
    scenes: Sequence[Tensor],
    networks: Networks,
    looks: int,
    code_size: int,
    generator: torch.Generator,
    device: torch.device,
) -> Stage | None:
    """A user's photos, uint8 (3, H, W) each, cut square at the bottom, with one object of each class in turn
    and a generated mask; None without photos."""
    if not scenes:
        return None
    count = len(networks.class_names)
    squares = torch.cat([_square(scene) for scene in scenes]).repeat_interleave(count, 0).to(device)
    class_index = torch.arange(count, device=device).repeat(len(scenes))
    box = torch.tensor([0.32, 0.48, 0.68, 0.80], device=device).repeat(len(squares), 1)
    codes = torch.randn(len(squares), looks, code_size, generator=generator).to(device)
    latent = torch.randn(len(squares), LATENT, generator=generator).to(device)
    mask = masks_in(networks, class_index, box, latent)
    return Stage(squares, mask, class_index, codes, tuple(networks.class_names))


def masks_in(networks: Networks, class_index: Tensor, boxes: Tensor, z: Tensor) -> Tensor:
    """(N, 1, C, C) in 0..1: generated masks for boxes (N, 4), in fractions of a square scene, each made in
    its own window as in use."""
    made = []
    for n, (left, top, side) in enumerate(windows_of(boxes)):
        corner = torch.tensor([left, top, left, top], device=boxes.device)
        inside = (CANVAS * boxes[n : n + 1] - corner) / side
        mask = networks.make_masks(class_index[n : n + 1], inside, z[n : n + 1])
        made.append(_laid(resized(mask.float(), side), left, top))
    return torch.cat(made)


def _square(scene: Tensor) -> Tensor:
    """(1, 3, CANVAS, CANVAS) uint8: the largest square in the middle of the photo's lower part."""
    _, height, width = scene.shape
    side = min(height, width)
    left = (width - side) // 2
    cut = scene[:, height - side :, left : left + side].unsqueeze(0)
    return to_bytes(resized(to_signed(cut), CANVAS))
