"""Analyses: a record in, frozen results out. No plotting, no files; alike for simulated and measured records.

Importing this package loads numpy and pydantic only; what rests on compiled kernels is imported when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from natrode.analysis.along import (
    PeakSeries,
    SpectraAlong,
    arcs_along,
    is_rest,
    peaks_along,
    resistance_against_pressure,
    resistance_at_rest,
    spectra_along,
)
from natrode.analysis.arcs import ArcSeries, RungFit, arc_series
from natrode.analysis.circuit import ELEMENTS, Circuit, parse_circuit
from natrode.analysis.critical_current import (
    CriticalCurrent,
    CurrentSteps,
    critical_current_density,
    critical_current_from_ramp,
)
from natrode.analysis.cycling import (
    PolarisationShape,
    charge_to_voltage,
    hysteresis,
    overpotential,
    polarisation_growth,
    polarisation_index,
    polarisation_shape,
    time_to_voltage,
)
from natrode.analysis.diffusion import (
    diffusion_coefficient,
    diffusion_coefficient_from_time,
    diffusion_coefficient_of,
    warburg_coefficient,
)
from natrode.analysis.direct_current import (
    Polarisation,
    low_field_exchange_current_density,
    overpotential_per_interface,
    tafel_exchange_current_density,
)
from natrode.analysis.evidence import Evidence
from natrode.analysis.full_cell import (
    CapacityFade,
    FullCellCycles,
    capacity_fade,
    differential_capacity,
    full_cell_cycles,
    is_full_cell,
)
from natrode.analysis.halves import HalfCycles, half_cycles
from natrode.analysis.impedance import (
    InterfaceSeries,
    electrolyte_resistance,
    interface_resistance,
    interface_resistance_series,
    stripping_side_resistance,
)
from natrode.analysis.linearity import voltage_amplitude
from natrode.analysis.literature import LiteraturePlace, Published, against_literature
from natrode.analysis.ohmic import correction_of, current_interrupt
from natrode.analysis.onset import onset_voltage
from natrode.analysis.pellet import pellet_conductivity, pellet_resistance, resistance_against_temperature
from natrode.analysis.plating import (
    PlatingEfficiency,
    nucleation_overpotential,
    plates_on_collector,
    plating_efficiency,
)
from natrode.analysis.relaxation import Relaxation, relaxation_after_current
from natrode.analysis.replicates import (
    ErrorBudget,
    GroupComparison,
    GroupStatistics,
    Replicate,
    compare_groups,
    difference_of_protocols,
    error_budget,
    group_statistics,
    replicates_from_table,
)
from natrode.analysis.result import Result, Series
from natrode.analysis.spectrum import Intercepts, mask_points, real_axis_intercepts
from natrode.analysis.statistics import WeibullFit, weibull_from_brackets
from natrode.analysis.summary import summarise, summarise_series, verdict_of
from natrode.analysis.temperature_series import (
    ArrheniusFit,
    BreakTest,
    TemperatureError,
    arrhenius,
    read_temperature_error,
)
from natrode.analysis.transfer import (
    electronic_conductivity,
    holds,
    ionic_conductivity,
    transference_from_spectra,
    transference_number,
)
from natrode.analysis.trends import (
    GrowthLaw,
    GrowthSeries,
    PressureSeries,
    ThicknessSeries,
    growth_series,
    pressure_series,
    thickness_series,
)
from natrode.analysis.verdict import FailureVerdict, failure, life

_COMPILED = {
    "KramersKronig": "validity",
    "kramers_kronig": "validity",
    "RelaxationTimes": "distribution",
    "RelaxationPeak": "distribution",
    "relaxation_times": "distribution",
    "track_peaks": "distribution",
    "CircuitFit": "circuit_fit",
    "Arc": "circuit_fit",
    "fit_circuit": "circuit_fit",
    "suggest_circuits": "circuit_fit",
}

if TYPE_CHECKING:
    from natrode.analysis.circuit_fit import Arc, CircuitFit, fit_circuit, suggest_circuits
    from natrode.analysis.distribution import RelaxationPeak, RelaxationTimes, relaxation_times, track_peaks
    from natrode.analysis.validity import KramersKronig, kramers_kronig

__all__ = [
    "ELEMENTS",
    "Arc",
    "ArcSeries",
    "ArrheniusFit",
    "BreakTest",
    "CapacityFade",
    "Circuit",
    "CircuitFit",
    "CriticalCurrent",
    "CurrentSteps",
    "ErrorBudget",
    "Evidence",
    "FailureVerdict",
    "FullCellCycles",
    "GroupComparison",
    "GroupStatistics",
    "GrowthLaw",
    "GrowthSeries",
    "HalfCycles",
    "Intercepts",
    "InterfaceSeries",
    "KramersKronig",
    "LiteraturePlace",
    "PeakSeries",
    "PlatingEfficiency",
    "Polarisation",
    "PolarisationShape",
    "PressureSeries",
    "Published",
    "Relaxation",
    "RelaxationPeak",
    "RelaxationTimes",
    "Replicate",
    "Result",
    "RungFit",
    "Series",
    "SpectraAlong",
    "TemperatureError",
    "ThicknessSeries",
    "WeibullFit",
    "against_literature",
    "arc_series",
    "arcs_along",
    "arrhenius",
    "capacity_fade",
    "charge_to_voltage",
    "compare_groups",
    "correction_of",
    "critical_current_density",
    "critical_current_from_ramp",
    "current_interrupt",
    "difference_of_protocols",
    "differential_capacity",
    "diffusion_coefficient",
    "diffusion_coefficient_from_time",
    "diffusion_coefficient_of",
    "electrolyte_resistance",
    "electronic_conductivity",
    "error_budget",
    "failure",
    "fit_circuit",
    "full_cell_cycles",
    "group_statistics",
    "growth_series",
    "half_cycles",
    "holds",
    "hysteresis",
    "interface_resistance",
    "interface_resistance_series",
    "ionic_conductivity",
    "is_full_cell",
    "is_rest",
    "kramers_kronig",
    "life",
    "low_field_exchange_current_density",
    "mask_points",
    "nucleation_overpotential",
    "onset_voltage",
    "overpotential",
    "overpotential_per_interface",
    "parse_circuit",
    "peaks_along",
    "pellet_conductivity",
    "pellet_resistance",
    "plates_on_collector",
    "plating_efficiency",
    "polarisation_growth",
    "polarisation_index",
    "polarisation_shape",
    "pressure_series",
    "read_temperature_error",
    "real_axis_intercepts",
    "relaxation_after_current",
    "relaxation_times",
    "replicates_from_table",
    "resistance_against_pressure",
    "resistance_against_temperature",
    "resistance_at_rest",
    "spectra_along",
    "stripping_side_resistance",
    "suggest_circuits",
    "summarise",
    "summarise_series",
    "tafel_exchange_current_density",
    "thickness_series",
    "time_to_voltage",
    "track_peaks",
    "transference_from_spectra",
    "transference_number",
    "verdict_of",
    "voltage_amplitude",
    "warburg_coefficient",
    "weibull_from_brackets",
]


def __getattr__(name: str) -> Any:
    if name not in _COMPILED:
        raise AttributeError(f"natrode.analysis has no '{name}'")
    return getattr(import_module(f"natrode.analysis.{_COMPILED[name]}"), name)
