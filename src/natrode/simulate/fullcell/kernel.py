"""A full cell run half cycle by half cycle, in compiled loops; a half cycle ends where the voltage meets its cut-off.

`layout` says how the cell lies in arrays, `voltages` what its voltage is, `stepping` how its state advances.
"""

import math

import numpy as np

from natrode.compiled import compiled, compiled_in_place
from natrode.simulate.fullcell.layout import (
    ANODE,
    CAPACITY,
    CHARGE,
    COMPLETED,
    CURRENT,
    CYCLE,
    CYCLES,
    DISCHARGE_FIRST,
    DURATION,
    EMPTY,
    FILLING,
    HALF,
    KIND,
    LOGARITHMIC,
    LONGEST_CHARGE,
    LOST,
    LOWER,
    NEVER_CHARGED,
    NOT_REACHED,
    NOW,
    OPEN_LIMIT,
    PAUSE,
    PIERCED,
    POINTS,
    POLARISED,
    REACH,
    SHORTED,
    SNAPSHOT,
    STEP,
    STUCK,
    TARGET,
    UPPER,
    Battery,
    FloatArray,
)
from natrode.simulate.fullcell.stepping import _advance_at, advance, ionic_current, longest_step, voltage_under_current
from natrode.simulate.fullcell.voltages import terminal_voltage
from natrode.simulate.integrator import is_recorded
from natrode.simulate.kernel import (
    AREA,
    FILM_LAW,
    PRESSURE,
    RESERVOIR,
    SOFT_TIME,
    TEMPERATURE,
    VOID_CAPACITY,
    conditions_at,
    copy_values,
)

TRIES = 20
"""Times that a cell is sent after a state of charge before it counts as not reached."""
NO_CAPACITY = 1e-3
"""Part of the theoretical charge below which a discharge counts as none."""
SAME = 1e-12
"""Change of a state over a cycle below which the cycle is taken to repeat; over 10 000 cycles it cannot exceed 1e-8."""


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
        copy_values(new, state)
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
            copy_values(new, here)
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
            copy_values(new, state)
            left -= taken
            if new[battery.modes.shape[1] + EMPTY] > 0.0:  # no sodium is left to flow through a filament
                left -= _advance_at(battery, state, 0.0, left, new)
                copy_values(new, state)
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
        copy_values(state, former)
        former_half = label[2]
        label[0] += 1
        began = count
        count, status = one_cycle(battery, state, block, halves, points if keep else 0, samples, count)
        if status != COMPLETED and not keep:  # the cycle that failed must be on record: run it again
            copy_values(former, state)
            label[2] = former_half
            count, status = one_cycle(battery, state, block, halves, points, samples, count)
        if status == STUCK:
            copy_values(former, state)
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
                copy_values(state, snapshots[taken])
                taken += 1
            count, status = stay(battery, state, block, points, samples, count)
            if status != COMPLETED:
                return count, taken, status
    return count, taken, COMPLETED
