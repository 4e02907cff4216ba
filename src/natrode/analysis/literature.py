"""Where a result lies among published values of like conditions, else why it is compared with none.

Published values come in as data (`reproduce` holds the papers; it lies above this room).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from natrode.analysis.reading import ZERO_CELSIUS
from natrode.analysis.replicates import difference_of_protocols
from natrode.analysis.result import Result
from natrode.units import write_quantity

NEAR = 5.0
"""[K] within which temperatures are alike."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """One published number, in SI; None where the paper is silent."""

    name: str
    """Of the figure, with its place in the paper."""
    dimension: str
    value: float
    kind: str
    """What it is: "critical current density", "interface resistance", "activation energy", ..."""
    temperature: float | None = None
    protocol_class: str | None = None
    """Kind of test: "stepped", "constant current", "one-sided", "spectrum", ...; for ramps the convention, too."""
    protocol: dict[str, Any] | None = None
    """Numbers of the protocol as `CriticalCurrent.protocol` has them, where the paper prints them."""
    n_interfaces: int | None = None
    """Interfaces in series that a resistance spans; None where it has no meaning or nobody said."""
    pressure: float | None = None
    """Stack pressure [Pa]."""

    @property
    def text(self) -> str:
        """Value with its conditions and its place in the paper."""
        return f"{self.amount}{self.conditions}: {self.name}"

    @property
    def amount(self) -> str:
        """Value with its unit."""
        return write_quantity(self.value, self.dimension, 3)

    @property
    def conditions(self) -> str:
        """What it was measured at, each condition behind a comma; those that the paper does not print are left out."""
        known = [
            "" if self.temperature is None else f"{self.temperature - ZERO_CELSIUS:.0f} degC",
            "" if self.pressure is None else write_quantity(self.pressure, "pressure", 3),
            self.protocol_class or "",
            "" if self.n_interfaces is None else f"{self.n_interfaces} interface{'s' * (self.n_interfaces != 1)}",
        ]
        return "".join(f", {part}" for part in known if part)


@dataclass(frozen=True)
class LiteraturePlace:
    """A result among published values."""

    ratio: Result
    """To the median of the comparable values."""
    alike: tuple[Published, ...]
    """Compared with."""
    unlike: tuple[tuple[str, str], ...]
    """Not compared with, and why."""
    statement: str

    @property
    def results(self) -> tuple[Result, ...]:
        """The ratio."""
        return (self.ratio,)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "results": [self.ratio.to_json()],
            "alike": [p.text for p in self.alike],
            "unlike": [{"figure": name, "why": why} for name, why in self.unlike],
            "statement": self.statement,
        }


def against_literature(
    result: Result,
    published: Sequence[Published],
    *,
    kind: str,
    protocol_class: str | None = None,
    protocol: dict[str, Any] | None = None,
) -> LiteraturePlace:
    """LiteraturePlace a result among published values measured alike.

    Args:
        result: of any analysis; its settings tell its temperature [K], its `n_interfaces` what a resistance spans.
        published: values to choose from.
        kind: of the result, as `Published.kind` has it.
        protocol_class: of its test.
        protocol: its numbers, as `CriticalCurrent.protocol` has them.

    Returns:
        LiteraturePlace. Like means: same kind and dimension, temperatures within 5 K, same class of protocol with no
        known number that differs, and for resistances the same number of interfaces. What is not known on either side
        counts as unlike, with that reason; only a stack pressure, which hardly a paper prints, is compared without:
        then the ratio is doubtful and says "pressure unknown". Known pressures must agree within 10 %.

    Source: natrode's rule "like with like only".
    """
    question = Result(
        quantity=f"{result.quantity} over the published median",
        dimension="number",
        method="median of published values of like temperature, protocol and number of interfaces",
        settings={"kind": kind, "protocol_class": protocol_class},
        scope=result.scope,
        n_interfaces=result.n_interfaces,
        source=result.source,
        simulated=result.simulated,
    )
    if result.value is None:
        text = f"not compared: {result.quantity} has no value ({result.reason})"
        return LiteraturePlace(question.refused(text), (), (), text)
    alike: list[Published] = []
    unlike: list[tuple[str, str]] = []
    for figure in published:
        if figure.kind != kind:
            continue
        why = _unlike(result, figure, protocol_class, protocol)
        if why:
            unlike.append((figure.name, why))
        else:
            alike.append(figure)
    if not alike:
        reasons = sorted({why for _, why in unlike})
        text = "not compared: " + ("; ".join(reasons) if reasons else f"no paper prints a {kind}")
        return LiteraturePlace(question.refused(text), (), tuple(unlike), text)
    alike.sort(key=lambda figure: figure.value)
    values = np.array([f.value for f in alike])
    middle = float(np.median(values))
    silent = _silent(result, alike)
    below = int(np.sum(values < result.value))
    many = (
        f"{len(alike)} published values measured alike" if len(alike) > 1 else "the one published value measured alike"
    )
    text = f"above {below} of {many} ({alike[0].amount} to {alike[-1].amount})"
    if len(alike) == 1:
        side = "above" if below else "not above"
        text = f"{side} {many} ({alike[0].text})"
    text += f"; {silent}" if silent else ""
    if middle == 0:
        return LiteraturePlace(question.refused("the published median is zero"), tuple(alike), tuple(unlike), text)
    sigma = None if result.uncertainty is None else result.uncertainty / abs(middle)
    spread = (float(result.value / values.max()), float(result.value / values.min())) if values.min() > 0 else None
    doubts = [f"{len(alike)} published value{'s' * (len(alike) > 1)} only"] if len(alike) < 3 else []
    doubts += [silent] if silent else []
    ratio = question.found(result.value / middle, sigma, interval=spread, doubts=doubts, published=len(alike))
    return LiteraturePlace(ratio, tuple(alike), tuple(unlike), text)


def _silent(result: Result, alike: Sequence[Published]) -> str:
    """That pressures could not be compared, or "" where all are known."""
    mine = result.settings.get("pressure")
    theirs = sum(f.pressure is None for f in alike)
    sides = [f"in {theirs} of {len(alike)} papers' values"] * bool(theirs) + ["of this cell"] * (mine is None)
    return f"pressure unknown {' and '.join(sides)}" if sides else ""


def _unlike(result: Result, figure: Published, protocol_class: str | None, protocol: dict[str, Any] | None) -> str:
    """Why a figure may not be compared with, or ""."""
    if figure.dimension != result.dimension:
        return f"in another unit ({figure.dimension}, not {result.dimension}): give the geometry"
    temperature = result.settings.get("temperature")
    if temperature is None:
        return "the temperature of the result is not known"
    if figure.temperature is None:
        return "the paper does not say its temperature"
    if abs(figure.temperature - float(temperature)) > NEAR:
        mine, theirs = float(temperature) - ZERO_CELSIUS, figure.temperature - ZERO_CELSIUS
        return f"measured at {theirs:.0f} degC, this one at {mine:.0f} degC"
    if protocol_class is None or figure.protocol_class is None:
        return "the class of the protocol is not known on one side"
    if protocol_class != figure.protocol_class:
        return f"another protocol ({figure.protocol_class}, not {protocol_class})"
    if "resistance" in result.dimension:
        if result.n_interfaces is None or figure.n_interfaces is None:
            return "the number of interfaces is not known on one side: a factor of two is open"
        if result.n_interfaces != figure.n_interfaces:
            plural = "s" * (figure.n_interfaces != 1)
            return f"counts {figure.n_interfaces} interface{plural}, this one {result.n_interfaces}"
    pressure = result.settings.get("pressure")
    if pressure is not None and figure.pressure is not None and abs(figure.pressure / float(pressure) - 1.0) > 0.1:
        return f"at {1e-6 * figure.pressure:.3g} MPa, this one at {1e-6 * float(pressure):.3g} MPa"
    if protocol is not None and figure.protocol is not None:
        different = difference_of_protocols(protocol, figure.protocol)
        if different:
            return f"another protocol: {different}"
    return ""
