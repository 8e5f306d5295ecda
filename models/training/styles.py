"""What seeds and styles choose from: looks of real objects, alone and in clusters named by colour."""

from __future__ import annotations

import colorsys
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.appearance_encoder import ENCODER_SIDE, AppearanceEncoder
from models.looks import Looks
from models.masks.parts_code import FINER, PARTS_CELLS, channels, summary
from models.parts_encoder import PartsEncoder
from models.photos.data import (
    CLOSEUP_SCALE,
    CLOSEUP_SIDE,
    STORED_SCALE,
    ObjectRecord,
    Windows,
    cut_batch,
    load_windows,
)

STYLES = 5  # clusters looked for in a class; those that share a colour name become one style
FEWEST_OBJECTS = 60  # of a class, below which clusters would be single photos
FEWEST_LOOKS = 8  # of a class, for seeds to choose from
_ROUNDS = 30
_BATCH = 256


@dataclass(frozen=True)
class Encoders:
    """What reads an object: its look and where its parts are."""

    appearance: AppearanceEncoder
    parts: PartsEncoder


def looks_and_styles(
    encoders: Encoders,
    records: Sequence[ObjectRecord],
    class_names: Sequence[str],
    seed: int = 0,
    shaped: Container[Path] = (),
) -> tuple[Looks, list[dict[str, list[float]]]]:
    """The looks that seeds choose from; name and appearance code of each class's styles, in the order of
    ``class_names``.

    Wang et al., "High-Resolution Image Synthesis with Conditional GANs" (2018), cluster encoded features in
    the same way. A class with fewer than ``FEWEST_OBJECTS`` objects has none. ``shaped``: the pictures of
    objects whose outlines and parts are shipped; their looks are not, so that no object can be had back.
    (A class that would be left with fewer than ``FEWEST_LOOKS`` keeps all of them.)
    """
    windows = load_windows(records, class_names, ENCODER_SIDE)
    codes = _encode(encoders.appearance, windows)
    free = torch.tensor([record.image not in shaped for record in records])
    left = torch.bincount(windows.class_index[free], minlength=len(class_names))
    chosen = torch.where(free | (left[windows.class_index] < FEWEST_LOOKS))[0]
    alike = summary(parts_codes(encoders.parts, [records[n] for n in chosen.tolist()], class_names)[:, 0])
    looks = Looks.of(codes[chosen], alike, windows.class_index[chosen], seed)
    random = torch.Generator().manual_seed(seed)
    presets = []
    for index in range(len(class_names)):
        members = torch.where(windows.class_index == index)[0]
        presets.append(
            _styles_of_class(codes[members], windows.some(members), random)
            if len(members) >= FEWEST_OBJECTS
            else {}
        )
    return looks, presets


@torch.inference_mode()
def parts_codes(encoder: PartsEncoder, records: Sequence[ObjectRecord], class_names: Sequence[str]) -> Tensor:
    """The parts codes (N, 2, C, 16, 16) of objects, as they are and mirrored, on the CPU."""
    device = next(encoder.parameters()).device
    side = round(CLOSEUP_SIDE * STORED_SCALE / CLOSEUP_SCALE)  # pixels for pixels of the close-up
    found = []
    for start in range(0, len(records), _BATCH):
        windows = load_windows(records[start : start + _BATCH], class_names, side, STORED_SCALE)
        sides = []
        for flip in (1.0, -1.0):
            frames = torch.tensor([[0.0, 0.0, 1.0, flip]]).repeat(len(windows), 1)
            near = cut_batch(windows, torch.arange(len(windows)), frames, 8).closeup
            sides.append(encoder(near.photo.to(device), near.mask.to(device)).cpu())
        found.append(torch.stack(sides, 1))
    return torch.cat(found) if found else torch.zeros(0, 2, channels(FINER), PARTS_CELLS, PARTS_CELLS)


def _styles_of_class(codes: Tensor, windows: Windows, random: torch.Generator) -> dict[str, list[float]]:
    clusters = cluster(codes, STYLES, random)
    styles: dict[str, list[float]] = {}
    # The largest cluster of a colour gives the style; smaller ones of that name add nothing to choose from.
    for label in torch.bincount(clusters, minlength=STYLES).argsort(descending=True).tolist():
        members = torch.where(clusters == label)[0]
        if len(members) == 0:
            continue
        name = colour_name(windows.some(members))
        if name not in styles:
            styles[name] = [round(value, 4) for value in codes[members].mean(0).tolist()]
    return dict(sorted(styles.items()))


@torch.inference_mode()
def _encode(encoder: AppearanceEncoder, windows: Windows) -> Tensor:
    """Codes (N, code_size) of all windows, on the CPU."""
    device = next(encoder.parameters()).device
    parts = []
    for start in range(0, len(windows), _BATCH):
        picture = windows.images[start : start + _BATCH].to(device).float() / 127.5 - 1
        mask = windows.masks[start : start + _BATCH].to(device).float() / 255
        parts.append(encoder(picture, mask)[0].cpu())
    return torch.cat(parts)


def cluster(points: Tensor, count: int, random: torch.Generator) -> Tensor:
    """K-means with k-means++ seeding (Arthur and Vassilvitskii, 2007): labels (N,) of points (N, D)."""
    centres = points[torch.randint(len(points), (1,), generator=random)]
    while len(centres) < count:
        distance = torch.cdist(points, centres).square().amin(1) + 1e-9
        centres = torch.cat([centres, points[torch.multinomial(distance, 1, generator=random)]])
    labels = torch.zeros(len(points), dtype=torch.long)
    for _ in range(_ROUNDS):
        labels = torch.cdist(points, centres).argmin(1)
        for place in range(count):
            if (labels == place).any():
                centres[place] = points[labels == place].mean(0)
    return labels


def colour_name(windows: Windows) -> str:
    """The colour of the objects, as a person would say it: "ginger", "black and white", "yellow"."""
    pixels = windows.images.permute(0, 2, 3, 1)[windows.masks[:, 0] > 200].float() / 255  # (P, 3)
    brightness = pixels.amax(1)
    dark, bright = (brightness < 0.3).float().mean().item(), (brightness > 0.7).float().mean().item()
    if dark > 0.25 and bright > 0.25:
        return "black and white"
    red, green, blue = pixels.median(0).values.tolist()
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    degrees = 360 * hue
    if value < 0.25:
        return "black"
    if saturation < 0.18:
        return "white" if value > 0.72 else "grey"
    if degrees < 50 or degrees > 345:
        return _warm_name(degrees, saturation, value)
    limits = ((70, "yellow"), (170, "green"), (255, "blue"), (300, "purple"), (345, "pink"))
    return next(name for limit, name in limits if degrees <= limit)


def _warm_name(degrees: float, saturation: float, value: float) -> str:
    """Reds, oranges and the furs between cream and brown."""
    if saturation > 0.72 and value > 0.6:
        if degrees > 40:
            return "yellow"
        return "red" if degrees < 15 or degrees > 345 else "orange"
    if value > 0.65:
        return "ginger" if saturation > 0.45 else "cream"
    return "dark brown" if value < 0.4 else "brown"
