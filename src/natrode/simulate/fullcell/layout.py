"""How a full cell lies in arrays: its cathode's parameters, the blocks of a programme, its state, what a run shares."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from natrode.simulate.integrator import Model
from natrode.simulate.kernel import N_CONDITIONS, N_DRIVE, PIERCED_AT, SOFT_TIME

FloatArray = npt.NDArray[np.float64]
# ---- kinds of cathode ----------------------------------------------------------------------------------------
DIFFUSION, SHRINKING_CORE, SULFUR, PRODUCT = 0, 1, 2, 3
# ---- columns of the cathode's parameters ---------------------------------------------------------------------
(
    CATHODE,  # kind
    CHARGE,  # theoretical charge of the active material that takes part [C]
    MASS,  # [kg]
    FACE,  # area [m2]
    PLATEAU,
    LOWER_PLATEAU,
    WIDTH,  # solubility, or width of the step
    UPPER_SHARE,
    DIFFUSION_TIME,
    SHELL_RESISTANCE,
    TRANSFER_RESISTANCE,
    SERIES_RESISTANCE,
    ENERGY,
    LOSS_RATE,
    PRODUCT_SCALE,  # filling in which the product's film resists e-fold
    PRODUCT_RESISTANCE,
    CHARGING_EXCHANGE,
    CHARGING_SLOPE,
    CHARGING_RESISTANCE,
    PLATING_EFFICIENCY,
    BUTLER_VOLMER_ANODE,
    N_CATHODE,
) = range(22)
# ---- columns of a block --------------------------------------------------------------------------------------
(
    KIND,
    STEP,
    CURRENT,
    LOWER,
    UPPER,
    CYCLES,
    PAUSE,
    DISCHARGE_FIRST,
    LONGEST_CHARGE,  # [C]
    CAPACITY,  # [C]
    POINTS,
    LOGARITHMIC,
    DURATION,
    HALF,  # the last cycle has one half
    TARGET,  # filling of the cathode
    N_BLOCK,
) = range(16)
REST, CYCLE, SNAPSHOT, REACH = 0, 1, 2, 3
# ---- how a run ends ------------------------------------------------------------------------------------------
COMPLETED, SHORTED, NEVER_CHARGED, POLARISED, STUCK, NOT_REACHED = 0, 1, 2, 3, 4, 5
# ---- the state: modes of the particles, then these, counted from their end ------------------------------------
FILLING, LOST, ANODE, NOW, PIERCED, EMPTY, N_TAIL = 0, 1, 2, 7, 8, 9, 10
N_SAMPLE = 8
OPEN_LIMIT = 100.0
"""Voltage limit where a step has none [V]."""


class Battery(NamedTuple):
    """What does not change during a run, and arrays that every step overwrites."""

    model: Model
    cathode: FloatArray
    modes: FloatArray
    """(4, N): eigenvalue, push of the current, reach to the surface, and (first) the surface's direct response."""
    drive: FloatArray
    """Filament of `simulate.kernel`."""
    label: FloatArray
    at: FloatArray
    aside: FloatArray
    """A state that nobody needs."""


def new_battery(model: Model, cathode: FloatArray, modes: FloatArray, soft_time: float, label: FloatArray) -> Battery:
    """A battery with the arrays that every step overwrites."""
    drive = np.zeros(N_DRIVE)
    drive[PIERCED_AT], drive[SOFT_TIME] = np.inf, soft_time
    aside = np.zeros(modes.shape[1] + N_TAIL)
    return Battery(model, cathode, modes, drive, label, np.zeros(N_CONDITIONS), aside)
