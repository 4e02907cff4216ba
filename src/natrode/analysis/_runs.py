"""What each run of samples holds, in one pass: a long record's half cycles, each by itself."""

import numpy as np
import numpy.typing as npt

from natrode.compiled import compiled

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]
Table = npt.NDArray[np.float64]
Ends = npt.NDArray[np.int64]

STEP_CHANGE = 0.01
"""A jump of the current by this fraction inside one sign starts a new half cycle (one-sided steps)."""
SIGN, START, END, CURRENT, CHARGE, MEAN, FIRST, LAST, PEAK = range(9)
"""Rows of `contents`: sign, times [s], mean current [A], charge [C], voltages against the current [V]."""


@compiled
def rest_level(current: Array) -> float:
    """Level under which a sample is rest: 0.1 % of the largest, or 4 times the noise of small samples."""
    largest = 0.0
    for value in current:
        largest = max(largest, abs(value))
    low = 1e-3 * largest
    number, square = 0, 0.0
    for k in range(len(current)):
        size = abs(current[k])
        if low < size < 0.1 * largest and 0 < k < len(current) - 1:
            nearest = min(abs(current[k] - current[k - 1]), abs(current[k + 1] - current[k]))
            if nearest > 0.25 * size:  # it goes with neither neighbour
                number += 1
                square += size * size
    if number < 4:
        return low
    return float(min(max(low, 4.0 * np.sqrt(square / number)), 0.2 * largest))


@compiled
def middle(values: Array) -> float:
    """Median of numbers that are all there."""
    ordered = np.sort(values)
    return float(0.5 * (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]))


@compiled
def _signs(signal: Array, time: Array, level: float) -> Signs:
    """Sign of each sample, 0 for a rest; a single lost sample is none."""
    sign = np.zeros(len(signal), dtype=np.int8)
    for k in range(len(signal)):
        if abs(signal[k]) > level:
            sign[k] = 1 if signal[k] > 0.0 else -1
    longest = -1.0
    for k in range(1, len(signal) - 1):
        if sign[k] == 0 and sign[k - 1] == sign[k + 1] and sign[k + 1] != 0:
            if longest < 0.0:
                longest = 3.0 * middle(np.diff(time))
            if time[k + 1] - time[k - 1] <= longest:
                sign[k] = sign[k - 1]
    return sign


@compiled
def _steps(signal: Array, sign: Signs) -> Indices:
    """Samples where the current jumps to another level of the same sign and stays for two samples."""
    count = len(signal)
    found = np.empty(count, dtype=np.int64)
    number = 0
    if count < 4:
        return found[:0]
    change = np.zeros(count - 1)
    for k in range(count - 1):
        if sign[k + 1] == sign[k]:
            change[k] = abs(signal[k + 1] - signal[k])
    for k in range(1, count - 2):
        alone = sign[k - 1] == sign[k] == sign[k + 1] == sign[k + 2]
        sharp = change[k - 1] < 0.2 * change[k] and change[k + 1] < 0.2 * change[k]
        if alone and sharp and change[k] > STEP_CHANGE * max(abs(signal[k + 1]), abs(signal[k])):
            found[number] = k + 1
            number += 1
    if number == 0:
        return found[:0]
    noise = 8.0 * middle(change[signal[1:] != 0.0])
    return found[:number][change[found[:number] - 1] > noise]


@compiled
def runs(signal: Array, time: Array, level: float, split_steps: bool) -> Ends:
    """First and last sample of every run of one sign and one current: (2, runs)."""
    count = len(signal)
    ends = np.empty((2, count), dtype=np.int64)
    number = 0
    if count == 0:
        return ends
    sign = _signs(signal, time, level)
    new = np.ones(count, dtype=np.bool_)
    new[1:] = sign[1:] != sign[:-1]
    if split_steps:
        new[_steps(signal, sign)] = True
    for k in range(count):
        if sign[k] != 0:
            if new[k]:
                ends[0, number] = k
                number += 1
            ends[1, number - 1] = k
    return ends[:, :number]


@compiled
def contents(time: Array, voltage: Array, current: Array, first: Indices, last: Indices, measured: bool) -> Table:
    """What each run from `first` to `last`, included, holds: (9, runs); without a current the voltage has the sign."""
    found = np.zeros((9, len(first)))
    for run in range(len(first)):
        begin, end = first[run], last[run]
        sign = np.sign(current[begin] if measured else voltage[begin])
        charge = area = 0.0
        highest = lowest = voltage[begin]
        for k in range(begin + 1, end + 1):
            half = 0.5 * (time[k] - time[k - 1])
            charge += half * (current[k] + current[k - 1])
            area += half * (voltage[k] + voltage[k - 1])
            highest, lowest = max(highest, voltage[k]), min(lowest, voltage[k])
        within = time[end] - time[begin]
        # an instrument samples first one interval after the switch: that interval belongs to this half cycle
        before = time[begin] - time[begin - 1] if begin > 0 else 0.0
        if before > 1.5 * within / max(end - begin, 1):
            before = 0.0
        charge += current[begin] * before
        start = time[begin] - before
        duration = time[end] - start
        found[SIGN, run] = sign
        found[START, run], found[END, run] = start, time[end]
        found[CURRENT, run] = charge / duration if duration > 0.0 else current[begin]
        found[CHARGE, run] = charge
        found[MEAN, run] = sign * (area / within if within > 0.0 else voltage[begin])
        found[FIRST, run], found[LAST, run] = sign * voltage[begin], sign * voltage[end]
        found[PEAK, run] = highest if sign > 0.0 else -lowest
    return found


@compiled
def cycle_numbers(sign: Array, said: Array) -> Indices:
    """Count from the signs; the record's own numbers (none: empty) where they tell the same cycles apart."""
    own = np.zeros(len(sign), dtype=np.int64)
    number = 0
    agree = len(said) > 0
    for k in range(len(sign)):
        fresh = k == 0 or (sign[k] == sign[0] and sign[k - 1] != sign[0])
        number += fresh
        own[k] = number
        if agree:
            follows = k == 0 or (said[k] > said[k - 1] if fresh else said[k] == said[k - 1])
            agree = follows and np.isfinite(said[k])  # some may be skipped
    return said.astype(np.int64) if agree else own


@compiled
def per_sample(
    voltage: Array, current: Array, start: Indices, end: Indices, sign: Signs, measured: bool
) -> tuple[Indices, Indices, Array]:
    """Run and row of each sample with current, and its V/i [Ohm], or V where no current was measured."""
    count = (end - start).sum() + len(start)
    owner, row = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    resistance = np.full(count, np.nan)
    at = 0
    for run in range(len(start)):
        for k in range(start[run], end[run] + 1):
            owner[at], row[at] = run, k
            if not measured:
                resistance[at] = voltage[k] * sign[run]
            elif current[k] != 0.0:
                resistance[at] = voltage[k] * sign[run] / abs(current[k])
            at += 1
    return owner, row, resistance


@compiled
def _end_of_run(owner: Indices, begin: int) -> int:
    end = begin
    while end < len(owner) and owner[end] == owner[begin]:
        end += 1
    return end


@compiled
def quarters(owner: Indices, time: Array, values: Array, count: int, most: int) -> Array:
    """Median, first time, last time, and number of samples of up to `most` equal parts of each of `count` runs.

    A run has parts of three samples or more, one at least; a part without samples is NaN: (4, runs, most).
    """
    found = np.full((4, count, most), np.nan)
    found[3] = 0.0
    begin = 0
    while begin < len(owner):
        run, end = owner[begin], _end_of_run(owner, begin)
        length = end - begin
        parts = min(max(length // 3, 1), most)
        for part in range(parts):
            low = begin + (part * length + parts - 1) // parts
            high = begin + ((part + 1) * length + parts - 1) // parts
            size = high - low
            ordered = np.sort(values[low:high])
            found[0, run, part] = 0.5 * (ordered[(size - 1) // 2] + ordered[size // 2])
            found[1, run, part], found[2, run, part], found[3, run, part] = time[low], time[high - 1], size
        begin = end
    return found


@compiled
def third_differences(owner: Indices, values: Array, count: int) -> Array:
    """Mean size of the third differences within each run after its first tenth; NaN of fewer than four: (runs,)."""
    found = np.full(count, np.nan)
    begin = 0
    while begin < len(owner):
        run, end = owner[begin], _end_of_run(owner, begin)
        total, number = 0.0, 0
        for k in range(begin + (end - begin) // 10, end - 3):
            total += abs(values[k + 3] - 3.0 * values[k + 2] + 3.0 * values[k + 1] - values[k])
            number += 1
        if number >= 4:
            found[run] = total / number
        begin = end
    return found


@compiled
def falls_short(values: Array, part: float, most: int) -> npt.NDArray[np.bool_]:
    """Where a value lies under `part` of the median of the up to `most` values before it."""
    found = np.zeros(len(values), dtype=np.bool_)
    highest = -np.inf
    for k in range(1, len(values)):
        highest = max(highest, values[k - 1])
        # what is not below the largest value before it is not below a median of such
        found[k] = values[k] < part * highest and values[k] < part * middle(values[max(k - most, 0) : k])
    return found


@compiled
def last_over_lowest(first: Indices, values: Array, level: Array) -> Table:
    """Each run's last value over the lowest of its parts and of its second sample, the last, the highest part."""
    found = np.full((3, len(first)), np.nan)
    for run in range(len(first)):
        last = (first[run + 1] if run + 1 < len(first) else len(values)) - 1
        lowest, highest = values[min(first[run] + 1, last)], np.nan
        for part in level[run]:
            if not np.isnan(part):
                lowest = min(lowest, part)
                highest = part if np.isnan(highest) else max(highest, part)
        if lowest > 0.0:
            found[0, run] = values[last] / lowest
        found[1, run], found[2, run] = values[last], highest
    return found


@compiled
def first_collapse(first: Indices, time: Array, values: Array, level: Array, duration: Array) -> tuple[int, int]:
    """First run whose values end under its level, for two samples and 1 % of its time or into the next, and where.

    The next run is then under its level from its first value on, or there is none; (-1, -1) where there is no such run.
    """
    ends = np.append(first[1:], len(values))
    collapsed_from = np.empty_like(first)
    for run in range(len(first)):
        collapsed_from[run] = first[run]
        for k in range(first[run], ends[run]):
            if not values[k] < level[run]:
                collapsed_from[run] = k + 1
    for run in range(len(first)):
        begin, end = collapsed_from[run], ends[run]
        if begin == end:
            continue
        goes_on = run + 1 == len(first) or collapsed_from[run + 1] == first[run + 1]
        if goes_on or (end - begin >= 2 and time[end - 1] - time[begin] > 0.01 * duration[run]):
            return run, begin
    return -1, -1
