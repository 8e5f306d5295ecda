"""The shipped networks together: read, checked, on a device, ready to make masks and objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from models.appearance_encoder import AppearanceEncoder
from models.foreground_generator import ForegroundGenerator
from models.hole import dilate, fill_hole
from models.layers import ModulatedConvolution
from models.manifest import Manifest, ModelCorrupt
from models.masks.generator import MaskGenerator
from models.masks.sampling import generate_masks
from models.masks.shape_library import ShapeLibrary
from models.masks.weights import load_mask_weights
from models.weights_folder import ENCODER, FOREGROUND, MASKS, read_shape, read_weights

HOLE_REACH = 1 / 32  # how far beyond the mask the scene is hidden from the generator, of the window
NOISE_SEED = 0  # grain where the caller names no noise


@dataclass
class Bundle:
    """A set of weights on one device. All methods run without gradients and return float32."""

    manifest: Manifest
    device: torch.device
    dtype: torch.dtype
    generator: ForegroundGenerator
    encoder: AppearanceEncoder
    mask_generator: MaskGenerator
    shapes: ShapeLibrary

    @classmethod
    def load(
        cls, folder: Path, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
    ) -> Bundle:
        """Reads a weights folder after checking every file's hash.

        Raises:
            ModelMissing, ModelCorrupt: a file is not there, damaged, or not of the manifest's shape.
        """
        manifest = Manifest.read(folder)
        manifest.verify(folder)
        device = torch.device(device)
        try:
            shape = read_shape(manifest)
            with torch.device("meta"):
                generator = ForegroundGenerator(shape)
                encoder = AppearanceEncoder(shape.code_size)
            _fill(generator, folder / FOREGROUND)
            _fill(encoder, folder / ENCODER)
            mask_generator, shapes, mask_classes = load_mask_weights(folder / MASKS, device=device)
        except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
            raise ModelCorrupt(folder, f"holds weights of another shape: {error}") from error
        if mask_classes != tuple(entry.name for entry in manifest.classes):
            raise ModelCorrupt(folder / MASKS, "is for other classes than the manifest")
        for network in (generator, encoder):
            network.eval().requires_grad_(requires_grad=False)
            network.to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        for layer in generator.modules():
            if isinstance(layer, ModulatedConvolution):
                layer.freeze()
        return cls(manifest, device, dtype, generator, encoder, mask_generator, shapes)

    @property
    def resolution(self) -> int:
        """Side of the square window that the networks work on, in pixels."""
        return self.manifest.resolution

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.manifest.classes)

    @property
    def code_size(self) -> int:
        return self.generator.shape.code_size

    @torch.inference_mode()
    def make_masks(self, class_index: Tensor, boxes: Tensor, scene: Tensor, z: Tensor) -> Tensor:
        """class_index (B,), boxes (B, 4) as fractions x0, y0, x1, y1, scene (B, 3, S, S) in -1..1,
        z (B, 32) -> masks (B, 1, S, S) in 0..1 that span their boxes."""
        return generate_masks(
            self.mask_generator,
            self.shapes,
            class_index.to(self.device),
            boxes.to(self.device),
            scene.to(self.device),
            z.to(self.device),
            size=self.resolution,
        ).float()

    @torch.inference_mode()
    def make_objects(
        self,
        scene: Tensor,
        mask: Tensor,
        class_index: Tensor,
        code: Tensor,
        noise: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """scene (B, 3, S, S) in -1..1 as it is, mask (B, 1, S, S), class_index (B,), code (B, code_size),
        noise (B, 1, S, S) or None for a fixed grain -> colour (B, 3, S, S) in -1..1, alpha (B, 1, S, S).

        What the scene shows under the mask has no influence.
        """
        scene, mask = scene.to(self.device), mask.to(self.device)
        filled = fill_hole(scene, dilate(mask, round(HOLE_REACH * self.resolution)))
        if noise is None:
            random = torch.Generator().manual_seed(NOISE_SEED)
            noise = torch.randn(1, 1, self.resolution, self.resolution, generator=random)
            noise = noise.expand(len(scene), -1, -1, -1)
        colour, alpha = self.generator(
            filled.to(self.dtype).contiguous(memory_format=torch.channels_last),
            mask.to(self.dtype),
            class_index.to(self.device),
            code.to(self.device, self.dtype),
            noise.to(self.device, self.dtype),
        )
        return colour.float(), alpha.float()

    @torch.inference_mode()
    def encode(self, picture: Tensor, mask: Tensor) -> Tensor:
        """The appearance of a picture (B, 3, S, S) in -1..1 under its mask (B, 1, S, S): (B, code_size)."""
        mean, _ = self.encoder(
            picture.to(self.device, self.dtype).contiguous(memory_format=torch.channels_last),
            mask.to(self.device, self.dtype),
        )
        code: Tensor = mean.float()
        return code


def _fill(network: nn.Module, file: Path) -> None:
    """Gives a network that was built without memory the weights of a file, in float32."""
    tensors = {name: value.float() for name, value in read_weights(file).items()}
    network.load_state_dict(tensors, strict=True, assign=True)
    bad = next((name for name, value in tensors.items() if not torch.isfinite(value).all()), None)
    if bad is not None:
        raise ModelCorrupt(file, f"holds numbers that are not finite, in {bad}")
