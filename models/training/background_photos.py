"""Photos without their object, to learn backgrounds from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from models.hole import dilate, fill_hole
from models.photos.data import PICTURE_ERRORS, DataError, ObjectRecord, in_rgb
from models.photos.frames import frame_matrix, seen_in

LARGEST_OBJECT = 0.36  # share of the picture that the object may cover: what is filled in is not scenery
_CLEARANCE = 3 / 64  # how far around the object the photo is taken for it, of the picture
_PARTS = 20  # of all photos, whose holes are filled one after the other, which bounds memory
_ENLARGED = 0.7  # by how much a photo is enlarged for training, at most
_SHIFTED = 0.9  # how far to the side its middle lies, at most, in halves of the photo
_HOLE = 0.3  # share of a pixel from which on it counts as the hole's


@dataclass(frozen=True)
class Scenes:
    """Photos whose object was replaced by what stands beside it, pictures uint8 (N, 3, S, S), and where it
    was, holes uint8 (N, 1, S, S) of 0 and 1."""

    pictures: Tensor
    holes: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def drawn(self, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Some of them, mirrored and cut at random: (count, 3, S, S) in -1..1, their holes (count, 1, S, S).

        To the sides they go on as their mirror images, so that holes, which are in the middle of most photos,
        lie everywhere.
        """
        pick = torch.randint(len(self), (count,), generator=random)
        whole = torch.cat([self.pictures[pick].float() / 127.5 - 1, self.holes[pick].float()], 1)
        half = 1 / (1 + _ENLARGED * torch.rand(count, generator=random))
        reach = torch.stack([torch.full_like(half, _SHIFTED), 1 - half], 1)
        middle = (torch.rand(count, 2, generator=random) * 2 - 1) * reach
        turned = torch.where(torch.rand(count, generator=random) < 0.5, -1.0, 1.0)
        matrix = frame_matrix(middle[:, 0], middle[:, 1], half, turned)
        cut = seen_in(whole, matrix, whole.shape[-1], beyond="reflection")
        return cut[:, :3], (cut[:, 3:] > _HOLE).float()


def load_backgrounds(records: Sequence[ObjectRecord], size: int, class_names: Sequence[str] = ()) -> Scenes:
    """Training photos with their object replaced by what stands beside it, ``size`` pixels a side.

    ``class_names``: only photos of these, since cats live in other scenes than cows; none: of all.
    Each pixel of the object takes the colour that mirrors it across the object's border in its own row, so
    that the horizon goes through; where the row ends before, the hole is filled smoothly.

    Raises:
        DataError: a photo cannot be read, or none leaves enough to see.
    """
    photos, masks = [], []
    training = [
        record
        for record in records
        if record.split == "train" and (not class_names or record.class_name in class_names)
    ]
    for record in tqdm(training, desc="reading photos", unit="photo", disable=None, leave=False):
        photo, mask = _square(record, size)
        if mask.mean() < LARGEST_OBJECT * 255:
            photos.append(photo)
            masks.append(mask)
    if not photos:
        raise DataError("No training photo shows enough scenery around its object.")
    photo_planes = torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).float() / 127.5 - 1
    mask_planes = (torch.from_numpy(np.stack(masks))[:, None] > 4).float()
    hole = dilate(mask_planes, max(1, round(_CLEARANCE * size)))
    parts = zip(photo_planes.chunk(_PARTS), hole.chunk(_PARTS), strict=True)
    filled = torch.cat([mirror_rows(photo, its_hole) for photo, its_hole in parts])
    return Scenes(((filled + 1) * 127.5).round().byte(), hole.byte())


def _square(record: ObjectRecord, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The middle square of a photo and of its mask, uint8 (size, size, 3) and (size, size)."""
    try:
        with Image.open(record.image) as photo, Image.open(record.mask) as mask:
            side = min(photo.size)
            left, top = (photo.width - side) // 2, (photo.height - side) // 2
            area = (left, top, left + side, top + side)
            small = in_rgb(photo).resize((size, size), Image.Resampling.LANCZOS, area)
            white = mask.convert("L").point(lambda value: 255 if value else 0)
            return np.asarray(small), np.asarray(white.resize((size, size), Image.Resampling.BOX, area))
    except PICTURE_ERRORS as error:
        raise DataError(f"{record.image} or its mask cannot be read: {error}.") from error


def mirror_rows(photo: Tensor, hole: Tensor) -> Tensor:
    """photo (B, 3, S, S), hole (B, 1, S, S) of 0 and 1 -> the photo with the hole filled row by row."""
    side = photo.shape[-1]
    place = torch.arange(side).expand(*hole.shape)
    known = hole < 0.5
    left = torch.cummax(torch.where(known, place, -1), 3).values  # nearest known pixel to the left
    right = torch.flip(torch.cummin(torch.flip(torch.where(known, place, side), [3]), 3).values, [3])
    from_left, from_right = 2 * left - place, 2 * right - place  # mirrored across that pixel
    can_left = (left >= 0) & (from_left >= 0)
    can_right = (right < side) & (from_right < side)
    can_left &= torch.gather(known, 3, from_left.clamp(0, side - 1))
    can_right &= torch.gather(known, 3, from_right.clamp(0, side - 1))
    towards_left = can_left & (~can_right | (place - left <= right - place))
    source = torch.where(towards_left, from_left, from_right).clamp(0, side - 1)
    mirrored = torch.gather(photo, 3, source.expand_as(photo))
    reached = (known | can_left | can_right).float()
    smooth = fill_hole(photo, 1 - reached)
    filled = torch.where(known, photo, torch.where(reached > 0.5, mirrored, smooth))
    # Mirrored and smooth parts meet without an edge inside the hole.
    soft = functional.avg_pool2d(filled, 3, 1, 1, count_include_pad=False)
    return torch.where(known, photo, soft)
