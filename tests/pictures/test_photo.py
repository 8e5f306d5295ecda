"""Every kind of photo is read with its colours, depth and orientation right, or refused in a sentence."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from daemon.pictures import photo as photo_module
from daemon.pictures.atomic_file import UnwritableFile, check_writable, replacing
from daemon.pictures.deep_pictures import write_deep_png
from daemon.pictures.photo import Photo, UnreadablePhoto, memory_left, read_photo
from daemon.pictures.photo_output import write_photo
from daemon.pictures.tiff_output import write_tiff
from tests.painting.scenes import noise
from tests.pictures.profiles import WIDE_RGB
from wire.protocol import ErrorCode

SKY = np.array([90, 140, 220], np.uint8)


def sky(width: int = 40, height: int = 30) -> Image.Image:
    return Image.fromarray(np.broadcast_to(SKY, (height, width, 3)).copy())


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif", "bmp", "gif", "ppm"])
def test_common_formats_are_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"photo.{ending}"
    sky().save(path)
    photo = read_photo(path)
    assert photo.pixels.shape == (30, 40, 3) and photo.pixels.dtype == np.uint8
    assert np.abs(photo.pixels.astype(int) - SKY).max() <= 6


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_photos_become_three_equal_colours_and_are_known_as_grey(tmp_path: Path, mode: str) -> None:
    sky().convert(mode).save(tmp_path / "photo.png")
    photo = read_photo(tmp_path / "photo.png")
    assert photo.is_grey
    assert photo.pixels.shape == (30, 40, 4 if mode == "LA" else 3)
    assert (photo.pixels[..., :3] == photo.pixels[..., :1]).all()


def test_a_palette_photo_has_its_colours(tmp_path: Path) -> None:
    picture = sky().quantize(4)
    picture.save(tmp_path / "photo.png")
    assert (read_photo(tmp_path / "photo.png").pixels == np.asarray(picture.convert("RGB"))).all()


def test_a_transparent_palette_colour_becomes_alpha(tmp_path: Path) -> None:
    picture = Image.new("P", (20, 20), 0)
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.paste(1, (0, 0, 10, 20))
    picture.save(tmp_path / "photo.png", transparency=1)
    pixels = read_photo(tmp_path / "photo.png").pixels
    assert (pixels[:, :10, 3] == 0).all() and (pixels[:, 10:] == (255, 0, 0, 255)).all()


def test_alpha_and_the_colours_under_it_are_kept(tmp_path: Path) -> None:
    pixels = noise(20, 30, 4)
    pixels[:5, :, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    assert np.array_equal(read_photo(tmp_path / "photo.png").pixels, pixels)


def test_cmyk_becomes_rgb_with_a_note(tmp_path: Path) -> None:
    sky().convert("CMYK").save(tmp_path / "photo.jpg", quality=100)
    photo = read_photo(tmp_path / "photo.jpg")
    assert np.abs(photo.pixels.astype(int) - SKY).max() <= 6
    assert any("CMYK" in note for note in photo.notes)


def test_lab_becomes_rgb(tmp_path: Path) -> None:
    lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    ).apply(sky())
    lab.save(tmp_path / "photo.tif")
    assert np.abs(read_photo(tmp_path / "photo.tif").pixels.astype(int) - SKY).max() <= 4


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bits_are_kept_to_the_last_bit(tmp_path: Path, ending: str, channels: int) -> None:
    pixels = noise(70, 50, channels, dtype=np.uint16)
    path = tmp_path / f"photo.{ending}"
    with path.open("wb") as file:
        (write_deep_png if ending == "png" else write_tiff)(file, pixels)
    photo = read_photo(path)
    assert photo.depth == 16 and photo.is_grey == (channels == 1)
    assert np.array_equal(photo.pixels, np.repeat(pixels, 3, axis=2) if channels == 1 else pixels)


def test_floating_point_shades_are_read_with_sixteen_bits(tmp_path: Path) -> None:
    shades = np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30)
    Image.fromarray(shades).save(tmp_path / "photo.tif")
    photo = read_photo(tmp_path / "photo.tif")
    assert photo.is_grey and np.abs(photo.pixels[..., 0] / 65535 - shades).max() < 1e-5


@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_upright(tmp_path: Path, orientation: int, deep: bool) -> None:
    upright = np.zeros((20, 30, 3), np.uint8)
    upright[:10, :15] = (255, 0, 0)  # red in the top left
    upright[10:, 15:] = (0, 0, 255)
    undo = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: np.rot90(upright[:, ::-1], -1),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.png"
    if deep:
        with path.open("wb") as file:
            write_deep_png(file, undo.astype(np.uint16) * 257, exif=exif.tobytes())
    else:
        Image.fromarray(np.ascontiguousarray(undo)).save(path, exif=exif)
    photo = read_photo(path)
    assert np.array_equal(photo.pixels, upright.astype(np.uint16) * 257 if deep else upright)
    after = Image.Exif()
    after.load(photo.exif)
    assert after[0x0112] == 1


def test_a_wide_rgb_profile_is_kept_and_no_pixel_converted(tmp_path: Path) -> None:
    pixels = noise(20, 20)
    Image.fromarray(pixels).save(tmp_path / "photo.png", icc_profile=WIDE_RGB)
    photo = read_photo(tmp_path / "photo.png")
    assert np.array_equal(photo.pixels, pixels)
    assert photo.profile is not None and photo.profile.data == WIDE_RGB and not photo.profile.is_srgb


def test_colours_go_from_a_wide_profile_to_srgb_and_back(tmp_path: Path) -> None:
    sky().save(tmp_path / "photo.png", icc_profile=WIDE_RGB)
    photo = read_photo(tmp_path / "photo.png")
    assert photo.profile is not None
    seen = photo.profile.to_srgb(photo.pixels)
    assert int(seen[0, 0, 0]) < SKY[0] - 20  # less red in sRGB's smaller triangle
    assert np.abs(photo.profile.from_srgb(seen).astype(int) - SKY).max() <= 2


def test_an_srgb_profile_is_recognised_whoever_wrote_it(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sky().save(tmp_path / "photo.png", icc_profile=srgb)
    photo = read_photo(tmp_path / "photo.png")
    assert photo.profile is not None and photo.profile.is_srgb and photo.profile.data == srgb


def test_a_damaged_profile_is_left_out_with_a_note(tmp_path: Path) -> None:
    sky().save(tmp_path / "photo.png", icc_profile=b"no profile at all")
    photo = read_photo(tmp_path / "photo.png")
    assert photo.profile is None and any("damaged" in note for note in photo.notes)


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_of_an_animated_file_the_first_picture_is_used_with_a_note(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"photo.{ending}"
    red = Image.new("RGB", (20, 20), (200, 30, 30))
    red.save(path, save_all=True, append_images=[sky(20, 20)], duration=100, lossless=True)
    photo = read_photo(path)
    assert np.abs(photo.pixels[..., :3].astype(int) - (200, 30, 30)).max() <= 4
    assert any("animated" in note for note in photo.notes)


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp"])
def test_a_colour_profile_and_texts_of_megabytes_are_read_and_kept(tmp_path: Path, ending: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    large = np.random.default_rng(1).bytes(1_500_000)  # nothing that a profile needs, but part of it
    profile = struct.pack(">I", len(srgb) + len(large)) + srgb[4:] + large
    path = tmp_path / f"photo.{ending}"
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Story", "x" * 3_000_000, zip=True)
    sky().save(path, icc_profile=profile, **({"pnginfo": texts} if ending == "png" else {}))
    photo = read_photo(path)
    assert photo.profile is not None and photo.profile.data == profile
    write_photo(tmp_path / "out.png", photo)
    again = read_photo(tmp_path / "out.png")
    assert again.profile is not None and again.profile.data == profile
    assert len(again.texts) == (1 if ending == "png" else 0)
    assert PngImagePlugin.MAX_TEXT_CHUNK < 2**21  # other users of Pillow in this process keep its limit


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_lead_nowhere_are_called_so_and_none_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("b.png")
    (tmp_path / "b.png").symlink_to("a.png")
    with pytest.raises(UnreadablePhoto, match="a link that leads nowhere"):
        read_photo(tmp_path / "a.png")
    with pytest.raises(UnwritableFile, match="round in a circle"):
        check_writable(tmp_path / "a.png")
    with pytest.raises(UnwritableFile, match="round in a circle"), replacing(tmp_path / "a.png"):
        pass
    assert (tmp_path / "a.png").is_symlink()


def test_a_photo_of_one_pixel_is_read(tmp_path: Path) -> None:
    sky(1, 1).save(tmp_path / "photo.png")
    assert read_photo(tmp_path / "photo.png").pixels.shape == (1, 1, 3)


@pytest.mark.parametrize("name", ["写真 été ✿.png", "x" * 240 + ".png", 'a\'b "c" \n.png'])
def test_unusual_names_are_read(tmp_path: Path, name: str) -> None:
    sky().save(tmp_path / name)
    assert read_photo(tmp_path / name).pixels.shape == (30, 40, 3)


def test_a_photo_deep_down_in_folders_is_read(tmp_path: Path) -> None:
    folder = tmp_path
    while len(str(folder)) < 1500:
        folder = folder / ("ordner-" * 20)
    folder.mkdir(parents=True)
    sky().save(folder / "photo.png")
    assert read_photo(folder / "photo.png").pixels.shape == (30, 40, 3)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif", "gif"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95])
def test_a_truncated_photo_is_refused_in_a_sentence(tmp_path: Path, ending: str, share: float) -> None:
    path = tmp_path / f"photo.{ending}"
    Image.fromarray(noise(60, 60)).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadablePhoto) as refusal:
        read_photo(path)
    assert refusal.value.code is ErrorCode.BAD_REQUEST and "\n" not in str(refusal.value)


def test_broken_bytes_never_raise_anything_but_the_refusal(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    for ending in ("png", "jpg", "webp", "tif", "gif", "bmp"):
        path = tmp_path / f"photo.{ending}"
        Image.fromarray(noise(24, 24)).save(path)
        whole = path.read_bytes()
        for _ in range(25):
            data = bytearray(whole)
            for place in generator.integers(0, min(len(data), 400), 6):
                data[place] = int(generator.integers(0, 256))
            path.write_bytes(data)
            try:
                read_photo(path)
            except UnreadablePhoto as refusal:
                assert str(refusal)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty file"), (b"not a picture at all", "not a picture"), (b"\x89PNG\r\n\x1a\n", "photo.png")],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "photo.png").write_bytes(content)
    with pytest.raises(UnreadablePhoto, match=said):
        read_photo(tmp_path / "photo.png")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.png", "There is no photo"),
        ("folder", "is a folder"),
        ("y" * 300 + ".png", "too long"),
        ("a\0b.png", "There is no photo"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnreadablePhoto, match=said):
        read_photo(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "photo.png")
    with pytest.raises(UnreadablePhoto, match="is not a file"):
        read_photo(tmp_path / "photo.png")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_photo_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    sky().save(path)
    path.chmod(0)
    with pytest.raises(UnreadablePhoto, match="may not be read"):
        read_photo(path)


def test_a_photo_beyond_pillows_own_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    sky().save(tmp_path / "photo.png")
    assert read_photo(tmp_path / "photo.png").pixels.shape == (30, 40, 3)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_a_photo_larger_than_the_memory_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("1", (5_000, 5_000)).save(tmp_path / "photo.png")
    monkeypatch.setattr(photo_module, "memory_left", lambda: 300_000_000)
    with pytest.raises(UnreadablePhoto, match="5000 × 5000") as refusal:
        read_photo(tmp_path / "photo.png")
    assert refusal.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize("width", [533, 720, 1600])  # the stride of a row has a 16 in it
def test_a_photo_with_eight_bits_is_called_so_and_needs_no_more_memory_whatever_its_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    path = tmp_path / "photo.bmp"
    sky(width, 100).save(path)
    monkeypatch.setattr(photo_module, "memory_left", lambda: 14 * width * 100)
    assert read_photo(path).notes == ()


def test_a_photo_with_sixteen_bits_needs_twice_the_memory_in_every_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = noise(40, 50, dtype=np.uint16)
    write_photo(tmp_path / "photo.png", Photo(deep))
    write_photo(tmp_path / "photo.tif", Photo(deep))
    (tmp_path / "photo.ppm").write_bytes(b"P6 50 40 65535\n" + deep.astype(">u2").tobytes())
    (tmp_path / "photo.pgm").write_bytes(b"P5 50 40 65535\n" + deep[..., 0].astype(">u2").tobytes())
    Image.fromarray(deep[..., 0]).save(tmp_path / "photo.jp2")
    for ending in ("png", "tif", "ppm", "pgm", "jp2"):
        monkeypatch.setattr(photo_module, "memory_left", lambda: 14 * 50 * 40 * 2 - 1)
        with pytest.raises(UnreadablePhoto, match="50 × 40"):
            read_photo(tmp_path / f"photo.{ending}")
        monkeypatch.setattr(photo_module, "memory_left", lambda: 14 * 50 * 40 * 2)
        assert read_photo(tmp_path / f"photo.{ending}").depth == 16


@pytest.mark.parametrize("masks", [(0xF800, 0x07E0, 0x001F), (0x7C00, 0x03E0, 0x001F)])
def test_a_bmp_with_16_bits_a_pixel_has_no_16_bits_per_colour(
    tmp_path: Path, masks: tuple[int, int, int]
) -> None:
    path = tmp_path / "photo.bmp"
    header = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 16, 3, 128, 0, 0, 0, 0) + struct.pack("<III", *masks)
    path.write_bytes(struct.pack("<2sIHHI", b"BM", 14 + 52 + 128, 0, 0, 14 + 52) + header + bytes(128))
    assert read_photo(path).notes == ()


def test_the_memory_limit_of_a_container_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert memory_left(tmp_path) == 600_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_left(tmp_path) > 600_000


def test_reading_needs_no_module_that_is_slow_to_import() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", "import sys, daemon.pictures.photo_output; print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert listed.stdout.strip() == "False"
