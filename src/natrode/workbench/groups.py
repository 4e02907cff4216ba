"""Groups of the table of cells: replicates counted with their exclusions, designs compared, thicknesses joined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from natrode.analysis import (
    ErrorBudget,
    GroupComparison,
    GroupStatistics,
    Replicate,
    ThicknessSeries,
    compare_groups,
    error_budget,
    group_statistics,
    thickness_series,
)
from natrode.analysis.critical_current import CriticalCurrent
from natrode.analysis.result import Result
from natrode.measurement import UNCERTAINTY, Experiment

BUDGETS = (
    "critical current density (largest survived)",
    "interface resistance",
    "electrolyte resistance",
    "pellet resistance",
    "ionic conductivity",
    "activation energy",
    "overpotential (mean)",
    "plating efficiency",
)
"""Quantities of which a group shows the mean with its error in parts."""


@dataclass(frozen=True)
class Member:
    """One cell of a group, with what its analyses gave."""

    name: str
    group: str
    experiment: Experiment
    results: tuple[Result, ...]
    critical: CriticalCurrent | None
    excluded: str
    """Reason of its exclusion, or ""."""


@dataclass(frozen=True)
class Group:
    """The cells of one group together."""

    name: str
    cells: tuple[str, ...]
    """In the table's order, excluded ones among them."""
    excluded: tuple[str, ...]
    """Cells left out, each with its reason; they stay in the count."""
    critical: GroupStatistics | None
    """Of critical-current tests; None where none of the cells had one."""
    budgets: tuple[ErrorBudget, ...]
    values: Mapping[str, tuple[tuple[str, Result], ...]]
    """Every cell's own result behind each budget, by quantity."""
    thickness: ThicknessSeries | None
    simulated: bool

    @property
    def count(self) -> str:
        """How many of how many."""
        out = f"; excluded {'; '.join(self.excluded)}" if self.excluded else ""
        return f"n = {len(self.cells) - len(self.excluded)} of {len(self.cells)}{out}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "group": self.name, "count": self.count, "cells": list(self.cells), "simulated": self.simulated,
            "critical_current": None if self.critical is None else self.critical.to_json(),
            "budgets": [budget.to_json() for budget in self.budgets],
            "thickness": None if self.thickness is None else self.thickness.to_json(),
        }  # fmt: skip


def groups_of(members: Sequence[Member], *, mix_simulated: bool = False) -> tuple[Group, ...]:
    """Join the cells of each group of two or more.

    Args:
        members: in the table's order; cells without a group's name stand alone.
        mix_simulated: whether simulated and measured cells may stand in one group.

    Returns:
        Groups in order of appearance.

    Raises:
        RecordError: when simulated and measured cells share a group and `mix_simulated` is off.
    """
    names = dict.fromkeys(m.group for m in members if m.group)
    found = []
    for name in names:
        own = [m for m in members if m.group == name]
        if len(own) > 1:
            found.append(_group(name, own, mix_simulated))
    return tuple(found)


def _group(name: str, members: Sequence[Member], mix_simulated: bool) -> Group:
    used = [m for m in members if not m.excluded]
    values: dict[str, tuple[tuple[str, Result], ...]] = {}
    for quantity in BUDGETS:
        own = [(m.name, found) for m in used if (found := _first(m.results, quantity)) is not None]
        alike = {(r.dimension, r.scope) for _, r in own}
        if len(own) > 1 and len(alike) == 1 and any(r.value is not None for _, r in own):
            values[quantity] = tuple(own)
    budgets = tuple(_budget([r for _, r in own]) for own in values.values())
    return Group(
        name,
        tuple(m.name for m in members),
        tuple(f"{m.name}: {m.excluded}" for m in members if m.excluded),
        _critical(members, mix_simulated),
        budgets,
        values,
        _thicknesses(used),
        any(m.experiment.is_simulated for m in used),
    )


def _first(results: Sequence[Result], quantity: str) -> Result | None:
    return next((r for r in results if r.quantity == quantity), None)


def _budget(results: Sequence[Result]) -> ErrorBudget:
    """Fit, geometry, model choice and cell to cell; the parts that a result's settings know go in."""
    parts = [r.settings.get("parts", {}) for r in results]
    model = [p["model choice"] for p in parts if isinstance(p, Mapping) and p.get("model choice") is not None]
    geometry = [
        p["geometry"] / abs(r.value)
        for p, r in zip(parts, results, strict=True)
        if isinstance(p, Mapping) and p.get("geometry") is not None and r.value
    ]
    alone = [_fit_alone(r) for r in results]
    middle = next((r.value for r in results if r.value is not None), 0.0)
    spread = [middle - max(model), middle + max(model)] if model and middle is not None else None
    return error_budget(alone, geometry_and_temperature=max(geometry) if geometry else None, model_choice=spread)


def _fit_alone(result: Result) -> Result:
    """A result whose uncertainty leaves out geometry and choice of the model, which a budget counts on their own."""
    parts = result.settings.get("parts", {})
    apart = [parts.get(name) or 0.0 for name in ("geometry", "model choice")] if isinstance(parts, Mapping) else []
    if not any(apart) or result.uncertainty is None:
        return result
    return replace(result, uncertainty=max(result.uncertainty**2 - sum(part**2 for part in apart), 0.0) ** 0.5)


def _critical(members: Sequence[Member], mix_simulated: bool) -> GroupStatistics | None:
    """Interval-censored Weibull of the critical currents; cells without a completed step are counted as excluded."""
    if not any(m.critical is not None for m in members):
        return None
    replicates = []
    total = False
    for member in members:
        critical = member.critical
        reason = member.excluded
        if not reason and critical is None:
            reason = "no critical-current test"
        elif not reason and critical is not None and critical.bracket == (None, None):
            reason = "no step was completed"
        if critical is not None and not reason:
            total = total or critical.protocol.get("current_is") == "total"
        replicates.append(
            Replicate(
                cell=member.name, group=member.group, excluded=reason, simulated=member.experiment.is_simulated,
                bracket=None if reason or critical is None else critical.bracket,
                protocol={} if critical is None else critical.protocol,
            )
        )  # fmt: skip
    (found,) = group_statistics(
        replicates,
        quantity="critical current" if total else "critical current density",
        dimension="current" if total else "current density",
        mix_simulated=mix_simulated,
    )
    return found


def _thicknesses(members: Sequence[Member]) -> ThicknessSeries | None:
    """Conductivity and interfaces from cells whose electrolytes differ in thickness; None where they do not."""
    points = []
    for member in members:
        metadata = member.experiment.measurements[0].metadata
        thickness, area = metadata.geometry.electrolyte_thickness, metadata.geometry.electrolyte_area
        whole = _whole(member.results)
        if whole is None or isinstance(thickness, str) or isinstance(area, str):
            continue
        resistance, sigma, result = whole
        known = metadata.user.get(UNCERTAINTY, {})
        points.append(
            (thickness, resistance * area, sigma * area, float(known.get("electrolyte thickness", 0.0)), result)
        )
    if len({round(p[0], 9) for p in points}) < 3:
        return None
    sigmas = [p[2] for p in points]
    return thickness_series(
        [p[0] for p in points],
        [p[1] for p in points],
        sigmas if all(s > 0 for s in sigmas) else None,
        thickness_uncertainty=max(p[3] for p in points),
        source=tuple(s for p in points for s in p[4].source),
        simulated=any(p[4].simulated for p in points),
    )


def _whole(results: Sequence[Result]) -> tuple[float, float, Result] | None:
    """Resistance of everything between the electrodes [Ohm] and its standard uncertainty."""
    pellet = _first(results, "pellet resistance")
    if pellet is not None and pellet.value is not None:
        return pellet.value, pellet.uncertainty or 0.0, pellet
    interface = _first(results, "interface resistance")
    total = None if interface is None else interface.settings.get("total_resistance")
    if interface is None or not isinstance(total, (int, float)):
        return None
    scale = float(interface.settings.get("area") or 1.0) if interface.area_normalised else 1.0
    return float(total), (interface.uncertainty or 0.0) / scale, interface


def comparisons_of(groups: Sequence[Group]) -> tuple[GroupComparison, ...]:
    """Every pair of groups with critical currents, the second over the first."""
    tested = [g.critical for g in groups if g.critical is not None]
    return tuple(compare_groups(a, b) for a, b in combinations(tested, 2))


__all__ = ["BUDGETS", "Group", "Member", "comparisons_of", "groups_of"]
