"""Claims about the object's look: another seed gives another one, and it follows hour and season."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.claims.findings import Claim, Unit, figures_of, method_sheets
from models.evaluation.claims.stage import Stage, insert
from models.evaluation.lighting import followed, mean_luminance, red_over_blue
from models.evaluation.methods import Generated, to_bytes, to_signed
from models.evaluation.result import ALL_CLASSES
from models.evaluation.sample import Sample
from models.evaluation.variety import measure_diversity
from models.features.networks import Lpips
from models.relight import Relight


def claim_looks(methods: Sequence[Generated], sample: Sample, stage: Stage, lpips: Lpips) -> Claim:
    """Looks by seed, measured on the sample's windows and shown on the stage."""
    found, painted, between_real = {}, {}, 0.0
    for method in methods:
        measured = measure_diversity(sample, method, lpips, len(sample))
        whole = next(row for row in measured if row.class_name == ALL_CLASSES)
        between_real = whole.between_real
        pictures = [insert(method, stage, look=look) for look in range(stage.codes.shape[1])]
        again = insert(method, stage, look=0).picture
        unequal = (again != pictures[0].picture).any(dim=1).sum()
        found[method.name] = whole.share, whole.between_seeds, float(unequal)
        painted[method.name] = {f"seed {look + 1}": its.signed for look, its in enumerate(pictures)}
    lines = (
        ("LPIPS between seeds, over that between real objects", "30–60 %", Unit.SHARE),
        ("LPIPS between seeds", f"{between_real:.3f} between real objects", Unit.NUMBER),
        ("pixels that differ when a seed is used twice", "0", Unit.COUNT),
    )
    caption = f"one mask, one scene, {stage.codes.shape[1]} seeds."
    sheets = method_sheets("looks", "Looks by seed", caption, painted, stage.labels)
    return Claim(
        "looks",
        "3. Another seed, another look",
        "One mask can be filled with many looks; a seed always gives the same one.",
        figures_of(lines, found),
        sheets,
        (f"LPIPS on {len(sample)} objects, on flat grey inside their shape.",),
    )


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
_DAYLIGHT = (
    ("brightness: slope of the object's over the scene's", "0.8–1", Unit.NUMBER),
    ("brightness: R²", "above 0.9", Unit.NUMBER),
    ("red over blue: slope of the object's over the scene's", "0.8–1", Unit.NUMBER),
    ("red over blue: R²", "above 0.9", Unit.NUMBER),
)


def claim_daylight(methods: Sequence[Generated], sample: Sample, stage: Stage) -> Claim:
    """The same scenes under every weather: figures on the sample's windows, pictures on the stage."""
    lights, measures = [weather.over for weather in WEATHERS], (mean_luminance, red_over_blue)
    found = {}
    for method in methods:
        pairs = followed(method, sample, lights, measures, len(sample))
        fits = [metrics.elasticity(*pair) for pair in pairs]
        found[method.name] = [
            metrics.median_or_nan(values) for fit in fits for values in (fit.slope, fit.r_squared)
        ]
    scenes = {weather.name: to_bytes(weather.over(to_signed(stage.scene))) for weather in WEATHERS}
    painted = {
        method.name: {name: insert(method, replace(stage, scene=its)).signed for name, its in scenes.items()}
        for method in methods
    }
    caption = "the scene is recoloured first, then the object is inserted."
    sheets = method_sheets("daylight", "Hours and seasons", caption, painted, stage.labels)
    return Claim(
        "daylight",
        "4. The object follows hour and season",
        "Inserted into a photo by night, at sunset or in snow, the object takes on its light and cast.",
        figures_of(_DAYLIGHT, found),
        sheets,
        (
            f"Medians over {len(sample)} photos, each under {', '.join(scenes)}: the line of log light of "
            "the object over that of the scene around it. A pasted object has slope 0.",
        ),
    )
