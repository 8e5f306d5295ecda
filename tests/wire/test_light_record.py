"""What a lit layer remembers, and what is made of records that come from anywhere."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from wire.light_record import LightRecord, digest, packed, unpacked

RECORD = LightRecord(digest(b"lit"), 0.5, {"exposure": 0.25, "warmth": -0.1}, "pair")


def test_a_record_comes_back_as_it_was_even_with_zeros_after_it() -> None:
    assert LightRecord.from_json(RECORD.to_json()) == RECORD
    assert LightRecord.from_json(RECORD.to_json() + b"\0") == RECORD


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"strength": 2},
        {"strength": float("nan")},
        {"adjustments": {"exposure": float("inf")}},
        {"adjustments": {str(number): 0.0 for number in range(1000)}},
        {"lit": 3},
        {"lit": None},
    ],
)
def test_what_is_not_a_record_is_none(changes: dict[str, object]) -> None:
    plain = {**json.loads(RECORD.to_json()), **changes}
    assert LightRecord.from_json(json.dumps(plain).encode()) is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe"])
def test_damaged_bytes_are_no_record(data: bytes) -> None:
    assert LightRecord.from_json(data) is None


def test_pixels_come_back_bit_for_bit_and_only_in_their_size() -> None:
    pixels = bytes(range(256)) * 7
    assert unpacked(packed(pixels) + b"\0", len(pixels)) == pixels
    assert unpacked(packed(pixels), len(pixels) + 1) is None
    assert unpacked(packed(pixels), 0) is None
    assert unpacked(b"no pixels", 10) is None


def test_a_bomb_takes_no_more_memory_than_the_layer_has_pixels() -> None:
    bomb = base64.b64encode(zlib.compress(bytes(100_000_000), 9))
    assert unpacked(bomb, 1000) in (None, bytes(1000))
