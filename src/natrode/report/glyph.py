"""A row of the table as a small drawing: tolerated range, both intervals, published number, baseline."""

import math
from collections.abc import Callable

from markupsafe import Markup

from natrode.report.wording import is_number
from natrode.reproduce.table import FigureRow

WIDTH, HEIGHT = 168, 26
_EDGE = 7


def range_glyph(row: FigureRow) -> Markup:
    """Draw a row on an axis of its own, logarithmic where all is positive; empty without two numbers."""
    core = _known([row.published, row.computed, *(row.interval or ()), *(row.tolerance or ())])
    wide = _known([*(row.prior_interval or ()), row.baseline])
    if len(set(core)) < 2:
        return Markup("")
    place = _scale(core, wide)
    middle = HEIGHT / 2
    parts = []
    if row.tolerance is not None:
        low, high = (place(end) for end in row.tolerance)
        parts.append(
            f'<rect class="g-tol" x="{low:.1f}" y="3" width="{max(high - low, 1.5):.1f}" height="{HEIGHT - 6}"/>'
        )
    if row.prior_interval is not None:
        parts.append(_bar("g-prior", place, row.prior_interval, middle))
    if row.interval is not None:
        parts.append(_bar("g-post", place, row.interval, middle))
    if is_number(row.computed):
        parts.append(f'<circle class="g-med" cx="{place(row.computed):.1f}" cy="{middle}" r="3.6"/>')
    if row.baseline is not None:
        x = place(row.baseline)
        parts.append(f'<path class="g-base" d="M{x - 3:.1f} {middle - 3}l6 6m0-6l-6 6"/>')
    if is_number(row.published):
        parts.append(f'<path class="g-pub" d="M{place(row.published):.1f} {middle - 6}l5 6l-5 6l-5-6z"/>')
    body = "".join(parts)
    return Markup(
        f'<svg class="glyph" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">'
        f'<line class="g-axis" x1="0" x2="{WIDTH}" y1="{middle}" y2="{middle}"/>{body}</svg>'
    )


def _known(values: list[object]) -> list[float]:
    return [float(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v)]


def _scale(core: list[float], wide: list[float]) -> Callable[[float], float]:
    """Map numbers to pixels; what lies far outside the core (a wide prior) runs to the edge."""
    logarithmic = min(core) > 0

    def along(value: float) -> float:
        if not logarithmic:
            return value
        return math.log10(value) if value > 0 else -math.inf

    ends = [along(v) for v in core]
    low, high = min(ends), max(ends)
    span = high - low
    far = [along(v) for v in wide]
    low = max(min([low, *far]), low - 0.7 * span)
    high = min(max([high, *far]), high + 0.7 * span)
    unit = (WIDTH - 2 * _EDGE) / (high - low)

    def place(value: float) -> float:
        return min(max(_EDGE + (along(value) - low) * unit, 1.0), WIDTH - 1.0)

    return place


def _bar(name: str, place: Callable[[float], float], interval: tuple[float | None, float | None], y: float) -> str:
    """A horizontal bar; an end that was not reached runs to the edge."""
    low = 0.0 if interval[0] is None else place(interval[0])
    high = float(WIDTH) if interval[1] is None else place(interval[1])
    return f'<line class="{name}" x1="{low:.1f}" x2="{max(high, low + 1):.1f}" y1="{y}" y2="{y}"/>'
