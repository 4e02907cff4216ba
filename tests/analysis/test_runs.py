import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrode.analysis._runs import CHARGE, MEAN, PEAK, contents, falls_short, quarters, third_differences
from natrode.analysis.reading import median, medians, windows

NUMBERS = st.floats(-1e3, 1e3, allow_nan=False, width=32)


@given(st.lists(NUMBERS, min_size=1, max_size=30), st.integers(1, 8))
def test_medians_are_those_of_numpy(values, length):
    array = np.array(values)
    assert median(array) == pytest.approx(np.median(array), nan_ok=True)
    if length <= len(array):
        expected = np.median(np.lib.stride_tricks.sliding_window_view(array, length), axis=1)
        assert medians(windows(array, length)) == pytest.approx(expected)


def test_a_median_with_a_gap_is_none():
    assert np.isnan(median(np.array([1.0, np.nan, 2.0])))
    assert np.isnan(medians(np.array([[1.0, np.nan, 2.0], [1.0, 2.0, 3.0]]))).tolist() == [True, False]


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_each_run_by_itself(lengths, seed):
    random = np.random.default_rng(seed)
    count = len(lengths)
    owner = np.repeat(np.arange(count), lengths)
    last = np.cumsum(lengths) - 1
    first = last - np.array(lengths) + 1
    time = np.cumsum(random.random(len(owner)))
    voltage, current = random.standard_normal((2, len(owner)))
    found = contents(time, voltage, current, first, last, True)
    middle, begin, end, number = quarters(owner, time, voltage, count, 4)
    noise = third_differences(owner, voltage, count)
    for run, (a, b) in enumerate(zip(first, last, strict=True)):
        part = slice(a, b + 1)
        before = time[a] - time[a - 1] if a > 0 else 0.0
        if before > 1.5 * (time[b] - time[a]) / max(b - a, 1):
            before = 0.0
        charge = np.trapezoid(current[part], time[part]) + current[a] * before
        mean = np.trapezoid(voltage[part], time[part]) / (time[b] - time[a]) if b > a else voltage[a]
        sign = np.sign(current[a])
        assert found[[CHARGE, MEAN, PEAK], run] == pytest.approx([charge, sign * mean, (sign * voltage[part]).max()])
        pieces = min(max(lengths[run] // 3, 1), 4)
        group = np.arange(lengths[run]) * pieces // lengths[run]
        for n in range(pieces):
            inside = np.flatnonzero(group == n) + a
            assert middle[run, n] == pytest.approx(np.median(voltage[inside]))
            assert (begin[run, n], end[run, n], number[run, n]) == (time[inside[0]], time[inside[-1]], len(inside))
        assert np.isnan(middle[run, pieces:]).all()
        third = np.abs(np.diff(voltage[part], 3))[lengths[run] // 10 :]
        assert noise[run] == pytest.approx(third.mean() if len(third) >= 4 else np.nan, nan_ok=True)


def test_a_run_does_not_feel_how_long_the_record_before_it_is():
    """Differences of one running sum would lose digits behind a large charge."""
    time = np.arange(2001.0)
    current = np.r_[np.full(1001, 1e9), np.full(1000, 1e-6)]
    found = contents(time, current, current, np.array([0, 1001]), np.array([1000, 2000]), True)
    assert found[CHARGE, 1] == pytest.approx(1000e-6, rel=1e-12)


@given(st.lists(st.floats(0.5, 2.0), min_size=1, max_size=20), st.floats(0.5, 1.0), st.integers(1, 6))
def test_a_value_falls_short_of_the_median_before_it(values, part, most):
    array = np.array(values)
    expected = [k > 0 and x < part * np.median(array[max(k - most, 0) : k]) for k, x in enumerate(values)]
    assert falls_short(array, part, most).tolist() == expected
