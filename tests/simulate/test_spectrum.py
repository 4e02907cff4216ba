"""The impedance is the model linearised: its limits are the model's own slopes, and it obeys causality."""

import tomllib

import numpy as np
import pytest

from natrode.cell import EXAMPLE, Cell
from natrode.measurement import Column
from natrode.physics import voids
from natrode.protocol import Protocol
from natrode.simulate import kernel, parameters, spectrum
from natrode.simulate.symmetric import simulate

FREQUENCY = np.geomspace(1e9, 1e-5, 281)


def cell(kinetics="ohmic", **working):
    data = tomllib.loads(EXAMPLE)
    data["kinetics"] = kinetics
    for side in ("working", "counter"):
        data["electrode"][side]["parameters"] = {"double_layer_capacitance": "10 uF/cm2", **working}
    return Cell.read(data, "test")


def snapshot(time=0.0, current=0.0, log_w=(0.0, 0.0), leak=0.0):
    return np.array([time, current, *voids_of(log_w), 0.0, leak, 1.0, time, time])


def voids_of(log_w):
    """Void thickness at which the resistance ratio of the example cell's contacts has this logarithm."""
    row = parameters.assemble(cell()).electrodes[0]
    capacity, shape = row[kernel.VOID_CAPACITY], row[kernel.CONTACT_SHAPE]
    return [voids.void_thickness_from_factor(np.exp(-x), capacity, shape) for x in log_w]


def prepared(given):
    model = parameters.assemble(given)
    return model, parameters.conditions(model)


@pytest.mark.parametrize("placement", ["series", "under-contacts"])
@pytest.mark.parametrize("kinetics", ["ohmic", "butler-volmer"])
@pytest.mark.parametrize("current", [0.0, 2e-4, -2e-4, 3e-2])
def test_slow_spectra_are_the_equations_of_the_simulator_linearised(kinetics, current, placement):
    """Below all capacitances Z is dV/di + sum over voids of dV/dv dv'/di /(j omega - dv'/dv), by finite differences."""
    film = {"film_resistance": "20 Ohm cm2", "film_capacitance": "1 uF/cm2", "film_placement": placement}
    shares = {"constriction_share": 0.3, "diffusion_share": 0.2, "diffusion_length": "1 um"}
    model, table = prepared(cell(kinetics, **film, **shares))
    at, whole = np.empty(kernel.N_CONDITIONS), np.zeros(2, np.bool_)
    kernel.conditions_at(table, 0.0, at)
    kinetic = float(kinetics == "butler-volmer")
    state = np.array([*voids_of((1.2, 0.4)), 0.0, 0.0, 0.0])

    def answer(change):
        """Voltage and growth of the voids with current and voids changed by `change`."""
        moved, slope = state + np.array([*change[1:], 0.0, 0.0, 0.0]), np.zeros(kernel.N_STATE)
        drawn = current + change[0]
        kernel.rates(model.electrodes, at, moved, 0.0, drawn, kinetic, whole, slope)
        return np.array([kernel.cell_voltage(model.electrodes, at, moved, 0.0, drawn, kinetic), *slope[:2]])

    steps = [max(1e-5 * abs(current), 1e-9), 1e-5 * state[0], 1e-5 * state[1]]
    columns = [(answer(h * e) - answer(-h * e)) / (2 * h) for h, e in zip(steps, np.eye(3), strict=True)]
    frequency = np.array([1e-5, 1e-4, 1e-3])
    omega = 2j * np.pi * frequency
    expected = columns[0][0] + sum(
        columns[1 + k][0] * columns[0][1 + k] / (omega - columns[1 + k][1 + k]) for k in range(2)
    )
    found = spectrum.spectrum(model, table, snapshot(0.0, current, (1.2, 0.4)), frequency)
    assert np.abs(found / expected - 1).max() < 2e-4


def test_contact_evolution_is_the_response_of_the_integrator():
    # a small square change of current for a short time: the extra voltage afterwards is i dR/dv dv
    given = cell()
    model, table = prepared(given)
    row, values = model.electrodes[0], snapshot(0.0, 2e-4, (1.2, 0.0))
    part = spectrum.contributions(model, table, values, np.array([1.0]))["contact evolution"][0]
    at = np.empty(kernel.N_CONDITIONS)
    kernel.conditions_at(table, 0.0, at)
    v0 = voids_of((1.2,))[0]
    contacts, _ = kernel.interface_resistances(row, at, 0, kernel.loss_factor(row, v0), 0.0)
    density, area, dv = 2e-4 / row[kernel.AREA], row[kernel.AREA], 1e-12
    factor = [(1 - row[kernel.CONTACT_SHAPE] * v / row[kernel.VOID_CAPACITY]) ** (-1 / row[kernel.CONTACT_SHAPE])
              for v in (v0 - dv, v0 + dv)]  # fmt: skip
    slope = contacts * np.exp(-1.2) * (factor[1] - factor[0]) / (2 * dv)
    expected = density * slope * row[kernel.RECESSION] / (2j * np.pi) / area
    assert part == pytest.approx(expected, rel=1e-3)


def test_no_contact_evolution_at_rest_or_on_a_whole_contact():
    model, table = prepared(cell())
    for state in (snapshot(0.0, 0.0, (1.2, 0.5)), snapshot(0.0, 1e-6, (0.0, 0.0))):
        parts = spectrum.contributions(model, table, state, FREQUENCY)
        assert np.all(parts["contact evolution"] == 0)


def test_loss_of_area_leaves_the_time_constant_of_charge_transfer():
    model, table = prepared(cell())
    fast = np.geomspace(1e6, 1e-2, 2000)
    peaks, heights = [], []
    for log_w in (0.0, 2.0):
        z = spectrum.contributions(model, table, snapshot(log_w=(log_w, log_w)), fast)["charge transfer"]
        peaks.append(fast[np.argmax(-z.imag)])
        heights.append(z.real.max())
    assert peaks[0] == pytest.approx(peaks[1], rel=0.02)
    assert heights[1] / heights[0] == pytest.approx(np.exp(2.0), rel=1e-3)


def test_spectrum_obeys_kramers_kronig():
    model, table = prepared(cell())
    frequency = np.geomspace(1e12, 1e-6, 4000)
    z = spectrum.spectrum(model, table, snapshot(log_w=(1.0, 0.3)), frequency)
    logs = np.log(frequency)
    # Re Z(0) - Re Z(inf) = (2/pi) integral of -Im Z over ln f
    area = -np.trapezoid(z.imag, logs[::1]) * -1
    assert 2 / np.pi * abs(area) == pytest.approx(z.real[-1] - z.real[0], rel=1e-3)


def test_leak_lies_in_parallel():
    model, table = prepared(cell())
    healthy = spectrum.spectrum(model, table, snapshot(), FREQUENCY)
    leaking = spectrum.spectrum(model, table, snapshot(leak=0.05), FREQUENCY)
    assert leaking == pytest.approx(1 / (1 / healthy + 0.05), rel=1e-12)


def test_a_protocol_with_spectra_writes_one_record_with_all_of_them():
    protocol = Protocol(
        name="operando",
        steps=[
            {"type": "impedance"},
            {"type": "one-sided", "current_density": "0.2 mA/cm2", "duration": "2 h", "impedance_every": "30 min"},
        ],
    )
    experiment = simulate(cell(), protocol)
    spectra = experiment.impedance.spectra()
    assert len(spectra) == 6
    charge = [s.array(Column.CHARGE)[0] for s in spectra]
    seconds = np.array([s.array(Column.TIME)[0] for s in spectra])
    density = 2.0 * cell().working_area
    assert charge[1:] == pytest.approx(density * (seconds[1:] - seconds[1]), rel=1e-9)
    assert spectra[0].array(Column.DC_CURRENT)[0] == 0
    assert spectra[1].array(Column.DC_CURRENT)[0] == pytest.approx(density)
    resistance = [s.array(Column.REAL_IMPEDANCE)[-1] for s in spectra]
    assert resistance[-1] > resistance[1]


def test_a_warm_grain_boundary_keeps_its_capacitance():
    cold, warm = (
        spectrum.contributions(*prepared(cell().model_copy(update={"temperature": kelvin})), snapshot(), FREQUENCY)
        for kelvin in (273.15, 313.15)
    )
    ohm = [z["grain boundary"][-1].real for z in (cold, warm)]
    peak = [FREQUENCY[np.argmax(-z["grain boundary"].imag)] for z in (cold, warm)]
    assert ohm[0] > 2.0 * ohm[1] > 0.0
    assert peak[0] * ohm[0] == pytest.approx(peak[1] * ohm[1], rel=0.15)  # 1/(R C), read to a point of the grid
