"""The header of EC-Lab's text files (.mpt, .mps): settings as the file names them, loops, date, device, areas."""

import re
from dataclasses import dataclass, field
from typing import Any

from natrode.instruments.biologic_dates import read_date
from natrode.instruments.biologic_records import TECHNIQUES, declared_assumption

_AREAS = {"cm²": 1e-4, "cm2": 1e-4, "mm²": 1e-6, "mm2": 1e-6, "m²": 1.0, "m2": 1.0, "dm²": 1e-2, "dm2": 1e-2}
_MASSES = {"kg": 1.0, "g": 1e-3, "mg": 1e-6, "µg": 1e-9, "ug": 1e-9}
_LOOP = re.compile(r"Loop (\d{1,9}) from point number (\d{1,9}) to (\d{1,9})\s*$")
_CELL = 20
"""EC-Lab writes a technique's parameters in cells of this width: the name, then one value per sequence."""


@dataclass
class Header:
    """What a header says."""

    technique: str = "unknown"
    """EC-Lab's short name, or its long one where natrode knows no short one."""
    settings: dict[str, Any] = field(default_factory=dict)
    started: str = "unknown"
    instrument: str = "BioLogic"
    loops: list[tuple[int, int]] = field(default_factory=list)
    """First and last point of each loop."""
    declared: dict[str, float] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_header(lines: list[str]) -> Header:
    """Read a header's lines (after "Nb header lines" and before the line of column names)."""
    header = Header()
    body = [line.rstrip() for line in lines]
    first = next((line.strip() for line in body if line.strip()), "")
    if first and " : " not in first and not first.endswith(":"):
        header.technique = TECHNIQUES.get(first, first)
        header.settings["technique"] = first
        body = body[next(i for i, line in enumerate(body) if line.strip()) + 1 :]
    _settings(header, body)
    _facts(header)
    return header


def _settings(header: Header, lines: list[str]) -> None:
    """Fill the settings from lines "key : value", cells of fixed width, and bare words."""
    previous, words = "", []
    for line in lines:
        loop = _LOOP.match(line)
        if loop:
            header.loops.append((int(loop.group(2)), int(loop.group(3))))
        elif not line.strip():
            continue
        elif " : " in line or line.endswith(" :"):
            key, _, value = line.partition(" :")
            previous = ""
            _put(header.settings, key.strip(), value.strip())
        elif len(line) > _CELL and line[_CELL - 1] == " " and line[0] not in " \t":
            key = line[:_CELL].strip()
            cells = [line[i : i + _CELL].strip() for i in range(_CELL, len(line), _CELL)]
            key = f"{previous} vs." if key == "vs." and previous else key
            previous = key.removeprefix("unit ").strip() if not key.endswith("vs.") else previous
            _put(header.settings, key, cells[0] if len(cells) == 1 else cells)
        elif " = " in line and line[0] in " \t":
            key, _, value = line.strip().partition(" = ")
            _put(header.settings, key, value.strip())
        else:
            words.append(line.strip())
    if words:
        header.settings["notes"] = words


def _put(settings: dict[str, Any], key: str, value: Any) -> None:
    """Keep a value; a key that comes again (comments) continues the text."""
    if key in settings and isinstance(value, str) and isinstance(settings[key], str):
        settings[key] = f"{settings[key]}\n{value}"
    else:
        settings[key] = value


def _facts(header: Header) -> None:
    """Take date, device and declared areas and masses out of the settings."""
    settings = header.settings
    date = str(settings.get("Acquisition started on", "")).strip()
    if date:
        header.started, assumed = read_date(date)
        if header.started == "unknown":
            header.warnings.append(f"the start '{date}' is no date")
        elif assumed:
            header.assumptions.append(assumed)
    device = str(settings.get("Device", "")).partition("(")[0].strip()
    header.instrument = f"BioLogic {device}".strip()
    for key, units, name in (
        ("Electrode surface area", _AREAS, "area"),
        ("Characteristic mass", _MASSES, "characteristic_mass"),
        ("Mass of active material", _MASSES, "active_mass"),
    ):
        said = _value(str(settings.get(key, "")))
        if said is None or said[1] not in units:
            continue
        header.declared[name] = float(f"{said[0] * units[said[1]]:.12g}")
        word = "area" if name == "area" else key.lower()
        header.assumptions.append(declared_assumption(word, said[0], said[1].replace("²", "2")))


def _value(text: str) -> tuple[float, str] | None:
    """Number and unit of "0,001 cm²"."""
    match = re.match(r"\s*(-?\d{1,12}(?:[.,]\d{1,12})?)\s*(\S+)", text)
    return None if match is None else (float(match.group(1).replace(",", ".")), match.group(2))
