"""Storages and blocks that few files have: right, or told of, and never a reason to fail after the work."""

from __future__ import annotations

import shutil
import struct
import subprocess
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
    with pytest.raises(UnreadablePhoto, match="PostScript drawing, which is not read"):
        read_photo(path)


def test_transparency_beside_16_bits_is_kept_with_them(tmp_path: Path) -> None:
    shades = HALVES - np.arange(16, dtype=np.uint16) * 3 * (HALVES > 0)
    colours = np.dstack((shades, shades, shades))
    transparent = chunk(b"tRNS", struct.pack(">HHH", 0, 0, 0))
    for path, is_grey in (
        (png(tmp_path / "la.png", np.dstack((shades, HALVES)), 4), True),
        (png(tmp_path / "trns.png", colours, 2, transparent), False),
        (png(tmp_path / "grey.png", shades, 0, chunk(b"tRNS", struct.pack(">H", 0))), True),
    ):
        photo = read_photo(path)
        assert photo.is_grey is is_grey and photo.notes == ()
        assert np.array_equal(photo.pixels, np.dstack((colours, HALVES)))
        for ending in ("png", "tif"):
            assert write_photo(tmp_path / f"out.{ending}", photo) == ()
            assert np.array_equal(read_photo(tmp_path / f"out.{ending}").pixels, photo.pixels)


@pytest.mark.parametrize(("bits", "widened"), [(1, 255), (2, 85), (4, 17), (8, 1)])
def test_the_transparent_shade_of_a_png_is_found_whatever_its_depth(
    tmp_path: Path, bits: int, widened: int
) -> None:
    path = tmp_path / "few.png"
    header = struct.pack(">IIBBBBB", 8 // bits, 1, bits, 0, 0, 0, 0)
    row = chunk(b"IDAT", zlib.compress(b"\0" + bytes([0b01000001])))
    parts = (chunk(b"IHDR", header), chunk(b"tRNS", struct.pack(">H", 1)), row, chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    pixels = read_photo(path).pixels.reshape(-1, 4)
    assert np.array_equal(pixels[:, 3] == 0, pixels[:, 0] == widened)
    assert pixels[-1, 0] == (widened if bits < 8 else 0b01000001)


def test_a_tiff_whose_further_pages_are_of_another_kind_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    first, second = Image.new("RGB", (8, 8), (10, 20, 30)), Image.new("L", (8, 8))
    first.save(path, save_all=True, append_images=[second])
    data = bytearray(path.read_bytes())
    (directory,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    (other,) = struct.unpack_from("<I", data, directory + 2 + 12 * entries)
    data[other : other + 2] = b"\0\0"  # a page of nothing
    path.write_bytes(data)
    photo = read_photo(path)
    assert (photo.pixels == (10, 20, 30)).all()
    assert any("further pages" in note for note in photo.notes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            "a HEIC picture, which is not read. Export it as JPEG or PNG",
        ),
        (b"\xff\x0a" + bytes(30), "a JPEG XL picture, which is not read. Export it as PNG"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture, which is not read. Export it as PNG"),
        (
            b"\x76\x2f\x31\x01" + bytes(30),
            "OpenEXR picture, which is not read. Export it as PNG or TIFF with 16",
        ),
        (b"%PDF-1.7", "a PDF file, which is not read. Export the page as PNG"),
        (b'<?xml version="1.0"?><svg/>', "an SVG drawing, which is not read. Export it as PNG"),
        (b"gimp xcf v011", "GIMP's own file"),
        (b"II*\0\x08\0\0\0\0\0\0\0\0\0", "a TIFF file that stores its picture in a way that is not read"),
    ],
)
def test_a_picture_of_a_known_kind_is_called_by_its_name_with_what_to_do(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(UnreadablePhoto) as refusal:
        read_photo(tmp_path / "photo.jpg")
    assert said in str(refusal.value)


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


IPTC = b"\x1c\x02\x05\0\x05title\x1c\x02\x50\0\x04zo\xc3\xab"


def photoshop(*blocks: tuple[int, bytes]) -> bytes:
    return b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2)
        for number, data in blocks
    )


def with_iptc(path: Path, *blocks: tuple[int, bytes]) -> Path:
    """A picture with IPTC data as programs write it: JPEG's APP13, TIFF's tag as bytes or whole numbers."""
    image = Image.new("RGB", (8, 8))
    if path.suffix == ".jpg":
        body = b"Photoshop 3.0\0" + photoshop((0x0404, IPTC), *blocks)
        image.save(path, extra=b"\xff\xed" + struct.pack(">H", len(body) + 2) + body)
    elif path.stem == "numbers":
        padded = IPTC + bytes(-len(IPTC) % 4)
        image.save(path, tiffinfo={33723: padded})
        as_bytes, count = struct.pack("<HHI", 33723, 7, len(padded)), len(padded) // 4
        data = path.read_bytes()
        assert data.count(as_bytes) == 1
        path.write_bytes(data.replace(as_bytes, struct.pack("<HHI", 33723, 4, count)))
    elif path.stem == "block":
        image.save(path, tiffinfo={34377: photoshop((0x0404, IPTC), *blocks)})
    else:
        image.save(path, tiffinfo={33723: IPTC})
    return path


@pytest.mark.parametrize("name", ["a.jpg", "bytes.tif", "numbers.tif", "block.tif"])
def test_iptc_is_kept_where_the_format_holds_it(tmp_path: Path, name: str) -> None:
    photo = read_photo(with_iptc(tmp_path / name))
    assert photo.iptc.rstrip(b"\0") == IPTC and photo.notes == ()
    for ending, keeps in (("jpg", True), ("tif", True), ("png", False), ("webp", False)):
        notes = write_photo(tmp_path / f"out.{ending}", photo)
        assert any("IPTC" in note for note in notes) is not keeps
        assert read_photo(tmp_path / f"out.{ending}").iptc == (photo.iptc if keeps else b"")


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="no exiftool here")
@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_another_program_reads_the_iptc_that_was_kept(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"out.{ending}"
    write_photo(out, read_photo(with_iptc(tmp_path / "a.jpg")))
    done = subprocess.run(["exiftool", "-b", "-IPTC:ObjectName", out], capture_output=True, check=True)
    assert done.stdout == b"title" and done.stderr == b""


def test_iptc_that_is_longer_than_jpeg_holds_is_left_out_with_a_note(tmp_path: Path) -> None:
    photo = Photo(np.zeros((8, 8, 3), np.uint8), iptc=b"\x1c" * 65_507)
    assert any("IPTC" in note for note in write_photo(tmp_path / "out.jpg", photo))
    assert write_photo(tmp_path / "out.tif", photo) == ()
    assert write_photo(tmp_path / "out.jpg", replace(photo, iptc=photo.iptc[:65_505])) == ()
    assert len(read_photo(tmp_path / "out.jpg").iptc) == 65_505


@pytest.mark.parametrize("name", ["a.jpg", "block.tif"])
def test_what_photoshop_keeps_beside_a_picture_is_told(tmp_path: Path, name: str) -> None:
    photo = read_photo(with_iptc(tmp_path / name, (0x0425, bytes(16)), (2000, b"a path")))
    assert any("Photoshop" in note for note in photo.notes)
    assert read_photo(with_iptc(tmp_path / name, (0x0425, bytes(16)))).notes == ()  # a hash of the rest


def test_texts_of_a_png_are_kept_in_png_and_told_of_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "texts.png"
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "zoe")
    info.add_itxt("Title", "Zoë " * 30_000, zip=True)
    info.add_text("Raw profile type iptc", "iptc 3 1c0205", zip=True)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    photo = read_photo(path)
    assert any("text named iptc" in note for note in photo.notes)
    for depth in (8, 16):
        assert write_photo(tmp_path / "out.png", replace(photo, pixels=to_depth(photo.pixels, depth))) == ()
        with Image.open(tmp_path / "out.png") as image:
            assert image.text == {"Author": "zoe", "Title": "Zoë " * 30_000}  # type: ignore[attr-defined]
    for ending in ("jpg", "tif", "webp"):
        assert any("text" in note for note in write_photo(tmp_path / f"out.{ending}", photo))


def test_xmp_that_a_jpeg_keeps_apart_is_told(tmp_path: Path) -> None:
    path = tmp_path / "told.jpg"
    Image.new("RGB", (8, 8)).save(path, xmp=XMP.replace(b"dc:x", b'xmpNote:HasExtendedXMP="0" dc:x'))
    assert any("keeps apart" in note for note in read_photo(path).notes)


def test_openraster_tells_what_it_does_not_hold(tmp_path: Path) -> None:
    photo = Photo(np.zeros((16, 16, 3), np.uint8), xmp=XMP, comment="by hand")
    (note,) = Composition(photo, 8).write_layers(tmp_path / "out.ora", [])
    assert "XMP data and comment, which were left out" in note
