"""From the columns of a table to a record: units, signs, clocks, and what is asked when they cannot be known."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from natrode.errors import UnitError
from natrode.instruments import _headings, _tables, _text
from natrode.instruments._headings import Heading
from natrode.instruments._tables import Array, seconds
from natrode.instruments.base import Source
from natrode.measurement import MARK, Column, Kind, Measurement, Metadata, Origin

_VERSION = "generic 1"
_SIGN = "current taken as positive = oxidation at the working electrode: the file does not say"
_BDF_SIGN = "current positive = charging, as the Battery Data Format has it: oxidation at the working electrode"
SIGNS = ("negative when capacitive", "positive when capacitive")
HOW = (
    'say which column is what, with units: columns={"frequency": "f/Hz", "real": "Z1/ohm", "imaginary": "Z2/ohm"} '
    '(on the command line --columns "frequency=f/Hz, real=2/ohm, imaginary=3/ohm"; a number counts columns from 1)'
)
HOW_SIGN = (
    'say how the file writes it: sign_of_imaginary="negative when capacitive" (Im Z itself) or '
    '"positive when capacitive" (-Im Z); on the command line --sign-of-imaginary negative or positive'
)


@dataclass
class Table:
    """Headings of a table, and where its columns come from."""

    headings: list[Heading]
    width: int
    numbers: dict[int, Array]
    """Columns of numbers; each is taken out when it becomes one of the record, so that none is held twice."""
    texts: dict[int, list[str]]
    place: Callable[[int], str]
    """Where a row stands, for messages."""
    above: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """What each column is and how it becomes SI."""

    kind: Kind
    columns: dict[str, int]
    units: dict[str, str]
    assumptions: list[str]


def build(source: Source, table: Table, plan: Plan, name: str) -> Measurement:
    """The record of a table; raises InstrumentFileError."""
    assumptions = list(plan.assumptions)
    warnings = list(table.warnings)
    columns: dict[str, Any] = {}
    started = "unknown"
    for role, position in plan.columns.items():
        if role == "date" or position not in table.numbers:
            continue
        try:
            columns[role] = _headings.to_record_unit(table.numbers.pop(position), role, plan.units[role])
        except UnitError as error:
            raise source.error(f"unit of {role}", str(error), HOW) from None
    if "date" in plan.columns or ("time" in plan.columns and "time" not in columns):
        started = _clock(source, table, plan, columns, assumptions)
    if plan.kind == "impedance":
        _impedance(source, plan, columns, assumptions, warnings)
    out = {_headings.TARGETS[role]: values for role, values in columns.items() if role in _headings.TARGETS}
    _complete(source, table, plan.kind, out)
    whole = (Column.CYCLE, Column.STEP, Column.SPECTRUM)
    for column in whole:
        if column in out and np.isfinite(out[column]).all() and np.all(out[column] == np.floor(out[column])):
            out[column] = out[column].astype(np.int64)
    if plan.kind == "impedance" and Column.SPECTRUM not in out:
        group = out.get(Column.STEP, np.zeros(len(out[Column.FREQUENCY]), dtype=np.int64))
        _text.number_spectra(out, group)
        if Column.SPECTRUM in out:
            assumptions.append("a new spectrum begins where the frequency jumps back to its start")
    if plan.kind == "cycling" and (np.diff(out[Column.TIME]) < 0).any():
        row = int(np.flatnonzero(np.diff(out[Column.TIME]) < 0)[0]) + 1
        warnings.append(f"the time runs backwards at {table.place(row)}: several runs, or a time that starts anew")
    if table.headings and "voltage" in plan.columns:
        heading = table.headings[plan.columns["voltage"]].text
        if _headings.names_reference(heading):
            assumptions.append(f"voltage from the column '{heading}': as it stands, nothing is shifted")
    sign: dict[str, str] = {}
    if Column.CURRENT in out:
        bdf = table.headings and table.headings[plan.columns["current"]].text == Column.CURRENT
        assumptions.append(_BDF_SIGN if bdf else _SIGN)
        sign = {} if bdf else {"sign_of_current": _text.SIGN_UNKNOWN}
        warnings += _without_sign(table, out[Column.CURRENT])
    left_out = [name for name in table.left_out if not name.startswith(MARK)]
    if left_out:
        warnings.append(f"large file: columns without a role were left out: {', '.join(left_out)}")
    origin = source.origin("unknown", name, _VERSION)
    mark = next((h.text for h in table.headings if h.text.startswith(MARK)), None)
    if mark is not None:
        origin = _simulated(origin, mark)
        warnings.append("a simulation whose metadata are not with the table: only its mark says what it is")
    ordered = {str(c): out[c] for c in (*_FIRST, *Column) if c in out}
    ordered |= _rest(table, plan, ordered)
    metadata = Metadata(
        kind=plan.kind,
        origin=origin,
        started=started,
        settings=dict(_tables.as_settings(table.above)),
        assumptions=tuple(dict.fromkeys(assumptions)),
        warnings=tuple(dict.fromkeys(warnings)),
        **sign,
    )
    return Measurement(metadata, ordered)


def _simulated(origin: Origin, mark: str) -> Origin:
    """The origin of a table that natrode marked as simulated: model, seed and version as its mark says."""
    said = dict(part.strip().partition(" ")[::2] for part in mark.split("|")[1:])
    seed = said.get("seed", "")
    return origin.model_copy(
        update={
            "kind": "simulation",
            "model": said.get("model", "unknown"),
            "seed": int(seed) if seed.isdigit() else None,
            "version": mark.split("|")[0].removeprefix(MARK).strip() or "unknown",
        }
    )


_CHARGING = re.compile(r"ch|^c$|充电", re.IGNORECASE)
_DISCHARGING = re.compile(r"d(?:is)?_?ch|^d$|放电", re.IGNORECASE)


def _without_sign(table: Table, current: Array) -> list[str]:
    """A warning where a column of words tells charge from discharge and the sign of the current does not."""
    if (current < 0).any():
        return []
    for position, words in table.texts.items():
        kinds = set(words)
        discharging = {word for word in kinds if _DISCHARGING.search(word.strip())}
        if discharging and any(_CHARGING.search(word.strip()) for word in kinds - discharging):
            name = table.headings[position].text if table.headings else str(position + 1)
            return [
                f"the current is never negative, though column '{name}' tells of discharge: its sign is missing; give "
                "the current its sign before cycles or charge are read from it"
            ]
    return []


_FIRST = (Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE)


def _rest(table: Table, plan: Plan, taken: Mapping[str, Any]) -> dict[str, Any]:
    """Columns without a role, under their own headings."""
    found: dict[str, Any] = {}
    used = set(plan.columns.values())
    for position in range(table.width):
        if position in used:
            continue
        heading = table.headings[position].text if table.headings else ""
        if heading.startswith(MARK):
            continue
        name = heading or f"Column {position + 1} / 1"
        if name in taken or name in found:
            name = f"{name} ({position + 1})"
        if position in table.numbers or position in table.texts:
            found[name] = table.numbers.get(position, table.texts.get(position))
    return found


def _complete(source: Source, table: Table, kind: Kind, out: Mapping[str, Any]) -> None:
    """Raise where a needed column has an empty field."""
    needed = {
        "impedance": (Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE),
        "cycling": (Column.TIME, Column.VOLTAGE),
        "sweep": (Column.VOLTAGE, Column.CURRENT),
    }[kind]
    for column in needed:
        gaps = ~np.isfinite(out[column])
        if gaps.any():
            row = int(np.flatnonzero(gaps)[0])
            raise source.error(
                table.place(row), f"'{column}' is empty there and in {int(gaps.sum())} rows in all",
                "export the table without gaps, or split it",
            )  # fmt: skip


def _impedance(
    source: Source, plan: Plan, columns: dict[str, Any], assumptions: list[str], warnings: list[str]
) -> None:
    """Re Z and Im Z from what the table holds; raises InstrumentFileError when the sign cannot be known."""
    if "real" not in columns or not {"imaginary", "minus_imaginary"} & set(columns):
        modulus = columns["modulus"]
        angle = np.deg2rad(columns["phase"] if "phase" in columns else -columns["minus_phase"])
        if "phase in deg" in " ".join(assumptions) and np.nanmax(np.abs(angle), initial=0.0) < np.deg2rad(1.6):
            raise source.error(
                "phase", "no value is above 1.6: degrees or radians cannot be told", 'columns={"phase": "NAME/deg"}'
            )
        columns["real"], columns["imaginary"] = modulus * np.cos(angle), modulus * np.sin(angle)
        assumptions.append("Re Z and Im Z computed from |Z| and phase")
        given = "imaginary"
    elif "minus_imaginary" in columns:
        columns["imaginary"] = -columns["minus_imaginary"]
        assumptions.append("the column holds -Im Z, as its heading or the user says: its sign was turned")
        given = "minus_imaginary"
    else:
        given = "imaginary"
    _settle_sign(source, given, columns, assumptions)
    frequency = columns["frequency"]
    if (frequency <= 0).any():
        row = int(np.flatnonzero(frequency <= 0)[0])
        raise source.error(
            f"data row {row + 1}", f"read the frequency {frequency[row]:g} Hz, expected more than 0",
            "columns are mixed up, or DC rows stand in the table",
        )  # fmt: skip
    negative = int((columns["real"] < 0).sum())
    if negative:
        warnings.append(f"Re Z is negative at {negative} of {len(frequency)} points: artefact of the measurement")
    if (columns["imaginary"] > 0).sum() > len(frequency) / 2:
        warnings.append("Im Z is positive (inductive) at most points, as the user or the heading says")


def _settle_sign(source: Source, given: str, columns: dict[str, Any], assumptions: list[str]) -> None:
    """Turn Im Z where the user says so; raise where its sign can be neither read nor seen."""
    said = source.hints.get("sign_of_imaginary")
    imaginary = columns["imaginary"]
    positive = int((imaginary > 0).sum())
    if said is not None:
        word = str(said).strip().lower()
        matches = [s for s in SIGNS if word and s.startswith(word)]
        if len(matches) != 1:
            raise source.error("sign_of_imaginary", f"read {said!r}", f"allowed are '{SIGNS[0]}' and '{SIGNS[1]}'")
        written = columns["minus_imaginary"] if given == "minus_imaginary" else imaginary
        columns["imaginary"] = written if matches[0] == SIGNS[0] else -written
        assumptions[:] = [a for a in assumptions if "its sign was turned" not in a]
        assumptions.append(f"imaginary column is {matches[0]} in the file, as the user says")
    elif positive > len(imaginary) / 2:
        raise source.error(
            "imaginary column",
            f"{positive} of {len(imaginary)} values of Im Z would be positive (inductive): is it -Im Z, or inductive?",
            HOW_SIGN,
        )
    elif given == "imaginary":
        assumptions.append(
            f"imaginary column taken as Im Z itself: it is negative at {len(imaginary) - positive} of "
            f"{len(imaginary)} points"
        )


def _clock(source: Source, table: Table, plan: Plan, columns: dict[str, Any], assumptions: list[str]) -> str:
    """Time in seconds from "h:mm:ss" and dates; returns the start."""
    clock, dated = plan.columns.get("time"), plan.columns.get("date")
    if clock is not None and "time" not in columns:
        columns["time"] = _seconds(source, table, clock, table.texts[clock])
        assumptions.append("time read as [days] hours:minutes:seconds")
    if dated is None:
        return "unknown"
    if dated not in table.texts:
        return "unknown"
    texts = table.texts[dated]
    import pandas as pd

    if "time" in columns:
        started, noted = _text.started_at(texts[0], texts[0], "month first")
        assumptions += noted
        return started
    moments = pd.to_datetime(pd.Series(texts), errors="coerce", format="ISO8601")
    if moments.isna().any():
        row = int(np.flatnonzero(moments.isna())[0])
        raise source.error(
            table.place(row), f"read the date {texts[row]!r}, expected one like 2026-03-02 14:05:00",
            "write the dates in ISO 8601, or add a column with the time in seconds",
        )  # fmt: skip
    columns["time"] = (moments - moments.iloc[0]).dt.total_seconds().to_numpy(dtype=float)
    assumptions.append(f"time counted from the first date, {texts[0]}")
    return str(moments.iloc[0].isoformat())


def _seconds(source: Source, table: Table, column: int, texts: Sequence[str]) -> Array:
    """Seconds from "12:34:56.7", "1d 02:03:04" or "1-02:03:04"."""
    found = np.empty(len(texts))
    for row, text in enumerate(texts):
        value = seconds(text)
        if value is None:
            raise source.error(
                table.place(row), f"read the time {text[:40]!r}, expected a number or h:mm:ss", "export it again"
            )
        found[row] = value
    return found
