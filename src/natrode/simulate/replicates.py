"""Nominally identical cells: the scatter of flaws and of assembly makes a distribution of one design."""

import numpy as np

from natrode.cell import Cell
from natrode.measurement import Experiment
from natrode.physics import fracture
from natrode.protocol import Protocol
from natrode.simulate import parameters, symmetric
from natrode.simulate.parameters import Model


def scatter(model: Model, count: int, seed: int) -> list[Model]:
    """Models of `count` replicate cells.

    The largest flaw of each interface scatters its crack overpotential (Weibull, median 1), assembly its contact
    fraction (lognormal, at most 1); the widths are the interface's `flaw_modulus` and `contact_scatter`.
    """
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        variant = model
        for side, values in enumerate(model.interfaces):
            modulus = float(values.get("flaw_modulus", np.inf))
            strength = fracture.weibull_quantile(generator.random(), 1.0, modulus, 1.0) / fracture.weibull_quantile(
                0.5, 1.0, modulus, 1.0
            )
            contact = float(values["contact_fraction"]) * np.exp(
                float(values.get("contact_scatter", 0.0)) * generator.standard_normal()
            )
            changes = {
                "crack_overpotential": float(values["crack_overpotential"]) * float(strength),
                "contact_fraction": float(min(contact, 1.0)),
            }
            variant = parameters.with_values(variant, side, changes)
        found.append(variant)
    return found


def replicate(cell: Cell, protocol: Protocol, count: int, *, seed: int) -> list[Experiment]:
    """Run a protocol on `count` nominally identical cells.

    Args:
        cell: the design; its own run without scatter is the median cell.
        protocol: what is done to each.
        count: number of cells.
        seed: of the scatter.

    Returns:
        One experiment per cell.
    """
    model = parameters.assemble(cell)
    return [symmetric.run(variant, cell, protocol) for variant in scatter(model, count, seed)]
