"""Shorts seen in a series of spectra; scenario 2 of the laboratory on the only public series of that kind."""

import os
from pathlib import Path

import numpy as np
import pytest

from natrode.analysis import failure, half_cycles, polarisation_shape
from natrode.measurement import Column, Experiment
from tests.analysis.records import (
    ELECTROLYTE,
    HOUR,
    cycling_record,
    experiment,
    parallel,
    spectrum_record,
    zarc,
)

F = np.logspace(6, -1, 43)
COUNT = 24
TIME = HOUR * np.arange(COUNT)


def one_sided(change, rest, noise=0.002, seed=0, temperature=None, conduct=None):
    """A one-sided test with a spectrum every hour: Z after `change(k, Z_electrolyte, Z_interface)`."""
    spectra = [change(k, ELECTROLYTE + 0j, zarc(F, 30.0, 1e-3)) for k in range(COUNT)]
    columns = {
        Column.TIME.value: TIME,
        Column.DC_CURRENT.value: np.zeros(COUNT),
        Column.VOLTAGE.value: [rest(k) for k in range(COUNT)],
    }
    if temperature is not None:
        columns[Column.TEMPERATURE.value] = [temperature(k) for k in range(COUNT)]
    impedance = spectrum_record(spectra, F, noise=noise, seed=seed, columns=columns)
    low = np.array([abs(z[-1]) for z in spectra])
    cycling = cycling_record(
        [(HOUR, 1e-4)] * (COUNT - 1),
        lambda t: conduct(t) if conduct else np.interp(t, TIME, low),
        samples=60,
        noise=2e-5,
        seed=seed,
    )
    return experiment(cycling, impedance)


def short(k, electrolyte, interface):
    z = electrolyte + interface
    return z * 40.0 / (z + 40.0) if k >= 12 else z


def activation(k, electrolyte, interface):
    return electrolyte + interface * (0.3 if k >= 12 else 1.0)


def test_a_short_is_told_by_phase_and_rest_potential():
    for seed in range(5):
        verdict = failure(one_sided(short, lambda k: 0.02 if k < 12 else 0.004, seed=seed), ELECTROLYTE)
        assert verdict.kind.endswith("short")
        assert verdict.grade in ("probable", "certain")
        assert {"impedance", "rest potential"} <= {e.kind for e in verdict.evidence}
        assert TIME[10] <= verdict.onset[0] <= verdict.onset[1] <= TIME[13]


def test_an_activation_is_not_decidable():
    for seed in range(5):
        verdict = failure(one_sided(activation, lambda k: 0.02, seed=seed))
        assert verdict.grade in ("none", "possible")
        assert any("not decidable" in e.statement for e in verdict.undecided) or verdict.grade == "possible"


def test_a_quiet_series_and_a_warm_day_are_no_event():
    def warm(k):
        return 25.0 + 8.0 * (k >= 12)

    def thermal(k, electrolyte, interface):
        return (electrolyte + interface) * np.exp(0.26 / 8.617e-5 * (1 / (warm(k) + 273.15) - 1 / 298.15))

    for change, temperature in ((lambda k, a, b: a + b, None), (thermal, warm)):
        record = one_sided(change, lambda k: 0.02, temperature=temperature, conduct=lambda t: np.full(len(t), 70.0))
        verdict = failure(record, ELECTROLYTE)
        assert verdict.grade == "none", verdict.summary
        assert not verdict.undecided


@pytest.fixture(scope="module")
def lithium():
    folder = Path(os.environ.get("NATRODE_SAMPLES", "../shared/samples")) / "symmetric_LiLi"
    if not folder.is_dir():
        pytest.skip("the sample files are not there: set NATRODE_SAMPLES")
    from natrode import read

    stem = "jr862_11_08_23_insitu-impedance-LiLi_1MLiTFSI_TEGDME-1mA_"
    spectra = read(folder / f"{stem}02_GEIS_C05.mpr")[0]
    voltage = read(folder / f"{stem}03_GCPL_C05.txt")[0]
    return Experiment("Li | Li", (voltage, spectra))


def test_scenario_2_one_sided_steps(lithium):
    half = half_cycles(lithium)
    assert len(half) == 45
    assert half.summary.startswith("no sign change: one-sided test, 45 steps")
    assert polarisation_shape(lithium).shape.shape == (45,)


def test_scenario_2_the_probable_short_is_found_and_its_twin_is_not_decidable(lithium):
    verdict = failure(lithium)
    assert (verdict.kind, verdict.grade) == ("soft short", "probable")
    assert {e.kind for e in verdict.evidence} == {"impedance", "rest potential"}
    begin, end = (moment / HOUR for moment in verdict.onset)
    assert end - begin < 1.1
    # the voltage at rest of the spectra before and after it, read from the record itself
    rest = np.array([s.array(Column.VOLTAGE).mean() for s in lithium.impedance.spectra()])
    times = np.array([s.array(Column.TIME).mean() for s in lithium.impedance.spectra()]) / HOUR
    assert rest[times <= begin + 1e-6].min() > 1.5 * rest[times >= end - 1e-6].max()
    twins = [e for e in verdict.undecided if "not decidable" in e.statement]
    assert len(twins) == 1
    assert twins[0].numbers["fall"] == pytest.approx(
        next(e for e in verdict.evidence if e.kind == "impedance").numbers["fall"], abs=0.1
    )
    assert verdict.margin.reason.startswith("not checkable")


def test_leaks_of_all_sizes():
    """Down to a leak of the cell's own resistance the two witnesses of the spectra agree."""
    for leak in (10.0, 40.0, 70.0):

        def change(k, a, b, leak=leak):
            return parallel(a + b, leak) if k >= 12 else a + b

        verdict = failure(one_sided(change, lambda k: 0.02 if k < 12 else 0.008))
        assert verdict.grade in ("probable", "certain"), leak
