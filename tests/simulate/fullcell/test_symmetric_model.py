"""The symmetric cell in PyBaMM against natrode's own integrator, and the laws that they share."""

import os
import subprocess
import sys

import numpy as np
import pytest

pybamm = pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")

from natrode.cell import Cell  # noqa: E402
from natrode.protocol import Protocol  # noqa: E402
from natrode.simulate import kernel, parameters, symmetric  # noqa: E402
from natrode.simulate.fullcell.symmetric_model import SymmetricSodium, options_of, parameter_values  # noqa: E402


def cell(interface: str, electrode: dict | None = None, **changes) -> Cell:
    side = {"interface": interface, "mass": "6 mg", **(electrode or {})}
    return Cell(
        name="symmetric",
        electrolyte={"material": "nzsp-hna", "thickness": "0.162 cm", "diameter": "1.114 cm"},
        electrode={"working": side, "counter": side},
        **changes,
    )


def both(given: Cell, density: float, charge: float, cycles: int):
    """Last voltages of all half cycles from PyBaMM and from natrode, PyBaMM's end, natrode's end."""
    model = parameters.assemble(given)
    amperes, seconds = density * given.working_area, charge / density
    step = f"at {amperes!r} A for {seconds!r} seconds"
    simulation = pybamm.Simulation(
        SymmetricSodium(options_of(model, 0), options_of(model, 1)),
        experiment=pybamm.Experiment([(f"Discharge {step}", f"Charge {step}")] * cycles),
        parameter_values=pybamm.ParameterValues(parameter_values(model, amperes)),
        solver=pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-10),
    )
    solution = simulation.solve()
    theirs = [part["Voltage [V]"].entries[-1] for cycle in solution.cycles for part in cycle.steps]
    protocol = Protocol(
        name="cycling",
        sampling={"points_per_half_cycle": 3},
        steps=[
            {
                "type": "cycling",
                "current_density": f"{density} A/m2",
                "capacity": f"{charge} C/m2",
                "cycles": cycles,
            }
        ],
    )
    record = symmetric.simulate(given, protocol).cycling
    ours = record.table.groupby("Step Count / 1")["Voltage / V"].last().to_numpy()
    return np.array(theirs), ours, solution, record


def test_voltage_over_a_hundred_cycles():
    theirs, ours, _, _ = both(cell("h-na-1-5/nzsp-hna"), 5.0, 4500.0, 100)
    assert len(theirs) == len(ours) == 200
    assert np.abs(theirs / ours - 1).max() < 1e-6  # the issue asks for 1e-3


def test_failure_cycle_is_equal():
    theirs, ours, solution, record = both(cell("pristine-na/nzsp-hna"), 1.0, 3600.0, 60)
    assert len(solution.cycles) == record.metadata.settings["cycles"] < 60
    assert "Filament" in solution.termination
    assert "collapsed" in record.metadata.settings["end"]
    before = len(theirs) - 1  # the last half cycle ends in the short
    assert np.abs(theirs[:before] / ours[:before] - 1).max() < 1e-3


@pytest.mark.parametrize(
    "film",
    [
        {"film_growth": "saturating", "film_final_resistance": "40 Ohm cm2", "film_time": "5 h"},
        {"film_growth": "parabolic", "film_final_resistance": "40 Ohm cm2", "film_time": "5 h"},
        {"film_growth": "linear", "film_growth_rate": "1 Ohm cm2/h"},
        {"film_growth": "exponential", "film_resistance": "4 Ohm cm2", "film_time": "20 h"},
        {"film_growth": "linear", "film_growth_rate": "1 Ohm cm2/h", "film_placement": "under-contacts"},
    ],
)
def test_interphases_temperature_pressure_and_kinetics(film):
    given = cell(
        "h-na-1-5/nzsp-hna",
        {"parameters": {"resistance_activation_energy": "0.3 eV", **film}},
        temperature="45 degC",
        pressure="1 MPa",
        kinetics="butler-volmer",
    )
    theirs, ours, _, _ = both(given, 5.0, 4500.0, 3)
    assert np.abs(theirs / ours - 1).max() < 1e-5


SWAP = """
from natrode.physics import voids
if {swap}:
    def replenishment_flux(replenishment_current_density, area_ratio, contact_fraction, loss_factor):
        return 0.0 * replenishment_current_density * area_ratio
    voids.replenishment_flux = replenishment_flux
from tests.simulate.fullcell.test_symmetric_model import both, cell
theirs, ours, _, _ = both(cell("pristine-na/nzsp-hna"), 1.0, 3600.0, 3)
print(theirs[-1], ours[-1])
"""


def test_swapping_a_law_changes_both_simulators():
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(["src", *sys.path])}
    values = []
    for swap in (False, True):
        text = subprocess.run(
            [sys.executable, "-c", SWAP.format(swap=swap)], check=True, capture_output=True, text=True, env=environment
        ).stdout
        values.append([float(word) for word in text.split()])
    (theirs, ours), (changed_theirs, changed_ours) = values
    assert theirs == pytest.approx(ours, rel=1e-4)
    assert changed_theirs == pytest.approx(changed_ours, rel=1e-4)
    assert abs(changed_ours / ours - 1) > 0.02


def test_an_empty_reservoir_ends_the_run():
    given = cell("h-na-1-5/nzsp-hna", {"mass": None, "thickness": "3 um"})
    model = parameters.assemble(given)
    amperes = 5.0 * given.working_area
    simulation = pybamm.Simulation(
        SymmetricSodium(options_of(model, 0), options_of(model, 1)),
        parameter_values=pybamm.ParameterValues(parameter_values(model, amperes)),
    )
    solution = simulation.solve([0, 4e4])
    assert "Reservoir of the working electrode" in solution.termination
    recession = model.electrodes[0, kernel.RECESSION]
    assert solution.t[-1] == pytest.approx(3e-6 / (recession * 5.0), rel=1e-6)
