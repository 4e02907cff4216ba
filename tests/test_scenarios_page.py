"""The commands on the page of scenarios and in the tutorials run and say what the pages say."""

import re
import shlex
from pathlib import Path

import pytest

from natrode.cli import main
from tests.instruments.text_files import SAMPLES

DOCS = Path(__file__).parents[1] / "docs"
SCENARIOS = DOCS / "scenarios.md"
TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))


def steps(page: Path) -> list[tuple[str, list[str]]]:
    """Commands with the words that stand under them."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        for line in block.strip().splitlines():
            if line.startswith("$ natrode "):
                found.append((line[10:], []))
            else:
                found[-1][1].append(line)
    return found


def files(page: Path) -> list[tuple[str, str]]:
    """Files that a page shows, by the name in their caption."""
    pattern = r"```\{code-block\} \w+\n:caption: (\S+)\n(.*?)```"
    return re.findall(pattern, page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def bench(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `lab` and, where they are, `samples`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    (tmp_path / "lab").symlink_to(project)
    if SAMPLES.exists():
        (tmp_path / "samples").symlink_to(SAMPLES)
    return tmp_path


def check(command: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(shlex.split(command))
    captured = capsys.readouterr()
    said = " ".join((captured.out + captured.err).split())
    for text in words:
        assert " ".join(text.split()) in said, command


@pytest.mark.slow
@pytest.mark.parametrize(("command", "words"), steps(SCENARIOS))
def test_a_command_says_what_the_page_says(
    command: str, words: list[str], bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "samples/" in command and not SAMPLES.exists():
        pytest.skip("the samples are not here (NATRODE_SAMPLES)")
    check(command, words, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_runs_from_its_first_command_to_its_last(
    page: Path, bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in files(page):
        (bench / name).write_text(text, encoding="utf-8")
    for command, words in steps(page):
        if "samples/" not in command or SAMPLES.exists():
            check(command, words, capsys)


def test_there_is_a_tutorial_for_each_kind_of_file() -> None:
    assert {page.stem for page in TUTORIALS} == {
        "spectra", "temperatures", "direct-current", "cycling", "full-cell-cycling", "replicates", "replaying"
    }  # fmt: skip
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert all(f"tutorials/{page.stem}\n" in index for page in TUTORIALS)
