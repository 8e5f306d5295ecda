"""The sample sheet of a new class, made with the finished pack: what a painter will get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional

from models.bundle import Bundle
from models.masks.generator import LATENT
from models.masks.sampling import ShapedParts
from models.photos.data import ObjectRecord, load_windows
from models.training.own_class.start import as_pictures, over_scene
from models.training.sample_grid import to_picture

_COLUMNS = 8
_SEEDS = 3
_LEGEND = 150  # pixels of the column that names the rows
_SIDE = 128  # pixels of a sample


@dataclass(frozen=True)
class Seen:
    """Figures of the sheet. ``seed_difference``: mean deviation between seeds in the mask, of the range of
    colours; ``detail``: fine detail of objects by chance over that of the photos."""

    seed_difference: float
    detail: float


@torch.inference_mode()
def sample_sheet(bundle: Bundle, records: Sequence[ObjectRecord], path: Path) -> Seen:
    """Writes the sheet; returns what it shows in figures.

    Rows: the photos, their looks taken over, three seeds in their outlines, two in generated outlines.
    """
    step = max(1, len(records) // _COLUMNS)
    chosen = [*records][::step][:_COLUMNS]
    windows = load_windows(chosen, bundle.class_names, bundle.resolution)
    photo, mask = as_pictures(windows)
    count = len(photo)
    random = torch.Generator().manual_seed(0)

    def painted(shape: Tensor, code: Tensor, parts: ShapedParts) -> tuple[Tensor, Tensor]:
        colour, alpha = bundle.make_objects(photo, shape, windows.class_index, code, parts=parts.placed)
        hidden = torch.maximum(mask, shape)  # neither the real object nor its edge may show
        return colour.cpu(), over_scene(colour.cpu(), alpha.cpu(), photo, hidden)

    def by_chance(parts: ShapedParts) -> Tensor:
        z = torch.randn(count, bundle.code_size, generator=random)
        return bundle.draw_looks(windows.class_index, z, parts)

    in_photos = bundle.parts_for(windows.class_index, mask)

    rows = [("photo (not learnt from)", photo)]
    _, taken = painted(mask, bundle.encode(photo, mask).cpu(), in_photos)
    rows.append(("its look taken over", taken))
    looks = []
    for seed in range(1, _SEEDS + 1):
        colour, made = painted(mask, by_chance(in_photos), in_photos)
        looks.append(colour)
        rows.append((f"seed {seed}", made))
    for seed in range(1, 3):
        z = torch.randn(count, LATENT, generator=random)
        outline, parts = bundle.make_shapes(windows.class_index, windows.boxes, z)
        _, made = painted(outline.cpu(), by_chance(parts), parts)
        rows.append((f"own outline {seed}", made))
    _write(rows, path)
    deviation = torch.stack(looks).std(0).mean(1, keepdim=True) / 2
    detail = sum(_detail(colour, mask) for colour in looks) / _SEEDS / max(1e-6, _detail(photo, mask))
    return Seen(float((deviation * mask).sum() / mask.sum().clamp(min=1)), detail)


def _detail(picture: Tensor, mask: Tensor) -> float:
    """Mean difference of a picture from its blurred self, well inside the mask."""
    inside = 1 - functional.max_pool2d(1 - mask, 5, 1, 2)
    difference = (picture - functional.avg_pool2d(picture, 3, 1, 1)).abs().mean(1, keepdim=True)
    return float((difference * inside).sum() / inside.sum().clamp(min=1))


def _write(rows: Sequence[tuple[str, Tensor]], path: Path) -> None:
    pictures = to_picture([row for _, row in rows])
    factor = _SIDE / rows[0][1].shape[-1]
    size = (round(pictures.width * factor), round(pictures.height * factor))
    pictures = pictures.resize(size, Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", (pictures.width + _LEGEND, pictures.height), "white")
    sheet.paste(pictures, (_LEGEND, 0))
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default()
    for place, (name, _) in enumerate(rows):
        pen.text((8, place * _SIDE + _SIDE // 2 - 6), name, fill="black", font=font)
    sheet.save(path)
