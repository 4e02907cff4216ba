"""Scenarios of the laboratory that these analyses serve."""

import numpy as np
import pytest

from natrode.analysis import critical_current_density, failure, stripping_side_resistance, weibull_from_brackets
from natrode.measurement import Column
from tests.analysis.records import (
    AREA,
    ELECTROLYTE,
    HOUR,
    alternating,
    cycling_record,
    experiment,
    parallel,
    spectrum_record,
    stepped,
    zarc,
)

F = np.logspace(6, -1, 50)


def celsius(t, phase, period):
    return 25.0 + 1.5 * np.sin(2 * np.pi * t / (period * HOUR) + phase)


def thermal(kelvin):
    return np.exp(0.26 / 8.617333e-5 * (1.0 / kelvin - 1.0 / 298.15))


def cell_over_48_hours(seed, leak_from=None, column=True):
    """A cell over 48 h at 25 +- 1.5 C; from `leak_from` [h] on a leak of three times its electrolyte."""
    random = np.random.default_rng(seed)
    phase, period = random.uniform(0.0, 2 * np.pi), random.uniform(3.0, 40.0)
    interface = random.choice([0.0, 0.5, 7.0])
    duration = HOUR * random.choice([0.5, 1.0])

    def temperature(t):
        return celsius(t, phase, period)

    def resistance(t):
        r = (ELECTROLYTE + interface) * thermal(temperature(t) + 273.15)
        return r if leak_from is None else np.where(t > leak_from * HOUR, parallel(r, 3 * ELECTROLYTE), r)

    return cycling_record(
        alternating(int(48 * HOUR / duration), duration),
        resistance,
        samples=int(random.choice([10, 60])),
        noise=random.choice([0.0, 1e-6, 2e-5]),
        seed=seed,
        temperature=temperature if column else None,
    )


@pytest.mark.parametrize("column", [True, False])
def test_scenario_5_a_healthy_cell_is_never_probably_shorted(column):
    for seed in range(40):
        for electrolyte in (ELECTROLYTE, None):
            verdict = failure(cell_over_48_hours(seed, column=column), electrolyte)
            assert verdict.grade in ("none", "possible"), (seed, verdict.summary)


def test_scenario_5_a_leak_is_probable_with_its_onset():
    for seed in range(40):
        verdict = failure(cell_over_48_hours(seed, leak_from=30.0), ELECTROLYTE)
        assert verdict.kind == "soft short"
        assert verdict.grade in ("probable", "certain"), (seed, verdict.summary)
        low, high = verdict.onset
        assert 29.8 * HOUR <= low <= high <= 32 * HOUR, seed


def test_scenario_5_without_a_temperature_most_leaks_are_still_found():
    grades = [failure(cell_over_48_hours(s, leak_from=30.0, column=False), ELECTROLYTE).grade for s in range(40)]
    assert sum(grade in ("probable", "certain") for grade in grades) >= 36


def test_scenario_7_the_stripping_side_agrees_with_the_voltage():
    current, count = 1e-4, 20
    strip = np.linspace(5.0, 100.0, count)
    time = 1800.0 * np.arange(count)
    columns = {
        Column.TIME.value: time,
        Column.DC_CURRENT.value: np.full(count, current),
        Column.CHARGE.value: current * time,
    }
    spectra = spectrum_record(
        [ELECTROLYTE + zarc(F, r, 1e-3) + zarc(F, 5.0, 1e-4) for r in strip], F, noise=0.001, columns=columns
    )
    cycling = cycling_record(
        [(time[-1], current)],
        lambda t: ELECTROLYTE + 5.0 + np.interp(t, time, strip),
        samples=400,
    )
    sides = stripping_side_resistance(experiment(cycling, spectra), ELECTROLYTE)
    assert sides.resistance[0] / AREA == pytest.approx(5.0, abs=0.3)
    assert sides.resistance[-1] / AREA == pytest.approx(100.0, rel=0.01)
    voltage = np.interp(time, cycling.array(Column.TIME), cycling.array(Column.VOLTAGE))
    from_spectra = current * (sides.resistance[-1] - sides.resistance[0]) / AREA
    assert from_spectra == pytest.approx(voltage[-1] - voltage[0], rel=0.02)


def test_scenario_8_from_records_to_a_weibull_line():
    brackets = []
    for step in (5, 6, 6, 4, 7, 1):
        segments = stepped(1e-4, 1e-4, 7, 0.72)
        moment = sum(duration for duration, _ in segments[: 2 * step - 2]) + 0.5 * segments[2 * step - 2][0]
        record = cycling_record(segments, lambda t, m=moment: np.where(t > m, 0.5, 46.0))
        brackets.append(critical_current_density(record, ELECTROLYTE).bracket)
    brackets.append(critical_current_density(cycling_record(stepped(1e-4, 1e-4, 6, 0.72)), ELECTROLYTE).bracket)
    assert brackets[0] == (pytest.approx(4.0), pytest.approx(5.0))
    assert brackets[5] == (None, pytest.approx(1.0))
    assert brackets[6] == (pytest.approx(6.0), None)
    fit = weibull_from_brackets(brackets, excluded=["C04: cracked pellet"])
    assert fit.summary.startswith("n = 7 of 8")
    assert fit.shape.value == pytest.approx(2.22, rel=0.01)
