"""The equations of a symmetric cell: conditions in time, interphases, resistances, currents, rates of the state.

The state is (void thickness of each interface, damage of each interface, net charge). The void thickness changes almost
linearly in time whatever the resistance does, so that a half cycle is often a single step.
All numbers come in arrays whose columns are named here, so that the compiler makes one version of each function.
"""

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from natrode.compiled import compiled, compiled_in_place
from natrode.constants import FARADAY, GAS_CONSTANT
from natrode.physics import fracture, interphase, kinetics, protrusion, voids

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Row = TypeVar("Row", npt.NDArray[np.float64], npt.NDArray[np.int64])

# ---- columns of the parameter array, one row per electrode -------------------------------------------------
(
    CONTACT_RESISTANCE,
    AREA_RATIO,
    VOID_CAPACITY,
    CONTACT_SHAPE,
    REFILL_EFFICIENCY,
    CRACK_OVERPOTENTIAL,
    DAMAGE_EXPONENT,
    DAMAGE_TIME,
    PROTRUSION_CHARGE,
    FILM_LAW,
    FILM_RESISTANCE,
    FILM_FINAL_RESISTANCE,
    FILM_TIME,
    FILM_GROWTH_RATE,
    FILM_UNDER_CONTACTS,
    RESERVOIR,  # charge that can be stripped per area [C/m2]
    AREA,
    RECESSION,  # void thickness per charge and area [m3/C]; 0: molten metal leaves no voids
    N_PARAMETERS,
) = range(19)
# ---- columns of the table of conditions in time --------------------------------------------------------------
(
    TIME,
    ELECTROLYTE_RESISTANCE,
    RESISTANCE_SCALE_0,
    RESISTANCE_SCALE_1,
    REPLENISHMENT_0,
    REPLENISHMENT_1,
    CONTACT_FRACTION_0,
    CONTACT_FRACTION_1,
    TEMPERATURE,
    PRESSURE,
    N_CONDITIONS,
) = range(11)
# ---- columns of a block of the programme ---------------------------------------------------------------------
(
    KIND,
    STEP,
    LEVEL,
    SLOPE,
    DURATION,
    PAUSE,
    CYCLES,
    VOLTAGE_LIMIT,
    POINTS,
    SNAPSHOT_EVERY,
    LOGARITHMIC,
    N_BLOCK,
) = range(12)
CURRENT, POTENTIAL, CYCLING, SNAPSHOT = 0, 1, 2, 3
# ---- what drives a stretch, and the filament ------------------------------------------------------------------
(
    SINCE,  # start of the stretch [s]
    START,  # current [A] or voltage [V] at its start
    RISE,  # and their rate of change
    BY_VOLTAGE,
    LIMIT,  # voltage at which the instrument stops [V]
    PIERCED_AT,  # time at which a filament came through [s]
    SOFT_TIME,  # in which its leak grows to the electrolyte's conductance [s]; 0: hard short
    BUTLER_VOLMER,
    N_DRIVE,
) = range(9)
# ---- columns of a sample and of a snapshot -------------------------------------------------------------------
N_SAMPLE = 8  # time, voltage, current, cycle, step, half-cycle count, temperature, pressure
N_SNAPSHOT = 9  # time, current, ln w of both, net charge, leak, step, first time, last time of the spectrum
# ---- film laws ------------------------------------------------------------------------------------------------
FILM_LAWS = {"none": 0, "saturating": 1, "parabolic": 2, "linear": 3, "exponential": 4}
# ---- how a run ends -------------------------------------------------------------------------------------------
COMPLETED, SHORTED, AT_VOLTAGE_LIMIT, RESERVOIR_EMPTY, STUCK = 0, 1, 2, 3, 4
HARD_SHORT = 0.02
"""Resistance of a hard short as a part of the electrolyte's."""
LEAST_FACTOR = 1e-30
"""Contact that is left when the voids are full, so that the resistance stays a number."""
N_STATE = 5
_loss_factor = compiled(voids.contact_loss_factor)
_replenishment = compiled(voids.replenishment_flux)
_void_growth = compiled(voids.void_growth_rate)
_damage_rate = compiled(fracture.damage_rate)
_butler_volmer = compiled(kinetics.butler_volmer_overpotential)
_protrusion_rate = compiled(protrusion.protrusion_growth_rate)
_saturating = compiled(interphase.saturating_resistance)
_runaway = compiled(interphase.runaway_resistance)
_linear = compiled(interphase.linear_resistance)


@compiled_in_place
def copy_values(source: Row, out: Row) -> None:
    """Copy a row of numbers into another of the same length.

    A slice would ask for memory, and for a message about wrong lengths that takes four seconds to compile.
    """
    for n in range(out.shape[0]):
        out[n] = source[n]


@compiled_in_place
def conditions_at(table: FloatArray, time: float, out: FloatArray) -> None:
    """Interpolate the table of conditions at `time` into `out`; constant beyond its ends."""
    last = table.shape[0] - 1
    if last == 0 or time <= table[0, TIME] or time >= table[last, TIME]:
        copy_values(table[0 if time <= table[0, TIME] else last], out)
        return
    low = np.searchsorted(table[:, TIME], time, side="right") - 1
    part = (time - table[low, TIME]) / (table[low + 1, TIME] - table[low, TIME])
    for k in range(table.shape[1]):
        out[k] = table[low, k] + part * (table[low + 1, k] - table[low, k])


@compiled_in_place
def film_resistance(electrode: FloatArray, time: float) -> float:
    """Resistance of the growing interphase [Ohm m2] at `time` since assembly [s]."""
    law = electrode[FILM_LAW]
    start = electrode[FILM_RESISTANCE]
    growth = electrode[FILM_FINAL_RESISTANCE] - start
    if law == 1:
        return float(start + _saturating(time, growth, electrode[FILM_TIME]))
    if law == 2:
        return float(start + growth * wagner_fraction(time / electrode[FILM_TIME]))
    if law == 3:
        return float(_linear(time, start, electrode[FILM_GROWTH_RATE]))
    if law == 4:
        return float(_runaway(min(time, 80.0 * electrode[FILM_TIME]), start, 1.0 / electrode[FILM_TIME]))
    return float(start)


@compiled
def wagner_fraction(scaled_time: float) -> float:
    """Solve s = -x - ln(1 - x) for x, the thickness of an interphase over its limit.

    In u = -ln(1 - x): s = u - 1 + exp(-u), from a guess that is right at both ends, within 3 % of u between them; two
    steps of Halley's method then leave an error of 1e-15 in x, or of the rounding where x is small.
    """
    if scaled_time <= 0.0:
        return 0.0
    u = scaled_time - math.expm1(-math.sqrt(2.0 * scaled_time) - scaled_time / 3.0)
    for _ in range(2):
        x = -math.expm1(-u)
        residual = u - x - scaled_time
        u -= 2.0 * residual * x / (2.0 * x * x - residual * (1.0 - x))
    return -math.expm1(-u)


@compiled_in_place
def loss_factor(electrode: FloatArray, void: float) -> float:
    """Contact over the contact of the fresh interface at a void thickness [m]."""
    return max(_loss_factor(max(void, 0.0), electrode[VOID_CAPACITY], electrode[CONTACT_SHAPE]), LEAST_FACTOR)


@compiled_in_place
def interface_resistances(
    electrode: FloatArray, at: FloatArray, k: int, loss: float, time: float
) -> tuple[float, float]:
    """Resistances of the contacts and of the film over the whole face of electrode `k` [Ohm m2] at a `loss_factor`.

    A film under the contacts carries current only where metal touches, and counts with the contacts.
    """
    scale = at[RESISTANCE_SCALE_0 + k]
    film = film_resistance(electrode, time) * scale
    touching = electrode[AREA_RATIO] * at[CONTACT_FRACTION_0 + k] * loss
    if electrode[FILM_UNDER_CONTACTS] > 0:
        return (electrode[CONTACT_RESISTANCE] * scale + film) / touching, 0.0
    return electrode[CONTACT_RESISTANCE] * scale / touching, film


@compiled_in_place
def interface_overpotential(
    electrode: FloatArray, at: FloatArray, k: int, loss: float, time: float, density: float, kinetic: float
) -> float:
    """Overpotential of one interface [V] at a current density per geometric area [A/m2]; kinetic > 0: Butler-Volmer."""
    contacts, film = interface_resistances(electrode, at, k, loss, time)
    if kinetic > 0.0 and contacts > 0.0:
        exchange = GAS_CONSTANT * at[TEMPERATURE] / (FARADAY * contacts)
        return float(_butler_volmer(density, exchange, at[TEMPERATURE]) + film * density)
    return (contacts + film) * density


@compiled_in_place
def cell_voltage(
    parameters: FloatArray, at: FloatArray, state: FloatArray, time: float, current: float, kinetic: float
) -> float:
    """Voltage of the cell [V] at an ionic current [A]."""
    voltage = current * at[ELECTROLYTE_RESISTANCE]
    for k in range(2):
        electrode = parameters[k]
        density, loss = current / electrode[AREA], loss_factor(electrode, state[k])
        voltage += interface_overpotential(electrode, at, k, loss, time, density, kinetic)
    return float(voltage)


@compiled_in_place
def leak_conductance(drive: FloatArray, time: float, electrolyte_resistance: float) -> float:
    """Electronic conductance through a filament [S]: a hard short at once, a soft one growing linearly in time."""
    if time < drive[PIERCED_AT]:
        return 0.0
    if drive[SOFT_TIME] <= 0.0:
        return 1.0 / (HARD_SHORT * electrolyte_resistance)
    return float((time - drive[PIERCED_AT]) / (drive[SOFT_TIME] * electrolyte_resistance))


@compiled_in_place
def ionic_current(
    parameters: FloatArray, at: FloatArray, state: FloatArray, drive: FloatArray, time: float, leak: float
) -> float:
    """Current through the ions [A] at `time`, from the driven current and the leak, or from the driven voltage."""
    level = drive[START] + drive[RISE] * (time - drive[SINCE])
    by_voltage = drive[BY_VOLTAGE] > 0.0
    if not by_voltage and leak == 0.0:
        return float(level)
    resistance = cell_voltage(parameters, at, state, time, 1.0, 0.0)
    current = level / resistance if by_voltage else level / (1.0 + leak * resistance)
    if drive[BUTLER_VOLMER] <= 0.0:
        return float(current)
    for _ in range(60):  # the overpotential is concave in the current: Newton from the ohmic side converges
        small = max(abs(current), 1e-12) * 1e-6
        voltage = cell_voltage(parameters, at, state, time, current, 1.0)
        slope = (cell_voltage(parameters, at, state, time, current + small, 1.0) - voltage) / small
        change = (voltage - level) / slope if by_voltage else (current + leak * voltage - level) / (1.0 + leak * slope)
        current -= change
        if abs(change) <= 1e-13 * abs(current) + 1e-300:
            break
    return float(current)


@compiled_in_place
def void_rate(electrode: FloatArray, at: FloatArray, k: int, loss: float, density: float) -> float:
    """Growth rate of the voids of electrode `k` [m/s] at a `loss_factor`; a current density > 0 strips it [A/m2]."""
    replenishment = _replenishment(at[REPLENISHMENT_0 + k], electrode[AREA_RATIO], at[CONTACT_FRACTION_0 + k], loss)
    return _void_growth(density, replenishment, electrode[REFILL_EFFICIENCY], electrode[RECESSION])


@compiled_in_place
def rates(
    parameters: FloatArray,
    at: FloatArray,
    state: FloatArray,
    time: float,
    current: float,
    kinetic: float,
    whole: BoolArray,
    out: FloatArray,
) -> None:
    """Time derivatives of the state at an ionic current [A], which strips electrode 0 where positive."""
    for k in range(2):
        electrode = parameters[k]
        density = current / electrode[AREA] if k == 0 else -current / electrode[AREA]
        loss = loss_factor(electrode, state[k])
        out[k] = 0.0 if whole[k] else void_rate(electrode, at, k, loss, density)
        out[2 + k] = 0.0
        if density < 0.0:
            overpotential = interface_overpotential(electrode, at, k, loss, time, -density, kinetic)
            out[2 + k] = _damage_rate(
                overpotential, electrode[CRACK_OVERPOTENTIAL], electrode[DAMAGE_EXPONENT], electrode[DAMAGE_TIME]
            ) + _protrusion_rate(density, electrode[AREA_RATIO], electrode[PROTRUSION_CHARGE])
    out[4] = current
