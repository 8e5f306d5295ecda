"""Contact sheets: the insertions that are measured, side by side, for a look before a number is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from models.evaluation.lighting import COLOUR_GAINS, EXPOSURES, gain
from models.evaluation.methods import Cases, Method, Networks, composite, to_bytes, to_signed
from models.evaluation.result import Background, Cell, Shape, Sheet
from models.evaluation.sample import Sample
from models.photos.data import Windows

TILE = 128  # pixels; a tile's side in the sheet, unless asked otherwise
GAP = 4  # pixels between tiles
LABEL_HEIGHT = 18  # pixels above a tile for its label
_PAPER, _INK = (250, 250, 248), (40, 40, 40)


def contact_sheet(columns: Mapping[str, Tensor], row_labels: Sequence[str], tile: int = TILE) -> Image.Image:
    """A sheet with a column for each label: a tensor (R, 3 or 1, S, S) in -1..1; one row a picture
    `tile` pixels wide.

    Labels stand above the columns; a row's label above its first picture, below the column's label.
    """
    rows = len(row_labels)
    if any(len(column) != rows for column in columns.values()):
        raise ValueError("Every column of a contact sheet needs a picture for every row.")
    step = tile + GAP
    width = GAP + step * len(columns)
    height = LABEL_HEIGHT + GAP + (step + LABEL_HEIGHT) * rows
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    for n, (label, column) in enumerate(columns.items()):
        draw.text((GAP + n * step, 2), label, fill=_INK, font=font)
        pictures = column.detach().float().cpu().expand(-1, 3, -1, -1)
        if pictures.shape[-1] != tile:
            pictures = F.interpolate(pictures, size=(tile, tile), mode="bilinear", antialias=True)
        for row, one in enumerate(to_bytes(pictures).permute(0, 2, 3, 1)):
            top = LABEL_HEIGHT + GAP + row * (step + LABEL_HEIGHT) + LABEL_HEIGHT
            sheet.paste(Image.fromarray(np.asarray(one)), (GAP + n * step, top))
    for row, label in enumerate(row_labels):
        draw.text((GAP, LABEL_HEIGHT + GAP + row * (step + LABEL_HEIGHT)), label, fill=_INK, font=font)
    return sheet


def _first(
    sample: Sample, scene: Tensor, mask: Tensor, count: int, shape: Shape = Shape.TRUE, look: int = 0
) -> Cases:
    """The first `count` insertions as one batch."""
    return next(sample.batches(scene[:count], mask[:count], shape, look=look, size=count))[1]


def _finished(method: Method, cases: Cases) -> Tensor:
    return to_signed(composite(cases.scene, method.insert(cases))[1])


def _sheet(sample: Sample, name: str, title: str, caption: str, columns: Mapping[str, Tensor]) -> Sheet:
    """A sheet of the sample's first photos, as many as the columns show."""
    rows = len(next(iter(columns.values())))
    return Sheet(name, title, caption, contact_sheet(columns, sample.labels[:rows]))


def cell_sheets(sample: Sample, networks: Networks, methods: Sequence[Method], *, rows: int) -> list[Sheet]:
    """A sheet for each cell: scene, mask, real photo, then every method."""
    sheets = []
    for cell in (Cell(shape, background) for background in Background for shape in Shape):
        mask = sample.masks(networks, cell.shape)
        cases = _first(sample, sample.scenes(cell.background), mask, min(rows, len(sample)), cell.shape)
        columns = {"scene": cases.scene, "mask": cases.mask * 2 - 1, "real photo": cases.real}
        columns |= {method.name: _finished(method, cases) for method in methods}
        caption = "Pasted objects keep the shape of the real one, whatever mask is asked for."
        sheets.append(_sheet(sample, cell.name, cell.title, caption, columns))
    return sheets


def looks_sheet(sample: Sample, method: Method, *, rows: int) -> Sheet:
    """One shape in one scene with several seeds."""
    columns = {"real photo": sample.real[:rows]}
    for look in range(sample.codes.shape[1]):
        cases = _first(sample, sample.clean, sample.real_mask, rows, look=look)
        columns[f"seed {look + 1}"] = _finished(method, cases)
    caption = "Colours and patterns should differ clearly within a row, the shape should not."
    return _sheet(sample, "looks", "Looks by seed", caption, columns)


def lighting_sheet(sample: Sample, method: Method, *, rows: int) -> Sheet:
    """One object in one scene under changing light."""
    cases = _first(sample, sample.clean, sample.real_mask, rows)
    lights = {f"light x {g}": gain((g, g, g)) for g in EXPOSURES}
    for name, g in (("bluer", COLOUR_GAINS[0]), ("redder", COLOUR_GAINS[-1])):
        lights[name] = gain((g, 1.0, 1 / g))
    columns = {
        name: _finished(method, replace(cases, scene=light(cases.scene))) for name, light in lights.items()
    }
    caption = "The object should grow brighter, redder and bluer with its scene and keep its look."
    return _sheet(sample, "lighting", "The same scene relit", caption, columns)


def copies_sheet(sample: Sample, made: Tensor, training: Windows, index: Tensor, *, rows: int) -> Sheet:
    """Made objects on grey beside their nearest training pictures (`index` (N,), -1 where there is none)."""
    found = (index >= 0).nonzero().flatten()[:rows]
    pictures = to_signed(training.images[index[found]])
    masks = training.masks[index[found]].float() / 255
    here = found.to(made.device)
    columns = {
        "made, on grey": made[here] * sample.real_mask[here],
        "nearest, on grey": pictures * masks,
        "nearest photo": pictures,
    }
    return Sheet(
        "copies",
        "Nearest training pictures",
        "A made object that looks the same as its neighbour is a copy.",
        contact_sheet(columns, [sample.labels[n] for n in found.tolist()]),
    )


def blotches_sheet(sample: Sample, made: Tensor, order: Tensor, *, rows: int) -> Sheet:
    """Pictures (N, 3, S, S) with most and with fewest blotches, by their `order` (N,)."""
    worst, best = order[:rows], order.flip(0)[:rows]
    labels = [f"{sample.labels[a]}, {sample.labels[b]}" for a, b in zip(worst, best, strict=True)]
    columns = {"most blotches": made[worst], "fewest": made[best]}
    caption = "The right should look cleaner than the left, or the figure is wrong."
    return Sheet("blotches", "Most and fewest blotches", caption, contact_sheet(columns, labels))


def comparison_sheet(
    sample: Sample, scene: Tensor, methods: Sequence[Method], masks: Sequence[Tensor], rows: int
) -> Sheet:
    """The scenes with either weights' object, side by side: numbers alone do not decide."""
    columns = {"scene": scene[:rows]}
    for method, mask in zip(methods, masks, strict=True):
        columns[method.name] = _finished(method, _first(sample, scene, mask, rows, Shape.GENERATED))
    caption = "Look before you replace: the better figures should have the better pictures."
    return _sheet(sample, "comparison", "The same scenes with either weights' object", caption, columns)
