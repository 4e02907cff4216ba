"""What a sweep varies: keys of a cell and of a protocol with their values, from text as it stands on a command line.

A key is the path that a value has in the TOML files (`cathode.loading`, `anode.parameters.contact_resistance`), or its
end where only one path ends so (`loading`). `electrode.mass` sets both electrodes of a symmetric cell. A key of steps
(`c_rate`) sets every step that has it, `steps.3.c_rate` the third one. `N/P` sets the thickness of the anode's metal.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from natrode.cell import Cathode, Cell, FullCell
from natrode.errors import SpecificationError
from natrode.materials.dimensions import PARAMETER_DIMENSIONS, PARAMETER_WORDS, PROPERTY_DIMENSIONS
from natrode.protocol import Step
from natrode.specification import Quantity, Specification, suggest
from natrode.units import DIMENSIONS, from_si

Kind = str
"""A dimension of `units`, or one of the three below."""
PLAIN, WHOLE, WORDS = "plain number", "whole number", "words"
RATIO = "N/P"
MOST_VALUES = 1000
_HOW = (
    'write key=first:last:number, for example --vary "cathode.loading=1:10 mg/cm2:5" or --vary c_rate=0.1:10:5:log, '
    "or a list, for example --vary anode.interface=h-na-1-5/nzsp-hna,pristine-na/nzsp-hna"
)
_BARE = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")


@dataclass(frozen=True)
class Axis:
    """One varied key."""

    key: str
    kind: Kind
    values: tuple[float | str, ...]
    """Numbers in the unit that the laboratory speaks, or words."""
    written: tuple[Any, ...] = field(repr=False)
    """What stands in the file for each value."""
    logarithmic: bool = False

    @property
    def unit(self) -> str:
        """Unit of the values; empty where there is none."""
        return DIMENSIONS[self.kind][1].removesuffix("1") if self.kind in DIMENSIONS else ""

    @property
    def title(self) -> str:
        """Key and unit, as tables and plots name it."""
        return f"{self.key} / {self.unit}" if self.unit else self.key

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers."""
        return self.kind != WORDS

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"key": self.key, "unit": self.unit or None, "values": list(self.values)}


def read_axes(texts: Sequence[str], cell: Mapping[str, Any], protocol: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Read what a sweep varies.

    Args:
        texts: one per key, such as "cathode.loading=1:10 mg/cm2:5" (evenly spaced), "c_rate=0.1:10:5:log", or a list
            "c_rate=0.1,1,5".
        cell: table of the cell's file.
        protocol: table of the protocol's file.

    Raises:
        SpecificationError: an unknown key (with the nearest one), a range that is none, a wrong unit, a key twice.
    """
    if not texts:
        raise SpecificationError(f"nothing is varied; {_HOW}")
    known = keys(cell, protocol)
    axes = tuple(_axis(text, known) for text in texts)
    for n, axis in enumerate(axes):
        if axis.key in [other.key for other in axes[:n]]:
            raise SpecificationError(f"--vary {axis.key}: is given twice; each key once")
    return axes


def _axis(text: str, known: Mapping[str, Kind]) -> Axis:
    name, _, given = text.partition("=")
    if not given.strip():
        raise SpecificationError(f"--vary {text}: says no values; {_HOW}")
    key = _key(name.strip(), known)
    kind, place = known[key], f"--vary {key}"
    if kind == WORDS:
        words = tuple(part.strip() for part in given.split(",") if part.strip())
        return _distinct(Axis(key, kind, words, words), given, place)
    if "," in given:
        parts = _with_unit([part.strip() for part in given.split(",")], kind)
        return _distinct(_made(key, kind, [_read(part, kind, place) for part in parts]), given, place)
    return _range(key, kind, given, place)


def _range(key: str, kind: Kind, given: str, place: str) -> Axis:
    """Values from a first to a last one."""
    parts = [part.strip() for part in given.split(":")]
    logarithmic = len(parts) == 4 and parts[3] == "log"
    if len(parts) != 3 + logarithmic:
        raise SpecificationError(f"{place}: read '{given}'; {_HOW}")
    if not parts[2].isdecimal() or not 2 <= int(parts[2]) <= MOST_VALUES:
        raise SpecificationError(
            f"{place}: read '{parts[2]}' as the number of values, must be a whole number from 2 to {MOST_VALUES}"
        )
    first, last = (_read(part, kind, place) for part in _with_unit(parts[:2], kind))
    if first == last:
        raise SpecificationError(f"{place}: read '{given}', a range from a value to itself; give two different ends")
    if logarithmic and min(first, last) <= 0:
        raise SpecificationError(f"{place}: read '{given}', a logarithmic range needs both ends above zero")
    inner = (np.geomspace if logarithmic else np.linspace)(first, last, int(parts[2]))[1:-1]
    numbers = [first, *inner.tolist(), last]
    if kind == WHOLE:
        numbers = list(dict.fromkeys(float(round(number)) for number in numbers))
    return _made(key, kind, numbers, logarithmic)


def _with_unit(parts: list[str], kind: Kind) -> list[str]:
    """Give bare numbers the unit of the last one, as in "1:6 mg" or "1,2,5 mA/cm2"."""
    unit = _BARE.sub("", parts[-1], count=1) if kind in DIMENSIONS else ""
    return [f"{part} {unit}" if unit and _BARE.fullmatch(part) else part for part in parts]


def _distinct(axis: Axis, given: str, place: str) -> Axis:
    if len(axis.values) < 2 or len(set(axis.values)) < len(axis.values):
        raise SpecificationError(f"{place}: read '{given}'; a sweep needs two or more different values")
    return axis


def _made(key: str, kind: Kind, numbers: list[float], logarithmic: bool = False) -> Axis:
    unit = DIMENSIONS[kind][1] if kind in DIMENSIONS else ""
    values = [from_si(number, unit, kind) if unit else number for number in numbers]
    values = [float(f"{value:.12g}") for value in values]
    written: list[Any] = [f"{value!r} {unit}".removesuffix(" 1") if unit else value for value in values]
    return Axis(key, kind, tuple(values), tuple(map(int, written) if kind == WHOLE else written), logarithmic)


def _read(text: str, kind: Kind, place: str) -> float:
    try:
        number = Quantity(kind, allow_negative=True).read(text) if kind in DIMENSIONS else float(text)
    except ValueError as error:
        said = str(error) if kind in DIMENSIONS else f"read '{text}', must be a {kind}, which has no unit"
        raise SpecificationError(f"{place}: {said}") from None
    if not np.isfinite(number) or (kind == WHOLE and number != round(number)):
        raise SpecificationError(f"{place}: read '{text}', must be a finite {kind}")
    return number


def _key(name: str, known: Mapping[str, Kind]) -> str:
    """The full key of a name; raises SpecificationError for one that is unknown or the end of several."""
    if name in known:
        return name
    ending = [key for key in known if key.endswith(f".{name}") and not key.startswith("steps.")]
    both = [key for key in ending if not key.startswith(("electrode.working.", "electrode.counter."))]
    ending = both or ending
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise SpecificationError(f"--vary {name}: there are {', '.join(sorted(ending))}; say which")
    said = suggest(name, [*known, *(key.rpartition(".")[2] for key in known)])
    if said.startswith("allowed"):
        plain = [key for key in known if "parameters." not in key and not key.startswith("steps.")]
        said = f"allowed are {', '.join(plain)}, parameters of interfaces and materials, and steps.NUMBER.key"
    raise SpecificationError(f"--vary {name}: unknown key; {said}")


# ---- keys -------------------------------------------------------------------------------------------------------


def keys(cell: Mapping[str, Any], protocol: Mapping[str, Any]) -> dict[str, Kind]:
    """All keys that can be varied in a cell and a protocol, with what their values are."""
    full = "cathode" in cell
    found: dict[str, Kind] = {RATIO: PLAIN} if full else {}
    found.update(_keys_of(FullCell if full else Cell))
    working = "electrode.working."
    found.update({f"electrode.{k.removeprefix(working)}": v for k, v in found.items() if k.startswith(working)})
    for number, step in numbered_steps(protocol):
        for name, kind in _keys_of(_STEPS[step["type"]]).items():
            found[name] = found[f"steps.{number}.{name}"] = kind
    return {key: kind for key, kind in found.items() if key.rpartition(".")[2] not in _NEVER}


_NEVER = ("name", "type", "capacity_ratio")
"""Keys that change nothing in a cell."""


def _keys_of(model: type[Specification], above: str = "") -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for name, info in model.model_fields.items():
        key, annotation = above + name, info.annotation
        if name == "parameters":
            names = PROPERTY_DIMENSIONS if model is Cathode else PARAMETER_DIMENSIONS
            words = () if model is Cathode else PARAMETER_WORDS
            found.update({f"{key}.{parameter}": dimension for parameter, dimension in names.items()})
            found.update({f"{key}.{parameter}": WORDS for parameter in words})
        elif isinstance(annotation, type) and issubclass(annotation, Specification):
            found.update(_keys_of(annotation, f"{key}."))
        elif (kind := _kind(annotation, info.metadata)) is not None:
            found[key] = kind
    return found


def _kind(annotation: Any, marks: Sequence[Any] = ()) -> Kind | None:
    """What the values of a field are; None for tables and lists."""
    for mark in marks:
        if isinstance(mark, Quantity):
            return mark.dimension
    if hasattr(annotation, "__metadata__"):
        return _kind(annotation.__origin__, annotation.__metadata__)
    if get_origin(annotation) in (Union, UnionType):
        return next((kind for part in get_args(annotation) if (kind := _kind(part)) is not None), None)
    if get_origin(annotation) is Literal:
        return WORDS
    return {int: WHOLE, float: PLAIN, str: WORDS}.get(annotation)


def _tags(model: type[Specification]) -> tuple[str, ...]:
    return get_args(model.model_fields["type"].annotation)


_STEPS: dict[str, type[Specification]] = {
    tag: model for model in get_args(get_args(Step)[0]) if isinstance(model, type) for tag in _tags(model)
}


def numbered_steps(protocol: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Steps of a protocol's table with the numbers that records give them; those of a repeat have one number each."""

    def flat(steps: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for step in steps:
            if step["type"] == "repeat":
                yield from flat(step["steps"])
            else:
                yield step

    return enumerate(flat(protocol["steps"]), 1)


# ---- values -----------------------------------------------------------------------------------------------------


def applied(
    cell: Mapping[str, Any], protocol: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the tables of a cell and a protocol with values set.

    Args:
        cell: table of the cell's file.
        protocol: table of the protocol's file.
        values: what stands in the file (`Axis.written`) by key.

    Raises:
        SpecificationError: no step has the key; an N/P of zero or less, or of a cell that cannot be assembled.
    """
    given, steps = deepcopy(dict(cell)), deepcopy(dict(protocol))
    model = FullCell if "cathode" in given else Cell
    for key, value in values.items():
        first = key.partition(".")[0]
        if key == RATIO:
            continue
        if first == "steps":
            number, _, name = key.removeprefix("steps.").partition(".")
            _set(dict(numbered_steps(steps))[int(number)], name, value)
        elif first in model.model_fields:
            sides = ("working", "counter") if first == "electrode" else ()
            rest = key.removeprefix("electrode.")
            both = bool(sides) and not rest.startswith(sides)
            for path in [f"electrode.{side}.{rest}" for side in sides] if both else [key]:
                _set(given, path, value)
            if key in ("temperature", "pressure") and key in steps:  # there it would hide the cell's
                steps[key] = value
        else:
            able = [s for _, s in numbered_steps(steps) if key.partition(".")[0] in _STEPS[s["type"]].model_fields]
            having = [s for s in able if key in s or any(rival in s for rival in _rivals("step", key))]
            for step in having or able:
                _set(step, key, value)
    if RATIO in values:
        _set(given, "anode.thickness", _metal_thickness(given, float(values[RATIO])))
    return given, steps


def _set(table: dict[str, Any], path: str, value: Any) -> None:
    """Set a value in a table, and take out what cannot stand beside it."""
    *above, name = path.split(".")
    for part in above:
        table = table.setdefault(part, {})
    table[name] = value
    for rival in _rivals(above[-1] if above else "step", name):
        table.pop(rival, None)


def _rivals(table: str, name: str) -> tuple[str, ...]:
    """Keys of which a table has one at a time."""
    groups: dict[str, tuple[tuple[str, ...], ...]] = {
        "cathode": (("mass", "loading"), ("diameter", "area")),
        "step": (("c_rate", "specific_current", "current_density"), ("capacity", "duration")),
    }
    given = groups.get(table, (("mass", "thickness"), ("diameter", "area")))
    return tuple(other for group in given if name in group for other in group if other != name)


def _metal_thickness(cell: Mapping[str, Any], ratio: float) -> str:
    """Thickness of the anode's metal that gives an N/P: the ratio is proportional to it."""
    from natrode.simulate.fullcell.assemble import assemble, capacity_ratio

    if ratio <= 0:
        raise SpecificationError(f"--vary {RATIO}: read {ratio:g}, must be greater than zero")
    probe = deepcopy(dict(cell))
    _set(probe, "anode.thickness", "1 um")
    per_micrometre = capacity_ratio(assemble(FullCell.read(probe, "cell")))
    return f"{ratio / per_micrometre!r} um"
