"""A user's own cell calibrated on figures of its own record: which parameters give them, and what stays open.

The record is replayed for every trial, and figures are read from record and replay by one function.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.cell import Cell
from natrode.errors import CalibrationError, RecordError, SpecificationError
from natrode.measurement import Column, Experiment, Measurement
from natrode.protocol import Protocol, Sampling
from natrode.recorded import start_of
from natrode.reproduce.sampling import central_draw, condition, from_unit
from natrode.simulate import symmetric
from natrode.simulate.parameters import Overrides, assemble, override
from natrode.units import read_quantity
from natrode.workbench.replay import check_symmetric

FloatArray = npt.NDArray[np.float64]

FREE = ("contact_resistance", "contact_fraction", "void_capacity", "replenishment_current_density", "contact_shape")
"""Interface parameters that are varied, each over a factor `WIDTH` both ways (fractions up to 1)."""
WIDTH = 4.0
AT_MOST = {"contact_fraction": 1.0, "contact_shape": 0.95}
"""Bounds that the laws set."""
TOLERANCE = 0.05
"""Of a figure, relative."""
EARLY = 0.05
"""Share of the first stretch of current that R0 is read from, and of the last one for R_end."""
POINTS = 40


@dataclass(frozen=True)
class OwnSample:
    """Draws that give the chosen figures of one record, each within its tolerance."""

    names: tuple[str, ...]
    """Parameters; "conductivity" is the electrolyte's."""
    values: FloatArray
    """(draws, parameters), SI."""
    prior: tuple[tuple[float, float], ...]
    figures: Mapping[str, float]
    """Chosen figures of the record, SI."""
    reached: Mapping[str, tuple[float, float]]
    """The 5-95 % range of each figure over the draws."""
    interfaces: tuple[str, ...]
    electrolyte: str
    runs: int

    def overrides(self, draw: int) -> Overrides:
        """SI values of one draw by interface (or electrolyte) and parameter name."""
        values = dict(zip(self.names, map(float, self.values[draw]), strict=True))
        conductivity = values.pop("conductivity")
        return {**dict.fromkeys(self.interfaces, values), self.electrolyte: {"conductivity": conductivity}}

    @property
    def draws(self) -> list[Overrides]:
        """All draws, for `replay`."""
        return [self.overrides(n) for n in range(len(self.values))]

    def before(self, count: int, seed: int = 0) -> list[Overrides]:
        """Draws of the prior, as it was before any figure was looked at."""
        unit = np.random.default_rng(seed).random((count, len(self.names)))
        return replace(self, values=_values(unit, self.prior)).draws

    @property
    def central(self) -> Overrides:
        """The draw nearest to the middle of the sample."""
        return self.overrides(central_draw(self.values))

    @property
    def basis(self) -> str:
        """What a replay with these draws rests on, in words."""
        return f"calibrated on this cell: {', '.join(self.figures)} of its own record ({len(self.values)} draws)"

    def rows(self) -> list[list[Any]]:
        """Parameter, prior and sample 5-95 % range (SI), median, and the share of the prior's width that is left."""
        rows = []
        for n, (name, (low, high)) in enumerate(zip(self.names, self.prior, strict=True)):
            first, middle, last = np.quantile(self.values[:, n], [0.05, 0.5, 0.95])
            whole = 0.9 * np.log(high / low)
            kept = float(np.log(last / first) / whole)
            rows.append([name, f"{low:.3g} - {high:.3g}", f"{first:.3g} - {last:.3g}", float(middle), kept])
        return rows

    def to_csv(self) -> str:
        """One draw a row, SI, with what it was conditioned on."""
        stream = io.StringIO()
        stream.write(f"# natrode sample of one cell, SI; conditioned on {', '.join(self.figures)} within 5 %\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(self.names)
        writer.writerows([[f"{value:.9g}" for value in row] for row in self.values])
        return stream.getvalue()


def calibrate_cell(
    record: Experiment | Measurement,
    cell: Cell,
    use: Sequence[str],
    *,
    draws: int = 100,
    seed: int = 1,
    advance: Callable[[int, int, str], None] | None = None,
) -> OwnSample:
    """Condition a cell's interface parameters on figures of its own record.

    Args:
        record: a cycling record, or an experiment with one.
        cell: the cell whose values are the middle of the prior.
        use: names of figures: R0 and R_end (V/i at the beginning and the end of the current, Ohm), V_mean (mean |V|
            while current flows, V), t_<x>V (time under current until |V| reaches x volts, s), such as t_0.2V.
        draws: size of the sample.
        seed: of the sampler.
        advance: called with the round, the most rounds, and text.

    Returns:
        OwnSample. Parameters that no figure sees keep their prior's width: the rows say so.

    Raises:
        SpecificationError: for the name of a figure that natrode does not know.
        RecordError: when the record does not hold a figure.
        CalibrationError: when the prior cannot give the figures together.
    """
    experiment = record if isinstance(record, Experiment) else Experiment(record.metadata.title, (record,))
    check_symmetric(experiment, cell)
    readers = {name: _reader(name) for name in use}
    if not readers:
        raise SpecificationError(f"no figure was chosen; {KNOWN}")
    begin = start_of(experiment)
    wanted = {}
    for name, read in readers.items():
        value = read(experiment.cycling, begin)
        if value is None or value <= 0:
            largest = float(np.nanmax(np.abs(experiment.cycling.array(Column.VOLTAGE)), initial=0.0))
            raise RecordError(
                f"{experiment.title}: the record does not hold {name}: no current flows, or it never comes to it (its "
                f"voltage reaches {largest:.3g} V)"
            )
        wanted[name] = value
    protocol = Protocol.from_measurement(experiment, area=cell.working_area)
    protocol = protocol.model_copy(update={"sampling": Sampling(points_per_half_cycle=POINTS)})
    model = assemble(cell)
    names, bounds = _prior(cell)
    interfaces = tuple(dict.fromkeys((cell.electrode.working.interface, cell.electrode.counter.interface)))
    sample = OwnSample(names, np.empty((0, len(names))), bounds, wanted, {}, interfaces, cell.electrolyte.material, 0)

    def figures_of(values: FloatArray) -> dict[str, float | None]:
        one = OwnSample(names, values[None], bounds, wanted, {}, interfaces, cell.electrolyte.material, 0)
        cycling = symmetric.run(override(model, cell, one.overrides(0)), cell, protocol).cycling
        return {name: read(cycling, 0.0) for name, read in readers.items()}

    def distance(unit: FloatArray, threshold: float) -> FloatArray:
        out = []
        for values in _values(unit, bounds):
            found = figures_of(values)
            worst = 0.0
            for name, target in wanted.items():
                value = found[name]
                worst = max(worst, 100.0 if not value or value <= 0 else abs(np.log(value / target)) / TOLERANCE)
            out.append(min(worst, 100.0))
        return np.array(out)

    def shown(round_: int, tolerance: float) -> None:
        if advance is not None:
            advance(round_, 40, f"{tolerance:.2f} tolerances")

    try:
        result = condition(
            distance, len(names), draws, seed, particles=2 * draws, moves=2, last_moves=8, progress=shown
        )
    except CalibrationError as error:
        raise CalibrationError(f"{', '.join(wanted)}: {error}") from None
    values = _values(result.points, bounds)
    reached = [figures_of(row) for row in values[:: max(len(values) // 40, 1)]]
    ranges = {}
    for name in wanted:
        found = [v for r in reached if (v := r[name]) is not None]
        ranges[name] = (float(np.quantile(found, 0.05)), float(np.quantile(found, 0.95)))
    return OwnSample(
        sample.names, values, bounds, wanted, ranges, interfaces, cell.electrolyte.material, result.evaluations
    )


def calibrated_cell(cell: Cell, sample: OwnSample) -> Cell:
    """The cell with the parameters of the draw nearest to the middle of the sample."""
    values = dict(sample.central[sample.interfaces[0]])
    conductivity = sample.central[sample.electrolyte]["conductivity"]
    units = {
        "contact_resistance": "ohm m2", "contact_fraction": "", "void_capacity": "m",
        "replenishment_current_density": "A/m2", "contact_shape": "",
    }  # fmt: skip
    texts = {name: f"{value!r} {units[name]}".strip() for name, value in values.items()}
    electrolyte = cell.electrolyte.model_copy(update={"conductivity": conductivity})
    changed = cell.with_parameters(texts)
    return changed.model_copy(update={"electrolyte": electrolyte, "name": f"{cell.name}, calibrated"})


def _prior(cell: Cell) -> tuple[tuple[str, ...], tuple[tuple[float, float], ...]]:
    """Names and log-uniform bounds of what is varied; the electrolyte's conductivity first."""
    model = assemble(cell)
    resistance = model.electrolyte["resistance"]
    conductivity = cell.electrolyte.thickness / (resistance * cell.electrolyte_area)
    names, bounds = ["conductivity"], [(conductivity / WIDTH, conductivity * WIDTH)]
    for name in FREE:
        value = float(model.interfaces[0][name])
        names.append(name)
        bounds.append((value / WIDTH, min(value * WIDTH, AT_MOST.get(name, np.inf))))
    return tuple(names), tuple(bounds)


def _values(unit: FloatArray, bounds: Sequence[tuple[float, float]]) -> FloatArray:
    return np.column_stack([from_unit(unit[:, n], *ends, "log-uniform") for n, ends in enumerate(bounds)])


# ---- figures ---------------------------------------------------------------------------------------------
KNOWN = "allowed are R0, R_end, V_mean and t_<x>V (such as t_0.2V)"
Reader = Callable[[Measurement, float], float | None]


def _reader(name: str) -> Reader:
    if name == "R0":
        return lambda cycling, begin: _resistance(cycling, first=True)
    if name == "R_end":
        return lambda cycling, begin: _resistance(cycling, first=False)
    if name == "V_mean":
        return _mean_voltage
    match = re.fullmatch(r"t_(\d+(?:\.\d+)?\s*m?V)", name)
    if match is None:
        raise SpecificationError(f"unknown figure '{name}'; {KNOWN}")
    threshold = read_quantity(re.sub(r"(?<=\d)(?=m?V)", " ", match.group(1)), "voltage")
    return lambda cycling, begin: _time_to(cycling, threshold)


def _flowing(cycling: Measurement) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Time, |voltage| and |current| of the points at which current flows."""
    time, voltage, current = (cycling.array(c) for c in (Column.TIME, Column.VOLTAGE, Column.CURRENT))
    size = np.abs(np.nan_to_num(current))
    inside = (size > 1e-2 * size.max(initial=0.0)) & np.isfinite(voltage)
    return time[inside], np.abs(voltage[inside]), size[inside]


def _resistance(cycling: Measurement, *, first: bool) -> float | None:
    """Median of V/i over the first (or last) twentieth of the time under current, at least three points."""
    time, voltage, current = _flowing(cycling)
    if not len(time):
        return None
    order = np.argsort(time) if first else np.argsort(-time)
    near = np.abs(time[order] - time[order[0]]) <= EARLY * (time[-1] - time[0])
    chosen = order[: max(int(near.sum()), 3)]
    return float(np.median(voltage[chosen] / current[chosen]))


def _mean_voltage(cycling: Measurement, begin: float) -> float | None:
    time, voltage, _ = _flowing(cycling)
    if len(time) < 2:
        return None
    return float(np.trapezoid(voltage, time) / (time[-1] - time[0]))


def _time_to(cycling: Measurement, threshold: float) -> float | None:
    time, voltage, _ = _flowing(cycling)
    above = np.flatnonzero(voltage >= threshold)
    if not above.size:
        return None
    k = int(above[0])
    if k == 0:
        return float(time[1] - time[0]) if len(time) > 1 else None
    share = (threshold - voltage[k - 1]) / (voltage[k] - voltage[k - 1])
    return float(time[k - 1] + share * (time[k] - time[k - 1]) - time[0])


__all__ = ["KNOWN", "OwnSample", "calibrate_cell", "calibrated_cell"]
