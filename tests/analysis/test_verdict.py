import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.analysis import failure, life
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement
from tests.analysis.records import (
    ELECTROLYTE,
    HOUR,
    alternating,
    cycling_record,
    experiment,
    parallel,
    spectrum_record,
    zarc,
)


def short_at(hour, ohm=0.5):
    return lambda t: np.where(t > hour * HOUR, ohm, 46.0)


def kinds(verdict):
    return {e.kind for e in verdict.evidence}


# ---- healthy cells ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("electrolyte", [ELECTROLYTE, None])
@pytest.mark.parametrize(
    "shape",
    [
        lambda x, k: 0.0 * x,
        lambda x, k: 30.0 * np.exp(-60.0 * x),  # nucleation
        lambda x, k: 30.0 * np.exp(-6.0 * x),  # contact that heals while plating
        lambda x, k: 60.0 * x**3,  # contact that is lost while stripping
        lambda x, k: 40.0 * np.exp(-k / 5.0) + 0.0 * x,  # formation over many half cycles
        lambda x, k: 3.0 * k + 0.0 * x,  # growth of an interphase
        lambda x, k: 10.0 * (k % 2) + 0.0 * x,  # electrodes that differ
    ],
    ids=["flat", "nucleation", "healing", "arcing", "formation", "growth", "asymmetric"],
)
def test_healthy_cells_are_left_alone(shape, electrolyte):
    record = cycling_record(alternating(40), 44.0, shape=shape, samples=30, noise=2e-6)
    verdict = failure(record, electrolyte)
    assert (verdict.kind, verdict.grade, verdict.evidence) == ("none", "none", ())
    assert not verdict.failed
    assert verdict.onset is None


def test_an_arcing_cell_that_is_still_running_has_not_failed():
    segments = [*alternating(20), (0.6 * HOUR, 1e-4)]
    record = cycling_record(segments, 44.0, shape=lambda x, k: 60.0 * (x * (0.6 if k == 20 else 1.0)) ** 3)
    assert failure(record, ELECTROLYTE).kind == "none"


def test_the_margin_says_how_far_the_cell_stayed_above_its_electrolyte():
    verdict = failure(cycling_record(alternating(10), 46.0), (40.0, 0.4))
    assert verdict.margin.value == pytest.approx(0.15)
    assert verdict.margin.uncertainty == pytest.approx(0.0115, rel=1e-3)
    assert "15%" in verdict.summary
    unknown = failure(cycling_record(alternating(10), 46.0))
    assert unknown.margin.quality == "not computed"
    assert "not checkable" in unknown.summary


# ---- shorts -------------------------------------------------------------------------------------------------


def test_a_hard_short_is_certain_when_the_electrolyte_is_known():
    verdict = failure(cycling_record(alternating(40), short_at(20.35), noise=1e-6), ELECTROLYTE)
    assert (verdict.kind, verdict.grade) == ("hard short", "certain")
    assert kinds(verdict) == {"ohmic floor", "resistance drop"}
    assert verdict.onset[0] <= 20.35 * HOUR <= verdict.onset[1]
    assert verdict.half_cycle == 20
    assert verdict.recovered is False


def test_a_hard_short_is_probable_against_the_lowest_value_that_the_cell_had_shown():
    verdict = failure(cycling_record(alternating(40), short_at(20.35), noise=1e-6))
    assert (verdict.kind, verdict.grade) == ("hard short", "probable")
    assert kinds(verdict) == {"resistance drop", "lowest resistance"}


@pytest.mark.parametrize("samples_after", [1, 2, 3])
def test_a_record_that_stops_right_after_the_short(samples_after):
    moment = 21.0 - (samples_after - 0.5) / 19.0
    verdict = failure(cycling_record(alternating(21), lambda t: short_at(moment)(t)), ELECTROLYTE)
    assert verdict.kind == "hard short"
    assert verdict.grade == ("certain" if samples_after == 3 else "probable")


def test_a_short_at_the_switch_of_the_current():
    verdict = failure(cycling_record(alternating(30), short_at(20.0)), ELECTROLYTE)
    assert (verdict.kind, verdict.grade) == ("hard short", "certain")
    assert verdict.onset == (pytest.approx(20 * HOUR), pytest.approx(20 * HOUR, abs=400))


def test_a_short_that_heals_is_soft_and_said_to_have_recovered():
    def resistance(t):
        return np.where((t > 20.35 * HOUR) & (t < 25.2 * HOUR), 0.5, 46.0)

    verdict = failure(cycling_record(alternating(40), resistance), ELECTROLYTE)
    assert verdict.kind == "soft short"
    assert verdict.recovered is True


def growing(t):
    return 46.0 + 3.0 * t / HOUR


def test_noise_in_proportion_to_a_growing_voltage_is_no_witness():
    random = np.random.default_rng(4)

    def resistance(t):
        return growing(t) * (1.0 + 0.004 * random.standard_normal(len(t)))

    verdict = failure(cycling_record(alternating(60), resistance, samples=40))
    assert verdict.evidence == ()


def test_noise_of_a_constant_size_is_no_witness_when_the_voltage_falls():
    record = cycling_record(
        alternating(60), lambda t: 30.0 + 200.0 * np.exp(-t / (10.0 * HOUR)), samples=40, noise=2e-5
    )
    assert "noise" not in kinds(failure(record))


def test_a_fall_after_growth_is_a_witness_and_one_from_the_start_is_formation():
    def resistance(t):
        return np.where(t < 30 * HOUR, growing(t), growing(30 * HOUR) * np.exp(-(t - 30 * HOUR) / (60 * HOUR)))

    verdict = failure(cycling_record(alternating(60), resistance, noise=1e-6))
    assert (verdict.kind, verdict.grade) == ("soft short", "possible")
    assert "fell" in verdict.summary
    forming = failure(cycling_record(alternating(60), lambda t: 46.0 + 60.0 * np.exp(-t / (20 * HOUR)), noise=1e-6))
    assert forming.kind == "none"


@pytest.mark.parametrize("noisy", [True, False])
def test_growth_that_ends_when_the_voltage_becomes_noisy_is_a_leak(noisy):
    random = np.random.default_rng(5)

    def resistance(t):
        leak = np.maximum(t / HOUR - 30.0, 0.0) / 12e3
        return 1.0 / (1.0 / growing(t) + leak * (1.0 + 0.1 * noisy * random.standard_normal(len(t))))

    verdict = failure(cycling_record(alternating(60), resistance, samples=40, noise=1e-6))
    if not noisy:  # the same course may be growth that saturates
        assert verdict.evidence == ()
        return
    assert (verdict.kind, verdict.grade) == ("soft short", "probable")
    assert kinds(verdict) == {"noise", "resistance drop"}
    assert "below the course" in verdict.summary
    assert verdict.onset[0] < 33 * HOUR
    assert any("ended by itself" in text for text in verdict.alternatives)


def test_a_loose_lead_raises_the_voltage_and_stays_possible():
    random = np.random.default_rng(6)

    def resistance(t):
        return growing(t) + np.where(t > 30 * HOUR, 20.0 * random.random(len(t)), 0.0)

    verdict = failure(cycling_record(alternating(60), resistance, samples=40, noise=1e-6))
    assert verdict.grade == "possible"
    assert kinds(verdict) == {"noise"}
    assert "a loose lead" in verdict.alternatives


def test_a_growing_noisy_leak_is_certain_by_three_witnesses():
    random = np.random.default_rng(1)

    def resistance(t):
        leak = np.clip((t / HOUR - 20.0) / 600.0, 0.0, None) * (1.0 + 0.3 * random.standard_normal(len(t)))
        return 1.0 / (1.0 / 46.0 + leak)

    verdict = failure(cycling_record(alternating(40), resistance), ELECTROLYTE)
    assert (verdict.kind, verdict.grade) == ("soft short", "certain")
    assert kinds(verdict) == {"ohmic floor", "resistance drop", "noise"}
    assert 20 * HOUR <= verdict.onset[0] <= verdict.onset[1] <= 28 * HOUR


def test_one_witness_alone_is_only_possible_and_the_alternative_is_named():
    record = cycling_record(alternating(40), lambda t: np.where(t > 20.5 * HOUR, 40.0, 50.0))
    verdict = failure(record)
    assert (verdict.kind, verdict.grade) == ("soft short", "possible")
    assert not verdict.failed
    assert any("activation" in text for text in verdict.alternatives)
    assert any("temperature" in text for text in verdict.alternatives)


def test_an_electrolyte_resistance_that_is_too_large_is_not_a_short():
    verdict = failure(cycling_record(alternating(20), 46.0), 80.0)
    assert verdict.grade == "possible"
    assert any("too large" in text for text in verdict.alternatives)


def test_a_change_of_temperature_that_was_recorded_is_no_evidence():
    def celsius(t):
        return np.where(t > 20 * HOUR, 60.0, 25.0)

    def resistance(t):
        return 46.0 * np.exp(0.26 / 8.617333e-5 * (1.0 / (celsius(t) + 273.15) - 1.0 / 298.15))

    segments = alternating(40)
    assert failure(cycling_record(segments, resistance, temperature=celsius), ELECTROLYTE).kind == "none"
    assert failure(cycling_record(segments, resistance), ELECTROLYTE).kind != "none"


def test_a_record_without_current_is_never_more_than_possible():
    record = cycling_record(alternating(40), short_at(20.35, ohm=20.0))
    bare = Measurement(record.metadata, record.table.drop(columns=[Column.CURRENT.value]))
    verdict = failure(bare, ELECTROLYTE)
    assert verdict.grade == "possible"
    assert any("current" in text for text in verdict.alternatives)
    healthy = cycling_record(alternating(10))
    bare = Measurement(healthy.metadata, healthy.table.drop(columns=[Column.CURRENT.value]))
    assert failure(bare).kind == "unknown"


def test_the_first_spectrum_of_an_experiment_gives_the_electrolyte():
    f = np.logspace(6, -1, 50)
    spectrum = spectrum_record(ELECTROLYTE + zarc(f, 6.0, 1e-3), f)
    verdict = failure(experiment(spectrum, cycling_record(alternating(40), short_at(20.35))))
    assert verdict.settings["electrolyte_resistance"] == pytest.approx(ELECTROLYTE, rel=1e-3)
    assert verdict.settings["electrolyte_resistance_from"] == "the cell's own first spectrum"
    assert verdict.grade == "certain"


# ---- polarisation -------------------------------------------------------------------------------------------


def divergence(x, k):
    """Contact that is lost 1 % earlier in each half cycle; from half cycle 25 on before its end."""
    return 2.0 / np.maximum(1.0 - x / (1.25 - 0.01 * k), 1e-3)


@pytest.mark.parametrize("limit", [0.05, None])
def test_contact_loss(limit):
    record = cycling_record(alternating(60), 44.0, shape=divergence, samples=100, stop_voltage=0.05)
    verdict = failure(record, ELECTROLYTE, voltage_limit=limit)
    assert verdict.kind == "contact loss"
    assert verdict.grade == "probable"
    assert any("exhausted" in text for text in verdict.alternatives)
    assert verdict.onset[1] == pytest.approx(float(record.array(Column.TIME)[-1]))


def test_contact_loss_of_a_one_sided_test_is_possible_by_its_rise_alone():
    record = cycling_record(
        [(200 * 60.0, 2e-4)], lambda t: 44.0 + 2.0 / np.maximum(1.0 - t / 12000.0, 1e-6), samples=400, stop_voltage=0.2
    )
    assert (failure(record).kind, failure(record).grade) == ("contact loss", "possible")
    assert failure(record).failed
    limited = record.with_metadata(settings={"protocol": {"steps": [{"voltage_limit": "0.2 V"}]}})
    assert failure(limited).grade == "probable"


def test_a_growing_film_ends_at_the_voltage_limit():
    record = cycling_record(
        alternating(200), lambda t: 46.0 + 20.0 * t / HOUR, stop_voltage=0.2, settings={"voltage_limit": 0.2}
    )
    verdict = failure(record)
    assert verdict.kind == "voltage limit"
    assert "interphase" in verdict.alternatives[0]


# ---- life ---------------------------------------------------------------------------------------------------


def test_life_is_the_onset_of_the_failure_with_its_interval():
    answer = life(cycling_record(alternating(40), short_at(20.35)), "short", electrolyte_resistance=ELECTROLYTE)
    low, high = answer.interval
    assert low <= 20.35 * HOUR <= high
    assert answer.value == pytest.approx(20.35 * HOUR, rel=0.01)
    assert answer.settings["cycle"] == 11


def test_life_of_a_running_cell_is_a_lower_limit():
    answer = life(cycling_record(alternating(40)), electrolyte_resistance=ELECTROLYTE)
    assert answer.value is None
    assert answer.quality == "lower limit"
    assert answer.interval == (pytest.approx(40 * HOUR), None)


def test_life_to_a_short_is_censored_by_contact_loss():
    record = cycling_record(alternating(60), 44.0, shape=divergence, samples=100, stop_voltage=0.05)
    answer = life(record, "short")
    assert answer.quality == "lower limit"
    assert "another failure" in answer.reason
    assert life(record, "contact loss").value is not None


def test_life_to_an_overpotential():
    record = cycling_record(alternating(40), lambda t: 46.0 + t / HOUR)
    answer = life(record, "overpotential", threshold=6e-3)
    assert answer.interval == (pytest.approx(14 * HOUR), pytest.approx(15 * HOUR))
    assert life(record, "overpotential", threshold=1.0).quality == "lower limit"
    with pytest.raises(RecordError, match="threshold"):
        life(record, "overpotential")


def test_a_verdict_is_plain_data():
    verdict = failure(cycling_record(alternating(40), short_at(20.35)), ELECTROLYTE)
    json.dumps(verdict.to_json(), allow_nan=False)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.1, 100.0), st.floats(0.0, 1e6))
def test_the_verdict_does_not_depend_on_area_scale_or_start(factor, shift):
    record = cycling_record(
        alternating(30), lambda t: parallel(np.full(len(t), 46.0), np.where(t > 15.3 * HOUR, 60, 1e9))
    )
    frame = record.table.copy()
    frame[Column.CURRENT.value] *= factor
    frame[Column.VOLTAGE.value] *= factor
    frame[Column.TIME.value] += shift
    before, after = failure(record, ELECTROLYTE), failure(Measurement(record.metadata, frame), ELECTROLYTE)
    assert (after.kind, after.grade, after.half_cycle) == (before.kind, before.grade, before.half_cycle)
    assert after.onset == (pytest.approx(before.onset[0] + shift), pytest.approx(before.onset[1] + shift))
