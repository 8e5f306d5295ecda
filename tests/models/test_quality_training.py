"""Marks that are carried over by features, and a small network that learns to give them."""

from __future__ import annotations

import torch
from torch import Tensor

from models.training.quality_training import (
    Marked,
    QualitySettings,
    features_to_marks,
    train_quality,
    worth_of_outlines,
)


def _agreement(found: Tensor, wanted: Tensor) -> float:
    return float(torch.corrcoef(torch.stack([found, wanted]))[0, 1])


def test_marks_follow_grades_within_each_class_and_not_the_classes_own_height() -> None:
    random = torch.Generator().manual_seed(0)
    features = torch.randn(600, 20, generator=random)
    index = torch.arange(600) % 3
    worth = features[:, :4].sum(1) + 0.3 * torch.randn(600, generator=random)
    graded, asked = slice(0, 400), slice(400, 600)
    marks = features_to_marks(
        features[graded] + 5 * index[graded, None],  # classes look different,
        index[graded],
        worth[graded] + 10 * index[graded],  # and one is painted better than another
        features[asked] + 5 * index[asked, None],
        index[asked],
    )
    assert _agreement(marks, worth[asked]) > 0.85
    assert all(abs(float(marks[index[asked] == kind].mean())) < 0.2 for kind in range(3))


def test_a_network_learns_what_marks_say_of_an_object() -> None:
    random = torch.Generator().manual_seed(1)
    marks = torch.rand(256, generator=random)  # the less torn a coat, the better
    coat = torch.randn(256, 3, 128, 128, generator=random) * (1 - marks)[:, None, None, None]
    smooth = torch.linspace(-0.5, 0.5, 128).expand(256, 3, 128, 128)
    alpha = torch.zeros(256, 1, 128, 128)
    alpha[:, :, 24:104, 24:104] = 1
    pictures = torch.cat([((smooth + 0.4 * coat).clamp(-1, 1) + 1) * 127.5, alpha * 255], 1).byte()
    marked = Marked(pictures, torch.arange(256) % 2, marks)
    settings = QualitySettings(images=900, batch_size=16)
    network = train_quality(marked, 2, settings)
    rows = torch.arange(256)
    with torch.inference_mode():
        found = network(marked.colour(rows), marked.alpha(rows), marked.class_index)
    assert _agreement(found, marks) > 0.8


def test_outlines_on_which_little_was_kept_are_worth_less_however_strict_a_class_was_graded() -> None:
    classes = torch.tensor([0, 0, 0, 1, 1])
    grades = torch.tensor([3.0, 3, 1, 1, 1.0, 0, 0])
    places = torch.tensor([0, 0, 1, 1, 3, 4, 4])
    worth = worth_of_outlines(grades, places, classes)
    assert worth[0] > 0 > worth[1]
    assert worth[2] == 0  # never painted on
    assert worth[3] > 0 > worth[4]
    doubted = worth_of_outlines(grades[:1], places[:1], classes, guessed=torch.tensor([0.0, 0, -0.5, 0, 0]))
    assert doubted[2] < 0
    assert doubted[0] == 0  # nothing to compare it with
