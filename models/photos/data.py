"""Photos with object masks: reading the records, cutting windows, drawing training batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from models.photos.frames import frame_matrix, seen_in
from models.photos.heads import NO_HEAD, Head, Points, head_in, points_in

STORED_SCALE = 1.9  # window side over the box's long side in the pictures that are kept for training
TRAIN_SCALE = (1.2, 1.8)  # the same ratio, as drawn for a training sample
USE_SCALE = 1.4  # the same when the program is used
CLOSEUP_SCALE = 1.2  # the same of a close-up, in which the box is in the middle
INDEX = "objects.jsonl"
KEYPOINTS = "keypoints.jsonl"  # where heads are, beside objects.jsonl
CLOSEUP_SIDE = 256  # pixels along a side of a close-up

PICTURE_ERRORS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises on files that are no pictures, damaged or too large."""

Line = TypeVar("Line")


class DataError(Exception):
    """The training folder is not of the documented shape; the message says what to change."""


@dataclass(frozen=True)
class ObjectRecord:
    """One object of one photo. ``box`` is x0, y0, x1, y1 in pixels of ``image``, and so is ``head``."""

    image: Path
    mask: Path
    class_name: str
    box: tuple[int, int, int, int]
    split: str
    photo: str
    head: Head = NO_HEAD


def read_records(folder: Path) -> list[ObjectRecord]:
    """The records of ``folder/objects.jsonl``: a JSON object a line with image, mask, class, box, split.

    Heads come from ``folder/keypoints.jsonl``, if there is one (see ``heads.points_in``).

    Raises:
        DataError: no such file, or a line of either that lacks a field.
    """
    heads = head_points(folder)

    def record(row: Any) -> ObjectRecord:
        x0, y0, x1, y1 = (int(v) for v in row["box"])
        if not (x0 < x1 and y0 < y1):
            raise ValueError(f"the box {row['box']} is empty")
        return ObjectRecord(
            folder / row["image"],
            folder / row["mask"],
            str(row["class"]),
            (x0, y0, x1, y1),
            str(row["split"]),
            str(row.get("photo", row["image"])),
            head_in(heads.get(str(row["image"]), ()), (x0, y0, x1, y1)),
        )

    index = folder / INDEX
    records = read_lines(
        index, record, "A data folder holds photos, masks and an objects.jsonl that lists them."
    )
    if not records:
        raise DataError(f"{index} lists no object.")
    return records


def head_points(folder: Path) -> dict[str, list[Points]]:
    """The points of heads in ``folder/keypoints.jsonl`` by the name of the picture; empty without that file.

    Raises:
        DataError: it cannot be read.
    """
    found: dict[str, list[Points]] = {}
    if (folder / KEYPOINTS).is_file():
        for image, points in read_lines(folder / KEYPOINTS, points_in):
            found.setdefault(image, []).append(points)
    return found


def read_lines(file: Path, read: Callable[[Any], Line], hint: str = "") -> list[Line]:
    """What ``read`` makes of a file's lines, which hold a JSON value each; blank ones are skipped.

    Raises:
        DataError: the file cannot be read (``hint`` says more), or a line is not what ``read`` expects.
    """
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror}). {hint}".rstrip()) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not text in UTF-8: save it as UTF-8.") from error
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(read(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise DataError(f"{file}, line {number}: {type(error).__name__} {error}.") from error
    return found


def class_names_of(records: Sequence[ObjectRecord]) -> tuple[str, ...]:
    """The classes, sorted: their order is the order of the networks' class index."""
    return tuple(sorted({record.class_name for record in records}))


def object_window(
    record: ObjectRecord, size: int, scale: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[float, float, float, float]]:
    """The square window around an object, resized.

    Returns:
        image (size, size, 3) and mask (size, size; 0..255, antialiased), and the box as fractions of the
        window. Where the photo ends its border pixels are repeated.

    Raises:
        DataError: a picture that cannot be read, that the box lies outside of, or whose mask has another
            size.
    """
    x0, y0, x1, y1 = record.box
    try:
        left, top, side = _window_of(record, scale)
        with Image.open(record.image) as opened:
            width, height = opened.size
            # Only the part in the window is converted and kept: photos may be large.
            part = (max(0, left), max(0, top), min(width, left + side), min(height, top + side))
            if part[0] >= part[2] or part[1] >= part[3] or side > 4 * max(width, height):
                raise DataError(f"{record.image} is too small for the box {list(record.box)}.")
            photo = np.asarray(in_rgb(opened.crop(part)))
        with Image.open(record.mask) as opened:
            if opened.size != (width, height):
                raise DataError(f"{record.mask} is not of the size of its photo.")
            mask = (np.asarray(opened.crop(part).convert("L")) > 0).astype(np.uint8) * 255
    except (*PICTURE_ERRORS, OverflowError) as error:
        raise DataError(f"{record.image} or its mask cannot be read: {error}.") from error
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    inside = ((rows == np.arange(top, top + side))[:, None]) & (columns == np.arange(left, left + side))
    cut = photo[rows - part[1]][:, columns - part[0]]
    cut_mask = np.where(inside, mask[rows - part[1]][:, columns - part[0]], 0).astype(np.uint8)
    resample = Image.Resampling.LANCZOS if side > size else Image.Resampling.BICUBIC
    image = np.asarray(Image.fromarray(cut).resize((size, size), resample))
    small = np.asarray(Image.fromarray(cut_mask).resize((size, size), Image.Resampling.BILINEAR))
    box = ((x0 - left) / side, (y0 - top) / side, (x1 - left) / side, (y1 - top) / side)
    return image, small, box


def in_rgb(picture: Image.Image) -> Image.Image:
    """A picture as mode RGB, grey of 16 bits scaled, which Pillow clips.

    Raises:
        ValueError: grey of 32 bits or of floating point, of which nobody knows what is white.
    """
    if picture.mode in ("I", "F"):
        raise ValueError("its grey has 32 bits; save it with 8 or 16")
    if picture.mode.startswith("I;16"):
        grey = np.asarray(picture).astype(np.float32) / 257
        return Image.fromarray(grey.round().astype(np.uint8)).convert("RGB")
    return picture.convert("RGB")


@dataclass
class Windows:
    """Windows of many objects in memory: images uint8 (N, 3, S, S), masks uint8 (N, 1, S, S),
    class_index int64 (N,), boxes float32 (N, 4) as x0, y0, x1, y1 in fractions of the window, heads float32
    (N, 3) as the middle x and y and half the side of each, in the same; that is 0 where none is known."""

    images: Tensor
    masks: Tensor
    class_index: Tensor
    boxes: Tensor
    heads: Tensor

    def __len__(self) -> int:
        return len(self.class_index)

    def to(self, device: torch.device) -> Windows:
        return self._each(lambda tensor: tensor.to(device))

    def some(self, rows: Tensor) -> Windows:
        """Those of the given rows (n,)."""
        return self._each(lambda tensor: tensor[rows])

    def _each(self, change: Callable[[Tensor], Tensor]) -> Windows:
        tensors = (self.images, self.masks, self.class_index, self.boxes, self.heads)
        return Windows(*map(change, tensors))


def check_classes(records: Sequence[ObjectRecord], class_names: Sequence[str]) -> None:
    """Raises DataError where a record is of another class than those that networks know."""
    unknown = [name for name in class_names_of(records) if name not in class_names]
    if unknown:
        raise DataError(
            f"The data hold the class {unknown[0]!r}, but this run learns {', '.join(class_names)}: "
            "leave it out of objects.jsonl, or begin a new run in another folder."
        )


def load_windows(
    records: Sequence[ObjectRecord], class_names: Sequence[str], size: int, scale: float = 1.4
) -> Windows:
    """Reads the windows of all records, with a progress bar on a terminal.

    Raises:
        DataError: a record of another class, or a picture or mask that cannot be read.
    """
    check_classes(records, class_names)
    index = {name: place for place, name in enumerate(class_names)}
    count = len(records)
    windows = Windows(
        torch.empty(count, 3, size, size, dtype=torch.uint8),
        torch.empty(count, 1, size, size, dtype=torch.uint8),
        torch.tensor([index[r.class_name] for r in records], dtype=torch.long),
        torch.empty(count, 4),
        torch.empty(count, 3),
    )
    bar = tqdm(records, desc="reading photos", unit="photo", disable=None, leave=False)
    for place, record in enumerate(bar):
        image, mask, box = object_window(record, size, scale)
        windows.images[place] = torch.from_numpy(image.copy()).permute(2, 0, 1)
        windows.masks[place, 0] = torch.from_numpy(mask.copy())
        windows.boxes[place] = torch.tensor(box)
        windows.heads[place] = _head_in_window(record, scale)
    return windows


def _head_in_window(record: ObjectRecord, scale: float) -> Tensor:
    """(3,) middle and half side of the head in fractions of the window of ``scale``."""
    left, top, side = _window_of(record, scale)
    head = record.head
    if not head.half:
        return torch.zeros(3)
    return torch.tensor([head.x - left, head.y - top, head.half]) / side


def _window_of(record: ObjectRecord, scale: float) -> tuple[int, int, int]:
    """Left, top and side of an object's square window, in pixels of its picture."""
    x0, y0, x1, y1 = record.box
    side = max(4, round(scale * max(x1 - x0, y1 - y0)))
    return (x0 + x1 - side) // 2, (y0 + y1 - side) // 2, side


@dataclass
class CloseUp:
    """The objects of a batch as the parts encoder sees them: photo (B, 3, 256, 256) in -1..1, mask
    (B, 1, 256, 256) in 0..1, and where that is in the window, as ``parts_code.placed`` takes it (B, 2, 3)."""

    photo: Tensor
    mask: Tensor
    placement: Tensor


@dataclass
class Batch:
    """A training batch: photo (B, 3, S, S) in -1..1, mask (B, 1, S, S) in 0..1, class_index (B,), heads
    (B, 3) as middle x, y and half side in -1..1 of the sample, that 0 where no head is known."""

    photo: Tensor
    mask: Tensor
    class_index: Tensor
    closeup: CloseUp
    heads: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(
            self.photo.to(device),
            self.mask.to(device),
            self.class_index.to(device),
            CloseUp(*(t.to(device) for t in (self.closeup.photo, self.closeup.mask, self.closeup.placement))),
            self.heads.to(device),
        )


class BatchSource:
    """Draws random windows around the objects: scale, place and flip vary, classes are balanced.

    Classes are drawn with probability proportional to the square root of their size, so that a class with
    few photos is neither forgotten nor learnt by heart. ``class_weights`` are factors on that, one a class.
    """

    def __init__(
        self, windows: Windows, generator: torch.Generator, class_weights: Sequence[float] | None = None
    ) -> None:
        self.windows = windows
        self.generator = generator
        counts = torch.bincount(windows.class_index).float().clamp(min=1)
        each = counts.rsqrt() / counts.sqrt().sum()
        if class_weights is not None:
            each = each * torch.tensor(class_weights[: len(each)], device=each.device)
        self._weights = each[windows.class_index]

    def draw(self, count: int, size: int) -> Batch:
        """``count`` samples of ``size`` × ``size`` pixels."""
        random = self.generator
        device = self.windows.images.device
        pick = torch.multinomial(self._weights, count, replacement=True, generator=random)
        uniform = torch.rand(4, count, generator=random, device=device)
        low, high = TRAIN_SCALE
        # Affine grids work in -1..1 over the stored window; the box always stays inside the sample.
        half = (low + (high - low) * uniform[0]) / STORED_SCALE
        boxes = self.windows.boxes[pick] * 2 - 1
        reach = torch.minimum(1 - half, half)  # never past the stored picture
        x = _shift(uniform[1], boxes[:, 0], boxes[:, 2], half, reach)
        y = _shift(uniform[2], boxes[:, 1], boxes[:, 3], half, reach)
        flip = torch.where(uniform[3] < 0.5, -1.0, 1.0)
        return cut_batch(self.windows, pick, torch.stack([x, y, half, flip], 1), size)


def use_frames(count: int) -> Tensor:
    """Frames (count, 4) for ``cut_batch`` of windows as they are in use, not mirrored."""
    return torch.tensor([[0.0, 0.0, USE_SCALE / STORED_SCALE, 1.0]]).repeat(count, 1)


def cut_batch(windows: Windows, pick: Tensor, frames: Tensor, size: int) -> Batch:
    """Samples of ``size`` × ``size`` pixels out of stored windows, with their close-ups.

    Args:
        pick: (B,) rows of ``windows``.
        frames: (B, 4) centre x, y and half side of each sample in -1..1 of its stored window, and -1 where
            it is mirrored, else 1.
    """
    boxes = windows.boxes[pick] * 2 - 1
    x, y, half, flip = frames.unbind(1)
    box_x, box_y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    close = torch.full_like(half, CLOSEUP_SCALE / STORED_SCALE)
    stored = torch.cat([windows.images[pick].float() / 127.5 - 1, windows.masks[pick].float() / 255], 1)
    both = seen_in(stored, frame_matrix(x, y, half, flip), size)
    near = seen_in(stored, frame_matrix(box_x, box_y, close, flip), CLOSEUP_SIDE)
    ratio, zero = half / close, torch.zeros_like(half)
    placement = torch.stack(
        [
            torch.stack([ratio, zero, (x - box_x) / (close * flip)], 1),
            torch.stack([zero, ratio, (y - box_y) / close], 1),
        ],
        1,
    )
    return Batch(
        both[:, :3].clamp(-1, 1),
        both[:, 3:].clamp(0, 1),
        windows.class_index[pick],
        CloseUp(near[:, :3].clamp(-1, 1), near[:, 3:].clamp(0, 1), placement),
        _heads_in_sample(windows.heads[pick], frames),
    )


def _heads_in_sample(heads: Tensor, frames: Tensor) -> Tensor:
    """Heads (B, 3) of stored windows as seen from samples with the given frames (B, 4)."""
    x, y, half, flip = frames.unbind(1)
    return torch.stack(
        [
            (heads[:, 0] * 2 - 1 - x) / (half * flip),
            (heads[:, 1] * 2 - 1 - y) / half,
            2 * heads[:, 2] / half,
        ],
        1,
    )


def _shift(uniform: Tensor, start: Tensor, end: Tensor, half: Tensor, reach: Tensor) -> Tensor:
    """Centre of a sample that holds the span start..end and stays within ±reach of the window's centre."""
    low = torch.maximum(end - half, -reach)
    high = torch.minimum(start + half, reach)
    middle = (low + high) / 2
    return torch.where(high > low, low + (high - low) * uniform, middle.clamp(-1, 1))
