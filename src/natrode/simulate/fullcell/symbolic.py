"""Laws of `natrode.physics` on PyBaMM symbols: the very function that the compiled kernels use, traced.

A law is plain Python on floats, with branches. Here it runs on symbols instead: `math` becomes PyBaMM's functions, and
a comparison of symbols takes one branch after the other, so that the result is the sum over all ways through the law,
each multiplied by the conditions that lead there.
"""

from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any, cast

import pybamm

_TINY = 1e-300


class _Trail:
    """Decisions of one way through a law, and the conditions that they stand for."""

    def __init__(self, given: list[bool]) -> None:
        self.given = given
        self.taken: list[bool] = []
        self.conditions: list[Any] = []

    def decide(self, condition: Any) -> bool:
        known = pybamm.simplify_if_constant(pybamm.convert_to_symbol(condition))
        if isinstance(known, pybamm.Scalar):
            return bool(known.value)
        choice = self.given[len(self.taken)] if len(self.taken) < len(self.given) else True
        self.taken.append(choice)
        self.conditions.append(known if choice else 1 - known)
        return choice

    def following(self) -> list[bool] | None:
        """Decisions of the next way, None after the last."""
        path = list(self.taken)
        while path and not path[-1]:
            path.pop()
        return [*path[:-1], False] if path else None


class _Traced:
    """A symbol whose comparisons branch."""

    def __init__(self, symbol: Any, trail: _Trail) -> None:
        self.symbol, self.trail = symbol, trail

    def _new(self, symbol: Any) -> "_Traced":
        return _Traced(symbol, self.trail)

    def __add__(self, other: Any) -> "_Traced":
        return self._new(self.symbol + _plain(other))

    def __sub__(self, other: Any) -> "_Traced":
        return self._new(self.symbol - _plain(other))

    def __mul__(self, other: Any) -> "_Traced":
        return self._new(self.symbol * _plain(other))

    def __truediv__(self, other: Any) -> "_Traced":
        return self._new(self.symbol / _plain(other))

    def __pow__(self, other: Any) -> "_Traced":
        return self._new(self.symbol ** _plain(other))

    def __radd__(self, other: Any) -> "_Traced":
        return self._new(_plain(other) + self.symbol)

    def __rsub__(self, other: Any) -> "_Traced":
        return self._new(_plain(other) - self.symbol)

    def __rmul__(self, other: Any) -> "_Traced":
        return self._new(_plain(other) * self.symbol)

    def __rtruediv__(self, other: Any) -> "_Traced":
        return self._new(_plain(other) / self.symbol)

    def __rpow__(self, other: Any) -> "_Traced":
        return self._new(_plain(other) ** self.symbol)

    def __neg__(self) -> "_Traced":
        return self._new(-self.symbol)

    def __abs__(self) -> "_Traced":
        return self._new(abs(self.symbol))

    def __lt__(self, other: Any) -> bool:
        return self.trail.decide(self.symbol < _plain(other))

    def __le__(self, other: Any) -> bool:
        return self.trail.decide(self.symbol <= _plain(other))

    def __gt__(self, other: Any) -> bool:
        return self.trail.decide(self.symbol > _plain(other))

    def __ge__(self, other: Any) -> bool:
        return self.trail.decide(self.symbol >= _plain(other))


def _plain(value: Any) -> Any:
    return value.symbol if isinstance(value, _Traced) else value


def _lifted(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of symbols as a function of traced symbols."""

    def apply(value: Any) -> Any:
        return value._new(function(value.symbol)) if isinstance(value, _Traced) else function(value)

    return apply


def _extreme(of_symbols: Callable[[Any, Any], Any], of_numbers: Callable[..., Any]) -> Callable[..., Any]:
    """`max` or `min` of two traced values, without a branch."""

    def apply(*values: Any) -> Any:
        trails = [value for value in values if isinstance(value, _Traced)]
        return trails[0]._new(of_symbols(*map(_plain, values))) if trails else of_numbers(*values)

    return apply


_FUNCTIONS = {
    "exp": _lifted(pybamm.exp),
    "log": _lifted(lambda x: pybamm.log(pybamm.maximum(x, _TINY))),
    "log1p": _lifted(lambda x: pybamm.log(pybamm.maximum(1 + x, _TINY))),
    "expm1": _lifted(lambda x: pybamm.exp(x) - 1),
    "sqrt": _lifted(pybamm.sqrt),
    "asinh": _lifted(pybamm.arcsinh),
    "inf": 1e300,
}
"""What `math` and `np` mean inside a traced law; a branch that is not taken must stay a number."""


def traced(law: Callable[..., Any]) -> Callable[..., Any]:
    """Return a law of `natrode.physics` as a function of PyBaMM symbols (and numbers)."""
    code = cast("FunctionType", law)
    words = {
        "math": SimpleNamespace(**_FUNCTIONS),
        "np": SimpleNamespace(**_FUNCTIONS),
        "float": lambda value: value,
        "max": _extreme(pybamm.maximum, max),
        "min": _extreme(pybamm.minimum, min),
    }
    symbolic = FunctionType(code.__code__, {**code.__globals__, **words}, code.__name__, code.__defaults__)

    def evaluate(*arguments: Any) -> Any:
        total: Any = 0
        path: list[bool] | None = []
        while path is not None:
            trail = _Trail(path)
            given = [_Traced(a, trail) if isinstance(a, pybamm.Symbol) else a for a in arguments]
            term = _plain(symbolic(*given))
            for condition in trail.conditions:
                term = condition * term
            total = total + term
            path = trail.following()
        return total

    return evaluate
