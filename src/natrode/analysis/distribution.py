"""Distribution of relaxation times of a spectrum, with nothing to choose: distribution, bands, peaks.

Z = R_inf + j w L + integral of g/(1 + j w tau) d ln(tau), g >= 0. The logarithm of g is what is sought; its prior is
in `_log_distribution`. A spectrum that cannot carry a distribution is refused, and peaks that the data do not tell
from a plateau are named.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis import _log_distribution as kernels
from natrode.analysis.reading import Array, area_of, conditions_of, interfaces_of, provenance
from natrode.analysis.result import Quality, Result, plain
from natrode.analysis.spectrum import BLOCKING_PHASE, sorted_spectrum
from natrode.compiled import on_all_cores
from natrode.measurement import Measurement

Complex = npt.NDArray[np.complex128]
Term = Literal["resistance", "inductance", "elastance", "resistive inductance"]

FEWEST_POINTS, FEWEST_DECADES = 20, 3.0
"""Below these a distribution says nothing that a resistance does not say."""
DEEP, SHARE = 0.1, 0.03
"""A valley is real when it lies this part below its lower peak; a peak when it holds this part of the resistance."""
BEYOND, MOSTLY = 0.1, 0.5
"""Part of a peak, and of the whole, beyond the measured range from which on its resistance is doubtful, or a limit."""
SEPARATE = 13.0
"""Rise of chi square, when two peaks are joined by a straight line, from which on they are two: a thousand flat
distributions stayed below it, and so did 7 in 100 spectra of arcs 1.5 decades apart and more."""
REFITS = 20
MATCH = 0.3
"""Decades between a peak and its counterpart in a refit or in the next spectrum of a series."""
LEAK, TOP, GRID = 0.65, 0.4, 0.3
"""Uncertainty of a peak beyond the Hessian's, calibrated on 400 synthetic spectra (`python -m benchmarks impedance`
measures the coverage on others): what neighbours exchange across a valley of height g is LEAK g; the top of a broad
peak is known TOP times the linearised deviation of its parabola; that of a narrow one to GRID of a grid step."""
BAND = 1.6449
"""Standard deviations of a 90 % band."""
METHOD = (
    "distribution of relaxation times: most probable ln g under a Student-t prior on its curvature "
    "(1 degree of freedom, scale 5), noise from a Kramers-Kronig fit; bands from the Hessian. "
    "Integral: Wan et al. 2015, Electrochim. Acta 184, 483; prior: natrode's own"
)


@dataclass(frozen=True)
class RelaxationPeak:
    """One process: what lies between two valleys of the distribution."""

    resistance: Result
    time_constant: Result
    capacitance: Result
    survival: float
    """Part of the refits to perturbed data that have this peak too."""
    inside: bool
    """Whether its time constant lies within the inverse of the measured angular frequencies."""


@dataclass(frozen=True)
class RelaxationTimes:
    """The distribution of one spectrum, or the reason why there is none (empty arrays)."""

    time_constant: Array
    """tau, shape (M,) [s]."""
    distribution: Array
    """g per unit of ln(tau), shape (M,) [Ohm]."""
    band: Array
    """90 % band of g, shape (2, M) [Ohm]."""
    cumulative: Array
    """Integral of g up to tau, shape (M,) [Ohm]."""
    cumulative_deviation: Array
    """Standard uncertainty of it, shape (M,) [Ohm]."""
    valleys: Array
    """tau of the valleys between the peaks [s]."""
    joined: Array
    """Rise of chi square when the two peaks beside each valley are joined."""
    peaks: tuple[RelaxationPeak, ...]
    terms: dict[str, Result]
    """High-frequency resistance, inductance and what else stands outside the integral."""
    polarisation: Result
    """Integral of g."""
    measured: tuple[float, float]
    """Inverse of the largest and the smallest angular frequency [s]; beyond them nothing was measured."""
    noise: float
    """Relative noise of each part."""
    chi_square: float
    """Per value; near 1 where the noise estimate holds."""
    quality: Quality
    reason: str
    settings: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain data: results by name, arrays as lists."""
        return {
            "quantity": "distribution of relaxation times",
            "quality": self.quality,
            "reason": self.reason,
            "method": METHOD,
            "peaks": [plain(vars(peak)) for peak in self.peaks],
            "terms": plain(self.terms),
            "polarisation": self.polarisation.to_json(),
            "measured": list(self.measured),
            "noise": self.noise,
            "chi_square": plain(self.chi_square),
            "time_constant": plain(self.time_constant),
            "distribution": plain(self.distribution),
            "band": plain(self.band),
            "cumulative": plain(self.cumulative),
            "settings": plain(self.settings),
        }


def relaxation_times(
    spectrum: Measurement,
    *,
    refits: int = REFITS,
    seed: int = 1,
    resistive_inductance: bool = False,
) -> RelaxationTimes:
    """Return the distribution of relaxation times of one spectrum.

    Args:
        spectrum: an impedance record with one spectrum; points need no order.
        refits: fits to data perturbed by the noise, to see which peaks survive; 0 for none.
        seed: of the perturbations.
        resistive_inductance: add a resistor parallel to an inductor above the measured range (leads).

    Returns:
        Distribution with its 90 % band, peaks with resistance, time constant and capacitance (area-specific where
        the area is known), or a refusal that names points and decades.

    Raises:
        RecordError: for another kind of record or several spectra.

    Formula and source: `METHOD`.
    """
    frequency, z = sorted_spectrum(spectrum)
    question = _question(spectrum)
    refusal = _refusal(frequency, z)
    if refusal is not None:
        return _refused(question, refusal)
    terms: list[Term] = ["resistance", "inductance"]
    phase = math.degrees(math.atan2(-z[-1].imag, z[-1].real))
    if phase > BLOCKING_PHASE:
        terms.append("elastance")
    if resistive_inductance:
        terms.append("resistive inductance")
    return _Fit(frequency, z, tuple(terms)).result(question, refits, seed)


def distribution(
    frequency: Array, impedance: Complex, terms: Sequence[Term] = ("resistance", "inductance")
) -> tuple[Array, Array, Array, Array, Array]:
    """Return the distributions of many spectra with the same frequencies, without bands.

    Args:
        frequency: shape (N,) [Hz], > 0.
        impedance: shape (S, N) [Ohm].
        terms: what stands outside the integral.

    Returns:
        tau, shape (M,) [s]; g per unit of ln(tau), shape (S, M) [Ohm]; leading terms, shape (S, T) in Ohm, H, 1/F;
        relative noise, shape (S,); chi square per value, shape (S,).

    Formula and source: `METHOD`.
    """
    log_tau, design, basis = _design(frequency, terms)
    free, outcome = np.empty((len(impedance), design.shape[1])), np.empty((len(impedance), 4))
    real, imaginary = np.ascontiguousarray(impedance.real), np.ascontiguousarray(impedance.imag)
    given = (design, basis, real, imaginary, log_tau[1] - log_tau[0], len(terms), free, outcome)
    on_all_cores(len(impedance), partial(kernels.solve_rows, *given))
    unit = outcome[:, 1:2]
    leading = free[:, : len(terms)] * unit * _units(frequency, terms)
    return np.exp(log_tau), np.exp(free[:, len(terms) :]) * unit, leading, outcome[:, 0], outcome[:, 2]


def peaks_of(
    time_constant: Array, g: Array, *, most: int = 12, depth: float = DEEP, share: float = SHARE
) -> tuple[Array, Array, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the peaks of a distribution.

    Args:
        time_constant: tau, evenly spaced in its logarithm, shape (M,) [s].
        g: per unit of ln(tau), shape (M,) [Ohm].
        most: largest number of peaks.
        depth: part of the lower peak by which a valley must lie below it.
        share: part of the resistance that a peak must hold.

    Returns:
        Time constants [s] and resistances from valley to valley [Ohm] of the peaks, indices of their tops, indices
        of the valleys.
    """
    step = math.log(time_constant[1] / time_constant[0])
    size = len(g)
    tops, valleys, areas = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size)
    count = kernels.find_peaks(np.ascontiguousarray(g), step, most, depth, share, tops, valleys, areas)
    tops, valleys = tops[:count], valleys[: max(count - 1, 0)]
    offsets = np.array([kernels.top_offset(g, int(top)) for top in tops])
    return time_constant[tops] * np.exp(step * offsets), areas[:count], tops, valleys


def track_peaks(series: Sequence[RelaxationTimes]) -> list[list[int | None]]:
    """Follow peaks through a series by time constant and resistance, whatever their order.

    Args:
        series: distributions in the order of time, charge or temperature; refused ones are gaps.

    Returns:
        For each track the number of its peak in every distribution, None where it has none.

    Formula: of all pairings the one with the least sum of squares of the changes in lg tau and lg R against the
    track's last two peaks, continued in a straight line; a change of lg tau beyond 0.75 begins a new track. Source:
    Kuhn 1955 (assignment).
    """
    from scipy.optimize import linear_sum_assignment

    tracks: list[list[int | None]] = []
    for n, item in enumerate(series):
        places = [_place(peak) for peak in item.peaks]
        old = [_continued(series, track) for track in tracks]
        cost = np.full((len(old), len(places)), 1e3)
        for a, before in enumerate(old):
            for b, now in enumerate(places):
                if abs(before[0] - now[0]) <= 0.75:
                    cost[a, b] = (before[0] - now[0]) ** 2 + (before[1] - now[1]) ** 2
        for track in tracks:
            track.append(None)
        taken = set()
        for a, b in np.array(linear_sum_assignment(cost)).T.tolist():
            if cost[a, b] < 1e3:
                tracks[a][-1] = b
                taken.add(b)
        tracks += [[None] * n + [b] for b in range(len(places)) if b not in taken]
    return tracks


def _place(peak: RelaxationPeak) -> tuple[float, float]:
    return math.log10(peak.time_constant.value or math.nan), math.log10(peak.resistance.value or math.nan)


def _continued(series: Sequence[RelaxationTimes], track: Sequence[int | None]) -> tuple[float, float]:
    known = [(n, _place(series[n].peaks[k])) for n, k in enumerate(track) if k is not None]
    (n, last), now = known[-1], len(track)
    if len(known) == 1:
        return last
    m, before = known[-2]
    ahead = min((now - n) / (n - m), 1.0)
    return last[0] + ahead * (last[0] - before[0]), last[1] + ahead * (last[1] - before[1])


# ---- one spectrum ---------------------------------------------------------------------------------------------------


class _Fit:
    """The most probable distribution of one spectrum and its Hessian."""

    def __init__(self, frequency: Array, z: Complex, terms: tuple[Term, ...]) -> None:
        self.frequency, self.z, self.terms, self.lead = frequency, z, terms, len(terms)
        self.log_tau, self.design, self.basis = _design(frequency, terms)
        self.step = float(self.log_tau[1] - self.log_tau[0])
        self.whitened, self.data = np.empty_like(self.design), np.empty(len(self.design))
        self.noise, self.unit = kernels.whiten(
            self.design, self.basis, z.real.copy(), z.imag.copy(), self.whitened, self.data
        )
        self.free, self.hessian = self._solve(np.zeros(len(self.log_tau), np.bool_))
        self.g = np.exp(self.free[self.lead :]) * self.unit
        self.chi = self._misfit(self.free)
        self.covariance = np.linalg.inv(self.hessian)

    def _solve(self, straight: npt.NDArray[np.bool_], begin: Array | None = None) -> tuple[Array, Array]:
        """Most probable (leading terms, ln g) and the Hessian there, from a flat distribution unless told otherwise."""
        size = self.design.shape[1]
        free, hessian = np.empty(size), np.empty((size, size))
        if begin is None:
            kernels.start(free, self.step, self.lead)
        else:
            free[:] = begin
        kernels.maximise(self.whitened, self.data, self.step, self.lead, straight, free, hessian)
        return free, hessian

    def _misfit(self, free: Array) -> float:
        linear = np.empty(len(free))
        kernels.expand(free, self.step, self.lead, linear)
        residual = self.whitened @ linear - self.data
        return float(residual @ residual)

    def result(self, question: Result, refits: int, seed: int) -> RelaxationTimes:
        """Distribution, bands, peaks and doubts."""
        tau = np.exp(self.log_tau)
        centres, areas, tops, valleys = peaks_of(tau, self.g)
        joined = np.array([self._joined(int(a), int(b)) for a, b in pairwise(tops)])
        survival = self._survival(centres, refits, seed)
        measured = (float(1 / (2 * np.pi * self.frequency[0])), float(1 / (2 * np.pi * self.frequency[-1])))
        block = self.covariance[self.lead :, self.lead :]
        spread = np.sqrt(np.clip(np.diag(block), 0.0, 25.0))
        band = self.g * np.exp(BAND * np.array([[-1.0], [1.0]]) * spread)
        weights = np.tril(np.ones((len(tau), len(tau)))) * self.g * self.step
        cumulative_deviation = np.sqrt(np.einsum("ij,jk,ik->i", weights, block, weights))
        doubts = self._doubts(centres, joined, survival, refits, measured)
        peaks = []
        edges: list[int] = [0, *(int(v) for v in valleys), len(tau)]
        for k, (centre, area) in enumerate(zip(centres, areas, strict=True)):
            inside = measured[0] <= centre <= measured[1]
            deviations = self._peak_deviations(edges[k], edges[k + 1], int(tops[k]))
            own = [] if inside else ["its time constant lies outside the measured range"]
            if survival[k] < 0.8 and refits:
                own.append(f"in {100 * survival[k]:.0f} % of {refits} refits to perturbed data")
            beyond = _outside(tau[edges[k] : edges[k + 1]], self.g[edges[k] : edges[k + 1]], measured)
            if inside and beyond > BEYOND:
                own.append(f"{100 * beyond:.0f} % of it lies outside the measured range")
            if any(0 <= j < len(joined) and joined[j] < SEPARATE for j in (k - 1, k)):
                own.append("not told from a plateau with its neighbour")
            peaks.append(_peak(question, float(centre), float(area), deviations, own, float(survival[k]), inside))
        return RelaxationTimes(
            tau,
            self.g,
            band,
            np.cumsum(self.g) * self.step,
            cumulative_deviation,
            tau[valleys],
            joined,
            tuple(peaks),
            self._terms(question),
            self._polarisation(question, tau, measured),
            measured,
            self.noise,
            self.chi / len(self.data),
            "doubtful" if doubts else "good",
            "; ".join(doubts),
            {"terms": self.terms, "refits": refits, "seed": seed, "points": len(self.z)},
        )

    def _peak_deviations(self, low: int, high: int, top: int) -> tuple[float, float]:
        """Standard uncertainties of ln R and ln tau of the peak between two valleys."""
        slope = np.zeros(len(self.free))
        slope[self.lead + low : self.lead + high] = self.g[low:high] / self.g[low:high].sum()
        exchanged = [LEAK * self.g[v] for v in (low, high) if 0 < v < len(self.g)]
        variance = float(slope @ self.covariance @ slope) + sum(e**2 for e in exchanged) / self._area(low, high) ** 2
        of_resistance = math.sqrt(max(variance, 0.0))
        if not 0 < top < len(self.g) - 1:
            return of_resistance, math.inf
        shift = np.zeros(len(self.free))
        for k in (-1, 0, 1):
            moved = self.g[top - 1 : top + 2].copy()
            moved[k + 1] *= 1.0 + 1e-4
            change = kernels.top_offset(moved, 1) - kernels.top_offset(self.g[top - 1 : top + 2].copy(), 1)
            shift[self.lead + top + k] = change / 1e-4 * self.step
        return of_resistance, math.hypot(
            TOP * math.sqrt(max(float(shift @ self.covariance @ shift), 0.0)), GRID * self.step
        )

    def _area(self, low: int, high: int) -> float:
        return float(self.g[low:high].sum() * self.step)

    def _joined(self, left: int, right: int) -> float:
        """Rise of chi square when ln g is straight from one top to the next."""
        straight = np.zeros(len(self.log_tau), np.bool_)
        straight[left : right + 1] = True
        bridged = self.free.copy()
        low, high = self.lead + left, self.lead + right
        bridged[low : high + 1] = np.linspace(self.free[low], self.free[high], high - low + 1)
        # from either start alone the search may stop short, and a plateau would pass for two peaks
        return min(self._misfit(self._solve(straight, begin)[0]) for begin in (None, bridged)) - self.chi

    def _survival(self, centres: Array, refits: int, seed: int) -> Array:
        if not refits or not len(centres):
            return np.ones(len(centres))
        random = np.random.default_rng(seed)
        shape = (refits, len(self.z))
        scatter = random.standard_normal(shape) + 1j * random.standard_normal(shape)
        linear = np.empty(len(self.free))
        kernels.expand(self.free, self.step, self.lead, linear)
        smooth = self.design @ linear * self.unit
        clean = smooth[: len(self.z)] + 1j * smooth[len(self.z) :]
        tau, again, _, _, _ = distribution(self.frequency, clean + self.noise * abs(clean) * scatter, self.terms)
        found = np.zeros(len(centres))
        for g in again:
            others = peaks_of(tau, g)[0]
            if len(others):
                near = abs(np.log10(centres[:, None] / others[None, :]))
                found += near.min(axis=1) < MATCH
        return found / refits

    def _doubts(
        self, centres: Array, joined: Array, survival: Array, refits: int, measured: tuple[float, float]
    ) -> list[str]:
        doubts = []
        for k, rise in enumerate(joined):
            if rise < SEPARATE:
                doubts.append(
                    f"the peaks at {centres[k]:.2g} s and {centres[k + 1]:.2g} s are not told from one plateau "
                    f"(chi square rises by {max(rise, 0.0):.1f}; {SEPARATE:.0f} would separate them)"
                )
        if refits and (survival < 0.8).any():
            doubts.append(f"{int((survival >= 0.8).sum())} of {len(survival)} peaks survive refits to perturbed data")
        outside = [f"{c:.2g} s" for c in centres if not measured[0] <= c <= measured[1]]
        if outside:
            doubts.append(f"peaks beyond the measured range: {', '.join(outside)}")
        if self.chi / len(self.data) > 2.5:
            doubts.append(f"the fit misses the data by {math.sqrt(self.chi / len(self.data)):.1f} times the noise")
        series, deviation = float(self.free[0]), math.sqrt(max(float(self.covariance[0, 0]), 0.0))
        if series < -2 * deviation:
            doubts.append(f"a negative high-frequency resistance ({series * self.unit:.3g} Ohm): drift, or no such end")
        if self.z[-1].imag > 3 * self.noise * abs(self.z[-1]):
            doubts.append("an inductive loop at low frequency, which no distribution of g >= 0 describes")
        return doubts

    def _terms(self, question: Result) -> dict[str, Result]:
        scale = self.unit * _units(self.frequency, self.terms)
        deviation = np.sqrt(np.clip(np.diag(self.covariance)[: self.lead], 0.0, None)) * scale
        found = {}
        for n, term in enumerate(self.terms):
            value = float(self.free[n] * scale[n])
            if term == "resistance":
                found["high-frequency resistance"] = _scaled(question, "high-frequency resistance", value, deviation[n])
            elif term == "inductance":
                item = replace(question, quantity="inductance", dimension="inductance", area_normalised=False)
                found["inductance"] = item.found(value, float(deviation[n]))
            elif term == "elastance":
                item = replace(question, quantity="series capacitance", dimension="capacitance", area_normalised=False)
                if value > 2 * deviation[n]:
                    found["series capacitance"] = item.found(1 / value, float(deviation[n]) / value**2)
                else:
                    found["series capacitance"] = item.refused("not distinguishable from none")
            else:
                found["resistance of the leads"] = _scaled(question, "resistance of the leads", value, deviation[n])
        return found

    def _polarisation(self, question: Result, tau: Array, measured: tuple[float, float]) -> Result:
        """The integral; doubtful where more of it than makes a peak lies beyond what was measured, a limit if most."""
        slope = np.zeros(len(self.free))
        slope[self.lead :] = self.g * self.step
        outside = _outside(tau, self.g, measured)
        text = f"{100 * outside:.0f} % of it lies outside the measured range"
        if outside > MOSTLY:  # what lies within
            slope[self.lead :] *= (tau >= measured[0]) & (tau <= measured[1])
        total, deviation = float(slope.sum()), math.sqrt(max(float(slope @ self.covariance @ slope), 0.0))
        if outside > MOSTLY:
            asked = replace(question, quantity="polarisation resistance")
            least = (total - BAND * deviation) * (question.settings["area"] or 1.0)
            return asked.at_least(least, f"{text}: the part within") if least > 0 else asked.refused(text)
        return _scaled(question, "polarisation resistance", total, deviation, [text] if outside > SHARE else [])


def _design(frequency: Array, terms: Sequence[Term]) -> tuple[Array, Array, Array]:
    """Logarithms of tau, columns of the model (leading terms, then 1/(1 + j w tau)), columns for the noise estimate."""
    w = 2.0 * np.pi * frequency

    def log_times(points: int, extension: float) -> Array:
        low, high = np.log10(1 / w.max()) - extension, np.log10(1 / w.min()) + extension
        grid: Array = np.log(10.0) * np.linspace(low, high, round((high - low) * points) + 1)
        return grid

    columns: dict[str, Complex] = {
        "resistance": np.ones(len(w), complex),
        "inductance": 1j * w / w.max(),
        "elastance": -1j * w.min() / w,
        "resistive inductance": 1j * w / w.max() / (1.0 + 1j * w / w.max()),
    }
    leading = np.column_stack([columns[term] for term in terms])

    def stacked(log_tau: Array) -> Array:
        model = np.hstack([leading, 1.0 / (1.0 + 1j * w[:, None] * np.exp(log_tau))])
        return np.ascontiguousarray(np.vstack([model.real, model.imag]))

    log_tau = log_times(kernels.POINTS_PER_DECADE, kernels.EXTENSION)
    return log_tau, stacked(log_tau), stacked(log_times(3, 0.3))


def _outside(tau: Array, g: Array, measured: tuple[float, float]) -> float:
    """Part of a distribution's integral that lies beyond the measured range."""
    return float(g[(tau < measured[0]) | (tau > measured[1])].sum() / g.sum())


def _units(frequency: Array, terms: Sequence[Term]) -> Array:
    """What turns the coefficients of the leading columns into Ohm, H and 1/F."""
    w = 2.0 * np.pi * frequency
    known = {"resistance": 1.0, "inductance": 1 / w.max(), "elastance": w.min(), "resistive inductance": 1.0}
    return np.array([known[term] for term in terms])


def _question(spectrum: Measurement) -> Result:
    return Result(
        quantity="resistance",
        dimension="resistance" if area_of(spectrum) is None else "area-specific resistance",
        method=METHOD,
        settings=conditions_of(spectrum),
        scope="cell",
        n_interfaces=interfaces_of(spectrum),
        area_normalised=area_of(spectrum) is not None,
        **provenance(spectrum),
    )


def _scaled(question: Result, quantity: str, value: float, deviation: float, doubts: Sequence[str] = ()) -> Result:
    """A resistance in Ohm as a result, times the area where it is known."""
    area = question.settings["area"] or 1.0
    return replace(question, quantity=quantity).found(value * area, float(deviation) * area, doubts=list(doubts))


def _peak(
    question: Result,
    centre: float,
    area_under: float,
    deviations: tuple[float, float],
    doubts: list[str],
    survival: float,
    inside: bool,
) -> RelaxationPeak:
    area = question.settings["area"] or 1.0
    of_resistance, of_time = deviations
    resistance = replace(question, quantity="peak resistance").found(
        area_under * area, area_under * area * of_resistance, doubts=doubts
    )
    time = replace(question, quantity="peak time constant", dimension="relaxation time", area_normalised=None).found(
        centre, centre * of_time, doubts=doubts
    )
    normalised = bool(question.area_normalised)
    capacitance = replace(
        question, quantity="peak capacitance", dimension="areal capacitance" if normalised else "capacitance"
    ).found(
        centre / (area_under * area),
        centre / (area_under * area) * math.hypot(of_resistance, of_time),
        doubts=doubts,
        formula="C = tau/R",
    )
    return RelaxationPeak(resistance, time, capacitance, survival, inside)


def _refusal(frequency: Array, z: Complex) -> str | None:
    if len(frequency) == 0:
        return "the spectrum has no valid point"
    decades = float(np.log10(frequency[0] / frequency[-1])) if len(frequency) > 1 else 0.0
    if len(np.unique(frequency)) < FEWEST_POINTS or decades < FEWEST_DECADES:
        return (
            f"{len(frequency)} points over {decades:.1f} decades; a distribution of relaxation times needs "
            f"{FEWEST_POINTS} points over {FEWEST_DECADES:.0f} decades"
        )
    if (abs(z) == 0).any():
        return "a point with zero impedance"
    return None


def _refused(question: Result, reason: str) -> RelaxationTimes:
    none = np.empty(0)
    answer = replace(question, quantity="polarisation resistance").refused(reason)
    return RelaxationTimes(
        none, none, np.empty((2, 0)), none, none, none, none, (), {}, answer,
        (math.nan, math.nan), math.nan, math.nan, "not computed", reason,
    )  # fmt: skip
