import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.analysis import critical_current_density, critical_current_from_ramp
from natrode.errors import RecordError
from natrode.measurement import Column, Geometry, Measurement
from tests.analysis.records import AREA, ELECTROLYTE, HOUR, alternating, cycling_record, spectrum_record, stepped

CHARGE = 0.72
"""[C] = 0.2 mAh."""


def time_of(segments, index, part):
    return sum(duration for duration, _ in segments[:index]) + part * segments[index][0]


def shorted_ramp(index, part=0.4, count=20, **options):
    """Steps of 0.1 mA/cm2; a short in half cycle `index` (0: the first)."""
    segments = stepped(1e-4, 1e-4, count, CHARGE)
    moment = time_of(segments, index, part)
    return cycling_record(segments[: index + 3], lambda t: np.where(t > moment, 0.5, 46.0), **options)


@pytest.mark.parametrize("electrolyte", [ELECTROLYTE, None])
def test_a_short_gives_the_bracket_in_both_conventions(electrolyte):
    found = critical_current_density(shorted_ramp(10), electrolyte)  # half cycle 10 belongs to step 6
    assert found.failure_mode == "hard short"
    assert found.bracket == (pytest.approx(5.0), pytest.approx(6.0))
    assert found.largest_survived.to_json()["value"] == pytest.approx(0.5)
    assert found.lowest_failed.to_json()["value"] == pytest.approx(0.6)
    assert found.largest_survived.interval == found.bracket
    assert found.plating.interval == found.bracket
    assert found.stripping.quality == "lower limit"
    assert found.cumulative_charge.value == pytest.approx((10 + 0.4) * CHARGE / AREA, rel=0.02)


def test_contact_loss_is_the_critical_current_for_stripping():
    segments = stepped(1e-4, 1e-4, 20, CHARGE)

    def shape(x, k):
        return 2.0 / np.maximum(1.0 - x / max(1.5 - 0.05 * k, 0.3), 1e-6)

    record = cycling_record(segments, 44.0, shape=shape, samples=60, stop_voltage=5.0)
    found = critical_current_density(record, ELECTROLYTE)
    assert found.failure_mode == "contact loss"
    assert found.bracket == (pytest.approx(5.0), pytest.approx(6.0))  # lost first in half cycle 10
    assert found.stripping.value == pytest.approx(5.5)
    assert found.plating.quality == "lower limit"
    assert found.plating.interval == (pytest.approx(5.0), None)


def test_a_test_without_failure_is_right_censored():
    found = critical_current_density(cycling_record(stepped(1e-4, 1e-4, 8, CHARGE)), ELECTROLYTE)
    assert found.bracket == (pytest.approx(8.0), None)
    for result in (found.largest_survived, found.lowest_failed, found.stripping, found.plating):
        assert result.value is None
        assert result.interval == (pytest.approx(8.0), None)
    assert found.failure_mode == "none"
    assert found.cumulative_charge.quality == "lower limit"


def test_the_last_step_counts_only_when_it_was_completed():
    segments = stepped(1e-4, 1e-4, 8, CHARGE)
    assert critical_current_density(cycling_record(segments[:-1])).bracket[0] == pytest.approx(7.0)
    half_done = [*segments[:-1], (segments[-1][0] / 2, segments[-1][1])]
    assert critical_current_density(cycling_record(half_done)).bracket[0] == pytest.approx(7.0)


def test_failure_in_the_first_step_is_left_censored():
    found = critical_current_density(shorted_ramp(1), ELECTROLYTE)
    assert found.bracket == (None, pytest.approx(1.0))
    assert found.largest_survived.interval == (0.0, pytest.approx(1.0))
    assert found.largest_survived.quality == "upper limit"
    assert found.lowest_failed.quality == "doubtful"


def test_a_suspected_short_stops_what_counts_as_survived():
    segments = stepped(1e-4, 1e-4, 12, CHARGE)
    moment = time_of(segments, 10, 0.5)
    record = cycling_record(segments, lambda t: np.where(t > moment, 42.0, 50.0))
    found = critical_current_density(record)
    assert found.verdict.grade == "possible"
    assert found.bracket == (pytest.approx(5.0), None)
    assert "suspected" in found.largest_survived.reason


def test_the_protocol_is_found_in_the_record():
    record = shorted_ramp(10, settings={"step": "said otherwise"})
    protocol = critical_current_density(record).protocol
    assert protocol["first_current"] == pytest.approx(1.0)
    assert protocol["step"] == pytest.approx(1.0)
    assert protocol["step_is_regular"]
    assert protocol["cycles_per_step"] == 1.0
    assert protocol["limited_by"] == "charge"
    assert protocol["charge_per_half_cycle"] == pytest.approx(CHARGE / AREA)
    assert protocol["area"] == AREA
    assert protocol["pressure"] is None
    assert protocol["settings_of_the_record"] == {"step": "said otherwise"}


def test_a_protocol_limited_by_time_with_several_cycles_per_step():
    segments = [(HOUR, 1e-4 * k * sign) for k in range(1, 6) for _ in range(3) for sign in (1, -1)]
    protocol = critical_current_density(cycling_record(segments)).protocol
    assert protocol["limited_by"] == "time"
    assert protocol["cycles_per_step"] == 3.0
    assert protocol["time_per_half_cycle"] == pytest.approx(HOUR)


def test_fine_steps_at_high_current_stay_apart():
    found = critical_current_density(cycling_record(stepped(1e-4, 1e-4, 60, CHARGE)))
    assert len(found.steps.current) == 60


def test_the_onset_of_non_ohmic_polarisation():
    segments = stepped(1e-4, 1e-4, 10, CHARGE)
    record = cycling_record(segments, 44.0, shape=lambda x, k: 0.0 * x + max(0.0, 2.0 * (k // 2 - 4)))
    found = critical_current_density(record).non_ohmic_onset
    assert found.value == pytest.approx(8.0)  # V/i of step 8 is 50, 10 % over 44 for the first time
    assert found.interval == (pytest.approx(7.0), pytest.approx(8.0))


def test_without_area_the_critical_current_is_a_current():
    found = critical_current_density(shorted_ramp(10, geometry=Geometry()))
    assert found.largest_survived.dimension == "current"
    assert found.largest_survived.value == pytest.approx(5e-4)
    assert found.largest_survived.area_normalised is False


def test_what_is_no_stepped_test_is_refused():
    life_test = critical_current_density(cycling_record(alternating(60)))
    assert "life test" in life_test.largest_survived.reason
    falling = critical_current_density(cycling_record([(HOUR, 1e-4 * k) for k in (5, 4, 3, 2, 1)]))
    assert falling.largest_survived.quality == "not computed"
    f = np.logspace(5, 0, 20)
    with pytest.raises(RecordError):
        critical_current_density(spectrum_record(40 + 0j * f, f))


def test_the_whole_answer_is_plain_data():
    document = critical_current_density(shorted_ramp(10)).to_json()
    assert json.loads(json.dumps(document, allow_nan=False))["failure_mode"] == "hard short"


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 100.0))
def test_the_critical_current_scales_with_one_over_the_area(factor):
    record = shorted_ramp(10)
    scaled = record.with_metadata(geometry=Geometry(working_area=AREA * factor))
    assert critical_current_density(scaled).bracket == pytest.approx(
        tuple(b / factor for b in critical_current_density(record).bracket)
    )


# ---- linear ramps -------------------------------------------------------------------------------------------


def ramp_record(resistance, samples=600, top=2e-3, noise=0.0):
    record = cycling_record([(2 * HOUR, 1.0)], samples=samples)
    current = np.linspace(0.0, top, samples)
    voltage = current * resistance(current) + noise * np.random.default_rng(0).standard_normal(samples)
    return Measurement(
        record.metadata,
        record.table.assign(**{Column.CURRENT.value: current, Column.VOLTAGE.value: voltage}),
    )


@pytest.mark.parametrize("noise", [0.0, 2e-4])
def test_a_ramp_that_turns_exponential(noise):
    record = ramp_record(lambda i: 46.0 * np.exp(np.maximum(i - 1e-3, 0.0) / 2e-4), noise=noise)
    found = critical_current_from_ramp(record)
    expected = (1e-3 + 2e-4 * np.log(1.05)) / AREA
    assert found.value == pytest.approx(expected, rel=0.02)
    assert found.interval[0] <= expected <= found.interval[1]
    assert found.scope == "stripping side"
    assert found.settings["ramp_rate"] == pytest.approx(1e-3 / HOUR / AREA)


def test_a_ramp_that_shorts():
    found = critical_current_from_ramp(ramp_record(lambda i: np.where(i > 1e-3, 5.0, 46.0)))
    assert found.scope == "plating side"
    assert found.value == pytest.approx(1e-3 / AREA, rel=0.01)


def test_a_straight_ramp_gives_a_lower_limit():
    found = critical_current_from_ramp(ramp_record(lambda i: 46.0 + 0.0 * i, noise=1e-4))
    assert found.interval == (pytest.approx(2e-3 / AREA), None)


def test_a_ramp_that_is_curved_from_the_start_is_doubtful():
    assert critical_current_from_ramp(ramp_record(lambda i: 46.0 * (1.0 + (i / 1e-3)))).quality == "doubtful"


def test_a_sweep_of_potential_is_no_current_ramp():
    """Butler-Volmer kinetics bend its current by 1 %, which is no loss of contact."""
    time = np.linspace(0.0, 50.0, 201)
    voltage = 0.01 * time
    current = 7e-3 * (voltage / 0.5 + 0.05 * np.sin(np.pi * voltage / 0.5))
    frame = cycling_record([(50.0, 1e-3)], samples=201).table.copy()
    frame[Column.CURRENT.value], frame[Column.VOLTAGE.value] = current, voltage
    record = Measurement(cycling_record([(50.0, 1e-3)]).metadata, frame)
    assert "driven" in critical_current_from_ramp(record).reason


def test_constant_current_is_no_ramp():
    assert "no linear ramp" in critical_current_from_ramp(cycling_record([(HOUR, 1e-4)], samples=50)).reason


def test_how_a_test_ended_is_said_in_words():
    segments = stepped(1e-4, 1e-4, 6, 0.72)
    moment = sum(duration for duration, _ in segments[:7])
    short = cycling_record(segments, lambda t: np.where(t > moment + 10.0, 0.5, 46.0))
    assert "short from step 4" in critical_current_density(short, 40.0).how_it_ended
    survived = critical_current_density(cycling_record(segments), 40.0)
    assert survived.how_it_ended.startswith("operator stop")
    assert len(survived.results) == 6
