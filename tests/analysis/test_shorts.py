"""A small population of the benchmark of shorts; the whole one is `python -m benchmarks shorts`."""

import numpy as np
import pytest
from benchmarks.bench_shorts import LOOK_ALIKES, made_cell, score

from natrode.measurement import Column


def test_the_population_is_what_it_says():
    kinds = [made_cell(1, n).kind for n in range(24)]
    assert sum(k.endswith("short") for k in kinds) == 8
    assert kinds.count("soft short") == kinds.count("hard short") == 4
    assert kinds.count("healthy") == 8
    assert set(LOOK_ALIKES) <= set(kinds)
    cells = [made_cell(1, n) for n in range(0, 24, 3)]
    for cell in cells:
        record = cell.experiment.cycling
        time, v, i = (record.array(c) for c in (Column.TIME, Column.VOLTAGE, Column.CURRENT))
        healthy = np.median((v / i)[time < cell.onset])
        assert np.median((v / i)[time >= cell.onset]) < healthy
    warm = next(made_cell(1, n) for n in range(24) if made_cell(1, n).kind == "warm, not recorded")
    assert Column.TEMPERATURE not in warm.experiment.cycling


@pytest.mark.parametrize("seed", [11, 12])
def test_recall_and_false_alarms(seed):
    got = score(seed, 90)
    assert got.recall >= 0.95, got.missed
    assert got.false_alarms <= 0.02, got.alarms
    assert got.onset_within >= 0.9
