"""ZPlot and ZView spectra (.z): nine columns after a header, in the "ZPLOT2 ASCII" or the quoted older form."""

import re
from typing import Any

import numpy as np

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Measurement

NAME = "ZPlot spectrum (.z)"
_READER = _text.Reader("Scribner ZPlot", NAME, "zplot 1")
_HEADING = r"^\s*\"?\s*Freq\s?\(Hz\)\s+Ampl\s+Bias\s+Time\(Sec\)\s+Z'\(a\)\s+Z''\(b\)\s+GD\s+Err\s+Range"
_FIELDS = ("Freq", "Ampl", "Bias", "Time", "Z'", "Z''", "GD", "Err", "Range")


def recognise(source: Source) -> float:
    """Certainty that this is a ZPlot spectrum, from its first line."""
    head = _text.head_text(source).lstrip()
    if re.match(r"\"?ZPLOT2 ASCII|\"?ZPlotW Data File", head, re.IGNORECASE):
        return 1.0
    return 0.0


def read(source: Source) -> list[Measurement]:
    """The one spectrum; raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    settings, announced, start = (
        _header(source, lines)
        if re.match(r"\"?ZPLOT2", lines[_text.first_line(lines)].strip(), re.IGNORECASE)
        else quoted_header(source, lines)
    )
    started, _ = _text.started_at(
        str(settings.get("Date", "")), str(settings.get("Time", "")), "month first", known=True
    )
    area = settings.get("Information", {}).get("Surface Area")
    declared, noted = _text.declare("area", area, "cm2", 1e4)
    record = spectrum(
        _READER,
        source,
        lines,
        start,
        announced,
        settings,
        technique=str(settings.get("Experiment Type", "EIS")),
        started=started,
        declared=declared,
        assumptions=noted,
    )
    return [record]


def _header(source: Source, lines: list[str]) -> tuple[dict[str, Any], int, int]:
    """Settings (by section), announced points and first row of the "ZPLOT2 ASCII" form."""
    end = _text.find_line(lines, r"^\s*End Comments")
    if end is None:
        raise source.error(
            f"line {len(lines)}", "the header does not end ('End Comments')", "the file is cut; save it again in ZPlot"
        )
    settings: dict[str, Any] = {}
    section = settings
    comments = []
    for line in lines[1:end]:
        begins = re.match(r"\s*(Begin|End) ([A-Za-z/ ]+):", line)
        if begins:
            section = settings.setdefault(begins.group(2), {}) if begins.group(1) == "Begin" else settings
        elif ":" in line:
            section |= _text.key_values([line], ":")
        elif line.strip() and not line.strip().startswith("Freq(Hz)"):
            comments.append(line.strip())
    if comments:
        settings["Comments"] = comments
    announced = settings.get("Data Points")
    if not isinstance(announced, int):
        raise source.error(
            f"line {end + 1}",
            "the header does not say how many 'Data Points' follow",
            "the file was edited; save it again in ZPlot",
        )
    return settings, announced, end + 1


def quoted_header(source: Source, lines: list[str]) -> tuple[dict[str, Any], int, int]:
    """Settings, announced points and first row of the older form, in which header lines stand in quotes."""
    heading = _text.find_line(lines, _HEADING)
    if heading is None or heading < 1:
        raise source.error(
            f"line {len(lines)}", "the header ends without the names of the columns", "the file is cut; save it again"
        )
    announced = _text.whole(lines[heading - 1])
    if announced is None:
        raise source.error(
            f"line {heading}",
            f"read {lines[heading - 1][:40]!r}, expected the number of points",
            "the file was edited; save it again",
        )
    settings: dict[str, Any] = {}
    comments = []
    for text in (line.strip().strip('"').strip() for line in lines[: heading - 1]):
        when = re.fullmatch(r"Date:\s*(\S+)\s+Time:\s*(\S+)", text)
        if when:
            settings["Date"], settings["Time"] = when.groups()
        elif re.match(r"Open Circuit Potential \(V\):", text):
            settings |= _text.key_values([text], ":")
        elif re.match(r"Sweep ", text):
            settings["Experiment Type"] = text
        elif re.fullmatch(r"[-0-9.,eE+\s]+", text):
            settings["Null Configuration"] = text
        elif text:
            comments.append(text)
    if comments:
        settings["Header"] = comments
    return settings, announced, heading + 1


def spectrum(
    reader: _text.Reader,
    source: Source,
    lines: list[str],
    start: int,
    announced: int,
    settings: dict[str, Any],
    *,
    technique: str,
    started: str = "unknown",
    declared: dict[str, float] | None = None,
    assumptions: list[str] | None = None,
) -> Measurement:
    """The record of the nine-column table that begins at line index `start`."""
    split = _text.fields_as_in(lines[start] if start < len(lines) else "")
    rows = _text.read_rows(source, lines, start, _FIELDS, split=split)
    if len(rows) > announced:
        raise source.error(
            f"line {rows.lines[announced]}",
            f"the header announces {announced} points, the file holds {len(rows)}",
            "two files were joined, or it was edited; save it again",
        )
    if len(rows) < announced:
        rows.warnings.append(
            f"the header announces {announced} points, the file holds {len(rows)}: the sweep was stopped early, is "
            "still running, or the file is cut"
        )
    galvanostatic = "current" in technique.lower()
    unit = "A" if galvanostatic else "V"
    amplitude = "Current Amplitude / A" if galvanostatic else "Voltage Amplitude / V"
    columns: dict[str, Any] = {
        Column.FREQUENCY: rows.values["Freq"],
        Column.REAL_IMPEDANCE: rows.values["Z'"],
        Column.IMAGINARY_IMPEDANCE: rows.values["Z''"],
        Column.TIME: rows.values["Time"],
        amplitude: rows.values["Ampl"],
        f"DC Bias / {unit}": rows.values["Bias"],
        "Drift Parameter GD / 1": rows.values["GD"],
        "Error Code / 1": rows.values["Err"],
        _text.CURRENT_RANGE: rows.values["Range"],
    }
    notes = ["sign of Im Z as in the file: the column is Z'', the imaginary part itself; Z in ohm"]
    if not rows.values["Time"].any():
        del columns[Column.TIME]
        notes.append("Time is 0 in every row: not recorded, left out")
    if not rows.values["Ampl"].any():
        del columns[amplitude]
        notes.append("the amplitude is 0 in every row: not recorded, left out")
    else:
        control = "current" if galvanostatic else "voltage"
        notes.append(f"amplitude and bias taken in {unit}: the experiment controls the {control}")
    warnings = rows.warnings + _text.impedance_warnings(source, rows, columns)
    flagged = int(np.count_nonzero(rows.values["Err"]))
    if flagged:
        warnings.append(f"the instrument flagged an error (Err) at {flagged} points")
    return reader.record(
        source,
        "impedance",
        columns,
        technique=technique,
        started=started,
        settings=settings,
        declared=declared,
        assumptions=[*notes, *(assumptions or [])],
        warnings=warnings,
    )


FORMAT = Format(NAME, (".z",), recognise, read)
