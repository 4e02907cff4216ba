"""Processes for the experiments: they start while the papers are still being read."""

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@contextmanager
def processes(workers: int | None = None) -> Iterator[Executor | None]:
    """Processes of one thread each that load what an experiment needs, to be ended with the block.

    Args:
        workers: how many; as many as the machine has cores when not given.

    Returns:
        What runs functions on them; None for a single one, which is this process itself.
    """
    count = workers or os.cpu_count() or 1
    if count < 2:
        yield None
        return
    former = set(active_children())
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"))
    with _one_thread_each():
        for _ in range(count):
            pool.submit(_load)
    own = set(active_children()) - former
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in own:  # nobody waits for them: they take seconds to close
            process.terminate()


def _load() -> None:
    import natrode.reproduce.trials  # noqa: F401


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start now use one thread each: as many as there are cores fight if each takes them all."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
