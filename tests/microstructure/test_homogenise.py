import tomllib

import numpy as np
import pytest

from natrode.errors import SpecificationError
from natrode.materials import load_interface
from natrode.microstructure.generate import hard_spheres
from natrode.microstructure.homogenise import homogenise, interface_file, on_pellet
from natrode.microstructure.sample import Sample
from natrode.microstructure.structure import Structure

RESISTANCE = 4e-4
EDGE = 1e-7


def sodium(*shape):
    return Structure(np.full(shape, 2, np.uint8), {1: "nzsp-hna", 2: "sodium"}, EDGE)


def test_plain_metal_on_a_pellet_has_the_area_ratio_one():
    image = np.full((6, 8, 8), 2, np.uint8)
    image[:2] = 1
    found = homogenise(Structure(image, {1: "nzsp-hna", 2: "sodium"}, EDGE), RESISTANCE)
    # the pellet is part of the structure here, so that its own resistance counts
    assert found.electrode_resistance == pytest.approx(RESISTANCE + 2 * EDGE / 0.41, rel=2e-3)
    assert found.transmission_line_resistance is None
    assert not found.percolates


def test_a_structure_without_pellet_gets_one_whose_resistance_is_taken_off():
    sample = Sample((24, 32, 32), (EDGE,) * 3, 3, particle="nzsp-hna")
    spheres = hard_spheres(sample, 0.1, diameter=6e-7)
    stacked, thickness = on_pellet(spheres, "nzsp-hna")
    assert thickness == pytest.approx(2 * EDGE)
    assert stacked.shape == (26, 32, 32)
    found = homogenise(spheres, RESISTANCE)
    assert 1.0 < found.area_ratio < 1.6
    assert found.area_ratio <= found.geometric_area_ratio + 1e-3
    assert found.isolated_spheres_area_ratio == pytest.approx(1.2, abs=1e-3)
    assert found.electrode_resistance == pytest.approx(RESISTANCE / found.area_ratio)


def test_the_interface_file_is_one_that_cells_take(tmp_path):
    sample = Sample((24, 32, 32), (EDGE,) * 3, 3, particle="nzsp-hna")
    found = homogenise(hard_spheres(sample, 0.1, diameter=6e-7), RESISTANCE)
    path = tmp_path / "interface.toml"
    path.write_text(interface_file(found, "h-na-1-5/nzsp-hna"))
    loaded = load_interface(path)
    assert loaded.parameters["area_ratio"].si == pytest.approx(found.area_ratio, rel=1e-4)
    assert loaded.parameters["area_ratio"].evidence == "calculated"
    assert found.source[:12] in tomllib.loads(path.read_text())["parameters"]["area_ratio"]["source"]


def test_no_interface_without_current():
    image = np.full((6, 8, 8), 1, np.uint8)
    image[:3] = 2
    found = homogenise(Structure(image, {1: "nzsp-hna", 2: "sodium"}, EDGE), RESISTANCE)
    with pytest.raises(SpecificationError, match="no interface can be written"):
        interface_file(found, "h-na-1-5/nzsp-hna")
