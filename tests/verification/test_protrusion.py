import math

from natrode.physics import protrusion

from .helpers import HOUR, MA_CM2, MAH_CM2, near, prints


def life(current, area_ratio, shorting_charge):
    """Hours; half of the time is plating."""
    return 2 / protrusion.protrusion_growth_rate(-current * MA_CM2, area_ratio, shorting_charge) / HOUR


def test_grows_only_while_plating():
    assert protrusion.protrusion_growth_rate(1.0, 2.0, 1e5) == 0.0
    assert protrusion.protrusion_growth_rate(0.0, 2.0, 1e5) == 0.0
    assert protrusion.protrusion_growth_rate(-1.0, 2.0, 1e5) == near(5e-6, rel=1e-14)


def test_the_cell_shorts_after_its_charge():
    charge = 44.5 * MAH_CM2
    assert life(1.0, 1.0, charge) == near(89.0, rel=1e-12)
    assert life(1.0, 3.0, charge) == near(3 * 89.0, rel=1e-12)
    assert prints(life(3.0, 1.0, charge), "30")  # measured: 27 h
    assert life(1.0, 1.0, charge) > 3 * 26  # and at 5 mAh/cm2 per half cycle 26 h: a miss


def test_published_lives_imply_other_exponents():
    cycles = {(1, 1): 89 / 2, (1, 5): 26 / 10, (3, 3): 27 / 2}
    in_charge = math.log(cycles[1, 1] / cycles[1, 5]) / math.log(5)
    in_current = math.log(cycles[1, 1] / cycles[3, 3]) / math.log(3) - in_charge
    assert prints(in_charge, "1.8")
    assert prints(in_current, "-0.7")
