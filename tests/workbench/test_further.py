"""Every analysis of the table of further ones: reached from a record that shows what it reads, silent otherwise."""

import numpy as np
import pandas as pd
import pytest

from natrode import analysis
from natrode.errors import RecordError
from natrode.measurement import Column, Experiment, Geometry, Measurement
from natrode.physics.transport import warburg_impedance
from natrode.workbench.further import FURTHER, fitting, missing
from natrode.workbench.plan import plan
from natrode.workbench.study import study
from tests.analysis.records import AREA, HOUR, alternating, cycling_record, experiment, metadata, spectrum_record, zarc
from tests.analysis.test_along import at_rest, stripped
from tests.analysis.test_arcs import KELVIN, scenario_6
from tests.analysis.test_full_cell import full_cell
from tests.analysis.test_ohmic import exponential, interrupted
from tests.analysis.test_steady_state import blocked, half_cell, polarised

F = np.logspace(6, -2, 57)
REST = at_rest(10.0 + 3.0 * np.sqrt(np.linspace(0.0, 100.0, 14)), np.linspace(0.0, 100.0, 14))


def warm():
    return experiment(*(m.with_metadata(temperature=float(t)) for m, t in zip(scenario_6(), KELVIN, strict=True)))


def pressed():
    pressure = np.geomspace(1e6, 2e7, 6)
    z = [40.0 + zarc(F, 50.0 * (p / 1e6) ** -0.5, 1e-4) for p in pressure]
    return experiment(spectrum_record(z, F, noise=0.001, columns={Column.PRESSURE.value: pressure}))


def transported():
    """A hold from 60 s to 3660 s, a spectrum before and one after it."""
    z = [100.0 + zarc(F, r, 1e-3) for r in (20.0, 25.0)]
    spectra = spectrum_record(z, F, columns={Column.TIME.value: [30.0, 3700.0]})
    return experiment(polarised(), spectra)


def diffusing():
    z = 10.0 + zarc(F, 30.0, 1e-4) + warburg_impedance(2 * np.pi * F, 5.0)
    return experiment(spectrum_record(z, F, noise=0.002))


def stored():
    """A full cell whose voltage falls by 0.2 V in a discharge."""
    record = full_cell()
    voltage = 3.4 + 2.0 * (record.array(Column.VOLTAGE) - 3.4)
    return experiment(Measurement(record.metadata, record.table.assign(**{Column.VOLTAGE.value: voltage})))


def stripping():
    """One-sided, 1 mA on 1 cm2 for 5 h: V rises by 20 mV/h from 40 mV, to 0.1 V in 3 h and 3 mAh/cm2."""
    return experiment(cycling_record([(5.0 * HOUR, 1e-3)], lambda t: 40.0 + 20.0 * t / HOUR, samples=60))


OPTIONS = {"time_to_voltage": {"threshold": 0.1}, "charge_to_voltage": {"threshold": 0.1}}


def calls(cell: Experiment, **options) -> set[str]:
    return {task.call for task in plan(cell, **options)}


CASES = {
    "resistance_against_pressure": (pressed, "pressure exponent on loading (interfaces)", 0.5, 0.02),
    "resistance_at_rest": (lambda: experiment(REST), "parabolic constant (parabolic)", 3.0, 0.2),
    "arcs_along": (lambda: experiment(stripped()), "slope of arc 2", 20.0 * 3.6, 1.0),
    "peaks_along": (lambda: experiment(stripped()), "change of the resistance of peak 2", 100.0, 5.0),
    "transference_from_spectra": (transported, "cation transference number", 0.4, 0.01),
    "plating_efficiency": (lambda: experiment(half_cell()), "plating efficiency", 0.9, 0.002),
    "nucleation_overpotential": (lambda: experiment(half_cell()), "nucleation overpotential", 0.03, 0.001),
    "polarisation_index": (lambda: experiment(cycling_record(alternating(6))), "polarisation shape index", 0.0, 0.01),
    "time_to_voltage": (stripping, "time to 0.1 V", 3.0, 0.01),
    "charge_to_voltage": (stripping, "charge to 0.1 V", 3.0, 0.01),
    "current_interrupt": (
        lambda: experiment(interrupted(exponential(10.0), noise=1e-5)), "resistance by current interrupt", 40.0, 0.1,
    ),
    "relaxation_after_current": (
        lambda: experiment(interrupted(exponential(10.0), noise=1e-5)), "half time of the slow", 10.0 * np.log(2), 0.2,
    ),
    "electronic_conductivity": (lambda: experiment(blocked()), "electronic conductivity", 1e-6, 2e-8),
    "capacity_fade": (stored, "capacity fade per cycle", 0.002, 1e-4),
    "warburg_coefficient": (diffusing, "Warburg coefficient", 5.0, 0.3),
}  # fmt: skip
"""Of each call: a cell that shows what it reads, a quantity of its answer, the truth and what it may be off by."""
SCALE = {"half time of the slow": 3600.0}


def test_the_table_has_a_case_for_each_of_its_analyses():
    assert {f.call for f in FURTHER} == {*CASES, "differential_capacity", "diffusion_coefficient_of"}
    assert all(hasattr(analysis, f.call) for f in FURTHER)


@pytest.mark.parametrize("call", CASES)
def test_a_record_that_shows_it_is_analysed(call):
    make, quantity, truth, off = CASES[call]
    answered = study(make(), only=[call], **OPTIONS.get(call, {}))
    found = next(a for a in answered.answers if a.result.quantity.startswith(quantity))
    assert found.task.call == call
    value = found.result.to_json()["value"]
    assert value is not None, found.result.reason
    assert value * SCALE.get(quantity, 1.0) == pytest.approx(truth, abs=off)


def test_nothing_is_guessed_from_a_plain_cycling_record():
    plain = experiment(cycling_record(alternating(6)))
    assert calls(plain) & {f.call for f in FURTHER} == {"polarisation_index"}
    assert missing(plain) == ()


def test_a_collector_is_no_symmetric_cell():
    assert not calls(experiment(half_cell())) & {"summarise", "failure", "polarisation_index"}
    lost = [(HOUR, -1e-4 if k % 2 == 0 else 1e-4) for k in range(6)]
    symmetric = cycling_record(lost, shape=lambda x, k: 200.0 * (k % 2) * np.exp((x - 1.0) / 0.01), samples=100)
    assert not analysis.plates_on_collector(cycling_record(lost))
    assert analysis.plates_on_collector(symmetric)  # equal charges and a rise in every strip: nothing tells them apart
    both = cycling_record(lost, shape=lambda x, k: 200.0 * np.exp((x - 1.0) / 0.01), samples=100)
    assert not analysis.plates_on_collector(both)


def test_what_is_missing_is_named():
    unknown = Measurement(metadata(geometry=Geometry()), polarised().table)
    (sentence,) = missing(experiment(unknown))
    assert "--interfaces 0" in sentence
    assert "transference number" in sentence
    assert calls(experiment(unknown)).isdisjoint({"electronic_conductivity", "transference_from_spectra"})
    assert "--concentration" in missing(diffusing())[0]
    assert missing(diffusing(), concentration=1e4) == ()
    answered = study(diffusing(), only=["diffusion_coefficient_of"], concentration=1e4)
    expected = (8.314462618 * 298.15) ** 2 / (2 * (AREA * 96485.33212**2 * 1e4 * 5.0) ** 2)
    assert answered.answers[0].result.value == pytest.approx(expected, rel=0.1)


def test_a_one_sided_test_asks_for_a_threshold():
    (sentence,) = missing(stripping())
    assert "--threshold" in sentence
    assert missing(stripping(), threshold=0.1) == ()
    assert calls(stripping()).isdisjoint(OPTIONS)
    assert calls(stripping(), threshold=0.1) >= set(OPTIONS)
    assert calls(experiment(cycling_record(alternating(6))), threshold=0.1).isdisjoint(OPTIONS)
    assert calls(experiment(half_cell()), threshold=0.1).isdisjoint(OPTIONS)


def test_a_hold_without_spectra_beside_it_is_refused_by_name():
    answered = study(experiment(polarised()), only=["transference_from_spectra"])
    assert "no spectrum before and none after the hold" in answered.answers[0].result.reason


def test_a_full_cell_gives_its_dq_dv():
    drawn = study(stored(), only=["differential_capacity"]).series
    assert drawn[0].quantity == "dQ/dV on discharge, cycle 1"


def test_the_users_circuit_tells_the_number_of_arcs():
    cell = experiment(stripped())
    (chain,) = [f for f in fitting(cell, circuit="R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)") if f.call == "arcs_along"]
    assert chain.options == {"arcs": 3}
    (other,) = [f for f in fitting(cell, circuit="R0-p(R1,CPE1)-W2") if f.call == "arcs_along"]
    assert other.options == {}


def test_a_room_that_warms_up_is_no_temperature_series():
    kelvin = 298.15 + np.array([0.0, 0.4, 0.9, 1.4])
    drifting = [m.with_metadata(temperature=float(t)) for m, t in zip(scenario_6()[:4], kelvin, strict=True)]
    assert "resistance_against_temperature" not in calls(experiment(*drifting))
    assert "resistance_against_temperature" in calls(warm())


def test_spectra_alone_are_judged_for_a_short():
    z = [40.0 + zarc(F, 30.0, 1e-4)] * 4 + [10.0 + zarc(F, 3.0, 1e-4)] * 3
    times = {Column.TIME.value: np.arange(7) * HOUR}
    cell = experiment(spectrum_record(z, F, noise=0.001, columns=times))
    assert "failure" in calls(cell)
    verdict = analysis.failure(cell)
    assert (verdict.kind, verdict.grade) == ("soft short", "possible")
    assert verdict.onset == pytest.approx((3.0 * HOUR, 4.0 * HOUR))
    assert analysis.failure(experiment(REST)).grade == "none"
    assert "failure" not in calls(experiment(spectrum_record(z[0], F)))


def test_cells_that_cannot_be_judged_say_why():
    one = cycling_record(alternating(2))
    with pytest.raises(RecordError, match="2 records"):
        analysis.failure(experiment(one, one))
    with pytest.raises(RecordError, match="three spectra on one clock"):
        analysis.failure(experiment(spectrum_record(40.0 + zarc(F, 30.0, 1e-4), F)))


def test_several_records_of_voltage_are_judged_one_by_one():
    one = cycling_record(alternating(4))
    found = [t for t in plan(experiment(one, one)) if t.call == "failure"]
    assert [t.record for t in found] == [0, 1]


def test_kinetics_are_corrected_by_what_the_cell_has():
    """The ohmic drop of a sweep: from the cell's own spectrum, else from a current interrupt, else said to be there."""
    i = np.linspace(-2e-3, 2e-3, 101)
    table = {Column.VOLTAGE.value: i * 50.0, Column.CURRENT.value: i}
    sweep = Measurement(metadata("sweep"), pd.DataFrame(table))
    spectrum = spectrum_record(40.0 + zarc(F, 10.0, 1e-4), F)

    def low_field(cell):
        return next(r for r in analysis.summarise(cell) if r.quantity == "exchange current density (low field)")

    by_spectrum = low_field(experiment(sweep, spectrum))
    assert by_spectrum.settings["resistance_per_interface"] == pytest.approx(5.0 * AREA, rel=0.02)
    by_interrupt = low_field(experiment(interrupted(exponential(10.0)), sweep))
    assert by_interrupt.settings["resistance_per_interface"] == pytest.approx(5.0 * AREA, rel=0.05)
    assert "not removed" in low_field(experiment(sweep)).reason
