"""Series fits; scenario 6 of the laboratory."""

import numpy as np
import pytest

from natrode.analysis import arc_series
from natrode.constants import BOLTZMANN_EV
from natrode.errors import RecordError
from natrode.measurement import Geometry
from tests.analysis.records import spectrum_record

F = np.logspace(6.5, -1, 54)
KELVIN = np.linspace(253.15, 333.15, 7)


def arc(r, c, n=0.9):
    return r / (1.0 + (2j * np.pi * F * r * c) ** n)


def hot(r, energy, kelvin):
    return r * np.exp(energy / BOLTZMANN_EV * (1.0 / kelvin - 1.0 / 298.15))


def scenario_6(seed=0, noise=0.003):
    """Grain boundary 30 Ohm, 0.30 eV, 3 nF and interface 30 Ohm, 0.55 eV, 1 uF at 25 degC."""
    spectra = []
    for k, t in enumerate(KELVIN):
        z = hot(20.0, 0.26, t) + arc(hot(30.0, 0.30, t), 3e-9) + arc(hot(30.0, 0.55, t), 1e-6)
        spectra.append(spectrum_record(z, F, noise=noise, seed=100 * seed + k, geometry=Geometry()))
    return spectra


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_scenario_6(seed):
    answer = arc_series(scenario_6(seed), KELVIN)
    energies = [r.value for r in answer.constants]
    assert energies == pytest.approx([0.30, 0.55], abs=0.01)
    assert answer.capacitance == pytest.approx([3e-9, 1e-6], rel=0.1)
    for k, (r, e) in enumerate(((30.0, 0.30), (30.0, 0.55))):
        truth = hot(r, e, KELVIN)
        assert answer.shared_resistance[:, k] == pytest.approx(truth, rel=0.1)
        known = np.isfinite(answer.resistance[:, k])
        # a name that swaps would be wrong by the ratio of the arcs, up to a factor of five
        assert answer.resistance[known, k] == pytest.approx(truth[known], rel=0.3)
    assert min(answer.ladder, key=lambda f: f.criterion).rung == "tied"
    assert [f.parameters for f in answer.ladder] == sorted((f.parameters for f in answer.ladder), reverse=True)


def test_a_law_that_does_not_hold_is_said():
    spectra = scenario_6()
    t = KELVIN.copy()
    answer = arc_series(spectra, t[::-1].copy() ** 0 * (273.0 + np.array([0.0, 30.0, 5.0, 60.0, 10.0, 20.0, 50.0])))
    assert min(answer.ladder, key=lambda f: f.criterion).rung != "tied"
    assert all(r.quality in ("doubtful", "not computed") for r in answer.constants)


def test_linear_in_charge_and_fixed_parameters():
    charge = np.linspace(0.0, 5.0, 6)
    spectra = [
        spectrum_record(40.0 + arc(5.0, 1e-7) + arc(5.0 + 20.0 * q, 1e-5), F, noise=0.002, seed=k, geometry=Geometry())
        for k, q in enumerate(charge)
    ]
    answer = arc_series(spectra, charge, "linear", fixed={"C2": 1e-5, "n2": 0.9})
    assert answer.constants[1].value == pytest.approx(20.0, rel=0.01)
    assert answer.capacitance[1] == pytest.approx(1e-5)
    assert answer.series[0].to_json()["x_unit"] == "mAh"


def test_mistakes():
    with pytest.raises(RecordError, match="three"):
        arc_series(scenario_6()[:2], KELVIN[:2])
    with pytest.raises(RecordError, match="fixed parameter"):
        arc_series(scenario_6(), KELVIN, fixed={"R1": 3.0})
