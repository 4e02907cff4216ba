"""A spectrum, a critical-current ramp to failure, the start of the command line, and `natrode reproduce`.

Peers in the same run: PyBaMM's EISSimulation on its own cell, its Experiment on natrode's symmetric cell.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import numpy as np

from benchmarks.timing import best
from natrode.cell import EXAMPLE, Cell
from natrode.protocol import EXAMPLE as RAMP
from natrode.protocol import Protocol
from natrode.simulate import kernel, parameters, programme, symmetric
from natrode.simulate.spectrum import spectrum

FREQUENCIES = np.geomspace(1e6, 0.01, 60)


def run() -> list[str]:
    """Rows of the table."""
    cell = Cell.read(tomllib.loads(EXAMPLE), "example")
    ramp = Protocol.read(tomllib.loads(RAMP), "example")
    model = parameters.assemble(cell)
    table = parameters.conditions(model, ramp.temperature, ramp.pressure)
    rows, _ = programme.blocks(ramp, cell.working_area)
    samples, _, ended, _ = symmetric.integrate(model, table, rows, 0.0)
    # after half of the ramp and under current: all processes take part, the response of the contact among them
    snapshot = np.zeros(kernel.N_SNAPSHOT)
    snapshot[:2] = 0.5 * samples[-1, 0], 5.0 * cell.working_area
    snapshot[2:4] = 1e-6
    one = best(lambda: spectrum(model, table, snapshot, FREQUENCIES), 200)
    whole = best(lambda: symmetric.simulate(cell, ramp), 20)
    core = best(lambda: symmetric.integrate(model, table, rows, 0.0), 20)
    steps = len(np.unique(abs(samples[:, 2]).round(9))) - 1
    return [
        f"natrode, one spectrum of {len(FREQUENCIES)} frequencies under current: {1e3 * one:.3f} ms (at most 0.3 ms)",
        f"natrode, ramp of {steps} steps, {'to failure' if ended != kernel.COMPLETED else 'NOT to failure'}: "
        f"{1e3 * whole:.2f} ms with its record (at most 5 ms), {1e3 * core:.2f} ms the integration",
        *_peers(model, cell, samples, one, whole),
        _help(),
        *_reproduce(),
    ]


def _peers(model: parameters.Model, cell: Cell, samples: np.ndarray, one: float, whole: float) -> list[str]:
    try:
        import pybamm
    except ImportError:
        return ["PyBaMM is not installed: no peer"]
    from natrode.simulate.fullcell.symmetric_model import SymmetricSodium, options_of, parameter_values

    def battery() -> SymmetricSodium:
        return SymmetricSodium(options_of(model, 0), options_of(model, 1))

    particle = pybamm.lithium_ion.SPM(options={"surface form": "differential"})
    eis = pybamm.EISSimulation(particle)
    theirs = best(lambda: eis.solve(FREQUENCIES), 3)
    halves = np.flatnonzero(np.diff(samples[:, 5])) + 1
    parts = [part for part in np.split(samples, halves) if part[0, 2] != 0]
    wanted = [(float(part[-1, 2]), float(part[-1, 0] - part[0, 0])) for part in parts]
    words = [
        f"{'Discharge' if amperes > 0 else 'Charge'} at {abs(amperes)!r} A for {max(seconds, 1.0)!r} seconds"
        for amperes, seconds in wanted
    ]
    simulation = pybamm.Simulation(
        battery(),
        experiment=pybamm.Experiment([tuple(words)]),
        parameter_values=pybamm.ParameterValues(parameter_values(model, wanted[0][0])),
        solver=pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-8),
    )
    simulation.solve()
    start = time.perf_counter()
    simulation.solve()
    seconds = time.perf_counter() - start
    return [
        f"PyBaMM EISSimulation, {len(FREQUENCIES)} frequencies of its own single-particle cell (natrode's model has "
        f"no capacitances there): {1e3 * theirs:.1f} ms, {theirs / one:.0f} times natrode",
        f"PyBaMM Experiment, the same {len(words)} half cycles: {1e3 * seconds:.0f} ms, "
        f"{seconds / whole:.0f} times natrode with its record",
    ]


def _natrode(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from natrode.cli import main; main()", *arguments]


def _help() -> str:
    start = best(lambda: subprocess.run(_natrode("--help"), check=True, capture_output=True), 5)
    bare = best(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), 5)
    return f"natrode --help: {start:.2f} s (at most 0.5 s); Python alone: {bare:.2f} s"


def _reproduce() -> list[str]:
    """Wall time, processor time and memory: without full cells with kernels to compile and compiled, and complete."""
    with tempfile.TemporaryDirectory() as folder:
        cold = {**os.environ, "XDG_CACHE_HOME": folder}
        partly = [sys.executable, "-m", "benchmarks.symmetric_only"]
        return [
            _timed("without full cells, first time (kernels compiled)", partly, folder, "at most 180 s", cold),
            _timed("without full cells", partly, folder, "at most 60 s", cold),
            _timed("with full cells, their kernels compiled", _natrode("reproduce"), folder, "at most 180 s", cold),
            _timed("complete", _natrode("reproduce"), folder, "at most 240 s", cold),
        ]


def _timed(what: str, command: list[str], folder: str, limit: str, environment: dict[str, str]) -> str:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    out = ["--out", str(Path(folder) / "results"), "--force"]
    subprocess.run([*command, *out], check=True, capture_output=True, env=environment)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (
        f"natrode reproduce {what}: {wall:.0f} s wall ({limit}), {used:.0f} s of processor time, "
        f"largest process so far {after.ru_maxrss / 1e6:.2f} GB (at most 1.5 GB); load {os.getloadavg()[0]:.1f}"
    )
