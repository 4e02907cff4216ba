"""Voltage of a full cell at a state and an ionic current: cathode, kinetics, anode, electrolyte."""

import math

from natrode.compiled import compiled, compiled_in_place
from natrode.constants import BOLTZMANN_EV, FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.physics import cathode as cathode_laws
from natrode.physics import kinetics
from natrode.simulate.fullcell.layout import (
    ANODE,
    BUTLER_VOLMER_ANODE,
    CATHODE,
    CHARGE,
    CHARGING_EXCHANGE,
    CHARGING_RESISTANCE,
    CHARGING_SLOPE,
    DIFFUSION,
    DIFFUSION_TIME,
    ENERGY,
    FACE,
    FILLING,
    LOST,
    LOWER_PLATEAU,
    MASS,
    NOW,
    PLATEAU,
    PRODUCT,
    PRODUCT_RESISTANCE,
    PRODUCT_SCALE,
    SERIES_RESISTANCE,
    SHELL_RESISTANCE,
    SHRINKING_CORE,
    SULFUR,
    TRANSFER_RESISTANCE,
    UPPER_SHARE,
    WIDTH,
    Battery,
    FloatArray,
)
from natrode.simulate.kernel import (
    AREA,
    ELECTROLYTE_RESISTANCE,
    TEMPERATURE,
    conditions_at,
    interface_overpotential,
    loss_factor,
)

_two_phase = compiled(cathode_laws.two_phase_open_circuit_voltage)
_two_plateau = compiled(cathode_laws.two_plateau_open_circuit_voltage)
_shell = compiled(cathode_laws.shrinking_core_factor)
_film = compiled(cathode_laws.product_film_resistance)
_emptying = compiled(cathode_laws.emptying_voltage)
_charging = compiled(cathode_laws.slope_overpotential)
_transfer = compiled(kinetics.butler_volmer_overpotential)


@compiled_in_place
def thermal_scale(cathode: FloatArray, temperature: float) -> float:
    """Resistance of the cathode's processes over that at room temperature."""
    return math.exp(cathode[ENERGY] / BOLTZMANN_EV * (1.0 / temperature - 1.0 / ROOM_TEMPERATURE))


@compiled_in_place
def surface_filling(battery: Battery, state: FloatArray, current: float, scale: float) -> float:
    """Filling at the surface of the particles, with the sodium that the current (positive: charging) takes out [A]."""
    modes, cathode = battery.modes, battery.cathode
    flux = -current * cathode[DIFFUSION_TIME] * scale / (3.0 * cathode[CHARGE])
    filling = modes[3, 0] * flux
    for k in range(modes.shape[1]):
        filling += modes[2, k] * state[k]
    return float(filling)


@compiled_in_place
def open_circuit_voltage(battery: Battery, state: FloatArray, current: float, temperature: float) -> float:
    """Voltage of the cathode against sodium at the surface of its material [V], without kinetics and resistances."""
    cathode, n = battery.cathode, battery.modes.shape[1]
    thermal = GAS_CONSTANT * temperature / FARADAY
    kind = cathode[CATHODE]
    filling = state[n + FILLING]
    if kind == DIFFUSION:
        filling = surface_filling(battery, state, current, thermal_scale(cathode, temperature))
        return float(_two_phase(filling, cathode[PLATEAU], cathode[WIDTH], thermal))
    if kind == SULFUR:
        depth = filling / (1.0 - state[n + LOST])
        return float(
            _two_plateau(depth, cathode[PLATEAU], cathode[LOWER_PLATEAU], cathode[UPPER_SHARE], cathode[WIDTH], thermal)
        )
    if kind == PRODUCT:  # only the end without product counts: nothing is left to decompose
        return float(cathode[PLATEAU] + _emptying(filling, cathode[WIDTH], thermal))
    return float(_two_phase(filling, cathode[PLATEAU], cathode[WIDTH], thermal))


@compiled_in_place
def cathode_polarisation(battery: Battery, state: FloatArray, current: float, temperature: float) -> float:
    """Kinetics and resistances of the cathode [V] at a current (positive: charging) [A]."""
    cathode, n = battery.cathode, battery.modes.shape[1]
    scale = thermal_scale(cathode, temperature)
    density = current / cathode[FACE]
    total = density * cathode[SERIES_RESISTANCE]
    if cathode[TRANSFER_RESISTANCE] > 0.0:
        exchange = GAS_CONSTANT * temperature / (FARADAY * cathode[TRANSFER_RESISTANCE] * scale)
        total += _transfer(density, exchange, temperature)
    filling = state[n + FILLING]
    if cathode[CATHODE] == SHRINKING_CORE:
        core = filling if current > 0.0 else 1.0 - filling
        total += density * cathode[SHELL_RESISTANCE] * scale * _shell(core)
    if cathode[CATHODE] == PRODUCT:
        if current > 0.0:
            specific = current / cathode[MASS]
            total += _charging(specific, cathode[CHARGING_EXCHANGE] / scale, cathode[CHARGING_SLOPE])
            total += density * cathode[CHARGING_RESISTANCE] * scale
        else:
            total += density * _film(filling, cathode[PRODUCT_RESISTANCE], cathode[PRODUCT_SCALE]) * scale
    return float(total)


@compiled_in_place
def anode_polarisation(battery: Battery, state: FloatArray, current: float) -> float:
    """Overpotential of the anode [V] at a current (positive: charging) [A]; the conditions must be in `at`."""
    n = battery.modes.shape[1]
    row = battery.model.parameters[1]
    density = current / row[AREA]
    loss = loss_factor(row, state[n + ANODE + 1])
    return float(
        interface_overpotential(row, battery.at, 1, loss, state[n + NOW], density, battery.cathode[BUTLER_VOLMER_ANODE])
    )


@compiled_in_place
def terminal_voltage(battery: Battery, state: FloatArray, current: float) -> float:
    """Voltage of the cell [V] at an ionic current (positive: charging) [A]."""
    n = battery.modes.shape[1]
    conditions_at(battery.model.table, state[n + NOW], battery.at)
    temperature = battery.at[TEMPERATURE]
    voltage = open_circuit_voltage(battery, state, current, temperature)
    voltage += cathode_polarisation(battery, state, current, temperature)
    voltage += anode_polarisation(battery, state, current)
    return float(voltage + current * battery.at[ELECTROLYTE_RESISTANCE])


@compiled_in_place
def contact_left(battery: Battery, state: FloatArray) -> float:
    """Contact of the anode over that of the fresh one."""
    n = battery.modes.shape[1]
    return float(loss_factor(battery.model.parameters[1], state[n + ANODE + 1]))
