"""Physical constants (CODATA 2022, SI) and the few numbers of sodium that unit conversions need."""

ELEMENTARY_CHARGE = 1.602176634e-19
"""[C], exact."""
AVOGADRO = 6.02214076e23
"""[1/mol], exact."""
BOLTZMANN = 1.380649e-23
"""[J/K], exact."""
FARADAY = ELEMENTARY_CHARGE * AVOGADRO
"""Charge of one mole of electrons [C/mol]."""
GAS_CONSTANT = BOLTZMANN * AVOGADRO
"""[J/mol/K]."""
BOLTZMANN_EV = BOLTZMANN / ELEMENTARY_CHARGE
"""[eV/K]."""
VACUUM_PERMITTIVITY = 8.8541878188e-12
"""[F/m]."""
ROOM_TEMPERATURE: float = 298.15
"""[K]; the reference temperature of every parameter that states none."""
