"""Gamry Framework .DTA files: impedance, chronoamperometry and -potentiometry, sweeps, open circuit; all tables.

The file is tab-delimited: "TAG<tab>TYPE<tab>value<tab>label" lines, and tables "NAME<tab>TABLE<tab>points" of one
line of names, one of units and indented rows. Windows' locale decides on decimal commas and on dates.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from natrode.errors import UnitError
from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Kind, Measurement
from natrode.units import DIMENSIONS, to_si

NAME = "Gamry Framework data (.DTA)"
_READER = _text.Reader("Gamry", NAME, "gamry 1")
_SWEEPS = {"CV", "LSV", "TAFEL", "POTENTIODYNAMIC", "CYCPOL", "POLRES", "RESISTANCE", "PV", "CYCLICPOL"}
_OPEN_CIRCUIT = {"CORPOT", "OCP", "OCV"}
_VALUES_OF_TYPE = {"POTEN": 2, "TWOPARAM": 3}
_NAMES: dict[str, tuple[str, str]] = {  # column of the file: name in the record, dimension
    "T": (Column.TIME, "time"),
    "Time": (Column.TIME, "time"),
    "Vf": (Column.VOLTAGE, "voltage"),
    "Im": (Column.CURRENT, "current"),
    "Vdc": (Column.VOLTAGE, "voltage"),
    "Idc": (Column.DC_CURRENT, "current"),
    "Freq": (Column.FREQUENCY, "frequency"),
    "Zreal": (Column.REAL_IMPEDANCE, "resistance"),
    "Zimag": (Column.IMAGINARY_IMPEDANCE, "resistance"),
    "Zmod": (_text.ABSOLUTE_IMPEDANCE, "resistance"),
    "Vm": ("Measured Voltage / V", "voltage"),
    "Vu": ("Uncompensated Voltage / V", "voltage"),
    "Sig": ("Applied Signal / V", "voltage"),
    "Ach": ("Auxiliary Voltage / V", "voltage"),
}
_PLAIN = {
    "Pt": _text.POINT,
    "Zphz": _text.PHASE,
    "Zsig": "Signal / V",
    "IERange": _text.CURRENT_RANGE,
    "Over": "Overload Bits / 1",
    "Temp": Column.TEMPERATURE,
}
_TEXT_COLUMNS = {"Over"}


def recognise(source: Source) -> float:
    """Certainty that this is a Gamry file, from its first lines."""
    head = _text.head_text(source).lstrip()
    if not head.startswith("EXPLAIN"):
        return 0.0
    return 1.0 if re.search(r"(?m)^TAG\t", head) else 0.6


@dataclass
class _Table:
    """One table of the file: its name, the columns in SI, and what was noticed."""

    name: str
    names: list[str]
    columns: dict[str, Any]
    rows: _text.Rows
    warnings: list[str] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)


def read(source: Source) -> list[Measurement]:
    """One record per family of tables, in order; raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    settings, tables, warnings = _parse(source, lines)
    if not tables:
        raise source.error(
            f"line {len(lines)}",
            "the file ends before its first table",
            "the experiment never started or the file is cut",
        )
    tag = str(settings.get("TAG", "unknown"))
    if settings.get("EXPERIMENTABORTED") not in (None, False):
        warnings.append("the experiment was aborted (EXPERIMENTABORTED in the file)")
    families: dict[tuple[str, tuple[str, ...]], list[_Table]] = {}
    for table in tables:
        families.setdefault((re.sub(r"\d+$", "", table.name), tuple(table.names)), []).append(table)
    made = []
    for family in families.values():
        kind = _kind(tag, family[0])
        if kind is None:
            warnings.append(
                f"table {family[0].name} with the columns {', '.join(family[0].names)} is not a kind that natrode "
                "reads; it is left out"
            )
        else:
            made.append((kind, family))
    if not made:
        raise source.error(
            f"line {tables[0].rows.lines[0]}",
            f"technique {tag}: no table holds a voltage with time, a sweep or an impedance",
            "export the table as text and import it as a generic table",
        )
    if "EIS" in tag.upper() and not any(kind == "impedance" for kind, _ in made):
        warnings.append(f"technique {tag}, but no table of impedance: stopped before its first point, running or cut")
    order: _text.Order = "month first" if "/" in str(settings.get("DATE", "")) else "day first"
    if any(re.search(r"\t-?[0-9]+,[0-9]", line) for line in lines[-20:]):
        order = "day first"  # a decimal comma is not the United States
    return [_record(source, kind, family, tag, settings, warnings, order) for kind, family in made]


def _parse(source: Source, lines: list[str]) -> tuple[dict[str, Any], list[_Table], list[str]]:
    """Settings as the file names them, tables, and warnings."""
    settings: dict[str, Any] = {}
    tables: list[_Table] = []
    warnings: list[str] = []
    notes: list[str] | None = None
    index = next(i for i, line in enumerate(lines) if line.strip()) + 1
    while index < len(lines):
        line = lines[index]
        fields = line.split("\t")
        if not line.strip():
            index += 1
        elif line[0].isspace():
            if notes is None:
                raise source.error(
                    f"line {index + 1}",
                    f"read the indented line {line.strip()[:60]!r} outside of a table",
                    "the file was edited or is damaged; export it again",
                )
            notes.append(line.strip())
            index += 1
        elif len(fields) > 1 and fields[1].strip() == "TABLE":
            end = next(
                (i for i in range(index + 1, len(lines)) if lines[i].strip() and not lines[i][0].isspace()), len(lines)
            )
            if any(row.strip() for row in lines[index + 3 : end]):
                tables.append(_table(source, lines, index, end))
            else:
                warnings.append(f"table {fields[0]} of line {index + 1} holds no rows: stopped before its first point")
            notes = None
            index = end
        elif index == len(lines) - 1 and len(fields) < 4:
            warnings.append(f"line {index + 1}, the last one, was not written to its end: still running or cut")
            index += 1
        else:
            notes = _setting(source, index, fields, settings)
            index += 1
    return settings, tables, warnings


def _setting(source: Source, index: int, fields: list[str], settings: dict[str, Any]) -> list[str] | None:
    """Keep one line of the header under its tag; returns the list for the lines of a note that follow it."""
    name = fields[0].strip()
    kind = fields[1].strip() if len(fields) > 1 else ""
    if name == "TAG" and kind:
        settings["TAG"] = kind
        return None
    if not re.fullmatch(r"[A-Za-z]\w*", name) or not re.fullmatch(r"[A-Za-z]\w*", kind):
        raise source.error(
            f"line {index + 1}",
            f"read {' '.join(fields)[:60]!r}, expected a tag, its type and its value",
            "the file is damaged, or was edited (a spreadsheet changes the tabs)",
        )
    if kind == "NOTES":
        notes: list[str] = []
        settings[name] = notes
        return notes
    values = [_text.setting(v) for v in fields[2 : 2 + _VALUES_OF_TYPE.get(kind, 1)]]
    if kind == "TOGGLE" and values and values[0] in ("T", "F", "TRUE", "FALSE"):
        values = [str(values[0]).startswith("T")]
    if kind == "LABEL":
        values = [v.strip() for v in fields[2:3]]
    settings[name] = values[0] if len(values) == 1 else values
    return None


def _table(source: Source, lines: list[str], index: int, end: int) -> _Table:
    """Read the table that begins at `index`."""
    name = lines[index].split("\t")[0].strip()
    announced = _text.whole([*lines[index].split("\t"), "", ""][2])
    names = lines[index + 1].strip().split("\t")
    units = lines[index + 2].strip().split("\t")
    if len(names) != len(units) or len(set(names)) != len(names) or len(names) < 2:
        raise source.error(
            f"line {index + 3}",
            f"table {name} has {len(names)} column names and {len(units)} units",
            "the file is cut or was edited; export it again",
        )
    texts = _TEXT_COLUMNS & set(names)
    rows = _text.read_rows(source, lines, index + 3, names, stop=end, texts=texts)
    table = _Table(name, names, {}, rows, warnings=list(rows.warnings))
    if "Pt" in rows.values:
        table.warnings += _text.missing_points(rows.values["Pt"], rows.lines, f"table {name}")
    for column, unit in zip(names, units, strict=True):
        _column(source, index + 3, column.strip(), unit.strip(), table)
    if announced is not None and announced != len(rows):
        table.warnings.append(
            f"table {name} announces {announced} points and holds {len(rows)}: stopped early, still running or cut"
        )
    return table


def _column(source: Source, line: int, name: str, unit: str, table: _Table) -> None:
    """Convert one column to SI under the record's name."""
    if name in _TEXT_COLUMNS:
        table.columns[_PLAIN[name]] = table.rows.texts[name]
        return
    values = table.rows.values[name]
    if name == "Temp":
        _temperature(values, unit, table)
    elif name in _NAMES:
        renamed, dimension = _NAMES[name]
        symbol = re.sub(r"\s*vs\.?.*", "", unit)
        try:
            same = symbol == DIMENSIONS[dimension][0]
            table.columns[str(renamed)] = values if same else values * to_si(1.0, symbol, dimension)
        except UnitError as error:
            raise source.error(f"line {line}", f"column {name}: {error}", "the file was edited") from None
    elif name in _PLAIN:
        table.columns[str(_PLAIN[name])] = values
    else:
        table.columns[f"{name} / {unit.strip('#') or '1'}"] = values


def _temperature(values: Any, unit: str, table: _Table) -> None:
    """Keep a temperature in degC; -327.67 is what Gamry writes without a sensor."""
    real = values > -273.15
    if not re.fullmatch(r"(?i)deg\s?C|°C", unit):
        table.columns[f"Temp / {unit or '1'}"] = values
    elif real.all():
        table.columns[Column.TEMPERATURE] = values
    elif real.any():
        table.columns[Column.TEMPERATURE] = np.where(real, values, np.nan)
        table.warnings.append(
            f"the temperature is below absolute zero at {int((~real).sum())} points: left empty there"
        )
    else:
        table.assumptions.append(f"Temp = {values[0]:g} degC is what Gamry writes without a sensor: left out")


def _kind(tag: str, table: _Table) -> Kind | None:
    """Kind of record a table gives, or None for one that natrode does not know."""
    if {Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE} <= table.columns.keys():
        return "impedance"
    if Column.VOLTAGE not in table.columns:
        return None
    if tag.upper() in _SWEEPS and Column.CURRENT in table.columns and not table.name.startswith("OCV"):
        return "sweep"
    return "cycling" if Column.TIME in table.columns else None


def _record(
    source: Source,
    kind: Kind,
    family: list[_Table],
    tag: str,
    settings: dict[str, Any],
    warnings: list[str],
    order: _text.Order,
) -> Measurement:
    """One record from tables of the same columns (the curves of a CV, the spectra of a series)."""
    columns: dict[str, Any] = {}
    for name in family[0].columns:
        if all(name in table.columns for table in family):
            parts = [table.columns[name] for table in family]
            columns[name] = np.concatenate([np.asarray(part) for part in parts])
    sizes = [len(table.rows) for table in family]
    if kind == "impedance" and len(family) > 1:
        columns[Column.SPECTRUM] = np.repeat(np.arange(len(family)), sizes)
    elif kind != "impedance" and (re.search(r"\d$", family[0].name) or len(family) > 1):
        columns[Column.CYCLE] = np.repeat(np.arange(1, len(family) + 1), sizes)
    assumptions = [text for table in family for text in table.assumptions]
    at_rest = family[0].name.startswith("OCV") or tag.upper() in _OPEN_CIRCUIT
    if kind == "cycling" and at_rest and Column.CURRENT not in columns:
        columns[Column.CURRENT] = np.zeros(sum(sizes))
        assumptions.append(_text.OPEN_CIRCUIT)
    odd = [text for table in family for text in table.warnings]
    merged = _text.Rows({}, {}, [line for table in family for line in table.rows.lines])
    if kind == "impedance":
        assumptions.append("sign of Im Z as in the file: the column is Zimag and the phase beside it has its sign")
        odd += _text.impedance_warnings(source, merged, columns) + _text.unfinished(
            columns[Column.FREQUENCY], settings.get("FREQFINAL")
        )
    sign = None
    if {Column.CURRENT, Column.DC_CURRENT} & columns.keys():
        convention = settings.get("CONVENTION")
        if convention is None:
            assumptions.append(_text.SIGN_BY_DEFAULT)
        elif convention != 1:
            sign = f"positive = reduction at the working electrode (CONVENTION = {convention} in the file)"
            odd.append("the current is cathodic positive in this file (CONVENTION): its sign is kept as written")
    known = _date_order(settings)
    started, dated = _text.started_at(
        str(settings.get("DATE", "")), str(settings.get("TIME", "")), known or order, known is not None
    )
    declared, noted = _text.declare("area", settings.get("AREA"), "cm2", 1e4)
    name = family[0].name
    return _READER.record(
        source,
        kind,
        columns,
        technique=tag if not name.startswith("OCV") else f"open circuit before {tag}",
        model=str(settings.get("PSTAT", "")),
        title=str(settings.get("TITLE", "")),
        started=started,
        settings=settings,
        declared=declared,
        assumptions=assumptions + noted + dated,
        warnings=warnings + odd,
        sign_of_current=sign,
        ohmic_correction=_ohmic(settings),
    )


def _date_order(settings: dict[str, Any]) -> "_text.Order | None":
    """Order of day and month as another date of the same file proves it."""
    separator = re.sub(r"[0-9]", "", str(settings.get("DATE", "")))[:1]
    for key in ("DATE", "DCCALDATE", "ACCALDATE"):
        match = re.fullmatch(r"\s*([0-9]{1,2})([-/.])([0-9]{1,2})\2[0-9]{2,4}\s*", str(settings.get(key, "")))
        if match and match.group(2) == separator:
            if int(match.group(1)) > 12:
                return "day first"
            if int(match.group(3)) > 12:
                return "month first"
    return None


def _ohmic(settings: dict[str, Any]) -> str:
    """What the file says about iR compensation."""
    mode, feedback = settings.get("IRCOMP"), settings.get("POSFEEDENABLE")
    if mode is None and feedback is None:
        return "unknown"
    if mode in (0, None) and feedback in (False, None):
        return "none (IRCOMP and POSFEEDENABLE are off in the file)"
    return f"by the instrument (IRCOMP = {mode}, POSFEEDENABLE = {feedback} in the file)"


FORMAT = Format(NAME, (".dta",), recognise, read)
