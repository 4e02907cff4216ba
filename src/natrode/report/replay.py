"""The page of `natrode replay`: the record, what the model did under the same currents, and what is left between."""

import numpy as np

from natrode import __version__
from natrode.measurement import Measurement
from natrode.report import plots, study_plots
from natrode.report.decimation import min_max, min_max_band
from natrode.report.page import Plots, render
from natrode.report.palette import series_colour
from natrode.report.run import result_shown, specification
from natrode.report.run_plots import POINTS, Drawn, time_scale, voltage_scale
from natrode.report.study import labelled
from natrode.workbench.replay import Replay


def overlay(replay: Replay) -> Drawn:
    """Voltage of the record and of the simulation with its band above, the residual below."""
    unit, length = time_scale(float(replay.time[-1]) if len(replay.time) else 0.0)
    v_title, factor = voltage_scale(replay.measured)
    x_title = f"time / {unit}"
    time = replay.time / length
    record_is = "simulated record" if replay.record.is_simulated else "measured"
    kept = min_max(replay.measured, POINTS)
    model = min_max_band(replay.central, replay.low, replay.high, POINTS)
    traces = []
    if replay.low is not None and replay.high is not None:
        low, high = replay.low * factor, replay.high * factor
        traces.append(plots.band("simulated, 5-95 %", time[model], low[model], high[model], series_colour(0, 2)))
    common = {"x_title": x_title, "y_title": v_title}
    traces += [
        plots.line(record_is, time[kept], replay.measured[kept] * factor, "@ink", width=1.6, **common),
        plots.line("simulated", time[model], replay.central[model] * factor, series_colour(0, 2), width=1.4, **common),
    ]
    left = min_max(replay.residual, POINTS)
    r_title = f"residual / {v_title.split(' / ')[1]}"
    residual = plots.line("record minus simulation", time[left], replay.residual[left] * factor, series_colour(1, 2),
                          x_title=x_title, y_title=r_title, width=1.2)  # fmt: skip
    traces.append(residual | {"yaxis": "y2"})
    made = plots.layout(x_title, v_title, simulated=True, height=600)
    made["yaxis"] |= {"domain": [0.4, 1]}
    made["yaxis2"] = plots.axis(r_title) | {"domain": [0, 0.3], "anchor": "x"}
    made["xaxis"] |= {"anchor": "y2"}
    note = replay.basis
    if len(kept) < len(time):
        note += f"; {len(time)} points of the record thinned to {len(kept)} for drawing"
    return Drawn("Record and replay", {"data": traces, "layout": made}, note)


def spectra(replay: Replay) -> Drawn | None:
    """First and last spectrum of both on equal axes; None where one has none."""
    mine, theirs = (labelled(_impedance(e.measurements)) for e in (replay.record, replay.simulated))
    if not mine or not theirs:
        return None
    chosen = [(f"record, {n}", s) for n, s in (mine[:1] + mine[-1:] if len(mine) > 1 else mine)]
    chosen += [(f"simulated, {n}", s) for n, s in (theirs[:1] + theirs[-1:] if len(theirs) > 1 else theirs)]
    drawn = study_plots.nyquist(chosen)
    return Drawn("Spectra", drawn.figure, "first and last; " + drawn.note)


def _impedance(records: tuple[Measurement, ...]) -> list[Measurement]:
    return [m for m in records if m.kind == "impedance"]


def replay_page(replay: Replay) -> str:
    """Return one offline HTML page for a replay."""
    plots_of_page = Plots()
    drawn = [d for d in (overlay(replay), spectra(replay)) if d is not None]
    return render(
        "replay.html.j2",
        title=f"Replay: {replay.record.title}",
        version=__version__,
        replay=replay,
        end=replay.simulated.cycling.metadata.settings["end"],
        figures=[{"title": d.title, "note": d.note, "plot": plots_of_page.add(d.figure, d.title)} for d in drawn],
        results=[result_shown(result.to_json()) for result in replay.results],
        comparison=[(result_shown(a.to_json()), result_shown(b.to_json())) for a, b in replay.comparison],
        specification=list(specification(replay.simulated)),
        reached=float(replay.time[-1]) / 3600.0 if len(replay.time) else 0.0,
    )


def replay_table(replay: Replay) -> str:
    """Time, record, simulation, band and residual as CSV; the header says what is simulated, its end by which run."""
    columns = {
        "Test Time / s": replay.time,
        ("simulated record" if replay.record.is_simulated else "measured") + " voltage / V": replay.measured,
        "SIMULATED voltage / V": replay.central,
        "SIMULATED voltage, 5 % / V": replay.low,
        "SIMULATED voltage, 95 % / V": replay.high,
        "record minus simulation / V": replay.residual,
    }
    known = {name: values for name, values in columns.items() if values is not None}
    rows = np.column_stack([*known.values(), np.ones(len(replay.time))])
    lines = [",".join([*known, replay.simulated.cycling.mark])]
    lines += [",".join("" if np.isnan(v) else f"{v:.9g}" for v in row) for row in rows]
    return "\n".join(lines) + "\n"


__all__ = ["overlay", "replay_page", "replay_table", "spectra"]
