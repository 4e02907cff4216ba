"""Contact evolution under current: voids, their refilling, and the resistance that follows.

One state per interface: the mean void thickness v, or equally the resistance ratio w = R/R0 = 1/f. The
functions of scalars call no other Python function, so that `numba.njit(function)` compiles them as they are.

Source: this project's model (natrode model notes C3, C3b) on the current balance of Adv. Energy Mater. 2022, 12,
    2102579
(Hybrid design of bulk Na metal anode), eq. 1: J_consume = i/(A_eff e) against J_replenish.
"""

import math

import numpy as np
from scipy.special import hyp2f1

from natrode.physics._types import FloatOrArray

_NODES: tuple[float, ...] = tuple(np.polynomial.legendre.leggauss(16)[0].tolist())
_WEIGHTS: tuple[float, ...] = tuple(np.polynomial.legendre.leggauss(16)[1].tolist())

_ZERO = 1e-300
"""Below it a shape or exponent counts as 0; subnormal numbers have too few digits to divide by."""


def contact_loss_factor(void_thickness: float, void_capacity: float, contact_shape: float) -> float:
    """Fraction of the initial contact that voids of a given mean thickness leave.

    Args:
        void_thickness: void volume per geometric area v, scalar [m], >= 0.
        void_capacity: h, the initial slope being 1/h, scalar [m].
        contact_shape: mu, scalar [-], <= 1 (1 uniform contacts, 0 exponential, -1 R linear in v).

    Returns:
        f = a/a0, scalar [-]; 0 at and beyond v = h/mu when mu > 0.

    Formula:
        f = (1 - mu v/h)^(1/mu);  mu = 0: exp(-v/h).

    Validity: exact for parallel patches at one potential drop whose inverse void capacities are gamma
        distributed with mean 1/h and shape k_g, mu = 1 - 1/k_g. For mu <= 0 only the reservoir limits v.

    Source: natrode model notes C3b; `assumed` (the distribution), supported by the measured contact loss of Li (V59).
    """
    relative = void_thickness / void_capacity
    if abs(contact_shape) < _ZERO:
        return math.exp(-relative)
    if contact_shape * relative >= 1.0:
        return 0.0
    return math.exp(math.log1p(-contact_shape * relative) / contact_shape)


def void_thickness_from_factor(loss_factor: float, void_capacity: float, contact_shape: float) -> float:
    """Mean void thickness that leaves a given fraction of the contact; inverse of `contact_loss_factor`.

    Args:
        loss_factor: f = a/a0, scalar [-], 0 to 1.
        void_capacity: h, scalar [m].
        contact_shape: mu, scalar [-], <= 1.

    Returns:
        v, scalar [m]; at f = 0 it is h/mu for mu > 0 and infinite otherwise.

    Formula:
        v = h (1 - f^mu)/mu;  mu = 0: -h ln f.

    Validity: 0 <= f <= 1.

    Source: natrode model notes C3b; `assumed`.
    """
    if loss_factor <= 0.0:
        return void_capacity / contact_shape if contact_shape > 0.0 else math.inf
    if abs(contact_shape) < _ZERO:
        return -void_capacity * math.log(loss_factor)
    return -void_capacity * math.expm1(contact_shape * math.log(loss_factor)) / contact_shape


def replenishment_flux(
    replenishment_current_density: float, area_ratio: float, contact_fraction: float, loss_factor: float
) -> float:
    """Current density that flow of metal towards the interface can feed without voids.

    Args:
        replenishment_current_density: j_r per true contact area, scalar [A/m2].
        area_ratio: A_r = true reaction area per geometric area, scalar [-].
        contact_fraction: a0 of the fresh interface, scalar [-].
        loss_factor: f = a/a0, scalar [-].

    Returns:
        J per geometric area, scalar [A/m2].

    Formula:
        J = j_r A_r a0 f.

    Validity: replenishment proportional to the contact that is left.

    Source: natrode model notes C3; `assumed` (the proportionality), after Adv. Energy Mater. 2022, 12, 2102579, eq. 1.
    """
    return replenishment_current_density * area_ratio * contact_fraction * loss_factor


def void_growth_rate(
    current_density: float, replenishment: float, refill_efficiency: float, recession_per_charge: float
) -> float:
    """Rate at which the mean void thickness grows (stripping) or shrinks (plating, rest).

    Args:
        current_density: i per geometric area, scalar [A/m2]; > 0 strips the electrode, < 0 plates it.
        replenishment: J from `replenishment_flux`, scalar [A/m2].
        refill_efficiency: chi, part of the plated metal that fills voids, scalar [-], 0 to 1.
        recession_per_charge: U = Omega/(z F) of the metal, scalar [m3/C].

    Returns:
        dv/dt, scalar [m/s].

    Formula:
        strip U (i - J);  plate -U (chi |i| + J);  rest -U J.

    Validity: v > 0; a void-free interface (v = 0) stays so where this is negative.

    Source: natrode model notes C3; `assumed` (chi constant).
    """
    if current_density > 0.0:
        return recession_per_charge * (current_density - replenishment)
    return recession_per_charge * (refill_efficiency * current_density - replenishment)


def log_resistance_rate(
    log_resistance: float,
    current_density: float,
    full_contact_replenishment: float,
    refill_efficiency: float,
    void_capacity: float,
    contact_shape: float,
    recession_per_charge: float,
) -> float:
    """Rate of change of the logarithm of the resistance ratio: the contact law in its best variable.

    Args:
        log_resistance: ln w, w = R/R0 = 1/f, scalar [-], >= 0.
        current_density: i per geometric area, scalar [A/m2]; > 0 strips, < 0 plates.
        full_contact_replenishment: J0 = j_r A_r a0, scalar [A/m2].
        refill_efficiency: chi, scalar [-].
        void_capacity: h, scalar [m].
        contact_shape: mu, scalar [-], <= 1.
        recession_per_charge: U = Omega/(z F), scalar [m3/C].

    Returns:
        d(ln w)/dt, scalar [1/s].

    Formula:
        d(ln w)/dt = (w^mu/h) v',  v' from `void_growth_rate` with J = J0/w.

    Validity: w > 1; at w = 1 a negative rate means that the interface stays whole.

    Source: natrode model notes C3b; `assumed`.
    """
    effective_current = current_density if current_density > 0.0 else refill_efficiency * current_density
    replenishment = full_contact_replenishment * math.exp(-log_resistance)
    void_growth = recession_per_charge * (effective_current - replenishment)
    return math.exp(contact_shape * log_resistance) / void_capacity * void_growth


def resistance_power_integral(
    initial_ratio: float,
    final_ratio: float,
    effective_current_density: float,
    full_contact_replenishment: float,
    void_capacity: float,
    contact_shape: float,
    recession_per_charge: float,
    resistance_power: float,
) -> float:
    """Integral of w^n over time between two resistance ratios at constant current: the time (n = 0), the
    damage (n).

    Args:
        initial_ratio: w1 = R/R0 at the start, scalar [-], >= 1.
        final_ratio: w2 at the end, scalar [-], >= 1.
        effective_current_density: g, scalar [A/m2]: i when stripping, -chi |i| when plating, 0 at rest.
        full_contact_replenishment: J0 = j_r A_r a0, scalar [A/m2], >= 0.
        void_capacity: h, scalar [m].
        contact_shape: mu, scalar [-], <= 1.
        recession_per_charge: U = Omega/(z F), scalar [m3/C].
        resistance_power: n, scalar [-]; 0 gives the time, the exponent of `damage_rate` gives its integral.

    Returns:
        Integral of w^n dt, scalar [s]; infinite if the steady ratio J0/g or a standstill lies in the way;
        negative if w2 lies in the past.

    Formula:
        dt = (h/U) w^-mu dw / (g w - J0); with w_s = J0/g and p = n - mu:
        |w_s| < w: (h/(U g)) sum_k w_s^k [w^(p-k)/(p-k)]  (a logarithm where the exponent is 0);
        w < |w_s|: -(h/(U g)) sum_k w_s^(-k-1) [w^(p+k+1)/(p+k+1)];
        else Gauss-Legendre in ln w, the pole at w_s > 0 taken out: w_s^p ln[(w2 - w_s)/(w1 - w_s)].

    Validity: constant g, J0; v > 0 between the two states; relative error below 1e-11 for |n - mu| <= 12.

    Source: natrode model notes C3b (the first series); the other two branches derived here.
    """
    if initial_ratio == final_ratio:
        return 0.0
    power = resistance_power - contact_shape
    lowest = min(initial_ratio, final_ratio)
    highest = max(initial_ratio, final_ratio)
    direction = 1.0 if final_ratio > initial_ratio else -1.0
    span = math.log1p((highest - lowest) / lowest)
    if effective_current_density == 0.0:
        if full_contact_replenishment == 0.0:
            return math.inf
        exponent = power + 1.0
        total = lowest**exponent * (span if abs(exponent) < _ZERO else math.expm1(exponent * span) / exponent)
        return float(-direction * void_capacity / (recession_per_charge * full_contact_replenishment) * total)

    steady = full_contact_replenishment / effective_current_density
    if lowest <= steady <= highest:
        return math.inf
    total = 0.0
    if abs(steady) <= 0.7 * lowest or abs(steady) * 0.7 >= highest:
        if abs(steady) <= 0.7 * lowest:
            coefficient, factor = lowest**power, steady / lowest
            exponent, step, reach = power, -1.0, span
        else:
            coefficient, factor = highest ** (power + 1.0) / steady, highest / steady
            exponent, step, reach = power + 1.0, 1.0, -span
        for _ in range(140):
            term = coefficient * (reach if abs(exponent) < _ZERO else math.expm1(exponent * reach) / exponent)
            total += term
            if abs(term) <= 1e-18 * abs(total):
                break
            coefficient *= factor
            exponent += step
    else:
        start = math.log(lowest / abs(steady))
        panels = math.ceil(span * max(1.0, abs(power) / 8.0))
        half_width = 0.5 * span / panels
        for panel in range(panels):
            for node in range(len(_NODES)):
                y = start + half_width * (2 * panel + 1 + _NODES[node])
                if steady < 0.0:
                    value = math.exp((power + 1.0) * y) / (math.exp(y) + 1.0)
                elif y == 0.0:
                    value = power
                else:
                    value = math.exp(y) * math.expm1(power * y) / math.expm1(y)
                total += half_width * _WEIGHTS[node] * value
        if steady > highest:
            total -= math.log1p((highest - lowest) / (steady - highest))
        elif steady > 0.0:
            total += math.log1p((highest - lowest) / (lowest - steady))
        total *= abs(steady) ** power
    return float(direction * void_capacity / (recession_per_charge * effective_current_density) * total)


def contact_loss_time(
    current_density: float,
    full_contact_replenishment: float,
    void_capacity: float,
    contact_shape: float,
    recession_per_charge: float,
) -> float:
    """Time after which stripping at a constant current leaves no contact, from a fresh interface.

    Args:
        current_density: i, scalar [A/m2], > 0.
        full_contact_replenishment: J0 = j_r A_r a0, scalar [A/m2].
        void_capacity: h, scalar [m].
        contact_shape: mu, scalar [-], <= 1.
        recession_per_charge: U = Omega/(z F), scalar [m3/C].

    Returns:
        t_f, scalar [s]; infinite for i <= J0 and for mu <= 0.

    Formula:
        t_f = (h/(U i)) sum_k (J0/i)^k/(mu + k);
        mu = 1: (h/(U J0)) ln[i/(i - J0)];  J0 = 0: h/(mu U i).

    Validity: constant current; the sodium reservoir is deeper than h/mu.

    Source: mu = 1: natrode model notes C3; the general series is the limit w -> infinity of C3b, derived here.
    """
    if current_density <= full_contact_replenishment or contact_shape <= 0.0:
        return math.inf
    scale = void_capacity / (recession_per_charge * current_density)
    share = full_contact_replenishment / current_density
    if share == 0.0:
        return scale / contact_shape
    if contact_shape == 1.0:
        return -scale * math.log1p(-share) / share
    return scale * float(hyp2f1(1.0, contact_shape, contact_shape + 1.0, share)) / contact_shape


def uniform_contact_factor(
    time: FloatOrArray,
    current_density: float,
    full_contact_replenishment: float,
    void_capacity: float,
    recession_per_charge: float,
) -> FloatOrArray:
    """Contact that is left after stripping at constant current, uniform contacts (mu = 1), from a fresh
    interface.

    Args:
        time: t, scalar or array [s].
        current_density: i, scalar [A/m2], > J0.
        full_contact_replenishment: J0 = j_r A_r a0, scalar [A/m2], > 0.
        void_capacity: h, scalar [m].
        recession_per_charge: U = Omega/(z F), scalar [m3/C].

    Returns:
        f = a/a0, shape of `time` [-]; 0 after `contact_loss_time`.

    Formula:
        f = I - (I - 1) e^(kt),  I = i/J0,  k = U J0/h.

    Validity: i > J0 > 0.

    Source: natrode model notes C3.
    """
    growth = np.expm1(recession_per_charge * full_contact_replenishment / void_capacity * time)
    factor: FloatOrArray = np.maximum(1.0 - (current_density / full_contact_replenishment - 1.0) * growth, 0.0)
    return factor


def exponential_contact_resistance_ratio(
    time: FloatOrArray,
    initial_ratio: float,
    effective_current_density: float,
    full_contact_replenishment: float,
    void_capacity: float,
    recession_per_charge: float,
) -> FloatOrArray:
    """Resistance ratio after stripping or plating at constant current, exponential contact law (mu = 0).

    Args:
        time: t, scalar or array [s].
        initial_ratio: w0 = R/R0 at t = 0, scalar [-], >= 1.
        effective_current_density: g, scalar [A/m2], not 0: i when stripping, -chi |i| when plating.
        full_contact_replenishment: J0 = j_r A_r a0, scalar [A/m2].
        void_capacity: h, scalar [m].
        recession_per_charge: U = Omega/(z F), scalar [m3/C].

    Returns:
        w, shape of `time` [-], >= 1.

    Formula:
        w = w_s + (w0 - w_s) e^(U g t/h),  w_s = J0/g.

    Validity: constant g and J0.

    Source: natrode model notes C3b.
    """
    steady = full_contact_replenishment / effective_current_density
    rate = recession_per_charge * effective_current_density / void_capacity
    ratio: FloatOrArray = np.maximum(steady + (initial_ratio - steady) * np.exp(rate * time), 1.0)
    return ratio


def boolean_refill_efficiency(loss_factor: FloatOrArray, refill_exponent: float) -> FloatOrArray:
    """Refill efficiency of randomly placed discs: plated metal fills voids only where it meets one.

    Args:
        loss_factor: f = a/a0, scalar or array [-].
        refill_exponent: omega, scalar [-], > 0.

    Returns:
        chi, shape of `loss_factor` [-].

    Formula:
        chi = 1 - f^omega.

    Validity: random discs (Boolean model); 0 <= f <= 1.

    Source: natrode model notes C3b; `assumed`.
    """
    efficiency: FloatOrArray = 1.0 - loss_factor**refill_exponent
    return efficiency


def boolean_refill_resistance_ratio(
    cycles: FloatOrArray,
    charge_per_half_cycle: float,
    void_capacity: float,
    refill_exponent: float,
    recession_per_charge: float,
) -> FloatOrArray:
    """Resistance ratio after N strippings, each followed by a plating of the same charge, Boolean refill.

    Args:
        cycles: N, scalar or array [-].
        charge_per_half_cycle: q, scalar [C/m2].
        void_capacity: h, scalar [m].
        refill_exponent: omega, scalar [-].
        recession_per_charge: U = Omega/(z F), scalar [m3/C].

    Returns:
        R/R0, shape of `cycles` [-].

    Formula:
        R/R0 = [1 + N (1 - e^(-omega U q/h))]^(1/omega).

    Validity: mu = 0, no replenishment, chi = 1 - f^omega.

    Source: natrode model notes C3b.
    """
    gain = -math.expm1(-refill_exponent * recession_per_charge * charge_per_half_cycle / void_capacity)
    ratio: FloatOrArray = (1.0 + cycles * gain) ** (1.0 / refill_exponent)
    return ratio
