"""Feature networks of a few kilobytes with random weights, in files of the real form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from models.features import networks as names


def convolution(
    k: int, source: int, target: int, recorded: tuple[int, int, int], **other: Any
) -> dict[str, Any]:
    """One convolution of an operation list; `recorded` is (height, width, channels) of its result."""
    return {
        "op": "CONV_2D",
        "i": [source],
        "o": [target],
        "stride": 1,
        "dil": 1,
        "pad": "SAME",
        "act": 0,
        "k": k,
        "oshape": [1, *recorded],
        **other,
    }


def weights_for(shapes: dict[int, tuple[int, int, int, int]], seed: int = 0) -> dict[str, torch.Tensor]:
    """`w{k}` of the given shapes and `b{k}` beside them."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for k, shape in shapes.items():
        fan_in = shape[1] * shape[2] * shape[3]
        found[f"w{k}"] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        found[f"b{k}"] = 0.1 * torch.randn(shape[0], generator=generator)
    return found


def save_network(folder: Path, name: str, content: dict[str, Any], weights: dict[str, torch.Tensor]) -> None:
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    save_file({key: value.half() for key, value in weights.items()}, folder / f"{name}.safetensors")


def write_features(folder: Path) -> Path:
    """A whole folder of feature networks, all tiny but SqueezeNet, which has its own size."""
    generator = torch.Generator().manual_seed(3)
    embedding_ops = [
        convolution(0, 0, 1, (112, 112, 8), stride=2, act=3),
        {"op": "AVERAGE_POOL_2D", "i": [1], "o": [2], "k": [112, 112], "stride": 2, "oshape": [1, 1, 1, 8]},
    ]
    save_network(
        folder,
        names.MOBILENET_V1_NAME,
        {"inp": 0, "out": 2, "ishape": [1, 224, 224, 3], "ops": embedding_ops},
        weights_for({0: (8, 3, 3, 3)}),
    )
    save_network(
        folder,
        names.DEEPLAB_NAME,
        {
            "inp": 0,
            "out": 1,
            "ishape": [1, 513, 513, 3],
            "ops": [convolution(0, 0, 1, (33, 33, 21), stride=16)],
        },
        weights_for({0: (21, 3, 3, 3)}),
    )
    pyramid, shapes, channels = [], {}, 3
    for n, stride in enumerate((2, 4, 8, 16, 32)):
        size = 224 // stride
        pyramid.append(convolution(n, n, n + 1, (size, size, 4 + n), stride=2, act=0))
        shapes[n] = (4 + n, channels, 3, 3)
        channels = 4 + n
    save_network(
        folder,
        names.MOBILENET_V2_NAME,
        {"inp": 0, "out": 5, "ishape": [1, 224, 224, 3], "ops": pyramid},
        weights_for(shapes),
    )
    heads = {
        f"lin{n}": torch.rand(1, channels, 1, 1, generator=generator)
        for n, channels in enumerate(names.SqueezeNetFeatures.CHANNELS)
    }
    save_file(heads, folder / names.LPIPS_FILE)
    save_file(_squeezenet(generator), folder / names.SQUEEZENET_FILE)
    return folder


def _squeezenet(generator: torch.Generator) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}

    def add(name: str, out_channels: int, in_channels: int, side: int) -> None:
        fan_in = in_channels * side * side
        weight = torch.randn(out_channels, in_channels, side, side, generator=generator)
        found[f"{name}.weight"] = (weight * (2 / fan_in) ** 0.5).half()
        found[f"{name}.bias"] = torch.zeros(out_channels).half()

    add("features.0", 64, 3, 3)
    channels = 64
    for n, (squeeze, expand) in {
        3: (16, 64),
        4: (16, 64),
        6: (32, 128),
        7: (32, 128),
        9: (48, 192),
        10: (48, 192),
        11: (64, 256),
        12: (64, 256),
    }.items():
        add(f"features.{n}.squeeze", squeeze, channels, 1)
        add(f"features.{n}.expand1x1", expand, squeeze, 1)
        add(f"features.{n}.expand3x3", expand, squeeze, 3)
        channels = 2 * expand
    return found
