"""Replicates: cells of one design and protocol together, exclusions counted, designs compared, error budgets."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from natrode.analysis.reading import Array
from natrode.analysis.result import Result
from natrode.analysis.statistics import (
    FEWEST_FAILURES,
    Bracket,
    WeibullFit,
    chi2_quantile,
    log_likelihood,
    profile_end,
    weibull_from_brackets,
)
from natrode.errors import RecordError

SAME = 0.03
"""Relative difference up to which two protocols' numbers are the same."""
SAME_TEMPERATURE = 2.0
"""[K]"""
PROTOCOL_KEYS = (
    "current_is",
    "first_current",
    "step",
    "cycles_per_step",
    "charge_per_half_cycle",
    "time_per_half_cycle",
    "one_sided",
    "temperature",
    "pressure",
)


@dataclass(frozen=True, kw_only=True)
class Replicate:
    """One cell of a group: its bracket, or why it does not count."""

    cell: str
    group: str
    bracket: Bracket | None = None
    """(last survived, first failed) in SI; None where it was excluded or nothing was measured."""
    excluded: str = ""
    """Reason, where the cell is left out; it stays in the count."""
    protocol: Mapping[str, Any] = field(default_factory=dict)
    """As `CriticalCurrent.protocol` has it; a life needs its current and charge."""
    simulated: bool = False


@dataclass(frozen=True)
class GroupStatistics:
    """Replicates of one group under one protocol."""

    group: str
    fit: WeibullFit
    without_early: WeibullFit | None
    """The fit without cells that failed in the first step, where there are some: are they another population?"""
    replicates: tuple[Replicate, ...]
    summary: str

    @property
    def results(self) -> tuple[Result, ...]:
        """Shape, scale and median of the fit, and of that without the early failures."""
        numbers = (self.fit.shape, self.fit.scale, self.fit.median)
        if self.without_early is None:
            return numbers
        early = (self.without_early.shape, self.without_early.scale, self.without_early.median)
        return numbers + tuple(replace(r, quantity=f"{r.quantity}, early failures left out") for r in early)

    def to_json(self) -> dict[str, Any]:
        """Return plain data, every cell's bracket among them."""
        cells = [
            {
                "cell": r.cell,
                "bracket": None if r.bracket is None else list(r.bracket),
                "excluded": r.excluded or None,
                "simulated": r.simulated,
            }
            for r in self.replicates
        ]
        return {
            "group": self.group,
            "summary": self.summary,
            "cells": cells,
            "results": [r.to_json() for r in self.results],
        }


def replicates_from_table(
    rows: Sequence[Mapping[str, Any]],
    brackets: Mapping[str, Bracket],
    protocols: Mapping[str, Mapping[str, Any]] | None = None,
    simulated: Sequence[str] = (),
) -> list[Replicate]:
    """Join the table of cells with what was measured.

    Args:
        rows: of the table of cells: `cell`, `group`, and `exclusion` (a reason) or `status`.
        brackets: per cell, (last survived, first failed) in SI.
        protocols: per cell.
        simulated: names of cells that a model wrote.

    Returns:
        One replicate per row, in order. A cell without group is a group of its own; one without bracket and without
        reason is excluded as "not measured".

    Raises:
        RecordError: for a row without name, two rows of one name, or a bracket whose cell is not in the table.
    """
    found: list[Replicate] = []
    names: set[str] = set()
    for number, row in enumerate(rows, 1):
        name = str(row.get("cell") or "").strip()
        if not name:
            raise RecordError(f"row {number} of the table of cells has no name in its column 'cell'")
        if name in names:
            raise RecordError(f"two rows of the table of cells are called '{name}'")
        names.add(name)
        status = str(row.get("status") or "").strip()
        reason = str(row.get("exclusion") or row.get("exclusion reason") or "").strip()
        if not reason and status.lower().startswith("exclud"):
            reason = "no reason given in the table"
        if not reason and name not in brackets:
            reason = "not measured"
        found.append(
            Replicate(
                cell=name,
                group=str(row.get("group") or "").strip() or name,
                bracket=None if reason else brackets[name],
                excluded=reason,
                protocol=(protocols or {}).get(name, {}),
                simulated=name in simulated,
            )
        )
    lost = sorted(set(brackets) - names)
    if lost:
        raise RecordError(f"not in the table of cells: {', '.join(lost)}")
    return found


def difference_of_protocols(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Say in what two protocols differ, "" where they do not, as far as both are known.

    Args:
        one: protocol as `CriticalCurrent.protocol` has it (SI).
        other: another.
    """
    differences = []
    for key in PROTOCOL_KEYS:
        a, b = one.get(key), other.get(key)
        if a is None or b is None:
            continue
        if isinstance(a, (bool, str)) or isinstance(b, (bool, str)):
            same = a == b
        elif key == "temperature":
            same = abs(float(a) - float(b)) <= SAME_TEMPERATURE
        else:
            same = abs(float(a) - float(b)) <= SAME * max(abs(float(a)), abs(float(b)))
        if not same:
            differences.append(f"{key.replace('_', ' ')} {_short(a)} and {_short(b)}")
    if "time per half cycle" in (text := "; ".join(differences)) and "charge per half cycle" not in text:
        differences = [d for d in differences if not d.startswith("time per half cycle")]  # fixed charge: time follows
    elif "charge per half cycle" in text and one.get("limited_by") == other.get("limited_by") == "time":
        differences = [d for d in differences if not d.startswith("charge per half cycle")]
    return "; ".join(differences)


def _short(value: Any) -> str:
    return str(value) if isinstance(value, (bool, str)) else f"{float(value):.4g}"


def group_statistics(
    replicates: Sequence[Replicate],
    *,
    quantity: str = "critical current density",
    dimension: str = "current density",
    mix_simulated: bool = False,
    confidence: float = 0.90,
) -> list[GroupStatistics]:
    """Fit every group of replicates, if its cells were tested alike.

    Args:
        replicates: of any number of groups.
        quantity: what was bracketed.
        dimension: of the brackets.
        mix_simulated: whether simulated and measured cells may stand in one group.
        confidence: of the profile intervals.

    Returns:
        GroupStatistics per group, in order of appearance. A group whose cells differ in protocol is refused, with the
        difference: nothing is averaged over protocols. Below five failures there is no Weibull line.

    Raises:
        RecordError: when simulated and measured cells share a group and `mix_simulated` is off.

    Formula, source: `weibull_from_brackets`.
    """
    groups: dict[str, list[Replicate]] = {}
    for replicate in replicates:
        groups.setdefault(replicate.group, []).append(replicate)
    found = []
    for name, members in groups.items():
        used = [r for r in members if r.bracket is not None]
        if len({r.simulated for r in used}) > 1 and not mix_simulated:
            raise RecordError(
                f"group '{name}' holds simulated and measured cells; allow it with mix_simulated=True (--mix-simulated)"
            )
        excluded = [f"{r.cell}: {r.excluded}" for r in members if r.bracket is None]
        brackets = [r.bracket for r in used if r.bracket is not None]
        counted = f"n = {len(used)} of {len(members)}" + "".join(f"; excluded {text}" for text in excluded)
        different = next(
            (
                f"{used[0].cell} and {r.cell} differ in {text}"
                for r in used[1:]
                if (text := difference_of_protocols(used[0].protocol, r.protocol))
            ),
            "",
        )
        if different:
            reason = f"not averaged over different protocols: {different}"
            fit = weibull_from_brackets([], quantity=quantity, dimension=dimension, excluded=excluded)
            refused = {n: getattr(fit, n).refused(reason) for n in ("shape", "scale", "median")}
            fit = replace(fit, **refused, n=len(used), brackets=tuple(brackets), summary=f"{counted}; {reason}")
            found.append(GroupStatistics(name, fit, None, tuple(members), fit.summary))
            continue
        options: dict[str, Any] = {"quantity": quantity, "dimension": dimension, "confidence": confidence}
        fit = weibull_from_brackets(brackets, excluded=excluded, **options)
        early = [r for r in used if r.bracket is not None and not r.bracket[0]]
        without = None
        if early:
            rest = [r.bracket for r in used if r.bracket is not None and r.bracket[0]]
            left_out = [*excluded, *(f"{r.cell}: failed in the first step" for r in early)]
            without = weibull_from_brackets(rest, excluded=left_out, **options)
        found.append(GroupStatistics(name, fit, without, tuple(members), fit.summary))
    return found


@dataclass(frozen=True)
class GroupComparison:
    """Two designs compared under one Weibull shape."""

    ratio: Result
    """Median of the second over that of the first."""
    probability: Result
    """Of a difference as large between cells of one design."""
    equal_shapes: Result
    """Of a difference of the shapes as large where they are one."""
    summary: str

    @property
    def results(self) -> tuple[Result, ...]:
        """All numbers."""
        return self.ratio, self.probability, self.equal_shapes

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"summary": self.summary, "results": [r.to_json() for r in self.results]}


def compare_groups(first: GroupStatistics, second: GroupStatistics, confidence: float = 0.90) -> GroupComparison:
    """Compare two groups of replicates, censored cells included.

    Args:
        first: group of `group_statistics`.
        second: another.
        confidence: of the interval.

    Returns:
        GroupComparison; refused below five failures together or two in either group, and where the protocols differ.

    Formula: Weibull with one shape and two scales against one scale, likelihood ratio against chi-square (1);
    interval of the ratio by profile. Equal shapes: two shapes against one. Source: Meeker & Escobar, Statistical
    Methods for Reliability Data (1998), chapter 8.
    """
    asked = Result(
        quantity=f"median of {second.group} over {first.group}",
        dimension="number",
        method="likelihood ratio of censored Weibull data, one shape, profile interval; Meeker & Escobar 1998",
        settings={"confidence": confidence, "first": first.summary, "second": second.summary},
        simulated=any(r.simulated for r in (*first.replicates, *second.replicates)),
    )
    questions = (
        asked,
        replace(asked, quantity="probability of such a difference by chance", dimension="fraction"),
        replace(asked, quantity="probability of such shapes by chance", dimension="fraction"),
    )

    def none(reason: str) -> GroupComparison:
        ratio, probability, shapes = (q.refused(reason) for q in questions)
        return GroupComparison(ratio, probability, shapes, reason)

    reason, data = _comparable(first, second)
    if reason:
        return none(reason)
    found = _ratio_of_scales(data, confidence)
    if found is None:
        return none("the likelihood has no maximum inside the range that was searched: the brackets are too coarse")
    doubts = ["the shapes differ: one ratio does not describe the two groups"] if found.shapes_by_chance < 0.05 else []
    if None in found.interval:
        doubts.append("the data do not bound it on one side")
    ratio = questions[0].found(found.ratio, interval=found.interval, doubts=doubts)
    summary = f"{second.group} / {first.group}: {found.ratio:.3g} (p = {found.by_chance:.2g})"
    return GroupComparison(
        ratio, questions[1].found(found.by_chance), questions[2].found(found.shapes_by_chance), summary
    )


Ends = tuple[Array, Array]
"""Lower and upper ends of the brackets of a group's cells, shape (cells,); inf where a cell had not failed."""


def _comparable(first: GroupStatistics, second: GroupStatistics) -> tuple[str, list[Ends]]:
    """Why two groups are not compared ("" where they are), and the brackets of each over their median."""
    used = [[r for r in g.replicates if r.bracket is not None] for g in (first, second)]
    if not all(used):
        return "a group without cells", []
    different = difference_of_protocols(used[0][0].protocol, used[1][0].protocol)
    if different:
        return f"not compared over different protocols: {different}", []
    if any("different protocols" in g.summary for g in (first, second)):
        return "a group holds cells of different protocols", []
    data = [_ends([r.bracket for r in cells if r.bracket is not None]) for cells in used]
    failures = [int(np.isfinite(high).sum()) for _, high in data]
    if sum(failures) < FEWEST_FAILURES or min(failures) < 2:
        text = f"{failures[0]} and {failures[1]} failures: {FEWEST_FAILURES} together and two in each group are needed"
        return text, []
    unit = float(np.median(np.concatenate([_finite(ends) for ends in data])))
    return "", [(low / unit, high / unit) for low, high in data]


def _ends(brackets: Sequence[Bracket]) -> Ends:
    low = np.array([b[0] or 0.0 for b in brackets])
    return low, np.array([math.inf if b[1] is None else b[1] for b in brackets])


def _finite(ends: Ends) -> Array:
    low, high = ends
    return np.concatenate([low[low > 0], high[np.isfinite(high)]])


@dataclass(frozen=True)
class _Ratio:
    """Second scale over the first under one shape."""

    ratio: float
    interval: tuple[float | None, float | None]
    by_chance: float
    """Probability of such a ratio where the scales are one."""
    shapes_by_chance: float
    """Probability of such a difference of the shapes where they are one."""


def _ratio_of_scales(data: Sequence[Ends], confidence: float) -> _Ratio | None:
    """Likelihood ratio of two scales under one shape; None where the best shape lies at the end of its range."""
    from scipy.optimize import minimize
    from scipy.special import gammaincc

    def likelihood(k: int, shape: float, scale: float) -> float:
        return float(log_likelihood(*data[k], np.array([shape]), np.array([scale]))[0])

    def highest_of(function: Callable[[Array], float], start: Sequence[float]) -> tuple[Array, float]:
        answer = minimize(lambda p: -function(p), np.array(start), method="Nelder-Mead", tol=1e-5)  # type: ignore[call-overload]
        return np.asarray(answer.x, dtype=float), -float(answer.fun)

    begin = [float(np.log(np.median(_finite(ends)))) for ends in data]
    best, separate = highest_of(
        lambda p: likelihood(0, p[0], p[1]) + likelihood(1, p[0], p[2]), [math.log(3.0), begin[0], begin[1]]
    )
    shape, centre = float(best[0]), float(best[2] - best[1])
    if not _SHAPE_RANGE[0] + 0.05 < shape < _SHAPE_RANGE[1] - 0.05:
        return None

    def profile(log_ratio: float) -> float:
        start = [shape, 0.5 * float(best[1] + best[2] - log_ratio)]
        return highest_of(lambda p: likelihood(0, p[0], p[1]) + likelihood(1, p[0], p[1] + log_ratio), start)[1]

    two_shapes = sum(
        highest_of(lambda p, k=k: likelihood(k, p[0], p[1]), [shape, float(best[1 + k])])[1]  # type: ignore[misc]
        for k in (0, 1)
    )
    target = separate - 0.5 * chi2_quantile(confidence)
    low, high = (profile_end(profile, centre, target, side) for side in (-1.0, 1.0))
    return _Ratio(
        math.exp(centre),
        (None if low is None else math.exp(low), None if high is None else math.exp(high)),
        float(gammaincc(0.5, max(separate - profile(0.0), 0.0))),
        float(gammaincc(0.5, max(two_shapes - separate, 0.0))),
    )


_SHAPE_RANGE = (math.log(0.05), math.log(200.0))


@dataclass(frozen=True)
class ErrorBudget:
    """Standard uncertainties of one number in parts; None where a part is not known."""

    quantity: str
    fit: float | None
    geometry_and_temperature: float | None
    model_choice: float | None
    cell_to_cell: float | None
    """Standard deviation between cells; None below three cells: no bar for n = 2."""
    n: int
    mean: Result
    statement: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data in the unit of the result."""
        from natrode.units import DIMENSIONS, from_si

        unit = DIMENSIONS[self.mean.dimension][1]
        zero = from_si(0.0, unit, self.mean.dimension)

        def outside(part: float | None) -> float | None:
            return None if part is None else from_si(part, unit, self.mean.dimension) - zero

        names = ("fit", "geometry_and_temperature", "model_choice", "cell_to_cell")
        return {
            "quantity": self.quantity,
            "unit": unit,
            **{name: outside(getattr(self, name)) for name in names},
            "n": self.n,
            "statement": self.statement,
            "results": [self.mean.to_json()],
        }


def _too_alike(spread: float, fit: float, count: int) -> bool:
    """Whether cells scatter by less than independent errors `fit` would let them."""
    from scipy.stats import chi2

    return bool((count - 1) * spread**2 < fit**2 * chi2.ppf(0.01, count - 1))


def error_budget(
    cells: Sequence[Result],
    *,
    geometry_and_temperature: float | None = None,
    model_choice: Sequence[float] | None = None,
) -> ErrorBudget:
    """Return the parts of the uncertainty of a number that several cells gave.

    Args:
        cells: one result per cell, of one quantity and dimension; those without value are counted and left out.
        geometry_and_temperature: relative standard uncertainty that area, thickness and temperature give.
        model_choice: values of one cell under other fair models or fit windows, in SI.

    Returns:
        ErrorBudget: fit (median of the cells' own), geometry and temperature, model choice (half width of the values
        over sqrt(3)), cell to cell (standard deviation with n). The mean's uncertainty is the standard error,
        joined with what all cells have in common (model choice; geometry where it is one gauge for all; the fit's
        own where the cells scatter by less than independent errors of that size would, 1 in 100 by chance).

    Raises:
        RecordError: for no cells, or results of different quantities.

    Source: GUM (JCGM 100:2008), 4.3.7 and 5.1.2.
    """
    if not cells:
        raise RecordError("an error budget needs the results of one cell at least")
    first = cells[0]
    if any((r.quantity, r.dimension, r.scope) != (first.quantity, first.dimension, first.scope) for r in cells):
        raise RecordError("an error budget is that of one quantity; these results differ in quantity, unit or scope")
    known = [r for r in cells if r.value is not None]
    values = np.array([r.value for r in known if r.value is not None])
    question = replace(
        first,
        quantity=f"{first.quantity} (mean of cells)",
        method=f"mean of cells; each: {first.method}",
        settings={"cells": len(cells), "without value": len(cells) - len(known)},
        source=tuple(s for r in cells for s in r.source),
        simulated=any(r.simulated for r in cells),
    )
    counted = f"n = {len(known)} of {len(cells)}"
    if not len(values):
        reason = f"no cell gave a value; {first.reason}"
        return ErrorBudget(first.quantity, None, None, None, None, 0, question.refused(reason), f"{counted}; {reason}")
    mean = float(values.mean())
    sigmas = [r.uncertainty for r in known if r.uncertainty is not None]
    fit = float(np.median(sigmas)) if sigmas else None
    geometry = None if geometry_and_temperature is None else abs(mean) * geometry_and_temperature
    model = None
    if model_choice is not None and len(model_choice) > 1:
        model = float(np.ptp(np.asarray(model_choice, dtype=float))) / math.sqrt(12.0)
    spread = float(np.std(values, ddof=1)) if len(values) > 2 else None
    own = spread / math.sqrt(len(values)) if spread is not None else (fit or 0.0) / math.sqrt(len(values))
    shared = spread is not None and fit is not None and _too_alike(spread, fit, len(values))
    common = (geometry or 0.0) ** 2 + (model or 0.0) ** 2 + (fit**2 if shared and fit is not None else 0.0)
    total = math.sqrt(own**2 + common)
    parts = {"fit": fit, "geometry and temperature": geometry, "model choice": model, "cell to cell (SD)": spread}
    missing = [name for name, part in parts.items() if part is None]
    doubts = [f"{', '.join(missing)} not known"] if missing else []
    if shared:
        doubts.append("the cells agree better than their own uncertainties: what these hold is common to all of them")
    answer = question.found(mean, total or None, doubts=doubts, parts=parts)
    statement = f"{counted}; " + ", ".join(
        f"{name} {'not known' if part is None else f'{part / abs(mean):.1%}' if mean else f'{part:.3g}'}"
        for name, part in parts.items()
    )
    return ErrorBudget(first.quantity, fit, geometry, model, spread, len(known), answer, statement)
