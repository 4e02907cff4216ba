import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from natrode.physics import percolation, thermodynamics

from .helpers import UM, near, prints


@given(st.sampled_from(sorted(percolation.THRESHOLDS)), st.floats(0, 1))
def test_conductivity_lies_between_nothing_and_the_dense_ceramic(morphology, fraction):
    for threshold in percolation.THRESHOLDS[morphology]:
        value = percolation.effective_conductivity(fraction, 0.41, threshold)
        assert 0 <= value <= 0.41
        assert (value > 0) == (fraction > threshold) or fraction - threshold < 1e-150


def test_conductivity_limits():
    assert percolation.effective_conductivity(1.0, 0.41, 0.16) == near(0.41, rel=1e-14)
    assert percolation.effective_conductivity(0.16, 0.41, 0.16) == 0.0
    half_way = percolation.effective_conductivity(0.58, 0.41, 0.16, exponent=1.0, neck_factor=0.1)
    assert half_way == near(0.41 * 0.1 * 0.5, rel=1e-12)


def test_no_random_mixture_percolates_at_one_to_five():
    fraction = thermodynamics.volume_fraction(0.2, 3406.0, 968.0)
    for morphology, (lowest, _) in percolation.THRESHOLDS.items():
        assert (fraction > lowest) == (morphology == "segregated shells")


def test_segregated_threshold_is_a_coverage_of_about_a_half():
    threshold = percolation.segregated_threshold(1 * UM, 20 * UM)
    coverage = threshold * 20 / (2 * 1)
    assert 0.45 <= coverage <= 0.5
    assert percolation.segregated_threshold(1 * UM, 15 * UM) > 0.0538 > threshold


def test_area_ratio_of_isolated_spheres():
    fraction = thermodynamics.volume_fraction(0.2, 3406.0, 968.0)
    assert prints(percolation.isolated_sphere_area_ratio(fraction), "1.108")
    assert percolation.isolated_sphere_area_ratio(0.0) == 1.0


def test_area_ratio_of_isolated_spheres_by_sampling():
    """Spheres whose centres lie anywhere within a radius of the pellet's plane, on either side."""
    generator = np.random.default_rng(1)
    fraction, radius = 0.0538, 0.5
    number_density = fraction / (4 / 3 * np.pi * radius**3)
    height = generator.uniform(-radius, radius, 400_000)
    discs = np.pi * (radius**2 - height**2)
    caps = 2 * np.pi * radius * (radius + height)
    per_area = number_density * 2 * radius
    ratio = 1 + per_area * np.mean(caps - discs)
    assert per_area * np.mean(discs) == near(fraction, rel=3e-3)
    assert ratio == near(percolation.isolated_sphere_area_ratio(fraction), rel=1e-3)
