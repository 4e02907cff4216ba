"""Conduction and diffusion: Arrhenius, Warburg, transmission line of a two-phase electrode, lengths."""

import math

import numpy as np

from natrode.constants import BOLTZMANN_EV, FARADAY, GAS_CONSTANT
from natrode.physics._types import ComplexArray, FloatArray, FloatOrArray


def arrhenius_conductivity(
    temperature: FloatOrArray,
    reference_conductivity: float,
    reference_temperature: float,
    activation_energy_ev: float,
) -> FloatOrArray:
    """Conductivity at a temperature, sigma itself being thermally activated.

    Args:
        temperature: T, scalar or array [K].
        reference_conductivity: sigma at T0, scalar [S/m].
        reference_temperature: T0, scalar [K].
        activation_energy_ev: E_a from a plot of log(sigma), scalar [eV].

    Returns:
        sigma, shape of `temperature` [S/m].

    Formula:
        sigma = sigma(T0) exp[-(E_a/k)(1/T - 1/T0)].

    Validity: one mechanism, no phase transition.

    Source: Arrhenius; natrode model notes I.
    """
    inverse_temperature = 1.0 / temperature - 1.0 / reference_temperature
    conductivity: FloatOrArray = reference_conductivity * np.exp(
        -activation_energy_ev / BOLTZMANN_EV * inverse_temperature
    )
    return conductivity


def arrhenius_conductivity_of_product(
    temperature: FloatOrArray,
    reference_conductivity: float,
    reference_temperature: float,
    activation_energy_ev: float,
) -> FloatOrArray:
    """Conductivity at a temperature, the product sigma T being thermally activated.

    Args:
        temperature: T, scalar or array [K].
        reference_conductivity: sigma at T0, scalar [S/m].
        reference_temperature: T0, scalar [K].
        activation_energy_ev: E_a from a plot of log(sigma T), scalar [eV].

    Returns:
        sigma, shape of `temperature` [S/m].

    Formula:
        sigma T = sigma(T0) T0 exp[-(E_a/k)(1/T - 1/T0)].

    Validity: ion hopping; E_a lies above that of log(sigma) by about kT (0.026 eV at 298 K).

    Source: Arrhenius, Nernst-Einstein; natrode model notes I.
    """
    inverse_temperature = 1.0 / temperature - 1.0 / reference_temperature
    product: FloatOrArray = (
        reference_conductivity
        * reference_temperature
        * np.exp(-activation_energy_ev / BOLTZMANN_EV * inverse_temperature)
    )
    return product / temperature


def activation_energy_from_slope(slope: float, logarithm_base: float) -> float:
    """Activation energy from the slope of a logarithm against 1000/T.

    Args:
        slope: d log/d(1000/T), scalar [1000 K].
        logarithm_base: e for ln, 10 for log10, scalar [-].

    Returns:
        E_a, scalar [eV].

    Formula:
        E_a = -1000 slope k ln(base).

    Validity: the base must be known: ln and log10 differ by 2.303.

    Source: Arrhenius; natrode model notes I.
    """
    return -1000.0 * slope * BOLTZMANN_EV * math.log(logarithm_base)


def arrhenius_slope(activation_energy_ev: float, logarithm_base: float) -> float:
    """Slope of a logarithm against 1000/T; inverse of `activation_energy_from_slope`.

    Args:
        activation_energy_ev: E_a, scalar [eV].
        logarithm_base: e for ln, 10 for log10, scalar [-].

    Returns:
        d log/d(1000/T), scalar [1000 K].

    Formula:
        slope = -E_a/(1000 k ln(base)).

    Validity: as `activation_energy_from_slope`.

    Source: Arrhenius.
    """
    return -activation_energy_ev / (1000.0 * BOLTZMANN_EV * math.log(logarithm_base))


def warburg_diffusivity(
    warburg_coefficient: FloatOrArray, area: float, electrons: float, concentration: float, temperature: float
) -> FloatOrArray:
    """Diffusivity from the Warburg coefficient of an electrode.

    Args:
        warburg_coefficient: s_W, scalar or array [Ohm s^-1/2].
        area: A, scalar [m2].
        electrons: n, scalar [-].
        concentration: C of the diffusing ion, scalar [mol/m3].
        temperature: T, scalar [K].

    Returns:
        D, shape of `warburg_coefficient` [m2/s].

    Formula:
        D = R^2 T^2/(2 A^2 n^4 F^4 C^2 s_W^2).

    Validity: semi-infinite diffusion, ideal solution. In a two-phase electrode C is undefined and D apparent.

    Source: Bard and Faulkner, Electrochemical Methods, sect. 10.3, with one species; natrode model notes G.
    """
    scale = GAS_CONSTANT * temperature / (area * (electrons * FARADAY) ** 2 * concentration)
    diffusivity: FloatOrArray = 0.5 * (scale / warburg_coefficient) ** 2
    return diffusivity


def warburg_impedance(angular_frequency: FloatArray, warburg_coefficient: float) -> ComplexArray:
    """Impedance of semi-infinite diffusion.

    Args:
        angular_frequency: w, array (N,) [rad/s], > 0.
        warburg_coefficient: s_W, scalar [Ohm s^-1/2] or [Ohm m2 s^-1/2].

    Returns:
        Z, array (N,) [Ohm] or [Ohm m2].

    Formula:
        Z = s_W (1 - j)/sqrt(w).

    Validity: diffusion length below the thickness.

    Source: Warburg 1899; natrode model notes G.
    """
    impedance: ComplexArray = warburg_coefficient * (1.0 - 1.0j) / np.sqrt(angular_frequency)
    return impedance


def finite_length_warburg_impedance(
    angular_frequency: FloatArray, diffusion_resistance: float, diffusion_time: float
) -> ComplexArray:
    """Impedance of diffusion through a layer to a side held at constant concentration.

    Args:
        angular_frequency: w, array (N,) [rad/s], > 0.
        diffusion_resistance: R_d, the limit w -> 0, scalar [Ohm] or [Ohm m2].
        diffusion_time: tau = L^2/D, scalar [s].

    Returns:
        Z, array (N,) [Ohm] or [Ohm m2].

    Formula:
        Z = R_d tanh(sqrt(j w tau))/sqrt(j w tau).

    Validity: one dimension.

    Source: textbook (transmissive boundary); natrode model notes G.
    """
    root = np.sqrt(1j * angular_frequency * diffusion_time)
    impedance: ComplexArray = diffusion_resistance * np.tanh(root) / root
    return impedance


def finite_space_warburg_impedance(
    angular_frequency: FloatArray, diffusion_resistance: float, diffusion_time: float
) -> ComplexArray:
    """Impedance of diffusion into a layer whose far side is closed.

    Args:
        angular_frequency: w, array (N,) [rad/s], > 0.
        diffusion_resistance: R_d, scalar [Ohm] or [Ohm m2]; the real part tends to R_d/3.
        diffusion_time: tau = L^2/D, scalar [s].

    Returns:
        Z, array (N,) [Ohm] or [Ohm m2].

    Formula:
        Z = R_d coth(sqrt(j w tau))/sqrt(j w tau).

    Validity: one dimension; a capacitance tau/R_d at low frequency.

    Source: textbook (reflective boundary); natrode model notes G.
    """
    root = np.sqrt(1j * angular_frequency * diffusion_time)
    impedance: ComplexArray = diffusion_resistance / (np.tanh(root) * root)
    return impedance


def specific_surface_of_spheres(volume_fraction: FloatOrArray, diameter: float) -> FloatOrArray:
    """Surface per volume of a mixture with equal spheres.

    Args:
        volume_fraction: phi of the spheres, scalar or array [-].
        diameter: d, scalar [m].

    Returns:
        a_v, shape of `volume_fraction` [1/m].

    Formula:
        a_v = 6 phi/d.

    Validity: spheres that do not overlap.

    Source: geometry; natrode model notes F.
    """
    return 6.0 * volume_fraction / diameter


def penetration_length(
    effective_conductivity: float, charge_transfer_resistance: float, specific_surface: float
) -> float:
    """Depth to which a reaction reaches into a two-phase electrode.

    Args:
        effective_conductivity: sigma_eff of the ion-conducting network, scalar [S/m].
        charge_transfer_resistance: R_ct per true area, scalar [Ohm m2].
        specific_surface: a_v, scalar [1/m].

    Returns:
        L_p, scalar [m].

    Formula:
        L_p = sqrt(sigma_eff R_ct/a_v).

    Validity: linear kinetics; the metal is an equipotential.

    Source: Newman and Tobias 1962 (porous electrode); natrode model notes F.
    """
    return math.sqrt(effective_conductivity * charge_transfer_resistance / specific_surface)


def transmission_line_impedance(
    angular_frequency: FloatArray,
    effective_conductivity: float,
    charge_transfer_resistance: float,
    double_layer_capacitance: float,
    specific_surface: float,
    thickness: float,
) -> ComplexArray:
    """Impedance of a two-phase electrode: ions in one network, charge transfer to the metal along it.

    Args:
        angular_frequency: w, array (N,) [rad/s]; 0 is direct current.
        effective_conductivity: sigma_eff, scalar [S/m].
        charge_transfer_resistance: R_ct per true area, scalar [Ohm m2].
        double_layer_capacitance: C per true area, scalar [F/m2].
        specific_surface: a_v, scalar [1/m].
        thickness: L, scalar [m].

    Returns:
        Z per electrode area, array (N,) [Ohm m2].

    Formula:
        Z = sqrt(z/(a_v sigma_eff)) coth(L/sqrt(sigma_eff z/a_v)),  z = R_ct/(1 + j w R_ct C).

    Validity: linear kinetics, the metal an equipotential; L << L_p: R_ct/(a_v L); L >> L_p: sqrt(R_ct/(a_v
        sigma)).

    Source: de Levie 1963; natrode model notes F.
    """
    shunt = charge_transfer_resistance / (
        1.0 + 1j * angular_frequency * charge_transfer_resistance * double_layer_capacitance
    )
    length = np.sqrt(effective_conductivity * shunt / specific_surface)
    impedance: ComplexArray = length / (effective_conductivity * np.tanh(thickness / length))
    return impedance


def transmission_line_resistance(
    effective_conductivity: float,
    charge_transfer_resistance: float,
    specific_surface: float,
    thickness: float,
) -> float:
    """Resistance of a two-phase electrode to direct current.

    Args:
        effective_conductivity: sigma_eff, scalar [S/m].
        charge_transfer_resistance: R_ct per true area, scalar [Ohm m2].
        specific_surface: a_v, scalar [1/m].
        thickness: L, scalar [m].

    Returns:
        R, scalar [Ohm m2].

    Formula:
        R = sqrt(R_ct/(a_v sigma_eff)) coth(L/L_p).

    Validity: as `transmission_line_impedance`.

    Source: Newman and Tobias 1962; natrode model notes F.
    """
    length = penetration_length(effective_conductivity, charge_transfer_resistance, specific_surface)
    return length / (effective_conductivity * math.tanh(thickness / length))


def transmission_line_mode_rate(
    mode: FloatOrArray,
    effective_conductivity: float,
    charge_transfer_resistance: float,
    double_layer_capacitance: float,
    specific_surface: float,
    thickness: float,
) -> FloatOrArray:
    """Rate at which a mode of the potential in a two-phase electrode decays.

    Args:
        mode: n = 0, 1, 2, ..., scalar or array [-].
        effective_conductivity: sigma_eff, scalar [S/m].
        charge_transfer_resistance: R_ct per true area, scalar [Ohm m2].
        double_layer_capacitance: C per true area, scalar [F/m2].
        specific_surface: a_v, scalar [1/m].
        thickness: L, scalar [m].

    Returns:
        1/tau_n, shape of `mode` [1/s].

    Formula:
        1/tau_n = 1/(R_ct C) + sigma_eff (n pi/L)^2/(a_v C).

    Validity: constant current (no flux modes at both ends).

    Source: natrode model notes F.
    """
    relaxation = 1.0 / (charge_transfer_resistance * double_layer_capacitance)
    spreading = effective_conductivity * (math.pi / thickness) ** 2 / (specific_surface * double_layer_capacitance)
    rate: FloatOrArray = relaxation + spreading * mode**2
    return rate


def wagner_length(conductivity: FloatOrArray, interface_resistance: float) -> FloatOrArray:
    """Length below which an uneven interface does not disturb the current in the electrolyte.

    Args:
        conductivity: sigma of the electrolyte, scalar or array [S/m].
        interface_resistance: R, scalar [Ohm m2].

    Returns:
        L_W, shape of `conductivity` [m].

    Formula:
        L_W = sigma R.

    Validity: linear kinetics.

    Source: Wagner 1951; natrode model notes C3b.
    """
    return conductivity * interface_resistance
