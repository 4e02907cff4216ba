import numpy as np
import pytest

from natrode.analysis import growth_series, pressure_series, thickness_series
from natrode.errors import RecordError
from natrode.physics.interphase import interphase_thickness, saturating_resistance

HOUR = 3600.0


def noisy(values, relative=0.01, seed=0):
    return values * (1.0 + relative * np.random.default_rng(seed).standard_normal(len(values)))


def test_a_pressure_exponent_up_and_down():
    up = np.geomspace(1e5, 1e8, 7)
    p = np.concatenate([up, up[:-1][::-1]])
    r = 1e-2 * (p / 1e6) ** -0.5
    r[7:] = r[6] * (p[7:] / p[6]) ** -0.3
    answer = pressure_series(p, noisy(r))
    assert answer.exponent.value == pytest.approx(0.5, abs=0.02)
    assert answer.exponent_unloading.value == pytest.approx(0.3, abs=0.02)
    below = np.mean(np.log(p[7:] / p[6]))
    assert answer.hysteresis.value == pytest.approx(np.exp(0.2 * below), rel=0.02)
    assert "do not demand" in answer.constant.reason


def test_a_constant_part_is_found_where_there_is_one():
    p = np.geomspace(1e5, 1e8, 12)
    r = 5e-3 + 3e-2 * (p / 1e5) ** -1.0
    answer = pressure_series(p, noisy(r, 0.005), 0.005 * r)
    assert answer.exponent.value == pytest.approx(1.0, abs=0.05)
    assert answer.constant.value == pytest.approx(5e-3, rel=0.03)
    assert "not unloaded" in answer.exponent_unloading.reason


def test_pressures_that_tell_nothing():
    assert "three are needed" in pressure_series([0.0, 1e6, 2e6], [1.0, 0.5, 0.4]).exponent.reason
    assert "decades" in pressure_series([1e6, 1.2e6, 1.4e6, 1.5e6], [1.0, 0.9, 0.8, 0.77]).exponent.reason


def test_thickness_tells_conductivity_and_interfaces():
    x = np.array([0.5e-3, 0.8e-3, 1.2e-3, 1.6e-3])
    answer = thickness_series(x, x / 0.41 + 2 * 12e-4)
    assert answer.conductivity.value == pytest.approx(0.41, rel=1e-9)
    assert answer.interfaces.value == pytest.approx(24e-4, rel=1e-9)
    assert (answer.interfaces.n_interfaces, answer.interfaces.scope) == (2, "cell")


def test_thickness_intervals_cover():
    x = np.array([0.5e-3, 0.8e-3, 1.2e-3, 1.6e-3])
    hits = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        true = x + 2e-5 * random.standard_normal(4)
        y = true / 0.41 + 24e-4 + 1e-4 * random.standard_normal(4)
        answer = thickness_series(x, y, np.full(4, 1e-4), thickness_uncertainty=2e-5)
        hits += abs(answer.conductivity.value - 0.41) < answer.conductivity.uncertainty
    assert 0.6 <= hits / 200 <= 0.88


def test_thickness_limits():
    x = np.array([0.5e-3, 0.8e-3, 1.2e-3, 1.6e-3])
    near = thickness_series(x, x / 0.41 + 1e-6, np.full(4, 1e-4))
    assert near.interfaces.quality == "upper limit"
    flat = thickness_series(x, np.full(4, 1e-2), np.full(4, 1e-3))
    assert flat.conductivity.quality == "not computed"


T = np.linspace(0.0, 240.0 * HOUR, 30)


@pytest.mark.parametrize(
    ("law", "truth", "constant", "value"),
    [
        ("linear", lambda t: 5e-4 + 1e-8 * t, "growth rate", 1e-8),
        ("parabolic", lambda t: 5e-4 + 1e-5 * np.sqrt(t), "parabolic constant", 1e-5),
        (
            "Wagner with saturation",
            lambda t: 5e-4 + 17e-3 * interphase_thickness(t, 1.0 / (60 * HOUR), 1.0),
            "time of saturation",
            60 * HOUR,
        ),
        (
            "exponential of the root of time",
            lambda t: 5e-4 + saturating_resistance(t, 17e-3, 20 * HOUR),
            "time of saturation",
            20 * HOUR,
        ),
    ],
)
def test_growth_laws_are_told_apart(law, truth, constant, value):
    r = truth(T)
    found = 0
    for seed in range(5):
        answer = growth_series(T, noisy(r, 0.002, seed), 0.002 * r)
        found += answer.best == law
        mine = next(x for x in answer.laws if x.name == law)
        number = next(c for c in mine.constants if c.quantity.startswith(constant))
        assert number.value == pytest.approx(value, abs=4 * number.uncertainty)
    assert found >= 4


def test_early_growth_is_not_decided():
    t = np.linspace(0.0, 5.0 * HOUR, 12)
    r = 5e-4 + 17e-3 * interphase_thickness(t, 1.0 / (600 * HOUR), 1.0)
    answer = growth_series(t, noisy(r, 0.01), 0.01 * r)
    assert answer.best != "linear"
    ends = [c for law in answer.laws for c in law.constants if c.quantity.startswith("time of saturation")]
    assert all(c.quality == "not computed" or c.uncertainty > 0.3 * c.value for c in ends)


def test_no_growth():
    answer = growth_series(T, noisy(np.full(30, 1e-3)))
    assert answer.growth.quality == "not computed"
    assert not answer.laws
    assert "five are needed" in growth_series(T[:3], T[:3]).statement
    with pytest.raises(RecordError, match="negative"):
        growth_series(T - 1.0, T)


def test_an_exponent_that_its_uncertainty_covers_says_so():
    p = np.geomspace(1e5, 1e8, 7)
    exponent = pressure_series(p, noisy(np.full(7, 1e-2), 0.05, seed=1)).exponent
    assert "not distinguishable from zero" in exponent.reason


def test_a_change_in_the_last_digit_is_no_growth():
    t = np.linspace(0.0, 10.0, 12) * HOUR
    answer = growth_series(t, 1e-2 * (1.0 + 1e-14 * np.arange(12)))
    assert answer.growth.quality == "not computed"
    assert "no growth" in answer.statement


def test_an_initial_resistance_near_zero_is_a_limit():
    t = np.linspace(0.0, 10.0, 12) * HOUR
    r = 1e-7 * t + 3e-5 * np.random.default_rng(2).standard_normal(12)
    start = next(c for c in growth_series(t, r).laws[0].constants if c.quantity.startswith("initial"))
    assert start.quality == "upper limit"
