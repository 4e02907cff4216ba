"""What the tests of the laws share: how a printed number is compared, sodium, and the laboratory's units in SI."""

from decimal import Decimal
from typing import Any

import pytest

from natrode.constants import FARADAY

MA_CM2 = 10.0
MAH_CM2 = 3.6e4
MAH_G = 3.6e3
OHM_CM2 = 1e-4
UM = 1e-6
NM = 1e-9
MPA = 1e6
MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0

SODIUM_MOLAR_MASS = 22.98977e-3
SODIUM_DENSITY = 968.0
SODIUM_MOLAR_VOLUME = SODIUM_MOLAR_MASS / SODIUM_DENSITY
SODIUM_MELTING_POINT = 370.97
RECESSION = SODIUM_MOLAR_VOLUME / FARADAY


def prints(value: float, text: str) -> bool:
    """Whether a value, rounded to the digits of a printed number, is that number."""
    printed = Decimal(text)
    half_of_the_last_digit = Decimal(5).scaleb(printed.as_tuple().exponent - 1)
    return abs(Decimal(float(value)) - printed) <= half_of_the_last_digit


def near(expected: Any, rel: float = 1e-6, abs: float = 0.0) -> Any:  # noqa: A002
    """`pytest.approx` without its absolute tolerance of 1e-12, which is no tolerance but a pardon for SI numbers."""
    return pytest.approx(expected, rel=rel, abs=abs)
