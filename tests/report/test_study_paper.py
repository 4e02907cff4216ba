"""Figures for papers of a study: every kind, its width, its numbers, its mark."""

import csv
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from natrode.cli.main import main
from natrode.errors import OutputError, SpecificationError
from natrode.measurement import Column, Geometry
from natrode.report.study_paper import CALLS, paper_figures
from natrode.workbench.study import Study, analyse
from tests.analysis.records import spectrum_record
from tests.instruments import made_cells

SVG = "{http://www.w3.org/2000/svg}"


def call(*arguments: object) -> int:
    """Exit code of a command; 0 when it returns."""
    try:
        main([str(a) for a in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def words(path: Path) -> str:
    return " ".join("".join(node.itertext()) for node in ET.parse(path).iter(f"{SVG}text"))


def numbers(path: Path) -> tuple[list[tuple[str, str, str]], list[list[str]]]:
    rows = list(csv.reader(path.read_text().splitlines()))
    return list(zip(*rows[:3], strict=True)), rows[3:]


def test_a_measured_cell_gives_every_figure_with_its_numbers(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    made_cells.one_cell(raw)
    study = analyse(raw)
    figures = {f.name: f for f in paper_figures(study)}
    assert {"nyquist", "voltage"} <= set(figures)
    for figure in figures.values():
        drawn, data = (tmp_path / name for name in figure.save(tmp_path, ".svg", 89.0))
        width = float(re.search(r'width="([\d.]+)pt"', drawn.read_text()).group(1))
        assert width == pytest.approx(89 / 25.4 * 72, abs=0.01)
        assert "simulated" not in words(drawn)
        headings, values = numbers(data)
        assert values
        assert all("simulated" not in comment for _, _, comment in headings)
    assert "Re Z / Ω" in words(tmp_path / "nyquist.svg")
    headings, values = numbers(tmp_path / "nyquist.csv")
    assert headings[1][:2] == ("Re Z", "Ohm")
    spectrum = study.cells[0].experiment.impedance.spectra()[0]
    assert [float(row[1]) for row in values[: len(spectrum)]] == pytest.approx(
        list(spectrum.array(Column.REAL_IMPEDANCE))
    )
    assert any(comment.startswith("fit ") for _, _, comment in headings)


def test_the_staircase_shows_the_bracket_and_replicates_every_cell(project: Path, tmp_path: Path) -> None:
    study = analyse([project / "ramp-1_cycling.parquet"], only=["critical_current_density"])
    (figure,) = paper_figures(study, ["ccd"])
    drawn, data = (tmp_path / name for name in figure.save(tmp_path, ".svg"))
    low, high = (d.bracket for d in study.cells[0].details.values()).__next__()
    headings, values = numbers(data)
    bounds = {c: float(values[0][n]) for n, (_, _, c) in enumerate(headings) if c.startswith("critical current")}
    assert bounds["critical current, last survived"] == pytest.approx(low / 10, rel=1e-6)
    assert bounds["critical current, first failed"] == pytest.approx(high / 10, rel=1e-6)
    assert "simulated" in words(drawn)


def test_the_fit_is_drawn_through_the_points(tmp_path: Path) -> None:
    made_cells.one_cell(tmp_path)
    study = analyse(tmp_path, circuit="R0-p(R1,CPE1)", only=["fit_circuit"])
    (figure,) = paper_figures(study, ["nyquist"])
    headings, values = numbers(tmp_path / figure.save(tmp_path, ".svg")[1])
    at = next(n for n, (_, _, comment) in enumerate(headings) if comment.startswith("fit "))
    real = np.array([float(row[at + 1]) for row in values if row[at + 1]])
    measured = np.array([float(row[1]) for row in values if row[1]])
    assert real.min() == pytest.approx(measured.min(), rel=0.2)


def drawn_by(study: Study, kind: str) -> tuple[FigureCanvasAgg, Any]:
    """The first figure of a kind, laid out, and its renderer's canvas."""
    with mpl.rc_context({"font.size": 7}):
        one = next(paper_figures(study, [kind]))
        figure = Figure(layout="constrained", figsize=(85 / 25.4, one.shape * 85 / 25.4))
        canvas = FigureCanvasAgg(figure)
        one.draw(figure)
        canvas.draw()
    return canvas, figure


def test_panels_of_distributions_are_alike_and_share_their_title(project: Path) -> None:
    study = analyse(sorted(project.glob("warm*impedance*")), only=["relaxation_times"])
    _, figure = drawn_by(study, "drt")
    heights = [axes.get_position().height for axes in figure.axes]
    assert len(heights) == 5
    assert min(heights) > 0.95 * max(heights)
    assert [axes.get_ylabel() for axes in figure.axes] == [""] * 5
    assert figure.get_supylabel() == "γ per ln τ / Ω"
    assert any(t.get_text() == "-20 °C" for axes in figure.axes for t in axes.texts)


def test_words_in_an_arrhenius_figure_lie_beside_its_points_and_ticks(project: Path) -> None:
    study = analyse(sorted(project.glob("warm*impedance*")), only=["resistance_against_temperature"])
    canvas, figure = drawn_by(study, "arrhenius")
    (axes,) = figure.axes
    (said,) = (text for text in axes.texts if "eV" in text.get_text())
    assert "±" in said.get_text()
    box = said.get_window_extent(canvas.get_renderer())
    points = axes.transData.transform(np.column_stack(axes.lines[0].get_data()))
    assert not any(box.contains(x, y) for x, y in points)
    ticks = [label.get_text() for label in axes.get_yticklabels() if label.get_text()]
    assert ticks
    assert all(re.fullmatch(r"[\d.]+", tick) for tick in ticks)  # plain numbers, no powers


def test_a_pellet_is_drawn_without_the_branch_that_dwarfs_it_and_its_numbers_are_whole(tmp_path: Path) -> None:
    frequency = np.geomspace(3e6, 0.1, 60)
    w = 2 * np.pi * frequency
    z = 1e5 + 4e5 / (1 + (1j * w * 4e-6) ** 0.95) + 1 / (2e-8 * (1j * w) ** 0.9)
    pellet = spectrum_record(z, frequency, noise=0.002, geometry=Geometry(interfaces_in_series=0))
    pellet.to_parquet(tmp_path / "pellet.parquet")
    study = analyse(tmp_path / "pellet.parquet", circuit="R0-p(R1,CPE1)-CPE2", only=CALLS["nyquist"])
    _, figure = drawn_by(study, "nyquist")
    (axes,) = figure.axes
    assert axes.get_xlabel() == "Re Z / kΩ"
    assert max(axes.get_ylim()) < 1700.0
    assert max(abs(z)) > 2e7
    one = next(paper_figures(study, ["nyquist"]))
    headings, values = numbers(tmp_path / one.save(tmp_path, ".svg")[1])
    assert headings[2][:2] == ("-Im Z", "Ohm")
    assert max(float(row[2]) for row in values if row[2]) == pytest.approx(max(-z.imag), rel=0.02)


def test_the_command_writes_figures_from_files_and_from_an_analysed_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    made_cells.one_cell(raw)
    assert call("analyse", raw, "--area", "0.785 cm2", "--circuit", "R0-p(R1,CPE1)", "--out", tmp_path / "a") == 0
    capsys.readouterr()
    out = tmp_path / "f"
    assert call("figure", tmp_path / "a", "--kind", "nyquist,voltage", "--format", "pdf", "--out", out, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == ["nyquist.pdf", "nyquist.csv", "voltage.pdf", "voltage.csv"]
    assert b"/FontFile2" in (out / "nyquist.pdf").read_bytes()
    assert "current density" in (out / "voltage.csv").read_text().splitlines()[0]  # the area that was given then
    assert call("figure", raw, "--kind", "voltage", "--format", "png", "--out", tmp_path / "g") == 0
    assert (tmp_path / "g" / "voltage.png").read_bytes()[1:4] == b"PNG"
    assert call("figure", tmp_path / "a", "--area", "1 cm2", "--out", tmp_path / "h") == 2
    assert "is an analysed folder" in capsys.readouterr().err
    for file in raw.iterdir():
        file.unlink()
    assert call("figure", tmp_path / "a", "--out", tmp_path / "h") == 2
    assert "could be read" in capsys.readouterr().err
    raw.rmdir()
    assert call("figure", tmp_path / "a", "--out", tmp_path / "h") == 2
    assert "which is gone" in capsys.readouterr().err
    assert not (tmp_path / "h").exists()


def test_mistakes(tmp_path: Path) -> None:
    made_cells.one_cell(tmp_path)
    study = analyse(tmp_path, only=[])
    with pytest.raises(SpecificationError, match="unknown kind 'pie'; allowed are nyquist"):
        list(paper_figures(study, ["pie"]))
    (figure,) = paper_figures(study, ["nyquist"])
    with pytest.raises(OutputError, match="width of 900 mm"):
        figure.save(tmp_path, ".svg", 900.0)
    with pytest.raises(OutputError, match=r"\.jpg"):
        figure.save(tmp_path, ".jpg")


def test_every_figure_of_simulated_cells_says_by_which_runs(project: Path, tmp_path: Path) -> None:
    files = [project / f"ramp-{n}_cycling.parquet" for n in (1, 2, 3)]
    study = analyse(files, only=["critical_current_density"])
    figures = list(paper_figures(study))
    assert {f.kind for f in figures} >= {"ccd", "voltage", "replicates"}
    for figure in figures:
        drawn, data = (tmp_path / name for name in figure.save(tmp_path, ".svg"))
        headings, values = numbers(data)
        cells = [c for c in study.cells if c.name == figure.cell] or list(study.cells)
        digests = [m.digest for c in cells for m in c.experiment.measurements]
        assert headings[-1][0].startswith("SIMULATED by natrode")
        assert "seed " in headings[-1][0]
        assert all(digest in headings[-1][0] for digest in digests)
        assert all(row[-1] == "1" for row in values)
        assert digests[0] in drawn.read_text()
