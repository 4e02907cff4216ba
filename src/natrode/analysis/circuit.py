"""Equivalent circuits: elements as declarations, a text like `R0-p(R1,CPE1)-W2`, impedance and derivatives."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import numpy as np
import numpy.typing as npt

from natrode.errors import SpecificationError

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Scale = Literal["logarithmic", "linear"]


@dataclass(frozen=True)
class Parameter:
    """One number of an element: its name, unit, and where it is sought."""

    name: str
    dimension: str
    """Key of `natrode.units.DIMENSIONS`."""
    scale: Scale = "logarithmic"
    """How a fit varies it: positive numbers by their logarithm."""
    low: float = 0.0
    high: float = math.inf
    start: Literal["resistance", "time", "exponent", "prefactor", "elastance", "inductance", "coefficient"] = (
        "resistance"
    )


@dataclass(frozen=True)
class Element:
    """One element of a circuit: `impedance(w, *parameters)` gives Z and its derivatives by the fitted scale.

    Formulas are held by tests against derivatives, limits and laws; Cole and Cole and de Levie were checked, the
    other literature in `source` is `unverified`.
    """

    symbol: str
    title: str
    formula: str
    parameters: tuple[Parameter, ...]
    impedance: Callable[..., tuple[Complex, list[Complex]]]
    source: str


def _resistor(w: Array, resistance: Array) -> tuple[Complex, list[Complex]]:
    z = np.asarray(resistance + 0.0 * w, dtype=np.complex128)
    return z, [z]


def _capacitor(w: Array, capacitance: Array) -> tuple[Complex, list[Complex]]:
    z = np.asarray(1.0 / (1j * w * capacitance), dtype=np.complex128)
    return z, [-z]


def _inductor(w: Array, inductance: Array) -> tuple[Complex, list[Complex]]:
    z = np.asarray(1j * w * inductance, dtype=np.complex128)
    return z, [z]


def _constant_phase(w: Array, prefactor: Array, exponent: Array) -> tuple[Complex, list[Complex]]:
    z = np.asarray(1.0 / (prefactor * (1j * w) ** exponent), dtype=np.complex128)
    return z, [-z, -z * (np.log(w) + 0.5j * math.pi)]


def _warburg(w: Array, coefficient: Array) -> tuple[Complex, list[Complex]]:
    z = np.asarray(coefficient * (1.0 - 1j) / np.sqrt(w), dtype=np.complex128)
    return z, [z]


def _root(w: Array, time: Array) -> Complex:
    return np.asarray(np.sqrt(1j * w * time))


def _tanh(s: Complex) -> Complex:
    decay = np.exp(-2.0 * s)
    return np.asarray((1.0 - decay) / (1.0 + decay))


def _finite_length(w: Array, resistance: Array, time: Array) -> tuple[Complex, list[Complex]]:
    s = _root(w, time)
    t = _tanh(s)
    z = resistance * t / s
    return z, [z, 0.5 * resistance * ((1.0 - t * t) - t / s)]


def _finite_space(w: Array, resistance: Array, time: Array) -> tuple[Complex, list[Complex]]:
    s = _root(w, time)
    c = 1.0 / _tanh(s)
    z = resistance * c / s
    return z, [z, 0.5 * resistance * ((1.0 - c * c) - c / s)]


def _gerischer(w: Array, resistance: Array, time: Array) -> tuple[Complex, list[Complex]]:
    inner = 1.0 + 1j * w * time
    z = resistance / np.sqrt(inner)
    return z, [z, -0.5 * z * (1j * w * time) / inner]


def _depressed_arc(w: Array, resistance: Array, time: Array, exponent: Array) -> tuple[Complex, list[Complex]]:
    g = 1.0 / (1.0 + (1j * w * time) ** exponent)
    z = resistance * g
    slope = -z * (1.0 - g)
    return z, [z, exponent * slope, slope * (np.log(w * time) + 0.5j * math.pi)]


def _transmission_line(
    w: Array, ionic: Array, transfer: Array, time: Array, exponent: Array
) -> tuple[Complex, list[Complex]]:
    interface, slopes = _depressed_arc(w, transfer, time, exponent)
    u = np.sqrt(ionic / interface)
    c = 1.0 / _tanh(u)
    h = c / u
    bend = 0.5 * ((1.0 - c * c) - h)
    z = ionic * h
    return z, [z + ionic * bend, *(-ionic * bend * slope / interface for slope in slopes)]


def _constriction(w: Array, resistance: Array, capacitance: Array) -> tuple[Complex, list[Complex]]:
    g = 1.0 / (1.0 + 1j * w * resistance * capacitance)
    z = resistance * g
    return z, [z * g, -z * (1.0 - g)]


_R = Parameter("R", "resistance")
_TAU = Parameter("tau", "relaxation time", start="time")
_N = Parameter("n", "number", "linear", 0.4, 1.0, start="exponent")

ELEMENTS: dict[str, Element] = {
    element.symbol: element
    for element in (
        Element("R", "resistor", "Z = R", (_R,), _resistor, "textbook"),
        Element(
            "C",
            "capacitor",
            "Z = 1/(j w C)",
            (Parameter("C", "capacitance", start="elastance"),),
            _capacitor,
            "textbook",
        ),
        Element(
            "L", "inductor", "Z = j w L", (Parameter("L", "inductance", start="inductance"),), _inductor, "textbook"
        ),
        Element(
            "CPE",
            "constant-phase element",
            "Z = 1/(Q (j w)^n), Q in S s^n",
            (Parameter("Q", "number", start="prefactor"), _N),
            _constant_phase,
            "Cole and Cole 1941, J. Chem. Phys. 9, 341",
        ),
        Element(
            "W",
            "Warburg, semi-infinite diffusion",
            "Z = A (1 - j)/sqrt(w), A in Ohm s^-1/2",
            (Parameter("A", "Warburg coefficient", start="coefficient"),),
            _warburg,
            "Warburg 1899, Ann. Phys. 303, 493",
        ),
        Element(
            "Ws",
            "Warburg, finite length (transmissive)",
            "Z = R tanh(s)/s, s = sqrt(j w tau)",
            (_R, _TAU),
            _finite_length,
            "Franceschetti and Macdonald 1979, J. Electroanal. Chem. 101, 307",
        ),
        Element(
            "Wo",
            "Warburg, finite space (reflecting)",
            "Z = R coth(s)/s, s = sqrt(j w tau)",
            (_R, _TAU),
            _finite_space,
            "Ho, Raistrick and Huggins 1980, J. Electrochem. Soc. 127, 343",
        ),
        Element(
            "G",
            "Gerischer, diffusion with reaction",
            "Z = R/sqrt(1 + j w tau)",
            (_R, _TAU),
            _gerischer,
            "Gerischer 1951, Z. Phys. Chem. 198, 286",
        ),
        Element(
            "ZARC", "depressed arc", "Z = R/(1 + (j w tau)^n)", (_R, _TAU, _N), _depressed_arc, "Cole and Cole 1941"
        ),
        Element(
            "T",
            "transmission line of a mixed-conducting electrode",
            "Z = sqrt(Ri Zs) coth(sqrt(Ri/Zs)), Zs = Rct/(1 + (j w tau)^n)",
            (Parameter("Ri", "resistance"), Parameter("Rct", "resistance"), _TAU, _N),
            _transmission_line,
            "de Levie 1963, Electrochim. Acta 8, 751",
        ),
        Element(
            "K",
            "constriction bridged by the gap's capacitance",
            "Z = R/(1 + j w R C)",
            (_R, Parameter("C", "capacitance", start="elastance")),
            _constriction,
            "Eckhardt et al. 2022, ACS Appl. Mater. Interfaces (lumped limit)",
        ),
    )
}


@dataclass(frozen=True)
class Node:
    """A circuit or a part of one: an element by its label, or parts in series or in parallel."""

    kind: Literal["element", "series", "parallel"]
    label: str = ""
    parts: tuple["Node", ...] = ()


@dataclass(frozen=True)
class Circuit:
    """A circuit read from text."""

    text: str
    root: Node
    elements: Mapping[str, Element]
    """By label, in the order of the text."""

    @property
    def parameters(self) -> list[tuple[str, Parameter]]:
        """Names like `CPE1.n` with their declaration, in the order of the vector that a fit varies."""
        return [
            (label if len(element.parameters) == 1 else f"{label}.{parameter.name}", parameter)
            for label, element in self.elements.items()
            for parameter in element.parameters
        ]

    def impedance(self, frequency: Array, values: Sequence[float] | Array) -> Complex:
        """Impedance of the circuit.

        Args:
            frequency: shape (N,) [Hz], > 0.
            values: of `parameters`, in their order; SI.

        Returns:
            Z, shape (N,) [Ohm].
        """
        given = np.asarray(values, dtype=float)
        if given.shape != (len(self.parameters),):
            names = ", ".join(name for name, _ in self.parameters)
            raise SpecificationError(
                f"circuit {self.text} has {len(self.parameters)} parameters ({names}), got {given.size}"
            )
        z, _ = self.with_derivatives(2.0 * np.pi * np.asarray(frequency, dtype=float), given[None, :])
        return np.asarray(z[0], dtype=complex)

    def with_derivatives(self, w: Array, values: Array) -> tuple[Complex, Complex]:
        """Impedance and derivatives of several parameter sets.

        Args:
            w: angular frequency, shape (N,) [rad/s].
            values: shape (S, P), SI.

        Returns:
            Z, shape (S, N), and dZ by ln(value) or, for linear parameters, by the value, shape (S, P, N).
        """
        derivative = np.zeros((values.shape[0], values.shape[1], len(w)), complex)
        offsets, start = {}, 0
        for label, element in self.elements.items():
            offsets[label] = start
            start += len(element.parameters)

        def evaluate(node: Node) -> tuple[Complex, list[tuple[int, Complex]]]:
            if node.kind == "element":
                element, first = self.elements[node.label], offsets[node.label]
                columns = [values[:, first + n, None] for n in range(len(element.parameters))]
                z, slopes = element.impedance(w[None, :], *columns)
                return z, [(first + n, slope) for n, slope in enumerate(slopes)]
            parts = [evaluate(part) for part in node.parts]
            if node.kind == "series":
                return np.sum([z for z, _ in parts], axis=0, dtype=complex), [
                    item for _, slopes in parts for item in slopes
                ]
            total = 1.0 / np.sum([1.0 / z for z, _ in parts], axis=0, dtype=complex)
            return total, [(n, (total / z) ** 2 * slope) for z, slopes in parts for n, slope in slopes]

        z, slopes = evaluate(self.root)
        for n, slope in slopes:
            derivative[:, n] = slope
        return z, derivative


def parse_circuit(text: str) -> Circuit:
    """Read a circuit like `R0-p(R1,CPE1)-W2`: `-` in series, `p(a,b)` in parallel, nested as one likes.

    Args:
        text: labels are an element's symbol and a number; `natrode.ELEMENTS` lists the symbols.

    Returns:
        The circuit; labels without a number get one.

    Raises:
        SpecificationError: with the place, what was read and what is allowed.
    """
    reader = _Reader(text)
    root = reader.series()
    if reader.place < len(reader.tokens):
        raise reader.error(f"'{reader.tokens[reader.place][0]}' does not fit here")
    return Circuit(text.replace(" ", ""), root, reader.elements)


class _Reader:
    """Recursive descent over the tokens of a circuit's text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [(m.group(), m.start()) for m in re.finditer(r"[A-Za-z]+\d*(?=\()|[A-Za-z]+\d*|\S", text)]
        self.place = 0
        self.elements: dict[str, Element] = {}
        if not self.tokens:
            raise SpecificationError("an empty circuit; write one like R0-p(R1,CPE1)-W2")

    def error(self, what: str) -> SpecificationError:
        at = self.tokens[self.place][1] if self.place < len(self.tokens) else len(self.text)
        return SpecificationError(
            f"circuit '{self.text}', character {at + 1}: {what}; write one like R0-p(R1,CPE1)-W2 "
            f"with the elements {', '.join(ELEMENTS)}"
        )

    def token(self) -> str:
        return self.tokens[self.place][0] if self.place < len(self.tokens) else ""

    def series(self) -> Node:
        parts = [self.part()]
        while self.token() == "-":
            self.place += 1
            parts.append(self.part())
        return parts[0] if len(parts) == 1 else Node("series", parts=tuple(parts))

    def part(self) -> Node:
        word = self.token()
        if word == "p" and self.place + 1 < len(self.tokens) and self.tokens[self.place + 1][0] == "(":
            self.place += 2
            parts = [self.series()]
            while self.token() == ",":
                self.place += 1
                parts.append(self.series())
            if self.token() != ")":
                raise self.error(f"')' expected, read '{self.token() or 'the end'}'")
            if len(parts) < 2:
                raise self.error("p(...) needs two parts or more")
            self.place += 1
            return Node("parallel", parts=tuple(parts))
        match = re.fullmatch(r"([A-Za-z]+)(\d*)", word)
        if match is None:
            raise self.error(f"an element expected, read '{word or 'the end'}'")
        symbol, number = match.groups()
        if symbol not in ELEMENTS:
            near = get_close_matches(symbol, ELEMENTS, n=1, cutoff=0.3)
            raise self.error(f"no element '{symbol}'" + (f" (did you mean {near[0]}?)" if near else ""))
        label = word if number else next(f"{symbol}{n}" for n in range(99) if f"{symbol}{n}" not in self.elements)
        if label in self.elements:
            raise self.error(f"'{label}' appears twice; give each element a number of its own")
        self.elements[label] = ELEMENTS[symbol]
        self.place += 1
        return Node("element", label)
