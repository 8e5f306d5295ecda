"""Without a seed the best of a dozen are painted; a seed that is named is painted as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.command_line.conftest import Command
from tests.stand_in_engine import chosen_seeds, stand_in_colour
from wire.herd import Region, herd_in
from wire.protocol import MAX_SEED, Rect

X, OTHER_X = 40, 100
BOX, OTHER = f"{X},30,48,40", f"{OTHER_X},30,48,40"
TWO = ("--box", BOX, "--class", "dog", "--box", OTHER, "--class", "car")
GROUND = Rect(10, 40, 140, 75)


@pytest.fixture
def seeds(command: Command, photo: Path, tmp_path: Path) -> Any:
    """What the account of an insertion says of the seeds, a list for each variation."""

    def of(*arguments: object) -> list[list[int]]:
        ended = command("insert", photo, *arguments, "-o", tmp_path / "out.png", "--json")
        assert ended.code == 0, ended.err
        found: dict[int, list[int]] = {}
        for layer in json.loads(ended.out)["layers"]:
            found.setdefault(layer["variation"], []).append(layer["seed"])
        return list(found.values())

    return of


def test_an_object_is_the_best_of_a_dozen_and_its_seed_makes_it_again(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    (seed,) = chosen_seeds(0, 12, 1, X)
    best, again = tmp_path / "best.png", tmp_path / "again.png"
    told = command("insert", photo, "--box", BOX, "--class", "dog", "-o", best)
    assert told.out == f"{best}: dog · seed {seed}\n"
    with Image.open(best) as picture:
        assert (np.asarray(picture)[45, 60] == stand_in_colour("dog", seed, 0)).all()
    command("insert", photo, "--box", BOX, "--class", "dog", "--seed", seed, "-o", again)
    assert again.read_bytes() == best.read_bytes()


def test_variations_are_the_best_of_twice_as_many_best_first(seeds: Any) -> None:
    box = ("--box", BOX, "--class", "dog", "--variations")
    assert seeds(*box, 3) == [[seed] for seed in chosen_seeds(0, 12, 3, X)]
    assert seeds(*box, 9) == [[seed] for seed in chosen_seeds(0, 18, 9, X)]


def test_a_named_seed_is_painted_as_it_is_unless_candidates_are_asked_for(seeds: Any) -> None:
    box = ("--box", BOX, "--class", "dog")
    assert seeds(*box, "--seed", 5, "--variations", 2) == [[5], [6]]
    assert seeds(*box, "--seed", 5, "--candidates", 20) == [chosen_seeds(5, 20, 1, X)]
    assert seeds(*box, "--seed", MAX_SEED, "--candidates", 3) == [chosen_seeds(MAX_SEED, 3, 1, X)]
    assert seeds(*box, "--candidates", 1, "--variations", 2) == [[0], [1]]


def test_no_two_objects_of_a_picture_have_a_candidate_in_common(seeds: Any) -> None:
    def best(first: int, candidates: int, x: int) -> int:
        return chosen_seeds(first, candidates, 1, x)[0]

    assert seeds(*TWO) == [[best(0, 12, X), best(12, 12, OTHER_X)]]
    first, second = chosen_seeds(0, 12, 2, X)
    assert seeds(*TWO, "--variations", 2) == [
        [first, best(12, 12, OTHER_X)],
        [second, best(24, 12, OTHER_X)],
    ]
    assert seeds(*TWO, "--seed", 7, "--candidates", 4) == [[best(7, 4, X), best(11, 4, OTHER_X)]]
    apart = ("--seed", 7, "--seed", 9, "--candidates", 4)
    assert seeds(*TWO, *apart) == [[best(7, 4, X), best(9, 4, OTHER_X)]]


def test_each_object_of_a_herd_is_the_best_of_a_dozen(seeds: Any) -> None:
    herd = ("--box", "10,40,140,75", "--class", "dog", "--herd", 4)
    members = herd_in(Region(GROUND), "dog", 4, 0, 120)
    best = [chosen_seeds(member.seed, 12, 1, member.box.x)[0] for member in members]
    assert seeds(*herd) == seeds(*herd, "--seed", 0, "--candidates", 12) == [best]
    assert seeds(*herd, "--seed", 0) == [[member.seed for member in members]]


def test_a_row_of_a_batch_chooses_as_a_call_does(command: Command, photo: Path, tmp_path: Path) -> None:
    row = {"photo": str(photo), "box": [X, 30, 48, 40], "class": "dog"}
    more: list[dict[str, Any]] = [{}, {"seed": 5}, {"seed": 5, "candidates": 20}, {"candidates": 49}]
    lines = [{**row, **one, "out": str(tmp_path / f"{place}.png")} for place, one in enumerate(more)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, lines)))
    ended = command("insert", "--batch", tmp_path / "rows.jsonl")
    *made, refused = map(json.loads, ended.out.splitlines())
    wanted = [chosen_seeds(0, 12, 1, X), [5], chosen_seeds(5, 20, 1, X)]
    assert [[layer["seed"] for layer in account["layers"]] for account in made] == wanted
    assert "1 to 48" in refused["error"]["sentence"]
