"""Where a spectrum meets the real axis: at high frequency (electrolyte) and at low frequency (everything).

No circuit and no distribution of relaxation times: a crossing, a plateau, or a circle through the outer flank
of the outermost arc, and a plain word when the measured range does not reach that far.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.analysis._runs import middle
from natrode.analysis.reading import Array, conditions_of, interfaces_of, provenance
from natrode.analysis.result import Result
from natrode.compiled import compiled
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement

Complex = npt.NDArray[np.complex128]

FEWEST_POINTS = 5
FAR = 0.05
"""Extrapolation beyond the last point, as a fraction of the arc, that makes an intercept doubtful."""
GRAIN_BOUNDARY_CAPACITANCE = 2e-8
"""[F]; an arc with less is of the electrolyte (bulk, grain boundary) rather than of an interface."""
BLOCKING_PHASE = 60.0
"""Phase [degree] beyond which a rising low-frequency branch is that of a blocking electrode."""


@dataclass(frozen=True)
class Intercepts:
    """Real-axis intercepts of one spectrum, each a Result in Ohm of the whole cell, worked out when asked for."""

    question: Result
    frequency: Array
    """From high to low [Hz]."""
    impedance: Complex
    """[Ohm]"""
    relative_noise: float
    """Noise of the real and of the imaginary part, over |Z|."""

    @cached_property
    def high(self) -> Result:
        """High-frequency end: the electrolyte, as far as its arcs lie above the measured range."""
        return self._end(_high)

    @cached_property
    def low(self) -> Result:
        """Low-frequency end: everything that passes direct current."""
        return self._end(_low)

    def _end(self, find: Callable[[Result, Array, Array, Array, Array], Result]) -> Result:
        z = self.impedance
        if len(z) < FEWEST_POINTS:
            return self.question.refused(f"a spectrum of {len(z)} points: at least {FEWEST_POINTS} are needed")
        if not z.any():
            return self.question.refused("the impedance is zero at every frequency")
        return find(self.question, self.frequency, z.real.copy(), -z.imag, self.relative_noise * np.abs(z))


def real_axis_intercepts(spectrum: Measurement) -> Intercepts:
    """Find where a spectrum meets the real axis at its high- and at its low-frequency end.

    Args:
        spectrum: an impedance record with one spectrum.

    Returns:
        Intercepts in Ohm. Doubtful when extrapolated by more than 5 % of the outermost arc or when a
        diffusion branch follows; refused for a blocking electrode and for an arc cut off before its top.

    Raises:
        RecordError: for another kind, several spectra, or frequencies that are not positive.

    Formula: crossing of Im Z = 0 by linear interpolation where there is one; else the circle
    x^2 + y^2 + D x + E y + F = 0 through the outer flank (a depressed arc of one constant-phase element is a
    circle), with linear propagation of the noise. Source: Cole & Cole, J. Chem. Phys. 9 (1941) 341 for the
    circle; Kasa, IEEE Trans. Instrum. Meas. 25 (1976) 8 for the fit.
    """
    return spectrum.derived(_intercepts)


def _intercepts(spectrum: Measurement) -> Intercepts:
    frequency, z = sorted_spectrum(spectrum)
    question = Result(
        quantity="real-axis intercept",
        dimension="resistance",
        method="zero crossing of Im Z, plateau of Re Z, or circle through the flank of the outermost arc",
        scope="cell",
        n_interfaces=interfaces_of(spectrum),
        area_normalised=False,
        settings=conditions_of(spectrum),
        **provenance(spectrum),
    )
    return Intercepts(question, frequency, z, relative_noise(z) if len(z) >= FEWEST_POINTS and z.any() else 0.0)


def rows_of(spectrum: Measurement) -> npt.NDArray[np.intp]:
    """Rows of one spectrum from high to low frequency, without empty and masked ones."""
    if spectrum.kind != "impedance":
        raise RecordError(f"this analysis reads impedance records; this is a {spectrum.kind} record")
    if Column.SPECTRUM in spectrum:
        number = spectrum.array(Column.SPECTRUM)
        if len(number) and number.max() > number.min():
            raise RecordError("this record holds several spectra: take one of record.spectra(), or a series analysis")
    frequency = spectrum.array(Column.FREQUENCY)
    valid = np.isfinite(frequency) & np.isfinite(spectrum.impedance)
    if (frequency[valid] <= 0).any():
        raise RecordError("a spectrum's frequencies must be positive")
    if Column.MASKED in spectrum:
        valid &= spectrum.array(Column.MASKED) == 0
    rows = np.flatnonzero(valid)
    return rows[(-frequency[rows]).argsort(kind="stable")]


def sorted_spectrum(spectrum: Measurement) -> tuple[Array, Complex]:
    """Frequencies [Hz] from high to low and impedance [Ohm] of one spectrum, without empty and masked rows."""
    rows = rows_of(spectrum)
    return spectrum.array(Column.FREQUENCY)[rows], spectrum.impedance[rows]


def time_of_points(spectrum: Measurement) -> Array | None:
    """Time of every point of the sorted spectrum [s]; None where the record gives the points no times of their own."""
    if Column.TIME not in spectrum:
        return None
    times = spectrum.array(Column.TIME)[rows_of(spectrum)]
    return times if np.isfinite(times).all() and len(np.unique(times)) > len(times) // 2 else None


def mask_points(spectrum: Measurement, points: Sequence[int], reason: str) -> Measurement:
    """Return the record with points (row numbers) masked: they stay in the table, analyses leave them out.

    Raises:
        RecordError: a row number that the record does not have.
    """
    table = spectrum.table
    wrong = [n for n in points if not 0 <= n < len(table)]
    if wrong:
        raise RecordError(f"row {wrong[0]} cannot be masked: the record has rows 0 to {len(table) - 1}")
    masked = spectrum.array(Column.MASKED).copy() if Column.MASKED in spectrum else np.zeros(len(table))
    masked[list(points)] = 1.0
    table[str(Column.MASKED)] = masked.astype(int)
    note = f"rows {', '.join(map(str, sorted(points)))} masked: {reason}"
    metadata = spectrum.metadata.model_copy(update={"assumptions": (*spectrum.metadata.assumptions, note)})
    return Measurement(metadata, table)


@compiled
def relative_noise(z: Complex) -> float:
    """Noise of each part over |Z|, from fourth differences along the spectrum (smooth arcs have hardly any)."""
    if len(z) < 9:
        return 0.01
    size = np.abs(z)
    smallest = 1e-9 * size.max()
    scatter = np.empty(2 * (len(z) - 4))
    for k in range(len(z) - 4):
        fourth = z[k] - 4.0 * z[k + 1] + 6.0 * z[k + 2] - 4.0 * z[k + 3] + z[k + 4]
        scale = np.sqrt(70.0) * max(size[k + 2], smallest)
        scatter[2 * k], scatter[2 * k + 1] = abs(fourth.real) / scale, abs(fourth.imag) / scale
    return 1.4826 * middle(scatter)


@compiled
def _peak(y: Array, sigma: Array) -> int | None:
    """First local maximum of y with a far side that falls by 6 sigma and by 10 % of the rise before it."""
    best, lowest, before = 0, np.inf, np.inf
    for k in range(len(y)):
        lowest = min(lowest, y[k])
        if k == 0 or y[k] > y[best]:
            best, before = k, lowest
        elif y[best] - y[k] > max(6.0 * sigma[k], 0.1 * (y[best] - before)):
            return best
    return None


def _valley(y: Array, sigma: Array) -> int | None:
    """First local minimum of y with a far side that rises."""
    return _peak(-y, sigma)


@compiled
def circle_intercept(x: Array, y: Array, sigma: Array, side: int) -> tuple[float, float] | None:
    """Intercept of the circle through (x, y) with y = 0, left (-1) or right (+1), and its uncertainty."""
    if len(x) < 4:
        return None
    shift, scale = x.mean(), max(x.max() - x.min(), y.max() - y.min(), 1e-300)
    # about their means, the two coordinates are least squares of two unknowns, and the constant is a mean
    height = y.mean()
    u, v = (x - shift) / scale, (y - height) / scale
    target = -(u**2 + (v + height / scale) ** 2)
    constant = target.mean()
    target -= constant
    uu, vv, uv = (u * u).sum(), (v * v).sum(), (u * v).sum()
    determinant = uu * vv - uv**2
    if determinant <= 1e-13 * uu * vv:
        return None
    ut, vt = (u * target).sum(), (v * target).sum()
    d, e = (vv * ut - uv * vt) / determinant, (uu * vt - uv * ut) / determinant
    f = constant - e * height / scale
    radicand = d**2 / 4.0 - f
    if radicand <= 0:
        return None
    root = np.sqrt(radicand)
    u0 = -d / 2.0 + side * root
    # noise across the circle displaces the target by 2 r sigma; propagate it to d, e and the constant, hence to u0
    radius = np.sqrt(max(d**2 / 4.0 + e**2 / 4.0 - f, 1e-30))
    rest = d * u + e * v - target
    misfit = np.sqrt((rest * rest).sum() / max(len(u) - 3, 1))
    spread = max(2.0 * radius * np.sqrt((sigma * sigma).mean()) / scale, misfit)
    by_d, by_f = -0.5 + side * d / (4.0 * root), -side / (2.0 * root)
    by_e = -by_f * height / scale
    variance = (vv * by_d**2 - 2.0 * uv * by_d * by_e + uu * by_e**2) / determinant + by_f**2 / len(u)
    return shift + scale * u0, scale * spread * np.sqrt(variance)


def _low(question: Result, frequency: Array, x: Array, y: Array, sigma: Array) -> Result:
    """Low-frequency intercept; arrays run from high to low frequency, y = -Im Z."""
    x, y, sigma, frequency = (values[::-1].copy() for values in (x, y, sigma, frequency))  # from the low-frequency end
    noise = float(sigma[0])
    settings: dict[str, Any] = {"lowest_frequency": float(frequency[0])}
    peak = _peak(y, sigma)
    if peak is None and np.ptp(y) <= max(6.0 * noise, 0.02 * abs(float(x[0]))):
        tail = slice(0, max(3, len(x) // 4))
        error = float(np.sqrt(np.mean(sigma[tail] ** 2) / len(x[tail])))
        return question.found(float(np.mean(x[tail])), error, **settings)
    if y[0] < -max(3.0 * noise, 0.01 * float(np.ptp(x))):
        text = "Im Z is positive at the lowest frequency: an inductive loop, a short or drift"
        return question.found(float(x[0]), noise, doubts=[text], **settings)
    if peak == 0:
        return _rising(question, frequency, x, y, sigma)
    top = int(np.argmax(y)) if peak is None else peak
    height = float(y[top])
    flank = slice(0, max(top + 1, 4))
    plateau = float(y[0]) < max(3.0 * noise, 0.01 * height)
    found = circle_intercept(x[flank], y[flank], sigma[flank], +1)
    if found is None or found[0] < x[0] - 5.0 * noise - 0.02 * float(np.ptp(x)):
        doubts = [] if plateau else ["no circle fits the last arc: the last point"]
        return question.found(float(x[0]), float(np.hypot(noise, 0.5 * abs(y[0]))), doubts=doubts, **settings)
    value, uncertainty = found
    beyond = max(value - float(x[0]), 0.0)
    doubts = []
    if beyond > 2.0 * FAR * height and not plateau:
        share = beyond / (2.0 * height)
        doubts.append(f"extrapolated by {share:.0%} of the last arc beyond {frequency[0]:.3g} Hz")
        uncertainty = float(np.hypot(uncertainty, 0.3 * beyond))
    return question.found(value, uncertainty, doubts=doubts, **settings)


def _rising(question: Result, frequency: Array, x: Array, y: Array, sigma: Array) -> Result:
    """The low-frequency branch still rises: the valley before it, if there is one (from the low end)."""
    settings: dict[str, Any] = {"lowest_frequency": float(frequency[0])}
    valley = _valley(y, sigma)
    far = min(2, len(y) - 1)
    branch = float(np.degrees(np.arctan2(y[0] - y[far], x[0] - x[far])))
    if valley is None:
        kind = "a blocking electrode, or an arc with its top" if branch > BLOCKING_PHASE else "an arc with its top"
        text = f"Im Z still rises at {frequency[0]:.3g} Hz: {kind} at lower frequency"
        return question.at_least(float(x[0]), text, **settings)
    kind = "blocking" if branch > BLOCKING_PHASE else "diffusion or another arc"
    text = f"the branch below {frequency[valley]:.3g} Hz still rises ({kind}): taken at the valley before it"
    error = float(np.hypot(sigma[valley], 0.5 * abs(y[valley])))
    return question.found(float(x[valley]), error, doubts=[text], before_the_branch=float(x[valley]), **settings)


def _high(question: Result, frequency: Array, x: Array, y: Array, sigma: Array) -> Result:
    """High-frequency intercept; arrays run from high to low frequency, y = -Im Z."""
    noise = float(sigma[0])
    settings: dict[str, Any] = {"highest_frequency": float(frequency[0])}
    flat = max(6.0 * noise, 0.02 * abs(float(x[0])))
    if np.ptp(y) <= flat and np.abs(y).max() < 0.05 * abs(float(x[0])):
        head = slice(0, max(3, len(x) // 4))
        error = float(np.sqrt(np.mean(sigma[head] ** 2) / len(x[head])))
        return question.found(float(np.mean(x[head])), error, **settings)
    doubts: list[str] = []
    begin = 0
    if y[0] < -3.0 * noise:  # inductance of the leads: start where Im Z changes its sign
        capacitive = np.flatnonzero(y > 0)
        if not capacitive.size:
            return question.refused("Im Z is positive at every frequency: leads, not a cell", **settings)
        begin = int(capacitive[0])
        share = y[begin] / (y[begin] - y[begin - 1])
        value = float(x[begin] - share * (x[begin] - x[begin - 1]))
        uncertainty = float(np.hypot(sigma[begin], 0.25 * (x[begin] - x[begin - 1])))
    peak = _peak(y[begin:], sigma[begin:])
    if begin == 0:
        if peak is not None and y[0] > 0.9 * y[peak]:
            return _cut_electrolyte_arc(question, frequency, x, y, sigma)
        value, uncertainty, extrapolated = _left_end(x, y, sigma, peak)
        if extrapolated:
            doubts.append(f"the first arc begins above {frequency[0]:.3g} Hz: extrapolated by {extrapolated:.3g} Ohm")
    if value < 0.0:
        doubts.append(f"the first arc begins at the origin (its circle meets the axis at {value:.3g} Ohm)")
        value, uncertainty = 0.0, float(np.hypot(uncertainty, value))
    if peak is not None and y[peak + begin] > 0:
        at = peak + begin
        capacitance = 1.0 / (2.0 * np.pi * float(frequency[at]) * 2.0 * float(y[at]))
        settings["first_arc_capacitance"] = capacitance
        if capacitance < GRAIN_BOUNDARY_CAPACITANCE:
            end = _valley(y[at:], sigma[at:])
            settings["first_arc_end"] = None if end is None else float(x[at + end])
            doubts.append(
                f"the first arc has a capacitance of {capacitance:.2g} F, that of bulk or grain boundaries, and "
                "is not counted to the electrolyte here; give electrolyte_resistance"
            )
    return question.found(value, uncertainty, doubts=doubts, **settings)


def _left_end(x: Array, y: Array, sigma: Array, peak: int | None) -> tuple[float, float, float]:
    """Left intercept of the first arc, its uncertainty, and how far it was extrapolated (0: not far)."""
    first = float(x[0]), float(np.hypot(sigma[0], 0.5 * abs(y[0]))), 0.0
    if peak is None:  # one branch that only rises: nothing lies left of its first point but that branch
        return first[0], first[1], float(abs(y[0])) if abs(y[0]) > FAR * abs(float(x[0])) else 0.0
    flank = slice(0, max(peak + 1, 4))
    found = circle_intercept(x[flank], y[flank], sigma[flank], -1)
    if found is None or found[0] > x[0] + 3.0 * sigma[0]:
        return first
    value, uncertainty = found
    beyond = float(x[0]) - value
    if beyond <= 2.0 * FAR * float(y[peak]):
        return value, uncertainty, 0.0
    return value, float(np.hypot(uncertainty, 0.3 * beyond)), beyond


def _cut_electrolyte_arc(question: Result, frequency: Array, x: Array, y: Array, sigma: Array) -> Result:
    """The spectrum begins on the falling flank of an arc: the valley after it ends the electrolyte."""
    settings: dict[str, Any] = {"highest_frequency": float(frequency[0])}
    valley = _valley(y, sigma)
    if valley is None:
        return question.refused(
            "the spectrum begins on the flank of an arc without a valley after it: the electrolyte cannot be "
            "told from the rest; give electrolyte_resistance",
            **settings,
        )
    text = f"begins on the flank of the electrolyte's arc: taken at the valley at {frequency[valley]:.3g} Hz"
    error = float(np.hypot(sigma[valley], 0.5 * abs(y[valley])))
    return question.found(float(x[valley]), error, doubts=[text], **settings)
