"""Autolab: FRA .dfr files, NOVA tables and spectra saved in ZView's quoted form ("Z60W Data File")."""

import re
from typing import Any

import numpy as np

from natrode.instruments import _text, zplot
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Kind, Measurement

NAME = "Autolab FRA or NOVA data (.dfr, .txt)"
_READER = _text.Reader("Metrohm Autolab", NAME, "autolab 1")
_NOVA = r"(?=.*(?:Frequency \(Hz\).*Z' \(|WE\(1\)\.(?:Potential|Current) \()).*[;\t,]"
_NOVA_COLUMNS: dict[str, tuple[str, float]] = {  # name in the file: name in the record, factor
    "Frequency (Hz)": (Column.FREQUENCY, 1.0),
    "Z' (Ω)": (Column.REAL_IMPEDANCE, 1.0),
    "-Z'' (Ω)": (Column.IMAGINARY_IMPEDANCE, -1.0),
    "Z'' (Ω)": (Column.IMAGINARY_IMPEDANCE, 1.0),
    "Z (Ω)": (_text.ABSOLUTE_IMPEDANCE, 1.0),
    "-Phase (°)": (_text.PHASE, -1.0),
    "Phase (°)": (_text.PHASE, 1.0),
    "Time (s)": (Column.TIME, 1.0),
    "Corrected time (s)": ("Corrected Time / s", 1.0),
    "WE(1).Potential (V)": (Column.VOLTAGE, 1.0),
    "WE(1).Current (A)": (Column.CURRENT, 1.0),
    "Potential applied (V)": ("Applied Voltage / V", 1.0),
    "Scan": (Column.CYCLE, 1.0),
    "Index": (_text.POINT, 1.0),
}
_DFR_FIELDS = 9
_DFR_FOOTER = 3
"""Numbers between the last point and the dates, in VERSION8.0."""


def recognise(source: Source) -> float:
    """Certainty that this is one of Autolab's files, from its first lines."""
    head = _text.head_text(source).lstrip()
    if re.match(r"\"?Z60W Data File", head):
        return 1.0
    if re.match(r"VERSION\d+\.\d+\n\s*\d+\n\s*\d+\n\s*[0-9.,eE+-]+\n", head):
        return 0.95
    return 0.9 if re.match(_NOVA, head.split("\n", 1)[0]) else 0.0


def read(source: Source) -> list[Measurement]:
    """The one record; raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    begin = _text.first_line(lines)
    first = lines[begin].strip()
    if re.match(r"\"?Z60W", first):
        settings, announced, start = zplot.quoted_header(source, lines)
        return [zplot.spectrum(_READER, source, lines, start, announced, settings, technique="EIS")]
    if first.startswith("VERSION"):
        return [_dfr(source, lines, begin)]
    return [_nova(source, lines, begin)]


def _dfr(source: Source, lines: list[str], begin: int) -> Measurement:
    """A FRA file: a version, the number of points, a number, then nine numbers per point, one per line; a footer."""
    damaged = "the file is damaged; save it again"
    points = _text.whole(lines[begin + 1])
    if points is None or points < 1:
        raise source.error(
            f"line {begin + 2}", f"read {lines[begin + 1].strip()[:40]!r}, expected the number of points", damaged
        )
    start = begin + 3
    needed = points * _DFR_FIELDS
    if start + needed >= len(lines):
        raise source.error(
            f"line {len(lines)}",
            f"the header announces {points} points, that is {needed} numbers; the file ends before",
            "it is cut; save it again",
        )
    footer = [line.strip() for line in lines[start + needed :]]
    dated = next((i for i, line in enumerate(footer) if re.match(r"\d+[./-]\d+[./-]\d+", line)), None)
    found = []
    for index in range(start, start + needed):
        value = _text.number(lines[index])
        if value is None:
            raise source.error(f"line {index + 1}", f"read {lines[index].strip()[:40]!r}, expected one number", damaged)
        found.append(value)
    if dated is not None and dated != _DFR_FOOTER:
        raise source.error(
            f"line {start + needed + dated + 1}",
            f"the date stands {dated} lines below the last point, expected {_DFR_FOOTER}",
            "lines are missing or too many, and numbers would be mixed up; save it again",
        )
    table = np.array(found).reshape(points, _DFR_FIELDS)
    columns: dict[str, Any] = {
        Column.FREQUENCY: table[:, 0],
        Column.REAL_IMPEDANCE: table[:, 1],
        Column.IMAGINARY_IMPEDANCE: -table[:, 2],
    }
    columns |= {f"Field {k + 1} / 1": table[:, k] for k in range(3, _DFR_FIELDS) if table[:, k].any()}
    rows = _text.Rows({}, {}, [start + 1 + _DFR_FIELDS * n for n in range(points)])
    return _READER.record(
        source,
        "impedance",
        columns,
        technique="EIS",
        settings={"Version": lines[begin].strip()[7:], "Footer": [line for line in footer if line]},
        assumptions=[
            "sign of Im Z changed: a .dfr holds -Z'', as the FRA software shows and its .P00 export names it",
            "units taken as Hz and ohm: the file names none",
            "six more numbers per point have no documented meaning: "
            + ("kept as 'Field n'" if len(columns) > 3 else "all 0, left out"),
        ],
        warnings=_text.impedance_warnings(source, rows, columns),
    )


def _nova(source: Source, lines: list[str], begin: int) -> Measurement:
    """A table exported from NOVA: one line of names with units, one row per point."""
    heading = lines[begin].strip()
    place = f"line {begin + 1}"
    separator = next((mark for mark in (";", "\t", ",") if mark in heading), ";")
    names = [re.sub(r"\s+", " ", name.strip().replace("\u2126", "Ω")) for name in heading.split(separator)]
    names = [re.sub(r"\((?:[Oo]hm|\?|\ufffd)\)$", "(Ω)", name) if "Z" in name else name for name in names]
    if len(set(names)) != len(names):
        raise source.error(place, f"a column is named twice in {heading[:80]!r}", "export it again")
    rows = _text.read_rows(source, lines, begin + 1, names, split=_text.fields_by(separator))
    columns: dict[str, Any] = {}
    for name in names:
        renamed, factor = _NOVA_COLUMNS.get(name, (re.sub(r"\s*\((.*)\)$", r" / \1", name), 1.0))
        columns[str(renamed) if "/" in renamed else f"{renamed} / 1"] = factor * rows.values[name]
    kind: Kind
    assumptions = []
    warnings = list(rows.warnings)
    if Column.FREQUENCY in columns:
        kind = "impedance"
        if not {Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE} <= columns.keys():
            raise source.error(
                place,
                f"the spectrum has the columns {', '.join(names)}, not Z' and -Z''",
                "export Z' and -Z'' from NOVA",
            )
        flipped = "-Z'' (Ω)" in names
        assumptions.append(
            f"sign of Im Z {'changed: the column is -Z' if flipped else 'as in the file: the column is Z'}''"
        )
        warnings += _text.impedance_warnings(source, rows, columns)
    elif Column.VOLTAGE in columns and Column.CURRENT in columns and "Applied Voltage / V" in columns:
        kind = "sweep"
    elif Column.VOLTAGE in columns and Column.TIME in columns:
        kind = "cycling"
    else:
        raise source.error(
            place,
            f"the table has the columns {', '.join(names)}: neither a spectrum, a sweep nor a voltage with time",
            "export time, WE(1).Potential and WE(1).Current",
        )
    if Column.CURRENT in columns:
        assumptions.append(_text.SIGN_BY_DEFAULT)
    return _READER.record(
        source,
        kind,
        columns,
        technique="EIS" if kind == "impedance" else "unknown",
        assumptions=assumptions,
        warnings=warnings,
    )


FORMAT = Format(NAME, (".dfr", ".txt"), recognise, read)
