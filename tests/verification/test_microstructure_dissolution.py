"""Stripping and plating in a liquid that follows: planar front in closed form, conservation, metal that is cut off."""

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
    front = np.floor(found.charge / LAYER + 1e-6)
    assert found.mean_depth == pytest.approx(np.maximum(front - 0.5, 0.0) * EDGE, abs=1e-12)
    thermal = thermal_voltage(298.15)
    drop = 10.0 * 1e-3 if law == "linear" else 2 * thermal * np.arcsinh(10.0 * 1e-3 / (2 * thermal))
    assert found.voltages == pytest.approx(10.0 * (2 + front) * EDGE / SIGMA[LIQUID] + drop, rel=1e-6)
    assert np.count_nonzero(found.structure.image == 2) == (12 - 6) * 9
    assert found.ending == "charge"
    assert abs(found.volume_error) < 1e-6


def particles(depth=20, width=9, height=8):
    rng = np.random.default_rng(2)
    image = np.where(rng.random((depth, width, height)) < 0.2, 1, 2).astype(np.uint8)
    image[:2] = 3
    return made(image)


def test_the_charge_is_the_metal_that_went_also_among_particles():
    sample = particles()
    found = dissolved(sample, 5.0)
    assert abs(found.volume_error) < 1e-6
    gone = sample.mask(METAL).sum() - found.structure.mask(METAL).sum()
    assert 4.0 * 72 < gone <= 5.0 * 72  # the rest of the charge lies in voxels that are partly empty
    assert found.owed < 0.3 * 72
    assert np.array_equal(sample.mask(CERAMIC), found.structure.mask(CERAMIC))


def test_the_front_keeps_up_with_the_charge_however_much_may_pass_between_two_solutions():
    sample = particles()
    fine, coarse = dissolved(sample, 5.0, step=0.1), dissolved(sample, 5.0, step=5.0)
    at = np.linspace(0.0, 5.0, 6) * LAYER
    depths = [np.interp(at, found.charge, found.mean_depth) for found in (fine, coarse)]
    assert depths[1] == pytest.approx(depths[0], abs=0.6 * EDGE)
    assert coarse.owed < 0.3 * 72
    different = np.count_nonzero(fine.structure.image != coarse.structure.image)
    assert different < 0.15 * np.count_nonzero(fine.structure.image != sample.image)


@pytest.mark.parametrize("law", ["linear", "butler-volmer"])
def test_a_plane_that_is_plated_again_retraces_its_stripping(law):
    image = np.full((14, 3, 3), 2, np.uint8)
    image[:2] = 3
    sample = Structure(image, {2: METAL, 3: LIQUID}, EDGE)
    found = dissolved(sample, 6.0, Kinetics(1e-3, law), step=0.5, replate=True)
    half = found.charge.size // 2
    assert found.ending_of_plating == "charge"
    assert found.charge[-1] == pytest.approx(0.0, abs=1e-6 * LAYER)
    # a partly empty voxel conducts as metal, a partly full one as liquid: the same front, so the same voltage
    front = np.ceil(found.charge[half:] / LAYER - 1e-6)
    drop = found.voltages[0] - 10.0 * 2 * EDGE / SIGMA[LIQUID]
    assert found.voltages[half:] == pytest.approx(-10.0 * (2 + front) * EDGE / SIGMA[LIQUID] - drop, rel=1e-5)
    assert np.array_equal(found.structure.image == 2, sample.image == 2)
    assert found.regained == pytest.approx(1.0, abs=1e-6)
    assert np.count_nonzero(found.stripped.image == 2) == (12 - 6) * 9
    assert found.dead_after_plating == 0.0


def test_plated_metal_is_the_charge_and_lies_in_what_was_liquid():
    sample = particles()
    found = dissolved(sample, 6.0, replate=True)
    assert found.ending_of_plating == "charge"
    assert abs(found.volume_error) < 1e-6
    assert found.owed < 0.3 * 72
    came = (found.structure.image == 2) & (found.stripped.image != 2)
    assert came.any()
    assert np.all(found.stripped.image[came] == 3)
    assert np.array_equal(sample.mask(CERAMIC), found.structure.mask(CERAMIC))
    outside = came & (sample.image != 2)
    back, gone = came.sum(), (sample.mask(METAL) & ~found.stripped.mask(METAL)).sum()
    assert 0.85 < found.regained < 1.0
    assert 1.0 - found.regained == pytest.approx(outside.sum() / gone, abs=0.08)
    assert back == pytest.approx(gone, rel=0.1)
    assert found.mean_depth[-1] < 1.0 * EDGE < 4.0 * EDGE < found.mean_depth.max()


def test_nothing_is_plated_on_metal_that_is_off_the_collector():
    image = np.full((16, 6, 6), 2, np.uint8)
    image[:2] = 3
    image[6, :, :] = image[:7, 0, :] = 1
    image[6, 3, 3] = 2
    found = dissolved(made(image), 13.0, step=0.5, replate=True)
    assert (found.ending, found.ending_of_plating) == ("cut off", "cut off")
    assert found.dead_after_plating == found.dead > 0.2
    assert np.array_equal(found.structure.image, found.stripped.image)


def test_metal_without_liquid_before_it_has_no_room():
    image = np.full((12, 4, 4), 2, np.uint8)
    image[:1] = 3
    image[1] = image[1:8, 1, 1] = 1  # a wall and a rod: no liquid follows, what the rod empties stays a void
    found = dissolved(made(image), 2.0, step=0.1, replate=True)
    assert found.ending == "charge"
    assert np.count_nonzero(found.stripped.image == 4) > 5
    assert found.ending_of_plating == "no room"
    assert found.regained < 0.8


def test_the_window_changes_nothing_that_matters(monkeypatch):
    sample = particles(26, 6, 5)
    # the unbiased area of a conductor is kept in total, so it depends a little on which layers there are
    moved = dissolved(sample, 15.0, replate=True, area="voxel faces")
    monkeypatch.setattr("natrode.microstructure.dissolve._margin", lambda structure: 1000)
    whole = dissolved(sample, 15.0, replate=True, area="voxel faces")
    at = np.linspace(0.0, 15.0, 11) * LAYER
    voltages, depths = [], []
    for found in (moved, whole):
        half = int(np.argmax(found.charge)) + 1
        voltages.append(np.interp(at, found.charge[:half], found.voltages[:half]))
        depths += [np.interp(at, found.charge[:half], found.mean_depth[:half])]
        depths += [np.interp(at, found.charge[half:][::-1], found.mean_depth[half:][::-1])]
    # later a voxel that goes first makes another sequence of voxels
    assert voltages[0][:9] == pytest.approx(voltages[1][:9], rel=0.01)
    assert depths[0] == pytest.approx(depths[2], abs=1.2 * EDGE)
    assert depths[1] == pytest.approx(depths[3], abs=1.2 * EDGE)
    assert found.regained == pytest.approx(moved.regained, abs=0.01)


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
