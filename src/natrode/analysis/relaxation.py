"""How the voltage of a cell comes to rest after the current has stopped."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from natrode.analysis.ohmic import interrupts
from natrode.analysis.reading import (
    Array,
    Record,
    conditions_of,
    interfaces_of,
    of_kind,
    provenance,
)
from natrode.analysis.result import Result
from natrode.measurement import Column, Measurement

FEWEST_SAMPLES = 12
MOSTLY = 0.5
"""Part of a relaxation beyond the end of the rest from which on the voltage of rest is a limit."""
EXTRAPOLATED = 0.3
"""Standard uncertainty of what is extrapolated, as a part of it."""
MODELS = {
    "exponential": "one time constant: charging of a double layer, or diffusion in a finite layer",
    "root of time": "1/sqrt(t) at long times: semi-infinite diffusion of vacancies or ions",
    "stretched exponential": "a distribution of time constants",
}


@dataclass(frozen=True)
class Relaxation:
    """Relaxation after one period of current."""

    immediate: Result
    """Change of voltage at the first sample [V]: everything faster than the delay."""
    slow: Result
    """What relaxes afterwards [V], up to the end of the rest."""
    half_time: Result
    """Time until half of the slow part has gone [s]."""
    rest_voltage: Result
    """Voltage at the end of the rest [V], or where the fitted law goes."""
    law: str | None
    """The simplest law within 6 of the lowest information criterion; None where two are as simple and as good."""
    ranking: tuple[tuple[str, float], ...]
    """Laws with their Bayesian information criterion, less that of the best."""

    @property
    def results(self) -> tuple[Result, ...]:
        """All numbers."""
        return self.immediate, self.slow, self.half_time, self.rest_voltage

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "results": [r.to_json() for r in self.results],
            "law": self.law,
            "ranking": [{"law": name, "bic_above_best": value} for name, value in self.ranking],
        }


def relaxation_after_current(record: Record, which: int = -1) -> Relaxation:
    """Follow the voltage of a rest after current, as after the stripping of an electrode.

    Args:
        record: a cycling record, or an experiment.
        which: number of the rest among those that follow a current (negative: from the end).

    Returns:
        Relaxation: the immediate drop, what relaxes slowly, its half time, the voltage of rest, and the law that
        describes it best of an exponential, 1/sqrt(t) and a stretched exponential. Refused below twelve samples,
        when nothing slow remains above the noise, or when the rest ends before half of a law's change.

    Raises:
        RecordError: for another kind of record.

    Formula: V = V_inf + A exp(-t/tau); V = V_inf + A [sqrt(1 + t/tau) - sqrt(t/tau)] (decay after a long constant
    flux, ~ 1/sqrt(t)); V = V_inf + A exp(-(t/tau)^b). Bayesian information criterion n ln(s^2) + k ln n with n the
    number of samples. Source: Crank, The Mathematics of Diffusion (1975), chapter 3; Schwarz, Ann. Stat. 6 (1978) 461.
    """
    cycling = of_kind(record, "cycling")
    question = Result(
        quantity="relaxation",
        dimension="voltage",
        method="voltage of the rest after the current; laws ranked by the Bayesian information criterion",
        scope="cell",
        n_interfaces=interfaces_of(cycling),
        settings={**conditions_of(cycling), "which": which},
        **provenance(cycling),
    )
    asked = {
        "immediate": replace(question, quantity="immediate change of voltage at the interrupt"),
        "slow": replace(question, quantity="slow relaxation of the voltage"),
        "half_time": replace(question, quantity="half time of the slow relaxation", dimension="time"),
        "rest_voltage": replace(question, quantity="voltage at rest"),
    }

    def none(reason: str, **known: Result) -> Relaxation:
        return Relaxation(**{n: known.get(n, q.refused(reason)) for n, q in asked.items()}, law=None, ranking=())

    found = _rest(cycling, which)
    if isinstance(found, str):
        return none(found)
    delay, time, voltage, before = found
    noise = _noise(voltage)
    immediate = asked["immediate"].found(before - float(voltage[0]), float(np.hypot(noise, noise)), delay=delay)
    if len(time) < FEWEST_SAMPLES:
        return none(f"{len(time)} samples at rest: {FEWEST_SAMPLES} are needed", immediate=immediate)
    change = float(np.mean(voltage[:2]) - np.mean(voltage[-max(3, len(voltage) // 20) :]))
    if abs(change) < max(5.0 * noise, 1e-9):
        reason = f"nothing slow above the noise ({1e3 * noise:.2g} mV)"
        rest = asked["rest_voltage"].found(float(np.mean(voltage)), noise / np.sqrt(len(voltage)))
        slow = asked["slow"].at_most(5.0 * noise + abs(change), reason)
        return none(reason, immediate=immediate, slow=slow, rest_voltage=rest)
    fits = {name: _fit(name, time, voltage) for name in MODELS}
    ranked = sorted(((name, fit[0]) for name, fit in fits.items() if fit is not None), key=lambda pair: pair[1])
    slow = asked["slow"].found(change, np.sqrt(2.0) * noise, duration=float(time[-1] - time[0]))
    if not ranked:
        return none("no law could be fitted", immediate=immediate, slow=slow)
    best = ranked[0][0]
    ends = [fits[name][1] for name, bic in ranked if bic < ranked[0][1] + 10.0 and fits[name] is not None]  # type: ignore[index]
    final = float(fits[best][1])  # type: ignore[index]
    spread = float(np.ptp(ends)) / np.sqrt(12.0)
    remaining = abs(float(voltage[-1]) - final) / max(abs(float(voltage[0]) - final), 1e-30)
    beyond = f"{remaining:.0%} of the relaxation lies beyond the end of the rest"
    error = float(np.hypot(spread, noise / np.sqrt(len(time))))
    last = float(voltage[-1])
    if remaining > MOSTLY:
        text = f"{beyond}: it was still {'rising' if final > last else 'falling'}"
        question = asked["rest_voltage"]
        rest = question.at_least(last, text) if final > last else question.at_most(last, text, lowest=None)
    elif remaining > 0.1:
        error = float(np.hypot(error, EXTRAPOLATED * abs(final - last)))
        rest = asked["rest_voltage"].found(final, error, doubts=[f"{beyond}: extrapolated"])
    else:
        rest = asked["rest_voltage"].found(final, error)
    if remaining > MOSTLY:
        half_time = asked["half_time"].at_least(
            float(time[-1]), "the rest ends before half of the relaxation", law=best
        )
    else:
        half_time = _half_time(asked["half_time"], time, voltage, final, noise, best)
    ranking = tuple((name, bic - ranked[0][1]) for name, bic in ranked)
    return Relaxation(immediate, slow, half_time, rest, _simplest(ranking), ranking)


def _simplest(ranking: tuple[tuple[str, float], ...]) -> str | None:
    """The law within 6 of the best that has fewest parameters; None where two of them have as few."""
    near = [name for name, bic in ranking if bic < 6.0]
    plain = [name for name in near if name != "stretched exponential"]
    if not plain:
        return near[0]
    return plain[0] if len(plain) == 1 else None


def _rest(cycling: Measurement, which: int) -> tuple[float, Array, Array, float] | str:
    """Delay, times since the interrupt, voltages of one rest, and the voltage before; or why there is none."""
    if Column.CURRENT not in cycling:
        return "the record has no current"
    time, voltage, current = (cycling.array(c) for c in (Column.TIME, Column.VOLTAGE, Column.CURRENT))
    valid = np.isfinite(time) & np.isfinite(voltage) & np.isfinite(current)
    time, voltage, current = time[valid], voltage[valid], current[valid]
    at = interrupts(cycling, current)
    quiet = np.abs(current) <= 0.01 * np.abs(current).max(initial=0.0)
    at = np.array([k for k in at if quiet[k + 1]], dtype=np.intp)
    if not at.size:
        return "no rest follows a current in this record"
    if not -len(at) <= which < len(at):
        return f"the record has {len(at)} rests after a current, no number {which}"
    k = int(at[which])
    active = np.flatnonzero(~quiet[k + 1 :])
    end = k + 1 + int(active[0]) if active.size else len(time)
    since = time[k + 1 : end] - time[k]
    later = since > 0  # some cyclers write the last sample of a step and the first of the next at one time
    if not later.any():
        return "the rest has no sample after the interrupt"
    return float(since[later][0]), since[later], voltage[k + 1 : end][later], float(voltage[k])


def _noise(voltage: Array) -> float:
    """Scatter from third differences, and at least what the steps of the instrument's numbers leave."""
    if len(voltage) < 6:
        return 0.0
    third = np.diff(voltage[len(voltage) // 3 :], 3)
    scatter = float(1.4826 * np.median(np.abs(third)) / np.sqrt(20.0)) if len(third) else 0.0
    steps = np.abs(np.diff(voltage))
    steps = steps[steps > 1e-12 * np.abs(voltage).max()]
    return max(scatter, float(steps.min()) / np.sqrt(12.0)) if steps.size else scatter


def _shape(name: str, time: Array, tau: float, b: float) -> Array:
    x = time / tau
    if name == "exponential":
        return np.asarray(np.exp(-x))
    if name == "root of time":
        return np.asarray(1.0 / (np.sqrt(1.0 + x) + np.sqrt(x)))
    return np.asarray(np.exp(-(x**b)))


def _fit(name: str, time: Array, voltage: Array) -> tuple[float, float] | None:
    """Bayesian information criterion and final voltage of one law; the linear parameters are eliminated."""
    from scipy.optimize import minimize

    weight = np.sqrt(np.gradient(np.log(time)))  # samples spread evenly over log t, however they were taken
    span = np.log(time[0]), np.log(time[-1])

    def linear(parameters: Array) -> tuple[float, Array]:
        b = float(np.clip(parameters[1], 0.15, 1.0)) if name == "stretched exponential" else 1.0
        column = _shape(name, time, float(np.exp(np.clip(parameters[0], span[0] - 3.0, span[1] + 2.0))), b)
        design = np.column_stack([np.ones_like(column), column])
        solution = np.linalg.lstsq(design * weight[:, None], voltage * weight, rcond=None)[0]
        residual = (voltage - design @ solution) * weight
        return float(residual @ residual / (weight @ weight)), solution

    scale = max(float(np.var(voltage)), 1e-30)
    starts = [np.array([t, 0.5]) for t in np.linspace(span[0], span[1], 5)]
    if name != "stretched exponential":
        starts = [s[:1] for s in starts]
    answers = [
        minimize(lambda p: linear(p)[0] / scale, s, method="Nelder-Mead", tol=1e-8)  # type: ignore[call-overload]
        for s in starts
    ]
    best = min(answers, key=lambda a: float(a.fun))
    variance, solution = linear(best.x)
    n = len(time)
    parameters = 4 if name == "stretched exponential" else 3
    floor = (1e-9 * max(float(np.ptp(voltage)), 1e-12)) ** 2
    return n * float(np.log(max(variance, floor))) + parameters * float(np.log(n)), float(solution[0])


def _half_time(question: Result, time: Array, voltage: Array, final: float, noise: float, law: str) -> Result:
    half = 0.5 * (float(voltage[0]) + final)
    falling = voltage[0] > final
    passed = np.flatnonzero(voltage <= half if falling else voltage >= half)
    if not passed.size or passed[0] == 0:
        return question.at_most(float(time[1]), "half of it is gone within two samples", law=law)
    k = int(passed[0])
    slope = float((voltage[k] - voltage[k - 1]) / (time[k] - time[k - 1]))
    value = float(time[k - 1] + (half - voltage[k - 1]) / slope)
    return question.found(value, float(noise / abs(slope)), law=law)
