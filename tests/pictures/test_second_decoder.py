"""Every storage that docs/pictures.md lists is read as ImageMagick reads it, told of, or refused."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from daemon.painting.pixels import to_depth
from daemon.pictures.photo import UnreadablePhoto, read_photo
from tests.program import ROOT

CONVERT = shutil.which("magick") or shutil.which("convert")
needs_second_decoder = pytest.mark.skipif(CONVERT is None, reason="no ImageMagick here")
WIDTH, HEIGHT = 40, 36
ROUNDING = {8: 1, 16: 2}  # levels

RGB = ("-alpha", "off", "-type", "TrueColor")
RGBA = ("-type", "TrueColorAlpha")
GREY = ("-alpha", "off", "-colorspace", "Gray", "-type", "Grayscale")
GREY_ALPHA = ("-colorspace", "Gray", "-type", "GrayscaleAlpha")
PALETTE = ("-alpha", "off", "-colors", "16", "-type", "Palette")
WHITE_IS_0 = (*GREY, "-define", "quantum:polarity=min-is-white")
CMYK = ("-alpha", "off", "-colorspace", "CMYK")
FLOATS = ("-define", "quantum:format=floating-point")
PREMULTIPLIED = ("-define", "tiff:alpha=associated")
BIG, LITTLE = ("-define", "tiff:endian=msb"), ("-define", "tiff:endian=lsb")
TILES = ("-define", "tiff:tile-geometry=16x16")
EXACTLY, LESS, REFUSED = "exactly", "with a note", "refused"


@dataclass(frozen=True)
class Storage:
    """A row of the table: what ImageMagick is asked for, at which depths, and what becomes of it."""

    row: str
    options: tuple[str, ...]
    depths: tuple[int, ...]
    endings: tuple[str, ...]
    read: str = EXACTLY
    channels: str = "RGBA"  # that are compared
    trns: bool = False  # one colour is called transparent afterwards
    rounding: int | None = None  # levels, where it is more than usual


STORAGES = (
    Storage("colours, 8 bits", RGB, (8,), ("png", "tif", "bmp", "tga", "webp", "ppm")),
    Storage("colours and transparency, 8 bits", RGBA, (8,), ("png", "tif", "webp")),
    Storage("colours, 16 bits", RGB, (16,), ("png", "tif", "ppm")),
    Storage("colours, 16 bits, as text", (*RGB, "-compress", "None"), (16,), ("ppm",), LESS),
    Storage("colours and transparency, 16 bits", RGBA, (16,), ("png", "tif")),
    Storage("grey, 1, 2, 4 and 8 bits", GREY, (1, 2, 4, 8), ("png", "tif")),
    Storage("grey, 16 bits", GREY, (16,), ("png", "tif")),
    Storage("grey and transparency, 8 bits", GREY_ALPHA, (8,), ("png", "tif")),
    Storage("grey and transparency, 16 bits", GREY_ALPHA, (16,), ("png",)),
    Storage("grey and transparency, 16 bits", GREY_ALPHA, (16,), ("tif",), REFUSED),
    Storage("colours, one of them transparent (tRNS), 8 and 16 bits", RGB, (8, 16), ("png",), trns=True),
    Storage("grey, one shade transparent (tRNS), 1 to 16 bits", GREY, (1, 2, 4, 8, 16), ("png",), trns=True),
    Storage("palette", PALETTE, (8,), ("png", "tif")),
    Storage("palette with transparency (tRNS)", ("-colors", "16", "-type", "PaletteAlpha"), (8,), ("png",)),
    Storage("white is 0, 8 and 16 bits", (*WHITE_IS_0, *LITTLE), (8, 16), ("tif",)),
    Storage("white is 0, 16 bits, big-endian", (*WHITE_IS_0, *BIG), (16,), ("tif",), REFUSED),
    Storage("colours apart (planar), 8 bits", (*RGB, "-interlace", "Plane"), (8,), ("tif",)),
    Storage("colours apart (planar), 16 bits", (*RGB, "-interlace", "Plane"), (16,), ("tif",), REFUSED),
    Storage("big-endian, 8 and 16 bits", (*RGB, *BIG), (8, 16), ("tif",)),
    Storage("in tiles, 8 and 16 bits", (*RGB, *TILES), (8, 16), ("tif",)),
    Storage("squeezed (LZW), 8 and 16 bits", (*RGB, "-compress", "LZW"), (8, 16), ("tif",)),
    Storage("premultiplied transparency, 8 and 16 bits", PREMULTIPLIED, (8, 16), ("tif",)),
    Storage(
        "a channel that is not called transparency",
        ("-define", "tiff:alpha=unspecified"), (8,), ("tif",), LESS, "RGB",
    ),
    Storage("grey, 12 bits, little-endian", (*GREY, *LITTLE), (12,), ("tif",)),
    Storage("colours, 12 bits", RGB, (12,), ("tif",), REFUSED),
    Storage("grey, floating point", (*GREY, *FLOATS), (32,), ("tif",), LESS),
    Storage("colours, floating point", (*RGB, *FLOATS), (32,), ("tif",), REFUSED),
    Storage("more than 8 bits per colour", RGB, (12, 16), ("jp2",), REFUSED),
    Storage("CMYK, 8 bits", CMYK, (8,), ("tif",), LESS),
    Storage("CMYK, 16 bits", CMYK, (16,), ("tif",), LESS, rounding=3),
)  # fmt: skip
CASES = [
    (storage, depth, ending) for storage in STORAGES for depth in storage.depths for ending in storage.endings
]


def magick(*arguments: object) -> bytes:
    done = subprocess.run([str(CONVERT), *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == 0 or b"Unknown tag 317" in done.stderr, done.stderr  # of its own, for floats
    return done.stdout


def call_one_colour_transparent(path: Path, depth: int) -> None:
    """Puts a tRNS chunk into a PNG file for the colour of its middle (PNG 3rd edition, 11.3.1.1)."""
    data = path.read_bytes()
    is_grey = data[25] == 0
    pixel = magick(path, "-crop", f"1x1+{WIDTH // 2}+{HEIGHT // 2}", "-depth", 16, "-endian", "MSB", "RGB:-")
    samples = [round(value * (2**depth - 1) / 65535) for value in struct.unpack(">3H", pixel)]
    body = struct.pack(">H", samples[0]) if is_grey else struct.pack(">3H", *samples)
    before = data.index(b"IDAT") - 4
    path.write_bytes(data[:before] + png_chunk(b"tRNS", body) + data[before:])


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """A picture with every brightness, black and white among them, half of it half transparent."""
    random = np.random.default_rng(5)
    pixels = random.integers(0, 65536, (HEIGHT, WIDTH, 4)).astype("<u2")
    pixels[:2], pixels[2:4] = 0, 65535
    pixels[..., 3] = 65535
    pixels[8:, : WIDTH // 2, 3] = 40000
    path = tmp_path_factory.mktemp("source") / "source.raw"
    path.write_bytes(pixels.tobytes())
    return ("-size", f"{WIDTH}x{HEIGHT}", "-depth", 16, "-endian", "LSB", f"RGBA:{path}")


@needs_second_decoder
@pytest.mark.parametrize(
    ("storage", "depth", "ending"), CASES, ids=[f"{case[0].row} {case[1]} {case[2]}" for case in CASES]
)
def test_a_storage_is_read_as_a_second_decoder_reads_it(
    storage: Storage, depth: int, ending: str, source: tuple[object, ...], tmp_path: Path
) -> None:
    path = tmp_path / f"picture.{ending}"
    plain = ("-define", "webp:lossless=true", *(("-compress", "None") if ending == "tif" else ()))
    magick(*source, *plain, *storage.options, "-depth", depth, path)
    assert storage.options[-2:] != BIG or path.read_bytes().startswith(b"MM")
    if storage.trns:
        call_one_colour_transparent(path, depth)
    if storage.read == REFUSED:
        with pytest.raises(UnreadablePhoto):
            read_photo(path)
        return
    photo = read_photo(path)
    assert bool(photo.notes) is (storage.read == LESS), photo.notes
    expected = np.frombuffer(magick(path, "-auto-orient", "-depth", 16, "-endian", "LSB", "RGBA:-"), "<u2")
    expected = expected.reshape(HEIGHT, WIDTH, 4).astype(int)[..., : len(storage.channels)]
    opaque = np.full((HEIGHT, WIDTH, 1), np.iinfo(photo.pixels.dtype).max, photo.pixels.dtype)
    whole = photo.pixels if photo.pixels.shape[2] == 4 else np.dstack((photo.pixels, opaque))
    found = to_depth(whole, 16).astype(int)[..., : len(storage.channels)]
    assert photo.depth == (8 if depth <= 8 or "CMYK" in storage.row or "as text" in storage.row else 16)
    assert not storage.trns or (found[..., 3] == 0).any()
    level = 257 if photo.depth == 8 else 1
    assert np.abs(found - expected).max() <= (storage.rounding or ROUNDING[photo.depth]) * level


def test_the_page_says_what_was_compared() -> None:
    page = (ROOT / "docs" / "pictures.md").read_text("utf-8").partition("| kept |")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if "|" in line
    ][2:]
    hdr = ("HDR (PQ, HLG)", REFUSED)  # ImageMagick writes none
    assert {(row[0], len(row[1].split(", "))) for row in rows} == {
        (storage.row, len(storage.endings)) for storage in STORAGES
    } | {(hdr[0], 1)}
    for storage in STORAGES:
        told = [row[2] for row in rows if row[0] == storage.row]
        assert any(storage.read in verdict for verdict in told), storage.row


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_a_picture_for_hdr_screens_is_refused(tmp_path: Path, transfer: int) -> None:
    def written(transfer: int) -> Path:
        header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
        chunks = (
            png_chunk(b"IHDR", header),
            png_chunk(b"cICP", bytes((9 if transfer != 13 else 1, transfer, 0, 1))),
            png_chunk(b"IDAT", zlib.compress((b"\0" + bytes(24)) * 8)),
            png_chunk(b"IEND", b""),
        )
        path = tmp_path / f"{transfer}.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
        return path

    with pytest.raises(UnreadablePhoto, match="made for HDR screens"):
        read_photo(written(transfer))
    assert read_photo(written(13)).notes == ()  # sRGB
