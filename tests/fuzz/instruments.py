"""Mutated instrument files give a record or an InstrumentFileError, within 2 s and 1 GB each.

    python -m tests.fuzz.instruments --count 10000 --seed 1 [--made] [--keep FOLDER]

Every file is read in a worker process whose address space may grow by 1 GB and that is killed after its time; files
on which something else happens are counted, and kept in FOLDER. Exits 1 when there is one.
"""

import argparse
import contextlib
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from natrode.errors import InstrumentFileError
from natrode.instruments import registry
from natrode.measurement import Measurement
from tests.fuzz.fixtures import made, real
from tests.fuzz.mutations import mutate

SECONDS = 2.0
MEMORY = 1 << 30
"""[bytes]"""
GRACE = 8.0
"""A worker that has computed for this long without an answer is killed; other processes may have held it up [s]."""
DEAD = 120.0
"""A worker that does not answer for this long is killed, whatever it does [s]."""


@dataclass(frozen=True)
class Outcome:
    """What one file gave."""

    verdict: str
    """record, error, or what went wrong."""
    detail: str = ""
    seconds: float = 0.0
    peak: int = 0
    """Largest resident size of the worker so far [bytes]."""


def outcome(path: Path) -> Outcome:
    """Read a file and say what it gave."""
    start, cpu = time.perf_counter(), time.process_time()
    verdict, detail = "record", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            records = registry.read(path)
        if not records or not all(isinstance(r, Measurement) and len(r.table) for r in records):
            verdict, detail = "nothing", "no record and no error"
    except InstrumentFileError as error:
        verdict, detail = "error", str(error)
        if path.name not in detail and ".zip" not in path.name:
            verdict = "error without the file's name"
    except BaseException as error:
        verdict, detail = f"raised {type(error).__name__}", "".join(traceback.format_exception(error)[-6:])
    used = min(time.perf_counter() - start, max(time.process_time() - cpu, 0.0) + 0.5)
    if used > SECONDS:
        verdict, detail = "slow", f"{used:.1f} s, {verdict}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Outcome(verdict, detail, used, peak)


def _computed(pid: int | None) -> float:
    """Processor time of a process so far [s]; the clock where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _worker(pipe: Connection, warm: list[tuple[str, bytes]]) -> None:
    """Read files one after the other, in a memory of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # compiled libraries write their panics there
    with tempfile.TemporaryDirectory(prefix="natrode-fuzz-") as folder:
        for name, data in warm:  # imports and pools of threads are not the file's memory
            (Path(folder) / name).write_bytes(data)
            outcome(Path(folder) / name)
            (Path(folder) / name).unlink()
        if Path("/proc/self/statm").exists():
            limit = _address_space() + MEMORY
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        pipe.send("ready")
        while True:
            task = pipe.recv()
            if task is None:
                return
            name, data = task
            path = Path(folder) / name
            path.write_bytes(data)
            result = outcome(path)
            path.unlink()
            pipe.send(result)


class Worker:
    """A process that reads files; a new one takes over when it dies or hangs."""

    def __init__(self, warm: list[tuple[str, bytes]]) -> None:
        self._warm = warm
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_worker, args=(theirs, self._warm), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(120) or self._pipe.recv() != "ready":
            raise RuntimeError("the worker does not start")

    def send(self, name: str, data: bytes) -> None:
        """Hand over a file."""
        self._sent, self._before = time.monotonic(), _computed(self._process.pid)
        self._pipe.send((name, data))

    def result(self) -> Outcome | None:
        """What came back; None while it reads."""
        try:
            if self._pipe.poll(0.001):
                found = self._pipe.recv()
                assert isinstance(found, Outcome)
                return found
        except (EOFError, OSError):
            self._process.join(5)
            died = self._process.exitcode
            self._start()
            return Outcome("died", f"the worker ended with {died}")
        waited = time.monotonic() - self._sent
        if waited > DEAD or (waited > GRACE and _computed(self._process.pid) - self._before > GRACE):
            self._process.kill()
            self._process.join()
            self._start()
            return Outcome("slow", f"no answer within {waited:.0f} s", waited)
        return None

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._pipe.send(None)
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()


def cases(files: dict[str, bytes], count: int, seed: int) -> list[tuple[int, str]]:
    """Numbers of the cases and the files they start from; small files come more often."""
    rng = random.Random(seed)
    names = sorted(files)
    weights = [1.0 / (1.0 + len(files[name]) / 3e5) for name in names]
    return list(enumerate(rng.choices(names, weights, k=count)))


def mutated(files: dict[str, bytes], case: tuple[int, str], seed: int) -> bytes:
    """The mutated file of a case."""
    number, name = case
    return mutate(random.Random(f"{seed}-{number}"), files[name])


def run(count: int, seed: int, workers: int, keep: Path | None, only_made: bool) -> int:
    """Read all cases; returns how many went wrong."""
    files = made() if only_made else {**made(), **real()}
    warm = [
        (n, files[n]) for n in ("cell.nda", "spectrum.csv", "record.parquet", "neware.csv", "peis.mpr", "cell.ndax")
    ]
    print(f"{count} mutations of {len(files)} files, seed {seed}, {workers} workers", flush=True)
    todo = cases(files, count, seed)
    crew = [Worker(warm) for _ in range(workers)]
    busy: dict[int, tuple[int, str]] = {}
    tally: Counter[str] = Counter()
    slowest, peak, wrong, done = (0.0, ""), 0, 0, 0
    start = time.monotonic()
    while todo or busy:
        for i, worker in enumerate(crew):
            if i not in busy and todo:
                busy[i] = todo.pop()
                worker.send(busy[i][1], mutated(files, busy[i], seed))
            if i not in busy or (found := worker.result()) is None:
                continue
            case = busy.pop(i)
            done += 1
            tally[found.verdict] += 1
            slowest, peak = max(slowest, (found.seconds, case[1])), max(peak, found.peak)
            if found.verdict not in ("record", "error"):
                wrong += 1
                print(f"case {case[0]} of {case[1]}: {found.verdict}: {found.detail}", flush=True)
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{case[0]}-{case[1]}").write_bytes(mutated(files, case, seed))
            if done % 1000 == 0:
                print(f"{done} read in {time.monotonic() - start:.0f} s: {dict(tally)}", flush=True)
    for worker in crew:
        worker.close()
    print(f"{dict(tally)}; slowest {slowest[0]:.2f} s ({slowest[1]}); a worker's memory at most {peak / 2**20:.0f} MiB")
    return wrong


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--keep", type=Path, help="folder for the files on which something went wrong")
    parser.add_argument("--made", action="store_true", help="only the files that are made here, not the samples")
    given = parser.parse_args()
    wrong = run(given.count, given.seed, given.workers, given.keep, given.made)
    print(f"{wrong} of {given.count} gave neither a record nor an InstrumentFileError within {SECONDS:g} s and 1 GB")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
