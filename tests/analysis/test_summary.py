import json
import tomllib

import numpy as np
import pytest

from natrode.analysis import summarise, summarise_series, verdict_of
from natrode.measurement import Column, Geometry, Measurement
from tests.analysis.records import (
    AREA,
    ELECTROLYTE,
    HOUR,
    alternating,
    cycling_record,
    experiment,
    spectrum_record,
    stepped,
    sweep_record,
    zarc,
)

F = np.logspace(6, -1, 50)


def names(results):
    return [r.quantity for r in results]


def test_a_life_test():
    found = names(summarise(cycling_record(alternating(10)), ELECTROLYTE))
    assert found[:3] == ["overpotential (mean)", "hysteresis", "growth of the overpotential (mean)"]
    assert "life" in found


def test_a_stepped_test():
    found = names(summarise(cycling_record(stepped(1e-4, 1e-4, 6, 0.72)), ELECTROLYTE))
    assert found[0] == "critical current density (largest survived)"


def test_a_one_sided_test_with_spectra():
    time = 600.0 * np.arange(4)
    columns = {
        Column.TIME.value: time,
        Column.DC_CURRENT.value: np.full(4, 1e-4),
        Column.CHARGE.value: 1e-4 * time,
    }
    spectra = spectrum_record([ELECTROLYTE + zarc(F, 10.0 + k, 1e-3) for k in range(4)], F, columns=columns)
    record = experiment(cycling_record([(1800.0, 1e-4)]), spectra)
    results = summarise(record)
    assert names(results)[-1] == "interface resistance of the stripped side"
    series = summarise_series(record)
    assert [s.x_quantity for s in series] == ["test time", "net charge"]
    for item in (*results, *series):
        json.dumps(item.to_json(), allow_nan=False)


def test_a_given_electrolyte_is_that_of_one_temperature_only():
    """The electrolyte of warmer spectra is their own: 40, 20 and 10 Ohm, the interface 10 Ohm throughout."""
    arcs = [ohm + zarc(F, 10.0, 1e-3) for ohm in (40.0, 20.0, 10.0)]
    warmer = {Column.TEMPERATURE.value: [0.0, 25.0, 50.0]}
    found = [r for r in summarise(spectrum_record(arcs, F, columns=warmer), 40.0) if r.quantity[:9] == "interface"]
    assert [r.value / AREA for r in found if r.scope == "cell"] == pytest.approx([10.0, 10.0], rel=1e-3)


def test_resistances_against_the_cycles_before_them():
    """A spectrum before the first and after every second of four cycles; on a one-sided test there are no cycles."""
    times = np.array([0.0, 4.0, 8.0]) * HOUR + 1.0
    arcs = [ELECTROLYTE + zarc(F, r, 1e-3) for r in (10.0, 20.0, 40.0)]
    spectra = spectrum_record(arcs, F, columns={Column.TIME.value: times})
    series = summarise_series(experiment(cycling_record(alternating(8)), spectra), ELECTROLYTE)
    (found,) = [s for s in series if s.x_quantity == "cycle"]
    assert found.x == pytest.approx([0.0, 2.0, 4.0])
    assert found.values / AREA == pytest.approx([10.0, 20.0, 40.0], rel=1e-3)
    one_way = summarise_series(experiment(cycling_record([(9 * HOUR, 1e-4)]), spectra), ELECTROLYTE)
    assert not [s for s in one_way if s.x_quantity == "cycle"]


def test_a_one_sided_test_up_to_its_voltage_limit():
    """10 to 82 Ohm in a linear rise at 0.1 mA: 5 mV after 2000 s and 0.2 C/cm2; a limit beyond that says nothing."""
    for limit, found in (("5 mV", ["time to 0.005 V", "charge to 0.005 V"]), ("1 V", [])):
        record = cycling_record(
            [(3600.0, 1e-4)], lambda t: 10.0 + 0.02 * t, stop_voltage=5e-3, samples=181,
            settings={"protocol": {"steps": [{"voltage_limit": limit}]}},
        )  # fmt: skip
        results = [r for r in summarise(record, (1.0, 0.1)) if " to " in r.quantity]
        assert names(results) == found
        if found:
            assert [r.value for r in results] == pytest.approx([2000.0, 0.2 / AREA], rel=1e-6)


def test_the_verdict_is_given_where_there_are_half_cycles_of_constant_current():
    assert verdict_of(cycling_record(alternating(6)), ELECTROLYTE).kind == "none"
    shorted = cycling_record(alternating(6), lambda t: np.where(t > 4.3 * HOUR, 0.5, 46.0))
    assert verdict_of(shorted, ELECTROLYTE).kind == "hard short"
    voltage = np.linspace(-0.1, 0.1, 100)
    assert verdict_of(sweep_record(voltage, voltage / 50.0), ELECTROLYTE) is None
    assert verdict_of(cycling_record([(HOUR, 0.0)])) is None


def test_one_spectrum_is_given_per_cell_and_per_interface():
    results = summarise(spectrum_record(ELECTROLYTE + zarc(F, 10.0, 1e-3), F))
    assert names(results) == ["electrolyte resistance", "interface resistance", "interface resistance"]
    assert [r.scope for r in results] == ["cell", "cell", "per interface (assumed equal)"]


def test_a_ramp_of_current():
    record = cycling_record([(HOUR, 1e-3)], samples=200)
    current = np.linspace(0, 1e-3, 200)
    columns = {Column.CURRENT.value: current, Column.VOLTAGE.value: 46 * current}
    ramp = Measurement(record.metadata, record.table.assign(**columns))
    assert names(summarise(ramp)) == ["critical current density (linear ramp)"]


def test_a_sweep():
    voltage = np.linspace(-0.1, 0.1, 100)
    assert names(summarise(sweep_record(voltage, voltage / 50.0), ELECTROLYTE)) == [
        "exchange current density (low field)",
        "exchange current density (Tafel)",
    ]
    unknown = summarise(sweep_record(voltage, voltage / 50.0, geometry=Geometry(working_area=AREA)))
    assert names(unknown) == ["onset of oxidation (threshold)", "onset of reduction (threshold)"]
    assert all(r.value is None and r.reason for r in unknown)


def test_a_rest_says_nothing():
    assert summarise(cycling_record([(HOUR, 0.0)])) == []


def test_series_of_half_cycles():
    series = summarise_series(cycling_record(alternating(10)))
    assert [s.quantity for s in series] == [f"overpotential ({w})" for w in ("mean", "end", "peak")]
    assert len(series[0].to_json()["value"]) == 10


def test_the_voltage_of_a_full_cell_is_no_overpotential():
    import natrode as na
    from natrode.cell import FULL_EXAMPLE

    step = {"type": "charge-discharge", "c_rate": 2.0, "lower_voltage": "2.5 V", "upper_voltage": "3.8 V", "cycles": 3}
    experiment = na.simulate(na.FullCell.read(tomllib.loads(FULL_EXAMPLE), "cell"), na.Protocol(name="x", steps=[step]))
    found = {series.quantity: series for series in summarise_series(experiment)}
    assert set(found) == {"discharge capacity", "charge capacity", "coulombic efficiency", "voltage gap"}
    assert list(found["discharge capacity"].x) == [1, 2, 3]
    assert 2.0 < found["discharge capacity"].values[-1] / 1e3 < 5.0  # C/m2 of 0.1 mAh/cm2
