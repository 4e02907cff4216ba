"""Effective conductivity of Gaussian-random-field ceramic of 25 and 40 %: time, memory and error, and the peer's.

Each measurement is a process of its own, so that its peak memory is its own. The peer, taufactor with its default
settings on the processor, takes minutes per image; it runs where it is installed. `CONDUCT_SIZES=128,256,512` chooses
images, `CONDUCT_PEER_ITERATIONS=40` times that many of the peer's iterations and scales them to `CONDUCT_PEER_COUNTS`,
the iterations that it needs for 25 % and 40 %, found in a run of its own.

The second peer is openimpala. pip installs its compiled solver, which needs Open MPI 4 on the machine, and one in SciPy
that it takes without. On these images the compiled multigrid aborts (amrex: "more than 2 cuts not supported") and its
conjugate gradients do not end within a minute at 64^3; that in SciPy converges there. So it is timed on images of
`CONDUCT_SECOND_SIZE`, 64 unless told, for at most `CONDUCT_SECOND_SECONDS`, beside natrode on the same image.
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


def solve_with_second_peer(folder):
    """Solve with openimpala's default settings.

    Its solver in SciPy calls numpy's first axis x, and holds the potentials in the centres of the outer voxels: its D
    is too large by n / (n - 1).
    """
    openimpala = import_module("openimpala")
    image = (np.load(folder / "image.npy") == 1).astype(np.int32)
    with contextlib.redirect_stdout(sys.stderr), openimpala.Session():
        compiled = not openimpala.Session._pure_python
        begin = time.perf_counter()
        found = openimpala.tortuosity(image, phase=1, direction="z" if compiled else "x")
        wall = time.perf_counter() - begin
    return {
        "wall": wall,
        "conductivity": float(image.mean()) / found.tortuosity,
        "iterations": int(found.iterations),
        "solver": "compiled" if compiled else "SciPy",
        "peak": peak(),
    }


def in_process(*arguments, seconds=None):
    """Run a step of this file in a process of its own and return what it prints."""
    command = [sys.executable, "-m", "benchmarks.bench_conduct", *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return {"failed": f"not at an end after {seconds:g} s"}
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


def compare_second(folder, fraction):
    """Row of the second peer on a small image of its own."""
    size = int(os.environ.get("CONDUCT_SECOND_SIZE", "64"))
    in_process("image", "--folder", folder, "--size", size, "--fraction", fraction)
    ours = in_process("solve", "--folder", folder, "--tolerance", 1e-9, "--repeats", 3)
    peer = in_process("second", "--folder", folder, seconds=float(os.environ.get("CONDUCT_SECOND_SECONDS", "300")))
    name = f"{size:3d}^3 {100 * fraction:.0f} %  openimpala"
    if "failed" in ours or "failed" in peer:
        return f"{name}: {ours.get('failed', peer.get('failed'))}"
    wall = min(ours["wall"])
    return (
        f"{name} ({peer['solver']}) {peer['wall']:.1f} s, {peer['iterations']} iterations, "
        f"peak {peer['peak']:.2f} GB, D {peer['conductivity']:.5f}; natrode to 1e-9 {wall:.2f} s, D "
        f"{ours['conductivity']:.5f} ({peer['conductivity'] / ours['conductivity'] - 1:+.1e}): "
        f"{peer['wall'] / wall:.0f} times faster"
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
        for fraction in (0.25, 0.40) if find_spec("openimpala") is not None else ():
            yield compare_second(Path(name), fraction)
    yield from limits(found)
    yield f"load {os.getloadavg()[0]:.1f}"
    if find_spec("taufactor") is None:
        yield "taufactor is not installed: no peer in this run"
    if find_spec("openimpala") is None:
        yield "openimpala is not installed: no second peer in this run"


def step():
    """Do one step in this process and print what it found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=("image", "solve", "peer", "second", "triad"))
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
    elif given.name == "second":
        found = solve_with_second_peer(given.folder)
    else:
        found = {"rate": triad()}
    print(json.dumps(found))


if __name__ == "__main__":
    step()
