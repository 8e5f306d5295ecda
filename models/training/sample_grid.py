"""Pictures of how far a training run is: real objects in the first row, one seed a row below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from models.foreground_generator import composite
from models.hole import dilate, fill_hole
from models.photos.data import STORED_SCALE, Batch, ObjectRecord, cut_batch, load_windows, use_frames
from models.training.recipe import Recipe


def grid_batch(
    records: Sequence[ObjectRecord], class_names: Sequence[str], size: int, per_class: int = 3
) -> Batch:
    """The first ``per_class`` objects of each class, as a batch on the CPU."""
    chosen: list[ObjectRecord] = []
    for name in class_names:
        chosen += [record for record in records if record.class_name == name][:per_class]
    windows = load_windows(chosen, class_names, round(1.4 * size), STORED_SCALE)
    return cut_batch(windows, torch.arange(len(windows)), use_frames(len(windows)), size)


@torch.no_grad()
def write_grid(path: Path, recipe: Recipe, batch: Batch, seeds: int = 3) -> None:
    """Writes a PNG: the real objects, the same painted with their own look, then with ``seeds`` others."""
    batch = batch.to(recipe.device)
    mask, photo = batch.mask, batch.photo
    count, side = len(batch.class_index), photo.shape[-1]
    # The real object would show through where alpha is less than 1.
    scene = fill_hole(photo, dilate(mask, max(1, side // 32)))
    rows = [photo]
    codes = [recipe.looks_of(batch)]
    for seed in range(seeds):
        code = torch.randn(count, recipe.code_size, generator=torch.Generator().manual_seed(seed))
        codes.append(recipe.looks_by_chance(batch, code.to(recipe.device), seed))
    for seed, code in enumerate(codes):
        noise = torch.randn(count, 1, side, side, generator=torch.Generator().manual_seed(seed))
        colour, alpha = recipe.paint(batch, code, noise.to(recipe.device))
        rows.append(composite(colour, alpha, scene))
    to_picture(rows).save(path)


def to_picture(rows: Sequence[Tensor]) -> Image.Image:
    """Rows of (B, 3, S, S) in -1..1 side by side as one picture."""
    whole = torch.cat([torch.cat(list(row.float()), 2) for row in rows], 1)
    pixels = ((whole.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(pixels)
