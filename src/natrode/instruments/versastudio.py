"""VersaStudio .par files (VersaSTAT, PARSTAT 3000/4000): every segment, DC and impedance rows told apart.

The file is a chain of sections `<Name>` ... `</Name>` of lines "key=value"; `<Segment n>` holds the table, its
columns named by the line "Definition=". Actions (the steps of the experiment) take the segments in order.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Kind, Measurement

NAME = "VersaStudio data (.par)"
_READER = _text.Reader("Princeton Applied Research", NAME, "versastudio 1")
_COLUMNS = {
    "E(V)": Column.VOLTAGE,
    "I(A)": Column.CURRENT,
    "Elapsed Time(s)": Column.TIME,
    "ADC Sync Input(V)": "ADC Sync Input / V",
    "Current Range": _text.CURRENT_RANGE,
    "Status": "Status / 1",
    "E Applied(V)": "Applied Voltage / V",
    "Frequency(Hz)": Column.FREQUENCY,
    "E Real": "AC Voltage Real / V",
    "E Imag": "AC Voltage Imaginary / V",
    "I Real": "AC Current Real / A",
    "I Imag": "AC Current Imaginary / A",
    "Z Real": Column.REAL_IMPEDANCE,
    "Z Imag": Column.IMAGINARY_IMPEDANCE,
    "E2 Status": "Second Voltage Status / 1",
    "E2(V)": "Second Voltage / V",
    "E2 Real": "Second AC Voltage Real / V",
    "E2 Imag": "Second AC Voltage Imaginary / V",
    "Z2 Real": "Second Real Impedance / ohm",
    "Z2 Imag": "Second Imaginary Impedance / ohm",
    "Point #": _text.POINT,
    "Segment #": Column.STEP,
    "ActionId": "Action / 1",
}
_AC_ONLY = {
    "Frequency(Hz)",
    "E Real",
    "E Imag",
    "I Real",
    "I Imag",
    "Z Real",
    "Z Imag",
    "E2 Real",
    "E2 Imag",
    "Z2 Real",
    "Z2 Imag",
    "AC Amplitude",
}
_SWEEPS = r"(?i)voltammetry|tafel|polarization|potentiodynamic|scan"
_KEPT = r"Application|Instrument|Experiment|Action\d+"
UNCALIBRATED = (
    "the impedance in a .par file is un-calibrated (VersaStudio manual): use the values copied out of "
    "VersaStudio where accuracy matters"
)


def recognise(source: Source) -> float:
    """Certainty that this is a VersaStudio file, from its first kilobytes."""
    head = _text.head_text(source)
    if re.match(r"\s*<Application>\n(?:.*\n){0,3}?Name=VersaStudio", head):
        return 1.0
    return 0.95 if re.search(r"(?m)^Definition=Segment #", head) else 0.0


@dataclass
class _Part:
    """Rows of one kind that belong together."""

    kind: Kind
    techniques: dict[str, None] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def read(source: Source) -> list[Measurement]:
    """One record per kind of rows (sweeps: per action); raises InstrumentFileError."""
    lines = _text.lines_of(source, NAME, recognise)
    sections, warnings = _sections(lines)
    settings: dict[str, Any] = {
        name: _text.key_values(lines[begin:end]) for name, begin, end in sections if re.fullmatch(_KEPT, name)
    }
    segments = [(begin, end) for name, begin, end in sections if re.fullmatch(r"Segment\d+", name)]
    if settings.get("Experiment", {}).get("DataFormat") == "Binary":
        raise source.error(
            "section Experiment",
            "the data were saved in a binary file beside this one",
            "save them as ASCII in VersaStudio",
        )
    if not segments:
        raise source.error(
            f"line {len(lines)}", "the file ends without a segment of data", "it is cut, or nothing was measured"
        )
    actions = _actions(settings)
    parts: dict[tuple[Any, ...], _Part] = {}
    for begin, end in segments:
        warnings += _segment(source, lines, begin, end, actions, parts)
    started, dated = _text.started_at(
        str(settings.get("Experiment", {}).get("DateAcquired", "")),
        str(settings.get("Experiment", {}).get("TimeAcquired", "")),
        "month first",
    )
    area = settings.get("Action0", {}).get("Working Electrode Area (cm2)")
    declared, noted = _text.declare("area", area, "cm2", 1e4)
    instrument = settings.get("Instrument", {})
    records = []
    for part in parts.values():
        table, odd, assumptions = _finish(source, part)
        records.append(
            _READER.record(
                source,
                part.kind,
                table,
                technique=", ".join(part.techniques),
                model=f"{instrument.get('Type', '')}{instrument.get('Model', '')}",
                started=started,
                settings=settings,
                declared=declared,
                assumptions=assumptions + noted + dated,
                warnings=warnings + odd,
            )
        )
    return records


def _sections(lines: list[str]) -> tuple[list[tuple[str, int, int]], list[str]]:
    """Name, first line and line after the last of each section; a warning for one that is not closed."""
    found = []
    warnings = []
    index = 0
    while index < len(lines):
        opened = re.fullmatch(r"\s*<([A-Za-z]+[0-9]*)>\s*", lines[index])
        if not opened:
            index += 1
            continue
        name = opened.group(1)
        end = next((i for i in range(index + 1, len(lines)) if lines[i].strip() == f"</{name}>"), None)
        if end is None:
            end = len(lines)
            if name.startswith("Segment"):
                warnings.append(
                    f"section {name} of line {index + 1} is not closed: the file was still being written or is cut"
                )
        found.append((name, index + 1, end))
        index = end + 1
    return found, warnings


def _actions(settings: dict[str, Any]) -> list[tuple[int, str]]:
    """Number and name of the action of each segment, in order."""
    found = []
    numbered = sorted(int(name[6:]) for name in settings if name.startswith("Action"))
    for n in numbered:
        action = settings[f"Action{n}"]
        count = action.get("Segments", 1)
        if isinstance(count, int) and 0 < count < 100_000:
            found += [(n, str(action.get("Name", "unknown")))] * count
    return found


def _segment(
    source: Source,
    lines: list[str],
    begin: int,
    end: int,
    actions: list[tuple[int, str]],
    parts: dict[tuple[Any, ...], _Part],
) -> list[str]:
    """Sort the rows of one section into parts; returns warnings."""
    definition = _text.find_line(lines[:end], r"^Definition=", begin)
    if definition is None:
        raise source.error(f"line {begin}", "the segment has no line 'Definition='", "the file is cut or edited")
    names = [name.strip() for name in lines[definition].partition("=")[2].split(",")]
    while names and _text.number(names[-1]) is not None:
        names.pop()  # a number closes the definition; the rows have no such column
    missing = [n for n in ("Segment #", "E(V)", "Elapsed Time(s)") if n not in names]
    if missing or len(set(names)) != len(names):
        raise source.error(
            f"line {definition + 1}",
            f"the segment defines the columns {', '.join(names)}; it lacks {', '.join(missing) or 'different names'}",
            "save all variables in VersaStudio",
        )
    rows = _text.read_rows(source, lines, definition + 1, names, stop=end, split=_text.fields_by(","))
    segment = rows.values["Segment #"].astype(np.int64)
    frequency = rows.values.get("Frequency(Hz)")
    ac = np.zeros(len(rows), dtype=bool) if frequency is None else frequency != 0.0
    if ac.any() and not {"Z Real", "Z Imag"} <= set(names):
        raise source.error(
            f"line {definition + 1}",
            "the impedance rows have no Z Real and Z Imag",
            "save all variables in VersaStudio",
        )
    where = np.array(rows.lines)
    warnings = list(rows.warnings)
    for value in np.unique(segment):
        if "Point #" in names:
            inside = segment == value
            warnings += _text.missing_points(rows.values["Point #"][inside], where[inside].tolist(), f"segment {value}")
        number, action = actions[value] if 0 <= value < len(actions) else (-1, "unknown")
        for is_ac in (False, True):
            mask = (segment == value) & (ac == is_ac)
            if not mask.any():
                continue
            kind: Kind = (
                "impedance" if is_ac else "sweep" if re.search(_SWEEPS, action) and "I(A)" in names else "cycling"
            )
            key = (kind, number if kind == "sweep" else None, tuple(names))
            part = parts.setdefault(key, _Part(kind))
            part.techniques[action] = None
            part.tables.append(
                {n: rows.values[n][mask] for n in names if is_ac or n not in _AC_ONLY} | {"action": action}
            )
            part.lines += where[mask].tolist()
    return warnings


def _finish(source: Source, part: _Part) -> tuple[dict[str, Any], list[str], list[str]]:
    """Columns, warnings and assumptions of one record."""
    actions = {str(table.pop("action")) for table in part.tables}
    columns: dict[str, Any] = {}
    amplitude = "AC Amplitude / 1"
    for word, renamed in (("Potentiostatic", "Voltage Amplitude / V"), ("Galvanostatic", "Current Amplitude / A")):
        if all(word in action for action in actions):
            amplitude = renamed
    for name in part.tables[0]:
        renamed = amplitude if name == "AC Amplitude" else str(_COLUMNS.get(name, f"{name} / 1"))
        columns[renamed] = np.concatenate([table[name] for table in part.tables])
    columns[Column.STEP] = columns[Column.STEP].astype(np.int64)
    assumptions = [_text.SIGN_BY_DEFAULT] if Column.CURRENT in columns else []
    warnings = []
    back = np.flatnonzero(np.diff(columns[Column.TIME]) < 0)
    if back.size:
        warnings.append(f"the elapsed time runs backwards at line {part.lines[back[0] + 1]}: the clock restarts there")
    if part.kind == "impedance":
        warnings = [UNCALIBRATED, *warnings, *_text.impedance_warnings(source, _text.Rows({}, {}, part.lines), columns)]
        _text.number_spectra(columns)
        if Column.CURRENT in columns:
            columns[Column.DC_CURRENT] = columns.pop(Column.CURRENT)
        assumptions.append("sign of Im Z as in the file: the column is Z Imag, the imaginary part itself")
    return columns, warnings, assumptions


FORMAT = Format(NAME, (".par",), recognise, read)
