import numba

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
