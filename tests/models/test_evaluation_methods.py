"""Ways to insert an object: what a user would get, for every object that the photos hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from daemon.painting.finished import LayerPainter
from models.bundle import Bundle
from models.evaluation.methods import Cases, Finished
from tests.tiny_weights import write_tiny_weights


@pytest.mark.parametrize("row", [60, 0, 124])
def test_an_object_thinner_than_a_box_may_be_is_judged_all_the_same_at_the_border_too(
    tmp_path: Path, row: int
) -> None:
    write_tiny_weights(tmp_path)
    bundle = Bundle.load(tmp_path)
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., row : row + 4, 20:110] = 1
    scene = torch.zeros(1, 3, 128, 128)
    cases = Cases(
        scene,
        mask,
        scene,
        mask,
        torch.zeros(1, dtype=torch.long),
        torch.zeros(1, bundle.code_size),
        boxes=torch.tensor([[20, row, 110, row + 4]]) / 128,
        seeds=torch.tensor([[1, 2]]),
    )
    found = Finished(LayerPainter(bundle), bundle.class_names).insert(cases)
    assert found.alpha[..., max(row - 4, 0) : row + 8, :].sum() > 0.5 * mask.sum()
