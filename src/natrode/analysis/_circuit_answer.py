"""What the numbers of a fitted circuit are worth: standard errors, what cannot be told apart, arcs and processes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.analysis import _arc_chain as chain
from natrode.analysis.circuit import Array, Circuit, Complex, Node
from natrode.analysis.reading import area_of, conditions_of, interfaces_of, provenance
from natrode.analysis.result import Quality, Result, plain
from natrode.measurement import Measurement
from natrode.physics.impedance import brug_capacitance, hsu_mansfeld_capacitance

UNDETERMINED = 0.5
"""Relative standard error from which on the data leave a number open: it is then reported as an upper limit."""
LIMIT_SIGMA = 2.0
ALIKE = 0.97
"""Correlation of two parameters from which on the data fix only a combination of them."""
METHOD = (
    "complex least squares weighted by 1/|Z| (of the model, iterated), Levenberg-Marquardt with analytic derivatives "
    "from the peaks of the distribution of relaxation times and from drawn starts; covariance s^2 (J'J)^-1. "
    "Orazem and Tribollet, Electrochemical Impedance Spectroscopy"
)


@dataclass(frozen=True)
class Arc:
    """A resistance and what bridges it."""

    labels: tuple[str, ...]
    resistance: Result
    time_constant: Result
    capacitance: Result
    """Hsu-Mansfeld (spread through a layer): tau/R."""
    surface_capacitance: Result
    """Brug (spread along a surface)."""
    candidates: tuple[tuple[str, str], ...] = ()
    """Processes with their evidence, the likeliest first; no label: one spectrum is one test only."""
    decides: str = ""
    """The measurement that would decide."""


@dataclass(frozen=True)
class CircuitFit:
    """A fitted circuit, or the reason why there is none."""

    circuit: str
    values: Mapping[str, Result]
    """By parameter, like `R1` and `CPE1.n`; in Ohm, F, s of the cell, never area-normalised."""
    vector: Array
    """The same numbers in the order of the circuit's parameters, SI."""
    deviations: Array
    correlation: Array
    frequency: Array
    impedance: Complex
    """Measured, from high to low frequency [Ohm]."""
    fitted: Complex
    noise: float
    """Relative standard deviation of each part that the fit leaves."""
    information: float
    """Bayesian information criterion; differences count."""
    arcs: tuple[Arc, ...]
    verdicts: tuple[str, ...]
    """What the data cannot tell apart."""
    sums: Mapping[str, Result]
    """"series resistance" and "sum of resistances" [Ohm]: what circuits agree on better than on single arcs."""
    quality: Quality
    reason: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    source: tuple[str, ...] = ()
    simulated: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        document = {
            name: plain(value) for name, value in vars(self).items() if name not in ("impedance", "fitted", "arcs")
        }
        return {
            "quantity": "equivalent circuit",
            "method": METHOD,
            **document,
            "arcs": [plain(vars(arc)) for arc in self.arcs],
            "impedance": [plain(self.impedance.real), plain(self.impedance.imag)],
            "fitted": [plain(self.fitted.real), plain(self.fitted.imag)],
        }


def answer(
    spectrum: Measurement,
    circuit: Circuit,
    frequency: Array,
    z: Complex,
    vector: Array,
    chi: float,
    weight: Array,
    free: npt.NDArray[np.bool_],
    fixed: dict[str, float],
    expected: float | None,
) -> CircuitFit:
    w = 2.0 * np.pi * frequency
    model, derivative = circuit.with_derivatives(w, vector[None])
    scaled = derivative[0][free] * weight
    jacobian = np.concatenate([scaled.real, scaled.imag], axis=1)
    rows, count = jacobian.shape[1], int(free.sum())
    variance = max(chi / (rows - count), chain.PRECISION**2)
    size = np.sqrt((jacobian**2).sum(axis=1))
    size = np.where(size > 0, size, 1.0)
    unit = jacobian / size[:, None]
    inverse = np.linalg.pinv(unit @ unit.T, rcond=1e-13, hermitian=True)
    covariance = inverse * variance / np.outer(size, size)
    spread = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    correlation = np.eye(len(vector))
    free_at = np.flatnonzero(free)
    correlation[np.ix_(free_at, free_at)] = covariance / np.maximum(np.outer(spread, spread), 1e-300)
    of_scale = np.zeros(len(vector))
    of_scale[free_at] = spread
    names = [name for name, _ in circuit.parameters]
    logarithmic = np.array([p.scale == "logarithmic" for _, p in circuit.parameters])
    deviations = np.where(logarithmic, of_scale * vector, of_scale)
    verdicts = _verdicts(circuit, names, vector, of_scale, correlation, w)
    question = Result(
        quantity="parameter",
        dimension="number",
        method=METHOD,
        settings={**conditions_of(spectrum), "circuit": circuit.text},
        scope="cell",
        n_interfaces=interfaces_of(spectrum),
        area_normalised=False,
        **provenance(spectrum),
    )
    values = {}
    for n, (name, parameter) in enumerate(circuit.parameters):
        item = replace(question, quantity=name, dimension=parameter.dimension)
        doubts = [v for v in verdicts if _mentions(v, name)]
        value, deviation = float(vector[n]), float(deviations[n])
        if name in fixed:
            values[name] = item.found(value, None, doubts=doubts, fixed=True)
        elif parameter.scale == "logarithmic" and of_scale[n] > UNDETERMINED:
            bound = value + LIMIT_SIGMA * deviation
            values[name] = item.at_most(bound, "; ".join(doubts), estimate=value, sigma=deviation, fixed=False)
        else:
            values[name] = item.found(value, deviation, doubts=doubts, fixed=False)
    noise = math.sqrt(variance)
    misfit = max(chi / rows, chain.PRECISION**2)
    information = rows * math.log(misfit) - 4.0 * float(np.log(weight).sum()) + count * math.log(rows)
    doubts = list(verdicts)
    if expected is not None and noise > 1.5 * expected and noise > 2e-3:
        doubts.append(f"the circuit misses the data: {100 * noise:.2g} % where the noise is {100 * expected:.2g} %")
    return CircuitFit(
        circuit.text,
        values,
        vector,
        deviations,
        correlation,
        frequency,
        z,
        np.asarray(model[0]),
        noise,
        information,
        _arcs(spectrum, circuit, question, vector, covariance, free_at, w),
        tuple(verdicts),
        _sums(
            question, circuit, vector, covariance, free_at, [d for d in doubts if d.startswith("the circuit misses")]
        ),
        "doubtful" if doubts else "good",
        "; ".join(doubts),
        {"fixed": fixed, "points": len(z), "noise_expected": expected, "chi_square": chi},
        **provenance(spectrum),
    )


def _sums(
    question: Result,
    circuit: Circuit,
    vector: Array,
    covariance: Array,
    free_at: npt.NDArray[np.intp],
    misfit: Sequence[str],
) -> dict[str, Result]:
    """The series resistance, and it with all arcs' resistances: diffusion elements are left out."""
    found = {}
    resistances = [
        n for n, (name, p) in enumerate(circuit.parameters)
        if p.start == "resistance" and circuit.elements[name.partition(".")[0]].symbol in ("R", "ZARC", "K")
    ]  # fmt: skip
    alone = [
        n for n in resistances
        if any(part.label == circuit.parameters[n][0] for part in (circuit.root, *circuit.root.parts))
    ]  # fmt: skip
    whole = np.zeros((len(vector), len(vector)))
    whole[np.ix_(free_at, free_at)] = covariance
    for name, chosen in (("series resistance", alone), ("sum of resistances", resistances)):
        if not chosen:
            continue
        numbers = vector[chosen]  # the covariance is that of their logarithms
        spread = math.sqrt(max(float(numbers @ whole[np.ix_(chosen, chosen)] @ numbers), 0.0))
        item = replace(question, quantity=name, dimension="resistance")
        total = float(numbers.sum())
        if spread >= UNDETERMINED * total:
            reason = "; ".join(["not told from zero: its standard error is half of it or more", *misfit])
            found[name] = item.at_most(total + LIMIT_SIGMA * spread, reason, estimate=total, sigma=spread)
        else:
            found[name] = item.found(total, spread, doubts=list(misfit))
    return found


def _mentions(text: str, name: str) -> bool:
    """Whether a verdict names a parameter."""
    words = text.replace(",", " ").replace(":", " ").split()
    return name in words


def _verdicts(
    circuit: Circuit, names: Sequence[str], vector: Array, spread: Array, correlation: Array, w: Array
) -> list[str]:
    found = []
    for n, (name, parameter) in enumerate(circuit.parameters):
        relative = spread[n] if parameter.scale == "logarithmic" else spread[n] / max(abs(vector[n]), 1e-12)
        if relative > UNDETERMINED:
            size = f"standard error {100 * relative:.0f} %" if relative < 10.0 else "not told from zero"
            found.append(f"{name} is not determined ({size})")
        if parameter.start == "time" and not 0.2 / w.max() < vector[n] < 5.0 / w.min():
            found.append(f"{name} lies outside the measured frequencies")
        if parameter.start == "exponent" and vector[n] <= parameter.low + 1e-6:
            found.append(f"{name} rests at its limit {parameter.low:g}")
    resistances = [n for n, (_, p) in enumerate(circuit.parameters) if p.start == "resistance"]
    for position, a in enumerate(resistances):
        for b in resistances[position + 1 :]:
            if abs(correlation[a, b]) > ALIKE:
                found.append(
                    f"{names[a]} and {names[b]} cannot be separated: correlation {correlation[a, b]:.2f}; "
                    f"their sum {vector[a] + vector[b]:.4g} Ohm is what the data fix"
                )
    return found


def _arcs(
    spectrum: Measurement,
    circuit: Circuit,
    question: Result,
    vector: Array,
    covariance: Array,
    free_at: npt.NDArray[np.intp],
    w: Array,
) -> tuple[Arc, ...]:
    """Arcs with their capacitances: p(R,CPE), p(R,C), ZARC and K."""
    names = [name for name, _ in circuit.parameters]
    whole = np.zeros((len(vector), len(vector)))
    whole[np.ix_(free_at, free_at)] = covariance
    found = []
    series = abs(circuit.with_derivatives(np.array([w.max()]), vector[None])[0][0, 0].real)
    for labels in _arc_labels(circuit):
        slots = [names.index(n) for label in labels for n in names if n.partition(".")[0] == label]
        block, numbers = whole[np.ix_(slots, slots)], vector[slots]
        symbols = [circuit.elements[label].symbol for label in labels]
        if symbols == ["ZARC"]:
            resistance, tau, n = numbers
            slope = np.array([0.0, 1.0, 0.0])
        elif symbols == ["R", "CPE"]:
            resistance, prefactor, n = numbers
            tau = (resistance * prefactor) ** (1 / n)
            slope = np.array([1 / n, 1 / n, -math.log(resistance * prefactor) / n**2])
        else:
            resistance, capacity = numbers
            tau, n = resistance * capacity, 1.0
            slope = np.array([1.0, 1.0])
        of_tau = math.sqrt(max(float(slope @ block @ slope), 0.0))
        difference = slope - np.eye(len(slots))[0]
        of_capacitance = math.sqrt(max(float(difference @ block @ difference), 0.0))
        of_resistance = math.sqrt(max(float(block[0, 0]), 0.0))
        prefactor = tau**n / resistance
        area = area_of(spectrum)
        scale = area or 1.0
        found.append(
            _arc(
                question,
                labels,
                (resistance, of_resistance),
                (tau, of_tau),
                of_capacitance,
                prefactor,
                n,
                series,
                area,
                scale,
            )
        )
    return tuple(found)


def _arc(
    question: Result,
    labels: tuple[str, ...],
    resistance: tuple[float, float],
    time: tuple[float, float],
    of_capacitance: float,
    prefactor: float,
    exponent: float,
    series: float,
    area: float | None,
    scale: float,
) -> Arc:
    normalised = area is not None
    r = replace(
        question,
        quantity=f"resistance of arc {labels[0]}",
        dimension="area-specific resistance" if normalised else "resistance",
        area_normalised=normalised,
    )
    t = replace(
        question, quantity=f"time constant of arc {labels[0]}", dimension="relaxation time", area_normalised=None
    )
    capacity = replace(
        question,
        quantity=f"capacitance of arc {labels[0]}",
        dimension="areal capacitance" if normalised else "capacitance",
        area_normalised=normalised,
    )
    through = float(hsu_mansfeld_capacitance(resistance[0], prefactor, exponent)) / scale
    along = float(brug_capacitance(resistance[0], max(series, 1e-9), prefactor, exponent)) / scale
    candidates, decides = processes(through, time[0], area_known=normalised)
    return Arc(
        labels,
        _determined(r, resistance[0] * scale, resistance[1]),
        _determined(t, *time),
        _determined(capacity, through, of_capacitance, formula="Hsu and Mansfeld: Q^(1/n) R^(1/n - 1)"),
        _determined(capacity, along, of_capacitance, formula="Brug: Q^(1/n) (1/R_s + 1/R)^(1 - 1/n)"),
        candidates,
        decides,
    )


def _determined(question: Result, value: float, relative: float, **settings: Any) -> Result:
    """A positive number with its relative standard error; an upper limit where the data leave it open."""
    deviation = value * relative
    if relative > UNDETERMINED:
        bound = value + LIMIT_SIGMA * deviation
        return question.at_most(bound, "the data do not determine it", estimate=value, sigma=deviation, **settings)
    return question.found(value, deviation, **settings)


def _arc_labels(circuit: Circuit) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []

    def visit(node: Node) -> None:
        if node.kind == "element":
            if circuit.elements[node.label].symbol in ("ZARC", "K"):
                found.append((node.label,))
            return
        if node.kind == "parallel" and all(part.kind == "element" for part in node.parts) and len(node.parts) == 2:
            pair = sorted((part.label for part in node.parts), key=lambda label: circuit.elements[label].symbol != "R")
            if [circuit.elements[label].symbol for label in pair] in (["R", "CPE"], ["R", "C"]):
                found.append((pair[0], pair[1]))
                return
        for part in node.parts:
            visit(part)

    visit(circuit.root)
    return found


PROCESSES = (
    # process, capacitance per area [F/m2] from, to, time constant [s] from, to
    ("bulk of the electrolyte", 1e-9, 1e-6, 1e-11, 1e-7),
    ("grain boundaries of the electrolyte", 1e-6, 1e-3, 1e-8, 1e-5),
    ("constriction of current at contacts", 1e-5, 1e-2, 1e-9, 1e-5),
    ("interphase", 1e-4, 1e-1, 1e-7, 1e-3),
    ("charge transfer with double layer", 1e-2, 1.0, 1e-6, 1.0),
    ("diffusion or a chemical capacitance", 0.5, 1e8, 1e-2, 1e6),
)
DECIDES = (
    "a second test is needed for a name: activation energy (electrolyte 0.26-0.4 eV), stack pressure (constriction "
    "falls as the contact grows), or charge passed (contact loss raises R at constant tau)"
)


def processes(capacitance: float, time_constant: float, *, area_known: bool) -> tuple[tuple[tuple[str, str], ...], str]:
    """Rank the processes that an arc may be by its capacitance and time constant.

    Args:
        capacitance: [F/m2], or [F] of the cell where the area is unknown.
        time_constant: [s].
        area_known: which of the two it is; unknown areas are taken as 0.1 to 3 cm2.

    Returns:
        (process, evidence) pairs, the likeliest first, and the measurement that would decide.

    Source: Irvine, Sinclair and West 1990, Adv. Mater. 2, 132 (capacitances);
        natrode model notes G (time constants).
    """
    spans = (1.0, 1.0) if area_known else (1 / 3e-4, 1 / 1e-5)
    ranked = []
    for name, low, high, early, late in PROCESSES:
        inside = low <= capacitance * spans[1] and capacitance * spans[0] <= high
        middle = math.sqrt(low * high)
        far = abs(math.log10(capacitance * math.sqrt(spans[0] * spans[1]) / middle))
        in_time = early <= time_constant <= late
        if inside:
            unit = f"{100 * capacitance:.2g} uF/cm2" if area_known else f"{capacitance:.2g} F (area unknown)"
            word = "and" if in_time else "but not"
            ranked.append((far + (0.0 if in_time else 3.0), name, f"C = {unit}, {word} tau = {time_constant:.2g} s"))
    return tuple((name, evidence) for _, name, evidence in sorted(ranked)), DECIDES


def refused(spectrum: Measurement, circuit: Circuit, frequency: Array, z: Complex, reason: str) -> CircuitFit:
    none = np.empty(0)
    return CircuitFit(
        circuit.text, {}, none, none, np.empty((0, 0)), frequency, z, np.empty(0, complex), math.nan, math.inf, (), (),
        {}, "not computed", reason, {}, **provenance(spectrum),
    )  # fmt: skip
