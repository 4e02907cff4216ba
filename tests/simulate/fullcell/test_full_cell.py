"""Full cells: balances, limits, convergence, cycles that repeat, restart."""

import math

import numpy as np
import pytest

from natrode.constants import FARADAY
from natrode.physics import cathode as laws
from natrode.protocol import Protocol
from natrode.simulate.fullcell import layout, run
from natrode.simulate.fullcell.assemble import assemble
from natrode.simulate.fullcell.particle import particle_modes, uniform_modes
from tests.simulate.fullcell.cells import cell, half_cycles, protocol


def test_capacity_and_sodium_are_balanced():
    model = assemble(cell())
    done = run.course(model, protocol(1.0, 3, 9))
    state, n = done.state.values, particle_modes().shape[1]
    halves = half_cycles(done.samples)
    net = sum(sign * charge for sign, charge, _ in halves)  # taken out of the cathode
    row = model.cathode_row()
    assert (1 - state[n + layout.FILLING]) * row[layout.CHARGE] == pytest.approx(net, rel=1e-8)
    mean = particle_modes()[2] @ np.zeros(n)  # the uniform mode holds the sodium
    assert mean == 0.0
    assert state[n + layout.ANODE + 4] == pytest.approx(net, rel=1e-8)


def test_low_rate_gives_the_open_circuit_curve():
    model = assemble(cell())
    done = run.course(model, protocol(1e-3, 1, 41))
    (_, _, _), (_, charge, _) = half_cycles(done.samples)
    row = model.cathode_row()
    assert charge == pytest.approx(row[layout.CHARGE], rel=1e-3)
    rows = done.samples[done.samples[:, 5] == 2]
    filling = np.abs(rows[:, 2]) * (rows[:, 0] - rows[0, 0]) / row[layout.CHARGE]
    expected = [laws.two_phase_open_circuit_voltage(x, 3.37, 0.02, 8.31446 * 298.15 / FARADAY) for x in filling[5:-5]]
    assert np.abs(rows[5:-5, 1] - expected).max() < 2e-3


def test_sampling_does_not_change_the_course():
    model = assemble(cell())
    few = run.course(model, protocol(2.0, 4, 3))
    many = run.course(model, protocol(2.0, 4, 60))
    assert np.array_equal(few.state.values, many.state.values)


@pytest.mark.parametrize("interface", ["h-na-1-5/nzsp-hna", "m-na/sn-electrolyte"])
def test_cycles_that_repeat_are_those_that_are_integrated(interface):
    """One block of cycles may repeat them, single steps never do; a film that grows forbids it."""
    given = cell(
        {}, {"interface": interface}, electrolyte={"material": "nzsp-hna", "thickness": "1 mm", "area": "1 cm2"}
    )
    model = assemble(given)
    block = run.course(model, protocol(2.0, 60, 5))
    step = protocol(2.0, 1, 5).steps[0]
    single = run.course(model, Protocol(name="singly", sampling={"points_per_half_cycle": 5}, steps=[step] * 60))
    assert len(block.samples) == len(single.samples)
    assert np.allclose(block.samples[:, :3], single.samples[:, :3], rtol=1e-9)
    assert np.array_equal(block.samples[:, 3], single.samples[:, 3])
    n = particle_modes().shape[1]
    assert np.allclose(block.state.values[n:], single.state.values[n:], rtol=1e-8)


def test_time_never_runs_backwards_in_repeated_cycles():
    done = run.course(assemble(cell()), protocol(2.0, 300, 4))
    assert (np.diff(done.samples[:, 0]) >= 0).all()
    assert len(run.record(assemble(cell()), protocol(2.0, 300, 4), done).cycling.table) == len(done.samples)


def test_repeated_cycles_end_before_the_anode_is_empty():
    """Sodium that does not come back is counted on through repeated cycles, and the run ends where it is gone."""
    given = cell({}, {"mass": "0.6 mg"}, plating_efficiency=0.99)
    done = run.course(assemble(given), protocol(2.0, 2000, 3, "logarithmic"))
    step = protocol(2.0, 1, 3).steps[0]
    singly = run.course(assemble(given), Protocol(name="x", sampling={"points_per_half_cycle": 3}, steps=[step] * 2000))
    assert done.cycles == singly.cycles < 2000
    assert done.message == singly.message.replace(f"step {singly.cycles}", "step 1")


def test_particle_operator_converges_to_the_sphere():
    frequency = np.geomspace(1e-5, 1e-3, 9)
    exact = laws.single_particle_impedance(2 * np.pi * frequency, -1.0, 1250.0, 1.0)
    errors = []
    for shells in (20, 40):
        modes = particle_modes(shells)
        omega = 2j * np.pi * frequency[:, None] * 1250.0
        response = modes[3, 0] + np.sum(modes[2] * modes[1] / (omega - modes[0]), axis=1)
        errors.append(np.abs(1250.0 / 3.0 * response / exact - 1).max())
    assert errors[1] < 2e-3
    assert errors[1] < 0.3 * errors[0]  # second order


def test_the_capacity_converges_with_the_grid(monkeypatch):
    """Finite volumes of order 2: the capacity at 5C, where diffusion limits it."""
    capacities = []
    for shells in (15, 30, 60):
        monkeypatch.setattr(run, "particle_modes", lambda n=shells: particle_modes(n))
        monkeypatch.setattr(run, "uniform_modes", lambda n=shells: uniform_modes(n))
        capacities.append(half_cycles(run.course(assemble(cell()), protocol(5.0, 2, 3)).samples)[-1][1])
    coarse, fine = abs(capacities[0] - capacities[1]), abs(capacities[1] - capacities[2])
    assert fine < 0.35 * coarse
    assert fine < 2e-3 * capacities[2]


def test_two_phase_voltage_limits():
    thermal = 0.025693
    assert laws.two_phase_open_circuit_voltage(0.5, 3.37, 0.02, thermal) == pytest.approx(3.37, abs=1e-12)
    assert laws.two_phase_open_circuit_voltage(0.3, 3.37, 0.02, thermal) > laws.two_phase_open_circuit_voltage(
        0.7, 3.37, 0.02, thermal
    )
    dilute = 1e-3
    nernst = thermal * math.log(dilute / (dilute + 0.02))
    assert laws.two_phase_open_circuit_voltage(dilute, 3.37, 0.02, thermal) == pytest.approx(
        3.37 - nernst + thermal * math.log((1 - dilute) / (1.02 - dilute)), rel=1e-12
    )
