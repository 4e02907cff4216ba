import re

import pytest

from natrode import materials
from natrode.cell import FullCell
from natrode.errors import SpecificationError
from natrode.reproduce import arithmetic, library
from natrode.reproduce.library import find_figure, flags_of, load_paper, paper_names
from natrode.units import from_si

KEYS = ("hybrid-na-2022", "bh-na-2021", "pbc-2022", "or-na-2024", "naf-sn-2019")

# every figure of the five papers: its roles, and in brackets those of rows that state a condition or an input of it
PUBLISHED = """
hna-sigma input
hna-theta-na input
hna-theta-15 input
hna-r0-na fitted
hna-r0-15 fitted
hna-r0-11 retrodicted
hna-hardness input
hna-ccd-na fitted
hna-ccd-15 fitted
hna-ccd-order observation
hna-geis-na fitted (observation)
hna-geis-15 fitted retrodicted
hna-voids observation
hna-cyc-na retrodicted
hna-cyc-15 retrodicted
hna-cyc-05 retrodicted
hna-r10-na retrodicted
hna-i0 arithmetic
hna-dapp arithmetic (retrodicted)
hna-nvp fitted retrodicted
hna-nvp-na observation (retrodicted)
bh-cap arithmetic
bh-11 observation retrodicted (fitted)
bh-15 observation (retrodicted)
bh-33 observation (retrodicted)
bh-rct input
bh-i0 arithmetic
bh-rate fitted
bh-fem observation
bh-deep arithmetic (observation)
bh-nvp retrodicted
pbc-theta input
pbc-wad arithmetic
pbc-r fitted retrodicted
pbc-ccd fitted (blind)
pbc-cyc-rt observation retrodicted
pbc-cyc-55 retrodicted
pbc-nvp retrodicted
pbc-nvp-life retrodicted
pbc-np arithmetic
pbc-np-life observation retrodicted
pbc-s fitted retrodicted
or-rest fitted retrodicted observation (input)
or-short retrodicted (observation)
or-ccd fitted retrodicted
or-cyc retrodicted
or-cyc-60 observation
or-strip observation
or-drt retrodicted
or-phi retrodicted
or-nvp fitted retrodicted
or-nvp-life retrodicted arithmetic (observation)
naf-lumo retrodicted
naf-aimd retrodicted
naf-ea arithmetic (input)
naf-window input
naf-sym fitted observation
naf-i0 arithmetic
naf-co2-cap fitted retrodicted
naf-co2-gap fitted
naf-co2-life retrodicted
naf-co2-thermo arithmetic
naf-nvp retrodicted
hna-ccd-sno2 blind
hna-r100-15 blind
hna-v05-15 blind
bh-rate-5 blind
bh-rate-8 blind
pbc-ccd-55 blind
pbc-v-rt blind
or-aged blind
or-ccd-na blind
or-nvp-2c blind
naf-sigma-50 blind
naf-co2-gap-400 blind
naf-co2-gap-500 blind
"""
ROLES = {line.split()[0]: line.split()[1:] for line in PUBLISHED.strip().splitlines()}

FLAGS = {
    "hybrid-na-2022": [
        "hna-flag-diffusivity", "hna-flag-6000-h", "hna-flag-conclusion", "hna-flag-tafel", "hna-flag-equation-1",
        "hna-flag-figure-4a", "hna-flag-cycle-4", "hna-flag-6-mg", "hna-flag-998", "hna-flag-labels",
        "hna-flag-network", "hna-flag-one-fifth", "hna-flag-anode", "across-flag-critical-current",
    ],
    "bh-na-2021": [
        "bh-flag-two-fold", "bh-flag-ratios", "bh-flag-ohm", "bh-flag-27-percent", "bh-flag-capacity",
        "bh-flag-polarisation", "bh-flag-liquid", "bh-flag-conductivity", "bh-flag-shore",
    ],
    "pbc-2022": [
        "pbc-flag-twice-tension", "pbc-flag-lead-angle", "pbc-flag-solid-energy", "pbc-flag-75-degc",
        "pbc-flag-convention", "pbc-flag-np-area", "pbc-flag-retention", "pbc-flag-75-mah", "pbc-flag-60-mv",
        "pbc-flag-supercell", "pbc-flag-optimal-np", "pbc-flag-work-unit", "pbc-flag-260-fold",
    ],
    "or-na-2024": [
        "or-flag-asr-unit", "or-flag-rate-unit", "or-flag-retention", "or-flag-three-times", "or-flag-2.8",
        "or-flag-shifts", "or-flag-tof-sims", "or-flag-days", "or-flag-zero", "or-flag-60-degc",
    ],
    "naf-sn-2019": [
        "naf-flag-rise", "naf-flag-tafel", "naf-flag-conductivity", "naf-flag-melting", "naf-flag-exchange-current",
        "naf-flag-overpotential", "naf-flag-slope", "naf-flag-10-v",
    ],
}  # fmt: skip

# values that must stand in the data as printed
PRINTED = {
    "hna-r0-na": 12.0, "hna-r0-15": 3.5, "hna-r0-11": 2.4, "hna-ccd-na": 0.5, "hna-ccd-15": 3.1, "hna-geis-na": 200,
    "hna-geis-15": 370, "hna-r10-na": 345.3, "hna-cyc-na-life": 82, "hna-nvp-first": 110.7, "hna-nvp-last": 93.9,
    "bh-11-bare": 89, "bh-15-bare": 26, "bh-33-bare": 27, "bh-rct-bare": 126, "bh-rct-bh": 12, "bh-cap": 1150,
    "pbc-r-0": 391, "pbc-r-15": 87.5, "pbc-r-pbc": 1.5, "pbc-ccd-na": 0.8, "pbc-ccd-pbc": 1.4, "pbc-cyc-rt-na": 40,
    "pbc-cyc-55-mv": 60, "pbc-np-55": 216.2, "pbc-s-pbc": 828.8, "or-rest-170": 170, "or-ccd-orna": 6.3,
    "or-ccd-unstirred": 2.8, "or-short-fresh": 140, "or-cyc-hysteresis": 50, "or-nvp-02c": 111.1,
    "naf-ea-slope": -1.63383, "naf-sym-bare": 16, "naf-sym-end": 150, "naf-i0": 1.73, "naf-co2-cap-50": 7624,
    "naf-co2-thermo-energy": 1125,
}  # fmt: skip

FIGURES = [figure for key in KEYS for figure in load_paper(key).figures]
COMPUTED = [figure for figure in FIGURES if figure.analysis is not None]


def base_of(name):
    """The longest published id of which `name` is a row."""
    owners = [base for base in ROLES if name == base or name.startswith(f"{base}-")]
    return max(owners, key=len, default=None)


def test_papers_in_their_order_and_by_short_name():
    assert paper_names() == KEYS
    for key, short in zip(KEYS, ("hNa", "BH", "PbC", "ORNa", "NaF"), strict=True):
        assert load_paper(short) is load_paper(key) is load_paper(short.lower())
        assert load_paper(key).short == short
        assert load_paper(key).summary.systems


def test_every_published_figure_is_a_row_and_no_other():
    found = {base: [] for base in ROLES}
    for figure in FIGURES:
        base = base_of(figure.id)
        assert base is not None, f"{figure.id} belongs to no published figure"
        found[base].append(figure)
    for base, figures in found.items():
        wanted = {role for role in ROLES[base] if not role.startswith("(")}
        allowed = wanted | {role.strip("()") for role in ROLES[base]}
        roles = {figure.role for figure in figures}
        assert wanted <= roles <= allowed, (base, roles)


def test_ids_are_unique_over_all_papers():
    for names in (
        [figure.id for figure in FIGURES],
        [flag.id for key in KEYS for flag in load_paper(key).flags],
        [trial.id for key in KEYS for trial in load_paper(key).trials],
    ):
        assert len(names) == len(set(names))


@pytest.mark.parametrize(("name", "value"), PRINTED.items())
def test_values_stand_as_printed(name, value):
    assert find_figure(name).value == value


def test_blind_figures_have_no_value():
    blind = [figure for figure in FIGURES if figure.role == "blind"]
    assert len(blind) >= 13
    assert all(figure.value is None and figure.tolerated is None for figure in blind)


def test_every_flag_is_there():
    for key, names in FLAGS.items():
        assert [flag.id for flag in load_paper(key).flags] == names
    assert len({flag.id for key in KEYS for flag in flags_of(key)}) == 54
    for key in KEYS:
        assert "across-flag-critical-current" in {flag.id for flag in flags_of(key)}


@pytest.mark.parametrize("key", KEYS)
def test_every_cell_and_protocol_is_valid_and_used(key):
    paper = load_paper(key)
    for name in paper.cells:
        cell = paper.cell(name)
        assert (cell.active_mass if isinstance(cell, FullCell) else cell.working_area) > 0
    for name in paper.protocols:
        assert paper.protocol(name).steps
    assert {trial.cell for trial in paper.trials} == set(paper.cells)
    assert {trial.protocol for trial in paper.trials} == set(paper.protocols)


@pytest.mark.parametrize("figure", COMPUTED, ids=lambda figure: figure.id)
def test_computed_figures_say_what_a_reader_needs(figure):
    if figure.role in ("retrodicted", "blind"):
        assert figure.baseline is not None
        assert figure.baseline.method
    if figure.role in ("retrodicted", "observation"):
        assert figure.explanation
    if figure.role == "observation":
        assert figure.value is True
    if figure.tolerated is not None and figure.role != "blind" and not isinstance(figure.value, tuple):
        low, high = figure.tolerated
        assert low <= figure.value <= high


@pytest.mark.parametrize("figure", [f for f in FIGURES if f.baseline], ids=lambda figure: figure.id)
def test_baselines_come_out_in_the_unit_of_the_figure(figure):
    found = arithmetic.compute(figure.baseline.function, figure.baseline.arguments)
    assert found.dimension == figure.dimension
    assert figure.in_unit(found.si) > 0


@pytest.mark.parametrize("key", KEYS)
def test_calibration_is_on_fitted_figures_of_known_parameters(key):
    paper = load_paper(key)
    assert paper.calibration is paper.calibrations["default"]
    for calibration in paper.calibrations.values():
        assert calibration.draws == 200
        assert all(paper.figure(name).role == "fitted" for name in calibration.figures)
        labels = [parameter.label for parameter in calibration.parameters]
        assert len(labels) == len(set(labels))
        for parameter in calibration.parameters:
            assert parameter.reason
            for name in parameter.interfaces:
                known = materials.load_interface(name).parameters
                assert parameter.name in known, (name, parameter.name)
                assert parameter.low <= known[parameter.name].si <= parameter.high, (name, parameter.name)
            for name in parameter.electrolytes + (parameter.cathodes if parameter.name != "loading" else ()):
                assert parameter.low <= materials.load_material(name).properties[parameter.name].si <= parameter.high


def test_hna_is_conditioned_on_its_six_figures_alone():
    calibration = load_paper("hNa").calibration
    assert set(calibration.figures) == {
        "hna-r0-na", "hna-geis-na", "hna-ccd-na", "hna-r0-15", "hna-geis-15", "hna-ccd-15",
    }  # fmt: skip
    shared = {p.name: p for p in calibration.parameters if "pristine-na/nzsp-hna" in p.interfaces}
    for name, low, high, unit in (
        ("crack_overpotential", 0.05, 0.25, "V"),
        ("damage_exponent", 3, 8, "1"),
        ("refill_efficiency", 0.5, 0.95, "1"),
        ("replenishment_current_density", 0.03, 0.15, "mA/cm2"),
    ):
        parameter = shared[name]
        assert {"h-na-1-5/nzsp-hna", "sno2-na/nzsp-hna", "h-na-1-1/nzsp-hna"} <= set(parameter.interfaces)
        ends = [from_si(end, unit, parameter.dimension) for end in (parameter.low, parameter.high)]
        assert ends == pytest.approx([low, high])


def test_both_temperature_laws_are_calibrated_alike():
    paper = load_paper("PbC")
    assert {"default", "creep", "half-hour"} <= set(paper.calibrations)
    assert paper.calibrations["creep"].parameters == paper.calibrations["default"].parameters
    for trial in paper.trials:
        assert (trial.calibration == "creep") == (paper.cell(trial.cell).replenishment_law == "creep")


def test_both_couplings_are_calibrated_alike():
    paper = load_paper("hNa")
    assert set(paper.calibrations) == {"default", "bulk-creep", "full-cell"}
    for trial in paper.trials:
        assert (trial.calibration == "bulk-creep") == (paper.cell(trial.cell).replenishment_coupling == "bulk-creep")


@pytest.mark.parametrize("key", KEYS)
def test_other_readings_are_of_the_same_cell_and_read_nothing_themselves(key):
    """An alternative changes what the paper leaves open (protocol or calibration), never the cell."""
    paper = load_paper(key)
    for trial in paper.trials:
        for name in trial.alternatives:
            other = paper.trial(name)
            assert other.cell == trial.cell
            assert (other.protocol, other.calibration) != (trial.protocol, trial.calibration)
            assert not [figure.id for figure in paper.figures if figure.experiment == name]


def test_parameters_that_no_figure_sees_are_named():
    paper = load_paper("hNa")
    inert = {parameter.label for parameter in paper.inert_parameters(paper.calibration)}
    assert inert == {
        "contact_fraction (zro2-na)", "area_ratio (h-na-1-1)", "area_ratio (h-na-1-2)", "area_ratio (h-na-1-3)",
    }  # fmt: skip


def test_tolerances():
    assert find_figure("hna-r0-na").tolerated == pytest.approx((10.8, 13.2))
    assert find_figure("hna-ccd-15").tolerated == pytest.approx((3.0, 3.2))
    assert find_figure("hna-r10-na").tolerated == pytest.approx((345.3 / 2, 345.3 * 2))
    assert find_figure("hna-cyc-15-life").tolerated == pytest.approx((5400, float("inf")))
    assert find_figure("hna-geis-15-300").tolerated == pytest.approx((-float("inf"), 20))
    assert find_figure("or-drt-na").tolerated == (1e-3, 1e-2)
    assert find_figure("hna-voids-na").tolerated is None
    assert find_figure("hna-geis-na").si == pytest.approx(12000)


def test_no_word_about_the_projects_own_notes():
    for path in sorted(library._PAPERS.glob("*.toml")):
        assert not re.search(r"(physics|papers|validation|laboratory)\.md", path.read_text())


def test_unknown_names_get_the_nearest():
    with pytest.raises(SpecificationError, match="unknown paper 'hybrid-na-2002'; did you mean 'hybrid-na-2022'"):
        load_paper("hybrid-na-2002")
    with pytest.raises(SpecificationError, match="hna-ccd-15"):
        find_figure("hna-ccd-1")
    with pytest.raises(SpecificationError, match="hna-ramp-na"):
        load_paper("hNa").trial("hna-ramp-a")
    with pytest.raises(SpecificationError, match="same_as"):
        arithmetic.compute("same_a")
