"""Ivium data files: .idf (one measurement) and .ids (several); every record in the file, impedance and DC.

Settings are lines "key=value"; each "primary_data" is followed by the number of columns, the number of rows and the
rows. What the columns are follows from method and technique. In a set (.ids) each measurement begins with "QR=QR".
"""

import re
from typing import Any

import numpy as np

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Kind, Measurement

NAME = "Ivium data (.idf, .ids)"
_READER = _text.Reader("Ivium", NAME, "ivium 1")
_TIME_FIRST = {
    "chronoamperometry": (Column.TIME, Column.CURRENT, Column.VOLTAGE),
    "mixed mode": (Column.TIME, Column.CURRENT, Column.VOLTAGE),
    "mixedmode": (Column.TIME, Column.CURRENT, Column.VOLTAGE),
    "chronopotentiometry": (Column.TIME, Column.VOLTAGE, Column.CURRENT),
}


def recognise(source: Source) -> float:
    """Certainty that this is an Ivium file, from its first kilobytes."""
    head = source.head
    known = re.search(rb"(?m)^(?:Method|Technique|starttime|Dconfig|QR)=", head) is not None
    if head.startswith(bytes(16)) and re.search(rb"(?:Peaks|Corrosion|Version|starttime|QR)=", head):
        return 1.0
    return 0.9 if known and re.search(rb"(?m)^(?:QR=QR|Mconfig=|Dconfig=|primary_data)", head) else 0.0


def read(source: Source) -> list[Measurement]:
    """One record per primary table, in order; raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    settings: dict[str, Any] = {}
    waveforms = sum(line.strip() == "osc_data" for line in lines)
    left_out = [f"{waveforms} block(s) of raw waveforms (osc_data) are not part of the record"] if waveforms else []
    records = []
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.strip() == "primary_data":
            record, index = _record(source, lines, index, settings, left_out)
            records.append(record)
            continue
        if line.startswith("QR=QR"):
            settings = {}
        key, mark, value = line.partition("=")
        if mark and re.fullmatch(r"[\w .,()/%+\[\]-]{1,80}", key.strip()):
            _keep(settings, key.strip(), value)
        index += 1
    if not records:
        raise source.error(
            f"line {len(lines)}", "the file holds no table 'primary_data'", "it is cut, or nothing was measured"
        )
    return records


def _keep(settings: dict[str, Any], key: str, value: str) -> None:
    """Keep one setting; "name[3]" becomes the third value of the list "name"."""
    listed = re.fullmatch(r"(.*)\[(\d{1,6})\]", key)
    if not listed:
        settings[key] = _text.setting(value.replace("\x1c", " "))
        return
    values = settings.setdefault(listed.group(1), [])
    if isinstance(values, list) and int(listed.group(2)) == len(values) + 1:
        values.append(_text.setting(value))
    else:
        settings[key] = _text.setting(value)


def _record(
    source: Source, lines: list[str], index: int, settings: dict[str, Any], left_out: list[str]
) -> tuple[Measurement, int]:
    """The record of the table that begins at `index`, and the index of the line after it."""
    width, count = (_text.whole(lines[i]) if i < len(lines) else None for i in (index + 1, index + 2))
    if width is None or count is None or not 0 < width < 100 or not 0 < count < 10**8:
        raise source.error(
            f"line {index + 2}",
            "the number of columns and of rows does not follow 'primary_data'",
            "the file is cut or damaged; save it again",
        )
    raw = [f"Column {n}" for n in range(1, width + 1)]
    stop = index + 3 + count
    rows = _text.read_rows(source, lines, index + 3, raw, stop=min(stop, len(lines)), announced=count)
    method, technique = str(settings.get("Method", "")), str(settings.get("Technique", ""))
    kind, names = _columns(source, index, method, technique, width)
    columns: dict[str, Any] = {
        str(names[i] if i < len(names) else f"{name} / 1"): rows.values[name] for i, name in enumerate(raw)
    }
    assumptions = [
        f"columns from the method {method or 'unknown'!r}, technique {technique or 'unknown'!r}: "
        f"{', '.join(names)} (the file names none)"
    ]
    if width > len(names):
        assumptions.append("further columns have no documented meaning: kept under their number")
    warnings = list(rows.warnings)
    if kind == "impedance":
        assumptions.append("sign of Im Z as in the file: Ivium writes Im Z itself, negative when capacitive")
        warnings += _text.impedance_warnings(source, rows, columns) + _timing(settings, columns, assumptions)
    else:
        assumptions.append(_text.SIGN_BY_DEFAULT)
        if Column.TIME in columns and (np.diff(columns[Column.TIME]) < 0).any():
            warnings.append("the time runs backwards: several runs, or the columns are not what the method says")
    when = str(settings.get("starttime", ""))
    if not when:
        found = re.search(r"start time\s*:\s*([0-9./: -]+)", str(settings.get("Report.Process data", "")))
        when = found.group(1) if found else ""
    started, dated = _text.started_at(when, when, "day first")
    declared, noted = _text.declare("area", settings.get("Data Options.Area"), "cm2 (unit not stated)", 1e4)
    record = _READER.record(
        source,
        kind,
        columns,
        technique=" ".join(filter(None, (method, technique))),
        started=started,
        title=str(settings.get("Title", "")),
        settings=dict(settings),
        declared=declared,
        assumptions=assumptions + noted + dated + left_out,
        warnings=warnings,
    )
    return record, stop


def _columns(source: Source, index: int, method: str, technique: str, width: int) -> tuple[Kind, tuple[str, ...]]:
    """Kind of the record and what its first columns are."""
    word = re.sub(r"[\s_-]", "", method).lower()
    if "impedance" in word and width >= 3:
        return "impedance", (Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE, Column.FREQUENCY)
    if word in ("cyclicvoltammetry", "linearsweep", "linearsweepvoltammetry") and width >= 2:
        return "sweep", (Column.VOLTAGE, Column.CURRENT)
    names = _TIME_FIRST.get(technique.strip().lower()) or _TIME_FIRST.get(word)
    if names and width >= 3:
        return "cycling", names
    raise source.error(
        f"line {index + 1}",
        f"method {method!r}, technique {technique!r} with {width} columns: natrode does not know what the columns are",
        "export it as text from IviumSoft and import it as a generic table",
    )


def _timing(settings: dict[str, Any], columns: dict[str, Any], assumptions: list[str]) -> list[str]:
    """Add the time of each point of a spectrum where the file has one per point; returns warnings."""
    frequency = columns[Column.FREQUENCY]
    times = settings.get("timing.time")
    if isinstance(times, list) and all(isinstance(t, (int, float)) for t in times):
        if len(times) == len(frequency):
            columns[Column.TIME] = np.array(times, dtype=float)
        else:
            assumptions.append(f"{len(times)} times for {len(frequency)} points: not used")
    planned = settings.get("Frequencies.freq")
    if not isinstance(planned, list) or not all(isinstance(f, (int, float)) for f in planned):
        return []
    if len(planned) != len(frequency):
        return [f"{len(planned)} frequencies were planned, {len(frequency)} points are in the file"]
    off = np.abs(np.array(planned, dtype=float) - frequency) > 0.01 * frequency
    if not off.any():
        return []
    first = int(np.flatnonzero(off)[0])
    return [
        f"{int(off.sum())} frequencies differ from those planned (point {first + 1}: {frequency[first]:g} Hz, "
        f"planned {planned[first]:g} Hz)"
    ]


FORMAT = Format(NAME, (".idf", ".ids"), recognise, read)
