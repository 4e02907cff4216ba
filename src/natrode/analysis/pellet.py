"""Resistance of an ion-conducting pellet between blocking electrodes, with the spread between fair ways to read it."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis.impedance import electrolyte_resistance, interface_resistance
from natrode.analysis.reading import Array, temperature_of
from natrode.analysis.result import Result
from natrode.analysis.spectrum import real_axis_intercepts, relative_noise, sorted_spectrum
from natrode.analysis.temperature_series import ArrheniusFit, arrhenius, read_temperature_error
from natrode.analysis.transfer import ionic_conductivity
from natrode.measurement import UNCERTAINTY, Experiment, Measurement

Of = Literal["pellet", "electrolyte", "interfaces"]
Complex = npt.NDArray[np.complex128]

FEWEST_POINTS = 8
BLOCKING_ANGLE = 45.0
"""A branch that is steeper than this [deg] at its low-frequency end is that of blocking electrodes."""


def pellet_resistance(spectrum: Measurement) -> Result:
    """Return the total resistance (grains and grain boundaries) of an ion conductor, electrodes removed.

    Args:
        spectrum: an impedance record with one spectrum of a pellet whose electrodes block the ions.

    Returns:
        Result [Ohm] of the whole pellet. The value is the mean of the ways that apply: the real part where the phase is
        least; the electrode's branch extrapolated to the real axis by a straight line; the end or the valley of the
        last arc; the sum R0 + R1 of the circuit R0-p(R1,CPE1)-CPE2. The uncertainty holds noise ("fit") and half the
        range of the ways ("model choice"), both in the settings. Refused where none applies.

    Raises:
        RecordError: for another kind of record or several spectra.

    Source: field's practice; that the split of R0 and R1 is a matter of the window and their sum is not, is shown by
    the test on a sulfide's spectrum.
    """
    frequency, z = sorted_spectrum(spectrum)  # from high to low
    ends = real_axis_intercepts(spectrum)
    question = replace(
        ends.low,
        value=None, uncertainty=None, interval=None, quality="not computed", reason="not asked yet",
        quantity="pellet resistance",
        method="mean of: Re Z at the least phase; blocking branch extrapolated to the real axis; valley or end of the "
        "last arc; R0 + R1 of R0-p(R1,CPE1)-CPE2; half their range is the error of the model's choice",
    )  # fmt: skip
    if len(z) < FEWEST_POINTS:
        return question.refused(f"a spectrum of {len(z)} points: at least {FEWEST_POINTS} are needed")
    ways: dict[str, float] = {}
    if ends.low.value is not None:
        ways["valley or end of the last arc"] = ends.low.value
    least = _least_phase(z)
    if least is not None:
        ways["least phase"] = float(z.real[least])
        branch = _branch(z, least)
        if branch is not None:
            ways["blocking branch extrapolated"] = branch
    fitted = _circuit(frequency, z, ways)
    if fitted is not None:
        ways["R0 + R1 of R0-p(R1,CPE1)-CPE2"] = fitted
    if not ways:
        return question.refused(
            ends.low.reason or "the spectrum shows no resistance between its arcs and its electrodes"
        )
    values = np.array(list(ways.values()))
    value = float(values.mean())
    noise = relative_noise(z) * value
    choice = 0.5 * float(np.ptp(values))
    parts = {"fit": noise, "model choice": choice}
    doubts = []
    if len(ways) == 1:
        doubts.append(f"read in one way only ({next(iter(ways))}): the error of the model's choice is not known")
    elif choice > 0.1 * value:
        doubts.append(f"fair ways to read it differ by {np.ptp(values) / value:.0%}")
    return question.found(value, float(np.hypot(noise, choice)), doubts=doubts, parts=parts, ways=ways)


def pellet_conductivity(spectrum: Measurement) -> Result:
    """Return the ionic conductivity of a pellet from its resistance and the record's geometry.

    Args:
        spectrum: an impedance record with one spectrum; thickness and area are those of its metadata, their standard
            uncertainties those of the table of cells.

    Returns:
        Result [S/m], its uncertainty in parts (fit with model choice, geometry); refused without geometry.

    Raises:
        RecordError: for another kind of record or several spectra.

    Formula: sigma = L/(A R). Source: see `pellet_resistance` and `ionic_conductivity`.
    """
    geometry = spectrum.metadata.geometry
    known = spectrum.metadata.user.get(UNCERTAINTY, {})

    def given(value: float | str, name: str) -> tuple[float, float] | None:
        return None if isinstance(value, str) else (value, float(known.get(name, 0.0)))

    return ionic_conductivity(
        pellet_resistance(spectrum),
        thickness=given(geometry.electrolyte_thickness, "electrolyte thickness"),
        area=given(geometry.electrolyte_area, "electrolyte area"),
        record=spectrum,
    )


def resistance_against_temperature(
    experiment: Experiment, of: Of = "pellet", *, temperature_error: str | None = None
) -> ArrheniusFit:
    """Fit the spectra of a cell at several temperatures to Arrhenius' law.

    Args:
        experiment: a cell with spectra of which at least three temperatures are known.
        of: the whole pellet between blocking electrodes, the electrolyte (high-frequency intercept) or the interfaces
            of a symmetric cell (low-frequency intercept less the electrolyte's).
        temperature_error: systematic error of the temperatures, such as "2 K over the range".

    Returns:
        ArrheniusFit: of the conductivity where a pellet's geometry is known, else of the resistance.

    Raises:
        UnitError: for a temperature error that is not understood.

    Source: see `arrhenius`.
    """
    error = None if temperature_error is None else read_temperature_error(temperature_error)
    spectra = [s for m in experiment.of_kind("impedance") for s in m.spectra()]
    known = [(t, s) for s in spectra if (t := temperature_of(s)) is not None]
    if of == "pellet":
        answers = [pellet_conductivity(s) for _, s in known]
        resistive = all(a.value is None for a in answers)
        if resistive:
            answers = [pellet_resistance(s) for _, s in known]
    else:
        resistive = True
        answers = [electrolyte_resistance(s) if of == "electrolyte" else interface_resistance(s) for _, s in known]
    values = [np.nan if a.value is None else a.value for a in answers]
    errors = [np.nan if a.uncertainty is None else a.uncertainty for a in answers]
    fit = arrhenius(
        [t for t, _ in known],
        values,
        errors if all(e > 0 for e in errors) else None,
        what="resistance" if resistive else "conductivity",
        temperature_error=error,
        source=tuple(s.digest for _, s in known),
        simulated=experiment.is_simulated,
    )
    doubtful = [a for a in answers if a.quality == "doubtful"]
    if doubtful:
        fit = _doubted(fit, f"{len(doubtful)} of {len(answers)} of its values are doubtful: {doubtful[0].reason}")
    if any(a.dimension == "area-specific resistance" for a in answers):
        areal = replace(fit.at_room_temperature, dimension="area-specific resistance", area_normalised=True)
        return replace(fit, at_room_temperature=areal)
    return fit


def _doubted(fit: ArrheniusFit, doubt: str) -> ArrheniusFit:
    """A fit whose numbers share a doubt."""

    def doubted(result: Result) -> Result:
        if result.value is None:
            return result
        return replace(result, quality="doubtful", reason="; ".join(text for text in (result.reason, doubt) if text))

    return replace(
        fit,
        activation_energy=doubted(fit.activation_energy),
        activation_energy_product=doubted(fit.activation_energy_product),
        with_temperature_error=doubted(fit.with_temperature_error),
        at_room_temperature=doubted(fit.at_room_temperature),
        heating=doubted(fit.heating),
        cooling=doubted(fit.cooling),
        hysteresis=doubted(fit.hysteresis),
    )


def is_conductor(spectrum: Measurement) -> bool:
    """Whether a spectrum is that of an ion conductor between blocking electrodes: two ways or more that agree."""
    found = pellet_resistance(spectrum)
    return found.quality == "good" and "blocking branch extrapolated" in found.settings["ways"]


def _least_phase(z: Complex) -> int | None:
    """Place of the least capacitive phase inside the spectrum, after the arcs and before the electrodes' branch."""
    phase = -np.angle(z)
    capacitive = np.flatnonzero(phase > 0)
    if capacitive.size < 3:
        return None
    place = len(z) - 1
    for k in range(len(z) - 1, int(capacitive[0]) - 1, -1):  # from the electrodes' branch up
        if phase[k] < phase[place]:
            place = k
        elif phase[k] > 1.1 * phase[place] + np.radians(1.0):
            break
    before = phase[int(capacitive[0]) : place + 1].max() > 1.02 * phase[place]
    after = phase[place:].max() > max(2.0 * phase[place], np.radians(5.0))
    return place if before and after else None


def _branch(z: Complex, least: int) -> float | None:
    """Where the straight electrodes' branch beyond the least phase meets the real axis; None for a flat one."""
    x, y = z.real[least + 1 :], -z.imag[least + 1 :]
    if len(x) < 4 or np.degrees(np.arctan2(y[-1] - y[0], x[-1] - x[0])) < BLOCKING_ANGLE:
        return None
    head = slice(0, max(4, len(x) // 2))  # near the axis: the branch bends at low frequency
    slope, at_axis = np.polyfit(y[head], x[head], 1)
    return float(at_axis) if at_axis > 0 and slope >= 0 else None


def _circuit(frequency: Array, z: Complex, ways: dict[str, float]) -> float | None:
    """R0 + R1 of R0-p(R1,CPE1)-CPE2 by weighted least squares; None where it does not describe the spectrum."""
    from scipy.optimize import least_squares

    if "blocking branch extrapolated" not in ways:
        return None
    omega = 2.0 * np.pi * frequency
    total = ways["least phase"]
    branch = int(np.argmin(np.abs(z.real - 2.0 * total))) if np.any(z.real > 2.0 * total) else len(z) - 1
    q2 = 1.0 / max(float(np.abs(z.imag[branch])) * omega[branch] ** 0.8, 1e-300)

    def model(p: Array) -> Complex:
        r0, r1, tau, q = np.exp(p[:4])
        n1, n2 = p[4], p[5]
        return np.asarray(r0 + r1 / (1.0 + (1j * omega * tau) ** n1) + 1.0 / (q * (1j * omega) ** n2))

    def residual(p: Array) -> Array:
        r = (model(p) - z) / np.abs(z)
        return np.concatenate([r.real, r.imag])

    best: Any = None
    for tau in (1.0 / omega[0], 10.0 / omega[0], 100.0 / omega[0]):
        start = np.array([np.log(0.3 * total), np.log(0.7 * total), np.log(tau), np.log(q2), 0.85, 0.85])
        low = [*np.log([1e-4 * total, 1e-4 * total, 1e-2 / omega[0], 1e-3 * q2]), 0.5, 0.5]
        high = [*np.log([3.0 * total, 3.0 * total, 1e3 / omega[0], 1e3 * q2]), 1.0, 1.0]
        found = least_squares(residual, start, bounds=(low, high))
        if best is None or found.cost < best.cost:
            best = found
    if np.sqrt(2.0 * best.cost / (2 * len(z))) > 0.05:
        return None
    return float(np.exp(best.x[0]) + np.exp(best.x[1]))


__all__ = ["is_conductor", "pellet_conductivity", "pellet_resistance", "resistance_against_temperature"]
