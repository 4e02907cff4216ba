import re

import numpy as np
import pytest

from natrode.analysis import kramers_kronig, mask_points, relaxation_times, validity
from natrode.errors import RecordError
from natrode.instruments.registry import read
from tests.instruments.text_files import SAMPLES

from .spectra import drifted, frequencies, spectrum, truths


def sample(name):
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample {name} is not here (NATRODE_SAMPLES)")
    return path


F = frequencies()
N = len(F)


@pytest.fixture(scope="module")
def cases():
    return truths(120, seed=911)


def failed(found):
    return (found["p_drift"].min(axis=1) < validity.LEVEL) | (found["p_walk"] < validity.LEVEL)


def test_valid_spectra_pass(cases):
    found = validity.statistics_of(F, np.array([case.impedance for case in cases]), None)
    assert np.mean(failed(found)) <= 0.04
    assert np.mean(found["p_outlier"] < validity.OUTLIER_LEVEL) <= 0.04
    assert np.median(found["noise"] / [case.noise for case in cases]) == pytest.approx(1.0, abs=0.05)


def test_drift_over_the_points_is_seen(cases):
    random = np.random.default_rng(1)
    z = np.array([drifted(case, 1 + 0.1 * np.arange(N) / (N - 1), random) for case in cases])
    found = validity.statistics_of(F, z, None)
    assert np.mean(failed(found)) >= 0.94
    assert np.median(found["drift"][:, 0]) == pytest.approx(0.08, abs=0.02)


def test_time_stamps_sharpen_the_test(cases):
    random = np.random.default_rng(2)
    clock = np.cumsum(np.maximum(1.0, 3.0 / F))
    share = (clock - clock[0]) / np.ptp(clock)
    z = np.array([drifted(case, 1 + 0.1 * share, random) for case in cases])
    assert np.mean(failed(validity.statistics_of(F, z, clock))) >= 0.92
    assert np.mean(failed(validity.statistics_of(F, z, None))) >= 0.75


def test_single_outliers_are_found_where_they_are(cases):
    random = np.random.default_rng(3)
    z = np.array([case.impedance for case in cases])
    places = random.integers(0, N, len(cases))
    z[np.arange(len(cases)), places] *= 1 + 0.05 * np.exp(2j * np.pi * random.uniform(size=len(cases)))
    found = validity.statistics_of(F, z, None)
    assert np.mean((found["p_outlier"] < validity.OUTLIER_LEVEL) & (found["outlier_at"] == places)) >= 0.86


def test_an_outlier_does_not_choose_the_number_of_elements(cases):
    z = np.array([case.impedance for case in cases])
    without = validity.statistics_of(F, z, None)["elements"]
    z[:, N // 2] *= 1.1
    within = validity.statistics_of(F, z, None)["elements"]
    assert np.mean(within == without) >= 0.8


def test_an_outlier_is_left_out_and_named(cases):
    z = cases[0].impedance.copy()
    z[20] *= 1.3
    found = kramers_kronig(spectrum(F[::-1], z[::-1]))
    assert found.outliers == (N - 1 - 20,)
    assert found.verdict == "passed"
    assert "1 outlying point left out" in found.reason
    masked = mask_points(spectrum(F[::-1], z[::-1]), found.outliers, "Kramers-Kronig outlier")
    assert kramers_kronig(masked).outliers == ()
    assert len(masked.table) == N
    assert "masked" in masked.metadata.assumptions[-1]
    assert relaxation_times(masked, refits=0).settings["points"] == N - 1


def test_the_verdict_states_the_drift_that_it_could_have_seen(cases):
    found = kramers_kronig(spectrum(F, cases[1].impedance))
    assert found.verdict == "passed"
    assert 0.005 < found.detectable_drift < 0.2
    assert "would have been seen" in found.reason
    z = drifted(cases[1], 1 + 2 * found.detectable_drift * np.arange(N) / (N - 1), np.random.default_rng(5))
    assert kramers_kronig(spectrum(F, z)).verdict == "drift"


def test_a_bump_is_no_drift_and_is_placed_where_it_is(cases):
    """As an instrument leaves it that changes its way of measuring within the sweep."""
    bump = 1 + 0.03 * np.exp(-(((np.arange(N) - 32) / 2.5) ** 2))
    found = kramers_kronig(spectrum(F, drifted(cases[1], bump, np.random.default_rng(4))))
    assert found.verdict == "random walk"
    assert "a steady drift is not shown" in found.reason
    assert "change by" not in found.reason
    worst = int(np.argmax(np.abs(found.residual)))
    assert f"{found.frequency[worst]:.3g} Hz" in found.reason
    assert abs(worst - 32) <= 3
    assert found.departure == pytest.approx(np.abs(found.residual).max())
    low, high = (float(x) for x in re.search(r"points \(([\d.e+]+) to ([\d.e+]+) Hz\)", found.reason).groups()[::-1])
    assert low <= F[32] <= high


def test_a_real_spectrum_that_wanders_at_one_frequency():
    record = read(sample("chi_txt/exampleDataCHInstruments.txt"))[0]
    found = kramers_kronig(record)
    assert found.verdict == "random walk"
    assert abs(found.drift) < 3 * found.drift_deviation
    assert "at 1.78 Hz" in found.reason


def test_below_twenty_points_there_is_no_verdict():
    found = kramers_kronig(spectrum(F[:15], np.full(15, 10.0 - 1j)))
    assert found.verdict == "no verdict"
    assert "15 points" in found.reason
    assert found.noise is None


def test_a_masked_point_changes_the_digest_with_its_reason():
    record = spectrum(F, np.full(N, 10.0 - 1j))
    assert record.digest  # known before the copy of its metadata is changed
    one, other = (mask_points(record, [3], reason) for reason in ("outlier", "lead"))
    assert len({record.digest, one.digest, other.digest}) == 3


def test_a_row_that_is_not_there_cannot_be_masked():
    with pytest.raises(RecordError, match="row 99 cannot be masked"):
        mask_points(spectrum(F, np.full(N, 10.0 - 1j)), [99], "no reason")


def test_saddlepoint_against_chi_squares():
    from scipy import stats

    from natrode.analysis._kramers_kronig import upper_tail

    for ratio in (0.5, 1.0, 1.7, 2.5):  # P(chi2_5 > ratio chi2_20) is a tail of F
        weights = np.r_[np.ones(5), -ratio / 4 * np.ones(20)]
        assert upper_tail(weights) == pytest.approx(stats.f.sf(ratio, 5, 20), rel=0.03)
