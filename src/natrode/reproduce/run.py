"""The main job: every experiment of the papers on its sample of cells, every figure beside what was published."""

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode import __version__
from natrode.files import write_text
from natrode.reproduce import arithmetic, attribution, library, resolved
from natrode.reproduce.analyses import ACROSS
from natrode.reproduce.calibrate import Sample
from natrode.reproduce.full_cells import between
from natrode.reproduce.paper import VALIDATION, Figure, Paper
from natrode.reproduce.paper_tables import flag_rows
from natrode.reproduce.processes import processes
from natrode.reproduce.spectra_views import spectra_views
from natrode.reproduce.table import Driver, FigureRow, FlagRow, Number, Reproduction, Status, View
from natrode.reproduce.trials import Outcome, central_of, flattened, question, questions_of, run_trial
from natrode.reproduce.views import laws_views, views_of

FloatArray = npt.NDArray[np.float64]
Advance = Callable[[int, int, str], None]
Job = tuple[str, str | int]
"""A paper, and one of its experiments by id or one of its losses by number."""

INFORMATIVE = 3.0
"""Upper over lower end of an interval from which on it says nothing."""
MOST, LEAST = 0.9, 0.1
"""Parts of the draws that show an observation for it to hold, or to fail."""
DRIVER = 0.25
"""Rank correlation from which on a parameter is named as a driver."""


def reproduce(
    keys: Sequence[str] = (),
    *,
    advance: Advance | None = None,
    workers: int | None = None,
    fresh: bool = False,
    pool: Executor | None = None,
) -> Reproduction:
    """Run the experiments of papers and compare.

    Args:
        keys: papers by key or short name, or "validation"; all five papers and the validation set when empty.
        advance: called with done, total and text.
        workers: processes; the machine's cores when not given.
        pool: processes to run on, which may still be starting; own ones when not given.
        fresh: first compute the stored studies of resolved electrodes behind the papers anew and replace them.

    Returns:
        The frozen table that the report shows.

    Raises:
        SpecificationError: an unknown paper, with the nearest one.
    """
    started = time.monotonic()
    names = list(keys) or [*library.paper_names(), VALIDATION]
    papers = [library.load_paper(name) for name in dict.fromkeys(names)]
    stale = resolved.studies_of([paper.key for paper in papers]) if fresh else {}
    if stale:
        resolved.refresh(list(stale), advance=advance)
    jobs = _jobs(papers)
    done: dict[Job, Any] = {}
    compared: dict[str, _Compared] = {}
    with nullcontext(pool) if pool is not None or len(jobs) < 2 else processes(workers) as running:
        for job, outcome in _run(jobs, advance, running):
            done[job] = outcome
            for paper in papers:  # while the next experiments run
                trials = [(key, what) for key, what in jobs if key == paper.key and isinstance(what, str)]
                if paper.key not in compared and done.keys() >= set(trials):
                    compared[paper.key] = _compared(paper, {str(what): done[key, what] for key, what in trials})
    outcomes = {(key, what): one for (key, what), one in done.items() if isinstance(what, str)}
    rows: list[FigureRow] = []
    views: list[View] = []
    flags: tuple[FlagRow, ...] = ()
    for paper in papers:
        own = compared[paper.key] if paper.key in compared else _compared(paper, {})
        rows, views, flags = rows + own.rows, views + own.views, flags + own.flags
    views += resolved.views([paper.key for paper in papers])
    views += attribution.views(papers, done) + attribution.literature_views(papers, rows)
    views += laws_views(papers, rows, {trial: outcome for (_, trial), outcome in outcomes.items()})
    seeds = [c.seed for paper in papers for c in paper.calibrations.values()]
    draws = max((c.draws for paper in papers for c in paper.calibrations.values()), default=1)
    return Reproduction(
        papers=tuple(paper.summary for paper in papers),
        rows=tuple(rows),
        views=tuple(views),
        flags=flags,
        version=__version__,
        seed=min(seeds, default=0),
        draws=draws,
        seconds=time.monotonic() - started,
        records={trial: outcome.central for (_, trial), outcome in outcomes.items()},
    )


@dataclass(frozen=True)
class _Compared:
    """What the page shows of one paper."""

    rows: list[FigureRow]
    views: list[View]
    flags: tuple[FlagRow, ...]


def _compared(paper: Paper, outcomes: Mapping[str, Outcome]) -> _Compared:
    return _Compared(
        [_row(paper, figure, outcomes) for figure in paper.figures],
        views_of(paper, outcomes) + spectra_views(paper, outcomes),
        flag_rows(paper),
    )


def _jobs(papers: Sequence[Paper]) -> list[Job]:
    """Trials and losses, the longest first, so that no process is left alone with one of them at the end.

    Before all others stands a full cell beside symmetric ones with replicates: where nothing is compiled yet, one
    process compiles the kernel of the one kind, another that of the other, and both find it later.
    """
    losses: list[Job] = [(paper.key, number) for paper in papers for number in range(len(paper.losses))]
    needed = [(paper, trial) for paper in papers for trial in paper.trials if _is_needed(paper, trial.id)]
    needed.sort(key=lambda one: (one[1].replicates == 1, one[1].calibration != "full-cell"))
    trials: list[Job] = [(paper.key, trial.id) for paper, trial in needed]
    return [*losses[:1], *trials, *losses[1:]]


def _is_needed(paper: Paper, trial: str) -> bool:
    return bool(questions_of(paper, paper.trial(trial)))


def _job(key: str, what: str | int) -> Any:
    return run_trial(key, what) if isinstance(what, str) else attribution.drawn(key, what)


def _name(key: str, what: str | int) -> str:
    return what if isinstance(what, str) else f"losses of {key}"


def _run(jobs: Sequence[Job], advance: Advance | None, pool: Executor | None) -> Iterator[tuple[Job, Any]]:
    """Trials and losses with what they gave, on several processes where there is more than one to run."""
    shown = advance or (lambda done, total, text: None)
    if len(jobs) < 2 or pool is None:
        for done, job in enumerate(jobs):
            shown(done, len(jobs), _name(*job))
            yield job, _job(*job)
        return
    futures = {pool.submit(_job, *job): job for job in jobs}
    for done, future in enumerate(as_completed(futures), 1):
        shown(done, len(jobs), _name(*futures[future]))
        yield futures[future], future.result()


# ---- rows -------------------------------------------------------------------------------------------------------


def _row(paper: Paper, figure: Figure, outcomes: Mapping[str, Outcome]) -> FigureRow:
    if figure.not_computed or figure.analysis is None:
        return _bare(figure, "not computed", figure.not_computed or "no analysis is named for it")
    if figure.analysis == "arithmetic":
        return _arithmetic(figure)
    if figure.analysis == "resolved":
        return _resolved(figure)
    if figure.analysis == "compare-experiments":
        return _observation(figure, _ordered(figure, outcomes), f"order {figure.arguments['order']}")
    if figure.analysis in ACROSS:
        outcome = between(figure, outcomes)
        return _number(paper, figure, outcome, outcome.sample[figure.id], outcome.prior[figure.id], {})
    outcome = outcomes[str(figure.experiment)]
    key = question(figure.analysis, figure.arguments)
    answers = outcome.sample[key]
    readings = {} if figure.role == "fitted" else _readings(paper, figure, outcomes, key)
    if isinstance(figure.value, bool):
        return _observation(figure, answers[:, 0], figure.analysis, readings)
    return _number(paper, figure, outcome, answers, outcome.prior.get(key), readings)


def _readings(paper: Paper, figure: Figure, outcomes: Mapping[str, Outcome], key: str) -> dict[str, FloatArray]:
    """Answers under the other readings of what the paper leaves open about the experiment, by their conditions."""
    others = (paper.trial(name) for name in paper.trial(str(figure.experiment)).alternatives)
    return {other.conditions: outcomes[other.id].sample[key] for other in others}


def _bare(figure: Figure, status: Status, note: str, computed: Number = None, method: str = "") -> FigureRow:
    baseline = _baseline(figure)
    return FigureRow(
        id=figure.id,
        paper=figure.paper,
        quantity=figure.quantity,
        conditions=figure.conditions,
        where=f"{figure.reference}, {figure.where}" if figure.reference else figure.where,
        published=_published(figure),
        tolerance=figure.tolerated,
        tolerance_reason=figure.tolerance_reason,
        computed=computed,
        unit=figure.unit,
        interval=None,
        prior_interval=None,
        baseline=baseline,
        baseline_method="" if figure.baseline is None else figure.baseline.method,
        role=figure.role,
        status=status,
        note=note,
        experiment=figure.experiment,
        method=method,
    )


def _published(figure: Figure) -> Number:
    if isinstance(figure.value, tuple):
        return list(figure.value)
    return figure.value


def _baseline(figure: Figure) -> float | None:
    if figure.baseline is None:
        return None
    return figure.in_unit(arithmetic.compute(figure.baseline.function, figure.baseline.arguments).si)


def _arithmetic(figure: Figure) -> FigureRow:
    arguments = {name: value for name, value in figure.arguments.items() if name != "function"}
    found = arithmetic.compute(str(figure.arguments["function"]), arguments)
    value = figure.in_unit(found.si)
    agrees = _within(value, figure.tolerated)
    if figure.value is None:
        status: Status = "awaits comparison"
    elif figure.role == "arithmetic":
        status = "arithmetic agrees" if agrees else "arithmetic differs"
    elif isinstance(figure.value, bool):
        agrees = bool(found.si)
        status = "observation holds" if agrees else "observation fails"
        return _bare(figure, status, _sentences(found.sentence, "" if agrees else figure.explanation), agrees)
    else:
        status = "agrees" if agrees else "misses"
    note = _sentences(found.sentence, "" if agrees else figure.explanation)
    return _bare(figure, status, note, value, f"recomputed by {figure.arguments['function']}")


def _resolved(figure: Figure) -> FigureRow:
    """A row that a stored study of resolved electrodes answers."""
    try:
        found = resolved.ANSWERS[str(figure.arguments["answer"])]()
    except resolved.StaleStudyError as error:
        return _bare(figure, "not computed", str(error))
    method = f"resolved electrodes in three dimensions, study {found.study}"
    if found.share is not None:
        status: Status = (
            "observation holds"
            if found.share >= MOST
            else "observation fails"
            if found.share <= LEAST
            else "not informative"
        )
        note = _sentences(found.sentence, "" if status == "observation holds" else figure.explanation)
        return _bare(figure, status, note, found.share >= 0.5, method)
    assert found.value is not None
    assert found.interval is not None
    value, low, high = (figure.in_unit(number) for number in (found.value, *found.interval))
    status, why = _judged(figure, value, (low, high))
    note = _sentences(why, found.sentence, figure.explanation)
    return _with(_bare(figure, status, note, value, method), interval=(low, high))


def _within(value: float, tolerated: tuple[float, float] | None) -> bool:
    return tolerated is None or tolerated[0] - 1e-12 <= value <= tolerated[1] + 1e-12


def _ordered(figure: Figure, outcomes: Mapping[str, Outcome]) -> FloatArray:
    """Per draw: 1 where the analysis rises along the order, 0 where it does not."""
    order = figure.arguments["order"]
    key = question(figure.arguments["analysis"], figure.arguments.get("with", {}))
    values = {name: outcomes[name].sample[key][:, 0] for name in flattened(order)}
    draws = min(len(v) for v in values.values())
    result = np.ones(draws)
    groups = [[item] if isinstance(item, str) else list(item) for item in order]
    for before, after in pairwise(groups):
        highest = np.max([values[name][:draws] for name in before], axis=0)
        lowest = np.min([values[name][:draws] for name in after], axis=0)
        result *= highest < lowest
    return result


def _observation(
    figure: Figure, truths: FloatArray, method: str, readings: Mapping[str, FloatArray] | None = None
) -> FigureRow:
    share = _share(truths)
    if math.isnan(share):
        return _bare(figure, "not computed", "the analysis gave no answer on any draw")
    shares = {name: _share(other[:, 0]) for name, other in (readings or {}).items()}
    wanted = [value if figure.value else 1 - value for value in (share, *shares.values()) if math.isfinite(value)]
    status: Status = (
        "observation holds"
        if min(wanted) >= MOST
        else "observation fails"
        if max(wanted) <= LEAST
        else "not informative"
    )
    note = f"shown by {100 * share:.0f} % of {len(truths)} draws"
    note += "".join(f"; by {100 * value:.0f} % with {name}" for name, value in shares.items())
    note = _sentences(note, "" if status == "observation holds" else figure.explanation)
    return _bare(figure, status, note, bool(share >= 0.5), method)


def _share(truths: FloatArray) -> float:
    known = truths[np.isfinite(truths)]
    return float(np.mean(known)) if len(known) else math.nan


def _number(
    paper: Paper,
    figure: Figure,
    outcome: Outcome,
    answers: FloatArray,
    prior: FloatArray | None,
    readings: Mapping[str, FloatArray],
) -> FigureRow:
    known = answers[~np.isnan(answers).any(axis=1)]
    if not len(known):
        why = "the analysis gave no answer on any draw"
        return _bare(figure, "not computed", _sentences(why, figure.explanation))
    values = central_of(figure, known)
    computed = float(np.median(values))
    interval = _interval(figure, known) if len(answers) > 1 else None
    under = {name: _interval(figure, other[~np.isnan(other).any(axis=1)]) for name, other in readings.items()}
    alone = interval
    for other in under.values():
        interval = _hull(interval, other)
    before = None if prior is None or not len(prior) else _interval(figure, prior[~np.isnan(prior).any(axis=1)])
    status, why = _judged(figure, computed, interval)
    notes = [why] if why else []
    if under:
        spans = {paper.trial(str(figure.experiment)).conditions: alone, **under}
        notes.append("; ".join(f"{name}: {_span(span, figure.unit)}" for name, span in spans.items()))
    missing = len(answers) - len(known)
    if missing:
        notes.append(f"{missing} of {len(answers)} draws gave no answer")
    if status in ("misses", "not informative") and figure.explanation:
        notes.append(figure.explanation)
    if figure.unread:
        notes.append(figure.unread)
    bare = _bare(figure, status, _sentences(*notes), computed, _method(figure, len(answers)))
    drivers = _drivers(outcome.drawn, values) if len(known) == len(answers) else ()
    return _with(bare, interval=interval, prior_interval=before, drivers=drivers)


def _sentences(*parts: str) -> str:
    """What a note says, part after part; those that are empty are left out."""
    first, *others = [part for part in parts if part] or [""]
    return ". ".join([first, *(part[0].upper() + part[1:] for part in others)])


def _with(row: FigureRow, **changes: Any) -> FigureRow:
    from dataclasses import replace

    return replace(row, **changes)


def _method(figure: Figure, draws: int) -> str:
    arguments = ", ".join(f"{name} {value}" for name, value in figure.arguments.items())
    runs = f"{draws} draws" if draws > 1 else "one run"
    if figure.experiment is None:
        return f"{figure.analysis} ({arguments}) of the simulated records, {runs}"
    return f"{figure.analysis} ({arguments}) of the simulated record of experiment {figure.experiment}, {runs}"


def _interval(figure: Figure, answers: FloatArray) -> tuple[float | None, float | None] | None:
    """5-95 % of what the records say, open where the draws at that end are limits."""
    if not len(answers):
        return None
    low = figure.in_unit(float(np.quantile(answers[:, 0], 0.05, method="lower")))
    high = figure.in_unit(float(np.quantile(answers[:, 1], 0.95, method="higher")))
    return (low if math.isfinite(low) else None, high if math.isfinite(high) else None)


def _hull(
    one: tuple[float | None, float | None] | None, other: tuple[float | None, float | None] | None
) -> tuple[float | None, float | None] | None:
    """Smallest interval that holds both; an end that is open in one is open in it."""
    if one is None or other is None:
        return one or other
    low = None if one[0] is None or other[0] is None else min(one[0], other[0])
    high = None if one[1] is None or other[1] is None else max(one[1], other[1])
    return low, high


def _span(interval: tuple[float | None, float | None] | None, unit: str) -> str:
    if interval is None:
        return "no answer"
    low, high = ("open" if end is None else f"{end:.3g}" for end in interval)
    return f"{low} to {high} {unit}".removesuffix(" 1")


def _judged(figure: Figure, computed: float, interval: tuple[float | None, float | None] | None) -> tuple[Status, str]:
    """Status of a computed number and the reason where it is not plain."""
    tolerated = figure.tolerated
    uninformative = "" if figure.role == "fitted" else _too_wide(interval)
    if figure.value is None:
        return "awaits comparison", f"{uninformative}: not informative" if uninformative else ""
    if tolerated is None:
        return "not computed", "no tolerance is stated, so that nothing can be said"
    low, high = tolerated
    if interval is None:
        return ("agrees" if _within(computed, tolerated) else "misses"), ""
    bottom = -math.inf if interval[0] is None else interval[0]
    top = math.inf if interval[1] is None else interval[1]
    if math.isinf(high) or math.isinf(low):  # a published bound: what counts is the side on which the interval lies
        if low <= bottom and top <= high:
            return "agrees", ""
        if bottom > high or top < low:
            return "misses", ""
        return "not informative", "the interval lies on both sides of the published bound"
    overlaps = bottom <= high and top >= low
    if uninformative:
        return "not informative", uninformative + ("" if overlaps else " and does not reach the figure")
    return ("agrees" if overlaps else "misses"), ""


def _too_wide(interval: tuple[float | None, float | None] | None) -> str:
    """Why an interval says nothing; empty where it does. All draws at one number, zero too, say something."""
    if interval is None:
        return ""
    low, high = interval
    if low is None or high is None:
        return "the interval is open"
    if low == high:
        return ""
    if low <= 0:
        return "the interval reaches down to zero"
    return f"the interval is a factor {high / low:.1f} wide" if high / low > INFORMATIVE else ""


def _drivers(sample: Sample | None, values: FloatArray) -> tuple[Driver, ...]:
    """The parameters whose rank goes most with that of the values, draw by draw."""
    from pandas import DataFrame

    if sample is None or len(values) != len(sample.values) or len(values) < 20 or np.ptp(values) == 0:
        return ()
    ranks = DataFrame(np.column_stack([values, sample.values])).rank().to_numpy()
    correlations = np.corrcoef(ranks, rowvar=False)[0, 1:]
    found = [
        Driver(f"{parameter.name} ({_short(parameter.places)})", float(correlation))
        for parameter, correlation in zip(sample.calibration.parameters, correlations, strict=True)
        if abs(correlation) >= DRIVER
    ]
    return tuple(sorted(found, key=lambda driver: -abs(driver.rank_correlation))[:4])


def _short(names: Iterable[str]) -> str:
    listed = [name.split("/")[0] for name in names]
    return listed[0] if len(listed) == 1 else f"{listed[0]} and {len(listed) - 1} more"


# ---- files ------------------------------------------------------------------------------------------------------


def save_records(result: Reproduction, folder: Path) -> None:
    """Write the records of the central draws and the plots' data, one JSON document per view."""
    for name, experiment in result.records.items():
        place = folder / "records" / name
        place.mkdir(parents=True)
        experiment.save(place)
    target = folder / "plots"
    target.mkdir()
    for view in result.views:
        document = {
            "id": view.id,
            "paper": view.paper,
            "title": view.title,
            "x": view.x_title,
            "y": view.y_title,
            "simulated": True,
            "curves": [
                {
                    name: _listed(getattr(curve, name)) if name != "name" else curve.name
                    for name in ("name", "x", "y", "low", "high", "frequency")
                }
                for curve in view.curves
            ],
            "published": [vars(point) for point in view.published],
        }
        write_text(target / f"{view.id}.json", json.dumps(document, indent=1))


def _listed(values: FloatArray | None) -> list[float | None] | None:
    if values is None:
        return None
    return [float(value) if math.isfinite(value) else None for value in values]
