"""Analyses: a record in, frozen results out. No plotting, no files; alike for simulated and measured records.

Importing this package loads numpy and pydantic only.
"""

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
    polarisation_shape,
    time_to_voltage,
)
from natrode.analysis.direct_current import (
    Polarisation,
    low_field_exchange_current_density,
    overpotential_per_interface,
    tafel_exchange_current_density,
)
from natrode.analysis.evidence import Evidence
from natrode.analysis.halves import HalfCycles, half_cycles
from natrode.analysis.impedance import (
    InterfaceSeries,
    electrolyte_resistance,
    interface_resistance,
    interface_resistance_series,
    stripping_side_resistance,
)
from natrode.analysis.result import Result, Series
from natrode.analysis.spectrum import Intercepts, real_axis_intercepts
from natrode.analysis.statistics import WeibullFit, weibull_from_brackets
from natrode.analysis.summary import summarise, summarise_series
from natrode.analysis.verdict import FailureVerdict, failure, life

__all__ = [
    "CriticalCurrent",
    "CurrentSteps",
    "Evidence",
    "FailureVerdict",
    "HalfCycles",
    "Intercepts",
    "InterfaceSeries",
    "Polarisation",
    "PolarisationShape",
    "Result",
    "Series",
    "WeibullFit",
    "charge_to_voltage",
    "critical_current_density",
    "critical_current_from_ramp",
    "electrolyte_resistance",
    "failure",
    "half_cycles",
    "hysteresis",
    "interface_resistance",
    "interface_resistance_series",
    "life",
    "low_field_exchange_current_density",
    "overpotential",
    "overpotential_per_interface",
    "polarisation_growth",
    "polarisation_shape",
    "real_axis_intercepts",
    "stripping_side_resistance",
    "summarise",
    "summarise_series",
    "tafel_exchange_current_density",
    "time_to_voltage",
    "weibull_from_brackets",
]
