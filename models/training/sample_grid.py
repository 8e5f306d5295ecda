"""Pictures of how far a training run is: real objects in the first row, one seed a row below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from models.foreground_generator import composite
from models.hole import dilate, fill_hole
from models.photos.data import Batch, ObjectRecord, load_windows
from models.training.recipe import Recipe


def grid_batch(
    records: Sequence[ObjectRecord], class_names: Sequence[str], size: int, per_class: int = 3
) -> Batch:
    """The first ``per_class`` objects of each class, as a batch on the CPU."""
    chosen: list[ObjectRecord] = []
    for name in class_names:
        chosen += [record for record in records if record.class_name == name][:per_class]
    windows = load_windows(chosen, class_names, size)
    return Batch(windows.images.float() / 127.5 - 1, windows.masks.float() / 255, windows.class_index)


@torch.no_grad()
def write_grid(path: Path, recipe: Recipe, batch: Batch, seeds: int = 4) -> None:
    """Writes a PNG with the real objects and ``seeds`` generated ones in their place."""
    device = recipe.device
    mask, photo = batch.mask.to(device), batch.photo.to(device)
    count, side = len(batch.class_index), photo.shape[-1]
    # The real object would show through where alpha is less than 1.
    scene = fill_hole(photo, dilate(mask, max(1, side // 32)))
    rows = [photo]
    for seed in range(seeds):
        random = torch.Generator().manual_seed(seed)
        code = torch.randn(count, recipe.code_size, generator=random).to(device)
        code = recipe.looks_by_chance(batch.class_index.to(device), code, seed)
        noise = torch.randn(count, 1, side, side, generator=random).to(device)
        colour, alpha = recipe.paint(photo, mask, batch.class_index.to(device), code, noise)
        rows.append(composite(colour, alpha, scene))
    to_picture(rows).save(path)


def to_picture(rows: Sequence[Tensor]) -> Image.Image:
    """Rows of (B, 3, S, S) in -1..1 side by side as one picture."""
    whole = torch.cat([torch.cat(list(row.float()), 2) for row in rows], 1)
    pixels = ((whole.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(pixels)
