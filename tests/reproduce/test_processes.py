import os
import time
from multiprocessing import active_children

import pytest

from natrode.reproduce.processes import processes


def test_one_worker_is_this_process() -> None:
    with processes(1) as pool:
        assert pool is None


def test_processes_have_one_thread_each_and_end_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    former = set(active_children())
    with processes(2) as pool:
        assert pool is not None
        own = set(active_children()) - former
        assert len(own) == 2
        asked = [pool.submit(os.getenv, name) for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")]
        assert [one.result() for one in asked] == ["1", "1"]
        assert os.environ["OMP_NUM_THREADS"] == "7"
        assert "NUMBA_NUM_THREADS" not in os.environ
    limit = time.monotonic() + 20
    while any(one.is_alive() for one in own):
        assert time.monotonic() < limit
        time.sleep(0.05)
