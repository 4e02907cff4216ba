"""Output is all there or not there at all, and only natrode's own folders are ever replaced."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from natrode import files
from natrode.errors import OutputError


def contents(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def result(tmp_path):
    """A folder that an earlier run wrote."""
    target = tmp_path / "out"
    with files.output_folder(target) as folder:
        (folder / "summary.json").write_text("old")
        (folder / "plots").mkdir()
        (folder / "plots" / "a.csv").write_text("old")
    return target


def test_a_folder_appears_when_the_run_ends_well(tmp_path):
    target = tmp_path / "deep" / "out"
    with files.output_folder(target) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()
    assert contents(target)["a"] == "1"
    assert [p.name for p in target.parent.iterdir()] == ["out"]
    assert target.stat().st_mode & 0o777 == 0o755


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    with files.output_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("1")
    assert contents(tmp_path / "out")["a"] == "1"


def test_another_run_is_replaced_only_with_force(result):
    before = contents(result)
    with pytest.raises(OutputError, match=r"holds another run.*--force"), files.output_folder(result):
        pytest.fail("entered")
    assert contents(result) == before
    with files.output_folder(result, force=True) as folder:
        (folder / "summary.json").write_text("new")
        assert contents(result) == before
    assert contents(result)["summary.json"] == "new"
    assert not (result / "plots").exists()
    assert [p.name for p in result.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_others_is_never_touched(tmp_path, force):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match="did not write"), files.output_folder(tmp_path, force):
        pytest.fail("entered")
    assert contents(tmp_path) == {"thesis.tex": "years of work"}


@pytest.mark.parametrize("place", ["notes.txt", "plots/notes.txt"])
def test_what_somebody_put_into_a_result_is_never_removed(result, place):
    (result / place).write_text("mine")
    with pytest.raises(OutputError, match=place), files.output_folder(result, force=True):
        pytest.fail("entered")
    assert (result / place).read_text() == "mine"
    assert (result / "summary.json").read_text() == "old"


@pytest.mark.parametrize("force", [False, True])
def test_a_file_is_not_a_folder(tmp_path, force):
    (tmp_path / "out").write_text("x")
    with pytest.raises(OutputError, match="is a file"), files.output_folder(tmp_path / "out", force):
        pytest.fail("entered")
    with pytest.raises(OutputError, match="cannot be written"), files.output_folder(tmp_path / "out" / "deeper"):
        pytest.fail("entered")
    assert contents(tmp_path) == {"out": "x"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(OutputError, match="cannot be written"), files.output_folder(tmp_path / "out"):
        pytest.fail("entered")


def test_a_full_or_closed_disk_is_one_sentence(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "mkdtemp", refuse)
    with (
        pytest.raises(OutputError, match=r"cannot be written \(Permission denied\)"),
        files.output_folder(tmp_path / "out"),
    ):
        pytest.fail("entered")


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_run_that_fails_half_way_leaves_the_former_result(result, failure):
    before = contents(result)

    def fail():
        with files.output_folder(result, force=True) as folder:
            (folder / "summary.json").write_text("half")
            raise failure

    with pytest.raises(failure):
        fail()
    assert contents(result) == before
    assert [p.name for p in result.parent.iterdir()] == ["out"]


def test_a_killed_run_leaves_the_former_result(result):
    before = contents(result)
    script = (
        "import os, signal, sys; from pathlib import Path; from natrode.files import output_folder\n"
        "with output_folder(Path(sys.argv[1]), force=True) as folder:\n"
        "    (folder / 'summary.json').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(result)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert contents(result) == before


def test_a_rename_that_fails_puts_the_former_result_back(result, monkeypatch):
    before, rename = contents(result), Path.replace

    def refuse(self, target):
        if Path(target) == result and self.name != "x":
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no"), files.output_folder(result, force=True) as folder:
        (folder / "summary.json").write_text("new")
    assert contents(result) == before
    assert [p.name for p in result.parent.iterdir()] == ["out"]


def test_text_replaces_a_file_in_one_go(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    files.write_text(path, "µΩ")
    assert path.read_bytes() == "µΩ".encode()
    assert path.stat().st_mode & 0o777 == 0o644

    def killed(self, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            files.write_text(path, "new")
    assert contents(tmp_path) == {"a.json": "µΩ"}
    files.write_text(path, "new")
    assert contents(tmp_path) == {"a.json": "new"}


def test_text_cannot_go_where_there_is_no_folder(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        files.write_text(tmp_path / "none" / "a", "x")


def test_a_file_that_cannot_be_is_known_beforehand(tmp_path):
    files.check_output_file(tmp_path / "sample.csv")
    with pytest.raises(OutputError, match="is a folder, not a file"):
        files.check_output_file(tmp_path)
    with pytest.raises(OutputError, match="there is no folder"):
        files.check_output_file(tmp_path / "none" / "sample.csv")
