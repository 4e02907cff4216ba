"""A small part of the fuzz job: mutated files give a record or an InstrumentFileError, in time."""

import random
from pathlib import Path

import pytest

from tests.fuzz.fixtures import made
from tests.fuzz.instruments import cases, mutated, outcome, run
from tests.fuzz.mutations import MUTATIONS, mutate

FILES = made()


def test_the_files_that_are_mutated_can_be_read(tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
        verdict = outcome(tmp_path / name)
        assert verdict.verdict == ("error" if name == "cell.ndax" else "record"), (name, verdict)


def test_mutations_change_files_and_are_reproducible() -> None:
    data = FILES["spectrum.csv"]
    for mutation in set(MUTATIONS):
        assert any(mutation(random.Random(seed), data) != data for seed in range(300)), mutation
    assert mutate(random.Random("1-2"), data) == mutate(random.Random("1-2"), data)


@pytest.mark.parametrize("part", range(6))
def test_mutated_files_give_a_record_or_the_error(part: int, tmp_path: Path) -> None:
    for case in cases(FILES, 300, seed=7)[part::6]:
        path = tmp_path / case[1]
        path.write_bytes(mutated(FILES, case, seed=7))
        found = outcome(path)
        assert found.verdict in ("record", "error"), (case, found)
        path.unlink()


@pytest.mark.slow
def test_the_job_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(10, seed=3, workers=1, keep=tmp_path / "kept", only_made=True) == 0
    assert "10 mutations of" in capsys.readouterr().out
    assert not (tmp_path / "kept").exists()
