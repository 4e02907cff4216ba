"""The commands on the page of scenarios run and say what the page says."""

import re
import shlex
from pathlib import Path

import pytest

from natrode.cli import main
from tests.instruments.text_files import SAMPLES

PAGE = Path(__file__).parents[1] / "docs" / "scenarios.md"


def steps() -> list[tuple[str, list[str]]]:
    """Commands with the words that stand under them."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        for line in block.strip().splitlines():
            if line.startswith("$ natrode "):
                found.append((line[10:], []))
            else:
                found[-1][1].append(line)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("command", "words"), steps())
def test_a_command_says_what_the_page_says(
    command: str,
    words: list[str],
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "samples/" in command and not SAMPLES.exists():
        pytest.skip("the samples are not here (NATRODE_SAMPLES)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    (tmp_path / "lab").symlink_to(project)
    if SAMPLES.exists():
        (tmp_path / "samples").symlink_to(SAMPLES)
    with pytest.raises(SystemExit):
        main(shlex.split(command))
    captured = capsys.readouterr()
    said = " ".join(re.sub(r"[│┃]", " ", captured.out + captured.err).split())
    for text in words:
        assert " ".join(text.split()) in said
