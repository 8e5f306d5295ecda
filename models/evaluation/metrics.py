"""The figures of an evaluation, as pure functions: realism, shape, lighting, background, variety."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.hole import dilate
from models.masks.pieces import largest_component

HALVES = 100  # subsets behind an error bar; its own relative error is then about 1 / sqrt(2 * 100) = 7 %


@dataclass(frozen=True)
class Estimate:
    """A figure with its standard error, and the same figure on random halves of the sample."""

    value: float
    halves: Tensor
    """(R,): the deviation of these is the standard error (delete-half jackknife, Shao and Wu 1989)."""

    @property
    def error(self) -> float:
        """Standard error; nan with fewer than two halves."""
        return float(self.halves.std()) if len(self.halves) > 1 else math.nan


def random_halves(count: int, generator: torch.Generator, subsets: int = HALVES) -> Tensor:
    """(subsets, count // 2) int64: random halves of 0..count-1, each without repetition."""
    rows = [torch.randperm(count, generator=generator)[: count // 2] for _ in range(subsets)]
    return torch.stack(rows)


def polynomial_kernel(a: Tensor, b: Tensor) -> Tensor:
    """(x . y / d + 1)^3 of all pairs, (N, D) and (M, D) -> (N, M); the kernel of KID."""
    return (a @ b.T / a.shape[1] + 1.0) ** 3


def kid(real: Tensor, made: Tensor, halves: Tensor) -> Estimate:
    """Kernel inception distance (Binkowski et al., arXiv 1801.01401) of two paired samples of features.

    Row n of both samples stems from the same photo, so that they may share pixels; the estimator leaves these
    pairs out (Gretton et al., JMLR 13, 2012, eq. 4) and has expectation 0 for equal distributions.

    Args:
        real, made: (N, D) float, N >= 4.
        halves: (R, N // 2) index, from `random_halves`. The same halves make several estimates comparable.
    """
    _check_samples("KID", real, made)
    return _discrepancy(polynomial_kernel, real.double(), made.double(), halves)


def energy_distance(real: Tensor, made: Tensor, halves: Tensor) -> Estimate:
    """Energy distance (Szekely and Rizzo, J. Stat. Plan. Inference 143, 2013) of two paired samples.

    The root of 2 E|x - y| - E|x - x'| - E|y - y'|, of figures standardised by those of `real`; about 0 for
    equal distributions, where the estimate under the root, and so its root here, may be below 0. As in `kid`
    the pairs of one photo are left out; so are pictures of which a figure is nan.

    Args:
        real, made: (N, D) float, N >= 4.
        halves: (R, N // 2) index, from `random_halves`.
    """
    _check_samples("The energy distance", real, made)
    real, made = real.double(), made.double()
    known = torch.isfinite(real).all(dim=1) & torch.isfinite(made).all(dim=1)
    if int(known.sum()) < 4:
        return Estimate(math.nan, torch.full((len(halves),), math.nan, dtype=torch.float64))
    middle, spread = real[known].mean(dim=0), real[known].std(dim=0).clamp(min=1e-3)
    scale = spread * math.sqrt(real.shape[1])
    real, made = (torch.where(known.unsqueeze(1), (its - middle) / scale, 0.0) for its in (real, made))
    squared = _discrepancy(lambda a, b: -torch.cdist(a, b), real, made, halves, known)
    return Estimate(
        math.copysign(math.sqrt(abs(squared.value)), squared.value),
        squared.halves.sign() * squared.halves.abs().sqrt(),
    )


def _check_samples(what: str, real: Tensor, made: Tensor) -> None:
    if real.shape != made.shape:
        raise ValueError(f"{what} needs two samples of one shape, not {[*real.shape]}, {[*made.shape]}.")
    if len(real) < 4:
        raise ValueError(f"{what} needs at least 4 pictures a sample, not {len(real)}.")


def _discrepancy(
    kernel: Callable[[Tensor, Tensor], Tensor],
    real: Tensor,
    made: Tensor,
    halves: Tensor,
    known: Tensor | None = None,
) -> Estimate:
    """The unbiased squared discrepancy of two paired samples, over the pairs of `known` (N,) pictures."""
    across = kernel(real, made)
    pairs = kernel(real, real) + kernel(made, made) - across - across.T  # (N, N)
    counted = torch.ones_like(pairs) if known is None else (known.unsqueeze(1) & known).double()
    counted.fill_diagonal_(0.0)
    pairs = pairs * counted
    parts = pairs[halves.unsqueeze(2), halves.unsqueeze(1)]  # (R, N // 2, N // 2)
    counts = counted[halves.unsqueeze(2), halves.unsqueeze(1)]
    return Estimate(
        value=float(pairs.sum() / counted.sum()),
        halves=parts.sum(dim=(1, 2)) / counts.sum(dim=(1, 2)).clamp(min=1),
    )


def anchored_share(grey: Estimate, ours: Estimate, pasted: Estimate) -> Estimate:
    """(distance of a grey fill - that of ours) / (distance of a grey fill - that of real pixels pasted in).

    With KID it is the realism share, with the distance of borders the seam score. 0 stands for a grey blob,
    1 for real pixels. nan where grey is not worse than the pasted pixels: then the sample is too small to
    tell them apart.
    """
    span = grey.value - pasted.value
    value = (grey.value - ours.value) / span if span > 0 else math.nan
    return Estimate(value, (grey.halves - ours.halves) / (grey.halves - pasted.halves))


def iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union (B,) of two batches of masks (B, 1, H, W); a pixel counts from 0.5 on.

    Two empty masks agree: 1.
    """
    a, b = first >= 0.5, second >= 0.5
    both = (a & b).sum(dim=(1, 2, 3)).double()
    either = (a | b).sum(dim=(1, 2, 3)).double()
    return torch.where(either > 0, both / either.clamp(min=1), torch.ones_like(both))


def changed_pixels(scene: Tensor, result: Tensor, outside: Tensor) -> Tensor:
    """(B,) pixels that differ although they are not the object's.

    scene, result: uint8 (B, 3, H, W); outside: bool (B, 1, H, W), where the object layer's alpha is 0. The
    only right answer is 0.
    """
    different = (scene != result).any(dim=1, keepdim=True)
    return (different & outside).sum(dim=(1, 2, 3))


def grown(mask: Tensor, reach: int) -> Tensor:
    """The mask (B, 1, H, W), a pixel counting from 0.5 on, with everything within `reach` pixels: 0 or 1."""
    return dilate((mask >= 0.5).float(), reach)


def spill(alpha: Tensor, mask: Tensor, reach: int) -> Tensor:
    """(B,) share of the layer's alpha that lies more than `reach` pixels outside the mask, 0..1."""
    near = grown(mask, reach).to(alpha.dtype)
    total = alpha.sum(dim=(1, 2, 3))
    return (alpha * (1 - near)).sum(dim=(1, 2, 3)) / total.clamp(min=1e-6)


def coverage(alpha: Tensor, mask: Tensor) -> Tensor:
    """(B,) mean alpha inside the mask, 0..1: a transparent layer is not well lit, it is absent."""
    inside = (mask >= 0.5).to(alpha.dtype)
    return (alpha * inside).sum(dim=(1, 2, 3)) / inside.sum(dim=(1, 2, 3)).clamp(min=1)


@dataclass(frozen=True)
class Fit:
    """Straight lines, one an image: slope (N,) and R^2 (N,)."""

    slope: Tensor
    r_squared: Tensor


def elasticity(scene: Tensor, made: Tensor) -> Fit:
    """How the object's light follows the scene's: the line of log `made` over log `scene`, per image.

    Args:
        scene, made: (N, G) positive values in linear light: image n under gain g. Ideal slope 1, R^2 1.

    An object that stays as it is has slope 0; its R^2 is 0 by definition.
    """
    x, y = scene.double().log(), made.double().log()
    x = x - x.mean(dim=1, keepdim=True)
    y = y - y.mean(dim=1, keepdim=True)
    slope = (x * y).sum(1) / x.square().sum(1).clamp(min=1e-12)
    total = y.square().sum(1)
    rest = (y - slope.unsqueeze(1) * x).square().sum(1)
    return Fit(slope, torch.where(total > 1e-9, 1 - rest / total.clamp(min=1e-9), 0.0))


def weighted_mean(light: Tensor, weight: Tensor) -> Tensor:
    """(B, C) mean of `light` (B, C, H, W) under `weight` (B, 1, H, W) >= 0; 1e-6 at least, for logarithms."""
    total = weight.sum(dim=(2, 3)).clamp(min=1e-6)
    return ((light * weight).sum(dim=(2, 3)) / total).clamp(min=1e-6)


def nearest(queries: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine distance (N,) of each query (N, D) to its nearest candidate (M, D), and the latter's index."""
    similarity = F.normalize(queries, dim=1) @ F.normalize(candidates, dim=1).T
    best, index = similarity.max(dim=1)
    return 1 - best, index


def bounding_boxes(mask: Tensor) -> Tensor:
    """(B, 4) x0, y0, x1, y1 of masks (B, 1, H, W) as fractions of the picture; zeros for an empty mask."""
    inside = mask[:, 0] >= 0.5
    sides = []
    for along, size in ((inside.any(dim=1), mask.shape[3]), (inside.any(dim=2), mask.shape[2])):
        place = torch.arange(size, device=mask.device)
        low = torch.where(along, place, size).amin(dim=1)
        high = torch.where(along, place + 1, 0).amax(dim=1)
        sides.append((torch.minimum(low, high) / size, high / size))
    return torch.stack([sides[0][0], sides[1][0], sides[0][1], sides[1][1]], dim=1).float()


def box_fill(mask: Tensor, boxes: Tensor) -> Tensor:
    """(B,) on the CPU: the share of their boxes (B, 4), in fractions, that masks (B, 1, H, W) cover."""
    area = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1).clamp(min=1e-6)
    return (mask.mean(dim=(1, 2, 3)) / area).cpu()


def box_iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union (B,) of boxes (B, 4) x0, y0, x1, y1."""
    low = torch.maximum(first[:, :2], second[:, :2])
    high = torch.minimum(first[:, 2:], second[:, 2:])
    both = (high - low).clamp(min=0).prod(dim=1)
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(dim=1) for box in (first, second)]
    return both / (areas[0] + areas[1] - both).clamp(min=1e-9)


def in_one_piece(mask: Tensor, speck: float = 0.01) -> Tensor:
    """(B,) bool: masks (B, 1, H, W) that are not empty and of one piece, but for a share of `speck`."""
    inside = mask >= 0.5
    rest = inside & ~largest_component(inside)
    area = inside.sum(dim=(1, 2, 3))
    return (area > 0) & (rest.sum(dim=(1, 2, 3)) <= speck * area)


def mean_or_nan(values: Tensor) -> float:
    """Mean of the finite values as a float; nan where there is none."""
    return float(values[torch.isfinite(values)].double().mean())


def median_or_nan(values: Tensor) -> float:
    """Median of the finite values as a float; nan where there is none."""
    return float(torch.where(torch.isfinite(values), values, torch.nan).double().nanquantile(0.5))
