"""What a model cell does under the currents that a real cell saw: overlay, band and residuals, never a fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.analysis import summarise
from natrode.analysis.full_cell import resting_voltage
from natrode.analysis.result import Result
from natrode.cell import Cell
from natrode.errors import CalibrationError, NatrodeError, RecordError
from natrode.measurement import Column, Experiment, Measurement
from natrode.protocol import Protocol, Sampling
from natrode.recorded import start_of
from natrode.simulate import symmetric
from natrode.simulate.parameters import Overrides, assemble, override

FloatArray = npt.NDArray[np.float64]
Advance = Callable[[int, int, str], None]

DRAWS = 40
"""Draws of a sample that a band is made from."""
POINTS = 60
"""Points of the simulation on the longest stretch of current."""
NOT_CALIBRATED = "not calibrated on this cell"


@dataclass(frozen=True)
class Replay:
    """A record and the simulation of what was done to its cell."""

    record: Experiment
    simulated: Experiment
    time: FloatArray
    """Points of the record that the simulation reached [s]."""
    measured: FloatArray
    """Voltage [V]."""
    central: FloatArray
    """Voltage of the central parameters at the same times [V]."""
    low: FloatArray | None
    """5 % of the draws [V]; None without a sample."""
    high: FloatArray | None
    results: tuple[Result, ...]
    comparison: tuple[tuple[Result, Result], ...]
    """The same analyses of the record and of the simulation."""
    basis: str
    """What the parameters rest on, in words."""

    @property
    def residual(self) -> FloatArray:
        """Record minus simulation [V]."""
        return self.measured - self.central

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "record": self.record.title,
            "simulated_end": self.simulated.cycling.metadata.settings["end"],
            "basis": self.basis,
            "results": [result.to_json() for result in self.results],
            "comparison": [
                {"quantity": a.quantity, "record": a.to_json(), "simulation": b.to_json()} for a, b in self.comparison
            ],
        }


def replay(
    record: Experiment | Measurement,
    cell: Cell,
    *,
    sample: Sequence[Overrides] | None = None,
    central: Overrides | None = None,
    basis: str = "",
    draws: int = DRAWS,
    advance: Advance | None = None,
) -> Replay:
    """Simulate what was really run and set it beside the record.

    Args:
        record: a cycling record, or an experiment with one (spectra are taken where they were).
        cell: the model cell; its working area turns currents into densities where the record's own is unknown.
        sample: parameter draws for the band; None: those of the paper on whose figures the cell's interfaces were
            calibrated, where there is one.
        central: parameters of the central run; None: the cell's own.
        basis: what `sample` rests on, in words; a sample without it counts as not calibrated on this cell.
        draws: how many of them are run.
        advance: called with done, total and text.

    Returns:
        Replay; a simulation that ends before the record does (a short, a voltage limit) is compared up to there.

    Raises:
        RecordError: when the record shows no protocol (no current, no time) or rest alone, or is of a cell with a
            voltage of its own.
        SimulationError: when the cell cannot be simulated.
    """
    experiment = record if isinstance(record, Experiment) else Experiment(record.metadata.title, (record,))
    cycling = experiment.cycling
    check_symmetric(experiment, cell)
    rests = Column.CURRENT in cycling and not np.nan_to_num(cycling.array(Column.CURRENT)).any()
    if rests and not experiment.of_kind("impedance"):
        raise RecordError(
            f"{experiment.title}: no current flows in it and it has no spectra: there is nothing to replay"
        )
    protocol = Protocol.from_measurement(experiment, area=cell.working_area).model_copy(
        update={"sampling": Sampling(points_per_half_cycle=POINTS)}
    )
    model = assemble(cell)
    if sample is None:
        sample, basis = stored_draws(cell)
    elif not basis:
        basis = f"a sample given by the user, {NOT_CALIBRATED}"
    middle = symmetric.run(override(model, cell, central or {}), cell, protocol)
    begin = start_of(experiment)
    time = cycling.array(Column.TIME) - begin
    reached = float(middle.cycling.array(Column.TIME)[-1])
    inside = np.isfinite(time) & (time >= 0) & (time <= reached) & np.isfinite(cycling.array(Column.VOLTAGE))
    time, measured = time[inside], cycling.array(Column.VOLTAGE)[inside]
    count = min(draws, len(sample))
    chosen = sorted({round(place) for place in np.linspace(0, len(sample) - 1, count).tolist()}) if count else []
    voltages = []
    for number, place in enumerate(chosen):
        run = symmetric.run(override(model, cell, sample[place]), cell, protocol)
        voltages.append(_at(run.cycling, time))
        if advance is not None:
            advance(number + 1, len(chosen), "replaying draws")
    line = _at(middle.cycling, time)
    low = high = None
    if voltages:
        low, high = _quantiles(np.array(voltages))
    return Replay(
        experiment, middle, time + begin, measured, line, low, high,
        tuple(_results(experiment, middle, time, measured, line, low, high, basis)),
        _compared(experiment, middle), basis,
    )  # fmt: skip


def check_symmetric(experiment: Experiment, cell: Cell) -> None:
    """Raise RecordError for the record of a cell that has a voltage of its own: no symmetric cell can give it."""
    own = resting_voltage(experiment.cycling)
    if own is not None:
        raise RecordError(
            f"{experiment.title}: this cell has a voltage of its own ({own:.3g} V) and is no symmetric cell; "
            f"{cell.name} is one, and the two have no voltage in common: take a record of a symmetric cell"
        )


def stored_draws(cell: Cell) -> tuple[list[Overrides], str]:
    """Draws that come with natrode for the cell's interfaces, and what they rest on; no draws where there are none."""
    from natrode.reproduce import library
    from natrode.reproduce.calibrate import stored_sample

    names = {cell.electrode.working.interface, cell.electrode.counter.interface}
    for key in library.paper_names():
        paper = library.load_paper(key)
        for name, calibration in paper.calibrations.items():
            covered = {interface for parameter in calibration.parameters for interface in parameter.interfaces}
            if not names <= covered:
                continue
            try:
                sample = stored_sample(paper, name)
            except CalibrationError:
                continue
            figures = ", ".join(calibration.figures)
            return [sample.overrides(n) for n in range(len(sample.values))], (
                f"{NOT_CALIBRATED}: parameters of {paper.short} ({len(sample.values)} draws on {figures})"
            )
    return [], f"{NOT_CALIBRATED}: the interface's own values, whose uncertainty is not known: no band"


def _at(cycling: Measurement, time: FloatArray) -> FloatArray:
    """Voltage at given times; NaN after the end of the run."""
    own = cycling.array(Column.TIME)
    return np.interp(time, own, cycling.array(Column.VOLTAGE), right=np.nan)


def _quantiles(voltages: FloatArray) -> tuple[FloatArray, FloatArray]:
    """5 and 95 % of the draws at each time; unknown where more than a tenth of them had ended."""
    known = np.isfinite(voltages).mean(axis=0) >= 0.9
    low, high = np.full(voltages.shape[1], np.nan), np.full(voltages.shape[1], np.nan)
    if known.any():
        low[known], high[known] = np.nanquantile(voltages[:, known], [0.05, 0.95], axis=0)
    return low, high


def _results(
    record: Experiment, central: Experiment, time: FloatArray, measured: FloatArray, middle: FloatArray,
    low: FloatArray | None, high: FloatArray | None, basis: str,
) -> list[Result]:  # fmt: skip
    source = tuple(m.digest for m in record.measurements)

    def asked(quantity: str, dimension: str, method: str) -> Result:
        return Result(
            quantity=quantity, dimension=dimension, method=method, source=source, simulated=True,
            settings={"basis": basis},
        )  # fmt: skip

    duration = float(time[-1]) if len(time) else 0.0
    passed = [_moved(e.cycling, start, duration) for e, start in ((record, start_of(record)), (central, 0.0))]
    charge = asked("charge replayed over charge recorded", "fraction", "integral of |i| over the time of both")
    found = [
        charge.found(passed[1] / passed[0]) if passed[0] > 0 else charge.refused("the record moved no charge"),
    ]
    residual = measured - middle
    known = np.isfinite(residual)
    rms = asked("residual (root mean square)", "voltage", "record minus central simulation at the record's own times")
    bias = asked("residual (mean)", "voltage", rms.method)
    if known.any():
        weight = np.gradient(time)[known] if known.sum() > 1 else np.ones(int(known.sum()))
        spread = float(np.sqrt(np.average(residual[known] ** 2, weights=weight)))
        found += [rms.found(spread), bias.found(float(np.average(residual[known], weights=weight)))]
        share = asked("share of the time inside the 5-95 % band", "fraction", "90 % are expected of a right model")
        if low is None or high is None or not np.isfinite(low).any():
            found.append(share.refused(basis if low is None else "the draws ended before the record"))
        else:
            inside = (measured >= low) & (measured <= high)
            seen = np.isfinite(low)
            found.append(share.found(float(np.average(inside[seen], weights=np.gradient(time)[seen]))))
    else:
        found.append(rms.refused("the simulation ended before the record began to carry current"))
    return found


def _moved(cycling: Measurement, begin: float, duration: float) -> float:
    """Charge moved in either direction within `duration` of the begin [C]."""
    time, current = cycling.array(Column.TIME) - begin, np.abs(np.nan_to_num(cycling.array(Column.CURRENT)))
    charge = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(time) * (current[1:] + current[:-1]))])
    return float(np.interp(duration, time, charge))


def _compared(record: Experiment, central: Experiment) -> tuple[tuple[Result, Result], ...]:
    """Results that both records have, by quantity and scope, in the record's order; refused on both sides left out."""
    try:
        mine, theirs = summarise(record), summarise(central)
    except NatrodeError:
        return ()
    simulated: dict[tuple[str, str], list[Result]] = {}
    for result in theirs:
        simulated.setdefault((result.quantity, result.scope), []).append(result)
    pairs = []
    for result in mine:
        others = simulated.get((result.quantity, result.scope))
        if others:
            other = others.pop(0)
            if {result.quality, other.quality} != {"not computed"}:
                pairs.append((result, other))
    return tuple(pairs)


__all__ = ["DRAWS", "NOT_CALIBRATED", "Replay", "replay", "stored_draws"]
