"""Falls of V/i that no temperature and no usual shape of the voltage explains: collapse, step, fade."""

import numpy as np
import numpy.typing as npt

from natrode.analysis._runs import first_collapse
from natrode.analysis.evidence import FALL, UNMEASURED_SWING, Evidence, Trace, first_lasting, split_time
from natrode.analysis.reading import Array, median, medians, windows

COLLAPSE_OF_ELECTROLYTE = 0.5
COLLAPSE_OF_LOWEST = 0.3
ABRUPT = 600.0
"""Longest time [s] between the last healthy and the first collapsed sample of an abrupt fall."""
FADE = 0.10
ACTIVATION_UNCERTAINTY = 0.4
"""Part of the temperature's recorded effect that an activation energy other than the assumed one leaves or adds."""
WINDOW = 5
TOGETHER = 0.2
"""Part of the record within which the noise begins and the course of V/i bends, to be one event."""

Groups = list[npt.NDArray[np.intp]]
"""Half cycles that may be compared: indices of each group, in order of time."""


def resistance_drop(trace: Trace, electrolyte: tuple[float, float] | None) -> list[Evidence]:
    """The clearest fall of V/i: a collapse, else a step within a half cycle or between them, else a fade.

    Args:
        trace: of the record.
        electrolyte: resistance of the electrolyte with its uncertainty [Ohm], or None.

    Returns:
        No evidence, one, or two: an abrupt collapse below the lowest V/i that the cell ever showed is a
        witness of its own where the electrolyte's resistance is unknown.
    """
    collapse = _collapse(trace, electrolyte)
    if collapse:
        return collapse
    groups = _current_groups(trace)
    found = _step_within(trace) or _step_between(trace, groups) or _fall_within(trace) or _fade(trace, groups)
    return [] if found is None else [found]


def _fall(before: float, after: float, when: tuple[float, float]) -> tuple[str, dict[str, float]]:
    hours = f"{when[0] / 3600:.4g} and {when[1] / 3600:.4g} h"
    fell = 1.0 - after / before if before else float("nan")
    return f"V/i fell by {fell:.0%} between {hours}", {"before": before, "after": after, "fall": fell}


def _collapse(trace: Trace, electrolyte: tuple[float, float] | None) -> list[Evidence]:
    count = len(trace.half)
    if not count:
        return []
    base = _collapse_level(trace, electrolyte)
    j, k = first_collapse(trace.first, trace.time, trace.resistance, base, trace.half.duration)
    if k <= 0:
        return []  # none, or nothing before it: then the ohmic floor speaks
    first, collapsed = trace.first, trace.resistance < base[trace.owner]
    when = float(trace.time[k - 1]), float(trace.time[k])
    known = trace.resistance[max(0, k - 5) : k]
    known = known[known > base[j]]
    before = median(known) if known.size else float(trace.resistance[k - 1])
    after = median(trace.resistance[k:][collapsed[k:]])
    share = float(collapsed[k:].mean())
    samples = int(collapsed[k:].sum())
    statement, numbers = _fall(before, after, when)
    at_once = float(trace.resistance[k] / before) if before > 0 else 0.0
    numbers |= {"share_of_time": share, "samples": float(samples), "at_once": at_once}
    stays = share > 0.8
    statement += " and stayed there" if stays else " and came back at times"
    drop = Evidence(
        "resistance drop",
        "short",
        statement,
        numbers,
        when,
        j,
        decisive=bool(stays and samples >= 3 and k > first[j]),
    )
    abrupt = when[1] - when[0] <= ABRUPT and trace.half.basis == "current"
    if electrolyte is not None or not abrupt or samples < 2 or base[j] <= 0:
        return [drop]
    lowest = float(base[j] / COLLAPSE_OF_LOWEST)
    text = f"V/i fell at once to {after / lowest:.2f} of the lowest value that this cell had shown before"
    return [drop, Evidence("lowest resistance", "short", text, {"lowest_before": lowest}, when, j)]


def _collapse_level(trace: Trace, electrolyte: tuple[float, float] | None) -> Array:
    """V/i under which a sample has collapsed, per half cycle."""
    count = len(trace.half)
    if electrolyte is not None and trace.half.basis == "current" and electrolyte[0] > 0:
        return np.full(count, COLLAPSE_OF_ELECTROLYTE * electrolyte[0])
    lowest = np.fmin.reduce(trace.level, axis=1)
    lowest = np.where(lowest > 0, lowest, np.inf)
    opening = trace.level[0, 0] if np.isfinite(trace.level[0, 1]) else trace.resistance[0]
    before = np.concatenate([[max(float(opening), 0.0)], lowest[:-1]])
    healthy = np.minimum.accumulate(before)
    lower = np.flatnonzero(healthy[1:] < COLLAPSE_OF_LOWEST * healthy[:-1])
    if lower.size:  # a collapsed half cycle does not lower the mark for those after it
        healthy[lower[0] + 1 :] = healthy[lower[0]]
    return COLLAPSE_OF_LOWEST * healthy


def _step_within(trace: Trace) -> Evidence | None:
    """A fall from one sample to the next inside a half cycle, after its first 15 %, for three samples."""
    r, owner, first = trace.resistance, trace.owner, trace.first
    if not np.any(r[:-1] - r[1:] > FALL * np.abs(r[:-1])):
        return None
    length = np.bincount(owner, minlength=len(trace.half))
    position = np.arange(len(owner)) - first[owner]
    noise = np.nan_to_num(trace.noise)[owner]
    inside = (position >= np.maximum(3, 0.15 * length[owner])) & (length[owner] >= 8)
    inside[1:] &= owner[1:] == owner[:-1]
    step = np.zeros(len(r))
    step[1:] = r[:-1] - r[1:]
    scale = np.abs(np.roll(r, 1))
    usual = _usual_fall(trace)
    inside &= (usual[owner] <= FALL) & (position < length[owner] - 2)
    for k in np.flatnonzero(inside & (step > FALL * scale) & (step > 6.0 * noise))[:50]:
        j = int(owner[k])
        before, after = median(r[k - 3 : k]), median(r[k : k + 3])
        interval = trace.time[k] - trace.time[k - 1]
        limit = FALL + (0.0 if trace.compensated or interval < 120.0 else UNMEASURED_SWING / 2.0)
        sharp = step[k] > 0.6 * (r[k - 3 : k].max() - r[k : k + 3].min())
        if before <= 0 or 1.0 - after / before < limit or usual[j] > limit / 2.0 or not sharp:
            continue
        when = float(trace.time[k - 1]), float(trace.time[k])
        statement, numbers = _fall(before, after, when)
        later = r[k:][owner[k:] >= j]
        numbers["share_of_time"] = float(np.mean(later < 0.5 * (before + after)))
        return Evidence("resistance drop", "short", statement + " within a half cycle", numbers, when, j)
    return None


def _previous_same(trace: Trace) -> npt.NDArray[np.intp]:
    """Index of the previous half cycle of the same direction; -1 where there is none."""
    out = np.full(len(trace.half), -1, dtype=np.intp)
    for sign in (-1, 1):
        members = np.flatnonzero(trace.half.sign == sign)
        out[members[1:]] = members[:-1]
    return out


def _usual_fall(trace: Trace) -> Array:
    """Fall from the highest to the last quarter in the half cycle before of the same direction (0: none)."""
    there = np.isfinite(trace.level)
    number = there.sum(axis=1)
    index = np.arange(len(number))
    final = trace.level[index, np.maximum(number - 1, 0)]
    earlier = np.where(there & (np.arange(trace.level.shape[1]) < number[:, None] - 1), trace.level, -np.inf)
    highest = earlier.max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = np.where((number > 1) & (highest > 0), 1.0 - final / highest, 0.0)
    previous = _previous_same(trace)
    return np.where(previous >= 0, fall[previous], 0.0)


def _current_groups(trace: Trace) -> Groups:
    """Half cycles of one sign and one current (within 0.5 %) that passed their full charge, in order."""
    half = trace.half
    if half.basis == "voltage":
        label = np.zeros(len(half), dtype=int)
        amount = half.duration
    else:
        size = np.abs(half.current)
        order = np.argsort(size, kind="stable")
        jumps = np.concatenate([[0], np.cumsum(size[order][1:] > 1.005 * size[order][:-1])])
        label = np.empty(len(half), dtype=int)
        label[order] = jumps
        amount = np.abs(half.charge)
    label = 2 * label + (half.sign > 0)
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    groups: Groups = []
    for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        if end - begin < 4:
            continue
        members = order[begin:end]
        full = members[amount[members] >= 0.9 * median(amount[members])]
        if len(full) > 3:
            groups.append(full)
    return groups


def _previous_median(values: Array, window: int = WINDOW) -> tuple[Array, Array, Array]:
    """Median, spread and trend (newest over oldest) of up to `window` values before; NaN under three."""
    n = len(values)
    centre, spread, trend = (np.full(n, np.nan) for _ in range(3))
    for k in range(3, min(window, n)):
        part = values[:k]
        centre[k], trend[k] = median(part), part[-1] / part[0]
        spread[k] = median(np.abs(part - centre[k]))
    if n > window:
        parts = windows(values[:-1], window)
        centre[window:] = medians(parts)
        trend[window:] = parts[:, -1] / parts[:, 0]
        spread[window:] = medians(np.abs(parts - centre[window:, None]))
    return centre, 1.4826 * spread, trend


def _falls(values: Array, limit: float) -> bool:
    """Whether any value lies by more than a limit under another: without that, nothing fell."""
    return bool(np.fmin.reduce(values) < (1.0 - limit) * np.fmax.reduce(values))


def _step_between(trace: Trace, groups: Groups) -> Evidence | None:
    """A half cycle, and the next of its kind, below the five before by more than drift and scatter allow."""
    limit = FALL + (0.0 if trace.compensated else UNMEASURED_SWING)
    height = trace.height
    earliest: tuple[int, float, float] | None = None
    for group in groups:
        values = height[group]
        if not _falls(values, limit):
            continue
        centre, spread, trend = _previous_median(values)
        error = np.nan_to_num(trace.noise)[group] / np.sqrt(np.maximum(trace.samples[group].sum(axis=1), 1.0))
        with np.errstate(invalid="ignore"):
            low = (values < (1.0 - limit) * centre) & (centre - values > 4.0 * np.hypot(spread, error))
            low &= trend > 1.0 - limit / 2.0
            stays = np.append(values[1:], values[-1]) < (1.0 - 0.6 * limit) * centre
        hits = np.flatnonzero(low & stays)
        if hits.size and (earliest is None or group[hits[0]] < earliest[0]):
            k = int(hits[0])
            earliest = int(group[k]), float(centre[k]), float(values[k])
    if earliest is None:
        return None
    j, before, after = earliest
    when = split_time(trace, float(trace.half.start_time[max(j - 1, 0)]), float(trace.half.end_time[j]))
    statement, numbers = _fall(before, after, when)
    lows = height[j:] < 0.5 * (before + after)
    numbers["share_of_time"] = float(np.mean(lows))
    return Evidence("resistance drop", "short", statement + " from one half cycle to the next", numbers, when, j)


def _fall_within(trace: Trace) -> Evidence | None:
    """A fall within one half cycle, after its first quarter, that the one before it did not show."""
    level = trace.level
    if level.shape[0] == 0:
        return None
    limit = FALL + (0.0 if trace.compensated else UNMEASURED_SWING / 2.0)
    later = level[:, 1:]
    with np.errstate(invalid="ignore"):
        highest = np.fmax.reduce(later[:, :-1], axis=1)
        fall = np.where(highest > 0, 1.0 - later[:, -1] / np.where(highest > 0, highest, 1.0), 0.0)
    noise = np.nan_to_num(trace.noise)
    alone = trace.half.one_sided
    previous = _previous_same(trace)
    with np.errstate(invalid="ignore"):
        unusual = np.where(previous >= 0, fall[previous] < fall - limit, alone)
        hits = np.flatnonzero((fall > limit) & (fall * highest > 4.0 * noise) & unusual)
    for j in hits[:1]:
        peak = 1 + int(np.nanargmax(later[j, :-1]))
        when = float(trace.level_start[j, peak]), float(trace.level_end[j, -1])
        statement, numbers = _fall(float(highest[j]), float(later[j, -1]), when)
        return Evidence("resistance drop", "short", statement + " within a half cycle", numbers, when, int(j))
    return None


def _fade(trace: Trace, groups: Groups) -> Evidence | None:
    """A lasting fall below a level that was held for five half cycles, or to which V/i had grown.

    A fall from the start on is formation, and no witness.
    """
    limit = FALL + _temperature_allowance(trace)
    height = trace.height
    for group in groups:
        values = height[group]
        if len(values) < 2 * WINDOW or not _falls(values, limit):
            continue
        parts = windows(values, WINDOW)
        centre = medians(parts)
        known = (np.ptp(parts, axis=1) < 0.04 * np.abs(centre)) | (
            centre > (1.0 + limit) * np.minimum.accumulate(centre)
        )
        mark = np.maximum.accumulate(np.where(known, centre, -np.inf))
        below = centre[1:] < (1.0 - limit) * mark[:-1]
        k = first_lasting(below, WINDOW)
        if k is None:
            continue
        since = int(np.flatnonzero(known[: k + 1] & (centre[: k + 1] >= 0.97 * mark[k]))[-1])
        when = (
            float(trace.half.end_time[group[since + WINDOW - 1]]),
            float(trace.half.start_time[group[k + WINDOW]]),
        )
        if when[0] > when[1]:
            when = when[1], when[0]
        statement, numbers = _fall(float(mark[k]), median(values[k + WINDOW :]), when)
        return Evidence(
            "resistance drop", "short", statement + " and stayed low", numbers, when, int(group[k + WINDOW])
        )
    return None


def below_course(trace: Trace, since: int) -> Evidence | None:
    """V/i that stays below the course which it had before its noise began: what became noisy conducts in parallel.

    A loose lead or a contact that comes and goes is in series, and raises V/i. Two joined straight lines are laid
    through the levels of the half cycles; the fall is that of the last ones below the first line.

    Args:
        trace: of the record.
        since: half cycle in which the noise began.
    """
    limit = FADE + _temperature_allowance(trace)
    for group in _current_groups(trace):
        values = trace.height[group]
        lines = _joined_lines(values)
        if lines is None or group[lines[0]] > since + TOGETHER * len(trace.half):
            continue
        joint, before, after, error = lines
        fall = 1.0 - after / before
        if fall < max(limit, 4.0 * error / before):
            continue
        last = max(int(group[joint]), since)
        when = float(trace.half.start_time[group[joint - 1]]), float(trace.half.end_time[last])
        text = f"V/i ends {fall:.0%} below the course that it had until its noise began"
        numbers = {"before": before, "after": after, "below_course": fall}
        return Evidence("resistance drop", "short", text, numbers, when, int(group[joint]))
    return None


def _temperature_allowance(trace: Trace) -> float:
    """Relative fall of V/i that temperature may have made in spite of the correction, or for want of it."""
    return ACTIVATION_UNCERTAINTY * trace.temperature_effect if trace.compensated else UNMEASURED_SWING


def _joined_lines(values: Array) -> tuple[int, float, float, float] | None:
    """Two straight lines joined where they fit best, the second less steep than the first.

    Returns the joint, the first line continued to the end, the second there, and the standard error of their distance;
    None for under twelve values, or where the first line falls.
    """
    n = len(values)
    if n < 12:
        return None
    x = np.arange(n, dtype=float)
    best: tuple[float, int, Array, float] | None = None
    for joint in range(4, n - 4):
        columns = np.column_stack([np.ones(n), x, np.maximum(x - joint, 0.0)])
        inverse = np.linalg.inv(columns.T @ columns)
        found = inverse @ columns.T @ values
        square = float(np.sum((values - columns @ found) ** 2))
        if best is None or square < best[0]:
            best = square, joint, found, float(inverse[2, 2])
    if best is None or best[2][1] < 0.0 or best[2][2] >= 0.0:
        return None
    square, joint, found, spread = best
    course = float(found[0] + found[1] * x[-1])
    below = float(found[2] * (x[-1] - joint))
    return joint, course, course + below, float(np.sqrt(square / (n - 4) * spread)) * (x[-1] - joint)
