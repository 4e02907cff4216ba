"""A small population of the benchmark of shorts; the whole one is `python -m benchmarks shorts`."""

from collections import Counter

import numpy as np
import pytest
from benchmarks.bench_shorts import KINDS, LEAST_SHARE, LOOK_ALIKES, made_cell, score

from natrode.measurement import Column


def test_the_population_is_what_it_says():
    kinds = Counter(KINDS)
    assert kinds["soft short"] == kinds["hard short"] == 2
    assert kinds["healthy"] == 4
    assert all(kinds[k] == 1 for k in LOOK_ALIKES)
    cells = [made_cell(1, n) for n in range(12)]
    assert [cell.kind for cell in cells] == list(KINDS)
    for cell in cells:
        record = cell.experiment.cycling
        time = record.array(Column.TIME)
        assert (cell.share >= LEAST_SHARE) == cell.shorted == (cell.onset is not None)
        if cell.shorted:
            assert 0.1 * time[-1] < cell.onset < time[-1]
    assert Column.TEMPERATURE in cells[2].experiment.cycling
    assert Column.TEMPERATURE not in cells[5].experiment.cycling


def test_a_leak_that_flickers_does_so_from_the_moment_at_which_the_filament_is_through():
    cell = made_cell(1, 0)
    noisy, quiet = (c.experiment.cycling.array(Column.VOLTAGE) for c in (cell, made_cell(1, 0, flickers=False)))
    before = cell.experiment.cycling.array(Column.TIME) < cell.onset
    assert np.array_equal(noisy[before], quiet[before])
    relative = np.abs(noisy / quiet - 1.0)[~before]
    assert 0.0 < np.median(relative[:20]) < np.median(relative[-20:])


@pytest.mark.parametrize(("seed", "with_spectrum"), [(11, True), (12, False)])
def test_recall_and_false_alarms(seed, with_spectrum):
    got = score(seed, 96, with_spectrum=with_spectrum)
    assert got.recall >= 0.9, got.alarms
    assert got.false_alarms <= 0.02, got.alarms


def test_a_leak_that_does_not_flicker_is_never_more_than_possible_without_a_spectrum():
    assert score(1, 48, with_spectrum=False, flickers=False).alarms["soft short"] <= 1
