"""Whether, how and when a cell failed, with the witnesses and how sure they make it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from natrode.analysis.collapse import collapses, spectrum_series
from natrode.analysis.cycling import voltages
from natrode.analysis.drops import below_course, resistance_drop
from natrode.analysis.evidence import (
    ELECTROLYTE_ACTIVATION_ENERGY,
    Evidence,
    Trace,
    cut_short,
    noise_burst,
    ohmic_floor,
    polarisation_rise,
    trace_of,
)
from natrode.analysis.halves import HalfCycles, half_cycles
from natrode.analysis.impedance import electrolyte_resistance as electrolyte_from_spectrum
from natrode.analysis.reading import (
    KnownResistance,
    Record,
    area_of,
    conditions_of,
    interfaces_of,
    median,
    of_kind,
    provenance,
    resistance_of,
)
from natrode.analysis.result import Result, plain
from natrode.errors import RecordError, UnitError
from natrode.measurement import Experiment, Measurement
from natrode.units import read_quantity

FailureKind = Literal["none", "hard short", "soft short", "contact loss", "voltage limit", "unknown"]
Grade = Literal["none", "possible", "probable", "certain"]
Criterion = Literal["any", "short", "contact loss", "voltage limit", "overpotential"]

METHOD = (
    "independent witnesses: V below 0.95 i R_SE, falls of V/i over 5 % (or below its course since it became noisy, or "
    "of |Z| with its phase), collapse of the "
    "voltage at rest, noise that doubled, rise of V/i within "
    "a half cycle, half cycles cut short; one makes 'possible', two 'probable', three or two decisive ones "
    "'certain'; V/i brought to one temperature by 0.26 eV (3.4 %/K) where it was recorded, else 2-3 K allowed for"
)


@dataclass(frozen=True)
class FailureVerdict:
    """The verdict on one record."""

    kind: FailureKind
    grade: Grade
    evidence: tuple[Evidence, ...]
    onset: tuple[float, float] | None
    """Test time [s]: last moment without failure, first with it."""
    half_cycle: int | None
    """Index (in `half_cycles`) of the half cycle in which it failed."""
    recovered: bool | None
    """Whether V/i came back after a short began; None where there was none."""
    alternatives: tuple[str, ...]
    """What else could look like this."""
    margin: Result
    """Smallest V/i over the electrolyte's resistance, minus one: what keeps a short from being invisible."""
    summary: str
    settings: dict[str, Any]
    source: tuple[str, ...]
    undecided: tuple[Evidence, ...] = ()
    """Events that look like a short in voltage or resistance and are told from an activation by nothing."""
    method: str = METHOD

    @property
    def failed(self) -> bool:
        """Whether to count this cell as failed: at least probable, or polarised until the record stopped."""
        return self.grade in ("probable", "certain") or self.kind in ("contact loss", "voltage limit")

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain data (times in s)."""
        return {
            "kind": self.kind,
            "grade": self.grade,
            "summary": self.summary,
            "onset": plain(self.onset),
            "half_cycle": self.half_cycle,
            "recovered": self.recovered,
            "alternatives": list(self.alternatives),
            "evidence": [_plain_evidence(e) for e in self.evidence],
            "undecided": [_plain_evidence(e) for e in self.undecided],
            "margin": self.margin.to_json(),
            "settings": plain(self.settings),
            "source": list(self.source),
            "method": self.method,
        }


def _plain_evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "kind": evidence.kind,
        "points_to": evidence.points_to,
        "statement": evidence.statement,
        "numbers": plain(evidence.numbers),
        "onset": plain(evidence.onset),
        "decisive": evidence.decisive,
    }


def failure(
    record: Record,
    electrolyte_resistance: KnownResistance | None = None,
    *,
    voltage_limit: float | None = None,
    reference_temperature: float | None = None,
    activation_energy: float = ELECTROLYTE_ACTIVATION_ENERGY,
) -> FailureVerdict:
    """Judge from a voltage record whether a cell shorted, lost contact or ran into its voltage limit.

    Args:
        record: a cycling record, or an experiment; an experiment's first spectrum gives the electrolyte's
            resistance when none is given, and three spectra or more are searched for a collapse, too. Without any
            cycling record the spectra alone are judged.
        electrolyte_resistance: of the whole cell [Ohm], a (value, uncertainty) pair, or a Result.
        voltage_limit: of the protocol [V]; None: the first `voltage_limit` in the record's settings, if any.
        reference_temperature: [K] at which the electrolyte's resistance holds; None: the nominal temperature,
            else the first one recorded.
        activation_energy: [eV] by which V/i is brought to that temperature.

    Returns:
        FailureVerdict. A short needs two independent witnesses to be probable; an alternative is always
        named.

    Raises:
        RecordError: for a record of another kind, a resistance that is none, a cell with several cycling records (no
            common clock: judge each alone), or one with neither a cycling record nor three spectra on one clock.

    Source: detectors a, b, c and e of natrode model notes D, grading included; the thresholds are natrode's.
    """
    if isinstance(record, Experiment):
        count = len(record.of_kind("cycling"))
        if not count:
            return _of_spectra_alone(record)
        if count > 1:
            raise RecordError(f"{count} records of voltage without a common clock: judge each of them alone")
    cycling = of_kind(record, "cycling")
    electrolyte, note = _electrolyte(record, cycling, electrolyte_resistance)
    limit = voltage_limit if voltage_limit is not None else _limit_in(cycling.metadata.settings)
    asked = (electrolyte, note, limit, reference_temperature, activation_energy)
    if isinstance(record, Experiment):
        return _judged(cycling, *asked, record.of_kind("impedance"))
    return cycling.derived(_judged, *asked)


def _judged(
    cycling: Measurement,
    electrolyte: tuple[float, float] | None,
    note: str,
    limit: float | None,
    reference_temperature: float | None,
    activation_energy: float,
    spectra: Sequence[Measurement] = (),
) -> FailureVerdict:
    trace = trace_of(cycling, reference_temperature, activation_energy)
    settings = {
        **conditions_of(cycling),
        "electrolyte_resistance": None if electrolyte is None else electrolyte[0],
        "electrolyte_resistance_from": note,
        "temperature_compensated": trace.compensated,
        "activation_energy": activation_energy,
        "voltage_limit": limit,
    }
    margin = _margin(cycling, trace, electrolyte, note)
    if not len(trace.half) or not len(trace.owner):
        text = trace.half.summary
        return FailureVerdict(
            "unknown", "none", (), None, None, None, (), margin, text, settings, provenance(cycling)["source"]
        )
    shorts = _short_evidence(trace, electrolyte)
    polarised, kind = _polarisation_evidence(trace, settings["voltage_limit"])
    if trace.half.basis == "voltage":  # without a current a change of current looks like anything else
        shorts, polarised = [e for e in shorts if e.kind == "resistance drop"], []
    seen, undecided = _seen_in_spectra(spectra, trace)
    shorts, early = _joined(shorts, seen)
    return _verdict(cycling, trace, shorts, polarised, kind, margin, settings, (*undecided, *early))


def _of_spectra_alone(experiment: Experiment) -> FailureVerdict:
    """What a series of spectra says of a short where no voltage under current was recorded."""
    records = experiment.of_kind("impedance")
    series = [found for m in records if (found := spectrum_series(m)) is not None]
    if not series:
        count = sum(len(m.spectra()) for m in records)
        raise RecordError(
            f"a short is judged from a voltage under current, or from three spectra on one clock with three common "
            f"frequencies; this cell has {count} spectra and no such voltage"
        )
    answers = [collapses(one) for one in series]
    seen, undecided = [e for told, _ in answers for e in told], [e for _, open_ in answers for e in open_]
    grade = _grade(seen)
    first = records[0]
    margin = Result(
        quantity="margin of V/i above the electrolyte's resistance", dimension="fraction", method=METHOD, scope="cell",
        n_interfaces=interfaces_of(first), settings=conditions_of(first), **provenance(*records),
    ).refused("not checkable: no voltage under current was recorded")  # fmt: skip
    compensated = all(one.compensated for one in series)
    text = "no collapse of resistance and phase in the spectra; between them nothing was seen"
    if seen:
        text = f"soft short ({grade}): " + "; ".join(e.statement for e in seen)
    other = () if compensated or not seen else ("a change of temperature that was not recorded",)
    return FailureVerdict(
        kind="soft short" if seen else "none", grade=grade, evidence=tuple(seen), onset=_onset(seen), half_cycle=None,
        recovered=None, alternatives=other, margin=margin, summary=text,
        settings={**conditions_of(first), "temperature_compensated": compensated},
        source=provenance(*records)["source"], undecided=tuple(undecided),
    )  # fmt: skip


def _seen_in_spectra(records: Sequence[Measurement], trace: Trace) -> tuple[list[Evidence], list[Evidence]]:
    """Witnesses in an experiment's spectra, and what they cannot decide, each with its half cycle."""
    found: list[Evidence] = []
    undecided: list[Evidence] = []
    for impedance in records:
        series = spectrum_series(impedance)
        if series is not None:
            witnesses, open_questions = collapses(series)
            found, undecided = [*found, *witnesses], [*undecided, *open_questions]

    def placed(evidence: Evidence) -> Evidence:
        number = int(np.searchsorted(trace.half.start_time, evidence.onset[1], side="left")) - 1
        return replace(evidence, half_cycle=int(np.clip(number, 0, len(trace.half) - 1)))

    return [placed(e) for e in found], [placed(e) for e in undecided]


def _joined(voltage: list[Evidence], spectra: list[Evidence]) -> tuple[list[Evidence], list[Evidence]]:
    """Witnesses of one event: those of the spectra with those of the voltage that do not come well before them.

    A fall of V/i before two witnesses in the spectra is an event of its own, which the spectra after it do not confirm.
    """
    if len({e.kind for e in spectra}) < 2:
        return [*voltage, *spectra], []
    begin = min(e.onset[0] for e in spectra)
    early = [e for e in voltage if e.onset[1] < begin and e.kind in ("resistance drop", "lowest resistance")]
    return [e for e in (*voltage, *spectra) if e not in early], early


def _electrolyte(
    record: Record, cycling: Measurement, given: KnownResistance | None
) -> tuple[tuple[float, float] | None, str]:
    if given is not None:
        return resistance_of(given, area_of(cycling)), "given"
    if isinstance(record, Experiment) and record.of_kind("impedance"):
        first = record.of_kind("impedance")[0].spectra()[0]
        found = electrolyte_from_spectrum(first)
        if found.value is not None:
            return resistance_of(found, area_of(first)), "the cell's own first spectrum"
        return None, f"unknown: {found.reason}"
    return None, "unknown"


def _limit_in(settings: Any) -> float | None:
    """First `voltage_limit` in nested settings [V]: a number, or text with its unit; None without one."""
    if isinstance(settings, Mapping):
        if "voltage_limit" in settings:
            found = settings["voltage_limit"]
            if isinstance(found, (int, float)):
                return float(found)
            try:
                return read_quantity(found, "voltage")
            except UnitError:
                return None
        settings = list(settings.values())
    if isinstance(settings, (list, tuple)):
        nested = (item for item in settings if isinstance(item, (dict, list, tuple, Mapping)))
        return next((limit for item in nested if (limit := _limit_in(item)) is not None), None)
    return None


def _margin(cycling: Measurement, trace: Trace, electrolyte: tuple[float, float] | None, note: str) -> Result:
    question = Result(
        quantity="margin of V/i above the electrolyte's resistance",
        dimension="fraction",
        method="smallest median of V/i in a quarter of a half cycle, over R_SE, minus 1; detector a of the notes",
        scope="cell",
        n_interfaces=interfaces_of(cycling),
        settings={**conditions_of(cycling), "electrolyte_resistance_from": note},
        **provenance(cycling),
    )
    if electrolyte is None or electrolyte[0] <= 0:
        return question.refused("not checkable: the electrolyte's resistance is unknown")
    if trace.half.basis == "voltage":
        return question.refused("not checkable: the record has no current")
    if not np.isfinite(trace.level).any():
        return question.refused(trace.half.summary)
    lowest = float(np.nanmin(trace.level))
    doubts = [] if trace.compensated else ["temperature was not recorded: 3.4 % per kelvin"]
    return question.found(lowest / electrolyte[0] - 1.0, lowest * electrolyte[1] / electrolyte[0] ** 2, doubts=doubts)


def _short_evidence(trace: Trace, electrolyte: tuple[float, float] | None) -> list[Evidence]:
    floor = ohmic_floor(trace, electrolyte) if electrolyte is not None else None
    found = [floor] if floor is not None else []
    for evidence in resistance_drop(trace, electrolyte):
        found.append(evidence)
        collapsed = evidence.numbers.get("samples", 0.0) >= 1 and electrolyte is not None
        if collapsed and floor is None and electrolyte is not None and trace.half.basis == "current":
            fraction = evidence.numbers["after"] / electrolyte[0]
            text = f"V/i is {fraction:.2f} of the electrolyte's own resistance at the end of the record"
            numbers = {"fraction_of_electrolyte": fraction, "electrolyte_resistance": electrolyte[0]}
            found.append(
                Evidence(
                    "ohmic floor",
                    "short",
                    text,
                    numbers,
                    evidence.onset,
                    evidence.half_cycle,
                    evidence.decisive,
                )
            )
    noise = noise_burst(trace)
    if noise is None:
        return found
    if not any(e.kind == "resistance drop" for e in found):
        bent = below_course(trace, noise.half_cycle)
        found += [bent] if bent is not None else []
    return [*found, noise]


def _polarisation_evidence(trace: Trace, limit: float | None) -> tuple[list[Evidence], FailureKind]:
    """Witnesses of a cell that could not go on because its polarisation ran away, and what to call it."""
    half = trace.half
    ratio, risen = polarisation_rise(trace)
    short = cut_short(half)
    final = half.voltage_end / (np.abs(half.current) if half.basis == "current" else 1.0)
    highest = np.maximum.accumulate(final)
    beyond = np.concatenate([[True], final[1:] > 1.02 * highest[:-1]])
    stopped, went_on = np.zeros(len(half), dtype=bool), np.ones(len(half), dtype=bool)
    stopped[-1], went_on[-1] = ratio[-1] >= 3.0, False
    lost = np.flatnonzero(risen & beyond & (short | stopped))
    grown = np.flatnonzero(short & beyond & went_on & (final > 2.0 * final[0]))
    at_limit = np.flatnonzero(half.voltage_peak >= 0.99 * limit) if limit is not None else grown[:0]
    where = [int(found[0]) for found in (lost, grown, at_limit) if found.size]
    if not where:
        return [], "none"
    j = min(where)
    kind: FailureKind = "contact loss" if risen[j] else "voltage limit"
    end = int(np.searchsorted(trace.owner, j, side="right")) - 1
    span = float(trace.time[max(end - 1, 0)]), float(trace.time[end])
    evidence = []
    if risen[j]:
        statement = f"V/i rose {ratio[j]:.3g}-fold within half cycle {j + 1}, to its end"
        evidence.append(
            Evidence(
                "polarisation rise",
                "polarisation",
                statement,
                {"ratio": float(ratio[j])},
                span,
                j,
                bool(ratio[j] >= 3),
            )
        )
    elif final[j] > 1.5 * final[0] > 0:
        growth = float(final[j] / final[0])
        statement = f"V/i at the end of a half cycle grew {growth:.3g}-fold since the first"
        evidence.append(Evidence("polarisation rise", "polarisation", statement, {"ratio": growth}, span, j))
    if short[j]:
        part = float(half.duration[j] / median(half.duration[max(0, j - 6) : j]))
        statement = f"half cycle {j + 1} ended after {part:.0%} of the time of those before"
        evidence.append(Evidence("half cycle cut short", "polarisation", statement, {"part": part}, span, j))
    elif 0 < j == len(half) - 1 and final[j] > 2.0 * highest[j - 1] > 0:
        more = float(final[j] / highest[j - 1])
        statement = f"the record ends at {more:.3g} times the highest V/i at the end of any half cycle before"
        evidence.append(Evidence("record ends", "polarisation", statement, {"ratio": more}, span, j))
    if at_limit.size and j in at_limit and limit is not None:
        statement = f"the voltage reached the limit of {limit:g} V"
        evidence.append(Evidence("voltage limit", "polarisation", statement, {"limit": float(limit)}, span, j))
    return evidence, kind


_CLASS = {"impedance": "resistance drop"}


def _grade(evidence: list[Evidence]) -> Grade:
    # V/i and |Z| fall for the same reason: one class of evidence
    classes = {_CLASS.get(e.kind, e.kind) for e in evidence if not e.from_start} or {e.kind for e in evidence}
    decisive = {e.kind for e in evidence if e.decisive and not e.from_start}
    if len(classes) >= 3 or (len(classes) == 2 and len(decisive) == 2):
        return "certain"
    return ("none", "possible", "probable")[len(classes)]


def _verdict(
    cycling: Measurement,
    trace: Trace,
    shorts: list[Evidence],
    polarised: list[Evidence],
    polarised_kind: FailureKind,
    margin: Result,
    settings: dict[str, Any],
    undecided: tuple[Evidence, ...],
) -> FailureVerdict:
    short_grade, polarised_grade = _grade(shorts), _grade(polarised)
    # the earlier failure names the verdict; a short that is only possible never hides a polarisation failure
    short_first = bool(shorts) and (
        not polarised
        or (
            short_grade in ("probable", "certain")
            and min(e.half_cycle for e in shorts) <= min(e.half_cycle for e in polarised)
        )
    )
    chosen = shorts if short_first else polarised
    kind: FailureKind = _short_kind(shorts) if short_first else polarised_kind
    grade = short_grade if short_first else polarised_grade
    if kind == "contact loss" and grade == "certain":
        grade = "probable"  # the voltage alone cannot tell it from exhausted sodium
    everything = (*chosen, *(e for e in (*shorts, *polarised) if e not in chosen))
    if not chosen and trace.half.basis == "voltage":
        kind, text = "unknown", "no sign of failure, but without a current a short looks like a rest"
    elif not chosen:
        text = "no sign of failure in the record"
        if margin.value is None:
            text += f"; margin to the electrolyte's ohmic drop {margin.reason}"
        else:
            text += f"; V/i stays {margin.value:.0%} above the electrolyte's resistance"
    else:
        text = f"{kind} ({grade}): " + "; ".join(e.statement for e in chosen)
    comparable = [e for e in chosen if not e.from_start] or chosen
    onset = _onset(comparable)
    return FailureVerdict(
        kind=kind,
        grade=grade,
        evidence=everything,
        onset=onset,
        half_cycle=min((e.half_cycle for e in [d for d in comparable if d.decisive] or comparable), default=None),
        recovered=_recovered(trace, onset) if short_first else None,
        alternatives=_alternatives(kind, trace, shorts),
        margin=margin,
        summary=text,
        settings=settings,
        source=provenance(cycling)["source"],
        undecided=undecided,
    )


def _short_kind(shorts: list[Evidence]) -> FailureKind:
    """Hard: V/i collapsed, at once and for good; anything slower, smaller or passing is soft."""
    for drop in (e.numbers for e in shorts if e.kind == "resistance drop"):
        if drop.get("at_once", 1.0) < 0.6 and drop["share_of_time"] > 0.8:
            return "hard short"
    return "soft short"


def _onset(evidence: list[Evidence]) -> tuple[float, float] | None:
    """From the last moment before to the first with any witness but noise, which says little about when."""
    evidence = [e for e in evidence if e.kind != "noise"] or evidence
    if not evidence:
        return None
    end = min(e.onset[1] for e in evidence)
    return min(max(e.onset[0] for e in evidence if e.onset[0] <= end), end), end


def _recovered(trace: Trace, onset: tuple[float, float] | None) -> bool | None:
    """Whether V/i at the end of the record is back within 10 % of what it was just before the onset."""
    if onset is None:
        return None
    before = trace.resistance[trace.time <= onset[0]][-20:]
    late = trace.resistance[trace.time >= trace.time[-1] - 0.1 * (trace.time[-1] - onset[1])]
    return bool(median(late) > 0.9 * median(before)) if before.size and late.size else None


def _alternatives(kind: FailureKind, trace: Trace, shorts: list[Evidence]) -> tuple[str, ...]:
    if kind in ("hard short", "soft short"):
        names = []
        kinds = {e.kind for e in shorts}
        if kinds == {"resistance drop"}:
            names.append("activation or contact that formed anew, not decidable from the voltage alone")
        if any("below_course" in e.numbers for e in shorts):
            names.append("growth of the resistance that ended by itself")
        if "ohmic floor" in kinds and any(e.from_start for e in shorts):
            names.append("the electrolyte's resistance that was given is too large")
        if trace.half.basis == "voltage" and "rest potential" not in kinds:
            names.append("a change of the current, which was not recorded")
        if not trace.compensated:
            names.append("a change of temperature that was not recorded")
        if "noise" in kinds:
            names.append("a loose lead")
        return tuple(names)
    if kind == "contact loss":
        return ("the sodium on the stripped side is exhausted", "growth of an interphase", "a loose lead")
    if kind == "voltage limit":
        return ("growth of an interphase", "loss of contact over many cycles", "drying or a loose lead")
    return ()


def life(
    record: Record,
    criterion: Criterion = "any",
    *,
    threshold: float | None = None,
    electrolyte_resistance: KnownResistance | None = None,
    voltage_limit: float | None = None,
) -> Result:
    """Return the time under test, from the first current on, until a cell failed.

    Args:
        record: a cycling record, or an experiment.
        criterion: any failure, a short, contact loss, a voltage limit, or "overpotential" over `threshold`.
        threshold: mean voltage of a half cycle [V] for the criterion "overpotential".
        electrolyte_resistance: as in `failure`.
        voltage_limit: as in `failure` [V].

    Returns:
        Result [s]; the interval is [last moment without failure, first with it]; a lower limit when the cell
        had not failed at the end of the record, or had failed in another way before (right-censored).

    Raises:
        RecordError: for a record of another kind, or the criterion "overpotential" without threshold.
    """
    if criterion == "overpotential" and threshold is None:
        raise RecordError("the criterion 'overpotential' needs a threshold in volts")
    cycling = of_kind(record, "cycling")
    half = half_cycles(cycling)
    question = Result(
        quantity="life" if criterion == "any" else f"life to {criterion}",
        dimension="time",
        method="test time from the first current to the failure that `failure` finds; right-censored without one",
        scope="cell",
        settings={
            **conditions_of(cycling),
            "criterion": criterion,
            "threshold": threshold,
            "first_current": float(half.start_time[0]) if len(half) else None,
        },
        **provenance(cycling),
    )
    if not len(half):
        return question.refused(half.summary)
    begin, end = float(half.start_time[0]), float(half.end_time[-1])
    if criterion == "overpotential" and threshold is not None:
        return _life_to_overpotential(question, half, threshold, begin, end)
    verdict = failure(record, electrolyte_resistance, voltage_limit=voltage_limit)
    wanted = {
        "any": True,
        "short": verdict.kind in ("hard short", "soft short"),
        "contact loss": verdict.kind == "contact loss",
        "voltage limit": verdict.kind == "voltage limit",
    }[criterion]
    if not verdict.failed or verdict.onset is None:
        text = f"still running at the end of the record; {verdict.summary}"
        return question.at_least(end - begin, text, verdict=verdict.kind, grade=verdict.grade)
    low, high = (moment - begin for moment in verdict.onset)
    doubts = [] if verdict.grade in ("probable", "certain") else [f"the failure is only {verdict.grade}"]
    if not wanted:
        text = f"censored by another failure: {verdict.summary}"
        return question.at_least(low, text, verdict=verdict.kind, grade=verdict.grade)
    return question.found(
        0.5 * (low + high),
        (high - low) / np.sqrt(12.0),
        interval=(low, high),
        doubts=doubts,
        verdict=verdict.kind,
        grade=verdict.grade,
        half_cycle=verdict.half_cycle,
        cycle=None if verdict.half_cycle is None else int(half.cycle[verdict.half_cycle]),
    )


def _life_to_overpotential(question: Result, half: HalfCycles, threshold: float, begin: float, end: float) -> Result:
    above = np.flatnonzero(voltages(half, "mean") >= threshold)
    if not above.size:
        return question.at_least(end - begin, f"the mean voltage stayed below {threshold:g} V to the end")
    j = int(above[0])
    low = float(half.end_time[j - 1]) - begin if j else 0.0
    high = float(half.end_time[j]) - begin
    return question.found(
        0.5 * (low + high),
        (high - low) / np.sqrt(12.0),
        interval=(low, high),
        half_cycle=j,
        cycle=int(half.cycle[j]),
    )
