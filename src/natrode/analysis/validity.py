"""Is a spectrum that of a linear, stable system? Drift, random walk and outliers, each by a test of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis import _kramers_kronig as kernels
from natrode.analysis.reading import Array, provenance
from natrode.analysis.result import plain
from natrode.analysis.spectrum import BLOCKING_PHASE, Complex, rows_of, sorted_spectrum, time_of_points
from natrode.compiled import on_all_cores
from natrode.measurement import Measurement

Verdict = Literal["passed", "drift", "random walk", "no verdict"]

FEWEST_POINTS = 20
LEVEL = 0.007
"""Probability below which a test speaks; three tests then raise about 1.4 false alarms in 100 valid spectra."""
OUTLIER_LEVEL = 0.01
"""Of the largest of all points together."""
POWER = 0.9
DENSITIES = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
"""RC elements per decade to choose from."""
METHOD = (
    "linear Kramers-Kronig test: signed RC elements (1.5 to 4 per decade by AICc without the worst point), R, L, and "
    "C when blocking, weighted by 1/|Z|; t test for a drift of all impedances, variance-component score test for a "
    "random walk, F test of single points. Boukamp 1995, J. Electrochem. Soc. 142, 1885; Schoenleber et al. 2014, "
    "Electrochim. Acta 131, 20"
)


@dataclass(frozen=True)
class KramersKronig:
    """Verdict on one spectrum with the numbers behind it."""

    verdict: Verdict
    reason: str
    noise: float | None
    """Relative standard deviation of the real and of the imaginary part."""
    drift: float | None
    """Change of all impedances over the sweep, as a fraction; the clock that shows it best."""
    drift_deviation: float | None
    detectable_drift: float | None
    """Drift over the sweep that this spectrum would have shown in 9 of 10 cases."""
    probabilities: Mapping[str, float]
    """Of data as unlike a stable system as these, by test."""
    outliers: tuple[int, ...]
    """Numbers of the points (in the record's order) that do not belong to the others; left out of the tests."""
    residual: npt.NDArray[np.complex128]
    """(Z - fit)/|Z| at the points that were kept, from high to low frequency."""
    frequency: Array
    elements: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    source: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def departure(self) -> float | None:
        """How far the spectrum is from that of a stable system, as a part of |Z|; None where it passed or nobody knows.

        The drift over the sweep, or the largest residual where only the test for a random walk speaks.
        """
        if self.verdict == "drift" and self.drift is not None:
            return abs(self.drift)
        return float(np.abs(self.residual).max()) if self.verdict == "random walk" else None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        document: dict[str, Any] = plain({k: v for k, v in vars(self).items() if k not in ("residual",)})
        document["residual"] = [plain(self.residual.real), plain(self.residual.imag)]
        return {"quantity": "Kramers-Kronig test", "method": METHOD, **document}


def kramers_kronig(spectrum: Measurement) -> KramersKronig:
    """Return the verdict of the linear Kramers-Kronig test on one spectrum.

    Args:
        spectrum: an impedance record with one spectrum. A time column makes the test for drift sharper.

    Returns:
        "passed", "drift" (all impedances change along the sweep), "random walk" (they wander, without a steady drift)
        or "no verdict" (below 20 points or 2 decades), with the drift that could have been seen and the outliers, which
        are left out of the other tests.

    Raises:
        RecordError: for another kind of record or several spectra.

    Formula: r = P z with P the projector off the basis, z = Z/|Z|; drift x = P(t z): t = x.r/|x| over its own noise;
    random walk: Q = |X'r|^2/r.r against its null distribution; outlier: F of a point's two components.
    Source: `METHOD`; score test: Lin 1997, Biometrika 84, 309; saddlepoint: Lugannani and Rice 1980.
    """
    frequency, z = sorted_spectrum(spectrum)
    times = time_of_points(spectrum)
    origin: dict[str, Any] = {**provenance(spectrum)}
    decades = float(np.log10(frequency[0] / frequency[-1])) if len(frequency) > 1 else 0.0
    if len(np.unique(frequency)) < FEWEST_POINTS or decades < 2.0 or (abs(z) == 0).any():
        return KramersKronig(
            "no verdict",
            f"{len(frequency)} points over {decades:.1f} decades; a verdict needs {FEWEST_POINTS} over 2 decades",
            None, None, None, None, {}, (), np.empty(0, complex), frequency, 0, {}, **origin,
        )  # fmt: skip
    kept = np.arange(len(z))
    rows = rows_of(spectrum)
    outliers: list[int] = []
    while True:
        found = statistics_of(frequency[kept], z[None, kept], None if times is None else times[kept])
        if found["p_outlier"][0] >= OUTLIER_LEVEL or len(outliers) >= len(z) // 10 or len(kept) <= FEWEST_POINTS:
            break
        worst = int(found["outlier_at"][0])
        outliers.append(int(rows[kept[worst]]))
        kept = np.delete(kept, worst)
    probabilities = {
        "drift over the points": float(found["p_drift"][0, 0]),
        "random walk": float(found["p_walk"][0]),
        "outlier": float(found["p_outlier"][0]),
    }
    if times is not None:
        probabilities["drift over time"] = float(found["p_drift"][0, 1])
    clock = int(np.argmin(found["p_drift"][0]))
    drift, deviation = float(found["drift"][0, clock]), float(found["drift_deviation"][0, clock])
    tests = [name for name, p in probabilities.items() if name != "outlier" and p < LEVEL]
    drifts = any(name.startswith("drift") for name in tests)
    residual = found["residual"][0][: len(kept)] + 1j * found["residual"][0][len(kept) :]
    texts = []
    if tests and not drifts:
        texts.append(_wandering(frequency[kept], residual, probabilities["random walk"], drift, deviation))
    elif tests:
        texts.append(f"all impedances change by {100 * drift:.1f} % over the sweep (tests of {', '.join(tests)})")
    if outliers:
        texts.append(f"{len(outliers)} outlying point{'s' if len(outliers) > 1 else ''} left out")
    detectable = float(found["detectable"][0, clock])
    if not tests:
        texts.append(f"a drift of {100 * detectable:.1f} % over the sweep would have been seen")
    return KramersKronig(
        "drift" if drifts else "random walk" if tests else "passed",
        "; ".join(texts),
        float(found["noise"][0]),
        drift,
        deviation,
        detectable,
        probabilities,
        tuple(outliers),
        residual,
        frequency[kept],
        int(found["elements"][0]),
        {"level": LEVEL, "clock": ("points", "time")[clock], "blocking": found["blocking"]},
        **origin,
    )


def _wandering(frequency: Array, residual: Complex, probability: float, drift: float, deviation: float) -> str:
    """What the residuals of a spectrum show that wanders without drifting: how large they are, and where."""
    square = np.cumsum(np.r_[0.0, np.abs(residual) ** 2])
    # the shortest stretch of the sweep that holds half of them
    ends = np.searchsorted(square, square + 0.5 * square[-1])
    begin = int(np.argmin(np.where(ends < len(square), ends - np.arange(len(square)), len(square))))
    high, low = frequency[begin], frequency[int(ends[begin]) - 1]
    worst = int(np.argmax(np.abs(residual)))
    return (
        f"the residuals are no noise (test of random walk, p = {probability:.1g}): up to "
        f"{100 * abs(residual[worst]):.2g} % of |Z| at {frequency[worst]:.3g} Hz, half of their square in "
        f"{int(ends[begin]) - begin} of {len(residual)} points ({high:.3g} to {low:.3g} Hz); a steady drift is not "
        f"shown ({100 * drift:.1f} ± {100 * deviation:.1f} %)"
    )


def statistics_of(frequency: Array, impedance: Complex, times: Array | None = None) -> dict[str, Any]:
    """Return the statistics of many spectra with the same frequencies.

    Args:
        frequency: shape (N,) [Hz], in the order of measurement.
        impedance: shape (S, N) [Ohm].
        times: of the points, shape (N,) [s], or None.

    Returns:
        elements, noise, p_walk, p_outlier, outlier_at (S,); p_drift, drift, drift_deviation, detectable (S, T) for
        the clocks "number of the point" and, with times, "time"; residual (S, 2N); blocking.

    Formula and source: see `kramers_kronig`.
    """
    from scipy import stats

    w = 2.0 * np.pi * frequency
    points = len(w)
    decades = np.log10(w.max() / w.min()) + 2.0 * kernels.EXTENSION
    choices = np.unique([max(round(d * decades), 3) for d in DENSITIES]).astype(np.int64)
    allowed = choices[choices < 2 * points - 12]
    choices = allowed if allowed.size else choices[:1]
    clocks = [np.arange(points) / (points - 1.0)]
    if times is not None and np.ptp(times) > 0:
        clocks.append((times - times.min()) / np.ptp(times))
    last = int(np.argmin(frequency))
    phase = np.degrees(np.arctan2(-impedance[:, last].imag, impedance[:, last].real))
    blocking = bool(np.median(phase) > BLOCKING_PHASE)
    outcome = np.zeros((len(impedance), kernels.TREND + 3 * len(clocks)))
    residual = np.zeros((len(impedance), 2 * points))
    real, imaginary = np.ascontiguousarray(impedance.real), np.ascontiguousarray(impedance.imag)
    given = (w, real, imaginary, np.array(clocks), choices, blocking, outcome, residual)
    on_all_cores(len(real), partial(kernels.test_rows, *given))
    freedom = 2 * points - outcome[:, kernels.RANK]
    trend = outcome[:, kernels.TREND :].reshape(len(impedance), len(clocks), 3)
    deviation = trend[..., 2]
    seen = np.asarray(stats.t.isf(LEVEL / 2, freedom - 1) + stats.norm.ppf(POWER))[:, None] * deviation
    return {
        "elements": outcome[:, kernels.ELEMENTS],
        "noise": outcome[:, kernels.NOISE],
        "p_walk": outcome[:, kernels.WALK],
        "p_outlier": np.minimum(points * stats.f.sf(outcome[:, kernels.OUTLIER], 2, freedom - 2), 1.0),
        "outlier_at": outcome[:, kernels.OUTLIER_AT].astype(int),
        "p_drift": 2.0 * stats.t.sf(abs(trend[..., 0]), (freedom - 1)[:, None]),
        "drift": trend[..., 1],
        "drift_deviation": deviation,
        "detectable": seen,
        "residual": residual,
        "blocking": blocking,
    }
