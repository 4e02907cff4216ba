"""The command line: what it prints, where, and with which exit code."""

import json
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from natrode import cell, protocol
from natrode.cli import main
from natrode.cli.printing import show_table
from natrode.measurement import Experiment

COMMAND = [sys.executable, "-c", "from natrode.cli import main; main()"]
SHORT = """
name = "short"
[[steps]]
type = "impedance"
lowest_frequency = "1 Hz"
[[steps]]
type = "cycling"
current_density = "0.5 mA/cm2"
capacity = "0.1 mAh/cm2"
cycles = 3
"""


def call(*arguments):
    """Exit code of a command; 0 when it returns."""
    try:
        main([str(a) for a in arguments])
    except SystemExit as end:
        return end.code or 0
    return 0


@pytest.fixture
def inputs(tmp_path):
    (tmp_path / "cell.toml").write_text(cell.EXAMPLE, encoding="utf-8")
    (tmp_path / "protocol.toml").write_text(SHORT)
    return tmp_path / "cell.toml", tmp_path / "protocol.toml"


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_help_answers_at_once():
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
        took.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    assert "reproduce" in done.stdout
    assert statistics.median(took) < 1.0  # processor time: other programs do not count; some 0.3 s when idle


def test_help_imports_nothing_slow():
    script = "import sys; from natrode.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    script += "print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(eval(done.stdout.splitlines()[-1]))
    assert not loaded & {"numpy", "pandas", "numba", "pint", "scipy", "plotly", "matplotlib", "pyarrow"}


@pytest.mark.parametrize(("kind", "example"), [("cell", cell.EXAMPLE), ("protocol", protocol.EXAMPLE)])
def test_new_writes_an_example(kind, example, tmp_path, capsys):
    assert call("new", kind) == 0
    assert capsys.readouterr().out == example
    path = tmp_path / "a.toml"
    assert call("new", kind, path) == 0
    assert path.read_text(encoding="utf-8") == example
    path.write_text("mine")
    assert call("new", kind, path) == 2
    assert path.read_text() == "mine"
    assert "exists already" in capsys.readouterr().err


def test_run_on_the_two_examples(tmp_path, capsys):
    a, b, out = tmp_path / "cell.toml", tmp_path / "protocol.toml", tmp_path / "out"
    assert call("new", "cell", a) == call("new", "protocol", b) == 0
    capsys.readouterr()
    assert call("run", a, b, "--out", out, "--csv") == 0
    printed = capsys.readouterr()
    assert "critical" in printed.out
    assert "(simulated)" in printed.out
    assert str(out / "index.html") in printed.out.replace("\n", "")
    names = {"experiment.json", "summary.json", "index.html", "00-cycling.parquet", "01-impedance.parquet"}
    names |= {"00-cycling.csv", "00-cycling.json", "01-impedance.csv", "01-impedance.json", ".natrode-run"}
    assert set(contents(out)) == names
    summary = json.loads((out / "summary.json").read_text())
    assert summary["simulated"] is True
    ccd = next(r for r in summary["results"] if r["quantity"].startswith("critical current density"))
    assert set(ccd) >= {"quantity", "value", "uncertainty", "unit", "quality", "reason", "method"}
    assert 0.1 <= ccd["value"] <= 6.0
    assert "<html" in (out / "index.html").read_text(encoding="utf-8")[:2000]


LIFE = """
name = "life"
[[steps]]
type = "charge-discharge"
c_rate = 2.0
lower_voltage = "2.5 V"
upper_voltage = "3.8 V"
cycles = {}
"""


def test_a_run_says_how_the_cell_failed_with_the_evidence(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "cell.toml").write_text(cell.EXAMPLE.replace("h-na-1-5/", "pristine-na/"), encoding="utf-8")
    (tmp_path / "p.toml").write_text(
        'name = "strip"\n[[steps]]\ntype = "one-sided"\ncurrent_density = "0.2 mA/cm2"\nduration = "10 h"\n'
        'voltage_limit = "0.2 V"\nimpedance_every = "1 h"\n'
    )
    assert call("run", tmp_path / "cell.toml", tmp_path / "p.toml", "--out", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "contact loss (probable): V/i rose" in said
    assert "time to 0.2 V" in said
    assert "interface resistance, first spectrum, cell" in said
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["failure"]["kind"] == "contact loss"
    assert {e["kind"] for e in summary["failure"]["evidence"]} >= {"polarisation rise", "voltage limit"}
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "contact loss, probable" in page
    assert "00000000" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL), "1.114 cm, not 11.140000000002"


def test_a_full_cell_goes_on_from_where_an_earlier_run_ended(tmp_path, capsys):
    (tmp_path / "cell.toml").write_text(cell.FULL_EXAMPLE, encoding="utf-8")
    shown = {}
    for name, cycles, start in (("whole", 10, None), ("first", 6, None), ("second", 4, "first")):
        (tmp_path / "protocol.toml").write_text(LIFE.format(cycles))
        state = ("--state", tmp_path / start / "state.json") if start else ()
        out = tmp_path / name
        assert call("run", tmp_path / "cell.toml", tmp_path / "protocol.toml", "--out", out, "--json", *state) == 0
        shown[name] = json.loads(capsys.readouterr().out)
    states = {name: json.loads((tmp_path / name / "state.json").read_text()) for name in shown}
    assert [shown[name]["cycles"] for name in ("whole", "first", "second")] == [10, 6, 10]
    assert states["second"]["half_cycles"] == 20
    for a, b in zip(states["whole"]["state"], states["second"]["state"], strict=True):
        assert a is b or a == pytest.approx(b, rel=1e-9, abs=1e-15)
    whole, first, second = (Experiment.load(tmp_path / n).cycling.table for n in ("whole", "first", "second"))
    joined = pd.concat([first, second], ignore_index=True)
    for column in ("Voltage / V", "Test Time / s", "Cycle Count / 1", "Step Count / 1"):
        assert np.allclose(joined[column], whole[column], rtol=1e-9)
    assert shown["whole"]["end"] == "the protocol ran to its end"


@pytest.mark.parametrize(("kind", "cycles", "capacity"), [("co2", 51, (4.0, 12.0)), ("sulfur", 20, (0.5, 1.3))])
def test_the_examples_of_other_cathodes_run_as_they_are(kind, cycles, capacity, tmp_path, capsys):
    files = [tmp_path / f"{kind}-{what}.toml" for what in ("cell", "protocol")]
    for file in files:
        assert call("new", file.stem, file) == 0
    capsys.readouterr()
    assert call("run", *files, "--out", tmp_path / "out", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["cycles"], shown["end"]) == (cycles, "the protocol ran to its end")
    first = next(r for r in shown["results"] if r["quantity"] == "discharge capacity of the first cycle")
    assert capacity[0] < first["value"] < capacity[1]  # mAh/cm2 of 1 mg/cm2 of carbon or sulfur
    assert (tmp_path / "out" / "index.html").exists()


def test_a_stopped_run_says_at_which_cycle_and_why(tmp_path, capsys):
    text = cell.FULL_EXAMPLE.replace('mass = "6 mg" ', 'thickness = "0.2 um" ').replace("[electrolyte]",
                                                               "plating_efficiency = 0.9\n[electrolyte]")  # fmt: skip
    (tmp_path / "cell.toml").write_text(text, encoding="utf-8")
    (tmp_path / "protocol.toml").write_text(LIFE.format(500))
    assert call("run", tmp_path / "cell.toml", tmp_path / "protocol.toml", "--out", tmp_path / "out") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert re.search(r"\d+ cycles; stopped in cycle \d+, step 1, at [\d.]+ h: reservoir empty", said)
    assert "warning: N/P is" in said
    assert "below 1" in said


def test_a_symmetric_cell_has_no_state_to_go_on_from(inputs, tmp_path, capsys):
    assert call("run", *inputs, "--out", tmp_path / "out", "--state", tmp_path / "state.json") == 2
    assert "full cells go on from a state" in capsys.readouterr().err
    (tmp_path / "full.toml").write_text(cell.FULL_EXAMPLE, encoding="utf-8")
    assert call("run", tmp_path / "full.toml", inputs[1], "--out", tmp_path / "out", "--state", tmp_path / "x") == 2
    assert "is not a state of a full cell" in capsys.readouterr().err


def test_json_is_one_document_and_nothing_else(inputs, tmp_path, capsys):
    assert call("run", *inputs, "--out", tmp_path / "out", "--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert printed.err == ""
    assert document == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert document["results"]
    for item in document["results"]:
        assert item["value"] is None or isinstance(item["value"], (int, float))
        assert item["value"] is not None or item["reason"]


def test_a_former_run_is_kept_without_force_and_replaced_with_it(inputs, tmp_path, capsys):
    out = tmp_path / "out"
    assert call("run", *inputs, "--out", out) == 0
    before = contents(out)
    capsys.readouterr()
    assert call("run", *inputs, "--out", out) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "--force" in printed.err
    assert contents(out) == before
    inputs[1].write_text(SHORT.replace("cycles = 3", "cycles = 4"))
    assert call("run", *inputs, "--out", out, "--force") == 0
    assert contents(out)["00-cycling.parquet"] != before["00-cycling.parquet"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("x")
    assert call("run", *inputs, "--out", tmp_path / "other", "--force") == 2
    assert set(contents(tmp_path / "other")) == {"thesis.tex"}


BAD = [
    ("cell", 'thickness = "0.162 cm"', 'thicknes = "0.162 cm"', "did you mean 'thickness'?"),
    ("cell", 'thickness = "0.162 cm"', "thickness = 0.162", "a number without a unit"),
    ("cell", 'thickness = "0.162 cm"', 'thickness = "0.162 furlong/h"', "is not a unit of length"),
    ("cell", 'thickness = "0.162 cm"', 'thickness = "-0.162 cm"', "must be greater than zero"),
    ("cell", 'thickness = "0.162 cm"', 'thickness = "0 cm"', "must be greater than zero"),
    ("cell", 'temperature = "25 degC"', 'temperature = "120 degC"', "above the melting point of sodium"),
    ("cell", 'material = "nzsp-hna"', 'material = "nzsp-hnb"', "did you mean 'nzsp-hna'?"),
    ("cell", 'interface = "h-na-1-5/nzsp-hna"', 'interface = "h-na-1-5/nzsp"', "did you mean 'h-na-1-5/nzsp-hna'?"),
    ("cell", 'mass = "6 mg"', 'mass = "6 mg"\nparameters = { contact_shap = 1 }', "did you mean 'contact_shape'?"),
    ("cell", "[electrolyte]", "[electrolyte", "is not valid TOML"),
    ("cell", 'mass = "6 mg"', 'mass = "6 mg"\nstate = "molten"', "below the melting point of sodium"),
    ("protocol", "0.5 mA/cm2", "0.5 mA", "'mA' is not a unit of current density"),
    ("protocol", 'capacity = "0.1 mAh/cm2"', "", "give 'capacity' or 'duration'"),
    ("protocol", "cycles = 3", "cycles = 300000000", "would never end"),
    ("protocol", 'type = "cycling"', 'type = "cyclign"', "read 'cyclign', allowed are"),
    ("protocol", 'name = "short"', 'name = "short"\nsampling = { noise = 0.1 }', "needs a seed"),
    ("protocol", "cycles = 3", "cycles = 9000000", "asks for up to"),
]  # fmt: skip


@pytest.mark.parametrize(("which", "good", "bad", "said"), BAD)
def test_bad_input_is_one_line_and_exit_code_2(inputs, tmp_path, capsys, which, good, bad, said):
    path = inputs[0] if which == "cell" else inputs[1]
    text = path.read_text(encoding="utf-8")
    assert good in text
    path.write_text(text.replace(good, bad, 1), encoding="utf-8")
    before = contents(tmp_path)
    assert call("run", *inputs, "--out", tmp_path / "out", "--json") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("natrode: ")
    assert printed.err.count("\n") == 1
    assert said in printed.err
    assert contents(tmp_path) == before


def test_an_output_folder_that_cannot_be_written(inputs, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "deeper"):
        assert call("run", *inputs, "--out", out) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "x"


def test_a_missing_file(inputs, tmp_path, capsys):
    assert call("run", tmp_path / "none.toml", inputs[1], "--out", tmp_path / "out") == 2
    assert "none.toml: no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "frobnicate"),
        (["new", "cel"], "cell"),
        (["run"], "CELL"),
        (["run", "a", "b"], "--out"),
        (["run", "a", "b", "--out", "c", "--sed", "1"], "--sed"),
        (["run", "a", "b", "--out", "c", "--seed", "x"], "--seed"),
        (["run", "a", "b", "--out", "c", "--seed", "-1"], "--seed: read -1, must not be below zero"),
        (["calibrate", "hNa", "--seed", "-1"], "--seed: read -1, must not be below zero"),
        (["demo", "c", "--seed", "-1"], "--seed: read -1, must not be below zero"),
        (["materials", "sodum"], "did you mean 'sodium'?"),
    ],
)
def test_a_wrong_command_is_one_line_and_exit_code_2(arguments, said, capsys):
    assert call(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1


def test_debug_shows_the_traceback(inputs, tmp_path):
    inputs[0].write_text("name = 3")
    arguments = ["run", *map(str, inputs), "--out", str(tmp_path / "out")]
    plain, debug = (
        subprocess.run([*COMMAND, *arguments, *more], capture_output=True, text=True) for more in ([], ["--debug"])
    )
    assert plain.returncode == 2
    assert "Traceback" not in plain.stderr
    assert "Traceback" in debug.stderr
    assert "SpecificationError" in debug.stderr
    assert debug.returncode != 0


def test_a_failure_of_its_own_is_exit_code_1(inputs, tmp_path, capsys, monkeypatch):
    def broken(*arguments, **more):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("natrode.simulate.symmetric.simulate", broken)
    assert call("run", *inputs, "--out", tmp_path / "out") == 1
    assert capsys.readouterr().err == "natrode: internal error: ZeroDivisionError: oops (run again with --debug)\n"
    assert not (tmp_path / "out").exists()


def test_a_reader_that_leaves_is_no_failure():
    command = [*COMMAND, "materials", "sodium", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        assert running.wait(60) in (0, 141)
        assert b"internal error" not in running.stderr.read()


def test_materials_are_listed_and_shown(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")  # a narrower table breaks its values into lines
    assert call("materials") == 0
    assert "sodium" in capsys.readouterr().out
    assert call("materials", "sodium") == 0
    shown = capsys.readouterr().out
    assert "melting_temperature" in shown
    assert "6.7e-13 ± 1.7e-13 m2/s at 25 degC" in shown, "an uncertainty is shown where one is known"
    assert "0.235 (0.19 to 0.28) MPa" in shown
    assert "2503.7 K" in shown, "a value is shown with the digits of its source"
    assert call("materials", "h-na-1-5/nzsp-hna", "--json") == 0
    names = [value["name"] for value in json.loads(capsys.readouterr().out)["values"]]
    assert "contact_resistance" in names


def test_tables_are_readable_in_a_narrow_terminal(capsys, monkeypatch):
    """Identifiers are not cut where there is room, and brackets of a text are not taken for markup."""
    monkeypatch.setenv("COLUMNS", "80")
    assert call("papers", "hybrid-na-2022", "--flags") == 0
    shown = capsys.readouterr().out
    assert "hna-flag-diffusivity " in shown
    assert max(map(len, shown.splitlines())) <= 80
    show_table({"columns": ["bracket"], "rows": [["[last survived, first failed]"]], "notes": ["[/]"]})
    assert "[last survived, first failed]" in capsys.readouterr().out


def test_words_about_a_table_are_given_on_the_command_line(tmp_path, capsys):
    rows = "\n".join(f"{10**-k * 1e6:g};{40 + k},5;{2 + k},25" for k in range(6))
    (tmp_path / "z.csv").write_text("f;a;b\n" + rows + "\n")
    assert call("info", tmp_path / "z.csv") == 0
    assert "not read" in (said := capsys.readouterr().out)
    assert "--columns" in said
    words = ("--columns", "frequency=f/Hz, real=a/ohm, imaginary=b/ohm")
    assert call("info", tmp_path / "z.csv", *words) == 0
    assert "--sign-of-imaginary negative or positive" in capsys.readouterr().out
    words = (*words, "--sign-of-imaginary", "positive", "--area", "1.3 cm2")
    assert call("convert", tmp_path / "z.csv", "--to", "csv", "--out", tmp_path / "o", *words) == 0
    assert "-2.25" in (tmp_path / "o" / "z.csv").read_text()
    assert '"working_area":0.00013' in (tmp_path / "o" / "z.json").read_text().replace(" ", "")
    assert call("convert", tmp_path / "z.csv", "--to", "csv", "--out", tmp_path / "p") == 2
    assert "none of the files could be read" in capsys.readouterr().err
    assert call("convert", "--to", "csv") == 2
