"""Outlines and photos drawn in code, as training data for tests."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.masks.geometry import boxed_mask, fields_of
from models.masks.shape_library import ShapeLibrary
from models.masks.shapes import Shapes
from models.photos.data import CLOSEUP_SIDE, Batch, CloseUp

CLASSES = ("disc", "star")


def drawn_mask(class_index: int, width: int, height: int, points: int) -> NDArray[np.uint8]:
    """An ellipse (class 0) or a star (class 1) that fills a picture, 0 | 255."""
    picture = Image.new("L", (width, height))
    pen = ImageDraw.Draw(picture)
    if class_index == 0:
        pen.ellipse((0, 0, width - 1, height - 1), fill=255)
    else:
        corners = []
        for step in range(2 * points):
            reach = 0.5 if step % 2 == 0 else 0.2
            angle = math.pi * step / points
            corners.append(
                (width * (0.5 + reach * math.sin(angle)), height * (0.5 - reach * math.cos(angle)))
            )
        pen.polygon(corners, fill=255)
    return np.asarray(picture)


def tight_box(mask: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of what is set."""
    rows, columns = np.where(mask.any(1))[0], np.where(mask.any(0))[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def made_shapes(per_class: int) -> Shapes:
    """Ellipses and stars of several box shapes."""
    frames, index, aspects = [], [], []
    for class_index in range(2):
        for number in range(per_class):
            width, height = 60 + 3 * (number % 17), 60 + 5 * (number % 7)
            mask = drawn_mask(class_index, width, height, 4 + number % 4)
            box = tight_box(mask)
            frames.append(boxed_mask(mask, box))
            index.append(class_index)
            aspects.append(math.log((box[2] - box[0]) / (box[3] - box[1])))
    stack = torch.from_numpy(np.stack(frames))
    return Shapes(fields_of(stack).half(), stack, torch.tensor(index), torch.tensor(aspects))


def made_library() -> ShapeLibrary:
    """A library of ellipses and stars."""
    return ShapeLibrary.build(made_shapes(40), 2)


def made_batch(seed: int, size: int = 32) -> Batch:
    """Four objects of two classes, squares of noise."""
    random = torch.Generator().manual_seed(seed)
    mask = torch.zeros(4, 1, size, size)
    mask[..., size // 4 : -size // 4, size // 4 : -size // 4] = 1
    photo = torch.rand(4, 3, size, size, generator=random) * 2 - 1
    near = torch.rand(4, 3, CLOSEUP_SIDE, CLOSEUP_SIDE, generator=random) * 2 - 1
    near_mask = torch.zeros(4, 1, CLOSEUP_SIDE, CLOSEUP_SIDE)
    near_mask[..., 10:-10, 10:-10] = 1
    placement = torch.tensor([[[1.5, 0.0, 0.0], [0.0, 1.5, 0.0]]]).repeat(4, 1, 1)
    heads = torch.tensor([[0.0, -0.3, 0.2], [0.0, 0.0, 0.0], [0.1, -0.2, 0.3], [0.0, 0.0, 0.0]])
    return Batch(photo, mask, torch.tensor([0, 1, 0, 1]), CloseUp(near, near_mask, placement), heads)


def write_photos(folder: Path, per_class: int) -> None:
    """A training folder with ``per_class`` objects a class, every fifth held out."""
    lines = []
    for class_index, name in enumerate(CLASSES):
        for number in range(per_class):
            shape = drawn_mask(class_index, 60 + 3 * number, 70, 5)
            mask = np.pad(shape, 12)
            photo = np.full((*mask.shape, 3), 90 + 10 * number, np.uint8)
            photo[mask > 0] = (200, 180, 40)
            stem = f"{name}_{number}"
            Image.fromarray(photo).save(folder / f"{stem}.png")
            Image.fromarray(mask).save(folder / f"{stem}_mask.png")
            split = "val" if number % 5 == 4 else "train"
            row = {"image": f"{stem}.png", "mask": f"{stem}_mask.png", "class": name, "split": split}
            lines.append(json.dumps(row | {"box": list(tight_box(mask)), "photo": stem}))
    (folder / "objects.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
