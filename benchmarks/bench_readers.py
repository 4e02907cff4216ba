"""Instrument files: the largest binary sample, and a line for every sample file."""

import os
from pathlib import Path

from benchmarks.timing import best
from natrode.instruments import folder, registry

SAMPLES = Path(os.environ.get("NATRODE_SAMPLES", "../shared/samples"))
LARGEST = "neware_ndax/20260302_IFE_BTS85_2_9_8_1.ndax"


def run() -> list[str]:
    """Rows of the table."""
    if not SAMPLES.is_dir():
        return [f"{SAMPLES} is not here; set NATRODE_SAMPLES"]
    rows = []
    path = SAMPLES / LARGEST
    rows.append(f"natrode, {path.stat().st_size / 1e6:.1f} MB .ndax: {best(lambda: registry.read(path), 3):.2f} s")
    try:
        import fastnda
    except ImportError:
        pass
    else:
        rows.append(f"fastnda alone, the same file: {best(lambda: fastnda.read(str(path)), 3):.2f} s")
    rows.append(f"natrode info on the whole folder: {best(lambda: folder.info(SAMPLES), 1):.1f} s")
    return rows
