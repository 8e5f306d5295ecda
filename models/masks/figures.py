"""Figures and a picture that say how good generated outlines are, against held-out real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.masks.generator import LATENT
from models.masks.geometry import fill_ratio, masks_in_window
from models.masks.pieces import largest_component
from models.masks.sampling import MaskSampler
from models.masks.shapes import Shapes

_WINDOW = 128  # pixels along a side of the windows in which fit is measured
_BOX_SHARE = 1 / 1.4  # box's long side over the window's
_RANDOM_SEED = 20


def centred_boxes(log_aspect: Tensor, share: float = _BOX_SHARE) -> Tensor:
    """Boxes (B, 4) of the given log(width / height) in the middle of the window, as fractions."""
    width = torch.exp(log_aspect.clamp(max=0)) * share
    height = torch.exp(-log_aspect.clamp(min=0)) * share
    return torch.stack([0.5 - width / 2, 0.5 - height / 2, 0.5 + width / 2, 0.5 + height / 2], 1)


def box_misfit(masks: Tensor, boxes: Tensor) -> Tensor:
    """Largest distance in pixels between a side of the box and of the mask's part above a half, (B,)."""
    size = masks.shape[-1]
    inside = masks[:, 0] > 0.5
    worst = []
    for shape, box in zip(inside, boxes * size, strict=True):
        columns, rows = torch.where(shape.any(0))[0], torch.where(shape.any(1))[0]
        if len(columns) == 0:
            worst.append(torch.tensor(float(size)))
            continue
        ends = torch.stack([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
        worst.append((ends - box.to(ends.device)).abs().max())
    return torch.stack(worst).float()


def nearest_overlap(outlines: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of each field (B, 1, 64, 64) with the most similar of ``others``, (B,).

    Mirrored ones count too.
    """
    mine = (outlines > 0).flatten(1).float()
    both = torch.cat([others, others.flip(3)])
    theirs = (both > 0).flatten(1).float()
    shared = mine @ theirs.T
    union = mine.sum(1)[:, None] + theirs.sum(1)[None] - shared
    return (shared / union.clamp(min=1)).amax(1)


def _spread(values: Tensor) -> list[float]:
    """Mean and standard deviation, rounded."""
    return [round(values.mean().item(), 3), round(values.std(correction=0).item(), 3)]


@torch.inference_mode()
def mask_figures(
    sampler: MaskSampler,
    training: Shapes,
    validation: Shapes,
    class_names: Sequence[str],
    *,
    count: int,
) -> dict[str, Any]:
    """Figures over ``count`` outlines a class, drawn for the box shapes of held-out objects.

    Returns:
        plain values: over all classes ``box_misfit_px`` (largest, window of 128), ``box_fits_to_a_pixel`` and
        ``one_component`` (shares), ``fallback`` (share of real outlines taken as they are); and by class mean
        and deviation of the fill ratio, of the overlap (intersection over union) with the nearest training
        outline for drawn and for held-out ones, and of the overlap between two drawn ones.
    """
    random = torch.Generator().manual_seed(_RANDOM_SEED)
    classes: dict[str, Any] = {}
    misfits, single, replaced = [], [], []
    for index, name in enumerate(class_names):
        real = validation.chosen(torch.where(validation.class_index == index)[0])
        known = training.chosen(torch.where(training.class_index == index)[0])
        source = real if len(real) >= 8 else known
        pick = torch.randint(len(source), (count,), generator=random)
        aspect = source.log_aspect[pick]
        named = torch.full((count,), index)
        z = torch.randn(count, LATENT, generator=random)
        found = sampler.outlines(named, aspect, z)
        outlines, real_ones = found.fields, found.is_real
        boxes = centred_boxes(aspect)
        masks = masks_in_window(outlines, boxes, _WINDOW)
        misfits.append(box_misfit(masks, boxes))
        inside = masks > 0.5
        single.append((largest_component(inside) == inside).all(3).all(2).all(1).float())
        replaced.append(real_ones.float())
        drawn_bits = (outlines[:, 0] > 0).flatten(1).float()
        shared = drawn_bits @ drawn_bits.T
        area = drawn_bits.sum(1)
        pairs = (shared / (area[:, None] + area[None] - shared))[~torch.eye(count, dtype=torch.bool)]
        classes[name] = {
            "fill_drawn": _spread(fill_ratio(outlines)),
            "fill_training": _spread(fill_ratio(known.fields.float())),
            "overlap_drawn_to_training": _spread(nearest_overlap(outlines, known.fields)),
            "overlap_between_drawn": _spread(pairs),
            "log_aspect_training": _spread(known.log_aspect),
        }
        if len(real) > 0:
            classes[name] |= {
                "fill_held_out": _spread(fill_ratio(real.fields.float())),
                "overlap_held_out_to_training": _spread(nearest_overlap(real.fields, known.fields)),
                "log_aspect_held_out": _spread(real.log_aspect),
            }
    return {
        "box_misfit_px": round(torch.cat(misfits).max().item(), 2),
        "box_fits_to_a_pixel": round((torch.cat(misfits) <= 1).float().mean().item(), 4),
        "one_component": round(torch.cat(single).mean().item(), 4),
        "fallback": round(torch.cat(replaced).mean().item(), 4),
        "classes": classes,
    }


@torch.inference_mode()
def mask_sheet(
    sampler: MaskSampler,
    *,
    seed: int = 0,
    seeds: int = 7,
    size: int = 96,
) -> NDArray[np.uint8]:
    """A picture to look at: a row for each class; columns are seeds, for a narrow, a usual and a wide box.

    Returns:
        (classes × size, 3 × seeds × size) uint8.
    """
    random = torch.Generator().manual_seed(seed)
    z = torch.randn(seeds, LATENT, generator=random)
    rows = []
    for index, (low, high) in enumerate(sampler.shapes.aspect_range.tolist()):
        row = []
        for part in (0.25, 0.5, 0.75):
            aspect = torch.full((seeds,), low + (high - low) * part)
            named = torch.full((seeds,), index)
            outlines = sampler.outlines(named, aspect, z).fields
            masks = masks_in_window(outlines, centred_boxes(aspect, 0.94), size)
            row.append(torch.cat(list(masks[:, 0]), 1))
        rows.append(torch.cat(row, 1))
    return (torch.cat(rows) * 255).round().to(torch.uint8).numpy()
