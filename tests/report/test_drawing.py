import doctest
import importlib
import math
import pkgutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import natrode.report
from natrode.report import plots, wording
from natrode.report.decimation import min_max, min_max_band, pieces
from natrode.report.glyph import range_glyph
from natrode.report.page import json_for_html
from natrode.report.palette import ROLE, STATUS
from natrode.reproduce.table import Reproduction


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=400),
    st.integers(4, 200),
)
def test_decimation_keeps_extremes_ends_and_size(values: list[float], limit: int) -> None:
    y = np.array(values)
    kept = min_max(y, limit)
    assert len(kept) <= max(limit, 4)
    assert (np.diff(kept) > 0).all()
    assert kept[0] == 0
    assert kept[-1] == len(y) - 1
    if np.isfinite(y).any():
        assert np.nanmax(y[kept]) == np.nanmax(y)
        assert np.nanmin(y[kept]) == np.nanmin(y)


def test_bands_keep_the_extremes_of_all_three() -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(size=5000)
    low, high = y - rng.exponential(size=5000), y + rng.exponential(size=5000)
    kept = min_max_band(y, low, high, 600)
    assert len(kept) <= 600
    assert low[kept].min() == low.min()
    assert high[kept].max() == high.max()


def test_numbers_are_short_and_gaps_are_null() -> None:
    assert plots.numbers([1 / 3, math.nan, math.inf, 12345678.0], 4) == [0.3333, None, None, 12350000.0]


def test_decades_are_labelled_at_their_points_without_crowding() -> None:
    f = np.logspace(5, 0, 51)
    z = 10 + 100 / (1 + 1j * f / 300)
    texts = plots.decade_labels(f, z.real, -z.imag)
    labelled = [i for i, text in enumerate(texts) if text]
    assert all(
        f[i] == pytest.approx({"1 kHz": 1e3, "100 Hz": 100, "10 kHz": 1e4, "10 Hz": 10}[texts[i]]) for i in labelled
    )
    assert {"1 kHz", "100 Hz"} <= set(texts)
    assert plots.decade_labels(np.array([np.nan, -1.0]), f[:2], f[:2]) == ["", ""]


def test_json_in_a_page_cannot_close_its_script() -> None:
    text = json_for_html({"a": "</script><!-- & \u2028"})
    assert "<" not in text
    assert "&" not in text
    with pytest.raises(ValueError):
        json_for_html([math.nan])


def test_tolerance_units_count_a_tenth_like_a_tenfold(reproduction: Reproduction) -> None:
    row = replace(reproduction.rows[3], published=100.0, tolerance=(50.0, 200.0), computed=1000.0)
    assert wording.tolerance_units(row) == pytest.approx(math.log(5) / math.log(2))
    assert wording.tolerance_units(replace(row, computed=10.0)) == pytest.approx(math.log(5) / math.log(2))
    assert wording.tolerance_units(replace(row, computed=120.0)) == 0.0
    assert wording.tolerance_units(replace(row, tolerance=(-1.0, 1.0), computed=3.0)) == 2.0
    assert wording.tolerance_units(replace(row, tolerance=(600.0, math.inf))) is None
    assert wording.severity(replace(row, tolerance=None, computed=400.0)) == pytest.approx(2.0)
    assert wording.factor_text(replace(row, computed=400.0)) == "4 × higher"
    assert wording.factor_text(replace(row, computed=90.0)) == "10 % lower"
    assert wording.factor_text(replace(row, computed=True)) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (110.7, "110.7"),
        (1.63383, "1.63383"),
        (12345.6, "12\u202f345.6"),
        (-2.5e-9, "−2.5 × 10⁻⁹"),
        (None, "—"),
    ],
)
def test_published_numbers_are_not_rounded(value: float | None, text: str) -> None:
    assert wording.number(value, 7) == text


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("mA/cm2", "mA/cm²"),
        ("Ohm cm2", "Ω cm²"),
        ("um", "µm"),
        ("1", ""),
        ("degC", "°C"),
        ("cm2/s", "cm²/s"),
        ("%", "%"),
    ],
)
def test_units_in_print(unit: str, text: str) -> None:
    assert wording.unit_text(unit) == text


def test_a_gap_breaks_a_line_and_hides_no_extreme() -> None:
    x = np.r_[np.arange(1000.0), 5000.0 + np.arange(1000.0)]
    y = np.sin(x / 30.0)
    y[700], y[1500] = 9.0, -9.0
    for limit in (50, 10_000):
        moments, drawn = pieces(x, y, [999.5], limit)
        (at,) = np.flatnonzero(np.isnan(drawn))
        assert moments[at - 1] == 999.0
        assert moments[at + 1] == 5000.0
        assert (np.nanmax(drawn), np.nanmin(drawn)) == (9.0, -9.0)
        assert (np.diff(moments) >= 0).all()
    whole, same = pieces(x, y, [], 50)
    assert len(whole) <= 50
    assert np.isfinite(same).all()


@given(st.floats(1e-12, 1e12), st.booleans())
def test_a_limit_is_never_rounded_inwards(bound: float, lower: bool) -> None:
    text = wording.limit_text(bound, lower=lower)
    assert text[0] == (">" if lower else "<")
    shown = text[2:].replace("\N{NARROW NO-BREAK SPACE}", "").replace("\N{MINUS SIGN}", "-")
    mantissa, _, power = shown.partition(" × 10")
    value = float(mantissa) * 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    assert value <= bound * (1 + 1e-6) if lower else value >= bound * (1 - 1e-6)
    assert value == pytest.approx(bound, rel=0.011)


def test_small_drawings_take_open_ends_and_lone_numbers(reproduction: Reproduction) -> None:
    row = reproduction.rows[3]
    lone = replace(row, interval=None, tolerance=None, published=None, prior_interval=None)
    assert range_glyph(lone) == ""
    for tolerance, interval in (((0.0, math.inf), (10.0, None)), ((-1.0, 1.0), (None, 20.0))):
        drawn = range_glyph(replace(row, tolerance=tolerance, interval=interval))
        assert "nan" not in drawn
        assert "inf" not in drawn


def test_statuses_and_roles_look_different() -> None:
    assert len({style.key for style in STATUS.values()}) == len(STATUS)
    assert len({style.letter for style in ROLE.values()}) == len(ROLE)
    assert len({style.symbol for style in ROLE.values()}) == len(ROLE)


def test_examples_in_docstrings() -> None:
    for module in pkgutil.iter_modules(natrode.report.__path__, "natrode.report."):
        assert doctest.testmod(importlib.import_module(module.name)).failed == 0
