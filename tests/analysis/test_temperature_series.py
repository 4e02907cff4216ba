import numpy as np
import pytest

from natrode.analysis import arrhenius, read_temperature_error
from natrode.constants import BOLTZMANN_EV
from natrode.errors import RecordError, UnitError

ENERGY = 0.30


def conductivity(t, energy=ENERGY, at_room=0.1):
    return at_room * np.exp(-energy / BOLTZMANN_EV * (1.0 / t - 1.0 / 298.15))


TEMPERATURES = np.array([253.15, 266.15, 280.15, 293.15, 306.15, 320.15, 333.15])


@pytest.mark.parametrize("what", ["conductivity", "resistance"])
def test_exact_data_give_both_forms(what):
    values = conductivity(TEMPERATURES) if what == "conductivity" else 1.0 / conductivity(TEMPERATURES)
    fit = arrhenius(TEMPERATURES, values, what=what)
    assert fit.activation_energy.value == pytest.approx(ENERGY, abs=1e-9)
    # sigma T is larger by k <T> to first order
    assert fit.activation_energy_product.value - ENERGY == pytest.approx(BOLTZMANN_EV * 293.0, rel=0.02)
    assert fit.at_room_temperature.value == pytest.approx(0.1 if what == "conductivity" else 10.0, rel=1e-9)
    assert not fit.break_test.significant
    assert "measured on heating only" in fit.cooling.reason


def test_the_interval_covers_as_often_as_it_says():
    inside = 0
    for seed in range(300):
        noise = np.exp(0.02 * np.random.default_rng(seed).standard_normal(7))
        fit = arrhenius(TEMPERATURES[:5], (conductivity(TEMPERATURES) * noise)[:5])
        low, high = fit.activation_energy.interval
        inside += low <= ENERGY <= high
    assert 0.91 <= inside / 300 <= 0.98


def test_an_error_of_the_temperatures_widens_the_interval():
    error = read_temperature_error("2 K over the range")
    fit = arrhenius(TEMPERATURES, conductivity(TEMPERATURES), temperature_error=error)
    # a scale stretched by d over the range R changes 1/T differences by d/R
    assert fit.with_temperature_error.uncertainty == pytest.approx(ENERGY * 2.0 / 80.0 / np.sqrt(3.0), rel=0.05)
    assert fit.activation_energy.uncertainty < 1e-9
    offset = arrhenius(TEMPERATURES, conductivity(TEMPERATURES), temperature_error=read_temperature_error("1 K offset"))
    assert offset.with_temperature_error.uncertainty == pytest.approx(2 * ENERGY / 293.0 / np.sqrt(3.0), rel=0.05)
    with pytest.raises(UnitError, match="over the range"):
        read_temperature_error("2 K")


def test_an_outlier_is_named_and_stays():
    noise = np.exp(0.01 * np.random.default_rng(4).standard_normal(7))
    values = conductivity(TEMPERATURES) * noise
    values[2] *= 1.5
    fit = arrhenius(TEMPERATURES, values)
    assert fit.outliers == (2,)
    assert fit.activation_energy.quality == "doubtful"
    kept = arrhenius(np.delete(TEMPERATURES, 2), np.delete(values, 2))
    for answer, other in (
        (fit.activation_energy, kept.activation_energy),
        (fit.activation_energy_product, kept.activation_energy_product),  # larger by about kT
    ):
        assert f"{other.value:.4g} eV without" in answer.reason


def test_false_outliers_and_breaks_are_rare():
    t = np.linspace(250.0, 350.0, 9)
    outliers, breaks = 0, 0
    for seed in range(60):
        noise = np.exp(0.02 * np.random.default_rng(100 + seed).standard_normal(9))
        fit = arrhenius(t, conductivity(t) * noise)
        outliers += bool(fit.outliers)
        breaks += bool(fit.break_test.significant)
    assert outliers <= 8
    assert breaks <= 8


def test_a_break_is_found_and_the_power_is_said():
    t = np.linspace(373.15, 523.15, 11)
    high = conductivity(t, 0.20) * conductivity(443.15, 0.35) / conductivity(443.15, 0.20)
    values = np.where(t < 443.15, conductivity(t, 0.35), high)
    found = 0
    for seed in range(10):
        noise = np.exp(0.01 * np.random.default_rng(seed).standard_normal(11))
        test = arrhenius(t, values * noise).break_test
        found += bool(test.significant)
        if test.significant:
            assert test.temperature == pytest.approx(443.15, abs=20.0)
            assert test.energies == pytest.approx((0.35, 0.20), abs=0.05)
    assert found >= 9
    straight = arrhenius(t, conductivity(t) * np.exp(0.01 * np.random.default_rng(0).standard_normal(11)))
    assert 0.005 < straight.break_test.detectable_change < 0.15


def test_the_power_that_is_stated_is_the_power():
    """A break of the stated size in the middle is found in about 80 % of the series."""
    t = np.linspace(373.15, 523.15, 11)
    x = 1.0 / (BOLTZMANN_EV * t)
    middle = np.sort(x)[5]
    change = np.mean(
        [
            arrhenius(
                t, conductivity(t) * np.exp(0.01 * np.random.default_rng(s).standard_normal(11))
            ).break_test.detectable_change
            for s in range(20)
        ]
    )
    found = 0
    for seed in range(40):
        noise = 0.01 * np.random.default_rng(1000 + seed).standard_normal(11)
        values = np.exp(np.log(conductivity(t)) - change * np.maximum(x - middle, 0.0) + noise)
        found += bool(arrhenius(t, values).break_test.significant)
    assert 0.6 <= found / 40 <= 0.97


def test_heating_and_cooling_apart():
    t = np.concatenate([TEMPERATURES, TEMPERATURES[:-1][::-1]])
    values = conductivity(t)
    values[7:] = conductivity(t[7:], 0.25) * 1.1
    fit = arrhenius(t, values)
    assert fit.heating.value == pytest.approx(0.30, abs=1e-6)
    assert fit.cooling.value == pytest.approx(0.25, abs=0.02)
    assert fit.hysteresis.value > 0


def test_gaps_and_mistakes():
    values = conductivity(TEMPERATURES)
    values[3] = np.nan
    fit = arrhenius(TEMPERATURES, values)
    assert fit.activation_energy.value == pytest.approx(ENERGY)
    assert fit.activation_energy.settings["gaps"] == 1
    assert arrhenius(TEMPERATURES[:2], values[:2]).activation_energy.quality == "not computed"
    with pytest.raises(RecordError, match="one length"):
        arrhenius(TEMPERATURES, values[:3])
    with pytest.raises(RecordError, match="positive"):
        arrhenius(TEMPERATURES, -values)


def test_an_energy_that_its_uncertainty_covers_says_so():
    noise = np.exp(0.05 * np.random.default_rng(3).standard_normal(7))
    assert "not distinguishable from zero" in arrhenius(TEMPERATURES, 0.1 * noise).activation_energy.reason
