"""No file keeps a command busy for ever, however it was made; what is decoded apart comes out the same."""

from __future__ import annotations

import io
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image, features

from daemon.pictures import photo as photo_module
from daemon.pictures import time_limit
from daemon.pictures.photo import read_photo
from daemon.pictures.unreadable import UnreadablePhoto
from tests.painting.scenes import noise
from wire.protocol import ErrorCode

ALLOWED = 0.4  # seconds, in these tests
MUCH_MORE = 20.0  # seconds; each of these files takes longer than that


def progressive_without_end(path: Path) -> None:
    """A JPEG file of 4000 × 4000 and 100,000 passes, each of which says of every block that nothing is new.

    Source: ITU-T T.81, B.2 (markers), G.1.2.2 (end-of-band runs).
    """
    side, passes = 4000, 100_000
    blocks = (side // 8) ** 2
    frame = struct.pack(">HBHHBBBB", 11, 8, side, side, 1, 1, 0x11, 0)
    tables = b"\xff\xdb" + struct.pack(">HB", 67, 0) + bytes([16] * 64)
    symbol = 0xE0  # a run of 2**14 blocks and as many as the next 14 bits say
    for number in (0x00, 0x10):
        code = bytes([1] + [0] * 15) + bytes([0 if number == 0 else symbol])
        tables += b"\xff\xc4" + struct.pack(">HB", 3 + len(code), number) + code
    bits = ""
    while blocks:
        run = min(blocks, 2**15 - 1)
        if run < 2**14:  # shorter runs have no symbol here; a longer one is cut off by the end of the pass
            run = 2**14
        bits += "0" + f"{run - 2**14:014b}"
        blocks = max(0, blocks - run)
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    one = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0x00, 1, 63, 0) + data
    path.write_bytes(b"\xff\xd8\xff\xc2" + frame + tables + one * passes + b"\xff\xd9")


def chunks_without_end(path: Path) -> None:
    """A PNG file of four million empty chunks."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"prVt", b"") * 4_000_000)


def comments_without_end(path: Path) -> None:
    """A GIF file of three million empty comments before its picture."""
    path.write_bytes(b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0) + b"\x21\xfe\0" * 3_000_000)


@pytest.mark.parametrize("make", [progressive_without_end, chunks_without_end, comments_without_end])
def test_a_file_that_would_take_minutes_is_refused_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object
) -> None:
    monkeypatch.setattr(time_limit, "LONGEST_SECONDS", ALLOWED)
    monkeypatch.setattr(time_limit, "PIXELS_A_SECOND", 1e12)
    path = tmp_path / "endless"
    make(path)  # type: ignore[operator]
    began = time.monotonic()
    with pytest.raises(UnreadablePhoto, match="takes longer than"):
        read_photo(path)
    assert time.monotonic() - began < MUCH_MORE


@pytest.mark.parametrize("ending", ["jp2", "avif"])
def test_what_is_decoded_apart_is_ended_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    path = tmp_path / f"photo.{ending}"
    save(noise(200, 200), path)
    monkeypatch.setattr(time_limit, "LONGEST_SECONDS", 0.0)  # it has a tenth of a second all the same
    monkeypatch.setattr(time_limit, "PIXELS_A_SECOND", 1e12)
    monkeypatch.setattr(time_limit, "_DECODER", sleeper := tmp_path / "sleeper.py")
    sleeper.write_text("import time; time.sleep(600)")
    before = set(psutil.Process().children())
    monkeypatch.setattr(time_limit.TimedFile, "read", io.BufferedReader.read)  # the header is read in time
    with pytest.raises(UnreadablePhoto, match="takes longer than"):
        read_photo(path)
    assert set(psutil.Process().children()) == before


@pytest.mark.parametrize("ending", ["jp2", "avif"])
@pytest.mark.parametrize(
    "shape", [(30, 41), (30, 41, 3), (30, 41, 4)], ids=["grey", "colours", "transparency"]
)
def test_what_is_decoded_apart_is_what_the_codec_says(
    tmp_path: Path, ending: str, shape: tuple[int, ...]
) -> None:
    path = tmp_path / f"photo.{ending}"
    save(np.random.default_rng(1).integers(0, 256, shape, np.uint8), path)
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGBA"))
    pixels = read_photo(path).pixels
    assert np.array_equal(pixels, expected[..., : pixels.shape[2]])


@pytest.mark.parametrize("ending", ["jp2", "avif"])
def test_what_cannot_be_decoded_apart_is_damaged(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"photo.{ending}"
    save(noise(200, 200), path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadablePhoto, match="damaged or"):
        read_photo(path)


def test_a_file_larger_than_the_memory_is_not_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "photo.webp"
    Image.new("RGB", (8, 8)).save(path)
    with path.open("ab") as file:
        file.truncate(2_000_000)
    monkeypatch.setattr(photo_module, "memory_left", lambda: 1_000_000)
    with pytest.raises(UnreadablePhoto, match="more than the memory that is free") as refusal:
        read_photo(path)
    assert refusal.value.code is ErrorCode.TOO_LARGE


def test_a_large_picture_has_more_time_than_a_small_one(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("1", (3000, 2000)).save(path)
    with time_limit.TimedFile(path, "photo") as file:
        before = file.seconds_left
        file.allow(3000 * 2000)
        assert file.seconds_left - before == pytest.approx(3.0, abs=0.5)


def save(pixels: np.ndarray, path: Path) -> None:
    """Writes a picture; skips the test where Pillow was built without the codec."""
    if not features.check({"jp2": "jpg_2000", "avif": "avif"}[path.suffix[1:]]):
        pytest.skip(f"this Pillow writes no {path.suffix}")
    Image.fromarray(pixels).save(path)
