"""Stripping of resolved electrodes against the closed forms of the mean-field interface and the metal that there is."""

import math

import numpy as np
import pytest
from scipy import ndimage

from natrode.constants import FARADAY
from natrode.errors import SpecificationError
from natrode.microstructure.react import Kinetics
from natrode.microstructure.strip import SODIUM_MOLAR_VOLUME, ContactLaw, Segment, strip
from natrode.microstructure.structure import Structure
from natrode.physics.voids import contact_loss_time
from tests.microstructure.shapes import CERAMIC, METAL

SIGMA, RESISTANCE = 0.41, 4.8e-4
RECESSION = SODIUM_MOLAR_VOLUME / FARADAY
MAH = 36000.0  # C/m2 in 1 mAh/cm2
HYBRID = ContactLaw(8.954e-6, 1.0, 1.0, 0.5)
PRISTINE = ContactLaw(0.1055e-6, -0.9, 0.4, 0.5)


def planar(metal=128, edge=2e-7, pellet=8):
    image = np.full((pellet + metal, 3, 4), 2, np.uint8)
    image[:pellet] = 1
    return Structure(image, {1: CERAMIC, 2: METAL}, edge)


def stripped(sample, law, current=2.0, kinetics=None, **options):
    given = {"conductivities": {CERAMIC: SIGMA}, **options}
    return strip(sample, kinetics or Kinetics(RESISTANCE, "linear"), law, current, **given)


def spheres(edge, depth=12e-6):
    """Balls of ceramic on a pellet, in metal: the same bodies on any grid."""
    shape = tuple(round(length / edge) for length in (depth, 6e-6, 6e-6))
    x, y, z = np.meshgrid(*[(np.arange(n) + 0.5) * edge for n in shape], indexing="ij")
    ceramic = x < 0.6e-6
    for centre in ((1.9e-6, 2.2e-6, 2.3e-6), (4.3e-6, 3.1e-6, 3.7e-6)):
        ceramic |= sum((a - c) ** 2 for a, c in zip((x, y, z), centre, strict=True)) < (1.8e-6) ** 2
    return Structure(np.where(ceramic, 1, 2).astype(np.uint8), {1: CERAMIC, 2: METAL}, edge)


def test_a_planar_electrode_fails_when_the_closed_form_says():
    found = stripped(planar(), HYBRID, voltage_limit=5.0)
    time = contact_loss_time(2.0, 0.5, HYBRID.void_capacity, 1.0, RECESSION)
    assert found.endings == ("contact lost",)
    assert found.capacity == pytest.approx(2.0 * time, rel=0.01)
    assert found.live_interface[-1] == 1.0
    bulk = 8 * 2e-7 / SIGMA
    assert found.resistances[0] == pytest.approx(bulk + RESISTANCE, rel=1e-6)
    # the contact on the way: a = I - (I - 1) exp(k t)
    overload = 2.0 / 0.5
    k = RECESSION * 0.5 / HYBRID.void_capacity
    factor = overload - (overload - 1) * np.exp(k * found.times)
    early = factor > 0.1
    assert found.void_factor[early] == pytest.approx(factor[early], rel=0.01)
    assert found.resistances[early] == pytest.approx(bulk + RESISTANCE / factor[early], rel=0.01)


def test_a_planar_electrode_with_a_broad_law_follows_the_ordinary_equation():
    found = stripped(planar(60), PRISTINE, accuracy=0.1)
    law, voids, charge = PRISTINE, 0.0, 0.0
    step = 20.0  # C/m2
    limit = 0.2 / 2.0 - 8 * 2e-7 / SIGMA

    def rate(v):
        return RECESSION * (1 - 0.5 * 0.4 / 2.0 * (1 + 0.9 * v / law.void_capacity) ** (-1 / 0.9))

    while RESISTANCE / 0.4 * (1 + 0.9 * voids / law.void_capacity) ** (1 / 0.9) < limit:
        voids += step * rate(voids + 0.5 * step * rate(voids))
        charge += step
    assert found.capacity == pytest.approx(charge, rel=0.01)
    assert found.capacity / MAH == pytest.approx(0.70, abs=0.01)


def test_emptied_voxels_are_the_charge_and_what_ends_a_run_is_told():
    sample, flat = spheres(3e-7), planar(60)
    lost = stripped(flat, PRISTINE, 10.0, accuracy=0.1)
    assert lost.endings == ("contact lost",)
    assert lost.capacity < 0.8 * lost.inventory
    assert lost.void_factor[-1] < 0.2
    assert lost.live_interface[-1] == 1.0
    generous = ContactLaw(1e-3, 1.0, 1.0, 5.0)
    empty = stripped(sample, generous)
    assert empty.endings == ("exhausted",)
    few = stripped(sample, generous, voltage_limit=0.0025)  # the last metal hangs on few faces: the voltage ends it
    assert few.endings == ("exhausted",)
    assert few.voltages[-1] > 0.0025 > 2 * few.voltages[0]
    assert 0.9 * few.inventory < few.capacity < few.inventory
    assert empty.capacity == pytest.approx(empty.inventory, rel=0.03)
    assert empty.live_interface[-1] < 0.5
    assert empty.void_factor[-1] > 0.9
    for found, body in ((lost, flat), (empty, sample)):
        assert abs(found.volume_error) < 1e-6
        per_voxel = body.voxel_volume / RECESSION / (body.size[1] * body.size[2])
        assert abs(found.emptied_voxels - max(found.charge[-1], found.capacity) / per_voxel) <= 1.0


def test_the_capacity_hardly_changes_when_the_voxels_are_halved():
    coarse, fine = (stripped(spheres(edge, 18e-6), PRISTINE, 20.0, accuracy=0.1) for edge in (3e-7, 1.5e-7))
    assert fine.capacity == pytest.approx(coarse.capacity, rel=0.05)
    for found in (coarse, fine):  # the contact ends it, long before the metal
        assert found.endings == ("contact lost",)
        assert found.live_interface[-1] == 1.0
        assert found.capacity < 0.35 * found.inventory


def test_metal_that_a_closed_cavity_cuts_off_is_dead_to_the_voxel():
    """Ceramic on both sides: the middle is emptied first, and the cavity that it leaves reaches no collector."""
    image = np.full((12, 16, 16), 2, np.uint8)
    image[0] = image[10:] = 1
    image[1:10, :8, :8] = 3
    image[1:10, :2, :2] = 1  # a rod in a skin of void joins the two plates
    image[10:, 12:14, 12:14] = 2  # a hole, through which the metal touches the collector
    sample = Structure(image, {1: CERAMIC, 2: METAL, 3: "void"}, 1e-7)
    metal = image == 2
    far = metal & (ndimage.distance_transform_edt(image != 1) > 4.9)
    pieces, _ = ndimage.label(metal & ~far)
    alive = np.isin(pieces, np.unique(pieces[-1][pieces[-1] > 0]))
    dead = (metal & ~far & ~alive).sum() / metal.sum()
    assert dead > 0.4
    # after the cut only metal on the collector's side is stripped, although half of what comes next lies on the other
    for count in (far.sum(), far.sum() + 1.5 * 192):
        charge = (count + 0.01) * sample.voxel_volume / RECESSION / (sample.size[1] * sample.size[2])
        found = strip(
            sample,
            Kinetics(RESISTANCE, "linear"),
            ContactLaw(1.0),
            segments=[Segment(2.0, charge)],
            conductivities={CERAMIC: SIGMA},
        )
        assert found.emptied_voxels == count
        assert found.dead == pytest.approx(dead, rel=1e-12)


def test_a_voltage_limit_below_the_fresh_voltage_is_the_current_s_own():
    found = stripped(planar(20), PRISTINE, 10.0, voltage_limit=0.005)
    assert found.endings == ("voltage",)
    assert found.capacity == 0.0


def test_an_enclosed_pocket_is_isolated_and_none_of_the_inventory():
    image = np.full((20, 12, 12), 2, np.uint8)
    image[:8] = 1
    image[3:6, 4:9, 2:8] = 2
    sample = Structure(image, {1: CERAMIC, 2: METAL}, 1e-7)
    found = stripped(sample, ContactLaw(1.0), 2.0)
    pocket, outside = 3 * 5 * 6, 12 * 12 * 12
    assert found.isolated_at_start == pytest.approx(pocket / (pocket + outside), rel=1e-12)
    per_voxel = sample.voxel_volume / RECESSION / (sample.size[1] * sample.size[2])
    assert found.endings == ("exhausted",)
    assert found.capacity == pytest.approx(outside * per_voxel, rel=1e-6)
    assert found.emptied_voxels == outside


def test_spread_particles_and_pressure_strip_deeper():
    flat = stripped(planar(60), PRISTINE, 10.0, accuracy=0.1).capacity
    assert stripped(spheres(3e-7), PRISTINE, 10.0, accuracy=0.1).capacity > 1.2 * flat
    pressed = ContactLaw(8.954e-6, 1.0, 1.0, 0.5, stack_pressure=0.25e6, pressure_slope=2.78e-6)
    replenished = 0.5 + 0.25 * 2.78
    time = contact_loss_time(2.0, replenished, pressed.void_capacity, 1.0, RECESSION)
    assert stripped(planar(), pressed, voltage_limit=5.0, accuracy=0.1).capacity == pytest.approx(2.0 * time, rel=0.01)


def test_plating_refills_voids_and_voxels():
    law = ContactLaw(0.1055e-6, -0.9, 0.4, 0.0, refill_efficiency=1.0)
    history = [Segment(2.0, 4000.0), Segment(-2.0, 4000.0), Segment(-2.0, 2000.0)]
    found = strip(
        planar(40),
        Kinetics(RESISTANCE, "linear"),
        law,
        segments=history,
        conductivities={CERAMIC: SIGMA},
    )
    assert found.endings == ("charge",) * 3
    assert found.segment_charges == pytest.approx((4000.0, 4000.0, 2000.0))
    assert found.resistances[-1] == pytest.approx(found.resistances[0], rel=2e-3)
    assert found.resistances.max() > 2 * found.resistances[0]
    assert found.emptied_voxels == 0
    assert found.excess == pytest.approx(2000.0, rel=1e-3)
    poor = strip(
        planar(40),
        Kinetics(RESISTANCE, "linear"),
        ContactLaw(0.1055e-6, -0.9, 0.4, 0.0, refill_efficiency=0.5),
        segments=history[:2],
        conductivities={CERAMIC: SIGMA},
    )
    assert poor.resistances[-1] > 1.2 * poor.resistances[0]


def test_butler_volmer_kinetics_strip_at_the_given_current():
    kinetics = Kinetics(0.05)
    found = stripped(planar(20), HYBRID, current=5.0, kinetics=kinetics, voltage_limit=0.3)
    i0 = 0.0256926 / 0.05
    expected = 2 * 0.0256926 * math.asinh(5.0 / 2 / i0) + 5.0 * 8 * 2e-7 / SIGMA
    assert found.voltages[0] == pytest.approx(expected, rel=1e-4)
    assert np.all(found.current_densities == 5.0)


def test_bad_input_is_refused():
    law = Kinetics(RESISTANCE, "linear")
    with pytest.raises(SpecificationError, match="contact shape 2"):
        ContactLaw(1e-6, 2.0)
    with pytest.raises(SpecificationError, match="either a current density or segments"):
        strip(planar(), law, HYBRID)
    with pytest.raises(SpecificationError, match="other than zero"):
        strip(planar(), law, HYBRID, 0.0)
    with pytest.raises(SpecificationError, match="voltage limit"):
        strip(planar(), law, HYBRID, 1.0, voltage_limit=-1.0)
    ceramic = Structure(np.ones((4, 3, 3), np.uint8), {1: CERAMIC, 2: METAL}, 1e-6)
    assert "no sodium" in strip(ceramic, law, HYBRID, 1.0).reason
