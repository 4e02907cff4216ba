"""What the laboratory would report of a record at first sight: the analyses that fit what is there."""

import numpy as np
import numpy.typing as npt

from natrode.analysis.along import spectra_along
from natrode.analysis.critical_current import critical_current_density, critical_current_from_ramp, is_stepped
from natrode.analysis.cycling import (
    Which,
    charge_to_voltage,
    hysteresis,
    overpotential,
    polarisation_growth,
    time_to_voltage,
    voltages,
)
from natrode.analysis.direct_current import low_field_exchange_current_density, tafel_exchange_current_density
from natrode.analysis.full_cell import capacity_fade, falls_in_discharge, full_cell_cycles, is_full_cell
from natrode.analysis.halves import HalfCycles, half_cycles
from natrode.analysis.impedance import (
    FirstSpectrum,
    electrolyte_resistance,
    interface_resistance,
    interface_resistance_series,
    stripping_side_resistance,
)
from natrode.analysis.ohmic import correction_of, current_interrupt
from natrode.analysis.onset import onset_voltage
from natrode.analysis.reading import KnownResistance, Record, interfaces_of
from natrode.analysis.result import Result, Series
from natrode.analysis.verdict import FailureVerdict, failure, life
from natrode.measurement import Column, Experiment, Measurement


def summarise(record: Record, electrolyte: KnownResistance | None = None) -> list[Result]:
    """Return the results that fit a record or an experiment, refusals with their reasons among them.

    Args:
        record: one measurement of any kind, or an experiment.
        electrolyte: resistance of the electrolyte of the whole cell [Ohm], a (value, uncertainty) pair or a
            Result; None: from the experiment's first spectrum, where there is one.

    Returns:
        Results in the order voltage, failure, critical current, impedance, onset, kinetics; of a full cell its
            capacities, efficiencies, gap and fade instead.
    """
    experiment = _experiment(record)
    results: list[Result] = []
    for cycling in experiment.of_kind("cycling"):
        parts = (cycling, *experiment.of_kind("impedance"))
        results += _of_cycling(Experiment(experiment.title, parts), electrolyte)
    for impedance in experiment.of_kind("impedance"):
        results += _of_impedance(impedance, electrolyte)
    for sweep in experiment.of_kind("sweep"):
        onsets = [onset_voltage(sweep, "oxidation"), onset_voltage(sweep, "reduction")]
        if interfaces_of(sweep) != 2:
            results += [r for r in onsets if r.value is not None] or onsets
        if interfaces_of(sweep) is not None:
            ohmic = _ohmic(experiment, sweep) if electrolyte is None else electrolyte
            results += [
                low_field_exchange_current_density(sweep, ohmic),
                tafel_exchange_current_density(sweep, ohmic),
            ]
    return results


def verdict_of(record: Record, electrolyte: KnownResistance | None = None) -> FailureVerdict | None:
    """Return how a symmetric cell failed, or that it did not, with the evidence.

    Args:
        record: one measurement of any kind, or an experiment.
        electrolyte: as in `summarise`.

    Returns:
        FailureVerdict; None where no half cycles of constant current were recorded, or several records of them.
    """
    experiment = _experiment(record)
    if len(experiment.of_kind("cycling")) != 1:
        return None
    half = half_cycles(experiment.cycling)
    full = is_full_cell(experiment.cycling) and falls_in_discharge(experiment.cycling)
    if full or not len(half) or not _galvanostatic(experiment.cycling, half):
        return None
    return failure(experiment, electrolyte)


def _ohmic(experiment: Experiment, sweep: Measurement) -> KnownResistance | None:
    """What the ohmic drop of a sweep is: the first spectrum's high-frequency end, else a current interrupt's.

    None where the voltage was corrected before, or neither was recorded.
    """
    if correction_of(sweep) not in ("none", "unknown"):
        return None
    spectra = [s for m in experiment.of_kind("impedance") for s in m.spectra()[:1]]
    found = [electrolyte_resistance(s) for s in spectra] + [current_interrupt(m) for m in experiment.of_kind("cycling")]
    return next((r for r in found if r.value is not None), None)


def _experiment(record: Record) -> Experiment:
    return record if isinstance(record, Experiment) else Experiment(record.metadata.title, (record,))


def _of_cycling(experiment: Experiment, electrolyte: KnownResistance | None) -> list[Result]:
    cycling = experiment.cycling
    half = half_cycles(cycling)
    if not len(half):
        return []
    if is_full_cell(cycling) and falls_in_discharge(cycling):
        cycles = full_cell_cycles(cycling)
        fade = capacity_fade(cycles)
        return [*cycles.results, *(r for r in fade.results if r.quality != "not computed")]
    if not _galvanostatic(cycling, half):
        ramp = critical_current_from_ramp(cycling)
        return [] if ramp.quality == "not computed" else [ramp]
    verdict = failure(experiment, electrolyte)
    found = [life(experiment, electrolyte_resistance=electrolyte), verdict.margin]
    if is_stepped(half):
        critical = critical_current_density(experiment, electrolyte)
        return [
            critical.largest_survived,
            critical.lowest_failed,
            critical.stripping,
            critical.plating,
            critical.non_ohmic_onset,
            critical.cumulative_charge,
            *found,
        ]
    if half.one_sided:
        return [overpotential(cycling), *_to_the_limit(cycling, half, verdict), *found]
    return [overpotential(cycling), hysteresis(cycling), polarisation_growth(cycling), *found]


def _to_the_limit(cycling: Measurement, half: HalfCycles, verdict: FailureVerdict) -> list[Result]:
    """Time and charge of a one-sided test up to the protocol's voltage limit, where it came so far."""
    limit = verdict.settings["voltage_limit"]
    if limit is None or half.voltage_peak.max() < limit * (1.0 - 1e-6):
        return []
    answers = [time_to_voltage(cycling, limit)]
    return answers if half.basis == "voltage" else [*answers, charge_to_voltage(cycling, limit)]


def _galvanostatic(cycling: Measurement, half: HalfCycles) -> bool:
    """Whether the current is constant (standard deviation under a fifth of the mean) in most half cycles."""
    if half.basis == "voltage":
        return True
    current = cycling.array(Column.CURRENT)
    some = np.unique(np.linspace(0, len(half) - 1, min(len(half), 20)).astype(int))
    spread = [float(np.nanstd(current[half.start[k] : half.end[k] + 1])) for k in some]
    return bool(np.median(np.array(spread) / np.abs(half.current[some])) < 0.2)


def _given(impedance: Measurement, electrolyte: KnownResistance | None) -> KnownResistance | FirstSpectrum | None:
    """What is removed: the given electrolyte or the first spectrum's, each spectrum's own where that has changed.

    A given resistance holds at one temperature; the first spectrum's at one temperature and pressure.
    """
    found = spectra_along(impedance)
    changes = ("temperature", "pressure") if electrolyte is None else ("temperature",)
    if found is not None and found.along in changes:
        return None
    return "first spectrum" if electrolyte is None else electrolyte


def _of_impedance(impedance: Measurement, electrolyte: KnownResistance | None) -> list[Result]:
    spectra, given = impedance.spectra(), _given(impedance, electrolyte)
    series = interface_resistance_series(impedance, given)
    at_first = given if electrolyte is None else electrolyte  # what was given holds where the series begins
    first = series.results[0] if at_first == given else interface_resistance(spectra[0], at_first)
    found = [electrolyte_resistance(spectra[0]), first]
    if interfaces_of(impedance) == 2 and not series.one_sided:
        found.append(interface_resistance(spectra[0], at_first, "interface"))
    if len(spectra) > 1:
        found.append(series.results[-1])
        if series.one_sided:
            found.append(stripping_side_resistance(impedance, given).results[-1])
    return found


def summarise_series(record: Record, electrolyte: KnownResistance | None = None) -> list[Series]:
    """Return what a record holds one value of per half cycle or spectrum, ready to be drawn.

    Args:
        record: one measurement of any kind, or an experiment.
        electrolyte: as in `summarise`.

    Returns:
        Overpotentials (mean, end, peak) against time for cycling records of more than two half cycles; capacities,
        efficiency and voltage gap against the cycle for full cells, whose voltage is no overpotential; interface
        resistances against time and, in one-sided tests, against charge for records of several spectra; against the
        cycles completed before, where the cell was cycled between them on the same clock.
    """
    experiment = _experiment(record)
    found: list[Series] = []
    names: tuple[Which, ...] = ("mean", "end", "peak")
    for cycling in experiment.of_kind("cycling"):
        half = half_cycles(cycling)
        if is_full_cell(cycling) and falls_in_discharge(cycling):
            cycles = full_cell_cycles(cycling)
            found += cycles.series() if len(cycles.cycle) > 1 else []
        elif len(half) > 2:
            time = 0.5 * (half.start_time + half.end_time)
            for which in names:
                values = voltages(half, which)
                found.append(Series.of(overpotential(cycling, which), values, time, "time", "test time"))
    for impedance in experiment.of_kind("impedance"):
        found += _series_of_spectra(impedance, electrolyte, _ends_of_cycles(experiment))
    return found


def _ends_of_cycles(experiment: Experiment) -> npt.NDArray[np.float64]:
    """Test time at which each cycle was completed [s]; none without one record of cycling that goes both ways."""
    records = experiment.of_kind("cycling")
    half = half_cycles(records[0]) if len(records) == 1 else None
    if half is None or not len(half) or half.one_sided:
        return np.empty(0)
    last = np.flatnonzero(np.diff(half.cycle, append=half.cycle[-1] + 1))
    return np.asarray(half.end_time[last])


def _series_of_spectra(
    impedance: Measurement, electrolyte: KnownResistance | None, ends: npt.NDArray[np.float64]
) -> list[Series]:
    """Interface resistances of several spectra; `ends` of the cycles between them [s]."""
    given = _given(impedance, electrolyte)
    series = interface_resistance_series(impedance, given)
    found: list[Series] = []
    if len(series.results) < 2:
        return found
    if Column.TIME in impedance:
        meaning, errors = series.results[0], series.uncertainty
        found.append(Series.of(meaning, series.resistance, series.time, "time", "test time", errors))
        cycles = np.searchsorted(ends, series.time).astype(float)
        if len(np.unique(cycles)) > 2:
            found.append(Series.of(meaning, series.resistance, cycles, "number", "cycle", errors))
    if series.one_sided and Column.CHARGE in impedance:
        sides = stripping_side_resistance(impedance, given)
        meaning, errors = sides.results[-1], sides.uncertainty
        found.append(Series.of(meaning, sides.resistance, sides.charge, "charge", "net charge", errors))
    return found
