"""Shorting of a cell with liquid electrolyte by protrusions that grow through the separator: a HYPOTHESIS."""


def protrusion_growth_rate(current_density: float, area_ratio: float, shorting_charge: float) -> float:
    """Rate at which protrusions of the plated electrode cross the separator; the cell shorts when they reach
    1.

    Args:
        current_density: i per geometric area, scalar [A/m2]; < 0 plates the electrode, > 0 strips it.
        area_ratio: A_r = true reaction area per geometric area, scalar [-].
        shorting_charge: q_short, charge per true area whose plating crosses the separator, scalar [C/m2].

    Returns:
        dD/dt, scalar [1/s]; 0 while the electrode is stripped or rests.

    Formula:
        D' = (|i|/A_r)/q_short.

    Validity: protrusion length proportional to the charge plated, none of it stripped again. Published lives
        of bare sodium imply exponents 1.8 in charge per half cycle and -0.7 in current instead: expect
        misses.

    Source: natrode model notes K2, `assumed`; to be calibrated on one life of Sci. Bull. 2021, 66, 179.
    """
    if current_density >= 0.0:
        return 0.0
    return -current_density / (area_ratio * shorting_charge)
