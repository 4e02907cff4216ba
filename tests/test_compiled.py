import numba
import numpy as np
import pytest
from numba.core import event

from natrode import compiled
from natrode.simulate import integrator  # noqa: F401


def test_a_kernel_rests_on_the_laws_it_calls_and_on_nothing_above_it():
    found = compiled.imported_modules("natrode.simulate.integrator")
    assert {"natrode.simulate.kernel", "natrode.physics.voids", "natrode.constants"} <= found
    assert not {name for name in found if name.startswith(("natrode.analysis", "natrode.microstructure"))}


def test_a_changed_law_changes_the_folder_of_the_kernels_that_call_it(monkeypatch, tmp_path):
    package = tmp_path / "natrode"
    package.mkdir()
    (package / "law.py").write_text("x = 1\n")
    (package / "other.py").write_text("y = 1\n")
    (package / "kernel.py").write_text("from natrode.law import (\n    x,\n)\n")
    monkeypatch.setattr(compiled, "_PACKAGE", package)
    folder = compiled._folder.__wrapped__
    before = folder("natrode.kernel")
    (package / "other.py").write_text("y = 2\n")
    assert folder("natrode.kernel") == before
    (package / "law.py").write_text("x = 2\n")
    assert folder("natrode.kernel") != before


def test_kernels_are_kept_in_the_folder_of_their_module():
    function = compiled.compiled(lambda x: x)
    assert compiled._folder(__name__) == numba.config.CACHE_DIR
    assert function(2.0) == 2.0


def _step(count, amount):
    return count + amount


def test_a_constant_argument_makes_no_version_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "_folder", lambda module: str(tmp_path))
    step = compiled.compiled(_step)

    @compiled.compiled
    def walk(steps):
        count = 0
        for _ in range(steps):
            count = step(count, 2)
        return step(count, 3)

    with event.install_recorder("numba:compile") as recorded:
        assert walk(5) == 13
    made = [made.data["dispatcher"].py_func for _, made in recorded.buffer if made.is_start]
    assert made.count(_step) == 1
    assert step(5, 2) == 7  # from Python, too


def test_pieces_of_rows_cover_all_rows_once(monkeypatch):
    for threads, rows in ((1, 5), (2, 1), (2, 0), (2, 7), (3, 1000)):
        monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads)
        count = np.zeros(rows, int)

        def work(begin, end, count=count):
            count[begin:end] += 1

        compiled.on_all_cores(rows, work)
        assert (count == 1).all()


def test_a_failure_in_one_piece_is_not_lost(monkeypatch):
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 2)
    with pytest.raises(ZeroDivisionError):
        compiled.on_all_cores(100, lambda begin, end: 1 // (begin < 90))
