"""Impedance of a full cell at rest, at any state of charge and cycle: the model's own equations, linearised.

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
from natrode.simulate.fullcell import kernel
from natrode.simulate.fullcell.assemble import FullModel

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


def spectrum(
    model: FullModel, table: FloatArray, modes: FloatArray, state: FloatArray, frequency: FloatArray
) -> ComplexArray:
    """Impedance of the cell [Ohm] at the frequencies [Hz] for one state of the kernel, at rest."""
    parts = contributions(model, table, modes, state, frequency)
    total: ComplexArray = np.sum(list(parts.values()), axis=0)
    n = modes.shape[1]
    if np.isinf(state[n + kernel.PIERCED]):
        return total
    battery = _battery(model, table, modes)
    return total / (1.0 + kernel.leak_of(battery, state) * total)


def contributions(
    model: FullModel, table: FloatArray, modes: FloatArray, state: FloatArray, frequency: FloatArray
) -> dict[str, ComplexArray]:
    """Impedance of each process [Ohm] without a leak: those of the anode and electrolyte, then of the cathode."""
    n = modes.shape[1]
    snapshot = np.zeros(anode_kernel.N_SNAPSHOT)
    snapshot[0] = state[n + kernel.NOW]
    snapshot[2:4] = state[n + kernel.ANODE : n + kernel.ANODE + 2]
    found = symmetric_spectrum.contributions(model.anode, table, snapshot, frequency, sides=(1,))
    parts = {f"anode {name}" if name in _OF_ANODE else name: z for name, z in found.items()}
    at = np.empty(anode_kernel.N_CONDITIONS)
    anode_kernel.conditions_at(table, snapshot[0], at)
    temperature = float(at[anode_kernel.TEMPERATURE])
    row = model.cathode_row()
    scale = kernel.thermal_scale(row, temperature)
    omega: ComplexArray = (2j * np.pi) * frequency.astype(complex)
    series = row[kernel.SERIES_RESISTANCE] / row[kernel.FACE]
    parts["cathode series"] = np.full(len(frequency), series, complex)
    transfer = row[kernel.TRANSFER_RESISTANCE] * scale / row[kernel.FACE]
    diffusion = _storage(model, table, modes, state, omega, scale, temperature)
    capacitance = model.properties["double_layer_capacitance"] * row[kernel.FACE]
    parts["cathode charge transfer and diffusion"] = 1 / (1 / (transfer + diffusion) + omega * capacitance)
    return parts


_OF_ANODE = ("constriction", "interphase", "charge transfer", "diffusion", "contact evolution")


def _storage(
    model: FullModel, table: FloatArray, modes: FloatArray, state: FloatArray, omega: ComplexArray, scale: float,
    temperature: float,
) -> ComplexArray:  # fmt: skip
    """Response of the open-circuit voltage at the surface to the sodium that the current brings [Ohm]."""
    row, n = model.cathode_row(), modes.shape[1]
    battery = _battery(model, table, modes)
    if row[kernel.CATHODE] == kernel.DIFFUSION:
        time = row[kernel.DIFFUSION_TIME] * scale
        surface = kernel.surface_filling(battery, state, 0.0, scale)
        slope = _slope(model, surface, temperature)
        response = modes[3, 0] + np.sum(
            modes[2] * modes[1] / (omega[:, None] * time - modes[0]), axis=1
        )  # of the surface to a unit flux
        return np.asarray(-slope * time / (3.0 * row[kernel.CHARGE]) * response)
    filling, step = state[n + kernel.FILLING], 1e-6
    ends = []
    for change in (-step, step):
        moved = state.copy()
        moved[n + kernel.FILLING] = filling + change
        ends.append(kernel.open_circuit_voltage(battery, moved, 0.0, temperature))
    slope = (ends[1] - ends[0]) / (2 * step)
    extra = 0.0
    if row[kernel.CATHODE] in (kernel.SHRINKING_CORE, kernel.PRODUCT):
        small = 1e-6 * row[kernel.CHARGE] / 3600
        both = kernel.cathode_polarisation(battery, state, -small, temperature)
        extra = (
            -both / small - (row[kernel.SERIES_RESISTANCE] + row[kernel.TRANSFER_RESISTANCE] * scale) / row[kernel.FACE]
        )
        extra = -extra if extra < 0 else extra
    return np.asarray(extra - slope / (omega * row[kernel.CHARGE]))


def _slope(model: FullModel, filling: float, temperature: float) -> float:
    """dU/dx of the two-phase open-circuit voltage [V]: the derivative of the law's closed form."""
    row = model.cathode_row()
    width = row[kernel.WIDTH]
    ends = 0.0
    for part in (filling, 1.0 - filling):
        ends += 1 / max(part, END) - (1 / (part + width) if part > 0 else 0.0)
    return float(-GAS_CONSTANT * temperature / FARADAY * ends)


def _battery(model: FullModel, table: FloatArray, modes: FloatArray) -> kernel.Battery:
    from natrode.simulate.integrator import Model

    return kernel.new_battery(
        Model(model.anode.electrodes, table), model.cathode_row(), modes, model.anode.soft_short_time, np.zeros(3)
    )
