"""A trained baseline, read from its run's folder and ready to insert objects, for the comparison table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.training import checkpoint
from models.training.baselines.baseline_painter import CODE_SIZE, WindowPainter
from models.training.baselines.baseline_trainer import make_painter, repaint
from models.training.checkpoint import CheckpointError

_NAMES = {"pix2pix": "pix2pix U-Net", "source": "source generator"}


@dataclass(frozen=True)
class Rival:
    """A baseline on a device. ``images_seen`` is how many pictures it was trained on."""

    name: str
    resolution: int
    class_names: tuple[str, ...]
    images_seen: int
    painter: WindowPainter
    device: torch.device
    code_size: int = CODE_SIZE
    repaints_scene: bool = True  # its pixels outside the mask are its own, not the scene's

    @torch.inference_mode()
    def make_objects(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor]:
        """scene (B, 3, S, S) in -1..1 as it is, mask (B, 1, S, S) in 0..1, class_index (B,) as in
        ``class_names``, code (B, 64) -> the window (B, 3, S, S) in -1..1 and an alpha of 1 everywhere.

        S is ``resolution``. What the scene shows under the mask has no influence.
        """
        place = self.device
        window = repaint(self.painter, scene.to(place), mask.to(place), class_index.to(place), code.to(place))
        return window, torch.ones_like(mask, device=place)


def load_rival(folder: Path, device: torch.device | str = "cpu") -> Rival:
    """The averaged weights of a run of ``insert-object train --network pix2pix`` or ``source``.

    Raises:
        CheckpointError: no readable run, or one of the program's own network.
    """
    state = checkpoint.read_state(folder)
    if not state.settings.is_baseline:
        raise CheckpointError(
            f"{folder} is a run of the network {state.settings.network!r}: a rival is pix2pix or source."
        )
    painter = make_painter(state.settings, len(state.class_names))
    weights = checkpoint.part(checkpoint.read_tensors(folder), "averaged_generator")
    try:
        painter.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{folder} holds weights of another shape: {error}") from error
    place = torch.device(device)
    painter.eval().requires_grad_(requires_grad=False)
    painter.to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Rival(
        _NAMES[state.settings.network],
        state.settings.resolution,
        state.class_names,
        state.images_seen,
        painter,
        place,
    )
