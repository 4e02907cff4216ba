"""Read materials and interfaces from TOML; a mistake in a file is one sentence with file, key and remedy."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from natrode.errors import SpecificationError, UnitError
from natrode.materials.dimensions import (
    PARAMETER_DIMENSIONS,
    PARAMETER_WORDS,
    POSITIVE_PARAMETERS,
    PROPERTY_DIMENSIONS,
)
from natrode.specification import Specification, suggest
from natrode.units import DIMENSIONS, from_si, read_quantity, to_si

Evidence = Literal["measured", "calculated", "calibrated", "assumed", "unverified"]
Distribution = Literal["uniform", "log-uniform"]
EVIDENCE: tuple[Evidence, ...] = get_args(Evidence)
"""How a value is known; `calibrated` on figures of a paper, `unverified` when quoted from memory."""

_DATA = Path(__file__).parent / "data"
_ALL_PARAMETERS = {**PARAMETER_DIMENSIONS, **dict.fromkeys(PARAMETER_WORDS, "")}
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


@dataclass(frozen=True)
class Prior:
    """What is taken to be known about a value before any figure is looked at."""

    distribution: Distribution
    low: float
    """In `unit`, as `high`."""
    high: float
    unit: str
    dimension: str

    @property
    def si(self) -> tuple[float, float]:
        """Lowest and highest value in natrode's SI unit of `dimension`."""
        return to_si(self.low, self.unit, self.dimension), to_si(self.high, self.unit, self.dimension)


@dataclass(frozen=True)
class Value:
    """One number as printed, with its unit, where it comes from and how well it is known."""

    value: float
    """In `unit`, as are `uncertainty` and `range`."""
    unit: str
    dimension: str
    """A key of `units.DIMENSIONS`."""
    source: str
    evidence: Evidence
    uncertainty: float | None = None
    range: tuple[float, float] | None = None
    prior: Prior | None = None
    temperature: str | None = None
    """At which the value holds, as text with unit; room temperature or of no account when not given."""
    note: str = ""
    conditioned_on: tuple[str, ...] = ()
    """Ids of the figures on which a calibrated value was conditioned."""
    origin: str = ""
    """Name of the interface file in which the value stands, when another file takes it over."""

    @property
    def si(self) -> float:
        """The value in natrode's SI unit of `dimension`."""
        return to_si(self.value, self.unit, self.dimension)

    @property
    def si_uncertainty(self) -> float | None:
        """The uncertainty in the SI unit of `dimension`."""
        if self.uncertainty is None:
            return None
        return to_si(self.uncertainty, self.unit, self.dimension) - to_si(0.0, self.unit, self.dimension)

    @property
    def si_range(self) -> tuple[float, float] | None:
        """The range in the SI unit of `dimension`."""
        if self.range is None:
            return None
        low, high = (to_si(end, self.unit, self.dimension) for end in self.range)
        return low, high


@dataclass(frozen=True)
class Material:
    """A metal, an electrolyte or anything else that a cell is made of."""

    name: str
    title: str
    kind: str
    formula: str
    properties: Mapping[str, Value]
    """By name, a key of `PROPERTY_DIMENSIONS`."""
    notes: str = ""


@dataclass(frozen=True)
class Interface:
    """A metal anode in contact with an electrolyte."""

    name: str
    title: str
    metal: str
    """Name of the metal in the materials data."""
    electrolyte: str
    """Name of the electrolyte in the materials data."""
    state: str
    """`fresh`, `aged` or `molten`."""
    parameters: Mapping[str, Value | str]
    """By name, a key of `PARAMETER_DIMENSIONS`, or of `PARAMETER_WORDS` where the value is a word."""
    paper: str = ""
    """Key of the paper that describes it."""
    ceramic: str | None = None
    """Name of the particles mixed into the metal, in the materials data."""
    ceramic_mass_ratio: float | None = None
    """Mass of the particles per mass of metal [-]."""
    notes: str = ""


@cache
def material_names() -> tuple[str, ...]:
    """Names of all materials, sorted."""
    return tuple(sorted(path.stem for path in (_DATA / "materials").glob("*.toml")))


@cache
def interface_names() -> tuple[str, ...]:
    """Names `<anode>/<electrolyte>` of all interfaces, sorted."""
    names = (path.stem.replace("--", "/") for path in (_DATA / "interfaces").glob("*--*.toml"))
    return tuple(sorted(names))


@cache
def load_material(name: str) -> Material:
    """Load a material by name, once.

    Args:
        name: one of `material_names()`.

    Returns:
        The material, immutable; its values convert to SI with `.si`.

    Raises:
        SpecificationError: unknown name, or a file that does not say what it must.
    """
    _check_name(name, material_names(), "material")
    path = _DATA / "materials" / f"{name}.toml"
    file = _MaterialFile.load(path)
    properties = {
        key: _value(given, _dimension(key, PROPERTY_DIMENSIONS, str(path)), f"{path}: properties.{key}")
        for key, given in file.properties.items()
    }
    return Material(name, file.title, file.kind, file.formula, MappingProxyType(properties), file.notes)


def load_interface(name_or_path: str | Path) -> Interface:
    """Load an interface by name, or from a user's own file; once, and again when the file has changed.

    Args:
        name_or_path: one of `interface_names()`, or the path of a TOML file (text must end in ".toml").

    Returns:
        The interface, immutable; its values convert to SI with `.si`.

    Raises:
        SpecificationError: unknown name, or a file that does not say what it must.
    """
    if isinstance(name_or_path, str) and not name_or_path.endswith(".toml"):
        _check_name(name_or_path, interface_names(), "interface")
        return _read_interface(_interface_path(name_or_path), name_or_path, 0)
    path = Path(name_or_path).resolve()
    changed = path.stat().st_mtime_ns if path.exists() else 0
    return _read_interface(path, path.stem, changed)


def read_parameters(
    given: Mapping[str, object], where: str = "parameters", source: str = "given by the user"
) -> dict[str, Value | str]:
    """Read interface parameters that a user writes as quantities, such as {"void_capacity": "5 um"}.

    Args:
        given: text with a unit by parameter name; a number where the parameter has no unit.
        where: what an error names as the place.
        source: where the values come from.

    Returns:
        A `Value` (evidence `assumed`) or a word by parameter name.

    Raises:
        SpecificationError: unknown parameter, missing or wrong unit, or a value out of bounds.
    """
    read: dict[str, Value | str] = {}
    for key, text in given.items():
        dimension = _dimension(key, _ALL_PARAMETERS, where)
        place = f"{where}: {key}"
        if key in PARAMETER_WORDS:
            read[key] = _word(text, key, place)
            continue
        try:
            si = read_quantity(text, dimension)
        except UnitError as error:
            raise SpecificationError(f"{place}: {error}") from None
        unit = DIMENSIONS[dimension][1]
        value = Value(from_si(si, unit, dimension), unit, dimension, source, "assumed", note="set for this cell")
        _check_bounds(value, key, place)
        read[key] = value
    return read


def materials_table(name: str | None = None) -> dict[str, Any]:
    """Describe all materials and interfaces in one line each, or one of them with every value.

    Args:
        name: one of `material_names()` or `interface_names()`, or the path of an interface file.

    Returns:
        Plain lists and dictionaries for JSON. Without a name: `materials` and `interfaces`; with one,
        what its file says and `values`, a list of the fields of `Value` with the `name` of each.

    Raises:
        SpecificationError: unknown name, with the nearest one.
    """
    if name is None:
        return {
            "materials": [_head(load_material(known)) for known in material_names()],
            "interfaces": [_head(load_interface(known)) for known in interface_names()],
        }
    if name in material_names():
        material = load_material(name)
        return {**_head(material), "notes": material.notes, "values": _rows(material.properties)}
    if not name.endswith(".toml"):
        _check_name(name, (*material_names(), *interface_names()), "material or interface")
    interface = load_interface(name)
    return {
        **_head(interface),
        "ceramic": interface.ceramic,
        "ceramic_mass_ratio": interface.ceramic_mass_ratio,
        "notes": interface.notes,
        "values": _rows(interface.parameters),
    }


def _head(item: Material | Interface) -> dict[str, Any]:
    keys = ("kind", "formula") if isinstance(item, Material) else ("metal", "electrolyte", "state", "paper")
    return {"name": item.name, "title": item.title, **{key: getattr(item, key) for key in keys}}


def _rows(values: Mapping[str, Value] | Mapping[str, Value | str]) -> list[dict[str, Any]]:
    return [{"name": name, **_row(value)} for name, value in values.items()]


def _row(value: Value | str) -> dict[str, Any]:
    if isinstance(value, str):
        return dict.fromkeys(field.name for field in fields(Value)) | {"value": value}
    return {
        **{field.name: getattr(value, field.name) for field in fields(Value)},
        "range": None if value.range is None else list(value.range),
        "prior": None if value.prior is None else asdict(value.prior),
        "conditioned_on": list(value.conditioned_on),
    }


# ---- what stands in the files ------------------------------------------------------------------------------


class _PriorTable(Specification):
    distribution: Distribution
    low: _Number
    high: _Number
    unit: _Text

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high or (self.distribution == "log-uniform" and self.low <= 0):
            raise ValueError(
                f"read low = {self.low:g}, high = {self.high:g}; low must be the smaller one, and above "
                "zero in a log-uniform prior"
            )
        return self


class _ValueTable(Specification):
    value: _Number
    unit: _Text
    source: _Text
    evidence: Evidence
    uncertainty: _Number | None = None
    range: tuple[_Number, _Number] | None = None
    prior: _PriorTable | None = None
    temperature: _Text | None = None
    note: str = ""
    conditioned_on: tuple[_Text, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"range: read {list(self.range)}, the first number must be the smaller one")
        if (self.evidence == "calibrated") != bool(self.conditioned_on):
            raise ValueError(
                f"conditioned_on: read {list(self.conditioned_on)} with evidence '{self.evidence}'; "
                "a calibrated value names the figures it was conditioned on, no other does"
            )
        return self


class _MaterialFile(Specification):
    title: _Text
    kind: Literal["metal", "electrolyte", "ceramic", "interlayer", "interphase", "cathode", "gas"]
    formula: _Text
    notes: str = ""
    properties: dict[str, Any] = Field(default_factory=dict)


class _InterfaceFile(Specification):
    extends: _Text | None = None
    """Name of the interface whose metal, electrolyte, state and parameters hold unless given here."""
    title: _Text
    metal: _Text | None = None
    electrolyte: _Text | None = None
    state: Literal["fresh", "aged", "molten"] | None = None
    paper: str = ""
    ceramic: _Text | None = None
    ceramic_mass_ratio: Annotated[_Number, Field(gt=0)] | None = None
    notes: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)


# ---- reading them ------------------------------------------------------------------------------------------


def _interface_path(name: str) -> Path:
    return _DATA / "interfaces" / f"{name.replace('/', '--')}.toml"


@cache
def _read_interface(path: Path, name: str, changed: int) -> Interface:
    """Read one file and what it extends; `changed` tells the cache that a file has changed."""
    file, parameters = _merged(path)
    for key in ("metal", "electrolyte", "ceramic"):
        material = getattr(file, key)
        if material is not None and material not in material_names():
            raise SpecificationError(
                f"{path}: {key}: unknown material '{material}'; {suggest(material, material_names())}"
            )
    if file.metal is None or file.electrolyte is None or file.state is None:
        missing = next(key for key in ("metal", "electrolyte", "state") if getattr(file, key) is None)
        raise SpecificationError(f"{path}: {missing}: is missing; it must be given")
    return Interface(
        name=name,
        title=file.title,
        metal=file.metal,
        electrolyte=file.electrolyte,
        state=file.state,
        parameters=MappingProxyType(parameters),
        paper=file.paper,
        ceramic=file.ceramic,
        ceramic_mass_ratio=file.ceramic_mass_ratio,
        notes=file.notes,
    )


def _merged(path: Path) -> tuple[_InterfaceFile, dict[str, Value | str]]:
    """Content of a file and its parameters, on top of those of the file that it extends."""
    file = _InterfaceFile.load(path)
    parameters = _interface_parameters(file.parameters, str(path))
    if file.extends is None:
        return file, parameters
    known = {base.stem.replace("--", "/"): base for base in (_DATA / "interfaces").glob("*.toml")}
    if file.extends not in known:
        raise SpecificationError(f"{path}: extends: unknown interface '{file.extends}'; {suggest(file.extends, known)}")
    base, inherited = _merged(known[file.extends])
    kept = {key: getattr(file, key) or getattr(base, key) for key in ("metal", "electrolyte", "state")}
    taken = {key: _taken_over(value, file.extends) for key, value in inherited.items()}
    return file.model_copy(update=kept), {**taken, **parameters}


def _taken_over(value: Value | str, base: str) -> Value | str:
    """A value of another interface; what was calibrated there is an assumption here."""
    if isinstance(value, str):
        return value
    origin = value.origin or base
    if value.evidence != "calibrated":
        return replace(value, origin=origin)
    note = f"calibrated for {origin} on {', '.join(value.conditioned_on)}, assumed to hold here"
    note = f"{note}; {value.note}" if value.note else note
    return replace(value, origin=origin, evidence="assumed", note=note, conditioned_on=())


def _interface_parameters(tables: Mapping[str, Any], where: str) -> dict[str, Value | str]:
    parameters: dict[str, Value | str] = {}
    for key, given in tables.items():
        dimension = _dimension(key, _ALL_PARAMETERS, where)
        place = f"{where}: parameters.{key}"
        if key in PARAMETER_WORDS:
            parameters[key] = _word(given, key, place)
            continue
        value = _value(given, dimension, place)
        _check_bounds(value, key, place)
        parameters[key] = value
    return parameters


def _value(given: object, dimension: str, where: str) -> Value:
    if not isinstance(given, dict):
        raise SpecificationError(f"{where}: read {given!r}, expected a table with value, unit, source and evidence")
    if "unit" not in given:
        raise SpecificationError(
            f'{where}: unit is missing; write a unit of {dimension} such as "{DIMENSIONS[dimension][1]}"'
        )
    table = _ValueTable.read(given, where)
    units = [(table.unit, "unit")] + ([(table.prior.unit, "prior.unit")] if table.prior else [])
    for unit, place in units:
        try:
            to_si(1.0, unit, dimension)
        except UnitError as error:
            raise SpecificationError(f"{where}: {place}: {error}") from None
    content = {key: getattr(table, key) for key in _ValueTable.model_fields}
    if table.prior is not None:
        content["prior"] = Prior(**dict(table.prior), dimension=dimension)
    return Value(**content, dimension=dimension)


# ---- pieces ------------------------------------------------------------------------------------------------


def _check_name(name: str, known: tuple[str, ...], what: str) -> None:
    if name not in known:
        raise SpecificationError(f"unknown {what} '{name}'; {suggest(name, known)}")


def _dimension(key: str, dimensions: Mapping[str, str], where: str) -> str:
    if key not in dimensions:
        raise SpecificationError(f"{where}: unknown key '{key}'; {suggest(key, dimensions)}")
    return dimensions[key]


def _word(given: object, key: str, where: str) -> str:
    if not isinstance(given, str) or given not in PARAMETER_WORDS[key]:
        raise SpecificationError(f"{where}: read {given!r}, allowed are {', '.join(PARAMETER_WORDS[key])}")
    return given


def _check_bounds(value: Value, key: str, where: str) -> None:
    """Refuse what no interface can have: a fraction beyond 1, a negative parameter, zero where it divides."""
    si = value.si
    if key == "contact_shape":
        allowed = "at most 1"
        fits = si <= 1
    elif value.dimension == "fraction":
        allowed = "above 0 and at most 1" if key in POSITIVE_PARAMETERS else "from 0 to 1"
        fits = 0 <= si <= 1 and (si > 0 or key not in POSITIVE_PARAMETERS)
    else:
        allowed = "greater than zero" if key in POSITIVE_PARAMETERS else "zero or more"
        fits = si > 0 or (si == 0 and key not in POSITIVE_PARAMETERS)
    if not fits:
        raise SpecificationError(f"{where}: read {value.value:g} {value.unit}, must be {allowed}")
