"""PowerSuite text exports of an impedance spectrum: three columns under "Frequency  Zre  Zimg"."""

import re
from typing import Any

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Measurement

NAME = "PowerSuite text (.txt)"
_READER = _text.Reader("Princeton Applied Research PowerSuite", NAME, "powersuite 1")
_HEADING = r"^\s*Frequency\s+Zre\s+Zim[a-z]?\s*$"


def recognise(source: Source) -> float:
    """Certainty that this is a PowerSuite export, from its first line."""
    first = _text.head_text(source).lstrip("\n").split("\n", 1)[0]
    return 0.95 if re.match(_HEADING, first) else 0.0


def read(source: Source) -> list[Measurement]:
    """The spectrum; raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    heading = _text.find_line(lines, _HEADING)
    if heading is None:
        raise _text.not_this(source, NAME)
    rows = _text.read_rows(source, lines, heading + 1, ("Frequency", "Zre", "Zimg"))
    columns: dict[str, Any] = {
        Column.FREQUENCY: rows.values["Frequency"],
        Column.REAL_IMPEDANCE: rows.values["Zre"],
        Column.IMAGINARY_IMPEDANCE: rows.values["Zimg"],
    }
    record = _READER.record(
        source,
        "impedance",
        columns,
        technique="EIS",
        assumptions=[
            "units taken as Hz and ohm: the file names none",
            "sign of Im Z as in the file: the column is Zimg, the imaginary part itself",
        ],
        warnings=rows.warnings + _text.impedance_warnings(source, rows, columns),
    )
    return [record]


FORMAT = Format(NAME, (".txt",), recognise, read)
