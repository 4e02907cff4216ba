"""What PyBaMM finds by name in a fresh installation: a wheel is built and installed into an empty folder."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")
pytest.importorskip("hatchling", reason="hatchling, which builds the wheel, is not installed")

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
LOOK_UP = """
import json, pybamm, natrode
models, values = {models}, {values}
print(json.dumps({{
    "home": natrode.__file__,
    "models": [pybamm.Model(name).name for name in models],
    "values": [pybamm.ParameterValues(pybamm.parameter_sets[name])["Ambient temperature [K]"] for name in values],
    "listed": [name for name in pybamm.parameter_sets if name.startswith("natrode")],
}}))
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Environment in which natrode is what the wheel installs, and nothing else."""
    folder = tmp_path_factory.mktemp("fresh")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    built = subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, ROOT],
        capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    wheel = next(folder.glob("natrode-*.whl"))
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", folder / "site", wheel],
        check=True, capture_output=True,
    )  # fmt: skip
    return {**os.environ, "PYTHONPATH": str(folder / "site")}


def test_models_and_parameter_sets_are_found_by_name(installed, tmp_path):
    models, values = PROJECT["pybamm_models"], PROJECT["pybamm_parameter_sets"]
    script = LOOK_UP.format(models=list(models), values=list(values))
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=installed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["home"].startswith(installed["PYTHONPATH"])
    assert all(name.startswith("natrode") for name in found["models"])
    assert all(290 < kelvin < 340 for kelvin in found["values"])
    assert set(found["listed"]) == set(values)


def test_the_example_runs_in_a_fresh_installation(installed, tmp_path):
    """natrode's anode in a PyBaMM experiment: the pristine one loses contact and polarises, the hybrid does not."""
    script = ("import json, runpy; found = runpy.run_path({!r})['main'](); print(json.dumps(found))").format(
        str(ROOT / "examples" / "pybamm_experiment.py")
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=installed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    hybrid, pristine = found["h-na-1-5/nzsp-hna"], found["pristine-na/nzsp-hna"]
    assert 0.25 < hybrid["discharge capacity"] < 0.351  # 3 mg/cm2 at 117 mAh/g
    assert pristine["anode"] > 10 * hybrid["anode"] > 0
