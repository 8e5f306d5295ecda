"""Joins pictures of one flow to a strip, numbered from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HEIGHT = 460  # of a strip, in pixels
GAP = 8
PAPER = (255, 255, 255)
BADGE = (230, 126, 34)
QUALITY = 82  # of the JPEG: text stays readable


def write_strip(frames: Sequence[Image.Image], path: Path) -> None:
    """Scales the frames to one height, numbers them and writes them side by side as a JPEG."""
    small = [_numbered(frame, number) for number, frame in enumerate(frames, start=1)]
    width = sum(frame.width for frame in small) + GAP * (len(small) - 1)
    strip = Image.new("RGB", (width, HEIGHT), PAPER)
    left = 0
    for frame in small:
        strip.paste(frame, (left, 0))
        left += frame.width + GAP
    strip.save(path, quality=QUALITY, optimize=True, progressive=True)


def _numbered(frame: Image.Image, number: int) -> Image.Image:
    scale = HEIGHT / frame.height
    size = (round(frame.width * scale), HEIGHT)
    small = frame.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(small)
    middle = (24, HEIGHT - 24)
    draw.ellipse([middle[0] - 15, middle[1] - 15, middle[0] + 15, middle[1] + 15], fill=BADGE)
    draw.text(middle, str(number), fill=PAPER, font=ImageFont.load_default(20), anchor="mm")
    return small
