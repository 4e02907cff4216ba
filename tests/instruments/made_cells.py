"""Folders of made files of one cell and of several, as instruments write them."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from natrode.measurement import Column, Measurement, Metadata, Origin
from tests.instruments import table_files as tables

START = datetime(2026, 3, 2, 10, 0, 0)  # noqa: DTZ001


def mpt(columns: str, rows: list[str], technique: str, started: datetime, channel: int = 5) -> bytes:
    """An EC-Lab text export."""
    lines = [
        "EC-Lab ASCII FILE", "Nb header lines : 8", "", technique, "", f"Run on channel : {channel} (SN 12288)",
        f"Acquisition started on : {started:%m/%d/%Y %H:%M:%S}.000", columns,
    ]  # fmt: skip
    return ("\n".join([*lines, *rows]) + "\n").encode("latin-1")


def cp(started: datetime, begin: float, end: float, current: float, step: float = 10.0, channel: int = 5) -> bytes:
    """Chronopotentiometry from `begin` to `end` [s after `started`] at a current [mA]."""
    times = np.arange(begin, end + step / 2, step)
    rows = [f"{t:.6E}\t{0.02 * np.sign(current) + 1e-6 * t:.8E}\t{current:.8E}" for t in times]
    return mpt("time/s\tEwe/V\t<I>/mA", rows, "Chronopotentiometry", started, channel)


def peis(started: datetime, begin: float, shift: float = 0.0, direct: float = 0.0, channel: int = 5) -> bytes:
    """A spectrum of 21 points that begins `begin` s after `started`, one point a second; direct current in mA."""
    rows = []
    for i, f in enumerate(tables.FREQUENCIES):
        z = tables.impedance(f) + shift
        rows.append(f"{f:.7E}\t{z.real:.7E}\t{-z.imag:.7E}\t{begin + i:.6E}\t{direct:.6E}")
    return mpt(
        "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t<I>/mA", rows, "Potentio Electrochemical Impedance Spectroscopy",
        started, channel,
    )  # fmt: skip


def one_cell(folder: Path) -> None:
    """A cell on a BioLogic instrument: stripped for an hour, a spectrum, plated for an hour, and a day later again."""
    (folder / "Na07_01_CP_C05.mpt").write_bytes(cp(START, 0.0, 3600.0, 1.0))
    (folder / "Na07_02_PEIS_C05.mpt").write_bytes(peis(START, 3605.0))
    (folder / "Na07_03_CP_C05.mpt").write_bytes(cp(START, 3630.0, 7230.0, -1.0))
    later = START + timedelta(days=1)
    (folder / "Na07_restart_C05.mpt").write_bytes(cp(later, 0.0, 1800.0, 1.0))


def simulated() -> Measurement:
    """A record that a model wrote."""
    table = pd.DataFrame({
        str(Column.TIME): [0.0, 10.0, 20.0], str(Column.VOLTAGE): [0.02, 0.021, 0.022], str(Column.CURRENT): [1e-3] * 3,
    })  # fmt: skip
    return Measurement(
        Metadata(kind="cycling", origin=Origin(kind="simulation", model="symmetric", seed=1), cell="virtual"), table
    )
