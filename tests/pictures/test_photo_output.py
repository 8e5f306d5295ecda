"""Finished pictures: every pixel outside the object as it was, whole files or none, metadata kept."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daemon.pictures.atomic_file import UnwritableFile, check_writable, replacing
from daemon.pictures.file_formats import UnsuitableFormat
from daemon.pictures.photo import Photo, read_photo
from daemon.pictures.photo_output import write_object_layer, write_photo
from tests.painting.scenes import noise
from tests.pictures.profiles import LINEAR_GREY, WIDE_RGB

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("ending", ["png", "webp", "tif", "tiff"])
def test_lossless_formats_keep_every_pixel(tmp_path: Path, ending: str, channels: int) -> None:
    pixels = noise(50, 70, channels)
    if channels == 4:
        pixels[:9, :, 3] = 0
    path = tmp_path / f"out.{ending}"
    assert write_photo(path, Photo(pixels)) == ()
    assert np.array_equal(read_photo(path).pixels, pixels)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bits_are_written_and_read_back(tmp_path: Path, ending: str, channels: int) -> None:
    pixels = noise(400, 300, channels, dtype=np.uint16)
    path = tmp_path / f"out.{ending}"
    write_photo(path, Photo(pixels, dots_per_inch=(300.0, 300.0)))
    after = read_photo(path)
    assert np.array_equal(after.pixels, pixels)
    assert after.dots_per_inch == pytest.approx((300.0, 300.0), abs=0.01)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bit_colours_always_say_that_they_are_srgb(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    write_photo(path, Photo(noise(9, 9, 4, dtype=np.uint16)))
    profile = read_photo(path).profile
    assert profile is not None and profile.is_srgb


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_grey_photos_are_written_as_grey(tmp_path: Path, ending: str, dtype: type) -> None:
    grey = np.repeat(noise(20, 30, 1, dtype=dtype), 3, axis=2)
    path = tmp_path / f"out.{ending}"
    write_photo(path, Photo(grey, is_grey=True))
    with Image.open(path) as image:
        assert image.mode in ("L", "I;16")


def test_jpeg_is_written_fine_with_full_colour_resolution(tmp_path: Path) -> None:
    pixels = np.full((64, 64, 3), (30, 30, 220), np.uint8)
    pixels[:, ::2] = (220, 30, 30)  # would be one purple if colours were subsampled
    write_photo(tmp_path / "out.jpg", Photo(pixels))
    assert np.abs(read_photo(tmp_path / "out.jpg").pixels.astype(int) - pixels).mean() < 4


def test_jpeg_shows_transparency_over_white_and_says_so(tmp_path: Path) -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    notes = write_photo(tmp_path / "out.jpg", Photo(pixels))
    assert (read_photo(tmp_path / "out.jpg").pixels >= 254).all()
    assert "white" in notes[0]


def test_formats_of_eight_bits_say_so_of_deeper_photos(tmp_path: Path) -> None:
    notes = write_photo(tmp_path / "out.webp", Photo(noise(10, 10, dtype=np.uint16)))
    assert "8 bits" in notes[0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
def test_profile_and_camera_data_go_along(tmp_path: Path, ending: str, dtype: type) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8769)[0x8827] = 400  # ISO
    exif.get_ifd(0x8825)[1] = "N"
    before = tmp_path / "photo.png"
    Image.fromarray(noise(30, 30)).save(before, icc_profile=WIDE_RGB, exif=exif)
    photo = read_photo(before)
    path = tmp_path / f"out.{ending}"
    write_photo(path, replace(photo, pixels=photo.pixels.astype(dtype)))
    with Image.open(path) as image:
        assert image.info["icc_profile"] == WIDE_RGB
        after = image.getexif()
        assert after[0x010F] == "A camera"
        assert after.get_ifd(0x8769)[0x8827] == 400 and after.get_ifd(0x8825)[1] == "N"


def test_a_grey_profile_is_applied_and_told_of(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 55, np.uint8)).save(tmp_path / "photo.png", icc_profile=LINEAR_GREY)
    photo = read_photo(tmp_path / "photo.png")
    assert abs(int(photo.pixels[0, 0, 0]) - 128) <= 2  # 0.216 of the light is sRGB's middle code
    assert photo.notes


@pytest.mark.parametrize("depth", [8, 16])
def test_an_object_layer_tells_its_place(tmp_path: Path, depth: int) -> None:
    pixels = noise(20, 30, 4, dtype=np.uint8 if depth == 8 else np.uint16)
    write_object_layer(tmp_path / "layer.png", pixels, (412, 77))
    data = (tmp_path / "layer.png").read_bytes()
    place = data.index(b"oFFs") + 4
    assert data[place : place + 9] == (412).to_bytes(4, "big") + (77).to_bytes(4, "big") + b"\0"
    assert data.index(b"oFFs") < data.index(b"IDAT")
    assert np.array_equal(read_photo(tmp_path / "layer.png").pixels, pixels)


@pytest.mark.parametrize("name", ["out.gif", "out", "out.psd"])
def test_unknown_endings_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsuitableFormat, match=r"\.png"):
        write_photo(tmp_path / name, Photo(noise(4, 4)))


def test_a_picture_too_wide_for_its_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsuitableFormat, match="16383"):
        write_photo(tmp_path / "out.webp", Photo(np.zeros((1, 16_384, 3), np.uint8)))


# --- Whole files or none ----------------------------------------------------------------------------------


def test_a_failure_while_writing_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError), replacing(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing/out.png", "does not exist"),
        ("folder", "is a folder"),
        ("file/out.png", "its folder is a file"),
        ("z" * 260 + ".png", "too long"),
    ],
)
def test_what_cannot_be_written_is_known_before_and_after_the_work(
    tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableFile, match=said):
        check_writable(tmp_path / name)
    with pytest.raises(UnwritableFile, match=said), replacing(tmp_path / name) as file:
        file.write(b"data")
    assert {entry.name for entry in tmp_path.iterdir()} == {"folder", "file"}


@pytest.mark.skipif(os.name == "nt", reason="devices are no files there")
def test_devices_are_not_replaced() -> None:
    with pytest.raises(UnwritableFile, match="not an ordinary file"):
        check_writable(Path("/dev/null"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_may_not_be_written_to_is_told_of(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UnwritableFile, match="may not be written"):
            check_writable(tmp_path / "out.png")
    finally:
        tmp_path.chmod(0o700)


def test_checking_leaves_nothing_behind_and_existing_files_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"before")
    check_writable(path)
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="no such permissions there")
def test_permissions_are_the_usual_ones_or_those_of_the_file_before(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        write_photo(tmp_path / "new.png", Photo(noise(4, 4)))
    finally:
        os.umask(mask)
    old = tmp_path / "old.png"
    old.touch()
    old.chmod(0o640)
    write_photo(old, Photo(noise(4, 4)))
    assert stat.S_IMODE((tmp_path / "new.png").stat().st_mode) == 0o644
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "out.png").touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "real" / "out.png")
    write_photo(tmp_path / "link.png", Photo(noise(4, 4)))
    assert (tmp_path / "link.png").is_symlink()
    assert read_photo(tmp_path / "real" / "out.png").pixels.shape == (4, 4, 3)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a limit on file sizes")
@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif", "ora"])
def test_a_disk_without_room_is_told_of_and_the_old_file_stays(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    path.write_bytes(b"before")
    script = """
import resource, sys
from pathlib import Path
import numpy as np
from daemon.pictures.atomic_file import UnwritableFile
from daemon.pictures.openraster import RasterLayer, write_openraster
from daemon.pictures.photo import Photo
from daemon.pictures.photo_output import write_photo
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
pixels = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
path = Path(sys.argv[1])
try:
    if path.suffix == ".ora":
        write_openraster(path, [RasterLayer("photo", pixels)], pixels)
    else:
        write_photo(path, Photo(pixels))
except UnwritableFile as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert "cannot be written: it is larger" in done.stdout, done.stderr
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]
