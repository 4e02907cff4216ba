"""Virtual cells made of bare numbers, so that the tests of the integrator do not depend on any material data."""

import numpy as np

from natrode.simulate import integrator
from natrode.simulate import kernel as K

RECESSION = 2.375e-5 / 96485.33
AREA = 1e-4


def electrode(**changes):
    """Pristine sodium of the reference set; units of the field (Ohm cm2, um) where the name says so."""
    given = dict(
        contact=4.8,
        area_ratio=1.0,
        capacity=0.1055,
        shape=-0.9,
        refill=0.78,
        crack=0.2,
        exponent=5.0,
        hours=1.0,
        protrusion=np.inf,
        reservoir=np.inf,
        film=0.0,
        film_law=0,
        film_final=0.0,
        film_time=1.0,
        film_rate=0.0,
        under=0.0,
    )
    given.update(changes)
    row = np.zeros(K.N_PARAMETERS)
    row[K.CONTACT_RESISTANCE] = given["contact"] * 1e-4
    row[K.AREA_RATIO] = given["area_ratio"]
    row[K.VOID_CAPACITY] = given["capacity"] * 1e-6
    row[K.CONTACT_SHAPE] = given["shape"]
    row[K.REFILL_EFFICIENCY] = given["refill"]
    row[K.CRACK_OVERPOTENTIAL] = given["crack"]
    row[K.DAMAGE_EXPONENT] = given["exponent"]
    row[K.DAMAGE_TIME] = given["hours"] * 3600
    row[K.PROTRUSION_CHARGE] = given["protrusion"]
    row[K.RESERVOIR] = given["reservoir"] / RECESSION
    row[K.FILM_RESISTANCE] = given["film"] * 1e-4
    row[K.FILM_LAW] = given["film_law"]
    row[K.FILM_FINAL_RESISTANCE] = given["film_final"] * 1e-4
    row[K.FILM_TIME] = given["film_time"]
    row[K.FILM_GROWTH_RATE] = given["film_rate"]
    row[K.FILM_UNDER_CONTACTS] = given["under"]
    row[K.AREA] = AREA
    row[K.RECESSION] = RECESSION
    return row


def hybrid(**changes):
    return electrode(**{**dict(area_ratio=1.37, capacity=8.954, shape=1.0), **changes})


def conditions(contact_fraction=0.4, replenishment=0.05, electrolyte=39.0, times=None):
    """One row of constant conditions; replenishment in mA/cm2, electrolyte in Ohm on 1 cm2."""
    table = np.zeros((1, K.N_CONDITIONS))
    table[0, K.ELECTROLYTE_RESISTANCE] = electrolyte
    table[0, [K.RESISTANCE_SCALE_0, K.RESISTANCE_SCALE_1]] = 1.0
    table[0, [K.REPLENISHMENT_0, K.REPLENISHMENT_1]] = replenishment * 10
    table[0, [K.CONTACT_FRACTION_0, K.CONTACT_FRACTION_1]] = contact_fraction
    table[0, K.TEMPERATURE] = 298.15
    return table


def current(density):
    """mA/cm2 to A on the test area."""
    return density * 10 * AREA


def block(kind, duration, level=0.0, points=20, **columns):
    row = np.zeros(K.N_BLOCK)
    row[K.KIND], row[K.STEP], row[K.LEVEL], row[K.DURATION], row[K.POINTS] = kind, 1, level, duration, points
    for name, value in columns.items():
        row[getattr(K, name)] = value
    return row


def cycling(density, capacity, cycles, limit=5.0, **columns):
    return block(K.CYCLING, capacity / density * 3600, current(density), CYCLES=cycles, VOLTAGE_LIMIT=limit, **columns)


class Run:
    """Everything that one run of the kernel gives."""

    def __init__(self, electrodes, table, blocks, soft=0.0, butler_volmer=False, interval=0.0, room=400_000):
        samples, snapshots = np.empty((room, K.N_SAMPLE)), np.empty((500, K.N_SNAPSHOT))
        self.state, self.clock = np.zeros(K.N_STATE), np.zeros(integrator.N_CLOCK)
        count, taken, self.ended, self.cycles, self.pierced_at = integrator.run(
            np.array(blocks),
            np.array(electrodes),
            table,
            soft,
            butler_volmer,
            interval,
            samples,
            snapshots,
            self.state,
            self.clock,
        )
        self.electrodes = electrodes
        self.samples, self.snapshots = samples[:count], snapshots[:taken]
        self.steps = self.clock[integrator.STEPS]

    @property
    def ratio(self):
        """Resistance of the contacts over their fresh one, of both electrodes."""
        return np.array([1 / K.loss_factor(self.electrodes[k], self.state[k]) for k in range(2)])

    @property
    def time(self):
        return self.clock[0]
