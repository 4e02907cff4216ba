"""Elchemea .i2b spectra: free lines of text, the number of points, then frequency, Re Z and Im Z in each row."""

import re
from typing import Any

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Measurement

NAME = "Elchemea spectrum (.i2b)"
_READER = _text.Reader("Elchemea", NAME, "elchemea 1")
_NUMBER = r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?"
_START = rf"(?m)^[ \t]*([1-9][0-9]{{0,5}})[ \t]*\n[ \t]*{_NUMBER}[ \t]+{_NUMBER}[ \t]+{_NUMBER}[ \t]*$"


def recognise(source: Source) -> float:
    """Certainty that this is an .i2b file: a lone count followed by rows of three numbers."""
    head = _text.head_text(source)
    if "\0" in head or "primary_data" in head:  # Ivium counts rows in the same way
        return 0.0
    return 0.6 if re.search(_START, head) else 0.0


def read(source: Source) -> list[Measurement]:
    """The one spectrum; raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    match = re.search(_START, "\n".join(lines))
    if match is None:
        raise _text.not_this(source, NAME)
    start = "\n".join(lines)[: match.end(1)].count("\n") + 1
    rows = _text.read_rows(source, lines, start, ("frequency", "Re Z", "Im Z"), announced=_text.whole(match.group(1)))
    columns: dict[str, Any] = {
        Column.FREQUENCY: rows.values["frequency"],
        Column.REAL_IMPEDANCE: rows.values["Re Z"],
        Column.IMAGINARY_IMPEDANCE: rows.values["Im Z"],
    }
    header = [line.strip() for line in lines[: start - 1] if line.strip()]
    warnings = rows.warnings + _text.impedance_warnings(source, rows, columns)
    if lines[-1].strip():
        warnings.append("the file does not end with a line end: the last number may be cut")
    record = _READER.record(
        source,
        "impedance",
        columns,
        technique="EIS",
        settings={"Header": header} if header else {},
        assumptions=[
            "units taken as Hz and ohm, columns as frequency, Re Z and Im Z: the file names none",
            "sign of Im Z as in the file: Elchemea writes Im Z itself, negative when capacitive",
        ],
        warnings=warnings,
    )
    return [record]


FORMAT = Format(NAME, (".i2b",), recognise, read)
