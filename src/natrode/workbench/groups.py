"""Replicates: cells of one group in the table of cells, counted with their exclusions, never over two protocols."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from natrode.analysis.critical_current import CriticalCurrent
from natrode.analysis.statistics import Bracket, WeibullFit, weibull_from_brackets

SAME = 0.05
"""Protocols whose numbers differ by more than this fraction are two protocols."""
COMPARED = ("step", "charge_per_half_cycle", "cycles_per_step", "temperature", "pressure")


@dataclass(frozen=True)
class Replicates:
    """The critical current densities of one group."""

    name: str
    cells: tuple[str, ...]
    brackets: tuple[Bracket, ...]
    """[last survived, first failed] of each cell [A/m2]."""
    excluded: tuple[str, ...]
    """Cells left out, each with its reason; they stay in the count."""
    fit: WeibullFit | None
    """None where the cells cannot be averaged."""
    reason: str
    """Why there is no fit."""
    simulated: bool

    @property
    def count(self) -> str:
        """How many of how many."""
        out = f"; excluded {'; '.join(self.excluded)}" if self.excluded else ""
        return f"n = {len(self.cells)} of {len(self.cells) + len(self.excluded)}{out}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "group": self.name, "count": self.count, "cells": list(self.cells), "brackets": list(self.brackets),
            "simulated": self.simulated, "reason": self.reason or None,
            "fit": None if self.fit is None else self.fit.to_json(),
        }  # fmt: skip


def replicates(
    cells: Sequence[tuple[str, str, CriticalCurrent, str, bool]],
) -> tuple[Replicates, ...]:
    """Group critical currents.

    Args:
        cells: (cell, group, its critical current, reason of its exclusion or "", simulated) in the table's order.

    Returns:
        One entry a group of two cells or more.
    """
    names = dict.fromkeys(group for _, group, *_ in cells if group)
    found = []
    for name in names:
        members = [cell for cell in cells if cell[1] == name]
        if len(members) < 2:
            continue
        kept = [cell for cell in members if not cell[3]]
        excluded = tuple(f"{cell[0]}: {cell[3]}" for cell in members if cell[3])
        open_ended = [cell[0] for cell in kept if cell[2].bracket == (None, None)]
        excluded += tuple(f"{cell}: no step was completed" for cell in open_ended)
        kept = [cell for cell in kept if cell[0] not in open_ended]
        brackets = tuple(cell[2].bracket for cell in kept)
        why = different([cell[2].protocol for cell in kept])
        areas = {cell[2].protocol.get("current_is") for cell in kept}
        if len(areas) > 1:
            why = "the area of some cells is unknown: their currents cannot stand beside current densities"
        fit = None
        if not why and kept:
            total = areas == {"total"}
            dimension = "current" if total else "current density"
            fit = weibull_from_brackets(brackets, dimension=dimension, excluded=excluded)
        simulated = any(cell[4] for cell in kept)
        names_kept = tuple(cell[0] for cell in kept)
        found.append(Replicates(name, names_kept, brackets, excluded, fit, why, simulated))
    return tuple(found)


def different(protocols: Sequence[Mapping[str, Any]]) -> str:
    """Why some protocols are not one, in words; empty when they are."""
    for key in COMPARED:
        values = [p.get(key) for p in protocols]
        numbers = [float(v) for v in values if isinstance(v, (int, float))]
        if len(numbers) > 1 and max(numbers) - min(numbers) > SAME * max(abs(n) for n in numbers) * _share(key):
            low, high = min(numbers), max(numbers)
            return f"not averaged: the protocols differ in {key.replace('_', ' ')} ({low:.4g} to {high:.4g}, SI)"
    return ""


def _share(key: str) -> float:
    """Temperatures are compared in kelvin: 3 K at room temperature."""
    return 0.2 if key == "temperature" else 1.0


__all__ = ["Replicates", "different", "replicates"]
