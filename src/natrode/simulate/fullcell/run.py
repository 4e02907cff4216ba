"""A full cell run through a protocol: the records that a cycler would write, and the state in which it ended."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from natrode import __version__, files
from natrode.cell import FullCell, check_cathode, check_melting
from natrode.errors import SimulationError, SpecificationError
from natrode.measurement import Column, Experiment, Geometry, Measurement, Metadata, Origin
from natrode.protocol import ChargeDischarge, Impedance, Protocol, Repeat, Rest, Sampling
from natrode.simulate import integrator, parameters, programme
from natrode.simulate.fullcell import kernel, layout, stepping, voltages
from natrode.simulate.fullcell.assemble import FullModel, assemble, override, warnings_of
from natrode.simulate.fullcell.particle import particle_modes, uniform_modes
from natrode.simulate.fullcell.spectrum import spectrum
from natrode.specification import Specification

FloatArray = npt.NDArray[np.float64]

MODEL = "full cell, particle diffusion and contact distribution"
MAXIMUM_SAMPLES = 20_000_000
"""More points than this (1.3 GB) are taken for a mistake."""
REACHING_RATE = 0.1
"""C-rate at which a cell is brought to a state of charge, where the protocol gives none."""
RELAXATION = 3600.0
"""Rest after that [s]."""
SHORTED = "hard short"
POLARISED_CONTACT = 1e-3
"""Contact left below which a cell that gives no capacity is said to have lost it."""
EMPTIED = 0.99
"""Filling of the cathode above which a cell with a leak that gives no capacity is said to be emptied by it."""


@dataclass(frozen=True)
class State:
    """Where a run ended, to go on from."""

    values: FloatArray
    """State of `kernel`."""
    cycles: int
    half_cycles: int
    title: str
    """Of the cell."""
    outcome: str = "completed"
    """How the run ended, in a word or two."""

    def save(self, path: str | Path) -> None:
        """Write the state as JSON."""
        document = {
            "natrode": __version__, "cell": self.title, "cycles": self.cycles, "half_cycles": self.half_cycles,
            "outcome": self.outcome,
            "state": [float(v) if np.isfinite(v) else None for v in self.values],
        }  # fmt: skip
        files.write_text(Path(path), json.dumps(document) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "State":
        """Read a state that `save` wrote; raises SpecificationError for anything else."""
        try:
            found = json.loads(Path(path).read_text())
            values = np.array([np.inf if v is None else v for v in found["state"]], float)
            count = int(found["cycles"]), int(found["half_cycles"])
            return cls(values, *count, str(found["cell"]), str(found["outcome"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SpecificationError(f"{path}: is not a state of a full cell that natrode wrote ({error})") from None


@dataclass(frozen=True)
class Course:
    """What a run gave before it becomes a record."""

    samples: FloatArray
    snapshots: FloatArray
    steps: FloatArray
    """Step number of each snapshot."""
    ended: int
    cycles: int
    state: State
    outcome: str
    """In a word or two: completed, hard short, soft short, reservoir empty, contact lost, ..."""
    message: str


def simulate(
    cell: FullCell,
    protocol: Protocol,
    *,
    seed: int | None = None,
    overrides: parameters.Overrides | None = None,
    start: State | None = None,
) -> Experiment:
    """Run a protocol on a virtual full cell and return its records.

    Args:
        cell: the cell.
        protocol: what is done to it: rests, charge-discharge steps, spectra, repeats.
        seed: of the voltage noise; without it there is none.
        overrides: SI values by interface, electrolyte or cathode name and parameter name.
        start: state to go on from; a fresh cell when not given.

    Returns:
        An experiment: one `cycling` record (positive current charges), an `impedance` record where spectra are taken.

    Raises:
        SpecificationError: a step that a full cell cannot do, a cut-off inside the plateau, noise without a seed.
        SimulationError: too many points are asked for. A step that cannot be integrated ends the record instead:
        `settings.end` says at which cycle and why, and all cycles before are kept.
    """
    return simulate_to_state(cell, protocol, seed=seed, overrides=overrides, start=start)[0]


def simulate_to_state(
    cell: FullCell,
    protocol: Protocol,
    *,
    seed: int | None = None,
    overrides: parameters.Overrides | None = None,
    start: State | None = None,
) -> tuple[Experiment, State]:
    """As `simulate`; also returns the state in which the run ended, from which another may go on."""
    if protocol.sampling.noise > 0 and seed is None:
        raise SpecificationError(f"protocol '{protocol.name}': sampling.noise needs a seed; give seed=1 (or --seed 1)")
    if protocol.temperature is not None:
        try:
            check_cathode(f"protocol '{protocol.name}': temperature", protocol.temperature)
            check_melting(f"protocol '{protocol.name}': temperature", protocol.temperature, cell.symmetric)
        except ValueError as error:
            raise SpecificationError(str(error)) from None
    model = override(assemble(cell), overrides or {})
    done = course(model, protocol, start)
    return record(model, protocol, done, seed), done.state


def course(model: FullModel, protocol: Protocol, start: State | None = None) -> Course:
    """Run a protocol on an assembled cell; the part of `simulate` that does the work."""
    rows, _ = blocks(model, protocol)
    table = parameters.conditions(model.anode, protocol.temperature, protocol.pressure)
    modes = _modes(model)
    label = np.zeros(3)
    state = fresh_state(model, modes)
    if start is not None:
        if start.values.shape != state.shape or start.title != model.cell.name:
            raise SpecificationError(f"the saved state is of '{start.title}', not of a cell like '{model.cell.name}'")
        if start.outcome == SHORTED:
            raise SpecificationError("the saved state is that of a cell with a hard short; nothing can be run on it")
        state, label[0], label[2] = start.values.copy(), start.cycles, start.half_cycles
    battery = layout.new_battery(
        integrator.Model(model.anode.electrodes, table), model.cathode_row(), modes, model.anode.soft_short_time, label
    )
    points = _sample_bound(rows)
    if points > MAXIMUM_SAMPLES:
        raise SimulationError(
            f"this protocol asks for up to {points} points, at most {MAXIMUM_SAMPLES} are recorded; record fewer "
            'points per half cycle or sampling.cycles = "logarithmic"'
        )
    samples = np.empty((points, layout.N_SAMPLE))
    taken = rows[rows[:, layout.KIND] == layout.SNAPSHOT, layout.STEP]
    snapshots = np.empty((len(taken), len(state)))
    count, spectra, ended = kernel.run(battery, state, rows, samples, snapshots)
    cycles = int(label[0])
    outcome, why = _ending(battery, state, ended)
    at = f"in cycle {cycles}, step {int(label[1])}, at {state[modes.shape[1] + layout.NOW] / 3600:.4g} h"
    message = "the protocol ran to its end" if ended == layout.COMPLETED else f"stopped {at}: {why}"
    return Course(
        samples[:count], snapshots[:spectra], taken[:spectra], ended, cycles,
        State(state, cycles, int(label[2]), model.cell.name, outcome), outcome, message,
    )  # fmt: skip


def fresh_state(model: FullModel, modes: FloatArray) -> FloatArray:
    """State of the cell as assembled: the cathode without sodium or full of it, the anode whole."""
    n = modes.shape[1]
    state = np.zeros(n + layout.N_TAIL)
    state[n + layout.PIERCED] = np.inf
    if not model.starts_charged:
        state[n + layout.FILLING] = 1.0
        if model.kind == layout.DIFFUSION:
            state[:n] = uniform_modes()
    return state


def _modes(model: FullModel) -> FloatArray:
    if model.kind != layout.DIFFUSION:
        return np.zeros((4, 1))
    return particle_modes()


def _ending(battery: layout.Battery, state: FloatArray, ended: int) -> tuple[str, str]:
    """Say how a run ended, out of the state: in a word or two, and in a sentence."""
    n = battery.modes.shape[1]
    if ended == layout.SHORTED:
        return SHORTED, "hard short, a filament is through"
    if ended == layout.NEVER_CHARGED:
        leak = stepping.leak_of(battery, state)
        if leak > 0:
            return "soft short", f"the charge never ends (soft short, the leak is {1e3 * leak:.3g} mS)"
        return "never charged", "the charge never ends (the voltage does not reach the upper cut-off)"
    if ended == layout.POLARISED:
        left, leak = voltages.contact_left(battery, state), stepping.leak_of(battery, state)
        if leak > 0 and state[n + layout.FILLING] > EMPTIED:
            return "soft short", f"a soft short (leak {1e3 * leak:.3g} mS) has emptied the cell, no capacity"
        if state[n + layout.EMPTY] > 0:
            return "reservoir empty", "reservoir empty, no sodium is left to discharge"
        if left < POLARISED_CONTACT:
            return "contact lost", f"contact lost ({100 * left:.2g} % is left), polarisation hits the cut-off at once"
        return "polarised", "polarisation hits the cut-off at once, no capacity"
    if ended == layout.NOT_REACHED:
        why = "no sodium is left" if state[n + layout.EMPTY] > 0 else "a leak takes the current"
        return "not reached", f"the state of charge of a spectrum is not reached: {why}"
    if ended == layout.STUCK:
        inside = f"void {1e6 * state[n + layout.ANODE + 1]:.4g} um, filling {state[n + layout.FILLING]:.4g}"
        return "solver failed", f"the solver failed ({inside}); all cycles before are kept"
    return "completed", "the protocol ran to its end"


# ---- programme --------------------------------------------------------------------------------------------------


def blocks(model: FullModel, protocol: Protocol) -> tuple[FloatArray, dict[int, Impedance]]:
    """Blocks of the kernel and the impedance settings by step number.

    Raises SpecificationError for a step that a full cell cannot do and for cut-offs that leave no capacity.
    """
    rows: list[FloatArray] = []
    spectra: dict[int, Impedance] = {}
    number = 0
    for step in protocol.steps:
        number = _append(rows, spectra, model, step, number, protocol.sampling)
    return np.array(rows), spectra


def _append(
    rows: list[FloatArray], spectra: dict[int, Impedance], model: FullModel, step: Specification, number: int,
    sampling: Sampling,
) -> int:  # fmt: skip
    if isinstance(step, Repeat):
        for _ in range(step.times):
            last = number
            for inner in step.steps:
                last = _append(rows, spectra, model, inner, last, sampling)
        return last
    number += 1
    row = np.zeros(layout.N_BLOCK)
    row[layout.STEP], row[layout.POINTS] = number, sampling.points_per_half_cycle
    match step:
        case Rest():
            row[layout.KIND], row[layout.DURATION] = layout.REST, step.duration
            rows.append(row)
        case Impedance():
            if step.voltage is not None:
                raise SpecificationError(f"step {number}: a spectrum at a voltage is for a symmetric cell")
            if step.state_of_charge is not None:
                way, pause = row.copy(), row.copy()
                way[layout.KIND], way[layout.TARGET] = layout.REACH, 1.0 - step.state_of_charge
                way[layout.CURRENT] = model.one_c * (step.c_rate or REACHING_RATE)
                pause[layout.KIND], pause[layout.DURATION] = layout.REST, step.rest or RELAXATION
                rows += [way, pause]
            row[layout.KIND], row[layout.DURATION] = layout.SNAPSHOT, step.duration or programme.spectrum_time(step)
            row[layout.CURRENT] = step.current_density * model.cell.cathode_area
            row[layout.POINTS] = 2
            spectra[number] = step
            rows.append(row)
        case ChargeDischarge():
            check_cut_offs(model, step, number)
            charge = model.theoretical_charge
            row[layout.KIND], row[layout.CYCLES] = layout.CYCLE, step.cycles
            row[layout.LOWER], row[layout.UPPER] = step.lower_voltage, step.upper_voltage
            row[layout.PAUSE] = step.rest or 0.0
            row[layout.DISCHARGE_FIRST] = step.first == "discharge"
            row[layout.LONGEST_CHARGE] = step.charge_limit * charge
            row[layout.CAPACITY] = np.inf if step.capacity is None else step.capacity * model.cell.active_mass
            row[layout.LOGARITHMIC] = sampling.cycles == "logarithmic"
            row[layout.HALF] = step.ends == "half"
            for current in currents(model, step):
                block = row.copy()
                block[layout.CURRENT] = current
                if sampling.interval is not None:
                    block[layout.POINTS] = min(10_000, max(2, int(charge / current / sampling.interval)))
                rows.append(block)
        case _:
            kind = getattr(step, "type", "this")
            raise SpecificationError(
                f"step {number}: a full cell does rest, charge-discharge, impedance and repeat; '{kind}' is for "
                "symmetric cells"
            )
    return number


def currents(model: FullModel, step: ChargeDischarge) -> list[float]:
    """Currents of a step [A], one for each rate."""
    if step.specific_current is not None:
        return [step.specific_current * model.cell.active_mass]
    if step.current_density is not None:
        return [step.current_density * model.cell.cathode_area]
    return [rate * model.one_c for rate in step.rates]


def check_cut_offs(model: FullModel, step: ChargeDischarge, number: int) -> None:
    """Raise SpecificationError when a cut-off lies on the wrong side of the plateau."""
    plateau = model.properties.get("lower_plateau_voltage", model.plateau)
    name = model.cell.cathode.material
    if step.lower_voltage >= plateau:
        raise SpecificationError(
            f"step {number}: lower_voltage: {step.lower_voltage:g} V lies inside or above the plateau of {name} "
            f"({plateau:g} V), so that nothing could be discharged; give a lower cut-off"
        )
    if step.upper_voltage <= model.plateau:
        raise SpecificationError(
            f"step {number}: upper_voltage: {step.upper_voltage:g} V lies inside or below the plateau of {name} "
            f"({model.plateau:g} V), so that nothing could be charged; give a higher cut-off"
        )


def _sample_bound(rows: FloatArray) -> int:
    total = 0
    for row in rows:
        if row[layout.KIND] != layout.CYCLE:
            total += int(row[layout.POINTS]) * (kernel.TRIES if row[layout.KIND] == layout.REACH else 1)
            continue
        cycles = int(row[layout.CYCLES])
        if row[layout.LOGARITHMIC] and cycles > 12:
            cycles = min(cycles, 10 + int(40 * np.log10(cycles)) + 4)
        total += 2 * (cycles + 1) * (int(row[layout.POINTS]) + (3 if row[layout.PAUSE] else 0))
    return total + 8


# ---- records ----------------------------------------------------------------------------------------------------


def record(model: FullModel, protocol: Protocol, done: Course, seed: int | None = None) -> Experiment:
    """Records of a run."""
    cell = model.cell
    samples = done.samples
    if seed is not None and protocol.sampling.noise > 0:
        samples = samples.copy()
        samples[:, 1] *= 1.0 + protocol.sampling.noise * np.random.default_rng(seed).standard_normal(len(samples))
    metadata = _metadata(model, protocol, done, seed)
    records = [_cycling(metadata, samples)]
    if len(done.snapshots):
        records.append(_impedance(metadata, model, protocol, done))
    return Experiment(f"{cell.name}: {protocol.name}", tuple(records))


def _metadata(model: FullModel, protocol: Protocol, done: Course, seed: int | None) -> Metadata:
    cell = model.cell
    temperature = cell.temperature if protocol.temperature is None else protocol.temperature
    pressure = cell.pressure if protocol.pressure is None else protocol.pressure
    return Metadata(
        kind="cycling",
        origin=Origin(
            kind="simulation",
            model=MODEL,
            version=__version__,
            seed=seed,
            parameters={"cell": cell.model_dump(mode="json", exclude_none=True)},
        ),
        title=protocol.name,
        cell=cell.name,
        geometry=Geometry(
            working_area=cell.cathode_area,
            counter_area=cell.anode_area,
            electrolyte_area=cell.symmetric.electrolyte_area,
            electrolyte_thickness=cell.electrolyte.thickness,
            interfaces_in_series=1,
        ),
        temperature=temperature if isinstance(temperature, float) else "unknown",
        pressure=pressure if isinstance(pressure, (float, str)) else "unknown",
        technique=", ".join(dict.fromkeys(step.type for step in protocol.steps)),
        sign_of_current="positive = charging",
        ohmic_correction="none",
        settings={
            "protocol": protocol.model_dump(mode="json", exclude_none=True),
            "end": done.message,
            "outcome": done.outcome,
            "cycles": done.cycles,
            "active mass / kg": cell.active_mass,
            "theoretical charge / C": model.theoretical_charge,
        },
        warnings=warnings_of(model),
    )


def _cycling(metadata: Metadata, samples: FloatArray) -> Measurement:
    columns: dict[str, npt.NDArray[np.generic]] = {
        Column.TIME.value: samples[:, 0],
        Column.VOLTAGE.value: samples[:, 1],
        Column.CURRENT.value: samples[:, 2],
        Column.CYCLE.value: samples[:, 3].astype(np.int64),
        Column.STEP.value: samples[:, 4].astype(np.int64),
        Column.STEP_COUNT.value: samples[:, 5].astype(np.int64),
        Column.TEMPERATURE.value: samples[:, 6] - 273.15,
    }
    return Measurement(metadata, columns)


def _impedance(metadata: Metadata, model: FullModel, protocol: Protocol, done: Course) -> Measurement:
    settings = blocks(model, protocol)[1]
    table = parameters.conditions(model.anode, protocol.temperature, protocol.pressure)
    modes = _modes(model)
    parts = []
    for index, (snapshot, step) in enumerate(zip(done.snapshots, done.steps, strict=True), 1):
        given = settings[int(step)]
        frequency, current = programme.frequencies(given), given.current_density * model.cell.cathode_area
        z = spectrum(model, table, modes, snapshot, frequency, current)
        part = np.empty((len(frequency), 7))
        part[:, 0], part[:, 1], part[:, 2] = frequency, z.real, z.imag
        part[:, 3:] = index, snapshot[modes.shape[1] + layout.NOW], current, step
        parts.append(part)
    rows = np.concatenate(parts)
    names = (
        Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE, Column.SPECTRUM, Column.TIME,
        Column.DC_CURRENT, Column.STEP,
    )  # fmt: skip
    counted = (Column.SPECTRUM, Column.STEP)
    columns = {
        name.value: rows[:, n].astype(np.int64) if name in counted else rows[:, n] for n, name in enumerate(names)
    }
    return Measurement(metadata.model_copy(update={"kind": "impedance", "technique": "impedance"}), columns)
