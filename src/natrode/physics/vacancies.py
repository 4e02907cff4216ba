"""Vacancies in the metal: diffusivity, steady and transient supersaturation at the interface, nucleation."""

import math

import numpy as np
from scipy.special import erfc

from natrode.constants import AVOGADRO, BOLTZMANN_EV, FARADAY, GAS_CONSTANT
from natrode.physics._types import FloatArray, FloatOrArray

BCC_CORRELATION_FACTOR = 0.7272
"""Tracer correlation factor of vacancy diffusion in a body-centred cubic metal [-]."""


def sodium_self_diffusivity(temperature: FloatOrArray) -> FloatOrArray:
    """Self-diffusivity of sodium, mono- and divacancies.

    Args:
        temperature: T, scalar or array [K].

    Returns:
        D_self, shape of `temperature` [m2/s].

    Formula:
        D_self = 5.7e-7 exp(-35.1 kJ/RT) + 7.2e-5 exp(-48.1 kJ/RT).

    Validity: 195 to 371 K; +/-25 %.

    Source: Mundy 1971 (`unverified`).
    """
    thermal = GAS_CONSTANT * temperature
    diffusivity: FloatOrArray = 5.7e-7 * np.exp(-35.1e3 / thermal) + 7.2e-5 * np.exp(-48.1e3 / thermal)
    return diffusivity


def sodium_self_diffusivity_nachtrieb(temperature: FloatOrArray) -> FloatOrArray:
    """Self-diffusivity of sodium, older single-exponential fit.

    Args:
        temperature: T, scalar or array [K].

    Returns:
        D_self, shape of `temperature` [m2/s].

    Formula:
        D_self = 0.242e-4 exp(-43.7 kJ/RT).

    Validity: 273 to 371 K.

    Source: Nachtrieb 1952 (`unverified`).
    """
    diffusivity: FloatOrArray = 0.242e-4 * np.exp(-43.7e3 / (GAS_CONSTANT * temperature))
    return diffusivity


def vacancy_fraction(
    temperature: FloatOrArray,
    formation_energy_ev: float,
    reference_fraction: float,
    reference_temperature: float,
) -> FloatOrArray:
    """Equilibrium fraction of vacant sites, pinned to a known value at one temperature.

    Args:
        temperature: T, scalar or array [K].
        formation_energy_ev: E_f, scalar [eV]; 0.42 +/- 0.03 for sodium.
        reference_fraction: x0 at T0, scalar [-]; 7.5e-4 at the melting point of sodium.
        reference_temperature: T0, scalar [K].

    Returns:
        x_v, shape of `temperature` [-].

    Formula:
        x_v = x0 exp[-(E_f/k)(1/T - 1/T0)].

    Validity: solid metal; +/-26 % at 298 K for sodium.

    Source: Feder and Charbnau 1966 (0.42 eV, 5.8 k and 7.5e-4 seen printed).
    """
    inverse_temperature = 1.0 / temperature - 1.0 / reference_temperature
    fraction: FloatOrArray = reference_fraction * np.exp(-formation_energy_ev / BOLTZMANN_EV * inverse_temperature)
    return fraction


def vacancy_diffusivity(
    self_diffusivity: FloatOrArray,
    equilibrium_fraction: float,
    correlation_factor: float = BCC_CORRELATION_FACTOR,
) -> FloatOrArray:
    """Diffusivity of vacancies from tracer self-diffusion.

    Args:
        self_diffusivity: D_self, scalar or array [m2/s].
        equilibrium_fraction: x_v, scalar [-].
        correlation_factor: f, scalar [-].

    Returns:
        D_v, shape of `self_diffusivity` [m2/s].

    Formula:
        D_v = D_self/(f x_v).

    Validity: monovacancies carry the diffusion. Only the product D_v x_v is robust.

    Source: textbook; natrode model notes C1.
    """
    return self_diffusivity / (correlation_factor * equilibrium_fraction)


def diffusive_current_density(
    supersaturation: FloatOrArray,
    self_diffusivity: float,
    thickness: float,
    molar_volume: float,
    sink_length: float = math.inf,
    correlation_factor: float = BCC_CORRELATION_FACTOR,
) -> FloatOrArray:
    """Steady current density whose vacancies diffuse through a foil to its far side, or to sinks inside it.

    Args:
        supersaturation: S = c_v/c_eq at the interface, scalar or array [-].
        self_diffusivity: D_self, scalar [m2/s].
        thickness: L, the far side being at equilibrium, scalar [m].
        molar_volume: Omega of the metal, scalar [m3/mol].
        sink_length: lambda = sqrt(D_v/k_s), scalar [m]; infinite without sinks.
        correlation_factor: f, scalar [-].

    Returns:
        i, shape of `supersaturation` [A/m2].

    Formula:
        i = F D_self (S - 1)/(f Omega L_e),  L_e = lambda tanh(L/lambda), L without sinks.

    Validity: steady state, one dimension.

    Source: solution of D_v c'' = k_s (c - c_eq); natrode model notes C1 (i).
    """
    length = thickness if math.isinf(sink_length) else sink_length * math.tanh(thickness / sink_length)
    scale = FARADAY * self_diffusivity / (correlation_factor * molar_volume * length)
    return scale * (supersaturation - 1.0)


def sand_time(
    current_density: FloatOrArray,
    critical_supersaturation: float,
    equilibrium_concentration: float,
    vacancy_diffusivity: float,
) -> FloatOrArray:
    """Time until the vacancies at the interface of a thick electrode reach a critical supersaturation.

    Args:
        current_density: i, scalar or array [A/m2].
        critical_supersaturation: S*, scalar [-].
        equilibrium_concentration: c_eq of vacancies, scalar [mol/m3].
        vacancy_diffusivity: D_v, scalar [m2/s].

    Returns:
        t_S, shape of `current_density` [s].

    Formula:
        t_S = pi D_v [c_eq (S* - 1) F/(2 i)]^2.

    Validity: diffusion length sqrt(D_v t_S) below the thickness of the foil, else `slab_supersaturation`.

    Source: Sand 1901; natrode model notes C1 (ii).
    """
    charge = equilibrium_concentration * (critical_supersaturation - 1.0) * FARADAY
    time: FloatOrArray = math.pi * vacancy_diffusivity * (charge / (2.0 * current_density)) ** 2
    return time


def slab_supersaturation(
    time: FloatArray,
    current_density: float,
    equilibrium_concentration: float,
    vacancy_diffusivity: float,
    thickness: float,
    far_side_blocked: bool,
) -> FloatArray:
    """Supersaturation of vacancies at the interface of a foil of finite thickness, constant current from
    rest.

    Args:
        time: t, array (N,) [s].
        current_density: i, scalar [A/m2].
        equilibrium_concentration: c_eq, scalar [mol/m3].
        vacancy_diffusivity: D_v, scalar [m2/s].
        thickness: L, scalar [m].
        far_side_blocked: True if the far side takes no vacancies, False if it holds them at equilibrium.

    Returns:
        S = c_v/c_eq at the interface, array (N,) [-].

    Formula:
        with u = D_v t/L^2 and B = i L/(F D_v c_eq):
        S - 1 = B sqrt(u) [2/sqrt(pi) + 4 sum_k s^k ierfc(k/sqrt(u))], k >= 1, s = +1 blocked, -1 free;
        late, free: B [1 - (8/pi^2) sum exp(-(2k+1)^2 pi^2 u/4)/(2k+1)^2];
        late, blocked: B [u + 1/3 - (2/pi^2) sum exp(-k^2 pi^2 u)/k^2].

    Validity: one dimension, no inner sinks. A free far side saturates at S - 1 = B; only a blocked one
        accumulates linearly after t > L^2/D_v.

    Source: Carslaw and Jaeger, Conduction of Heat in Solids, sects. 3.8, 12.4 (`unverified` section numbers).
    """
    reduced_time = vacancy_diffusivity * np.asarray(time, dtype=np.float64) / thickness**2
    root = np.sqrt(np.minimum(reduced_time, 0.3))[:, None]
    k = np.arange(1, 8)
    argument = k / np.maximum(root, 1e-3)
    integral_erfc = np.exp(-(argument**2)) / math.sqrt(math.pi) - argument * erfc(argument)
    sign = 1.0 if far_side_blocked else (-1.0) ** k
    early = root[:, 0] * (2.0 / math.sqrt(math.pi) + 4.0 * np.sum(sign * integral_erfc, axis=1))
    u = np.maximum(reduced_time, 0.3)
    if far_side_blocked:
        modes = np.exp(-(math.pi**2) * np.outer(u, k**2)) / k**2
        late = u + 1.0 / 3.0 - 2.0 / math.pi**2 * np.sum(modes, axis=1)
    else:
        odd = 2 * k - 1
        modes = np.exp(-(math.pi**2) / 4.0 * np.outer(u, odd**2)) / odd**2
        late = 1.0 - 8.0 / math.pi**2 * np.sum(modes, axis=1)
    saturation = current_density * thickness / (FARADAY * vacancy_diffusivity * equilibrium_concentration)
    supersaturation: FloatArray = 1.0 + saturation * np.where(reduced_time < 0.3, early, late)
    return supersaturation


def nucleation_supersaturation(
    surface_energy: float,
    molar_volume: float,
    temperature: float,
    barrier: float,
    wetting_factor: FloatOrArray,
) -> FloatOrArray:
    """Supersaturation of vacancies at which voids nucleate.

    Args:
        surface_energy: gamma of the metal, scalar [J/m2].
        molar_volume: Omega, scalar [m3/mol].
        temperature: T, scalar [K].
        barrier: nucleation barrier that thermal motion overcomes, in units of kT, scalar [-]; about 60.
        wetting_factor: f from `wetting.void_nucleation_factor`, scalar or array [-].

    Returns:
        S*, shape of `wetting_factor` [-].

    Formula:
        barrier = 16 pi gamma^3 v^2 f/[3 (kT)^3 (ln S*)^2],  v = Omega/N_A.

    Validity: classical nucleation theory; order of magnitude.

    Source: textbook; natrode model notes C1.
    """
    molar_surface_energy = surface_energy * (molar_volume / AVOGADRO) ** (2.0 / 3.0) * AVOGADRO
    reduced_energy = molar_surface_energy / (GAS_CONSTANT * temperature)
    slope = math.sqrt(16.0 * math.pi * reduced_energy**3 / (3.0 * barrier))
    supersaturation: FloatOrArray = np.exp(slope * np.sqrt(wetting_factor))
    return supersaturation
