"""Cu | electrolyte | Na half cells: plating efficiency and nucleation overpotential."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from natrode.analysis.halves import HalfCycles, half_cycles
from natrode.analysis.reading import Array, Record, area_of, conditions_of, interfaces_of, of_kind, provenance
from natrode.analysis.result import Result
from natrode.measurement import Column, Measurement

EMPTY = 3.0
"""A strip is complete when its last |V| exceeds this many times its median: the metal is gone."""


@dataclass(frozen=True)
class PlatingEfficiency:
    """Efficiency of plating on, and stripping from, a bare collector at the working electrode."""

    mean: Result
    """Mean over cycles after the first (over all, where there is one)."""
    first: Result
    """Of the first cycle."""
    reservoir: Result
    """By the method of the reservoir: one large plating, n small cycles, one strip to the end."""
    per_cycle: Array
    """Stripped over plated charge of each cycle; NaN where the strip was not complete."""
    complete: tuple[bool, ...]
    """Whether each cycle's strip ran until the metal was gone."""

    @property
    def results(self) -> tuple[Result, ...]:
        """All numbers."""
        return self.mean, self.first, self.reservoir

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        per_cycle = [None if np.isnan(e) else float(e) for e in self.per_cycle]
        return {
            "results": [r.to_json() for r in self.results],
            "per_cycle": per_cycle,
            "complete": list(self.complete),
        }


def plating_efficiency(record: Record) -> PlatingEfficiency:
    """Return how much of the plated metal could be stripped again.

    Args:
        record: a cycling record (or an experiment) of a cell whose working electrode is a bare collector: negative
            current plates on it, positive current strips from it.

    Returns:
        PlatingEfficiency. A cycle whose strip did not end with a rise of the voltage gives no efficiency, only a lower
        limit of it (metal was left). Over 1 it is doubtful: metal from before, or a side reaction.

    Raises:
        RecordError: for another kind of record.

    Formula: CE = Q_stripped/Q_plated; reservoir: CE = (n Q_c + Q_s)/(n Q_c + Q_r). Source: Adams, Zheng, Ren, Xu &
    Zhang, Adv. Energy Mater. 8 (2018) 1702097, after Aurbach, Gofer & Langzam, J. Electrochem. Soc. 136 (1989) 3198.
    """
    cycling = of_kind(record, "cycling")
    half = half_cycles(cycling)
    question = Result(
        quantity="plating efficiency",
        dimension="fraction",
        method="stripped over plated charge per cycle, strips that end with a rise of the voltage; Adams et al. 2018",
        scope="electrode",
        n_interfaces=interfaces_of(cycling),
        settings=conditions_of(cycling),
        **provenance(cycling),
    )
    names = {
        "mean": question,
        "first": replace(question, quantity="plating efficiency of the first cycle"),
        "reservoir": replace(question, quantity="plating efficiency (reservoir method)"),
    }

    def none(reason: str) -> PlatingEfficiency:
        return PlatingEfficiency(**{n: q.refused(reason) for n, q in names.items()}, per_cycle=np.empty(0), complete=())

    if half.basis == "voltage" or not len(half):
        return none("the record has no current" if len(half) else half.summary)
    if half.one_sided:
        return none(half.summary)
    plated, stripped, ended = _pairs(cycling, half)
    if not len(plated):
        return none("no plating (negative current) followed by stripping (positive current)")
    ratio = stripped / plated
    reservoir = _reservoir(names["reservoir"], plated, stripped, ended)
    complete = np.asarray(ended)
    per_cycle = np.where(complete, ratio, np.nan)
    use = np.flatnonzero(complete)
    later = use[use > 0] if np.any(use > 0) else use
    if not use.size:
        lowest = float(np.max(ratio))
        text = "no strip ran until the metal was gone (the voltage did not rise at its end)"
        mean = (
            names["mean"].at_least(min(lowest, 1.0), text) if reservoir.value is None else names["mean"].refused(text)
        )
    else:
        values = ratio[later]
        sigma = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
        mean = names["mean"].found(
            float(np.mean(values)),
            sigma,
            doubts=_doubts(values, len(ratio) - len(use)),
            cycles=len(values),
            standard_deviation=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        )
    if complete[0]:
        first = names["first"].found(float(ratio[0]), doubts=_doubts(ratio[:1], 0))
    else:
        text = "the first strip did not run until the metal was gone"
        first = names["first"].at_least(min(float(ratio[0]), 1.0), text)
    return PlatingEfficiency(mean, first, reservoir, per_cycle, tuple(bool(e) for e in complete))


def plates_on_collector(record: Record) -> bool:
    """Whether a record looks like that of a bare collector: plated first, stripped until the metal is gone.

    Args:
        record: a cycling record, or an experiment.

    Returns:
        True where the working electrode was plated first, no plating ends with a rise of the voltage, no more is
        stripped than was plated (2 %), and most strips (or the last one of a reservoir protocol) end with a rise.
    """
    cycling = of_kind(record, "cycling")
    half = half_cycles(cycling)
    if half.basis == "voltage" or not len(half) or half.one_sided or half.sign[0] > 0:
        return False
    plated, stripped, ended = _pairs(cycling, half)
    if not len(plated) or stripped.sum() > 1.02 * plated.sum():
        return False
    if any(_rises(cycling, half, int(k)) for k in np.flatnonzero(half.sign < 0)):
        return False
    reservoir = len(plated) > 2 and ended[-1] and not any(ended[:-1]) and plated[0] > 1.5 * plated[1:].max()
    return reservoir or sum(ended) > 0.8 * len(ended)


def _rises(cycling: Measurement, half: HalfCycles, k: int) -> bool:
    """Whether a half cycle ends with a rise of the voltage: its last |V| is its largest, over EMPTY times the usual."""
    trace = cycling.array(Column.VOLTAGE)[half.start[k] : half.end[k] + 1]
    trace = np.abs(trace[np.isfinite(trace)])
    return bool(len(trace) > 3 and trace[-1] > EMPTY * np.median(trace) and trace[-1] == trace[-3:].max())


def _doubts(values: Array, left_out: int) -> list[str]:
    doubts = []
    if np.any(values > 1.0 + 1e-3):
        doubts.append("more was stripped than plated: metal from before, or a side reaction")
    if left_out:
        doubts.append(f"{left_out} cycles left out: their strips did not run until the metal was gone")
    return doubts


def _pairs(cycling: Measurement, half: HalfCycles) -> tuple[Array, Array, list[bool]]:
    """Charge plated and then stripped [C] of each cycle, and whether the strip ran to its end."""
    plated: list[float] = []
    stripped: list[float] = []
    ended: list[bool] = []
    pending = 0.0
    for k in range(len(half)):
        if half.sign[k] < 0:
            pending += -float(half.charge[k])
            continue
        if pending <= 0:
            continue
        following = k + 1 < len(half) and half.sign[k + 1] > 0
        if plated and half.sign[k - 1] > 0:
            stripped[-1] += float(half.charge[k])
        else:
            plated.append(pending)
            stripped.append(float(half.charge[k]))
            ended.append(False)
        ended[-1] = _rises(cycling, half, k)
        if not following:
            pending = 0.0
    return np.array(plated), np.array(stripped), ended


def _reservoir(question: Result, plated: Array, stripped: Array, ended: list[bool]) -> Result:
    """The protocol of one large plating, small cycles and a last complete strip, where the record is one."""
    if len(plated) < 3 or not ended[-1] or any(ended[:-1]):
        return question.refused("not the reservoir protocol: small cycles on a large plating, then one complete strip")
    cycled = plated[1:]
    if np.ptp(cycled) > 0.02 * np.median(cycled) or np.ptp(stripped[:-1]) > 0.02 * np.median(stripped[:-1]):
        return question.refused("not the reservoir protocol: the small cycles are not equal")
    small, n = float(np.mean(stripped[:-1])), len(stripped) - 1
    # the first plating is the reservoir; each small cycle strips Q_c and plates Q_c; the last strip takes what is left
    value = (n * small + float(stripped[-1])) / (n * float(np.mean(cycled)) + float(plated[0]))
    doubts = _doubts(np.array([value]), 0)
    return question.found(value, doubts=doubts, small_cycles=n, reservoir=float(plated[0]), cycled=small)


def nucleation_overpotential(record: Record, half_cycle: int | None = None) -> Result:
    """Return the nucleation overpotential: by how much the voltage dips below the plateau when plating begins.

    Args:
        record: a cycling record (or an experiment); negative current plates at the working electrode.
        half_cycle: index (in `half_cycles`) of the plating; None: the first one.

    Returns:
        Result [V], positive: |V| at the tip minus |V| on the plateau after it. An upper limit (the noise) where the
        voltage has no tip. In a cell without reference both electrodes' polarisations are in the plateau and cancel
        to first order. Refused without plating or with fewer than ten samples.

    Raises:
        RecordError: for another kind of record.

    Formula: tip = largest |V| in the first half of the plating; plateau = median |V| over the last half of the time
    between the tip and the end (at least five samples). Source: Pei, Zheng, Shi, Li & Cui, Nano Lett. 17 (2017) 1132.
    """
    cycling = of_kind(record, "cycling")
    half = half_cycles(cycling)
    area = area_of(cycling)
    question = Result(
        quantity="nucleation overpotential",
        dimension="voltage",
        method="|V| at the tip minus |V| on the plateau that follows, first plating; Pei et al. 2017",
        scope="electrode",
        n_interfaces=interfaces_of(cycling),
        settings=conditions_of(cycling),
        **provenance(cycling),
    )
    plating = np.flatnonzero(half.sign < 0)
    if not plating.size or half.basis == "voltage":
        return question.refused("no plating at the working electrode (negative current) in this record")
    k = int(plating[0]) if half_cycle is None else half_cycle
    if not 0 <= k < len(half) or half.sign[k] > 0:
        return question.refused(f"half cycle {k} is not a plating of this record")
    rows = slice(int(half.start[k]), int(half.end[k]) + 1)
    time, voltage = cycling.array(Column.TIME)[rows], -cycling.array(Column.VOLTAGE)[rows]
    valid = np.isfinite(time) & np.isfinite(voltage)
    time, voltage = time[valid], voltage[valid]
    if len(voltage) < 10:
        return question.refused(f"{len(voltage)} samples of plating: ten are needed")
    third = np.diff(voltage[len(voltage) // 4 :], 3)
    noise = float(1.4826 * np.median(np.abs(third)) / np.sqrt(20.0)) if len(third) else 0.0
    early = voltage[: max(3, len(voltage) // 2)]
    tip = int(np.argmax(early))
    middle = 0.5 * (time[tip] + time[-1])
    late = voltage[time >= middle]
    plateau = float(np.median(late))
    height = float(early[tip]) - plateau
    density = abs(float(half.current[k])) / area if area is not None else None
    settings: dict[str, Any] = {
        "half_cycle": k,
        "tip": float(early[tip]),
        "plateau": plateau,
        "time_of_tip": float(time[tip] - half.start_time[k]),
        "current_density": density,
    }
    if len(late) < 5:
        return question.refused("fewer than five samples after the tip: no plateau", **settings)
    drift = abs(float(np.median(late[: len(late) // 2 + 1]) - np.median(late[len(late) // 2 :])))
    sigma = float(np.hypot(noise, drift / np.sqrt(12.0)))
    if height < max(3.0 * sigma, 1e-6) or tip >= len(early) - 1:
        return question.at_most(
            max(height, 0.0) + 3.0 * sigma, "the voltage has no tip above noise and drift", **settings
        )
    doubts = []
    if tip == 0:
        doubts.append("the tip is the first sample: the true one may be higher and earlier")
    if height < 0.2 * drift:
        doubts.append("the plateau still drifts")
    return question.found(height, sigma, doubts=doubts, **settings)
