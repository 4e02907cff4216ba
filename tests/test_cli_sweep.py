"""`natrode sweep` as it is typed."""

import json

import pytest

from natrode.cell import EXAMPLE
from natrode.cli import main
from natrode.protocol import Protocol
from tests.workbench.test_sweep import CYCLES


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.toml").write_text(EXAMPLE)
    (tmp_path / "protocol.toml").write_text(Protocol.read(CYCLES, "x").to_toml())
    return ["sweep", "cell.toml", "protocol.toml", "--out", "out"]


RANGE = ["--jobs", "1", "--vary", "current_density=0.1:0.2 mA/cm2:2"]


def call(*arguments):
    """Exit code of a command; 0 when it returns."""
    try:
        main([str(a) for a in arguments])
    except SystemExit as end:
        return end.code or 0
    return 0


def refused(arguments, capsys) -> str:
    assert call(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    message = said.err.strip()
    assert message.startswith("natrode: ")
    assert "\n" not in message
    return message


def test_a_sweep_prints_and_writes_table_and_page(inputs, tmp_path, capsys):
    assert call(*inputs, *RANGE) == 0
    shown = capsys.readouterr().out
    assert "current_density" in shown
    assert "completed" in shown
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"sweep.parquet", "sweep.json", "index.html"}
    assert not (tmp_path / "out.unfinished").exists()


def test_json_is_one_document(inputs, capsys):
    assert call(*inputs, *RANGE, "--vary", "temperature=25,60 degC", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["points"]) == 4
    assert document["simulated"] is True
    first = document["results"][0]
    assert {"at", "quantity", "value", "unit", "quality", "reason", "method"} <= set(first)


def test_nothing_is_overwritten_without_force(inputs, tmp_path, capsys):
    assert call(*inputs, *RANGE) == 0
    capsys.readouterr()
    before = (tmp_path / "out" / "sweep.json").read_bytes()
    other = ["--jobs", "1", "--vary", "current_density=0.1:0.3 mA/cm2:2"]
    assert "add --force" in refused([*inputs, *other], capsys)
    assert (tmp_path / "out" / "sweep.json").read_bytes() == before
    assert call(*inputs, *other, "--force") == 0
    assert (tmp_path / "out" / "sweep.json").read_bytes() != before


def test_an_unfinished_sweep_of_something_else_is_kept_without_force(inputs, tmp_path, capsys):
    journal = tmp_path / "out.unfinished"
    journal.write_text('{"natrode sweep": "other"}\n')
    assert "holds points of another sweep" in refused([*inputs, *RANGE], capsys)
    assert journal.exists()
    assert call(*inputs, *RANGE, "--force") == 0
    assert not journal.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--vary", "current_densty=1:2 mA/cm2:3"], "did you mean 'current_density'?"),
        (["--vary", "current_density=1:2 mm:3"], "'mm' is not a unit of current density"),
        (["--vary", "current_density=1:2 mA/cm2"], "write key=first:last:number"),
        (["--vary", "temperature=25:200 degC:2"], "cell.toml at temperature = 200.0: "),
        ([*RANGE[2:], "--jobs", "0"], "must be 1 or more"),
        ([], "vary"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(inputs, tmp_path, capsys, arguments, said):
    assert said in refused([*inputs, *arguments], capsys)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cell.toml", "protocol.toml"]
