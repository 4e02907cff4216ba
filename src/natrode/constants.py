"""Physical constants (CODATA, SI) and the few numbers of sodium that unit conversions need."""

from scipy.constants import physical_constants as _codata

FARADAY: float = _codata["Faraday constant"][0]
"""Charge of one mole of electrons [C/mol]."""
GAS_CONSTANT: float = _codata["molar gas constant"][0]
"""[J/mol/K]."""
BOLTZMANN_EV: float = _codata["Boltzmann constant in eV/K"][0]
"""[eV/K]."""
VACUUM_PERMITTIVITY: float = _codata["vacuum electric permittivity"][0]
"""[F/m]."""
ROOM_TEMPERATURE: float = 298.15
"""[K]; the reference temperature of every parameter that states none."""
