"""Steady states under a small voltage: transference number, electronic conductivity."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from natrode.analysis.fitting import propagated, straight_line
from natrode.analysis.reading import (
    Array,
    KnownResistance,
    Record,
    area_of,
    conditions_of,
    interfaces_of,
    of_kind,
    provenance,
    resistance_of,
)
from natrode.analysis.result import Result
from natrode.errors import RecordError
from natrode.measurement import Column, Experiment, Measurement

STEADY = 0.02
"""Relative change of the current over the last tenth of a hold under which it counts as steady."""
SMALL_VOLTAGE = 0.025
"""[V]: RT/F; above it the interfaces are not linear."""


@dataclass(frozen=True)
class Hold:
    """A potential hold found in a record."""

    begins: float
    """Test time [s]."""
    voltage: float
    """Applied, less the voltage at rest before it where that was recorded [V]."""
    time: Array
    """Since its beginning [s]."""
    current: Array
    """[A]"""
    steady: float
    """Current at the end [A]: the mean of the last tenth."""
    steady_sigma: float
    drift: float
    """Relative change over the last tenth."""

    @property
    def is_steady(self) -> bool:
        """Whether the current has stopped changing."""
        return abs(self.drift) < STEADY


def holds(record: Measurement, fewest: int = 8) -> list[Hold]:
    """Find the periods of constant voltage in which current flows.

    Args:
        record: a cycling record with current.
        fewest: samples that a hold has at least.

    Raises:
        RecordError: when the record has no current.
    """
    time, voltage, current = (record.array(c) for c in (Column.TIME, Column.VOLTAGE, Column.CURRENT))
    valid = np.isfinite(time) & np.isfinite(voltage) & np.isfinite(current)
    time, voltage, current = time[valid], voltage[valid], current[valid]
    if len(time) < fewest:
        return []
    tolerance = max(0.02 * float(np.ptp(voltage)), 2e-4)
    cuts = np.flatnonzero(np.abs(np.diff(voltage)) > tolerance) + 1
    found, rest = [], 0.0
    for begin, end in zip([0, *cuts], [*cuts, len(time)], strict=True):
        level = float(np.median(voltage[begin:end]))
        flow = np.abs(current[begin:end]).max(initial=0.0)
        if flow <= 1e-3 * np.abs(current).max(initial=0.0) and flow < 1e-6:
            if end - begin >= 3:  # open circuit
                rest = float(np.mean(voltage[max(begin, end - 5) : end]))
            continue
        if end - begin < fewest or abs(level - rest) < 1e-4:
            continue
        part, since = current[begin:end], time[begin:end] - time[begin]
        size = float(np.abs(part).mean())
        if not size or np.std(part) / size < np.std(voltage[begin:end]) / max(abs(level - rest), 1e-12):
            continue  # the current is the steadier of the two: no potential hold
        late = max(4, len(part) // 10)
        if since[-1] == since[-late]:
            continue  # the clock stood still
        tail = straight_line(since[-late:], part[-late:])
        steady = float(np.mean(part[-late:]))
        drift = tail.slope * float(since[-1] - since[-late]) / (steady or size)
        error = float(np.std(tail.residuals, ddof=2)) / np.sqrt(late) if late > 2 else 0.0
        found.append(Hold(float(time[begin]), level - rest, since, part, steady, float(error), float(drift)))
    return found


def transference_number(
    record: Record,
    resistance_before: KnownResistance,
    resistance_after: KnownResistance,
    *,
    total_resistance_before: KnownResistance | None = None,
) -> Result:
    """Return the cation transference number by the method of Bruce and Vincent.

    Args:
        record: a cycling record (or an experiment) with a small constant voltage held on a symmetric cell of
            non-blocking electrodes until the current is steady.
        resistance_before: of the interfaces of the whole cell before the hold [Ohm]: a number, a (value, uncertainty)
            pair, or the Result of `interface_resistance` of the spectrum before.
        resistance_after: the same in the steady state.
        total_resistance_before: electrolyte and interfaces before [Ohm]; where given, the initial current is V over
            it, else the first sample, which is late and too small.

    Returns:
        Result [1]. Doubtful when the voltage exceeds 25 mV, the current still changes by 2 % in the last tenth, or the
        initial current comes from a sample; refused outside 0 to 1 by more than two sigma, without a hold, or when
        the interfaces take the whole voltage.

    Raises:
        RecordError: for another kind of record, a record without current, or a resistance that is none.

    Formula: t+ = I_s (V - I_0 R_0) / [I_0 (V - I_s R_s)]. Source: Evans, Vincent & Bruce, Polymer 28 (1987) 2324;
    exact for dilute ideal electrolytes, an upper mark ("limiting current fraction") in others.
    """
    cycling = of_kind(record, "cycling")
    question = Result(
        quantity="cation transference number (limiting current fraction)",
        dimension="fraction",
        method="Bruce-Vincent: t+ = I_s (V - I_0 R_0)/(I_0 (V - I_s R_s)); Evans, Vincent & Bruce 1987",
        scope="cell",
        n_interfaces=interfaces_of(cycling),
        settings=conditions_of(cycling),
        **provenance(cycling),
    )
    area = area_of(cycling)
    before, after = resistance_of(resistance_before, area), resistance_of(resistance_after, area)
    found = max(holds(cycling), key=lambda h: float(h.time[-1]), default=None)
    if found is None:
        return question.refused("no constant voltage with a current in this record")
    doubts = []
    if total_resistance_before is not None:
        total = resistance_of(total_resistance_before, area)
        if total[0] <= 0:
            return question.refused("the total resistance before the hold is not positive")
        initial = found.voltage / total[0]
        initial_sigma = abs(initial) * total[1] / total[0]
    else:
        initial = float(found.current[0])
        initial_sigma = abs(float(found.current[0] - found.current[1]))
        doubts.append(f"the initial current is the first sample, {found.time[1]:.3g} s apart from the next")
    if found.steady * initial <= 0:
        return question.refused("the current changes its sign during the hold")

    def formula(i0: float, i_s: float, r0: float, r_s: float) -> float:
        return i_s * (found.voltage - i0 * r0) / (i0 * (found.voltage - i_s * r_s))

    values = (initial, found.steady, before[0], after[0])
    left = found.voltage - initial * before[0], found.voltage - found.steady * after[0]
    if min(abs(part) for part in left) < 0.02 * abs(found.voltage) or min(np.sign(left) * np.sign(found.voltage)) < 0:
        return question.refused("the interfaces take (nearly) the whole voltage: nothing is left for the electrolyte")
    value, sigma = propagated(formula, values, (initial_sigma, found.steady_sigma, before[1], after[1]))
    settings: dict[str, Any] = {
        "voltage": found.voltage,
        "initial_current": initial,
        "steady_current": found.steady,
        "resistance_before": before[0],
        "resistance_after": after[0],
        "hold": float(found.time[-1]),
    }
    if abs(found.voltage) > SMALL_VOLTAGE:
        doubts.append(f"{1e3 * abs(found.voltage):.0f} mV is more than RT/F = 25 mV: interfaces are not linear")
    if not found.is_steady:
        doubts.append(f"the current still changes by {abs(found.drift):.1%} over the last tenth: t+ is too large")
    if not -2.0 * sigma <= value <= 1.0 + 2.0 * sigma:
        return question.refused(f"the formula gives {value:.3g} +- {sigma:.2g}: not a transference number", **settings)
    return question.found(value, sigma, doubts=doubts, **settings)


def transference_from_spectra(experiment: Experiment) -> Result:
    """Return the transference number of a cell from its hold and the spectra before and after it.

    Args:
        experiment: a cell with one cycling record that holds a small constant voltage, and spectra on the same clock:
            the last one before the hold and the first one after it count.

    Returns:
        Result of `transference_number`, the initial current from the whole resistance before; refused where a hold or
        one of the two spectra is missing, with its name.

    Raises:
        RecordError: as `transference_number`.

    Formula, source: see `transference_number`.
    """
    from natrode.analysis.impedance import interface_resistance
    from natrode.analysis.spectrum import real_axis_intercepts

    cycling = experiment.cycling
    question = Result(
        quantity="cation transference number (limiting current fraction)", dimension="fraction",
        method="Bruce-Vincent from a hold and the spectra beside it", scope="cell",
        n_interfaces=interfaces_of(cycling), settings=conditions_of(cycling), **provenance(cycling),
    )  # fmt: skip
    hold = max(holds(cycling), key=lambda h: float(h.time[-1]), default=None)
    if hold is None:
        return question.refused("no constant voltage with a current in this record")
    spectra = [s for m in experiment.of_kind("impedance") for s in m.spectra() if Column.TIME in s]
    timed = sorted(((float(np.nanmean(s.array(Column.TIME))), s) for s in spectra), key=lambda pair: pair[0])
    before = [s for time, s in timed if time <= hold.begins + hold.time[1]]
    after = [s for time, s in timed if time >= hold.begins + 0.5 * float(hold.time[-1])]
    missing = [word for word, found in (("before", before), ("after", after)) if not found]
    if missing:
        return question.refused(f"no spectrum {' and none '.join(missing)} the hold on the same clock")
    first, last = (interface_resistance(s) for s in (before[-1], after[0]))
    whole = real_axis_intercepts(before[-1]).low
    for name, part in (("before", first), ("after", last)):
        if part.value is None:
            return question.refused(f"no interface resistance {name} the hold: {part.reason}")
    return transference_number(cycling, first, last, total_resistance_before=whole if whole.value is not None else None)


def electronic_conductivity(record: Record) -> Result:
    """Return the electronic conductivity of an electrolyte from its DC polarisation between blocking electrodes.

    Args:
        record: a cycling record (or an experiment) with one or several constant voltages held until the ions are
            blocked and only electrons flow.

    Returns:
        Result [S/m], or a resistance [Ohm] where thickness or area are unknown. One hold: I/V; several: slope of the
        steady current against the voltage (an offset of the instrument's current drops out). An upper limit when the
        current still decays, or is under two standard uncertainties.

    Raises:
        RecordError: for another kind of record, or one without current.

    Formula: sigma_e = (L/A) dI/dV. Source: Hebb, J. Chem. Phys. 20 (1952) 185; Wagner 1957, for small voltages.
    """
    cycling = of_kind(record, "cycling")
    geometry = cycling.metadata.geometry
    thickness = None if geometry.electrolyte_thickness == "unknown" else geometry.electrolyte_thickness
    area = area_of(cycling)
    known = thickness is not None and area is not None
    question = Result(
        quantity="electronic conductivity" if known else "electronic resistance",
        dimension="conductivity" if known else "resistance",
        method="steady current under DC polarisation between ion-blocking electrodes (Hebb-Wagner)",
        scope="cell",
        n_interfaces=interfaces_of(cycling),
        area_normalised=None,
        settings={**conditions_of(cycling), "thickness": thickness},
        **provenance(cycling),
    )
    if interfaces_of(cycling) in (1, 2):
        return question.refused("the electrodes are not ion-blocking: the record says metal | electrolyte interfaces")
    found = holds(cycling)
    if not found:
        return question.refused("no constant voltage with a current in this record")
    voltage = np.array([h.voltage for h in found])
    current = np.array([h.steady for h in found])
    errors = np.array([h.steady_sigma for h in found])
    if len(found) > 2 and np.ptp(voltage) > 0:
        line = straight_line(voltage, current, np.maximum(errors, 1e-4 * np.abs(current).max() + 1e-18))
        slope, sigma = line.slope, line.slope_sigma
    else:
        ratio = current / voltage
        slope = float(np.mean(ratio))
        sigma = float(max(np.max(errors / np.abs(voltage)), np.ptp(ratio) / np.sqrt(12.0)))
    settings = {"voltages": voltage.tolist(), "currents": current.tolist(), "drifts": [h.drift for h in found]}
    scale = thickness / area if thickness is not None and area is not None else None
    largest = slope + 2.0 * sigma
    if largest <= 0:
        return question.refused("the current flows against the voltage", **settings)
    moving = [h for h in found if not h.is_steady]
    reason = ""
    if moving:
        drift = max(abs(h.drift) for h in moving)
        reason = f"the current still changes by {drift:.1%} over the last tenth of a hold: ions still move"
    elif slope < 2.0 * sigma:
        reason = "the current is not above its uncertainty (two sigma)"
    if reason:
        if scale is None:
            return question.at_least(1.0 / largest, reason, **settings)
        return question.at_most(largest * scale, reason, **settings)
    doubts = []
    if len(found) < 3:
        doubts.append("fewer than three voltages: an offset of the instrument's current is not removed")
    if float(np.abs(voltage).max()) > 1.0:
        doubts.append("over 1 V the electrolyte may decompose")
    if scale is None:
        return question.found(1.0 / slope, sigma / slope**2, doubts=doubts, **settings)
    return question.found(slope * scale, sigma * scale, doubts=doubts, **settings)


def ionic_conductivity(
    resistance: KnownResistance,
    *,
    thickness: float | tuple[float, float] | None,
    area: float | tuple[float, float] | None,
    record: Measurement | None = None,
) -> Result:
    """Return the conductivity of a pellet from its resistance and geometry.

    Args:
        resistance: of the electrolyte [Ohm]: a number, a (value, uncertainty) pair, or a Result.
        thickness: [m], or a (value, standard uncertainty) pair; None: unknown.
        area: of the pellet's cross-section [m2], or a pair; None: unknown.
        record: what it was measured on, for source and conditions.

    Returns:
        Result [S/m] with the parts of its uncertainty in the settings; refused without geometry or resistance, with
        what to give.

    Raises:
        RecordError: for a number that is no resistance.

    Formula: sigma = L/(A R). Source: definition.
    """
    question = Result(
        quantity="ionic conductivity",
        dimension="conductivity",
        method="sigma = L/(A R)",
        scope="none",
        settings={} if record is None else conditions_of(record),
    )
    if record is not None:
        question = replace(question, **provenance(record))
    elif isinstance(resistance, Result):
        question = replace(
            question, source=resistance.source, simulated=resistance.simulated, settings=dict(resistance.settings)
        )
    if isinstance(resistance, Result) and resistance.value is None:
        return question.refused(f"no resistance: {resistance.reason}")
    missing = [name for name, value in (("thickness", thickness), ("area", area)) if value is None]
    if missing or thickness is None or area is None:
        needs = " and ".join(missing)
        return question.refused(f"needs the pellet's {needs}: give --{' and --'.join(missing)}")
    length, section = (v if isinstance(v, tuple) else (v, 0.0) for v in (thickness, area))
    r = resistance_of(resistance, section[0])
    if min(length[0], section[0], r[0]) <= 0:
        raise RecordError("thickness, area and resistance must be above zero")
    value, sigma = propagated(
        lambda x, a, ohm: x / (a * ohm), (length[0], section[0], r[0]), (length[1], section[1], r[1])
    )
    doubts = []
    if isinstance(resistance, Result) and resistance.quality == "doubtful":
        doubts.append(f"resistance: {resistance.reason}")
    if not (length[1] and section[1]):
        doubts.append("geometry without its uncertainty")
    known = resistance.settings.get("parts", {}) if isinstance(resistance, Result) else {}
    parts = {"fit": value * r[1] / r[0]}
    if known.get("model choice") is not None and isinstance(resistance, Result) and resistance.value:
        parts = {name: value * known[name] / resistance.value for name in ("fit", "model choice")}
    parts["geometry"] = value * float(np.hypot(length[1] / length[0], section[1] / section[0]))
    return question.found(value, sigma, doubts=doubts, thickness=length[0], pellet_area=section[0], parts=parts)
