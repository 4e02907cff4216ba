import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrode.constants import VACUUM_PERMITTIVITY
from natrode.physics import constriction

from .helpers import NM, OHM_CM2, UM, near, prints

SIGMA = 0.41
SPACING = 10 * UM
LENGTH = 2 * SPACING
PERMITTIVITY = 20.0
DIRECT = np.zeros(1)
NO_SPOT = np.zeros(1, dtype=np.complex128)


@cache
def resolved(contact_fraction, cells, length=LENGTH):
    column = constriction.flux_tube_impedance(
        DIRECT, contact_fraction, SPACING, length, SIGMA, PERMITTIVITY, 10 * NM, NO_SPOT, cells
    )
    return column[0].real - length / SIGMA


def extrapolated(contact_fraction):
    coarse, fine = resolved(contact_fraction, 16), resolved(contact_fraction, 32)
    return fine + (fine - coarse) / 3


@pytest.mark.parametrize("contact_fraction", [0.01, 0.25, 0.64])
def test_the_scheme_is_second_order(contact_fraction):
    values = [resolved(contact_fraction, cells) for cells in (12, 24, 48)]
    order = np.log2(np.diff(values)[0] / np.diff(values)[1])
    assert order == near(2.0, abs=0.1)


def test_full_contact_is_the_bare_column():
    assert constriction.flux_tube_impedance(DIRECT, 1.0, SPACING, LENGTH, SIGMA, PERMITTIVITY, 10 * NM, NO_SPOT, 8)[
        0
    ] == near(LENGTH / SIGMA, rel=1e-9)


@pytest.mark.parametrize("relative_radius", [0.02, 0.05, 0.1])
def test_a_small_spot_is_holms(relative_radius):
    areal = extrapolated(relative_radius**2)
    one_spot = areal / (math.pi * SPACING**2)
    holm = constriction.holm_resistance(relative_radius * SPACING, 1 / SIGMA)
    # half space left over by the tube: the known first term of psi, linear in r/b
    assert one_spot / holm == near(1 - 1.40978 * relative_radius, rel=0.01)


def test_an_isolated_spot_is_holms_within_one_percent():
    radii = np.array([0.02, 0.01])
    ratios = np.array(
        [
            extrapolated(x**2) / (math.pi * SPACING**2) / constriction.holm_resistance(x * SPACING, 1 / SIGMA)
            for x in radii
        ]
    )
    isolated = 2 * ratios[1] - ratios[0]
    assert isolated == near(1.0, abs=0.01)
    assert ratios[1] > 0.98


@pytest.mark.parametrize("contact_fraction", [0.0025, 0.01, 0.04, 0.09, 0.25, 0.36, 0.49, 0.64])
def test_polynomial_agrees_with_the_resolved_column(contact_fraction):
    formula = constriction.constriction_resistance(contact_fraction, SPACING, 1 / SIGMA)
    assert formula == near(extrapolated(contact_fraction), rel=2e-3)


@pytest.mark.parametrize(("contact_fraction", "percent"), [(0.25, "4"), (0.49, "17"), (0.81, "73")])
def test_error_of_the_older_formula(contact_fraction, percent):
    radius = math.sqrt(contact_fraction)
    exact = extrapolated(contact_fraction) / (math.pi / 4 * SPACING / SIGMA / radius)
    assert prints(100 * (constriction.cooper_mikic_yovanovich_factor(radius) / exact - 1), percent)


def test_constriction_does_not_depend_on_the_length_of_the_column():
    assert resolved(0.09, 32, 1.5 * SPACING) == near(resolved(0.09, 32, 3 * SPACING), rel=2e-3)


def test_factor_limits():
    assert constriction.flux_tube_factor(0.0) == 1.0
    assert constriction.flux_tube_factor(1.0) == near(5e-4, abs=1e-4)
    assert constriction.cooper_mikic_yovanovich_factor(1.0) == 0.0


def test_printed_sizes():
    rho = 2.44
    assert prints(math.pi / 4 * rho * 10 * UM / OHM_CM2, "0.19")
    assert constriction.constriction_resistance(0.01, 150 * UM, rho) / OHM_CM2 == near(25, rel=0.02)
    assert prints(4.1 / 0.61, "6.7")


@given(st.floats(0.001, 0.9))
def test_constriction_falls_with_contact_and_scales_with_spacing(fraction):
    less = constriction.constriction_resistance(fraction, SPACING, 2.44)
    more = constriction.constriction_resistance(min(1.05 * fraction, 0.95), SPACING, 2.44)
    assert more < less
    assert constriction.constriction_resistance(fraction, 3 * SPACING, 2.44) == near(3 * less, rel=1e-12)


def test_cluster_of_spots():
    one = constriction.holm_resistance(UM, 2.44)
    cluster = constriction.greenwood_cluster_resistance(100, UM, 1.0, 2.44)
    assert cluster == near(one / 100 + 1.22, rel=1e-12)
    spread = constriction.greenwood_cluster_resistance(10**9, UM, 200 * UM, 2.44)
    assert spread == near(constriction.holm_resistance(100 * UM, 2.44), rel=1e-4)


def test_gap_capacitance_and_time_constants():
    capacitance = constriction.gap_capacitance(0.0, 10 * NM)
    assert prints(capacitance / 1e-2, "0.089")  # uF/cm2
    assert prints(capacitance * 10 * OHM_CM2 * 1e6, "0.9")
    assert prints(constriction.gap_capacitance(0.0, UM) * 10 * OHM_CM2 * 1e9, "9")
    assert constriction.gap_capacitance(1.0, UM) == 0.0
    assert constriction.gap_capacitance(0.5, UM, 4.0) == near(2 * VACUUM_PERMITTIVITY / UM, rel=1e-12)


# --- alternating current -----------------------------------------------------------------------------------


def spectrum(frequencies, contact_fraction, gap, spot=0.0, sigma=SIGMA, cells=24):
    spots = np.full(len(frequencies), spot, dtype=np.complex128)
    return constriction.flux_tube_impedance(
        frequencies, contact_fraction, SPACING, LENGTH, sigma, PERMITTIVITY, gap, spots, cells
    )


def column(frequencies):
    return LENGTH / (SIGMA + 1j * frequencies * PERMITTIVITY * VACUUM_PERMITTIVITY)


def test_full_contact_at_any_frequency_is_column_and_spot():
    frequencies = np.logspace(2, 11, 10)
    exact = column(frequencies) + 3e-3
    assert np.abs(spectrum(frequencies, 1.0, 10 * NM, 3e-3) / exact - 1).max() < 1e-9


def test_the_gap_bridges_the_constriction_at_high_frequency():
    frequencies = np.array([1e-3, 1e12])
    z = spectrum(frequencies, 0.04, 0.01 * NM)
    assert z[0] == near(LENGTH / SIGMA + resolved(0.04, 24), rel=1e-6)
    assert abs(z[1] / column(frequencies[1:])[0] - 1) < 1e-3


def test_constriction_arc_lies_at_the_lumped_time_constant():
    """Eckhardt: the arc is dynamic; its top lies near 1/(R_con C_gap) when the gap is the bottleneck."""
    fraction, gap = 0.04, 10 * NM
    lumped = 1 / (
        constriction.constriction_resistance(fraction, SPACING, 1 / SIGMA) * constriction.gap_capacitance(fraction, gap)
    )
    frequencies = lumped * np.logspace(-1, 1, 31)
    arc = spectrum(frequencies, fraction, gap) - column(frequencies)
    top = frequencies[np.argmax(-arc.imag)]
    assert 0.7 < top / lumped < 1.5
    ideal = 1 / (1 / resolved(fraction, 24) + 1j * frequencies * constriction.gap_capacitance(fraction, gap))
    assert arc.imag.max() < 0
    assert np.abs(arc - ideal).max() < 0.2 * resolved(fraction, 24)


def test_a_resistive_spot_sees_the_gap_without_constriction():
    """With R_spot/a far above R_con the potential is uniform: R_spot/a parallel to C_gap, in series the column."""
    fraction, gap, spot = 0.25, 10 * NM, 1.0
    capacitance = constriction.gap_capacitance(fraction, gap)
    frequencies = np.logspace(-1, 1, 9) / (spot / fraction * capacitance)
    exact = 1 / (fraction / spot + 1j * frequencies * capacitance) + column(frequencies)
    assert np.abs(spectrum(frequencies, fraction, gap, spot) / exact - 1).max() < 1e-4


def test_impedance_obeys_scaling():
    """Twice the conductivity at twice the frequency and half the spot resistance halves the impedance."""
    frequencies = np.logspace(5, 9, 5)
    first = spectrum(frequencies, 0.1, 10 * NM, 1e-4)
    second = spectrum(2 * frequencies, 0.1, 10 * NM, 0.5e-4, 2 * SIGMA)
    assert np.abs(second / (0.5 * first) - 1).max() < 1e-9
