"""The composition law gives the interfaces of the data at their own ratios, and those between."""

import tomllib

import pytest

from natrode import materials
from natrode.cell import EXAMPLE, Cell
from natrode.errors import SimulationError, SpecificationError
from natrode.simulate import kernel, parameters
from natrode.simulate.composition import composed


def cell(interface="h-na-1-5/nzsp-hna", **electrode):
    data = tomllib.loads(EXAMPLE)
    for side in ("working", "counter"):
        data["electrode"][side] |= {"interface": interface, **electrode}
    return Cell.read(data, "test")


RATIOS = ["1:10", "1:8", "1:5", "1:4", "1:3", "1:2"]


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_law_at_1_5_gives_the_data_of_the_other_ratios(ratio):
    made = parameters.assemble(cell(mass_ratio=ratio))
    stored = parameters.assemble(cell(f"h-na-{ratio.replace(':', '-')}/nzsp-hna"))
    assert made.electrodes[0, kernel.AREA_RATIO] == pytest.approx(stored.electrodes[0, kernel.AREA_RATIO], rel=5e-4)
    fractions = [m.interfaces[0]["particle_volume_fraction"] for m in (made, stored)]
    assert fractions[0] == pytest.approx(fractions[1], rel=5e-3)
    assert made.electrodes[0, kernel.RESERVOIR] == pytest.approx(stored.electrodes[0, kernel.RESERVOIR], rel=1e-3)
    same = [kernel.CONTACT_RESISTANCE, kernel.VOID_CAPACITY, kernel.CONTACT_SHAPE, kernel.CRACK_OVERPOTENTIAL]
    assert made.electrodes[0, same] == pytest.approx(stored.electrodes[0, same])


def test_particles_that_conduct_no_ions_cover_the_pellet():
    zirconia = materials.load_interface("zro2-na/nzsp-hna")
    found = composed(zirconia, 1 / 3, "here")
    assert found["particle_volume_fraction"] == pytest.approx(0.0538, abs=2e-4)
    assert found["area_ratio"] == pytest.approx(1 - found["particle_volume_fraction"])
    assert found["area_ratio"] == pytest.approx(zirconia.parameters["area_ratio"].si, abs=5e-4)


def test_a_parameter_that_is_given_goes_before_the_law():
    model = parameters.assemble(cell(mass_ratio="1:6", parameters={"area_ratio": 1.3}))
    assert model.electrodes[0, kernel.AREA_RATIO] == 1.3
    assert model.interfaces[0]["particle_volume_fraction"] == pytest.approx(0.0453, abs=1e-4)


def test_what_the_law_does_not_reach_is_refused():
    with pytest.raises(SimulationError, match="without particles"):
        parameters.assemble(cell("pristine-na/nzsp-hna", mass_ratio="1:6"))
    with pytest.raises(SimulationError, match="known up to 25 %"):
        parameters.assemble(cell(mass_ratio="2:1"))


@pytest.mark.parametrize("text", ["6", "1:0", "0:1", "1:x", "1:2:3", "-1:6", "1:inf"])
def test_a_ratio_has_two_numbers(text):
    with pytest.raises(SpecificationError, match="particles to metal by mass"):
        cell(mass_ratio=text)


def test_a_ratio_survives_its_file(tmp_path):
    given = cell(mass_ratio="1:6")
    (tmp_path / "cell.toml").write_text(given.to_toml())
    assert Cell.load(tmp_path / "cell.toml") == given
