"""The answer of an analysis: a number with its uncertainty and its reasons, or the reason why there is none.

A limit carries no value, only its interval: an average over results can never take "> 600 h" for 600 h.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.units import DIMENSIONS, from_si

Quality = Literal["good", "doubtful", "upper limit", "lower limit", "not computed"]
Scope = Literal["cell", "per interface (assumed equal)", "stripping side", "plating side", "electrode", "none"]
Interval = tuple[float | None, float | None]


INDISTINCT = "not distinguishable from zero (under two sigma)"


def indistinct(value: float, uncertainty: float) -> list[str]:
    """Return the doubt that a value whose uncertainty covers zero comes with; none where it does not."""
    return [INDISTINCT] if math.isfinite(uncertainty) and abs(value) < 2.0 * uncertainty else []


@dataclass(frozen=True, kw_only=True)
class Result:
    """One quantity in SI with everything needed to trust it, doubt it or repeat it.

    A new Result is a question ("not computed"); `found`, `at_least`, `at_most` and `refused` return its
    answer.
    """

    quantity: str
    dimension: str
    """Key of `natrode.units.DIMENSIONS`; value, uncertainty and interval are in its SI unit."""
    method: str
    """Formula and reference."""
    value: float | None = None
    uncertainty: float | None = None
    """Standard uncertainty (1 sigma)."""
    interval: Interval | None = None
    """What is sure: brackets and limits; an open end is None."""
    quality: Quality = "not computed"
    reason: str = "nothing was asked of the record yet"
    settings: Mapping[str, Any] = field(default_factory=dict)
    scope: Scope = "none"
    n_interfaces: int | None = None
    """Interfaces in series that the value spans; None where nobody said or it has no meaning."""
    area_normalised: bool | None = None
    source: tuple[str, ...] = ()
    """Digests of the records that the number was computed from."""
    simulated: bool = False

    def __post_init__(self) -> None:
        if self.dimension not in DIMENSIONS:
            raise ValueError(f"{self.quantity}: '{self.dimension}' is no dimension that natrode knows")
        numbers = [self.value, self.uncertainty, *(self.interval or ())]
        if any(n is not None and not math.isfinite(n) for n in numbers):
            raise ValueError(f"{self.quantity}: a result holds finite numbers or None, got {numbers}")
        if (self.value is not None) != (self.quality in ("good", "doubtful")):
            raise ValueError(f"{self.quantity}: value {self.value} does not go with quality '{self.quality}'")
        if self.quality != "good" and not self.reason:
            raise ValueError(f"{self.quantity}: quality '{self.quality}' needs a reason")

    def found(
        self,
        value: float,
        uncertainty: float | None = None,
        *,
        interval: Interval | None = None,
        doubts: tuple[str, ...] | list[str] = (),
        **settings: Any,
    ) -> "Result":
        """Return the answer `value` (SI): doubtful with any doubt, refused when it is not finite."""
        if not math.isfinite(value):
            return self.refused("the computation gave no finite number", **settings)
        if uncertainty is not None and not math.isfinite(uncertainty):
            uncertainty, doubts = None, [*doubts, "the uncertainty could not be determined"]
        return self.changed(
            value=float(value),
            uncertainty=None if uncertainty is None else float(uncertainty),
            interval=interval,
            quality="doubtful" if doubts else "good",
            reason="; ".join(doubts),
            settings={**self.settings, **settings},
        )

    def at_least(self, bound: float, reason: str, **settings: Any) -> "Result":
        """Return a lower limit (SI)."""
        return self._limit("lower limit", (float(bound), None), reason, settings)

    def at_most(self, bound: float, reason: str, *, lowest: float | None = 0.0, **settings: Any) -> "Result":
        """Return an upper limit (SI); `lowest` is the other end of its interval."""
        return self._limit("upper limit", (lowest, float(bound)), reason, settings)

    def refused(self, reason: str, **settings: Any) -> "Result":
        """Return "not computed" with the reason."""
        return self._limit("not computed", None, reason, settings)

    def _limit(self, quality: Quality, interval: Interval | None, reason: str, settings: Mapping[str, Any]) -> "Result":
        return self.changed(
            value=None,
            uncertainty=None,
            interval=interval,
            quality=quality,
            reason=reason,
            settings={**self.settings, **settings},
        )

    def changed(self, **changes: Any) -> "Result":
        """Return the result with other fields.

        As `dataclasses.replace`, which takes several times as long: a run over many draws asks for many results.
        """
        answer = object.__new__(type(self))
        answer.__dict__.update(self.__dict__ | changes)
        answer.__post_init__()
        return answer

    def to_json(self) -> dict[str, Any]:
        """Return plain data, the numbers in the unit that the laboratory speaks; `settings` stay in SI."""
        unit = DIMENSIONS[self.dimension][1]

        def outside(number: float | None) -> float | None:
            return None if number is None else from_si(number, unit, self.dimension)

        step = None
        if self.uncertainty is not None:
            step = from_si(self.uncertainty, unit, self.dimension) - from_si(0.0, unit, self.dimension)
        parts = self.settings.get("parts")
        factor = from_si(1.0, unit, self.dimension) - from_si(0.0, unit, self.dimension)
        shares = (
            {}
            if not isinstance(parts, Mapping)
            else {"parts": {name: None if part is None else factor * part for name, part in parts.items()}}
        )
        return {
            "quantity": self.quantity,
            "value": outside(self.value),
            "uncertainty": step,
            **shares,
            "interval": None if self.interval is None else [outside(end) for end in self.interval],
            "unit": unit,
            "quality": self.quality,
            "reason": self.reason,
            "method": self.method,
            "scope": self.scope,
            "n_interfaces": self.n_interfaces,
            "area_normalised": self.area_normalised,
            "settings": plain(self.settings),
            "source": list(self.source),
            "simulated": self.simulated,
        }


@dataclass(frozen=True, kw_only=True)
class Series:
    """One quantity with many values along an abscissa, in SI; NaN where there is a gap."""

    quantity: str
    dimension: str
    method: str
    values: npt.NDArray[np.float64]
    x: npt.NDArray[np.float64]
    x_quantity: str
    x_dimension: str
    uncertainty: npt.NDArray[np.float64] | None = None
    scope: Scope = "none"
    n_interfaces: int | None = None
    area_normalised: bool | None = None
    source: tuple[str, ...] = ()
    simulated: bool = False

    @classmethod
    def of(
        cls,
        result: Result,
        values: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        x_dimension: str,
        x_quantity: str,
        uncertainty: npt.NDArray[np.float64] | None = None,
    ) -> "Series":
        """Return a series that means what `result` means, value by value (all arrays of one shape)."""
        return cls(
            quantity=result.quantity,
            dimension=result.dimension,
            method=result.method,
            values=values,
            x=x,
            x_quantity=x_quantity,
            x_dimension=x_dimension,
            uncertainty=uncertainty,
            scope=result.scope,
            n_interfaces=result.n_interfaces,
            area_normalised=result.area_normalised,
            source=result.source,
            simulated=result.simulated,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data like `Result.to_json`, with lists for value, uncertainty and x; gaps are None."""
        unit, x_unit = DIMENSIONS[self.dimension][1], DIMENSIONS[self.x_dimension][1]
        zero, one = (from_si(n, unit, self.dimension) for n in (0.0, 1.0))
        x_zero, x_one = (from_si(n, x_unit, self.x_dimension) for n in (0.0, 1.0))
        gaps = int(np.isnan(self.values).sum())
        return {
            "quantity": self.quantity,
            "value": plain(zero + (one - zero) * self.values),
            "uncertainty": None if self.uncertainty is None else plain((one - zero) * self.uncertainty),
            "interval": None,
            "unit": unit,
            "x": plain(x_zero + (x_one - x_zero) * self.x),
            "x_quantity": self.x_quantity,
            "x_unit": x_unit,
            "quality": "doubtful" if gaps else "good",
            "reason": f"{gaps} of {len(self.values)} without a value" if gaps else "",
            "method": self.method,
            "scope": self.scope,
            "n_interfaces": self.n_interfaces,
            "area_normalised": self.area_normalised,
            "source": list(self.source),
            "simulated": self.simulated,
        }


def plain(value: Any) -> Any:
    """Turn settings, results and arrays into what `json` writes; NaN becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "to_json"):
        return value.to_json()
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
