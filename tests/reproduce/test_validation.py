"""The figures of other papers: they load, say where they come from, are recomputed, and run on their cells."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from natrode.errors import SpecificationError
from natrode.materials import load_interface
from natrode.reproduce import arithmetic, library, validation_laws
from natrode.reproduce.quantities import Context, analyse
from natrode.simulate import kernel, parameters, symmetric

PAPER = library.load_paper("validation")
MARK = re.compile(r"\((A|F|C|S|D|DS)\)")
NUMBERS = [
    *(1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 14, 15, 16, 19, 20, 21),
    *range(22, 31),
    *range(31, 38),
    *range(38, 46),
    *(46, 47, 48, 49, 50, 52, 53, 54, 55, 57, 58, 59, 60, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71),
    *range(72, 80),
    *(82, 83),
    *range(84, 91),
]
FIGURES = {figure.id: figure for figure in PAPER.figures}
LAWS = [figure for figure in PAPER.figures if figure.analysis == "arithmetic"]


def law(name, **arguments):
    return arithmetic.compute(name, arguments)


def in_unit(figure):
    arguments = {name: value for name, value in figure.arguments.items() if name != "function"}
    return figure.in_unit(arithmetic.compute(figure.arguments["function"], arguments).si)


def questions(trial):
    """Analyses asked of a trial, those of comparisons between trials among them."""
    for figure in PAPER.figures:
        if figure.experiment == trial:
            yield figure.id, figure.analysis, figure.arguments
        elif figure.analysis == "compare-experiments" and trial in figure.arguments["order"]:
            yield figure.id, figure.arguments["analysis"], figure.arguments.get("with", {})


# ---- the data --------------------------------------------------------------------------------------------------


def test_every_number_of_the_survey_is_there_and_none_twice():
    found = {int(match[1]) for name in FIGURES if (match := re.match(r"v(\d\d)", name))}
    assert found == set(NUMBERS)
    assert len(NUMBERS) == len(set(NUMBERS))
    assert len(FIGURES) == len(PAPER.figures)
    assert all(re.fullmatch(r"v\d\d(-n-\d\d)?|vk-\d\d", name) for name in FIGURES)


def test_every_row_has_role_reference_mark_and_what_a_referee_asks_for():
    for figure in PAPER.figures:
        assert figure.role in ("validation", "observation", "arithmetic", "input"), figure.id
        assert (figure.role == "input") == ("as it stands" in figure.tolerance_reason), figure.id
        assert figure.reference, figure.id
        assert MARK.search(figure.where), figure.id
        assert figure.conditions, figure.id
        assert figure.not_computed or figure.explanation or figure.id == "v49", figure.id


def test_a_number_from_a_digest_is_never_compared():
    digests = [figure for figure in PAPER.figures if "(D)" in figure.where]
    assert len(digests) >= 8
    for figure in digests:
        assert figure.role == "observation", figure.id
        assert figure.value is True or figure.not_computed, figure.id
        assert figure.tolerance is None, figure.id


def test_nothing_is_calibrated_on_these_figures():
    assert not PAPER.calibrations
    for name in library.paper_names():
        for calibration in library.load_paper(name).calibrations.values():
            assert not set(calibration.figures) & set(FIGURES)


def test_enough_of_them_are_computed():
    computed = [f for f in PAPER.figures if f.role == "validation" and f.analysis and f.value is not None]
    assert len({figure.id[:3] for figure in computed}) >= 25
    simulated = {figure.id[:3] for figure in computed if figure.experiment}
    assert len(simulated) >= 15


def test_every_cell_protocol_and_experiment_is_used():
    trials = {trial.id for trial in PAPER.trials}
    assert trials == {trial for trial in trials if list(questions(trial))}
    laws = str([dict(figure.arguments) for figure in LAWS])
    for what, names in (("cell", PAPER.cells), ("protocol", PAPER.protocols)):
        used = {getattr(trial, what) for trial in PAPER.trials}
        assert [name for name in names if name not in used and f"'{name}'" not in laws] == []


def test_shipped_text_names_no_file_of_the_workshop():
    folder = Path(library.__file__).parent
    for path in [*folder.glob("papers/validation-*.toml"), *folder.glob("validation_laws/*.py")]:
        assert not re.search(r"\w+\.md\b", path.read_text()), path


def test_interfaces_of_foreign_cells_keep_what_was_published_and_take_over_the_rest():
    gold = load_interface("au-na/nzsp-pbc").parameters
    assert gold["contact_resistance"].si == pytest.approx(146e-4)
    assert gold["contact_resistance"].origin == ""
    assert gold["void_capacity"].origin == "pristine-na/nzsp-hna"
    assert load_interface("zno-li/llzo").metal == "lithium"


# ---- the laws --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("figure", LAWS, ids=[figure.id for figure in LAWS])
def test_every_law_row_is_recomputed(figure):
    value = in_unit(figure)
    assert math.isfinite(value)
    if isinstance(figure.value, bool):
        assert value in (0.0, 1.0)
    if figure.check:
        assert math.isfinite(arithmetic.compute(figure.check).value)


def test_every_law_function_is_used_and_says_what_it_is():
    used = {figure.arguments["function"] for figure in LAWS} | {figure.check for figure in PAPER.figures}
    own = [
        name
        for name, function in arithmetic.FUNCTIONS.items()
        if function.__module__.startswith(validation_laws.__name__)
    ]
    assert set(own) <= used
    for name in own:
        for part in ("Returns:", "Formula:", "Source:"):
            assert part in arithmetic.FUNCTIONS[name].__doc__, name


def test_contact_laws_against_hand_calculation():
    hardness = 2.25
    fractions = {pressure: pressure / (pressure + hardness) for pressure in (10, 41, 400)}
    assert law("plastic_contact", interface="pristine-li/llzo", pressure="10 MPa").value == pytest.approx(fractions[10])
    ratio = fractions[41] / fractions[10]
    pair = {"interface": "pristine-li/llzo", "low": "10 MPa", "high": "41 MPa"}
    assert law("contact_resistance_ratio", **pair).value == pytest.approx(ratio)
    assert law("contact_pressure_exponent", **pair).value == pytest.approx(-math.log(ratio) / math.log(4.1))
    assert law("contact_area_exponent", interface="pristine-li/llzo").value == pytest.approx(-1.0)
    assert in_unit(FIGURES["v40-n-02"]) == pytest.approx(fractions[400])


def test_contact_improvement_is_seen_only_below_a_few_times_the_hardness():
    given = {"interface": "pristine-na/ncbb", "share": 0.05}
    assert law("contact_still_improves", low="1 MPa", high="3 MPa", **given).value == 1.0
    assert law("contact_still_improves", low="20 MPa", high="35 MPa", **given).value == 0.0


def test_replenishment_against_hand_calculation():
    known = load_interface("pristine-na/beta-alumina").parameters
    free, own, hardness = (
        known[name].value for name in ("replenishment_current_density", "contact_fraction", "hardness")
    )
    value = law("replenishment_per_area", interface="pristine-na/beta-alumina", pressure="9 MPa").value
    assert value == pytest.approx((free + 0.278 * 9) * 9 / (9 + hardness), rel=1e-6)
    at_rest = law("replenishment_per_area", interface="pristine-na/beta-alumina", pressure="0 MPa").value
    assert at_rest == pytest.approx(free * own, rel=1e-6)
    warm = law("replenishment_per_area", interface="pristine-na/beta-alumina", pressure="0 MPa", temperature="70 degC")
    assert warm.value / at_rest == pytest.approx(math.exp(0.14 / 8.617333e-5 * (1 / 298.15 - 1 / 343.15)), rel=1e-4)


def test_creep_against_hand_calculation():
    assert law("sodium_flow_stress", strain_rate="1e-3 1/s").value == pytest.approx((1e-3 / 0.53) ** 0.2)
    assert law("lithium_over_sodium", strain_rate="1e-3 1/s").value == pytest.approx(0.75 / (1e-3 / 0.53) ** 0.2)
    assert 35.1 < law("self_diffusion_energy", temperature="25 degC").value < 48.1


def test_conduction_and_statistics_against_hand_calculation():
    ratio = math.exp(0.26 / 8.617333e-5 * (1 / 298.15 - 1 / 473))
    assert law("conductivity_at", material="nzsp-hna", temperature="473 K").value == pytest.approx(
        4.1e-3 * ratio, rel=1e-5
    )
    assert law("levelling_length", conductivity="0.4 mS/cm", resistance="5 Ohm cm2").value == pytest.approx(20.0)
    spread = (math.log(0.05) / math.log(0.95)) ** (1 / 3)
    assert law("critical_current_spread", interface="pristine-li/llzo").value == pytest.approx(spread)
    assert law("griffith_exponent").value == pytest.approx(-1.5)
    assert law("shorter_flaws_raise_current").value == 1.0


def test_voids_against_charge():
    known = load_interface("pristine-li/li6ps5cl").parameters
    shape, capacity = known["contact_shape"].si, known["void_capacity"].si
    void = 12.996e-6 / 96485.33 * 0.128 * 36000
    left = (1 - shape * void / capacity) ** (1 / shape)
    assert in_unit(FIGURES["v59"]) == pytest.approx(100 * (1 - left), rel=1e-3)
    # the first point gives itself back, whatever the shape
    same = law("contact_lost_from_first_point", interface="pristine-li/li6ps5cl", charge="0.128 mAh/cm2")
    assert same.value == pytest.approx(44.1)
    fitted = law("contact_shape_of_stripping")
    assert fitted.value == pytest.approx(-0.71, abs=0.03)
    assert fitted.numbers["rms_ln_a"] < 0.03


def test_ramps_give_back_the_activation_energy_of_replenishment_where_it_decides():
    interface, creep = (in_unit(FIGURES[name]) for name in ("v04-n-02", "v04"))
    assert interface == pytest.approx(0.14, abs=0.03)
    assert creep == pytest.approx(0.45, abs=0.05)


def test_interface_activation_energy_is_what_the_cell_says():
    assert in_unit(FIGURES["v41"]) == pytest.approx(0.34, abs=0.002)


def test_charge_per_half_cycle_counts_in_ramps():
    given = {"cell": "lpscl", "protocol": "li-ramp-0.2", "capacities": ["0.1 mAh/cm2", "0.5 mAh/cm2"]}
    found = law("protocol_spread", **given).numbers
    assert found["current_factor"] > 2
    assert found["current_factor"] > found["charge_factor"]
    assert law("gain_of_toughness", cell="lpscl", protocol="li-ramp-coarse", factor=1.0).value == pytest.approx(1.0)


def test_an_unknown_name_is_one_sentence():
    with pytest.raises(SpecificationError, match="did you mean 'pristine-li/llzo'"):
        law("plastic_contact", interface="pristine-li/llz", pressure="1 MPa")
    with pytest.raises(SpecificationError, match="unknown cell"):
        law("gain_of_toughness", cell="lpsc", protocol="li-ramp-coarse", factor=2.0)


# ---- the runs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trial", [trial.id for trial in PAPER.trials])
def test_every_experiment_runs_and_answers_with_a_number_or_a_limit(trial):
    given = PAPER.trial(trial)
    cell, protocol = PAPER.cell(given.cell), PAPER.protocol(given.protocol)
    model = parameters.assemble(cell)
    table = parameters.conditions(model, protocol.temperature, protocol.pressure)
    context = Context(cell, float(table[0, kernel.ELECTROLYTE_RESISTANCE]))
    experiment = symmetric.run(model, cell, protocol)
    asked = list(questions(trial))
    assert asked
    for name, analysis, arguments in asked:
        low, high = analyse(analysis, experiment, arguments, context)
        assert not math.isnan(low), name
        assert not math.isnan(high), name
        assert math.isfinite(low) or math.isfinite(high), name
        assert low <= high, name


def test_pressure_sweep_falls_in_steps_of_an_hour():
    pressure = PAPER.protocol("pressure-sweep").pressure
    levels = [value for _, value in pressure]
    assert levels == sorted(levels, reverse=True)
    assert np.allclose(np.diff([time for time, _ in pressure])[::2], 3600)
