"""Instrument files: natrode beside fastnda and batterydf, all sample files, and a CSV of 1 GB.

Times are processor seconds, the best of three, so that other programs on the machine count little. batterydf is no
dependency of natrode: without it the rows say so.
"""

import importlib
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from natrode.instruments import folder, registry

SAMPLES = Path(os.environ.get("NATRODE_SAMPLES", "../shared/samples"))
NDAX = "neware_ndax/20260302_IFE_BTS85_2_9_8_1.ndax"
MPT = "solid_state/CP_SSB.txt"
PEERS = ("biologic_mpr/MB-0.mpr", "biologic_mpr/PEIS-0.mpr", "biologic_mpt/cp.mpt", "neware_ndax/nw4-120-1-6-53.ndax")
"""Files of kinds that batterydf reads too."""
LARGE = 1_000_000_000
"""Size of the large table [bytes]."""
MEMORY = """
import resource, sys
from natrode.instruments import registry
(record,) = registry.read(sys.argv[1])
print(len(record), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def cpu(function: Callable[[], object], repeats: int = 3) -> float:
    """Least processor time of some runs after a warm-up [s]."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def run() -> list[str]:
    """Rows of the table."""
    warnings.simplefilter("ignore")
    if not SAMPLES.is_dir():
        return [f"{SAMPLES} is not here; set NATRODE_SAMPLES", *_large()]
    rows = []
    for name, allowed in ((NDAX, 0.5), (MPT, 0.5)):
        path = SAMPLES / name
        rows.append(f"natrode, {_size(path)}: {cpu(lambda p=path: registry.read(p)):.2f} s (to be at most {allowed} s)")
    import fastnda

    rows.append(f"fastnda, the same .ndax: {cpu(lambda: fastnda.read(str(SAMPLES / NDAX))):.2f} s, {_fastnda_lacks()}")
    rows += [row for name in PEERS for row in _beside_batterydf(SAMPLES / name)]
    rows.append(f"natrode info on the whole folder: {cpu(lambda: folder.info(SAMPLES), 1):.1f} s (to be at most 10 s)")
    return rows + _large()


def _size(path: Path) -> str:
    return f"{path.name}, {path.stat().st_size / 1e6:.1f} MB"


def _fastnda_lacks() -> str:
    import fastnda

    theirs = fastnda.read(str(SAMPLES / NDAX))
    (ours,) = registry.read(SAMPLES / NDAX)
    return f"{theirs.height} rows, {theirs.width} columns; natrode {len(ours)} rows, {len(ours.table.columns)} columns"


def _beside_batterydf(path: Path) -> list[str]:
    """Times of both and what each holds."""
    ours = registry.read(path)
    mine = (
        f"natrode {cpu(lambda: registry.read(path)):.3f} s, {_content([(len(r), len(r.table.columns)) for r in ours])}"
    )
    try:
        bdf: Any = importlib.import_module("bdf")
    except ImportError:
        return [f"{_size(path)}: {mine}; batterydf is not installed"]
    try:
        theirs = bdf.read(str(path))
    except Exception as error:
        return [f"{_size(path)}: {mine}; batterydf does not read it ({type(error).__name__}: {str(error)[:80]})"]
    took = cpu(lambda: bdf.read(str(path)))
    have = {c for r in ours for c in r.table.columns}
    shape = getattr(theirs, "shape", (0, 0))
    only_theirs = sorted(str(c) for c in getattr(theirs, "columns", ()) if str(c) not in have)
    return [
        f"{_size(path)}: {mine}; batterydf {took:.3f} s, {_content([shape])}; only there (by name): "
        f"{', '.join(only_theirs) or 'nothing'}; only here: "
        f"{', '.join(sorted(have - set(map(str, getattr(theirs, 'columns', ()))))) or 'nothing'}"
    ]


def _content(shapes: list[tuple[int, int]]) -> str:
    return " and ".join(f"{rows} rows of {columns} columns" for rows, columns in shapes)


def _large() -> list[str]:
    """Peak of memory while a table of 1 GB is read, in a process of its own."""
    block = "".join(
        f"{i}.125,0.0{i % 97:02d}123456,{0.001 if i % 2 else -0.001},25.{i % 10},some text in a column without a role\n"
        for i in range(100_000, 200_000)
    ).encode()
    with tempfile.TemporaryDirectory(prefix="natrode-bench-") as place:
        path = Path(place) / "large.csv"
        with path.open("wb") as stream:
            stream.write(b"time/s,Ewe/V,I/A,T/degC,comment\n")
            for _ in range(LARGE // len(block) + 1):
                stream.write(block)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True, env=os.environ
        )
        took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        rows, peak = map(int, done.stdout.split())
        size = path.stat().st_size / 1e9
        return [f"CSV of {size:.2f} GB: {rows} rows in {took:.0f} s, memory at most {peak / 1e9:.2f} GB"]
