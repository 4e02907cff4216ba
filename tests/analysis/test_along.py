"""Series of spectra of one cell: what they were varied by, and what follows it."""

import numpy as np
import pytest

from natrode.analysis import (
    arcs_along,
    is_rest,
    peaks_along,
    resistance_against_pressure,
    resistance_at_rest,
    spectra_along,
)
from natrode.analysis.along import steps
from natrode.errors import RecordError
from natrode.measurement import Column, Geometry
from tests.analysis.records import AREA, HOUR, cycling_record, experiment, spectrum_record
from tests.analysis.test_arcs import KELVIN, scenario_6

F = np.logspace(6, -1, 50)


def arc(r, c, n=0.9):
    return r / (1.0 + (2j * np.pi * F * r * c) ** n)


def stripped(count=8, slope=20.0, noise=0.002, **changes):
    """R 40 Ohm, a grain boundary of 8 Ohm, an interface of 5 Ohm that grows by 20 Ohm per coulomb."""
    charge = np.linspace(0.0, 5.0, count)
    columns = {Column.TIME.value: charge / 1e-3, Column.CHARGE.value: charge, Column.DC_CURRENT.value: [1e-3] * count}
    z = [40.0 + arc(8.0, 1e-8) + arc(5.0 + slope * q, 1e-5) for q in charge]
    return spectrum_record(z, F, noise=noise, columns=columns, **{"geometry": Geometry(), **changes})


def at_rest(resistance, hours, **changes):
    columns = {Column.TIME.value: np.asarray(hours) * HOUR}
    z = [40.0 + arc(r, 1e-6, 1.0) for r in resistance]
    return spectrum_record(z, F, noise=0.001, columns=columns, **changes)


def test_steps_are_told_from_drift():
    assert steps([298.0, 299.1, 300.2, 301.0], 0.0, 2.0) is None  # a room that warms up
    assert steps([298.0, 303.0, 308.0], 0.0, 2.0) is not None
    assert steps([298.0, None, 308.0, 318.0], 0.0, 2.0) is None


def test_what_spectra_were_varied_by():
    assert spectra_along(experiment(*scenario_6())) is None  # no temperatures in these records, and no common clock
    warm = [m.with_metadata(temperature=float(t)) for m, t in zip(scenario_6(), KELVIN, strict=True)]
    assert spectra_along(experiment(*warm)).along == "temperature"
    pressed = [m.with_metadata(pressure=p) for m, p in zip(scenario_6(), np.geomspace(1e6, 1e7, 7), strict=True)]
    assert spectra_along(experiment(*pressed)).along == "pressure"
    assert spectra_along(stripped()).along == "charge"
    resting = at_rest([5.0, 6.0, 7.0], [0.0, 1.0, 2.0])
    assert spectra_along(resting).along == "rest"
    cycled = cycling_record([(HOUR, 1e-4), (HOUR, -1e-4)])
    assert spectra_along(experiment(cycled, resting)).along == "time"
    quiet = cycling_record([(HOUR, 0.0)], noise=1e-6)
    assert spectra_along(experiment(quiet, resting)).along == "rest"
    assert spectra_along(resting.spectra()[0]) is None


def test_an_open_circuit_is_a_rest():
    record = cycling_record([(HOUR, 0.0)], technique="OCV")
    assert not is_rest(record)  # it has a current, be it zero: the half cycles say that none flows
    assert is_rest(type(record)(record.metadata, record.table.drop(columns=[Column.CURRENT.value])))


def test_arcs_and_peaks_along_charge():
    answer = arcs_along(stripped())
    assert len(answer.names) == 2
    assert answer.statement.startswith("2 arcs along charge")
    assert min(answer.ladder, key=lambda f: f.criterion).rung == "tied"
    slopes = {r.quantity[:14]: r for r in answer.results}
    assert slopes["slope of arc 2"].value == pytest.approx(20.0, rel=0.01)
    still = slopes["slope of arc 1"]
    assert still.value is None or abs(still.value) < 4.0 * still.uncertainty
    assert {s.x_quantity for s in answer.series} == {"charge"}
    peaks = peaks_along(stripped())
    grown = peaks.results[1]
    assert grown.value == pytest.approx(100.0, rel=0.05)
    assert "2 peaks followed along charge through 8 spectra" in peaks.statement
    areal = peaks_along(stripped(geometry=Geometry(working_area=AREA, counter_area=AREA))).results[1].to_json()
    assert (areal["value"], areal["unit"]) == (pytest.approx(100.0 * AREA * 1e4, rel=0.05), "Ohm cm2")
    assert len(arcs_along(stripped(), arcs=1).names) == 1


def test_arcs_along_temperature_give_the_energies():
    warm = [m.with_metadata(temperature=float(t)) for m, t in zip(scenario_6(), KELVIN, strict=True)]
    answer = arcs_along(experiment(*warm))
    assert [r.value for r in answer.results] == pytest.approx([0.30, 0.55], abs=0.01)


def test_capacitances_that_are_not_shared_fall_back_to_what_each_spectrum_says():
    """An interface that loses contact: its capacitance falls as its resistance rises, so tau stays."""
    charge = np.linspace(0.0, 5.0, 8)
    columns = {Column.TIME.value: charge / 1e-3, Column.CHARGE.value: charge, Column.DC_CURRENT.value: [1e-3] * 8}
    grown = 5.0 + 20.0 * charge
    z = [40.0 + arc(8.0, 1e-8) + arc(r, 1e-4 / r) for r in grown]
    answer = arcs_along(spectrum_record(z, F, noise=0.002, columns=columns, geometry=Geometry()))
    assert min(answer.ladder, key=lambda f: f.criterion).rung == "independent"
    assert answer.resistance[:, 1] == pytest.approx(grown, rel=0.03)
    assert answer.results[1].value == pytest.approx(20.0, rel=0.03)
    assert "share no capacitance" in answer.results[1].reason
    assert all("alone" in s.quantity for s in answer.series)


def test_few_points_carry_neither_arcs_nor_peaks():
    coarse = [s.rows(np.arange(len(s)) % 6 == 0) for s in stripped().spectra()]
    record = experiment(*(m.with_metadata(temperature=298.15 + 10 * k) for k, m in enumerate(coarse)))
    for answer in (arcs_along(record), peaks_along(record)):
        (refused,) = answer.results
        assert refused.quality == "not computed"
        assert "0 of 8 spectra" in refused.reason
        assert "decades" in refused.reason
    assert "no series" in arcs_along(coarse[0]).results[0].reason


def test_blocking_electrodes_are_no_chain_of_arcs():
    blocked = [
        spectrum_record(
            40.0 + arc(8.0, 1e-8) + 1.0 / (2j * np.pi * F * 1e-6) ** 0.95, F, noise=0.002, seed=k
        ).with_metadata(temperature=298.15 + 10 * k)
        for k in range(4)
    ]
    assert "block" in arcs_along(experiment(*blocked)).results[0].reason


def test_the_interfaces_against_pressure():
    pressure = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 10.0, 5.0, 2.0, 1.0]) * 1e6
    ohm = 50.0 * (pressure / 1e6) ** -0.5
    ohm[5:] *= 0.8  # better contact on the way back
    z = [40.0 + arc(r, 1e-6, 1.0) for r in ohm]
    record = spectrum_record(z, F, noise=0.001, columns={Column.PRESSURE.value: pressure})
    answer = resistance_against_pressure(record)
    assert answer.exponent.value == pytest.approx(0.5, abs=0.02)
    assert answer.exponent_unloading.quality in ("good", "doubtful")
    assert answer.hysteresis.value == pytest.approx(0.8, abs=0.02)
    (drawn,) = answer.series
    assert drawn.values == pytest.approx(ohm * AREA, rel=0.05)
    none = resistance_against_pressure(at_rest([5.0, 6.0, 7.0], [0.0, 1.0, 2.0]))
    assert none.exponent.quality == "not computed"


def test_growth_at_rest_counts_from_assembly_where_it_is_known():
    hours = np.linspace(0.0, 100.0, 14)
    ohm = 10.0 + 3.0 * np.sqrt(hours + 24.0)
    told = at_rest(ohm, hours, user={"rest, SI": 24.0 * HOUR})
    answer = resistance_at_rest(told)
    law = next(law for law in answer.laws if law.name == "parabolic")
    constant = next(c for c in law.constants if c.quantity.startswith("parabolic"))
    assert constant.to_json()["value"] == pytest.approx(3.0 * AREA * 1e4, rel=0.05)
    assert constant.quality == "good"
    assert answer.best == "parabolic"
    silent = resistance_at_rest(at_rest(ohm, hours))
    assert all("not known" in c.reason for law in silent.laws for c in law.constants if c.value is not None)
    with pytest.raises(RecordError, match="at rest"):
        resistance_at_rest(stripped())
