"""The programs in examples/ run as they stand, and their physics holds."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from natrode.materials import load_interface

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str) -> Any:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]()


def test_every_example_is_tested() -> None:
    tested = {"critical_current", "designing_an_interface", "impedance_while_stripping"}
    tested.add("pybamm_experiment")  # in tests/simulate/fullcell/test_installed.py, on an installed wheel
    assert {path.stem for path in EXAMPLES.glob("*.py")} == tested


def test_critical_current(capsys: pytest.CaptureFixture[str]) -> None:
    found = run("critical_current")
    for survived, failed in found.values():
        assert failed == pytest.approx(survived + 0.1)
    pristine, hybrid = "pristine-na/nzsp-hna", "h-na-1-5/nzsp-hna"
    assert found[hybrid, 1][0] > 4 * found[pristine, 1][0]
    for interface in (pristine, hybrid):  # the same anode, another protocol: another number
        assert found[interface, 5][0] < 0.6 * found[interface, 1][0]
    assert len(capsys.readouterr().out.splitlines()) == len(found)


def test_designing_an_interface() -> None:
    found = run("designing_an_interface")
    fresh = {name: resistance for name, (resistance, _) in found.items()}
    time = {name: hours for name, (_, hours) in found.items()}
    # R = R_c/(A_r a0): wetting alone sets the fresh resistance, depth alone does not touch it
    values = load_interface("pristine-na/nzsp-hna").parameters
    contact = 1e4 * values["contact_resistance"].si
    assert fresh["pristine"] == pytest.approx(contact / values["contact_fraction"].si, rel=0.05)
    assert fresh["wetted"] == pytest.approx(contact, rel=0.05)
    assert fresh["deeper, equal contacts"] == pytest.approx(fresh["pristine"], rel=1e-3)
    assert fresh["both"] == pytest.approx(fresh["wetted"], rel=1e-3)
    # 0.2 V at 0.2 mA/cm2 is one resistance, so each change buys time
    assert all(time[name] > 1.3 * time["pristine"] for name in time if name != "pristine")


def test_impedance_while_stripping() -> None:
    found = run("impedance_while_stripping")
    resistance = found["resistance"]
    assert np.all(np.diff(resistance) > 0)
    assert resistance[-1] > 5 * resistance[0]
    # the spectra explain the voltage: dV = i dR
    np.testing.assert_allclose(found["voltage rise"][1:], found["i dR"][1:], rtol=0.03, atol=2e-5)
    # uniform contacts lose their area faster and faster
    assert np.all(np.diff(resistance, 2) > 0)
