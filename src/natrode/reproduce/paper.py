"""What natrode knows about a paper: systems, cells, protocols, experiments, published figures, flags, calibrations.

Comparison of computed with published: "equal" within the tolerance; "at least" and "at most" when the published figure
is a bound of the computed one. A published list of two numbers is a range.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, StringConstraints, model_validator

from natrode.errors import SpecificationError
from natrode.reproduce.table import PaperSummary, Role
from natrode.specification import Specification, SpecificCharge, suggest
from natrode.units import from_si, to_si

if TYPE_CHECKING:
    from natrode.cell import Cell, FullCell
    from natrode.protocol import Protocol

Published = float | tuple[float, float] | bool | None
Comparison = Literal["equal", "at least", "at most"]
Distribution = Literal["uniform", "log-uniform"]
Verdict = Literal["contradiction", "consistent", "ambiguous", "statement"]
Kind = Literal["paper", "validation"]

VALIDATION = "validation"
"""Key under which all validation files are read as one."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Count = Annotated[int, Field(strict=True, gt=0)]

T = TypeVar("T")


@dataclass(frozen=True)
class Tolerance:
    """How far a computed figure may lie from the published one and still agree."""

    kind: Literal["relative", "absolute", "factor"]
    size: float
    """A share, a distance in the figure's unit, or a factor above 1."""

    def range(self, value: float) -> tuple[float, float]:
        """Lowest and highest value that agree with `value`."""
        if self.kind == "factor":
            low, high = sorted((value / self.size, value * self.size))
            return low, high
        distance = self.size * abs(value) if self.kind == "relative" else self.size
        return value - distance, value + distance


@dataclass(frozen=True)
class Baseline:
    """What one would expect without the model."""

    method: str
    function: str
    """Name of a function in `natrode.reproduce.arithmetic`."""
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """One published figure, or a blind one whose value is not known here; numbers in `unit`."""

    id: str
    paper: str
    """Key of the paper."""
    quantity: str
    value: Published
    """A number, a range, true for an observed fact, or None."""
    unit: str
    dimension: str
    """A key of `units.DIMENSIONS`."""
    role: Role
    conditions: str
    where: str
    """Place in the paper."""
    comparison: Comparison
    tolerance: Tolerance | None
    tolerance_reason: str
    experiment: str | None
    """Id of a trial."""
    analysis: str | None
    """A name of `ANALYSES`; None when not computed."""
    arguments: Mapping[str, Any]
    baseline: Baseline | None
    explanation: str
    """Why a miss would be no surprise, or what it would mean."""
    not_computed: str
    """Why nothing is computed; empty when something is."""
    unread: str
    """Why the published value is not in the data; empty when it is."""
    check: str | None
    """Function of `natrode.reproduce.arithmetic` whose sentence belongs beside the figure."""
    reference: str
    """Paper in which the figure stands, where it is not the file's own (validation)."""

    @property
    def tolerated(self) -> tuple[float, float] | None:
        """Range of computed values that agree, in `unit`; an end that does not matter is infinite."""
        if isinstance(self.value, tuple):
            return self.value
        if self.value is None or isinstance(self.value, bool):
            return None
        low, high = (self.value, self.value) if self.tolerance is None else self.tolerance.range(self.value)
        if self.comparison == "at least":
            return low, math.inf
        if self.comparison == "at most":
            return -math.inf, high
        return (low, high) if self.tolerance is not None else None

    @property
    def si(self) -> float | None:
        """The published number in the SI unit of `dimension`; None unless it is one number."""
        if self.value is None or isinstance(self.value, (bool, tuple)):
            return None
        return to_si(self.value, self.unit, self.dimension)

    def in_unit(self, si: float) -> float:
        """Convert a computed SI value to `unit`."""
        return from_si(si, self.unit, self.dimension) if math.isfinite(si) else si


@dataclass(frozen=True)
class Trial:
    """One experiment of a paper: a cell and what is done to it."""

    id: str
    paper: str
    cell: str
    protocol: str
    conditions: str = ""
    note: str = ""
    replicates: int = 1
    """Cells with a scatter of flaws and contacts; 1 is the median cell without scatter."""
    seed: int = 1
    """Of the replicates."""
    calibration: str = "default"
    """Name of the calibration whose sample it runs on."""
    alternatives: tuple[str, ...] = ()
    """Trials that ask the same with another assumption where the paper is silent."""


@dataclass(frozen=True)
class Flag:
    """Numbers of a paper that contradict each other, or say less than they seem to."""

    id: str
    paper: str
    statement: str
    verdict: Verdict
    check: str | None
    """Function of `natrode.reproduce.arithmetic` that recomputes it."""
    arguments: Mapping[str, Any]
    papers: tuple[str, ...]
    """Keys of all papers that it concerns."""


@dataclass(frozen=True)
class CalibrationParameter:
    """One parameter of the prior, shared by all interfaces (or electrolytes) that it names; values in SI."""

    name: str
    interfaces: tuple[str, ...]
    electrolytes: tuple[str, ...]
    """Materials whose property `name` it is, instead of a parameter of interfaces."""
    distribution: Distribution
    low: float
    high: float
    dimension: str
    text: tuple[str, str]
    """The two ends as written."""
    reason: str
    label: str
    """Name that is unique within a calibration, such as "void_capacity (h-na-*)"."""
    transfers: bool = True
    """Whether the value holds for cells of another laboratory."""
    cathodes: tuple[str, ...] = ()
    """Cathode materials whose property `name` it is (or the loading of cells with them)."""

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the interfaces, electrolytes or cathode materials that have it."""
        return self.interfaces + self.electrolytes + self.cathodes


@dataclass(frozen=True)
class Calibration:
    """A prior, the figures that it is conditioned on, and how the sample is drawn."""

    name: str
    seed: int
    draws: int
    figures: tuple[str, ...]
    """Ids, all of role `fitted`."""
    parameters: tuple[CalibrationParameter, ...]
    given: str = ""
    """Calibration whose sample stands for the prior of the parameters that this one adds nothing to."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters, as a reader needs them: with the places only where several have one name."""
        bare = [parameter.name for parameter in self.parameters]
        return tuple(p.name if bare.count(p.name) == 1 else p.label for p in self.parameters)

    @property
    def added(self) -> tuple[CalibrationParameter, ...]:
        """Parameters with a prior of their own; all where no other calibration is given."""
        return tuple(p for p in self.parameters if p.cathodes) if self.given else self.parameters


class Loss(Specification):
    """What a full cell loses, to be taken apart into its parts (`attribution`)."""

    experiment: Text
    name: Text
    quantity: Literal["capacity", "fade", "voltage-gap"] = "capacity"
    """Capacity short of theory, capacity lost since another cycle, or distance of charge and discharge."""
    cycle: Count = 1
    since: Count | None = None

    @model_validator(mode="after")
    def _has_a_beginning(self) -> Self:
        if (self.quantity == "fade") != (self.since is not None) or (self.since or 0) >= self.cycle:
            raise ValueError("a fade, and nothing else, is counted from a cycle 'since' before 'cycle'")
        return self


class ComparedCell(Specification):
    """A full cell of the literature as a paper lists it, or one that a figure of the data computes."""

    cell: Text
    capacity: SpecificCharge | None = None
    cycles: Count | None = None
    figure: Text | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.capacity is None) == (self.figure is None):
            raise ValueError("give 'capacity' (as the paper lists it) or 'figure' (whose row holds it), one of them")
        return self


class CellComparison(Specification):
    """Full cells of others beside those computed here."""

    title: Text
    where: Text
    note: Text
    cells: Annotated[tuple[ComparedCell, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Paper:
    """Everything that natrode knows about one paper, or about the validation figures together."""

    key: str
    short: str
    title: str
    kind: Kind
    journal: str
    year: int | None
    doi: str
    reference: str
    systems: tuple[str, ...]
    notes: str
    figures: tuple[Figure, ...]
    trials: tuple[Trial, ...]
    flags: tuple[Flag, ...]
    calibrations: Mapping[str, Calibration]
    """By name; empty where nothing is calibrated."""
    losses: tuple[Loss, ...]
    """Of full cells, that the report takes apart."""
    comparison: CellComparison | None
    cells: "Mapping[str, Cell | FullCell]" = field(repr=False, compare=False)
    protocols: "Mapping[str, Protocol]" = field(repr=False, compare=False)

    def cell(self, name: str) -> "Cell | FullCell":
        """Return a cell by name; raises SpecificationError for an unknown name or a mistake in its table."""
        return self.cells[name]

    def protocol(self, name: str) -> "Protocol":
        """Return a protocol by name; raises SpecificationError for an unknown name or a mistake in its table."""
        return self.protocols[name]

    def figure(self, name: str) -> Figure:
        """Return a figure by id; raises SpecificationError with the nearest id."""
        return named(name, {figure.id: figure for figure in self.figures}, f"figure in {self.key}")

    def trial(self, name: str) -> Trial:
        """Return a trial by id; raises SpecificationError with the nearest id."""
        return named(name, {trial.id: trial for trial in self.trials}, f"experiment in {self.key}")

    @property
    def calibration(self) -> Calibration | None:
        """The calibration that holds where a trial names no other; None where nothing is calibrated."""
        return self.calibrations.get("default")

    @property
    def summary(self) -> PaperSummary:
        """What the report prints at the head of the paper."""
        return PaperSummary(self.key, self.short, self.title, self.reference, self.doi, self.systems)

    def inert_parameters(self, calibration: Calibration) -> tuple[CalibrationParameter, ...]:
        """Parameters that no figure of the calibration can see: their sample is their prior."""
        seen: set[str] = set()
        for name in calibration.figures:
            seen |= parts_of(self.cell(self.trial(str(self.figure(name).experiment)).cell))
        return tuple(parameter for parameter in calibration.added if not seen.intersection(parameter.places))


def parts_of(cell: "Cell | FullCell") -> set[str]:
    """Names of a cell's interfaces, its electrolyte and its cathode material."""
    from natrode.cell import FullCell

    if isinstance(cell, FullCell):
        return {cell.anode.interface, cell.electrolyte.material, cell.cathode.material}
    return {cell.electrode.working.interface, cell.electrode.counter.interface, cell.electrolyte.material}


def named(name: str, known: Mapping[str, T], what: str) -> T:
    """Return one of several by its name; raises SpecificationError with the nearest name."""
    if name not in known:
        raise SpecificationError(f"unknown {what}: '{name}'; {suggest(name, list(known))}")
    return known[name]
