import math
from dataclasses import replace

import pytest

from natrode.reproduce.arithmetic import compute, shared
from natrode.reproduce.library import find_figure, load_paper, paper_names
from natrode.units import to_si

ARITHMETIC = [figure for key in paper_names() for figure in load_paper(key).figures if figure.analysis == "arithmetic"]


def function_of(figure):
    arguments = dict(figure.arguments)
    return arguments.pop("function"), arguments


# name, arguments, key of `numbers` (None: the value), expected, half of the last printed digit
RECOMPUTED = [
    ("hna_diffusivity_ratio", {}, "ratio", 8.03, 0.005),
    ("hna_diffusivity_ratio", {}, "decades", 0.90, 0.005),
    ("hna_tafel_against_impedance", {}, "tafel_na_ohm_cm2", 54.7, 0.05),
    ("hna_tafel_against_impedance", {}, "tafel_h_ohm_cm2", 23.8, 0.05),
    ("hna_tafel_against_impedance", {}, "ratio_na", 4.6, 0.05),
    ("hna_tafel_against_impedance", {}, "ratio_h", 6.8, 0.05),
    ("hna_tafel_against_impedance", {}, "half_cell_ohm_cm2", 23, 0.5),
    ("hna_current_of_figure_4a", {}, "drop_at_05_mv", 19.8, 0.05),
    ("hna_resistance_at_cycle_4", {}, "cell_ohm_cm2", 1000, 1e-9),
    ("hna_sodium_inventory", {}, "thickness_um", 28.0, 0.05),
    ("hna_sodium_inventory", {}, "capacity_mah_cm2", 2.99, 0.005),
    ("hna_sodium_inventory", {}, "used", 0.41, 0.005),
    ("hna_efficiency_and_retention", {}, "retention_percent", 99.77, 0.01),
    ("hna_efficiency_and_retention", {}, "lost_mah_cm2", 1.6, 0.05),
    ("hna_percolation", {}, "phi", 0.0538, 0.00005),
    ("hna_percolation", {}, "lowest_random_threshold", 0.13, 1e-9),
    ("hna_one_fifth", {}, "ratio", 0.2, 1e-9),
    ("hna_particle_radius", {}, "radius_h_nm", 62, 0.5),
    ("hna_particle_radius", {}, "radius_na_nm", 22, 0.5),
    ("hna_work_of_adhesion", {"anode": "na"}, None, 0.0581, 0.0001),
    ("hna_work_of_adhesion", {"anode": "15"}, None, 0.223, 0.001),
    ("bh_strippable_capacity", {}, None, 1104, 0.5),
    ("bh_strippable_capacity", {}, "taken", 0.102, 0.0005),
    ("bh_strippable_capacity", {}, "lost", 0.053, 0.0005),
    ("bh_exchange_current_ratio", {}, "ratio", 3.47, 0.005),
    ("bh_exchange_current_ratio", {}, "resistance_ratio", 10.5, 0.05),
    ("bh_area_specific_resistances", {}, "bare_ohm_cm2", 142.5, 0.05),
    ("bh_area_specific_resistances", {}, "bh_ohm_cm2", 13.6, 0.05),
    ("bh_exchange_current_density", {"anode": "bare"}, "tafel_ohm_cm2", 171, 0.5),
    ("bh_exchange_current_density", {"anode": "bh"}, "tafel_ohm_cm2", 49, 0.5),
    ("bh_exchange_current_density", {"anode": "bare"}, "ratio", 1.2, 0.05),
    ("bh_exchange_current_density", {"anode": "bh"}, "ratio", 3.6, 0.05),
    ("bh_deep_share", {}, "share_percent", 30.3, 0.05),
    ("bh_deep_share", {}, "in_all_percent", 26.8, 0.05),
    ("bh_deep_share", {}, "capacity_mah_cm2", 33.0, 0.05),
    ("bh_rate", {"anode": "bare", "current_density": "5 mA/cm2"}, "offset_mv", 124, 1e-6),
    ("bh_rate", {"anode": "bare", "current_density": "5 mA/cm2"}, "slope_ohm_cm2", 46, 1e-6),
    ("bh_rate", {"anode": "bh", "current_density": "8 mA/cm2"}, "offset_mv", 21, 1e-6),
    ("bh_rate", {"anode": "bh", "current_density": "8 mA/cm2"}, "slope_ohm_cm2", 13, 1e-6),
    ("bh_rate_residual_resistance", {}, "bare_ohm_cm2", -23, 0.6),
    ("bh_rate_residual_resistance", {}, "bh_ohm_cm2", -39, 0.6),
    ("bh_polarisation_gap", {}, "gap_mv", 328, 1e-6),
    ("bh_polarisation_gap", {}, "activated_mv", 105, 10),
    ("bh_conductivity_ratio", {}, "ratio", 1.17, 0.005),
    ("pbc_twice_tension", {}, None, 0.5046, 1e-9),
    ("pbc_angle_on_lead", {}, None, 41.9, 0.05),
    ("pbc_surface_tension", {}, None, 0.1984, 0.00005),
    ("pbc_printed_work", {}, None, 0.0888, 0.00005),
    ("pbc_work_of_adhesion", {"surface": "nzsp"}, "angle_taken_deg", 90.5, 0.05),
    ("pbc_work_of_adhesion", {"surface": "nzsp"}, "angle_molten_deg", 74.8, 0.2),
    ("pbc_work_of_adhesion", {"surface": "nzsp"}, "work_molten_j_m2", 0.0698, 0.0001),
    ("pbc_work_of_adhesion", {"surface": "na2co3"}, "angle_taken_deg", 121.6, 0.05),
    ("pbc_work_of_adhesion", {"surface": "na2co3"}, "angle_molten_deg", 113.2, 0.2),
    ("pbc_work_of_adhesion", {"surface": "pb"}, "angle_molten_deg", 0, 1e-9),
    ("pbc_work_of_adhesion", {"surface": "pb"}, "work_molten_j_m2", 0.397, 0.0005),
    ("pbc_work_of_adhesion", {"surface": "pb"}, "work_taken_j_m2", 0.5046, 1e-9),
    ("pbc_work_of_adhesion", {"surface": "c"}, "angle_taken_deg", 133.1, 0.05),
    ("pbc_work_of_adhesion", {"surface": "c"}, "angle_molten_deg", 126.6, 0.1),
    ("pbc_work_of_adhesion", {"surface": "c"}, "work_molten_j_m2", 0.0421, 0.0001),
    ("pbc_work_of_adhesion", {"surface": "c"}, "work_taken_j_m2", 0.0535, 0.00005),
    ("pbc_capacity_ratio", {"sodium": "3.5"}, "ratio", 14.09, 0.01),
    ("pbc_capacity_ratio", {"sodium": "10"}, "ratio", 50.3, 0.05),
    ("pbc_capacity_ratio", {"sodium": "55"}, "ratio", 276.7, 0.1),
    ("pbc_capacity_ratio", {"sodium": "3.5"}, "area_cm2", 1.006, 0.001),
    ("pbc_capacity_ratio", {"sodium": "10"}, "area_cm2", 0.988, 0.001),
    ("pbc_capacity_ratio", {"sodium": "55"}, "area_cm2", 1.005, 0.001),
    ("pbc_area_of_ratios", {}, None, 1.00, 0.005),
    ("pbc_retention", {}, "retention_percent", 93.8, 0.05),
    ("pbc_retention", {}, "start_mah_g", 103.3, 0.05),
    ("pbc_optimal_ratio", {}, None, 3.5, 0.05),
    ("pbc_voltage_at_55", {}, "pellet_ohm_cm2", 52, 0.5),
    ("pbc_voltage_at_55", {}, "voltage_mv", 27, 0.6),
    ("pbc_resistance_ratio", {}, None, 260.7, 0.05),
    ("or_retention", {}, "retention_percent", 97.2, 0.05),
    ("or_retention", {}, "start_mah_g", 112.05, 0.005),
    ("or_rate_unit", {}, None, 286, 0.5),
    ("or_implied_pristine_mean", {}, None, 2.1, 1e-9),
    ("or_activity_of_shift", {}, "activity", 0.981, 0.0005),
    ("or_activity_of_shift", {}, "solubility_ppm", 215, 1),
    ("temperature_factors", {"temperature": "55 degC"}, "interface", 1.65, 0.005),
    ("temperature_factors", {"temperature": "60 degC"}, "interface", 1.77, 0.005),
    ("temperature_factors", {"temperature": "70 degC"}, "interface", 2.04, 0.005),
    ("temperature_factors", {"temperature": "55 degC"}, "creep", 5.0, 0.05),
    ("temperature_factors", {"temperature": "60 degC"}, "creep", 6.3, 0.05),
    ("temperature_factors", {"temperature": "70 degC"}, "creep", 9.9, 0.05),
    ("naf_activation_energy", {}, "decadic_ev", 0.3242, 0.00005),
    ("naf_activation_energy", {}, "natural_ev", 0.1408, 0.00005),
    ("naf_conductivity", {"temperature": "50 degC"}, "factor", 2.65, 0.005),
    ("naf_tafel_against_voltage", {}, "charge_transfer_ohm_cm2", 14.9, 0.05),
    ("naf_tafel_against_voltage", {}, "expected_ohm_cm2", 41, 0.6),
    ("naf_tafel_against_voltage", {}, "ratio", 20, 1),
    ("naf_exchange_current_density", {}, "cell_ohm_cm2", 800, 1e-6),
    ("naf_conductivity_order", {}, None, 0.51, 1e-9),
    ("naf_discharge_rise", {}, None, 0.34, 1e-9),
    ("naf_voltage_window", {}, None, 10 / 4.86, 1e-9),
    ("naf_carbon_dioxide_voltage", {}, None, 2.347, 0.0005),
    ("naf_carbon_dioxide_energy", {}, None, 1123, 0.5),
    ("naf_gap", {"current": "400 mA/g"}, "logarithmic_v", 0.144, 0.0005),
    ("naf_gap", {"current": "400 mA/g"}, "slope_mv_per_ma_g", 0.8, 1e-9),
    ("across_critical_currents", {}, None, 7.9, 0.05),
]


@pytest.mark.parametrize(("name", "arguments", "key", "expected", "half_digit"), RECOMPUTED)
def test_recomputed_numbers(name, arguments, key, expected, half_digit):
    found = compute(name, arguments)
    assert (found.value if key is None else found.numbers[key]) == pytest.approx(expected, abs=half_digit)
    assert found.sentence


def test_every_flag_function_is_held_to_a_number():
    checked = {row[0] for row in RECOMPUTED}
    for key in paper_names():
        for flag in load_paper(key).flags:
            assert flag.check is None or flag.check in checked, flag.id


@pytest.mark.parametrize("figure", ARITHMETIC, ids=lambda figure: figure.id)
def test_figures_get_a_number_of_their_dimension(figure):
    name, arguments = function_of(figure)
    found = compute(name, arguments)
    assert found.dimension == figure.dimension
    assert math.isfinite(found.value)
    assert found.si == pytest.approx(to_si(found.value, found.unit, found.dimension))


@pytest.mark.parametrize(
    "figure", [f for f in ARITHMETIC if f.role in ("arithmetic", "input")], ids=lambda figure: figure.id
)
def test_no_published_result_is_returned_as_computed(figure, monkeypatch):
    name, arguments = function_of(figure)
    value = compute(name, arguments).value
    other = replace(figure, value=1.01 * figure.value)
    monkeypatch.setattr(shared, "find_figure", lambda name: other if name == figure.id else find_figure(name))
    shared.printed.cache_clear()
    try:
        assert shared.printed(figure.id) == other.si
        assert compute(name, arguments).value == value
    finally:
        shared.printed.cache_clear()


# what the recomputation says about each arithmetic figure
AGREES = {
    "hna-i0-na": False, "hna-i0-h": False, "hna-dapp-ratio": False, "bh-cap": False, "bh-i0-bare": True,
    "bh-i0-bh": False, "bh-i0-ratio": False, "bh-deep-share": False, "pbc-wad-nzsp": False, "pbc-wad-na2co3": True,
    "pbc-wad-pb": True, "pbc-wad-c": True, "pbc-wad-sigma": False, "pbc-np-3.5": False, "pbc-np-10": False,
    "pbc-np-55": False, "or-nvp-life-retention": False, "naf-ea": True, "naf-i0": False,
    "naf-co2-thermo-voltage": True, "naf-co2-thermo-energy": True,
}  # fmt: skip


def test_which_arithmetic_agrees():
    assert {figure.id for figure in ARITHMETIC if figure.role == "arithmetic"} == set(AGREES)
    for name, agrees in AGREES.items():
        figure = find_figure(name)
        low, high = figure.tolerated
        computed = figure.in_unit(compute(*function_of(figure)).si)
        assert (low <= computed <= high) == agrees, (name, computed)


def test_inputs_are_those_of_the_model():
    for figure in ARITHMETIC:
        if figure.role == "input":
            low, high = figure.tolerated
            assert low <= figure.in_unit(compute(*function_of(figure)).si) <= high, figure.id


def test_empirical_lines_pass_through_their_points():
    for name in ("bh-rate-1-bare", "bh-rate-2-bare", "bh-rate-1-bh", "bh-rate-2-bh"):
        figure = find_figure(name)
        assert figure.in_unit(compute(*function_of(figure)).si) == pytest.approx(figure.value, rel=1e-12)
    for current in (50, 100, 200):
        figure = find_figure(f"naf-co2-gap-{current}")
        assert compute("naf_gap", {"current": f"{current} mA/g"}).value == pytest.approx(figure.value, rel=1e-12)


def test_baselines():
    drop = {"paper": "hybrid-na-2022", "cell": "na", "current_density": "0.5 mA/cm2"}
    assert compute("ohmic_drop", drop).value == pytest.approx(0.5 * 0.162 / 4.1e-3, rel=1e-12)
    assert compute("ohmic_drop", {**drop, "times": 2.0}).value == pytest.approx(0.162 / 4.1e-3, rel=1e-12)
    fresh = compute("fresh_voltage", {**drop, "resistance": "hna-r0-na"}).value
    assert fresh == pytest.approx(0.5 * (0.162 / 4.1e-3 + 24), rel=1e-12)
    charge = {"figure": "hna-geis-na", "stripping": "0.2 mA/cm2", "capacity": "0.1 mAh/cm2"}
    assert compute("cycles_until_stripped", charge).value == pytest.approx(200 / 60 * 0.2 / 0.1)
    assert compute("life_until_stripped", {**charge, "cycle": "2 h"}).value == pytest.approx(2 * 200 / 60 * 0.2 / 0.1)
    equal = {"figure": "bh-11-bare", "current": "1 mA/cm2", "other": "3 mA/cm2"}
    assert compute("life_at_equal_charge", equal).value == pytest.approx(89 / 3)
    assert compute("same_as", {"figure": "pbc-ccd-pbc", "times": 2.0}).value == pytest.approx(2.8)
    line = {"first": "pbc-r-0", "second": "pbc-r-15", "at": 0.5}
    assert compute("straight_line", line).value == pytest.approx((391 + 87.5) / 2)
    assert compute("unbounded_parabola", {"time": "480 h", "reference": "240 h"}).value == pytest.approx(math.sqrt(2))
    assert compute("cycles_in", {"figure": "or-short-fresh", "cycle": "2 h"}).value == pytest.approx(70)
    five = {"figure": "bh-rate-2-bare", "current": "2 mA/cm2", "other": "5 mA/cm2"}
    assert compute("proportional_voltage", five).value == pytest.approx(540)
    assert compute("contact_time_constant", {"interface": "orna/nzsp-orna"}).value > 0


def test_figures_without_a_number_are_refused():
    from natrode.errors import SpecificationError

    with pytest.raises(SpecificationError, match="no published number"):
        shared.printed("hna-ccd-sno2")
    with pytest.raises(SpecificationError, match=r"no number 'conductivit'.*conductivity"):
        compute("model_input", {"material": "nzsp-hna", "name": "conductivit"})


def test_a_contact_angle_that_the_model_takes_comes_with_its_work_of_adhesion():
    poor = compute("model_input", {"interface": "pristine-na/nzsp-hna", "name": "contact_angle"})
    good = compute("model_input", {"interface": "h-na-1-5/nzsp-hna", "name": "contact_angle"})
    tension = 0.2405 * (1 - 393.15 / 2503.7) ** 1.126
    assert poor.numbers["work_of_adhesion_j_m2"] == pytest.approx(tension * (1 - math.sqrt(0.5)), rel=1e-6)
    assert good.numbers["work_of_adhesion_j_m2"] == pytest.approx(tension * (1 + math.cos(math.radians(83))), rel=1e-6)
    assert "0.058 J/m2" in poor.sentence
    assert "at least" in compute("model_input", {"interface": "pb-c-na/nzsp-pbc", "name": "contact_angle"}).sentence
