"""Impedance of a full cell at any state of charge, cycle and current: the model's own equations, linearised.

The anode and the electrolyte contribute what `simulate.spectrum` gives for that side of a symmetric cell; the cathode
its series resistance, charge transfer with a double layer, and the diffusion of the discretised particles that the
kernel steps, so that the low-frequency end is the slope of the model's own voltage.
"""

import numpy as np
import numpy.typing as npt

from natrode.constants import FARADAY, GAS_CONSTANT
from natrode.physics.cathode import END
from natrode.simulate import kernel as anode_kernel
from natrode.simulate import spectrum as symmetric_spectrum
from natrode.simulate.fullcell import layout, stepping, voltages
from natrode.simulate.fullcell.assemble import FullModel

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


def spectrum(
    model: FullModel, table: FloatArray, modes: FloatArray, state: FloatArray, frequency: FloatArray,
    current: float = 0.0,
) -> ComplexArray:  # fmt: skip
    """Impedance of the cell [Ohm] for one state of the kernel.

    Args:
        model: the assembled cell.
        table: conditions in time of `parameters.conditions`.
        modes: particle modes, (4, N).
        state: of the kernel, at any state of charge and cycle.
        frequency: [Hz].
        current: direct current at the terminals on which the small signal rides [A]; positive charges.
    """
    battery = _battery(model, table, modes)
    ionic = stepping.ionic_current(battery, state, current)
    total: ComplexArray = np.sum(list(contributions(model, table, modes, state, frequency, ionic).values()), axis=0)
    return total / (1.0 + stepping.leak_of(battery, state) * total)


def contributions(
    model: FullModel, table: FloatArray, modes: FloatArray, state: FloatArray, frequency: FloatArray,
    ionic: float = 0.0,
) -> dict[str, ComplexArray]:  # fmt: skip
    """Impedance of each process [Ohm] without a leak: those of the anode and electrolyte, then of the cathode.

    Arguments as for `spectrum`; `ionic` is the direct current through the ions [A].
    """
    n = modes.shape[1]
    snapshot = np.zeros(anode_kernel.N_SNAPSHOT)
    snapshot[0], snapshot[1] = state[n + layout.NOW], ionic
    snapshot[2:4] = state[n + layout.ANODE : n + layout.ANODE + 2]
    found = symmetric_spectrum.contributions(model.anode, table, snapshot, frequency, sides=(1,))
    parts = {f"anode {name}" if name in _OF_ANODE else name: z for name, z in found.items()}
    at = np.empty(anode_kernel.N_CONDITIONS)
    anode_kernel.conditions_at(table, snapshot[0], at)
    temperature = float(at[anode_kernel.TEMPERATURE])
    row = model.cathode_row()
    scale = voltages.thermal_scale(row, temperature)
    omega: ComplexArray = (2j * np.pi) * frequency.astype(complex)
    parts["cathode series"] = np.full(len(frequency), row[layout.SERIES_RESISTANCE] / row[layout.FACE], complex)
    battery = _battery(model, table, modes)
    faradaic = _kinetics(battery, state, ionic, temperature) + _storage(
        battery, state, omega, scale, temperature, ionic
    )
    capacitance = model.properties["double_layer_capacitance"] * row[layout.FACE]
    parts["cathode charge transfer and diffusion"] = 1 / (1 / faradaic + omega * capacitance)
    return parts


_OF_ANODE = ("constriction", "interphase", "charge transfer", "diffusion", "contact evolution")


def _kinetics(battery: layout.Battery, state: FloatArray, ionic: float, temperature: float) -> float:
    """Slope of the cathode's polarisation with the current at constant filling [Ohm], without the series resistance.

    At rest, where charging and discharging may follow different laws (shells, products), that of a discharge.
    """
    row = battery.cathode
    small = 1e-6 * row[layout.CHARGE] / 3600
    ends = (ionic - small, ionic + small) if abs(ionic) > small else (-small, 0.0)
    low, high = (voltages.cathode_polarisation(battery, state, current, temperature) for current in ends)
    return float((high - low) / (ends[1] - ends[0]) - row[layout.SERIES_RESISTANCE] / row[layout.FACE])


def _storage(
    battery: layout.Battery, state: FloatArray, omega: ComplexArray, scale: float, temperature: float, ionic: float
) -> ComplexArray:
    """Response of the cathode's voltage to the sodium that the current brings [Ohm]."""
    row, modes = battery.cathode, battery.modes
    n = modes.shape[1]
    if row[layout.CATHODE] == layout.DIFFUSION:
        time = row[layout.DIFFUSION_TIME] * scale
        slope = _slope(row, voltages.surface_filling(battery, state, ionic, scale), temperature)
        response = modes[3, 0] + np.sum(
            modes[2] * modes[1] / (omega[:, None] * time - modes[0]), axis=1
        )  # of the surface to a unit flux
        return np.asarray(-slope * time / (3.0 * row[layout.CHARGE]) * response)
    step = 1e-6
    ends = []
    for change in (-step, step):
        moved = state.copy()
        moved[n + layout.FILLING] += change
        voltage = voltages.open_circuit_voltage(battery, moved, ionic, temperature)
        ends.append(voltage + voltages.cathode_polarisation(battery, moved, ionic, temperature))
    return np.asarray(-(ends[1] - ends[0]) / (2 * step) / (omega * row[layout.CHARGE]))


def _slope(row: FloatArray, filling: float, temperature: float) -> float:
    """dU/dx of the two-phase open-circuit voltage [V]: the derivative of the law's closed form."""
    width = row[layout.WIDTH]
    ends = 0.0
    for part in (filling, 1.0 - filling):
        ends += 1 / max(part, END) - (1 / (part + width) if part > 0 else 0.0)
    return float(-GAS_CONSTANT * temperature / FARADAY * ends)


def _battery(model: FullModel, table: FloatArray, modes: FloatArray) -> layout.Battery:
    from natrode.simulate.integrator import Model

    return layout.new_battery(
        Model(model.anode.electrodes, table), model.cathode_row(), modes, model.anode.soft_short_time, np.zeros(3)
    )
