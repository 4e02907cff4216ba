import csv
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from natrode.errors import OutputError
from natrode.measurement import Experiment
from natrode.report.paper_figures import save_figure
from natrode.reproduce.table import Reproduction

SVG = "{http://www.w3.org/2000/svg}"


def texts(path: Path) -> str:
    return " ".join("".join(node.itertext()) for node in ET.parse(path).iter(f"{SVG}text"))


def columns(path: Path) -> tuple[list[list[str]], list[list[str]]]:
    rows = list(csv.reader(path.read_text().splitlines()))
    return rows[:3], rows[3:]


def test_every_kind_of_view_has_real_text_its_width_and_its_data(reproduction: Reproduction, tmp_path: Path) -> None:
    for view in reproduction.views[:8]:
        path = tmp_path / f"{view.id}.svg"
        data = save_figure(view, path)
        words = texts(path)
        assert "simulated" in words
        assert view.y_title in words
        assert view.title not in words
        width = float(re.search(r'width="([\d.]+)pt"', path.read_text()).group(1))
        assert width == pytest.approx(85 / 25.4 * 72, abs=0.01)
        (names, units, comments), values = columns(data)
        assert len(names) == len(units) == len(comments)
        assert len(values) == max(len(curve.x) for curve in view.curves)
        assert all("simulated" in c or c == "published" for c in comments)
        assert [float(r[0]) for r in values[:3]] == pytest.approx(view.curves[0].x[:3])


def test_columns_are_named_with_units(reproduction: Reproduction, tmp_path: Path) -> None:
    (names, units, comments), values = columns(save_figure(reproduction.views[0], tmp_path / "a.svg"))
    assert names[:2] == ["time", "voltage"]
    assert units[:2] == ["min", "mV"]
    assert comments[:4] == [
        "pristine, simulated", "pristine, simulated median", "pristine, simulated, 5 %", "pristine, simulated, 95 %",
    ]  # fmt: skip
    assert values[0][-1] == "0.2 V, pristine; Fig 5a"


def test_pdf_has_embedded_type_42_fonts(reproduction: Reproduction, tmp_path: Path) -> None:
    save_figure(reproduction.views[0], tmp_path / "a.pdf", width_mm=178)
    assert b"/FontFile2" in (tmp_path / "a.pdf").read_bytes()


def test_parity_of_rows(reproduction: Reproduction, tmp_path: Path) -> None:
    (names, _, _), values = columns(save_figure(reproduction.rows, tmp_path / "p.svg"))
    assert names[:6] == ["id", "unit", "role", "status", "published", "computed"]
    assert {row[2] for row in values} == {"retrodicted", "validation"}
    by_id = {row[0]: row for row in values}
    assert by_id["or-short"][7] == ""


def test_records(experiment: Experiment, tmp_path: Path) -> None:
    for record in experiment.measurements:
        path = tmp_path / f"{record.kind}.svg"
        data = save_figure(record, path)
        assert "simulated" in texts(path)
        _, values = columns(data)
        longest = max(len(s.table) for s in record.spectra()) if record.kind == "impedance" else len(record.table)
        assert len(values) == longest
    assert "1 kHz" in texts(tmp_path / "impedance.svg")


def test_measured_records_are_not_marked(experiment: Experiment, tmp_path: Path) -> None:
    measured = experiment.impedance.with_metadata(origin={"kind": "instrument", "file": "a.mpt"})
    data = save_figure(measured, tmp_path / "a.svg")
    assert "simulated" not in texts(tmp_path / "a.svg")
    assert "measured, a.mpt" in data.read_text()


def test_text_is_no_formula_and_bytes_repeat(reproduction: Reproduction, tmp_path: Path) -> None:
    from dataclasses import replace

    view = replace(reproduction.views[0], y_title="cost $x$ / $", x_log=True, curves=reproduction.views[0].curves[:1])
    view = replace(view, curves=tuple(replace(c, x=c.x + 1, name="$a$") for c in view.curves))
    save_figure(view, tmp_path / "a.svg")
    save_figure(view, tmp_path / "b.svg")
    assert "cost $x$ / $" in texts(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_other_endings_are_refused(reproduction: Reproduction, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.jpg"):
        save_figure(reproduction.views[0], tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="cannot be written"):
        save_figure(reproduction.views[0], tmp_path / "absent" / "a.svg")


def test_nan_is_an_empty_cell(reproduction: Reproduction, tmp_path: Path) -> None:
    from dataclasses import replace

    curve = reproduction.views[0].curves[0]
    y = curve.y.copy()
    y[1] = np.nan
    view = replace(reproduction.views[0], curves=(replace(curve, y=y),))
    _, values = columns(save_figure(view, tmp_path / "a.svg"))
    assert values[1][1] == ""
