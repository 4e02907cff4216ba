"""Effective conductivity of Gaussian-random-field ceramic: time, memory, error, and the peer in the same run.

`python -m benchmarks.bench_conduct` runs 128^3 and 256^3 (`--large` also 512^3; `--peer` also taufactor, minutes per
image, where it is installed). Each measurement is a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np

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


def measure(folder, size, fraction):
    """Prepare the image and the exact answer, in files."""
    structure = image_of(size, fraction)
    np.save(folder / "image.npy", structure.image)


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


def solve_with_peer(folder):
    """Solve with taufactor's default settings on the processor."""
    taufactor = import_module("taufactor")
    image = (np.load(folder / "image.npy") == 1).astype(np.uint8)
    begin = time.perf_counter()
    solver = taufactor.Solver(image, device="cpu")
    solver.solve(verbose=False)
    wall = time.perf_counter() - begin
    return {"wall": [wall], "conductivity": float(np.ravel(solver.D_eff)[0]), "peak": peak()}


def in_process(*arguments):
    """Run a step of this file in a process of its own and return what it prints."""
    command = [sys.executable, "-m", "benchmarks.bench_conduct", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no message"}
    return json.loads(done.stdout.strip().splitlines()[-1])


def row(folder, size, fraction, repeats, with_peer):
    in_process("--step", "image", "--folder", folder, "--size", size, "--fraction", fraction)
    exact = in_process("--step", "solve", "--folder", folder, "--tolerance", 1e-9, "--repeats", 1)
    ours = in_process("--step", "solve", "--folder", folder, "--tolerance", TOLERANCE, "--repeats", repeats)
    error = ours["conductivity"] / exact["conductivity"] - 1
    print(
        f"{size:4d}^3 {100 * fraction:3.0f} %  wall {min(ours['wall']):7.2f} s (median {np.median(ours['wall']):.2f})  "
        f"processor {min(ours['processor']):7.2f} s  {min(ours['wall']) / size**3 * 1e6:.3f} us/voxel  "
        f"peak {ours['peak']:.2f} GB  iterations {ours['iterations']}  unknowns {ours['unknowns']:,}  "
        f"error {error:+.1e} (estimate {ours['estimate']:.1e})  D {ours['conductivity']:.6f}",
        flush=True,
    )
    if with_peer:
        peer = in_process("--step", "peer", "--folder", folder)
        if "failed" in peer:
            print(f"          taufactor: {peer['failed']}")
        else:
            ratio, off = peer["wall"][0] / min(ours["wall"]), peer["conductivity"] / exact["conductivity"] - 1
            print(
                f"          taufactor {peer['wall'][0]:.1f} s, error {off:+.1e}, peak {peer['peak']:.2f} GB: {ratio:.0f} x"
            )
    return ours


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--step")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--size", type=int)
    parser.add_argument("--fraction", type=float)
    parser.add_argument("--tolerance", type=float)
    given = parser.parse_args()
    if given.step == "image":
        measure(given.folder, given.size, given.fraction)
        print("{}")
    elif given.step == "solve":
        print(json.dumps(solve(given.folder, given.tolerance, given.repeats)))
    elif given.step == "peer":
        print(json.dumps(solve_with_peer(given.folder)))
    else:
        import tempfile

        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, triad {triad():.0f} GB/s")
        with tempfile.TemporaryDirectory() as name:
            for size in (128, 256, 512) if given.large else (128, 256):
                for fraction in (0.25, 0.40):
                    row(Path(name), size, fraction, given.repeats if size < 512 else 1, given.peer)
        print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
