import pytest
from scipy.constants import physical_constants

from natrode import constants


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (constants.ELEMENTARY_CHARGE, "elementary charge"),
        (constants.AVOGADRO, "Avogadro constant"),
        (constants.BOLTZMANN, "Boltzmann constant"),
        (constants.FARADAY, "Faraday constant"),
        (constants.GAS_CONSTANT, "molar gas constant"),
        (constants.BOLTZMANN_EV, "Boltzmann constant in eV/K"),
        (constants.VACUUM_PERMITTIVITY, "vacuum electric permittivity"),
    ],
)
def test_constants_are_those_of_codata(found: float, name: str) -> None:
    """Written out, because reading the whole table of CODATA takes longer than the rest of the start."""
    assert found == pytest.approx(physical_constants[name][0], rel=1e-9, abs=0)
