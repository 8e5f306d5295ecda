"""The quality report of a new class: figures as JSON, and a page with samples for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.pages.templates import plots_need, templates_in
from models.training.own_class.held_out import Check

PAGE = "report.html"
FIGURES = "report.json"
SAMPLES = "samples.png"
_PREVIEWS = 4  # shown, of all that the run has written


@dataclass
class Quality:
    """What is known of a new class when its training has ended."""

    class_name: str
    training_objects: int
    held_out_objects: int
    resolution: int
    images_seen: int
    minutes: float
    started_from: str
    nearest_class: str
    nearest_errors: Mapping[str, float]
    figure_name: str  # "" where nothing was held out
    checks: Sequence[Check]
    stopped_early: bool
    losses: Mapping[str, float]
    masks: Mapping[str, Any]
    styles: Sequence[str]
    warnings: list[str] = field(default_factory=list)
    seed_difference: float = 0.0  # mean deviation in the mask, as a share of the range of colours
    detail: float = 1.0  # of objects by chance, as a share of that in the photos

    @property
    def before(self) -> float | None:
        return self.checks[0].figure if self.checks else None

    @property
    def best(self) -> Check | None:
        return min(self.checks, key=lambda check: check.figure, default=None)

    @property
    def facts(self) -> dict[str, str]:
        """The main figures in words, in the order to show them."""
        rows = {
            "objects learnt from": str(self.training_objects),
            "whole outlines among them": str(self.masks.get("whole_outlines", "not counted")),
            "objects held out": str(self.held_out_objects),
            "trained": f"{self.minutes:.0f} min, {self.images_seen} pictures, {self.resolution} px",
        }
        best, before = self.best, self.before
        if best is not None and before is not None:
            end = " (ended early: no better for a while)" if self.stopped_early else ""
            rows[self.figure_name] = (
                f"{before:.3f} before, {best.figure:.3f} at best after {best.images_seen} pictures{end}; "
                "lower is better; the best weights are the ones in the pack"
            )
        return rows | {
            "started from": f"{self.started_from}, as “{self.nearest_class}”, the most alike",
            "difference between seeds": f"{100 * self.seed_difference:.1f} % of the range of colours",
            "fine detail of objects by chance": f"{100 * self.detail:.0f} % of the photos'",
            "styles": ", ".join(self.styles) or "none (60 objects are needed)",
        }

    @property
    def outline_figures(self) -> dict[str, str]:
        """The outlines' figures, those of the class last."""
        figures = {name: value for name, value in self.masks.items() if name != "classes"}
        for of_class in self.masks.get("classes", {}).values():
            figures |= of_class
        return {name.replace("_", " "): str(value) for name, value in figures.items()}


def judge(quality: Quality) -> list[str]:
    """Warnings that the figures themselves give rise to."""
    found = []
    before, best = quality.before, quality.best
    if before is not None and best is not None and best.figure > 0.97 * before:
        found.append(
            f"training has hardly changed the figure on held-out photos ({before:.3f} before, "
            f"{best.figure:.3f} at best): train for longer, or look whether the masks fit"
        )
    if quality.seed_difference < 0.03:
        found.append("seeds look nearly alike; photos with more variety help")
    if quality.detail < 0.5:
        found.append(
            f"objects by chance have {100 * quality.detail:.0f} % of the photos' fine detail; more minutes, "
            "and feature networks (--features), help"
        )
    if quality.images_seen < 20 * quality.training_objects:
        found.append(
            f"each photo was seen only {quality.images_seen / max(1, quality.training_objects):.0f} times; "
            "more minutes help"
        )
    whole = int(quality.masks.get("whole_outlines", quality.training_objects))
    if whole < 0.5 * quality.training_objects:
        found.append(
            f"only {whole} of {quality.training_objects} outlines are whole: the others are cut off at their "
            "photo's border, in pieces or rectangles, and taught no shape"
        )
    if "classes" not in quality.masks:
        found.append("no held-out outline is whole, so the outlines could not be judged")
    return found


def read_losses(log: Path, last: int = 10) -> dict[str, float]:
    """The mean of every statistic over the last lines of a run's log; nothing if there is none."""
    if not log.is_file():
        return {}
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()[-last:] if line.strip()]
    names = [name for name in (lines[-1] if lines else {}) if "/" in name or name == "Saturated"]
    return {name: round(sum(line.get(name, 0.0) for line in lines) / len(lines), 4) for name in names}


def write_report(quality: Quality, folder: Path) -> Path:
    """Writes both files; the page expects the sample sheet and previews beside it. Returns the page.

    Without the extra `evaluation` the page says what its plot needs; everything else is on it.
    """
    content = asdict(quality)
    (folder / FIGURES).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / PAGE).write_text(_page(quality, folder), "utf-8")
    return folder / PAGE


def _page(quality: Quality, folder: Path) -> str:
    names = sorted(path.name for path in folder.glob("grid_*.png"))
    shown = names if len(names) <= _PREVIEWS else [names[0], names[len(names) // 2], names[-1]]
    needed = plots_need()
    template = templates_in(Path(__file__).with_name("templates")).get_template("quality.html")
    progress = "" if needed else _progress(quality)
    return template.render(
        quality=quality, samples=SAMPLES, previews=shown, progress=progress, plots_need=needed
    )


def _progress(quality: Quality) -> str:
    """The held-out figure over the run as a plot."""
    from models.pages.drawings import line_plot  # the extra `evaluation` brings matplotlib

    seen = [check.images_seen for check in quality.checks]
    return line_plot("pictures seen", quality.figure_name, seen, [check.figure for check in quality.checks])
