import numpy as np
import pytest

from natrode.analysis import (
    compare_groups,
    difference_of_protocols,
    error_budget,
    group_statistics,
    replicates_from_table,
)
from natrode.analysis.replicates import Replicate
from natrode.analysis.result import Result
from natrode.errors import RecordError

BRACKETS = {
    "C01": (4.0, 5.0),
    "C02": (5.0, 6.0),
    "C03": (5.0, 6.0),
    "C05": (3.0, 4.0),
    "C06": (6.0, 7.0),
    "C07": (6.0, None),
    "C08": (None, 1.0),
}
ROWS = [{"cell": f"C0{k}", "group": "h-Na", "exclusion": "cracked pellet" if k == 4 else ""} for k in range(1, 9)]


def test_scenario_8_interval_censored_with_and_without_the_early_failure():
    (group,) = group_statistics(replicates_from_table(ROWS, BRACKETS))
    assert group.summary.startswith("n = 7 of 8; excluded C04: cracked pellet")
    with_all, without = group.fit, group.without_early
    assert with_all.shape.value < without.shape.value
    for number in (*group.results,):
        low, high = number.interval
        assert low < number.value < high
    assert without.summary.startswith("n = 6 of 8")
    assert "C08: failed in the first step" in without.summary
    document = group.to_json()
    assert [c["excluded"] for c in document["cells"]].count("cracked pellet") == 1
    assert len(document["cells"]) == 8


def test_below_five_failures_no_line():
    (group,) = group_statistics(replicates_from_table(ROWS[:4], {k: BRACKETS[k] for k in ("C01", "C02", "C03")}))
    assert group.fit.shape.quality == "not computed"
    assert "n = 3 of 4" in group.summary


def test_no_averaging_over_protocols():
    protocols = {name: {"charge_per_half_cycle": 7200.0, "step": 1.0, "limited_by": "charge"} for name in BRACKETS}
    protocols["C03"] = {**protocols["C03"], "charge_per_half_cycle": 3600.0}
    (group,) = group_statistics(replicates_from_table(ROWS, BRACKETS, protocols))
    assert group.fit.median.quality == "not computed"
    assert "C01 and C03 differ in charge per half cycle 7200 and 3600" in group.fit.median.reason
    # half a kelvin, half a percent: the same protocol
    assert difference_of_protocols({"temperature": 298.0, "step": 1.0}, {"temperature": 298.5, "step": 1.005}) == ""


def test_simulated_and_measured_cells_mix_by_a_switch_only():
    replicates = replicates_from_table(ROWS, BRACKETS, simulated=["C01"])
    with pytest.raises(RecordError, match="mix-simulated"):
        group_statistics(replicates)
    assert group_statistics(replicates, mix_simulated=True)


def test_mistakes_in_the_table():
    with pytest.raises(RecordError, match="two rows"):
        replicates_from_table([ROWS[0], ROWS[0]], {})
    with pytest.raises(RecordError, match="row 1"):
        replicates_from_table([{"group": "x"}], {})
    with pytest.raises(RecordError, match="not in the table of cells: Z9"):
        replicates_from_table(ROWS, {"Z9": (1.0, 2.0)})
    (blank,) = replicates_from_table([{"cell": "A"}], {})
    assert (blank.group, blank.excluded) == ("A", "not measured")


def drawn(name, scale, shape=4.0, n=10, seed=0, step=0.5, top=20.0):
    """Replicates of a stepped test of true Weibull critical currents, alive at `top` censored."""
    truth = scale * np.random.default_rng(seed).weibull(shape, n)
    brackets = []
    for x in truth:
        low = step * np.floor(x / step)
        brackets.append((low or None, low + step) if x < top else (top, None))
    return group_statistics([Replicate(cell=f"{name}{k}", group=name, bracket=b) for k, b in enumerate(brackets)])[0]


def test_two_designs_compared():
    answer = compare_groups(drawn("a", 5.0, seed=1), drawn("b", 10.0, seed=2))
    low, high = answer.ratio.interval
    assert low < 2.0 < high
    assert answer.probability.value < 0.01
    assert answer.equal_shapes.value > 0.01


@pytest.mark.slow
def test_the_comparison_errs_as_often_as_it_says():
    false, inside = 0, 0
    for seed in range(8):
        answer = compare_groups(drawn("a", 5.0, seed=seed), drawn("b", 5.0, seed=1000 + seed))
        false += answer.probability.value < 0.10
        inside += answer.ratio.interval[0] <= 1.0 <= answer.ratio.interval[1]
    assert false <= 3
    assert inside >= 5


def test_a_comparison_needs_failures():
    few = group_statistics([Replicate(cell="a", group="a", bracket=(1.0, 2.0))])[0]
    assert "are needed" in compare_groups(few, drawn("b", 5.0)).ratio.reason


def result(value, sigma=0.5, **changes):
    question = Result(quantity="interface resistance", dimension="resistance", method="m", scope="cell")
    return question.found(value, sigma) if value is not None else question.refused("no")


def test_the_error_budget_keeps_its_parts():
    cells = [result(v) for v in (9.0, 10.0, 11.0, None)]
    budget = error_budget(cells, geometry_and_temperature=0.02, model_choice=[9.5, 10.5])
    assert (budget.n, budget.fit, budget.cell_to_cell) == (3, 0.5, pytest.approx(1.0))
    assert budget.geometry_and_temperature == pytest.approx(0.2)
    assert budget.model_choice == pytest.approx(1.0 / np.sqrt(12.0))
    expected = np.sqrt(1.0 / 3.0 + 0.2**2 + 1.0 / 12.0)
    assert budget.mean.uncertainty == pytest.approx(expected)
    assert budget.statement.startswith("n = 3 of 4")


def test_no_bar_for_two_cells():
    budget = error_budget([result(9.0), result(11.0)])
    assert budget.cell_to_cell is None
    assert "cell to cell (SD)" in budget.mean.reason
    with pytest.raises(RecordError, match="differ"):
        error_budget([result(1.0), Result(quantity="x", dimension="resistance", method="m", scope="cell").found(1.0)])


def test_what_the_cells_have_in_common_does_not_average_out():
    """Six cells within 1 % whose fits are each known to 7 %: the error is in the reading, not in the cells."""

    def cell(value, sigma):
        return Result(quantity="x", dimension="resistance", method="m", scope="cell").found(value, sigma)

    values = (10.0, 10.1, 9.9, 10.05, 9.95, 10.0)
    alike = error_budget([cell(v, 0.7) for v in values])
    assert alike.mean.uncertainty > 0.7
    assert "common to all of them" in alike.mean.reason
    apart = error_budget([cell(v, 0.05) for v in values])
    assert apart.mean.uncertainty < 0.05
