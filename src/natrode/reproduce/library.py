"""The papers as data: systems, cells, protocols, experiments, published figures, flags, and what is calibrated.

One TOML file per paper in `papers/`, and `validation-*.toml` for figures of other papers. A mistake in a file is one
sentence with file, key and remedy. Cells and protocols are tables of `natrode.cell.Cell` and
`natrode.protocol.Protocol`, read when they are asked for.

Analyses that a figure may name
-------------------------------
Each takes the record of the figure's experiment, as the laboratory would. Quantities are text with a unit.

interface-resistance {per, spectrum}   resistance from one spectrum (1 the first, 0 or nothing: the last) with the
                                       electrolyte's removed; per "interface" (of two assumed equal) or "cell"
resistance-at-time {time, per}         the same from the spectrum nearest to a test time
resistance-ratio {time, reference, per, above | below}
                                       resistance at `time` over that at `reference`; true or false with above, below
resistance-rise-time {share, per}      test time at which a series of spectra reaches that share of its last resistance
growing-relaxation-time {}             relaxation time of the process that grows most over a series of spectra of
                                       one-sided stripping, from distributions of relaxation times
time-to-voltage {threshold}            time under current in one direction until |V| reaches the threshold
voltage-at {time}                      |V| at a test time
voltage-ratio {time, reference, above | below}
                                       |V| at `time` over |V| at `reference`, times counted from the first current; a
                                       record that ended before `time` by its voltage limit gives a lower limit; true or
                                       false with above, below
critical-current {convention, statistic}
                                       "largest survived", "lowest failed", "stripping", "plating" or "onset" (of
                                       non-ohmic polarisation); statistic "mean" over the experiment's replicates
ramp-current {}                        current density at which a linear ramp leaves the ohmic line
overpotential {which, cycle}           "mean", "end" or "peak" of a half cycle, of cycle 1, 2, ... or "last"
hysteresis {cycle}                     distance of the two directions' mean voltages
first-cycle-above {voltage}            first cycle with |V| above
life {criterion}                       time under test until failure; a lower limit when the cell is alive at the end
failure-cycle {}                       cycle in which the cell fails; a lower limit when it does not
survives {duration}                    true when no failure was found up to then
failure-kind {is}                      true when the failure found is of that kind, or one of a list
discharge-capacity {cycle}              charge of one discharge per mass of active material of a full cell
capacity-ratio {cycle, reference}      the discharge of one cycle over that of another
capacity-loss {cycle, reference}       the part of the capacity that is lost per cycle between the two
coulombic-efficiency {}                mean of the whole cycles after the first
voltage-gap {cycle}                    mean voltage of the charge above that of the discharge
discharge-end-voltage {cycle}          last voltage of a discharge
cycles-at-capacity {capacity}          cycles whose discharge gives a capacity; a lower limit when all do
endless-charge {}                      cycle whose charge does not end; a lower limit when all end
fails-softly {}                        true when a cell fails in a charge that never ends while its voltage holds
efficiency-falls {below, after}        true when the efficiency falls below a bound, and only after a cycle
fades {cycle, reference, below}        true when a cell keeps less than a part of its capacity, or fails before
cell-resistance {spectrum}             resistance of a full cell up to its diffusion
resistance-rises {factor}              true when the last spectrum's cell resistance is so much above the first's
apparent-diffusivity {line}            of the cathode, from the last spectrum of a full cell: "45 degrees" (which may
                                       not be there) or "forced" through the lowest decade
ratio-of-experiments, difference-of-experiments {analysis, with, order}
                                       of two experiments, draw by draw: the first over, or less, the second
compare-experiments {analysis, with, order}
                                       true when `analysis` (its arguments in `with`) rises along `order`, a list of
                                       experiments; a list inside the list stands for experiments whose mutual order is
                                       left open
arithmetic {function, ...}             no record: a function of `natrode.reproduce.arithmetic` with its own arguments
resolved {answer}                      no record: what stored studies of electrodes resolved in three dimensions say, a
                                       function of `natrode.reproduce.resolved`

Comparison of computed with published: "equal" within the tolerance; "at least" and "at most" when the published figure
is a bound of the computed one. A published list of two numbers is a range.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, Self, TypeVar, cast

from pydantic import Field, StringConstraints, model_validator

from natrode.errors import SpecificationError, UnitError
from natrode.reproduce.table import FlagRow, PaperSummary, Role
from natrode.specification import Specification, SpecificCharge, read_toml, suggest
from natrode.units import DIMENSIONS, from_si, read_quantity, to_si

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

_PER = ("interface", "cell")
_CRITERIA = ("any", "short", "contact loss", "voltage limit")
_KINDS = ("none", "hard short", "soft short", "contact loss", "voltage limit")
_RESOLVED = (
    "resistance-one-to-one",
    "reaction-depth",
    "steady-current",
    "settling-time",
    "skeleton",
)
_CONVENTIONS = ("largest survived", "lowest failed", "stripping", "plating", "onset")
ANALYSES: dict[str, dict[str, str | tuple[str, ...]]] = {
    "interface-resistance": {"per": _PER, "spectrum": "count"},
    "resistance-at-time": {"per": _PER, "time": "time"},
    "resistance-ratio": {"per": _PER, "time": "time", "reference": "time", "above": "number", "below": "number"},
    "resistance-rise-time": {"per": _PER, "share": "fraction"},
    "growing-relaxation-time": {},
    "time-to-voltage": {"threshold": "voltage"},
    "voltage-at": {"time": "time"},
    "voltage-ratio": {"time": "time", "reference": "time", "above": "number", "below": "number"},
    "critical-current": {"convention": _CONVENTIONS, "statistic": ("mean",)},
    "ramp-current": {},
    "overpotential": {"which": ("mean", "end", "peak"), "cycle": "cycle"},
    "hysteresis": {"cycle": "cycle"},
    "first-cycle-above": {"voltage": "voltage"},
    "life": {"criterion": _CRITERIA},
    "failure-cycle": {},
    "survives": {"duration": "time"},
    "failure-kind": {"is": "kinds"},
    "discharge-capacity": {"cycle": "cycle"},
    "capacity-ratio": {"cycle": "cycle", "reference": "cycle"},
    "capacity-loss": {"cycle": "cycle", "reference": "cycle"},
    "coulombic-efficiency": {},
    "voltage-gap": {"cycle": "cycle"},
    "discharge-end-voltage": {"cycle": "cycle"},
    "cycles-at-capacity": {"capacity": "specific charge"},
    "endless-charge": {},
    "fails-softly": {},
    "efficiency-falls": {"below": "fraction", "after": "cycle"},
    "fades": {"cycle": "cycle", "reference": "cycle", "below": "fraction"},
    "cell-resistance": {"spectrum": "count"},
    "resistance-rises": {"factor": "number"},
    "apparent-diffusivity": {"line": ("forced", "45 degrees")},
    "ratio-of-experiments": {"analysis": "analysis", "with": "table", "order": "experiments"},
    "difference-of-experiments": {"analysis": "analysis", "with": "table", "order": "experiments"},
    "compare-experiments": {"analysis": "analysis", "with": "table", "order": "experiments"},
    "arithmetic": {"function": "function"},
    "resolved": {"answer": _RESOLVED},
}
"""Analyses by name, and what each argument is: a dimension, words to choose from, or one of a few own kinds."""
ACROSS = ("compare-experiments", "ratio-of-experiments", "difference-of-experiments")
"""Analyses of several experiments together."""

_PAPERS = Path(__file__).parent / "papers"
_VALIDATION_ROLES: tuple[Role, ...] = ("validation", "observation", "arithmetic")

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
    def added(self) -> tuple[CalibrationParameter, ...]:
        """Parameters with a prior of their own; all where no other calibration is given."""
        return tuple(p for p in self.parameters if p.cathodes) if self.given else self.parameters


class Tables(Mapping[str, T], Generic[T]):
    """Specifications by name, each validated when it is first asked for."""

    def __init__(self, what: str, tables: Mapping[str, tuple[Mapping[str, Any], str]], model: str) -> None:
        self._what, self._tables, self._model = what, tables, model
        self._read: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._tables:
            raise SpecificationError(f"unknown {self._what} '{name}'; {suggest(name, self._tables)}")
        if name not in self._read:
            self._read[name] = self._validated(*self._tables[name])
        return self._read[name]

    def _validated(self, table: Mapping[str, Any], where: str) -> T:
        from natrode import cell, protocol

        read: Any = cell.read_cell(table, where) if self._model == "Cell" else protocol.Protocol.read(table, where)
        return cast(T, read)

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


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
    losses: "tuple[Loss, ...]"
    """Of full cells, that the report takes apart."""
    comparison: "CellComparison | None"
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
        return _named(name, {figure.id: figure for figure in self.figures}, f"figure in {self.key}")

    def trial(self, name: str) -> Trial:
        """Return a trial by id; raises SpecificationError with the nearest id."""
        return _named(name, {trial.id: trial for trial in self.trials}, f"experiment in {self.key}")

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


# ---- asking ----------------------------------------------------------------------------------------------------


@cache
def paper_names() -> tuple[str, ...]:
    """Keys of the papers, in the order in which they are shown."""
    files = {path.stem: read_toml(path) for path in _files() if not _is_validation(path)}
    return tuple(sorted(files, key=lambda name: (files[name].get("order", 99), name)))


def load_paper(key: str) -> Paper:
    """Load a paper once.

    Args:
        key: one of `paper_names()`, its short name in any case (hNa, BH, PbC, ORNa, NaF), or "validation" for all
            validation files as one.

    Returns:
        The paper, immutable.

    Raises:
        SpecificationError: an unknown key, with the nearest one; a file that does not say what it must, names what
            does not exist, or has a unit of another dimension.
    """
    return _load(_key(key))


def find_figure(name: str) -> Figure:
    """Return a figure of any paper by its id; raises SpecificationError with the nearest id."""
    return _named(name, _all_figures(), "figure")


def flags_of(key: str) -> tuple[Flag, ...]:
    """Flags that concern a paper: its own, and those of other papers that name it."""
    paper = load_paper(key)
    others = (load_paper(name) for name in paper_names() if name != paper.key)
    return paper.flags + tuple(flag for other in others for flag in other.flags if paper.key in flag.papers)


def flag_rows(paper: Paper) -> tuple[FlagRow, ...]:
    """Recompute the flags that stand in a paper's file, for the report."""
    from natrode.reproduce import arithmetic

    return tuple(
        FlagRow(
            flag.id,
            flag.paper,
            flag.statement,
            arithmetic.compute(flag.check, flag.arguments).sentence if flag.check else "",
            flag.verdict,
        )
        for flag in paper.flags
    )


def read_paper(path: Path) -> Paper:
    """Read one file; raises SpecificationError with file, key, what was read and what is allowed."""
    return _build([(path, _PaperFile.read(read_toml(path), str(path)))])


def papers_table(key: str | None = None, *, flags: bool = False) -> dict[str, Any]:
    """Describe all papers in one line each, or one of them; plain data for JSON.

    Args:
        key: as in `load_paper`.
        flags: only the flags, recomputed; of all papers without a key.

    Returns:
        `title`, `columns`, `rows` and `notes` (or several of these under `tables`), and `results`: one dictionary
        for each row with what the data say about it.

    Raises:
        SpecificationError: as `load_paper`.
    """
    if flags:
        return _flags_table(paper_names() if key is None else (_key(key),))
    if key is None:
        return _overview()
    return _paper_table(load_paper(key))


# ---- printing --------------------------------------------------------------------------------------------------


def _overview() -> dict[str, Any]:
    papers = [load_paper(name) for name in paper_names()]
    rows = [[p.key, p.short, p.title, p.reference, len(p.figures), len(p.trials), len(p.flags)] for p in papers]
    results = [{**asdict(p.summary), "systems": list(p.systems), "figures": len(p.figures)} for p in papers]
    return {
        "title": "papers",
        "columns": ["key", "short", "title", "reference", "figures", "experiments", "flags"],
        "rows": rows,
        "notes": ["natrode papers KEY shows one; natrode papers KEY --flags what contradicts itself in it"],
        "results": results,
    }


def _paper_table(paper: Paper) -> dict[str, Any]:
    figures = [
        [f.id, f.role, f.quantity, published_text(f), f.unit.removesuffix("1") if f.unit == "1" else f.unit, f.where]
        for f in paper.figures
    ]
    trials = [[t.id, t.cell, t.protocol, t.conditions] for t in paper.trials]
    flags = [[f.id, f.verdict, f.statement] for f in paper.flags]
    heading = {
        "title": f"{paper.short}: {paper.title}",
        "columns": ["system"],
        "rows": [[text] for text in paper.systems],
        "notes": [text for text in (paper.reference, paper.doi and f"doi {paper.doi}", paper.notes) if text],
    }
    return {
        **asdict(paper.summary),
        "systems": list(paper.systems),
        "tables": [
            heading,
            _table("figures", ["id", "role", "quantity", "published", "unit", "where"], figures),
            _table("experiments", ["id", "cell", "protocol", "conditions"], trials),
            _table("flags", ["id", "verdict", "statement"], flags),
        ],
        "results": [_figure_row(figure) for figure in paper.figures],
        "experiments": [{**asdict(trial), "alternatives": list(trial.alternatives)} for trial in paper.trials],
        "calibrations": [_calibration_row(calibration) for calibration in paper.calibrations.values()],
    }


def _flags_table(keys: tuple[str, ...]) -> dict[str, Any]:
    rows = [row for key in keys for row in flag_rows(load_paper(key))]
    if len(keys) == 1:
        named = {flag.id for flag in flags_of(keys[0])} - {row.id for row in rows}
        others = (row for name in paper_names() if name != keys[0] for row in flag_rows(load_paper(name)))
        rows += [row for row in others if row.id in named]
    return {
        "title": "numbers that contradict each other, or say less than they seem to",
        "columns": ["id", "verdict", "statement", "recomputed"],
        "rows": [[row.id, row.verdict, row.statement, row.recomputed] for row in rows],
        "notes": [],
        "results": [asdict(row) for row in rows],
    }


def _table(title: str, columns: list[str], rows: list[list[str]]) -> dict[str, Any]:
    return {"title": title, "columns": columns, "rows": rows, "notes": []}


def published_text(figure: Figure) -> str:
    """Write the published value as people read it: a number, a bound, a range, or that it is not known here."""
    bound = {"equal": "", "at least": ">= ", "at most": "<= "}[figure.comparison]
    bound = "" if figure.role == "arithmetic" else bound  # there the computed number is the bound
    match figure.value:
        case None:
            return "not in the data" if figure.unread else "blind"
        case bool():
            return "observed"
        case (low, high):
            return f"{low:g} to {high:g}"
        case number:
            return f"{bound}{number:g}"


def _figure_row(figure: Figure) -> dict[str, Any]:
    value = list(figure.value) if isinstance(figure.value, tuple) else figure.value
    tolerated = figure.tolerated
    return {
        "id": figure.id,
        "quantity": figure.quantity,
        "value": value,
        "uncertainty": None,
        "unit": figure.unit,
        "quality": "published" if figure.value is not None else "blind" if figure.role == "blind" else "unread",
        "reason": figure.unread or ("kept out of the data until computed" if figure.role == "blind" else ""),
        "method": f"{figure.reference or figure.paper}, {figure.where}" if figure.where else figure.paper,
        "role": figure.role,
        "conditions": figure.conditions,
        "comparison": figure.comparison,
        "tolerance": None if tolerated is None else [end if math.isfinite(end) else None for end in tolerated],
        "tolerance_reason": figure.tolerance_reason,
        "experiment": figure.experiment,
        "analysis": figure.analysis,
        "not_computed": figure.not_computed,
    }


def _calibration_row(calibration: Calibration) -> dict[str, Any]:
    parameters = [
        {
            "name": parameter.name,
            "interfaces": list(parameter.interfaces),
            "electrolytes": list(parameter.electrolytes),
            "cathodes": list(parameter.cathodes),
            "distribution": parameter.distribution,
            "low": parameter.text[0],
            "high": parameter.text[1],
            "reason": parameter.reason,
        }
        for parameter in calibration.parameters
    ]
    return {
        "name": calibration.name,
        "seed": calibration.seed,
        "draws": calibration.draws,
        "figures": list(calibration.figures),
        "parameters": parameters,
    }


# ---- what stands in the files ----------------------------------------------------------------------------------

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Count = Annotated[int, Field(strict=True, gt=0)]


class _ToleranceTable(Specification):
    relative: Annotated[_Number, Field(gt=0)] | None = None
    absolute: Annotated[_Number, Field(gt=0)] | None = None
    factor: Annotated[_Number, Field(gt=1)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self._given) != 1:
            raise ValueError("give 'relative', 'absolute' or 'factor', one of them")
        return self

    @property
    def _given(self) -> list[Tolerance]:
        kinds: tuple[Literal["relative", "absolute", "factor"], ...] = ("relative", "absolute", "factor")
        return [Tolerance(kind, size) for kind in kinds if (size := getattr(self, kind)) is not None]

    def tolerance(self) -> Tolerance:
        return self._given[0]


class _BaselineTable(Specification):
    method: _Text
    function: _Text
    arguments: dict[str, Any] = Field(default_factory=dict)


class _FigureTable(Specification):
    id: _Text
    quantity: _Text
    value: Annotated[bool, Field(strict=True)] | _Number | tuple[_Number, _Number] | None = None
    unit: str = "1"
    dimension: _Text = "number"
    role: Role
    conditions: str = ""
    where: str = ""
    comparison: Comparison = "equal"
    tolerance: _ToleranceTable | None = None
    tolerance_reason: str = ""
    experiment: _Text | None = None
    analysis: _Text | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    baseline: _BaselineTable | None = None
    explanation: str = ""
    not_computed: str = ""
    unread: str = ""
    check: _Text | None = None
    reference: str = ""


class _TrialTable(Specification):
    id: _Text
    cell: _Text
    protocol: _Text
    conditions: str = ""
    note: str = ""
    replicates: _Count = 1
    seed: Annotated[int, Field(strict=True, ge=0)] = 1
    calibration: _Text = "default"
    alternatives: tuple[_Text, ...] = ()


class _FlagTable(Specification):
    id: _Text
    statement: _Text
    verdict: Verdict
    check: _Text | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    papers: tuple[_Text, ...] = ()


class _ParameterTable(Specification):
    name: _Text
    interfaces: tuple[_Text, ...] = ()
    """Names, or patterns such as "h-na-*/nzsp-hna"."""
    electrolytes: tuple[_Text, ...] = ()
    cathodes: tuple[_Text, ...] = ()
    distribution: Distribution
    low: str | float
    high: str | float
    reason: _Text
    transfers: bool = True


class _VariantTable(Specification):
    seed: Annotated[int, Field(strict=True, ge=0)] | None = None
    figures: Annotated[tuple[_Text, ...], Field(min_length=1)]


class _CalibrationTable(Specification):
    seed: Annotated[int, Field(strict=True, ge=0)]
    draws: _Count = 200
    figures: Annotated[tuple[_Text, ...], Field(min_length=1)]
    parameters: Annotated[tuple[_ParameterTable, ...], Field(min_length=1)]
    variants: dict[str, _VariantTable] = Field(default_factory=dict)
    """The same prior conditioned on other figures, by name."""


class _FullCellTable(Specification):
    """Cathodes, conditioned on figures of full cells with anodes and electrolyte as the default sample has them."""

    seed: Annotated[int, Field(strict=True, ge=0)]
    draws: _Count = 200
    figures: tuple[_Text, ...] = ()
    parameters: Annotated[tuple[_ParameterTable, ...], Field(min_length=1)]


class Loss(Specification):
    """What a full cell loses, to be taken apart into its parts (`attribution`)."""

    experiment: _Text
    name: _Text
    quantity: Literal["capacity", "fade", "voltage-gap"] = "capacity"
    """Capacity short of theory, capacity lost since another cycle, or distance of charge and discharge."""
    cycle: _Count = 1
    since: _Count | None = None

    @model_validator(mode="after")
    def _has_a_beginning(self) -> Self:
        if (self.quantity == "fade") != (self.since is not None) or (self.since or 0) >= self.cycle:
            raise ValueError("a fade, and nothing else, is counted from a cycle 'since' before 'cycle'")
        return self


class ComparedCell(Specification):
    """A full cell of the literature as a paper lists it, or one that a figure of the data computes."""

    cell: _Text
    capacity: SpecificCharge | None = None
    cycles: _Count | None = None
    figure: _Text | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.capacity is None) == (self.figure is None):
            raise ValueError("give 'capacity' (as the paper lists it) or 'figure' (whose row holds it), one of them")
        return self


class CellComparison(Specification):
    """Full cells of others beside those computed here."""

    title: _Text
    where: _Text
    note: _Text
    cells: Annotated[tuple[ComparedCell, ...], Field(min_length=1)]


class _PaperFile(Specification):
    key: _Text
    kind: Kind = "paper"
    order: int = 99
    short: _Text
    title: _Text
    journal: str = ""
    year: int | None = None
    doi: str = ""
    reference: str = ""
    systems: tuple[_Text, ...] = ()
    notes: str = ""
    cells: dict[str, dict[str, Any]] = Field(default_factory=dict)
    protocols: dict[str, dict[str, Any]] = Field(default_factory=dict)
    experiments: tuple[_TrialTable, ...] = ()
    figures: tuple[_FigureTable, ...] = ()
    flags: tuple[_FlagTable, ...] = ()
    calibration: _CalibrationTable | None = None
    full_cells: _FullCellTable | None = None
    losses: tuple[Loss, ...] = ()
    comparison: CellComparison | None = None


# ---- reading them ----------------------------------------------------------------------------------------------


def _files() -> list[Path]:
    return sorted(_PAPERS.glob("*.toml"))


def _is_validation(path: Path) -> bool:
    return path.stem.startswith(f"{VALIDATION}-")


@cache
def _all_figures() -> Mapping[str, Figure]:
    return {figure.id: figure for key in paper_names() for figure in _load(key).figures}


def _key(name: str) -> str:
    """Key of a paper from its key or its short name."""
    if name == VALIDATION or name in paper_names():
        return name
    shorts = {_load(key).short: key for key in paper_names()}
    found = next((key for short, key in shorts.items() if short.lower() == name.lower()), None)
    if found is None:
        raise SpecificationError(f"unknown paper '{name}'; {suggest(name, [*paper_names(), *shorts, VALIDATION])}")
    return found


@cache
def _load(key: str) -> Paper:
    if key != VALIDATION:
        return read_paper(_PAPERS / f"{key}.toml")
    paths = [path for path in _files() if _is_validation(path)]
    if not paths:
        raise SpecificationError(f"{_PAPERS}: there is no file {VALIDATION}-*.toml")
    return _build([(path, _PaperFile.read(read_toml(path), str(path))) for path in paths])


def _build(files: list[tuple[Path, _PaperFile]]) -> Paper:
    """One paper from its file, or from all validation files."""
    path, first = files[0]
    several = len(files) > 1 or first.kind == "validation"
    key = VALIDATION if several else first.key
    for where, file in files:
        _check_name_of_file(where, file)
    cells = _merged("cells", files)
    protocols = _merged("protocols", files)
    trials = tuple(_trial(t, key) for _, file in files for t in file.experiments)
    figures = tuple(_figure(f, key, where) for where, file in files for f in file.figures)
    paper = Paper(
        key=key,
        short=VALIDATION if several else first.short,
        title="Figures of other papers" if several else first.title,
        kind=first.kind,
        journal="" if several else first.journal,
        year=None if several else first.year,
        doi="" if several else first.doi,
        reference="" if several else first.reference,
        systems=tuple(text for _, file in files for text in file.systems),
        notes="\n".join(file.notes for _, file in files if file.notes),
        figures=figures,
        trials=trials,
        flags=tuple(_flag(flag, key, where) for where, file in files for flag in file.flags),
        calibrations=_calibrations(first.calibration, first.full_cells, str(path)),
        losses=first.losses,
        comparison=first.comparison,
        cells=Tables("cell", cells, "Cell"),
        protocols=Tables("protocol", protocols, "Protocol"),
    )
    _check_references(paper, str(path) if len(files) == 1 else str(_PAPERS / f"{VALIDATION}-*.toml"))
    return paper


def _check_name_of_file(path: Path, file: _PaperFile) -> None:
    if (file.kind == "validation") != _is_validation(path):
        raise SpecificationError(
            f"{path}: kind: read '{file.kind}'; files {VALIDATION}-*.toml, and no others, are of kind '{VALIDATION}'"
        )
    if file.key != path.stem:
        raise SpecificationError(f"{path}: key: read '{file.key}', must be the name of the file, '{path.stem}'")
    if file.kind == "validation" and file.calibration is not None:
        raise SpecificationError(f"{path}: calibration: nothing is calibrated on validation figures")


def _merged(
    what: Literal["cells", "protocols"], files: list[tuple[Path, _PaperFile]]
) -> dict[str, tuple[Mapping[str, Any], str]]:
    tables: dict[str, tuple[Mapping[str, Any], str]] = {}
    for path, file in files:
        for name, table in getattr(file, what).items():
            if name in tables:
                raise SpecificationError(f"{path}: {what}.{name}: this name stands in {tables[name][1]} too")
            tables[name] = (table, f"{path}: {what}.{name}")
    return tables


def _trial(table: _TrialTable, key: str) -> Trial:
    return Trial(paper=key, **dict(table))


def _flag(table: _FlagTable, key: str, path: Path) -> Flag:
    if table.check is not None:
        _check_function(table.check, table.arguments, f"{path}: flags.{table.id}: check")
    return Flag(
        id=table.id,
        paper=key,
        statement=table.statement,
        verdict=table.verdict,
        check=table.check,
        arguments=MappingProxyType(table.arguments),
        papers=table.papers or (key,),
    )


def _figure(table: _FigureTable, key: str, path: Path) -> Figure:
    where = f"{path}: figures.{table.id}"
    if table.dimension not in DIMENSIONS:
        raise SpecificationError(
            f"{where}: dimension: unknown '{table.dimension}'; {suggest(table.dimension, DIMENSIONS)}"
        )
    try:
        to_si(1.0, table.unit, table.dimension)
    except UnitError as error:
        raise SpecificationError(f"{where}: unit: {error}") from None
    _check_figure(table, where, _is_validation(path))
    if table.check is not None:
        _check_function(table.check, {}, f"{where}: check")
    if table.baseline is not None:
        _check_function(table.baseline.function, table.baseline.arguments, f"{where}: baseline")
    content = {name: getattr(table, name) for name in _FigureTable.model_fields}
    content["tolerance"] = None if table.tolerance is None else table.tolerance.tolerance()
    content["arguments"] = MappingProxyType(table.arguments)
    if table.baseline is not None:
        content["baseline"] = Baseline(
            table.baseline.method, table.baseline.function, MappingProxyType(table.baseline.arguments)
        )
    return Figure(paper=key, **content)


def _check_figure(table: _FigureTable, where: str, validation: bool) -> None:
    """Refuse a figure whose parts do not go together."""

    def refuse(key: str, text: str) -> None:
        raise SpecificationError(f"{where}: {key}: {text}")

    if validation and table.role not in _VALIDATION_ROLES:
        refuse("role", f"read '{table.role}', allowed in a validation file are {', '.join(_VALIDATION_ROLES)}")
    if not validation and table.role == "validation":
        refuse("role", "'validation' belongs to figures of other papers, in a file validation-*.toml")
    if table.role == "blind" and table.value is not None:
        refuse("value", f"read {table.value!r}; a blind figure has no value here")
    if table.role != "blind" and table.value is None and not table.unread:
        refuse("value", "is missing; give it, or say in 'unread' why it is not known")
    if bool(table.not_computed) == (table.analysis is not None):
        refuse("analysis", "give 'analysis', or 'not_computed' with the reason, one of them")
    if (table.tolerance is None) != (not table.tolerance_reason):
        refuse("tolerance_reason", "a tolerance and its reason go together")
    number = isinstance(table.value, float) and not isinstance(table.value, bool)
    if table.analysis is not None and number and table.comparison == "equal" and table.tolerance is None:
        refuse("tolerance", "is missing; a computed figure needs one")
    if table.analysis is not None and table.role in ("retrodicted", "blind") and table.baseline is None:
        refuse("baseline", "is missing; a retrodicted or blind figure is set beside a naive one")
    if table.analysis is not None:
        _check_analysis(table.analysis, table.arguments, f"{where}: analysis")
    without = ("arithmetic", "resolved", *ACROSS)
    if table.analysis is not None and (table.experiment is None) != (table.analysis in without):
        refuse("experiment", f"every analysis but {' and '.join(without)} needs one")


def _check_analysis(name: str, arguments: Mapping[str, Any], where: str) -> None:
    if name not in ANALYSES:
        raise SpecificationError(f"{where}: unknown '{name}'; {suggest(name, ANALYSES)}")
    if name == "arithmetic":
        given = dict(arguments)
        function = given.pop("function", None)
        if function is None:
            raise SpecificationError(f"{where}: arguments.function is missing; it names what to compute")
        _check_function(function, given, where)
        return
    for key, given in arguments.items():
        if key not in ANALYSES[name]:
            allowed = suggest(key, ANALYSES[name]) if ANALYSES[name] else "it has none"
            raise SpecificationError(f"{where}: unknown argument '{key}' of {name}; {allowed}")
        _check_argument(ANALYSES[name][key], given, f"{where}: arguments.{key}")


def _check_argument(kind: str | tuple[str, ...], given: Any, where: str) -> None:
    """Refuse an argument that is not what its kind in `ANALYSES` says."""
    if isinstance(kind, tuple) or kind == "kinds":
        words = _KINDS if isinstance(kind, str) else kind
        for word in given if kind == "kinds" and isinstance(given, list) else [given]:
            if word not in words:
                raise SpecificationError(f"{where}: read {word!r}, allowed are {', '.join(words)}")
    elif kind in DIMENSIONS:
        try:
            read_quantity(given, kind)
        except UnitError as error:
            raise SpecificationError(f"{where}: {error}") from None
    elif kind == "analysis":
        _check_analysis(given, {}, where)
    elif kind == "cycle" and given == "last":
        return
    else:
        expected = {"count": int, "cycle": int, "table": dict, "experiments": list}[kind]
        if not isinstance(given, expected) or isinstance(given, bool):
            raise SpecificationError(f"{where}: read {given!r}, expected {expected.__name__}")


def _check_function(name: str, arguments: Mapping[str, Any], where: str) -> None:
    from natrode.reproduce import arithmetic

    try:
        signature(arithmetic.function_named(name)).bind(**arguments)
    except SpecificationError as error:
        raise SpecificationError(f"{where}: {error}") from None
    except TypeError as error:
        raise SpecificationError(f"{where}: {name}: {error}") from None


# ---- calibrations ----------------------------------------------------------------------------------------------


def _calibrations(table: _CalibrationTable | None, full: _FullCellTable | None, path: str) -> Mapping[str, Calibration]:
    if table is None:
        if full is not None:
            raise SpecificationError(f"{path}: full_cells: needs a calibration of the interfaces first")
        return MappingProxyType({})
    parameters = _parameters(table.parameters, f"{path}: calibration", "interfaces", "electrolytes")
    found = {"default": Calibration("default", table.seed, table.draws, table.figures, parameters)}
    for name, variant in table.variants.items():
        seed = table.seed if variant.seed is None else variant.seed
        found[name] = Calibration(name, seed, table.draws, variant.figures, parameters)
    if full is not None:
        own = _parameters(full.parameters, f"{path}: full_cells", "cathodes")
        found["full-cell"] = Calibration("full-cell", full.seed, full.draws, full.figures, parameters + own, "default")
    return MappingProxyType(found)


def _parameters(tables: tuple[_ParameterTable, ...], where: str, *allowed: str) -> tuple[CalibrationParameter, ...]:
    parameters = tuple(
        _parameter(parameter, f"{where}.parameters.{number}", allowed) for number, parameter in enumerate(tables, 1)
    )
    places: set[tuple[str, str]] = set()
    for parameter in parameters:
        for place in parameter.places:
            if (place, parameter.name) in places:
                raise SpecificationError(f"{where}: {parameter.name} of {place} stands there twice")
            places.add((place, parameter.name))
    return parameters


def _parameter(table: _ParameterTable, where: str, allowed: tuple[str, ...]) -> CalibrationParameter:
    from natrode import materials

    if [key for key in ("interfaces", "electrolytes", "cathodes") if getattr(table, key)] not in [[k] for k in allowed]:
        words = " or ".join(f"'{key}'" for key in allowed)
        raise SpecificationError(f"{where}: give {words}{', one of them' if len(allowed) > 1 else ''}")
    dimensions = materials.PARAMETER_DIMENSIONS if table.interfaces else materials.PROPERTY_DIMENSIONS
    if table.cathodes:
        dimensions = {**dimensions, "loading": "areal mass"}
    if table.name not in dimensions:
        raise SpecificationError(f"{where}: name: unknown parameter '{table.name}'; {suggest(table.name, dimensions)}")
    dimension = dimensions[table.name]
    ends = []
    for key in ("low", "high"):
        try:
            ends.append(read_quantity(getattr(table, key), dimension))
        except UnitError as error:
            raise SpecificationError(f"{where}: {key}: {error}") from None
    if ends[0] >= ends[1] or (table.distribution == "log-uniform" and ends[0] <= 0):
        raise SpecificationError(
            f"{where}: read low = {table.low}, high = {table.high}; low must be the smaller one, and above zero in a "
            "log-uniform prior"
        )
    return CalibrationParameter(
        name=table.name,
        interfaces=_expanded(table.interfaces, materials.interface_names(), f"{where}: interfaces"),
        electrolytes=_expanded(table.electrolytes, materials.material_names(), f"{where}: electrolytes"),
        distribution=table.distribution,
        low=ends[0],
        high=ends[1],
        dimension=dimension,
        text=(str(table.low), str(table.high)),
        reason=table.reason,
        label=f"{table.name} ({', '.join(name.split('/')[0] for name in _patterns(table))})",
        transfers=table.transfers,
        cathodes=_expanded(table.cathodes, materials.material_names(), f"{where}: cathodes"),
    )


def _patterns(table: _ParameterTable) -> tuple[str, ...]:
    return table.interfaces + table.electrolytes + table.cathodes


def _expanded(patterns: tuple[str, ...], known: tuple[str, ...], where: str) -> tuple[str, ...]:
    """Names that the patterns stand for, in their order and once each."""
    names: dict[str, None] = {}
    for pattern in patterns:
        found = [name for name in known if fnmatchcase(name, pattern)]
        if not found:
            raise SpecificationError(f"{where}: unknown '{pattern}'; {suggest(pattern, known)}")
        names.update(dict.fromkeys(found))
    return tuple(names)


# ---- references ------------------------------------------------------------------------------------------------


def _check_references(paper: Paper, where: str) -> None:
    """Every name that a part of the file gives to another part must exist, once."""
    for what, names in (
        ("experiments", [trial.id for trial in paper.trials]),
        ("figures", [figure.id for figure in paper.figures]),
        ("flags", [flag.id for flag in paper.flags]),
    ):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise SpecificationError(f"{where}: {what}.{twice}: this id stands there twice")
    trials = {trial.id: trial for trial in paper.trials}
    figures = {figure.id: figure for figure in paper.figures}
    for trial in paper.trials:
        place = f"{where}: experiments.{trial.id}"
        _known(trial.cell, paper.cells, "cell", place)
        _known(trial.protocol, paper.protocols, "protocol", place)
        for name in trial.alternatives:
            _known(name, trials, "experiment", place)
        if trial.calibration != "default":
            _known(trial.calibration, paper.calibrations, "calibration", place)
    for loss in paper.losses:
        _known(loss.experiment, trials, "experiment", f"{where}: losses")
    for figure in paper.figures:
        place = f"{where}: figures.{figure.id}"
        if figure.experiment is not None:
            _known(figure.experiment, trials, "experiment", place)
        if figure.analysis in ACROSS:
            _check_comparison(figure.arguments, trials, place, figure.analysis)
    for calibration in paper.calibrations.values():
        _check_calibration(calibration, figures, trials, f"{where}: calibration '{calibration.name}'")


def _check_comparison(arguments: Mapping[str, Any], trials: Mapping[str, Trial], where: str, name: str) -> None:
    if not {"analysis", "order"} <= set(arguments):
        raise SpecificationError(f"{where}: {name} needs the arguments 'analysis' and 'order'")
    if name != "compare-experiments" and len(arguments["order"]) != 2:
        raise SpecificationError(f"{where}: arguments.order: {name} takes two experiments, read {arguments['order']}")
    _check_analysis(arguments["analysis"], arguments.get("with", {}), f"{where}: arguments")
    for entry in arguments["order"]:
        for name in entry if isinstance(entry, list) else [entry]:
            _known(name, trials, "experiment", f"{where}: arguments.order")


def _check_calibration(
    calibration: Calibration, figures: Mapping[str, Figure], trials: Mapping[str, Trial], where: str
) -> None:
    for name in calibration.figures:
        _known(name, figures, "figure", where)
        figure = figures[name]
        if figure.role != "fitted":
            raise SpecificationError(
                f"{where}: {name}: read role '{figure.role}', only fitted figures are conditioned on"
            )
        if figure.experiment is None or figure.tolerated is None:
            raise SpecificationError(f"{where}: {name}: needs an experiment, a value and a tolerance")
        own = trials[figure.experiment].calibration
        if own != calibration.name and own != "default":
            raise SpecificationError(f"{where}: {name}: its experiment belongs to the calibration '{own}'")


def _known(name: str, known: Mapping[str, Any], what: str, where: str) -> None:
    if name not in known:
        raise SpecificationError(f"{where}: unknown {what} '{name}'; {suggest(name, list(known))}")


def _named(name: str, known: Mapping[str, T], what: str) -> T:
    if name not in known:
        raise SpecificationError(f"unknown {what}: '{name}'; {suggest(name, list(known))}")
    return known[name]
