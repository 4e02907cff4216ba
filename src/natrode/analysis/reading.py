"""What every analysis asks a record for: the right kind, geometry, conditions; None where nobody said."""

import math
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from natrode.analysis.result import Result
from natrode.errors import RecordError
from natrode.measurement import Column, Experiment, Kind, Measurement

Array = npt.NDArray[np.float64]
Record = Measurement | Experiment
KnownResistance = float | tuple[float, float] | Result
"""A resistance in Ohm, a (value, standard uncertainty) pair in Ohm, or another analysis' result."""

ZERO_CELSIUS = 273.15


class Provenance(TypedDict):
    """What a result says about its record."""

    source: tuple[str, ...]
    simulated: bool


def median(values: npt.ArrayLike) -> float:
    """Median, NaN with any NaN: `numpy.median` without what costs it more than the sorting of a short array."""
    ordered = np.array(values).ravel()
    ordered.sort()
    if np.isnan(ordered[-1]):
        return math.nan
    return 0.5 * float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2])


def windows(values: Array, length: int) -> Array:
    """Every `length` consecutive values, shape (number of values - length + 1, length), as a copy."""
    rows = np.arange(len(values) - length + 1)[:, None] + np.arange(length)
    return np.asarray(values[rows])


def medians(rows: Array) -> Array:
    """Median of each row, NaN with any NaN: as `median`, for many at once."""
    ordered = np.sort(rows, axis=1)
    length = rows.shape[1]
    found = 0.5 * (ordered[:, (length - 1) // 2] + ordered[:, length // 2])
    return np.where(np.isnan(ordered[:, -1]), np.nan, found)


def of_kind(record: Record, kind: Kind) -> Measurement:
    """Return the only measurement of `kind`; raises RecordError when there is none or more than one."""
    if isinstance(record, Experiment):
        only: Measurement = getattr(record, kind)
        return only
    if record.kind != kind:
        raise RecordError(f"this analysis reads {kind} records; '{record.metadata.title}' is a {record.kind} record")
    return record


def provenance(*records: Measurement) -> Provenance:
    """Digests of the records, and whether a model wrote any of them."""
    return {
        "source": tuple(r.digest for r in records),
        "simulated": any(r.is_simulated for r in records),
    }


def area_of(record: Measurement) -> float | None:
    """Area of the smaller electrode [m2], or None: never the area that an instrument declares."""
    geometry = record.metadata.geometry
    known = [a for a in (geometry.working_area, geometry.counter_area) if a != "unknown"]
    return geometry.area if known else None


def side_areas(record: Measurement) -> tuple[float, float] | None:
    """Areas of working and counter electrode [m2] of a cell of two interfaces; of one that is known both have it."""
    geometry = record.metadata.geometry
    known = [a for a in (geometry.working_area, geometry.counter_area) if a != "unknown"]
    return (known[0], known[-1]) if known and geometry.interfaces_in_series == 2 else None


def interfaces_of(record: Measurement) -> int | None:
    """Metal | electrolyte interfaces in series, or None."""
    count = record.metadata.geometry.interfaces_in_series
    return None if count == "unknown" else count


def temperature_of(record: Measurement) -> float | None:
    """Mean temperature [K]: the column's, else the nominal one, else None."""
    return record.derived(_mean_temperature)


def _mean_temperature(record: Measurement) -> float | None:
    if Column.TEMPERATURE in record:
        column = record.array(Column.TEMPERATURE)
        finite = column[np.isfinite(column)]
        if finite.size:
            return float(finite.mean()) + ZERO_CELSIUS
    nominal = record.metadata.temperature
    return None if nominal == "unknown" else nominal


def pressure_of(record: Measurement) -> float | None:
    """Mean stack pressure [Pa]: the column's, else the nominal one, else None."""
    return record.derived(_mean_pressure)


def _mean_pressure(record: Measurement) -> float | None:
    if Column.PRESSURE in record:
        column = record.array(Column.PRESSURE)
        finite = column[np.isfinite(column)]
        if finite.size:
            return float(finite.mean())
    nominal = record.metadata.pressure
    return None if nominal == "unknown" else nominal


def conditions_of(record: Measurement) -> dict[str, Any]:
    """Temperature [K], pressure [Pa] and area [m2] for the settings of a result; None where nobody said."""
    return dict(record.derived(_conditions))


def _conditions(record: Measurement) -> dict[str, Any]:
    return {
        "temperature": temperature_of(record),
        "pressure": pressure_of(record),
        "area": area_of(record),
        "ohmic_correction_in_the_record": record.metadata.ohmic_correction,
    }


def resistance_of(given: KnownResistance, area: float | None) -> tuple[float, float]:
    """Value and standard uncertainty [Ohm, whole cell] of a given resistance.

    Raises RecordError for a negative number, a result without a value, one that is not a resistance of the
    whole cell, or an area-specific one where the area is unknown.
    """
    if isinstance(given, Result):
        if given.value is None:
            raise RecordError(f"the resistance that was given has no value: {given.reason}")
        if given.dimension not in ("resistance", "area-specific resistance") or given.scope != "cell":
            raise RecordError(f"'{given.quantity}' ({given.scope}) is not the resistance of a whole cell")
        scale = 1.0
        if given.dimension == "area-specific resistance":
            if area is None:
                raise RecordError("an area-specific resistance was given, but the record's area is unknown")
            scale = 1.0 / area
        return given.value * scale, (given.uncertainty or 0.0) * scale
    value, uncertainty = given if isinstance(given, tuple) else (given, 0.0)
    if not (math.isfinite(value) and math.isfinite(uncertainty) and value >= 0 and uncertainty >= 0):
        raise RecordError(f"a resistance must be a number of Ohm, zero or more; read {given!r}")
    return float(value), float(uncertainty)
