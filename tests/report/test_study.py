"""The page of a study: sound HTML, equal axes, a mark on everything simulated, refusals as visible as results."""

from pathlib import Path

import numpy as np
import pytest

from natrode.analysis import relaxation_times
from natrode.measurement import Column, Experiment, Geometry, Measurement
from natrode.report import study_plots
from natrode.report.study import colours, figures, headlines, study_page
from natrode.workbench.export import script
from natrode.workbench.study import CellStudy, Study, analyse
from tests.analysis.records import cycling_record, spectrum_record
from tests.analysis.test_full_cell import full_cell
from tests.instruments import made_cells
from tests.report.pages import Page

SOME = ("ramp-1_cycling", "ramp-2_cycling", "strip_cycling", "strip_impedance", "warm_20C_impedance")
"""Of the demo: two replicates, a series with spectra and a single spectrum show every part of a page."""


@pytest.fixture(scope="module")
def simulated(project: Path) -> Study:
    return analyse([path for path in sorted(project.iterdir()) if path.stem in SOME])


def page_of(study: Study) -> Page:
    page = Page(study_page(study, script(study), ("results.csv",)))
    assert page.errors == []
    assert page.loads == []
    assert len(page.ids) == len(set(page.ids))
    assert all(link.lstrip("#") in page.ids for link in page.links if link.startswith("#"))
    return page


def test_a_simulated_study_is_marked_everywhere(simulated: Study) -> None:
    page = page_of(simulated)
    assert "These data are simulated" in page.words
    for figure in page.plots.values():
        assert any(note["text"] == "SIMULATED" for note in figure["layout"]["annotations"])
    nyquist = [f for f in page.plots.values() if f["layout"]["xaxis"]["title"]["text"] == "Re Z / Ω"]
    assert len(nyquist) == sum(bool(c.experiment.of_kind("impedance")) for c in simulated.cells)
    assert all(f["layout"]["yaxis"]["scaleanchor"] == "x" for f in nyquist)


def test_a_measured_study_says_what_to_give_and_what_failed(tmp_path: Path) -> None:
    made_cells.one_cell(tmp_path)
    (tmp_path / "letter.txt").write_text("Dear <b>colleague</b>\n")
    page = page_of(analyse(tmp_path))
    assert "simulated" not in page.words.lower().replace("mix_simulated", "")
    assert "give --area for Ohm cm2" in page.words
    assert "letter.txt" in page.words
    assert "how was this computed" in page.words
    assert "from natrode.workbench.plan import results_of" in page.words
    assert "analysis.summarise(cell)" in page.words


def test_voltage_and_resistance_share_the_charge(simulated: Study) -> None:
    strip = next(c for c in simulated.cells if c.name == "strip")
    series = next(d for key, d in strip.details.items() if key.startswith("interface_resistance_series"))
    cycling = strip.experiment.cycling
    drawn = study_plots.voltage_and_resistance(cycling, series, cycling.metadata.geometry.area)
    voltage, resistance = drawn.figure["data"]
    assert drawn.figure["layout"]["xaxis"]["title"]["text"] == "net charge / mAh/cm²"
    hours = cycling.array(Column.TIME)[-1] / 3600.0 - 1.0  # after an hour's rest
    assert max(voltage["x"]) == pytest.approx(0.5 * hours, rel=0.01)
    assert 0.9 * max(voltage["x"]) < max(resistance["x"]) <= 1.001 * max(voltage["x"])


def test_charge_is_the_integral_of_the_current() -> None:
    record = cycling_record([(3600.0, 1e-3), (3600.0, -1e-3)], samples=50)
    charge = study_plots.charge_passed(record)
    assert charge.max() == pytest.approx(3.6)
    assert charge[-1] == pytest.approx(0.0, abs=1e-9)


def test_a_waterfall_is_coloured_by_its_values() -> None:
    f = np.logspace(5, 0, 20)
    record = spectrum_record([10 + 20 / (1 + 2j * np.pi * f * t) for t in (1e-4, 1e-3, 1e-2)], f)
    spectra = [(str(n), s) for n, s in enumerate(record.spectra())]
    drawn = study_plots.waterfall(spectra, np.array([0.0, 1.0, 2.0]), "charge")
    *lines, bar = drawn.figure["data"]
    assert len(lines) == 3
    assert len({line["line"]["color"] for line in lines}) == 3
    assert bar["marker"]["cmax"] == 2.0
    assert Column.FREQUENCY in record


def test_a_pellet_is_drawn_near_its_resistance_and_its_arcs_say_what_they_may_be(tmp_path: Path) -> None:
    frequency = np.geomspace(3e6, 0.1, 60)
    w = 2 * np.pi * frequency
    z = 100.0 + 400.0 / (1 + (1j * w * 4e-7) ** 0.95) + 1 / (2e-7 * (1j * w) ** 0.9)
    pellet = spectrum_record(z, frequency, noise=0.002, geometry=Geometry(interfaces_in_series=0))
    pellet.to_parquet(tmp_path / "pellet.parquet")
    study = analyse(tmp_path / "pellet.parquet")
    page = page_of(study)
    near, whole = (
        next(f for f in page.plots.values() if f["layout"]["xaxis"]["title"]["text"] == "Re Z / Ω"
             and (max(map(float, f["data"][0]["y"])) < 1500.0) is close)
        for close in (True, False)
    )  # fmt: skip
    assert len(near["data"][0]["x"]) < len(whole["data"][0]["x"]) == 60
    assert "Arcs, and what they may be" in page.words
    assert "bulk of the electrolyte" in page.words or "grain boundaries of the electrolyte" in page.words
    assert "a second test is needed for a name" in page.words
    assert "more numbers: peaks of the relaxation times, parameters of the circuits" in page.words
    polarisation = next(a.result for a in study.cells[0].answers if a.result.quantity == "polarisation resistance")
    assert polarisation.value is None  # the branch of a blocking electrode has no end


def test_what_drifts_by_more_than_its_uncertainty_is_doubtful(tmp_path: Path) -> None:
    frequency = np.geomspace(1e6, 0.1, 60)
    w = 2 * np.pi * frequency
    z = (20.0 + 100.0 / (1 + (1j * w * 1e-3) ** 0.9)) * np.linspace(0.9, 1.1, 60)
    spectrum_record(z, frequency, noise=0.002).to_parquet(tmp_path / "drifting.parquet")
    (cell,) = analyse(tmp_path / "drifting.parquet").cells
    resistance = next(a.result for a in cell.answers if a.result.quantity == "interface resistance")
    assert resistance.quality == "doubtful"
    assert "fails Kramers-Kronig" in resistance.reason


def test_the_arc_of_an_electrolyte_is_no_result_in_large_type(tmp_path: Path) -> None:
    frequency = np.geomspace(2e5, 0.05, 60)
    w = 2 * np.pi * frequency
    z = 4000.0 / (1 + (1j * w * 1.7e-6) ** 0.95) + 3000.0 * (1 - 1j) / np.sqrt(w)
    spectrum_record(z, frequency, noise=0.002).to_parquet(tmp_path / "arc.parquet")
    (cell,) = analyse(tmp_path / "arc.parquet", circuit="R0-p(R1,CPE1)-W9").cells
    assert not {"interface", "electrolyte"} & {h.name for h in headlines(cell)}
    assert any("no arc of an interface closes" in a.result.reason for a in cell.refused)


def test_energies_come_before_the_resistances_of_single_temperatures(project: Path) -> None:
    study = analyse(sorted(project.glob("warm*impedance*")), only=["resistance_against_temperature", "summarise"])
    assert headlines(study.cells[0])[0].name == "activation energy"


def test_a_nyquist_plot_is_as_high_as_all_its_spectra_and_names_its_fits() -> None:
    f = np.geomspace(1e5, 1.0, 30)
    wide, small = (10.0 + r / (1 + 2j * np.pi * f * 1e-3) for r in (800.0, 40.0))
    spectra = [("first", spectrum_record(wide, f)), ("last", spectrum_record(small, f))]
    circuit = "R0-L0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)"
    drawn = study_plots.nyquist(spectra, [(circuit, wide.real, -wide.imag), (circuit, small.real, -small.imag)])
    made = drawn.figure["layout"]
    assert made["height"] < 400  # two arcs of another size: the frame is as flat as the larger one
    low, high = made["yaxis"]["range"]
    assert low < 0.0
    assert high > 400.0 * 1.1  # the label of the top's frequency is inside
    fits = [trace for trace in drawn.figure["data"] if trace["name"] == "fit"]
    assert [trace["showlegend"] for trace in fits] == [True, False]
    assert circuit in drawn.note


def test_spectra_at_several_temperatures_are_coloured_by_them() -> None:
    f = np.geomspace(1e5, 1.0, 12)
    z = 10.0 + 80.0 / (1 + 2j * np.pi * f * 1e-3)
    kelvin = [280.0, 300.0, 320.0]
    columns = {str(Column.TEMPERATURE): [k - 273.15 for k in kelvin]}
    values, title = colours(spectrum_record([z, z, z], f, columns=columns), None)
    assert title == "temperature / °C"
    assert list(values) == pytest.approx([6.85, 26.85, 46.85])
    drifting = {str(Column.TEMPERATURE): [25.0, 26.5, 25.5]}
    assert colours(spectrum_record([z, z, z], f, columns=drifting), None)[1] == "spectrum"


def test_a_distribution_is_drawn_as_high_as_what_was_measured() -> None:
    f = np.geomspace(1e6, 0.1, 60)
    z = 10.0 + 50.0 / (1 + 2j * np.pi * f * 1e-4) + 1.0 / (1e-4 * (2j * np.pi * f) ** 0.9)
    found = relaxation_times(spectrum_record(z, f, noise=0.002))
    drawn = study_plots.relaxation([("", found)], simulated=False)
    top = drawn.figure["layout"]["yaxis"]["range"][1]
    assert top < 1.1 * found.distribution.max()
    assert top == pytest.approx(1.08 * study_plots.highest_measured(found))
    assert "above the plot" in drawn.note


def test_a_rest_is_drawn_last() -> None:
    frequency = np.geomspace(1e6, 0.1, 40)
    rest = cycling_record([(100.0, 0.0)])
    spectrum = spectrum_record(20.0 + 100.0 / (1 + 2j * np.pi * frequency * 1e-3), frequency)
    cell = CellStudy("x", Experiment("x", (rest, spectrum)), (), ())
    assert [drawn.title for drawn, _ in figures(cell)] == ["Impedance", "Bode", "Voltage at rest"]


def test_a_full_cell_has_its_capacity_in_large_type_and_whole_cycles_on_its_axes(tmp_path: Path) -> None:
    flat = full_cell(cycles=3)
    steep = flat.table.assign(**{Column.VOLTAGE.value: 3.4 + 3.0 * (flat.array(Column.VOLTAGE) - 3.4)})
    Measurement(flat.metadata, steep).to_parquet(tmp_path / "full.parquet")
    study = analyse(tmp_path / "full.parquet", active_mass="2 mg")
    (cell,) = study.cells
    assert [h.name for h in headlines(cell)] == [
        "capacity, last whole cycle", "coulombic efficiency", "retention", "voltage gap"
    ]  # fmt: skip
    assert headlines(cell)[0].shown.entry["unit"] == "mAh/g"
    assert headlines(cell)[0].shown.entry["value"] == pytest.approx(1e3 * (1 - 0.002 * 2) / 2.0, rel=0.01)
    assert not any("--interfaces" in line for line in cell.wanted)
    every = [figure["layout"]["xaxis"] for figure in page_of(study).plots.values()]
    axes = [axis for axis in every if axis["title"]["text"] == "cycle"]
    assert axes
    assert all(axis["dtick"] == 1 for axis in axes)
