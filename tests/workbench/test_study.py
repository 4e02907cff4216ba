"""From files to a study: what is read, which analyses are made, what is refused, and what would help."""

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from natrode.cli.analysis import _short as short_note
from natrode.errors import InstrumentFileError, RecordError, SpecificationError
from natrode.measurement import Column
from natrode.report.study import verdict
from natrode.workbench import export, groups
from natrode.workbench.gather import gather
from natrode.workbench.plan import label, results_of
from natrode.workbench.study import Study, analyse
from natrode.workbench.study import study as cell_study
from tests.analysis.records import cycling_record, experiment, spectrum_record, zarc
from tests.instruments import made_cells
from tests.instruments.text_files import SAMPLES


def quantities(study: Study, cell: int = 0) -> dict[str, object]:
    return {a.result.quantity: a.result for a in study.cells[cell].answers}


def sample(name: str) -> Path:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample {name} is not here (NATRODE_SAMPLES)")
    return path


def test_a_folder_of_one_cell_is_one_study(tmp_path: Path) -> None:
    made_cells.one_cell(tmp_path)
    (tmp_path / "letter.txt").write_text("Dear colleague\n")
    study = analyse(tmp_path)
    assert [cell.name for cell in study.cells] == ["Na07"]
    assert [name for name, _ in study.unread] == ["letter.txt"]
    assert not study.is_simulated
    resistance = quantities(study)["interface resistance"]
    assert resistance.to_json()["unit"] == "ohm"
    assert resistance.area_normalised is False
    assert study.cells[0].wanted[0].startswith("give --area for Ohm cm2")
    json.dumps(study.to_json(), allow_nan=False)


def test_geometry_comes_from_the_user_only(tmp_path: Path) -> None:
    made_cells.one_cell(tmp_path)
    study = analyse(tmp_path, area="0.785 cm2", thickness="1 mm", interfaces_in_series="2")
    assert quantities(study)["interface resistance"].to_json()["unit"] == "Ohm cm2"
    assert study.cells[0].wanted == ()


def test_the_electrolyte_is_removed_as_the_user_says(tmp_path: Path) -> None:
    made_cells.one_cell(tmp_path)
    own, given = (quantities(analyse(tmp_path, electrolyte_resistance=r)) for r in (None, "3 ohm"))
    low = own["interface resistance"].settings["total_resistance"]
    assert given["interface resistance"].value == pytest.approx(low - 3.0)
    with pytest.raises(SpecificationError, match='electrolyte_resistance: read "3", a number without a unit'):
        analyse(tmp_path, electrolyte_resistance="3")


def test_nothing_to_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear colleague\n")
    with pytest.raises(InstrumentFileError, match="nothing could be read"):
        analyse(tmp_path)
    with pytest.raises(InstrumentFileError, match="no such file"):
        analyse(tmp_path / "no")
    with pytest.raises(SpecificationError, match="area"):
        analyse(tmp_path, area="three")


def test_simulated_and_measured_cells_meet_only_when_asked(tmp_path: Path) -> None:
    made_cells.one_cell(tmp_path)
    made_cells.simulated().to_parquet(tmp_path / "virtual.parquet")
    with pytest.raises(RecordError, match="--mix-simulated"):
        analyse(tmp_path)
    study = analyse(tmp_path, mix_simulated=True)
    assert [c.is_simulated for c in study.cells] == [False, True]
    rows = export.result_rows(study)
    origins = {row[0]: row[1] for row in rows}
    assert origins["Na07"] == "measured"
    assert origins.get("virtual", "SIMULATED").startswith("SIMULATED")


def test_the_demo_is_read_back_as_simulated_cells(project: Path) -> None:
    study = analyse(project, only=["summarise", "summarise_series", "critical_current_density", "arcs_along"])
    ramps = [f"ramp {n}" for n in range(1, 8)]
    assert sorted(c.name for c in study.cells) == sorted([*ramps, "cross", "leak", "room", "silent", "strip", "warm"])
    assert all(c.is_simulated for c in study.cells)
    assert study.unread == ()
    assert all(row[1].startswith("SIMULATED") for row in export.result_rows(study) + export.series_rows(study))
    first = [c.name for c in study.cells].index("ramp 1")
    assert quantities(study, first)["critical current density (largest survived)"].quality == "good"


def test_the_table_of_cells_excludes_but_counts(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(project, folder)
    table = folder / "cells.csv"
    head, first, *rest = table.read_text().split("\n")
    names, cells = head.split(","), first.split(",")
    cells[names.index("excluded")], cells[names.index("exclusion reason")] = "yes", "cracked pellet"
    table.write_text("\n".join([head, ",".join(cells), *rest]))
    study = analyse(folder, only=["summarise"])
    assert study.cells[0].excluded == "cracked pellet"
    assert len(study.cells) == 13


def test_the_script_gives_the_same_numbers(tmp_path: Path) -> None:
    made_cells.one_cell(tmp_path)
    study = analyse(tmp_path, area="0.785 cm2")
    script = tmp_path / "again.py"
    script.write_text(export.script(study))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    for answer in study.cells[0].answers:
        entry = answer.result.to_json()
        assert f"{entry['quantity']} | {entry['value']} | {entry['uncertainty']}" in done.stdout


def stripping_file(folder: Path) -> None:
    """A one-sided test that stays under 0.1 V."""
    lines = (f"{i / 60},{0.04 + 0.0001 * i},1\n" for i in range(60))
    (folder / "strip.csv").write_text("Time (h),Voltage (V),Current (mA)\n" + "".join(lines))


def stored_file(folder: Path) -> None:
    """A cell with a voltage of its own that stores nothing: analyses of a symmetric cell are refused."""
    lines = (f"{i / 60},{2.5 + 0.05 * (-1) ** (i // 10)},{(-1) ** (i // 10)}\n" for i in range(80))
    (folder / "stored.csv").write_text("Time (h),Voltage (V),Current (mA)\n" + "".join(lines))


def coarse_file(folder: Path) -> None:
    """A full cell with 15 samples a half cycle: too few for dQ/dV, which that call says by raising."""
    lines = (
        f"{i / 15},{3.4 + s * (0.05 + 0.4 * ((i % 15) / 15 - 0.5))},{s}\n"
        for i in range(90)
        for s in [(-1) ** (i // 15)]
    )
    (folder / "coarse.csv").write_text("Time (h),Voltage (V),Current (mA)\n" + "".join(lines))


def warm_file(folder: Path) -> None:
    """Spectra at three temperatures: calls that take `of`."""
    frequency = np.logspace(5, 0, 12)
    spectra = [20.0 * f + zarc(frequency, 80.0 * f, 1e-3, 0.9) for f in (4.0, 2.0, 1.0)]
    columns = {str(Column.TEMPERATURE): [0.0, 20.0, 40.0]}
    spectrum_record(spectra, frequency, columns=columns).to_parquet(folder / "warm.parquet")


@pytest.mark.parametrize("make", [stripping_file, stored_file, coarse_file, warm_file])
def test_the_written_script_runs_to_its_end_and_prints_refusals(make, tmp_path: Path) -> None:
    from natrode.cli.main import main

    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    make(data)
    with pytest.raises(SystemExit, match="0"):
        main(["analyse", str(data), "--interfaces", "2", "--threshold", "0.1 V", "--out", str(out)])
    done = subprocess.run([sys.executable, str(out / "again.py")], capture_output=True, text=True, check=True)
    results = json.loads((out / "study.json").read_text())["results"]
    shown = done.stdout.splitlines()
    for entry in results:
        line = [entry["of"], entry["quantity"], entry["value"], entry["uncertainty"], entry["unit"], entry["quality"]]
        assert any(text.startswith(" | ".join(map(str, line))) for text in shown), entry["quantity"]
    refused = [entry for entry in results if entry["quality"] == "not computed"]
    assert all(any(entry["reason"] in text for text in shown) for entry in refused)
    assert refused
    page = (out / "index.html").read_text(encoding="utf-8")
    assert ("time to 0.1 V" in page) == (make is stripping_file)


def test_a_rest_asks_for_nothing(tmp_path: Path) -> None:
    cycling_record([(3600.0, 0.0)]).to_parquet(tmp_path / "rest.parquet")
    (cell,) = analyse(tmp_path / "rest.parquet").cells
    assert cell.answers == ()
    assert cell.wanted == ()


def test_spectra_of_three_electrodes_in_one_file_have_names_of_their_own() -> None:
    frequency = np.logspace(4, 0, 8)
    made = [
        spectrum_record(20.0 + zarc(frequency, 80.0, 1e-3), frequency, settings={"electrode": side})
        for side in ("working (Ewe)", "counter (Ece)")
    ]
    assert [label(record).rpartition(", ")[2] for record in made] == ["working (Ewe)", "counter (Ece)"]


def test_a_threshold_is_a_positive_voltage(tmp_path: Path) -> None:
    stripping_file(tmp_path)
    for wrong, message in (("0.1", "without a unit"), ("-0.1 V", "greater than zero"), ("1 A", "threshold")):
        with pytest.raises(SpecificationError, match=message):
            analyse(tmp_path, threshold=wrong)


def test_the_workbook_holds_what_the_csv_holds(project: Path) -> None:
    from openpyxl import load_workbook

    study = analyse(project / "strip_impedance.csv")
    book = load_workbook(io.BytesIO(export.workbook(study)))
    assert book.sheetnames == ["results", "series", "not read", "about"]
    rows = list(book["results"].iter_rows(values_only=True))
    assert rows[0] == export.COLUMNS
    assert book["results"].column_dimensions["F"].width < 16  # a number to be read, not to its last bit
    assert len(rows) - 1 == len(export.result_rows(study))
    for row, expected in zip(rows[1:], export.result_rows(study), strict=True):
        assert row[5] == (None if expected[5] is None else pytest.approx(expected[5], rel=1e-14))


def test_text_that_looks_like_a_formula_stays_text() -> None:
    assert export._safe("=1+1") == "'=1+1"
    assert export._safe(-1.0) == -1.0


def test_temperatures_of_names_count_only_when_confirmed() -> None:
    files = sorted(sample("novocontrol_ascii_solid_conductor").glob("s04147*"))
    silent, told = gather(files), gather(files, temperature="from names")
    assert [e.title for e in silent.experiments] == ["s04147"]
    assert {m.metadata.temperature for m in silent.experiments[0].measurements} == {"unknown"}
    known = [m.metadata.temperature for m in told.experiments[0].measurements]
    assert known == pytest.approx([413.15, 433.15, 443.15, 463.15, 473.15])


@pytest.mark.parametrize(
    "name",
    [
        "solid_state",
        "symmetric_LiLi",
        "gamry_dta",
        "chi_txt",
        "versastudio_par",
        "neware_csv",
        "novocontrol_ascii_solid_conductor",
    ],
)
def test_real_folders_give_a_study(name: str) -> None:
    many = name.startswith("novocontrol")  # the choice between circuits is tried on the others
    study = analyse(sample(name), circuit="R0-p(R1,CPE1)-CPE2" if many else None)
    assert study.cells
    assert not study.is_simulated
    document = json.dumps(study.to_json(), allow_nan=False)
    assert "NaN" not in document
    for cell in study.cells:
        for answer in cell.answers:
            assert answer.result.area_normalised is not True, "no area was given"


def test_results_inside_the_folder_are_no_data_and_are_named(tmp_path: Path) -> None:
    from natrode.cli.main import main

    made_cells.one_cell(tmp_path)
    with pytest.raises(SystemExit, match="0"):
        main(["analyse", str(tmp_path), "--circuit", "R0-p(R1,CPE1)", "--out", str(tmp_path / "analysis")])
    study = analyse(tmp_path, only=[])
    assert [c.name for c in study.cells] == ["Na07"]
    assert dict(study.unread) == {"analysis": "results that natrode wrote, without data of their own"}
    with pytest.raises(InstrumentFileError, match="results that natrode wrote"):
        analyse(tmp_path / "analysis")


@pytest.mark.parametrize("circuit", ["R0-p(R1,CPE1)", "R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)"])
def test_numbers_of_a_circuit_that_the_data_leave_open_are_doubtful(circuit: str) -> None:
    """One arc: with three of them none of the numbers may be called good, those of the right circuit are."""
    frequency = np.logspace(6, -1, 60)
    z = 20.0 + zarc(frequency, 80.0, 1e-4, 0.85)
    made = cell_study(experiment(spectrum_record(z, frequency, noise=0.003)), only=["fit_circuit"], circuit=circuit)
    shown = [a.result for a in made.answers if a.result.quantity.startswith(circuit) and a.result.value is not None]
    open_ones = [a.result for a in made.answers if "is not determined" in a.result.reason]
    if circuit == "R0-p(R1,CPE1)":
        assert {r.quality for r in shown} == {"good"}
        return
    assert shown
    assert open_ones
    assert all(r.quality == "doubtful" for r in shown)
    assert any("of a circuit in which" in r.reason for r in shown)


def test_an_arc_below_the_measured_frequencies_makes_the_sum_doubtful() -> None:
    frequency = np.logspace(6, 0, 50)
    z = 20.0 + zarc(frequency, 80.0, 1e-4, 0.9) + zarc(frequency, 500.0, 0.5, 0.9)  # 0.16 s is the slowest measured
    made = cell_study(
        experiment(spectrum_record(z, frequency, noise=0.001)), only=["fit_circuit"], circuit="R0-p(R1,CPE1)-p(R2,CPE2)"
    )
    (total,) = [a.result for a in made.answers if a.result.quantity == "sum of resistances (circuit)"]
    assert total.quality == "doubtful"
    assert "goes on below the measured frequencies" in total.reason
    (series,) = [a.result for a in made.answers if a.result.quantity == "series resistance (circuit)"]
    assert "below the measured" not in series.reason


def test_the_error_of_the_area_goes_into_numbers_per_area_and_once_into_a_budget(tmp_path: Path) -> None:
    made_cells.one_cell(tmp_path)
    exact, known = (
        analyse(tmp_path, area=area, interfaces_in_series=2, only=["summarise"])
        for area in ("0.785 cm2", "0.785 +- 0.0785 cm2")
    )
    compared = 0
    for one, other in zip(exact.cells[0].answers, known.cells[0].answers, strict=True):
        before, after = one.result, other.result
        assert before.value == after.value
        if before.value is None or not before.area_normalised:
            assert before.uncertainty == after.uncertainty
            continue
        compared += 1
        assert after.settings["parts"]["geometry"] == pytest.approx(0.1 * abs(after.value))
        assert after.uncertainty == pytest.approx(np.hypot(before.uncertainty or 0.0, 0.1 * after.value))
        budget = groups._budget([after, after])
        assert budget.fit == pytest.approx(before.uncertainty or 0.0, abs=1e-12)
        assert budget.geometry_and_temperature == pytest.approx(0.1 * abs(after.value))
    assert compared
    outcome = results_of("summarise", known.cells[0].experiment)  # the written script gives the same
    assert [r.uncertainty for r in outcome][:1] == [known.cells[0].answers[0].result.uncertainty]


def test_what_files_declare_is_told_with_its_defaults_by_name() -> None:
    for name, words, not_words in (
        ("solid_state/PEIS_SSB.mpr", "declared area 0.001 cm2 is EC-Lab's default, not used", "--confirm"),
        ("novocontrol_ascii_solid_conductor/Example2a.txt", "(--confirm-declared takes the file's word for", "default"),
    ):
        (told,) = [text for text in analyse(sample(name), only=[]).cells[0].wanted if "declared" in text]
        assert words in told
        assert not_words not in told


def test_failure_and_life_name_their_clocks(project: Path) -> None:
    files = [project / f"ramp-1_{kind}.parquet" for kind in ("cycling", "impedance")]
    (cell,) = analyse(files, only=["summarise", "failure"]).cells
    (life,) = [a.result for a in cell.answers if a.result.quantity == "life"]
    said = verdict(cell)
    _, _, low, high = (float(x) for x in re.search(
        r"onset between ([\d.]+) and ([\d.]+) h of the record \(([\d.]+) and ([\d.]+) h after the first current", said
    ).groups())  # fmt: skip
    assert (low, high) == pytest.approx(tuple(end / 3600 for end in life.interval), rel=1e-3)
    assert low < high


def test_a_line_through_doubtful_resistances_is_doubtful(project: Path) -> None:
    (cell,) = analyse(project / "cross_impedance.parquet", only=["resistance_against_temperature"]).cells
    energies = [a.result for a in cell.answers if a.result.quantity == "activation energy"]
    assert len(energies) == 2
    assert all(r.quality == "doubtful" and "of 7 of its values are doubtful" in r.reason for r in energies)


def test_a_note_of_the_terminal_is_shortened_by_whole_reasons() -> None:
    long = "a reason of more characters than a line of the terminal holds, " * 3
    assert short_note(long) == long
    assert short_note("one") == "one"
    assert short_note(f"one; {long}; two") == "one (and 2 more on the page)"
