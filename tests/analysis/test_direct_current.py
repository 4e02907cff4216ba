import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.analysis import (
    low_field_exchange_current_density,
    overpotential_per_interface,
    tafel_exchange_current_density,
)
from natrode.constants import FARADAY, GAS_CONSTANT
from natrode.errors import RecordError
from natrode.measurement import Geometry
from tests.analysis.records import AREA, cycling_record, sweep_record

THERMAL = GAS_CONSTANT * 298.15 / FARADAY
OHM = 40.0


def sweep(i0=10.8, top=5000.0, ohm=OHM, interfaces=2, noise=0.0, points=400, alpha=0.5, wider=1.0, **changes):
    """Butler-Volmer sweep of a symmetric cell, i0 and top [A/m2], with the cell's ohmic drop.

    The counter electrode is `wider` times as large as the working electrode.
    """
    eta = np.linspace(-1.0, 1.0, 20001) * THERMAL / min(alpha, 1 - alpha) * np.log(5.0 * top / i0 + 2.0)
    one = i0 * (np.exp(alpha * eta / THERMAL) - np.exp(-(1 - alpha) * eta / THERMAL))
    i = np.sinh(np.linspace(-1.0, 1.0, points) * np.arcsinh(top / i0)) * i0
    voltage = i * AREA * ohm + np.interp(i, one, eta)
    if interfaces == 2:
        voltage -= np.interp(-i / wider, one, eta)
    voltage += noise * np.random.default_rng(0).standard_normal(points)
    geometry = Geometry(working_area=AREA, counter_area=wider * AREA, interfaces_in_series=interfaces)
    return sweep_record(voltage, i * AREA, geometry=geometry, **changes)


def test_overpotential_per_interface():
    polarisation = overpotential_per_interface(sweep(), OHM)
    expected = 2 * THERMAL * np.arcsinh(polarisation.current / (2 * 10.8))
    assert polarisation.overpotential == pytest.approx(expected, abs=1e-5)
    assert polarisation.n_interfaces == 2
    assert polarisation.corrected


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_both_methods_find_the_exchange_current_density(noise):
    for method in (low_field_exchange_current_density, tafel_exchange_current_density):
        answer = method(sweep(noise=noise), OHM)
        assert answer.value == pytest.approx(10.8, rel=0.03)
        assert answer.quality == "good"
        assert answer.settings["ohmic_drop_removed"]
        assert (answer.scope, answer.n_interfaces) == ("per interface (assumed equal)", 1)
        assert answer.to_json()["unit"] == "mA/cm2"


@pytest.mark.parametrize("method", [low_field_exchange_current_density, tafel_exchange_current_density])
def test_electrodes_of_different_areas(method):
    assert method(sweep(wider=4.0), OHM).value == pytest.approx(10.8, rel=0.03)


def test_the_tafel_slope_is_that_of_one_electron():
    branches = tafel_exchange_current_density(sweep(), OHM).settings["branches"]
    assert len(branches) == 2
    assert branches[0]["tafel_slope"] == pytest.approx(0.118, rel=0.01)
    assert branches[0]["transfer_coefficient"] == pytest.approx(0.5, rel=0.01)


def test_the_uncertainty_of_the_ohmic_drop_propagates():
    low = low_field_exchange_current_density(sweep(), (OHM, 2.0))
    assert low.uncertainty == pytest.approx(low.value * (2.0 * AREA / 2) / (THERMAL / 10.8), rel=0.05)
    tafel = tafel_exchange_current_density(sweep(), (OHM, 0.02))
    assert tafel.uncertainty > 5 * tafel_exchange_current_density(sweep(), OHM).uncertainty


def test_without_correction_the_low_field_value_holds_the_electrolyte():
    answer = low_field_exchange_current_density(sweep())
    whole = THERMAL / (THERMAL / 10.8 + OHM * AREA / 2)
    assert answer.value == pytest.approx(whole, rel=0.01)
    assert answer.quality == "doubtful"
    assert "ohmic drop" in answer.reason


def test_a_tafel_slope_on_the_ohmic_line_means_no_exchange_current():
    # published for h-Na: RT/F over half of the whole cell's resistance (natrode model notes G)
    answer = tafel_exchange_current_density(sweep(i0=73.0, ohm=400.0))
    assert answer.value is None
    assert "ohmic line" in answer.reason


def test_a_tafel_plot_needs_120_mv_per_interface():
    answer = tafel_exchange_current_density(sweep(top=50.0), OHM)
    assert answer.quality == "not computed"
    assert "begins at 120 mV" in answer.reason


def test_a_short_tafel_range_is_doubtful():
    assert "half a decade" in tafel_exchange_current_density(sweep(top=220.0), OHM).reason


def test_a_slope_of_the_wrong_kind_gives_nothing():
    voltage = np.linspace(-1.0, 1.0, 200)
    record = sweep_record(voltage, 1e-6 * np.sinh(voltage / 0.01 / 2))
    assert "transfer coefficient" in tafel_exchange_current_density(record, 0.0).reason


def test_when_nothing_is_left_after_the_ohmic_drop_there_is_a_lower_limit():
    answer = low_field_exchange_current_density(sweep(i0=1e6), (OHM, 0.1))
    assert answer.quality == "lower limit"
    assert answer.interval[0] < 1e6


def test_one_interface_against_a_reference():
    answer = low_field_exchange_current_density(sweep(interfaces=1), OHM)
    assert answer.value == pytest.approx(10.8, rel=0.01)
    assert answer.scope == "electrode"


def test_a_voltage_that_was_corrected_before_is_not_corrected_again():
    record = sweep(ohm=0.0, ohmic_correction="instrument, 40 Ohm")
    with pytest.raises(RecordError, match="never twice"):
        low_field_exchange_current_density(record, OHM)
    assert low_field_exchange_current_density(record).quality == "good"


def test_an_unknown_temperature_is_assumed_and_said():
    answer = low_field_exchange_current_density(sweep(temperature="unknown"), OHM)
    assert "25 degC assumed" in answer.reason


def test_an_offset_of_the_rest_potential_does_not_matter():
    record = sweep()
    voltage = record.table.iloc[:, 0].to_numpy() + 5e-3
    moved = sweep_record(voltage, record.table.iloc[:, 1].to_numpy(), geometry=record.metadata.geometry)
    assert tafel_exchange_current_density(moved, OHM).value == pytest.approx(10.8, rel=0.03)
    assert low_field_exchange_current_density(moved, OHM).value == pytest.approx(10.8, rel=0.03)


def test_wrong_input():
    with pytest.raises(RecordError, match="number of interfaces"):
        low_field_exchange_current_density(sweep_record(np.arange(9.0), np.arange(9.0), geometry=Geometry()))
    with pytest.raises(RecordError, match="cycling"):
        tafel_exchange_current_density(cycling_record([(10.0, 1.0)]))
    few = sweep(points=5)
    assert low_field_exchange_current_density(few, OHM).quality == "not computed"


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 10.0))
def test_the_exchange_current_density_scales_with_one_over_the_area(factor):
    record = sweep()
    larger = record.with_metadata(geometry=Geometry(working_area=AREA * factor, interfaces_in_series=2))
    for method in (low_field_exchange_current_density, tafel_exchange_current_density):
        assert method(larger, OHM).value * factor == pytest.approx(method(record, OHM).value, rel=1e-6)
