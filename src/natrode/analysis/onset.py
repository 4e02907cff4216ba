"""Onset of a current in a cyclic or linear sweep, always with its criterion."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis.fitting import straight_line
from natrode.analysis.ohmic import statement_of
from natrode.analysis.reading import Array, Record, area_of, conditions_of, interfaces_of, of_kind, provenance
from natrode.analysis.result import Result
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement

Direction = Literal["oxidation", "reduction"]
Criterion = Literal["threshold", "tangent"]

BASELINE = 0.25
"""Part of the scan, from its beginning, that may serve as baseline."""


def onset_voltage(
    record: Record,
    direction: Direction = "oxidation",
    criterion: Criterion = "threshold",
    *,
    threshold: float | None = None,
) -> Result:
    """Return the voltage at which a current sets in during a sweep.

    Args:
        record: a sweep record, or an experiment that holds one; of a cyclic sweep the first scan in `direction`.
        direction: "oxidation" (rising voltage, positive current) or "reduction".
        criterion: "threshold": the current above the baseline passes `threshold` for good; "tangent": the tangent in
            the steepest point meets the baseline.
        threshold: current density [A/m2] (current [A] where the area is unknown); None: ten times the scatter about
            the baseline, which the settings then hold. Literature compares 10 uA/cm2 to 100 uA/cm2 (0.1 to 1 A/m2).

    Returns:
        Result [V], as the record has it: no shift of reference. The settings hold the other criterion's answer; a
        lower limit (upper limit for reduction) when the current stays on the baseline to the end of the scan.

    Raises:
        RecordError: for another kind of record, or a threshold that is not positive.

    Formula: baseline i = a + b V through the first quarter of the scan (the part before the onset); first sample from
    which i - baseline stays over the threshold, by linear interpolation. Source: usual practice; the answer depends on
    criterion, scan rate and electrode area (Xu, Chem. Rev. 104 (2004) 4303).
    """
    if threshold is not None and not threshold > 0:
        raise RecordError(f"a threshold must be a positive current density, read {threshold!r}")
    sweep = of_kind(record, "sweep")
    area = area_of(sweep)
    question = Result(
        quantity=f"onset of {direction} ({criterion})",
        dimension="voltage",
        method="baseline through the beginning of the scan; "
        + ("first voltage from which the current stays over the threshold" if criterion == "threshold" else "tangent")
        + "; not shifted to any reference electrode",
        scope="cell",
        n_interfaces=interfaces_of(sweep),
        settings={
            **conditions_of(sweep),
            "criterion": criterion,
            "direction": direction,
            "ohmic_correction": statement_of(sweep, None),
            "current_is": "per area" if area is not None else "total",
        },
        **provenance(sweep),
    )
    scan = _scan(sweep, direction, area)
    if isinstance(scan, str):
        return question.refused(scan)
    return _answer(question, *scan, direction, criterion, threshold, _rate(sweep))


def _answer(
    question: Result,
    voltage: Array,
    current: Array,
    direction: Direction,
    criterion: Criterion,
    threshold: float | None,
    rate: float | None,
) -> Result:
    """Onset on one scan by the criterion that was asked for, the other one's answer in the settings."""
    base = _baseline(voltage, current, direction, threshold)
    above, wanted, first = base.above, base.threshold, base.first
    settings: dict[str, Any] = {
        "threshold": wanted,
        "baseline_points": base.points,
        "baseline_scatter": base.scatter,
        "scan_rate": rate,
    }
    if first is None:
        text = f"the current stays within the threshold to {voltage[-1]:.4g} V"
        if direction == "oxidation":
            return question.at_least(float(voltage[-1]), text, **settings)
        return question.at_most(float(voltage[-1]), text, lowest=None, **settings)
    if first == 0:
        return question.refused("the current is above the threshold from the first sample on", **settings)
    slope = (above[first] - above[first - 1]) / (voltage[first] - voltage[first - 1])
    crossing = float(voltage[first - 1] + (wanted - above[first - 1]) / slope)
    tangent, sigma, at_end = _tangent(voltage, above, first)
    step = float(np.median(np.abs(np.diff(voltage)))) / np.sqrt(12.0)
    settings["by_the_other_criterion"] = tangent if criterion == "threshold" else crossing
    doubts = []
    if first < base.points:
        doubts.append("the current rises from the beginning of the scan: no baseline before the onset")
    if criterion == "threshold":
        shift = base.scatter / max(abs(float(slope)), 1e-30)
        return question.found(crossing, float(np.hypot(step, shift)), doubts=doubts, **settings)
    if at_end:
        doubts.append("the current is steepest at the end of the scan: the tangent moves with the end")
    return question.found(tangent, float(np.hypot(step, sigma)), doubts=doubts, **settings)


@dataclass(frozen=True)
class _Baseline:
    """The beginning of a scan, and what rises above it."""

    above: Array
    """Current less the baseline, counted in the direction of the scan."""
    points: int
    scatter: float
    threshold: float
    first: int | None
    """First sample that stays over the threshold."""


def _baseline(voltage: Array, current: Array, direction: Direction, threshold: float | None) -> _Baseline:
    """Baseline through the beginning of a scan, shortened until it ends before the onset."""
    sign = 1.0 if direction == "oxidation" else -1.0
    end = max(8, int(BASELINE * len(voltage)))
    while True:
        line = straight_line(voltage[:end], current[:end])
        noise = float(np.std(line.residuals, ddof=2))
        above = sign * (current - line.level - line.slope * (voltage - line.centre))
        wanted = threshold if threshold is not None else max(10.0 * noise, 1e-3 * float(np.abs(current).max()))
        first = _lasting(above > wanted)
        if first is None or first >= end or end <= 8:
            return _Baseline(above, end, noise, wanted, first)
        end = max(8, first // 2)


def _tangent(voltage: Array, above: Array, first: int) -> tuple[float, float, bool]:
    """Where the steepest tangent meets the baseline, its standard error [V], and whether it lies at the scan's end."""
    steepest = first + int(np.argmax(np.abs(np.gradient(above, voltage)[first:])))
    near = slice(max(steepest - 2, 0), steepest + 3)
    line = straight_line(voltage[near], above[near])
    tangent = float(line.centre - line.level / line.slope)
    sigma = abs(line.slope_sigma / line.slope * (tangent - line.centre))
    return tangent, float(sigma), steepest >= len(voltage) - 3


def _scan(sweep: Measurement, direction: Direction, area: float | None) -> tuple[Array, Array] | str:
    """Voltage and current of the first scan in a direction, or why there is none."""
    voltage, current = sweep.array(Column.VOLTAGE), sweep.array(Column.CURRENT)
    if Column.TIME in sweep:
        order = np.argsort(sweep.array(Column.TIME), kind="stable")
        voltage, current = voltage[order], current[order]
    valid = np.isfinite(voltage) & np.isfinite(current)
    voltage, current = voltage[valid], current[valid] * (1.0 if area is None else 1.0 / area)
    if len(voltage) < 10:
        return f"{len(voltage)} samples: ten are needed"
    sign = 1.0 if direction == "oxidation" else -1.0
    directed = sign * voltage
    # turning points of the voltage, with a hysteresis of 2 % of its range against noise
    hysteresis = 0.02 * float(np.ptp(voltage))
    best: tuple[int, int] | None = None
    low = high = 0
    for k in range(1, len(directed)):
        if directed[k] > directed[high]:
            high = k
        fell = directed[high] - directed[k] > hysteresis
        if fell or k == len(directed) - 1:
            if directed[high] - directed[low] > max(hysteresis, 0.2 * float(np.ptp(voltage))) and high - low >= 10:
                best = low, high
                break
            if fell:
                low = high = k
        if directed[k] < directed[low] and high <= low:
            low = high = k
    if best is None:
        return f"no scan towards {direction} of ten samples in this record"
    rows = slice(best[0], best[1] + 1)
    voltage, current = voltage[rows], current[rows]
    forward = np.concatenate([[True], np.diff(np.maximum.accumulate(sign * voltage)) > 0])
    return voltage[forward], current[forward]


def _rate(sweep: Measurement) -> float | None:
    """Scan rate [V/s]."""
    if Column.TIME not in sweep:
        return None
    time, voltage = sweep.array(Column.TIME), sweep.array(Column.VOLTAGE)
    steps = np.diff(time)
    use = steps > 0
    return float(np.median(np.abs(np.diff(voltage)[use] / steps[use]))) if use.any() else None


def _lasting(flags: npt.NDArray[np.bool_]) -> int | None:
    """First index from which the flags are true to the end of the scan, up to 5 % of exceptions, three at least."""
    for k in np.flatnonzero(flags):
        if len(flags) - k >= 3 and flags[k:].mean() >= 0.95 and flags[k : k + 3].all():
            return int(k)
    return None
