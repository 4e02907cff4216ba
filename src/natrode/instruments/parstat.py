"""PARSTAT text exports: one table of DC and impedance rows; a row with a frequency above zero is impedance."""

import re
from typing import Any

import numpy as np

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Measurement

NAME = "PARSTAT text (.txt)"
_READER = _text.Reader("Princeton Applied Research PARSTAT", NAME, "parstat 1")
_COLUMNS = {
    "Potential (V)": Column.VOLTAGE,
    "Current (A)": Column.CURRENT,
    "Elapsed Time (s)": Column.TIME,
    "Frequency (Hz)": Column.FREQUENCY,
    "Zre (ohms)": Column.REAL_IMPEDANCE,
    "Zim (ohms)": Column.IMAGINARY_IMPEDANCE,
    "|Vac| (V)": "Voltage Amplitude / V",
    "|Iac| (A)": "Current Amplitude / A",
}
_AC = {
    Column.FREQUENCY,
    Column.REAL_IMPEDANCE,
    Column.IMAGINARY_IMPEDANCE,
    "Voltage Amplitude / V",
    "Current Amplitude / A",
}
_ESSENTIAL = ("Potential (V)", "Elapsed Time (s)")


def recognise(source: Source) -> float:
    """Certainty that this is a PARSTAT export, from its first line."""
    first = _text.head_text(source).lstrip().split("\n", 1)[0]
    return 0.95 if "\t" in first and all(name in first for name in _ESSENTIAL) else 0.0


def read(source: Source) -> list[Measurement]:
    """The DC record and the impedance record (one or several spectra); raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    heading = _text.first_line(lines)
    names = [name.strip() for name in lines[heading].strip("\t ").split("\t")]
    if not set(_ESSENTIAL) <= set(names):
        raise _text.not_this(source, NAME)
    rows = _text.read_rows(source, lines, heading + 1, names, split=_text.fields_by("\t"))
    columns: dict[str, Any] = {str(_COLUMNS.get(n, _unlisted(n))): rows.values[n] for n in names}
    return split_dc_and_ac(_READER, source, rows, columns, {})


def _unlisted(name: str) -> str:
    """A column that is not in the list, under its own name and unit."""
    match = re.fullmatch(r"(.*?)\s*\((.*)\)", name)
    return f"{match.group(1)} / {match.group(2)}" if match else f"{name} / 1"


def split_dc_and_ac(
    reader: _text.Reader, source: Source, rows: _text.Rows, columns: dict[str, Any], settings: dict[str, Any]
) -> list[Measurement]:
    """Tell the rows of impedance from those of DC: a cycling record first, then an impedance record.

    Both carry the elapsed time and the number of the run of rows they belong to (`Step Index / 1`), so that
    the spectra find their place in the voltage record.
    """
    frequency = columns.get(Column.FREQUENCY)
    ac = np.zeros(len(rows), dtype=bool) if frequency is None else frequency != 0.0
    step = np.concatenate([[1], 1 + np.cumsum(ac[1:] != ac[:-1])]).astype(np.int64)
    records = []
    assumptions = [_text.SIGN_BY_DEFAULT] if Column.CURRENT in columns else []
    assumptions.append("step index counts the runs of DC and impedance rows: the export names no segments")
    if not ac.all():
        table = {name: values[~ac] for name, values in columns.items() if name not in _AC}
        table[Column.STEP] = step[~ac]
        back = np.flatnonzero(np.diff(table[Column.TIME]) < 0)
        warnings = list(rows.warnings)
        if back.size:
            line = np.array(rows.lines)[~ac][back[0] + 1]
            warnings.append(f"the elapsed time runs backwards at line {line}: several runs in one file")
        records.append(
            reader.record(
                source,
                "cycling",
                table,
                technique="DC rows",
                settings=settings,
                assumptions=assumptions,
                warnings=warnings,
            )
        )
    if ac.any():
        table = {name: values[ac] for name, values in columns.items()}
        table[Column.STEP] = step[ac]
        part = _text.Rows({}, {}, [line for line, yes in zip(rows.lines, ac, strict=True) if yes])
        odd = _text.impedance_warnings(source, part, table)
        _text.number_spectra(table)
        if Column.CURRENT in table:
            table[Column.DC_CURRENT] = table.pop(Column.CURRENT)
        records.append(
            reader.record(
                source,
                "impedance",
                table,
                technique="EIS rows",
                settings=settings,
                assumptions=[*assumptions, "sign of Im Z as in the file: the column is Zim, the imaginary part itself"],
                warnings=rows.warnings + odd,
            )
        )
    return records


FORMAT = Format(NAME, (".txt",), recognise, read)
