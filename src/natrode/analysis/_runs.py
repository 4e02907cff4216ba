"""What each run of samples holds, in one pass: a long record's half cycles, each by itself."""

import numpy as np
import numpy.typing as npt

from natrode.compiled import compiled

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

CHARGE, VOLTAGE, HIGHEST, LOWEST = range(4)
"""Columns of `integrals`: of the current and of the voltage in time, extremes of the voltage."""


@compiled
def integrals(time: Array, voltage: Array, current: Array, first: Indices, last: Indices) -> Array:
    """Trapezoids [C], [V s] and extremes [V] of the runs from `first` to `last`, included: (runs, 4)."""
    found = np.zeros((len(first), 4))
    for run in range(len(first)):
        begin, end = first[run], last[run]
        highest = lowest = voltage[begin]
        for k in range(begin + 1, end + 1):
            half = 0.5 * (time[k] - time[k - 1])
            found[run, CHARGE] += half * (current[k] + current[k - 1])
            found[run, VOLTAGE] += half * (voltage[k] + voltage[k - 1])
            highest, lowest = max(highest, voltage[k]), min(lowest, voltage[k])
        found[run, HIGHEST], found[run, LOWEST] = highest, lowest
    return found


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
