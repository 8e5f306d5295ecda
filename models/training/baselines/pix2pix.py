"""A one-shot image-to-image U-Net: scene, mask and class in, the whole window out (after pix2pix).

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017. Chance enters
by dropout alone, at use as in training. Differences: the scene with its hole filled and the class mask
stand for the input picture; dropout drops whole channels drawn from the code, so that a seed can be
repeated; normalisation is by instance, which for the paper's batch of 1 is the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.hole import fill_hole
from models.training.baselines.baseline_painter import WindowPainter, class_masks, initialise, uniform_of_code

_DROP = 0.5  # of the channels
_DROPPING = 3  # innermost levels of the decoder that drop
_WIDEST = 8  # times the first layer's channels


class Pix2PixGenerator(WindowPainter):
    """The U-Net, down to a single cell."""

    def __init__(self, resolution: int, class_count: int, width: int) -> None:
        super().__init__()
        self.resolution, self.class_count = resolution, class_count
        levels = resolution.bit_length() - 1
        widths = [width * min(2**level, _WIDEST) for level in range(levels)]
        inputs = [3 + class_count, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 4, 2, 1) for before, after in zip(inputs, widths, strict=True)
        )
        # Neither the picture's own level nor the single cell is normalised: one has colour to keep, the other
        # nothing to compare with.
        self.down_norm = nn.ModuleList(
            nn.InstanceNorm2d(w, affine=True) if 0 < level < levels - 1 else nn.Identity()
            for level, w in enumerate(widths)
        )
        outputs = [3, *widths[:-1]]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(w if level == levels - 1 else 2 * w, out, 4, 2, 1)
            for level, (w, out) in enumerate(zip(widths, outputs, strict=True))
        )
        self.up_norm = nn.ModuleList(
            nn.InstanceNorm2d(out, affine=True) if level > 0 else nn.Identity()
            for level, out in enumerate(outputs)
        )
        self._drops = outputs[: levels - 1 - _DROPPING : -1]  # channels that drop, innermost first
        initialise(self)

    def condition(self, photo: Tensor, mask: Tensor, hole: Tensor) -> Tensor:  # noqa: ARG002
        return fill_hole(photo, hole)

    def forward(self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor) -> Tensor:
        x = torch.cat([scene, class_masks(mask, class_index, self.class_count)], 1)
        skips: list[Tensor] = []
        for level, (layer, norm) in enumerate(zip(self.down, self.down_norm, strict=True)):
            x = norm(layer(x if level == 0 else functional.leaky_relu(x, 0.2)))
            skips.append(x)
        keep = (uniform_of_code(code, sum(self._drops)) >= _DROP).to(x.dtype) / (1 - _DROP)
        drops = list(torch.split(keep, self._drops, 1))
        deepest = len(self.up) - 1
        for level in range(deepest, -1, -1):
            if level < deepest:
                x = torch.cat([x, skips[level]], 1)
            x = self.up_norm[level](self.up[level](functional.relu(x)))
            if drops and level > 0:
                x = x * drops.pop(0)[:, :, None, None]
        return torch.tanh(x).float()
