"""What tells one run from another: when it began and ended, and a fingerprint by which its copies are recognised."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from natrode.instruments._tables import Array
from natrode.measurement import Column, Measurement

UNIX_TIME = "Unix Time / s"
VOLTAGE_STEP = 1.2e-4
"""Exports print a tenth of a millivolt [V]."""
TIME_STEP = 1.01
"""Exports print whole seconds [s]."""
IMPEDANCE_STEP = 2e-3
"""Exports print three digits or more [fraction of |Z|]."""
SET_BACK = 1.5
"""A clock that falls behind the test time by more between two points was set back [s]."""
MOST_POINTS = 20_000
"""Points of a spectrum series that are compared."""
Same = Literal["same", "part", "whole"]


@dataclass(frozen=True)
class Moment:
    """When a run began, as its file tells it: local time, UTC, or the day only."""

    at: datetime
    """Without time zone."""
    utc: bool = False
    day_only: bool = False


def moment(text: str) -> Moment | None:
    """A start in ISO 8601; None when it is unknown."""
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    if found.tzinfo is not None:
        offset = found.utcoffset() or timedelta()
        return Moment(found.replace(tzinfo=None) - offset, utc=True)
    return Moment(found, day_only="T" not in text and " " not in text.strip())


def clock(record: Measurement) -> Array | None:
    """Seconds of every row since the moment `started` names; None when the record has no time.

    A cycler's own clock counts where it has one, since the test time leaves out its pauses; where somebody set that
    clock back, the test time goes on.
    """
    if Column.TIME not in record:
        return None
    test = record.array(Column.TIME)
    if UNIX_TIME not in record or not np.isfinite(record.array(UNIX_TIME)).all():
        return test
    counted, passed = np.diff(test), np.diff(record.array(UNIX_TIME))
    steps = np.where(passed < counted - SET_BACK, counted, passed)
    return np.asarray(test[0] + np.concatenate([[0.0], np.cumsum(steps)]))


def span(record: Measurement) -> tuple[datetime, datetime] | None:
    """First and last moment of a record; None when its start or its time is unknown."""
    began = moment(record.metadata.started)
    if began is None:
        return None
    seconds = clock(record)
    if seconds is None or not len(seconds) or not np.isfinite(seconds).any():
        return began.at, began.at
    try:
        return tuple(began.at + timedelta(seconds=float(s)) for s in (np.nanmin(seconds), np.nanmax(seconds)))  # type: ignore[return-value]
    except OverflowError:
        return began.at, began.at


@dataclass(frozen=True)
class Fingerprint:
    """A few hundred rows of a record, by which copies of it in other formats are recognised."""

    kind: str
    rows: int
    index: "np.typing.NDArray[np.int64]"
    """Rows that are kept."""
    columns: tuple[Array, ...]
    """Impedance: frequency, Re, Im of all points. Else: time since the first row, voltage, and current if any."""
    began: Moment | None


def fingerprint(record: Measurement) -> Fingerprint:
    """The fingerprint of a record."""
    began = moment(record.metadata.started)
    if record.kind == "impedance":
        parts = []
        for spectrum in record.spectra():
            points = np.column_stack(
                [
                    spectrum.array(Column.FREQUENCY),
                    spectrum.array(Column.REAL_IMPEDANCE),
                    spectrum.array(Column.IMAGINARY_IMPEDANCE),
                ]
            )
            parts.append(points[np.argsort(-points[:, 0], kind="stable")])
        table = np.vstack(parts)[:MOST_POINTS]
        return Fingerprint("impedance", len(record.table), np.arange(len(table)), tuple(table.T), began)
    rows = len(record.table)
    steps = np.unique(np.floor(1.03 ** np.arange(0, np.log(max(rows, 2)) / np.log(1.03))).astype(np.int64)) - 1
    index = steps[(steps >= 0) & (steps < rows)]
    seconds = clock(record)
    time = np.zeros(rows) if seconds is None else seconds - seconds[0]
    columns = [time[index], record.array(Column.VOLTAGE)[index]]
    if Column.CURRENT in record:
        columns.append(record.array(Column.CURRENT)[index])
    return Fingerprint(record.kind, rows, index, tuple(columns), began)


def compare(one: Fingerprint, other: Fingerprint) -> Same | None:
    """Whether two records are the same run ("same"), `one` is part of `other` ("part"), or the other way ("whole")."""
    if one.kind != other.kind:
        return None
    if one.rows > other.rows:
        turned = compare(other, one)
        return "whole" if turned == "part" else turned
    matches = _same_points(one, other) if one.kind == "impedance" else _same_series(one, other)
    if not matches:
        return None
    return "same" if one.rows == other.rows else "part"


def _same_points(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether all points of a spectrum series stand in another one, side by side."""
    count = len(one.index)
    if count < 3 or count > len(other.index):
        return False
    mine, theirs = np.column_stack(one.columns), np.column_stack(other.columns)
    size = np.hypot(mine[:, 1], mine[:, 2])
    near = np.flatnonzero(
        (np.abs(theirs[:, 0] / mine[0, 0] - 1) < IMPEDANCE_STEP)
        & (np.abs(theirs[:, 1:] - mine[0, 1:]).max(axis=1) <= IMPEDANCE_STEP * max(size[0], 1e-300))
    )
    for start in near[:200]:
        block = theirs[start : start + count]
        if len(block) < count:
            break
        apart = np.abs(block[:, 1:] - mine[:, 1:]).max(axis=1)
        if (np.abs(block[:, 0] / mine[:, 0] - 1) < IMPEDANCE_STEP).all() and (apart <= IMPEDANCE_STEP * size).all():
            return True
    return False


def _same_series(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether one time series is another or its beginning."""
    if one.rows < 3 or not _same_start(one, other):
        return False
    if abs(one.columns[1][0] - other.columns[1][0]) > VOLTAGE_STEP + 1e-4 * abs(one.columns[1][0]):
        return False
    kept = np.isin(other.index, one.index)
    mine = tuple(c[np.isin(one.index, other.index)] for c in one.columns)
    theirs = tuple(c[kept] for c in other.columns)
    if len(mine[0]) < 3:
        return False
    if (np.abs(mine[0] - theirs[0]) > TIME_STEP + 1e-6 * np.abs(mine[0])).any():
        return False
    apart = np.abs(mine[1] - theirs[1])
    if (apart > VOLTAGE_STEP + 1e-4 * np.abs(mine[1])).any():
        return False
    if len(mine) > 2 and len(theirs) > 2:
        largest = max(float(np.abs(mine[2]).max()), 1e-9)
        if (np.abs(mine[2] - theirs[2]) > 2e-3 * largest).mean() > 0.02:
            return False
    told = float(np.ptp(mine[1])) > 20 * VOLTAGE_STEP and float(np.ptp(mine[0])) > 0
    return told or (one.began is not None and other.began is not None)


def _same_start(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two starts can be the same moment, in whatever time zones their programs wrote them."""
    if one.began is None or other.began is None:
        return True
    if one.began.day_only or other.began.day_only:
        return abs((one.began.at - other.began.at).total_seconds()) <= 86400
    apart = abs((one.began.at - other.began.at).total_seconds())
    quarter = apart % 900.0
    return apart <= 14 * 3600 + 2 and min(quarter, 900.0 - quarter) <= TIME_STEP + 0.5
