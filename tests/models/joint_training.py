"""Ten steps on a fixed joint batch, by one process or by several that share it; run by a test."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from models.photos.data import Batch
from models.training.critics import Critics, Shown
from models.training.discriminators import PatchDiscriminator, ProjectedDiscriminator
from models.training.recipe import Recipe
from models.training.settings import TrainingSettings
from models.training.workers import Workers, check_alike, share, share_buffers, state_of

SETTINGS = TrainingSettings(resolution=32, batch_size=4, seed=3, discriminators="multi-scale")
JOINT, SIDE = 8, 32


class Plain(Recipe):
    """Both optimisers, the averages and the spectral norms, without any chance."""

    def __init__(self, workers: int) -> None:
        super().__init__(SETTINGS, 2, torch.device("cpu"), workers)
        critics: Critics = self._make_critics(None)
        critics.projected = ProjectedDiscriminator((6,), 2, width=8)
        self._prepare({"generator": PatchDiscriminator(2, width=4)}, critics, [])
        self.generator = self.trained_networks()["generator"]

    def step(self, batch: Batch, images_seen: int) -> dict[str, Tensor]:  # noqa: ARG002
        raise RuntimeError("this recipe learns by ``learn``")

    def paint(self, batch: Batch, code: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        raise RuntimeError("this recipe paints nothing")

    def learn(self, picture: Tensor, mask: Tensor, index: Tensor, seen: int) -> None:
        """A step on this process's part of the batch."""
        features = [features_of(picture)]
        first = picture[: JOINT // 2]  # what the first of two processes sees
        self._calibrate(Shown(first, mask[: JOINT // 2], [features_of(first)]))
        projected = self.critics.projected
        assert projected is not None
        for optimiser, parameters, scores in (
            (self.optimiser_d, self._d_parameters, projected(features, mask, index)[0]),
            (self.optimiser_g, self._g_parameters, self.generator(picture, mask, index)),
        ):
            loss = torch.stack([(score - 1).square().mean() for score in scores]).sum()
            self._update(optimiser, loss, parameters)
        self._average(seen, len(picture) * self.workers)


def features_of(picture: Tensor) -> Tensor:
    return torch.cat([picture, picture.square()], 1)


def main(out: Path) -> None:
    """Writes all weights and buffers of this process to ``out``, named by its rank."""
    workers = Workers.join("cpu")
    random = torch.Generator().manual_seed(1)
    picture = torch.rand(JOINT, 3, SIDE, SIDE, generator=random) * 2 - 1
    mask = torch.ones(JOINT, 1, SIDE, SIDE)
    index = torch.arange(JOINT) % 2
    torch.manual_seed(workers.rank)  # processes that did not share would differ from the start
    recipe = Plain(workers.count)
    if workers.count > 1:
        share(state_of(recipe.trained_networks()).values())
    part = slice(workers.rank * JOINT // workers.count, (workers.rank + 1) * JOINT // workers.count)
    for step in range(10):
        recipe.learn(picture[part], mask[part], index[part], step * JOINT)
    if workers.leads:  # as a discriminator of heads is used where a part of the batch has some
        recipe.critics.networks()["projected_discriminator"]([features_of(picture)], mask, index)
    if workers.count > 1:
        share_buffers(recipe.critics.networks().values())
        check_alike(recipe.trained_networks())
    state = state_of(recipe.trained_networks())
    tensors = {name: value.detach().clone().contiguous() for name, value in state.items()}
    save_file(tensors, out / f"{workers.rank}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
