"""Frozen feature networks for training losses and for evaluation, read from a folder that the user names.

The project ships none of them. Losses use SqueezeNet, LPIPS and MobileNetV2; evaluation uses MobileNetV1 and
DeepLab, which no loss may see. All of them take images (B, 3, H, W) in -1..1.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.features.op_list import (
    Activation,
    FeatureNetworkMissing,
    FeatureNetworkUnreadable,
    FlatGraph,
    OpList,
    read_op_list,
    read_weights,
)

__all__ = [
    "FEATURES_VARIABLE",
    "VOC_CLASSES",
    "DeepLabVoc",
    "FeatureNetworkMissing",
    "FeatureNetworkUnreadable",
    "Lpips",
    "MobileNetV1Embedding",
    "MobileNetV2Features",
    "SqueezeNetFeatures",
    "feature_folder",
]

FEATURES_VARIABLE = "INSERT_OBJECT_FEATURES"

SQUEEZENET_FILE = "squeezenet1_1_tv_fp16.safetensors"
LPIPS_FILE = "lpips_v0.1_squeeze_lin_fp16.safetensors"
MOBILENET_V2_NAME = "mobilenet_v2_1.0_224_quant.fp16"
MOBILENET_V1_NAME = "mobilenet_v1_1.0_224_embed.fp16"
DEEPLAB_NAME = "deeplabv3_mnv2_pascal_quant.fp16"

VOC_CLASSES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
"""PASCAL VOC's classes in the order of DeepLab's logits."""


def feature_folder(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of the feature networks: the one given, else the environment's, else None."""
    if given is not None:
        return given
    named = environment.get(FEATURES_VARIABLE, "")
    return Path(named) if named else None


class SqueezeNetFeatures(nn.Module):
    """SqueezeNet 1.1 (Iandola et al., arXiv 1602.07360) to its last fire module, with LPIPS's seven taps."""

    TAPS = (1, 4, 7, 9, 10, 11, 12)
    CHANNELS = (64, 128, 256, 384, 384, 512, 512)

    _POOLS = (2, 5, 8)
    _FIRES = (3, 4, 6, 7, 9, 10, 11, 12)

    def __init__(self, folder: Path | str) -> None:
        """Raises FeatureNetworkMissing or FeatureNetworkUnreadable."""
        super().__init__()
        weights = read_weights(Path(folder) / SQUEEZENET_FILE)
        names = ["features.0"] + [
            f"features.{n}.{part}" for n in self._FIRES for part in ("squeeze", "expand1x1", "expand3x3")
        ]
        for name in names:
            for kind in ("weight", "bias"):
                if f"{name}.{kind}" not in weights:
                    raise FeatureNetworkUnreadable(f"{SQUEEZENET_FILE} lacks {name}.{kind}.")
                self.register_buffer(_buffer_name(name, kind), weights[f"{name}.{kind}"].float())
        # ImageNet's mean and deviation, restated for -1..1 and rounded as LPIPS rounds them.
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> list[Tensor]:
        """x (B, 3, H, W) in -1..1, H and W at least 32 -> seven maps of CHANNELS, strides 2, 4, 8, 16 …"""
        x = (x - self.get_buffer("shift")) / self.get_buffer("scale")
        taps: list[Tensor] = []
        x = F.relu_(self._convolve("features.0", x, stride=2))
        taps.append(x)
        for n in range(2, 13):
            x = F.max_pool2d(x, 3, 2, ceil_mode=True) if n in self._POOLS else self._fire(n, x)
            if n in self.TAPS:
                taps.append(x)
        return taps

    def _fire(self, n: int, x: Tensor) -> Tensor:
        x = F.relu_(self._convolve(f"features.{n}.squeeze", x))
        wide = [
            self._convolve(f"features.{n}.expand1x1", x),
            self._convolve(f"features.{n}.expand3x3", x, padding=1),
        ]
        return F.relu_(torch.cat(wide, dim=1))

    def _convolve(self, name: str, x: Tensor, *, stride: int = 1, padding: int = 0) -> Tensor:
        weight = self.get_buffer(_buffer_name(name, "weight"))
        return F.conv2d(x, weight, self.get_buffer(_buffer_name(name, "bias")), stride, padding)


def _buffer_name(name: str, kind: str) -> str:
    return f"{name}.{kind}".replace(".", "_")


class Lpips(nn.Module):
    """LPIPS 0.1 on SqueezeNet (Zhang et al., arXiv 1801.03924): a perceptual distance, differentiable."""

    def __init__(self, folder: Path | str, features: SqueezeNetFeatures | None = None) -> None:
        """`features`: a SqueezeNet already loaded, to share it. Raises as SqueezeNetFeatures does."""
        super().__init__()
        self.features = features if features is not None else SqueezeNetFeatures(folder)
        heads = read_weights(Path(folder) / LPIPS_FILE)
        for n, channels in enumerate(SqueezeNetFeatures.CHANNELS):
            head = heads.get(f"lin{n}")
            if head is None or head.numel() != channels:
                raise FeatureNetworkUnreadable(f"{LPIPS_FILE} lacks lin{n} with {channels} weights.")
            self.register_buffer(f"head{n}", head.float().view(1, channels, 1, 1))

    def forward(self, first: Tensor, second: Tensor, *, taps: Sequence[Tensor] | None = None) -> Tensor:
        """Distance (B,) of two batches (B, 3, H, W) in -1..1; `taps`: features of `second`, if at hand."""
        return self.between(self.features(first), self.features(second) if taps is None else taps)

    def between(self, first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
        """Distance (B,) of two images given by their SqueezeNet features, in float32."""
        total = torch.zeros(first[0].shape[0], device=first[0].device)
        for n, (a, b) in enumerate(zip(first, second, strict=True)):
            difference = (_unit_length(a.float()) - _unit_length(b.float())).square()
            total = total + (difference * self.get_buffer(f"head{n}").float()).sum(1).mean(dim=(1, 2))
        return total


def _unit_length(x: Tensor) -> Tensor:
    # The small number stands under the root: where ReLU left only zeros, sqrt(0) would have no gradient.
    return x * torch.rsqrt(x.square().sum(1, keepdim=True) + 1e-10)


class MobileNetV2Features(nn.Module):
    """MobileNetV2 (Sandler et al., arXiv 1801.04381): the last bottleneck at strides 4, 8, 16 and 32.

    The taps are linear bottlenecks: signed and not bounded by an activation.
    """

    STRIDES = (4, 8, 16, 32)

    def __init__(self, folder: Path | str) -> None:
        """Raises FeatureNetworkMissing or FeatureNetworkUnreadable."""
        super().__init__()
        op_list, weights = _read_network(folder, MOBILENET_V2_NAME)
        taps = [_last_bottleneck(op_list, stride) for stride in self.STRIDES]
        self.channels = tuple(channels for _, channels in taps)
        self.graph = FlatGraph(op_list, weights, [number for number, _ in taps])

    def forward(self, x: Tensor) -> list[Tensor]:
        """x (B, 3, H, W) in -1..1 -> four maps (B, channels[n], ceil(H / stride), ceil(W / stride))."""
        taps: list[Tensor] = self.graph(x)
        return taps


class MobileNetV1Embedding(nn.Module):
    """MobileNetV1's 1024-d embedding (Howard et al., arXiv 1704.04861), for KID. Evaluation only."""

    SIZE = 224

    def __init__(self, folder: Path | str) -> None:
        """Raises FeatureNetworkMissing or FeatureNetworkUnreadable."""
        super().__init__()
        op_list, weights = _read_network(folder, MOBILENET_V1_NAME)
        self.graph = FlatGraph(op_list, weights, [op_list.output])

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 3, H, W) in -1..1, resized to 224 x 224 -> (B, 1024)."""
        embedding: Tensor = self.graph(_resized(x, self.SIZE))[0]
        return embedding.flatten(1)


class DeepLabVoc(nn.Module):
    """DeepLabV3 on MobileNetV2 (Chen et al., arXiv 1706.05587), VOC's 21 classes. Evaluation only."""

    SIZE = 257

    def __init__(self, folder: Path | str) -> None:
        """Raises FeatureNetworkMissing or FeatureNetworkUnreadable."""
        super().__init__()
        op_list, weights = _read_network(folder, DEEPLAB_NAME)
        convolutions = [op.output for op in op_list.operations if op.kind == "CONV_2D"]
        self.graph = FlatGraph(op_list, weights, convolutions[-1:])

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 3, H, W) in -1..1 -> logits (B, 21, H, W), in the order of VOC_CLASSES."""
        logits: Tensor = self.graph(_resized(x, self.SIZE))[0]
        return F.interpolate(logits, size=x.shape[2:], mode="bilinear", align_corners=True)

    def labels(self, x: Tensor) -> Tensor:
        """x (B, 3, H, W) in -1..1 -> the likeliest class of each pixel, int64 (B, H, W)."""
        logits: Tensor = self(x)
        return logits.argmax(1)


def _read_network(folder: Path | str, name: str) -> tuple[OpList, dict[str, Tensor]]:
    op_list = read_op_list(Path(folder) / f"{name}.json")
    return op_list, read_weights(Path(folder) / f"{name}.safetensors")


def _last_bottleneck(op_list: OpList, stride: int) -> tuple[int, int]:
    """(tensor, channels) of the last result at this stride that no activation has touched."""
    size = tuple(-(-n // stride) for n in op_list.input_size)
    found = [
        (op.output, op.recorded[2])
        for op in op_list.operations
        if op.activation is Activation.NONE and op.kind in ("CONV_2D", "ADD") and op.recorded[:2] == size
    ]
    if not found:
        raise FeatureNetworkUnreadable(f"The operation list has no bottleneck at stride {stride}.")
    return found[-1]


def _resized(x: Tensor, size: int) -> Tensor:
    if x.shape[2:] == (size, size):
        return x
    return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
