"""natrode: a virtual laboratory and data workbench for sodium-metal solid-state batteries.

The names below are the public interface; each is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Cell": "natrode.cell",
    "FullCell": "natrode.cell",
    "Protocol": "natrode.protocol",
    "Experiment": "natrode.measurement",
    "Measurement": "natrode.measurement",
    "simulate": "natrode.simulate.symmetric",
    "read": "natrode.instruments.registry",
    "replicate": "natrode.simulate.replicates",
    "paper": "natrode.reproduce.library:load_paper",
    "reproduce": "natrode.reproduce.run",
    "summarise": "natrode.analysis",
    "critical_current_density": "natrode.analysis",
    "overpotential": "natrode.analysis",
    "life": "natrode.analysis",
    "failure": "natrode.analysis",
    "interface_resistance": "natrode.analysis",
    "kramers_kronig": "natrode.analysis",
    "relaxation_times": "natrode.analysis",
    "fit_circuit": "natrode.analysis",
    "suggest_circuits": "natrode.analysis",
    "time_to_voltage": "natrode.analysis",
    "tafel_exchange_current_density": "natrode.analysis",
    "low_field_exchange_current_density": "natrode.analysis",
    "against_literature": "natrode.analysis",
    "arc_series": "natrode.analysis",
    "error_budget": "natrode.analysis",
    "compare_groups": "natrode.analysis",
    "group_statistics": "natrode.analysis",
    "differential_capacity": "natrode.analysis",
    "capacity_fade": "natrode.analysis",
    "full_cell_cycles": "natrode.analysis",
    "growth_series": "natrode.analysis",
    "thickness_series": "natrode.analysis",
    "pressure_series": "natrode.analysis",
    "arrhenius": "natrode.analysis",
    "warburg_coefficient": "natrode.analysis",
    "transference_number": "natrode.analysis",
    "relaxation_after_current": "natrode.analysis",
    "plating_efficiency": "natrode.analysis",
    "onset_voltage": "natrode.analysis",
    "nucleation_overpotential": "natrode.analysis",
    "ionic_conductivity": "natrode.analysis",
    "electronic_conductivity": "natrode.analysis",
    "diffusion_coefficient": "natrode.analysis",
    "current_interrupt": "natrode.analysis",
}

__all__ = ["__version__", *sorted(_HOMES)]

if TYPE_CHECKING:
    from natrode.analysis import (
        against_literature,
        arc_series,
        arrhenius,
        capacity_fade,
        compare_groups,
        critical_current_density,
        current_interrupt,
        differential_capacity,
        diffusion_coefficient,
        electronic_conductivity,
        error_budget,
        failure,
        fit_circuit,
        full_cell_cycles,
        group_statistics,
        growth_series,
        interface_resistance,
        ionic_conductivity,
        kramers_kronig,
        life,
        low_field_exchange_current_density,
        nucleation_overpotential,
        onset_voltage,
        overpotential,
        plating_efficiency,
        pressure_series,
        relaxation_after_current,
        relaxation_times,
        suggest_circuits,
        summarise,
        tafel_exchange_current_density,
        thickness_series,
        time_to_voltage,
        transference_number,
        warburg_coefficient,
    )
    from natrode.cell import Cell, FullCell
    from natrode.instruments.registry import read
    from natrode.measurement import Experiment, Measurement
    from natrode.protocol import Protocol
    from natrode.reproduce.library import load_paper as paper
    from natrode.reproduce.run import reproduce
    from natrode.simulate.replicates import replicate
    from natrode.simulate.symmetric import simulate


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"natrode has no '{name}'; it has {', '.join(__all__)}")
    home, _, other = _HOMES[name].partition(":")
    return getattr(import_module(home), other or name)
