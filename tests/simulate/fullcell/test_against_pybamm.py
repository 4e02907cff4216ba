"""The fast kernel of full cells against PyBaMM: cathodes, contact loss, a soft short, the particles."""

import numpy as np
import pytest

pybamm = pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")

from natrode.cell import FullCell  # noqa: E402
from natrode.simulate import kernel as anode_kernel  # noqa: E402
from natrode.simulate.fullcell import layout, run  # noqa: E402
from natrode.simulate.fullcell.assemble import assemble, pybamm_model, pybamm_values  # noqa: E402
from natrode.simulate.fullcell.particle import operator, particle_modes  # noqa: E402
from tests.simulate.fullcell.cells import CELLS, cell, half_cycles, protocol  # noqa: E402


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
    void = done.state.values[particle_modes().shape[1] + layout.ANODE + 1]
    assert void == pytest.approx(solution["Anode electrode void thickness [m]"].entries[-1], rel=1e-4)
    lost = anode_kernel.loss_factor(model.anode.electrodes[1], void)
    assert lost < 0.2
    assert lost == pytest.approx(solution["Anode electrode contact loss factor"].entries[-1], rel=1e-4)


WEAK = {
    "contact_resistance": "4.1561 Ohm cm2", "replenishment_current_density": "0.059034 mA/cm2",
    "refill_efficiency": "0.82767", "damage_exponent": "6.2418", "contact_fraction": "0.34568",
    "void_capacity": "0.12595 um", "contact_shape": "-0.82093", "crack_overpotential": "0.12 V",
}  # fmt: skip
"""Values of its own: the comparison must not move when a new sample changes the materials' data."""


SOUGHT_TWICE = {
    "contact_resistance": "3.8657 Ohm cm2",
    "replenishment_current_density": "0.056816 mA/cm2",
    "refill_efficiency": 0.81416,
    "crack_overpotential": "0.12666 V",
    "damage_exponent": 3.9483,
    "contact_fraction": 0.33095,
    "void_capacity": "0.11001 um",
    "contact_shape": -0.88097,
}
"""A leak shortens the step in which a cut-off is sought: the search gave up early, a charge was 1.4e-3 too small."""


@pytest.mark.parametrize("parameters", [WEAK, SOUGHT_TWICE])
def test_soft_short_against_pybamm(parameters):
    """A filament comes through, leaks more and more, and takes charge: the same equations give the same charges."""
    given = cell(
        {"loading": "2 mg/cm2"},
        {"interface": "pristine-na/nzsp-hna", "parameters": parameters},
        soft_short_time="3000 h",
    )
    pairs, solution, done, _ = beside_pybamm(given, 2.0, 8)
    assert len(pairs) == 16
    assert np.isfinite(done.state.values[particle_modes().shape[1] + layout.PIERCED])
    assert solution["Leak conductance [S]"].entries[-1] > 0
    assert pairs[:, 0] == pytest.approx(pairs[:, 1], rel=1e-4)
    assert pairs[:, 2] == pytest.approx(pairs[:, 3], abs=2e-3)
    efficiency = pairs[1::2, 0] / pairs[0::2, 0]
    assert efficiency[1] == pytest.approx(1.0, abs=1e-3)
    assert (np.diff(efficiency[-3:]) < 0).all()
    assert efficiency[-1] < 0.95


def test_a_charge_that_never_ends_against_pybamm():
    """The moment at which the leak takes the whole charging current, and the voltage and filling then."""
    given = cell(
        {"loading": "2 mg/cm2"},
        {"interface": "pristine-na/nzsp-hna", "parameters": WEAK},
        soft_short_time="150 h",
    )
    model = assemble(given)
    done = run.course(model, protocol(2.0, 20, 3))
    assert done.outcome == "soft short"
    amperes = 2.0 * model.one_c
    hours = 3.0 * model.theoretical_charge / amperes / 3600
    step = f"at {amperes!r} A for {hours!r} hours"
    cycles = [(f"Charge {step} or until 3.8 V", f"Discharge {step} or until 2.5 V")] * (done.cycles - 1)
    solution = pybamm.Simulation(
        pybamm_model(model),
        experiment=pybamm.Experiment([*cycles, (f"Charge {step} or until 3.8 V",)]),
        parameter_values=pybamm.ParameterValues(pybamm_values(model, 0.5, 6.0)),
        solver=pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-10),
    ).solve()
    last = solution.cycles[-1].steps[-1]
    time, ionic = last.t, last["Ionic current [A]"].entries
    assert ionic[0] < 0 < ionic[-1]  # positive discharges
    reversed_at = np.interp(0.0, ionic, time)
    state, n = done.state.values, particle_modes().shape[1]
    assert state[n + layout.NOW] == pytest.approx(reversed_at, rel=1e-4)
    assert done.samples[-1, 1] == pytest.approx(float(last["Voltage [V]"](reversed_at)), abs=1e-4)
    assert state[n + layout.FILLING] == pytest.approx(float(last["Cathode filling"](reversed_at)), abs=1e-4)


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


def test_pybamm_converges_to_the_fast_kernel_with_its_tolerance():
    """The same finite volumes, so that only PyBaMM's error in time is between them."""
    model = assemble(cell())
    ours = [charge for _, charge, _ in half_cycles(run.course(model, protocol(2.0, 1, 3)).samples)]
    amperes, errors = 2.0 * model.one_c, []
    for tolerance in (1e-3, 1e-5, 1e-9):
        solution = pybamm.Simulation(
            pybamm_model(model),
            experiment=pybamm.Experiment(
                [(f"Charge at {amperes!r} A until 3.8 V", f"Discharge at {amperes!r} A until 2.5 V")]
            ),
            parameter_values=pybamm.ParameterValues(pybamm_values(model, 2.0, 4.5)),
            solver=pybamm.IDAKLUSolver(rtol=tolerance, atol=0.01 * tolerance),
        ).solve()
        theirs = [amperes * (part.t[-1] - part.t[0]) for part in solution.cycles[0].steps]
        errors.append(max(abs(a / b - 1) for a, b in zip(theirs, ours, strict=True)))
    assert errors[0] > 3 * errors[1]
    assert errors[1] > 3 * errors[2]
    assert errors[2] < 1e-6
