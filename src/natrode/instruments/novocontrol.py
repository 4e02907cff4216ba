"""Novocontrol (WinDETA) ASCII exports: a title, geometry and fixed values, one table of impedance over frequency."""

import re
from typing import Any

import numpy as np

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, KnownFloat, Measurement

NAME = "Novocontrol ASCII (.txt)"
_READER = _text.Reader("Novocontrol", NAME, "novocontrol 1")
_HEADING = r"Freq\.\s?\[Hz\]"
_COLUMNS = {
    "Freq. [Hz]": Column.FREQUENCY,
    "Zs' [ohm]": Column.REAL_IMPEDANCE,
    "Zs'' [ohm]": Column.IMAGINARY_IMPEDANCE,
    "|Zs| [ohm]": _text.ABSOLUTE_IMPEDANCE,
    "Temp. [degC]": Column.TEMPERATURE,
    "AC Volt [Vrms]": "AC Voltage / V",
    "DC Volt [V]": Column.VOLTAGE,
}
ZERO_CELSIUS = 273.15


def recognise(source: Source) -> float:
    """Certainty that this is a Novocontrol export, from its first kilobytes."""
    head = _text.head_text(source)
    if not re.search(_HEADING, head):
        return 0.0
    return 1.0 if re.search(r"(?m)^Fixed value\(s\)|Spacer Capacity", head) else 0.85


def read(source: Source) -> list[Measurement]:
    """One record with one spectrum per temperature; raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    heading = _text.find_line(lines, _HEADING)
    if heading is None:
        raise _text.not_this(source, NAME)
    names = [_name(part) for part in lines[heading].strip().split("\t")]
    missing = [n for n in ("Freq. [Hz]", "Zs' [ohm]", "Zs'' [ohm]") if n not in names]
    if missing or len(set(names)) != len(names):
        raise source.error(
            f"line {heading + 1}",
            f"the table has the columns {', '.join(names)}, not {' and '.join(missing) or 'each once'}",
            "export the series impedance Zs' and Zs'' in WinDETA",
        )
    rows = _text.read_rows(source, lines, heading + 1, names)
    columns: dict[str, Any] = {str(_COLUMNS.get(n, _unlisted(n))): rows.values[n] for n in names}
    warnings = rows.warnings + _text.impedance_warnings(source, rows, columns)
    if Column.TEMPERATURE in columns:
        jumps = np.abs(np.diff(columns[Column.TEMPERATURE], prepend=columns[Column.TEMPERATURE][0])) > 2.0
        _text.number_spectra(columns, np.cumsum(jumps))
    title, settings = _header(lines[:heading])
    temperature, assumptions = _temperature(source, settings, title, columns)
    declared: dict[str, float] = {}
    for word in ("Diameter", "Thickness"):
        value, note = _text.declare(word.lower(), settings.get(f"{word} [mm]"), "mm", 1e3)
        declared |= value
        assumptions += note
    started, dated = _text.started_at(title, title, "day first")
    record = _READER.record(
        source,
        "impedance",
        columns,
        technique="EIS",
        title=title,
        started=started,
        temperature=temperature,
        settings=settings,
        declared=declared,
        warnings=warnings,
        assumptions=[
            "sign of Im Z as in the file: the column is Zs'', the imaginary part of Z = Zs' + i Zs''",
            *assumptions,
            *dated,
        ],
    )
    return [record]


def _name(text: str) -> str:
    """A column's name with one blank before its unit, whatever blanks and degree signs the export has."""
    text = re.sub(r"\s*\[\s*(?:°|ø|deg\.?\s?)C\s*\]", " [degC]", text.strip())
    return re.sub(r"\s*\[", " [", text).strip()


def _unlisted(name: str) -> str:
    match = re.fullmatch(r"(.*?)\s*\[(.*)\]", name)
    return f"{match.group(1)} / {match.group(2)}" if match else f"{name} / 1"


def _header(lines: list[str]) -> tuple[str, dict[str, Any]]:
    """Title line and settings: "Name[unit]: value", "Name [unit]=value", and switches "... On"."""
    texts = [line.strip() for line in lines if line.strip()]
    title = texts[0] if texts and "[" not in texts[0] else ""
    settings: dict[str, Any] = {"Title": title} if title else {}
    for text in texts:
        text = re.sub(r"^Fixed value\(s\)\s*:\s*", "", text)
        for match in re.finditer(r"([A-Z][A-Za-z ]*?)\s+(On|Off)\b", text):
            settings[match.group(1).strip()] = match.group(2)
        text = re.sub(r"[A-Z][A-Za-z ]*?\s+(?:On|Off)\b", "", text)
        for match in re.finditer(r"([A-Z][A-Za-z. ]*?)\s*(\[[^\]]*\])\s*[:=]?\s*([+-]?[0-9][0-9.,eE+-]*)", text):
            settings[_name(f"{match.group(1)}{match.group(2)}")] = _text.setting(match.group(3))
    return title, settings


def _temperature(
    source: Source, settings: dict[str, Any], title: str, columns: dict[str, Any]
) -> tuple[KnownFloat, list[str]]:
    """Temperature that the header states [K]; one that only a name carries is kept as not confirmed."""
    stated = settings.get("Temp. [degC]")
    if isinstance(stated, (int, float)) and stated > -ZERO_CELSIUS:
        return float(stated) + ZERO_CELSIUS, [f"temperature {stated:g} degC from the header (Temp.)"]
    if Column.TEMPERATURE in columns:
        return "unknown", []
    for where, text in (("file name", source.path.stem), ("title", title)):
        named = _text.temperature_in_name(text)
        if named:
            settings["temperature in the name, not confirmed"] = named
            return "unknown", [f"temperature {named} read from the {where}: not confirmed, not used"]
    return "unknown", []


FORMAT = Format(NAME, (".txt",), recognise, read)
