import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.analysis import half_cycles
from natrode.errors import RecordError
from natrode.measurement import Column, Geometry, Measurement
from tests.analysis.records import HOUR, alternating, cycling_record, metadata, spectrum_record


def without(record, *columns):
    return Measurement(record.metadata, record.table.drop(columns=list(columns)))


def table(**columns):
    names = {"t": Column.TIME, "v": Column.VOLTAGE, "i": Column.CURRENT, "cycle": Column.CYCLE}
    return Measurement(metadata(), pd.DataFrame({names[k].value: np.asarray(v, float) for k, v in columns.items()}))


def test_half_cycles_of_a_symmetric_cell():
    half = half_cycles(cycling_record(alternating(6), 46.0))
    assert len(half) == 6
    assert half.sign.tolist() == [1, -1, 1, -1, 1, -1]
    assert half.cycle.tolist() == [1, 1, 2, 2, 3, 3]
    assert half.charge == pytest.approx([0.36, -0.36] * 3)
    assert half.current == pytest.approx([1e-4, -1e-4] * 3)
    assert half.voltage_mean == pytest.approx([4.6e-3] * 6)
    assert half.end_time - half.start_time == pytest.approx([HOUR] * 6)
    assert not half.one_sided
    assert half.summary == "6 half cycles in 3 cycles, working electrode stripped first"


def test_rests_separate_and_are_no_half_cycles():
    segments = [(HOUR, 1e-4), (HOUR, 0.0), (HOUR, 1e-4), (HOUR, 0.0), (HOUR, -1e-4)]
    half = half_cycles(cycling_record(segments))
    assert half.sign.tolist() == [1, 1, -1]
    assert half.cycle.tolist() == [1, 1, 1]
    assert half.start_time == pytest.approx([0, 2 * HOUR, 4 * HOUR])


def test_steps_of_one_sign_are_told_apart_however_small():
    half = half_cycles(cycling_record([(HOUR, 3.0e-3), (HOUR, 3.1e-3), (HOUR, 3.2e-3)]))
    assert half.current == pytest.approx([3.0e-3, 3.1e-3, 3.2e-3])
    assert half.summary.startswith("no sign change: one-sided test, 3 steps")


def test_a_linear_ramp_is_one_half_cycle():
    t = np.linspace(0, HOUR, 200)
    assert len(half_cycles(table(t=t, v=1e-3 * t, i=1e-6 * t))) == 1


def test_noise_of_the_current_in_rests_is_no_half_cycle():
    record = cycling_record([(HOUR, 1e-4), (HOUR, 0.0), (HOUR, -1e-4)], samples=100)
    frame = record.table.copy()
    frame[Column.CURRENT.value] += np.random.default_rng(0).normal(0.0, 5e-7, len(frame))
    half = half_cycles(Measurement(record.metadata, frame))
    assert half.sign.tolist() == [1, -1]
    assert half.charge == pytest.approx([0.36, -0.36], rel=2e-3)


def test_a_small_first_current_is_kept_beside_a_large_one():
    half = half_cycles(cycling_record([(HOUR, 1e-5), (HOUR, -1e-5), (HOUR, 5e-3), (HOUR, -5e-3)]))
    assert len(half) == 4


def test_a_lost_sample_is_no_rest():
    i = np.full(50, 1e-4)
    i[20] = 0.0
    assert len(half_cycles(table(t=np.arange(50.0), v=46 * i, i=i))) == 1


def test_rows_without_values_are_left_out():
    record = cycling_record(alternating(4), samples=50)
    frame = record.table.copy()
    frame.loc[[7, 60, 61], Column.CURRENT.value] = np.nan
    half = half_cycles(Measurement(record.metadata, frame))
    assert len(half) == 4
    assert half.charge == pytest.approx([0.36, -0.36, 0.36, -0.36], rel=1e-6)


def test_the_interval_before_the_first_sample_counts():
    # samples at 10, 20 ... of each 100-s half cycle, as instruments write them
    t = np.arange(10.0, 401.0, 10.0)
    i = np.where(((t - 1) // 100) % 2 == 0, 1e-3, -1e-3)
    half = half_cycles(table(t=t, v=46 * i, i=i))
    assert half.charge[1:] == pytest.approx([-0.1, 0.1, -0.1])
    assert half.start_time[1:] == pytest.approx([100.0, 200.0, 300.0])


def test_a_current_that_ends_the_record_with_its_first_sample_is_a_half_cycle():
    """The instrument stopped at a limit that the new current passed at once; a lower voltage is a switch's."""
    record = cycling_record(alternating(4), 46.0)
    rows = {Column.TIME.value: 4 * HOUR, Column.CURRENT.value: 2e-4}
    for volts, count in ((0.12, 5), (1e-3, 4)):
        last = pd.DataFrame({**rows, Column.VOLTAGE.value: [volts]})
        half = half_cycles(Measurement(record.metadata, pd.concat([record.table, last], ignore_index=True)))
        assert len(half) == count


def test_a_single_sample_without_charge_at_a_switch_is_an_artefact():
    t = np.concatenate([np.arange(100.0), [99.001], 100.0 + np.arange(100.0)])
    i = np.concatenate([np.full(100, 1e-3), [-4e-4], np.full(100, 1e-3)])
    assert half_cycles(table(t=t, v=46 * i, i=i)).sign.tolist() == [1, 1]


def test_a_record_without_current_is_read_from_its_voltage():
    one = half_cycles(without(cycling_record([(HOUR, 1e-4)] * 3), Column.CURRENT.value))
    assert one.one_sided
    assert one.basis == "voltage"
    assert np.isnan(one.charge).all()
    assert "the record has no current" in one.summary
    two = half_cycles(without(cycling_record(alternating(4)), Column.CURRENT.value))
    assert two.sign.tolist() == [1, -1, 1, -1]


def test_no_current_no_half_cycles():
    half = half_cycles(cycling_record([(HOUR, 0.0)]))
    assert len(half) == 0
    assert not half.one_sided
    assert half.summary.startswith("no current")


def test_cycle_numbers_of_the_record_are_used_where_they_tell_the_same_cycles_apart():
    record = cycling_record(alternating(6), samples=10)
    numbered = table_with_cycles(record, np.repeat([1, 1, 100, 100, 1000, 1000], 10))
    assert half_cycles(numbered).cycle.tolist() == [1, 1, 100, 100, 1000, 1000]
    shifted = table_with_cycles(record, np.repeat([1, 2, 2, 3, 3, 4], 10))
    assert half_cycles(shifted).cycle.tolist() == [1, 1, 2, 2, 3, 3]


def table_with_cycles(record, cycles):
    return Measurement(record.metadata, record.table.assign(**{Column.CYCLE.value: cycles}))


def test_time_that_runs_backwards_is_refused():
    with pytest.raises(RecordError, match="row 2"):
        half_cycles(table(t=[0, 1, 0.5, 2], v=[1, 1, 1, 1], i=[1, 1, 1, 1]))


def test_a_spectrum_has_no_half_cycles():
    f = np.logspace(5, 0, 20)
    with pytest.raises(RecordError, match="impedance record"):
        half_cycles(spectrum_record(40 + 0j * f, f))


def test_a_threshold_can_be_given():
    record = cycling_record([(HOUR, 1e-4), (HOUR, 2e-5), (HOUR, -1e-4)])
    assert len(half_cycles(record, threshold=5e-5)) == 2


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 12),
    st.floats(1e-6, 1e-1),
    st.floats(60.0, 1e5),
    st.floats(0.0, 1e7),
    st.integers(4, 40),
)
def test_shifting_the_time_changes_nothing_else(count, current, duration, shift, samples):
    record = cycling_record(alternating(count, duration, current), samples=samples)
    moved = Measurement(
        record.metadata,
        record.table.assign(**{Column.TIME.value: record.table[Column.TIME.value] + shift}),
    )
    a, b = half_cycles(record), half_cycles(moved)
    assert len(a) == len(b) == count
    assert b.charge == pytest.approx(a.charge, rel=1e-6)
    assert b.start_time - shift == pytest.approx(a.start_time, rel=1e-6, abs=1e-3 + 1e-9 * shift)
    assert b.cycle.tolist() == a.cycle.tolist()


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-6, 1e6))
def test_scaling_the_current_scales_charge_and_nothing_else(factor):
    record = cycling_record([(HOUR, 1e-4), (HOUR, 0.0), (HOUR, -3e-4)], noise=1e-6)
    scaled = Measurement(
        record.metadata,
        record.table.assign(**{Column.CURRENT.value: record.table[Column.CURRENT.value] * factor}),
    )
    a, b = half_cycles(record), half_cycles(scaled)
    assert b.charge == pytest.approx(factor * a.charge)
    assert b.voltage_mean == pytest.approx(a.voltage_mean)
    assert b.start.tolist() == a.start.tolist()


def test_the_area_has_no_part_in_half_cycles():
    record = cycling_record(alternating(4))
    unknown = record.with_metadata(geometry=Geometry())
    assert half_cycles(unknown).charge == pytest.approx(half_cycles(record).charge)


def test_a_long_life_test_is_read_quickly():
    record = cycling_record(alternating(24000, 300.0), samples=10)
    half_cycles(record)
    begin = time.perf_counter()
    half = half_cycles(record)
    assert time.perf_counter() - begin < 0.2 * 4  # four times the budget: other jobs share the machine
    assert len(half) == 24000
    assert half.cycle[-1] == 12000
