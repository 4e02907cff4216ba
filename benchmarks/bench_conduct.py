"""Effective conductivity of Gaussian-random-field ceramic of 25 and 40 %: time, memory and error, and the peer's.

Each measurement is a process of its own, so that its peak memory is its own. The peer, taufactor with its default
settings on the processor, takes minutes per image; it runs where it is installed. `CONDUCT_SIZES=128,256,512` chooses
images, `CONDUCT_PEER_ITERATIONS=40` times that many of the peer's iterations and scales them to `CONDUCT_PEER_COUNTS`,
the iterations that it needs for 25 % and 40 %, found in a run of its own.
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.timing import against

LENGTH = 3e-7
EDGE = 1e-7
CERAMIC = "nzsp-hna"
TOLERANCE = 5e-4


def image_of(size, fraction):
    from natrode.microstructure.generate import generate
    from natrode.microstructure.sample import Sample

    sample = Sample((size, size, size), (EDGE,) * 3, 1, particle=CERAMIC)
    return generate("gaussian-field", sample, volume_fraction=fraction, correlation_length=LENGTH)


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def triad(repeats=5):
    """Memory bandwidth of a = b + c on all cores [GB/s]."""
    from numba import njit, prange

    @njit(parallel=True, fastmath=True)
    def add(a, b, c):
        for i in prange(a.size):
            a[i] = b[i] + c[i]

    a, b, c = (np.ones(50_000_000, np.float32) for _ in range(3))
    add(a, b, c)
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        add(a, b, c)
        times.append(time.perf_counter() - begin)
    return 3 * a.nbytes / min(times) / 1e9


def solve(folder, tolerance, repeats):
    """Solve the image of a folder, warm; return wall times, answer, error estimate and peak memory."""
    from natrode.microstructure.conduct import conduct
    from natrode.microstructure.structure import Structure

    structure = Structure(np.load(folder / "image.npy"), {1: CERAMIC, 2: "sodium"}, EDGE)
    if structure.shape[0] > 64:
        conduct(structure.crop((0, 0, 0), (64, 64, 64)), CERAMIC)  # compiles, or reads the compiler's cache
    walls, processors = [], []
    for _ in range(repeats):
        begin, cpu = time.perf_counter(), time.process_time()
        found = conduct(structure, CERAMIC, tolerance=tolerance)
        walls.append(time.perf_counter() - begin)
        processors.append(time.process_time() - cpu)
    return {
        "wall": walls,
        "processor": processors,
        "conductivity": found.relative_conductivity,
        "estimate": found.error_estimate,
        "iterations": found.iterations,
        "unknowns": found.unknowns,
        "peak": peak(),
    }


def solve_with_peer(folder, most):
    """Solve with taufactor's default settings on the processor, or begin to."""
    taufactor = import_module("taufactor")
    image = (np.load(folder / "image.npy") == 1).astype(np.uint8)
    begin = time.perf_counter()
    solver = taufactor.Solver(image, device="cpu")
    ready = time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr):
        solver.solve(verbose=False, iter_limit=most)
    end = time.perf_counter()
    found = None if solver.D_eff is None else float(np.ravel(solver.D_eff)[0])
    counts = {"iterations": int(solver.iter), "converged": bool(solver.converged)}
    return {"setup": ready - begin, "wall": end - begin, "conductivity": found, "peak": peak(), **counts}


def in_process(*arguments):
    """Run a step of this file in a process of its own and return what it prints."""
    command = [sys.executable, "-m", "benchmarks.bench_conduct", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no message"}
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(folder, size, fraction, repeats, found):
    """Rows of one image: natrode, and the peer where there is one; what limits ask for goes to `found`."""
    in_process("image", "--folder", folder, "--size", size, "--fraction", fraction)
    exact = in_process("solve", "--folder", folder, "--tolerance", 1e-9, "--repeats", 1)
    ours = in_process("solve", "--folder", folder, "--tolerance", TOLERANCE, "--repeats", repeats)
    if "failed" in ours or "failed" in exact:
        yield f"{size}^3 {100 * fraction:.0f} %: failed: {ours.get('failed', exact.get('failed'))}"
        return
    wall, error = min(ours["wall"]), ours["conductivity"] / exact["conductivity"] - 1
    yield (
        f"{size:3d}^3 {100 * fraction:.0f} %  best {wall:6.2f} s, median {np.median(ours['wall']):6.2f} s, "
        f"processor {min(ours['processor']):6.2f} s, {wall / size**3 * 1e6:.3f} us/voxel, peak {ours['peak']:.2f} GB, "
        f"{ours['iterations']} iterations on {ours['unknowns']:,} unknowns, D {ours['conductivity']:.6f}, "
        f"error {error:+.1e}, estimated {ours['estimate']:.1e}"
    )
    found[size, fraction] = {"wall": wall, "error": abs(error), "peak": ours["peak"]}
    if find_spec("taufactor") is None or size != 256:
        return
    most = int(os.environ.get("CONDUCT_PEER_ITERATIONS", "10000"))
    peer = in_process("peer", "--folder", folder, "--repeats", most)
    if "failed" in peer:
        yield f"        taufactor: {peer['failed']}"
        return
    time_of, how = peer["wall"], f"{peer['iterations']} iterations"
    if not peer["converged"]:
        counts = dict(zip((0.25, 0.40), os.environ["CONDUCT_PEER_COUNTS"].split(","), strict=True))
        each, needed = (peer["wall"] - peer["setup"]) / peer["iterations"], int(counts[fraction])
        time_of = peer["setup"] + needed * each
        how = f"{needed} iterations of {each:.3f} s, {peer['iterations']} of them timed"
    off = "" if peer["conductivity"] is None else f", error {peer['conductivity'] / exact['conductivity'] - 1:+.1e}"
    found[size, fraction]["gain"] = time_of / wall
    yield (
        f"        taufactor {time_of:.1f} s ({how}), peak {peer['peak']:.2f} GB{off}: "
        f"natrode {time_of / wall:.0f} times faster"
    )


def limits(found):
    """Rows of the limits that the images measured allow to judge."""
    middle = [value for (size, _), value in found.items() if size == 256]
    if middle:
        for name, limit, unit in (("wall", 3.0, "s"), ("peak", 0.8, "GB"), ("error", 1e-3, "")):
            yield against(f"256^3, {name}", max(value[name] for value in middle), limit, unit)
    gains = [value["gain"] for value in middle if "gain" in value]
    if gains:
        yield against(
            "taufactor's time over natrode's, geometric mean", np.exp(np.mean(np.log(gains))), 100, "", least=True
        )
    costs = [value["wall"] / size**3 for (size, _), value in found.items()]
    if len({size for size, _ in found}) > 1:
        yield against("cost per voxel, largest over smallest", max(costs) / min(costs), 2, "")
    large = [value["peak"] for (size, _), value in found.items() if size == 512]
    if large:
        yield against("512^3, peak", max(large), 8, "GB")


def run():
    """Yield the rows of the benchmark."""
    yield f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, triad {in_process('triad')['rate']:.0f} GB/s"
    sizes = [int(size) for size in os.environ.get("CONDUCT_SIZES", "128,256").split(",")]
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for size in sizes:
            for fraction in (0.25, 0.40):
                yield from compare(Path(name), size, fraction, 5 if size < 512 else 1, found)
    yield from limits(found)
    yield f"load {os.getloadavg()[0]:.1f}"
    if find_spec("taufactor") is None:
        yield "taufactor is not installed: no peer in this run"


def step():
    """Do one step in this process and print what it found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=("image", "solve", "peer", "triad"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--size", type=int)
    parser.add_argument("--fraction", type=float)
    parser.add_argument("--tolerance", type=float)
    parser.add_argument("--repeats", type=int)
    given = parser.parse_args()
    if given.name == "image":
        np.save(given.folder / "image.npy", image_of(given.size, given.fraction).image)
        found = {}
    elif given.name == "solve":
        found = solve(given.folder, given.tolerance, given.repeats)
    elif given.name == "peer":
        found = solve_with_peer(given.folder, given.repeats)
    else:
        found = {"rate": triad()}
    print(json.dumps(found))


if __name__ == "__main__":
    step()
