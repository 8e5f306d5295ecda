"""Which recipe trains which network."""

from __future__ import annotations

from pathlib import Path

import torch

from models.training.baselines.baseline_trainer import BaselineTrainer
from models.training.finest_level import FinestLevelTrainer
from models.training.recipe import Recipe
from models.training.settings import TrainingSettings
from models.training.trainer import Trainer


def make_recipe(
    settings: TrainingSettings,
    class_count: int,
    device: torch.device,
    features: Path | None,
    workers: int = 1,
) -> Recipe:
    """The networks that the settings name, untrained, with what trains them.

    Raises:
        FeatureNetworkMissing, FeatureNetworkUnreadable: ``features`` is not such a folder.
        NoDiscriminator: the settings leave none.
    """
    kind: type[BaselineTrainer | Trainer] = FinestLevelTrainer if settings.finest_crop else Trainer
    if settings.is_baseline:
        kind = BaselineTrainer
    return kind(settings, class_count, device, features, workers)
