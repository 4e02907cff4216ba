import math

import numpy as np
import pytest

pybamm = pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")

from natrode.physics import fracture, interphase, kinetics, protrusion, replenishment, voids  # noqa: E402
from natrode.simulate.fullcell.symbolic import traced  # noqa: E402


@pytest.mark.parametrize("shape", [1.0, 0.5, 0.0, -1.0])
@pytest.mark.parametrize("void", [0.0, 1e-7, 9e-7, 3e-6])
def test_contact_law_on_symbols_is_the_contact_law(shape, void):
    law = traced(voids.contact_loss_factor)
    symbolic = law(pybamm.StateVector(slice(0, 1)), pybamm.Scalar(1e-6), pybamm.Scalar(shape))
    value = float(symbolic.evaluate(y=np.array([[void]]))[0, 0])
    assert value == pytest.approx(voids.contact_loss_factor(void, 1e-6, shape), rel=1e-12)


def test_undecided_shape_takes_both_branches():
    law = traced(voids.contact_loss_factor)
    symbolic = law(pybamm.StateVector(slice(0, 1)), pybamm.Scalar(1e-6), pybamm.InputParameter("mu"))
    for shape in (1.0, 0.3, -0.7):
        value = float(symbolic.evaluate(y=np.array([[4e-7]]), inputs={"mu": shape})[0, 0])
        assert value == pytest.approx(voids.contact_loss_factor(4e-7, 1e-6, shape), rel=1e-12)


@pytest.mark.parametrize("density", [-3.0, 0.0, 5.0])
@pytest.mark.parametrize(
    ("law", "others"),
    [
        (voids.void_growth_rate, (0.4, 0.7, 2.5e-10)),
        (protrusion.protrusion_growth_rate, (1.2, 4e4)),
        (fracture.damage_rate, (0.1, 4.0, 3600.0)),
        (kinetics.butler_volmer_overpotential, (4.0, 298.15)),
    ],
)
def test_laws_with_branches(law, others, density):
    value = traced(law)(pybamm.StateVector(slice(0, 1)), *others).evaluate(y=np.array([[density]]))
    assert float(np.squeeze(value)) == pytest.approx(law(density, *others), rel=1e-13, abs=1e-300)


def test_laws_of_time_and_temperature():
    y = pybamm.StateVector(slice(0, 1))
    at = {"y": np.array([[400.0]])}
    got = traced(interphase.saturating_resistance)(y, 1e-3, 3600.0).evaluate(**at)
    assert float(got[0, 0]) == pytest.approx(float(interphase.saturating_resistance(400.0, 1e-3, 3600.0)), rel=1e-12)
    got = traced(replenishment.replenishment_current_density)(0.5, y, 298.15, 0.14, 1e6, 2.8e-6).evaluate(**at)
    assert float(got[0, 0]) == pytest.approx(
        replenishment.replenishment_current_density(0.5, 400.0, 298.15, 0.14, 1e6, 2.8e-6), rel=1e-12
    )


def test_numbers_stay_numbers():
    assert traced(math_law)(2.0) == 4.0


def math_law(x: float) -> float:
    return math.sqrt(x * 8.0) if x > 1.0 else 0.0
