"""Signs of a short in a series of spectra: resistance and phase fall together, the voltage of rest collapses.

A fall of the resistance alone is no witness: a contact that activates looks the same.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from natrode.analysis.evidence import ELECTROLYTE_ACTIVATION_ENERGY, Evidence
from natrode.analysis.reading import ZERO_CELSIUS, Array
from natrode.analysis.spectrum import real_axis_intercepts
from natrode.measurement import Column, Measurement
from natrode.physics.transport import arrhenius_conductivity

RESISTANCE_FALL = 0.10
"""Fall of the low-frequency |Z| that counts, once temperature is accounted for: 3 K at 3.4 %/K."""
PHASE_FALL = 0.25
"""Fall of the phase (median over the frequencies) that goes with a conducting path in parallel."""
INTERCEPT_FALL = 0.05
"""Fall of the high-frequency intercept that counts at one temperature."""
UNMEASURED = 0.07
"""Allowed for on top of it where no temperature was recorded: 2 K."""
REST_FALL = 0.5
"""Fall of the voltage at rest that counts as collapse."""
LEAST_REST = 2e-3
"""[V]: a voltage at rest below it says nothing."""
BEFORE = 5
"""Spectra before that are compared with (their median)."""


@dataclass(frozen=True)
class SpectrumSeries:
    """What the detectors read of a series of spectra, one entry per spectrum."""

    time: Array
    """Mean test time [s]."""
    magnitude: Array
    """|Z| at the lowest common frequency [Ohm], at the first spectrum's temperature where it was recorded."""
    phase: Array
    """Size of the phase [rad], shape (spectra, common frequencies)."""
    intercept: Array
    """High-frequency intercept [Ohm], at that temperature, too; NaN where the spectrum does not reach it."""
    intercept_sigma: Array
    compensated: bool
    """Whether temperatures were recorded and their effect removed."""
    rest: Array
    """Voltage at rest [V]; NaN where direct current flowed or no voltage was recorded."""


def spectrum_series(impedance: Measurement) -> SpectrumSeries | None:
    """Read a series of spectra; None below three spectra with common frequencies, or without time.

    A spectrum over other frequencies than most (a first, finer one) is left out.

    Args:
        impedance: an impedance record.
    """
    spectra = impedance.spectra()
    if len(spectra) < 3 or Column.TIME not in impedance:
        return None
    spectra, common = _alike(spectra)
    if len(spectra) < 3 or len(common) < 3:
        return None
    frequencies = [np.round(s.array(Column.FREQUENCY), 6) for s in spectra]
    time, magnitude, phase, rest, intercept, sigma = [], [], [], [], [], []
    for spectrum, frequency in zip(spectra, frequencies, strict=True):
        order = [int(np.flatnonzero(frequency == f)[0]) for f in common]
        z = spectrum.impedance[order]
        factor = 1.0
        if Column.TEMPERATURE in spectrum:
            kelvin = float(np.nanmean(spectrum.array(Column.TEMPERATURE))) + ZERO_CELSIUS
            first = float(np.nanmean(spectra[0].array(Column.TEMPERATURE))) + ZERO_CELSIUS
            if np.isfinite(kelvin) and np.isfinite(first):
                factor = float(arrhenius_conductivity(kelvin, 1.0, first, ELECTROLYTE_ACTIVATION_ENERGY))
        time.append(float(np.nanmean(spectrum.array(Column.TIME))))
        magnitude.append(float(np.abs(z[0])) * factor)
        phase.append(np.abs(np.angle(z)))
        high = real_axis_intercepts(spectrum).high
        intercept.append(float("nan") if high.quality != "good" or high.value is None else high.value * factor)
        sigma.append((high.uncertainty or 0.0) * factor)
        rest.append(_at_rest(spectrum, float(np.abs(z[0]))))
    if not np.isfinite(time).all() or not np.isfinite(magnitude).all():
        return None
    return SpectrumSeries(
        np.array(time),
        np.array(magnitude),
        np.array(phase),
        np.array(intercept),
        np.array(sigma),
        Column.TEMPERATURE in impedance,
        np.array(rest),
    )


def _alike(spectra: list[Measurement]) -> tuple[list[Measurement], Array]:
    """The spectra that share most of the frequencies that most of them have, and those that all of these share."""
    grids = [frozenset(np.round(s.array(Column.FREQUENCY), 6).tolist()) for s in spectra]
    usual = Counter(grids).most_common(1)[0][0]
    kept = [k for k, grid in enumerate(grids) if len(grid & usual) >= max(3, len(usual) / 2)]
    common = frozenset.intersection(*(grids[k] for k in kept)) if kept else frozenset()
    return [spectra[k] for k in kept], np.array(sorted(common))


def _at_rest(spectrum: Measurement, resistance: float) -> float:
    if Column.VOLTAGE not in spectrum:
        return float("nan")
    voltage = float(np.nanmean(spectrum.array(Column.VOLTAGE)))
    if Column.DC_CURRENT in spectrum:
        drop = abs(float(np.nanmean(spectrum.array(Column.DC_CURRENT)))) * resistance
        if drop > 0.05 * abs(voltage):
            return float("nan")
    return voltage


def collapses(series: SpectrumSeries) -> tuple[list[Evidence], list[Evidence]]:
    """Find the first collapse of resistance and phase, that of the voltage at rest, and falls that prove nothing.

    Args:
        series: of an experiment.

    Returns:
        Witnesses of a short (kinds "impedance" and "rest potential"), and falls of the resistance without a fall of
        the phase or of the voltage at rest: activation or short, not decidable.
    """
    size = np.log(series.magnitude)
    steps = np.diff(size)
    scatter = 1.4826 * float(np.median(np.abs(steps - np.median(steps))))
    limit = max(-np.log1p(-RESISTANCE_FALL), 3.0 * scatter)
    found: list[Evidence] = []
    undecided: list[Evidence] = []
    for k in range(1, len(size)):
        before = slice(max(0, k - BEFORE), k)
        fall = float(np.median(size[before]) - size[k])
        sudden = -float(steps[k - 1]) > 0.5 * limit
        if fall < limit or not sudden:
            continue
        when = float(series.time[k - 1]), float(series.time[k])
        phase = _ratio(series.phase[k], np.median(series.phase[before], axis=0))
        rest_before, rest = float(np.median(series.rest[before])), float(series.rest[k])
        told = abs(rest_before) > LEAST_REST and np.isfinite(rest)
        rest_left = abs(rest / rest_before) if told else float("nan")
        share = 1.0 - float(np.exp(-fall))
        hours = f"between {when[0] / 3600:.4g} and {when[1] / 3600:.4g} h"
        numbers = {"fall": share, "phase_ratio": phase, "rest_ratio": rest_left, "spectrum": float(k)}
        numbers = {name: value for name, value in numbers.items() if np.isfinite(value)}
        intercept_fall, certain = _intercept_fall(series, k)
        if np.isfinite(intercept_fall):
            numbers["intercept_fall"] = intercept_fall
        # an activating contact leaves the electrolyte's intercept where it was; where it is not seen, the phase speaks
        collapsed = certain if np.isfinite(intercept_fall) else phase < 1.0 - PHASE_FALL
        at_rest = told and rest_left < 1.0 - REST_FALL
        if collapsed:
            what = f"phase by {1 - phase:.0%}"
            if np.isfinite(intercept_fall):
                what = f"high-frequency intercept by {intercept_fall:.0%}"
            text = f"|Z| fell by {share:.0%} and its {what} {hours}"
            found.append(Evidence("impedance", "short", text, numbers, when, -1))
        if at_rest:
            text = f"the voltage at rest fell from {1e3 * rest_before:.3g} to {1e3 * rest:.3g} mV {hours}"
            found.append(Evidence("rest potential", "short", text, numbers, when, -1))
        if found:
            break
        kept = "its phase stayed" if phase > 0.9 else f"its phase fell by {1 - phase:.0%} only"
        if np.isfinite(intercept_fall):
            kept = "its high-frequency intercept stayed"
        if told:
            kept += f" and the voltage at rest kept {rest_left:.0%}"
        text = f"|Z| fell by {share:.0%} {hours}, but {kept}: activation or short, not decidable"
        undecided.append(Evidence("impedance", "short", text, numbers, when, -1))
    return found, undecided


def _intercept_fall(series: SpectrumSeries, k: int) -> tuple[float, bool]:
    """Relative fall of the high-frequency intercept below that of the spectra before, and whether it is sure."""
    before = series.intercept[max(0, k - BEFORE) : k]
    known = before[np.isfinite(before)]
    if not known.size or not np.isfinite(series.intercept[k]):
        return float("nan"), False
    level = float(np.median(known))
    sigma = float(np.hypot(np.median(series.intercept_sigma[:k]), series.intercept_sigma[k]))
    fall = level - float(series.intercept[k])
    limit = INTERCEPT_FALL + (0.0 if series.compensated else UNMEASURED)
    return fall / level, bool(fall > max(limit * level, 4.0 * sigma))


def _ratio(after: Array, before: Array) -> float:
    """Median ratio of the phases over the frequencies where there was one before."""
    use = before > 5e-3
    return float(np.median(after[use] / before[use])) if use.any() else 1.0
