"""Published figures of the papers that natrode holds, as values to place a result among: like with like only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from natrode.analysis import LiteraturePlace, Published, against_literature
from natrode.analysis.critical_current import CriticalCurrent
from natrode.analysis.result import Result
from natrode.reproduce import library
from natrode.reproduce.paper import Figure, Paper

STEPPED = "stepped critical-current test"
SPECTRUM = "spectrum without direct current"
KINDS: Mapping[str, tuple[str, str]] = {
    "critical current density (largest survived)": ("critical current density, largest survived", STEPPED),
    "critical current density (lowest that failed)": ("critical current density, lowest failed", STEPPED),
    "interface resistance": ("interface resistance", SPECTRUM),
}
"""Of a result: what `Published.kind` calls it, and the class of its test."""


@cache
def published() -> tuple[Published, ...]:
    """Critical currents and interface resistances that the papers print; one entry a number and place in the paper."""
    found: dict[tuple[str, float, str, str], Published] = {}
    for key in library.paper_names():
        paper = library.load_paper(key)
        for figure in paper.figures:
            entry = _entry(paper, figure)
            if entry is not None:
                place = (key, entry.value, figure.where, entry.kind)
                found[place] = _agreed(found[place], entry) if place in found else entry
    return tuple(found.values())


def _agreed(one: Published, other: Published) -> Published:
    """One printed number that is computed under several readings of the paper: what they differ in is not printed."""
    if one.protocol is None or other.protocol is None:
        return replace(one, protocol=None)
    return replace(one, protocol={k: v for k, v in one.protocol.items() if other.protocol.get(k) == v})


def _entry(paper: Paper, figure: Figure) -> Published | None:
    if figure.si is None or figure.si <= 0 or figure.experiment is None or figure.role == "blind":
        return None  # what a paper could not tell from zero is no value to lie among
    trial = paper.trial(figure.experiment)
    arguments = figure.arguments
    name = f"{figure.reference or paper.reference}, {figure.quantity.partition(' (')[0]} ({figure.where})"
    kelvin = paper.cell(trial.cell).temperature
    common: dict[str, Any] = {
        "name": name, "dimension": figure.dimension, "value": figure.si,
        "temperature": kelvin if isinstance(kelvin, float) else None,
    }  # fmt: skip
    if figure.analysis == "critical-current" and arguments.get("convention") in ("largest survived", "lowest failed"):
        kind = f"critical current density, {arguments['convention']}"
        return Published(**common, kind=kind, protocol_class=STEPPED, protocol=_ramp(paper, trial.protocol))
    if figure.analysis == "interface-resistance":
        pressure = re.search(r"([\d.]+) MPa", f"{figure.quantity} {figure.conditions}")
        fresh = arguments.get("spectrum") == 1 or pressure is not None
        if not fresh:
            return None  # after cycling: another state of the interface
        return Published(
            **common, kind="interface resistance", protocol_class=SPECTRUM,
            pressure=None if pressure is None else 1e6 * float(pressure.group(1)),
            n_interfaces=1 if arguments.get("per") == "interface" else 2,
        )  # fmt: skip
    return None


def _ramp(paper: Paper, name: str) -> dict[str, Any] | None:
    """Step and charge of a critical-current ramp, SI."""
    step = next((s for s in paper.protocol(name).steps if s.type == "critical-current-ramp"), None)
    if step is None:
        return None
    charge = getattr(step, "capacity", None)
    return {"step": float(step.increment)} | ({} if charge is None else {"charge_per_half_cycle": float(charge)})


def places(results: Sequence[Result], critical: CriticalCurrent | None) -> tuple[LiteraturePlace, ...]:
    """Place the results of a cell among published ones; results that no paper has a figure of are passed over.

    Args:
        results: of one cell; of each quantity and scope the first one counts (a fresh cell's spectrum).
        critical: its critical current, whose protocol must be the papers'.
    """
    seen: set[tuple[str, str]] = set()
    found = []
    for result in results:
        known = KINDS.get(result.quantity)
        if known is None or (result.quantity, result.scope) in seen or result.value is None:
            continue
        seen.add((result.quantity, result.scope))
        kind, test = known
        protocol: dict[str, Any] | None = None
        if test == STEPPED and critical is not None:  # its conditions stand in its protocol
            protocol = dict(critical.protocol)
            own = {name: protocol.get(name) for name in ("temperature", "pressure")}
            result = replace(result, settings={**result.settings, **own})
        found.append(against_literature(result, published(), kind=kind, protocol_class=test, protocol=protocol))
    return tuple(found)


__all__ = ["KINDS", "places", "published"]
