"""Transients and impedances of resolved electrodes against the analytic modes of resistors and capacitors."""

import math

import numpy as np
import pytest

from natrode.errors import SpecificationError
from natrode.microstructure.impedance import electrode_impedance
from natrode.microstructure.react import Kinetics, react
from natrode.microstructure.structure import Structure
from natrode.microstructure.transient import step_response, time_to_steady
from tests.microstructure.shapes import CERAMIC, LABELS, METAL, field, structure
from tests.verification.test_microstructure_reaction import floating

SIGMA, CAPACITANCE = 0.4, 0.2
SERIES = 4e-3


def planar(layers=6, edge=1e-6):
    mask = np.zeros((10, 3, 4), bool)
    mask[:layers] = True
    return structure(mask, edge)


def insulated_rod(side=4, length=30, margin=2):
    """A square rod of ceramic in metal with a void at its end."""
    image = np.full((length + 4, side + 2 * margin, side + 2 * margin), 2, np.uint8)
    inside = slice(margin, margin + side)
    image[:length, inside, inside] = 1
    image[length:-1, inside, inside] = 3
    return Structure(image, LABELS, 1e-6)


@pytest.mark.parametrize(("accuracy", "current", "time"), [(1e-2, 1e-3, 0.01), (3e-3, 3e-4, 0.003)])
def test_a_planar_electrode_charges_as_a_resistor_and_a_capacitor(accuracy, current, time):
    resistance, series = 1e-3, SERIES + 6e-6 / SIGMA
    law = Kinetics(resistance, "linear", capacitance=CAPACITANCE)
    found = step_response(
        planar(), law, voltage=0.1, accuracy=accuracy, conductivities={CERAMIC: SIGMA}, series_resistance=SERIES
    )
    ratio = resistance / series
    constant = resistance * CAPACITANCE / (1 + ratio)
    exact = 0.1 / (series + resistance) * (1 + ratio * np.exp(-found.times / constant))
    assert found.current_densities == pytest.approx(exact, rel=current)
    assert found.steady_current_density == pytest.approx(0.1 / (series + resistance), rel=1e-6)
    assert found.time_to_steady == pytest.approx(constant * math.log(100 * ratio), rel=time)


def test_a_rod_charges_in_the_modes_of_a_line():
    side, length, resistance = 4e-6, 30e-6, 0.02
    sample = insulated_rod()
    found = step_response(
        sample,
        Kinetics(resistance, "linear", capacitance=CAPACITANCE),
        voltage=0.1,
        conductivities={CERAMIC: SIGMA},
        area="voxel faces",
    )
    k = (np.arange(4000) + 0.5) * np.pi / length
    rates = 1 / (resistance * CAPACITANCE) + SIGMA * k**2 * side / (4 * CAPACITANCE)
    m2 = 4 / (side * SIGMA * resistance)
    m = math.sqrt(m2)

    def current(times):
        modes = (k**2 / (k**2 + m2) * np.exp(-np.asarray(times)[:, None] * rates)).sum(axis=1)
        section = sample.size[1] * sample.size[2]
        return 0.1 * SIGMA * side**2 * (m * math.tanh(m * length) + 2 / length * modes) / section

    late = found.times > 0.01 * resistance * CAPACITANCE
    assert found.current_densities[late] == pytest.approx(current(found.times[late]), rel=0.01)
    times = np.geomspace(1e-5, 1.0, 2000)
    exact = time_to_steady(times, current(times), float(current([1e9])[0]), 0.01)
    assert found.time_to_steady == pytest.approx(exact, rel=0.03)


def test_the_steady_end_is_the_steady_reaction_also_across_floating_metal():
    law = Kinetics(1e-3, capacitance=CAPACITANCE)
    found = step_response(floating(), law, voltage=0.1, series_resistance=1e-3)
    steady = react(floating(), law, voltage=0.1, series_resistance=1e-3)
    assert found.steady_current_density == pytest.approx(steady.current_density, rel=1e-6)
    assert found.current_densities[-1] == pytest.approx(steady.current_density, rel=0.003)
    assert found.current_densities[0] > found.current_densities[-1]


@pytest.mark.parametrize("edge", [1e-6, (3e-6, 1e-6, 2e-6)])
def test_the_impedance_of_a_planar_electrode_is_exact_on_any_grid(edge):
    sample, resistance = planar(2, edge), 1e-3
    frequencies = np.array([0.0, 1.0, 100.0, 1e3, 1e4, 1e7])
    found = electrode_impedance(
        sample,
        Kinetics(resistance, capacitance=CAPACITANCE),
        frequencies,
        conductivities={CERAMIC: SIGMA},
        series_resistance=SERIES,
    )
    arc = resistance / (1 + 2j * np.pi * frequencies * resistance * CAPACITANCE)
    exact = SERIES + 2 * sample.voxel_size[0] / SIGMA + arc
    assert np.abs(found.impedance / exact - 1).max() < 1e-6


def test_the_impedance_of_a_rod_is_that_of_a_line():
    side, length, resistance = 4e-6, 30e-6, 0.02
    sample = insulated_rod()
    frequencies = np.array([0.0, 1.0, 10.0, 100.0])
    found = electrode_impedance(
        sample,
        Kinetics(resistance, capacitance=CAPACITANCE),
        frequencies,
        conductivities={CERAMIC: SIGMA},
        area="voxel faces",
    )
    admittance = 1 / resistance + 2j * np.pi * frequencies * CAPACITANCE
    decay = np.sqrt(4 * admittance / (side * SIGMA))
    exact = sample.size[1] * sample.size[2] / (SIGMA * side**2 * decay * np.tanh(decay * length))
    assert np.abs(found.impedance / exact - 1).max() < 1e-3


@pytest.mark.parametrize("sample", [field(0.35, (24, 20, 22)), floating()], ids=["field", "floating"])
def test_the_impedance_at_no_frequency_is_the_differential_resistance(sample):
    law = Kinetics(1e-3, capacitance=CAPACITANCE)
    at_rest = electrode_impedance(sample, law, [0.0]).impedance[0]
    linear = react(sample, Kinetics(1e-3, "linear"), voltage=0.1)
    assert at_rest == pytest.approx(linear.area_specific_resistance, rel=1e-6)
    biased = electrode_impedance(sample, law, [0.0], voltage=0.1).impedance[0]
    low, high = (react(sample, law, voltage=0.1 + step).current_density for step in (-1e-4, 1e-4))
    assert biased.real == pytest.approx(2e-4 / (high - low), rel=1e-4)


def test_impedance_and_transient_agree_on_a_resolved_electrode():
    """The current after a step is the inverse Laplace transform of V/(s Z): compare the charge above steady."""
    sample, law = field(0.35, (20, 16, 18)), Kinetics(1e-3, "linear", capacitance=CAPACITANCE)
    found = step_response(sample, law, voltage=0.1, accuracy=3e-3, settled=1e-3, series_resistance=1e-3)
    times, currents = np.append(0.0, found.times), found.current_densities - found.steady_current_density
    charge = np.sum(0.5 * np.diff(times) * (currents + np.append(currents[0], currents[:-1])))
    frequency = 1e-2
    z0, z = electrode_impedance(sample, law, [0.0, frequency], series_resistance=1e-3).impedance
    # for small s: Y = Y(0) + s q/V
    expected = 0.1 * (1 / z - 1 / z0).imag / (2 * np.pi * frequency)
    assert charge == pytest.approx(expected, rel=0.01)


def test_a_transient_without_capacitance_is_refused():
    with pytest.raises(SpecificationError, match="capacitance"):
        step_response(planar(), Kinetics(1e-3), voltage=0.1)
    with pytest.raises(SpecificationError, match="negative"):
        electrode_impedance(planar(), Kinetics(1e-3), [-1.0])
    blocked = Structure(np.full((4, 3, 3), 2, np.uint8), {1: CERAMIC, 2: METAL}, 1e-6)
    none = step_response(blocked, Kinetics(1e-3, capacitance=CAPACITANCE), voltage=0.1)
    assert none.steady_current_density == 0.0
    assert "there is no" in none.reason


def test_times_are_proportional_to_the_capacitance_of_the_double_layer():
    sample = field(0.4, (20, 16, 16))
    one, other = (
        step_response(sample, Kinetics(1e-3, capacitance=c), voltage=0.1, series_resistance=SERIES)
        for c in (CAPACITANCE, 2.5 * CAPACITANCE)
    )
    assert other.steps == one.steps
    assert other.times == pytest.approx(2.5 * one.times, rel=1e-6)
    assert other.current_densities == pytest.approx(one.current_densities, rel=1e-6)
    assert other.time_to_steady == pytest.approx(2.5 * one.time_to_steady, rel=1e-6)
