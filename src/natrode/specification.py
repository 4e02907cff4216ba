"""What all files that a user writes have in common: quantities with units, TOML in and out, one clear error."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic._internal._model_construction import ModelMetaclass
from pydantic_core import ErrorDetails, core_schema

from natrode.errors import SpecificationError, UnitError
from natrode.units import DIMENSIONS, read_quantity, write_quantity

Profile = float | tuple[tuple[float, float], ...]
"""A constant, or points (time [s], value) joined by straight lines."""


class Quantity:
    """Marks a float that is written "0.2 mA/cm2" and held in SI; positive unless said otherwise."""

    def __init__(self, dimension: str, *, allow_zero: bool = False, allow_negative: bool = False) -> None:
        self.dimension = dimension
        self.allow_zero = allow_zero or allow_negative
        self.allow_negative = allow_negative

    def read(self, text: object) -> float:
        """Read text into SI; raises ValueError with what was read and what is allowed."""
        try:
            value = read_quantity(text, self.dimension)
        except UnitError as error:
            raise ValueError(str(error)) from None
        if (value < 0 and not self.allow_negative) or (value == 0 and not self.allow_zero):
            raise ValueError(f"read {text!r}, must be {'zero or more' if self.allow_zero else 'greater than zero'}")
        return value

    def write(self, value: float) -> str:
        """Write SI as text that `read` takes back, to the last bit."""
        for digits in (15, 16, 17):
            text = write_quantity(value, self.dimension, digits)
            if read_quantity(text, self.dimension) == value:
                return text
        return f"{value!r} {DIMENSIONS[self.dimension][0]}".removesuffix(" dimensionless")

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )


class ProfileOf(Quantity):
    """Marks one quantity, or a list of [time, quantity] points joined by straight lines."""

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read_profile,
            serialization=core_schema.plain_serializer_function_ser_schema(self.write_profile),
        )

    def read_profile(self, given: object) -> Profile:
        """Read a constant or a list of points; raises ValueError."""
        if not isinstance(given, (list, tuple)):
            return self.read(given)
        clock = Quantity("time", allow_zero=True)
        if any(not isinstance(point, (list, tuple)) or len(point) != 2 for point in given):
            raise ValueError(f"read {given!r}, a profile is a list of points [time, value]")
        points = tuple((clock.read(time), self.read(value)) for time, value in given)
        times = [time for time, _ in points]
        if len(points) < 2 or times[0] != 0 or any(b < a for a, b in pairwise(times)):
            raise ValueError("a profile needs two or more points [time, value] whose times start at 0 and never fall")
        return points

    def write_profile(self, value: Profile) -> str | list[list[str]]:
        """Write a constant or points as `read_profile` takes them."""
        if isinstance(value, tuple):
            clock = Quantity("time", allow_zero=True)
            return [[clock.write(time), self.write(v)] for time, v in value]
        return self.write(value)


Length = Annotated[float, Quantity("length")]
Area = Annotated[float, Quantity("area")]
Mass = Annotated[float, Quantity("mass")]
Duration = Annotated[float, Quantity("time")]
Conductivity = Annotated[float, Quantity("conductivity")]
CurrentDensity = Annotated[float, Quantity("current density")]
ArealMass = Annotated[float, Quantity("areal mass")]
SpecificCurrent = Annotated[float, Quantity("specific current")]
SpecificCharge = Annotated[float, Quantity("specific charge")]
ArealCharge = Annotated[float, Quantity("areal charge")]
Voltage = Annotated[float, Quantity("voltage")]
SignedVoltage = Annotated[float, Quantity("voltage", allow_negative=True)]
SignedCurrentDensity = Annotated[float, Quantity("current density", allow_negative=True)]
VoltageRate = Annotated[float, Quantity("voltage rate")]
CurrentDensityRate = Annotated[float, Quantity("current density rate")]
Frequency = Annotated[float, Quantity("frequency")]
TemperatureProfile = Annotated[Profile, ProfileOf("temperature")]
PressureProfile = Annotated[Profile, ProfileOf("pressure", allow_zero=True)]


class _OneSentence(ModelMetaclass):
    """Construction from Python raises the same error as reading a file; nested models keep their full path."""

    def __call__(cls, **data: Any) -> Any:  # noqa: N805
        try:
            return super().__call__(**data)
        except ValidationError as error:
            raise specification_error(error, cls.__name__, cls) from None  # type: ignore[arg-type]


class Specification(BaseModel, metaclass=_OneSentence):
    """A validated, immutable specification; every unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, data: Mapping[str, Any], where: str) -> Self:
        """Validate plain data; raises SpecificationError that names `where`, the key, what was read and is allowed."""
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise specification_error(error, where, cls) from None

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a TOML file; raises SpecificationError with file, key, what was read and what is allowed."""
        return cls.read(read_toml(Path(path)), str(path))

    def to_toml(self) -> str:
        """Write the specification as TOML that `load` reads back to an equal one."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file; raises SpecificationError that names the file and the place."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecificationError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(f"{path}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(f"{path}: is not valid TOML: {error}") from None


def suggest(name: str, allowed: Mapping[str, Any] | list[str] | tuple[str, ...]) -> str:
    """End of an error sentence: the nearest allowed name, else all of them."""
    names = sorted(allowed)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else f"allowed are {', '.join(names)}"


_NO_KEYS = ("function-", "constrained-", "tuple[", "list[")
"""How the validator names a branch of a union in the place of a complaint."""


def specification_error(error: ValidationError, where: str, model: type[BaseModel]) -> SpecificationError:
    """Turn the first complaint of the validator into one sentence for the person who wrote the file."""
    details = min(error.errors(), key=lambda item: (item["type"] != "extra_forbidden", not item["loc"]))
    steps = [
        str(part + 1) if isinstance(part, int) else part
        for part in details["loc"]
        if not (isinstance(part, str) and part.startswith(_NO_KEYS))
    ]
    place = f"{'.'.join(steps)}: " if steps else ""
    return SpecificationError(f"{where}: {place}{_sentence(details, model)}")


def _sentence(details: ErrorDetails, model: type[BaseModel]) -> str:
    kind = details["type"]
    if kind == "extra_forbidden":
        return (
            f"unknown key '{details['loc'][-1]}'; {suggest(str(details['loc'][-1]), _keys_at(details['loc'], model))}"
        )
    if kind == "missing":
        return "is missing; it must be given"
    if kind == "value_error":
        return details["msg"].removeprefix("Value error, ")
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        context = details.get("ctx") or {}
        allowed = context.get("expected") or context.get("expected_tags")
        read = context.get("tag", details["input"])
        return f"read '{read}', allowed are {allowed}"
    if kind == "too_short":
        return f"read {details['input']!r}, at least {details.get('ctx', {}).get('min_length', 1)} must be given"
    if kind == "union_tag_not_found":
        return "has no 'type'; each step says what it is, for example type = \"rest\""
    return f"read {details['input']!r}: {details['msg'].lower()}"


def _keys_at(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Allowed keys beside an unknown one: follow the location through the nested models as far as names go."""
    current: type[BaseModel] = model
    candidates: list[type[BaseModel]] = _models_below(model)
    for part in location[:-1]:
        if isinstance(part, str) and part in current.model_fields:
            nested = _models_in(current.model_fields[part].annotation)
            if len(nested) == 1:
                current = nested[0]
        elif isinstance(part, str):
            tagged = [m for m in candidates if _tag(m) == part]
            if tagged:
                current = tagged[0]
    return list(current.model_fields)


def _tag(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("type")
    default = None if field is None else field.default
    return default if isinstance(default, str) else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for argument in getattr(annotation, "__args__", ()) or ():
        found += _models_in(argument)
    return found


def _models_below(model: type[BaseModel]) -> list[type[BaseModel]]:
    seen: list[type[BaseModel]] = []
    queue = [model]
    while queue:
        current = queue.pop()
        if current in seen:
            continue
        seen.append(current)
        for field in current.model_fields.values():
            queue += _models_in(field.annotation)
    return seen
