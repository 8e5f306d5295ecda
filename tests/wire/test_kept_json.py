"""What a picture keeps costs nothing to read, whatever it is, and one line in the log."""

from __future__ import annotations

import logging
import time

import pytest

from wire import kept_json
from wire.kept_json import read_map
from wire.layer_record import LayerRecord
from wire.light_record import LightRecord

HOSTILE = {
    "infinity": b'{"version": 1, "place": [Infinity, 0, 1, 1]}',
    "nan": b'{"version": NaN}',
    "digits": b'{"version": ' + b"9" * 2_000_000 + b"}",
    "deep list": b"[" * 1_000_000,
    "deep map": b'{"a":' * 200_000,
    "no text": b"\xff\xfe\x00",
    "a list": b"[1, 2]",
    "nothing": b"",
    "other version": b'{"version": 2}',
    "no entries": b'{"version": 1}',
}


@pytest.mark.parametrize("kind", [LayerRecord, LightRecord])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_it_is_passed_over_at_once_with_one_line(
    text: bytes, kind: type[LayerRecord | LightRecord], caplog: pytest.LogCaptureFixture
) -> None:
    kept_json.pass_over.cache_clear()
    began = time.process_time()
    with caplog.at_level(logging.WARNING, "insert_object"):
        for _ in range(5):  # a docker looks several times a second
            assert kind.from_json(text) is None
    assert time.process_time() - began < 1
    assert len(caplog.records) == 1
    assert len(caplog.records[0].getMessage()) < 300


def test_more_than_any_picture_has_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_json, "LONGEST", 20)
    assert read_map(b'{"a": "' + b"x" * 30 + b'"}', "something long") is None
    assert read_map(b'{"a": 1}', "something short") == {"a": 1}
