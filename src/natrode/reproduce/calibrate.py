"""The prior of a paper's interfaces conditioned on its figures: samples, what they leave open, what would help."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import CalibrationError
from natrode.files import write_text
from natrode.reproduce.paper import Calibration, CalibrationParameter, Figure, Paper, parts_of
from natrode.reproduce.quick_full import Quick, quick_trial
from natrode.reproduce.sampling import Conditioned, central_draw, condition, from_unit
from natrode.simulate.parameters import Overrides
from natrode.units import DIMENSIONS, from_si

FloatArray = npt.NDArray[np.float64]
Advance = Callable[[int, int, str], None]

FOLDER = Path(__file__).parent / "posteriors"
FAR = 100.0
"""Distance, in tolerances, of a run that did not come to its figure."""


@dataclass(frozen=True)
class Sample:
    """Draws of a calibration's parameters, SI, (draws, parameters)."""

    calibration: Calibration
    values: FloatArray

    def overrides(self, draw: int) -> Overrides:
        """SI values of one draw by interface (or electrolyte) and parameter name."""
        values = self.values[draw].tolist()
        return {place: {name: values[n] for name, n in own} for place, own in self._columns.items()}

    @cached_property
    def _columns(self) -> dict[str, list[tuple[str, int]]]:
        """Names and columns of the parameters that each interface (or electrolyte) has."""
        found: dict[str, list[tuple[str, int]]] = {}
        for n, parameter in enumerate(self.calibration.parameters):
            for place in parameter.places:
                found.setdefault(place, []).append((parameter.name, n))
        return found

    @property
    def central(self) -> int:
        """The draw nearest to the middle of the sample in every parameter."""
        return central_draw(self.values)


def prior_sample(calibration: Calibration, draws: int) -> Sample:
    """Draws of the prior, before any figure was looked at; seeded."""
    unit = np.random.default_rng([calibration.seed, 1]).random((draws, len(calibration.parameters)))
    return Sample(calibration, _values(calibration.parameters, unit))


def stored_sample(paper: Paper, name: str) -> Sample:
    """Posterior sample that came with natrode; raises CalibrationError when it is missing or of another prior."""
    calibration = paper.calibrations[name]
    path = _path(paper.key, name)
    if not path.exists():
        raise CalibrationError(
            f"{path.name}: the sample of {paper.key} is missing; run: natrode calibrate {paper.key} --store"
        )
    lines = path.read_text().splitlines()
    again = f"; store it again: natrode calibrate {paper.key} --store"
    if not set(_terms(calibration)) <= set(lines):
        raise CalibrationError(
            f"{path.name}: was drawn from another prior, or on other figures, than the paper's{again}"
        )
    rows = list(csv.reader(line for line in lines if not line.startswith("#")))
    if rows[0] != [parameter.label for parameter in calibration.parameters]:
        raise CalibrationError(f"{path.name}: holds other parameters than the prior of {paper.key}{again}")
    return Sample(calibration, np.array(rows[1:], float))


def transferred_sample(paper: Paper, name: str) -> Sample:
    """The stored sample as it holds for cells of another laboratory.

    What is a property of metal and electrolyte keeps its sample; how deep and how even the contacts are is made anew
    at every assembly, and has the whole prior.
    """
    stored = stored_sample(paper, name)
    prior = prior_sample(stored.calibration, len(stored.values))
    own = [n for n, parameter in enumerate(stored.calibration.parameters) if not parameter.transfers]
    values = stored.values.copy()
    values[:, own] = prior.values[:, own]
    return Sample(stored.calibration, values)


def _terms(calibration: Calibration) -> list[str]:
    """Comment lines of a sample's file that say what it was drawn from."""
    prior = (
        f"# prior {parameter.label}: {parameter.distribution}, {parameter.text[0]} to {parameter.text[1]}"
        for parameter in calibration.parameters
    )
    given = f" given the sample '{calibration.given}'" if calibration.given else ""
    figures = ", ".join(calibration.figures) or "no figure"
    return [f"# conditioned on {figures}{given}; seed {calibration.seed}", *prior]


def store(paper: Paper, sample: Sample, path: Path | None = None) -> Path:
    """Write a sample as CSV (SI, one draw per row) with what it was conditioned on."""
    calibration = sample.calibration
    text = io.StringIO()
    text.write(f"# natrode posterior sample, SI units; paper {paper.key}, calibration {calibration.name}\n")
    text.writelines(f"{line}\n" for line in _terms(calibration))
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([parameter.label for parameter in calibration.parameters])
    writer.writerows([[f"{value:.9g}" for value in row] for row in sample.values])
    target = path or _path(paper.key, calibration.name)
    target.parent.mkdir(exist_ok=True)
    write_text(target, text.getvalue())
    return target


def draw(
    paper: Paper,
    name: str,
    *,
    figures: Sequence[Figure] | None = None,
    seed: int | None = None,
    particles: int | None = None,
    advance: Advance | None = None,
) -> tuple[Sample, Conditioned]:
    """Condition the prior of one calibration on its figures (or on `figures`) and draw a sample.

    Args:
        paper: the paper.
        name: of its calibration.
        figures: instead of the calibration's own.
        seed: instead of the calibration's own.
        particles: twice the draws to give; twice the calibration's own number when not given.
        advance: called with the round, the most rounds, and text.

    Raises:
        CalibrationError: the prior cannot give the figures together.
    """
    calibration = paper.calibrations[name]
    wanted = list(figures) if figures is not None else [paper.figure(f) for f in calibration.figures]
    cube = cube_of(paper, calibration)
    seen = _seen(paper, calibration, wanted)
    active = [n for n, places in enumerate(cube.places) if seen & places]
    start = calibration.seed if seed is None else seed
    draws = calibration.draws if particles is None else particles // 2
    if not wanted:
        free = np.random.default_rng([start, 2]).random((draws, len(cube.places)))
        free[:, 0] = (np.arange(draws) + 0.5) / draws  # every draw of the sample given, in turn
        return Sample(calibration, cube.values(free)), Conditioned(free, np.zeros(draws), 0, 0, 1.0)
    distance = _Distance(paper, calibration, wanted, cube)

    def of_active(points: FloatArray, threshold: float) -> FloatArray:
        unit = np.full((len(points), len(cube.places)), 0.5)
        unit[:, active] = points
        return distance(unit, threshold)

    def shown(round_: int, tolerance: float) -> None:
        if advance is not None:
            advance(round_, 40, f"{paper.short} {name}: {tolerance:.2f} tolerances")

    result = condition(of_active, len(active), draws, start, particles=2 * draws, progress=shown)
    free = np.random.default_rng([start, 2]).random((draws, len(cube.places)))
    free[:, active] = result.points  # what no figure sees keeps its prior
    return Sample(calibration, cube.values(free)), result


@dataclass(frozen=True)
class Cube:
    """What the coordinates of the unit cube stand for."""

    places: tuple[frozenset[str], ...]
    """Interfaces, electrolytes or cathodes that each coordinate changes."""
    values: Callable[[FloatArray], FloatArray]
    """Parameter values (SI) at points of the cube."""


def cube_of(paper: Paper, calibration: Calibration) -> Cube:
    """One coordinate per parameter; where the sample of another calibration is given, its draws are one coordinate.

    A draw of that sample stands for all its parameters together, so that what its figures tied stays tied; the new
    figures weigh the draws.
    """
    added = tuple(frozenset(parameter.places) for parameter in calibration.added)
    if not calibration.given:
        return Cube(added, lambda unit: _values(calibration.parameters, unit))
    given = stored_sample(paper, calibration.given)
    whole = frozenset(place for parameter in given.calibration.parameters for place in parameter.places)

    def values(unit: FloatArray) -> FloatArray:
        drawn = np.minimum((unit[:, 0] * len(given.values)).astype(int), len(given.values) - 1)
        return np.hstack([given.values[drawn], _values(calibration.added, unit[:, 1:])])

    return Cube((whole, *added), values)


def _seen(paper: Paper, calibration: Calibration, figures: Sequence[Figure]) -> set[str]:
    """Names of the interfaces and electrolytes that the figures' experiments contain."""
    names: set[str] = set()
    for figure in figures:
        names |= parts_of(paper.cell(paper.trial(str(figure.experiment)).cell))
    return names


class _Distance:
    """How many tolerances the worst figure is away, for many points of the unit cube."""

    def __init__(self, paper: Paper, calibration: Calibration, figures: Sequence[Figure], cube: Cube) -> None:
        self.calibration, self.figures, self.cube = calibration, figures, cube
        self.trials: dict[str, Quick] = {}
        for figure in figures:
            trial = paper.trial(str(figure.experiment))
            cell, protocol = paper.cell(trial.cell), paper.protocol(trial.protocol)
            self.trials[trial.id] = quick_trial(cell, protocol)

    def __call__(self, unit: FloatArray, threshold: float) -> FloatArray:
        sample = Sample(self.calibration, self.cube.values(unit))
        return np.array([self._one(sample.overrides(n), threshold) for n in range(len(unit))])

    def _one(self, overrides: Overrides, threshold: float) -> float:
        worst = 0.0
        for name, trial in self.trials.items():
            if worst > threshold:
                return worst
            run = trial.run(overrides)
            for figure in self.figures:
                if figure.experiment == name:
                    worst = max(worst, distance_of(figure, run.value(str(figure.analysis), figure.arguments)))
        return worst


def distance_of(figure: Figure, si: float) -> float:
    """Distance of a computed value from the published one in tolerances, FAR at most; 0 in the middle of a range."""
    tolerated = figure.tolerated
    if tolerated is None or isinstance(figure.value, bool) or figure.value is None:
        raise CalibrationError(f"{figure.id}: has no value with a tolerance and cannot be calibrated on")
    if math.isnan(si):
        return math.inf
    low, high = tolerated
    value = figure.in_unit(si)
    middle = (low + high) / 2 if isinstance(figure.value, tuple) else figure.value
    if not math.isfinite(value):
        return FAR
    if figure.tolerance is not None and figure.tolerance.kind == "factor":
        if value <= 0:
            return FAR
        low, high, middle, value = (math.log(x) for x in (low, high, middle, value))
    distance = (value - middle) / (high - middle) if value > middle else (middle - value) / (middle - low)
    return min(distance, FAR) if distance > 1 + 1e-9 else min(distance, 1.0)


def _values(parameters: Sequence[CalibrationParameter], unit: FloatArray) -> FloatArray:
    columns = [
        from_unit(unit[:, n], parameter.low, parameter.high, parameter.distribution)
        for n, parameter in enumerate(parameters)
    ]
    return np.column_stack(columns)


def _path(key: str, name: str) -> Path:
    return FOLDER / f"{key}--{name}.csv"


# ---- what a sample says -----------------------------------------------------------------------------------------


def narrowing(sample: Sample, prior: Sample) -> list[list[Any]]:
    """Rows: parameter, unit, prior and posterior 5-95 % range, and how much narrower it became (1: not at all)."""
    rows = []
    for n, (parameter, name) in enumerate(zip(sample.calibration.parameters, sample.calibration.names, strict=True)):
        unit = DIMENSIONS[parameter.dimension][1]
        log = parameter.distribution == "log-uniform"
        ends = []
        for values in (prior.values[:, n], sample.values[:, n]):
            ends.append([from_si(float(q), unit, parameter.dimension) for q in np.quantile(values, [0.05, 0.5, 0.95])])
        widths = [math.log(e[2] / e[0]) if log else e[2] - e[0] for e in ends]
        kept = widths[1] / widths[0]
        rows.append([name, unit, _span(ends[0]), _span(ends[1]), ends[1][1], kept])
    return rows


def _span(ends: Sequence[float]) -> str:
    return f"{ends[0]:.3g} - {ends[2]:.3g}"


def degeneracies(sample: Sample, least: float = 0.5) -> list[list[Any]]:
    """Pairs of parameters that the figures tie together: rank correlation beyond `least`, strongest first."""
    from scipy.stats import spearmanr

    count = len(sample.calibration.parameters)
    if count < 2:
        return []
    matrix = np.atleast_2d(spearmanr(sample.values).statistic)
    if matrix.shape == (1, 1):
        matrix = np.array([[1.0, matrix[0, 0]], [matrix[0, 0], 1.0]])
    names = sample.calibration.names
    pairs = [
        [names[a], names[b], float(matrix[a, b])]
        for a in range(count)
        for b in range(a + 1, count)
        if abs(matrix[a, b]) >= least
    ]
    return sorted(pairs, key=lambda row: -abs(row[2]))
