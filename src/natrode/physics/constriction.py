"""Constriction of current in the electrolyte under contact spots, and the capacitance of the gaps."""

import math

import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.linalg import spsolve

from natrode.constants import VACUUM_PERMITTIVITY
from natrode.physics._types import ComplexArray, FloatArray, FloatOrArray


def holm_resistance(spot_radius: FloatOrArray, resistivity: float) -> FloatOrArray:
    """Resistance of one circular spot on a half space, on the electrolyte's side.

    Args:
        spot_radius: r, scalar or array [m].
        resistivity: rho of the electrolyte, scalar [Ohm m].

    Returns:
        R, shape of `spot_radius` [Ohm].

    Formula:
        R = rho/(4 r).

    Validity: isolated spot; the metal's side is negligible.

    Source: Holm, Electric Contacts; natrode model notes B4.
    """
    return resistivity / (4.0 * spot_radius)


def flux_tube_factor(relative_radius: FloatOrArray) -> FloatOrArray:
    """Constriction of one spot in its flux tube relative to the same spot on a half space.

    Args:
        relative_radius: eps = r/b = sqrt(a), scalar or array [-], 0 to 1.

    Returns:
        psi, shape of `relative_radius` [-].

    Formula:
        psi = 1 - 1.40978 eps + 0.34406 eps^3 + 0.0435 eps^5 + 0.02271 eps^7.

    Validity: isothermal spot in a circular tube; within 0.2 % for eps <= 0.8; 5e-4 instead of 0 at eps = 1.

    Source: Negus and Yovanovich 1984 (`unverified`); natrode model notes B4, checked against `flux_tube_impedance`.
    """
    series = 0.34406 + 0.0435 * relative_radius**2 + 0.02271 * relative_radius**4
    factor: FloatOrArray = 1.0 - 1.40978 * relative_radius + series * relative_radius**3
    return factor


def cooper_mikic_yovanovich_factor(relative_radius: FloatOrArray) -> FloatOrArray:
    """Older approximation of `flux_tube_factor`, for comparison only.

    Args:
        relative_radius: eps = sqrt(a), scalar or array [-].

    Returns:
        psi, shape of `relative_radius` [-].

    Formula:
        psi = (1 - eps)^1.5.

    Validity: a << 1; 4 % high at a = 0.25, 17 % at 0.49, 73 % at 0.81.

    Source: Cooper, Mikic, Yovanovich 1969 (`unverified`); natrode model notes B4.
    """
    factor: FloatOrArray = (1.0 - relative_radius) ** 1.5
    return factor


def constriction_resistance(
    contact_fraction: FloatOrArray, spot_half_spacing: float, resistivity: float
) -> FloatOrArray:
    """Constriction resistance of an interface covered by equal spots.

    Args:
        contact_fraction: a, scalar or array [-], above 0.
        spot_half_spacing: b, radius of the flux tube of one spot, scalar [m].
        resistivity: rho of the electrolyte, scalar [Ohm m].

    Returns:
        R_con, shape of `contact_fraction` [Ohm m2].

    Formula:
        R_con = (pi/4) rho b psi(eps)/eps,  eps = sqrt(a).

    Validity: direct current; regular pattern of isolated spots.

    Source: natrode model notes B4.
    """
    relative_radius: FloatOrArray = np.sqrt(contact_fraction)
    scale = 0.25 * math.pi * resistivity * spot_half_spacing
    return scale * flux_tube_factor(relative_radius) / relative_radius


def greenwood_cluster_resistance(
    spot_count: int, mean_spot_radius: float, cluster_diameter: float, resistivity: float
) -> float:
    """Resistance of a cluster of spots: the spots in parallel, and the spreading from the whole cluster.

    Args:
        spot_count: n [-].
        mean_spot_radius: mean r, scalar [m].
        cluster_diameter: d, scalar [m].
        resistivity: rho of the electrolyte, scalar [Ohm m].

    Returns:
        R, scalar [Ohm].

    Formula:
        R = rho/(4 n r) + rho/(2 d).

    Validity: many spots, one side.

    Source: Greenwood 1966 (`unverified`); natrode model notes B4.
    """
    return resistivity / (4.0 * spot_count * mean_spot_radius) + resistivity / (2.0 * cluster_diameter)


def gap_capacitance(contact_fraction: FloatOrArray, gap: float, relative_permittivity: float = 1.0) -> FloatOrArray:
    """Capacitance of the gaps between the contacts, per interface area.

    Args:
        contact_fraction: a, scalar or array [-].
        gap: g, mean width, scalar [m].
        relative_permittivity: of what fills the gap, scalar [-].

    Returns:
        C_gap, shape of `contact_fraction` [F/m2].

    Formula:
        C_gap = eps_r eps0 (1 - a)/g.

    Validity: plane gaps much wider than g.

    Source: natrode model notes B5.
    """
    return relative_permittivity * VACUUM_PERMITTIVITY * (1.0 - contact_fraction) / gap


def flux_tube_impedance(
    angular_frequency: FloatArray,
    contact_fraction: float,
    spot_half_spacing: float,
    length: float,
    conductivity: float,
    relative_permittivity: float,
    gap: float,
    spot_impedance: ComplexArray,
    cells_per_radius: int = 32,
) -> ComplexArray:
    """Impedance of an electrolyte column under one contact spot and its gap, resolved in two dimensions.

    The reference for the constriction formulas: Laplace's equation with complex admittivity in a circular
    cylinder, cell-centred finite volumes, grid refined cubically towards the rim of the spot and the
    interface.

    Args:
        angular_frequency: w, array (N,) [rad/s]; 0 is direct current.
        contact_fraction: a, scalar [-], above 0, at most 1.
        spot_half_spacing: b, radius of the cylinder, scalar [m].
        length: L of the column, scalar [m], at least 1.5 b.
        conductivity: sigma of the electrolyte, scalar [S/m].
        relative_permittivity: of the electrolyte, scalar [-].
        gap: g of vacuum between metal and electrolyte beside the spot, scalar [m].
        spot_impedance: charge transfer and film at the spot, per spot area, array (N,) [Ohm m2].
        cells_per_radius: cells from the axis to the rim and from the rim to b, scalar [-].

    Returns:
        Z per area pi b^2 of the column, array (N,) [Ohm m2], the column's L/(sigma + j w eps) included.

    Formula:
        div[(sigma + j w eps) grad phi] = 0; metal at 1 V, reached through the spot impedance for r < b
        sqrt(a) and through eps0/g beside it; phi = 0 at z = L; no flux at r = b.

    Validity: gap << b; second order in the cell size.

    Source: Eckhardt, Klar, Janek, Heiliger 2022, ACS AMI (the physics); natrode model notes B5; the scheme is this
        project's.
    """
    rim = spot_half_spacing * math.sqrt(contact_fraction)
    share = np.linspace(0.0, 1.0, cells_per_radius + 1)
    inner = rim * (1.0 - (1.0 - share) ** 3)
    outer = rim + (spot_half_spacing - rim) * share**3
    radial_faces = np.concatenate([inner, outer[1:]]) if contact_fraction < 1.0 else inner
    axial_faces = length * np.linspace(0.0, 1.0, 3 * cells_per_radius + 1) ** 3
    r = 0.5 * (radial_faces[1:] + radial_faces[:-1])
    z = 0.5 * (axial_faces[1:] + axial_faces[:-1])
    rings = math.pi * np.diff(radial_faces**2)
    heights = np.diff(axial_faces)
    index = np.arange(r.size * z.size).reshape(r.size, z.size)

    # geometric conductances between neighbours [m]: area/distance
    radial = np.outer(2.0 * math.pi * radial_faces[1:-1] / np.diff(r), heights)
    axial = np.outer(rings, 1.0 / np.diff(z))
    first = np.concatenate([index[:-1].ravel(), index[:, :-1].ravel()])
    second = np.concatenate([index[1:].ravel(), index[:, 1:].ravel()])
    link = np.concatenate([radial.ravel(), axial.ravel()])
    ground = rings / (length - z[-1])

    impedance = np.empty(len(angular_frequency), dtype=np.complex128)
    for k, w in enumerate(angular_frequency):
        admittivity = conductivity + 1j * w * relative_permittivity * VACUUM_PERMITTIVITY
        half_cell = z[0] / admittivity
        through_gap = 1j * w * VACUUM_PERMITTIVITY / (gap + half_cell * 1j * w * VACUUM_PERMITTIVITY)
        through_spot = 1.0 / (half_cell + spot_impedance[k])
        electrode = rings * np.where(r < rim, through_spot, through_gap)
        diagonal = np.zeros(index.size, dtype=np.complex128)
        np.add.at(diagonal, first, admittivity * link)
        np.add.at(diagonal, second, admittivity * link)
        diagonal[index[:, 0]] += electrode
        diagonal[index[:, -1]] += admittivity * ground
        source = np.zeros(index.size, dtype=np.complex128)
        source[index[:, 0]] = electrode
        rows = np.concatenate([first, second, index.ravel()])
        columns = np.concatenate([second, first, index.ravel()])
        values = np.concatenate([-admittivity * link, -admittivity * link, diagonal])
        potential = spsolve(csc_array((values, (rows, columns)), shape=(index.size, index.size)), source)
        current = np.sum(electrode * (1.0 - potential[index[:, 0]]))
        impedance[k] = math.pi * spot_half_spacing**2 / current
    return impedance
