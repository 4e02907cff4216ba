"""Neware's own exports of a test as CSV, one record a line: units in the headings, times as h:mm:ss.

Decimal points and commas, separators , ; and tabs; the exports by cycle or by step are named and refused.
"""

import io
import re
from datetime import datetime
from typing import Any

import numpy as np

from natrode.errors import UnitError
from natrode.instruments import _tables, _text
from natrode.instruments._headings import rescale
from natrode.instruments._tables import Array, Columns, Layout, seconds
from natrode.instruments.base import Format, Source
from natrode.instruments.neware import SIGN, STEP_CHARGE, STEP_ENERGY, STEP_TIME, STEP_TYPE, charge_notes, net_charge
from natrode.measurement import Column, Measurement
from natrode.units import to_si

NAME = "Neware CSV export"
_READER = _text.Reader("Neware", NAME, "neware_csv 1")
_FIRST = re.compile(r'^\ufeff?"?(?:DataPoint|Record ID|Record number|记录序号|数据序号)"?\s*[,;\t]', re.IGNORECASE)
_LAYERED = re.compile(r'^\ufeff?"?(?:Cycle (?:Index|ID|No\.?)|循环(?:序)?号)"?\s*[,;\t]', re.IGNORECASE)
_NAMES = {
    "point": ("datapoint", "record id", "record number", "记录序号", "数据序号"),
    "cycle": ("cycle index", "cycle id", "cycle", "循环号", "循环序号"),
    "step": ("step index", "step id", "step", "工步号", "工步序号"),
    "type": ("step type", "工步类型", "工步名称"),
    "step_time": ("time", "relative time", "step time", "时间", "相对时间"),
    "time": ("total time", "cumulative time", "test time", "总时间"),
    "current": ("current", "电流"),
    "voltage": ("voltage", "电压"),
    "charge": ("capacity", "容量"),
    "energy": ("energy", "能量"),
    "date": ("date", "absolute time", "realtime", "绝对时间"),
    "temperature": ("t1", "aux. t1", "aux temperature1", "temperature", "温度"),
}
_ROLE = {name: role for role, names in _NAMES.items() for name in names}
_DIMENSION = {
    "current": "current", "voltage": "voltage", "charge": "charge", "energy": "energy", "temperature": "temperature",
}  # fmt: skip
_UNITS = {"mas": "mA*s", "as": "A*s", "uas": "uA*s", "mws": "mW*s", "ws": "W*s", "uws": "uW*s", "uah": "uA*h"}


def recognise(source: Source) -> float:
    """Certainty that this is a Neware export, from its first line."""
    first = _decode(source.head).split("\n", 1)[0]
    if not _FIRST.match(first):
        return 0.0
    return 1.0 if "Step Type" in first or "工步类型" in first else 0.8


def read(source: Source) -> list[Measurement]:
    """The cycling record of the export; raises InstrumentFileError."""
    if not source.data.strip():
        raise source.error("line 1", "the file is empty", "export the test again")
    text = _decode(source.data)
    names = _headings(source, text)
    delimiter = names.delimiter
    layout = _layout(source, text, delimiter, len(names.fields))
    roles = names.roles
    missing = [word for word in ("voltage", "current") if word not in roles]
    if missing or not {"time", "step_time"} & set(roles):
        raise source.error(
            "line 1", f"no column for {', '.join(missing) or 'the time'}", "export the test with record layer and units"
        )
    texts = [roles[r] for r in ("type", "time", "step_time", "date") if r in roles]
    numbers = [p for r, p in roles.items() if p not in texts]
    others = [p for p in range(len(names.fields)) if p not in texts and p not in numbers and names.fields[p]]
    numbers += [p for p in others if layout.numeric(p)]
    try:
        found = _tables.read_columns(io.BytesIO(text.encode()), layout, numbers, texts)
    except _tables.TableError as error:
        raise source.error(f"line {error.line}", error.problem, "the file is cut or edited; export it again") from None
    if found.rows == 0:
        raise source.error("line 2", "no data follow the header", "the test had not begun; export it again")
    return [_record(source, names, found, others)]


def _decode(data: bytes) -> str:
    """Text of an export: UTF-8, the Chinese code page, or Latin-1, whichever holds."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").replace("\r\n", "\n").replace("\r", "\n")
    for encoding in ("utf-8-sig", "gb18030", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030" and not re.search("电压|电流|工步|循环", text[:2000]):
            continue
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return data.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


class _Names:
    """Headings of an export: what each column is, and its unit."""

    def __init__(self, fields: list[str], delimiter: str) -> None:
        self.fields = fields
        self.delimiter = delimiter
        self.roles: dict[str, int] = {}
        self.units: dict[str, str] = {}
        for position, field in enumerate(fields):
            match = re.fullmatch(r"(.*?)\s*(?:[(（\[]([^()（）\[\]]*)[)）\]])?\s*", field)
            name, unit = (match.group(1), match.group(2) or "") if match else (field, "")
            role = _ROLE.get(name.strip().lower())
            if role is not None and role not in self.roles:
                self.roles[role] = position
                self.units[role] = unit.strip()


def _headings(source: Source, text: str) -> _Names:
    first = text.split("\n", 1)[0].lstrip("\ufeff")
    if _LAYERED.match(first) and not _FIRST.match(first):
        raise source.error(
            "line 1", f"read {first[:40]!r}: an export by cycle or step", "export the record layer (each data point)"
        )
    if not _FIRST.match(first):
        raise source.error("line 1", f"read {first[:60]!r}, which is not how {NAME} begins", "is it another format?")
    delimiter = max(",;\t", key=first.count)
    return _Names([f.strip().strip('"') for f in _tables.split(first, delimiter)], delimiter)


def _layout(source: Source, text: str, delimiter: str, width: int) -> Layout:
    """How the rows are written; rows may end with one more separator than the heading."""
    lines = text.split("\n", 400)[:400]
    rows = [tuple(_tables.split(line, delimiter)) for line in lines[1:] if line.strip()]
    if not rows:
        raise source.error("line 2", "no data follow the header", "the test had not begun; export it again")
    wide = len(rows[0])
    if wide < width or wide > width + 1:
        raise source.error(
            "line 2", f"{wide} fields under {width} headings", "the file is cut or edited; export it again"
        )
    sample = tuple(row for row in rows if len(row) == wide)
    point = Layout(delimiter, ".", 1, wide, (lines[0],), sample)
    comma = Layout(delimiter, ",", 1, wide, (lines[0],), sample)
    if delimiter == "," or sum(map(point.numeric, range(wide))) >= sum(map(comma.numeric, range(wide))):
        return point
    return comma


def _record(source: Source, names: _Names, found: Columns, others: list[int]) -> Measurement:
    assumptions, warnings = [SIGN], list(found.warnings)
    columns: dict[str, Any] = {}
    scaled = {role: _scaled(source, names, found, role) for role in _DIMENSION if role in names.roles}
    for role in ("time", "step_time"):
        if role in names.roles:
            scaled[role] = _clock(source, found, names.roles[role])
    kinds = found.texts[names.roles["type"]] if "type" in names.roles else None
    if "time" in scaled:
        columns[Column.TIME] = scaled["time"]
    columns[Column.VOLTAGE] = scaled["voltage"]
    columns[Column.CURRENT] = _signed(scaled["current"], kinds, assumptions)
    for role, column in (("cycle", Column.CYCLE), ("step", Column.STEP)):
        if role in names.roles:
            columns[column] = _whole(source, found, names.roles[role], role)
    if kinds is not None:
        columns[STEP_TYPE] = kinds
    count = _step_count(columns, kinds, scaled.get("step_time"))
    if count is not None:
        columns[Column.STEP_COUNT] = count
    if Column.TIME not in columns:
        columns[Column.TIME] = _total(scaled["step_time"], count)
        assumptions.append("test time summed up from the times of the steps: the export has no total time")
    if "step_time" in scaled:
        columns[STEP_TIME] = scaled["step_time"]
    _charges(columns, scaled, count, assumptions, warnings)
    if "temperature" in scaled:
        columns[Column.TEMPERATURE] = scaled["temperature"] - 273.15
    for position in others:
        if position in found.numbers and np.isfinite(found.numbers[position]).any():
            columns.setdefault(names.fields[position], found.numbers[position])
    _check(source, columns, warnings)
    first = ["Test Time / s", "Voltage / V", "Current / A"]
    ordered = {n: columns[n] for n in first} | {str(n): v for n, v in columns.items() if n not in first}
    started = _started(found, names, assumptions)
    point = found.numbers.get(names.roles.get("point", -1))
    if point is not None and np.isfinite(point).all() and point[-1] - point[0] + 1 > len(point):
        warnings.append(f"{int(point[-1] - point[0] + 1 - len(point))} data points are missing in the export")
    return _READER.record(source, "cycling", ordered, started=started, assumptions=assumptions, warnings=warnings)


def _scaled(source: Source, names: _Names, found: Columns, role: str) -> Array:
    position, said = names.roles[role], names.units[role]
    unit = said.strip().replace("℃", "degC")
    unit = _UNITS.get(unit.lower().replace("µ", "u").replace("μ", "u"), unit)
    if role == "temperature" and unit in ("", "oC", "°C"):
        unit = "degC"
    try:
        zero, one = to_si(0.0, unit, _DIMENSION[role]), to_si(1.0, unit, _DIMENSION[role])
    except UnitError as error:
        raise source.error(f"line 1, column '{names.fields[position]}'", str(error), "export the test again") from None
    values = found.numbers.get(position)
    if values is None:
        raise source.error(f"column '{names.fields[position]}'", "holds no numbers", "export the test again")
    return rescale(values, one - zero) + zero


def _signed(current: Array, kinds: list[str] | None, assumptions: list[str]) -> Array:
    """The current, negative where the kind of step says discharge: some exports leave its sign out."""
    discharge = np.array([re.search(r"DChg|放电", kind) is not None for kind in kinds or ()], dtype=bool)
    if not discharge.any() or (current < 0).any() or not (current[discharge] > 0).any():
        return current
    assumptions.append("the export has no sign of the current: negative where the step type says discharge")
    return np.where(discharge, -current, current)


def _clock(source: Source, found: Columns, position: int) -> Array:
    """Seconds from the texts of a time column."""
    texts = found.texts[position]
    values = np.empty(len(texts))
    for row, text in enumerate(texts):
        value = seconds(text)
        if value is None:
            plain = _text.number(text)
            if plain is None or plain < 0:
                raise source.error(
                    f"data row {row + 1}", f"read the time {text[:40]!r}, expected h:mm:ss", "export the test again"
                )
            value = plain
        values[row] = value
    return values


def _whole(source: Source, found: Columns, position: int, role: str) -> Any:
    values = found.numbers.get(position)
    if values is None or not np.isfinite(values).all() or np.any(np.abs(values) > 2**53):
        raise source.error(f"{role} index", "holds more than whole numbers", "the file is edited; export it again")
    return values.astype(np.int64)


def _step_count(columns: dict[str, Any], kinds: list[str] | None, step_time: Array | None) -> Any:
    """Steps counted one by one: a new one where cycle, index, kind or the step's time says so."""
    marks = [columns[c] for c in (Column.CYCLE, Column.STEP) if c in columns]
    if kinds is not None:
        marks.append(np.unique(np.array(kinds), return_inverse=True)[1])
    if not marks:
        return None
    new = np.zeros(len(marks[0]), dtype=bool)
    for mark in marks:
        new[1:] |= np.diff(mark) != 0
    if step_time is not None:
        new[1:] |= np.diff(step_time) < 0
    return 1 + np.cumsum(new)


def _total(step_time: Array, count: Any) -> Array:
    if count is None:
        return step_time
    new = np.concatenate([[False], np.diff(count) != 0])
    return np.asarray(np.cumsum(np.where(new, np.concatenate([[0.0], step_time[:-1]]), 0.0)) + step_time)


def _charges(
    columns: dict[str, Any], scaled: dict[str, Array], count: Any, assumptions: list[str], warnings: list[str]
) -> None:
    """Charge and energy of each step with the sign of its current, and the net charge."""
    if "charge" not in scaled or count is None:
        return
    current = columns[Column.CURRENT]
    first = np.flatnonzero(np.concatenate([[True], np.diff(count) != 0]))
    sign = np.sign(np.add.reduceat(current, first))[count - 1]
    columns[STEP_CHARGE] = np.abs(scaled["charge"]) * np.where(sign == 0, 1.0, sign)
    if "energy" in scaled:
        columns[STEP_ENERGY] = np.abs(scaled["energy"]) * np.where(sign == 0, 1.0, sign)
    columns[Column.CHARGE], resets = net_charge(columns[STEP_CHARGE], count, current, columns[Column.TIME])
    charge_notes(resets, assumptions, warnings)


def _check(source: Source, columns: dict[str, Any], warnings: list[str]) -> None:
    for column in (Column.TIME, Column.VOLTAGE, Column.CURRENT):
        gaps = ~np.isfinite(columns[column])
        if gaps.any():
            row = int(np.flatnonzero(gaps)[0])
            raise source.error(
                f"data row {row + 1}", f"'{column}' is empty", "the file is cut or edited; export it again"
            )
    back = int((np.diff(columns[Column.TIME]) < 0).sum())
    if back:
        warnings.append(f"the test time runs backwards {back} times")


def _started(found: Columns, names: _Names, assumptions: list[str]) -> str:
    if "date" not in names.roles:
        return "unknown"
    text = found.texts[names.roles["date"]][0].strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        started, noted = _text.started_at(text, text, "month first")
        assumptions += noted
        return started
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


FORMAT = Format(NAME, (".csv", ".txt"), recognise, read)
