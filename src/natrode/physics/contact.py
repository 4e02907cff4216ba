"""Contact of metal and electrolyte under pressure and time, before any current flows."""

import math

import numpy as np
from scipy.special import erf

from natrode.physics._types import FloatArray, FloatOrArray


def plastic_contact_fraction(stack_pressure: FloatOrArray, hardness: float) -> FloatOrArray:
    """Contact fraction of a metal whose asperities flow plastically (bounded Bowden-Tabor).

    Args:
        stack_pressure: P, scalar or array [Pa].
        hardness: H, scalar [Pa]; 2.8 to 3 times the yield stress, or an effective value of tens of MPa for
            metal that is confined, work-hardened or covered by a film.

    Returns:
        a, shape of `stack_pressure` [-].

    Formula:
        a = P/(P + H).

    Validity: P/H for P << H; the bound a < 1 is an interpolation; no memory.

    Source: Bowden and Tabor; natrode model notes B1. H = 0.53 to 0.84 MPa for Na from Wang et al. 2020, Materialia
        100792.
    """
    return stack_pressure / (stack_pressure + hardness)


def film_covered_contact_fraction(
    stack_pressure: FloatOrArray, hardness: float, effective_hardness: float, covered_fraction: float
) -> FloatOrArray:
    """Contact fraction of an interface of which a part behaves much harder than the metal.

    Args:
        stack_pressure: P, scalar or array [Pa].
        hardness: H of the bare metal, scalar [Pa].
        effective_hardness: H_e of the confined, hardened or film-covered part, scalar [Pa]; tens of MPa.
        covered_fraction: s, that part of the area, scalar [-], 0 to 1.

    Returns:
        a, shape of `stack_pressure` [-].

    Formula:
        a = (1 - s) P/(P + H) + s P/(P + H_e).

    Validity: parallel parts at one pressure; s = 0 is the plastic law.

    Source: `assumed`; contacts that improve up to 10-40 MPa: validation figure V15, V39, V40, V54, V57.
    """
    bare = stack_pressure / (stack_pressure + hardness)
    covered = stack_pressure / (stack_pressure + effective_hardness)
    return (1.0 - covered_fraction) * bare + covered_fraction * covered


def elastic_contact_fraction(
    stack_pressure: FloatOrArray, effective_modulus: float, root_mean_square_slope: float
) -> FloatOrArray:
    """Contact fraction of elastic, self-affine rough surfaces.

    Args:
        stack_pressure: P, scalar or array [Pa].
        effective_modulus: E* = E/(1 - nu^2), scalar [Pa].
        root_mean_square_slope: h'_rms, scalar [-].

    Returns:
        a, shape of `stack_pressure` [-].

    Formula:
        a = erf[(sqrt(pi)/2) P/p0],  p0 = E* h'_rms/2.

    Validity: no plastic flow, so hard interlayers only: p0 of sodium is hundreds of MPa.

    Source: Persson 2001 (`unverified`); natrode model notes B2.
    """
    reference_pressure = 0.5 * effective_modulus * root_mean_square_slope
    fraction: FloatOrArray = erf(0.5 * math.sqrt(math.pi) * stack_pressure / reference_pressure)
    return fraction


def hertz_contact_radius(force: FloatOrArray, asperity_radius: float, effective_modulus: float) -> FloatOrArray:
    """Radius of the contact of an elastic sphere on a flat.

    Args:
        force: F, scalar or array [N].
        asperity_radius: R, scalar [m].
        effective_modulus: E*, scalar [Pa].

    Returns:
        r, shape of `force` [m].

    Formula:
        r^3 = 3 F R/(4 E*).

    Validity: r << R, no plastic flow, no adhesion.

    Source: Hertz 1882; natrode model notes B2.
    """
    radius: FloatOrArray = (0.75 * force * asperity_radius / effective_modulus) ** (1.0 / 3.0)
    return radius


def creep_flattened_contact_fraction(
    time: FloatOrArray,
    initial_fraction: float,
    stack_pressure: float,
    creep_prefactor: float,
    creep_exponent: float,
    flattening_coefficient: float = 1.0,
) -> FloatOrArray:
    """Contact fraction after asperities have crept under a constant pressure.

    Args:
        time: t, scalar or array [s].
        initial_fraction: a0, scalar [-].
        stack_pressure: P, scalar [Pa].
        creep_prefactor: A of eps' = A sigma^n, scalar [Pa^-n/s].
        creep_exponent: n, scalar [-].
        flattening_coefficient: C, of order 1, scalar [-].

    Returns:
        a, shape of `time` [-], at most 1.

    Formula:
        a' = C A (P/(3a))^n;  a^(n+1) = a0^(n+1) + (n + 1) C A (P/3)^n t.

    Validity: mean stress P/(3a) on the contacts; a up to 1.

    Source: natrode model notes B3; C `assumed`.
    """
    order = creep_exponent + 1.0
    rate = order * flattening_coefficient * creep_prefactor * (stack_pressure / 3.0) ** creep_exponent
    fraction: FloatOrArray = np.minimum((initial_fraction**order + rate * time) ** (1.0 / order), 1.0)
    return fraction


def creep_flattening_time(
    final_fraction: FloatOrArray,
    initial_fraction: float,
    stack_pressure: float,
    creep_prefactor: float,
    creep_exponent: float,
    flattening_coefficient: float = 1.0,
) -> FloatOrArray:
    """Time that creep needs to reach a contact fraction; inverse of `creep_flattened_contact_fraction`.

    Args:
        final_fraction: a, scalar or array [-], a0 to 1.
        initial_fraction: a0, scalar [-].
        stack_pressure: P, scalar [Pa].
        creep_prefactor: A, scalar [Pa^-n/s].
        creep_exponent: n, scalar [-].
        flattening_coefficient: C, scalar [-].

    Returns:
        t, shape of `final_fraction` [s].

    Formula:
        t = (a^(n+1) - a0^(n+1))/[(n + 1) C A (P/3)^n].

    Validity: as `creep_flattened_contact_fraction`.

    Source: natrode model notes B3.
    """
    order = creep_exponent + 1.0
    rate = order * flattening_coefficient * creep_prefactor * (stack_pressure / 3.0) ** creep_exponent
    time: FloatOrArray = (final_fraction**order - initial_fraction**order) / rate
    return time


def pressed_contact_fraction(
    durations: FloatArray,
    stack_pressures: FloatArray,
    hardness: float,
    creep_prefactor: float,
    creep_exponent: float,
    flattening_coefficient: float = 1.0,
) -> FloatArray:
    """Contact fraction after each step of a pressing history: plastic at once, creep with time, kept on
    release.

    Args:
        durations: length of each step, array (N,) [s].
        stack_pressures: P in each step, array (N,) [Pa].
        hardness: H of the plastic law, scalar [Pa].
        creep_prefactor: A, scalar [Pa^-n/s].
        creep_exponent: n, scalar [-].
        flattening_coefficient: C, scalar [-].

    Returns:
        a at the end of each step, array (N,) [-].

    Formula:
        step k: a0 = max(a_(k-1), P_k/(P_k + H)); a_k^(n+1) = a0^(n+1) + (n + 1) C A (P_k/3)^n t_k.

    Validity: no elastic recovery, no pull-off.

    Source: `assumed`; contact that stays improved after release: validation figure V44, V54.
    """
    fractions = np.zeros(len(durations))
    fraction = 0.0
    for step, (duration, pressure) in enumerate(zip(durations, stack_pressures, strict=True)):
        start = max(fraction, plastic_contact_fraction(float(pressure), hardness))
        fraction = creep_flattened_contact_fraction(
            float(duration), start, float(pressure), creep_prefactor, creep_exponent, flattening_coefficient
        )
        fractions[step] = fraction
    return fractions


def interface_resistance(
    contact_fraction: FloatOrArray,
    film_resistance: float,
    charge_transfer_resistance: float,
    constriction_resistance: FloatOrArray,
) -> FloatOrArray:
    """Resistance of an interface: film, charge transfer at the contacts, and constriction in the electrolyte.

    Args:
        contact_fraction: a, scalar or array [-].
        film_resistance: R_film on the whole electrolyte surface, scalar [Ohm m2].
        charge_transfer_resistance: R_ct per true contact area, scalar [Ohm m2].
        constriction_resistance: R_con at this a, shape of `contact_fraction` [Ohm m2].

    Returns:
        R_int, shape of `contact_fraction` [Ohm m2].

    Formula:
        R_int = R_film + R_ct/a + R_con.

    Validity: the film is crossed by a uniform current.

    Source: natrode model notes B4; `assumed` (the film in series).
    """
    return film_resistance + charge_transfer_resistance / contact_fraction + constriction_resistance
