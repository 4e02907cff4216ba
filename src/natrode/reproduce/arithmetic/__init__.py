"""Recomputation without the model: one small function per arithmetic figure, per flag, per naive baseline and per law.

Here is the registry by which the data files name them. The papers' own numbers are recomputed in a module per paper;
`validation_laws` holds the laws that figures of other papers test. Printed inputs are the figures of the papers' data
files, or constants with their place in the paper; material values and laws come from natrode's data and physics. No
published result is ever returned as computed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from natrode.errors import SpecificationError
from natrode.specification import suggest
from natrode.units import to_si


@dataclass(frozen=True)
class Computed:
    """What a recomputation gives: the number, all others of it by name, and a sentence."""

    value: float
    """In `unit`."""
    unit: str
    dimension: str
    """A key of `units.DIMENSIONS`."""
    sentence: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Every number of the sentence; the name ends with its unit where it has one."""

    @property
    def si(self) -> float:
        """The value in the SI unit of its dimension."""
        return to_si(self.value, self.unit, self.dimension)


Function = Callable[..., Computed]
FUNCTIONS: dict[str, Function] = {}
"""Every function that a data file may name; each module adds its own when it is imported."""


def listed(function: Function) -> Function:
    """Add a function to the registry under its own name; a decorator."""
    FUNCTIONS[function.__name__] = function
    return function


def function_named(name: str) -> Function:
    """Return a function of the registry by its name; raises SpecificationError with the nearest one."""
    if name not in FUNCTIONS:
        from natrode.reproduce.arithmetic import across, baselines, bh, hna, inputs, naf, orna, pbc  # noqa: F401
    if name not in FUNCTIONS:  # these import the simulator
        from natrode.reproduce import validation_laws  # noqa: F401
    if name not in FUNCTIONS:
        raise SpecificationError(f"unknown function '{name}'; {suggest(name, list(FUNCTIONS))}")
    return FUNCTIONS[name]


def compute(name: str, arguments: Mapping[str, Any] | None = None) -> Computed:
    """Call a function of the registry by its name.

    Args:
        name: a key of `FUNCTIONS`.
        arguments: its own arguments, as the data files write them.

    Returns:
        What it computed.

    Raises:
        SpecificationError: an unknown name, with the nearest one.
    """
    return function_named(name)(**(arguments or {}))
