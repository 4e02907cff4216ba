"""Full cells: the fast kernel against PyBaMM, balances, limits, failures out of the state, impedance."""

import math
import re
import tomllib
from dataclasses import replace

import numpy as np
import pytest

pybamm = pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")

from natrode.cell import FULL_EXAMPLE, Cell, FullCell  # noqa: E402
from natrode.constants import FARADAY  # noqa: E402
from natrode.errors import SimulationError, SpecificationError  # noqa: E402
from natrode.physics import cathode as laws  # noqa: E402
from natrode.protocol import Protocol  # noqa: E402
from natrode.simulate import integrator, parameters, symmetric  # noqa: E402
from natrode.simulate import kernel as anode_kernel  # noqa: E402
from natrode.simulate.fullcell import kernel, run, spectrum  # noqa: E402
from natrode.simulate.fullcell.assemble import (  # noqa: E402
    assemble,
    capacity_ratio,
    pybamm_model,
    pybamm_values,
    warnings_of,
)
from natrode.simulate.fullcell.particle import operator, particle_modes, uniform_modes  # noqa: E402


def cell(cathode=None, anode=None, **changes) -> FullCell:
    data = tomllib.loads(FULL_EXAMPLE)
    data["cathode"].update(cathode or {})
    data["anode"].update(anode or {})
    return FullCell.read({**data, **changes}, "test")


def protocol(rate=1.0, cycles=3, points=5, kept="all", **changes) -> Protocol:
    step = {"type": "charge-discharge", "c_rate": rate, "lower_voltage": "2.5 V", "upper_voltage": "3.8 V"}
    return Protocol(
        name="cycling",
        sampling={"points_per_half_cycle": points, "cycles": kept},
        steps=[{**step, "cycles": cycles, **changes}],
    )


def half_cycles(samples):
    """Direction, charge per half cycle [C] and last voltage."""
    found = []
    for number in np.unique(samples[:, 5]):
        part = samples[(samples[:, 5] == number) & (samples[:, 2] != 0)]
        found.append((np.sign(part[0, 2]), abs(part[0, 2]) * (part[-1, 0] - part[0, 0]), part[:, 1]))
    return found


CELLS = {
    "diffusion": (cell, {}, {}, ("2.5 V", "3.8 V"), "charge"),
    "shrinking core": (cell, {"particles": "shrinking-core"}, {}, ("2.5 V", "3.8 V"), "charge"),
    "dry, pristine sodium": (
        cell,
        {"wetting": "none", "parameters": {"dry_resistance": "300 Ohm cm2"}},
        {"interface": "pristine-na/nzsp-hna"},
        ("2.5 V", "3.8 V"),
        "charge",
    ),
    "sulfur": (
        cell,
        {"material": "sulfur", "one_c": None, "parameters": {"loss_rate": "1e-5 1/s"}},
        {},
        ("1.2 V", "2.8 V"),
        "discharge",
    ),
    "carbon dioxide": (
        cell,
        {"material": "carbon-co2", "loading": "0.1 mg/cm2", "one_c": "500 mA/g"},
        {},
        ("1.8 V", "5 V"),
        "discharge",
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_fast_kernel_against_pybamm(name):
    make, cathode, anode, (lower, upper), first = CELLS[name]
    given = make({k: v for k, v in cathode.items() if v is not None}, anode)
    if name == "sulfur":
        given = given.model_copy(update={"cathode": given.cathode.model_copy(update={"one_c": None})})
    rate = 2.0 if name == "diffusion" else 0.5
    model = assemble(given)
    done = run.course(model, protocol(rate, 2, 3, lower_voltage=lower, upper_voltage=upper, first=first))
    ours = half_cycles(done.samples)
    battery = pybamm_model(model)
    low, high = float(lower.split()[0]), float(upper.split()[0])
    amperes = rate * model.one_c
    values = pybamm.ParameterValues(pybamm_values(model, low, high))
    charge, discharge = (
        f"Charge at {amperes!r} A for 9000 hours or until {high} V",
        f"Discharge at {amperes!r} A for 9000 hours or until {low} V",
    )
    order = (charge, discharge) if first == "charge" else (discharge, charge)
    simulation = pybamm.Simulation(
        battery,
        experiment=pybamm.Experiment([order] * 2),
        parameter_values=values,
        solver=pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-10),
    )
    solution = simulation.solve()
    theirs = [part for cycle in solution.cycles for part in cycle.steps]
    assert len(theirs) == len(ours) == 4
    for part, (_, charge, _) in zip(theirs, ours, strict=True):
        their_charge = amperes * (part.t[-1] - part.t[0])
        assert charge == pytest.approx(their_charge, rel=2e-4)
    # voltages in the middle of each half cycle, at equal charge
    for part, number in zip(theirs, np.unique(done.samples[:, 5]), strict=True):
        rows = done.samples[done.samples[:, 5] == number]
        middle = part.t[0] + (rows[1, 0] - rows[0, 0])
        assert rows[1, 1] == pytest.approx(float(part["Voltage [V]"](middle)), abs=2e-4)


def beside_pybamm(given: FullCell, rate: float, cycles: int):
    """Charge of each half cycle [C] and voltage in its middle [V], of natrode and of PyBaMM; PyBaMM's solution."""
    model = assemble(given)
    done = run.course(model, protocol(rate, cycles, 3))
    amperes = rate * model.one_c
    hours = 3.0 * model.theoretical_charge / amperes / 3600  # the instrument stops a charge that never ends
    step = f"at {amperes!r} A for {hours!r} hours"
    solution = pybamm.Simulation(
        pybamm_model(model),
        experiment=pybamm.Experiment([(f"Charge {step} or until 3.8 V", f"Discharge {step} or until 2.5 V")] * cycles),
        parameter_values=pybamm.ParameterValues(pybamm_values(model, 1.0, 6.0)),
        solver=pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-10),
    ).solve()
    theirs = [part for cycle in solution.cycles for part in cycle.steps]
    ours, pairs = np.unique(done.samples[:, 5]), []
    for part, number in zip(theirs, ours, strict=False):
        rows = done.samples[done.samples[:, 5] == number]
        middle = part.t[0] + 0.5 * (part.t[-1] - part.t[0])
        pairs.append((
            amperes * (rows[-1, 0] - rows[0, 0]), amperes * (part.t[-1] - part.t[0]),
            rows[1, 1], float(part["Voltage [V]"](middle)),
        ))  # fmt: skip
    return np.array(pairs), solution, done, model


def test_contact_that_is_lost_against_pybamm():
    """Voids of pristine sodium at 2 mg/cm2 deepen from cycle to cycle and take the contact."""
    given = cell(
        {"loading": "2 mg/cm2"}, {"interface": "pristine-na/nzsp-hna", "parameters": {"crack_overpotential": "9 V"}}
    )
    pairs, solution, done, model = beside_pybamm(given, 2.0, 6)
    assert len(pairs) == 12
    assert pairs[:, 0] == pytest.approx(pairs[:, 1], rel=2e-4)
    assert pairs[:, 2] == pytest.approx(pairs[:, 3], abs=1e-3)
    void = done.state.values[particle_modes().shape[1] + kernel.ANODE + 1]
    assert void == pytest.approx(solution["Anode electrode void thickness [m]"].entries[-1], rel=1e-4)
    lost = anode_kernel.loss_factor(model.anode.electrodes[1], void)
    assert lost < 0.2
    assert lost == pytest.approx(solution["Anode electrode contact loss factor"].entries[-1], rel=1e-4)


def test_soft_short_against_pybamm():
    """A filament comes through, leaks more and more, and takes charge: the same equations give the same charges."""
    given = cell(
        {"loading": "2 mg/cm2"},
        {"interface": "pristine-na/nzsp-hna", "parameters": {"crack_overpotential": "0.12 V"}},
        soft_short_time="3000 h",
    )
    pairs, solution, done, _ = beside_pybamm(given, 2.0, 8)
    assert len(pairs) == 16
    assert np.isfinite(done.state.values[particle_modes().shape[1] + kernel.PIERCED])
    assert solution["Leak conductance [S]"].entries[-1] > 0
    assert pairs[:, 0] == pytest.approx(pairs[:, 1], rel=1e-3)
    assert pairs[:, 2] == pytest.approx(pairs[:, 3], abs=2e-3)
    efficiency = pairs[1::2, 0] / pairs[0::2, 0]
    assert efficiency[1] == pytest.approx(1.0, abs=1e-3)
    assert (np.diff(efficiency[-3:]) < 0).all()
    assert efficiency[-1] < 0.95


def test_capacity_and_sodium_are_balanced():
    model = assemble(cell())
    done = run.course(model, protocol(1.0, 3, 9))
    state, n = done.state.values, particle_modes().shape[1]
    halves = half_cycles(done.samples)
    net = sum(sign * charge for sign, charge, _ in halves)  # taken out of the cathode
    row = model.cathode_row()
    assert (1 - state[n + kernel.FILLING]) * row[kernel.CHARGE] == pytest.approx(net, rel=1e-8)
    mean = particle_modes()[2] @ np.zeros(n)  # the uniform mode holds the sodium
    assert mean == 0.0
    assert state[n + kernel.ANODE + 4] == pytest.approx(net, rel=1e-8)


def test_low_rate_gives_the_open_circuit_curve():
    model = assemble(cell())
    done = run.course(model, protocol(1e-3, 1, 41))
    (_, _, _), (_, charge, _) = half_cycles(done.samples)
    row = model.cathode_row()
    assert charge == pytest.approx(row[kernel.CHARGE], rel=1e-3)
    rows = done.samples[done.samples[:, 5] == 2]
    filling = np.abs(rows[:, 2]) * (rows[:, 0] - rows[0, 0]) / row[kernel.CHARGE]
    expected = [laws.two_phase_open_circuit_voltage(x, 3.37, 0.02, 8.31446 * 298.15 / FARADAY) for x in filling[5:-5]]
    assert np.abs(rows[5:-5, 1] - expected).max() < 2e-3


def test_sampling_does_not_change_the_course():
    model = assemble(cell())
    few = run.course(model, protocol(2.0, 4, 3))
    many = run.course(model, protocol(2.0, 4, 60))
    assert np.array_equal(few.state.values, many.state.values)


def test_particle_operator_is_that_of_pybamm():
    from natrode.simulate.fullcell.nvp_model import PARTICLE, RADIUS, spatial_method

    shells = 12
    model = pybamm.BaseModel("particle")
    filling, flux = pybamm.Variable("filling", domain=PARTICLE), pybamm.InputParameter("flux")
    model.rhs = {filling: pybamm.div(pybamm.grad(filling))}
    model.boundary_conditions = {filling: {"left": (pybamm.Scalar(0), "Neumann"), "right": (flux, "Neumann")}}
    model.initial_conditions = {filling: pybamm.Scalar(1)}
    model.variables = {"surface": pybamm.surf(filling)}
    geometry = {PARTICLE: {RADIUS: {"min": pybamm.Scalar(0), "max": pybamm.Scalar(1)}}}
    mesh = pybamm.Mesh(geometry, {PARTICLE: pybamm.Uniform1DSubMesh}, {RADIUS: shells})
    pybamm.Discretisation(mesh, {PARTICLE: spatial_method()}).process_model(model)
    surface = model.get_processed_variable("surface")
    a, b, c, d = operator(shells)
    x = np.random.default_rng(1).random(shells)
    for current in (0.0, 0.7):
        given = {"t": 0, "y": x[:, None], "inputs": {"flux": current}}
        assert np.allclose(model.concatenated_rhs.evaluate(**given).ravel(), a @ x + b * current, rtol=1e-12)
        assert float(np.squeeze(surface.evaluate(**given))) == pytest.approx(c @ x + d * current, rel=1e-12)


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


def test_spectrum_has_the_analytic_diffusion_and_the_anode_of_the_symmetric_cell():
    from natrode.simulate import spectrum as symmetric_spectrum

    given = cell({"parameters": {"double_layer_capacitance": "1e-6 uF/cm2"}})
    model = assemble(given)
    table = parameters.conditions(model.anode)
    modes = particle_modes()
    state = run.fresh_state(model, modes)
    n = modes.shape[1]
    state[:n] *= 0.4
    state[n + kernel.FILLING] = 0.4
    frequency = np.geomspace(1e-4, 1e6, 31)
    parts = spectrum.contributions(model, table, modes, state, frequency)
    thermal = 8.31446 * 298.15 / FARADAY
    step = 1e-6
    slope = (
        laws.two_phase_open_circuit_voltage(0.4 + step, 3.37, 0.02, thermal)
        - laws.two_phase_open_circuit_voltage(0.4 - step, 3.37, 0.02, thermal)
    ) / (2 * step)
    row = model.cathode_row()
    exact = (
        laws.single_particle_impedance(2 * np.pi * frequency, slope, row[kernel.DIFFUSION_TIME], row[kernel.CHARGE])
        + row[kernel.TRANSFER_RESISTANCE] / row[kernel.FACE]
    )
    slow = frequency < 1e-2
    assert np.abs(parts["cathode charge transfer and diffusion"] / exact - 1)[slow].max() < 2e-3
    symmetric = parameters.assemble(given.symmetric)
    snapshot = np.zeros(anode_kernel.N_SNAPSHOT)
    both = symmetric_spectrum.contributions(symmetric, table, snapshot, frequency)
    assert np.allclose(2 * parts["anode charge transfer"], both["charge transfer"])
    assert np.allclose(parts["bulk"], both["bulk"])


def test_low_frequency_impedance_is_the_slope_of_the_voltage():
    model = assemble(cell())
    table = parameters.conditions(model.anode)
    modes = particle_modes()
    state = run.fresh_state(model, modes)
    n = modes.shape[1]
    state[:n] *= 0.5
    state[n + kernel.FILLING] = 0.5
    battery = kernel.new_battery(
        integrator.Model(model.anode.electrodes, table), model.cathode_row(), modes, 0.0, np.zeros(3)
    )
    new, current, time = np.empty_like(state), 1e-8, 1e5
    kernel.advance(battery, state, current, time, new)
    rise = kernel.voltage_under_current(battery, new, current) - kernel.voltage_under_current(battery, state, 0.0)
    z = spectrum.spectrum(model, table, modes, state, np.array([1e-9]))[0]
    row = model.cathode_row()
    slope = spectrum._slope(row, 0.5, 298.15)
    expected = current * z.real - slope * current * time / row[kernel.CHARGE]
    assert rise == pytest.approx(expected, rel=1e-3)


STATES = [
    # name of CELLS, state of charge, C-rate of the direct current
    ("diffusion", 0.6, 0.0),
    ("diffusion", 0.6, 0.5),
    ("diffusion", 0.6, -1.0),
    ("dry, pristine sodium", 0.3, 0.0),
    ("shrinking core", 0.5, 0.8),
    ("sulfur", 0.7, -0.2),
    ("carbon dioxide", 0.4, 0.3),
    ("carbon dioxide", 0.4, -0.3),
]


@pytest.mark.parametrize(("name", "charged", "rate"), STATES)
def test_impedance_is_the_linearised_pybamm_model(name, charged, rate):
    """Jacobian of PyBaMM's discretised equations at the same state, voids included, in place of natrode's formulas.

    PyBaMM's models have no capacitances; here the cell has none either.
    """
    make, cathode, anode, _, _ = CELLS[name]
    none = {"double_layer_capacitance": "1e-9 uF/cm2"}
    without = {"parameters": {**cathode.get("parameters", {}), **none}}
    given = make({k: v for k, v in {**cathode, **without}.items() if v is not None}, anode, short="hard")
    given = given.model_copy(update={"anode": given.anode.model_copy(update={"parameters": none})})
    if name == "sulfur":
        given = given.model_copy(update={"cathode": given.cathode.model_copy(update={"one_c": None})})
    model = assemble(given)
    amperes, voids = rate * model.one_c, 0.1
    modes = run._modes(model)
    n = modes.shape[1]
    state = run.fresh_state(model, modes)
    if model.kind == kernel.DIFFUSION:
        state[:n] *= 1 - charged
    state[n + kernel.FILLING] = 1 - charged
    state[n + kernel.ANODE + 1] = voids * model.anode.electrodes[1, anode_kernel.VOID_CAPACITY]
    frequency = np.geomspace(1e-6, 1e-3, 7)
    ours = spectrum.spectrum(model, parameters.conditions(model.anode), modes, state, frequency, amperes)
    battery = pybamm_model(model)
    battery.initial_conditions[battery.anode.void] = pybamm.Scalar(voids)
    values = pybamm.ParameterValues(pybamm_values(model, 0.1, 9.0))
    values["Cathode initial filling"] = 1 - charged
    theirs = linearised(battery, values, -amperes, frequency)
    assert np.abs(ours / theirs - 1).max() < 1e-4


def linearised(model, values, amperes, frequency):
    """Impedance of a PyBaMM model at its initial state and a current [A] (PyBaMM's sign: positive discharges)."""
    values["Current function [A]"] = pybamm.InputParameter("I")
    geometry = model.default_geometry
    values.process_geometry(geometry)
    values.process_model(model)
    mesh = pybamm.Mesh(geometry, model.default_submesh_types, model.default_var_pts)
    pybamm.Discretisation(mesh, model.default_spatial_methods).process_model(model)
    y0 = np.asarray(model.concatenated_initial_conditions.evaluate(inputs={"I": amperes})).ravel()
    voltage = model.get_processed_variable("Voltage [V]")

    def at(y, current):
        given = {"t": 0, "y": y[:, None], "inputs": {"I": current}}
        rhs = np.asarray(model.concatenated_rhs.evaluate(**given)).ravel()
        return rhs, float(np.squeeze(voltage.evaluate(**given)))

    def slopes(move, size):
        (rhs_low, v_low), (rhs_high, v_high) = move(-size), move(size)
        return (rhs_high - rhs_low) / (2 * size), (v_high - v_low) / (2 * size)

    columns = [slopes(lambda h, k=k: at(y0 + h * np.eye(len(y0))[k], amperes), 1e-7) for k in range(len(y0))]
    a, c = np.column_stack([rhs for rhs, _ in columns]), np.array([v for _, v in columns])
    small = 1e-3 * abs(amperes) if amperes else 1e-8
    b, d = slopes(lambda h: at(y0, amperes + h), small)
    unit = np.eye(len(y0))
    transfer = [c @ np.linalg.solve(2j * np.pi * f * unit - a, b) + d for f in frequency]
    return -np.array(transfer)  # a discharging current lowers the voltage


@pytest.mark.parametrize("density", [0.0, 5.0, -5.0])
def test_two_anodes_without_a_cathode_are_the_symmetric_cell(density):
    """Full cell less its cathode is one side of the symmetric cell; at rest two sides are the whole of it."""
    from natrode.simulate import spectrum as symmetric_spectrum

    given = cell({}, {"interface": "pristine-na/nzsp-hna"})
    model, symmetric = assemble(given), parameters.assemble(given.symmetric)
    table, modes = parameters.conditions(model.anode), particle_modes()
    state = run.fresh_state(model, modes)
    n, void = modes.shape[1], 0.05 * model.anode.electrodes[1, anode_kernel.VOID_CAPACITY]
    state[n + kernel.ANODE + 1], state[n + kernel.FILLING] = void, 0.5
    state[:n] *= 0.5
    frequency, amperes = np.geomspace(1e-4, 1e6, 41), density * given.anode_area
    parts = spectrum.contributions(model, table, modes, state, frequency, amperes)
    whole = spectrum.spectrum(model, table, modes, state, frequency, amperes)
    anode = whole - sum(z for name, z in parts.items() if name.startswith("cathode"))
    snapshot = np.zeros(anode_kernel.N_SNAPSHOT)
    snapshot[1], snapshot[3] = amperes, void
    side = symmetric_spectrum.contributions(symmetric, table, snapshot, frequency, sides=(1,))
    assert np.allclose(anode, sum(side.values()), rtol=1e-10)
    if density == 0.0:
        snapshot[2] = void
        both = symmetric_spectrum.spectrum(symmetric, table, snapshot, frequency)
        electrolyte = parts["bulk"] + parts["grain boundary"]
        assert np.allclose(2 * anode - electrolyte, both, rtol=1e-10)


def spectra_under_cycling(**more) -> Protocol:
    """Sixty cycles, and a spectrum at three states of charge after every twenty."""
    step = {"type": "charge-discharge", "c_rate": 2.0, "lower_voltage": "2.5 V", "upper_voltage": "3.8 V", "cycles": 20}
    spectra = [
        {"type": "impedance", "state_of_charge": soc, "lowest_frequency": "1 mHz", "rest": "30 min", **more}
        for soc in (0.2, 0.5, 0.8)
    ]
    sampling = {"points_per_half_cycle": 5, "cycles": "logarithmic"}
    return Protocol(
        name="spectra", sampling=sampling, steps=[{"type": "repeat", "times": 3, "steps": [step, *spectra]}]
    )


def test_spectra_at_states_of_charge_during_cycling():
    given = cell({}, {"parameters": {"film_growth": "linear", "film_growth_rate": "1 Ohm cm2/h"}})
    model = assemble(given)
    done = run.course(model, spectra_under_cycling())
    n = particle_modes().shape[1]
    filling = done.snapshots[:, n + kernel.FILLING]
    assert filling == pytest.approx([0.8, 0.5, 0.2] * 3, abs=1e-9)
    assert done.cycles == 60
    impedance = run.record(model, spectra_under_cycling(), done).impedance
    spectra = impedance.spectra()
    assert len(spectra) == 9
    low = [s.array("Real Impedance / ohm")[np.argmin(np.abs(s.array("Frequency / Hz") - 1.0))] for s in spectra]
    assert low[0] < low[3] < low[6]  # the film grows from spectrum to spectrum
    times = [s.array("Test Time / s")[0] for s in spectra]
    growth = (times[3] - times[0]) / 3600 * 1.0 / (1e4 * given.anode_area)  # Ohm cm2 per hour over the anode
    assert low[3] - low[0] == pytest.approx(growth, rel=0.02)


def test_a_spectrum_under_direct_current_says_so():
    model = assemble(cell())
    protocol = spectra_under_cycling(current_density="0.05 mA/cm2", duration="10 min")
    done = run.course(model, protocol)
    records = run.record(model, protocol, done)
    assert records.impedance.array("DC Current / A") == pytest.approx(0.5 * model.cell.cathode_area)
    flowing = records.cycling.array("Current / A")[records.cycling.array("Step Index / 1") == 3]
    assert np.isclose(flowing, 0.5 * model.cell.cathode_area).sum() >= 6  # two points of each spectrum


def test_a_state_of_charge_that_is_not_reached_stops_the_run():
    sulfur = cell({"material": "sulfur"}, {"mass": None, "thickness": "0.1 um"})
    sulfur = sulfur.model_copy(update={"cathode": sulfur.cathode.model_copy(update={"one_c": None})})
    stopped = run.course(assemble(sulfur), Protocol(name="x", steps=[{"type": "impedance", "state_of_charge": 0.2}]))
    assert stopped.outcome == "not reached"
    assert "the state of charge of a spectrum is not reached: no sodium is left" in stopped.message


def test_only_what_goes_to_a_state_of_charge_has_a_rate():
    with pytest.raises(SpecificationError, match="which is not given"):
        Protocol(name="x", steps=[{"type": "impedance", "c_rate": 0.1}])
    with pytest.raises(SpecificationError, match="less than 1"):
        Protocol(name="x", steps=[{"type": "impedance", "state_of_charge": 1.5}])


# ---- failures ---------------------------------------------------------------------------------------------------


def test_a_soft_short_makes_the_charge_endless():
    given = cell({}, {"interface": "pristine-na/nzsp-hna", "mass": None}, soft_short_time="500 h")
    done = run.course(assemble(given), protocol(2.0, 400, 3))
    assert done.ended == kernel.NEVER_CHARGED
    assert "soft short" in done.message
    halves = half_cycles(done.samples)
    efficiency = [b[1] / a[1] for a, b in zip(halves[::2], halves[1::2], strict=False)]
    assert efficiency[2] == pytest.approx(1.0, abs=1e-4)
    assert efficiency[-1] < 0.9


def test_a_hard_short_ends_the_run():
    given = cell(
        {"loading": "3 mg/cm2"},
        {"interface": "pristine-na/nzsp-hna", "mass": None, "parameters": {"crack_overpotential": "0.05 V"}},
        short="hard",
    )
    done = run.course(assemble(given), protocol(2.0, 400, 5, "logarithmic"))
    assert done.ended == kernel.SHORTED
    assert "hard short" in done.message


def test_losses_at_the_anode_empty_the_reservoir():
    given = cell({}, {"mass": None, "thickness": "0.4 um"}, plating_efficiency=0.99)
    done = run.course(assemble(given), protocol(1.0, 3000, 3, "logarithmic"))
    assert done.ended == kernel.POLARISED
    assert "reservoir empty" in done.message
    assert f"in cycle {done.cycles}" in done.message


def test_polarisation_takes_all_capacity():
    given = cell(
        {}, {"parameters": {"film_growth": "linear", "film_growth_rate": "200 Ohm cm2/h", "crack_overpotential": "9 V"}}
    )
    done = run.course(assemble(given), protocol(5.0, 5000, 3, "logarithmic"))
    assert done.ended == kernel.POLARISED
    assert "polarisation hits the cut-off" in done.message


def test_a_run_goes_on_from_a_saved_state(tmp_path):
    model = assemble(cell())
    whole = run.course(model, protocol(2.0, 10, 3))
    first = run.course(model, protocol(2.0, 6, 3))
    first.state.save(tmp_path / "state.json")
    second = run.course(model, protocol(2.0, 4, 3), run.State.load(tmp_path / "state.json"))
    assert second.cycles == 10
    assert np.allclose(second.state.values, whole.state.values, rtol=1e-12, atol=1e-15)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(SpecificationError, match="not of a cell like 'another'"):
        run.course(assemble(cell(name="another")), protocol(2.0, 4, 3), first.state)
    shorted = run.State(first.state.values, 6, 12, first.state.title, run.SHORTED)
    with pytest.raises(SpecificationError, match="hard short; nothing can be run on it"):
        run.course(model, protocol(2.0, 4, 3), shorted)
    with pytest.raises(SpecificationError, match="is not a state"):
        run.State.load(tmp_path / "other.json")


def test_memory_does_not_grow_with_the_cycles():
    """What a run keeps of 7300 cycles is what the record asks for, not what was integrated."""
    import tracemalloc

    given = cell({}, {"parameters": {"film_growth": "linear", "film_growth_rate": "1e-4 Ohm cm2/h"}})
    model, peaks = assemble(given), []
    run.course(model, protocol(5.0, 2, 3, "logarithmic"))
    for cycles in (500, 2000):  # a film that grows: no cycle repeats, all are integrated
        tracemalloc.start()
        done = run.course(model, protocol(5.0, cycles, 3, "logarithmic"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert done.cycles == cycles
    assert peaks[1] < 1.5 * peaks[0] < 10e6


def test_logarithmic_record_is_bounded_and_complete():
    done = run.course(assemble(cell()), protocol(5.0, 2000, 3, "logarithmic"))
    assert done.cycles == 2000
    assert len(done.samples) < 1000
    assert done.samples[-1, 3] == 2000


# ---- bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cathode", "changes", "message"),
    [
        ({"loading": None}, {}, "give 'loading'"),
        ({"material": "nvq"}, {}, "did you mean 'nvp'"),
        ({"wetting": "liquid-napf7"}, {}, "did you mean 'liquid-napf6'"),
        ({"parameters": {"wetted_resistanc": "1 Ohm cm2"}}, {}, "did you mean 'wetted_resistance'"),
        ({"parameters": {"wetted_resistance": "1 mm"}}, {}, "wetted_resistance|area-specific"),
        ({}, {"temperature": "95 degC"}, "hold from -20 to 90 degC"),
        ({}, {"temperature": "-40 degC"}, "hold from -20 to 90 degC"),
        ({}, {"temperature": [["0 h", "25 degC"], ["9 h", "95 degC"]]}, "read 25 to 95 degC"),
        ({}, {"electrolyte": {"material": "nzsp-hna", "thickness": "1 mm"}}, "no size: give 'diameter' or 'area'"),
        ({"mass": "1 mg"}, {}, "give 'loading' .* or 'mass' of the active material, one of them"),
        ({"loading": "1 mg"}, {}, "is not a unit of areal mass"),
        ({"loading": "-1 mg/cm2"}, {}, "must be greater than zero"),
        ({"diameter": "1 cm", "area": "1 cm2"}, {}, "give 'diameter' or 'area', not both"),
        ({"particles": "shrinking"}, {}, "shrinking-core"),
        ({}, {"anode": {"interface": "h-na-1-5/nzsp-hna", "mass": "1 mg", "thickness": "1 um"}}, "not both"),
        ({}, {"anode": {"interface": "h-na-1-6/nzsp-hna"}}, "did you mean 'h-na-1-"),
        ({}, {"plating_efficiency": 1.2}, "plating_efficiency: .*less than or equal to 1"),
        ({}, {"capacity_ratio": -1.0}, "capacity_ratio: .*greater than 0"),
    ],
)
def test_mistakes_in_a_cell_are_one_sentence(cathode, changes, message):
    data = tomllib.loads(FULL_EXAMPLE)
    data["cathode"] = {k: v for k, v in {**data["cathode"], **cathode}.items() if v is not None}
    with pytest.raises(SpecificationError, match=message):
        FullCell.read({**data, **changes}, "cell.toml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lower_voltage": "3.4 V"}, "lower_voltage: 3.4 V lies inside or above the plateau"),
        ({"upper_voltage": "3.3 V"}, "upper_voltage: 3.3 V lies inside or below the plateau"),
    ],
)
def test_cut_offs_inside_the_plateau(changes, message):
    with pytest.raises(SpecificationError, match=message):
        run.simulate(cell(), protocol(1.0, 1, **changes))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"c_rate": None}, "give one of 'c_rate', 'specific_current', 'current_density'"),
        ({"current_density": "1 mA/cm2"}, "give one of 'c_rate', 'specific_current', 'current_density'"),
        ({"c_rate": -1.0}, "greater than 0"),
        ({"lower_voltage": "3.9 V"}, "'lower_voltage' must be below 'upper_voltage'"),
        ({"cycles": 0}, "greater than 0"),
        ({"charge_limit": 0.5}, "greater than 1"),
        ({"capacity": "1 mAh/cm2"}, "is not a unit of specific charge"),
        ({"c_rat": 1.0}, "unknown key 'c_rat'; did you mean 'c_rate'"),
    ],
)
def test_mistakes_in_a_step_are_one_sentence(step, message):
    good = {"type": "charge-discharge", "c_rate": 1.0, "lower_voltage": "2.5 V", "upper_voltage": "3.8 V"}
    given = {k: v for k, v in {**good, **step}.items() if v is not None}
    with pytest.raises(SpecificationError, match=message) as caught:
        Protocol.read({"name": "x", "steps": [given]}, "protocol.toml")
    assert "\n" not in str(caught.value)


def test_a_protocol_that_leaves_the_data_of_the_cathode():
    for heat in ("95 degC", [["0 h", "25 degC"], ["9 h", "-30 degC"]]):
        hot = Protocol(name="hot", temperature=heat, steps=protocol(1.0, 1).steps)
        with pytest.raises(SpecificationError, match="protocol 'hot': temperature: the data of the cathodes hold"):
            run.simulate(cell(), hot)


def test_a_c_rate_without_a_capacity(monkeypatch):
    from natrode import materials
    from natrode.simulate.fullcell import assemble as module

    given, whole = cell(), materials.load_material("nvp")
    bare = replace(whole, properties={k: v for k, v in whole.properties.items() if k != "specific_charge"})
    monkeypatch.setattr(module.materials, "load_material", lambda name: bare)
    with pytest.raises(SpecificationError, match="has no specific_charge, so that a C-rate and a state of charge mean"):
        module.assemble(given)


def test_noise_without_a_seed_and_too_many_points():
    noisy = Protocol(name="x", sampling={"noise": 0.01}, steps=protocol(1.0, 1).steps)
    with pytest.raises(SpecificationError, match="noise needs a seed"):
        run.simulate(cell(), noisy)
    with pytest.raises(SimulationError, match="points per half cycle or sampling"):
        run.simulate(cell(), protocol(1.0, 1_000_000, 100))


def test_a_full_cell_step_on_a_symmetric_cell_and_a_full_cell_file_as_a_symmetric_one():
    with pytest.raises(SpecificationError, match="charge-discharge is for a full cell; this one is symmetric"):
        symmetric.simulate(cell().symmetric, protocol(1.0, 1))
    at_charge = Protocol(name="x", steps=[{"type": "impedance", "state_of_charge": 0.5}])
    with pytest.raises(SpecificationError, match="state_of_charge is for a full cell; this one is symmetric"):
        symmetric.simulate(cell().symmetric, at_charge)
    with pytest.raises(SpecificationError, match="this is a full cell"):
        Cell.read(tomllib.loads(FULL_EXAMPLE), "cell.toml")


def test_pybamm_models_take_constants():
    model = assemble(cell(temperature=[["0 h", "25 degC"], ["9 h", "60 degC"]]))
    with pytest.raises(SimulationError, match="one temperature and one stack pressure"):
        pybamm_values(model)


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SimulationError, match=r"pip install 'natrode\[cell\]'"):
        pybamm_model(assemble(cell()))


def test_a_solver_that_fails_names_cycle_step_and_state_and_keeps_what_was_done(monkeypatch):
    """Conditions that are no numbers after two and a half hours, in the third cycle."""
    whole = parameters.conditions(assemble(cell()).anode)
    broken = np.repeat(whole, 3, axis=0)
    broken[:, anode_kernel.TIME] = [0.0, 9000.0, 9001.0]
    broken[2, anode_kernel.TEMPERATURE] = np.nan
    monkeypatch.setattr(run.parameters, "conditions", lambda *given: broken)
    done = run.course(assemble(cell()), protocol(2.0, 9))
    assert done.outcome == "solver failed"
    said = r"stopped in cycle 3, step 1, at 1\.\d+ h: the solver failed \(void .* um, filling .*\)"
    assert re.search(said, done.message)
    assert done.message.endswith("all cycles before are kept")
    assert np.isfinite(done.samples[:, :3]).all()
    assert {1, 2} <= set(done.samples[:, 3])


def test_contact_that_is_gone_is_named():
    model = assemble(cell())
    battery = kernel.new_battery(
        integrator.Model(model.anode.electrodes, parameters.conditions(model.anode)), model.cathode_row(),
        particle_modes(), 0.0, np.zeros(3),
    )  # fmt: skip
    state = run.fresh_state(model, particle_modes())
    state[particle_modes().shape[1] + kernel.ANODE + 1] = 1.0  # a metre of voids
    outcome, why = run._ending(battery, state, kernel.POLARISED)
    assert outcome == "contact lost"
    assert "polarisation hits the cut-off at once" in why
    outcome, why = run._ending(battery, state, kernel.NEVER_CHARGED)
    assert outcome == "never charged"
    assert "the voltage does not reach the upper cut-off" in why


def test_steps_of_symmetric_cells_are_refused():
    with pytest.raises(SpecificationError, match="'cycling' is for symmetric cells"):
        run.simulate(
            cell(),
            Protocol(
                name="x",
                steps=[
                    {"type": "cycling", "current_density": "1 mA/cm2", "capacity": "1 mAh/cm2", "cycles": 1},
                ],
            ),
        )


def test_too_little_sodium_is_a_warning_that_says_what_it_means():
    experiment = run.simulate(cell({"loading": "20 mg/cm2"}, {"mass": "0.5 mg"}), protocol(0.2, 1))
    assert any("below 1" in text for text in experiment.cycling.metadata.warnings)


def test_too_little_sodium_against_a_charged_cathode_limits_the_capacity():
    given = cell({"material": "sulfur"}, {"mass": None, "thickness": "0.1 um"})
    assert any("limits the capacity" in text for text in warnings_of(assemble(given)))


def test_a_stated_ratio_says_nothing_of_an_unlimited_anode():
    assert warnings_of(assemble(cell({}, {"mass": None}, capacity_ratio=2.0))) == ()


def test_capacity_ratio_and_its_contradiction():
    given = FullCell(
        name="PbC",
        electrolyte={"material": "nzsp-pbc", "thickness": "0.8 mm", "diameter": "10 mm"},
        cathode={"material": "nvp", "loading": "2.52 mg/cm2"},
        anode={"interface": "pb-c-na/nzsp-pbc", "mass": "10 mg"},
        capacity_ratio=40.0,
    )
    model = assemble(given)
    assert capacity_ratio(model) == pytest.approx(50.1, rel=0.01)
    assert any("needs an area of 0.98" in text or "needs an area of 0.99" in text for text in warnings_of(model))


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
