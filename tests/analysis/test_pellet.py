"""Pellets between blocking electrodes: the resistance is the truth's, the spread between ways is in its error."""

import numpy as np
import pytest

from natrode.analysis import pellet_conductivity, pellet_resistance, resistance_against_temperature
from natrode.analysis.pellet import is_conductor
from natrode.measurement import Geometry
from tests.analysis.records import AREA, experiment, spectrum_record, zarc

F = np.logspace(6.5, -1, 76)


def pellet(bulk=300.0, boundary=900.0, seed=0, noise=0.002, frequency=F, **changes):
    z = bulk + zarc(frequency, boundary, 3e-6, 0.9) + 1.0 / (2e-6 * (2j * np.pi * frequency) ** 0.9)
    return spectrum_record(z, frequency, noise=noise, seed=seed, **changes)


@pytest.mark.parametrize("seed", range(6))
def test_the_sum_of_grains_and_boundaries_is_found(seed):
    found = pellet_resistance(pellet(seed=seed))
    assert found.quality == "good"
    assert abs(found.value - 1200.0) < 3.0 * found.uncertainty
    assert found.value == pytest.approx(1200.0, rel=0.04)
    parts = found.settings["parts"]
    assert found.uncertainty == pytest.approx(np.hypot(parts["fit"], parts["model choice"]))
    assert len(found.settings["ways"]) >= 3


def test_the_split_moves_with_the_window_and_the_sum_does_not():
    high = [pellet_resistance(pellet(frequency=F[top > F])).value for top in (3e6, 1e6, 3e5)]
    assert np.ptp(high) / np.mean(high) < 0.03


def test_conductivity_needs_geometry_and_carries_its_error():
    geometry = Geometry(electrolyte_area=AREA, electrolyte_thickness=1e-3, interfaces_in_series=0)
    bare = pellet_conductivity(pellet(geometry=Geometry(interfaces_in_series=0)))
    assert bare.quality == "not computed"
    assert "give --thickness and --area" in bare.reason
    user = {"standard uncertainty, SI": {"electrolyte thickness": 2e-5, "electrolyte area": 1e-6}}
    found = pellet_conductivity(pellet(geometry=geometry, user=user))
    assert found.value == pytest.approx(1e-3 / (AREA * 1200.0), rel=0.04)
    assert found.quality == "good"
    assert found.settings["parts"]["geometry"] == pytest.approx(found.value * np.hypot(0.02, 0.01), rel=1e-6)
    assert pellet_conductivity(pellet(geometry=geometry)).reason == "geometry without its uncertainty"


def test_a_cell_with_metal_is_no_conductor_between_blocking_electrodes():
    assert is_conductor(pellet())
    assert not is_conductor(spectrum_record(40.0 + zarc(F, 100.0, 1e-3), F))
    cut = F[F > 1e5]
    assert pellet_resistance(spectrum_record(300.0 + zarc(cut, 900.0, 1e-4), cut)).quality != "good"


def test_an_activation_energy_from_spectra():
    energy, kelvin = 0.30, np.array([253.15, 273.15, 293.15, 313.15, 333.15])
    factor = np.exp(energy / 8.617333e-5 * (1.0 / kelvin - 1.0 / 298.15))
    records = [
        pellet(300.0 * f, 900.0 * f, seed=n, temperature=t) for n, (f, t) in enumerate(zip(factor, kelvin, strict=True))
    ]
    fit = resistance_against_temperature(experiment(*records), temperature_error="2 K over the range")
    assert fit.activation_energy.value == pytest.approx(energy, abs=0.01)
    low, high = fit.activation_energy.interval
    assert low < energy < high
    assert fit.with_temperature_error.uncertainty > fit.activation_energy.uncertainty


def test_interfaces_against_temperature_keep_their_area():
    frequency = np.logspace(6, -1, 50)
    cells = [
        spectrum_record(40.0 + zarc(frequency, ohm, 1e-4), frequency, noise=0.001, temperature=kelvin)
        for ohm, kelvin in ((100.0, 278.15), (50.0, 298.15), (27.0, 318.15))
    ]
    fit = resistance_against_temperature(experiment(*cells), "interfaces")
    shown = fit.at_room_temperature.to_json()
    assert (shown["value"], shown["unit"]) == (pytest.approx(50.0, rel=0.05), "Ohm cm2")
