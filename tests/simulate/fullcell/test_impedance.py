"""Impedance of full cells: analytic diffusion, the symmetric cell, PyBaMM's Jacobian, spectra while cycling."""

import numpy as np
import pytest

pybamm = pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")

from natrode.constants import FARADAY  # noqa: E402
from natrode.errors import SpecificationError  # noqa: E402
from natrode.physics import cathode as laws  # noqa: E402
from natrode.protocol import Protocol  # noqa: E402
from natrode.simulate import integrator, parameters  # noqa: E402
from natrode.simulate import kernel as anode_kernel  # noqa: E402
from natrode.simulate.fullcell import layout, run, spectrum, stepping  # noqa: E402
from natrode.simulate.fullcell.assemble import assemble, pybamm_model, pybamm_values  # noqa: E402
from natrode.simulate.fullcell.particle import particle_modes  # noqa: E402
from tests.simulate.fullcell.cells import CELLS, cell  # noqa: E402


def test_spectrum_has_the_analytic_diffusion_and_the_anode_of_the_symmetric_cell():
    from natrode.simulate import spectrum as symmetric_spectrum

    given = cell({"parameters": {"double_layer_capacitance": "1e-6 uF/cm2"}})
    model = assemble(given)
    table = parameters.conditions(model.anode)
    modes = particle_modes()
    state = run.fresh_state(model, modes)
    n = modes.shape[1]
    state[:n] *= 0.4
    state[n + layout.FILLING] = 0.4
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
        laws.single_particle_impedance(2 * np.pi * frequency, slope, row[layout.DIFFUSION_TIME], row[layout.CHARGE])
        + row[layout.TRANSFER_RESISTANCE] / row[layout.FACE]
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
    state[n + layout.FILLING] = 0.5
    battery = layout.new_battery(
        integrator.Model(model.anode.electrodes, table), model.cathode_row(), modes, 0.0, np.zeros(3)
    )
    new, current, time = np.empty_like(state), 1e-8, 1e5
    stepping.advance(battery, state, current, time, new)
    rise = stepping.voltage_under_current(battery, new, current) - stepping.voltage_under_current(battery, state, 0.0)
    z = spectrum.spectrum(model, table, modes, state, np.array([1e-9]))[0]
    row = model.cathode_row()
    slope = spectrum._slope(row, 0.5, 298.15)
    expected = current * z.real - slope * current * time / row[layout.CHARGE]
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
    if model.kind == layout.DIFFUSION:
        state[:n] *= 1 - charged
    state[n + layout.FILLING] = 1 - charged
    state[n + layout.ANODE + 1] = voids * model.anode.electrodes[1, anode_kernel.VOID_CAPACITY]
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
    state[n + layout.ANODE + 1], state[n + layout.FILLING] = void, 0.5
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
    filling = done.snapshots[:, n + layout.FILLING]
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


@pytest.mark.parametrize("rate", [0.0, 0.5, -1.0])
def test_a_leak_lies_beside_the_impedance(rate):
    """Above the frequencies of diffusion and below those of the capacitances: the slope of the terminal voltage."""
    none = {"parameters": {"double_layer_capacitance": "1e-9 uF/cm2"}}
    given = cell(none, {"interface": "h-na-1-5/nzsp-hna", **none}, short="soft", soft_short_time="100 h")
    model, modes = assemble(given), particle_modes()
    table, n = parameters.conditions(model.anode), particle_modes().shape[1]
    state = run.fresh_state(model, modes)
    state[:n] *= 0.5
    state[n + layout.FILLING], state[n + layout.NOW], state[n + layout.PIERCED] = 0.5, 20 * 3600.0, 0.0
    battery = layout.new_battery(
        integrator.Model(model.anode.electrodes, table), model.cathode_row(), modes, model.anode.soft_short_time,
        np.zeros(3),
    )  # fmt: skip
    current, small = rate * model.one_c, 1e-3 * model.one_c
    high, low = (stepping.voltage_under_current(battery, state, current + way * small) for way in (1, -1))
    z = spectrum.spectrum(model, table, modes, state, np.array([1e3]), current)[0]
    assert stepping.leak_of(battery, state) * abs(z) > 0.1
    assert z.real == pytest.approx((high - low) / (2 * small), rel=1e-3)
