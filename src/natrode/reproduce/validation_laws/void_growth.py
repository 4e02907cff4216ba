"""Contact lost to voids against the charge stripped."""

import math
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from natrode import materials
from natrode.constants import FARADAY
from natrode.physics import voids
from natrode.reproduce import library
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.paper import VALIDATION
from natrode.reproduce.validation_laws.shared import number, parameters_of
from natrode.units import read_quantity


def _recession(interface: str) -> float:
    """Thickness of metal per charge [m3/C]."""
    metal = materials.load_material(materials.load_interface(interface).metal)
    return metal.properties["molar_volume"].si / FARADAY


@listed
def contact_lost(interface: str, charge: str) -> Computed:
    """Contact that one-way stripping takes away, with the void capacity of the interface's data.

    Args:
        interface: name of the interface.
        charge: stripped, with unit.

    Returns:
        1 - a/a0 [%].

    Formula: a/a0 = (1 - mu v/h)^(1/mu), v = U q, no replenishment.

    Source: compared with Zhao et al., Nat. Commun. 16 (2025), 10.1038/s41467-025-59567-8.
    """
    known = parameters_of(interface)
    void = _recession(interface) * read_quantity(charge, "areal charge")
    left = voids.contact_loss_factor(void, known["void_capacity"], known["contact_shape"])
    text = f"{1e6 * void:.2g} um stripped from a void capacity of {1e6 * known['void_capacity']:.2g} um"
    return Computed(
        100 * (1 - left), "%", "fraction", f"{text}: {100 * (1 - left):.0f} % of the contact is lost", {"left": left}
    )


@listed
def contact_lost_from_first_point(interface: str, charge: str) -> Computed:
    """Contact that one-way stripping takes away, the scale of charge taken from the first measured point.

    Args:
        interface: name of the interface, which gives the contact shape mu.
        charge: stripped, with unit.

    Returns:
        1 - a/a0 [%].

    Formula: a/a0 = (1 - mu q/q_h)^(1/mu), q_h from the first point; mu is not touched.

    Source: first point of Zhao et al., Nat. Commun. 16 (2025), 10.1038/s41467-025-59567-8.
    """
    shape = parameters_of(interface)["contact_shape"]
    first_charge, first_loss = _stripping_curve()[0]
    scale = first_charge / voids.void_thickness_from_factor(1 - first_loss, 1.0, shape)
    left = voids.contact_loss_factor(read_quantity(charge, "areal charge"), scale, shape)
    text = f"contact shape {shape:.2f} through the first point: {100 * (1 - left):.1f} % lost at {charge}"
    return Computed(100 * (1 - left), "%", "fraction", text, {"contact_shape": shape, "left": left})


@cache
def _stripping_curve() -> tuple[tuple[float, float], ...]:
    """Charge [C/m2] and share of the contact lost, of the measured curve."""
    points = []
    for figure in library.load_paper(VALIDATION).figures:
        if str(figure.arguments.get("function", "")).startswith("contact_lost") and figure.si is not None:
            points.append((read_quantity(figure.arguments["charge"], "areal charge"), figure.si))
    return tuple(sorted(points))


@listed
def contact_shape_of_stripping() -> Computed:
    """Contact shape that fits the measured loss of contact against charge best.

    Returns:
        mu [-]; the deviation of ln a among the numbers.

    Formula: least squares of ln a, a/a0 = (1 - mu v/h)^(1/mu), mu and h free.

    Source: Zhao et al., Nat. Commun. 16 (2025), 10.1038/s41467-025-59567-8.
    """
    points = _stripping_curve()
    scale = points[0][0]

    def deviation(free: npt.NDArray[np.float64], /) -> list[float]:
        return [
            math.log(max(voids.contact_loss_factor(charge / scale, math.exp(free[1]), free[0]), 1e-12) / (1 - lost))
            for charge, lost in points
        ]

    fitted = least_squares(deviation, np.array([-0.5, 0.0]), bounds=([-3.0, -5.0], [0.0, 5.0]))
    shape = float(fitted.x[0])
    rms = float(np.sqrt(np.mean(np.square(fitted.fun))))
    text = f"the measured curve asks for mu = {shape:.2f} (deviation of ln a {rms:.3f}, five points, two parameters)"
    return number(shape, text, {"contact_shape": shape, "rms_ln_a": rms})
