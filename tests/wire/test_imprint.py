"""A layer that was scaled, turned or flipped is told from one that somebody has worked on."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from wire.imprint import Digest, Imprint, Standing, small_size, standing
from wire.layer_record import LayerRecord, Recipe
from wire.protocol import Rect, Wish

Resampling, Transpose = Image.Resampling, Image.Transpose


def picture(seed: int = 1) -> Image.Image:
    """Something of an object: patches of colour in an outline without symmetry."""
    rng = np.random.default_rng(seed)
    patches = Image.fromarray(rng.integers(0, 256, (7, 9, 3), dtype=np.uint8)).resize(
        (230, 180), Resampling.BICUBIC
    )
    outline = Image.new("L", patches.size)
    draw = ImageDraw.Draw(outline)
    draw.ellipse((20, 40, 200, 150), fill=255)
    draw.rectangle((170, 10, 220, 70), fill=255)
    draw.rectangle((40, 120, 60, 175), fill=255)
    patches.putalpha(outline)
    return patches


def imprint(layer: Image.Image, kind: str = "rgba8") -> Imprint:
    part = layer.crop(layer.getchannel("A").getbbox())
    size = small_size(*part.size)
    digest = Digest()
    digest.add(part.tobytes())
    return Imprint.of(digest.text, kind, part.size, size, part.resize(size, Resampling.BILINEAR).tobytes())


def now(layer: Image.Image, *, same_size: bool = False) -> Standing:
    return standing(imprint(picture()), imprint(layer), same_size=same_size)


def test_the_same_pixels_are_as_they_were_made() -> None:
    assert now(picture(), same_size=True) == Standing()


@pytest.mark.parametrize(("across", "down"), [(0.5, 0.5), (1.7, 1.7), (1.3, 0.8)])
def test_a_scaled_layer_is_as_it_was_made(across: float, down: float) -> None:
    assert now(picture().resize((round(230 * across), round(180 * down)), Resampling.BICUBIC)).is_as_made


@pytest.mark.parametrize("angle", [4, 25, 90, 143, -100])
@pytest.mark.parametrize("flipped", [False, True])
def test_turns_and_flips_are_told(angle: int, flipped: bool) -> None:
    layer = picture().transpose(Transpose.FLIP_LEFT_RIGHT) if flipped else picture()
    found = now(layer.rotate(-angle, Resampling.BICUBIC, expand=True))  # Pillow turns counterclockwise
    assert not found.is_changed
    assert found.is_flipped is flipped
    assert found.angle == pytest.approx(angle, abs=1)
    assert found.is_turned


def painted(layer: Image.Image, radius: int) -> Image.Image:
    draw = ImageDraw.Draw(layer)
    draw.ellipse((110 - radius, 95 - radius, 110 + radius, 95 + radius), fill=(230, 30, 40, 255))
    return layer


def test_a_single_pixel_is_work_on_a_layer_of_the_same_size() -> None:
    layer = picture()
    layer.putpixel((100, 90), (1, 2, 3, 255))
    assert now(layer, same_size=True).is_changed


@pytest.mark.parametrize("turn", [0, 30])
@pytest.mark.parametrize("scale", [0.6, 1.4])
def test_work_is_seen_under_a_turn(turn: int, scale: float) -> None:
    layer = painted(picture(), 16).rotate(turn, Resampling.BICUBIC, expand=True)
    layer = layer.resize((round(layer.width * scale), round(layer.height * scale)), Resampling.BICUBIC)
    assert now(layer).is_changed


def test_another_light_is_work() -> None:
    brighter = picture()
    bands = [band.point(lambda value: value * 0.75) for band in brighter.split()[:3]]
    layer = Image.merge("RGBA", (*bands, brighter.getchannel("A")))
    assert now(layer.resize((115, 90))).is_changed


def test_what_was_erased_is_work() -> None:
    layer = picture()
    ImageDraw.Draw(layer).rectangle((0, 0, 230, 60), fill=(0, 0, 0, 0))
    assert now(layer).is_changed


def test_another_depth_of_the_same_pixels_is_no_work() -> None:
    deep = imprint(picture(), "rgba16")
    assert standing(imprint(picture()), replace(deep, digest="of 16 bits"), same_size=True).is_as_made


def test_other_pixels_are_work() -> None:
    assert now(picture(seed=2), same_size=True).is_changed


def record(made: Imprint | None) -> LayerRecord:
    return LayerRecord(Recipe(Wish("dog", Rect(0, 0, 99, 99))), Rect(0, 0, 230, 180), imprint=made)


def test_a_record_keeps_its_imprint() -> None:
    kept = record(imprint(picture()))
    assert LayerRecord.from_json(kept.to_json()) == kept


def test_a_layer_that_shows_nothing_any_more_was_worked_on() -> None:
    assert record(imprint(picture())).standing(None, Rect(0, 0, 230, 180)).is_changed


def test_a_record_without_an_imprint_tells_of_no_work() -> None:
    assert record(None).standing(imprint(picture()), Rect(9, 9, 1, 1)) == Standing()


@pytest.mark.parametrize("name", ["packed", "width", "layer_width"])
@pytest.mark.parametrize("value", ["AAAA", "é", 0, -1, 10**9, float("inf"), None, []])
def test_a_damaged_imprint_makes_no_record(name: str, value: object) -> None:
    plain = json.loads(record(imprint(picture())).to_json())
    plain["imprint"][name] = value
    assert LayerRecord.from_json(json.dumps(plain).encode()) is None
