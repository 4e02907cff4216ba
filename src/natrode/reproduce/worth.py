"""What a sample says of all figures of its paper, what drives each, and what one more measurement would tell."""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import CalibrationError, SpecificationError
from natrode.files import check_output_file
from natrode.reproduce import calibrate, library
from natrode.reproduce.calibrate import Sample
from natrode.reproduce.paper import Calibration, Figure, Paper
from natrode.reproduce.paper_tables import published_text
from natrode.reproduce.sampling import Conditioned
from natrode.reproduce.trials import answers_of, central_of, is_alternative, question

FloatArray = npt.NDArray[np.float64]
Advance = Callable[[int, int, str], None]

DRAWS = 60
"""Draws that are run: enough for a 5-95 % range and for rank correlations beyond a quarter."""
LEAST = 0.3
"""Rank correlation from which on a parameter is named; by chance one of 60 draws exceeds it in 2 of 100 cases."""


@dataclass(frozen=True)
class Prediction:
    """One figure over a sample: a number per draw in the figure's unit, 1 and 0 for an observation."""

    figure: Figure
    values: FloatArray

    @property
    def known(self) -> FloatArray:
        """Values of the draws that gave an answer."""
        found: FloatArray = self.values[np.isfinite(self.values)]
        return found

    @property
    def ends(self) -> tuple[float, float]:
        """5-95 % range; NaN where fewer than five draws gave an answer."""
        if len(self.known) < 5:
            return math.nan, math.nan
        low, high = np.quantile(self.known, [0.05, 0.95])
        return float(low), float(high)

    @property
    def width(self) -> float:
        """Logarithm of the range's upper over its lower end; its length where it reaches zero."""
        low, high = self.ends
        return math.log(high / low) if low > 0 else high - low


def report(
    key: str, *, add: str | None = None, seed: int | None = None, out: Path | None = None, store_sample: bool = False,
    advance: Advance | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Derive the samples of a paper again and say what the figures determine, what they do not, what would help.

    Args:
        key: of the paper.
        add: id of a further figure to condition on; the stored sample is then set beside the one with it.
        seed: instead of the paper's own.
        out: CSV file to write the sample to.
        store_sample: replace the sample that comes with natrode.
        advance: called with done, total and text.

    Returns:
        Tables of rows, as the command line prints them.

    Raises:
        CalibrationError: the paper has no calibration, or its figures cannot be given together.
        OutputError: `out` cannot be written.
        SpecificationError: `add` together with a way to keep the sample, or a figure that cannot be conditioned on.
    """
    paper = library.load_paper(key)
    if not paper.calibrations:
        raise CalibrationError(f"{paper.key}: has no calibration; nothing in it is fitted")
    if add is not None:
        if out is not None or store_sample:
            raise SpecificationError("--add shows what a figure would do; it is not kept: leave out --out and --store")
        return {"paper": paper.key, "tables": _added(paper, paper.figure(add), seed, advance)}
    if out is not None:
        check_output_file(out)
    tables: list[dict[str, Any]] = []
    for name, calibration in paper.calibrations.items():
        sample, result = calibrate.draw(paper, name, seed=seed, advance=advance)
        if store_sample:
            calibrate.store(paper, sample)
        if out is not None:
            calibrate.store(paper, sample, out if name == "default" else out.with_stem(f"{out.stem}-{name}"))
        tables += _tables(paper, calibration, sample, result)
        predicted = predictions(paper, sample, advance)
        tables += [
            {
                "title": f"what this sample says of the paper's figures ({DRAWS} draws)",
                "columns": ["figure", "role", "unit", "published", "5-95 %", "factor", "worth"],
                "rows": told(predicted),
                "notes": [
                    "factor: upper over lower end; "
                    "worth: part of the others' width that its exact value would take away on average (by ranks)",
                    f"natrode calibrate {paper.key} --add FIGURE conditions on one and shows it",
                ],
            },
            {
                "title": f"what drives each figure (rank correlation from {LEAST} on)",
                "columns": ["figure", "driven by", "correlation"],
                "rows": driven(predicted, sample),
            },
        ]
    return {"paper": paper.key, "tables": tables}


def _tables(paper: Paper, calibration: Calibration, sample: Sample, result: Conditioned) -> list[dict[str, Any]]:
    prior = calibrate.prior_sample(calibration, 2000)
    on = ", ".join(calibration.figures) or "no figure"
    tied = calibrate.degeneracies(sample)
    unseen = paper.inert_parameters(calibration)
    named_parameters = list(zip(calibration.parameters, calibration.names, strict=True))
    inert = [name for parameter, name in named_parameters if parameter in unseen]
    notes = [
        f"{result.evaluations} runs in {result.rounds} rounds; {100 * result.distinct:.0f} % of the draws are distinct"
    ]
    if inert:
        notes.append("not seen by any of these figures (their sample is their prior): " + ", ".join(inert))
    shared: dict[str, list[str]] = {}
    for parameter, name in named_parameters:
        if name == parameter.name:
            shared.setdefault(parameter.label.removeprefix(name).strip(" ()"), []).append(name)
    notes += [f"of {places}: {', '.join(names)}" for places, names in shared.items()]
    return [
        {
            "title": f"{paper.short}, calibration {calibration.name}: {len(sample.values)} draws on {on}",
            "columns": ["parameter", "unit", "prior 5-95 %", "sample 5-95 %", "median", "width kept"],
            "rows": calibrate.narrowing(sample, prior),
            "notes": notes,
        },
        {
            "title": "tied together by the figures (rank correlation)",
            "columns": ["parameter", "with", "correlation"],
            "rows": tied,
            "notes": [] if tied else ["none beyond 0.5"],
        },
    ]


def _added(paper: Paper, figure: Figure, seed: int | None, advance: Advance | None) -> list[dict[str, Any]]:
    """How one more figure narrows the parameters and the other figures."""
    if figure.value is None or figure.experiment is None:
        raise SpecificationError(f"{figure.id}: has no published value from an experiment to condition on")
    own = paper.trial(figure.experiment).calibration
    calibration = paper.calibrations[own]
    if figure.id in calibration.figures:
        raise SpecificationError(f"{figure.id}: the sample is conditioned on it already")
    without = calibrate.stored_sample(paper, own)
    figures = [paper.figure(name) for name in (*calibration.figures, figure.id)]
    more, _ = calibrate.draw(paper, own, figures=figures, seed=seed, advance=advance)
    prior = calibrate.prior_sample(calibration, 2000)
    pairs = zip(calibrate.narrowing(without, prior), calibrate.narrowing(more, prior), strict=True)
    return [
        {
            "title": f"{paper.short}: the parameters with {figure.id} added",
            "columns": ["parameter", "unit", "without", "with", "width kept"],
            "rows": [[a[0], a[1], a[3], b[3], b[5] / a[5] if a[5] else None] for a, b in pairs],
        },
        {
            "title": f"{paper.short}: the figures with {figure.id} added ({DRAWS} draws)",
            "columns": ["figure", "role", "unit", "published", "without", "with", "width kept"],
            "rows": narrowed(predictions(paper, without, advance), predictions(paper, more, advance)),
            "notes": ["5-95 % over the sample; width kept: 1 is not narrowed at all"],
        },
    ]


def predictions(paper: Paper, sample: Sample, advance: Advance | None = None) -> list[Prediction]:
    """Every figure of a paper that a sample's experiments give, on evenly spaced draws of the sample.

    Args:
        paper: the paper.
        sample: of one of its calibrations.
        advance: called with done, total and text.

    Returns:
        One prediction per figure, in the order of the paper; experiments with replicates and other readings of an
        experiment are left out.
    """
    draws = np.unique(np.linspace(0, len(sample.values) - 1, min(DRAWS, len(sample.values))).astype(int))
    by_trial = {
        trial.id: [figure for figure in _numbers(paper) if figure.experiment == trial.id]
        for trial in paper.trials
        if trial.calibration in ("default", sample.calibration.name)
        and trial.replicates == 1
        and not is_alternative(paper, trial)
    }
    jobs = [name for name, figures in by_trial.items() if figures]
    drawn = [sample.overrides(int(draw)) for draw in draws]
    found: dict[str, Prediction] = {}
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(answers_of, paper.key, name, drawn): name for name in jobs}
        for done, future in enumerate(as_completed(futures), 1):
            answers = future.result()
            for figure in by_trial[futures[future]]:
                values = answers[question(str(figure.analysis), figure.arguments)]
                found[figure.id] = Prediction(figure, central_of(figure, values))
            if advance is not None:
                advance(done, len(jobs), f"{paper.short}: {futures[future]}")
    return [found[figure.id] for figure in paper.figures if figure.id in found]


def _numbers(paper: Paper) -> list[Figure]:
    """Figures that one experiment gives, drawn from a simulated record."""
    return [figure for figure in paper.figures if figure.experiment and figure.analysis and not figure.not_computed]


def told(predicted: Sequence[Prediction]) -> list[list[Any]]:
    """Rows: figure, role, unit, published, range over the sample, its width as a factor, and its worth.

    The worth of a figure is how much of the others' width its exact value would take away on average, as far as ranks
    tell: 1 - sqrt(1 - rho^2) with the rank correlation rho (exact for a Gaussian copula); none where it is fitted.
    """
    rows = []
    for n, one in enumerate(predicted):
        others = [_correlation(one.values, other.values) for m, other in enumerate(predicted) if m != n]
        worth = float(np.mean([1 - math.sqrt(1 - rho**2) for rho in others])) if others else 0.0
        fitted = one.figure.role == "fitted"
        rows.append([*_named(one.figure), _range(one), _factor(one), None if fitted else worth])
    return rows


def driven(predicted: Sequence[Prediction], sample: Sample) -> list[list[Any]]:
    """Rows: figure, parameter that drives it, rank correlation; at most the three strongest of each figure."""
    draws = np.unique(np.linspace(0, len(sample.values) - 1, min(DRAWS, len(sample.values))).astype(int))
    rows: list[list[Any]] = []
    for one in predicted:
        found = [
            (name, _correlation(sample.values[draws, n], one.values)) for n, name in enumerate(sample.calibration.names)
        ]
        strongest = sorted((item for item in found if abs(item[1]) >= LEAST), key=lambda item: -abs(item[1]))[:3]
        rows += [[one.figure.id, name, rho] for name, rho in strongest]
    return rows


def narrowed(before: Sequence[Prediction], after: Sequence[Prediction]) -> list[list[Any]]:
    """Rows: figure, unit, published, range without and with one more figure, and how much of the width is left."""
    later = {one.figure.id: one for one in after}
    rows = []
    for one in before:
        if one.figure.id not in later:
            continue
        other = later[one.figure.id]
        kept = other.width / one.width if one.width > 0 and (one.ends[0] > 0) == (other.ends[0] > 0) else None
        unit = one.figure.unit.removesuffix("1") if one.figure.unit == "1" else one.figure.unit
        rows.append(
            [one.figure.id, one.figure.role, unit, published_text(one.figure), _range(one), _range(other), kept]
        )
    return rows


def _named(figure: Figure) -> list[str]:
    return [figure.id, figure.role, "" if figure.unit == "1" else figure.unit, published_text(figure)]


def _range(one: Prediction) -> str:
    if isinstance(one.figure.value, bool):
        return f"shown by {100 * float(np.mean(one.known)):.0f} %" if len(one.known) else "no answer"
    low, high = one.ends
    return "no answer" if math.isnan(low) else f"{low:.3g} - {high:.3g}"


def _factor(one: Prediction) -> float | None:
    low, high = one.ends
    return high / low if low > 0 and not isinstance(one.figure.value, bool) else None


def _correlation(one: FloatArray, other: FloatArray) -> float:
    from scipy.stats import spearmanr

    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 20 or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return 0.0
    return float(np.clip(spearmanr(one[both], other[both]).statistic, -1, 1))
