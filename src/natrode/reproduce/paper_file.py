"""Reading the papers' TOML files: what may stand in one, and that its parts go together.

A mistake in a file is one sentence with file, key and remedy. Cells and protocols are tables of `natrode.cell.Cell` and
`natrode.protocol.Protocol`, read when they are asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, Self, TypeVar, cast

from pydantic import Field, model_validator

from natrode.errors import SpecificationError, UnitError
from natrode.reproduce.analyses import ACROSS, check_analysis, check_function
from natrode.reproduce.paper import (
    VALIDATION,
    Baseline,
    Calibration,
    CalibrationParameter,
    CellComparison,
    Comparison,
    Count,
    Distribution,
    Figure,
    Flag,
    Kind,
    Loss,
    Paper,
    Text,
    Tolerance,
    Trial,
    Verdict,
)
from natrode.reproduce.table import Role
from natrode.specification import Specification, read_toml, suggest
from natrode.units import DIMENSIONS, read_quantity, to_si

_VALIDATION_ROLES: tuple[Role, ...] = ("validation", "observation", "arithmetic", "input")
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]

T = TypeVar("T")


def is_validation(path: Path) -> bool:
    """Whether a file holds figures of other papers."""
    return path.stem.startswith(f"{VALIDATION}-")


def read_paper(path: Path) -> Paper:
    """Read one file; raises SpecificationError with file, key, what was read and what is allowed."""
    return read_papers([path])


def read_papers(paths: Sequence[Path]) -> Paper:
    """Read several files of figures of other papers as one; raises as `read_paper`."""
    return _build([(path, _PaperFile.read(read_toml(path), str(path))) for path in paths])


# ---- what stands in the files ----------------------------------------------------------------------------------


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
    method: Text
    function: Text
    arguments: dict[str, Any] = Field(default_factory=dict)


class _FigureTable(Specification):
    id: Text
    quantity: Text
    value: Annotated[bool, Field(strict=True)] | _Number | tuple[_Number, _Number] | None = None
    unit: str = "1"
    dimension: Text = "number"
    role: Role
    conditions: str = ""
    where: str = ""
    comparison: Comparison = "equal"
    tolerance: _ToleranceTable | None = None
    tolerance_reason: str = ""
    experiment: Text | None = None
    analysis: Text | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    baseline: _BaselineTable | None = None
    explanation: str = ""
    not_computed: str = ""
    unread: str = ""
    check: Text | None = None
    reference: str = ""


class _TrialTable(Specification):
    id: Text
    cell: Text
    protocol: Text
    conditions: str = ""
    note: str = ""
    replicates: Count = 1
    seed: Annotated[int, Field(strict=True, ge=0)] = 1
    calibration: Text = "default"
    alternatives: tuple[Text, ...] = ()


class _FlagTable(Specification):
    id: Text
    statement: Text
    verdict: Verdict
    check: Text | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    papers: tuple[Text, ...] = ()


class _ParameterTable(Specification):
    name: Text
    interfaces: tuple[Text, ...] = ()
    """Names, or patterns such as "h-na-*/nzsp-hna"."""
    electrolytes: tuple[Text, ...] = ()
    cathodes: tuple[Text, ...] = ()
    distribution: Distribution
    low: str | float
    high: str | float
    reason: Text
    transfers: bool = True


class _VariantTable(Specification):
    seed: Annotated[int, Field(strict=True, ge=0)] | None = None
    figures: Annotated[tuple[Text, ...], Field(min_length=1)]


class _CalibrationTable(Specification):
    seed: Annotated[int, Field(strict=True, ge=0)]
    draws: Count = 200
    figures: Annotated[tuple[Text, ...], Field(min_length=1)]
    parameters: Annotated[tuple[_ParameterTable, ...], Field(min_length=1)]
    variants: dict[str, _VariantTable] = Field(default_factory=dict)
    """The same prior conditioned on other figures, by name."""


class _FullCellTable(Specification):
    """Cathodes, conditioned on figures of full cells with anodes and electrolyte as the default sample has them."""

    seed: Annotated[int, Field(strict=True, ge=0)]
    draws: Count = 200
    figures: tuple[Text, ...] = ()
    parameters: Annotated[tuple[_ParameterTable, ...], Field(min_length=1)]


class _PaperFile(Specification):
    key: Text
    kind: Kind = "paper"
    order: int = 99
    short: Text
    title: Text
    journal: str = ""
    year: int | None = None
    doi: str = ""
    reference: str = ""
    systems: tuple[Text, ...] = ()
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


# ---- building a paper ------------------------------------------------------------------------------------------


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
        cells=_Tables("cell", cells, "Cell"),
        protocols=_Tables("protocol", protocols, "Protocol"),
    )
    _check_references(paper, str(path) if len(files) == 1 else str(path.parent / f"{VALIDATION}-*.toml"))
    return paper


def _check_name_of_file(path: Path, file: _PaperFile) -> None:
    if (file.kind == "validation") != is_validation(path):
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
        check_function(table.check, table.arguments, f"{path}: flags.{table.id}: check")
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
    _check_figure(table, where, is_validation(path))
    if table.check is not None:
        check_function(table.check, {}, f"{where}: check")
    if table.baseline is not None:
        check_function(table.baseline.function, table.baseline.arguments, f"{where}: baseline")
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
        check_analysis(table.analysis, table.arguments, f"{where}: analysis")
    without = ("arithmetic", "resolved", *ACROSS)
    if table.analysis is not None and (table.experiment is None) != (table.analysis in without):
        refuse("experiment", f"every analysis but {' and '.join(without)} needs one")


class _Tables(Mapping[str, T], Generic[T]):
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
    check_analysis(arguments["analysis"], arguments.get("with", {}), f"{where}: arguments")
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
