"""What evaluations are tested on: small photos made in code, and networks whose faults are known."""

# ruff: noqa: ARG002 -- the stand-ins take the arguments of the real networks, needed or not
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.relight import from_linear, to_linear

RESOLUTION = 32
CLASSES = ("cat", "flower")


class TintedShapes:
    """Networks whose objects are the scene's mean light times a tint: they follow lighting perfectly."""

    resolution = RESOLUTION
    class_names = CLASSES
    code_size = 8

    def make_masks(self, class_index: Tensor, boxes: Tensor, z: Tensor) -> Tensor:
        place = (torch.arange(RESOLUTION) + 0.5) / RESOLUTION
        x = (place > boxes[:, 0:1]) & (place < boxes[:, 2:3])
        y = (place > boxes[:, 1:2]) & (place < boxes[:, 3:4])
        return (x.unsqueeze(1) & y.unsqueeze(2)).float().unsqueeze(1)

    def make_objects(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor]:
        light, around = to_linear(scene), 1 - mask
        mean = (light * around).sum(dim=(2, 3)) / around.sum(dim=(2, 3))
        tint = torch.exp(0.3 * code[:, :3].tanh() - 0.5)
        return from_linear((mean * tint)[:, :, None, None].expand_as(scene)), mask


class Stubborn(TintedShapes):
    """Networks that paint over everything and ignore the light."""

    def make_objects(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor]:
        return torch.full_like(scene, 0.4), torch.ones_like(mask)


class Repainter(TintedShapes):
    """A one-shot rival: paints its whole window, a little darker than the scene."""

    name = "one-shot"
    class_names = ("flower", "cat", "zebra")
    repaints_scene = True
    images_seen = 7
    code_size = 4

    def __init__(self) -> None:
        self.asked: list[Tensor] = []

    def make_objects(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor]:
        self.asked.append(class_index)
        colour, _ = super().make_objects(scene, mask, class_index, code)
        return torch.where(mask > 0.5, colour, scene - 0.05), torch.ones_like(mask)


def write_photos(folder: Path) -> Path:
    """24 small photos with a bright ellipse each on a textured ground, half of them held out."""
    random = np.random.default_rng(5)
    lines, heads = [], []
    for n in range(24):
        height, width = 60, 80
        y, x = np.mgrid[:height, :width]
        inside = ((x - 40) / (16 + n % 5)) ** 2 + ((y - 30) / 14) ** 2 < 1
        ground = random.integers(40, 120, 3) + random.normal(0, 12, (height, width, 3))
        thing = random.integers(120, 250, 3) + random.normal(0, 12, (height, width, 3))
        pixels = np.where(inside[..., None], thing, ground).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.png")
        Image.fromarray(inside.astype(np.uint8) * 255).save(folder / f"{n}_mask.png")
        rows, columns = np.nonzero(inside)
        record = {
            "image": f"{n}.png",
            "mask": f"{n}_mask.png",
            "class": CLASSES[n % 2],
            "split": "val" if n % 4 < 2 else "train",
            "box": [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1],
        }
        lines.append(json.dumps(record))
        points = {"left_eye": [36, 26], "right_eye": [44, 26], "nose": [40, 34]}
        heads.append(json.dumps({"image": f"{n}.png", "keypoints": points}))
    (folder / "keypoints.jsonl").write_text("\n".join(heads), encoding="utf-8")
    (folder / "objects.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder
