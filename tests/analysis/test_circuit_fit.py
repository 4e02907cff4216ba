from itertools import pairwise

import numpy as np
import pytest

from natrode.analysis import _arc_chain, fit_circuit, parse_circuit, suggest_circuits
from natrode.analysis import circuit_fit as subject
from natrode.analysis.circuit_fit import fit_arcs, processes
from natrode.errors import SpecificationError

from .spectra import arc, frequencies, spectrum, truths

F = frequencies()
W = 2 * np.pi * F


def noisy(z, level, seed):
    random = np.random.default_rng(seed)
    return z + level * abs(z) * (random.standard_normal(len(z)) + 1j * random.standard_normal(len(z)))


def arcs_of(case):
    """ln R, ln tau and n of every arc."""
    return np.column_stack([np.log(case.resistances), case.log_tau * np.log(10), case.exponents]).ravel()


@pytest.fixture(scope="module")
def chains():
    cases = truths(100, seed=31)
    counts = np.array([len(case.log_tau) for case in cases])
    inductive = np.array([case.inductance > 0 for case in cases])
    z = np.array([case.impedance for case in cases])
    return cases, counts, inductive, z, fit_arcs(F, z, counts, counts, inductive)


def test_chains_reach_the_optimum_that_the_truth_reaches(chains):
    cases, counts, inductive, z, (_, _, quality) = chains
    reached = []
    for n, case in enumerate(cases):
        theta = np.r_[case.series, case.inductance, arcs_of(case)]
        covariance = np.empty((len(theta), len(theta)))
        arguments = (W, z[n].real.copy(), z[n].imag.copy())
        _arc_chain.minimise(*arguments, 1 / abs(z[n]), theta, counts[n], bool(inductive[n]), _arc_chain.FINAL, 60, 1e-9)
        chi, _ = _arc_chain.polish(*arguments, theta, counts[n], bool(inductive[n]), covariance)
        reached.append(quality[n, 0, 0] <= 1.001 * chi)
    assert np.mean(reached) >= 0.99


def test_standard_errors_are_honest(chains):
    cases, counts, _, _, (theta, covariance, _) = chains
    inside = []
    for n, case in enumerate(cases):
        size = 2 + 3 * counts[n]
        deviation = np.sqrt(np.diag(covariance[n, 0]))[2:size]
        inside += list(abs(theta[n, 0, 2:size] - arcs_of(case)) < deviation)
    assert 0.62 <= np.mean(inside) <= 0.74


def test_the_number_of_arcs_is_suggested():
    cases = truths(60, seed=55)
    z = np.array([case.impedance for case in cases])
    counts = np.array([len(case.log_tau) for case in cases])
    least, most = np.zeros(60, np.int64), np.full(60, 5)
    _, _, quality = fit_arcs(F, z, least, most, np.ones(60, bool))
    assert np.mean(np.nanargmin(quality[..., 1], axis=1) == counts) >= 0.95
    assert not (quality[:, 1:, 0] > 1.001 * quality[:, :-1, 0]).any()  # one arc more never fits worse


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("R0-p(R1,CPE1)-W2", [20, 80, 2e-6, 0.85, 12]),
        ("R0-p(R1,CPE1)-Ws2", [20, 80, 2e-6, 0.85, 60, 0.4]),
        ("R0-p(R1,CPE1)-Wo2", [20, 80, 2e-6, 0.85, 60, 0.4]),
        ("R0-p(R1-W1,CPE1)", [20, 80, 40, 2e-6, 0.85]),
        ("R0-T1", [20, 90, 40, 3e-3, 0.9]),
        ("R0-p(R1,CPE1)-G2", [20, 80, 2e-6, 0.85, 60, 0.05]),
        ("R0-L0-p(R1,C1)-K2", [20, 3e-7, 80, 2e-5, 30, 1e-8]),
    ],
)
def test_other_circuits_are_fitted_without_a_guess(text, values):
    circuit = parse_circuit(text)
    z = noisy(circuit.impedance(F, values), 0.003, 8)
    found = fit_circuit(spectrum(F, z), text)
    assert found.noise == pytest.approx(0.003, rel=0.2)
    assert (abs(found.vector - values) < 4 * found.deviations).all()


def test_a_circuit_that_is_too_small_says_so():
    z = noisy(20 + arc(W, 80, 1e-5, 0.9) + arc(W, 50, 1e-2, 0.9), 0.003, 1)
    found = fit_circuit(spectrum(F, z), "R0-p(R1,CPE1)")
    assert found.quality == "doubtful"
    assert "the circuit misses the data" in found.reason


def test_two_arcs_where_there_is_one_cannot_be_separated():
    z = noisy(20 + arc(W, 80, 1e-4, 0.85), 0.003, 2)
    found = fit_circuit(spectrum(F, z), "R0-p(R1,CPE1)-p(R2,CPE2)")
    assert found.quality == "doubtful"
    assert any("cannot be separated" in v or "not determined" in v for v in found.verdicts)
    best = suggest_circuits(spectrum(F, z))[0]
    assert best.circuit == "R0-L0-p(R1,CPE1)"


def test_fixed_values_stay(chains):
    z = noisy(20 + arc(W, 80, 1e-4, 0.85), 0.003, 3)
    found = fit_circuit(spectrum(F, z), "R0-ZARC1", fixed={"ZARC1.n": 0.85})
    assert found.values["ZARC1.n"].value == 0.85
    assert found.values["ZARC1.n"].uncertainty is None
    assert found.values["ZARC1.R"].value == pytest.approx(80, rel=0.01)


def test_arcs_carry_capacitances_and_candidates():
    r, c, n = 40.0, 3e-9, 1.0
    z = noisy(20 + arc(W, r, r * c, n) + arc(W, 60, 60 * 1e-5, 0.95), 0.002, 4)
    found = fit_circuit(spectrum(F, z), "R0-p(R1,CPE1)-p(R2,CPE2)")
    arcs = sorted(found.arcs, key=lambda a: a.time_constant.value)
    assert arcs[0].capacitance.value == pytest.approx(3e-9 / 1e-4, rel=0.2)
    assert arcs[0].resistance.value == pytest.approx(40e-4, rel=0.05)
    assert arcs[0].candidates[0][0] == "grain boundaries of the electrolyte"
    assert arcs[1].candidates[0][0] == "charge transfer with double layer"
    assert "second test" in arcs[0].decides


def test_processes_by_capacitance():
    assert processes(1e-7, 1e-9, area_known=True)[0][0][0] == "bulk of the electrolyte"
    assert processes(0.1, 1e-3, area_known=True)[0][0][0] == "charge transfer with double layer"


def test_names_that_the_circuit_does_not_have():
    with pytest.raises(SpecificationError, match="no parameter 'R7'; it has R0, C1"):
        fit_circuit(spectrum(F, np.full(len(F), 10 - 1j)), "R0-C1", fixed={"R7": 1.0})


def test_too_few_points_are_refused():
    found = fit_circuit(spectrum(F[:3], np.array([10, 11, 12 - 1j])), "R0-p(R1,CPE1)-p(R2,CPE2)")
    assert found.quality == "not computed"
    assert "3 points for 7 parameters" in found.reason


def blocking(seed=0, level=0.003):
    """Grains and boundaries of a pellet between electrodes whose branch bends: no straight constant phase."""
    z = 170 + arc(W, 1300, 2e-7, 0.85) + 1 / (3e-6 * (1j * W) ** 0.9) + arc(W, 4e4, 0.1, 0.8)
    return spectrum(F, noisy(z, level, seed))


def test_more_arcs_never_fit_worse_on_blocking_spectra():
    fits = sorted(suggest_circuits(blocking()), key=lambda fit: len(fit.vector))
    noise = [fit.settings["chi_square"] for fit in fits]
    assert len(fits) > 2
    assert all(b <= 1.002 * a for a, b in pairwise(noise))


def test_undetermined_circuits_stand_behind_and_windows_count():
    fits = suggest_circuits(blocking())
    open_ones = [any("is not determined" in v and not v.startswith("L0 ") for v in fit.verdicts) for fit in fits]
    assert open_ones == sorted(open_ones)
    whole = fits[0].sums["sum of resistances"]
    parts = whole.settings["parts"]
    assert parts["model choice"] > 0
    assert whole.uncertainty == pytest.approx(np.hypot(parts["fit"], parts["model choice"]))
    assert any("above" in way for way in whole.settings["ways"])
    assert abs(whole.value - 1470) < 4 * whole.uncertainty


def test_circuits_that_fit_equally_well_widen_the_answer():
    """Two overlapping arcs: one arc less fits nearly as well, and what the circuits say of the arc differs."""
    z = noisy(20 + arc(W, 50, 1e-4, 0.9) + arc(W, 12, 8e-4, 0.9), 0.01, 6)
    fits = suggest_circuits(spectrum(F, z))
    best = fits[0]
    alike = [f for f in fits[1:] if abs(f.information - best.information) <= 6]
    sums = [f.sums["sum of resistances"].value for f in (best, *alike)]
    spread = 0.5 * np.ptp(sums)
    given = best.sums["sum of resistances"]
    if alike:
        assert given.settings["parts"]["model choice"] == pytest.approx(spread)
    assert abs(given.value - 82) < 4 * given.uncertainty


def test_spectra_without_noise_choose_the_simplest_circuit_that_is_exact_enough():
    z = 20 + arc(W, 80, 1e-5, 0.9) + arc(W, 50, 1e-2, 0.9)
    assert suggest_circuits(spectrum(F, z))[0].circuit == "R0-L0-p(R1,CPE1)-p(R2,CPE2)"


def test_a_number_that_the_data_leave_open_is_a_limit_in_its_own_unit():
    """Neither leads nor a series resistance: their standard errors are those of Ohm and H, not of a logarithm."""
    random = np.random.default_rng(3)
    z = arc(W, 1000.0, 1e-3, 0.9)
    z = z + 0.003 * abs(z) * (random.standard_normal(len(W)) + 1j * random.standard_normal(len(W)))
    found = fit_circuit(spectrum(F, z), "R0-L0-p(R1,CPE1)")
    series, leads = found.values["R0"], found.values["L0"]
    assert series.quality == leads.quality == "upper limit"
    assert 0.0 < series.interval[1] < 0.1 * abs(z).min()  # 40 points know the end of an arc better than one
    assert 0.0 < leads.interval[1] < 0.1 * abs(z).min() / W.max()
    assert found.sums["series resistance"].quality == "upper limit"
    assert found.values["R1"].value == pytest.approx(1000.0, rel=0.01)


def test_circuits_that_disagree_by_half_of_a_resistance_give_none():
    base = fit_circuit(spectrum(F, 10 + arc(W, 50.0, 1e-3, 0.9)), "R0-p(R1,CPE1)").sums["sum of resistances"]
    assert subject._spread(base, {"a": 60.0, "b": 64.0}).quality == "good"
    assert "60 to 90 Ohm in 2 fair circuits" in subject._spread(base, {"a": 60.0, "b": 90.0}).reason
    refused = subject._spread(base, {"a": 60.0, "b": 6e4})
    assert refused.quality == "not computed"
    assert "60 to 6e+04 Ohm" in refused.reason
