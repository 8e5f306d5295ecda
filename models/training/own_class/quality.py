"""The quality report of a new class: figures as JSON, and a page with samples for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from models.training.own_class.held_out import Check

PAGE = "report.html"
FIGURES = "report.json"
SAMPLES = "samples.png"
_WIDTH, _HEIGHT, _EDGE = 560, 200, 40  # pixels of the plot

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}td{padding:.2rem 1rem .2rem 0;vertical-align:top}"
    "img{max-width:100%}.warn{background:#fff3d6;border-left:4px solid #d9a300;padding:.5rem 1rem}"
)


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
    """Writes both files; the page expects the sample sheet and previews beside it. Returns the page."""
    content = asdict(quality)
    (folder / FIGURES).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    previews = sorted(path.name for path in folder.glob("grid_*.png"))
    (folder / PAGE).write_text(_page(quality, previews), "utf-8")
    return folder / PAGE


def _page(quality: Quality, previews: Sequence[str]) -> str:
    warnings = "".join(f"<li>{escape(warning)}</li>" for warning in quality.warnings)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(quality.class_name)}</title>"
        f"<style>{_STYLE}</style><h1>How well “{escape(quality.class_name)}” was learnt</h1>",
        f"<div class=warn>Keep in mind:<ul>{warnings}</ul></div>" if warnings else "",
        _table(_facts(quality)),
        "<h2>Samples</h2><p>Made with the finished pack on photos that it has not learnt from. The first row "
        "is real; below it a look taken over from the photo, then looks by chance, then outlines of the "
        f"program's own.</p><img src='{SAMPLES}' alt='sample sheet'>",
        _progress(quality),
        _outlines(quality.masks),
        "<h2>Losses at the end</h2>" + _table([(k, f"{v:.3f}") for k, v in quality.losses.items()])
        if quality.losses
        else "",
        _previews(previews),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _facts(quality: Quality) -> list[tuple[str, str]]:
    rows = [
        ("objects learnt from", str(quality.training_objects)),
        ("whole outlines among them", str(quality.masks.get("whole_outlines", "not counted"))),
        ("objects held out", str(quality.held_out_objects)),
        ("trained", f"{quality.minutes:.0f} min, {quality.images_seen} pictures, {quality.resolution} px"),
        ("started from", f"{quality.started_from}, as “{quality.nearest_class}”, the most alike"),
        ("difference between seeds", f"{100 * quality.seed_difference:.1f} % of the range of colours"),
        ("fine detail of objects by chance", f"{100 * quality.detail:.0f} % of the photos'"),
        ("styles", ", ".join(quality.styles) or "none (60 objects are needed)"),
    ]
    best, before = quality.best, quality.before
    if best is not None and before is not None:
        end = " (ended early: no better for a while)" if quality.stopped_early else ""
        rows.insert(
            4,
            (
                quality.figure_name,
                f"{before:.3f} before, {best.figure:.3f} at best after {best.images_seen} pictures{end}; "
                "lower is better; the best weights are the ones in the pack",
            ),
        )
    return rows


def _table(rows: Sequence[tuple[str, str]]) -> str:
    return "<table>" + "".join(f"<tr><td>{escape(a)}<td>{escape(b)}" for a, b in rows) + "</table>"


def _progress(quality: Quality) -> str:
    """The held-out figure over the run as a line."""
    checks = quality.checks
    if len(checks) < 2:
        return ""
    last = max(check.images_seen for check in checks) or 1
    low = min(check.figure for check in checks)
    span = max(check.figure for check in checks) - low or 1.0
    points = " ".join(
        f"{_EDGE + (_WIDTH - _EDGE - 10) * check.images_seen / last:.1f},"
        f"{10 + (_HEIGHT - 40) * (1 - (check.figure - low) / span):.1f}"
        for check in checks
    )
    return (
        f"<h2>{escape(quality.figure_name)}</h2>"
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' width={_WIDTH} role=img "
        f"aria-label='{escape(quality.figure_name)} over pictures seen'>"
        f"<polyline points='{points}' fill=none stroke='#0b6' stroke-width=2 />"
        f"<text x=0 y=16 font-size=11>{low + span:.3f}</text>"
        f"<text x=0 y={_HEIGHT - 28} font-size=11>{low:.3f}</text>"
        f"<text x={_WIDTH - 110} y={_HEIGHT - 8} font-size=11>{last} pictures</text></svg>"
    )


def _outlines(masks: Mapping[str, Any]) -> str:
    if not masks:
        return ""
    rows = [(name.replace("_", " "), str(value)) for name, value in masks.items() if name != "classes"]
    for of_class in masks.get("classes", {}).values():
        rows += [(name.replace("_", " "), str(value)) for name, value in of_class.items()]
    return "<h2>Outlines</h2>" + _table(rows)


def _previews(names: Sequence[str]) -> str:
    if not names:
        return ""
    shown = names if len(names) <= 4 else [names[0], names[len(names) // 2], names[-1]]
    pictures = "".join(f"<p>{escape(name)}<br><img src='{escape(name)}' alt=''></p>" for name in shown)
    return f"<h2>Previews while it learnt</h2>{pictures}"
