"""Lighting: does an object follow the light of its scene? The same scene is relit by known gains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.baselines import Cases, Method
from models.evaluation.cases import Sample
from models.evaluation.result import ALL_CLASSES, LightingRow, LightPoints
from models.relight import Relight, luminance, to_linear

EXPOSURES = (0.35, 0.5, 0.71, 1.0, 1.41, 2.0)  # gains in linear light
COLOUR_GAINS = (0.7, 0.84, 1.0, 1.19, 1.41)  # of red; blue takes the inverse


@dataclass(frozen=True)
class _Light:
    """Light of scenes and objects, each (B, G): image n under change g."""

    scene: Tensor
    made: Tensor


def measure_lighting(
    sample: Sample, methods: Sequence[Method], *, limit: int, batch_size: int
) -> tuple[list[LightingRow], list[LightPoints]]:
    """Log object light over log scene light, on the first `limit` photos: own scene, true mask."""
    count = min(limit, len(sample))
    exposures = torch.tensor([[g, g, g] for g in EXPOSURES])
    colours = torch.tensor([[g, 1.0, 1 / g] for g in COLOUR_GAINS])
    rows, points = [], []
    total = len(methods) * count
    with tqdm(total=total, desc="relighting scenes", unit="picture", disable=None, leave=False) as bar:
        for method in methods:
            lights, colour_lights = [], []
            for _, cases in sample.batches(sample.clean[:count], sample.real_mask[:count], batch_size):
                lights.append(_light_of(method, cases, exposures, mean_luminance))
                colour_lights.append(_light_of(method, cases, colours, red_over_blue))
                bar.update(len(cases.scene))
            exposure, colour = _joined(lights), _joined(colour_lights)
            rows += _rows(method.name, sample, metrics.elasticity(*exposure), metrics.elasticity(*colour))
            points.append(
                LightPoints(
                    method.name,
                    *(_stops(light, EXPOSURES.index(1.0)) for light in exposure),
                    *(_stops(light, COLOUR_GAINS.index(1.0)) for light in colour),
                )
            )
    return rows, points


def _stops(light: Tensor, as_it_is: int) -> tuple[float, ...]:
    """log2 of light (N, G) over that under gain number `as_it_is`, photo by photo, in a row."""
    found: list[float] = (light / light[:, as_it_is : as_it_is + 1]).log2().flatten().tolist()
    return tuple(found)


def relit(cases: Cases, gain: Tensor) -> Cases:
    """The same cases with their scene under gains (3,) in linear light."""
    gains = gain.to(cases.scene.device).expand(len(cases.scene), 3)
    return Cases(
        Relight.by_gain(gains).apply(cases.scene),
        cases.mask,
        cases.real,
        cases.real_mask,
        cases.class_index,
        cases.code,
    )


def mean_luminance(light: Tensor, weight: Tensor) -> Tensor:
    """(B,) mean luminance of linear light (B, 3, H, W) under `weight` (B, 1, H, W)."""
    return metrics.weighted_mean(luminance(light), weight)[:, 0]


def red_over_blue(light: Tensor, weight: Tensor) -> Tensor:
    """(B,) mean red over mean blue of linear light (B, 3, H, W) under `weight` (B, 1, H, W)."""
    means = metrics.weighted_mean(light, weight)
    return means[:, 0] / means[:, 2]


def _light_of(
    method: Method, cases: Cases, gains: Tensor, measure: Callable[[Tensor, Tensor], Tensor]
) -> _Light:
    scenes, made = [], []
    for gain in gains:
        under = relit(cases, gain)
        insertion = method.insert(under)
        scenes.append(measure(to_linear(under.scene), 1 - insertion.shape))
        made.append(measure(to_linear(insertion.rgb), insertion.object_alpha))
    return _Light(torch.stack(scenes, dim=1), torch.stack(made, dim=1))


def _joined(lights: Sequence[_Light]) -> tuple[Tensor, Tensor]:
    return torch.cat([light.scene for light in lights]).cpu(), torch.cat(
        [light.made for light in lights]
    ).cpu()


def _rows(method: str, sample: Sample, exposure: metrics.Fit, colour: metrics.Fit) -> list[LightingRow]:
    class_index = sample.class_index[: len(exposure.slope)].cpu()
    groups = {ALL_CLASSES: torch.ones_like(class_index, dtype=torch.bool)}
    for number, name in enumerate(sample.class_names):
        groups[name] = class_index == number
    return [
        LightingRow(
            method=method,
            class_name=name,
            count=int(members.sum()),
            luminance_slope=metrics.median_or_nan(exposure.slope[members]),
            luminance_slope_low=float(exposure.slope[members].quantile(0.1)),
            luminance_slope_high=float(exposure.slope[members].quantile(0.9)),
            luminance_r_squared=metrics.median_or_nan(exposure.r_squared[members]),
            red_blue_slope=metrics.median_or_nan(colour.slope[members]),
            red_blue_r_squared=metrics.median_or_nan(colour.r_squared[members]),
        )
        for name, members in groups.items()
        if members.any()
    ]
