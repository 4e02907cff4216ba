"""Numbers, intervals and misfits as people read them."""

import math
import re
from typing import TypeGuard

from natrode.reproduce.table import FigureRow, Number

UNKNOWN = "\N{EM DASH}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS = (
    (r"\bOhm\b", "Ω"),
    (r"\bohm\b", "Ω"),
    (r"\bum\b", "µm"),
    (r"\buF\b", "µF"),
    (r"\buA\b", "µA"),
    (r"\buH\b", "µH"),
)
Interval = tuple[float | None, float | None]


def is_number(value: Number) -> TypeGuard[float]:
    """Whether `value` is one number (a truth value is none)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with `digits` significant digits; None is an em dash.

    >>> number(0.012345), number(6000.0), number(6.6e-15)
    ('0.0123', '6000', '6.6 × 10⁻¹⁵')
    """
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent >= 6 or exponent < -3:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa} × 10{str(int(power)).translate(_SUPERSCRIPTS)}".replace("-", "\N{MINUS SIGN}")
    decimals = max(0, digits - 1 - exponent)
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    whole, dot, rest = text.partition(".")
    if abs(value) >= 1e4:
        whole = f"{int(whole):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{whole}{dot}{rest}".replace("-", "\N{MINUS SIGN}")


def limit_text(bound: float, *, lower: bool, digits: int = 3) -> str:
    """Write a limit with `digits` significant digits, rounded away from what it excludes.

    >>> limit_text(995848.0, lower=True), limit_text(47635.0, lower=False), limit_text(-0.4, lower=True)
    ('> 995\u202f000', '< 47\u202f700', '> −0.4')
    """
    if bound:
        step = 10.0 ** (math.floor(math.log10(abs(bound))) + 1 - digits)
        steps = round(bound / step, 6)  # 75.8 is 758 steps, whatever its last bit says
        bound = (math.floor(steps) if lower else math.ceil(steps)) * step
    return f"{'>' if lower else '<'} {number(bound, digits)}"


def measured_text(value: float, deviation: float) -> tuple[str, str]:
    """Write a value and its standard uncertainty: two digits of the uncertainty, the value to the same place.

    >>> measured_text(176136.2, 10592.0), measured_text(0.0438, 4.3e-4), measured_text(2.635e-9, 3.4e-10)
    (('176\u202f000', '± 11\u202f000'), ('0.04380', '± 0.00043'), ('(2.63', '± 0.34) × 10⁻⁹'))
    """
    largest = max(abs(value), deviation)
    if deviation <= 0 or deviation < 1e-8 * largest:
        return number(value, 4), f"± {number(deviation, 2)}"
    exponent = math.floor(math.log10(largest))
    place = math.floor(math.log10(deviation)) - 1  # of the uncertainty's second digit
    if round(deviation / 10.0**place) >= 100:  # 0.0996 is 0.10
        place += 1
    if -3 <= exponent < 6:
        return _to_place(value, place), f"± {_to_place(deviation, place)}"
    scale, place = 10.0**exponent, place - exponent
    power = f"× 10{str(exponent).translate(_SUPERSCRIPTS)}"
    return f"({_to_place(value / scale, place)}", f"± {_to_place(deviation / scale, place)}) {power}"


def _to_place(value: float, place: int) -> str:
    """A number rounded to a power of ten, zeros at its end kept."""
    text = f"{round(value, -place) + 0.0:.{max(-place, 0)}f}"
    whole, dot, rest = text.partition(".")
    if abs(value) >= 1e4:
        whole = f"{int(whole):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{whole}{dot}{rest}".replace("-", "\N{MINUS SIGN}")


def prose(text: str) -> str:
    """Write the numbers and units of a reason as print does.

    >>> prose("2.86e+05 to 9.28e+06 Ohm, C = 7.2e-11 F"), prose("46 Ohm cm2 at 25 degC")
    ('286\u202f000 to 9.28 × 10⁶ Ω, C = 7.2 × 10⁻¹¹ F', '46 Ω cm² at 25 °C')
    """
    text = re.sub(r"(?<![\w.])-?\d+(?:\.\d+)?e[+-]\d+(?!\w)", lambda m: number(float(m.group())), text)
    for pattern, symbol in (*_UNITS, (r"\bdegC\b", "°C"), (r"(?<=\bcm)2\b|(?<=/m)2\b", "²")):
        text = re.sub(pattern, symbol, text)
    return text


def value_text(value: Number, digits: int = 3) -> str:
    """Write what a row holds: a number, a list of numbers, yes or no; None is an em dash."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(number(item, digits) for item in value)
    return number(value, digits)


def interval_text(interval: Interval | None, digits: int = 3) -> str:
    """Write an interval; an end that the runs did not reach is called so.

    >>> interval_text((1.0, 2.5)), interval_text((100.0, None)), interval_text(None)
    ('1 – 2.5', 'from 100, upper end not reached', '—')
    """
    if interval is None:
        return UNKNOWN
    low, high = interval
    if low is None and high is None:
        return "neither end reached"
    if high is None:
        return f"from {number(low, digits)}, upper end not reached"
    if low is None:
        return f"to {number(high, digits)}, lower end not reached"
    return f"{number(low, digits)} \N{EN DASH} {number(high, digits)}"


def unit_text(unit: str) -> str:
    """Write a unit the way print does; "1" and "" are no unit.

    >>> unit_text("Ohm cm2"), unit_text("mA/cm2"), unit_text("1")
    ('Ω cm²', 'mA/cm²', '')
    """
    if unit.strip() in ("", "1"):
        return ""
    for pattern, symbol in _UNITS:
        unit = re.sub(pattern, symbol, unit)
    unit = re.sub(r"\bdegC\b", "°C", unit)
    unit = re.sub(r"\bdeg\b", "°", unit)
    return re.sub(r"(?<=[A-Za-zΩ])\^?(-?[23])\b", lambda m: m.group(1).translate(_SUPERSCRIPTS), unit)


def factor_text(row: FigureRow) -> str:
    """Say how far the computed median is from the published figure, as a factor, or nothing where that has no sense."""
    ratio = ratio_of(row)
    if ratio is None:
        return ""
    if 0.995 <= ratio <= 1.005:
        return "equal within 0.5 %"
    if 0.8 <= ratio <= 1.25:
        return f"{number(100 * abs(ratio - 1), 2)} % {'higher' if ratio > 1 else 'lower'}"
    return f"{number(ratio if ratio > 1 else 1 / ratio)} × {'higher' if ratio > 1 else 'lower'}"


def ratio_of(row: FigureRow) -> float | None:
    """Computed over published; None unless both are positive numbers."""
    published, computed = row.published, row.computed
    if not (is_number(published) and is_number(computed)) or published <= 0 or computed <= 0:
        return None
    return computed / published


def tolerance_units(row: FigureRow) -> float | None:
    """How far the computed median lies outside the tolerated range, in half widths of that range.

    Measured on a logarithmic scale where range and value are positive, so that a tenth counts like a tenfold;
    0 inside the range; None without a number or without a range of finite width.
    """
    computed = row.computed
    if not is_number(computed) or row.tolerance is None:
        return None
    low, high = row.tolerance
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return None
    value: float = computed
    if low > 0 and value > 0:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return max(low - value, value - high, 0.0) / (0.5 * (high - low))


def severity(row: FigureRow) -> float:
    """Order of misses: tolerance units, or doublings away from the published figure where there is no range."""
    units = tolerance_units(row)
    if units is not None:
        return units
    ratio = ratio_of(row)
    return abs(math.log2(ratio)) if ratio is not None else 0.0
