"""The networks' time against their floor: their operations at the rate that a plain convolution reaches."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measure import Timing, timed
from daemon.painting.engine import cpu_dtype
from models.bundle import Bundle


def convolution_rate(dtype: torch.dtype) -> float:
    """Operations a second of a 3 × 3 convolution, 128 channels at 64 × 64: what this processor can do."""
    layer = torch.nn.Conv2d(128, 128, 3, padding=1, dtype=dtype)
    layer = layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    picture = torch.randn(4, 128, 64, 64).to(dtype).contiguous(memory_format=torch.channels_last)
    operations = 2 * 4 * 64 * 64 * 128 * 128 * 9
    with torch.inference_mode():
        return operations / timed(lambda: layer(picture), 15, warm_up=5).median


def network_times(weights: Path, threads: int) -> tuple[Timing, float, float]:
    """Time of mask and object for one insertion, its operations, and the floor in seconds."""
    torch.set_num_threads(threads)
    bundle = Bundle.load(weights, device="cpu", dtype=cpu_dtype())
    side = bundle.resolution
    scene = torch.zeros(1, 3, side, side)
    index = torch.zeros(1, dtype=torch.long)
    box = torch.tensor([[0.15, 0.2, 0.85, 0.8]])
    code, z = torch.zeros(1, bundle.code_size), torch.zeros(1, 32)

    def insert() -> None:
        mask, parts = bundle.make_shapes(index, box, z)
        bundle.make_objects(scene, mask, index, code, parts=parts.placed)

    timing = timed(insert, 20, warm_up=4)
    with FlopCounterMode(display=False) as counter:
        insert()
    operations = float(counter.get_total_flops())
    return timing, operations, operations / convolution_rate(bundle.dtype)
