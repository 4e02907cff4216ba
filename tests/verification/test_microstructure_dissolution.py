"""Stripping in a liquid that follows: the planar front in closed form, conservation, and metal that is cut off."""

import numpy as np
import pytest

from natrode.constants import FARADAY
from natrode.errors import SpecificationError
from natrode.microstructure.dissolve import dissolve, standing
from natrode.microstructure.react import Kinetics, thermal_voltage
from natrode.microstructure.strip import SODIUM_MOLAR_VOLUME
from natrode.microstructure.structure import Structure
from tests.microstructure.shapes import CERAMIC, METAL

LIQUID = "liquid-napf6"
SIGMA = {CERAMIC: 0.4, LIQUID: 0.3}
EDGE = 1e-6
LAYER = EDGE * FARADAY / SODIUM_MOLAR_VOLUME
"""Charge of a layer of voxels of metal [C/m2]."""


def made(image):
    return Structure(image, {1: CERAMIC, 2: METAL, 3: LIQUID}, EDGE)


def dissolved(sample, layers, law=None, current=10.0, **options):
    law = law or Kinetics(1e-3, "linear")
    known = {name: value for name, value in SIGMA.items() if name in sample.materials}
    step = options.pop("step", 1.0)
    given = {"liquid": LIQUID, "charge_per_step": step * LAYER, "conductivities": known, **options}
    return dissolve(sample, law, current, layers * LAYER, **given)


@pytest.mark.parametrize("law", ["linear", "butler-volmer"])
def test_a_planar_front_moves_into_the_metal_and_liquid_follows(law):
    image = np.full((14, 3, 3), 2, np.uint8)
    image[:2] = 3
    found = dissolved(Structure(image, {2: METAL, 3: LIQUID}, EDGE), 6.0, Kinetics(1e-3, law), step=0.5)
    front = np.floor(found.charge / LAYER + 1e-9)
    assert found.mean_depth == pytest.approx(np.maximum(front - 0.5, 0.0) * EDGE, abs=1e-12)
    thermal = thermal_voltage(298.15)
    drop = 10.0 * 1e-3 if law == "linear" else 2 * thermal * np.arcsinh(10.0 * 1e-3 / (2 * thermal))
    assert found.voltages == pytest.approx(10.0 * (2 + front) * EDGE / SIGMA[LIQUID] + drop, rel=1e-6)
    assert np.count_nonzero(found.structure.image == 2) == (12 - 6) * 9
    assert found.ending == "charge"
    assert abs(found.volume_error) < 1e-6


def test_the_charge_is_the_metal_that_went_also_among_particles():
    rng = np.random.default_rng(2)
    image = np.where(rng.random((20, 9, 8)) < 0.2, 1, 2).astype(np.uint8)
    image[:2] = 3
    sample = made(image)
    found = dissolved(sample, 5.0)
    assert abs(found.volume_error) < 1e-6
    gone = sample.mask(METAL).sum() - found.structure.mask(METAL).sum()
    assert 3.0 * 72 < gone <= 5.0 * 72  # the rest of the charge lies in voxels that are partly empty
    assert np.array_equal(sample.mask(CERAMIC), found.structure.mask(CERAMIC))
    again = dissolved(sample, 5.0, step=0.5)
    assert again.voltages[-1] == pytest.approx(found.voltages[-1], rel=0.05)


def test_metal_behind_a_wall_is_cut_off_and_a_metal_at_an_end_says_so():
    image = np.full((16, 6, 6), 2, np.uint8)
    image[:2] = 3
    image[6, :, :] = image[:7, 0, :] = 1  # a cup of ceramic whose metal hangs on the rest by a hole
    image[6, 3, 3] = 2
    found = dissolved(made(image), 13.0, step=0.5)
    assert found.ending in ("cut off", "voltage")
    assert found.structure.image[6, 3, 3] != 2
    inside = found.structure.image[2:6, 1:] == 2
    assert inside.any()
    assert found.dead == pytest.approx(inside.sum() / (image == 2).sum(), rel=1e-12)


def test_no_current_flows_when_no_metal_on_the_collector_is_reached():
    image = np.full((9, 4, 4), 2, np.uint8)
    image[:2] = image[4:7] = 3
    image[6] = 1
    image[5:7] = 4  # a void between what is reached and the metal on the collector
    sample = Structure(image, {2: METAL, 3: LIQUID, 4: "void"}, EDGE)
    found = dissolved(sample, 1.0)
    assert found.ending == "cut off"
    assert found.charge.size == 0


def test_particles_stand_while_they_hang_on_what_is_left():
    before = np.full((10, 6, 6), 2, np.uint8)
    before[0] = 3
    before[2, 2, 2] = 1  # alone
    before[1:9, 4, 4] = 1  # a rod
    after = before.copy()
    after[1:5][after[1:5] == 2] = 3
    assert standing(made(before), made(after), CERAMIC, METAL) == pytest.approx(4 / 5)
    assert standing(made(before), made(before), CERAMIC, METAL) is None


@pytest.mark.parametrize("name", ["charge_per_step", "voltage_limit", "molar_volume"])
def test_values_out_of_range_are_refused(name):
    image = np.full((6, 3, 3), 2, np.uint8)
    image[:2] = 3
    options = {"charge_per_step": LAYER, "liquid": LIQUID, name: -1.0}
    with pytest.raises(SpecificationError, match=name.replace("_", " ")):
        dissolve(Structure(image, {2: METAL, 3: LIQUID}, EDGE), Kinetics(1e-3), 1.0, LAYER, **options)
