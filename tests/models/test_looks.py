"""Looks by chance: seeds choose real looks of their class and vary them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.bundle import Bundle
from models.evaluation.methods import looks_by_chance
from models.files.manifest import Manifest, ModelCorrupt, file_hash
from models.files.part_files import LOOKS
from models.looks import LOOK_SPREAD, Looks
from models.training.remembered_looks import ALIKE, KEPT, RememberedLooks
from tests.tiny_weights import write_tiny_weights

CODE = 8  # numbers of an appearance code of the tiny weights


def level(*values: float) -> Tensor:
    """Codes whose numbers are all the same, (N, CODE)."""
    return torch.tensor(values, dtype=torch.float32)[:, None].expand(-1, CODE).clone()


def parts(*values: float) -> Tensor:
    """What parts are like, all numbers the same, (N, 128)."""
    return torch.tensor(values, dtype=torch.float32)[:, None].expand(-1, 128).clone()


LIBRARY = Looks(level(10, 20, 30, 40), parts(0, 1, 0, 1), torch.tensor([0, 0, 1, 1]))


def looks(codes: Tensor, class_index: Tensor) -> Looks:
    return Looks(codes, torch.zeros(len(codes), 128), class_index)


def test_a_seed_chooses_a_look_of_the_class_and_strays_from_it() -> None:
    z = level(-1, 1, -1, 9)
    drawn = LIBRARY.drawn(torch.tensor([0, 0, 1, 1]), z)
    torch.testing.assert_close(drawn - LOOK_SPREAD * z, level(10, 20, 30, 40))


def test_every_look_of_a_class_is_chosen_equally_often() -> None:
    z = torch.randn(4000, CODE, generator=torch.Generator().manual_seed(0))
    drawn = LIBRARY.drawn(torch.ones(4000, dtype=torch.long), z) - LOOK_SPREAD * z
    assert float((drawn[:, 0] < 35).float().mean()) == pytest.approx(0.5, abs=0.03)


def test_a_look_is_chosen_among_those_of_objects_whose_parts_are_alike_on_either_side() -> None:
    count = 100
    library = Looks(level(*range(count)), parts(*range(count)), torch.zeros(count, dtype=torch.long))
    z = torch.randn(300, CODE, generator=torch.Generator().manual_seed(1))
    far = torch.full((300, 128), 1e6)
    for alike in (torch.stack([parts(*[50] * 300), far], 1), torch.stack([far, parts(*[50] * 300)], 1)):
        drawn = library.drawn(torch.zeros(300, dtype=torch.long), z, alike) - LOOK_SPREAD * z
        chosen = drawn[:, 0].round()
        assert chosen.min() >= 45 and chosen.max() <= 55
        assert len(set(chosen.tolist())) == 10  # a tenth of them


def test_a_class_without_looks_takes_the_numbers_themselves() -> None:
    z = level(0.5)
    assert torch.equal(LIBRARY.drawn(torch.tensor([7]), z), z)


def test_a_library_keeps_so_many_of_each_class_and_comes_back_from_its_file(tmp_path: Path) -> None:
    library = Looks.of(level(*range(30)), parts(*range(30)), torch.arange(30) % 3, most=4)
    assert torch.bincount(library.class_index).tolist() == [4, 4, 4]
    for code, alike, index in zip(library.codes, library.parts, library.class_index, strict=True):
        assert int(code[0]) % 3 == int(index)
        assert alike[0] == code[0]
    library.save(tmp_path / LOOKS)
    read = Looks.load(tmp_path / LOOKS, CODE, ("a", "b", "c"))
    assert torch.equal(read.codes, library.codes)
    assert torch.equal(read.parts, library.parts)
    assert torch.equal(read.class_index, library.class_index)


@pytest.mark.parametrize(
    ("library", "reason"),
    [
        (looks(torch.zeros(2, CODE + 1), torch.tensor([0, 1])), "another shape"),
        (looks(torch.zeros(2, CODE), torch.tensor([0, 2])), "other classes"),
        (looks(torch.zeros(2, CODE), torch.tensor([0])), "2 looks for 1 objects"),
        (looks(torch.zeros(0, CODE), torch.zeros(0, dtype=torch.long)), "0 looks"),
        (looks(torch.full((2, CODE), float("nan")), torch.tensor([0, 1])), "not finite"),
    ],
)
def test_looks_of_other_networks_are_refused(tmp_path: Path, library: Looks, reason: str) -> None:
    manifest = write_tiny_weights(tmp_path)
    library.save(tmp_path / LOOKS)
    with_looks(manifest, tmp_path)
    with pytest.raises(ModelCorrupt, match=reason):
        Bundle.load(tmp_path)


def test_looks_that_are_not_those_of_the_manifest_are_refused(tmp_path: Path) -> None:
    manifest = write_tiny_weights(tmp_path)
    LIBRARY.save(tmp_path / LOOKS)
    with_looks(manifest, tmp_path)
    looks(LIBRARY.codes + 1, LIBRARY.class_index).save(tmp_path / LOOKS)
    with pytest.raises(ModelCorrupt, match=r"looks\.safetensors"):
        Bundle.load(tmp_path)


def test_weights_with_looks_draw_them_and_an_evaluation_does_too(tmp_path: Path) -> None:
    manifest = write_tiny_weights(tmp_path)
    plain = Bundle.load(tmp_path)
    LIBRARY.save(tmp_path / LOOKS)
    with_looks(manifest, tmp_path)
    bundle = Bundle.load(tmp_path)
    index, z = torch.tensor([1]), torch.zeros(1, CODE + 3)
    assert torch.equal(bundle.draw_looks(index, z[:, :CODE]), level(40))
    mask = torch.ones(1, 1, bundle.resolution, bundle.resolution)
    assert torch.equal(looks_by_chance(bundle, index, z, mask), level(40))
    assert torch.equal(looks_by_chance(plain, index, z, mask), level(0))


def test_training_remembers_the_newest_looks_of_each_class() -> None:
    memory, random = RememberedLooks(2, CODE), torch.Generator().manual_seed(0)
    otherwise = level(-1, -1)
    both = torch.tensor([0, 1])
    none = parts(0, 0)
    assert torch.equal(memory.draw(both, none, otherwise, random), otherwise)
    for value in range(2 * KEPT):
        memory.keep(level(value), parts(0), torch.tensor([1]))
    drawn = torch.cat([memory.draw(both, none, otherwise, random) for _ in range(400)])[:, 0]
    assert set(drawn[::2].tolist()) == {-1}
    assert min(drawn[1::2].tolist()) >= KEPT
    assert len(set(drawn[1::2].tolist())) == KEPT * ALIKE


def test_training_remembers_what_the_parts_were_like() -> None:
    memory, random = RememberedLooks(1, CODE), torch.Generator().manual_seed(0)
    for value in range(KEPT):
        memory.keep(level(value), parts(value), torch.tensor([0]))
    drawn = [memory.draw(torch.tensor([0]), parts(40), level(-1), random)[0, 0].item() for _ in range(100)]
    assert min(drawn) >= 40 - KEPT * ALIKE / 2 and max(drawn) <= 40 + KEPT * ALIKE / 2


def with_looks(manifest: Manifest, folder: Path) -> None:
    """Lists the folder's looks in its manifest."""
    replace(manifest, files={**manifest.files, LOOKS: file_hash(folder / LOOKS)}, sizes={}).write(folder)
