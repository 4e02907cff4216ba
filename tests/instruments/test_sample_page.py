"""The page of the documentation about the sample files says what the readers do, and exports agree with their files."""

import re
import runpy
from pathlib import Path

import pytest

from tests.instruments.text_files import SAMPLES

DOCS = Path(__file__).parents[2] / "docs"
PROGRAM = runpy.run_path(str(DOCS / "_ext" / "sample_files.py"))


def test_the_page_is_what_the_command_writes() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the sample files are not here (set NATRODE_SAMPLES to the folder of real files)")
    assert PROGRAM["page"](SAMPLES) == (DOCS / "sample-files.md").read_text(), "run make sample-table"


def test_files_and_exports_agree_to_the_printed_digits() -> None:
    page = (DOCS / "sample-files.md").read_text().split("\n## ")[1]
    rows = [line for line in page.splitlines() if "rows, " in line]
    assert len(rows) == len(PROGRAM["PAIRS"])
    for row in rows:
        relative, absolute = re.findall(r"at most (\S+) \(.*?: (\S+) ", row)[0]
        printed_with_four_decimals = "neware" in row and float(absolute) < 5.1e-5
        assert float(relative) < 1e-7 or printed_with_four_decimals, row
