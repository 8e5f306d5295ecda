"""Claims about the object's look: another seed gives another one, and it follows hour and season."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.claims.findings import Claim, Unit, figures_of, method_sheets
from models.evaluation.claims.stage import Stage, insert
from models.evaluation.lighting import mean_luminance, red_over_blue
from models.evaluation.methods import Generated, to_bytes, to_signed
from models.relight import Relight, to_linear


def claim_looks(methods: Sequence[Generated], stage: Stage) -> Claim:
    """Looks by seed; how far they differ stands under the first claim."""
    found, painted = {}, {}
    for method in methods:
        pictures = [insert(method, stage, look=look) for look in range(stage.codes.shape[1])]
        again = insert(method, stage, look=0).picture
        unequal = (again != pictures[0].picture).any(dim=1).sum()
        found[method.name] = (float(unequal),)
        painted[method.name] = {f"seed {look + 1}": its.signed for look, its in enumerate(pictures)}
    caption = f"one mask, one scene, {stage.codes.shape[1]} seeds."
    return Claim(
        "looks",
        "3. Another seed, another look",
        "One mask can be filled with many looks; a seed always gives the same one.",
        figures_of((("pixels that differ when a seed is used twice", "0", Unit.COUNT),), found),
        method_sheets("looks", "Looks by seed", caption, painted, stage.labels),
    )


@dataclass(frozen=True)
class Weather:
    """A light over a whole scene: gains of linear red, green and blue, gamma, saturation."""

    name: str
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    saturation: float = 1.0

    def over(self, stage: Stage) -> Stage:
        """The stage's scenes under this light."""
        count, device = len(stage), stage.scene.device
        one = torch.ones(count, 1, 1, 1, device=device)
        gain = torch.tensor(self.gain, device=device).view(1, 3, 1, 1).expand(count, 3, 1, 1)
        ramp = torch.zeros(count, 2, device=device)
        change = Relight(gain, one * self.gamma, one * self.saturation, ramp)
        return replace(stage, scene=to_bytes(change.apply(to_signed(stage.scene))))


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


def claim_daylight(methods: Sequence[Generated], photos: Stage, shown: Stage) -> Claim:
    """The same scenes under every weather: measured on `photos`, shown on `shown`."""
    found = {method.name: _slopes(method, photos) for method in methods}
    painted = {
        method.name: {weather.name: insert(method, weather.over(shown)).signed for weather in WEATHERS}
        for method in methods
    }
    caption = "the scene is recoloured first, then the object is inserted."
    return Claim(
        "daylight",
        "4. The object follows hour and season",
        "Inserted into a photo by night, at sunset or in snow, the object takes on its light and cast.",
        figures_of(_DAYLIGHT, found),
        method_sheets("daylight", "Hours and seasons", caption, painted, shown.labels),
        (
            f"Medians over {len(photos)} photos, each under {', '.join(its.name for its in WEATHERS)}: the "
            "line of log light of the object over that of the scene around it. A pasted object has slope 0.",
        ),
    )


def _slopes(method: Generated, photos: Stage) -> list[float]:
    """The figures in their order."""
    scenes: list[list[Tensor]] = [[], []]
    objects: list[list[Tensor]] = [[], []]
    for weather in WEATHERS:
        under = weather.over(photos)
        light = to_linear(to_signed(under.scene)), to_linear(insert(method, under).signed)
        for n, measure in enumerate((mean_luminance, red_over_blue)):
            scenes[n].append(measure(light[0], 1 - photos.mask).cpu())
            objects[n].append(measure(light[1], photos.mask).cpu())
    pairs = zip(scenes, objects, strict=True)
    fits = [metrics.elasticity(torch.stack(scene, 1), torch.stack(its, 1)) for scene, its in pairs]
    return [metrics.median_or_nan(values) for fit in fits for values in (fit.slope, fit.r_squared)]
