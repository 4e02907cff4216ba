"""The place of each record in a cell's time, each run once, and the charge that has passed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from natrode.instruments._runs import Moment, compare, fingerprint, moment
from natrode.instruments._tables import Array
from natrode.measurement import Column, Measurement

CLOCKS_APART = 600.0
"""An overlap up to this is put down to the clocks of two computers [s]."""
_LINKED = re.compile(r"(.+)_\d{2}_[A-Za-z0-9 ]+?(?:_C[AB]?\d+)?")


@dataclass
class Part:
    """A record with its place in time."""

    record: Measurement
    began: Moment | None
    seconds: Array | None
    """Seconds since `began`."""
    start: float = 0.0
    """`began` on the cell's clock [s]."""
    notes: list[str] = field(default_factory=list)

    @property
    def time(self) -> Array:
        """Time of each row on the cell's clock [s]."""
        assert self.seconds is not None
        return self.start + self.seconds

    @property
    def name(self) -> str:
        """Name of its file."""
        return self.record.metadata.origin.file

    @property
    def placed(self) -> bool:
        """Whether its place in time is known."""
        return self.began is not None and self.seconds is not None


# ---- copies ----------------------------------------------------------------------------------------------
def without_copies(records: Sequence[Measurement]) -> tuple[list[Measurement], list[str]]:
    """Each run once: the record that tells most of it; and what was left out."""
    prints = [fingerprint(r) for r in records]
    out: dict[int, str] = {}
    for i in range(len(records)):
        for j in range(i + 1, len(records)):
            if i in out or j in out or electrode(records[i]) != electrode(records[j]):
                continue
            how = compare(prints[i], prints[j])
            if how is None:
                continue
            if how == "same":
                loser, keeper = (i, j) if _tells(records[j]) > _tells(records[i]) else (j, i)
            else:
                loser, keeper = (i, j) if how == "part" else (j, i)
            word = "the same run as" if how == "same" else "an earlier or partial copy of"
            mine, theirs = records[loser].metadata.origin.file, records[keeper].metadata.origin.file
            out[loser] = f"{mine} ({records[loser].kind}) holds {word} {theirs}: kept once, from {theirs}"
    return [r for i, r in enumerate(records) if i not in out], list(out.values())


def _tells(record: Measurement) -> tuple[bool, bool, bool, int]:
    """How much a record tells: its start, its current, its settings, its columns."""
    metadata = record.metadata
    return (
        metadata.started != "unknown",
        Column.CURRENT in record,
        bool(metadata.settings),
        len(record.table.columns),
    )


def electrode(record: Measurement) -> str:
    """The electrode of a three-electrode spectrum where it is not the working one."""
    said = str(record.metadata.settings.get("electrode", ""))
    return said if said.startswith(("counter", "cell (Ewe-Ece)")) else ""


# ---- times -----------------------------------------------------------------------------------------------
def share_starts(parts: Sequence[Part]) -> list[str]:
    """Give a text export without a date the start of its siblings: EC-Lab's linked techniques share one clock."""
    said = []
    for part in parts:
        base = _linked(part)
        if part.began is not None or part.seconds is None or base is None:
            continue
        starts = {p.record.metadata.started for p in parts if p.began is not None and _linked(p) == base}
        if len(starts) != 1:
            continue
        part.began = moment(next(iter(starts)))
        said.append(
            f"{part.name} tells no date: its time is taken to count from {next(iter(starts))}, as in the other files "
            "of the same EC-Lab experiment"
        )
    return said


def _linked(part: Part) -> str | None:
    """Name that linked techniques of one EC-Lab experiment share."""
    if not any(word in part.record.metadata.origin.format for word in ("EC-Lab", "BioLogic")):
        return None
    match = _LINKED.fullmatch(Path(part.name).stem)
    return match.group(1) if match else None


def settle_days(parts: Sequence[Part]) -> list[str]:
    """A start of which only the day is known places nothing among other files."""
    said = []
    dated = [p for p in parts if p.began is not None]
    for part in dated:
        if part.began is not None and part.began.day_only and len(dated) > 1:
            said.append(f"{part.name} tells only the day of its start: not placed in time")
            part.began = None
    return said


def mixed_zones(parts: Sequence[Part]) -> list[str]:
    utc = [p.name for p in parts if p.began is not None and p.began.utc]
    if not utc or len(utc) == len(parts):
        return []
    return [f"the times of {', '.join(dict.fromkeys(utc))} are UTC, those of the other files local: hours may be off"]


# ---- overlaps --------------------------------------------------------------------------------------------
def without_overlaps(parts: list[Part], said: list[str]) -> tuple[list[Part], list[Part]]:
    """Series that follow or interleave one another, and those that run at the same time as a longer one."""
    kept: list[Part] = []
    apart: list[Part] = []
    for part in sorted(parts, key=lambda p: (-len(p.time), float(p.time[0]))):
        clash = next((k for k in kept if not _take_turns(k, part) and overlap(k.time, part.time) > 0), None)
        if clash is None:
            kept.append(part)
            continue
        length = min(clash.time[-1], part.time[-1]) - max(clash.time[0], part.time[0])
        later, earlier = (part, clash) if part.time[0] >= clash.time[0] else (clash, part)
        same = later.record.metadata.origin.instrument == earlier.record.metadata.origin.instrument
        if length <= CLOCKS_APART and not same and later is part and later.time[-1] > earlier.time[-1]:
            later.start += length + 1.0
            said.append(
                f"{later.name} begins {length:.0f} s before {earlier.name} ends: two computers' clocks differ; it was "
                "moved to follow"
            )
            kept.append(part)
            continue
        apart.append(part)
        said.append(
            f"{part.name} runs at the same time as {clash.name} for {length / 3600:.3g} h and is another measurement: "
            "it stands as a record of its own"
        )
    return kept, apart


def _take_turns(one: Part, other: Part) -> bool:
    """Whether two series are linked techniques of one experiment, which cannot run at the same time."""
    a, b = one.record.metadata, other.record.metadata
    linked = _linked(one) is not None and _linked(one) == _linked(other)
    return linked and (a.started == b.started or "unknown" in (a.started, b.started))


def overlap(one: Array, other: Array) -> float:
    """Fraction of the shorter stay of `other` inside `one` that falls between neighbouring points of it.

    Linked techniques that take turns lie in one another's gaps and do not overlap.
    """
    one, other = np.sort(one), np.sort(other)
    inside = other[(other > one[0]) & (other < one[-1])]
    if len(one) < 2 or not len(inside):
        return 0.0
    steps = np.diff(one)
    typical = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    at = np.clip(np.searchsorted(one, inside) - 1, 0, len(steps) - 1)
    closed = steps[at] <= max(5.0 * typical, 1.0)
    share = float(closed.mean())
    return share if share > 0.05 else 0.0


# ---- charge ----------------------------------------------------------------------------------------------
class Ledger:
    """Charge that has passed at any time: every file's own count, or the integral of its current, added up.

    It is not known when one of the time series tells neither.
    """

    def __init__(self, cycling: Sequence[Part], spectra: Sequence[Part]) -> None:
        self.sources: list[str] = []
        self.silent: list[str] = []
        """Time series that tell neither charge nor current."""
        times, steps = [], []
        parts = (*cycling, *spectra)
        for part in parts:
            others = [p.time for p in parts if p is not part]
            change = _charge_steps(part, np.sort(np.concatenate(others)) if others else np.empty(0), self.sources)
            if change is not None:
                times.append(part.time)
                steps.append(change)
            elif part.record.kind == "cycling":
                self.silent.append(part.name)
        self.known = bool(times) and not self.silent
        time = np.concatenate(times) if times else np.zeros(1)
        order = np.argsort(time, kind="stable")
        self._time = time[order]
        self._charge = np.cumsum((np.concatenate(steps) if steps else np.zeros(1))[order])

    def at(self, time: Array) -> Array:
        """Charge that has passed at these times [C]."""
        at = np.searchsorted(self._time, time, side="right") - 1
        return np.where(at >= 0, self._charge[np.maximum(at, 0)], 0.0)


def _charge_steps(part: Part, others: Array, sources: list[str]) -> Array | None:
    """Charge since the row before, for every row; None when it is not known.

    Between two rows that have another file's points between them this file's current did not flow.
    """
    record, time = part.record, part.time
    if record.kind == "impedance":
        return _charge_of_spectra(record, time)
    if Column.CHARGE in record and np.isfinite(record.array(Column.CHARGE)).all():
        sources.append(f"{part.name}: charge as its instrument counted it")
        return np.diff(record.array(Column.CHARGE), prepend=record.array(Column.CHARGE)[0])
    if Column.CURRENT in record and np.isfinite(record.array(Column.CURRENT)).all():
        current = record.array(Column.CURRENT)
        sources.append(f"{part.name}: charge is the trapezoid of the current")
        between = np.searchsorted(others, time[1:], side="left") - np.searchsorted(others, time[:-1], side="right")
        lasting = np.where(between > 0, 0.0, np.maximum(np.diff(time), 0.0))
        return np.concatenate([[0.0], 0.5 * (current[1:] + current[:-1]) * lasting])
    return None


def _charge_of_spectra(record: Measurement, time: Array) -> Array | None:
    """A spectrum's own charge: mean direct current times its duration, spread over its points."""
    if Column.DC_CURRENT not in record:
        return None
    change = np.zeros(len(time))
    numbers = record.array(Column.SPECTRUM) if Column.SPECTRUM in record else np.zeros(len(time))
    current = np.nan_to_num(record.array(Column.DC_CURRENT))
    for number in np.unique(numbers):
        rows = np.flatnonzero(numbers == number)
        change[rows[1:]] = float(current[rows].mean()) * np.maximum(np.diff(time[rows]), 0.0)
    return change
