"""CH Instruments text exports: impedance, Tafel, cyclic and linear sweeps, i-t curves, potential against time.

The text begins with date, technique, instrument model and notes (older exports leave these out), goes on with
settings "key = value", and holds one table under a line such as "Freq/Hz, Z'/ohm, Z"/ohm, Z/ohm, Phase/deg".
"""

import re
from typing import Any

import numpy as np

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Kind, Measurement

NAME = "CH Instruments text (.txt)"
_READER = _text.Reader("CH Instruments", NAME, "chi 1")
_HEADING = r"^(?:Freq/Hz|Potential/V|Time/s(?:ec)?)\s*[,\t]"
_COLUMNS = {
    "Freq/Hz": Column.FREQUENCY,
    "Z'/ohm": Column.REAL_IMPEDANCE,
    'Z"/ohm': Column.IMAGINARY_IMPEDANCE,
    "Z/ohm": _text.ABSOLUTE_IMPEDANCE,
    "Phase/deg": _text.PHASE,
    "Potential/V": Column.VOLTAGE,
    "E/V": Column.VOLTAGE,
    "Current/A": Column.CURRENT,
    "i1/A": Column.CURRENT,
    "i2/A": "Second Current / A",
    "log(i/A)": "Logarithm of Current / 1",
    "Charge/C": Column.CHARGE,
    "Time/sec": Column.TIME,
    "Time/s": Column.TIME,
}
_CONSTANT_POTENTIAL = ("Amperometric i-t Curve", "Bulk Electrolysis with Coulometry", "i-t")


def recognise(source: Source) -> float:
    """Certainty that this is a CH Instruments text, from its first kilobytes."""
    head = _text.head_text(source)
    if re.search(r"(?m)^Instrument Model:\s*CHI", head):
        return 1.0
    settings = len(
        re.findall(r"(?m)^(?:Init E \(V\)|Quiet Time \(sec\)|Sensitivity \(A/V\)|High Frequency \(Hz\)) =", head)
    )
    heading = re.search(f"(?m){_HEADING}", head) is not None
    if heading:
        return 0.95 if settings else 0.75
    return 0.7 if settings >= 2 else 0.0


def read(source: Source) -> list[Measurement]:
    """The one record of the file; raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    heading = _text.find_line(lines, _HEADING)
    if heading is None:
        raise source.error(
            f"line {len(lines)}", "the header ends without a table", "the file is cut; convert it to text again"
        )
    header, settings = _header(lines[:heading])
    separator = "\t" if "\t" in lines[heading] else ","
    names = [name.strip() for name in lines[heading].strip().strip(separator).split(separator)]
    rows, segments = _rows(source, lines, heading + 1, names, separator)
    columns: dict[str, Any] = {
        str(_COLUMNS.get(name, f"{name.partition('/')[0]} / {name.partition('/')[2] or '1'}")): rows.values[name]
        for name in names
    }
    technique = header.get("technique", "unknown")
    kind, assumptions = _kind(source, heading, technique, columns, settings)
    if segments is not None:
        columns[Column.STEP] = segments
    warnings = list(rows.warnings)
    if kind == "impedance":
        assumptions.append('sign of Im Z as in the file: the column is Z" and the phase beside it has its sign')
        warnings += _text.impedance_warnings(source, rows, columns)
    if Column.CURRENT in columns:
        warnings.append(
            "the sign of the current is not known: CH Instruments lets its user choose, and does not write it"
        )
    warnings += _unfinished(columns, settings)
    started, dated = _text.started_at(header.get("date", ""), header.get("date", ""), "month first")
    record = _READER.record(
        source,
        kind,
        columns,
        technique=technique,
        model=header.get("Instrument Model", ""),
        title=header.get("Header", ""),
        started=started,
        settings=settings,
        assumptions=assumptions + dated,
        warnings=warnings,
        sign_of_current=_text.SIGN_UNKNOWN if Column.CURRENT in columns else None,
    )
    return [record]


def _header(lines: list[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Date, technique and labels; and the settings as the file names them, flags as True."""
    header: dict[str, str] = {}
    settings: dict[str, Any] = {}
    for index, line in enumerate(lines):
        text = line.strip()
        label = re.match(r"(File|Data Source|Instrument Model|Header|Note):(.*)", text)
        if label:
            header[label.group(1)] = label.group(2).strip()
            settings[label.group(1)] = label.group(2).strip()
        elif index == 0 and re.search(r"[0-9]{4}\s+[0-9]{1,2}:[0-9]{2}", text):
            header["date"] = settings["Date"] = text
        elif text.startswith(("Segment ", "Current ")) and text.endswith(":"):
            break  # peaks that the software found; not settings
        elif "=" in text:
            settings.update(_text.key_values([text]))
        elif "technique" not in header and text and not any("=" in earlier for earlier in lines[:index]):
            header["technique"] = settings["Technique"] = text
        elif text:
            settings[text] = True
    return header, settings


def _rows(
    source: Source, lines: list[str], start: int, names: list[str], separator: str
) -> tuple[_text.Rows, "np.typing.NDArray[np.int64] | None"]:
    """The table, and the segment of each row where lines "Segment n:" divide it."""
    marks = [i for i in range(start, len(lines)) if re.fullmatch(r"\s*Segment \d{1,6}:?\s*", lines[i])]
    table = list(lines)
    for mark in marks:
        table[mark] = ""
    first = next((line for line in table[start:] if line.strip()), separator)
    rows = _text.read_rows(source, table, start, names, split=_text.fields_as_in(first))
    if not marks:
        return rows, None
    numbers = [int(re.sub(r"\D", "", lines[mark])) for mark in marks]
    position = np.searchsorted(np.array(marks) + 1, np.array(rows.lines)) - 1
    return rows, np.where(position >= 0, np.array(numbers)[np.maximum(position, 0)], 0).astype(np.int64)


def _kind(
    source: Source, heading: int, technique: str, columns: dict[str, Any], settings: dict[str, Any]
) -> tuple[Kind, list[str]]:
    """Kind of the record from its columns; the potential of an i-t curve comes from the settings."""
    if Column.FREQUENCY in columns:
        missing = [c for c in (Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE) if c not in columns]
        if missing:
            raise source.error(
                f"line {heading + 1}",
                f"the table lacks {' and '.join(missing)}",
                "export the impedance as real and imaginary part",
            )
        return "impedance", []
    if Column.TIME in columns and Column.VOLTAGE in columns and Column.CURRENT not in columns:
        if not technique.startswith("Open Circuit Potential"):
            return "cycling", []
        columns[Column.CURRENT] = np.zeros(len(columns[Column.TIME]))
        return "cycling", [_text.OPEN_CIRCUIT]
    if Column.VOLTAGE in columns and Column.CURRENT in columns:
        return "sweep", []
    potential = settings.get("Init E (V)")
    if (
        Column.TIME in columns
        and technique in (*_CONSTANT_POTENTIAL, "unknown")
        and isinstance(potential, (int, float))
    ):
        columns[Column.VOLTAGE] = np.full(len(columns[Column.TIME]), float(potential))
        return "cycling", [
            f"the voltage was not recorded: its column holds the potential that was set, Init E = {potential:g} V"
        ]
    raise source.error(
        f"line {heading + 1}",
        f"technique {technique!r} with the columns {', '.join(map(str, columns))} has no voltage for each row",
        "export it with its header (an i-t curve needs Init E), or import it as a generic table",
    )


def _unfinished(columns: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    """A warning when the table ends before what the settings planned."""
    if Column.FREQUENCY in columns:
        return _text.unfinished(columns[Column.FREQUENCY], settings.get("Low Frequency (Hz)"))
    for key, column, unit in (("Run Time (sec)", Column.TIME, "s"), ("Final E (V)", Column.VOLTAGE, "V")):
        planned = settings.get(key)
        if isinstance(planned, bool) or not isinstance(planned, (int, float)) or column not in columns:
            continue
        if key == "Final E (V)" and ("High E (V)" in settings or settings.get("Segment", 1) != 1):
            continue  # a sweep that turns back
        first, last = float(columns[column][0]), float(columns[column][-1])
        if abs(planned - last) > 0.02 * abs(planned - first):
            return [f"the table ends at {last:g} {unit}, planned was {planned:g} {unit}: stopped early or cut"]
    return []


FORMAT = Format(NAME, (".txt", ".csv"), recognise, read)
