"""A symmetric cell run through a protocol: the result is what an instrument would have written."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from natrode import __version__
from natrode.cell import Cell, FullCell, check_melting
from natrode.errors import SimulationError, SpecificationError
from natrode.measurement import Column, Experiment, Geometry, Kind, Measurement, Metadata, Origin
from natrode.protocol import Hold, Impedance, ImpedanceSettings, LinearSweep, Protocol
from natrode.simulate import integrator, kernel, parameters, programme
from natrode.simulate.spectrum import spectrum

FloatArray = npt.NDArray[np.float64]

MODEL = "symmetric cell, contact distribution and damage"
_ENDED = {
    kernel.COMPLETED: "the protocol ran to its end",
    kernel.SHORTED: "stopped by the instrument: the voltage collapsed",
    kernel.AT_VOLTAGE_LIMIT: "stopped by the instrument: voltage limit",
    kernel.RESERVOIR_EMPTY: "stopped by the instrument: voltage limit",
}
SOFT_SHORT_NOISE = 0.03
"""Relative scatter of a soft short's leak from point to point; assumed."""
MAXIMUM_SAMPLES = 100_000_000
MAXIMUM_SPECTRA = 100_000
"""More than this is taken for a mistake: it would not fit into memory."""


def simulate(
    cell: Cell | FullCell,
    protocol: Protocol,
    *,
    seed: int | None = None,
    overrides: parameters.Overrides | None = None,
) -> Experiment:
    """Run a protocol on a virtual cell and return its records; a full cell goes to `simulate.fullcell.run`.

    Args:
        cell: the cell.
        protocol: what is done to it.
        seed: of the voltage noise; without it there is none.
        overrides: SI values by interface and parameter name, for example one draw of a posterior sample.

    Returns:
        An experiment: one `cycling` record, an `impedance` record when the protocol asks for spectra, a `sweep` record
        when it has sweeps.

    Raises:
        SpecificationError: noise without a seed, or a temperature profile that melts a solid anode.
        SimulationError: an interface lacks parameters, or the integration cannot go on.
    """
    if isinstance(cell, FullCell):
        from natrode.simulate.fullcell.run import simulate as simulate_full

        return simulate_full(cell, protocol, seed=seed, overrides=overrides)
    if protocol.sampling.noise > 0 and seed is None:
        raise SpecificationError(f"protocol '{protocol.name}': sampling.noise needs a seed; give seed=1 (or --seed 1)")
    if protocol.temperature is not None:
        try:
            check_melting(f"protocol '{protocol.name}': temperature", protocol.temperature, cell)
        except ValueError as error:
            raise SpecificationError(str(error)) from None
    model = parameters.override(parameters.assemble(cell), cell, overrides or {})
    return run(model, cell, protocol, seed)


def electrolyte_resistance(cell: Cell | FullCell, protocol: Protocol) -> float:
    """Resistance of the electrolyte [Ohm] at the start of a protocol, from conductivity and geometry."""
    given = cell.symmetric if isinstance(cell, FullCell) else cell
    return parameters.electrolyte_resistance(parameters.assemble(given), protocol.temperature)


def run(model: parameters.Model, cell: Cell, protocol: Protocol, seed: int | None = None) -> Experiment:
    """Run a protocol on an assembled model; `cell` gives the names and the geometry of the record."""
    table = parameters.conditions(model, protocol.temperature, protocol.pressure)
    area = float(model.electrodes[0, kernel.AREA])
    rows, spectra = programme.blocks(protocol, area)
    room = programme.bounds(protocol, area)
    interval = protocol.sampling.interval or 0.0
    samples, snapshots, ended, cycles, pierced_at = _integrate(model, table, rows, interval, room)
    if seed is not None:
        steps = programme.numbered(protocol.steps)
        potential = [
            n
            for n, step in steps.items()
            if isinstance(step, (Hold, LinearSweep)) or (isinstance(step, Impedance) and step.voltage is not None)
        ]
        _add_noise(samples, protocol.sampling.noise, model, table, seed, pierced_at, potential)

    def metadata(kind: Kind, technique: str) -> Metadata:
        return _metadata(cell, protocol, seed, ended, cycles, kind, technique)

    records = [_cycling(metadata("cycling", ", ".join(dict.fromkeys(step.type for step in protocol.steps))), samples)]
    for number, step in programme.numbered(protocol.steps).items():
        if isinstance(step, LinearSweep) and (samples[:, 4] == number).any():
            records.append(_cycling(metadata("sweep", step.type), samples[samples[:, 4] == number]))
    if len(snapshots):
        records.append(_impedance(metadata("impedance", "impedance"), model, table, snapshots, spectra))
    return Experiment(f"{cell.name}: {protocol.name}", tuple(records))


def integrate(
    model: parameters.Model, table: FloatArray, rows: FloatArray, interval: float
) -> tuple[FloatArray, FloatArray, int, int]:
    """Run the kernel over a programme; returns samples, snapshots, how it ended, and full cycles.

    Raises SimulationError when no step is small enough.
    """
    room = programme.sample_bound(rows, interval), programme.snapshot_bound(rows)
    return _integrate(model, table, rows, interval, room)[:4]


def _integrate(
    model: parameters.Model, table: FloatArray, rows: FloatArray, interval: float, room: tuple[int, int]
) -> tuple[FloatArray, FloatArray, int, int, float]:
    """As `integrate`, with room for so many samples and snapshots.

    Also returns when a filament came through [s], infinite if none did.
    """
    points, spectra = room
    if points > MAXIMUM_SAMPLES or spectra > MAXIMUM_SPECTRA:
        raise SimulationError(
            f"this protocol asks for up to {points} points and {spectra} spectra, at most {MAXIMUM_SAMPLES} and "
            f"{MAXIMUM_SPECTRA} are recorded; record fewer points per half cycle, a longer interval, fewer spectra, "
            'or sampling.cycles = "logarithmic"'
        )
    samples = np.empty((points, kernel.N_SAMPLE))
    snapshots = np.empty((spectra, kernel.N_SNAPSHOT))
    state, clock = np.zeros(kernel.N_STATE), np.zeros(integrator.N_CLOCK)
    count, taken, ended, cycles, pierced_at = integrator.run(
        rows,
        model.electrodes,
        table,
        model.soft_short_time,
        model.butler_volmer,
        interval,
        samples,
        snapshots,
        state,
        clock,
    )
    if ended == kernel.STUCK:
        raise SimulationError(
            f"the integration cannot go on at {clock[integrator.NOW] / 3600:.4g} h: no step is small enough; "
            "look for a parameter that is far out of its range"
        )
    return samples[:count], snapshots[:taken], ended, cycles, pierced_at


def _add_noise(
    samples: FloatArray,
    noise: float,
    model: parameters.Model,
    table: FloatArray,
    seed: int,
    pierced_at: float,
    potential: list[int],
) -> None:
    """Scatter the sampled voltage (the course of the cell is not touched); a soft short scatters by itself.

    potential: numbers of the steps at a given voltage, where it is the current that shows the leak's scatter.
    """
    generator = np.random.default_rng(seed)
    scatter = noise * generator.standard_normal(len(samples))
    if model.soft_short_time > 0.0 and np.isfinite(pierced_at):
        time, voltage, current = samples[:, 0], samples[:, 1], samples[:, 2]
        resistance = np.interp(time, table[:, kernel.TIME], table[:, kernel.ELECTROLYTE_RESISTANCE])
        leak = np.maximum(time - pierced_at, 0.0) / (model.soft_short_time * resistance)
        change = SOFT_SHORT_NOISE * leak * voltage * generator.standard_normal(len(samples))
        held = np.isin(samples[:, 4], potential)
        flowing = ~held & (current != 0.0)
        scatter[flowing] -= change[flowing] / current[flowing]
        samples[held, 2] += change[held]
    samples[:, 1] *= 1.0 + scatter


@lru_cache(maxsize=64)
def _metadata(
    cell: Cell, protocol: Protocol, seed: int | None, ended: int, cycles: int, kind: Kind, technique: str
) -> Metadata:
    """What the record says about itself; records of many draws say the same and share it."""
    origin = Origin(
        kind="simulation",
        model=MODEL,
        version=__version__,
        seed=seed,
        parameters={"cell": cell.model_dump(mode="json", exclude_none=True)},
    )
    geometry = Geometry(
        working_area=cell.working_area,
        counter_area=cell.counter_area,
        electrolyte_area=cell.electrolyte_area,
        electrolyte_thickness=cell.electrolyte.thickness,
        interfaces_in_series=2,
    )
    temperature = cell.temperature if protocol.temperature is None else protocol.temperature
    pressure = cell.pressure if protocol.pressure is None else protocol.pressure
    return Metadata(
        kind=kind,
        origin=origin,
        title=protocol.name,
        cell=cell.name,
        geometry=geometry,
        temperature=temperature if isinstance(temperature, float) else "unknown",
        pressure=pressure if isinstance(pressure, (float, str)) else "unknown",
        technique=technique,
        ohmic_correction="none",
        settings={
            "protocol": protocol.model_dump(mode="json", exclude_none=True),
            "end": _ENDED[ended],
            "cycles": cycles,
        },
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
    if len(samples) and np.isfinite(samples[0, 7]):
        columns[Column.PRESSURE.value] = samples[:, 7]
    return Measurement(metadata, columns)


def _impedance(
    metadata: Metadata,
    model: parameters.Model,
    table: FloatArray,
    snapshots: FloatArray,
    spectra: Mapping[int, ImpedanceSettings],
) -> Measurement:
    parts = []
    for index, snapshot in enumerate(snapshots, 1):
        frequency = programme.frequencies(spectra[int(snapshot[6])])
        z = spectrum(model, table, snapshot, frequency)
        part = np.empty((len(frequency), 8))
        part[:, 0], part[:, 1], part[:, 2] = frequency, z.real, z.imag
        part[:, 3:] = index, snapshot[0], snapshot[1], snapshot[4], snapshot[6]
        parts.append(part)
    rows = np.concatenate(parts)
    names = (
        Column.FREQUENCY,
        Column.REAL_IMPEDANCE,
        Column.IMAGINARY_IMPEDANCE,
        Column.SPECTRUM,
        Column.TIME,
        Column.DC_CURRENT,
        Column.CHARGE,
        Column.STEP,
    )
    counted = (Column.SPECTRUM, Column.STEP)
    columns = {
        name.value: rows[:, n].astype(np.int64) if name in counted else rows[:, n] for n, name in enumerate(names)
    }
    if len(table) > 1:  # else the conditions of the cell say it
        at = [np.interp(rows[:, 4], table[:, kernel.TIME], table[:, n]) for n in (kernel.TEMPERATURE, kernel.PRESSURE)]
        columns[Column.TEMPERATURE.value] = at[0] - 273.15
        if np.isfinite(at[1]).all():
            columns[Column.PRESSURE.value] = at[1]
    return Measurement(metadata, columns)
