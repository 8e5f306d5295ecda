"""Training of the network that ranks objects: from marks that painted objects were given.

People's grades of a thousand or two objects say most of what there is to say, and are far too few for a
network of its own: it would learn them by heart. So a linear model on frozen features of the graded objects
marks many more, and the small network, which ships and must do without those features, learns such marks.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from models.masks.shape_library import MOST_WORTH
from models.quality import QualityNetwork
from models.training.updates import descend, move_average, set_rate

_GRADIENT_LIMIT = 5.0
_DOUBT = 1.5  # grades that what is expected of an outline counts as
_CONTRAST = 0.25  # grades above the mean that make an outline e times as frequent
_ENOUGH = 0.35  # grades above the mean from which on outlines are all the same: more would leave too few


@dataclass(frozen=True)
class Marked:
    """Painted objects with marks: pictures uint8 (N, 4, 128, 128), red, green, blue and alpha; class_index
    int64 (N,); marks float32 (N,), of which only differences within a class matter."""

    pictures: Tensor
    class_index: Tensor
    marks: Tensor

    def colour(self, rows: Tensor) -> Tensor:
        return self.pictures[rows, :3].float() / 127.5 - 1

    def alpha(self, rows: Tensor) -> Tensor:
        return self.pictures[rows, 3:].float() / 255


@dataclass(frozen=True)
class QualitySettings:
    """What shapes the training."""

    images: int = 80_000
    batch_size: int = 48
    learning_rate: float = 2e-3  # Adam; falls along a cosine to nothing
    average: float = 0.995  # share of the averaged weights kept at each step
    seed: int = 0


def features_to_marks(
    features: Tensor, class_index: Tensor, grades: Tensor, of: Tensor, of_class: Tensor, *, ridge: float = 1.0
) -> Tensor:
    """The marks (M,) that objects of features ``of`` (M, F) and classes ``of_class`` (M,) would be given, by
    kernel ridge regression within each class and over all of them, from those with grades: features (N, F),
    class_index (N,), grades (N,). Each class's marks have a mean near 0."""
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    known, asked = (features - mean) / deviation, (of - mean) / deviation
    wanted = grades.clone()
    for index in range(int(class_index.max()) + 1):
        rows, others = class_index == index, of_class == index
        middle = known[rows].mean(0)
        known[rows] -= middle
        asked[others] -= middle
        wanted[rows] -= grades[rows].mean()
    width = features.shape[1]

    def likeness(ones: Tensor, kinds: Tensor) -> Tensor:
        return ones @ known.t() / width * (1 + (kinds[:, None] == class_index[None]).to(ones.dtype))

    own = likeness(known, class_index) + ridge * torch.eye(len(known))
    marks: Tensor = likeness(asked, of_class) @ torch.linalg.solve(own, wanted)
    return marks


def worth_of_outlines(
    grades: Tensor, places: Tensor, library_classes: Tensor, *, guessed: Tensor | None = None
) -> Tensor:
    """How much more often than others of its class each outline of a library is to be drawn, as a logarithm
    (L,), from what was painted on them by chance.

    Args:
        grades: (N,) of painted objects.
        places: (N,) the outlines that they were painted on, 0 to L - 1.
        library_classes: (L,) the outlines' classes.
        guessed: (L,) what an outline's grades are expected to be above its class's mean, where there are few;
            None: 0.
    """
    classes = library_classes[places]
    above = grades.clone()
    for index in torch.unique(classes):
        above[classes == index] -= grades[classes == index].mean()
    count = torch.bincount(places, minlength=len(library_classes)).float()
    total = torch.zeros(len(library_classes)).index_add(0, places, above.float())
    expected = torch.zeros_like(total) if guessed is None else guessed
    mean = (total + _DOUBT * expected) / (count + _DOUBT)
    return (mean.clamp(max=_ENOUGH) / _CONTRAST).clamp(min=-MOST_WORTH)


def train_quality(marked: Marked, class_count: int, settings: QualitySettings) -> QualityNetwork:
    """A network whose answers follow the marks; averaged weights."""
    random = torch.Generator().manual_seed(settings.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # the initial weights are drawn from the global generator
        network = QualityNetwork(class_count)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network).requires_grad_(requires_grad=False)
    parameters = list(network.parameters())
    optimiser = torch.optim.AdamW(parameters, settings.learning_rate, betas=(0.9, 0.99), weight_decay=0.02)
    scale = marked.marks.std().clamp(min=1e-6)
    steps = max(1, settings.images // settings.batch_size)
    with tqdm(total=steps * settings.batch_size, unit="img", desc="learning to rank", disable=None) as bar:
        for step in range(steps):
            fall = (1 + math.cos(math.pi * step / steps)) / 2
            set_rate(optimiser, settings.learning_rate * fall * min(1.0, (step + 1) / 50))
            rows = torch.randint(len(marked.marks), (settings.batch_size,), generator=random)
            colour, alpha = _varied(marked.colour(rows), marked.alpha(rows), random)
            with torch.autocast("cpu", torch.bfloat16):
                found = network(colour, alpha, marked.class_index[rows])
            loss = functional.smooth_l1_loss(found.float(), marked.marks[rows] / scale)
            descend(optimiser, loss, parameters, limit=_GRADIENT_LIMIT)
            move_average(averaged, network, min(settings.average, step / (step + 10)))
            bar.update(settings.batch_size)
            bar.set_postfix({"loss": f"{loss.item():.3f}"}, refresh=False)
    averaged.eval()
    return averaged


def _varied(colour: Tensor, alpha: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """The objects, half of them turned around: what they are worth does not change."""
    turned = (torch.rand(len(alpha), generator=random) < 0.5)[:, None, None, None]
    return torch.where(turned, colour.flip(3), colour), torch.where(turned, alpha.flip(3), alpha)
