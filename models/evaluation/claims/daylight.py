"""Claim: inserted into a photo, the object follows its hour and season: night, sunset, snow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.cases import Generated, Sample
from models.evaluation.claims.findings import Claim, Figure, Unit
from models.evaluation.claims.stage import TILE, Stage, insert
from models.evaluation.compositing import to_signed
from models.evaluation.contact_sheets import contact_sheet
from models.evaluation.lighting import mean_luminance, red_over_blue
from models.evaluation.result import Sheet
from models.relight import Relight, to_linear


@dataclass(frozen=True)
class Weather:
    """A light over a whole scene: gains of linear red, green and blue, gamma, saturation."""

    name: str
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    saturation: float = 1.0

    def over(self, scene: Tensor) -> Tensor:
        """Scenes (N, 3, S, S) in -1..1 under this light."""
        count = len(scene)
        one = torch.ones(count, 1, 1, 1, device=scene.device)
        gain = torch.tensor(self.gain, device=scene.device).view(1, 3, 1, 1).expand(count, 3, 1, 1)
        ramp = torch.zeros(count, 2, device=scene.device)
        return Relight(gain, one * self.gamma, one * self.saturation, ramp).apply(scene)


WEATHERS = (
    Weather("as it is"),
    Weather("dawn", gain=(0.75, 0.68, 0.72)),
    Weather("night", gain=(0.16, 0.21, 0.34), saturation=0.7),
    Weather("sunset", gain=(1.2, 0.75, 0.45)),
    Weather("snow", gain=(1.35, 1.42, 1.6), gamma=0.75, saturation=0.25),
)


def claim_daylight(methods: Sequence[Generated], sample: Sample, stage: Stage, *, rows: int) -> Claim:
    """The same scenes under every weather: figures on the sample's windows, pictures on the stage."""
    sheets = []
    shown = stage.first(rows)
    fits = {method.name: _fits(method, sample) for method in methods}
    figures = (
        Figure(
            "brightness: slope of the object's over the scene's",
            "0.8–1",
            Unit.NUMBER,
            {name: metrics.median_or_nan(fit[0].slope) for name, fit in fits.items()},
        ),
        Figure(
            "brightness: R²",
            "above 0.9",
            Unit.NUMBER,
            {name: metrics.median_or_nan(fit[0].r_squared) for name, fit in fits.items()},
        ),
        Figure(
            "red over blue: slope of the object's over the scene's",
            "0.8–1",
            Unit.NUMBER,
            {name: metrics.median_or_nan(fit[1].slope) for name, fit in fits.items()},
        ),
        Figure(
            "red over blue: R²",
            "above 0.9",
            Unit.NUMBER,
            {name: metrics.median_or_nan(fit[1].r_squared) for name, fit in fits.items()},
        ),
    )
    for n, method in enumerate(methods):
        columns = []
        for weather in WEATHERS:
            scene = weather.over(to_signed(shown.scene))
            scene8 = ((scene + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
            columns.append(to_signed(insert(method, shown.with_scene(scene8)).picture))
        sheets.append(
            Sheet(
                f"claim-daylight-{n}",
                f"Hours and seasons, {method.name}",
                f"{method.name}: the scene is recoloured first, then the object is inserted.",
                contact_sheet(columns, [weather.name for weather in WEATHERS], shown.labels, TILE),
            )
        )
    return Claim(
        "daylight",
        "4. The object follows hour and season",
        "Inserted into a photo by night, at sunset or in snow, the object takes on its light and cast.",
        figures,
        tuple(sheets),
        (
            f"Medians over {len(sample)} photos, each under {', '.join(w.name for w in WEATHERS)}: the line "
            "of log light of the object over that of the scene around it. A pasted object has slope 0.",
        ),
    )


def _fits(method: Generated, sample: Sample, batch_size: int = 16) -> tuple[metrics.Fit, metrics.Fit]:
    """Elasticity of luminance and of red over blue, over all weathers, photo by photo."""
    measures: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (mean_luminance, red_over_blue)
    scenes: list[list[Tensor]] = [[], []]
    made: list[list[Tensor]] = [[], []]
    for weather in WEATHERS:
        under = weather.over(sample.clean)
        parts: list[tuple[list[Tensor], list[Tensor]]] = [([], []), ([], [])]
        for _, cases in sample.batches(under, sample.real_mask, batch_size):
            insertion = method.insert(cases)
            for measure, (scene_part, made_part) in zip(measures, parts, strict=True):
                scene_part.append(measure(to_linear(cases.scene), 1 - insertion.shape))
                made_part.append(measure(to_linear(insertion.rgb), insertion.object_alpha))
        for n, (scene_part, made_part) in enumerate(parts):
            scenes[n].append(torch.cat(scene_part))
            made[n].append(torch.cat(made_part))
    brightness, colour = (
        metrics.elasticity(torch.stack(light, dim=1).cpu(), torch.stack(its, dim=1).cpu())
        for light, its in zip(scenes, made, strict=True)
    )
    return brightness, colour
