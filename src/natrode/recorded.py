"""The protocol that a record shows: what current flowed when, where spectra were taken, temperature and pressure."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import RecordError
from natrode.measurement import Column, Experiment, Measurement
from natrode.units import DIMENSIONS, from_si

FloatArray = npt.NDArray[np.float64]

STEADY = 0.01
"""Currents that differ by less than this fraction (or a thousandth of the largest) are one stretch."""
RUN = "Run Index / 1"
"""Column of records put together from several files; between two files no current is known to flow."""
NODES = 200
"""Points of a temperature or pressure profile."""
STEADY_TEMPERATURE, STEADY_PRESSURE = 0.2, 0.01
"""Profiles that vary less than this [K; relative] are constants."""
INSTANT = 1e-3
"""Length of a spectrum whose points have one time [s]: it was taken while the current flowed on."""


def protocol_of(record: Measurement | Experiment, area: float | None = None) -> dict[str, Any]:
    """Return a protocol as plain data, quantities as text, ready for `Protocol.read`.

    Args:
        record: a cycling record, or an experiment with one and the spectra that were taken.
        area: of the working electrode [m2]; the record's own when not given.

    Raises:
        RecordError: when there is not exactly one cycling record, its current is not known, or no area is.

    The charge of every stretch is the integral of the recorded current (trapezoids), so that the protocol moves the
    charge that the record moved. Times between two files carry no current, times of spectra their direct current.
    """
    cycling = record.cycling if isinstance(record, Experiment) else record
    if cycling.kind != "cycling":
        raise RecordError(f"a protocol is taken from a cycling record; '{cycling.metadata.title}' is {cycling.kind}")
    scale = _area(cycling, area)
    edges, current = _stretches(cycling)
    spectra = _spectra(record.of_kind("impedance")) if isinstance(record, Experiment) else []
    first = start_of(record)
    steps: list[dict[str, Any]] = []
    at = first
    for begin, end, direct, settings in spectra:
        if begin < at - INSTANT:
            continue  # a spectrum of another electrode, measured at the same time
        steps += _recorded(edges, current, at, begin, scale)
        flowing = _charge(edges, current, begin, end) / (end - begin) if direct is None else direct
        steps.append({
            "type": "impedance", **settings, "current_density": _text(flowing / scale, "current density"),
            "duration": _text(end - begin, "time"),
        })  # fmt: skip
        at = end
    steps += _recorded(edges, current, at, float(edges[-1]), scale)
    made: dict[str, Any] = {"name": f"as recorded: {cycling.metadata.title or cycling.metadata.cell}", "steps": steps}
    for name, column, dimension, offset in (
        ("temperature", Column.TEMPERATURE, "temperature", 273.15),
        ("pressure", Column.PRESSURE, "pressure", 0.0),
    ):
        profile = _profile(cycling, column, dimension, offset, first)
        nominal = cycling.metadata.temperature if name == "temperature" else cycling.metadata.pressure
        if profile is not None:
            made[name] = profile
        elif nominal != "unknown":
            made[name] = _text(float(nominal), dimension)
    return made


def start_of(record: Measurement | Experiment) -> float:
    """Test time at which the protocol of a record begins [s]: its first point, of a spectrum or of the time series."""
    cycling = record.cycling if isinstance(record, Experiment) else record
    spectra = _spectra(record.of_kind("impedance")) if isinstance(record, Experiment) else []
    return min([float(np.nanmin(cycling.array(Column.TIME))), *(s[0] for s in spectra)])


def _area(cycling: Measurement, area: float | None) -> float:
    own = cycling.metadata.geometry.working_area
    if area is None and own == "unknown":
        raise RecordError("the area of the working electrode is unknown; give it, for example area='0.785 cm2'")
    return float(own) if area is None else area


def _text(value: float, dimension: str) -> str:
    unit = DIMENSIONS[dimension][1]
    return f"{float(from_si(value, unit, dimension))!r} {unit}"


def _stretches(cycling: Measurement) -> tuple[FloatArray, FloatArray]:
    """Edges (n + 1,) [s] of stretches of constant current, and their mean current (n,) [A]."""
    if Column.CURRENT not in cycling:
        raise RecordError(
            "the record has no current; give it, for example current='1 mA' (--current '1 mA'), to replay it"
        )
    time, amps = cycling.array(Column.TIME), cycling.array(Column.CURRENT)
    time, amps, run = (values[np.isfinite(time)] for values in (time, amps, _runs(cycling)))
    if len(time) < 2 or time[-1] <= time[0]:
        raise RecordError("the record has fewer than two points in time")
    if np.any(np.diff(time) < 0):
        raise RecordError("the time of this record runs backwards; read its files as one cell (natrode cells FOLDER)")
    length, level = np.repeat(0.5 * np.diff(time), 2), np.repeat(amps, 2)[1:-1]  # half an interval to each point
    level = np.where(np.repeat(np.diff(run) != 0, 2), 0.0, level)
    length, level = length[length > 0], level[length > 0]  # two points at one time are a step
    unknown = ~np.isfinite(level)
    if unknown.any():
        hours = float(length[unknown].sum()) / 3600.0
        raise RecordError(
            f"the current is not known for {hours:.3g} h of the record; give it (current='1 mA') or leave that file out"
        )
    start = _changes(level)
    charge, total = np.add.reduceat(level * length, start), np.add.reduceat(length, start)
    return time[0] + np.concatenate([[0.0], np.cumsum(total)]), charge / total


def _runs(cycling: Measurement) -> FloatArray:
    """Number of the file that each row came from."""
    return cycling.array(RUN) if RUN in cycling else np.zeros(len(cycling.array(Column.TIME)))


def _changes(level: FloatArray) -> npt.NDArray[np.intp]:
    """Where a current leaves what it was at the beginning of its stretch."""
    least = 1e-3 * float(np.abs(level).max(initial=0.0))
    found, reference = [0], float(level[0])
    for place, value in enumerate(level.tolist()):
        if abs(value - reference) > STEADY * abs(reference) + least:
            found.append(place)
            reference = value
    return np.array(found, dtype=np.intp)


def _charge(edges: FloatArray, current: FloatArray, begin: float, end: float) -> float:
    """Charge between two moments [C]."""
    passed = np.concatenate([[0.0], np.cumsum(np.diff(edges) * current)])
    return float(np.diff(np.interp([begin, end], edges, passed))[0])


def _recorded(edges: FloatArray, current: FloatArray, begin: float, end: float, scale: float) -> list[dict[str, Any]]:
    """The stretches between two moments as one step; without current where the record says nothing."""
    inside = edges[(edges > begin) & (edges < end)]
    cuts = np.concatenate([[begin], inside, [end]])
    stretches = []
    for left, right in pairwise(map(float, cuts)):
        if right - left <= 0.0:
            continue
        density = _charge(edges, current, left, right) / (right - left) / scale
        stretches.append([_text(right - left, "time"), _text(density, "current density")])
    return [{"type": "recorded", "stretches": stretches}] if stretches else []


def _spectra(records: list[Measurement]) -> list[tuple[float, float, float | None, dict[str, Any]]]:
    """Begin and end [s], direct current [A] and settings of every spectrum that has a time, in its order.

    The direct current is None where the spectrum does not tell it.
    """
    found = []
    for record in records:
        for part in record.spectra():
            if Column.TIME not in part or not np.isfinite(part.array(Column.TIME)).all():
                continue
            time, frequency = part.array(Column.TIME), part.array(Column.FREQUENCY)
            low, high = float(frequency.min()), float(frequency.max())
            if low >= high:
                continue
            settings = {
                "highest_frequency": _text(high, "frequency"), "lowest_frequency": _text(low, "frequency"),
                "points_per_decade": min(max(round((len(frequency) - 1) / np.log10(high / low)), 1), 100),
            }  # fmt: skip
            begin, end = float(time.min()), float(time.max())
            direct = part.array(Column.DC_CURRENT) if Column.DC_CURRENT in part else np.full(1, np.nan)
            mean = float(direct.mean()) if np.isfinite(direct).all() else None
            found.append((begin, max(end, begin + INSTANT), mean, settings))
    return sorted(found, key=lambda item: item[:2])


def _profile(
    cycling: Measurement, column: Column, dimension: str, offset: float, first: float
) -> str | list[list[str]] | None:
    """A column as a constant or as points [time, value] from the start of the protocol on; None without it."""
    if column not in cycling:
        return None
    time, values = cycling.array(Column.TIME), cycling.array(column) + offset
    known = np.isfinite(time) & np.isfinite(values)
    if not known.any():
        return None
    time, values = time[known], values[known]
    spread = float(np.ptp(values))
    steady = spread < STEADY_TEMPERATURE if dimension == "temperature" else spread <= STEADY_PRESSURE * values.mean()
    if steady or time[-1] <= first:
        return _text(float(values.mean()), dimension)
    nodes = np.linspace(first, float(time[-1]), min(NODES, max(len(time), 2)))
    points = np.interp(nodes, time, values)
    return [[_text(t - first, "time"), _text(v, dimension)] for t, v in zip(nodes, points, strict=True)]


__all__ = ["protocol_of", "start_of"]
