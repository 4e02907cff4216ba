import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from natrode.physics import creep

from .helpers import MPA, near, prints

PREFACTOR = 0.53 / MPA**5


@given(st.floats(1e-9, 1e-2), st.floats(1, 8))
def test_flow_stress_inverts_norton(rate, exponent):
    prefactor = 0.5 / MPA**exponent
    stress = creep.flow_stress(rate, prefactor, exponent)
    assert creep.norton_strain_rate(stress, prefactor, exponent) == near(rate, rel=1e-9)


def test_prefactor_estimated_from_the_flow_stress_alone():
    assert prints(1e-3 / 0.235**5, "1.4")
    assert creep.norton_strain_rate(0.235 * MPA, 1e-3 / (0.235 * MPA) ** 5, 5.0) == near(1e-3, rel=1e-12)


def test_prefactor_with_temperature():
    assert creep.creep_prefactor(PREFACTOR, 44e3, 300.0, 300.0) == PREFACTOR
    assert prints(44e3 / 96485.33, "0.456")
    warm = creep.creep_prefactor(1.0, 44e3, 333.15, 298.15)
    assert math.log(warm) == near(44e3 / 8.314462618 * (1 / 298.15 - 1 / 333.15), rel=1e-9)


@pytest.mark.parametrize(("pressure", "printed"), [(0.5, "6.0e-5"), (1.0, "1.9e-3"), (9.0, "114")])
def test_void_closing(pressure, printed):
    assert prints(-creep.void_closing_rate(pressure * MPA, PREFACTOR, 5.0), printed)


@pytest.mark.parametrize("exponent", [1.0, 3.0, 5.0])
def test_void_closing_balances_the_pressure(exponent):
    """Incompressible flow u = -C/r^2 round a void of radius 1: the stress integral must give P."""
    pressure, prefactor = 2.0, 0.7

    def pressure_of(strength):
        equivalent_stress = lambda r: (2 * strength / (prefactor * r**3)) ** (1 / exponent)  # noqa: E731
        return quad(lambda r: 2 * equivalent_stress(r) / r, 1, np.inf, epsabs=1e-13)[0]

    strength = brentq(lambda c: pressure_of(c) - pressure, 1e-6, 1e4, xtol=1e-14, rtol=1e-13)
    assert creep.void_closing_rate(pressure, prefactor, exponent) == near(-3 * strength, rel=1e-7)


@pytest.mark.parametrize(("fraction", "printed"), [(0.0538, "0.75"), (0.1244, "0.52"), (0.2213, "0.33")])
def test_composite_creep(fraction, printed):
    assert prints(creep.composite_creep_ratio(fraction, 5.0), printed)


@given(st.floats(0, 0.3))
def test_composite_creep_limits(fraction):
    relative = (1 + 1.5 * fraction) / (1 - fraction)
    assert creep.composite_creep_ratio(fraction, 1.0) == near(1 / relative, rel=1e-12)
    exponent = 2e3
    assert creep.composite_creep_ratio(fraction, exponent) ** (-1 / exponent) == near(
        math.sqrt(1 + 1.5 * fraction), rel=1e-3
    )
    assert creep.composite_creep_ratio(0.0, 5.0) == 1.0


def test_measured_hardness_exceeds_the_continuum():
    continuum = creep.composite_creep_ratio(0.2213, 5.0) ** (-1 / 5)
    hardness = creep.composite_hardness_ratio(0.2213, 4.5)
    assert prints(continuum, "1.25")
    assert prints(hardness, "2.0")
    assert prints(creep.hardened_creep_ratio(0.2213, 4.5, 5.0), "0.03")
    assert creep.hardened_creep_ratio(0.0, 4.5, 5.0) == 1.0
    assert creep.composite_hardness_ratio(0.0, 4.5) == 1.0
