"""Resolved electrodes: steady reaction, step response and stripping on Gaussian-random-field ceramic.

Each measurement is a process of its own, so that its peak memory is its own. Wall and processor times are given: on a
machine that does other work only the latter says anything. No other program solves this problem, so there is no peer;
taufactor's effective conductivity of the same images is in `bench_conduct`. `REACT_SIZES=128,256,512` chooses images,
`REACT_LONG=1` adds the step response and the stripping.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np

from benchmarks.bench_conduct import CERAMIC, EDGE, image_of, peak, triad
from benchmarks.timing import against

OHM_CM2 = 1e-4
KINETICS = 10 * OHM_CM2
SWEEP = [(1.0, 0.1), (1.0, 0.5), (10.0, 0.4), (100.0, 0.1), (100.0, 0.5)]
STEADY = {(256, 0.25): (5.0, 1.2), (256, 0.4): (7.0, 1.2), (512, 0.25): (40.0, 6.5)}
"""Wall time [s] and memory [GB] that are allowed."""
LONG = {("transient", 256): 90.0, ("strip", 128): 6.0, ("strip", 256): 25.0}
BYTES_PER_ITERATION = 150.0
"""Least traffic per unknown of a cycle's four half sweeps (48), restriction and prolongation (24), the product (16) and
the vectors of conjugate gradients (60), in single precision; coarse levels are not counted."""


def solver():
    from natrode.microstructure.react import Kinetics, react

    def solve(structure, resistance=KINETICS, sigma=0.4, **options):
        return react(structure, Kinetics(resistance), voltage=0.1, conductivities={CERAMIC: sigma}, **options)

    return solve


def timed(function, repeats):
    walls, processors, found = [], [], None
    for _ in range(repeats):
        begin, cpu = time.perf_counter(), time.process_time()
        found = function()
        walls.append(time.perf_counter() - begin)
        processors.append(time.process_time() - cpu)
    return min(walls), min(processors), found


def steady(size, fraction, repeats):
    solve, structure = solver(), image_of(size, fraction)
    solve(image_of(64, fraction))  # compiles, or reads the compiler's cache
    before = peak()
    wall, processor, found = timed(lambda: solve(structure), repeats)
    return {
        "wall": wall,
        "processor": processor,
        "before": before,
        "peak": peak(),
        "unknowns": found.unknowns,
        "iterations": found.iterations,
        "coarse": found.coarse_iterations,
        "newton": found.newton_steps,
        "balance": found.balance,
        "residual": found.residual,
        "current": found.current_density,
    }


def sweep(size, fraction):
    """Fine iterations, balance and current over resistances and conductivities."""
    solve, structure = solver(), image_of(size, fraction)
    rows = []
    for resistance, sigma in SWEEP:
        found = solve(structure, resistance * OHM_CM2, sigma)
        rows.append([found.iterations, found.balance, found.current_density])
    return {"rows": rows}


def transient(size, fraction):
    from natrode.microstructure.react import Kinetics
    from natrode.microstructure.transient import step_response

    law = Kinetics(KINETICS, capacitance=0.2)
    options = {"voltage": 0.1, "conductivities": {CERAMIC: 0.4}, "series_resistance": 5 * OHM_CM2}
    step_response(image_of(64, fraction), law, **options)  # compiles, or reads the compiler's cache
    structure = image_of(size, fraction)
    wall, processor, found = timed(lambda: step_response(structure, law, **options), 1)
    return {"wall": wall, "processor": processor, "steps": found.steps, "time": found.time_to_steady, "peak": peak()}


def strip(size, fraction):
    from natrode.microstructure.react import Kinetics
    from natrode.microstructure.strip import ContactLaw, Segment
    from natrode.microstructure.strip import strip as empty

    law, contact = Kinetics(4.8 * OHM_CM2, "linear"), ContactLaw(8.954e-6, replenishment=0.5)
    options = {"conductivities": {CERAMIC: 0.4}}
    empty(image_of(64, fraction), law, contact, 2.0, **options)  # compiles, or reads the compiler's cache
    structure = image_of(size, fraction)
    charge = 0.5 * 36000.0
    wall, processor, found = timed(
        lambda: empty(structure, law, contact, segments=[Segment(2.0, charge)], **options), 1
    )
    passed = found.capacity / 36000.0
    return {"wall": wall / passed, "processor": processor / passed, "solves": found.solves, "peak": peak()}


def limits(size, fraction, found):
    """Rows of the limits on one steady solution."""
    for name, limit, unit in zip(("wall", "peak"), STEADY.get((size, fraction), ()), ("s", "GB"), strict=False):
        yield against(f"{size}^3 {100 * fraction:.0f} %, {name}", found[name], limit, unit)


def in_process(*arguments):
    command = [sys.executable, "-m", "benchmarks.bench_react", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no message"}
    return json.loads(done.stdout.strip().splitlines()[-1])


def run():
    """Yield the rows of the benchmark."""
    rate = in_process("triad")["rate"]
    yield f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, triad {rate:.0f} GB/s, voxel {EDGE * 1e6:g} um"
    sizes = [int(size) for size in os.environ.get("REACT_SIZES", "128,256").split(",")]
    for size in sizes:
        for fraction in (0.25, 0.40) if size < 512 else (0.25,):
            found = in_process("steady", size, fraction, 2 if size < 512 else 1)
            if "failed" in found:
                yield f"{size}^3 {100 * fraction:.0f} %: failed: {found['failed']}"
                continue
            floor = found["unknowns"] * found["iterations"] * BYTES_PER_ITERATION / (rate * 1e9)
            name = f"{size:3d}^3 {100 * fraction:.0f} %"
            yield (
                f"{name}  {found['wall']:6.2f} s wall, {found['processor']:6.2f} s processor, {found['peak']:.2f} GB "
                f"({found['before']:.2f} before), {found['unknowns']:,} unknowns, {found['newton']} Newton, "
                f"{found['iterations']} fine and {found['coarse']} coarse iterations, balance {found['balance']:.0e}, "
                f"residual {found['residual']:.0e}, {100 * floor / found['wall']:.0f} % of the wall time is the floor "
                f"that the bandwidth sets to its iterations"
            )
            yield from limits(size, fraction, found)
        if size <= 256:
            for fraction in (0.25, 0.40):
                found = in_process("sweep", size, fraction)
                rows = np.array(found["rows"])
                name, fine = f"{size:3d}^3 {100 * fraction:.0f} %", rows[:, 0]
                yield (
                    f"{name}  over 1-100 Ohm cm2 and 0.1-0.5 S/m: {fine.min():.0f}-{fine.max():.0f} fine iterations, "
                    f"balance at most {rows[:, 1].max():.0e}"
                )
                if size == 256:
                    yield against(f"{name}, fine iterations", fine.max(), 15, "")
                    yield against(f"{name}, balance", rows[:, 1].max(), 1e-8, "")
    if os.environ.get("REACT_LONG"):
        for size in (size for size in sizes if size <= 256):
            for name, unit in (("transient", "step response"), ("strip", "per mAh/cm2 stripped at 0.2 mA/cm2")):
                found = in_process(name, size, 0.25)
                yield f"{size:3d}^3 25 %  {unit}: " + ", ".join(f"{key} {value:.4g}" for key, value in found.items())
                limit = LONG.get((name, size))
                if limit is not None and "wall" in found:
                    yield against(f"{size}^3, {unit}", found["wall"], limit, "s")
    yield f"load {os.getloadavg()[0]:.1f}"


def step():
    """Do one step in this process and print what it found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=("triad", "steady", "sweep", "transient", "strip"))
    parser.add_argument("numbers", nargs="*", type=float)
    given = parser.parse_args()
    numbers = [int(number) if number >= 1 else number for number in given.numbers]
    steps = {"steady": steady, "sweep": sweep, "transient": transient, "strip": strip}
    print(json.dumps({"rate": triad()} if given.name == "triad" else steps[given.name](*numbers)))


if __name__ == "__main__":
    step()
