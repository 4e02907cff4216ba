"""Full cells: capacity, efficiencies, voltage gap, retention, capacity fade, dQ/dV."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis.fitting import fitted_curve
from natrode.analysis.halves import half_cycles
from natrode.analysis.reading import Array, Record, area_of, conditions_of, of_kind, provenance
from natrode.analysis.result import INDISTINCT, Result, Series, indistinct
from natrode.analysis.transfer import Hold, holds
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement

Direction = Literal["charge", "discharge"]
FALL = 0.1
"""[V] by which the voltage of a full cell falls in a discharge."""
FULL_CELL = 1e-3
"""[V] over which a full (or half) cell stays while it is discharged; a symmetric cell's voltage is then negative."""
FEWEST_FOR_FADE = 8
NO_FADE = 1e-6
"""Relative fade over all cycles that a record cannot tell from none."""
LOW_VOLTAGE = 1.0
"""Mean voltage of discharge [V] below which a cell that begins with a discharge looks like a half cell."""
DECIDED = 4.0
"""Difference of the information criterion from which a fade law counts as better."""
LEAST_VOLTAGE = 0.1
"""A voltage of the cell's own, beyond its polarisation [V], from which on it is no symmetric cell."""
LEAST_ONE_SIDED = 1.0
"""The same where current flowed in one direction only, without a rest [V]: no kinetics of a metal leaves so much when
the current is changed, and none needs so much from the first sample on."""


@dataclass(frozen=True)
class FullCellCycles:
    """One entry per cycle in each array; NaN where a cycle lacks that half."""

    cycle: npt.NDArray[np.int64]
    charge: Array
    """Charged [C], [C/kg] or [C/m2], as `per` says."""
    discharge: Array
    efficiency: Array
    """Discharged over charged just before."""
    energy_efficiency: Array
    charge_voltage: Array
    """Mean over the charge passed [V]."""
    discharge_voltage: Array
    current: Array
    """Mean size on discharge [A]."""
    per: Literal["mass", "area", "cell"]
    complete: npt.NDArray[np.bool_]
    """False for a last cycle that was still running: it stopped short of the others' voltage."""
    results: tuple[Result, ...]
    source: tuple[str, ...]
    simulated: bool

    @property
    def gap(self) -> Array:
        """Mean charge voltage minus mean discharge voltage [V]."""
        return self.charge_voltage - self.discharge_voltage

    def series(self) -> list[Series]:
        """Return capacity, efficiency and gap against the cycle, ready to be drawn."""
        found = []
        dimension = _dimension(self.per)
        number = self.cycle.astype(float)
        for quantity, kind, values in (
            ("discharge capacity", dimension, self.discharge),
            ("charge capacity", dimension, self.charge),
            ("coulombic efficiency", "fraction", self.efficiency),
            ("voltage gap", "voltage", self.gap),
        ):
            found.append(
                Series(
                    quantity=quantity,
                    dimension=kind,
                    method="per cycle, from the sign of the current",
                    values=values,
                    x=number,
                    x_quantity="cycle",
                    x_dimension="number",
                    source=self.source,
                    simulated=self.simulated,
                )
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"results": [r.to_json() for r in self.results], "series": [s.to_json() for s in self.series()]}


def _dimension(per: str) -> str:
    return {"mass": "specific charge", "area": "areal charge", "cell": "charge"}[per]


def is_full_cell(record: Record) -> bool:
    """Whether a record is of a full cell: its voltage is positive while it is discharged, too.

    Args:
        record: a cycling record, or an experiment that holds one.
    """
    cycling = of_kind(record, "cycling")
    if Column.CURRENT not in cycling:
        return False
    voltage, current = cycling.array(Column.VOLTAGE), cycling.array(Column.CURRENT)
    size = np.nanmax(np.abs(current), initial=0.0)
    out = np.isfinite(voltage) & (current < -1e-3 * size)
    return bool(out.any() and np.median(voltage[out]) > FULL_CELL)


def falls_in_discharge(record: Record) -> bool:
    """Whether the voltage falls as charge is drawn: by 0.1 V in the discharges that half of the charge or more takes.

    Short discharges between rests, as at the end of a stepped one, hardly fall and hardly count.

    A cell with a voltage of its own that does not store what passes (two different contacts, a drifting reference)
    keeps its voltage: what is asked of a record before it is taken for a full cell without being told.

    Args:
        record: a cycling record, or an experiment that holds one.
    """
    cycling = of_kind(record, "cycling")
    voltage, current = cycling.array(Column.VOLTAGE), cycling.array(Column.CURRENT)
    out = np.isfinite(voltage) & (current < -1e-3 * np.nanmax(np.abs(current), initial=0.0))
    edges = np.flatnonzero(np.diff(np.r_[False, out, False].astype(int)))
    runs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 2]
    time = cycling.array(Column.TIME)
    charge = np.array([abs(np.trapezoid(current[a:b], time[a:b])) for a, b in runs])
    falls = np.array([voltage[a] - voltage[b - 1] > FALL for a, b in runs], dtype=bool)
    return bool(charge[falls].sum() > 0.5 * charge.sum())


def resting_voltage(record: Measurement) -> float | None:
    """Voltage that a cell has of its own [V]; None for a symmetric cell, or where the record cannot tell.

    Args:
        record: any record.

    It is the middle between the voltages under positive and negative current, or that at rest in a one-sided test.
    Where the rest does not tell (none, or before the first charge), a one-sided test is told by its changes of
    current - a symmetric cell's voltage goes with the current, one of its own stays - and a single current by a voltage
    that is positive while the cell is discharged, or never low while it is charged: the lowest one.
    """
    if record.kind != "cycling" or Column.CURRENT not in record:
        return None
    known = np.isfinite(record.array(Column.CURRENT))
    voltage, current = record.array(Column.VOLTAGE)[known], record.array(Column.CURRENT)[known]
    least = 1e-2 * float(np.abs(current).max(initial=0.0))
    open_circuit = (np.abs(current) <= least) & ~_inside(holds(record), record.array(Column.TIME)[known])
    levels = [voltage[chosen] for chosen in (current > least, current < -least, open_circuit)]
    plus, minus, none = (float(np.nanmedian(v)) if v.size else None for v in levels)
    if plus is not None and minus is not None:
        middle, swing = 0.5 * (plus + minus), 0.5 * abs(plus - minus)
    elif none is not None and (plus is not None or minus is not None):
        loaded = plus if plus is not None else minus
        middle, swing = none, abs((loaded or 0.0) - none)
    else:
        middle, swing = 0.0, 0.0
    if (plus is None) != (minus is None) and not abs(middle) > max(LEAST_VOLTAGE, 2.0 * swing):
        return _one_sided(record, none is not None)
    return middle if abs(middle) > LEAST_VOLTAGE and abs(middle) > 2.0 * swing else None


def positive_current(record: Measurement) -> str:
    """What positive current does, in words: strips or plates a symmetric cell, charges or discharges one of its own.

    Args:
        record: any record.

    In a cell with a voltage of its own, oxidation at the working electrode charges where that electrode is the positive
    one, and discharges where it is the negative one; in a symmetric cell charging means nothing.
    """
    said = record.metadata.sign_of_current.removeprefix("positive = ")
    own = resting_voltage(record)
    if own is None or not said.startswith(("oxidation", "reduction")):
        return said
    side = said.partition(" ")[0]
    does = "charging" if (side == "oxidation") == (own > 0) else "discharging"
    return f"{does} ({side} at the {'positive' if own > 0 else 'negative'} electrode)"


def _one_sided(record: Measurement, rests: bool) -> float | None:
    """Voltage that changes of current in one direction leave, or under which a single current never came [V]."""
    time, voltage, current = (record.array(c) for c in (Column.TIME, Column.VOLTAGE, Column.CURRENT))
    valid = np.isfinite(time) & np.isfinite(voltage) & np.isfinite(current)
    voltage, current = voltage[valid], current[valid]
    size = np.abs(current)
    # where the voltage is held the current is never steady
    steady = np.r_[False, np.abs(np.diff(size)) < 0.01 * size[1:]] & (size > 0.1 * size.max(initial=0.0))
    jumps = (
        np.flatnonzero(
            steady[1:-2] & steady[3:] & (np.abs(size[2:-1] - size[1:-2]) > 0.2 * np.maximum(size[2:-1], size[1:-2]))
        )
        + 1
    )
    if jumps.size:
        slope = (voltage[jumps + 1] - voltage[jumps]) / (current[jumps + 1] - current[jumps])
        own = float(np.median(voltage[jumps] - slope * current[jumps]))
        swing = float(np.median(np.abs(slope * current[jumps])))
        return own if abs(own) > max(LEAST_ONE_SIDED, 2.0 * swing) else None
    under = voltage[size > 1e-2 * size.max(initial=0.0)]
    charged = bool(np.median(current) > 0)
    lowest = float(under.min(initial=np.inf))
    if rests or lowest == np.inf:
        return None
    return lowest if lowest > (LEAST_ONE_SIDED if charged else LEAST_VOLTAGE) else None


def _inside(held: list[Hold], time: Array) -> npt.NDArray[np.bool_]:
    """Which moments lie in a potential hold, whose current dies away without a rest."""
    inside = np.zeros(len(time), dtype=bool)
    for hold in held:
        inside |= (time >= hold.begins) & (time <= hold.begins + hold.time[-1])
    return inside


def full_cell_cycles(
    record: Record, *, active_mass: float | None = None, reference_cycle: int | None = None
) -> FullCellCycles:
    """Return capacities, efficiencies, voltages and retention of a full cell.

    Args:
        record: a cycling record (or an experiment); positive current charges.
        active_mass: [kg], for capacities per mass; None: per area where the record knows one, else of the cell.
        reference_cycle: cycle that retention is counted from; None: the first one with both halves.

    Returns:
        FullCellCycles. A last cycle that was still running counts in none of the results. Refused for records without
        current and for symmetric cells.

    Raises:
        RecordError: for another kind of record, or a mass that is not positive.

    Formula: Q = integral of |i| dt; CE = Q_discharge/Q_charge before it; mean V = integral V |i| dt / Q; energy
    efficiency = E_discharge/E_charge. Source: usual definitions.
    """
    if active_mass is not None and not active_mass > 0:
        raise RecordError(f"the active mass must be positive, read {active_mass!r} kg")
    cycling = of_kind(record, "cycling")
    area = area_of(cycling)
    per: Literal["mass", "area", "cell"] = "mass" if active_mass is not None else "cell" if area is None else "area"
    scale = 1.0 / (active_mass if active_mass is not None else 1.0 if area is None else area)
    question = Result(
        quantity="discharge capacity",
        dimension=_dimension(per),
        method="integral of |i| dt per half cycle; positive current charges",
        scope="cell",
        area_normalised=per == "area",
        settings={**conditions_of(cycling), "active_mass": active_mass, "per": per},
        **provenance(cycling),
    )
    halves = _halves(cycling)
    if isinstance(halves, str) or not is_full_cell(cycling):
        text = halves if isinstance(halves, str) else "the voltage is not that of a full cell while it is discharged"
        none, flags = np.empty(0), np.empty(0, dtype=bool)
        return FullCellCycles(
            np.empty(0, dtype=np.int64), none, none, none, none, none, none, none, per, flags,
            (question.refused(text),), question.source, question.simulated,
        )  # fmt: skip
    rows = _cycles(halves)
    charge, discharge = rows[:, 0] * scale, rows[:, 1] * scale
    with np.errstate(divide="ignore", invalid="ignore"):
        efficiency = discharge / charge
        energy = rows[:, 3] / rows[:, 2]
        v_charge, v_discharge = rows[:, 2] / rows[:, 0], rows[:, 3] / rows[:, 1]
    complete = _complete(rows)
    cycles = FullCellCycles(
        _numbers(cycling, rows[:, 7]),
        charge,
        discharge,
        efficiency,
        energy,
        v_charge,
        v_discharge,
        rows[:, 4],
        per,
        complete,
        (),
        question.source,
        question.simulated,
    )
    return replace(cycles, results=_results(question, cycles, reference_cycle))


Half = tuple[float, float, float, float, float, int]


def _halves(cycling: Measurement) -> list[Half] | str:
    """Sign, charge [C], energy [J], last voltage, mean |current| and cycle of each run of one sign, in order."""
    if Column.CURRENT not in cycling:
        return "the record has no current"
    half = half_cycles(cycling)
    if not len(half) or half.basis == "voltage":
        return half.summary if not len(half) else "the record has no current"
    time, voltage, current = (cycling.array(c) for c in (Column.TIME, Column.VOLTAGE, Column.CURRENT))
    found: list[list[float]] = []
    for k in range(len(half)):
        rows = slice(int(half.start[k]), int(half.end[k]) + 1)
        t, v, i = time[rows], voltage[rows], np.abs(current[rows])
        valid = np.isfinite(t) & np.isfinite(v) & np.isfinite(i)
        t, v, i = t[valid], v[valid], i[valid]
        before = max(float(t[0] - half.start_time[k]), 0.0)
        energy = float(np.trapezoid(v * i, t) + v[0] * i[0] * before)
        charge = abs(float(half.charge[k]))
        sign = float(half.sign[k])
        if found and found[-1][0] == sign:  # a change of current inside one direction
            found[-1][1] += charge
            found[-1][2] += energy
            found[-1][3] = float(v[-1])
            found[-1][4] += float(half.duration[k])
            found[-1][5] = int(half.cycle[k])
        else:
            found.append([sign, charge, energy, float(v[-1]), float(half.duration[k]), int(half.cycle[k])])
    typical = float(np.median([h[1] for h in found]))
    kept = [h for h in found if h[1] > 1e-3 * typical]
    return [(h[0], h[1], h[2], h[3], h[1] / h[4] if h[4] else 0.0, int(h[5])) for h in kept]


def _cycles(halves: list[Half]) -> Array:
    """Per cycle: charge, discharge [C], their energies [J], current on discharge, last voltages, number."""
    rows: list[list[float]] = []
    for sign, charge, energy, last, current, number in halves:
        if sign > 0 or not rows or np.isfinite(rows[-1][1]):
            rows.append([np.nan] * 8)
        rows[-1][7] = number
        k = 0 if sign > 0 else 1
        if np.isfinite(rows[-1][k]):  # two charges with nothing between them but a lost rest
            charge, energy = charge + rows[-1][k], energy + rows[-1][k + 2]
        rows[-1][k], rows[-1][k + 2], rows[-1][5 + k] = charge, energy, last
        if sign < 0:
            rows[-1][4] = current
    return np.array(rows, float).reshape(-1, 8)


def _numbers(cycling: Measurement, counted: Array) -> npt.NDArray[np.int64]:
    """Numbers of the cycles: the record's own, which may leave cycles out, else as they come."""
    if Column.CYCLE in cycling and len(counted) and counted[0] >= 1 and (np.diff(counted) >= 0).all():
        return counted.astype(np.int64)
    return np.arange(1, len(counted) + 1)


def _complete(rows: Array) -> npt.NDArray[np.bool_]:
    """A last discharge (or charge) that ends before the voltage of the others was still running."""
    complete = np.isfinite(rows[:, 0]) & np.isfinite(rows[:, 1])
    if len(rows) > 2 and complete[-1]:
        others = rows[:-1, 6][np.isfinite(rows[:-1, 6])]
        if others.size and rows[-1, 6] > np.max(others) + 0.02:
            complete[-1] = False
    return complete


def _results(question: Result, cycles: FullCellCycles, reference_cycle: int | None) -> tuple[Result, ...]:
    use = np.flatnonzero(cycles.complete)
    discharged = np.flatnonzero(np.isfinite(cycles.discharge))
    first = replace(question, quantity="discharge capacity of the first cycle")
    last = replace(question, quantity="discharge capacity of the last whole cycle")
    efficiency = replace(question, quantity="coulombic efficiency (mean after the first cycle)", dimension="fraction")
    energy = replace(question, quantity="energy efficiency (median)", dimension="fraction")
    gap = replace(question, quantity="voltage gap (median)", dimension="voltage")
    retention = replace(question, quantity="capacity retention", dimension="fraction")
    if not discharged.size:
        return (first.refused("no discharge in this record"),)
    found = [first.found(float(cycles.discharge[discharged[0]]), cycle=int(cycles.cycle[discharged[0]]))]
    if not use.size:
        text = "no cycle with both halves"
        return (*found, efficiency.refused(text), gap.refused(text), retention.refused(text))
    found.append(last.found(float(cycles.discharge[use[-1]]), cycle=int(cycles.cycle[use[-1]]), cycles=len(use)))
    later = use[1:] if len(use) > 1 else use
    values = cycles.efficiency[later]
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    doubts = []
    if float(np.mean(values)) > 1.002:
        doubts.append("over 1: more was discharged than charged (charged before, or the current's calibration)")
    doubts += _half_cell(cycles)
    if len(use) == 1:
        doubts.append("one cycle only")
    sigma = None if spread is None else spread / np.sqrt(len(values))
    found.append(efficiency.found(float(np.mean(values)), sigma, doubts=doubts, standard_deviation=spread))
    found.append(energy.found(float(np.median(cycles.energy_efficiency[use]))))
    gaps = cycles.gap[use]
    found.append(
        gap.found(float(np.median(gaps)), float(np.std(gaps)) if len(gaps) > 1 else None, last=float(gaps[-1]))
    )
    at = use[0] if reference_cycle is None else int(np.flatnonzero(cycles.cycle == reference_cycle)[0:1].sum())
    if reference_cycle is not None and (reference_cycle not in cycles.cycle or not cycles.complete[at]):
        found.append(retention.refused(f"cycle {reference_cycle} is not a whole cycle of this record"))
    elif use[-1] == at:
        found.append(retention.refused("one whole cycle only"))
    else:
        ratio = float(cycles.discharge[use[-1]] / cycles.discharge[at])
        size = cycles.current[[at, use[-1]]]
        changed = abs(size[1] - size[0]) > 0.05 * size.max()
        doubts = ["the current differs between the two cycles"] if changed else []
        found.append(
            retention.found(
                ratio,
                doubts=doubts,
                cycles=int(cycles.cycle[use[-1]] - cycles.cycle[at]),
                reference_cycle=int(cycles.cycle[at]),
            )
        )
    return tuple(found)


def _half_cell(cycles: FullCellCycles) -> list[str]:
    """The other reading of a record that begins with a discharge to a low voltage: an anode against a metal."""
    first = not np.isfinite(cycles.charge[:1]).any()
    if not first or len(cycles.cycle) < 2 or not np.nanmedian(cycles.discharge_voltage) < LOW_VOLTAGE:
        return []
    own = float(np.nanmean(cycles.charge[1:] / cycles.discharge[:-1]))
    return [
        f"of a half cell, which begins with a discharge, the efficiency is charge over the discharge before: {own:.4g}"
    ]


@dataclass(frozen=True)
class CapacityFade:
    """How the capacity falls with the cycle."""

    law: str | None
    """The best law, None where two are as good."""
    per_cycle: Result
    """Mean relative loss per cycle over the cycles fitted."""
    life: Result
    """Cycles to the threshold of retention, on the best law."""
    ranking: tuple[tuple[str, float], ...]

    @property
    def results(self) -> tuple[Result, ...]:
        """All numbers."""
        return self.per_cycle, self.life

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "results": [r.to_json() for r in self.results],
            "law": self.law,
            "ranking": [{"law": name, "criterion_above_best": value} for name, value in self.ranking],
        }


def capacity_fade(cycles: FullCellCycles | Record, threshold: float = 0.8, skip: int = 1) -> CapacityFade:
    """Fit the fade of the discharge capacity and extrapolate to a retention.

    Args:
        cycles: of `full_cell_cycles`, or the record that they are to be counted in.
        threshold: retention that ends the life.
        skip: cycles of formation left out at the beginning.

    Returns:
        CapacityFade; refused below eight whole cycles of one current. The life is doubtful when it lies beyond the
        data, a lower limit when no fade is seen; laws that are as good widen its uncertainty.

    Raises:
        RecordError: for a threshold outside 0 to 1.

    Formula: Q = Q0 (1 - f N); Q0 exp(-f N); Q0 (1 - s sqrt(N)), ranked by Akaike's corrected criterion. Source:
    empirical laws, Broussely et al., J. Power Sources 97 (2001) 13 for the root.
    """
    if not 0.0 < threshold < 1.0:
        raise RecordError(f"a retention lies between 0 and 1, read {threshold!r}")
    if not isinstance(cycles, FullCellCycles):
        cycles = full_cell_cycles(cycles)
    asked = Result(
        quantity="capacity fade per cycle",
        dimension="fraction",
        method="linear, exponential or root of the cycle number; Akaike's criterion",
        scope="cell",
        settings={"threshold": threshold, "skip": skip},
        source=cycles.source,
        simulated=cycles.simulated,
    )
    life = replace(asked, quantity=f"cycles to {threshold:.0%} of the capacity", dimension="number")
    use = np.flatnonzero(cycles.complete)[skip:]
    if use.size:
        current = cycles.current[use]
        use = use[np.abs(current - np.median(current)) < 0.05 * np.median(current)]
    if len(use) < FEWEST_FOR_FADE or cycles.cycle[use[-1]] == cycles.cycle[use[0]]:
        text = f"{len(use)} whole cycles of one current after the first {skip}: {FEWEST_FOR_FADE} are needed"
        return CapacityFade(None, asked.refused(text), life.refused(text), ())
    n = (cycles.cycle[use] - cycles.cycle[use[0]]).astype(float)
    q = cycles.discharge[use] / cycles.discharge[use[0]]
    loss = max((1.0 - float(q[-1])) / n[-1], 1e-6)
    laws: dict[str, tuple[Callable[..., Array], float, Callable[[float], float]]] = {
        "linear": (lambda x, a, f: a * (1.0 - f * x), loss, lambda f: (1.0 - threshold) / f),
        "exponential": (lambda x, a, f: a * np.exp(-f * x), loss, lambda f: float(-np.log(threshold) / f)),
        "root": (
            lambda x, a, f: a * (1.0 - f * np.sqrt(x)),
            loss * np.sqrt(n[-1]),
            lambda f: ((1.0 - threshold) / f) ** 2,
        ),
    }
    fits = []
    for name, (law, begin, end) in laws.items():
        fit = fitted_curve(law, n, q, None, [[1.0, begin]])
        if fit is not None and np.isfinite(fit.criterion):
            fits.append((fit.criterion, name, fit, end))
    fits.sort(key=lambda f: f[0])
    if not fits:
        return CapacityFade(None, asked.refused("no law could be fitted"), life.refused("no law could be fitted"), ())
    ranking = tuple((name, criterion - fits[0][0]) for criterion, name, _, _ in fits)
    near = [f for f in fits if f[0] - fits[0][0] < DECIDED]
    best = fits[0]
    value, sigma = float(best[2].values[1]), float(best[2].sigmas[1])
    linear = next(f for f in fits if f[1] == "linear")[2]
    per_cycle = _fade_per_cycle(asked, float(linear.values[1]), float(linear.sigmas[1]), n[-1], len(use))
    law_name = best[1] if len(near) == 1 else None
    if value < 2.0 * sigma or value * n[-1] < NO_FADE:
        bound = float(best[3](max(value, 0.0) + 2.0 * sigma))
        return CapacityFade(law_name, per_cycle, life.at_least(bound, "no fade above its scatter (two sigma)"), ranking)
    lives = [float(f[3](float(f[2].values[1]))) for f in near if f[2].values[1] > 0]
    middle = float(best[3](value))
    own = 0.5 * abs(float(best[3](value - min(sigma, 0.5 * value))) - float(best[3](value + sigma)))
    doubts = []
    if middle > 1.2 * n[-1]:
        doubts.append(f"extrapolated {middle / n[-1]:.2g}-fold beyond the data")
    if law_name is None:
        doubts.append("not decided between " + " and ".join(f[1] for f in near))
    total = float(np.hypot(own, np.ptp(lives) / np.sqrt(12.0) if len(lives) > 1 else 0.0))
    return CapacityFade(law_name, per_cycle, life.found(middle, total, doubts=doubts, law=best[1]), ranking)


def _fade_per_cycle(asked: Result, value: float, sigma: float, span: float, cycles: int) -> Result:
    """Linear fade, or a limit where its uncertainty covers zero, or the whole change is less than a cycler resolves."""
    settings: dict[str, Any] = {"law": "linear", "cycles": cycles}
    if not indistinct(value, sigma) and abs(value) * span >= NO_FADE:
        doubts = [] if value > 0 else ["the capacity rises"]
        return asked.found(value, sigma, doubts=doubts, **settings)
    reason = (
        INDISTINCT if indistinct(value, sigma) else "not distinguishable from zero: under a millionth in all cycles"
    )
    return asked.at_most(max(value + 2.0 * sigma, NO_FADE / span), reason, lowest=None, **settings)


def differential_capacity(
    record: Record, cycle: int = 1, direction: Direction = "discharge", *, active_mass: float | None = None
) -> Series:
    """Return dQ/dV of one half cycle of a full cell.

    Args:
        record: a cycling record, or an experiment.
        cycle: number of the cycle from 1, as `full_cell_cycles` counts.
        direction: "charge" or "discharge".
        active_mass: [kg], for dQ/dV per mass; None: of the cell.

    Returns:
        Series against voltage, positive in both directions, on an even grid of 200 voltages.

    Raises:
        RecordError: when the record has no such half cycle, or fewer than 20 samples in it.

    Formula: charge counted up to each voltage (where the voltage turns back for a moment, to its extreme), smoothed by
    a local quadratic over 5 % of the range and differentiated. Source: Bloom et al., J. Power Sources 139 (2005) 295;
    Savitzky & Golay, Anal. Chem. 36 (1964) 1627.
    """
    from scipy.signal import savgol_filter

    cycling = of_kind(record, "cycling")
    half = half_cycles(cycling)
    wanted = 1 if direction == "charge" else -1
    number, previous, runs = 0, 0, []
    for k in range(len(half)):
        sign = int(half.sign[k])
        if sign != previous and (sign > 0 or previous == 0):
            number += 1
        if number == cycle and sign == wanted:
            runs.append(k)
        previous = sign
    if not runs or half.basis == "voltage":
        raise RecordError(f"no {direction} in cycle {cycle} of '{cycling.metadata.title}'")
    rows = np.concatenate([np.arange(half.start[k], half.end[k] + 1) for k in runs])
    time, voltage, current = (cycling.array(c)[rows] for c in (Column.TIME, Column.VOLTAGE, Column.CURRENT))
    valid = np.isfinite(time) & np.isfinite(voltage) & np.isfinite(current)
    time, voltage, current = time[valid], voltage[valid], np.abs(current[valid])
    if len(time) < 20 or np.ptp(voltage) <= 0:
        raise RecordError(f"the {direction} of cycle {cycle} has {len(time)} samples: 20 are needed for dQ/dV")
    passed = np.concatenate([[0.0], np.cumsum(0.5 * (current[1:] + current[:-1]) * np.diff(time))])
    directed = np.maximum.accumulate(wanted * voltage)
    level, last = np.unique(directed[::-1], return_index=True)
    reached = passed[::-1][last]
    grid = np.linspace(level[0], level[-1], 200)
    charge = np.interp(grid, level, reached)
    slope = savgol_filter(charge, 11, 2, deriv=1, delta=float(grid[1] - grid[0]))
    order = np.argsort(wanted * grid)
    question = Result(
        quantity=f"dQ/dV on {direction}, cycle {cycle}",
        dimension="differential capacity" if active_mass is None else "specific differential capacity",
        method="charge against voltage on an even grid, local quadratic; Savitzky & Golay 1964",
        scope="cell",
        **provenance(cycling),
    )
    values = np.maximum(slope, 0.0)[order] / (1.0 if active_mass is None else active_mass)
    return Series.of(question, values, (wanted * grid)[order], "voltage", "voltage")
