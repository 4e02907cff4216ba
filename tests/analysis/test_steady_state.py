"""Onset, Warburg, transference, electronic conductivity, plating efficiency, nucleation."""

import numpy as np
import pandas as pd
import pytest

from natrode.analysis import (
    diffusion_coefficient,
    diffusion_coefficient_from_time,
    diffusion_coefficient_of,
    electronic_conductivity,
    holds,
    interface_resistance,
    ionic_conductivity,
    nucleation_overpotential,
    onset_voltage,
    plating_efficiency,
    transference_number,
    warburg_coefficient,
)
from natrode.analysis.full_cell import resting_voltage
from natrode.measurement import Column, Geometry, Measurement
from natrode.physics.transport import warburg_impedance
from tests.analysis.records import AREA, metadata, spectrum_record, sweep_record, zarc

F = np.logspace(6, -2, 57)


def table(time, voltage, current, kind="cycling", **changes):
    columns = {Column.TIME.value: time, Column.VOLTAGE.value: voltage, Column.CURRENT.value: current}
    return Measurement(metadata(kind, **changes), pd.DataFrame(columns))


# ---- Warburg -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_the_low_frequency_line_gives_the_warburg_coefficient(noise):
    z = 10.0 + zarc(F, 30.0, 1e-4) + warburg_impedance(2 * np.pi * F, 5.0)
    for seed in range(5):
        answer = warburg_coefficient(spectrum_record(z, F, noise=noise, seed=seed))
        assert answer.value == pytest.approx(5.0, abs=max(4.0 * answer.uncertainty, 0.02))
        assert answer.uncertainty < 0.2


def test_a_blocking_branch_or_an_arc_is_no_warburg_line():
    blocking = 10.0 + 1.0 / (1j * 2 * np.pi * F * 1e-3)
    arc = 10.0 + zarc(F, 30.0, 1e-1)
    for z in (blocking, arc):
        assert warburg_coefficient(spectrum_record(z, F)).quality == "not computed"


def test_the_diffusion_coefficient_returns_the_closed_form():
    z = 10.0 + warburg_impedance(2 * np.pi * F, 5.0)
    answer = diffusion_coefficient_of(spectrum_record(z, F), 1.0e4)
    expected = (8.314462618 * 298.15) ** 2 / (2 * (AREA * 96485.33212**2 * 1e4 * 5.0) ** 2)
    assert answer.value == pytest.approx(expected, rel=1e-3)
    assert answer.to_json()["unit"] == "cm2/s"
    without = spectrum_record(z, F, geometry=Geometry())
    assert "needs the area" in diffusion_coefficient_of(without, 1.0e4).reason


def test_the_uncertainty_of_the_area_counts_twice():
    answer = diffusion_coefficient((5.0, 0.0), area=(1e-4, 1e-6), temperature=298.15, concentration=1e4)
    assert answer.uncertainty / answer.value == pytest.approx(0.02, rel=0.01)
    assert diffusion_coefficient_from_time((10.0, 1.0), 1e-5).value == pytest.approx(1e-11)


# ---- onset ---------------------------------------------------------------------------------------------
def scan(onset=3.0, slope=1e-4, noise=0.0, back=False, sign=1.0):
    v = np.linspace(1.0, 4.0, 601)
    i = 1e-7 * (v - 1.0) + slope * np.where(v > onset, (v - onset) ** 1, 0.0)
    if back:
        v, i = np.concatenate([v, v[::-1]]), np.concatenate([i, -0.2 * i[::-1]])
    i = i + noise * np.random.default_rng(3).standard_normal(len(i))
    return sweep_record(sign * v, sign * i)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("back", [False, True])
def test_the_onset_by_both_criteria(sign, back):
    direction = "oxidation" if sign > 0 else "reduction"
    threshold = 0.1  # A/m2 = 10 uA/cm2, at AREA 1e-5 A: 0.1 V after the onset
    answer = onset_voltage(scan(back=back, sign=sign, noise=1e-9), direction, threshold=threshold)
    assert answer.value * sign == pytest.approx(3.1, abs=0.01)
    assert answer.settings["threshold"] == threshold
    tangent = onset_voltage(scan(back=back, sign=sign, noise=1e-9), direction, "tangent", threshold=threshold)
    assert tangent.value * sign == pytest.approx(3.0, abs=0.02)


def test_no_onset_is_a_limit():
    answer = onset_voltage(scan(onset=9.0), threshold=0.1)
    assert (answer.quality, answer.interval[0]) == ("lower limit", pytest.approx(4.0))
    assert "no scan towards reduction" in onset_voltage(scan(), "reduction").reason


# ---- transference number -------------------------------------------------------------------------------
def polarised(t_plus=0.4, voltage=0.01, electrolyte=100.0, before=20.0, after=25.0, tau=300.0, duration=3600.0):
    """Current of a hold: electrolyte R at first, R/t+ in the steady state, interfaces in series."""
    time = np.linspace(0.0, duration, 721)
    start, end = voltage / (electrolyte + before), voltage / (electrolyte / t_plus + after)
    rest = np.arange(-60.0, 0.0, 5.0)
    current = np.concatenate([np.zeros(len(rest)), end + (start - end) * np.exp(-time / tau)])
    applied = np.concatenate([np.full(len(rest), 0.002), np.full(len(time), 0.002 + voltage)])
    return table(np.concatenate([rest, time]) + 60.0, applied, current)


def test_bruce_vincent():
    answer = transference_number(polarised(), (20.0, 0.2), (25.0, 0.2), total_resistance_before=(120.0, 0.5))
    assert answer.value == pytest.approx(0.4, abs=2 * answer.uncertainty)
    assert answer.quality == "good"
    assert answer.settings["voltage"] == pytest.approx(0.01)


def test_bruce_vincent_from_spectra():
    spectra = [spectrum_record(100.0 + zarc(F, r, 1e-3), F) for r in (20.0, 25.0)]
    before, after = (interface_resistance(s) for s in spectra)
    answer = transference_number(polarised(), before, after)
    assert answer.value == pytest.approx(0.4, abs=0.01)
    assert "first sample" in answer.reason


def test_bruce_vincent_doubts_and_refusals():
    assert "still changes" in transference_number(polarised(tau=3000.0), 20.0, 25.0).reason
    assert "25 mV" in transference_number(polarised(voltage=0.1), 20.0, 25.0).reason
    assert transference_number(polarised(), 120.0, 25.0).quality == "not computed"


# ---- electronic conductivity ---------------------------------------------------------------------------
def blocked(voltages=(0.1, 0.2, 0.3), sigma=1e-7, offset=2e-10, tau=600.0, hold=7200.0):
    """Gold on both sides, 1 mm, 1 cm2; sigma [S/m], current offset of the instrument."""
    geometry = Geometry(
        working_area=AREA, counter_area=AREA, electrolyte_area=AREA, electrolyte_thickness=1e-3, interfaces_in_series=0
    )
    time = np.linspace(0.0, hold, 361)
    t, v, i = [], [], []
    for k, volt in enumerate(voltages):
        t.append(time + k * (hold + 1.0))
        v.append(np.full(len(time), volt))
        i.append(volt * sigma * AREA / 1e-3 + offset + 1e-6 * np.exp(-time / tau))
    return table(np.concatenate(t), np.concatenate(v), np.concatenate(i), geometry=geometry)


def test_electronic_conductivity_from_the_slope():
    answer = electronic_conductivity(blocked())
    assert answer.value == pytest.approx(1e-7, rel=0.01)
    assert answer.to_json()["unit"] == "mS/cm"


def test_electronic_conductivity_limits():
    moving = electronic_conductivity(blocked(tau=7200.0))
    assert moving.quality == "upper limit"
    assert moving.interval[1] > 1e-7
    one = electronic_conductivity(blocked(voltages=(0.5,)))
    assert "fewer than three voltages" in one.reason
    assert "not ion-blocking" in electronic_conductivity(polarised()).reason


def test_a_current_that_dies_away_in_a_hold_is_no_rest():
    assert resting_voltage(blocked()) is None


def test_a_galvanostatic_record_has_no_hold():
    time = np.linspace(0.0, 3600.0, 400)
    noise = 1e-5 * np.random.default_rng(0).standard_normal(400)
    geometry = Geometry(interfaces_in_series=0)
    flat = table(time, 0.1 + noise, np.full(400, 1e-4), geometry=geometry)
    assert "no constant voltage" in electronic_conductivity(flat).reason


def test_ionic_conductivity_with_its_parts():
    answer = ionic_conductivity((40.0, 0.4), thickness=(1.62e-3, 2e-5), area=(1e-4, 1e-6))
    assert answer.value == pytest.approx(0.405, rel=1e-3)
    assert answer.settings["parts"]["fit"] == pytest.approx(0.01 * answer.value, rel=1e-3)
    assert answer.uncertainty == pytest.approx(answer.value * np.sqrt(0.01**2 + 0.01235**2 + 0.01**2), rel=1e-2)
    assert "--thickness and --area" in ionic_conductivity(40.0, thickness=None, area=None).reason


# ---- plating -------------------------------------------------------------------------------------------
def half_cell(efficiency=0.9, cycles=5, tip=0.03, complete=True, current=1e-4, noise=0.0):
    """Plates 0.36 C, strips what is left of it, to a cut-off where `complete`."""
    t, v, i, now = [], [], [], 0.0
    for _ in range(cycles):
        plate = np.linspace(0.0, 3600.0, 200)
        t.append(now + plate)
        i.append(np.full(200, -current))
        v.append(-0.02 - tip * np.exp(-plate / 60.0))
        now += 3600.0
        strip = np.linspace(1.0, 3600.0 * efficiency, 200)
        t.append(now + strip)
        i.append(np.full(200, current))
        v.append(0.02 + 0.5 * complete * np.exp((strip - strip[-1]) / 20.0))
        now += strip[-1] + 1.0
    voltage = np.concatenate(v)
    voltage = voltage + noise * np.random.default_rng(2).standard_normal(len(voltage))
    return table(np.concatenate(t), voltage, np.concatenate(i))


def test_plating_efficiency_and_nucleation():
    answer = plating_efficiency(half_cell())
    assert answer.mean.value == pytest.approx(0.9, abs=0.002)
    assert answer.first.value == pytest.approx(0.9, abs=0.002)
    tip = nucleation_overpotential(half_cell(noise=1e-5))
    assert tip.value == pytest.approx(0.03, abs=0.001)
    flat = nucleation_overpotential(half_cell(tip=0.0, noise=1e-5))
    assert flat.quality == "upper limit"
    assert flat.interval[1] < 1e-3


def test_a_strip_that_stops_early_gives_a_limit():
    answer = plating_efficiency(half_cell(complete=False))
    assert answer.mean.quality == "lower limit"
    assert answer.mean.interval[0] == pytest.approx(0.9, abs=0.002)


def test_the_reservoir_method():
    """Reservoir 1.8 C, ten cycles of 0.36 C, each plating with 95 % efficiency; the last strip to the end."""
    current, efficiency = 1e-4, 0.95
    t, v, i, now = [], [], [], 0.0
    left = 0.0

    def add(charge, sign, end):
        nonlocal now
        duration = charge / current
        time = np.linspace(1.0, duration, 100)
        t.append(now + time)
        i.append(np.full(100, sign * current))
        v.append(sign * 0.02 + 0.5 * end * np.exp((time - duration) / 20.0))
        now += duration

    add(1.8, -1, False)
    left += 1.8 * efficiency
    for _ in range(10):
        add(0.36, 1, False)
        add(0.36, -1, False)
        left += 0.36 * (efficiency - 1.0)
    add(left, 1, True)
    answer = plating_efficiency(table(np.concatenate(t), np.concatenate(v), np.concatenate(i)))
    assert answer.reservoir.value == pytest.approx(efficiency, abs=0.003)
    assert answer.reservoir.settings["small_cycles"] == 10


def test_the_warburg_coefficient_of_a_circuit_gives_the_same_diffusion():
    from natrode.analysis import fit_circuit

    z = 10.0 + zarc(F, 30.0, 1e-4, 0.9) + warburg_impedance(2 * np.pi * F, 5.0)
    record = spectrum_record(z, F, noise=0.003)
    fitted = fit_circuit(record, "R0-p(R1,CPE1)-W2").values["W2"]
    options = {"area": AREA, "temperature": 298.15, "concentration": 1e4}
    line, circuit = (
        diffusion_coefficient(warburg_coefficient(record), **options),
        diffusion_coefficient(fitted, **options),
    )
    assert circuit.value == pytest.approx(line.value, rel=0.05)


def test_a_hold_on_a_clock_that_stands_still_is_none():
    flowing = 1e-3 + 1e-4 * np.exp(-np.arange(40) / 5.0)
    table_ = np.concatenate([np.arange(10.0), np.full(40, 10.0)]), np.r_[np.zeros(10), np.full(40, 0.1)]
    record = table(*table_, np.r_[np.zeros(10), flowing])
    assert holds(record) == []
    assert resting_voltage(record) is None
