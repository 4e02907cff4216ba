"""The plots behind the figures: traces of the sample as a band, published numbers as points with their place.

A band reaches as far as half of the draws do.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from natrode.materials import Value
from natrode.measurement import Column
from natrode.protocol import Cycling
from natrode.reproduce.paper import Figure, Paper, Trial
from natrode.reproduce.table import Curve, FigureRow, PublishedPoint, View
from natrode.reproduce.trials import Outcome, Trace, is_alternative, question
from natrode.units import from_si, read_quantity

FloatArray = npt.NDArray[np.float64]

_TITLES = {
    "capacity": ("cycle", "discharge capacity / (mAh/g)"),
    "voltage": ("time / h", "voltage / mV"),
    "peaks": ("time / h", "largest voltage of the cycle / mV"),
    "steps": ("current density / (mA/cm2)", "largest voltage of the step / mV"),
    "ramp": ("current density / (mA/cm2)", "voltage / mV"),
    "resistance": ("time / h", "resistance of both interfaces / (Ohm cm2)"),
    "pressure": ("stack pressure / MPa", "resistance of both interfaces / (Ohm cm2)"),
    "nyquist": ("real impedance / (Ohm cm2)", "minus imaginary impedance / (Ohm cm2)"),
}
POINTS = 160
"""Abscissae of a band."""
MOST_POINTS = 400
"""Points of a curve; longer ones are thinned evenly."""


def views_of(paper: Paper, outcomes: Mapping[str, Outcome]) -> list[View]:
    """One plot per experiment that was run."""
    found = []
    for trial in paper.trials:
        if trial.id in outcomes and not is_alternative(paper, trial):
            found.append(_view(paper, trial, outcomes))
            figures = [f for f in paper.figures if f.experiment == trial.id and f.analysis == "growing-relaxation-time"]
            if figures:
                found.append(_relaxation_times(paper, trial, outcomes[trial.id], figures))
    return found


def _relaxation_times(paper: Paper, trial: Trial, outcome: Outcome, figures: Sequence[Figure]) -> View:
    """Distributions of relaxation times of a few spectra of the central draw's series, first to last."""
    from natrode.analysis.distribution import distribution

    (record,) = outcome.central.of_kind("impedance")
    spectra = record.spectra()
    chosen = [spectra[n] for n in sorted({round(k * (len(spectra) - 1) / 3) for k in range(4)})]
    area = 1e4 * record.metadata.geometry.area
    frequency = chosen[0].array(Column.FREQUENCY)
    times, g, *_ = distribution(frequency, np.array([part.impedance for part in chosen]))
    low, high = 1 / (2 * math.pi * frequency.max()), 1 / (2 * math.pi * frequency.min())
    inside = (times >= low) & (times <= high)
    curves = tuple(
        Curve(f"after {float(part.array(Column.TIME)[0]) / 3600:.3g} h", times[inside], area * row[inside])
        for part, row in zip(chosen, g, strict=True)
    )
    top = max(float(curve.y.max()) for curve in curves)
    points = tuple(
        PublishedPoint(end, 0.5 * top, f"{figure.quantity}: {end:g} s", figure.where)
        for figure in figures
        for end in (figure.value if isinstance(figure.value, tuple) else (figure.value,))
        if isinstance(end, float)
    )
    return View(
        id=f"{trial.id}-relaxation-times",
        paper=paper.key,
        title=f"{paper.cell(trial.cell).name}: relaxation times while stripping, central draw",
        kind="line",
        x_title="relaxation time / s",
        y_title="distribution per unit of ln τ / (Ohm cm2)",
        curves=curves,
        published=points,
        figures=tuple(figure.id for figure in figures),
        note="The published points give times only; their height means nothing.",
        x_log=True,
    )


def _view(paper: Paper, trial: Trial, outcomes: Mapping[str, Outcome]) -> View:
    outcome = outcomes[trial.id]
    figures = [figure for figure in paper.figures if figure.experiment == trial.id]
    cell = paper.cell(trial.cell)
    kind, period = outcome.traces[0].kind, _hours_per_cycle(paper, trial)
    x_title, y_title = _TITLES[kind]
    traces = _counted(outcome.traces, period)
    curve = _curve(traces, cell.name)
    others = [
        _curve(_counted(outcomes[name].traces, period), paper.trial(name).conditions)
        for name in trial.alternatives
        if name in outcomes
    ]
    longest = max(traces, key=lambda trace: trace.x[-1] if len(trace.x) else -math.inf)
    points = [point for figure in figures if (point := _point(figure, longest, curve, period)) is not None]
    return View(
        id=trial.id,
        paper=paper.key,
        title=_title(cell.name, trial.conditions or paper.protocol(trial.protocol).name),
        kind="nyquist" if kind == "nyquist" else "staircase" if kind == "steps" else "line",
        x_title="cycle" if kind == "peaks" and period else x_title,
        y_title=y_title,
        curves=(curve, *others),
        published=tuple(points),
        figures=tuple(figure.id for figure in figures),
        note=trial.note,
        y_log=_spans_decades((curve, *others), points),
    )


def _title(cell: str, conditions: str) -> str:
    """Name of the cell and what is done to it; a temperature that the name holds is not said again."""
    first, *rest = re.split(r"[,;] ", conditions, maxsplit=1)
    return f"{cell}: {rest[0] if rest and first in cell.split(', ') else conditions}"


def _spans_decades(curves: Sequence[Curve], points: Sequence[PublishedPoint]) -> bool:
    """Whether a plot needs a logarithmic axis, and can have one."""
    drawn = [array for curve in curves for array in (curve.y, curve.low, curve.high) if array is not None]
    values = np.concatenate([*drawn, [point.y for point in points]])
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() > 100 * values.min())


def _hours_per_cycle(paper: Paper, trial: Trial) -> float | None:
    """Length of a cycle [h] of galvanostatic cycling; None for another protocol, and where the readings of what the
    paper leaves open differ in it.
    """
    found = set()
    for one in (trial, *(paper.trial(name) for name in trial.alternatives)):
        steps = [inner for step in paper.protocol(one.protocol).steps for inner in getattr(step, "steps", (step,))]
        found |= {
            2 * (step.half_cycle_time(step.current_density) + (step.rest or 0.0)) / 3600
            for step in steps
            if isinstance(step, Cycling)
        }
    return found.pop() if len(found) == 1 else None


def _counted(traces: Sequence[Trace], period: float | None) -> list[Trace]:
    """Traces of cycling against the number of the cycle; others as they are."""
    if period is None or traces[0].kind != "peaks":
        return list(traces)
    return [replace(trace, x=1 + np.rint((trace.x - trace.x[:1]) / period)) for trace in traces]


def _curve(traces: Sequence[Trace], name: str) -> Curve:
    """The central draw's trace (the first), or median and 5-95 % of all draws until half of them have failed.

    A cell that failed has no voltage any more, but gave way to one that was too high: it counts as above all others,
    and is drawn at the highest voltage so far (a full cell, which gives nothing any more, at zero).
    """
    central = traces[0]
    if central.kind == "capacity" and all(len(trace.x) <= 1 for trace in traces):  # one cycle: a short bar at it
        traces = [replace(t, x=np.append(t.x - 0.2, t.x + 0.2), y=np.repeat(t.y, 2)) for t in traces]
    several = [trace for trace in traces if len(trace.x) > 1]
    if len(several) < 2 or central.kind == "nyquist":
        x, y, frequency = _thinned(central)
        return Curve(name, x, y, frequency=frequency)
    begin = min(trace.x.min() for trace in several)
    ends = [trace.x.max() if len(trace.x) else begin for trace in traces]
    end = max(float(np.median(ends)), min(trace.x.max() for trace in several))
    grid = np.linspace(begin, (1 - 1e-9) * end, POINTS)
    gone = 0.0 if central.kind == "capacity" else math.inf
    stack = np.array([np.interp(grid, *_sorted(trace), right=gone) for trace in several])
    failed = [np.full(POINTS, gone)] * (len(traces) - len(several))
    low, median, high = np.quantile(np.vstack([stack, *failed]), [0.05, 0.5, 0.95], axis=0, method="lower")
    highest = np.maximum.accumulate(np.where(np.isfinite(stack), stack, -math.inf).max(axis=0))
    before = sum(last < (1 - 1e-9) * end for last in ends)
    draws = f"{len(traces)} draws" + (f", {before} end earlier" if before else "")
    ends_shown = (np.minimum(values, highest) for values in (median, low, high))
    return Curve(f"{name}, median and 5-95 % of {draws}", grid, *ends_shown)


def _sorted(trace: Trace) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(trace.x, kind="stable")
    return trace.x[order], trace.y[order]


def _thinned(trace: Trace) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    step = max(1, math.ceil(len(trace.x) / MOST_POINTS))
    frequency = None if trace.frequency is None else trace.frequency[::step]
    return trace.x[::step], trace.y[::step], frequency


def _point(figure: Figure, trace: Trace, curve: Curve, period: float | None) -> PublishedPoint | None:
    """Where a published number lies in the plot of its experiment, whose longest trace and drawn curve are given; None
    when it has no place there.
    """
    if figure.si is None:
        return None
    label = f"{figure.quantity}: {figure.value:g} {figure.unit}"
    x: float | None = None
    y: float | None = None
    match figure.analysis, trace.kind:
        case "time-to-voltage", "voltage":
            x, y = figure.si / 3600, 1e3 * read_quantity(figure.arguments["threshold"], "voltage")
        case "voltage-at", "voltage":
            x, y = read_quantity(figure.arguments["time"], "time") / 3600, 1e3 * figure.si
        case "critical-current", "steps":
            x = from_si(figure.si, "mA/cm2", "current density")
            y = float(np.interp(x, curve.x, curve.y))
        case "life", "peaks":
            x = figure.si / 3600 / (period or 1.0)
            y = float(np.interp(x, curve.x, curve.y))
        case "overpotential", "peaks":
            cycle = figure.arguments.get("cycle", "last")
            x, y = float(trace.x[-1] if cycle == "last" else cycle), 1e3 * figure.si
        case "discharge-capacity", "capacity":
            cycle = figure.arguments.get("cycle", "last")
            x, y = float(trace.x[-1] if cycle == "last" else cycle), figure.si / 3600
        case "resistance-at-time", "resistance":
            x, y = read_quantity(figure.arguments["time"], "time") / 3600, 1e4 * figure.si
        case "interface-resistance", "resistance" | "pressure":
            factor = 2e4 if figure.arguments.get("per", "interface") == "interface" else 1e4
            index = int(figure.arguments.get("spectrum", 0)) - 1
            x, y = float(trace.x[index]), factor * figure.si
        case _:
            return None
    return PublishedPoint(x, y, label, figure.where)


def laws_views(papers: Sequence[Paper], rows: Sequence[FigureRow], outcomes: Mapping[str, Outcome]) -> list[View]:
    """Plots across experiments: the ratio series of the hybrid anodes and the contact angles."""
    by_id = {row.id: row for row in rows}
    keys = {paper.key for paper in papers}
    found = []
    if "hybrid-na-2022" in keys:
        found += _ratio_series(by_id)
        found.append(_critical_currents(by_id, outcomes))
    if keys & {"hybrid-na-2022", "pbc-2022"}:
        found.append(_contact_angles(by_id))
    return found


_RATIOS = (("pristine", "na"), ("1:5", "15"), ("1:1", "11"))
_RAMPS = ("na", "sno2", "zro2", "1-10", "1-8", "1-5", "1-4", "1-3", "1-2", "1-1")
"""Ends of the ids of the ratio series' experiments, by ceramic content."""


def _ratio_series(by_id: Mapping[str, FigureRow]) -> list[View]:
    """Fresh resistance by ratio: computed intervals and published numbers."""
    rows = [(name, by_id[f"hna-r0-{end}"]) for name, end in _RATIOS if f"hna-r0-{end}" in by_id]
    if not rows:
        return []
    x = np.arange(len(rows), dtype=float)
    number = [row.computed if isinstance(row.computed, float) else math.nan for _, row in rows]
    ends = [row.interval or (None, None) for _, row in rows]
    low = np.array([math.nan if end[0] is None else end[0] for end in ends])
    high = np.array([math.nan if end[1] is None else end[1] for end in ends])
    published = tuple(
        PublishedPoint(float(n), float(row.published), f"{name}: {row.published:g} Ohm cm2", row.where)
        for n, (name, row) in enumerate(rows)
        if isinstance(row.published, (int, float))
    )
    return [
        View(
            id="hna-ratio-series",
            paper="hybrid-na-2022",
            title="Fresh interface resistance by NZSP:Na ratio",
            kind="categories",
            x_title="NZSP:Na",
            y_title="resistance per interface / (Ohm cm2)",
            curves=(Curve("computed", x, np.array(number), low, high),),
            published=published,
            figures=tuple(row.id for _, row in rows),
            x_names=tuple(name for name, _ in rows),
        )
    ]


def _critical_currents(by_id: Mapping[str, FigureRow], outcomes: Mapping[str, Outcome]) -> View:
    """Critical current density by ratio under both couplings of replenishment, controls included."""
    asked = question("critical-current", {"convention": "largest survived"})
    curves = []
    for name, end in (("replenishment at the interface", ""), ("replenishment by bulk creep", "-bulk")):
        spans = np.full((3, len(_RAMPS)), math.nan)
        for n, ramp in enumerate(_RAMPS):
            outcome = outcomes.get(f"hna-ramp-{ramp}{end}")
            if outcome is not None and asked in outcome.sample:
                values = [from_si(value, "mA/cm2", "current density") for value in outcome.sample[asked][:, 0]]
                spans[:, n] = np.quantile(values, [0.5, 0.05, 0.95])
        curves.append(Curve(name, np.arange(len(_RAMPS), dtype=float), *spans))
    highest = by_id["hna-ccd-15"].published
    assert isinstance(highest, float)
    curves += _empirical_optimum(float(curves[0].y[_RAMPS.index("sno2")]), highest)
    points = []
    for figure, ramp in (("hna-ccd-na", "na"), ("hna-ccd-15", "1-5")):
        row = by_id[figure]
        assert isinstance(row.published, float)
        points.append(
            PublishedPoint(float(_RAMPS.index(ramp)), row.published, f"{row.published:g} mA/cm2, fitted", row.where)
        )
    return View(
        id="hna-ratio-critical-current",
        paper="hybrid-na-2022",
        title="Critical current density by NZSP:Na ratio",
        kind="categories",
        x_title="anode",
        y_title="critical current density / (mA/cm2)",
        curves=tuple(curves),
        published=tuple(points),
        figures=tuple(name for name in by_id if name.startswith("hna-ccd-")),
        note="The paper prints 0.5 and 3.1 mA/cm2 and that 1:5 is the optimum; its other values are in images. The "
        "empirical curve is made to have that optimum, from the model's SnO2-Na on: no prediction rests on it.",
        x_names=tuple(
            {"na": "pristine", "sno2": "SnO2-Na", "zro2": "ZrO2-Na"}.get(ramp, ramp.replace("-", ":"))
            for ramp in _RAMPS
        ),
    )


def _empirical_optimum(wetted: float, highest: float) -> list[Curve]:
    """The surrogate with the published optimum at 1:5, over the hybrid anodes; none where it has no gain to explain.

    Args:
        wetted, highest: critical current density of wetted metal without particles, and at 1:5, in one unit.
    """
    from natrode.materials import load_interface
    from natrode.physics import hybrid

    if not highest > wetted > 0.0:
        return []
    y = np.full(len(_RAMPS), math.nan)
    y[_RAMPS.index("sno2")] = wetted
    anodes = {ramp: load_interface(f"h-na-{ramp}/nzsp-hna").parameters for ramp in _RAMPS if ramp.startswith("1-")}
    best = anodes["1-5"]
    hardening = _number(best, "hardening_coefficient")
    gain, exponent = hybrid.empirical_coefficients(
        _number(best, "particle_volume_fraction"), highest / wetted, hardening
    )
    for ramp, parameters in anodes.items():
        phi = _number(parameters, "particle_volume_fraction")
        y[_RAMPS.index(ramp)] = hybrid.empirical_critical_current_density(phi, wetted, gain, hardening, exponent)
    return [Curve("empirical, fitted to the optimum", np.arange(len(_RAMPS), dtype=float), y)]


def _number(parameters: Mapping[str, Value | str], name: str) -> float:
    value = parameters[name]
    assert isinstance(value, Value)
    return value.si


def _contact_angles(by_id: Mapping[str, FigureRow]) -> View:
    """Contact angles as published, beside those that the paper's own works of adhesion give with molten sodium."""
    from natrode.physics import wetting

    pairs = (
        ("Na on NZSP (PbC)", "pbc-theta-nzsp", "pbc-wad-nzsp"),
        ("Na on Pb/C", "pbc-theta-pbc", "pbc-wad-pb"),
        ("Na on C", "pbc-theta-c", "pbc-wad-c"),
        ("Na on NZSP (hNa)", "hna-theta-na", None),
        ("h-Na on NZSP", "hna-theta-15", None),
    )
    shown = [(name, angle, work) for name, angle, work in pairs if angle in by_id]
    tension = float(wetting.sodium_surface_tension(393.15))
    at = np.arange(len(shown), dtype=np.float64)
    computed = np.full(len(shown), math.nan)
    for n, (_, _, work) in enumerate(shown):
        value = by_id[work].published if work is not None and work in by_id else None
        if isinstance(value, (int, float)):
            computed[n] = float(wetting.contact_angle_from_work(float(value), tension))
    points = []
    for n, (name, angle, _) in enumerate(shown):
        row = by_id[angle]
        if isinstance(row.published, (int, float)):
            points.append(PublishedPoint(float(n), float(row.published), f"{name}: {row.published:g} deg", row.where))
    return View(
        id="contact-angles",
        paper=by_id[shown[0][1]].paper,
        title="Contact angle of molten sodium: measured, and from the published work of adhesion",
        kind="categories",
        x_title="pair",
        y_title="contact angle / deg",
        curves=(Curve("Young-Dupre with the tension of molten sodium at 120 degC", at, computed),),
        published=tuple(points),
        figures=tuple(angle for _, angle, _ in shown),
        note="An observed 0 deg gives only a lower bound of the work of adhesion.",
        x_names=tuple(name for name, _, _ in shown),
    )
