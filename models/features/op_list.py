"""A frozen convolutional network built from a list of TFLite-style operations.

A network is a pair of files: `NAME.json`, the operations in order, and `NAME.safetensors`, the weights
`w{k}` (O, I, kh, kw; depthwise C, 1, kh, kw) and biases `b{k}` that they name. `FlatGraph` runs the part of
the list that the requested tensors need, at any input size, in NCHW, and is differentiable in its input.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn


class FeatureNetworkMissing(FileNotFoundError):
    """A file of a feature network is not in the folder that was named."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The feature network file {path} does not exist. Name the folder that holds the feature "
            "networks with --features or the environment variable INSERT_OBJECT_FEATURES."
        )


class FeatureNetworkUnreadable(ValueError):
    """A feature network's file is there but cannot be used: damaged, or with an operation unknown here."""


class Activation(Enum):
    """What a convolution or an addition does to its result; the values are TFLite's numbers."""

    NONE = 0
    RELU = 1
    RELU6 = 3

    def __call__(self, x: Tensor) -> Tensor:
        if self is Activation.RELU:
            return F.relu_(x)
        if self is Activation.RELU6:
            return F.hardtanh_(x, 0.0, 6.0)
        return x


@dataclass(frozen=True)
class Operation:
    """One line of the list. `recorded` is the result's (height, width, channels) in the list's own run."""

    kind: str
    inputs: tuple[int, ...]
    output: int
    activation: Activation
    stride: int
    dilation: int
    weights: int
    """The k of `w{k}` and `b{k}`; -1 where the operation has none."""
    window: tuple[int, int]
    """Pooling window (height, width); (0, 0) where the operation does not pool."""
    padded: bool
    """SAME padding; VALID otherwise."""
    recorded: tuple[int, ...]


@dataclass(frozen=True)
class OpList:
    """A whole list: the tensor that is fed, its recorded (height, width), the operations in order."""

    input: int
    input_size: tuple[int, int]
    output: int
    operations: tuple[Operation, ...]


_KINDS = frozenset(
    {
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "ADD",
        "AVERAGE_POOL_2D",
        "RESIZE_BILINEAR",
        "CONCATENATION",
        "QUANTIZE",
        "RESHAPE",
    }
)


def parse_op_list(content: dict[str, Any]) -> OpList:
    """The typed form of a list's JSON. Operations of unknown kinds are kept: only running one is an error."""
    _, height, width, _ = content["ishape"]
    return OpList(
        input=int(content["inp"]),
        input_size=(int(height), int(width)),
        output=int(content["out"]),
        operations=tuple(_parse_operation(entry) for entry in content["ops"]),
    )


def _parse_operation(entry: dict[str, Any]) -> Operation:
    kind = str(entry["op"])
    k = entry.get("k", -1)
    return Operation(
        kind=kind,
        inputs=tuple(int(i) for i in entry["i"]),
        output=int(entry["o"][0]),
        activation=Activation(int(entry.get("act", 0))),
        stride=int(entry.get("stride", 1)),
        dilation=int(entry.get("dil", 1)),
        weights=int(k) if isinstance(k, int) else -1,
        window=(0, 0) if isinstance(k, int) else (int(k[0]), int(k[1])),
        padded=entry.get("pad") == "SAME",
        recorded=tuple(int(n) for n in entry.get("oshape", ())[1:]),
    )


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """(before, after) of SAME padding along one axis of `size` pixels; the smaller half comes first."""
    reach = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


class FlatGraph(nn.Module):
    """The part of an operation list that `outputs` need, as a frozen module.

    The weights are buffers: no optimiser finds them, no gradient is stored for them, and `.to()` moves them.
    """

    def __init__(self, op_list: OpList, weights: dict[str, Tensor], outputs: Sequence[int]) -> None:
        """`outputs`: numbers of the tensors to return. Raises FeatureNetworkUnreadable."""
        super().__init__()
        self.input = op_list.input
        self.input_size = op_list.input_size
        self.outputs = tuple(outputs)
        self.operations = _needed(op_list, self.outputs)
        self._last_use = {tensor: n for n, op in enumerate(self.operations) for tensor in op.inputs}
        for op in self.operations:
            if op.kind not in _KINDS:
                raise FeatureNetworkUnreadable(f"Operation {op.kind} is not known to this program.")
            if op.weights >= 0:
                for name in (f"w{op.weights}", f"b{op.weights}"):
                    if name not in weights:
                        raise FeatureNetworkUnreadable(f"The weights lack {name}, which {op.kind} needs.")
                    self.register_buffer(name, _fast_layout(weights[name].float()))

    def forward(self, x: Tensor) -> list[Tensor]:
        """x (B, C, H, W) -> the requested tensors, each (B, C', H', W'), in the order asked for."""
        tensors = {self.input: x}
        # A size that the list names stands for the live size of whatever had that size when it was recorded.
        live_sizes = {self.input_size: (x.shape[2], x.shape[3])}
        for n, op in enumerate(self.operations):
            result = self._run(op, [tensors[i] for i in op.inputs if i in tensors], live_sizes)
            tensors[op.output] = result
            if result.ndim == 4 and len(op.recorded) == 3:
                live_sizes.setdefault((op.recorded[0], op.recorded[1]), (result.shape[2], result.shape[3]))
            for tensor in op.inputs:
                if self._last_use[tensor] == n and tensor not in self.outputs:
                    tensors.pop(tensor, None)
        return [tensors[number] for number in self.outputs]

    def _run(
        self, op: Operation, inputs: list[Tensor], live_sizes: dict[tuple[int, int], tuple[int, int]]
    ) -> Tensor:
        x = inputs[0]
        if op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            return op.activation(self._convolve(op, x))
        if op.kind == "ADD":
            return op.activation(x + inputs[1])
        if op.kind == "CONCATENATION":
            return torch.cat(inputs, dim=1)
        if op.kind == "AVERAGE_POOL_2D":
            if live_sizes.get(op.window) == (x.shape[2], x.shape[3]):
                return x.mean(dim=(2, 3), keepdim=True)
            return F.avg_pool2d(x, op.window, op.stride)
        if op.kind == "RESIZE_BILINEAR":
            size = live_sizes[(op.recorded[0], op.recorded[1])]
            return F.interpolate(x, size=size, mode="bilinear", align_corners=True)
        if op.kind == "RESHAPE":
            return x.flatten(1)
        return x  # QUANTIZE: the values are real numbers here

    def _convolve(self, op: Operation, x: Tensor) -> Tensor:
        weight: Tensor = self.get_buffer(f"w{op.weights}")
        bias: Tensor = self.get_buffer(f"b{op.weights}")
        groups = x.shape[1] if op.kind == "DEPTHWISE_CONV_2D" else 1
        padding = (0, 0)
        if op.padded:
            top, bottom = same_padding(x.shape[2], weight.shape[2], op.stride, op.dilation)
            left, right = same_padding(x.shape[3], weight.shape[3], op.stride, op.dilation)
            if top == bottom and left == right:
                padding = (top, left)
            else:
                x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, weight, bias, op.stride, padding, op.dilation, groups)


def _fast_layout(weight: Tensor) -> Tensor:
    """Kernels with their channels last: a third faster on CPUs; the results follow their layout."""
    return weight.contiguous(memory_format=torch.channels_last) if weight.ndim == 4 else weight


def _needed(op_list: OpList, outputs: Sequence[int]) -> tuple[Operation, ...]:
    wanted = set(outputs)
    kept: list[Operation] = []
    for op in reversed(op_list.operations):
        if op.output in wanted:
            kept.append(op)
            wanted.update(op.inputs)
    missing = set(outputs) - {op.output for op in kept} - {op_list.input}
    if missing:
        raise FeatureNetworkUnreadable(f"The operation list makes no tensor {sorted(missing)}.")
    return tuple(reversed(kept))


def read_weights(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file. Raises FeatureNetworkMissing, FeatureNetworkUnreadable."""
    if not path.is_file():
        raise FeatureNetworkMissing(path)
    try:
        return load_file(path)
    except Exception as error:
        raise FeatureNetworkUnreadable(f"{path} is not a readable safetensors file: {error}") from error


def read_op_list(path: Path) -> OpList:
    """The operation list in a JSON file. Raises FeatureNetworkMissing, FeatureNetworkUnreadable."""
    if not path.is_file():
        raise FeatureNetworkMissing(path)
    try:
        return parse_op_list(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise FeatureNetworkUnreadable(f"{path} is not a readable operation list: {error}") from error
