"""OpenRaster files are what its specification says, so that GIMP and Krita open them."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from daemon.pictures.composition import Composition, PlacedLayer
from daemon.pictures.openraster import RasterLayer, write_openraster
from daemon.pictures.photo import Photo, read_photo
from tests.painting.scenes import noise


def written(path: Path) -> Path:
    """A photo with two objects, one of which is not shown."""
    photo, dog, cat = noise(300, 400), noise(40, 50, 4, seed=1), noise(30, 20, 4, seed=2)
    layers = [
        RasterLayer("photo", photo),
        RasterLayer("dog · seed 42", dog, 17, 200),
        RasterLayer("cat <&> seed 7", cat, 0, 3, is_visible=False),
    ]
    write_openraster(path, layers, photo)
    return path


@pytest.fixture
def opened(tmp_path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(written(tmp_path / "out.ora"))


def png(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with Image.open(io.BytesIO(archive.read(name))) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def test_the_mimetype_comes_first_uncompressed_and_without_extras(opened: zipfile.ZipFile) -> None:
    with opened:
        first = opened.infolist()[0]
        assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
        assert opened.read("mimetype") == b"image/openraster"


def test_the_stack_lists_the_topmost_layer_first_with_names_and_places(opened: zipfile.ZipFile) -> None:
    with opened:
        image = ElementTree.fromstring(opened.read("stack.xml"))
        assert image.tag == "image" and (image.get("w"), image.get("h")) == ("400", "300")
        (stack,) = image
        told = [(e.get("name"), e.get("x"), e.get("y"), e.get("visibility")) for e in stack]
    assert told == [
        ("cat <&> seed 7", "0", "3", "hidden"),
        ("dog · seed 42", "17", "200", "visible"),
        ("photo", "0", "0", "visible"),
    ]


def test_every_layer_holds_its_own_pixels(opened: zipfile.ZipFile) -> None:
    with opened:
        (stack,) = ElementTree.fromstring(opened.read("stack.xml"))
        sources = [str(layer.get("src")) for layer in stack]
        assert np.array_equal(png(opened, sources[1]), noise(40, 50, 4, seed=1))
        assert np.array_equal(png(opened, sources[2]), noise(300, 400))


def test_the_merged_picture_and_a_small_thumbnail_are_there(opened: zipfile.ZipFile) -> None:
    with opened:
        assert png(opened, "mergedimage.png").shape == (300, 400, 3)
        assert max(png(opened, "Thumbnails/thumbnail.png").shape[:2]) == 256


@pytest.mark.parametrize("date", [(1970, 1, 1), (2024, 5, 6), (2200, 1, 1)])
def test_the_same_picture_gives_the_same_file_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, date: tuple[int, int, int]
) -> None:
    before = written(tmp_path / "before.ora").read_bytes()
    now = time.struct_time((*date, 12, 34, 56, 0, 1, 0))
    monkeypatch.setattr(time, "localtime", lambda *_: now)
    assert written(tmp_path / "after.ora").read_bytes() == before


def test_a_name_that_xml_cannot_hold_gives_a_file_that_opens(tmp_path: Path) -> None:
    layers = [RasterLayer("caf\udce9 \x1b[1m\n\0\ufffe é 照片 🐎", noise(4, 4))]
    write_openraster(tmp_path / "out.ora", layers, noise(4, 4))
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        ((layer,),) = ElementTree.fromstring(archive.read("stack.xml"))
    assert layer.get("name") == "caf� �[1m��� é 照片 🐎"


def test_layers_of_sixteen_bits_stay_so(tmp_path: Path) -> None:
    deep = noise(30, 40, 4, dtype=np.uint16)
    write_openraster(tmp_path / "out.ora", [RasterLayer("deep", deep)], deep)
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        (tmp_path / "layer.png").write_bytes(archive.read("data/layer0.png"))
    assert np.array_equal(read_photo(tmp_path / "layer.png").pixels, deep)


def test_a_composition_shows_its_own_layers_and_hides_other_variations(tmp_path: Path) -> None:
    photo = Photo(noise(100, 100))
    one, two = Composition(photo, 8), Composition(photo, 8)
    one.add(PlacedLayer(noise(10, 10, 4), "dog", 1, 5, 6))
    two.add(PlacedLayer(noise(10, 10, 4, seed=1), "dog", 2, 5, 6))
    one.write_layers(tmp_path / "out.ora", two.layers)
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        (stack,) = ElementTree.fromstring(archive.read("stack.xml"))
        assert [(e.get("name"), e.get("visibility")) for e in stack] == [
            ("dog · seed 1", "visible"),
            ("dog · seed 2", "hidden"),
            ("photo", "visible"),
        ]
        assert np.array_equal(png(archive, "mergedimage.png"), one.picture)
