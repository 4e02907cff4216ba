"""Steps of a full cell at a constant current, with a leak through a filament or without.

At constant ionic current the diffusion in the particles is linear: its modes (eigenvectors of the operator that
PyBaMM's finite volumes make, see `nvp_model`) advance in closed form over any time. The anode's voids and damage follow
the rates of the symmetric cell's kernel in error-controlled steps.
"""

import math

import numpy as np

from natrode.compiled import compiled, compiled_in_place
from natrode.physics import fracture, protrusion
from natrode.simulate.fullcell.layout import (
    ANODE,
    BUTLER_VOLMER_ANODE,
    CATHODE,
    CHARGE,
    DIFFUSION,
    DIFFUSION_TIME,
    EMPTY,
    FILLING,
    LOSS_RATE,
    LOST,
    NOW,
    PIERCED,
    PLATING_EFFICIENCY,
    SULFUR,
    Battery,
    FloatArray,
)
from natrode.simulate.fullcell.voltages import terminal_voltage, thermal_scale
from natrode.simulate.kernel import (
    AREA,
    AREA_RATIO,
    CONTACT_SHAPE,
    CRACK_OVERPOTENTIAL,
    DAMAGE_EXPONENT,
    DAMAGE_TIME,
    ELECTROLYTE_RESISTANCE,
    N_STATE,
    PIERCED_AT,
    PROTRUSION_CHARGE,
    RESERVOIR,
    TEMPERATURE,
    VOID_CAPACITY,
    conditions_at,
    copy_values,
    interface_overpotential,
    leak_conductance,
    loss_factor,
    void_rate,
)

_damage_rate = compiled(fracture.damage_rate)
_protrusion_rate = compiled(protrusion.protrusion_growth_rate)
TOLERANCE = 1e-8
LEAK_TOLERANCE = 1e-7
"""Error of the cathode's filling that a step with a leak may make."""
STAGE = 1.0 - math.sqrt(0.5)
"""Part of a step with a leak that its first stage takes."""


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
        copy_values(middle, out)
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
            copy_values(middle, out)
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
def longest_step(battery: Battery, state: FloatArray, current: float) -> float:
    """Time in which a sixteenth of the theoretical charge flows through the ions [s]."""
    ionic = abs(ionic_current(battery, state, current))
    return float(0.0625 * battery.cathode[CHARGE] / max(ionic, abs(current), 1e-30))
