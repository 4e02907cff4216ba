"""The page of `natrode run`: what was recorded, what its analysis found, and the cell it came from."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from natrode import units
from natrode.analysis.full_cell import positive_current
from natrode.analysis.verdict import FailureVerdict
from natrode.measurement import Column, Experiment, Measurement
from natrode.report.page import Plots, render
from natrode.report.run_plots import Drawn, is_series, nyquist_figure, series_figures, sweep_figure, time_figure
from natrode.report.wording import UNKNOWN, interval_text, limit_text, measured_text, number, unit_text

_DRAW = {"cycling": time_figure, "impedance": nyquist_figure, "sweep": sweep_figure}
_QUALITY = {
    "good": "agrees",
    "doubtful": "doubtful",
    "upper limit": "below",
    "lower limit": "above",
    "not computed": "absent",
}


_GRADES = {"none": "agrees", "possible": "doubtful", "probable": "misses", "certain": "misses"}
"""Style and icon by the grade of a failure."""


@dataclass(frozen=True)
class ResultShown:
    """One analysed quantity as the table writes it."""

    entry: Mapping[str, Any]
    value: str
    uncertainty: str
    style: str
    """Key of the style and icon of its quality."""

    @property
    def parts(self) -> str:
        """What its uncertainty consists of, in words; "" where it is one part or nobody knows."""
        told = self.entry.get("parts") or {}
        largest = max((abs(part) for part in told.values() if part), default=0.0)
        known = {name: part for name, part in told.items() if part and abs(part) > 1e-3 * largest}
        told = ", ".join(f"{name} {number(part, 2)}" for name, part in known.items())
        return f"uncertainty: {told}" if self.uncertainty and len(known) > 1 else ""


def run_page(
    experiment: Experiment, summary: list[dict[str, Any]], title: str, verdict: FailureVerdict | None = None
) -> str:
    """Return one offline HTML page for an experiment.

    Args:
        experiment: the records; drawn as they are, long ones thinned.
        summary: results as `Result.to_json` writes them: quantity, value, uncertainty, interval, unit, quality,
            reason, method, and further keys. A `value` that is a list is a series and is drawn against `x`
            (with `x_quantity` and `x_unit`; without, against its number); series of one unit and abscissa share
            a plot.
        title: heading of the page.
        verdict: how the cell failed, where that was judged.
    """
    plots = Plots()
    drawn = [(_DRAW[m.kind](m), m) for m in experiment.measurements]
    series = series_figures(summary, simulated=experiment.is_simulated)
    return render(
        "run.html.j2",
        title=title,
        version=_versions(experiment),
        experiment=experiment,
        results=[result_shown(entry) for entry in summary],
        verdict=None if verdict is None else {"of": verdict, "style": _GRADES[verdict.grade]},
        record_plots=[_plot(d, plots, m.is_simulated) for d, m in drawn],
        series_plots=[_plot(d, plots, experiment.is_simulated) for d in series],
        specification=list(specification(experiment)),
        parameters=list(flat(experiment.measurements[0].metadata.origin.parameters)) if experiment.measurements else [],
        records=[_record(m) for m in experiment.measurements],
        warnings=sorted({w for m in experiment.measurements for w in (*m.metadata.warnings, *m.metadata.assumptions)}),
        seeds=sorted({m.metadata.origin.seed for m in experiment.measurements if m.metadata.origin.seed is not None}),
    )


def _plot(drawn: Drawn, plots: Plots, simulated: bool) -> dict[str, Any]:
    return {
        "title": drawn.title,
        "note": drawn.note,
        "simulated": simulated,
        "plot": plots.add(drawn.figure, f"{drawn.title}, {'simulated' if simulated else 'measured'}"),
    }


def _versions(experiment: Experiment) -> str:
    found = {m.metadata.origin.version for m in experiment.measurements} - {"unknown"}
    return ", ".join(sorted(found)) or "version unknown"


def result_shown(entry: Mapping[str, Any]) -> ResultShown:
    """Write one result's value: a number, a limit, a series in words, or an em dash."""
    quality = str(entry.get("quality") or "")
    value, interval = entry.get("value"), entry.get("interval")
    if is_series(entry):
        known = [v for v in entry["value"] if v is not None]
        text = f"{len(entry['value'])} values"
        text += f" against the {entry['x_quantity']}" if entry.get("x_quantity") else ""
        text += f", {number(min(known))} to {number(max(known))}" if known else ", none known"
    elif value is not None:
        text = (
            ("yes" if value else "no")
            if isinstance(value, bool)
            else number(value, 4)
            if isinstance(value, (int, float))
            else str(value)
        )
    elif quality == "lower limit" and interval and interval[0] is not None:
        text = limit_text(interval[0], lower=True)
    elif quality == "upper limit" and interval and interval[1] is not None:
        text = limit_text(interval[1], lower=False)
    else:
        text = UNKNOWN
    spread = entry.get("uncertainty")
    if isinstance(spread, (int, float)) and isinstance(value, (int, float)):
        if spread == 0:
            return ResultShown(entry, text, "", _QUALITY.get(quality, "absent"))
        text, uncertainty = measured_text(value, spread)
    elif value is not None and interval:
        uncertainty = f"[{interval_text((interval[0], interval[1]))}]"
    else:
        uncertainty = ""
    return ResultShown(entry, text, uncertainty, _QUALITY.get(quality, "absent"))


def specification(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """What the records say of their cell, name and text; `unknown` where they are silent."""
    if not experiment.measurements:
        return
    meta = experiment.measurements[0].metadata
    geometry = meta.geometry
    yield "cell", meta.cell
    for name, value, dimension in (
        ("working electrode, area", geometry.working_area, "area"),
        ("counter electrode, area", geometry.counter_area, "area"),
        ("electrolyte, area", geometry.electrolyte_area, "area"),
        ("electrolyte, thickness", geometry.electrolyte_thickness, "length"),
        ("temperature", meta.temperature, "temperature"),
        ("stack pressure", meta.pressure, "pressure"),
    ):
        yield name, "unknown" if value == "unknown" else unit_text(units.write_quantity(value, dimension, 4))
    yield "interfaces in series", str(geometry.interfaces_in_series)
    flowing = [m for m in experiment.measurements if Column.CURRENT in m or Column.DC_CURRENT in m]
    if flowing:
        yield "positive current", positive_current(next((m for m in flowing if m.kind == "cycling"), flowing[0]))
    for name, declared in geometry.declared.items():
        yield f"declared by the instrument, not used: {name}", number(declared, 4)


def flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of nested settings with their path as the name."""
    for key, value in tree.items():
        name = f"{above} \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} {key}" if above else str(key)
        if isinstance(value, Mapping):
            yield from flat(value, name)
        elif isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 12:
            yield name, f"{len(value)} values"
        else:
            yield name, f"{value:.6g}" if isinstance(value, float) else _rounded(str(value))


def _rounded(text: str) -> str:
    """A quantity written to the last bit, as people read it: 11140.000000000002 um is 11140 um."""
    return re.sub(r"\d+\.\d{8,}", lambda found: f"{float(found.group()):.9g}", text)


def _record(measurement: Measurement) -> dict[str, str]:
    origin = measurement.metadata.origin
    source = origin.model if origin.kind == "simulation" else f"{origin.instrument}, {origin.format}, {origin.file}"
    return {
        "kind": measurement.kind,
        "title": measurement.metadata.title,
        "rows": str(len(measurement.table)),
        "origin": origin.kind,
        "source": source,
        "seed": UNKNOWN if origin.seed is None else str(origin.seed),
        "digest": measurement.digest,
    }
