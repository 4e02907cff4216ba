"""Amplitudes of spectra against the first harmonic of Butler-Volmer's law."""

import numpy as np
import pytest

from natrode.analysis import voltage_amplitude
from natrode.analysis.linearity import AMPLITUDE, reads_low_by
from natrode.constants import FARADAY, GAS_CONSTANT
from natrode.instruments.registry import read
from natrode.measurement import Geometry, Measurement
from tests.analysis.records import spectrum_record, zarc
from tests.instruments.text_files import SAMPLES

F = np.logspace(5, 0, 30)


def spectra(amplitude, **changes):
    record = spectrum_record(10.0 + zarc(F, 50.0, 1e-4), F)
    table = record.table.assign(**{AMPLITUDE: amplitude})
    return Measurement(record.with_metadata(**changes).metadata, table)


@pytest.mark.parametrize("volts", [1e-4, 0.01, 0.03, 0.1])
@pytest.mark.parametrize("kelvin", [253.15, 333.15])
def test_the_first_harmonic_of_the_current_is_the_integral_over_a_period(volts, kelvin):
    phase = 2 * np.pi * np.arange(4096) / 4096
    current = 2 * np.sinh(FARADAY * volts * np.sin(phase) / (2 * GAS_CONSTANT * kelvin))
    first = 2 * np.mean(current * np.sin(phase))
    small = FARADAY * volts / (GAS_CONSTANT * kelvin)
    assert reads_low_by(np.array([volts]), kelvin)[0] == pytest.approx(1 - small / first, rel=1e-6, abs=1e-12)


def test_small_amplitudes_are_linear_and_their_error_is_quadratic():
    one, two = reads_low_by(np.array([1e-3, 2e-3]), 298.15)
    assert two / one == pytest.approx(4.0, rel=1e-3)
    assert reads_low_by(np.zeros(1), 298.15)[0] == pytest.approx(0.0, abs=1e-12)
    assert reads_low_by(np.array([0.0145]), 298.15)[0] == pytest.approx(0.01, rel=0.02)


def test_points_that_are_not_linear_are_named():
    amplitude = np.where(F < 10.0, 0.04, 0.005)
    found = voltage_amplitude(spectra(amplitude, geometry=Geometry(interfaces_in_series=1)))
    assert found.quality == "doubtful"
    assert found.value == pytest.approx(0.04)
    assert found.settings["points_not_linear"] == int((F < 10.0).sum())
    assert max(found.settings["frequencies_not_linear"]) < 10.0
    shared = voltage_amplitude(spectra(np.full(30, 0.02), geometry=Geometry(interfaces_in_series=2)))
    alone = voltage_amplitude(spectra(np.full(30, 0.02), geometry=Geometry(interfaces_in_series=1)))
    assert (shared.quality, alone.quality) == ("good", "doubtful")
    blocked = voltage_amplitude(spectra(np.full(30, 0.1), geometry=Geometry(interfaces_in_series=0)))
    assert blocked.quality == "good"
    unknown = voltage_amplitude(spectra(np.full(30, 0.02), geometry=Geometry()))
    assert "over one interface" in unknown.reason


def test_a_file_without_amplitudes_is_refused():
    assert voltage_amplitude(spectrum_record(10.0 + zarc(F, 50.0, 1e-4), F)).quality == "not computed"
    assert voltage_amplitude(spectra(np.full(30, np.nan))).quality == "not computed"


def test_the_series_of_the_samples_is_linear_and_its_first_run_is_not():
    folder = SAMPLES / "symmetric_LiLi"
    if not folder.exists():
        pytest.skip("the samples are not here (NATRODE_SAMPLES)")
    name = "jr862_11_08_23_insitu-impedance-LiLi_1MLiTFSI_TEGDME-1mA"
    found = {}
    for part in ("-prerun_C05", "_02_GEIS_C05"):
        (record,) = (m for m in read(folder / f"{name}{part}.mpr", interfaces_in_series=2) if m.kind == "impedance")
        found[part] = voltage_amplitude(record)
    assert found["_02_GEIS_C05"].value == pytest.approx(0.027, abs=0.001)
    assert found["_02_GEIS_C05"].quality == "good"
    assert found["-prerun_C05"].value == pytest.approx(0.081, abs=0.001)
    assert found["-prerun_C05"].quality == "doubtful"
