"""Blotches: stains of colours that the class does not have, and steps along straight lines.

What these are made for: dark bluish spots, lava, burnt white, scales, black bands and vertical seams. Colours
are compared with the object's own middle one in logarithms of linear light, so that a scene's light cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.methods import Method, Networks, composite, to_signed
from models.evaluation.result import Background, BlotchRow, Shape
from models.evaluation.sample import BATCH, Sample
from models.photos.data import Windows
from models.relight import luminance, to_linear

SIDE = 128  # pixels of the window in which all objects are judged: a blotch is no fine detail
_BINS, _REACH = 16, 3.2  # cells of a colour range along each axis, which go from -reach to reach
_CHROMA = 2.0  # a step of chroma counts as so many of luminance
_RARE = 0.02  # share of the real pixels of a class that lie outside its range
_DARKEST = 4e-3  # linear light; below it chroma is noise
_INSIDE = 0.02  # how far inside the contour pixels are judged, as a share of the window
STRANGE = 0.02  # a share of strange pixels that counts as much as a seam as large as is usual
_LINE = 0.16  # length of a straight line, as a share of the window


@dataclass(frozen=True)
class Surfaces:
    """What the surfaces of each class's objects are like.

    known (C, 16, 16, 16) bool: the colours that they have, cells of log luminance, red over green and blue
    over green about the object's own; seams (C,): the mean of their `straight_steps`.
    """

    known: Tensor
    seams: Tensor

    @classmethod
    def of(cls, windows: Windows, class_count: int) -> Surfaces:
        """The surfaces of real objects; a class without any has every colour."""
        known = torch.ones(class_count, *[_BINS] * 3, dtype=torch.bool)
        usual = torch.ones(class_count)
        for index in range(class_count):
            counts, seams = torch.zeros(_BINS**3), []
            members = torch.where(windows.class_index == index)[0]
            for part in torch.split(members, BATCH):
                pictures, masks = to_signed(windows.images[part]), windows.masks[part].float() / 255
                seams.append(straight_steps(pictures, masks))
                for cells, inside in zip(*_cells(pictures, masks), strict=True):
                    share = torch.bincount(cells[inside], minlength=_BINS**3).float()
                    counts += share / share.sum().clamp(min=1)  # each object counts alike
            if not counts.any():
                continue
            smooth = F.avg_pool3d(counts.view(1, 1, *[_BINS] * 3), 3, 1, 1)[0, 0].flatten()
            order = smooth.argsort(descending=True)
            within = counts[order].cumsum(0) / counts.sum()
            place = torch.zeros(_BINS**3, dtype=torch.bool)
            place[order[: int((within < 1 - _RARE).sum()) + 1]] = True
            known[index] = place.view(*[_BINS] * 3)
            usual[index] = torch.cat(seams).nanmean().nan_to_num(1.0).clamp(min=0.05)
        return cls(known, usual)

    def seam(self, pictures: Tensor, masks: Tensor, class_index: Tensor) -> Tensor:
        """(B,) `straight_steps` over those that are usual for the class; arguments as for `strange`."""
        return straight_steps(pictures, masks) / self.seams.to(pictures.device)[class_index]

    def strange(self, pictures: Tensor, masks: Tensor, class_index: Tensor) -> Tensor:
        """(B,) share of the pixels of objects that no object of the class has; nan for one too small.

        pictures (B, 3, S, S) in -1..1, masks (B, 1, S, S) in 0..1, class_index (B,).
        """
        cells, inside = _cells(pictures, masks)
        known = self.known.flatten(1).to(pictures.device)
        strange = ~known[class_index[:, None, None], cells] & inside  # (B, S, S)
        return strange.sum((1, 2)) / inside.sum((1, 2))


def _cells(pictures: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """The cell (B, S, S) of each pixel's colour, and which pixels (B, S, S) are well inside the object."""
    pictures, inside = _small(pictures, masks)
    light = to_linear(pictures).clamp(min=_DARKEST).log()  # (B, 3, S, S)
    axes = torch.stack(
        [
            luminance(to_linear(pictures))[:, 0].clamp(min=_DARKEST).log(),
            _CHROMA * (light[:, 0] - light[:, 1]),
            _CHROMA * (light[:, 2] - light[:, 1]),
        ],
        1,
    )
    middle = axes.masked_fill(~inside.unsqueeze(1), torch.nan).flatten(2).nanmedian(2).values
    place = (axes - middle[..., None, None]).nan_to_num() / _REACH
    cell = ((place + 1) / 2 * _BINS).long().clamp(0, _BINS - 1)
    return (cell[:, 0] * _BINS + cell[:, 1]) * _BINS + cell[:, 2], inside


def straight_steps(pictures: Tensor, masks: Tensor) -> Tensor:
    """(B,) the largest step of log luminance along a straight upright or level line inside each object; nan
    for one with no room for a line.

    pictures (B, 3, S, S) in -1..1, masks (B, 1, S, S) in 0..1.
    """
    pictures, inside = _small(pictures, masks)
    light = luminance(to_linear(pictures)).clamp(min=0.01).log()
    length = max(3, round(_LINE * light.shape[-1]))
    largest = []
    for turned, within in ((light, inside), (light.transpose(2, 3), inside.transpose(1, 2))):
        step = turned[..., 2:] - turned[..., :-2]  # across an upright line, of up to two pixels' width
        room = (within[:, None, :, 2:] & within[:, None, :, :-2]).float()
        whole = F.avg_pool2d(room, (length, 1), 1) > 0.999
        mean = F.avg_pool2d(step * room, (length, 1), 1).abs()
        usual = F.avg_pool2d(step.abs() * room, (length, 9), 1, (0, 4))  # texture is no seam
        found = (mean - 0.5 * usual).masked_fill(~whole, -torch.inf)
        largest.append(found.flatten(1).amax(1))
    found = torch.stack(largest).amax(0)
    return torch.where(found.isinf(), torch.nan, found.clamp(min=0))


def _small(pictures: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures (B, 3, S, S) at the side of judgement, and where (B, S, S) they are well inside."""
    if pictures.shape[-1] != SIDE:
        pictures, masks = (
            F.interpolate(its, size=(SIDE, SIDE), mode="bilinear", antialias=True)
            for its in (pictures, masks)
        )
    reach = max(1, round(_INSIDE * SIDE))
    outside = F.max_pool2d((masks < 0.5).float(), 2 * reach + 1, 1, reach)
    return pictures, outside[:, 0] < 0.5


def worst_first(strange: Tensor, seams: Tensor) -> Tensor:
    """(N,) the places of pictures, those with most stains and seams first; what is nan comes last."""
    both = strange / STRANGE + seams
    return both.nan_to_num(-1).argsort(descending=True, stable=True)


def measure_blotches(
    sample: Sample, methods: Sequence[Method], training: Windows, networks: Networks
) -> tuple[list[BlotchRow], tuple[Tensor, Tensor]]:
    """Means over the pictures of each class, generated masks on other backgrounds; and what the last method
    made (N, 3, S, S) in -1..1, with the order of `worst_first`."""
    rows: list[BlotchRow] = []
    made, strange, seams = torch.empty(0), torch.empty(0), torch.empty(0)
    surfaces = Surfaces.of(training, len(sample.class_names))
    scene, mask = sample.scenes(Background.OTHER), sample.masks(networks, Shape.GENERATED)
    for method in methods:
        parts = []
        for _, cases in sample.batches(scene, mask, Shape.GENERATED):
            insertion = method.insert(cases)
            picture = to_signed(composite(cases.scene, insertion)[1])
            shape = insertion.object_alpha
            colours = surfaces.strange(picture, shape, cases.class_index)
            seams = surfaces.seam(picture, shape, cases.class_index)
            parts.append((picture.cpu(), colours, seams))
        made, strange, seams = (torch.cat(its).cpu() for its in zip(*parts, strict=True))
        for name, members in sample.groups().items():
            figures = (metrics.mean_or_nan(its[members]) for its in (strange, seams))
            rows.append(BlotchRow(method.name, name, len(members), *figures))
    return rows, (made, worst_first(strange, seams))
