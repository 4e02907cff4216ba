"""The analyses that a figure may name, and what each takes.

Each takes the record of the figure's experiment, as the laboratory would. Quantities are text with a unit.

interface-resistance {per, spectrum}   resistance from one spectrum (1 the first, 0 or nothing: the last) with the
                                       electrolyte's removed; per "interface" (of two assumed equal) or "cell"
resistance-at-time {time, per}         the same from the spectrum nearest to a test time
resistance-ratio {time, reference, per, above | below}
                                       resistance at `time` over that at `reference`; true or false with above, below
resistance-rise-time {share, per}      test time at which a series of spectra reaches that share of its last resistance
growing-relaxation-time {}             relaxation time of the process that grows most over a series of spectra of
                                       one-sided stripping, from distributions of relaxation times
time-to-voltage {threshold}            time under current in one direction until |V| reaches the threshold
voltage-at {time}                      |V| at a test time
voltage-ratio {time, reference, above | below}
                                       |V| at `time` over |V| at `reference`, times counted from the first current; a
                                       record that ended before `time` by its voltage limit gives a lower limit; true or
                                       false with above, below
critical-current {convention, statistic}
                                       "largest survived", "lowest failed", "stripping", "plating" or "onset" (of
                                       non-ohmic polarisation); statistic "mean" over the experiment's replicates
ramp-current {}                        current density at which a linear ramp leaves the ohmic line
overpotential {which, cycle}           "mean", "end" or "peak" of a half cycle, of cycle 1, 2, ... or "last"
hysteresis {cycle}                     distance of the two directions' mean voltages
first-cycle-above {voltage}            first cycle with |V| above
life {criterion}                       time under test until failure; a lower limit when the cell is alive at the end
failure-cycle {}                       cycle in which the cell fails; a lower limit when it does not
survives {duration}                    true when no failure was found up to then
failure-kind {is}                      true when the failure found is of that kind, or one of a list
discharge-capacity {cycle}              charge of one discharge per mass of active material of a full cell
capacity-ratio {cycle, reference}      the discharge of one cycle over that of another
capacity-loss {cycle, reference}       the part of the capacity that is lost per cycle between the two
coulombic-efficiency {}                mean of the whole cycles after the first
voltage-gap {cycle}                    mean voltage of the charge above that of the discharge
discharge-end-voltage {cycle}          last voltage of a discharge
cycles-at-capacity {capacity}          cycles whose discharge gives a capacity; a lower limit when all do
endless-charge {}                      cycle whose charge does not end; a lower limit when all end
fails-softly {}                        true when a cell fails in a charge that never ends while its voltage holds
efficiency-falls {below, after}        true when the efficiency falls below a bound, and only after a cycle
fades {cycle, reference, below}        true when a cell keeps less than a part of its capacity, or fails before
cell-resistance {spectrum}             resistance of a full cell up to its diffusion
resistance-rises {factor}              true when the last spectrum's cell resistance is so much above the first's
apparent-diffusivity {line}            of the cathode, from the last spectrum of a full cell: "45 degrees" (which may
                                       not be there) or "forced" through the lowest decade
ratio-of-experiments, difference-of-experiments {analysis, with, order}
                                       of two experiments, draw by draw: the first over, or less, the second
compare-experiments {analysis, with, order}
                                       true when `analysis` (its arguments in `with`) rises along `order`, a list of
                                       experiments; a list inside the list stands for experiments whose mutual order is
                                       left open
arithmetic {function, ...}             no record: a function of `natrode.reproduce.arithmetic` with its own arguments
resolved {answer}                      no record: what stored studies of electrodes resolved in three dimensions say, a
                                       function of `natrode.reproduce.resolved`
"""

from collections.abc import Mapping
from inspect import signature
from typing import Any

from natrode.errors import SpecificationError, UnitError
from natrode.specification import suggest
from natrode.units import DIMENSIONS, read_quantity

_PER = ("interface", "cell")
_CRITERIA = ("any", "short", "contact loss", "voltage limit")
_KINDS = ("none", "hard short", "soft short", "contact loss", "voltage limit")
_RESOLVED = (
    "resistance-one-to-one",
    "reaction-depth",
    "steady-current",
    "settling-time",
    "skeleton",
)
_CONVENTIONS = ("largest survived", "lowest failed", "stripping", "plating", "onset")
ANALYSES: dict[str, dict[str, str | tuple[str, ...]]] = {
    "interface-resistance": {"per": _PER, "spectrum": "count"},
    "resistance-at-time": {"per": _PER, "time": "time"},
    "resistance-ratio": {"per": _PER, "time": "time", "reference": "time", "above": "number", "below": "number"},
    "resistance-rise-time": {"per": _PER, "share": "fraction"},
    "growing-relaxation-time": {},
    "time-to-voltage": {"threshold": "voltage"},
    "voltage-at": {"time": "time"},
    "voltage-ratio": {"time": "time", "reference": "time", "above": "number", "below": "number"},
    "critical-current": {"convention": _CONVENTIONS, "statistic": ("mean",)},
    "ramp-current": {},
    "overpotential": {"which": ("mean", "end", "peak"), "cycle": "cycle"},
    "hysteresis": {"cycle": "cycle"},
    "first-cycle-above": {"voltage": "voltage"},
    "life": {"criterion": _CRITERIA},
    "failure-cycle": {},
    "survives": {"duration": "time"},
    "failure-kind": {"is": "kinds"},
    "discharge-capacity": {"cycle": "cycle"},
    "capacity-ratio": {"cycle": "cycle", "reference": "cycle"},
    "capacity-loss": {"cycle": "cycle", "reference": "cycle"},
    "coulombic-efficiency": {},
    "voltage-gap": {"cycle": "cycle"},
    "discharge-end-voltage": {"cycle": "cycle"},
    "cycles-at-capacity": {"capacity": "specific charge"},
    "endless-charge": {},
    "fails-softly": {},
    "efficiency-falls": {"below": "fraction", "after": "cycle"},
    "fades": {"cycle": "cycle", "reference": "cycle", "below": "fraction"},
    "cell-resistance": {"spectrum": "count"},
    "resistance-rises": {"factor": "number"},
    "apparent-diffusivity": {"line": ("forced", "45 degrees")},
    "ratio-of-experiments": {"analysis": "analysis", "with": "table", "order": "experiments"},
    "difference-of-experiments": {"analysis": "analysis", "with": "table", "order": "experiments"},
    "compare-experiments": {"analysis": "analysis", "with": "table", "order": "experiments"},
    "arithmetic": {"function": "function"},
    "resolved": {"answer": _RESOLVED},
}
"""Analyses by name, and what each argument is: a dimension, words to choose from, or one of a few own kinds."""
ACROSS = ("compare-experiments", "ratio-of-experiments", "difference-of-experiments")
"""Analyses of several experiments together."""


def check_analysis(name: str, arguments: Mapping[str, Any], where: str) -> None:
    """Refuse an unknown analysis, or arguments that it does not take; `where` is the head of the message."""
    if name not in ANALYSES:
        raise SpecificationError(f"{where}: unknown '{name}'; {suggest(name, ANALYSES)}")
    if name == "arithmetic":
        given = dict(arguments)
        function = given.pop("function", None)
        if function is None:
            raise SpecificationError(f"{where}: arguments.function is missing; it names what to compute")
        check_function(function, given, where)
        return
    for key, given in arguments.items():
        if key not in ANALYSES[name]:
            allowed = suggest(key, ANALYSES[name]) if ANALYSES[name] else "it has none"
            raise SpecificationError(f"{where}: unknown argument '{key}' of {name}; {allowed}")
        _check_argument(ANALYSES[name][key], given, f"{where}: arguments.{key}")


def _check_argument(kind: str | tuple[str, ...], given: Any, where: str) -> None:
    """Refuse an argument that is not what its kind in `ANALYSES` says."""
    if isinstance(kind, tuple) or kind == "kinds":
        words = _KINDS if isinstance(kind, str) else kind
        for word in given if kind == "kinds" and isinstance(given, list) else [given]:
            if word not in words:
                raise SpecificationError(f"{where}: read {word!r}, allowed are {', '.join(words)}")
    elif kind in DIMENSIONS:
        try:
            read_quantity(given, kind)
        except UnitError as error:
            raise SpecificationError(f"{where}: {error}") from None
    elif kind == "analysis":
        check_analysis(given, {}, where)
    elif kind == "cycle" and given == "last":
        return
    else:
        expected = {"count": int, "cycle": int, "table": dict, "experiments": list}[kind]
        if not isinstance(given, expected) or isinstance(given, bool):
            raise SpecificationError(f"{where}: read {given!r}, expected {expected.__name__}")


def check_function(name: str, arguments: Mapping[str, Any], where: str) -> None:
    """Refuse an unknown recomputation, or arguments that it does not take; `where` is the head of the message."""
    from natrode.reproduce import arithmetic

    try:
        signature(arithmetic.function_named(name)).bind(**arguments)
    except SpecificationError as error:
        raise SpecificationError(f"{where}: {error}") from None
    except TypeError as error:
        raise SpecificationError(f"{where}: {name}: {error}") from None
