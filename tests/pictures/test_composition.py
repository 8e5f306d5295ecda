"""A photo with layers on it: its own colours and depth stay, each object sees those before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daemon.pictures.colour_profile import RgbProfile
from daemon.pictures.composition import Composition, PlacedLayer
from daemon.pictures.photo import Photo, read_photo
from daemon.pictures.photo_output import write_photo
from tests.painting.scenes import noise
from tests.pictures.profiles import SCANNER_RGB, WIDE_RGB

RED = np.broadcast_to(np.array([230, 20, 20, 255], np.uint8), (10, 10, 4))


def test_the_next_object_sees_the_one_before() -> None:
    composition = Composition(Photo(noise(50, 50)), 8)
    composition.add(PlacedLayer(RED, "dog", 1, 5, 5))
    assert (composition.scene[5:15, 5:15] == (230, 20, 20)).all()


def test_a_copy_goes_its_own_way() -> None:
    first = Composition(Photo(noise(50, 50)), 8)
    second = first.copy()
    second.add(PlacedLayer(RED, "dog", 1, 5, 5))
    assert first.layers == [] and np.array_equal(first.picture, noise(50, 50))


@pytest.mark.parametrize(("depth", "dtype"), [(8, np.uint8), (16, np.uint16)])
@pytest.mark.parametrize("source", [np.uint8, np.uint16])
def test_the_picture_has_the_depth_that_was_asked_for(depth: int, dtype: type, source: type) -> None:
    composition = Composition(Photo(noise(20, 20, dtype=source)), depth)
    composition.add(PlacedLayer(RED, "dog", 1, 0, 0))
    assert composition.picture.dtype == dtype


def test_objects_on_a_grey_photo_are_grey() -> None:
    grey = np.repeat(noise(30, 30, 1), 3, axis=2)
    composition = Composition(Photo(grey, is_grey=True), 8)
    composition.add(PlacedLayer(RED, "dog", 1, 5, 5))
    assert (composition.picture == composition.picture[..., :1]).all()
    assert (composition.layers[0].pixels[..., :3] == composition.layers[0].pixels[..., :1]).all()


def test_in_a_photo_with_a_wide_profile_only_the_object_is_converted(tmp_path: Path) -> None:
    pixels = noise(40, 40)
    Image.fromarray(pixels).save(tmp_path / "photo.png", icc_profile=WIDE_RGB)
    composition = Composition(read_photo(tmp_path / "photo.png"), 8)
    composition.add(PlacedLayer(RED, "dog", 1, 5, 5))
    composition.write(tmp_path / "out.png")
    after = read_photo(tmp_path / "out.png")
    assert after.profile is not None and after.profile.data == WIDE_RGB
    outside = np.ones((40, 40), bool)
    outside[5:15, 5:15] = False
    assert np.array_equal(after.pixels[outside], pixels[outside])
    shown = after.profile.to_srgb(after.pixels)[5:15, 5:15]
    assert np.abs(shown.astype(int) - (230, 20, 20)).max() <= 6


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_photo_whose_profile_leads_only_to_srgb_is_converted_and_told_and_takes_objects(
    tmp_path: Path, dtype: type[np.uint8] | type[np.uint16]
) -> None:
    pixels = noise(40, 40, dtype=dtype)
    write_photo(tmp_path / "scan.tif", Photo(pixels, profile=RgbProfile(SCANNER_RGB)))
    photo = read_photo(tmp_path / "scan.tif")
    assert photo.profile is None
    assert np.array_equal(photo.pixels, RgbProfile(SCANNER_RGB).to_srgb(pixels))
    assert "converted to sRGB" in photo.notes[0] and not any("damaged" in note for note in photo.notes)
    composition = Composition(photo, 8)
    composition.add(PlacedLayer(RED, "dog", 1, 5, 5))
    assert composition.write_layers(tmp_path / "out.ora", []) == ()
    composition.write(tmp_path / "out.png")
    assert (read_photo(tmp_path / "out.png").pixels[5:15, 5:15] == (230, 20, 20)).all()


def test_layers_in_openraster_are_srgb_with_a_note_for_other_photos(tmp_path: Path) -> None:
    Image.fromarray(noise(40, 40)).save(tmp_path / "photo.png", icc_profile=WIDE_RGB)
    composition = Composition(read_photo(tmp_path / "photo.png"), 8)
    composition.add(PlacedLayer(RED, "dog", 1, 5, 5))
    (note,) = composition.write_layers(tmp_path / "out.ora", [])
    assert "sRGB" in note
