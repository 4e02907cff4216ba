"""Ohmic drop, interrupts and relaxation."""

import numpy as np
import pandas as pd
import pytest

from natrode.analysis import (
    correction_of,
    current_interrupt,
    low_field_exchange_current_density,
    relaxation_after_current,
    tafel_exchange_current_density,
)
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement
from tests.analysis.records import metadata
from tests.analysis.test_direct_current import OHM, sweep


def interrupted(relax, *, ohm=40.0, current=1e-3, delay=1e-3, noise=0.0, count=3, rest=400, **changes):
    """`count` pulses of 100 s, each followed by a rest whose voltage is relax(t) [V] after the ohmic drop."""
    random = np.random.default_rng(1)
    time, i, v, now = [], [], [], 0.0
    for _ in range(count):
        on = np.linspace(0.0, 100.0, 101)[1:]
        time.append(now + on)
        i.append(np.full(100, current))
        v.append(np.full(100, current * ohm + relax(np.array([0.0]))[0]))
        now += 100.0
        off = np.geomspace(delay, 1000.0, rest)
        time.append(now + off)
        i.append(np.zeros(rest))
        v.append(relax(off))
        now += 1000.0
    table = {
        Column.TIME.value: np.concatenate(time),
        Column.CURRENT.value: np.concatenate(i),
        Column.VOLTAGE.value: np.concatenate(v),
    }
    table[Column.VOLTAGE.value] += noise * random.standard_normal(len(table[Column.TIME.value]))
    return Measurement(metadata(**changes), pd.DataFrame(table))


def exponential(tau, height=0.02):
    return lambda t: height * np.exp(-t / tau)


@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_an_interrupt_gives_the_ohmic_resistance_with_its_delay(noise):
    answer = current_interrupt(interrupted(exponential(10.0), noise=noise))
    assert answer.value == pytest.approx(40.0, abs=4 * (answer.uncertainty or 0.0) + 0.05)
    assert answer.settings["delay"] == pytest.approx(1e-3)
    assert answer.settings["interrupts"] == 3
    assert answer.quality == "good"


def test_an_interrupt_says_what_relaxed_within_its_delay():
    answer = current_interrupt(interrupted(lambda t: 0.02 * np.exp(-np.sqrt(t / 3.0)), delay=1.0))
    assert answer.quality == "doubtful"
    assert "relaxes" in answer.reason
    assert abs(answer.settings["extrapolated"] - 40.0) < abs(answer.value - 40.0)


def test_a_late_first_sample_tells_nothing_ohmic():
    assert "after the interrupt" in current_interrupt(interrupted(exponential(10.0), delay=60.0)).reason


def test_no_interrupt_no_resistance():
    record = interrupted(exponential(10.0), count=1)
    steady = Measurement(record.metadata, record.table.iloc[:100])
    assert "no interrupt" in current_interrupt(steady).reason


def test_a_corrected_voltage_is_never_corrected_again():
    said = "by the instrument (IRCOMP = 1)"
    record = interrupted(exponential(10.0), ohmic_correction=said)
    assert current_interrupt(record).quality == "not computed"
    corrected = sweep(ohm=0.0, ohmic_correction=said)
    with pytest.raises(RecordError, match="never twice"):
        tafel_exchange_current_density(corrected, OHM)
    assert tafel_exchange_current_density(corrected).settings["ohmic_correction"].startswith("instrument")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("unknown", "unknown"),
        ("none", "none"),
        ("none (IRCOMP and POSFEEDENABLE are off in the file)", "none"),
        ("by the instrument (IRCOMP = 1, POSFEEDENABLE = False in the file)", "instrument"),
        ("EC-Lab's compensation, Rcmp up to 3 ohm, by software or hardware", "instrument"),
        ("subtracted in Origin with 40 Ohm", "software"),
    ],
)
def test_words_for_the_correction(said, meant):
    assert correction_of(sweep(ohmic_correction=said)) == meant


def test_a_file_that_says_none_may_be_corrected():
    record = sweep(ohmic_correction="none (IRCOMP and POSFEEDENABLE are off in the file)")
    answer = low_field_exchange_current_density(record, current_interrupt(interrupted(exponential(10.0))))
    assert answer.value == pytest.approx(10.8, rel=0.03)
    assert "current interrupt" in answer.settings["ohmic_correction"]


@pytest.mark.parametrize(
    ("law", "relax", "half_time"),
    [
        ("exponential", exponential(30.0), 30.0 * np.log(2.0)),
        ("stretched exponential", lambda t: 0.02 * np.exp(-np.sqrt(t / 30.0)), 30.0 * np.log(2.0) ** 2),
    ],
)
def test_the_law_of_a_relaxation_is_found(law, relax, half_time):
    answer = relaxation_after_current(interrupted(relax, noise=2e-5))
    assert answer.law == law
    assert answer.half_time.value == pytest.approx(half_time, rel=0.1)
    assert answer.rest_voltage.value == pytest.approx(0.0, abs=3e-4)
    assert answer.immediate.value == pytest.approx(0.04, rel=0.05)
    assert {r["quantity"] for r in answer.to_json()["results"]} >= {"voltage at rest"}


def test_semi_infinite_diffusion_is_told_from_a_time_constant():
    def relax(t):
        return 0.02 * (np.sqrt(1 + t / 20.0) - np.sqrt(t / 20.0))

    answer = relaxation_after_current(interrupted(relax, noise=1e-5))
    assert answer.law == "root of time"
    assert answer.rest_voltage.value == pytest.approx(0.0, abs=5e-4)


def test_a_relaxation_cut_off_is_a_limit_or_extrapolated_with_a_believable_error():
    early = relaxation_after_current(interrupted(exponential(3000.0), noise=1e-6))
    assert early.rest_voltage.quality == "upper limit"  # most of it was still to come: V falls to 0
    assert early.rest_voltage.interval[1] > 0.0
    assert "still falling" in early.rest_voltage.reason
    assert early.half_time.quality == "lower limit"
    later = relaxation_after_current(interrupted(exponential(1500.0 / np.log(10)), noise=1e-6))
    assert later.rest_voltage.quality in ("good", "doubtful")
    assert abs(later.rest_voltage.value) < 3.0 * later.rest_voltage.uncertainty + 1e-5


def test_a_voltage_written_in_steps_is_known_to_a_step():
    record = interrupted(exponential(100.0))
    coarse = record.table
    coarse[Column.VOLTAGE.value] = (coarse[Column.VOLTAGE.value] / 1e-4).round() * 1e-4
    answer = relaxation_after_current(Measurement(record.metadata, coarse))
    assert answer.immediate.uncertainty >= 1e-4 / np.sqrt(12.0)


def test_nothing_slow_is_said():
    answer = relaxation_after_current(interrupted(lambda t: np.zeros_like(t), noise=1e-5))
    assert answer.slow.quality == "upper limit"
    assert "nothing slow" in answer.half_time.reason


def test_a_sample_at_the_very_moment_of_the_interrupt_is_no_rest():
    """Some cyclers write the end of a step and the beginning of the next at one time."""
    record = interrupted(exponential(10.0), count=1)
    table = record.table
    first = np.flatnonzero(table[Column.CURRENT.value].to_numpy() == 0.0)[0]
    twice = pd.concat([table.iloc[:first], table.iloc[[first]].assign(**{
        Column.TIME.value: table[Column.TIME.value].iloc[first - 1]}), table.iloc[first:]])  # fmt: skip
    answer = relaxation_after_current(Measurement(record.metadata, twice))
    assert answer.half_time.value == pytest.approx(10.0 * np.log(2), abs=0.2)


@pytest.mark.filterwarnings("error")
def test_a_clock_that_stands_still_after_the_interrupt_is_not_extrapolated():
    time = np.r_[np.arange(10.0), np.full(10, 10.0)]
    voltage, current = np.r_[np.full(10, 0.1), np.full(10, 0.02)], np.r_[np.full(10, 1e-3), np.zeros(10)]
    table = {Column.TIME.value: time, Column.VOLTAGE.value: voltage, Column.CURRENT.value: current}
    found = current_interrupt(Measurement(metadata(), pd.DataFrame(table)))
    assert found.value == pytest.approx(80.0)
