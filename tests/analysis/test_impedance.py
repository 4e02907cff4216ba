import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.analysis import (
    electrolyte_resistance,
    interface_resistance,
    interface_resistance_series,
    real_axis_intercepts,
    stripping_side_resistance,
)
from natrode.analysis.spectrum import circle_intercept
from natrode.errors import RecordError
from natrode.measurement import Column, Geometry, Measurement
from tests.analysis.records import AREA, ELECTROLYTE, cycling_record, spectrum_record, zarc

F = np.logspace(np.log10(3e6), -1, 53)
W = 2 * np.pi * F


def cell(*arcs, electrolyte=ELECTROLYTE):
    return electrolyte + sum(zarc(F, *arc) for arc in arcs) + 0j * F


# ---- ends of a spectrum -------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [1.0, 0.8])
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_both_ends_of_one_arc(exponent, noise):
    ends = real_axis_intercepts(spectrum_record(cell((50.0, 1e-4, exponent)), F, noise=noise))
    assert ends.high.value == pytest.approx(40.0, abs=1e-6 + 100 * noise)
    assert ends.low.value == pytest.approx(90.0, abs=1e-6 + 100 * noise)
    assert ends.low.quality == ends.high.quality == "good"
    assert ends.relative_noise == pytest.approx(noise, abs=1e-3)


def test_the_order_of_the_points_does_not_matter():
    forwards, backwards = (
        real_axis_intercepts(spectrum_record(cell((50.0, 1e-4))[::step], F[::step])) for step in (1, -1)
    )
    assert backwards.low.value == pytest.approx(forwards.low.value)


def test_an_inductance_is_skipped():
    high = real_axis_intercepts(spectrum_record(cell((50.0, 1e-3)) + 1j * W * 1e-7, F)).high
    assert high.value == pytest.approx(40.0, rel=1e-3)


def test_leads_alone_are_refused():
    assert real_axis_intercepts(spectrum_record(1.0 + 1j * W * 1e-5, F)).high.quality == "not computed"


def test_a_diffusion_branch_is_left_out_with_a_doubt():
    warburg = 200.0 * np.tanh(np.sqrt(1j * W * 1e3)) / np.sqrt(1j * W * 1e3)
    low = real_axis_intercepts(spectrum_record(cell((50.0, 1e-4)) + warburg, F)).low
    assert low.value == pytest.approx(90.0, rel=0.02)
    assert low.quality == "doubtful"
    assert "still rises" in low.reason


def test_a_blocking_cell_and_a_cut_arc_give_lower_limits():
    for z in (40.0 + 1.0 / (1j * W * 1e-6), cell((500.0, 10.0))):
        low = real_axis_intercepts(spectrum_record(z, F)).low
        assert low.value is None
        assert low.quality == "lower limit"
        assert low.interval[0] == pytest.approx(z.real[-1], rel=0.02)


def test_an_arc_cut_after_its_top_is_extrapolated_with_a_doubt():
    low = real_axis_intercepts(spectrum_record(cell((500.0, 1.0)), F)).low
    assert low.value == pytest.approx(540.0, rel=0.01)
    assert low.quality == "doubtful"
    assert "extrapolated" in low.reason


def test_a_grain_boundary_is_not_hidden_in_the_interface():
    high = electrolyte_resistance(spectrum_record(cell((30.0, 3e-7), (20.0, 1e-3), electrolyte=10.0), F))
    assert high.value == pytest.approx(10.0, rel=0.01)
    assert high.quality == "doubtful"
    assert "grain boundaries" in high.reason


def test_an_arc_of_the_electrolyte_before_a_rising_branch_is_no_interface():
    branch = 200.0 * (1.0 - 1j) / np.sqrt(W)
    grain, interface = (500.0, 5e-7, 0.95), (300.0, 3e-4, 0.95)  # 1 nF and 1 uF
    alone = spectrum_record(cell(grain) + branch, F, noise=0.001)
    for answer in (interface_resistance(alone), interface_resistance_series(alone).results[0]):
        assert answer.quality == "not computed"
        assert "bulk or grain boundaries" in answer.reason
        assert "no arc of an interface closes" in answer.reason
    assert interface_resistance(alone, 40.0).value is not None  # the user knows the electrolyte
    both = interface_resistance(spectrum_record(cell(grain, interface) + branch, F, noise=0.001))
    assert both.value is not None


def test_a_spectrum_that_begins_on_the_flank_of_the_electrolyte():
    f = np.logspace(5, -1, 43)
    z = 10.0 + zarc(f, 30.0, 1e-6) + zarc(f, 20.0, 0.01)
    high = real_axis_intercepts(spectrum_record(z, f)).high
    assert high.value == pytest.approx(40.0, rel=0.02)
    assert "flank" in high.reason


def test_a_pure_resistor():
    ends = real_axis_intercepts(spectrum_record(cell(), F, noise=0.003))
    assert ends.low.value == pytest.approx(40.0, abs=0.15)
    assert ends.high.value == pytest.approx(40.0, abs=0.15)


def test_uncertainties_cover_the_truth():
    pulls = []
    for seed in range(100):
        record = spectrum_record(cell((50.0, 1e-3, 0.9)), F, noise=0.003, seed=seed)
        low = real_axis_intercepts(record).low
        pulls.append((low.value - 90.0) / low.uncertainty)
    assert 0.7 < np.std(pulls) < 1.5


def test_wrong_input():
    with pytest.raises(RecordError, match="several spectra"):
        real_axis_intercepts(spectrum_record([cell(), cell()], F))
    with pytest.raises(RecordError, match="cycling"):
        real_axis_intercepts(cycling_record([(10.0, 1e-3)]))
    with pytest.raises(RecordError, match="positive"):
        real_axis_intercepts(spectrum_record(cell(), -F))
    few = real_axis_intercepts(spectrum_record(cell()[:3], F[:3]))
    assert few.low.quality == few.high.quality == "not computed"


# ---- interface resistance -----------------------------------------------------------------------------------


def test_interface_resistance_in_all_its_forms():
    record = spectrum_record(cell((7.0, 1e-4)), F)
    whole = interface_resistance(record, ELECTROLYTE)
    one = interface_resistance(record, ELECTROLYTE, per="interface")
    assert whole.to_json()["value"] == pytest.approx(7.0)
    assert (whole.scope, whole.n_interfaces, whole.area_normalised) == ("cell", 2, True)
    assert one.to_json()["value"] == pytest.approx(3.5)
    assert (one.scope, one.n_interfaces) == ("per interface (assumed equal)", 1)
    own = interface_resistance(record)
    assert own.value == pytest.approx(whole.value, rel=1e-3)
    assert own.settings["electrolyte_from"] == "high-frequency intercept of this spectrum"
    for key in ("temperature", "pressure", "area", "dc_current", "net_charge"):
        assert key in whole.settings


def test_the_uncertainty_of_the_electrolyte_propagates():
    answer = interface_resistance(spectrum_record(cell((7.0, 1e-4)), F), (ELECTROLYTE, 0.5))
    assert answer.uncertainty == pytest.approx(0.5 * AREA, rel=1e-3)


def test_without_area_it_is_a_resistance():
    answer = interface_resistance(spectrum_record(cell((7.0, 1e-4)), F, geometry=Geometry()), ELECTROLYTE)
    assert answer.dimension == "resistance"
    assert answer.value == pytest.approx(7.0)
    assert answer.area_normalised is False


def test_near_zero_it_is_an_upper_limit():
    answer = interface_resistance(spectrum_record(cell(), F, noise=0.003, seed=1), ELECTROLYTE)
    assert answer.value is None
    assert answer.quality == "upper limit"
    assert 0 < answer.interval[1] < 1.0 * AREA


def test_an_electrolyte_above_the_whole_cell_is_refused():
    answer = interface_resistance(spectrum_record(cell((7.0, 1e-4)), F), 60.0)
    assert answer.quality == "not computed"
    assert "exceeds" in answer.reason


def test_an_incomplete_arc_gives_a_lower_limit():
    answer = interface_resistance(spectrum_record(cell((500.0, 10.0)), F), ELECTROLYTE)
    assert answer.quality == "lower limit"


@pytest.mark.parametrize(
    ("changes", "columns", "reason"),
    [
        ({"geometry": Geometry(working_area=AREA)}, {}, "number of interfaces is unknown"),
        ({}, {Column.DC_CURRENT.value: [1e-4]}, "direct current"),
        ({}, {Column.CHARGE.value: [3.6]}, "one-sided"),
    ],
)
def test_halving_is_refused_where_the_sides_are_not_equal(changes, columns, reason):
    record = spectrum_record(cell((7.0, 1e-4)), F, columns=columns, **changes)
    assert reason in interface_resistance(record, ELECTROLYTE, per="interface").reason
    assert interface_resistance(record, ELECTROLYTE).value == pytest.approx(7.0 * AREA)


def test_one_interface_needs_no_halving():
    geometry = Geometry(working_area=AREA, interfaces_in_series=1)
    record = spectrum_record(cell((7.0, 1e-4)), F, geometry=geometry, columns={Column.DC_CURRENT.value: [1e-4]})
    assert interface_resistance(record, ELECTROLYTE, per="interface").value == pytest.approx(7.0 * AREA)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 1e3), st.floats(-5.0, -1.5), st.floats(0.75, 1.0), st.floats(0.1, 10.0))
def test_impedance_and_area_scale(resistance, log_tau, exponent, factor):
    arc = (resistance, 10.0**log_tau, exponent)
    one = interface_resistance(spectrum_record(cell(arc), F), ELECTROLYTE)
    larger = interface_resistance(
        spectrum_record(cell(arc) / factor, F, geometry=Geometry(working_area=AREA * factor)), ELECTROLYTE / factor
    )
    assert one.value == pytest.approx(resistance * AREA, rel=1e-3)
    assert larger.value == pytest.approx(one.value, rel=1e-6)


# ---- series -------------------------------------------------------------------------------------------------


def one_sided(strip, plate=5.0, noise=0.0, current=1e-4):
    """Scenario 7: a stripping side that grows, a plating side that stays."""
    time = 600.0 * np.arange(len(strip))
    columns = {
        Column.TIME.value: time,
        Column.DC_CURRENT.value: np.full(len(strip), current),
        Column.CHARGE.value: current * time,
    }
    return spectrum_record([cell((r, 1e-3), (plate, 1e-4)) for r in strip], F, noise=noise, columns=columns)


def test_a_series_keeps_time_charge_and_current():
    series = interface_resistance_series(one_sided([5.0, 20.0, 100.0]))
    assert series.time == pytest.approx([0.0, 600.0, 1200.0])
    assert series.charge == pytest.approx([0.0, 0.06, 0.12])
    assert series.dc_current == pytest.approx([1e-4] * 3)
    assert series.one_sided is True
    assert series.resistance / AREA == pytest.approx([10.0, 25.0, 105.0], rel=0.01)


def test_the_stripping_side_is_told_from_the_plating_side():
    strip = np.linspace(5.0, 100.0, 20)
    sides = stripping_side_resistance(one_sided(strip, noise=0.002), (ELECTROLYTE, 0.0))
    assert sides.resistance / AREA == pytest.approx(strip, abs=0.6)
    assert {r.scope for r in sides.results} == {"stripping side"}
    assert {r.n_interfaces for r in sides.results} == {1}
    halved = interface_resistance_series(one_sided(strip), ELECTROLYTE, per="interface")
    assert all("one-sided" in r.reason for r in halved.results)
    assert np.isnan(halved.resistance).all()


WIDE = 4.0 * AREA


def test_interfaces_of_unequal_electrodes_are_equal_per_area():
    """8 Ohm cm2 on each side of 1 and 4 areas: 8/A + 8/(4 A)."""
    geometry = Geometry(working_area=AREA, counter_area=WIDE, interfaces_in_series=2)
    record = spectrum_record(cell((8.0, 1e-3), (2.0, 1e-3)), F).with_metadata(geometry=geometry)
    assert interface_resistance(record, ELECTROLYTE, "interface").value == pytest.approx(8.0 * AREA, rel=1e-3)
    assert interface_resistance(record, ELECTROLYTE).value == pytest.approx(10.0 * AREA, rel=1e-3)


@pytest.mark.parametrize("stripped", ["narrow", "wide"])
def test_the_stripped_side_of_unequal_electrodes(stripped):
    """The stripped interface goes from 8 to 80 Ohm cm2 per its own area, whichever electrode it is."""
    areas = (AREA, WIDE) if stripped == "narrow" else (WIDE, AREA)
    geometry = Geometry(working_area=areas[0], counter_area=areas[1], interfaces_in_series=2)
    plated = 8.0 * AREA / areas[1]
    spectra = [cell((per_area * AREA / areas[0], 1e-3), (plated, 1e-3)) for per_area in (8.0, 80.0)]
    record = spectrum_record(spectra, F, columns={Column.DC_CURRENT.value: [1e-4, 1e-4]})
    sides = stripping_side_resistance(record.with_metadata(geometry=geometry), (ELECTROLYTE, 0.0))
    assert sides.resistance / AREA == pytest.approx([8.0, 80.0], rel=2e-3)
    silent = spectrum_record(spectra, F).with_metadata(geometry=geometry)
    assert "different areas" in stripping_side_resistance(silent, ELECTROLYTE).results[1].reason


def test_a_first_spectrum_after_charge_was_moved_is_doubtful():
    record = one_sided([5.0, 20.0, 100.0])
    late = Measurement(
        record.metadata, record.table.assign(**{Column.CHARGE.value: record.array(Column.CHARGE) + 0.36})
    )
    assert stripping_side_resistance(record, ELECTROLYTE).results[1].quality == "good"
    doubted = stripping_side_resistance(late, ELECTROLYTE).results[1]
    assert doubted.quality == "doubtful"
    assert "0.1 mAh/cm2 were moved before" in doubted.reason


def test_a_cell_that_was_cycled_has_no_stripping_side():
    record = spectrum_record([cell((10.0, 1e-3))] * 3, F, columns={Column.DC_CURRENT.value: [1e-4, -1e-4, 1e-4]})
    assert "both ways" in stripping_side_resistance(record).results[0].reason
    assert interface_resistance_series(record).one_sided is False


def test_sides_of_a_cell_with_unknown_interfaces_are_not_told_apart():
    record = one_sided([5.0, 50.0]).with_metadata(geometry=Geometry(working_area=AREA))
    assert "two interfaces" in stripping_side_resistance(record).results[1].reason


def test_without_charge_and_current_sides_are_taken_on_trust():
    record = spectrum_record([cell((10.0, 1e-3)), cell((60.0, 1e-3))], F)
    sides = stripping_side_resistance(record, ELECTROLYTE)
    assert sides.one_sided is None
    assert sides.results[1].value == pytest.approx(55.0 * AREA, rel=0.01)
    assert sides.results[1].quality == "doubtful"


def test_a_series_without_answer_at_its_first_spectrum_says_so():
    f = np.logspace(3, -1, 20)
    record = spectrum_record([1.0 + 1j * f, 1.0 + 1j * f], f)
    assert all("first spectrum" in r.reason for r in interface_resistance_series(record).results)


@pytest.mark.parametrize("side", [-1, 1])
def test_the_circle_is_that_of_general_least_squares(side):
    """Intercept and uncertainty against a solution of the whole system of three unknowns."""
    random = np.random.default_rng(3)
    angle = np.linspace(0.3, 2.6, 12)
    x = 120.0 - 40.0 * np.cos(angle) + 0.05 * random.standard_normal(12)
    y = -8.0 + 40.0 * np.sin(angle) + 0.05 * random.standard_normal(12)
    sigma = np.full(12, 0.05)
    design = np.column_stack([x, y, np.ones(12)])
    (d, e, f), *_ = np.linalg.lstsq(design, -(x**2 + y**2), rcond=None)
    root = np.sqrt(d**2 / 4 - f)
    misfit = np.sqrt(np.sum((design @ [d, e, f] + x**2 + y**2) ** 2) / 9)
    spread = max(2 * np.sqrt(d**2 / 4 + e**2 / 4 - f) * 0.05, misfit)
    gradient = np.array([-0.5 + side * d / (4 * root), 0.0, -side / (2 * root)])
    expected = spread * np.sqrt(gradient @ np.linalg.inv(design.T @ design) @ gradient)
    value, uncertainty = circle_intercept(x, y, sigma, side)
    assert value == pytest.approx(-d / 2 + side * root)
    assert uncertainty == pytest.approx(expected, rel=1e-6)


def test_points_on_a_line_make_no_circle():
    x = np.linspace(1.0, 2.0, 6)
    assert circle_intercept(x, 3.0 * x - 1.0, np.full(6, 1e-3), 1) is None
