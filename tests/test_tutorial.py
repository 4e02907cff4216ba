"""The tutorial "from a folder of files to a table of cells" runs as it stands, and says what it claims."""

import os
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "from-files-to-cells.md"


def test_from_files_to_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    cells = re.findall(r"```\{code-cell\} ipython3\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    names: dict[str, object] = {"Path": Path, "os": os}
    for code in cells[1:]:  # the first one changes the folder, which the test has done
        exec(code, names)
    said = capsys.readouterr().out
    assert "same run as" in said
    assert "notes.txt: not read" in said
    assert "n = 2 of 3; excluded" in said
    assert "cracked pellet" in said
    assert "row 2, column 'working area / cm2': read '0,785 kg" in said
    assert said.count("'pressed by': 'Ada'") == 3
    assert "0.785 cm2, {" in said
    assert said.rstrip().endswith("simulated: True")
    titles = [e.title for e in names["experiments"]]  # type: ignore[attr-defined]
    assert len(titles) == 3  # the export is the first cell's, not a fourth


def test_resolved_anodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    page = PAGE.with_name("resolved-anodes.md").read_text()
    names: dict[str, object] = {}
    for code in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", page, flags=re.DOTALL)[1:]:
        exec(code, names)
    said = capsys.readouterr().out
    depths = [float(text) for text in re.findall(r"mean depth ([\d.]+) um", said)]
    assert depths[0] < 1.0 < depths[1]  # within a particle of the pellet, and deeper
    areas = [float(text) for text in re.findall(r"A_eff/A_geo ([\d.]+)", said)]
    assert areas[0] < areas[1]
    assert "no through-network" in said or "no transmission line" in said
    assert len(re.findall("never had a way to the collector", said)) == 2
