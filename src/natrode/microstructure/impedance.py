"""Impedance of a resolved electrode at chosen frequencies: the linearised equations with complex admittances."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import SimulationError, SpecificationError
from natrode.microstructure.coupled import Circuit, Linear, Parts
from natrode.microstructure.operators import NO_MASS, Doubles
from natrode.microstructure.react import Kinetics, check_settings, make_circuit, prepare, steady
from natrode.microstructure.structure import Structure

Complex = npt.NDArray[np.complex128]

_MOST_ITERATIONS, _MOST_REFINEMENTS = 300, 8
_REDUCTION = 1e-3

METHOD = (
    "the steady equations, linearised, with R_ct parallel to the double layer on the interface; conjugate orthogonal "
    "conjugate gradients, preconditioned with the sum of real and imaginary part"
)


@dataclass(frozen=True, eq=False)
class ElectrodeImpedance:
    """Impedance of an electrode between the electrolyte's plane and the collector."""

    frequencies: Doubles = field(repr=False)
    """[Hz]"""
    impedance: Complex = field(repr=False)
    """Of the cross-section, series resistance included [Ohm m2]."""
    voltage: float
    """Steady voltage around which it is taken [V]."""
    residual: float
    """Largest norm of the residual over that of the currents into the first layer [-]."""
    iterations: int
    unknowns: int
    settings: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        known = {item.name: getattr(self, item.name) for item in dataclasses.fields(self) if item.name != "impedance"}
        known.update(frequencies=self.frequencies.tolist(), settings=dict(self.settings), method=METHOD)
        return {**known, "real": self.impedance.real.tolist(), "imaginary": self.impedance.imag.tolist()}


def electrode_impedance(
    structure: Structure,
    kinetics: Kinetics | Mapping[str, Kinetics],
    frequencies: Sequence[float] | Doubles,
    *,
    voltage: float = 0.0,
    tolerance: float = 1e-6,
    **options: Any,
) -> ElectrodeImpedance:
    """Impedance of a resolved electrode.

    Args:
        structure: the labelled image.
        kinetics: of all interfaces, or by ionic conductor, with the capacitance of their double layers.
        frequencies: shape (N,) [Hz]; 0 gives the differential resistance.
        voltage: steady voltage around which it is taken, scalar [V].
        tolerance: norm of the residual relative to that of the currents into the first layer [-].
        options: metal, conductivities, phase_resistance, series_resistance, area and temperature as for `react`.

    Returns:
        The impedance.

    Raises:
        SpecificationError: as `react`, negative frequencies, or no current can flow.
        SimulationError: the iteration does not converge.

    Formula:
        as `react`, with the admittance (d i/d eta + j omega C) of the interface.

    Source: natrode model notes F; van der Vorst and Melissen 1990, IEEE Trans. Magn. 26, 706 (complex symmetric
        matrices); Axelsson and Kucherov 2000, Numer. Linear Algebra Appl. 7, 197 (their real preconditioner).
    """
    given = np.asarray(frequencies, np.float64)
    if given.ndim != 1 or given.size == 0 or not np.all(np.isfinite(given)) or np.any(given < 0):
        raise SpecificationError("an impedance needs a list of frequencies in Hz, none of them negative")
    shared = {name: options.pop(name) for name in ("area", "temperature") if name in options}
    settings = check_settings(voltage=float(voltage), current_density=None, **shared)
    electrode, laws = prepare(structure, kinetics, settings, **options)
    settings["residual"] = tolerance
    if electrode.reason:
        raise SpecificationError(f"there is no impedance: {electrode.reason}")
    if voltage:
        circuit = steady(electrode, laws, settings)[0]
        slopes = _slopes_at(circuit)
    else:
        circuit = make_circuit(electrode, laws)
        slopes = np.ones(circuit.exchange.contacts.size)
    constants = np.array([law.resistance * law.capacitance for law in laws.values()])
    constants = constants[circuit.exchange.contacts.phases]
    found = np.zeros(given.size, np.complex128)
    u = np.zeros(Parts.of(circuit).size, np.complex128)
    iterations, worst = 0, 0.0
    for place in np.argsort(given):
        inner = slopes + 2j * np.pi * given[place] * constants
        admittances = circuit.exchange.weights * inner / (1.0 + circuit.exchange.series * inner)
        u, current, used, residual = _respond(circuit, admittances, u, tolerance)
        found[place] = electrode.cross_section / (electrode.unit * current)
        iterations, worst = iterations + used, max(worst, residual)
    size = circuit.size + circuit.pieces - 1
    return ElectrodeImpedance(given, found, float(voltage), worst, iterations, size, settings)


def _slopes_at(circuit: Circuit) -> Doubles:
    """Slope of each reaction at its own overpotential, from the law: d g/d x."""
    exchange = circuit.exchange
    laws, x = exchange.laws[exchange.contacts.phases], exchange.drops
    curved = laws * np.exp(laws * x) + (1.0 - laws) * np.exp((laws - 1.0) * x)
    slopes: Doubles = np.where(laws < 0.0, 1.0, curved)
    return slopes


def _respond(
    circuit: Circuit, admittances: Complex, u: Complex, tolerance: float
) -> tuple[Complex, complex, int, float]:
    """Solve at one frequency for a voltage of RT/F; return potentials, current, iterations and residual."""
    parts, exchange = Parts.of(circuit), circuit.exchange
    at = exchange.contacts
    exchange.slopes[:] = admittances.real + admittances.imag
    mass = np.bincount(at.owners, exchange.slopes, circuit.size).astype(np.float32)
    system = Linear(circuit, mass)
    iterations = 0
    for _ in range(_MOST_REFINEMENTS):
        r = _residual(circuit, parts, admittances, u)
        drops = circuit.inlets * (1.0 - u[circuit.entering])
        scale, norm = float(np.linalg.norm(drops)), float(np.linalg.norm(r))
        if norm <= tolerance * scale:
            return u, complex(drops.sum()), iterations, norm / scale
        goal = max(0.3 * tolerance * scale / norm, _REDUCTION)
        x, used = _conjugate_orthogonal(circuit, parts, system, admittances, r / norm, goal)
        u = u + norm * x
        iterations += used
    raise SimulationError(f"the impedance does not converge: the residual is {norm / scale:.1e} of the current")


def _residual(circuit: Circuit, parts: Parts, admittances: Complex, u: Complex) -> Complex:
    operator = circuit.hierarchy.levels[0].operator
    real, imaginary = np.zeros(circuit.size), np.zeros(circuit.size)
    real[circuit.entering] = circuit.inlets
    operator.subtract(np.ascontiguousarray(u.real[parts.voxels]), real)
    operator.subtract(np.ascontiguousarray(u.imag[parts.voxels]), imaginary)
    r = np.zeros(parts.size, np.complex128)
    r[: circuit.size] = real + 1j * imaginary
    _add_contacts(circuit, parts, -admittances, u, r)
    return r


def _add_contacts(
    circuit: Circuit, parts: Parts, admittances: npt.NDArray[Any], p: npt.NDArray[Any], q: npt.NDArray[Any]
) -> None:
    """Add the currents of all contacts to conductor and floating pieces."""
    at = circuit.exchange.contacts
    currents = admittances * (p[at.owners] - p[parts.pieces][at.pieces])
    for total, lists, count in ((q[: circuit.size], at.owners, circuit.size), (q[parts.pieces], at.pieces, None)):
        sign = 1.0 if count is not None else -1.0
        length = circuit.pieces if count is None else count
        total += sign * (np.bincount(lists, currents.real, length) + 1j * np.bincount(lists, currents.imag, length))
    q[parts.pieces.start] = 0.0


def _conjugate_orthogonal(
    circuit: Circuit, parts: Parts, system: Linear, admittances: Complex, r: Complex, goal: float
) -> tuple[Complex, int]:
    """Reduce a residual of norm 1 to `goal` in single precision."""
    operator = circuit.hierarchy.levels[0].operator
    r = r.astype(np.complex64)
    x, p, q = np.zeros_like(r), np.zeros_like(r), np.zeros_like(r)
    single = admittances.astype(np.complex64)
    image = np.empty(circuit.size, np.float32)
    product, count = 0.0j, 0
    while count < _MOST_ITERATIONS and np.linalg.norm(r) > goal:
        z = np.empty_like(r)
        z.real = system.precondition(np.ascontiguousarray(r.real))
        z.imag = system.precondition(np.ascontiguousarray(r.imag))
        former, product = product, _product(r, z)
        p = z + (np.complex64(product / former) if count else np.complex64(0.0)) * p
        q.fill(0.0)
        operator.apply(np.ascontiguousarray(p.real[parts.voxels]), NO_MASS, image)
        q.real[: circuit.size] = image
        operator.apply(np.ascontiguousarray(p.imag[parts.voxels]), NO_MASS, image)
        q.imag[: circuit.size] = image
        _add_contacts(circuit, parts, single, p, q)
        step = product / _product(p, q)
        x += np.complex64(step) * p
        r -= np.complex64(step) * q
        count += 1
    return x.astype(np.complex128), count


def _product(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> complex:
    """Product without conjugation."""
    return complex(np.sum(one.astype(np.complex128) * other))
