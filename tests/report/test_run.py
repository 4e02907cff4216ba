import numpy as np
import pandas as pd
import pytest

from natrode.measurement import Column, Experiment, Geometry, Measurement, Metadata, Origin
from natrode.report.run import result_shown, run_page
from natrode.report.run_plots import series_figures

from .pages import Page


def test_page_of_a_simulated_experiment(experiment: Experiment, summary: list[dict]) -> None:
    html = run_page(experiment, summary, "h-Na 1:5 <b>")
    page = Page(html)
    assert page.errors == []
    assert page.loads == []
    assert len(page.ids) == len(set(page.ids))
    assert "h-Na 1:5 <b>" in page.words
    assert "(seed 7)" in page.words
    for entry in summary:
        assert entry["quantity"] in page.words
        assert entry["reason"] in page.words
        assert entry["method"] in page.words
    assert "> 600 h" in page.words
    assert "3.47 ± 0.12 Ω cm²" in page.words
    for measurement in experiment.measurements:
        assert measurement.digest in page.words


def test_long_traces_are_thinned_and_the_page_says_so(experiment: Experiment, summary: list[dict]) -> None:
    page = Page(run_page(experiment, summary, "x"))
    voltage = next(t for f in page.plots.values() for t in f["data"] if t["name"] == "voltage")
    assert len(voltage["x"]) <= 4000
    assert max(voltage["y"]) == 90.0
    assert "50000 samples thinned to" in page.words


def test_series_of_one_unit_share_a_plot_and_keep_gaps(experiment: Experiment, summary: list[dict]) -> None:
    page = Page(run_page(experiment, summary, "x"))
    (figure,) = [f for f in page.plots.values() if f["data"][0]["name"] == "overpotential, mean"]
    assert [t["name"] for t in figure["data"]] == ["overpotential, mean", "overpotential, end"]
    assert figure["layout"]["yaxis"]["title"]["text"] == "overpotential / mV"
    assert figure["data"][1]["y"][2] is None


def test_spectra_have_equal_axes_and_frequency(experiment: Experiment) -> None:
    page = Page(run_page(experiment, [], "x"))
    (figure,) = [f for f in page.plots.values() if f["layout"]["xaxis"]["title"]["text"] == "Re Z / Ω"]
    assert figure["layout"]["yaxis"]["scaleanchor"] == "x"
    assert len(figure["data"]) == 12
    assert figure["data"][-1]["customdata"][0] == pytest.approx(3.162e6)
    assert "1 kHz" in figure["data"][-1]["text"]
    assert "12 of 20 spectra drawn" in page.words


def test_measured_data_are_not_marked_as_simulated() -> None:
    origin = Origin(kind="instrument", instrument="SP-200", file="a.mpt")
    table = pd.DataFrame({Column.TIME.value: [0.0, 1.0], Column.VOLTAGE.value: [3.0, np.nan]})
    page = Page(run_page(Experiment("x", (Measurement(Metadata(kind="cycling", origin=origin), table),)), [], "a"))
    assert page.errors == []
    assert "simulated" not in page.words.lower()
    assert "annotations" not in next(iter(page.plots.values()))["layout"]
    assert "a.mpt" in page.words


def test_unknown_is_written(experiment: Experiment) -> None:
    assert "stack pressure unknown" in Page(run_page(experiment, [], "x")).words


def test_without_area_the_current_is_not_normalised() -> None:
    origin = Origin(kind="simulation", model="m")
    table = pd.DataFrame({Column.VOLTAGE.value: [0.0, 1.0], Column.CURRENT.value: [0.0, 2e-3]})
    for geometry, title, last in (
        (Geometry(), "current / mA", 2.0),
        (Geometry(working_area=2e-4), "current density / mA/cm²", 1.0),
    ):
        record = Measurement(Metadata(kind="sweep", origin=origin, geometry=geometry), table)
        (figure,) = Page(run_page(Experiment("x", (record,)), [], "a")).plots.values()
        assert figure["layout"]["yaxis"]["title"]["text"] == title
        assert figure["data"][0]["y"][-1] == last


@pytest.mark.parametrize(
    ("entry", "value", "uncertainty"),
    [
        ({"value": 1.5, "uncertainty": 0.25, "quality": "good"}, "1.50", "± 0.25"),
        ({"value": 176136.2, "uncertainty": 10592.0, "quality": "good"}, "176\u202f000", "± 11\u202f000"),
        ({"value": 2.635e-9, "uncertainty": 3.4e-10, "quality": "good"}, "(2.63", "± 0.34) × 10⁻⁹"),
        ({"value": 0.0438, "uncertainty": 4.3e-4, "quality": "good"}, "0.04380", "± 0.00043"),
        ({"value": 12.34, "uncertainty": 0.0996, "quality": "good"}, "12.34", "± 0.10"),
        ({"value": -2.1e-3, "uncertainty": 2.3e-3, "quality": "good"}, "−0.0021", "± 0.0023"),
        ({"value": 5.0, "uncertainty": 0.0, "quality": "good"}, "5", ""),
        ({"value": 8e-12, "uncertainty": 3e-7, "quality": "good"}, "(0.0", "± 3.0) × 10⁻⁷"),
        ({"value": 0.75, "interval": [0.7, 0.8], "quality": "good"}, "0.75", "[0.7 – 0.8]"),
        ({"value": None, "interval": [0.0, 0.4], "quality": "upper limit"}, "< 0.4", ""),
        ({"value": None, "interval": [600.0, None], "quality": "lower limit"}, "> 600", ""),
        ({"value": None, "quality": "not computed"}, "—", ""),
        ({"value": True, "quality": "good"}, "yes", ""),
        ({"value": [None, 2.0, 5.0]}, "3 values, 2 to 5", ""),
        ({"value": [None]}, "1 values, none known", ""),
    ],
)
def test_results_as_written(entry: dict, value: str, uncertainty: str) -> None:
    shown = result_shown({"quantity": "q", **entry})
    assert (shown.value, shown.uncertainty) == (value, uncertainty)


def test_parts_that_count_for_nothing_are_not_told() -> None:
    entry = {"quantity": "resistance", "value": 36.0, "uncertainty": 0.96, "unit": "Ohm", "quality": "good"}
    assert "model choice" not in result_shown({**entry, "parts": {"fit": 0.96, "model choice": 7e-15}}).parts
    assert "model choice" in result_shown({**entry, "parts": {"fit": 0.96, "model choice": 0.1}}).parts


def test_a_long_title_of_a_series_is_written_in_two_lines() -> None:
    entry = {"value": [1.0, 2.0, 3.0], "unit": "Ohm cm2", "x": [0.0, 1.0, 2.0], "x_quantity": "net charge"}
    for name, lines in (("interface resistance of the stripped side", 2), ("resistance", 1)):
        (drawn,) = series_figures([{"quantity": name, **entry}], simulated=True)
        assert len(drawn.figure["layout"]["yaxis"]["title"]["text"].split("<br>")) == lines
        assert drawn.title == name
