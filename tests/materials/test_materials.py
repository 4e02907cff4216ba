"""Every file loads, every number has a source, and numbers that follow from others do so."""

import json
import math
import subprocess
import sys

import pytest

from natrode import materials
from natrode.constants import BOLTZMANN_EV, FARADAY, GAS_CONSTANT
from natrode.materials import PARAMETER_DIMENSIONS, Value
from natrode.physics import thermodynamics
from natrode.units import from_si

INTERFACES_OF_THE_PAPERS = {
    "hybrid-na-2022": [
        "pristine-na/nzsp-hna",
        *(f"h-na-1-{n}/nzsp-hna" for n in (10, 8, 5, 4, 3, 2, 1)),
        "zro2-na/nzsp-hna",
        "sno2-na/nzsp-hna",
    ],
    "bh-na-2021": ["bare-na/liquid-napf6", "bh/liquid-napf6"],
    "pbc-2022": ["pristine-na/nzsp-pbc", "pb-c-na/nzsp-pbc"],
    "or-na-2024": [
        "pristine-na/nzsp-orna",
        "pristine-na-aged/nzsp-orna",
        "orna/nzsp-orna",
        "unstirred-na/nzsp-orna",
    ],
    "naf-sn-2019": ["bare-na/sn-electrolyte", "m-na/sn-electrolyte"],
}
NEEDED_BY_THE_SIMULATOR = [
    *("contact_resistance", "contact_fraction", "area_ratio", "void_capacity", "contact_shape"),
    *("replenishment_current_density", "refill_efficiency", "crack_overpotential", "damage_exponent"),
    *("damage_time", "film_resistance", "resistance_activation_energy", "replenishment_pressure_slope"),
    *("replenishment_activation_energy_interface", "replenishment_activation_energy_creep", "hardness"),
    *("double_layer_capacitance", "film_capacitance", "contact_gap", "patch_spacing", "flaw_modulus"),
    *("constriction_share", "diffusion_share", "contact_scatter", "particle_volume_fraction"),
]


def si(material: str, name: str) -> float:
    return materials.load_material(material).properties[name].si


def parameter(interface: str, name: str) -> float:
    value = materials.load_interface(interface).parameters[name]
    assert isinstance(value, Value)
    return value.si


def every_value() -> list[tuple[str, str, Value]]:
    values = [
        (name, key, value)
        for name in materials.material_names()
        for key, value in materials.load_material(name).properties.items()
    ]
    return values + [
        (name, key, value)
        for name in materials.interface_names()
        for key, value in materials.load_interface(name).parameters.items()
        if isinstance(value, Value)
    ]


def test_every_value_says_where_it_comes_from_and_how_well_it_is_known() -> None:
    for name, key, value in every_value():
        place = f"{name}: {key}"
        assert math.isfinite(value.si), place
        assert value.source, place
        assert value.evidence in materials.EVIDENCE, place
        assert bool(value.conditioned_on) == (value.evidence == "calibrated"), place
        if "memory" in value.source:
            assert value.evidence == "unverified", place


def test_what_is_assumed_says_why_and_values_lie_in_their_ranges() -> None:
    for name, key, value in every_value():
        place = f"{name}: {key}"
        if value.evidence == "assumed":
            assert value.note, place
        if value.range is not None:
            assert value.range[0] <= value.value <= value.range[1], place
        if value.prior is not None:
            assert value.prior.si[0] <= value.si <= value.prior.si[1], place


@pytest.mark.parametrize("paper", INTERFACES_OF_THE_PAPERS)
def test_each_paper_has_its_interfaces_with_all_that_the_simulator_needs(paper: str) -> None:
    for name in INTERFACES_OF_THE_PAPERS[paper]:
        interface = materials.load_interface(name)
        assert interface.paper == paper
        assert name.split("/")[1] == interface.electrolyte
        assert set(NEEDED_BY_THE_SIMULATOR) <= set(interface.parameters)
        assert interface.parameters["film_placement"] == "series"


def test_every_electrolyte_has_a_conductivity_and_every_metal_what_the_simulator_needs() -> None:
    for name in materials.material_names():
        material = materials.load_material(name)
        if material.kind == "electrolyte":
            assert {"conductivity", "conductivity_activation_energy"} <= set(material.properties), name
        if material.kind == "metal":
            assert {"density", "molar_volume", "melting_temperature"} <= set(material.properties), name


@pytest.mark.parametrize(
    ("material", "name", "expected"),
    [
        ("sodium", "density", 968.0),
        ("sodium", "molar_volume", 2.375e-5),
        ("sodium", "melting_temperature", 370.97),
        ("sodium", "specific_charge", 1165.8 * 3600),
        ("sodium", "creep_prefactor", 0.53e-30),
        ("sodium", "self_diffusion_prefactor_2", 7.2e-5),
        ("sodium", "creep_activation_energy", 44e3),
        ("sodium", "surface_tension", 0.198),
        ("nzsp-hna", "conductivity", 0.41),
        ("nzsp-pbc", "conductivity", 0.061),
        ("nzsp-hna", "fracture_toughness", 1.35e6),
        ("sn-electrolyte", "conductivity", 0.051),
        ("sn-electrolyte", "melting_temperature", 378.15),
        ("sno2-nzsp", "coating_mass_fraction", 0.0862),
        ("carbon", "sodium_contact_angle", 142.0),
    ],
)
def test_properties_convert_to_the_si_values_of_the_specification(material: str, name: str, expected: float) -> None:
    assert si(material, name) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("interface", "name", "expected"),
    [
        ("h-na-1-5/nzsp-hna", "replenishment_pressure_slope", 2.78e-6),
        ("h-na-1-5/nzsp-hna", "double_layer_capacitance", 0.1),
        ("pristine-na/nzsp-orna", "film_time", 7.13 * 86400),
        ("m-na/sn-electrolyte", "film_growth_rate", 0.0875e-4 / 3600),
        ("bare-na/liquid-napf6", "protrusion_charge", 44.5 * 36e3),
    ],
)
def test_parameters_convert_to_si(interface: str, name: str, expected: float) -> None:
    assert parameter(interface, name) == pytest.approx(expected, rel=1e-9)


def test_uncertainty_range_and_prior_convert_without_the_offset_of_a_temperature() -> None:
    value = Value(25.0, "degC", "temperature", "test", "assumed", uncertainty=2.0, range=(20.0, 30.0))
    assert value.si == pytest.approx(298.15)
    assert value.si_uncertainty == pytest.approx(2.0)
    assert value.si_range == pytest.approx((293.15, 303.15))
    prior = materials.load_interface("pristine-na/nzsp-hna").parameters["replenishment_current_density"].prior
    assert prior.si == pytest.approx((0.3, 1.5))


@pytest.mark.parametrize(
    "name", [n for n in materials.material_names() if "molar_volume" in materials.load_material(n).properties]
)
def test_molar_volume_follows_from_density_and_molar_mass(name: str) -> None:
    assert si(name, "molar_volume") == pytest.approx(si(name, "molar_mass") / si(name, "density"), rel=5e-4)


@pytest.mark.parametrize(
    ("name", "electrons"), [("sodium", 1), ("lithium", 1), ("potassium", 1), ("nvp", 2), ("sulfur", 2)]
)
def test_specific_charge_follows_from_faraday(name: str, electrons: int) -> None:
    expected = thermodynamics.specific_capacity(si(name, "molar_mass"), electrons)
    assert si(name, "specific_charge") == pytest.approx(expected, rel=2e-4)


def test_one_milliampere_hour_is_8861_nanometres_of_sodium() -> None:
    assert 36e3 * si("sodium", "molar_volume") / FARADAY == pytest.approx(8.861e-6, rel=1e-4)


def test_density_of_the_coated_powder_follows_from_its_parts() -> None:
    expected = thermodynamics.coated_density(
        si("sno2-nzsp", "coating_mass_fraction"), si("sno2", "density"), si("nzsp-hna", "density")
    )
    assert si("sno2-nzsp", "density") == pytest.approx(expected, abs=0.5)
    assert round(expected) == 3406


@pytest.mark.parametrize(
    "name",
    [n for n in materials.interface_names() if materials.load_interface(n).ceramic_mass_ratio is not None],
)
def test_volume_fraction_follows_from_the_mass_ratio(name: str) -> None:
    interface = materials.load_interface(name)
    assert interface.ceramic is not None
    expected = thermodynamics.volume_fraction(
        interface.ceramic_mass_ratio, si(interface.ceramic, "density"), si(interface.metal, "density")
    )
    assert parameter(name, "particle_volume_fraction") == pytest.approx(expected, abs=1e-4)


def test_area_ratio_of_the_hybrids_grows_with_the_ceramic() -> None:
    names = [f"h-na-1-{n}/nzsp-hna" for n in (10, 8, 5, 4, 3, 2)]
    for name in names:
        expected = 1 + 2 * parameter(name, "particle_volume_fraction")
        assert parameter(name, "area_ratio") == pytest.approx(expected, abs=1e-3)
    ratios = [parameter(name, "area_ratio") for name in (*names, "h-na-1-1/nzsp-hna")]
    assert ratios == sorted(ratios)


@pytest.mark.parametrize(
    ("name", "published", "tolerance"),
    [
        ("pristine-na/nzsp-hna", 12.0, 0.10),
        ("h-na-1-5/nzsp-hna", 3.5, 0.10),
        ("pristine-na/nzsp-pbc", 391.0, 0.01),
        ("pb-c-na/nzsp-pbc", 1.5, 0.01),
        ("pristine-na-aged/nzsp-orna", 85.0, 0.01),
    ],
)
def test_fresh_resistances_are_those_of_the_papers(name: str, published: float, tolerance: float) -> None:
    contact = parameter(name, "contact_resistance")
    contact /= parameter(name, "area_ratio") * parameter(name, "contact_fraction")
    total = from_si(contact + parameter(name, "film_resistance"), "Ohm cm2", "area-specific resistance")
    assert total == pytest.approx(published, rel=tolerance)


def test_self_diffusivity_of_sodium_is_the_sum_of_its_two_terms() -> None:
    total = sum(
        si("sodium", f"self_diffusion_prefactor_{k}")
        * math.exp(-si("sodium", f"self_diffusion_activation_energy_{k}") / (GAS_CONSTANT * 298.15))
        for k in (1, 2)
    )
    assert total == pytest.approx(si("sodium", "self_diffusivity"), rel=0.02)


def test_surface_tension_of_sodium_at_120_degc_follows_its_law() -> None:
    critical = si("sodium", "surface_tension_critical_temperature")
    law = si("sodium", "surface_tension_prefactor") * (1 - 393.15 / critical) ** si(
        "sodium", "surface_tension_exponent"
    )
    assert law == pytest.approx(si("sodium", "surface_tension"), abs=1e-3)


def test_grain_boundary_share_and_activation_energy_follow_from_what_was_printed() -> None:
    assert si("nzsp-hna", "grain_boundary_share") == pytest.approx(1 - 5 / 15, abs=1e-3)
    energy = 1.63383 * 1000 * BOLTZMANN_EV * math.log(10)
    assert si("sn-electrolyte", "conductivity_activation_energy") == pytest.approx(energy, abs=1e-4)


def test_separator_of_the_liquid_cell_has_its_resistance() -> None:
    resistance = si("liquid-napf6", "separator_thickness") / si("liquid-napf6", "conductivity")
    assert resistance == pytest.approx(si("liquid-napf6", "area_specific_resistance"), rel=1e-3)


def test_bare_sodium_reaches_ten_volts_after_sixteen_hours_in_the_polymer() -> None:
    name = "bare-na/sn-electrolyte"
    film = parameter(name, "film_resistance") * math.exp(16 * 3600 / parameter(name, "film_time"))
    electrolyte = 60e-6 / si("sn-electrolyte", "conductivity")
    assert 2 * (film + parameter(name, "contact_resistance")) + electrolyte == pytest.approx(10.0, rel=1e-3)


def test_the_priors_are_those_of_the_specification() -> None:
    parameters = materials.load_interface("pristine-na/nzsp-hna").parameters
    priors = {key: value.prior for key, value in parameters.items() if isinstance(value, Value)}
    given = {key: (p.distribution, p.low, p.high, p.unit) for key, p in priors.items() if p is not None}
    assert given == {
        "replenishment_current_density": ("log-uniform", 0.03, 0.15, "mA/cm2"),
        "refill_efficiency": ("uniform", 0.5, 0.95, "1"),
        "crack_overpotential": ("log-uniform", 0.05, 0.25, "V"),
        "damage_exponent": ("uniform", 3.0, 8.0, "1"),
        "contact_shape": ("uniform", -1.5, 1.0, "1"),
        "void_capacity": ("log-uniform", 0.005, 30.0, "um"),
    }


def test_what_was_calibrated_for_one_interface_is_an_assumption_for_another() -> None:
    own = materials.load_interface("h-na-1-5/nzsp-hna").parameters["void_capacity"]
    taken = materials.load_interface("h-na-1-1/nzsp-hna").parameters["void_capacity"]
    assert isinstance(own, Value)
    assert isinstance(taken, Value)
    assert (own.evidence, own.origin) == ("calibrated", "")
    assert own.conditioned_on == ("hna-r0-15", "hna-geis-15", "hna-ccd-15")
    assert (taken.evidence, taken.origin) == ("assumed", "h-na-1-5/nzsp-hna")
    assert "hna-geis-15" in taken.note
    assert taken.si == own.si


def test_only_parameters_of_the_contract_occur() -> None:
    for name in materials.interface_names():
        for key, value in materials.load_interface(name).parameters.items():
            if isinstance(value, Value):
                assert value.dimension == PARAMETER_DIMENSIONS[key]


def test_loading_is_cached_and_a_loaded_material_cannot_be_changed() -> None:
    assert materials.load_material("sodium") is materials.load_material("sodium")
    assert materials.load_interface("orna/nzsp-orna") is materials.load_interface("orna/nzsp-orna")
    with pytest.raises(TypeError):
        materials.load_material("sodium").properties["density"] = None  # type: ignore[index]


def test_listing_names_does_not_import_the_unit_library() -> None:
    code = (
        "import sys; from natrode import materials; materials.material_names(); materials.interface_names(); "
        "print('pint' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_table_lists_all_names_and_survives_json() -> None:
    table = json.loads(json.dumps(materials.materials_table()))
    assert [row["name"] for row in table["materials"]] == list(materials.material_names())
    assert [row["name"] for row in table["interfaces"]] == list(materials.interface_names())


@pytest.mark.parametrize("name", ["sodium", "pristine-na/nzsp-orna"])
def test_the_table_of_one_name_has_every_value_with_unit_source_and_evidence(name: str) -> None:
    rows = json.loads(json.dumps(materials.materials_table(name)))["values"]
    columns = set(rows[0])
    assert {"name", "value", "unit", "uncertainty", "source", "evidence"} <= columns
    for row in rows:
        assert set(row) == columns
        if isinstance(row["value"], str):
            assert row["name"] in materials.PARAMETER_WORDS
        else:
            assert row["unit"]
            assert row["source"]
            assert row["evidence"] in materials.EVIDENCE
