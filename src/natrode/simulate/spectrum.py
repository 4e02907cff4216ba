"""Impedance of a symmetric cell at any state and current: the model's own equations, linearised.

Each interface carries, in series: constriction (bridged by the gap's capacitance), interphase, charge transfer (with
the double layer), diffusion of vacancies, and the response of the contact itself, because a current that swings also
makes and fills voids. At low frequency the sum is the slope of the model's voltage, so a spectrum and the direct
current never tell two stories.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from natrode.physics import constriction, impedance, kinetics, transport, vacancies
from natrode.simulate import kernel
from natrode.simulate.parameters import Model

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

PROCESSES = (
    "bulk",
    "grain boundary",
    "constriction",
    "interphase",
    "charge transfer",
    "diffusion",
    "contact evolution",
)


def spectrum(model: Model, table: FloatArray, snapshot: FloatArray, frequency: FloatArray) -> ComplexArray:
    """Impedance of the cell [Ohm] at the frequencies [Hz] for one snapshot of the kernel."""
    total: ComplexArray = np.sum(list(contributions(model, table, snapshot, frequency).values()), axis=0)
    leak = snapshot[5]
    return total / (1.0 + leak * total) if leak > 0 else total


def contributions(
    model: Model, table: FloatArray, snapshot: FloatArray, frequency: FloatArray, sides: Sequence[int] = (0, 1)
) -> dict[str, ComplexArray]:
    """Impedance of each process [Ohm], the interfaces of `sides` together, without a leak."""
    at = np.empty(kernel.N_CONDITIONS)
    kernel.conditions_at(table, snapshot[0], at)
    omega: ComplexArray = (2j * np.pi) * frequency.astype(complex)
    whole = at[kernel.ELECTROLYTE_RESISTANCE]
    share = model.electrolyte["grain_boundary_share"]
    bulk, boundary = whole * (1 - share), whole * share
    drive = np.zeros(kernel.N_DRIVE)
    drive[kernel.SINCE], drive[kernel.START] = snapshot[0], snapshot[1]
    drive[kernel.BUTLER_VOLMER] = model.butler_volmer
    ionic = kernel.ionic_current(model.electrodes, at, snapshot[2:4], drive, snapshot[0], snapshot[5])
    out = {name: np.zeros(len(frequency), complex) for name in PROCESSES}
    out["bulk"] += bulk / (1 + omega * bulk * model.electrolyte["bulk_capacitance"])
    if boundary > 0:
        exponent = model.electrolyte["grain_boundary_exponent"]
        warmer = whole / model.electrolyte["resistance"]  # the boundary keeps its capacitance, not its time constant
        prefactor = (model.electrolyte["grain_boundary_time"] * warmer) ** exponent / boundary
        out["grain boundary"] += impedance.zarc(2 * np.pi * frequency, boundary, prefactor, exponent)
    for k in sides:
        _add_interface(out, model, k, at, snapshot, ionic, omega)
    return out


def _add_interface(
    out: dict[str, ComplexArray],
    model: Model,
    k: int,
    at: FloatArray,
    snapshot: FloatArray,
    ionic: float,
    omega: ComplexArray,
) -> None:
    row, values = model.electrodes[k], model.interfaces[k]
    area, temperature = row[kernel.AREA], at[kernel.TEMPERATURE]
    scale = at[kernel.RESISTANCE_SCALE_0 + k]
    factor = kernel.loss_factor(row, snapshot[2 + k])
    fraction = at[kernel.CONTACT_FRACTION_0 + k] * factor
    whole, film = kernel.interface_resistances(row, at, k, factor, snapshot[0])
    density = (ionic if k == 0 else -ionic) / area
    bend = 1.0
    if model.butler_volmer and whole > 0:  # all that the kernel takes for the contacts bends alike
        exchange = kinetics.charge_transfer_resistance(whole, temperature)
        bend = kinetics.butler_volmer_resistance(density, exchange, temperature) / whole
    contacts = bend * whole
    if row[kernel.FILM_UNDER_CONTACTS]:  # the kernel counts this film with the contacts
        pure = bend * row[kernel.CONTACT_RESISTANCE] * scale / (row[kernel.AREA_RATIO] * fraction)
        film, contacts = contacts - pure, pure
    squeezed = _number(values, "constriction_share") * contacts
    diffusion = _number(values, "diffusion_share") * contacts
    transfer = contacts - squeezed - diffusion
    touching = fraction * row[kernel.AREA_RATIO]
    if squeezed > 0:
        gap = constriction.gap_capacitance(fraction, _number(values, "contact_gap"))
        out["constriction"] += squeezed / (1 + omega * squeezed * gap) / area
    if film > 0:
        capacitance = _number(values, "film_capacitance")
        out["interphase"] += film / (1 + omega * film * capacitance) / area
    if transfer > 0:
        capacitance = _number(values, "double_layer_capacitance") * touching
        out["charge transfer"] += transfer / (1 + omega * transfer * capacitance) / area
    if diffusion > 0:
        time = _number(values, "diffusion_length") ** 2 / _vacancy_diffusivity(values, temperature)
        out["diffusion"] += transport.finite_length_warburg_impedance(omega.imag, diffusion, time) / area
    out["contact evolution"] += _evolution(row, at, k, factor, density, bend * whole, omega) / area


def _evolution(
    row: FloatArray,
    at: FloatArray,
    k: int,
    factor: float,
    density: float,
    contacts: float,
    omega: ComplexArray,
) -> ComplexArray:
    """Response of the contact to the swing of the current [Ohm m2]: d(eta)/dv dv/di, zero at rest or on whole contact.

    `contacts` is the differential resistance d(eta)/di of all that the contact carries [Ohm m2]: the overpotential is
    a function of i R, so that d(eta)/dR = (i/R) d(eta)/di whatever the kinetics.
    """
    if density == 0.0 or (factor >= 1.0 and kernel.void_rate(row, at, k, 1.0, density) <= 0.0):
        return np.zeros(len(omega), complex)
    shape, capacity, recession = row[kernel.CONTACT_SHAPE], row[kernel.VOID_CAPACITY], row[kernel.RECESSION]
    replenishment = at[kernel.REPLENISHMENT_0 + k] * row[kernel.AREA_RATIO] * at[kernel.CONTACT_FRACTION_0 + k]
    efficiency = 1.0 if density > 0 else row[kernel.REFILL_EFFICIENCY]
    resistance_per_void = contacts * factor**-shape / capacity
    runaway = recession * replenishment * factor ** (1 - shape) / capacity
    return np.asarray(density * resistance_per_void * recession * efficiency / (omega - runaway))


def _vacancy_diffusivity(values: Mapping[str, float | str], temperature: float) -> float:
    """Diffusivity of vacancies in sodium [m2/s]."""
    fraction = vacancies.vacancy_fraction(
        temperature,
        _number(values, "vacancy_formation_energy"),
        _number(values, "vacancy_fraction_at_melting"),
        _number(values, "melting_temperature"),
    )
    return float(vacancies.vacancy_diffusivity(vacancies.sodium_self_diffusivity(temperature), fraction))


def _number(values: Mapping[str, float | str], name: str) -> float:
    return float(values[name])
