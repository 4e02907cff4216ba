"""Numbers of or-na-2024 (ORNa) recomputed: figures and flags."""

from natrode.constants import ROOM_TEMPERATURE
from natrode.physics import thermodynamics
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.arithmetic.shared import MA_CM2, MAH_G, printed

ORNA_LOADING = 3.5
"""NVP [mg/cm2]; 3-4 in Fig 6 of Sci. Bull. 2024."""


@listed
def or_retention() -> Computed:
    """Retention of the full cell from 110 to 106.9 mAh/g, printed as 95.4 % (ORNa Fig 6c)."""
    start, end = printed("or-nvp-life-start"), printed("or-nvp-life-end")
    retention = 100 * end / start
    needed = end / printed("or-nvp-life-retention") / MAH_G
    text = f"106.9 / 110 = {retention:.1f} %; 95.4 % need a start of {needed:.2f} mAh/g"
    return Computed(retention, "%", "fraction", text, {"retention_percent": retention, "start_mah_g": needed})


@listed
def or_rate_unit() -> Computed:
    """C-rate that 117 mA/cm2 would be at the paper's loading, where 1C = 117 mA/g is meant."""
    rate = 117.0 / (ORNA_LOADING * 0.117)
    text = f"117 mA/cm2 on 3.5 mg/cm2 would be {rate:.0f}C; 117 mA/g is meant"
    return Computed(rate, "1", "number", text, {"c_rate": rate})


@listed
def or_implied_pristine_mean() -> Computed:
    """Mean critical current density of pristine sodium that "three times higher" implies (ORNa Fig 4d).

    Returns:
        6.3 mA/cm2 over 3 [mA/cm2]; over 4 ("higher by three times") among the numbers.
    """
    mean = printed("or-ccd-orna") / MA_CM2
    control = printed("or-ccd-unstirred") / MA_CM2
    text = (
        f"'three times higher' than pristine implies a mean of {mean / 3:.1f} mA/cm2 (or {mean / 4:.1f} if three times "
        f"more); the control's {control:g} lies above both"
    )
    return Computed(mean / 3, "mA/cm2", "current density", text, {"third": mean / 3, "quarter": mean / 4})


@listed
def or_activity_of_shift() -> Computed:
    """Activity of sodium that a potential shift of 0.5 mV implies, beside the shifts of 50 meV and 0.4 eV."""
    activity = float(thermodynamics.activity_from_voltage(0.5e-3, ROOM_TEMPERATURE, 1.0))
    solubility = float(thermodynamics.oxygen_solubility(350.0 + 273.15)) * 1e6
    text = (
        f"0.5 mV mean an activity of {activity:.3f} (2 % of another atom); oxygen dissolves to {solubility:.0f} ppm by "
        "mass at 350 degC: dissolved oxygen cannot shift the potential so far"
    )
    return Computed(activity, "1", "number", text, {"activity": activity, "solubility_ppm": solubility})
