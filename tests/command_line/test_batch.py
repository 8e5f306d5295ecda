"""``insert-object insert --batch``: many rows, one process, one connection."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from daemon.pictures.photo import read_photo
from tests.command_line.conftest import Command
from tests.stand_in_engine import stand_in_colour

BOX = [40, 30, 48, 40]


def batch_file(folder: Path, *rows: Any) -> Path:
    """Rows as a file; a text or bytes as they are."""
    lines = [
        row if isinstance(row, bytes) else (row if isinstance(row, str) else json.dumps(row)).encode()
        for row in rows
    ]
    file = folder / "rows.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def accounts(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_each_row_makes_what_a_call_of_its_own_makes(command: Command, photo: Path, tmp_path: Path) -> None:
    rows = [
        {"photo": str(photo), "box": BOX, "class": "dog", "seed": 3, "out": str(tmp_path / "a.png")},
        {
            "photo": str(photo),
            "box": "40,30,48,40",
            "class": "Dog",
            "seed": 4,
            "out": str(tmp_path / "b.png"),
        },
        {
            "photo": str(photo),
            "box": [BOX, [100, 30, 48, 40]],
            "class": ["dog", "car"],
            "seed": [9, 4],
            "style": ["black", "red"],
            "shadow": False,
            "cast_shadow": True,
            "cast_direction": [90, 270],
            "variations": 2,
            "out": str(tmp_path / "c.png"),
            "layer": str(tmp_path / "l.png"),
        },
    ]
    ended = command("insert", "--batch", batch_file(tmp_path, *rows))
    assert (ended.code, ended.err) == (0, "")
    told = accounts(ended.out)
    assert [account["row"] for account in told] == [1, 2, 3]
    assert told[2]["outputs"] == [str(tmp_path / "c-1.png"), str(tmp_path / "c-2.png")]
    for account in told:
        for path, sha256 in zip(account["outputs"], account["sha256"], strict=True):
            assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == sha256
    assert [layer["seed"] for layer in told[2]["layers"]] == [9, 4, 10, 5]
    assert all("cast_shadow" in layer and "shadow" not in layer for layer in told[2]["layers"])
    assert all("shadow" in account["layers"][0] for account in told[:2])
    single = ["--box", "40,30,48,40", "--class", "dog", "--seed", "4", "-o", tmp_path / "single.png"]
    assert command("insert", photo, *single).code == 0
    assert (tmp_path / "single.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    after = np.asarray(Image.open(tmp_path / "a.png"))
    assert (after[45, 60] == stand_in_colour("dog", 3, 0)).all()


def test_a_bad_row_is_told_and_the_others_are_made(command: Command, photo: Path, tmp_path: Path) -> None:
    good = {"photo": str(photo), "box": BOX, "class": "dog"}
    bad: list[tuple[Any, str]] = [
        ('{"photo"', "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("7", "is not a JSON object"),
        ({**good, "photo": "missing.png", "out": str(tmp_path / "1.png")}, "There is no photo"),
        ({**good, "class": "dgo", "out": str(tmp_path / "2.png")}, "There is no class"),
        ({**good, "box": [1, 2, 3], "out": str(tmp_path / "3.png")}, "is not a box"),
        ({**good, "box": {"x": 1}, "out": str(tmp_path / "3.png")}, "cannot be read"),
        ({**good, "seed": -1, "out": str(tmp_path / "4.png")}, "0 to 2147483647"),
        ({**good, "seed": 1.5, "out": str(tmp_path / "4.png")}, "cannot be read"),
        ({**good, "shadow": "yes", "out": str(tmp_path / "5.png")}, "true or false"),
        ({**good, "sede": 1, "out": str(tmp_path / "6.png")}, "“sede” is not known"),
        (
            {**good, "layer": [str(tmp_path / "6.png")] * 2, "out": str(tmp_path / "6.png")},
            "it takes one value",
        ),
        ({**good, "out": [str(tmp_path / "6.png"), str(tmp_path / "7.png")]}, "it takes one value"),
        ({**good, "variations": [2], "out": str(tmp_path / "6.png")}, "it takes one value"),
        ({**good, "depth": [8, 16], "out": str(tmp_path / "6.png")}, "it takes one value"),
        ({**good, "candidates": [1, 2], "out": str(tmp_path / "6.png")}, "it takes one value"),
        ({**good, "batch": "rows.jsonl", "out": str(tmp_path / "7.png")}, "“batch” is not known"),
        (good, "--output is missing"),
        ({**good, "out": str(tmp_path / "8.gif")}, "no format that can be written"),
        ({**good, "photo": "--help", "out": str(tmp_path / "9.png")}, "There is no photo"),
        (json.dumps({**good, "out": "x" * (1 << 20)}), "longer than"),
    ]
    rows = [row for row, _ in bad]
    ended = command(
        "insert", "--batch", batch_file(tmp_path, *rows, "", {**good, "out": str(tmp_path / "z.png")})
    )
    assert ended.code == 2
    assert ended.err == f"insert-object: {len(bad)} of {len(bad) + 1} rows failed; their lines say why.\n"
    *failed, made = accounts(ended.out)
    for account, (_, said) in zip(failed, bad, strict=True):
        assert said in account["error"]["sentence"] + account["error"].get("hint", ""), account
    assert made["row"] == len(bad) + 2  # an empty line is a line
    assert (tmp_path / "z.png").exists()


def test_no_row_writes_over_what_another_reads_or_has_made(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(photo.read_bytes())
    (tmp_path / "hard.png").hardlink_to(other)
    rows = tmp_path / "rows.jsonl"
    (tmp_path / "rows.png").symlink_to(rows)
    good = {"photo": str(photo), "box": BOX, "class": "dog", "seed": 1}
    wanted = [
        {**good, "out": str(other)},  # a later row's photo
        {**good, "out": str(tmp_path / "hard.png")},  # the same file
        {**good, "out": str(tmp_path / "rows.png")},  # the rows themselves
        {**good, "out": str(tmp_path / "a.png")},
        {**good, "seed": 2, "out": str(tmp_path / "A.png")},
        {**good, "variations": 2, "out": str(tmp_path / "b.png")},
        {**good, "seed": 5, "out": str(tmp_path / "b-2.png")},
        {**good, "photo": str(other), "out": str(tmp_path / "c.png")},
    ]
    before = other.read_bytes()
    ended = command("insert", "--batch", batch_file(tmp_path, *wanted))
    told = accounts(ended.out)
    assert ["error" in account for account in told] == [True, True, True, False, True, False, True, False]
    assert all("would be replaced" in told[place]["error"]["sentence"] for place in range(3))
    assert all("Two results have one name" in told[place]["error"]["sentence"] for place in (4, 6))
    assert other.read_bytes() == before
    assert len(rows.read_text().splitlines()) == len(wanted)
    assert told[5]["layers"][1]["seed"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--batch", "missing.jsonl"], "cannot be read"),
        (["--batch", "rows.jsonl", "--class", "dog"], "--batch and class"),
        (["--batch", "rows.jsonl", "--no-shadow"], "--batch and no-shadow"),
        (["--batch", "rows.jsonl", "--no-own-parts"], "--batch and no-own-parts"),
        (["--batch", "rows.jsonl", "--variations", "2"], "--batch and variations"),
        (["photo.png", "--batch", "rows.jsonl"], "--batch and photo"),
    ],
)
def test_what_does_not_go_with_a_batch(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    batch_file(tmp_path, {})
    ended = command("insert", *arguments)
    assert ended.code == 2 and said in ended.err and not ended.out


def test_pictures_are_read_in_threads_without_touching_pillows_limit_for_others(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 4321
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    readers = [threading.Thread(target=read_photo, args=(photo,)) for _ in range(16)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert limit == Image.MAX_IMAGE_PIXELS
