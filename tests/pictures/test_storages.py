"""Storages and blocks that few files have: right, or told of, and never a reason to fail after the work."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from daemon.painting.pixels import to_depth
from daemon.pictures.composition import Composition
from daemon.pictures.photo import Photo, UnreadablePhoto, read_photo
from daemon.pictures.photo_output import write_photo

HALVES = np.repeat(np.array([[65535] * 8 + [0] * 8], np.uint16), 8, axis=0)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path: Path, samples: np.ndarray, colour_type: int, *chunks: bytes) -> Path:
    """A PNG file of 16 bits a sample, (h, w, channels), with further chunks."""
    height, width = samples.shape[:2]
    rows = samples.astype(">u2").tobytes()
    stride = len(rows) // height
    filtered = b"".join(b"\0" + rows[n * stride : (n + 1) * stride] for n in range(height))
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(filtered)), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def test_white_that_is_stored_as_0_in_16_bits_is_white(tmp_path: Path) -> None:
    path = tmp_path / "inverted.tif"
    Image.fromarray(65535 - HALVES).save(path, tiffinfo={262: 0})
    photo = read_photo(path)
    assert photo.depth == 16
    assert np.array_equal(photo.pixels[..., 0], HALVES)


def test_white_that_is_stored_as_0_in_other_depths_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "inverted.tif"
    Image.fromarray(HALVES.astype(np.float32) / 65535).save(path, tiffinfo={262: 0})
    with pytest.raises(UnreadablePhoto, match="stores white as 0"):
        read_photo(path)


def test_a_file_that_starts_another_program_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "drawing.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\nshowpage\n%%EOF\n")

    def started(*_arguments: object, **_options: object) -> None:
        pytest.fail("another program was started")

    monkeypatch.setattr("subprocess.check_call", started)
    monkeypatch.setattr("subprocess.Popen", started)
    with pytest.raises(UnreadablePhoto, match="not a picture"):
        read_photo(path)


def test_transparency_beside_16_bits_that_is_read_as_8_is_told(tmp_path: Path) -> None:
    grey_alpha = np.dstack((HALVES, HALVES))
    colours = np.dstack((HALVES, HALVES, HALVES))
    transparent = chunk(b"tRNS", struct.pack(">HHH", 0, 0, 0))
    for path in (
        png(tmp_path / "la.png", grey_alpha, 4),
        png(tmp_path / "trns.png", colours, 2, transparent),
    ):
        photo = read_photo(path)
        assert photo.pixels.shape[2] == 4
        assert photo.pixels[0, 0, 3] == 255 and photo.pixels[0, -1, 3] == 0
        assert any("16 bits" in note for note in photo.notes)


@pytest.mark.parametrize("gamma", [1.0, 0.55])
def test_shades_under_another_gamma_become_srgb_and_it_is_told(tmp_path: Path, gamma: float) -> None:
    light = 0.2
    samples = np.full((4, 4, 3), round(65535 * light**gamma), np.uint16)
    photo = read_photo(
        png(tmp_path / "g.png", samples, 2, chunk(b"gAMA", struct.pack(">I", round(gamma * 1e5))))
    )
    srgb = 1.055 * light ** (1 / 2.4) - 0.055
    assert abs(int(photo.pixels[0, 0, 0]) - round(65535 * srgb)) < 12
    assert any("gamma" in note for note in photo.notes)


def test_the_usual_gamma_changes_nothing(tmp_path: Path) -> None:
    samples = np.full((4, 4, 3), 12345, np.uint16)
    photo = read_photo(png(tmp_path / "g.png", samples, 2, chunk(b"gAMA", struct.pack(">I", 45455))))
    assert (photo.pixels == 12345).all()
    assert photo.notes == ()


def test_a_tiff_without_a_resolution_has_none(tmp_path: Path) -> None:
    path = tmp_path / "plain.tif"
    Image.new("RGB", (8, 8)).save(path)
    with Image.open(path) as image:
        assert 282 not in image.tag_v2  # type: ignore[attr-defined]
    assert read_photo(path).dots_per_inch is None


def test_exif_says_nothing_of_how_a_tiff_was_stored_and_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[271] = "Maker"
    Image.new("RGB", (8, 8)).save(path, tiffinfo=tags, big_tiff=True)
    photo = read_photo(path)
    exif = Image.Exif()
    exif.load(photo.exif)
    assert exif[271] == "Maker"
    assert not {256, 257, 258, 259, 262, 273, 278, 279} & set(exif)
    for name in ("out.jpg", "out.png", "out.tif"):
        write_photo(tmp_path / name, photo)
        again = read_photo(tmp_path / name)
        assert not again.notes


def test_exif_that_is_longer_than_jpeg_holds_is_left_out_with_a_note(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[270] = "x" * 70_000
    photo = Photo(np.zeros((8, 8, 3), np.uint8), exif=exif.tobytes())
    notes = write_photo(tmp_path / "out.jpg", photo)
    assert any("EXIF" in note for note in notes)
    assert read_photo(tmp_path / "out.jpg").exif == b""


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:x="y"/></x:xmpmeta>'


@pytest.mark.parametrize(("ending", "keeps"), [("jpg", True), ("png", True), ("webp", False), ("tif", False)])
@pytest.mark.parametrize("depth", [8, 16])
def test_xmp_is_kept_and_the_comment_where_the_format_holds_one(
    tmp_path: Path, ending: str, keeps: bool, depth: int
) -> None:
    path = tmp_path / "told.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 16)).save(path, comment="by händ".encode(), xmp=XMP, exif=exif)
    photo = read_photo(path)
    assert photo.notes == () and photo.comment == "by händ"
    if depth == 16:
        photo = replace(photo, pixels=to_depth(photo.pixels, 16))
    notes = write_photo(tmp_path / f"out.{ending}", photo)
    again = read_photo(tmp_path / f"out.{ending}")
    assert again.xmp == XMP.replace(b'"6"', b'"1"')  # the picture is upright now
    assert again.comment == ("by händ" if keeps else "")
    assert any("comment" in note for note in notes) is not keeps


def test_words_that_are_longer_than_jpeg_holds_are_left_out_with_a_note(tmp_path: Path) -> None:
    photo = Photo(np.zeros((8, 8, 3), np.uint8), xmp=b" " * 65_503, comment="c" * 65_534)
    notes = write_photo(tmp_path / "out.jpg", photo)
    assert any("XMP" in note for note in notes) and any("comment" in note for note in notes)
    assert read_photo(tmp_path / "out.jpg").xmp == b""


@pytest.mark.parametrize("tag", [33723, 34377], ids=["IPTC", "Photoshop"])
def test_what_no_format_keeps_is_told(tmp_path: Path, tag: int) -> None:
    tif, png_file = tmp_path / "iptc.tif", tmp_path / "texts.png"
    Image.new("RGB", (8, 8)).save(tif, tiffinfo={tag: b"\x1c\x02\x05\0\x01a"})
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "zoe")
    Image.new("RGB", (8, 8)).save(png_file, pnginfo=info)
    assert any("IPTC" in note for note in read_photo(tif).notes)
    assert any("Texts" in note for note in read_photo(png_file).notes)


def test_openraster_tells_what_it_does_not_hold(tmp_path: Path) -> None:
    photo = Photo(np.zeros((16, 16, 3), np.uint8), xmp=XMP, comment="by hand")
    (note,) = Composition(photo, 8).write_layers(tmp_path / "out.ora", [])
    assert "no XMP and no comment" in note
