"""What to cite, how it was done, and the table: from what `natrode analyse` wrote."""

import csv
import io
import re
from pathlib import Path

import pytest

import natrode.analysis
from natrode import __version__
from natrode.cli.main import main
from natrode.workbench import citing
from natrode.workbench.study import analyse
from tests.instruments import made_cells

ANALYSIS = Path(natrode.analysis.__file__).parent


def document(folder: Path, **said: str) -> dict:
    made_cells.one_cell(folder)
    return analyse(folder, circuit="R0-p(R1,CPE1)", **said).to_json()


def test_every_citation_in_the_analyses_stands_in_the_library() -> None:
    """Before every year in the analyses' texts stands the first author of a work of that year."""
    plain = {"Kåsa": "Kasa", "Schönleber": "Schoenleber", "de Levie": "Levie", "JCGM": "JCGM"}
    surnames = [(plain.get(n, n), w.year) for w in citing.library() if w.authors for n in [w.authors[0].split(",")[0]]]
    surnames += [("Adv. Energy Mater.", 2022), ("Chem. Sci.", 2022)]  # the papers that define critical currents
    lost = []
    for file in sorted(ANALYSIS.glob("*.py")):
        text = " ".join(file.read_text(encoding="utf-8").split())
        for match in re.finditer(r"(?<!\d, )\b(1[89]\d\d|20[0-2]\d)\b", text):
            before = text[max(match.start() - 110, 0) : match.start()]
            if not any(name in before and year == int(match.group()) for name, year in surnames):
                lost.append((file.name, before[-60:] + match.group()))
    assert lost == []


def test_a_folder_cites_what_its_analyses_rest_on(tmp_path: Path) -> None:
    works = citing.works_of(document(tmp_path))
    keys = [w.key for w in works]
    assert keys[0] == "natrode"
    assert {"orazem-tribollet", "wan-2015", "boukamp-1995", "hsu-2001"} <= set(keys)
    assert "adams-2018" not in keys
    assert "fastnda" not in keys
    assert keys[-2:] == ["numpy", "scipy"]
    text = citing.reference_list(works)
    assert __version__ in text
    unverified = [w for w in works if not w.checked]
    assert text.count("[unverified]") == len(unverified)


def test_names_and_parameters_read_as_in_a_paper(tmp_path: Path) -> None:
    numpy = next(w for w in citing.library() if w.key == "numpy")
    assert numpy.text.startswith("Harris, C. R., et al. Array programming")
    told = citing.methods(document(tmp_path))
    assert "parameters of the equivalent circuit" in told
    assert "CPE1.Q" not in told.partition("\n\n[1] ")[0]


def test_bibtex_is_well_formed() -> None:
    text = citing.bibtex((citing.natrode_itself(), *citing.library()))
    entries = re.findall(r"@(article|book|misc)\{([\w-]+),\n((?:  \w+ = \{.*\},\n)+)\}", text)
    assert len(entries) == len(citing.library()) + 1
    assert len({key for _, key, _ in entries}) == len(entries)
    assert text.count("{") == text.count("}")


def test_the_methods_say_what_was_not_recorded(tmp_path: Path) -> None:
    silent = citing.methods(document(tmp_path))
    assert "electrode area not recorded" in silent
    assert "stack pressure not recorded" in silent
    told = citing.methods(analyse(tmp_path, circuit="R0-p(R1,CPE1)", area="0.785 cm2", pressure="5 MPa").to_json())
    assert "electrode area 0.785 cm2" in told
    assert "stack pressure 5 MPa" in told
    assert re.search(r"Interface resistance: low-frequency real-axis intercept", told)
    for number in re.findall(r"\[(\d+)", told.partition("\n\n[1] ")[0]):
        assert f"\n[{number}] " in "\n" + told[told.index("[1] natrode") if "[1] natrode" in told else 0 :]


def test_the_table_holds_every_computed_number_with_its_conditions(tmp_path: Path) -> None:
    found = document(tmp_path, area="0.785 cm2")
    rows = list(csv.DictReader(io.StringIO(citing.si_table(found))))
    computed = [r for r in found["results"] if r["quality"] != "not computed"]
    assert [r["quantity"] for r in rows] == [r["quantity"] for r in computed]
    assert {r["stack pressure"] for r in rows} == {"not recorded"}
    assert {r["electrode area"] for r in rows} == {"0.785 cm2"}
    assert {r["origin"] for r in rows} == {"measured"}
    assert [float(r["value"]) for r in rows if r["value"]] == pytest.approx(
        [r["value"] for r in computed if r["value"] is not None]
    )


def test_simulated_cells_say_so(project: Path) -> None:
    found = analyse([project / "ramp-1_cycling.parquet"]).to_json()
    assert re.search(r"\(SIMULATED, seed \d+, no measurement\)", citing.methods(found))
    (record,) = found["cells"][0]["records"]
    origins, digests = ({row[citing.SI_COLUMNS.index(c)] for row in citing.si_rows(found)}
                        for c in ("origin", "records (SHA-256)"))  # fmt: skip
    assert origins == {f"SIMULATED, seed {record['seed']}"}
    assert record["seed"] is not None
    assert all(record["sha256"] in digest for digest in digests)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["cite", "--as", "bibtex"])
    assert capsys.readouterr().out.startswith("@misc{natrode,")
    made_cells.one_cell(tmp_path)
    out = tmp_path / "analysis"
    with pytest.raises(SystemExit, match="0"):
        main(["analyse", str(tmp_path), "--circuit", "R0-p(R1,CPE1)", "--out", str(out)])
    capsys.readouterr()
    for word, file in (("bibtex", "references.bib"), ("methods", "methods.txt"), ("table", "si-table.csv")):
        with pytest.raises(SystemExit, match="0"):
            main(["cite", str(out), "--as", word])
        assert capsys.readouterr().out == (out / file).read_text()
    (out / "study.json").write_text("{}")
    with pytest.raises(SystemExit, match="2"):
        main(["cite", str(out)])
    assert "is not what natrode analyse writes" in capsys.readouterr().err
