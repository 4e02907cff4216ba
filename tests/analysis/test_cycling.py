import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.analysis import (
    charge_to_voltage,
    hysteresis,
    overpotential,
    polarisation_growth,
    polarisation_shape,
    time_to_voltage,
)
from natrode.measurement import Column, Geometry, Measurement
from tests.analysis.records import AREA, HOUR, alternating, cycling_record

MILLIAMP_HOUR = 3.6


def drop_current(record):
    return Measurement(record.metadata, record.table.drop(columns=[Column.CURRENT.value]))


def test_overpotential_is_the_ohmic_drop_of_an_ohmic_cell():
    answer = overpotential(cycling_record(alternating(10), 46.0, noise=1e-5))
    assert answer.value == pytest.approx(4.6e-3, rel=1e-3)
    assert answer.uncertainty < 1e-5
    assert answer.quality == "good"
    assert (answer.scope, answer.n_interfaces) == ("cell", 2)
    assert answer.simulated
    assert len(answer.source[0]) == 64


def test_a_constant_offset_of_the_voltage_cancels():
    record = cycling_record(alternating(10), 46.0)
    offset = Measurement(
        record.metadata,
        record.table.assign(**{Column.VOLTAGE.value: record.table[Column.VOLTAGE.value] + 2e-3}),
    )
    assert overpotential(offset, cycle=3).value == pytest.approx(4.6e-3)
    assert overpotential(offset, cycle=3).uncertainty == pytest.approx(2e-3 / np.sqrt(3))
    assert hysteresis(offset).value == pytest.approx(9.2e-3)


@pytest.mark.parametrize(("which", "expected"), [("mean", 50.5), ("end", 61.0), ("peak", 61.0)])
def test_mean_end_and_peak_of_a_rising_half_cycle(which, expected):
    record = cycling_record(alternating(10), 40.0, shape=lambda x, k: 21.0 * x)
    assert overpotential(record, which).value == pytest.approx(1e-4 * expected)


def test_cycles_count_from_both_ends():
    record = cycling_record(alternating(10), lambda t: 40.0 + t / HOUR)
    assert overpotential(record, cycle=-1).value == overpotential(record, cycle=5).value
    assert overpotential(record, cycle=6).quality == "not computed"
    assert "1 to 5" in overpotential(record, cycle=6).reason


def test_half_a_cycle_is_doubtful():
    answer = overpotential(cycling_record(alternating(5)), cycle=3)
    assert answer.quality == "doubtful"
    assert "one direction" in answer.reason


def test_without_current_there_is_still_an_overpotential_but_a_doubtful_one():
    answer = overpotential(drop_current(cycling_record(alternating(6))))
    assert answer.value == pytest.approx(4.6e-3)
    assert answer.quality == "doubtful"


def test_a_resting_cell_has_none():
    assert overpotential(cycling_record([(HOUR, 0.0)])).quality == "not computed"


def test_hysteresis_of_a_one_sided_test_is_refused():
    answer = hysteresis(cycling_record([(HOUR, 1e-4)]))
    assert answer.quality == "not computed"
    assert "one-sided" in answer.reason


def test_growth_is_the_slope_of_the_overpotential():
    record = cycling_record(alternating(40), lambda t: 40.0 + 0.5 * t / HOUR, noise=2e-6)
    answer = polarisation_growth(record)
    assert answer.value == pytest.approx(0.5e-4 / HOUR, rel=0.01)
    assert abs(answer.value - 0.5e-4 / HOUR) < 4 * answer.uncertainty
    assert answer.settings["final"] > answer.settings["initial"]
    assert answer.to_json()["unit"] == "mV/s"


def test_growth_is_refused_for_a_ramp_of_current():
    record = cycling_record([(HOUR, 1e-4 * (1 + k)) for k in range(6)])
    assert "current changes" in polarisation_growth(record).reason


@pytest.mark.parametrize(
    ("name", "trace"),
    [
        ("flat", lambda x, k: 0.0 * x),
        ("arcing", lambda x, k: 30.0 * x**3),
        ("peaking", lambda x, k: 30.0 * np.exp(-8.0 * x)),
    ],
)
def test_shapes_of_half_cycles(name, trace):
    shape = polarisation_shape(cycling_record(alternating(8), 40.0, shape=trace, samples=60, noise=1e-6))
    assert set(shape.shape) == {name}
    assert shape.rise.shape == shape.fall.shape == (8,)


def test_the_shape_of_three_samples_is_unknown():
    assert set(polarisation_shape(cycling_record(alternating(4), samples=3)).shape) == {"unknown"}


def contact_loss(minutes):
    """R of a cell whose contact is lost after `minutes`."""
    return lambda t: 40.0 + 6.0 / np.maximum(1.0 - t / (60.0 * minutes), 1e-9)


def test_time_and_charge_to_a_voltage():
    current, final = 2e-4, 200.0
    record = cycling_record([(220 * 60.0, current)], contact_loss(final), samples=1000, stop_voltage=0.5)
    exact = 60.0 * final * (1.0 - 6.0 / (0.2 / current - 40.0))
    time, charge = time_to_voltage(record, 0.2), charge_to_voltage(record, 0.2)
    assert time.value == pytest.approx(exact, abs=1.0)
    assert abs(time.value - exact) < 3 * time.uncertainty
    assert charge.value == pytest.approx(exact * current / AREA, rel=1e-4)
    assert charge.area_normalised


def test_rests_do_not_count_as_time_under_current():
    segments = [(HOUR, 2e-4), (HOUR, 0.0), (3 * HOUR, 2e-4)]

    def resistance(t):
        return 40.0 + 40.0 * np.where(t > HOUR, np.maximum(t - HOUR, HOUR), t) / HOUR

    record = cycling_record(segments, resistance, samples=400)
    # V = 2e-4 (40 + 40 t'): 0.0256 V after 2.2 h of current
    assert time_to_voltage(record, 0.0256).value == pytest.approx(2.2 * HOUR, rel=2e-3)
    assert charge_to_voltage(record, 0.0256).value == pytest.approx(2.2 * HOUR * 2e-4 / AREA, rel=2e-3)


def test_a_threshold_that_is_not_reached_gives_a_lower_limit():
    answer = time_to_voltage(cycling_record([(5 * HOUR, 2e-4)]), 0.2)
    assert answer.quality == "lower limit"
    assert answer.interval == (pytest.approx(5 * HOUR), None)


def test_a_test_that_stops_at_the_threshold_reaches_it():
    record = cycling_record([(HOUR, 1e-4)], lambda t: 46.0 + t / HOUR)
    last = float(record.array(Column.VOLTAGE)[-1])
    assert time_to_voltage(record, last * (1 + 1e-12)).value == pytest.approx(HOUR)


def test_a_spike_of_one_sample_does_not_count():
    record = cycling_record([(10 * HOUR, 2e-4)], contact_loss(500.0), samples=600)
    voltage = record.array(Column.VOLTAGE).copy()
    voltage[50] = 0.3
    spiked = Measurement(record.metadata, record.table.assign(**{Column.VOLTAGE.value: voltage}))
    assert time_to_voltage(spiked, 0.2).value == pytest.approx(time_to_voltage(record, 0.2).value)


def test_a_reversal_before_the_threshold_is_refused():
    answer = time_to_voltage(cycling_record(alternating(4)), 0.2)
    assert answer.quality == "not computed"
    assert "reverses" in answer.reason


def test_charge_without_area_is_in_coulomb_and_without_current_is_refused():
    record = cycling_record(
        [(220 * 60.0, 2e-4)], contact_loss(200.0), samples=500, stop_voltage=0.5, geometry=Geometry()
    )
    answer = charge_to_voltage(record, 0.2)
    assert answer.dimension == "charge"
    assert answer.area_normalised is False
    assert charge_to_voltage(drop_current(record), 0.2).quality == "not computed"
    assert time_to_voltage(drop_current(record), 0.2).quality == "doubtful"


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-6, 1e-2), st.floats(0.1, 10.0))
def test_charge_per_area_scales_with_the_area(area, factor):
    record = cycling_record([(220 * 60.0, 2e-4)], contact_loss(200.0), samples=200)
    small, large = (
        charge_to_voltage(record.with_metadata(geometry=Geometry(working_area=a)), 0.2) for a in (area, area * factor)
    )
    assert large.value * factor == pytest.approx(small.value)


@settings(max_examples=30, deadline=None)
@given(st.floats(-1.0, 1.0), st.sampled_from(["mean", "end", "peak"]))
def test_turning_the_cell_around_changes_no_overpotential(offset, which):
    record = cycling_record(alternating(6), lambda t: 46.0 + t / HOUR, noise=1e-5)
    turned = Measurement(
        record.metadata,
        record.table.assign(**{n: -record.table[n] for n in (Column.VOLTAGE.value, Column.CURRENT.value)}),
    )
    assert overpotential(turned, which).value == pytest.approx(overpotential(record, which).value)
