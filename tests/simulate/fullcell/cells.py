"""Full cells, protocols and what the tests of full cells read from samples."""

import tomllib

import numpy as np

from natrode.cell import FULL_EXAMPLE, FullCell
from natrode.protocol import Protocol


def cell(cathode=None, anode=None, **changes) -> FullCell:
    data = tomllib.loads(FULL_EXAMPLE)
    data["cathode"].update(cathode or {})
    data["anode"].update(anode or {})
    return FullCell.read({**data, **changes}, "test")


def protocol(rate=1.0, cycles=3, points=5, kept="all", **changes) -> Protocol:
    step = {"type": "charge-discharge", "c_rate": rate, "lower_voltage": "2.5 V", "upper_voltage": "3.8 V"}
    return Protocol(
        name="cycling",
        sampling={"points_per_half_cycle": points, "cycles": kept},
        steps=[{**step, "cycles": cycles, **changes}],
    )


def half_cycles(samples):
    """Direction, charge per half cycle [C] and last voltage."""
    found = []
    for number in np.unique(samples[:, 5]):
        part = samples[(samples[:, 5] == number) & (samples[:, 2] != 0)]
        found.append((np.sign(part[0, 2]), abs(part[0, 2]) * (part[-1, 0] - part[0, 0]), part[:, 1]))
    return found


CELLS = {
    "diffusion": (cell, {}, {}, ("2.5 V", "3.8 V"), "charge"),
    "shrinking core": (cell, {"particles": "shrinking-core"}, {}, ("2.5 V", "3.8 V"), "charge"),
    "dry, pristine sodium": (
        cell,
        {"wetting": "none", "parameters": {"dry_resistance": "300 Ohm cm2"}},
        {"interface": "pristine-na/nzsp-hna"},
        ("2.5 V", "3.8 V"),
        "charge",
    ),
    "sulfur": (
        cell,
        {"material": "sulfur", "one_c": None, "parameters": {"loss_rate": "1e-5 1/s"}},
        {},
        ("1.2 V", "2.8 V"),
        "discharge",
    ),
    "carbon dioxide": (
        cell,
        {"material": "carbon-co2", "loading": "0.1 mg/cm2", "one_c": "500 mA/g"},
        {},
        ("1.8 V", "5 V"),
        "discharge",
    ),
}
