"""A full cell stepped half cycle by half cycle, in compiled loops.

At constant ionic current the diffusion in the particles is linear: its modes (eigenvectors of the operator that
PyBaMM's finite volumes make, see `nvp_model`) advance in closed form over any time. The anode's voids and damage follow
the rates of the symmetric cell's kernel in error-controlled steps. A half cycle ends where the voltage meets its
cut-off, found as a root.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from natrode.compiled import compiled, compiled_in_place
from natrode.constants import BOLTZMANN_EV, FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.physics import cathode as cathode_laws
from natrode.physics import fracture, kinetics, protrusion
from natrode.simulate.integrator import Model, is_recorded
from natrode.simulate.kernel import (
    AREA,
    AREA_RATIO,
    CONTACT_SHAPE,
    CRACK_OVERPOTENTIAL,
    DAMAGE_EXPONENT,
    DAMAGE_TIME,
    ELECTROLYTE_RESISTANCE,
    FILM_LAW,
    N_CONDITIONS,
    N_DRIVE,
    N_STATE,
    PIERCED_AT,
    PRESSURE,
    PROTRUSION_CHARGE,
    RESERVOIR,
    SOFT_TIME,
    TEMPERATURE,
    VOID_CAPACITY,
    conditions_at,
    copy_values,
    interface_overpotential,
    leak_conductance,
    loss_factor,
    void_rate,
)

FloatArray = npt.NDArray[np.float64]

# ---- kinds of cathode ----------------------------------------------------------------------------------------
DIFFUSION, SHRINKING_CORE, SULFUR, PRODUCT = 0, 1, 2, 3
# ---- columns of the cathode's parameters ---------------------------------------------------------------------
(
    CATHODE,  # kind
    CHARGE,  # theoretical charge of the active material that takes part [C]
    MASS,  # [kg]
    FACE,  # area [m2]
    PLATEAU,
    LOWER_PLATEAU,
    WIDTH,  # solubility, or width of the step
    UPPER_SHARE,
    DIFFUSION_TIME,
    SHELL_RESISTANCE,
    TRANSFER_RESISTANCE,
    SERIES_RESISTANCE,
    ENERGY,
    LOSS_RATE,
    PRODUCT_SCALE,  # filling in which the product's film resists e-fold
    PRODUCT_RESISTANCE,
    CHARGING_EXCHANGE,
    CHARGING_SLOPE,
    CHARGING_RESISTANCE,
    PLATING_EFFICIENCY,
    BUTLER_VOLMER_ANODE,
    N_CATHODE,
) = range(22)
# ---- columns of a block --------------------------------------------------------------------------------------
(
    KIND,
    STEP,
    CURRENT,
    LOWER,
    UPPER,
    CYCLES,
    PAUSE,
    DISCHARGE_FIRST,
    LONGEST_CHARGE,  # [C]
    CAPACITY,  # [C]
    POINTS,
    LOGARITHMIC,
    DURATION,
    HALF,  # the last cycle has one half
    TARGET,  # filling of the cathode
    N_BLOCK,
) = range(16)
REST, CYCLE, SNAPSHOT, REACH = 0, 1, 2, 3
# ---- how a run ends ------------------------------------------------------------------------------------------
COMPLETED, SHORTED, NEVER_CHARGED, POLARISED, STUCK, NOT_REACHED = 0, 1, 2, 3, 4, 5
# ---- the state: modes of the particles, then these, counted from their end ------------------------------------
FILLING, LOST, ANODE, NOW, PIERCED, EMPTY, N_TAIL = 0, 1, 2, 7, 8, 9, 10
N_SAMPLE = 8
TRIES = 20
"""Times that a cell is sent after a state of charge before it counts as not reached."""
OPEN_LIMIT = 100.0
"""Voltage limit where a step has none [V]."""
NO_CAPACITY = 1e-3
"""Part of the theoretical charge below which a discharge counts as none."""
_two_phase = compiled(cathode_laws.two_phase_open_circuit_voltage)
_two_plateau = compiled(cathode_laws.two_plateau_open_circuit_voltage)
_shell = compiled(cathode_laws.shrinking_core_factor)
_film = compiled(cathode_laws.product_film_resistance)
_emptying = compiled(cathode_laws.emptying_voltage)
_charging = compiled(cathode_laws.slope_overpotential)
_transfer = compiled(kinetics.butler_volmer_overpotential)
_damage_rate = compiled(fracture.damage_rate)
_protrusion_rate = compiled(protrusion.protrusion_growth_rate)
TOLERANCE = 1e-8
LEAK_TOLERANCE = 1e-7
"""Error of the cathode's filling that a step with a leak may make."""
STAGE = 1.0 - math.sqrt(0.5)
"""Part of a step with a leak that its first stage takes."""
SAME = 1e-12
"""Change of a state over a cycle below which the cycle is taken to repeat; over 10 000 cycles it cannot exceed 1e-8."""


class Battery(NamedTuple):
    """What does not change during a run, and arrays that every step overwrites."""

    model: Model
    cathode: FloatArray
    modes: FloatArray
    """(4, N): eigenvalue, push of the current, reach to the surface, and (first) the surface's direct response."""
    drive: FloatArray
    """Filament of `simulate.kernel`."""
    label: FloatArray
    at: FloatArray
    aside: FloatArray
    """A state that nobody needs."""


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
def leak_of(battery: Battery, state: FloatArray) -> float:
    """Electronic conductance of a filament [S]."""
    n = battery.modes.shape[1]
    if state[n + PIERCED] == math.inf:
        return 0.0
    conditions_at(battery.model.table, state[n + NOW], battery.at)
    battery.drive[PIERCED_AT] = state[n + PIERCED]
    leak = leak_conductance(battery.drive, state[n + NOW], battery.at[ELECTROLYTE_RESISTANCE])
    battery.drive[PIERCED_AT] = math.inf
    return float(leak)


@compiled_in_place
def ionic_current(battery: Battery, state: FloatArray, current: float) -> float:
    """Current through the ions [A]: that at the terminals without what leaks through a filament."""
    leak = leak_of(battery, state)
    if leak == 0.0:
        return current
    return leaking_stage(battery, state, current, current, 0.0, 1.0, 0.0, battery.aside)[1]


@compiled_in_place
def anode_rates(battery: Battery, void: float, time: float, ionic: float) -> tuple[float, float]:
    """Growth of the voids [m/s] and of the damage [1/s] of the anode at an ionic current (positive: charging) [A]."""
    row, at = battery.model.parameters[1], battery.at
    if battery.model.table.shape[0] > 1:
        conditions_at(battery.model.table, time, at)
    density, loss = -ionic / row[AREA], loss_factor(row, void)
    growth = void_rate(row, at, 1, loss, density)
    if density >= 0.0:
        return growth, 0.0
    kinetic = battery.cathode[BUTLER_VOLMER_ANODE]
    overpotential = interface_overpotential(row, at, 1, loss, time, -density, kinetic)
    cracks = _damage_rate(overpotential, row[CRACK_OVERPOTENTIAL], row[DAMAGE_EXPONENT], row[DAMAGE_TIME])
    return growth, cracks + _protrusion_rate(density, row[AREA_RATIO], row[PROTRUSION_CHARGE])


@compiled_in_place
def anode_step(
    battery: Battery, void: float, damage: float, time: float, ionic: float, step: float, whole: bool
) -> tuple[float, float]:
    """One step of the classical Runge-Kutta method of order 4; on whole contact the voids stay nothing."""
    v, d, weight = void, 0.0, 0.0
    total_v, total_d = 0.0, 0.0
    rate_v, rate_d = 0.0, 0.0
    for stage in range(4):
        part = 0.0 if stage == 0 else (1.0 if stage == 3 else 0.5)
        v = void + part * step * rate_v
        rate_v, rate_d = anode_rates(battery, v, time + part * step, ionic)
        if whole:
            rate_v = 0.0
        weight = 1.0 if stage in (0, 3) else 2.0
        total_v += weight * rate_v
        total_d += weight * rate_d
    d = damage + step * total_d / 6.0
    return void + step * total_v / 6.0, d


@compiled_in_place
def advance_anode(battery: Battery, tail: FloatArray, time: float, ionic: float, duration: float) -> float:
    """Advance voids and damage of the anode over `duration`; returns when a filament came through, infinite if not.

    Steps are held to a tolerance by halving; where the contact is whole again, and where the damage reaches 1, a step
    ends.
    """
    capacity = battery.model.parameters[1, VOID_CAPACITY]
    void, damage, done, step, pierced = tail[1], tail[3], 0.0, duration, math.inf
    while done < duration * (1.0 - 1e-14):
        step = min(step, duration - done)
        growth, _ = anode_rates(battery, void, time + done, ionic)
        whole = void <= 0.0 and growth <= 0.0
        once_v, once_d = anode_step(battery, void, damage, time + done, ionic, step, whole)
        half_v, half_d = anode_step(battery, void, damage, time + done, ionic, 0.5 * step, whole)
        new_v, new_d = anode_step(battery, half_v, half_d, time + done + 0.5 * step, ionic, 0.5 * step, whole)
        resistive = (
            max(loss_factor(battery.model.parameters[1], new_v), 1e-6) ** -battery.model.parameters[1, CONTACT_SHAPE]
        )
        error = max(abs(new_v - once_v) / capacity * resistive, abs(new_d - once_d) / (1.0 + abs(new_d))) / TOLERANCE
        if not error <= 1.0 and step > 1e-9 * duration:
            step *= 0.1 if not math.isfinite(error) else max(0.1, 0.9 * error**-0.2)
            continue
        taken = step
        if new_v < -1e-13 * capacity or (pierced == math.inf and damage < 1.0 and new_d > 1.0):
            healing = new_v < -1e-13 * capacity
            low, high = 0.0, step
            for _ in range(60):
                middle = 0.5 * (low + high)
                new_v, new_d = anode_step(battery, void, damage, time + done, ionic, middle, whole)
                if (new_v < 0.0) if healing else (new_d > 1.0):
                    high = middle
                else:
                    low = middle
                if high - low < 1e-11 * duration:
                    break
            taken = high
            if healing:
                new_v = 0.0
            if damage < 1.0 and new_d >= 1.0:
                pierced = time + done + taken
        void, damage = max(new_v, 0.0), new_d
        done += taken
        step = taken * min(5.0, 0.9 * max(error, 1e-10) ** -0.2) if taken == step else duration
    tail[1], tail[3] = void, damage
    return pierced


@compiled_in_place
def _advance_at(battery: Battery, state: FloatArray, ionic: float, duration: float, out: FloatArray) -> float:
    """Advance at a constant ionic current [A]; returns how much of `duration` passed, negative if stuck.

    Less passes where the anode is empty and where a filament comes through.
    """
    n, cathode, modes = battery.modes.shape[1], battery.cathode, battery.modes
    row = battery.model.parameters[1]
    copy_values(state, out)
    conditions_at(battery.model.table, state[n + NOW], battery.at)
    temperature = battery.at[TEMPERATURE]
    tail = out[n + ANODE : n + ANODE + N_STATE]
    passed = duration
    out[n + EMPTY] = 0.0
    if ionic < 0.0:
        left = (row[RESERVOIR] * row[AREA] + tail[4]) / -ionic  # tail[4]: net charge plated
        if left < duration:
            passed = max(left, 0.0)
            out[n + EMPTY] = 1.0
    pierced = advance_anode(battery, tail, state[n + NOW], ionic, passed)
    if pierced < state[n + NOW] + passed:  # the step ends where the filament is through
        passed, out[n + EMPTY] = pierced - state[n + NOW], 0.0
        copy_values(state[n + ANODE : n + ANODE + N_STATE], tail)
        advance_anode(battery, tail, state[n + NOW], ionic, passed)
    if pierced < math.inf:
        out[n + PIERCED] = pierced
        tail[3] = -1e30  # a filament is through once
    tail[4] += ionic * passed * (cathode[PLATING_EFFICIENCY] if ionic > 0.0 else 1.0)
    if cathode[CATHODE] == DIFFUSION:
        time = cathode[DIFFUSION_TIME] * thermal_scale(cathode, temperature)
        flux = -ionic * time / (3.0 * cathode[CHARGE])
        for k in range(n):
            reduced = modes[0, k] * passed / time
            grown = math.expm1(reduced) / modes[0, k] if abs(reduced) > 1e-12 else passed / time
            out[k] = state[k] * math.exp(reduced) + modes[1, k] * flux * grown
    out[n + FILLING] -= ionic * passed / cathode[CHARGE]
    if cathode[CATHODE] == SULFUR:
        out[n + LOST] = -math.expm1(math.log1p(-state[n + LOST]) - cathode[LOSS_RATE] * passed)
    out[n + NOW] = state[n + NOW] + passed
    return passed if math.isfinite(tail[1] + tail[3]) else -1.0


@compiled_in_place
def leaking_stage(
    battery: Battery, state: FloatArray, current: float, guess: float, held: float, weight: float, duration: float,
    out: FloatArray,
) -> tuple[float, float]:  # fmt: skip
    """Advance with a leak at the ionic current weight i + (1 - weight) held, i being what flows at the end [A].

    Returns how much of `duration` passed, and i: the root of i + G V(i) - I, which rises by 1 + G R_SE or more per unit
    of i, so that a guess with its residual brackets the root.
    """
    low, high, at_low, at_high, ionic, passed = guess, guess, 0.0, 0.0, guess, duration
    side = 0
    for tries in range(200):
        passed = _advance_at(battery, state, weight * ionic + (1.0 - weight) * held, duration, out)
        leak = leak_of(battery, out)
        residual = ionic + leak * terminal_voltage(battery, out, ionic) - current
        if abs(residual) <= 1e-11 * (abs(current) + leak) or not math.isfinite(residual):
            break
        if residual > 0.0:
            at_low *= 0.5 if side > 0 else 1.0  # regula falsi, Illinois
            high, at_high, side = ionic, residual, 1
        else:
            at_high *= 0.5 if side < 0 else 1.0
            low, at_low, side = ionic, residual, -1
        if at_low == 0.0 or at_high == 0.0:
            ionic -= residual / (1.0 + leak * battery.at[ELECTROLYTE_RESISTANCE]) * 2.0 ** min(tries, 60)
            continue
        if abs(high - low) <= 4e-16 * (abs(high) + abs(low)):
            break
        ionic = (low * at_high - high * at_low) / (at_high - at_low)
        if tries % 8 == 7 or not low < ionic < high:
            ionic = 0.5 * (low + high)
    return passed, ionic


@compiled
def leaking_step(
    battery: Battery, state: FloatArray, current: float, guess: float, duration: float, out: FloatArray
) -> tuple[float, float]:
    """One step with a leak, of order 2 and L-stable; returns how much of `duration` passed and the last ionic current.

    The ionic current is constant in two stages, so that what the cathode gives the anode takes. Each is implicit:
    beyond the ends of the plateaus the leak and the cathode's small capacity settle far faster than a step lasts. The
    weights are those of the diagonally implicit Runge-Kutta method with gamma = 1 - sqrt(1/2) (Alexander 1977).
    """
    n = battery.modes.shape[1]
    middle = np.empty_like(state)
    first, held = leaking_stage(battery, state, current, guess, 0.0, 1.0, STAGE * duration, middle)
    if first < 0.0 or middle[n + EMPTY] > 0.0:
        out[:] = middle
        return first, held
    rest = (1.0 - STAGE) * duration
    second, last = leaking_stage(battery, middle, current, held, held, STAGE / (1.0 - STAGE), rest, out)
    return (first + second if second >= 0.0 else second), last


@compiled
def advance(battery: Battery, state: FloatArray, current: float, duration: float, out: FloatArray) -> float:
    """Take a step at a constant current at the terminals [A]; returns how much of `duration` passed, negative if stuck.

    Less passes where the anode is empty, where a filament comes through, and where a leak asks for shorter steps.
    """
    n = battery.modes.shape[1]
    if state[n + PIERCED] == math.inf:
        return _advance_at(battery, state, current, duration, out)
    middle, whole, step = np.empty_like(state), np.empty_like(state), duration
    guess = ionic_current(battery, state, current)
    while True:
        passed, _ = leaking_step(battery, state, current, guess, step, whole)
        first, last = leaking_step(battery, state, current, guess, 0.5 * step, middle)
        if passed < 0.0 or first < 0.0:
            return -1.0
        if middle[n + EMPTY] > 0.0:
            out[:] = middle
            return first
        second, _ = leaking_step(battery, middle, current, last, 0.5 * step, out)
        error = abs(out[n + FILLING] - whole[n + FILLING]) / (3.0 * LEAK_TOLERANCE)  # of order 2: a third of it
        if second < 0.0 or not math.isfinite(error):
            return -1.0
        if error <= 1.0 or step <= 1e-9 * duration:
            return first + second
        step *= max(0.1, 0.9 * error ** (-1.0 / 3.0))


@compiled_in_place
def voltage_under_current(battery: Battery, state: FloatArray, current: float) -> float:
    """Voltage at the terminals [V] at a current at the terminals [A]."""
    return terminal_voltage(battery, state, ionic_current(battery, state, current))


@compiled_in_place
def record(battery: Battery, state: FloatArray, current: float, samples: FloatArray, count: int, voltage: float) -> int:
    """Append one sample; returns the new count."""
    n = battery.modes.shape[1]
    conditions_at(battery.model.table, state[n + NOW], battery.at)
    row = samples[count]
    row[0], row[1], row[2] = after_the_last(samples, count, state[n + NOW]), voltage, current
    row[3], row[4], row[5] = battery.label[0], battery.label[1], battery.label[2]
    row[6], row[7] = battery.at[TEMPERATURE], battery.at[PRESSURE]
    return count + 1


@compiled_in_place
def after_the_last(samples: FloatArray, count: int, time: float) -> float:
    """`time` of a sample, never before the last one: cycles that are repeated end a rounding error late."""
    return max(time, samples[count - 1, 0]) if count > 0 else time


@compiled_in_place
def longest_step(battery: Battery, state: FloatArray, current: float) -> float:
    """Time in which a sixteenth of the theoretical charge flows through the ions [s]."""
    ionic = abs(ionic_current(battery, state, current))
    return float(0.0625 * battery.cathode[CHARGE] / max(ionic, abs(current), 1e-30))


@compiled_in_place
def beyond(battery: Battery, state: FloatArray, current: float, limit: float) -> tuple[float, bool]:
    """How far a half cycle is beyond its end (negative: before it), and whether a leak ends it.

    It ends where the voltage meets its limit [V]. A charge to a cut-off also ends where a leak takes the whole current:
    the leak only grows, so that the voltage will never be higher. A hard short ends the run and is no leak before.
    """
    ionic = ionic_current(battery, state, current) if battery.drive[SOFT_TIME] > 0.0 else current
    sign = 1.0 if current > 0.0 else -1.0
    reached = sign * (terminal_voltage(battery, state, ionic) - limit)
    if current > 0.0 and limit < OPEN_LIMIT and -ionic / current > reached:
        return -ionic / current, True
    return reached, False


@compiled
def half_cycle(
    battery: Battery, state: FloatArray, current: float, limit: float, longest: float, points: int,
    samples: FloatArray, count: int,
) -> tuple[float, bool, int, int]:  # fmt: skip
    """Run at a constant current until the voltage limit or `longest` [s]; changes `state`.

    Returns time, whether the voltage (or an empty anode) ended it, samples, and COMPLETED, SHORTED, NEVER_CHARGED (a
    leak takes the whole current) or STUCK.
    """
    n = battery.modes.shape[1]
    begin, new = state.copy(), np.empty_like(state)
    passed, ended, status, step, distance = 0.0, False, COMPLETED, 0.0, -1.0
    low, high, at_low, at_high, side, tries = 0.0, 0.0, 0.0, 0.0, 0, 0
    while True:  # the first step has no length: the voltage under current may be beyond the limit at once
        done = advance(battery, state, current, step, new)
        reached, drained = beyond(battery, new, current, limit)
        if done < 0.0 or not math.isfinite(reached):
            return passed, False, count, STUCK
        reached = min(max(reached, -1.0), 1.0)
        if tries > 0 and reached < 0.0 and done < step * (1.0 - 1e-12):  # a leak shortened the step: go on from its end
            tries = 0
        if tries == 0 and reached > 0.0 and step > 0.0:  # the limit lies within this step
            low, high, at_low, at_high, side, tries = 0.0, done, distance, reached, 0, 1
        elif tries > 0:
            tries += 1
            if reached >= 0.0:
                at_low *= 0.5 if side > 0 else 1.0
                high, at_high, side = done, reached, 1
            else:
                at_high *= 0.5 if side < 0 else 1.0
                low, at_low, side = done, reached, -1
        if tries > 0 and abs(reached) > 1e-9 and high - low > 1e-13 * high and tries < 100:
            step = (low * at_high - high * at_low) / (at_high - at_low)
            if not low < step < high:
                step = 0.5 * (low + high)
            continue
        state[:] = new
        passed += done
        distance = reached
        ended = tries > 0 or reached >= 0.0 or new[n + EMPTY] > 0.0
        if begin[n + PIERCED] == math.inf and new[n + PIERCED] < math.inf and battery.drive[SOFT_TIME] <= 0.0:
            status = SHORTED
        elif ended and drained:
            status = NEVER_CHARGED
        if ended or status == SHORTED or passed >= longest * (1.0 - 1e-14):
            break
        step = min(longest_step(battery, state, current), longest - passed)
    if points > 0:
        cut = ended and status == COMPLETED
        count = record_half_cycle(battery, begin, state, current, limit, passed, cut, points, samples, count)
    return passed, ended, count, status


@compiled
def record_half_cycle(
    battery: Battery, begin: FloatArray, end: FloatArray, current: float, limit: float, passed: float, ended: bool,
    points: int, samples: FloatArray, count: int,
) -> int:  # fmt: skip
    """Sample a half cycle again, closest at its ends; the last point is the state in which it ended.

    The instrument holds no voltage beyond the limit, also where the current alone is too much from the first moment on.
    """
    here, new = begin.copy(), np.empty_like(begin)
    sign = 1.0 if current > 0.0 else -1.0
    done = 0.0
    for k in range(points - 1):
        moment = 0.5 * passed * (1.0 - math.cos(math.pi * k / (points - 1)))
        while moment - done > 1e-9 * passed:
            step = min(moment - done, longest_step(battery, here, current))
            taken = advance(battery, here, current, step, new)
            if taken <= 0.0:
                break
            here[:] = new
            done += taken
        voltage = voltage_under_current(battery, here, current)
        count = record(battery, here, current, samples, count, sign * min(sign * voltage, sign * limit))
    voltage = limit if ended else voltage_under_current(battery, end, current)
    return record(battery, end, current, samples, count, voltage)


@compiled
def rest(
    battery: Battery, state: FloatArray, duration: float, points: int, samples: FloatArray, count: int
) -> tuple[int, int]:
    """Open circuit; returns samples and COMPLETED or STUCK."""
    new = np.empty_like(state)
    pieces = max(points - 1, 1)
    if points > 0:
        count = record(battery, state, 0.0, samples, count, voltage_under_current(battery, state, 0.0))
    for _ in range(pieces):
        left = duration / pieces
        while left > 1e-9 * duration:
            taken = advance(battery, state, 0.0, min(left, longest_step(battery, state, 0.0)), new)
            if taken < 0.0:
                return count, STUCK
            state[:] = new
            left -= taken
            if new[battery.modes.shape[1] + EMPTY] > 0.0:  # no sodium is left to flow through a filament
                left -= _advance_at(battery, state, 0.0, left, new)
                state[:] = new
        if points > 0:
            voltage = voltage_under_current(battery, state, 0.0)
            if not math.isfinite(voltage):
                return count, STUCK
            count = record(battery, state, 0.0, samples, count, voltage)
    return count, COMPLETED


@compiled
def one_cycle(
    battery: Battery, state: FloatArray, block: FloatArray, halves: int, points: int, samples: FloatArray, count: int
) -> tuple[int, int]:
    """Half cycles and the rests after them; returns samples and how it ended."""
    cathode = battery.cathode
    for side in range(halves):
        charging = (side == 0) != (block[DISCHARGE_FIRST] > 0.0)
        current = block[CURRENT] if charging else -block[CURRENT]
        limit = block[UPPER] if charging else block[LOWER]
        longest = min(block[LONGEST_CHARGE], block[CAPACITY]) / block[CURRENT]
        battery.label[2] += 1
        passed, ended, count, status = half_cycle(battery, state, current, limit, longest, points, samples, count)
        if status != COMPLETED:
            return count, status
        if charging and not ended and block[CAPACITY] > block[LONGEST_CHARGE]:
            return count, NEVER_CHARGED
        if not charging and passed * block[CURRENT] < NO_CAPACITY * cathode[CHARGE]:
            return count, POLARISED
        if block[PAUSE] > 0.0:
            count, status = rest(battery, state, block[PAUSE], min(points, 3), samples, count)
            if status != COMPLETED:
                return count, status
    return count, COMPLETED


@compiled
def many_cycles(
    battery: Battery, state: FloatArray, block: FloatArray, points: int, samples: FloatArray, count: int
) -> tuple[int, int]:
    """Run the cycles of a block; a cycle that ends where it began repeats until its wear changes something."""
    label, cycles = battery.label, int(block[CYCLES])
    former, former_half, held = state.copy(), label[2], np.zeros(3)
    first, last = 0, 0  # samples of the last cycle that was integrated and recorded
    for c in range(cycles):
        keep = is_recorded(c, cycles, block[LOGARITHMIC] > 0)
        halves = 1 if block[HALF] > 0.0 and c == cycles - 1 else 2
        if c > 1 and halves == 2 and (not keep or last > first) and repeats(battery, former, state):
            if keep:
                later = state[battery.modes.shape[1] + NOW] - held[2]
                count = copy_cycle(samples, first, last, count, later, label[0] + 1 - held[0], label[2] - held[1])
            repeat_cycle(battery, former, state)
            label[0] += 1
            label[2] += 2
            continue
        former[:], former_half = state, label[2]
        label[0] += 1
        began = count
        count, status = one_cycle(battery, state, block, halves, points if keep else 0, samples, count)
        if status != COMPLETED and not keep:  # the cycle that failed must be on record: run it again
            state[:], label[2] = former, former_half
            count, status = one_cycle(battery, state, block, halves, points, samples, count)
        if status == STUCK:
            state[:] = former
        if status != COMPLETED:
            return count, status
        first, last = began, count
        held[0], held[1], held[2] = label[0], former_half, former[battery.modes.shape[1] + NOW]
    return count, COMPLETED


@compiled_in_place
def repeats(battery: Battery, former: FloatArray, state: FloatArray) -> bool:
    """Whether a cycle ended in the state in which it began and the next one will, too.

    Time, damage and the sodium that does not come back go on; the film must not grow, and two more cycles must neither
    pierce the electrolyte nor empty the anode.
    """
    n = battery.modes.shape[1]
    row = battery.model.parameters[1]
    if battery.model.table.shape[0] > 1 or row[FILM_LAW] != 0 or state[n + PIERCED] < math.inf:
        return False
    scale = 1.0
    for k in range(n):
        scale = max(scale, 1.0 + abs(state[k]))
    for k in range(n):
        if abs(state[k] - former[k]) > SAME * scale:
            return False
    void, damage, charge = n + ANODE + 1, n + ANODE + 3, n + ANODE + 4
    if abs(state[void] - former[void]) > SAME * row[VOID_CAPACITY]:
        return False
    if abs(state[n + FILLING] - former[n + FILLING]) > SAME or state[n + LOST] != former[n + LOST]:
        return False
    if state[damage] + 3.0 * (state[damage] - former[damage]) >= 1.0 or state[n + EMPTY] > 0.0:
        return False
    drawn = battery.cathode[CHARGE] - (state[charge] + 3.0 * (state[charge] - former[charge]))
    return bool(drawn < row[RESERVOIR] * row[AREA])


@compiled_in_place
def repeat_cycle(battery: Battery, former: FloatArray, state: FloatArray) -> None:
    """Advance time, damage and net charge by what the last cycle added."""
    n = battery.modes.shape[1]
    for k in (n + NOW, n + ANODE + 3, n + ANODE + 4):
        added = state[k] - former[k]
        former[k] = state[k]
        state[k] += added


@compiled_in_place
def copy_cycle(
    samples: FloatArray, first: int, last: int, count: int, later: float, cycles: float, half_cycles: float
) -> int:
    """Repeat the samples of an integrated cycle, some cycles later; returns the new count."""
    for k in range(first, last):
        copy_values(samples[k], samples[count])
        samples[count, 0] = after_the_last(samples, count, samples[k, 0] + later)
        samples[count, 3] += cycles
        samples[count, 5] += half_cycles
        count += 1
    return count


@compiled
def reach(
    battery: Battery, state: FloatArray, block: FloatArray, points: int, samples: FloatArray, count: int
) -> tuple[int, int]:
    """Charge or discharge to a filling of the cathode; returns samples and COMPLETED, NOT_REACHED, SHORTED or STUCK.

    A leak takes part of what flows, so that what is missing is sent after it.
    """
    place = battery.modes.shape[1] + FILLING
    for _ in range(TRIES):
        missing = (block[TARGET] - state[place]) * battery.cathode[CHARGE]
        if abs(missing) < 1e-9 * battery.cathode[CHARGE]:
            return count, COMPLETED
        current = -block[CURRENT] if missing > 0.0 else block[CURRENT]
        limit = OPEN_LIMIT if current > 0.0 else -OPEN_LIMIT
        battery.label[2] += 1
        longest = abs(missing) / block[CURRENT]
        _, ended, count, status = half_cycle(battery, state, current, limit, longest, points, samples, count)
        if status != COMPLETED:
            return count, status
        if ended:
            break
    return count, NOT_REACHED


@compiled
def stay(
    battery: Battery, state: FloatArray, block: FloatArray, points: int, samples: FloatArray, count: int
) -> tuple[int, int]:
    """Rest, or hold the current of a spectrum, for the block's duration; returns samples and how it ended."""
    battery.label[2] += 1
    current = block[CURRENT]
    if current == 0.0:
        return rest(battery, state, block[DURATION], points, samples, count)
    limit = OPEN_LIMIT if current > 0.0 else -OPEN_LIMIT
    _, _, count, status = half_cycle(battery, state, current, limit, block[DURATION], points, samples, count)
    return count, status


@compiled
def run(
    battery: Battery, state: FloatArray, blocks: FloatArray, samples: FloatArray, snapshots: FloatArray
) -> tuple[int, int, int]:
    """Run a programme; returns samples, snapshots and how it ended. `state` and the label are changed in place."""
    count, taken, label = 0, 0, battery.label
    for b in range(blocks.shape[0]):
        block = blocks[b]
        label[1] = block[STEP]
        points = int(block[POINTS])
        if block[KIND] == CYCLE:
            count, status = many_cycles(battery, state, block, points, samples, count)
            if status != COMPLETED:
                return count, taken, status
        elif block[KIND] == REACH:
            count, status = reach(battery, state, block, points, samples, count)
            if status != COMPLETED:
                return count, taken, status
        else:
            if block[KIND] == SNAPSHOT:
                snapshots[taken] = state
                taken += 1
            count, status = stay(battery, state, block, points, samples, count)
            if status != COMPLETED:
                return count, taken, status
    return count, taken, COMPLETED


@compiled_in_place
def contact_left(battery: Battery, state: FloatArray) -> float:
    """Contact of the anode over that of the fresh one."""
    n = battery.modes.shape[1]
    return float(loss_factor(battery.model.parameters[1], state[n + ANODE + 1]))


def new_battery(model: Model, cathode: FloatArray, modes: FloatArray, soft_time: float, label: FloatArray) -> Battery:
    """A battery with the arrays that every step overwrites."""
    drive = np.zeros(N_DRIVE)
    drive[PIERCED_AT], drive[SOFT_TIME] = np.inf, soft_time
    aside = np.zeros(modes.shape[1] + N_TAIL)
    return Battery(model, cathode, modes, drive, label, np.zeros(N_CONDITIONS), aside)
