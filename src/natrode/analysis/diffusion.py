"""Diffusion from the low-frequency line of a spectrum: Warburg coefficient and diffusion coefficient."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.analysis.fitting import propagated
from natrode.analysis.reading import Array, area_of, conditions_of, interfaces_of, provenance, temperature_of
from natrode.analysis.result import Result
from natrode.analysis.spectrum import relative_noise, sorted_spectrum
from natrode.errors import RecordError
from natrode.measurement import Measurement
from natrode.physics.transport import warburg_diffusivity

FEWEST_POINTS = 5
SLOPE = 0.15
"""Deviation of d(-Im Z)/d(Re Z) from 1 up to which a line counts as one of 45 degrees."""

Known = float | tuple[float, float] | Result
"""A number in SI, a (value, standard uncertainty) pair, or another analysis' result."""


def warburg_coefficient(spectrum: Measurement) -> Result:
    """Return the Warburg coefficient from the 45 degree line at the low-frequency end of a spectrum.

    Args:
        spectrum: an impedance record with one spectrum.

    Returns:
        Result [Ohm s^-1/2], whole cell. Refused when no five points at low frequency lie on a line of 45 degrees
        (slope within 15 %, residuals within the noise); doubtful when they span less than half a decade or the line
        ends before the lowest frequency. The uncertainty takes in the choice of the window.

    Raises:
        RecordError: for another kind of record or several spectra.

    Formula: Re Z = a + s w^-1/2 and -Im Z = b + s w^-1/2, one s by least squares of both; the longest run of points
    from the low-frequency end whose residuals stay within 3 sigma. Source: Warburg 1899; Bard & Faulkner,
    Electrochemical Methods, section 10.3.
    """
    frequency, z = sorted_spectrum(spectrum)
    question = Result(
        quantity="Warburg coefficient",
        dimension="Warburg coefficient",
        method="common slope of Re Z and -Im Z against w^-1/2 along the low-frequency line of 45 degrees",
        scope="cell",
        n_interfaces=interfaces_of(spectrum),
        area_normalised=False,
        settings=conditions_of(spectrum),
        **provenance(spectrum),
    )
    frequency, z = frequency[::-1], z[::-1]  # from the low end
    if len(z) < FEWEST_POINTS:
        return question.refused(f"a spectrum of {len(z)} points: {FEWEST_POINTS} on the line are needed")
    sigma = max(relative_noise(z[::-1]), 1e-4) * np.abs(z)
    root = 1.0 / np.sqrt(2.0 * np.pi * frequency)
    lines = {n: _line(root[:n], z[:n], sigma[:n]) for n in range(FEWEST_POINTS, len(z) + 1)}
    good = [n for n, line in lines.items() if line[3] < 3.0 and abs(line[2] - 1.0) < SLOPE and line[0] > 0]
    if not good:
        slope = lines[FEWEST_POINTS][2]
        text = f"no line of 45 degrees at low frequency: -Im Z rises {slope:.2f} times as fast as Re Z there"
        return question.refused(text, lowest_frequency=float(frequency[0]))
    longest = good[-1]
    value, error, slope, _ = lines[longest]
    others = [lines[n][0] for n in good if n >= max(FEWEST_POINTS, longest // 2)]
    spread = float(np.ptp(others)) / np.sqrt(12.0)
    decades = float(np.log10(frequency[longest - 1] / frequency[0]))
    doubts = []
    if decades < 0.5:
        doubts.append(f"the line spans {decades:.2f} decades of frequency")
    if value < 2.0 * np.hypot(error, spread):
        return question.at_most(value + 2.0 * float(np.hypot(error, spread)), "not above its uncertainty (two sigma)")
    return question.found(
        value,
        float(np.hypot(error, spread)),
        doubts=doubts,
        points=longest,
        lowest_frequency=float(frequency[0]),
        highest_frequency=float(frequency[longest - 1]),
        slope_in_the_complex_plane=slope,
    )


def _line(root: Array, z: npt.NDArray[np.complex128], sigma: Array) -> tuple[float, float, float, float]:
    """Common slope, its standard error, slope in the complex plane, largest residual over noise."""
    weight = 1.0 / sigma**2
    real, imaginary = z.real, -z.imag

    def centred(values: Array) -> Array:
        return np.asarray(values - np.sum(weight * values) / weight.sum())

    x, parts = centred(root), (centred(real), centred(imaginary))
    spread = float(np.sum(weight * x * x))
    slopes = [float(np.sum(weight * x * part)) / spread for part in parts]
    common = 0.5 * (slopes[0] + slopes[1])
    residual = max(float(np.max(np.abs(part - common * x) / sigma)) for part in parts)
    ratio = slopes[1] / slopes[0] if slopes[0] > 0 else 0.0
    return common, float(1.0 / np.sqrt(2.0 * spread)), ratio, residual


def diffusion_coefficient(
    warburg: Known,
    *,
    area: Known,
    temperature: Known,
    concentration: Known,
    electrons: float = 1.0,
    two_phase: bool = False,
) -> Result:
    """Return a diffusion coefficient from a Warburg coefficient and the concentration of the diffusing species.

    Args:
        warburg: Warburg coefficient [Ohm s^-1/2] of one electrode, from `warburg_coefficient` or a circuit fit.
        area: electrochemically active area [m2].
        temperature: [K].
        concentration: of the diffusing species [mol/m3].
        electrons: per diffusing species.
        two_phase: whether the electrode is a mixture of two phases, where a concentration has no meaning.

    Returns:
        Result [m2/s], "apparent diffusion coefficient"; doubtful for two phases. Refused when the Warburg coefficient
        has no value.

    Formula: D = R^2 T^2 / (2 A^2 n^4 F^4 C^2 s^2). Source: natrode model notes G; `physics.transport`.
    """
    question = Result(
        quantity="apparent diffusion coefficient",
        dimension="diffusivity",
        method="D = R^2 T^2/(2 A^2 n^4 F^4 C^2 s^2), semi-infinite diffusion, ideal solution",
        scope="electrode",
    )
    given = [_known(k) for k in (warburg, area, temperature, concentration)]
    if isinstance(warburg, Result):
        question = _after(question, warburg)
    if given[0] is None:
        reason = warburg.reason if isinstance(warburg, Result) else "none given"
        return question.refused(f"no Warburg coefficient: {reason}")
    pairs = [pair for pair in given if pair is not None]
    if len(pairs) < 4 or any(value <= 0 for value, _ in pairs):
        return question.refused("needs area, temperature and concentration above zero")

    def formula(s: float, a: float, t: float, c: float) -> float:
        return float(warburg_diffusivity(s, a, electrons, c, t))

    value, sigma = propagated(formula, [v for v, _ in pairs], [u for _, u in pairs])
    doubts = []
    if two_phase:
        doubts.append("two phases: the concentration has no meaning, and D compares samples at best")
    if isinstance(warburg, Result) and warburg.quality == "doubtful":
        doubts.append(f"Warburg coefficient: {warburg.reason}")
    if isinstance(warburg, Result) and warburg.n_interfaces == 2:
        doubts.append("the Warburg coefficient is that of two electrodes in series")
    names = ("warburg_coefficient", "area", "temperature", "concentration")
    settings: dict[str, Any] = {n: v for n, (v, _) in zip(names, pairs, strict=True)}
    return question.found(value, sigma, doubts=doubts, **settings)


def diffusion_coefficient_from_time(time_constant: Known, length: Known) -> Result:
    """Return a diffusion coefficient from the time constant of a finite-length or finite-space Warburg element.

    Args:
        time_constant: tau of tanh(sqrt(jw tau))/sqrt(jw tau) or coth [s], of a circuit fit.
        length: of diffusion [m].

    Returns:
        Result [m2/s]; refused when the time constant has no value.

    Formula: D = L^2/tau. Source: Jacobsen & West, Electrochim. Acta 40 (1995) 255.
    """
    question = Result(
        quantity="apparent diffusion coefficient",
        dimension="diffusivity",
        method="D = L^2/tau of a finite Warburg element; Jacobsen & West 1995",
        scope="electrode",
    )
    if isinstance(time_constant, Result):
        question = _after(question, time_constant)
    tau, distance = _known(time_constant), _known(length)
    if tau is None or distance is None or tau[0] <= 0 or distance[0] <= 0:
        return question.refused("needs a time constant and a length above zero")
    value, sigma = propagated(lambda t, x: x * x / t, [tau[0], distance[0]], [tau[1], distance[1]])
    return question.found(value, sigma, time_constant=tau[0], length=distance[0])


def diffusion_coefficient_of(spectrum: Measurement, concentration: Known, *, electrons: float = 1.0) -> Result:
    """Return the diffusion coefficient from a spectrum with known geometry and temperature.

    Args:
        spectrum: an impedance record with one spectrum.
        concentration: of the diffusing species [mol/m3].
        electrons: per diffusing species.

    Returns:
        Result [m2/s]; refused where area or temperature are unknown.

    Raises:
        RecordError: for another kind of record or several spectra.

    Formula, source: `warburg_coefficient` and `diffusion_coefficient`.
    """
    found = warburg_coefficient(spectrum)
    area, temperature = area_of(spectrum), temperature_of(spectrum)
    if area is None or temperature is None:
        missing = " and ".join(n for n, v in (("area", area), ("temperature", temperature)) if v is None)
        empty = diffusion_coefficient(found, area=0.0, temperature=0.0, concentration=concentration)
        return empty.refused(f"needs the {missing}")
    return diffusion_coefficient(
        found, area=area, temperature=temperature, concentration=concentration, electrons=electrons
    )


def _known(given: Known) -> tuple[float, float] | None:
    if isinstance(given, Result):
        return None if given.value is None else (given.value, given.uncertainty or 0.0)
    value, sigma = given if isinstance(given, tuple) else (given, 0.0)
    if not (np.isfinite(value) and np.isfinite(sigma) and sigma >= 0):
        raise RecordError(f"a number or a (value, uncertainty) pair is needed, read {given!r}")
    return float(value), float(sigma)


def _after(question: Result, other: Result) -> Result:
    return replace(question, source=other.source, simulated=other.simulated, settings=dict(other.settings))
