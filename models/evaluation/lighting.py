"""Lighting: does an object follow the light of its scene? The same scene is relit by known gains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.methods import Method
from models.evaluation.result import LightingRow
from models.evaluation.sample import Sample
from models.relight import Relight, luminance, to_linear

EXPOSURES = (0.35, 0.5, 0.71, 1.0, 1.41, 2.0)  # gains in linear light
COLOUR_GAINS = (0.7, 0.84, 1.0, 1.19, 1.41)  # of red; blue takes the inverse

Light = Callable[[Tensor], Tensor]
"""Scenes (B, 3, H, W) in -1..1 -> the same under a light."""
Measure = Callable[[Tensor, Tensor], Tensor]
"""Linear light (B, 3, H, W) under a weight (B, 1, H, W) -> (B,)."""


def measure_lighting(sample: Sample, methods: Sequence[Method], limit: int) -> list[LightingRow]:
    """Log object light over log scene light, on the first `limit` photos: own scene, true mask."""
    exposures = [gain((g, g, g)) for g in EXPOSURES]
    colours = [gain((g, 1.0, 1 / g)) for g in COLOUR_GAINS]
    rows = []
    for method in methods:
        exposure = followed(method, sample, exposures, mean_luminance, limit)
        colour = followed(method, sample, colours, red_over_blue, limit)
        rows += _rows(method.name, sample, metrics.elasticity(*exposure), metrics.elasticity(*colour))
    return rows


def followed(
    method: Method, sample: Sample, lights: Sequence[Light], measure: Measure, limit: int
) -> tuple[Tensor, Tensor]:
    """(N, G) each on the CPU: the measure of scenes, and of their objects, under every light."""
    scenes, objects = [], []
    for light in tqdm(lights, desc="relighting scenes", unit="light", disable=None, leave=False):
        around, within = [], []
        for _, cases in sample.batches(light(sample.clean[:limit]), sample.real_mask[:limit]):
            insertion = method.insert(cases)
            around.append(measure(to_linear(cases.scene), 1 - insertion.shape))
            within.append(measure(to_linear(insertion.rgb), insertion.object_alpha))
        scenes.append(torch.cat(around))
        objects.append(torch.cat(within))
    return torch.stack(scenes, dim=1).cpu(), torch.stack(objects, dim=1).cpu()


def gain(colour: tuple[float, float, float]) -> Light:
    """The light that multiplies linear red, green and blue."""
    gains = torch.tensor([colour])
    return lambda scene: Relight.by_gain(gains.to(scene.device).expand(len(scene), 3)).apply(scene)


def mean_luminance(light: Tensor, weight: Tensor) -> Tensor:
    """(B,) mean luminance of linear light (B, 3, H, W) under `weight` (B, 1, H, W)."""
    return metrics.weighted_mean(luminance(light), weight)[:, 0]


def red_over_blue(light: Tensor, weight: Tensor) -> Tensor:
    """(B,) mean red over mean blue of linear light (B, 3, H, W) under `weight` (B, 1, H, W)."""
    means = metrics.weighted_mean(light, weight)
    return means[:, 0] / means[:, 2]


def _rows(method: str, sample: Sample, exposure: metrics.Fit, colour: metrics.Fit) -> list[LightingRow]:
    return [
        LightingRow(
            method=method,
            class_name=name,
            count=len(members),
            luminance_slope=metrics.median_or_nan(exposure.slope[members]),
            luminance_slope_low=float(exposure.slope[members].quantile(0.1)),
            luminance_slope_high=float(exposure.slope[members].quantile(0.9)),
            luminance_r_squared=metrics.median_or_nan(exposure.r_squared[members]),
            red_blue_slope=metrics.median_or_nan(colour.slope[members]),
            red_blue_r_squared=metrics.median_or_nan(colour.r_squared[members]),
        )
        for name, members in sample.groups(len(exposure.slope)).items()
    ]
