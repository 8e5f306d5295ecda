"""The shipped networks together: read, checked, on a device, ready to make masks and objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.appearance_encoder import AppearanceEncoder
from models.described_shape import read_shape
from models.files.manifest import FILE_NAME, Manifest, ModelCorrupt
from models.files.part_files import ENCODER, FOREGROUND, LOOKS, MASKS, PARTS, QUALITY
from models.files.weights_file import fill, without_memory
from models.foreground_generator import ForegroundGenerator
from models.hole import dilate, fill_hole
from models.looks import NO_LOOKS, Looks
from models.masks.carrying import seen_in_window
from models.masks.parts_code import channels, summary
from models.masks.sampling import MaskSampler, ShapedParts, generate_masks
from models.masks.weights import load_mask_weights
from models.parts_encoder import PartsEncoder
from models.quality import QualityNetwork

HOLE_REACH = 1 / 32  # how far beyond the mask the scene is hidden from the generator, of the window
MAX_WEIGHTS = 256_000_000  # numbers of a foreground generator; the largest that was trained has 30 million
LARGER_SIDE_ABOVE = 1.25  # image pixels per network pixel at which the next larger side is painted
NOISE_SEED = 0  # grain where the caller names no noise


@dataclass
class Bundle:
    """A set of weights on one device. All methods run without gradients and return float32."""

    manifest: Manifest
    device: torch.device
    dtype: torch.dtype
    generator: ForegroundGenerator
    encoder: AppearanceEncoder
    parts_encoder: PartsEncoder
    masks: MaskSampler
    looks: Looks = NO_LOOKS
    quality: QualityNetwork | None = None

    @classmethod
    def load(
        cls, folder: Path, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
    ) -> Bundle:
        """Reads a weights folder and checks everything about it: names, sizes, shapes, hashes, numbers.

        Raises:
            ModelMissing, ModelCorrupt: a file is not there, damaged, or not of the manifest's shape.
        """
        manifest = Manifest.read(folder)
        for name in (FOREGROUND, ENCODER, PARTS, MASKS):
            if name not in manifest.files:
                raise ModelCorrupt(folder / FILE_NAME, f"does not list {name}")
        manifest.look(folder)
        device = torch.device(device)
        shape = read_shape(manifest)
        with without_memory():
            generator = ForegroundGenerator(shape)
            encoder = AppearanceEncoder(shape.code_size)
            parts_encoder = PartsEncoder(shape.finer_parts)
            quality = QualityNetwork(len(manifest.classes)) if QUALITY in manifest.files else None
        count = sum(value.numel() for value in generator.parameters())
        if count > MAX_WEIGHTS:
            raise ModelCorrupt(
                folder / FILE_NAME, f"describes a network of {count} numbers, at most {MAX_WEIGHTS} are read"
            )
        networks = [(generator, FOREGROUND), (encoder, ENCODER), (parts_encoder, PARTS)]
        if quality is not None:
            networks.append((quality, QUALITY))
        for network, name in networks:
            fill(network, folder / name, manifest.files[name])
        mask_generator, shapes, mask_classes = load_mask_weights(
            folder / MASKS, device=device, sha256=manifest.files[MASKS]
        )
        if mask_classes != tuple(entry.name for entry in manifest.classes):
            raise ModelCorrupt(folder / MASKS, "is for other classes than the manifest")
        for network, _ in networks:
            network.eval().requires_grad_(requires_grad=False)
            network.to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if shapes.parts.shape[2] != channels(shape.finer_parts):
            raise ModelCorrupt(folder / MASKS, "holds parts codes of another size than the networks'")
        masks = MaskSampler(mask_generator, shapes)
        looks = NO_LOOKS
        if LOOKS in manifest.files:
            names = tuple(entry.name for entry in manifest.classes)
            looks = Looks.load(folder / LOOKS, shape.code_size, names, manifest.files[LOOKS])
        return cls(manifest, device, dtype, generator, encoder, parts_encoder, masks, looks, quality)

    @property
    def resolution(self) -> int:
        """Side of the square window that the networks work on, in pixels."""
        return self.manifest.resolution

    @property
    def sides(self) -> tuple[int, ...]:
        """The sides of windows that the generator can paint, in pixels, smallest first."""
        return tuple(2 * level for level in self.generator.painting)

    def side_for(self, pixels: float) -> int:
        """The side at which to paint a window of so many image pixels: the smallest that it would not be
        enlarged from by much, so that small objects are quick."""
        return next((side for side in self.sides if pixels <= LARGER_SIDE_ABOVE * side), self.sides[-1])

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.manifest.classes)

    @property
    def code_size(self) -> int:
        return self.generator.shape.code_size

    @torch.inference_mode()
    def make_masks(self, class_index: Tensor, boxes: Tensor, z: Tensor) -> Tensor:
        """The masks of :meth:`make_shapes` alone."""
        return self.make_shapes(class_index, boxes, z)[0]

    @torch.inference_mode()
    def make_shapes(
        self,
        class_index: Tensor,
        boxes: Tensor,
        z: Tensor,
        *,
        mirrored: bool = False,
        side: int | None = None,
    ) -> tuple[Tensor, ShapedParts]:
        """class_index (B,), boxes (B, 4) as fractions x0, y0, x1, y1, z (B, 32) -> masks (B, 1, S, S) in
        0..1 that span their boxes, and where the objects' parts are; ``mirrored``: all turned around;
        ``side``: S, one of ``sides``, the largest without it. The scene has no influence: a box that is moved
        keeps its outline."""
        device = self.device
        masks, parts = generate_masks(
            self.masks,
            class_index.to(device),
            boxes.to(device),
            z.to(device),
            size=side or self.resolution,
            mirrored=mirrored,
        )
        return masks.float(), parts

    @torch.inference_mode()
    def parts_for(self, class_index: Tensor, mask: Tensor) -> ShapedParts:
        """The parts of masks (B, 1, S, S) that someone else made: those of the outline of their class (B,)
        that is most like each, moved to lie in it."""
        outlines, boxes = self.masks.registered(class_index.to(self.device), mask.to(self.device).float())
        return self.masks.parts_of(outlines, boxes)

    @torch.inference_mode()
    def own_parts(self, picture: Tensor, mask: Tensor, boxes: Tensor) -> ShapedParts:
        """The parts of the objects themselves, as close-ups of them show: picture (B, 3, 256, 256) in -1..1,
        mask (B, 1, 256, 256), and boxes (B, 4) where the objects lie, as fractions of the window."""
        picture, mask = picture.to(self.device), mask.to(self.device)
        codes = self.parts_encoder(picture, mask)
        turned = self.parts_encoder(picture.flip(3), mask.flip(3))
        return ShapedParts(seen_in_window(codes, boxes), torch.stack([summary(codes), summary(turned)], 1))

    def draw_looks(self, class_index: Tensor, z: Tensor, parts: ShapedParts | None = None) -> Tensor:
        """The appearance codes (B, code_size) that standard normal ``z`` (B, code_size) stands for, of the
        classes (B,): looks of real objects, with parts like those given, varied; ``z`` itself for weights
        that hold no looks."""
        return self.looks.drawn(class_index, z, None if parts is None else parts.alike)

    @torch.inference_mode()
    def make_objects(
        self,
        scene: Tensor,
        mask: Tensor,
        class_index: Tensor,
        code: Tensor,
        noise: Tensor | None = None,
        parts: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """scene (B, 3, S, S) in -1..1 as it is, mask (B, 1, S, S), class_index (B,), code (B, code_size),
        noise (B, 1, S, S) or None for a fixed grain, placed parts (B, C, 32, 32) or None for those of the
        outlines most like the masks -> colour (B, 3, S, S) in -1..1, alpha (B, 1, S, S). S is one of
        ``sides``.

        What the scene shows under the mask has no influence.
        """
        scene, mask = scene.to(self.device).contiguous(), mask.to(self.device)
        side = scene.shape[-1]
        filled = fill_hole(scene, dilate(mask, round(HOLE_REACH * side)))
        if noise is None:
            random = torch.Generator().manual_seed(NOISE_SEED)
            noise = torch.randn(1, 1, side, side, generator=random)
            noise = noise.expand(len(scene), -1, -1, -1)
        if parts is None:
            parts = self.parts_for(class_index, mask).placed
        colour, alpha = self.generator(
            filled.to(self.dtype),
            mask.to(self.dtype),
            class_index.to(self.device),
            code.to(self.device, self.dtype),
            parts.to(self.device, self.dtype),
            noise.to(self.device, self.dtype),
        )
        return colour.float(), alpha.float()

    @torch.inference_mode()
    def judge(self, colour: Tensor, alpha: Tensor, class_index: Tensor) -> Tensor | None:
        """How good painted objects are of their classes, best highest: colour (B, 3, S, S) in -1..1, alpha
        (B, 1, S, S), class_index (B,) -> (B,), on the CPU. None for weights that cannot tell."""
        if self.quality is None:
            return None
        found: Tensor = self.quality(
            colour.to(self.device), alpha.to(self.device), class_index.to(self.device)
        )
        return found.cpu()

    @torch.inference_mode()
    def encode(self, picture: Tensor, mask: Tensor) -> Tensor:
        """The appearance of a picture (B, 3, S, S) in -1..1 under its mask (B, 1, S, S): (B, code_size)."""
        mean, _ = self.encoder(
            picture.to(self.device, self.dtype).contiguous(memory_format=torch.channels_last),
            mask.to(self.device, self.dtype),
        )
        code: Tensor = mean.float()
        return code
