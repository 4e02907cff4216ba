"""Integration of a symmetric cell through a programme of blocks, from event to event.

Steps come from the error estimate of the Dormand-Prince pair of order 5(4), samples from its continuous extension,
so that what is recorded never changes the course. An event (contact whole again, replenishment overtaken, filament
through, voltage limit, reservoir empty) ends a step exactly: the step is repeated with the length at which the
event's function is zero.

Source of the pair and its continuous extension: Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I
(2nd ed., 1993), II.5 and II.6.
"""

import math
from typing import NamedTuple

import numpy as np

from natrode.compiled import compiled, compiled_in_place
from natrode.simulate.kernel import (
    AREA,
    AT_VOLTAGE_LIMIT,
    BUTLER_VOLMER,
    BY_VOLTAGE,
    COMPLETED,
    CONTACT_SHAPE,
    CYCLES,
    CYCLING,
    DURATION,
    ELECTROLYTE_RESISTANCE,
    FILM_LAW,
    KIND,
    LEAST_FACTOR,
    LEVEL,
    LIMIT,
    LOGARITHMIC,
    N_CONDITIONS,
    N_DRIVE,
    N_STATE,
    PAUSE,
    PIERCED_AT,
    POINTS,
    POTENTIAL,
    PRESSURE,
    RESERVOIR,
    RESERVOIR_EMPTY,
    RISE,
    SHORTED,
    SINCE,
    SLOPE,
    SNAPSHOT,
    SNAPSHOT_EVERY,
    SOFT_TIME,
    START,
    STEP,
    STUCK,
    TEMPERATURE,
    TIME,
    VOID_CAPACITY,
    VOLTAGE_LIMIT,
    BoolArray,
    FloatArray,
    IntArray,
    cell_voltage,
    conditions_at,
    copy_values,
    ionic_current,
    leak_conductance,
    rates,
    void_rate,
)

NO_EVENT, HEALED, OVERTAKEN, PIERCED, STOPPED, EMPTY = 0, 1, 2, 3, 4, 5
NOW, STEPS, EVENTS, AT_REST, FORWARD, BACKWARD, N_CLOCK = range(7)
"""Time, counts, and the length that a first step of a rest, a forward and a backward current is to try; 0: none yet."""
TOLERANCE = 1e-8
WHOLE = 1e-12
SAME = 1e-14
"""Change of v/h over a cycle below which the cycle is taken to repeat; over a million cycles it cannot exceed 1e-8."""


class Model(NamedTuple):
    """What does not change during a run: parameters of both electrodes and the table of conditions."""

    parameters: FloatArray
    table: FloatArray


class Scratch(NamedTuple):
    """Arrays that every step overwrites."""

    stages: FloatArray
    work: FloatArray
    at: FloatArray
    new: FloatArray
    guess: FloatArray
    following: FloatArray
    whole: BoolArray


class Output(NamedTuple):
    """Where samples and snapshots go, and how many there are."""

    samples: FloatArray
    snapshots: FloatArray
    counts: IntArray


_C = np.array([0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0])
_A = np.zeros((7, 6))
_A[1, :1] = [1 / 5]
_A[2, :2] = [3 / 40, 9 / 40]
_A[3, :3] = [44 / 45, -56 / 15, 32 / 9]
_A[4, :4] = [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729]
_A[5, :5] = [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656]
_A[6, :6] = [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]
_E = np.array([71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])
_D = np.array(
    [
        -12715105075 / 11282082432,
        0.0,
        87487479700 / 32700410799,
        -10690763975 / 1880347072,
        701980252875 / 199316789632,
        -1453857185 / 822651844,
        69997945 / 29380423,
    ]
)


@compiled_in_place
def electrode_density(model: Model, k: int, current: float) -> float:
    """Current density of electrode `k` [A/m2], positive where it is stripped."""
    return float(current / model.parameters[k, AREA] if k == 0 else -current / model.parameters[k, AREA])


@compiled_in_place
def current_at(model: Model, state: FloatArray, drive: FloatArray, time: float, at: FloatArray) -> float:
    """Ionic current [A] at `time`; fills `at` with the conditions of that moment."""
    conditions_at(model.table, time, at)
    leak = leak_conductance(drive, time, at[ELECTROLYTE_RESISTANCE])
    return ionic_current(model.parameters, at, state, drive, time, leak)


@compiled_in_place
def first_stage(
    model: Model, state: FloatArray, drive: FloatArray, start: float, current: float, scratch: Scratch
) -> None:
    """Rates at the start of a step, which hold for every length that is tried; `at` has the conditions there."""
    rates(
        model.parameters, scratch.at, state, drive[SINCE] + start, current, drive[BUTLER_VOLMER], scratch.whole,
        scratch.stages[0],
    )  # fmt: skip


@compiled_in_place
def resistance_weight(electrode: FloatArray, void: float) -> float:
    """Change of ln R per void thickness [1/m], what an error of the voids counts by: w^mu/h = 1/(h - mu v)."""
    shape, capacity = electrode[CONTACT_SHAPE], electrode[VOID_CAPACITY]
    left = 1.0 - shape * max(void, 0.0) / capacity
    if left < 1e-3:
        left = max(left, LEAST_FACTOR**shape)
    return float(1.0 / (left * capacity))


@compiled_in_place
def trial_step(
    model: Model, state: FloatArray, drive: FloatArray, start: float, length: float, scratch: Scratch
) -> float:
    """One step of the pair, from `start` after the drive's; fills `new` and `stages` but the first, which is there.

    Returns the error over the tolerance.
    """
    stages, work, at, new = scratch.stages, scratch.work, scratch.at, scratch.new
    for j in range(1, 7):
        time = drive[SINCE] + (start + _C[j] * length)
        for n in range(N_STATE):
            total = 0.0
            for m in range(j):
                total += _A[j, m] * stages[m, n]
            work[n] = state[n] + length * total
        if model.table.shape[0] > 1:
            conditions_at(model.table, time, at)
        leak = leak_conductance(drive, time, at[ELECTROLYTE_RESISTANCE])
        current = ionic_current(model.parameters, at, work, drive, time, leak)
        rates(model.parameters, at, work, time, current, drive[BUTLER_VOLMER], scratch.whole, stages[j])
    error = 0.0
    for n in range(4):
        new[n] = work[n]
        estimate = 0.0
        for j in range(7):
            estimate += _E[j] * stages[j, n]
        weight = 1.0 / (1.0 + abs(work[n]))
        if n < 2:
            weight = resistance_weight(model.parameters[n], work[n])
        error = max(error, abs(estimate * length) * weight / TOLERANCE)
    new[4] = work[4]
    if not math.isfinite(error + new[0] + new[1] + new[2] + new[3]):
        return math.inf
    return error


@compiled_in_place
def interpolate(state: FloatArray, scratch: Scratch, length: float, part: float, out: FloatArray, floor: bool) -> None:
    """Continuous extension of the pair, of order 4, at a part (0 to 1) of the last step."""
    stages, new = scratch.stages, scratch.new
    left = 1.0 - part
    for n in range(N_STATE):
        difference = new[n] - state[n]
        first = length * stages[0, n] - difference
        second = difference - length * stages[6, n] - first
        third = 0.0
        for j in range(7):
            third += _D[j] * stages[j, n]
        out[n] = state[n] + part * (difference + left * (first + part * (second + left * length * third)))
    if floor:
        for k in range(2):
            out[k] = max(out[k], 0.0)


@compiled_in_place
def event_value(
    kind: int, k: int, model: Model, state: FloatArray, drive: FloatArray, local: float, at: FloatArray
) -> float:
    """Function of the state that rises through zero where the event happens, `local` after the drive's start."""
    if kind == HEALED:
        return float(-state[k] / model.parameters[k, VOID_CAPACITY] - WHOLE)
    if kind == PIERCED:
        return float(state[2 + k] - 1.0)
    if kind == EMPTY:
        stripped = state[4] if k == 0 else -state[4]
        row = model.parameters[k]
        return float(stripped / row[AREA] / row[RESERVOIR] - 1.0)
    time = drive[SINCE] + local
    current = current_at(model, state, drive, time, at)
    if kind == OVERTAKEN:
        row = model.parameters[k]
        return float(void_rate(row, at, k, 1.0, electrode_density(model, k, current)) / row[VOID_CAPACITY] - WHOLE)
    voltage = cell_voltage(model.parameters, at, state, time, current, drive[BUTLER_VOLMER])
    return math.log(max(abs(voltage), 1e-300) / drive[LIMIT])


@compiled_in_place
def can_happen(kind: int, k: int, state: FloatArray, drive: FloatArray, whole: BoolArray) -> bool:
    """Whether an event is to be looked for in this step."""
    if kind == HEALED:
        return not whole[k] and state[k] >= 0.0
    if kind == OVERTAKEN:
        return bool(whole[k])
    if kind == PIERCED:
        return bool(drive[PIERCED_AT] == math.inf)
    if kind == STOPPED:
        return k == 0 and drive[BY_VOLTAGE] == 0.0 and drive[LIMIT] < math.inf
    return True


@compiled_in_place
def locate(
    kind: int, k: int, model: Model, state: FloatArray, drive: FloatArray, start: float, length: float, scratch: Scratch
) -> float:
    """Length of the step at whose end the event's function is zero.

    The root on the continuous extension is the first guess; repeated steps and the Illinois method make it exact.
    """
    at = scratch.at
    begin = min(event_value(kind, k, model, state, drive, start, at), -1e-300)
    reached = event_value(kind, k, model, scratch.new, drive, start + length, at)
    low, high, at_low, at_high = 0.0, length, begin, reached
    middle, side = length, 0
    for _ in range(100):
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        interpolate(state, scratch, length, middle / length, scratch.guess, False)
        value = event_value(kind, k, model, scratch.guess, drive, start + middle, at)
        if abs(value) <= 1e-13 * reached or high - low <= 1e-13 * length:
            break
        if value >= 0.0:
            at_low *= 0.5 if side > 0 else 1.0
            high, at_high, side = middle, value, 1
        else:
            at_high *= 0.5 if side < 0 else 1.0
            low, at_low, side = middle, value, -1
    slope = (at_high - at_low) / max(high - low, 1e-300)
    low, high, at_low, at_high, side = 0.0, length, begin, reached, 0
    for attempt in range(100):
        trial_step(model, state, drive, start, middle, scratch)
        value = event_value(kind, k, model, scratch.new, drive, start + middle, at)
        if value >= 0.0:
            at_low *= 0.5 if side > 0 else 1.0
            high, at_high, side = middle, value, 1
        else:
            at_high *= 0.5 if side < 0 else 1.0
            low, at_low, side = middle, value, -1
        following = middle - value / slope if attempt < 3 else (low * at_high - high * at_low) / (at_high - at_low)
        if abs(following - middle) <= 1e-12 * length or high - low <= 1e-13 * length:
            break
        middle = following if low < following < high else 0.5 * (low + high)
    return middle


@compiled_in_place
def record(
    model: Model, state: FloatArray, drive: FloatArray, time: float, at: FloatArray, output: Output, label: FloatArray
) -> None:
    """Append one sample; `label` is (cycle, step, half-cycle count)."""
    current = current_at(model, state, drive, time, at)
    leak = leak_conductance(drive, time, at[ELECTROLYTE_RESISTANCE])
    voltage = cell_voltage(model.parameters, at, state, time, current, drive[BUTLER_VOLMER])
    row = output.samples[output.counts[0]]
    row[0] = time
    row[1] = voltage
    row[2] = current + leak * voltage
    row[3], row[4], row[5] = label[0], label[1], label[2]
    row[6] = at[TEMPERATURE]
    row[7] = at[PRESSURE]
    output.counts[0] += 1


@compiled_in_place
def take_snapshot(
    model: Model, state: FloatArray, drive: FloatArray, time: float, at: FloatArray, output: Output, step: float
) -> None:
    """Keep what a spectrum at this moment needs."""
    conditions_at(model.table, time, at)
    row = output.snapshots[output.counts[1]]
    row[0] = time
    row[1] = drive[START] + drive[RISE] * (time - drive[SINCE])
    row[2] = state[0]
    row[3] = state[1]
    row[4] = state[4]
    row[5] = leak_conductance(drive, time, at[ELECTROLYTE_RESISTANCE])
    if drive[BY_VOLTAGE] > 0.0:  # the current that this voltage drives, the leak's included
        row[1] = row[5] * row[1] + ionic_current(model.parameters, at, state, drive, time, row[5])
    row[6] = step
    output.counts[1] += 1


@compiled_in_place
def accepted_length(
    model: Model,
    state: FloatArray,
    drive: FloatArray,
    start: float,
    longest: float,
    clock: FloatArray,
    scratch: Scratch,
) -> tuple[float, float]:
    """Take a step within the tolerance; returns its length (0 when none is small enough) and the next to try."""
    length = longest
    while True:
        error = trial_step(model, state, drive, start, length, scratch)
        clock[STEPS] += 1
        if error <= 1.0:
            return length, length * min(5.0, 0.9 * max(error, 1e-10) ** -0.2)
        length *= 0.1 if not math.isfinite(error) else max(0.2, 0.9 * error**-0.2)
        if start + length == start or length < 1e-15:
            return 0.0, 0.0


@compiled_in_place
def sample_step(
    model: Model, state: FloatArray, drive: FloatArray, start: float, length: float, until: float, last: bool,
    spacing: float, duration: float, following: FloatArray, scratch: Scratch, output: Output, label: FloatArray,
) -> None:  # fmt: skip
    """Record what falls into a step; following: next sample, its number, next snapshot, spacing of these, origin."""
    while following[0] <= until or (last and following[0] < math.inf):
        moment = min(following[0], until)
        part = (moment - start) / length if length > 0.0 else 1.0
        interpolate(state, scratch, length, part, scratch.work, True)
        record(model, scratch.work, drive, drive[SINCE] + moment, scratch.at, output, label)
        if moment >= until and last:
            break
        following[1] += 1
        following[0] = following[4] + following[1] * spacing
        if following[0] > duration - 1e-6 * spacing:
            following[0] = duration
    while following[2] <= until and output.counts[1] < output.snapshots.shape[0]:
        part = (following[2] - start) / length if length > 0.0 else 1.0
        interpolate(state, scratch, length, part, scratch.guess, True)
        take_snapshot(model, scratch.guess, drive, drive[SINCE] + following[2], scratch.at, output, label[1])
        following[2] += following[3]


@compiled_in_place
def stretch(
    model: Model, state: FloatArray, clock: FloatArray, drive: FloatArray, duration: float, points: int,
    interval: float, snapshot_every: float, scratch: Scratch, output: Output, label: FloatArray,
) -> int:  # fmt: skip
    """Run one stretch of constant or linearly changing current or voltage; returns how it ended.

    points: samples on this stretch (0: none); interval > 0 [s] replaces the count. `state`, `clock` and the filament
    in `drive` are changed in place.
    """
    drive[SINCE] = clock[NOW]
    spacing = interval if interval > 0.0 else duration / max(points - 1, 1)
    following = scratch.following
    following[0] = min(1e-3, 1e-3 * duration) if points > 0 else math.inf
    following[2] = 0.0 if snapshot_every > 0.0 else math.inf
    following[1], following[3], following[4] = 0.0, snapshot_every, 0.0
    direction = AT_REST if drive[START] == 0.0 else (FORWARD if drive[START] > 0.0 else BACKWARD)
    status, node, trying = COMPLETED, 0, clock[direction] if clock[direction] > 0.0 else duration
    local = 0.0  # since the start of this stretch, so that equal half cycles are equal to the last bit
    while local < duration:
        current = current_at(model, state, drive, drive[SINCE] + local, scratch.at)
        for k in range(2):
            rate = void_rate(model.parameters[k], scratch.at, k, 1.0, electrode_density(model, k, current))
            scratch.whole[k] = state[k] <= 0.0 and rate <= 0.0
        first_stage(model, state, drive, local, current, scratch)
        stop = duration
        while node < model.table.shape[0] and model.table[node, TIME] <= drive[SINCE] + local:
            node += 1
        if node < model.table.shape[0]:
            stop = min(stop, max(model.table[node, TIME] - drive[SINCE], local * (1.0 + 4e-16)))
        longest = min(stop - local, trying)
        length, trying = accepted_length(model, state, drive, local, longest, clock, scratch)
        if length == 0.0:
            return STUCK
        if local == 0.0 and length < longest:
            clock[direction] = length
        elif local == 0.0 and length < stop and trying > 2.0 * length:  # in leaps: cycles that repeat keep their steps
            clock[direction] = 2.0 * length
        happened, who = NO_EVENT, 0
        for kind in range(HEALED, EMPTY + 1):
            for k in range(2):
                if not can_happen(kind, k, state, drive, scratch.whole):
                    continue
                if event_value(kind, k, model, scratch.new, drive, local + length, scratch.at) > 0.0:
                    length = locate(kind, k, model, state, drive, local, length, scratch)
                    happened, who = kind, k
        stopped = happened in (STOPPED, EMPTY)
        until = local + length
        if until >= duration * (1.0 - 1e-15) and not stopped:
            until = duration
        sample_step(
            model, state, drive, local, length, until, stopped or until >= duration, spacing, duration, following,
            scratch, output, label,
        )  # fmt: skip
        for n in range(N_STATE):
            state[n] = scratch.new[n] if n >= 2 else max(scratch.new[n], 0.0)
        local = until
        clock[NOW] = drive[SINCE] + until
        if happened != NO_EVENT:
            clock[EVENTS] += 1
        if happened == HEALED:
            state[who] = 0.0
        if happened == PIERCED:
            drive[PIERCED_AT] = clock[NOW]
            trying = duration
            if drive[SOFT_TIME] <= 0.0:
                status = SHORTED
                if points > 0 and local < duration:  # the collapse must be on record, however late it comes
                    spacing = (duration - local) / 3.0
                    following[0], following[1], following[4] = local + 1e-3 * spacing, 0.0, local
        if stopped:
            if happened == EMPTY and points > 0:
                output.samples[output.counts[0] - 1, 1] = math.copysign(drive[LIMIT], drive[START])
            if status == SHORTED:
                return SHORTED
            return AT_VOLTAGE_LIMIT if happened == STOPPED else RESERVOIR_EMPTY
    return status


@compiled
def is_recorded(cycle: int, cycles: int, logarithmic: bool) -> bool:
    """Whether a cycle (from 0) of a block goes into the record: all, or ten, then forty per decade, and the last."""
    if not logarithmic or cycle < 10 or cycle == cycles - 1:
        return True
    return math.floor(40.0 * math.log10(cycle + 1.0)) > math.floor(40.0 * math.log10(float(cycle)))


@compiled_in_place
def one_cycle(
    model: Model, state: FloatArray, clock: FloatArray, drive: FloatArray, block: FloatArray, keep: bool,
    interval: float, scratch: Scratch, output: Output, label: FloatArray,
) -> int:  # fmt: skip
    """Run both half cycles of a cycle and the pauses after them; returns how it ended."""
    points = int(block[POINTS]) if keep else 0
    for side in range(2):
        label[2] += 1
        drive[START] = block[LEVEL] if side == 0 else -block[LEVEL]
        status = stretch(model, state, clock, drive, block[DURATION], points, interval, 0.0, scratch, output, label)
        if status == COMPLETED and block[PAUSE] > 0.0:
            drive[START] = 0.0
            few = min(points, 3)
            status = stretch(model, state, clock, drive, block[PAUSE], few, 0.0, 0.0, scratch, output, label)
        if status != COMPLETED:
            return status
    return COMPLETED


@compiled_in_place
def repeat_cycle(state: FloatArray, clock: FloatArray, former_state: FloatArray, former_clock: FloatArray) -> None:
    """Advance damage, charge and time by what the last cycle added; the contacts stay as they are."""
    for n in range(2, N_STATE):
        added = state[n] - former_state[n]
        former_state[n] = state[n]
        state[n] += added
    lasted = clock[NOW] - former_clock[NOW]
    former_clock[NOW] = clock[NOW]
    clock[NOW] += lasted


@compiled_in_place
def copy_cycle(output: Output, template: IntArray, later: float, cycles: int) -> None:
    """Repeat the samples of the last integrated cycle, some cycles later."""
    for n in range(template[0], template[1]):
        row = output.samples[output.counts[0]]
        copy_values(output.samples[n], row)
        row[0] += later
        row[3] += cycles
        row[5] += 2 * cycles
        output.counts[0] += 1


@compiled
def many_cycles(
    model: Model, state: FloatArray, clock: FloatArray, drive: FloatArray, block: FloatArray, interval: float,
    scratch: Scratch, output: Output, label: FloatArray,
) -> int:  # fmt: skip
    """Run the cycles of a block; a cycle that ends where it began repeats until its damage pierces."""
    cycles = int(block[CYCLES])
    former_state, former_clock, former_counts = state.copy(), clock.copy(), output.counts.copy()
    template, template_time = np.zeros(3, np.int64), 0.0  # samples and number of the last cycle that was integrated
    steady = model.table.shape[0] == 1 and model.parameters[0, FILM_LAW] == 0 and model.parameters[1, FILM_LAW] == 0
    for c in range(cycles):
        keep = is_recorded(c, cycles, block[LOGARITHMIC] > 0)
        same = True
        for k in range(2):
            same = same and abs(state[k] - former_state[k]) < SAME * model.parameters[k, VOID_CAPACITY]
        if steady and c > 1 and same and drive[PIERCED_AT] == math.inf and (not keep or template[1] > template[0]):
            wear = max(state[2] - former_state[2], state[3] - former_state[3])
            if max(state[2], state[3]) + 2.0 * wear < 1.0 and not near_empty(model, state, former_state):
                if keep:
                    copy_cycle(output, template, clock[NOW] - template_time, int(label[0]) + 1 - template[2])
                repeat_cycle(state, clock, former_state, former_clock)
                label[0] += 1
                label[2] += 2
                continue
        copy_values(state, former_state)
        copy_values(clock, former_clock)
        copy_values(output.counts, former_counts)
        half_cycle, pierced_at = label[2], drive[PIERCED_AT]
        label[0] += 1
        status = one_cycle(model, state, clock, drive, block, keep, interval, scratch, output, label)
        if status != COMPLETED and not keep:  # the cycle that failed must be on record: run it again
            copy_values(former_state, state)
            copy_values(former_clock, clock)
            copy_values(former_counts, output.counts)
            label[2], drive[PIERCED_AT] = half_cycle, pierced_at
            status = one_cycle(model, state, clock, drive, block, True, interval, scratch, output, label)
        template[0], template[1], template[2] = former_counts[0], output.counts[0], int(label[0])
        template_time = former_clock[NOW]
        if status != COMPLETED:
            return status
    return COMPLETED


@compiled_in_place
def near_empty(model: Model, state: FloatArray, former: FloatArray) -> bool:
    """Whether the net charge that a cycle moves would empty a reservoir within two more cycles."""
    moved = state[4] - former[4]
    for k in range(2):
        row = model.parameters[k]
        stripped = state[4] + 2.0 * moved if k == 0 else -(state[4] + 2.0 * moved)
        if stripped / row[AREA] > row[RESERVOIR]:
            return True
    return False


@compiled
def run(
    blocks: FloatArray, parameters: FloatArray, table: FloatArray, soft_time: float, butler_volmer: bool,
    interval: float, samples: FloatArray, snapshots: FloatArray, state: FloatArray, clock: FloatArray,
) -> tuple[int, int, int, int, float]:  # fmt: skip
    """Run a programme; returns samples, snapshots, how it ended, whole cycles, and when a filament came through."""
    model = Model(parameters, table)
    output = Output(samples, snapshots, np.zeros(2, np.int64))
    scratch = Scratch(
        np.zeros((7, N_STATE)),
        np.zeros(N_STATE),
        np.zeros(N_CONDITIONS),
        np.zeros(N_STATE),
        np.zeros(N_STATE),
        np.zeros(5),
        np.zeros(2, np.bool_),
    )
    drive = np.zeros(N_DRIVE)
    drive[PIERCED_AT], drive[SOFT_TIME] = math.inf, soft_time
    drive[BUTLER_VOLMER] = 1.0 if butler_volmer else 0.0
    label = np.zeros(3)  # cycle, step, half-cycle count
    status = COMPLETED
    for b in range(blocks.shape[0]):
        block = blocks[b]
        label[1] = block[STEP]
        drive[LIMIT] = block[VOLTAGE_LIMIT] if block[VOLTAGE_LIMIT] > 0.0 else math.inf
        drive[START], drive[RISE] = block[LEVEL], block[SLOPE]
        drive[BY_VOLTAGE] = 1.0 if block[KIND] == POTENTIAL else 0.0
        if block[KIND] == CYCLING:
            status = many_cycles(model, state, clock, drive, block, interval, scratch, output, label)
        else:
            label[2] += 1
            every = 0.0 if block[KIND] == SNAPSHOT else interval
            points, spectra = int(block[POINTS]), block[SNAPSHOT_EVERY]
            status = stretch(
                model, state, clock, drive, block[DURATION], points, every, spectra, scratch, output, label
            )
        if status != COMPLETED:
            break
    return output.counts[0], output.counts[1], status, int(label[0]), drive[PIERCED_AT]
