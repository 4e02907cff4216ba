"""Long traces thinned for drawing, never for computing: every extreme stays."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def min_max(y: Array, limit: int) -> Indices:
    """Return the sorted indices of at most `limit` points that draw the same picture as all of `y`.

    Equal runs of points keep their lowest and their highest, and both ends of the trace stay, so that no peak
    is lost. Gaps (NaN) stay gaps: a run without any number keeps its first point.
    """
    n = len(y)
    if n <= max(limit, 4):
        return np.arange(n)
    edges = np.linspace(0, n, (limit - 2) // 2 + 1).astype(np.intp)
    kept = {0, n - 1}
    for start, stop in itertools.pairwise(edges):
        part = y[start:stop]
        if np.isnan(part).all():
            kept.add(int(start))
            continue
        kept.add(int(start + np.nanargmin(part)))
        kept.add(int(start + np.nanargmax(part)))
    return np.array(sorted(kept), dtype=np.intp)


def pieces(x: Array, y: Array, gaps: Sequence[float], limit: int) -> tuple[Array, Array]:
    """Return a trace thinned as by `min_max`, broken by a NaN at each gap.

    Args:
        x: abscissa, shape (points,), ascending.
        y: ordinate, shape (points,).
        gaps: abscissae after which nothing was measured for a while.
        limit: points that are drawn at most.
    """
    ends = [0, *sorted({int(n) for n in np.searchsorted(x, gaps, side="right")} - {0, len(x)}), len(x)]
    parts = [(x[a:b], y[a:b]) for a, b in itertools.pairwise(ends)]
    kept = [min_max(part, max(limit * len(part) // max(len(y), 1), 4)) for _, part in parts]
    thinned = [(a[k], b[k]) for (a, b), k in zip(parts, kept, strict=True)]
    broken = [thinned[0], *((np.r_[a[:1], a], np.r_[np.nan, b]) for a, b in thinned[1:])]
    return np.concatenate([a for a, _ in broken]), np.concatenate([b for _, b in broken])


def min_max_band(y: Array, low: Array | None, high: Array | None, limit: int) -> Indices:
    """Return indices for a line with its band: the extremes of all three stay."""
    traces = [trace for trace in (y, low, high) if trace is not None]
    if len(y) <= limit:
        return np.arange(len(y))
    parts = [min_max(trace, max(limit // len(traces), 4)) for trace in traces]
    return np.unique(np.concatenate(parts))
