"""What the networks must beat: real cut-outs pasted in, with and without colour transfer, and a grey fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from models.relight import from_linear, to_linear


@dataclass(frozen=True)
class Cases:
    """A batch of insertions to be made, and the real photo that each stems from. All windows are square.

    scene: (B, 3, S, S) in -1..1, the picture without an object; mask: (B, 1, S, S) in 0..1, the shape asked
    for; real, real_mask: photo and shape of the real object; class_index (B,); code (B, 64): appearance.
    """

    scene: Tensor
    mask: Tensor
    real: Tensor
    real_mask: Tensor
    class_index: Tensor
    code: Tensor


@dataclass(frozen=True)
class Insertion:
    """A method's answer: rgb (B, 3, S, S) in -1..1, alpha (B, 1, S, S) in 0..1, and the shape it means.

    A method that repaints the whole scene has an alpha of 1 everywhere, which says nothing of the object.
    """

    rgb: Tensor
    alpha: Tensor
    shape: Tensor
    repaints_scene: bool = False

    @property
    def object_alpha(self) -> Tensor:
        """(B, 1, S, S) where the object is."""
        return self.shape if self.repaints_scene else self.alpha


class Method(Protocol):
    """One way to insert objects; a row of the table."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    @property
    def keeps_real_shape(self) -> bool:
        """Whether it takes the real object's shape, whatever mask is asked for."""
        ...

    def insert(self, cases: Cases) -> Insertion:
        """Makes the objects; must not change `cases`."""
        ...


@dataclass(frozen=True)
class CopyPaste:
    """The real object's own pixels, cut out along its mask."""

    name: str = "copy-paste"
    keeps_real_shape: bool = True

    def insert(self, cases: Cases) -> Insertion:
        return Insertion(cases.real, cases.real_mask, cases.real_mask)


@dataclass(frozen=True)
class ReinhardPaste:
    """The real cut-out with the scene's colour statistics (Reinhard et al., IEEE CG&A 21(5), 2001)."""

    name: str = "copy-paste + Reinhard"
    keeps_real_shape: bool = True

    def insert(self, cases: Cases) -> Insertion:
        rgb = reinhard(cases.real, cases.real_mask, cases.scene, 1 - cases.real_mask)
        return Insertion(rgb, cases.real_mask, cases.real_mask)


@dataclass(frozen=True)
class GreyFill:
    """The real object's shape in flat mid grey: the lower anchor of the realism share.

    Like the upper anchor it keeps the real shape: an anchor that changed with the generated masks would let
    bad masks stretch the scale.
    """

    name: str = "grey fill"
    keeps_real_shape: bool = True

    def insert(self, cases: Cases) -> Insertion:
        return Insertion(torch.zeros_like(cases.scene), cases.real_mask, cases.real_mask)


_RGB_TO_LMS = ((0.3811, 0.5783, 0.0402), (0.1967, 0.7244, 0.0782), (0.0241, 0.1288, 0.8444))
_LMS_TO_LAB = (
    (3**-0.5, 3**-0.5, 3**-0.5),
    (6**-0.5, 6**-0.5, -2 * 6**-0.5),
    (2**-0.5, -(2**-0.5), 0.0),
)
_DARKEST = 2e-3  # linear light; about one step of 8 bits, so that the logarithm does not live on noise


def reinhard(source: Tensor, source_weight: Tensor, target: Tensor, target_weight: Tensor) -> Tensor:
    """`source` with mean and deviation of `target`, channel by channel in l-alpha-beta space.

    source, target: (B, 3, H, W) in -1..1; the weights (B, 1, H, W) say which pixels the statistics are taken
    from. The same formula is applied to every pixel of `source`. Returns (B, 3, H, W) in -1..1.
    """
    to_lms = torch.tensor(_RGB_TO_LMS, dtype=source.dtype, device=source.device)
    to_lab = torch.tensor(_LMS_TO_LAB, dtype=source.dtype, device=source.device)

    def lab_of(picture: Tensor) -> Tensor:
        lms = torch.einsum("ij,bjhw->bihw", to_lms, to_linear(picture).clamp(min=_DARKEST))
        return torch.einsum("ij,bjhw->bihw", to_lab, lms.log10())

    source_lab, target_lab = lab_of(source), lab_of(target)
    source_mean, source_deviation = _moments(source_lab, source_weight)
    target_mean, target_deviation = _moments(target_lab, target_weight)
    moved = (source_lab - source_mean) * (target_deviation / source_deviation.clamp(min=1e-4)) + target_mean
    lms = torch.einsum("ij,bjhw->bihw", to_lab.T, moved)  # the matrix is orthonormal
    return from_linear(torch.einsum("ij,bjhw->bihw", torch.linalg.inv(to_lms), 10**lms))


def _moments(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    total = weight.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    mean = (values * weight).sum(dim=(2, 3), keepdim=True) / total
    variance = ((values - mean).square() * weight).sum(dim=(2, 3), keepdim=True) / total
    return mean, variance.sqrt()
