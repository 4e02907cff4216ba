"""What a column of a table is, from its heading: name and unit apart, the role it plays, its factor to SI."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from natrode.errors import UnitError
from natrode.instruments import _text
from natrode.measurement import Column
from natrode.units import to_si

Array = npt.NDArray[np.float64]

ROLES: dict[str, tuple[str, str | None]] = {
    # role: (dimension, unit taken when none is written; None: it must be told)
    "frequency": ("frequency", "Hz"),
    "real": ("resistance", "ohm"),
    "imaginary": ("resistance", "ohm"),
    "minus_imaginary": ("resistance", "ohm"),
    "modulus": ("resistance", "ohm"),
    "phase": ("angle", None),
    "minus_phase": ("angle", None),
    "time": ("time", None),
    "voltage": ("voltage", None),
    "current": ("current", None),
    "cycle": ("number", "1"),
    "step": ("number", "1"),
    "spectrum": ("number", "1"),
    "temperature": ("temperature", None),
    "pressure": ("pressure", None),
    "charge": ("charge", None),
    "dc_current": ("current", None),
    "date": ("time", "1"),
}
"""What a column can be: its dimension and the unit that goes without saying."""

TARGETS: dict[str, str] = {
    "frequency": Column.FREQUENCY,
    "real": Column.REAL_IMPEDANCE,
    "imaginary": Column.IMAGINARY_IMPEDANCE,
    "time": Column.TIME,
    "voltage": Column.VOLTAGE,
    "current": Column.CURRENT,
    "cycle": Column.CYCLE,
    "step": Column.STEP,
    "spectrum": Column.SPECTRUM,
    "temperature": Column.TEMPERATURE,
    "pressure": Column.PRESSURE,
    "charge": Column.CHARGE,
    "dc_current": Column.DC_CURRENT,
    "modulus": _text.ABSOLUTE_IMPEDANCE,
    "phase": _text.PHASE,
}
"""Column of a record for each role; a role without one (minus_imaginary, date) is turned into another."""

_NAMES: dict[str, str] = {
    name: role
    for role, names in {
        "frequency": "frequency freq f frequenz",
        "real": "re(z) rez re z' z1 zre zreal zr real realimpedance realz zrealpart impedancereal rezre realpart",
        "imaginary": "im(z) imz im z'' z\" z2 zim zimag zimg zi imag imaginary imaginaryimpedance imagz imaginarypart",
        "minus_imaginary": "-im(z) -imz -im -z'' -z\" -zim -zimag -zimg -imag -imaginary -imaginaryimpedance minusimz",
        "modulus": "|z| zmod modz absz zabs |impedance| absoluteimpedance impedancemagnitude magnitude modulus",
        "phase": "phase(z) phase theta theta(z) zphz phz phi phasez phaseangle impedancephase",
        "minus_phase": "-phase(z) -phase -theta -phz -phi -zphz -phaseangle",
        "time": "time t testtime elapsedtime totaltime elapsed zeit time(total) cumulativetime",
        "voltage": "voltage v u e ewe ecell <ewe> <ecell> potential vf cellvoltage spannung cellpotential",
        "current": "current i <i> im ampere strom cellcurrent",
        "cycle": "cycle cyclenumber cyclecount cycleindex cycleno cycleid cycle#",
        "step": "step stepindex stepnumber ns stepno stepid step#",
        "spectrum": "spectrum spectrumindex spectrumnumber zcycle",
        "temperature": "temperature temp ambienttemperature celltemperature temperatur",
        "pressure": "stackpressure pressure",
        "charge": "netcharge (q-qo) (q-q0) netcapacity",
        "dc_current": "dccurrent idc",
        "date": "date datetime timestamp dateandtime absolutetime systime dpttime",
    }.items()
    for name in names.split()
}
_WORDS = {
    "volt": "V", "ampere": "A", "second": "s", "hertz": "Hz", "ohm": "ohm", "celsius": "degC", "hour": "h",
    "hours": "h", "seconds": "s", "minutes": "min", "minute": "min", "sec": "s", "secs": "s", "volts": "V",
    "ohms": "ohm", "milliampere": "mA", "millivolt": "mV", "amps": "A", "hz": "Hz", "degrees": "deg", "degree": "deg",
    "v": "V", "ma": "mA", "ua": "uA", "mv": "mV", "a": "A", "ah": "Ah", "mah": "mAh", "°": "deg", "grad": "deg",
    "mas": "mA*s", "as": "A*s", "uas": "uA*s", "mws": "mW*s", "ws": "W*s", "mah.": "mAh", "ma.h": "mAh", "a.h": "Ah",
}  # fmt: skip
_MINUS = str.maketrans({"−": "-", "–": "-", "′": "'", "″": '"', "’": "'", "‘": "'", "”": '"', "“": '"', "´": "'"})


@dataclass(frozen=True)
class Heading:
    """A heading taken apart."""

    text: str
    name: str
    unit: str
    """As written; empty when none is."""

    @property
    def role(self) -> str | None:
        """What the column is by its name, if the unit fits; None when the name says nothing."""
        name = _plain(_REFERENCE.sub("", self.name))
        role = _NAMES.get(name)
        if name == "im":  # a measured current ("Im (A)") or an imaginary part
            role = "current" if _fits(self.unit, "current") else "imaginary"
        if role is None or (self.unit and role != "date" and not _fits(self.unit, ROLES[role][0])):
            return None
        return role


def _plain(name: str) -> str:
    text = name.strip().translate(_MINUS).lower().removeprefix("data:").strip().strip("#").strip()
    text = re.sub(r"^(?:neg(?:ative)?|minus)[\s_]+", "-", text)
    text = re.sub(r"[\s_.:]+|(?<=[a-z]{2})-(?=[a-z])", "", text)
    return text.replace("''", '"').replace('z"', "z''") if '"' in text or "''" in text else text


@lru_cache(maxsize=4096)  # folders hold many tables with the same headings
def _fits(unit: str, dimension: str) -> bool:
    if dimension == "number":
        return unit.strip() in ("1", "#", "")
    try:
        to_si(1.0, unit, dimension)
    except UnitError:
        return False
    return True


def take_apart(text: str, below: str = "") -> Heading:
    """Name and unit of a heading such as "Voltage / V", "I/mA", "t [h]", "E (V)", "current_mA", "f, Hz".

    `below` is what stands in a second heading line that holds units.
    """
    plain = text.strip().strip("\ufeff").strip()
    if below.strip():
        return Heading(plain, plain, _unit(below.strip().strip("[]()")))
    bracket = re.fullmatch(r"(.*\S)\s*[\[({]\s*([^\[\](){}]+?)\s*[\])}]", plain)
    if bracket and _plain(plain) not in _NAMES:
        return Heading(plain, bracket.group(1).strip(), _unit(bracket.group(2)))
    for separator in ("/", ","):
        name, mark, unit = plain.rpartition(separator) if separator == "," else plain.partition(separator)
        if mark and name.strip() and unit.strip() and (_known_unit(unit) or separator == "/"):
            return Heading(plain, name.strip(), _unit(unit))
    words = re.split(r"[_\s]+", plain)
    if len(words) > 1 and _plain(plain) not in _NAMES and _known_unit(words[-1]):
        name = plain[: -len(words[-1])].rstrip("_ ")
        if _plain(name) in _NAMES:
            return Heading(plain, name, _unit(words[-1]))
    return Heading(plain, plain, "")


_REFERENCE = re.compile(r"\s+(?:vs\.?|against|gegen)\s.*$", re.IGNORECASE)
"""A reference electrode in a heading: it is kept in words and nothing is shifted by it."""


def _unit(text: str) -> str:
    text = _REFERENCE.sub("", text.strip())
    return _WORDS.get(text.lower(), text) if text.lower() in _WORDS and text not in ("A", "V") else text


def _known_unit(text: str) -> bool:
    unit = _unit(text)
    if not unit or len(unit) > 12:
        return False
    return any(
        _fits(unit, dimension)
        for dimension in ("frequency", "resistance", "time", "voltage", "current", "temperature", "angle", "charge")
    )


def names_reference(heading: str) -> bool:
    """Whether a heading names a reference electrode, as "E/V vs. Na+/Na" does."""
    return _REFERENCE.search(heading.rstrip(")] ") + " ") is not None


def are_units(fields: Sequence[str]) -> bool:
    """Whether a line holds units and nothing else."""
    said = [f.strip().strip("[]()") for f in fields if f.strip()]
    return len(said) >= 2 and all(_known_unit(text) or text in ("1", "#", "-") for text in said)


def find_roles(headings: Sequence[Heading]) -> dict[str, int]:
    """Column of each role; a role that two columns could play goes to the first whose unit is written."""
    found: dict[str, int] = {}
    for position, heading in enumerate(headings):
        role = heading.role
        if role is None:
            continue
        if role not in found or (heading.unit and not headings[found[role]].unit):
            found[role] = position
    return found


def roles_given(
    given: Mapping[str, str], headings: Sequence[Heading], width: int
) -> tuple[dict[str, int], dict[str, str]]:
    """Columns and units that the user names, e.g. {"frequency": "f/Hz", "real": "2/kOhm"}.

    A column is named by its heading, by its name without unit, or by its number from 1. Raises ValueError that says
    what is not there.
    """
    columns: dict[str, int] = {}
    units: dict[str, str] = {}
    for role, said in given.items():
        if role not in ROLES:
            raise ValueError(f"'{role}' is no column that natrode knows; allowed are {', '.join(ROLES)}")
        position = next((i for i, h in enumerate(headings) if h.text == said.strip()), None)
        if position is not None:
            columns[role], unit = position, headings[position].unit
        else:
            asked = take_apart(said)
            position = next((i for i, h in enumerate(headings) if asked.name in (h.text, h.name)), None)
            if position is None and asked.name.isdigit() and 1 <= int(asked.name) <= width:
                position = int(asked.name) - 1
            if position is None:
                have = ", ".join(f"'{h.text}'" for h in headings) or f"columns 1 to {width}, without headings"
                raise ValueError(f"no column '{said}' for {role}; the table has {have}")
            unit = asked.unit or (headings[position].unit if position < len(headings) else "")
            columns[role] = position
        if list(columns.values()).count(columns[role]) > 1:
            raise ValueError(f"'{said}' is given for two columns of the record")
        if unit:
            units[role] = unit
    return columns, units


def to_record_unit(values: Array, role: str, unit: str) -> Array:
    """Values in the unit of the record's column; raises UnitError."""
    dimension = ROLES[role][0]
    if dimension == "number":
        return values
    zero = to_si(0.0, unit, dimension)
    scaled = rescale(values, to_si(1.0, unit, dimension) - zero)
    offset = zero - 273.15 if role == "temperature" else zero
    return scaled + offset if offset else scaled


def rescale(values: Array, factor: float) -> Array:
    """Values times a factor; divided where the factor is a decimal fraction: 25.3 mA are 0.0253 A exactly."""
    if factor == 1.0:
        return values
    inverse = round(1.0 / factor) if 0.0 < factor < 1.0 else 0
    return values / inverse if inverse and abs(inverse * factor - 1.0) < 1e-9 else values * factor
