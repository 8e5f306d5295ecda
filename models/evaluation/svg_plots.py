"""Small plots as inline SVG, without a plotting library: bars, points with lines, histograms, curves.

Each is a self-contained `<svg>` with a title and a description for those who do not see it. Colours come
from the page's style (`PLOT_STYLE`), which follows the reader's light or dark setting; shapes and dashes
differ too, so that nothing hangs on colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 580, 310  # pixels of a plot
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 42, 50  # pixels around the plotting area
SERIES = 6  # series that have a colour of their own; more begin again
_LETTER = 6.6  # pixels, mean width of a letter
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "12 4", "4 2 1 2")

PLOT_STYLE = """
:root { --ink: #222; --faint: #8a8a86; --rule: #dcdcd6; --s0: #1f5fa8; --s1: #b4541a; --s2: #2e7d4f;
        --s3: #7a4fa3; --s4: #8a6d00; --s5: #a8324f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e2; --faint: #9a9a94; --rule: #3a3a38; --s0: #7ab3f0; --s1: #f0a06a; --s2: #7fcf9c;
          --s3: #c3a0ea; --s4: #e0c25a; --s5: #f08aa5; }
}
svg.plot { max-width: 100%; height: auto; }
svg.plot text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg.plot .axis { stroke: var(--faint); fill: none; }
svg.plot .grid { stroke: var(--rule); fill: none; }
svg.plot .mark { stroke: var(--ink); fill: none; }
""" + "".join(
    f"svg.plot .s{n} {{ stroke: var(--s{n}); fill: var(--s{n}); }}\n"
    f"svg.plot .s{n}.line {{ fill: none; stroke-width: 2; }}\n"
    for n in range(SERIES)
)


@dataclass(frozen=True)
class Frame:
    """What stands around a plot, and what is read out instead of it."""

    title: str
    description: str
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar with its standard error; a value of nan leaves its place empty."""

    label: str
    value: float
    error: float = math.nan


@dataclass(frozen=True)
class Series:
    """A named set of points or of values; `slope` draws a line through the origin of a scatter."""

    name: str
    x: Sequence[float] = field(repr=False)
    y: Sequence[float] = field(default=(), repr=False)
    slope: float = math.nan


def bar_plot(frame: Frame, bars: Sequence[Bar], goal: float = math.nan) -> str:
    """Bars with error bars; `goal` is a dashed line across."""
    tops = [bar.value + (bar.error if math.isfinite(bar.error) else 0) for bar in bars]
    lows = [bar.value - (bar.error if math.isfinite(bar.error) else 0) for bar in bars]
    low, high = _range([0.0, goal, *tops, *lows])
    area = _Area(0, max(len(bars), 1), low, high)
    parts = [area.y_axis()]
    for n, bar in enumerate(bars):
        middle = area.x(n + 0.5)
        parts.append(_wrapped(middle, HEIGHT - _BOTTOM + 16, bar.label, area.x(1) - area.x(0)))
        if not math.isfinite(bar.value):
            parts.append(_text(middle, area.y(max(low, 0.0)) - 6, "–", "middle"))
            continue
        half = 0.32 * (area.x(1) - area.x(0))
        top, foot = sorted((area.y(bar.value), area.y(min(max(0.0, low), high))))
        parts.append(
            f'<rect class="s0" fill-opacity="0.75" x="{middle - half:.1f}" y="{top:.1f}" '
            f'width="{2 * half:.1f}" height="{max(foot - top, 0.5):.1f}"/>'
        )
        if math.isfinite(bar.error):
            parts.append(_whisker(middle, area.y(bar.value - bar.error), area.y(bar.value + bar.error)))
    if math.isfinite(goal):
        parts.append(
            f'<path class="mark" stroke-dasharray="5 4" d="M{_LEFT} {area.y(goal):.1f}H{WIDTH - _RIGHT}"/>'
        )
    return _svg(frame, parts)


def scatter_plot(frame: Frame, series: Sequence[Series]) -> str:
    """Points of each series, and the line of its slope through the origin; the dotted line is slope 1."""
    x_low, x_high = _range([value for one in series for value in one.x])
    y_low, y_high = _range([value for one in series for value in one.y])
    area = _Area(x_low, x_high, y_low, y_high)
    parts = [area.y_axis(), area.x_axis()]
    parts.append(f'<path class="mark" stroke-dasharray="2 4" d="{area.line(1.0)}"/>')
    for n, one in enumerate(series):
        dots = "".join(
            _dot(n, area.x(x), area.y(y))
            for x, y in zip(one.x, one.y, strict=True)
            if math.isfinite(x) and math.isfinite(y)
        )
        parts.append(f'<g class="s{n % SERIES}" fill-opacity="0.45" stroke="none">{dots}</g>')
    for n, one in enumerate(series):
        if math.isfinite(one.slope):
            parts.append(f'<path class="s{n % SERIES} line"{_dash(n)} d="{area.line(one.slope)}"/>')
    return _svg(frame, [*parts, _legend([one.name for one in series])])


def histogram(frame: Frame, series: Sequence[Series], bins: int = 20) -> str:
    """Outlines of the share of each series' `x` values in equal bins."""
    values = [value for one in series for value in one.x if math.isfinite(value)]
    low, high = _range(values)
    step = (high - low) / bins
    shares = []
    for one in series:
        counts = [0] * bins
        finite = [value for value in one.x if math.isfinite(value)]
        for value in finite:
            counts[min(int((value - low) / step), bins - 1)] += 1
        shares.append([100 * count / max(len(finite), 1) for count in counts])
    area = _Area(low, high, 0.0, max([1.0, *(max(share) for share in shares)]) * 1.05)
    parts = [area.y_axis(), area.x_axis()]
    for n, share in enumerate(shares):
        path = f"M{area.x(low):.1f} {area.y(0):.1f}"
        for place, value in enumerate(share):
            path += f"V{area.y(value):.1f}H{area.x(low + (place + 1) * step):.1f}"
        path += f"V{area.y(0):.1f}"
        parts.append(f'<path class="s{n % SERIES} line"{_dash(n)} d="{path}"/>')
    return _svg(frame, [*parts, _legend([one.name for one in series])])


def curve_plot(frame: Frame, series: Sequence[Series]) -> str:
    """One line a series; what is not a number interrupts it."""
    x_low, x_high = _range([value for one in series for value in one.x])
    _, y_high = _range([0.0, *(value for one in series for value in one.y)])
    area = _Area(x_low, x_high, 0.0, y_high)
    parts = [area.y_axis(), area.x_axis()]
    for n, one in enumerate(series):
        path, pen = "", "M"
        for x, y in zip(one.x, one.y, strict=True):
            if not math.isfinite(y):
                pen = "M"
                continue
            path += f"{pen}{area.x(x):.1f} {area.y(y):.1f}"
            pen = "L"
        parts.append(f'<path class="s{n % SERIES} line"{_dash(n)} d="{path}"/>')
    return _svg(frame, [*parts, _legend([one.name for one in series])])


@dataclass(frozen=True)
class _Area:
    """The plotting area: where values lie, in pixels."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        share = (value - self.x_low) / (self.x_high - self.x_low)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.y_low) / (self.y_high - self.y_low)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)

    def y_axis(self) -> str:
        parts = [f'<path class="axis" d="M{_LEFT} {_TOP}V{HEIGHT - _BOTTOM}"/>']
        for value in ticks(self.y_low, self.y_high):
            parts.append(f'<path class="grid" d="M{_LEFT} {self.y(value):.1f}H{WIDTH - _RIGHT}"/>')
            parts.append(_text(_LEFT - 6, self.y(value) + 4, f"{value:g}", "end"))
        return "".join(parts)

    def x_axis(self) -> str:
        parts = [f'<path class="axis" d="M{_LEFT} {HEIGHT - _BOTTOM}H{WIDTH - _RIGHT}"/>']
        parts += [
            _text(self.x(value), HEIGHT - _BOTTOM + 16, f"{value:g}", "middle")
            for value in ticks(self.x_low, self.x_high)
        ]
        return "".join(parts)

    def line(self, slope: float) -> str:
        """The line through the origin, cut off where the area ends."""
        ends = [self.x_low, self.x_high]
        if slope != 0:
            low, high = sorted((self.y_low / slope, self.y_high / slope))
            ends = [max(ends[0], low), min(ends[1], high)]
        (x0, x1), (y0, y1) = ends, (slope * end for end in ends)
        return f"M{self.x(x0):.1f} {self.y(y0):.1f}L{self.x(x1):.1f} {self.y(y1):.1f}"


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round values between `low` and `high`, at most `most` of them, in steps of 1, 2 or 5."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(n * step, 10) + 0.0 for n in range(first, last + 1)]


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Where the finite values lie, with a little room; 0..1 where there are none."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    if not high > low:
        return low - 0.5 * (low != 0), high + (1.0 if high == 0 else 0.5)
    room = 0.05 * (high - low)
    return (low if low == 0 else low - room), (high if high == 0 else high + room)


def _dash(n: int) -> str:
    pattern = _DASHES[n % len(_DASHES)]
    return f' stroke-dasharray="{pattern}"' if pattern else ""


def _dot(n: int, x: float, y: float) -> str:
    if n % 2 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>'
    return f'<rect x="{x - 2:.1f}" y="{y - 2:.1f}" width="4" height="4"/>'


def _whisker(x: float, low: float, high: float) -> str:
    return (
        f'<path class="mark" d="M{x:.1f} {low:.1f}V{high:.1f}M{x - 5:.1f} {low:.1f}h10'
        f'M{x - 5:.1f} {high:.1f}h10"/>'
    )


def _legend(names: Sequence[str]) -> str:
    parts, x, y = [], float(_LEFT), 12
    for n, name in enumerate(names):
        width = 42 + _LETTER * len(name)
        if x + width > WIDTH and x > _LEFT:
            x, y = float(_LEFT), y + 16
        parts.append(f'<path class="s{n % SERIES} line"{_dash(n)} d="M{x:.0f} {y}h22"/>')
        parts.append(_text(x + 27, y + 4, name, "start"))
        x += width
    return "".join(parts)


def _wrapped(x: float, y: float, content: str, width: float) -> str:
    """A label in as many lines as its words need to stay within `width` pixels."""
    lines: list[str] = []
    for word in content.split(" "):
        if lines and _LETTER * (len(lines[-1]) + 1 + len(word)) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "".join(_text(x, y + 13 * n, line, "middle") for n, line in enumerate(lines))


def _text(x: float, y: float, content: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(content)}</text>'


def _svg(frame: Frame, parts: Sequence[str]) -> str:
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    height = (_TOP + HEIGHT - _BOTTOM) / 2
    labels = [_text(middle, HEIGHT - 8, frame.x_label, "middle")] if frame.x_label else []
    if frame.y_label:
        labels.append(
            f'<text transform="translate(14 {height:.0f}) rotate(-90)" text-anchor="middle">'
            f"{escape(frame.y_label)}</text>"
        )
    return (
        f'<svg class="plot" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'xmlns="http://www.w3.org/2000/svg" aria-label="{escape(frame.title)}: {escape(frame.description)}">'
        f"<title>{escape(frame.title)}</title><desc>{escape(frame.description)}</desc>"
        f"{''.join(parts)}{''.join(labels)}</svg>"
    )
