"""Autolab FRA procedure exports (.P00): a title, dates, the number of points and a table with -Z''."""

import re

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Measurement

NAME = "Autolab FRA text (.P00)"
_READER = _text.Reader("Metrohm Autolab", NAME, "p00 1")
_COLUMNS = {
    "f/Hz": (Column.FREQUENCY, 1.0),
    "Z'/Ohm": (Column.REAL_IMPEDANCE, 1.0),
    "-Z''/Ohm": (Column.IMAGINARY_IMPEDANCE, -1.0),
    "Z''/Ohm": (Column.IMAGINARY_IMPEDANCE, 1.0),
    "time/s": (Column.TIME, 1.0),
    "Edc/V": (Column.VOLTAGE, 1.0),
    "Idc/A": (Column.DC_CURRENT, 1.0),
}
_HEADING = r"^\s*f/Hz\s.*Z''/Ohm"


def recognise(source: Source) -> float:
    """Certainty that this is a .P00 export, from its header."""
    head = _text.head_text(source)
    if not re.search(f"(?m){_HEADING}", head):
        return 0.0
    return 1.0 if head.lstrip().startswith("Procedure") else 0.85


def read(source: Source) -> list[Measurement]:
    """The one spectrum; raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    heading = _text.find_line(lines, _HEADING)
    if heading is None:
        raise _text.not_this(source, NAME)
    names = lines[heading].split()
    announced = _text.whole(lines[heading + 1]) if heading + 1 < len(lines) else None
    if announced is None:
        raise source.error(
            f"line {heading + 2}",
            "the number of points does not follow the names of the columns",
            "the file is cut or was edited; export it again",
        )
    if len(set(names)) != len(names) or "f/Hz" not in names or "Z'/Ohm" not in names:
        raise source.error(
            f"line {heading + 1}",
            f"read the columns {', '.join(names)}, expected f/Hz, Z'/Ohm, -Z''/Ohm",
            "the file was edited; export it again",
        )
    rows = _text.read_rows(source, lines, heading + 2, names, announced=announced)
    columns = {}
    for name in names:
        renamed, factor = _COLUMNS.get(name, (f"{name.partition('/')[0]} / {name.partition('/')[2] or '1'}", 1.0))
        columns[str(renamed)] = factor * rows.values[name]
    header = [line.strip() for line in lines[:heading] if line.strip()]
    title = header[0].partition(":")[2].strip() if header and ":" in header[0] else ""
    when = header[1] if len(header) > 1 else ""
    started, dated = _text.started_at(when.partition(" - ")[0], when.partition(" - ")[0], "day first")
    warnings = rows.warnings + _text.impedance_warnings(source, rows, columns)
    if lines[-1].strip():
        warnings.append("the file does not end with a line end: the last number may be cut")
    flipped = "-Z''/Ohm" in names
    record = _READER.record(
        source,
        "impedance",
        columns,
        technique="EIS",
        title=title,
        started=started,
        settings={"Header": header},
        assumptions=[
            f"sign of Im Z {'changed: the column is -Z' if flipped else 'as in the file: the column is Z'}''",
            *dated,
            *([_text.SIGN_BY_DEFAULT] if Column.DC_CURRENT in columns else []),
        ],
        warnings=warnings,
    )
    return [record]


FORMAT = Format(NAME, (".p00",), recognise, read)
