"""What may stand in the files: properties and parameters, each with a dimension of `units.DIMENSIONS`."""

PROPERTY_DIMENSIONS: dict[str, str] = {
    # mass and charge
    "density": "density",
    "liquid_density": "density",
    "molar_mass": "molar mass",
    "molar_volume": "molar volume",
    "specific_charge": "specific charge",
    "coating_mass_fraction": "fraction",
    "particle_diameter": "length",
    # heat
    "melting_temperature": "temperature",
    "formation_gibbs_energy": "molar energy",
    # transport
    "conductivity": "conductivity",
    "bulk_conductivity": "conductivity",
    "electronic_conductivity": "conductivity",
    "conductivity_activation_energy": "energy per particle",
    "grain_boundary_share": "fraction",
    "grain_boundary_capacitance": "capacitance",
    "grain_boundary_time_constant": "time",
    "grain_boundary_exponent": "number",
    "relative_permittivity": "number",
    "electronic_resistivity": "resistivity",
    "area_specific_resistance": "area-specific resistance",
    "separator_thickness": "length",
    "diffusivity": "diffusivity",
    # mechanics
    "elastic_modulus": "pressure",
    "poisson_ratio": "number",
    "hardness": "pressure",
    "yield_strength": "pressure",
    "flexural_strength": "pressure",
    "fracture_toughness": "fracture toughness",
    "creep_prefactor": "creep prefactor",
    "creep_exponent": "number",
    "creep_activation_energy": "molar energy",
    # defects and diffusion of the metal
    "self_diffusion_prefactor_1": "diffusivity",
    "self_diffusion_prefactor_2": "diffusivity",
    "self_diffusion_activation_energy_1": "molar energy",
    "self_diffusion_activation_energy_2": "molar energy",
    "self_diffusivity": "diffusivity",
    "vacancy_formation_energy": "energy per particle",
    "vacancy_formation_entropy": "number",
    "vacancy_migration_energy": "energy per particle",
    "vacancy_fraction_at_melting": "fraction",
    "correlation_factor": "number",
    # surfaces
    "surface_tension": "surface energy",
    "surface_tension_prefactor": "surface energy",
    "surface_tension_critical_temperature": "temperature",
    "surface_tension_exponent": "number",
    "surface_energy": "surface energy",
    "work_function": "energy per particle",
    "sodium_contact_angle": "angle",
    "sodium_work_of_adhesion": "surface energy",
    "oxygen_solubility_intercept": "number",
    "oxygen_solubility_temperature": "temperature difference",
    # voltages
    "equilibrium_voltage": "voltage",
    "upper_plateau_voltage": "voltage",
    "lower_plateau_voltage": "voltage",
    "oxidation_onset": "voltage",
    # cathodes
    "solubility": "fraction",
    "active_fraction": "fraction",
    "particle_radius": "length",
    "charge_transfer_resistance": "area-specific resistance",
    "wetted_resistance": "area-specific resistance",
    "dry_resistance": "area-specific resistance",
    "cathode_activation_energy": "energy per particle",
    "double_layer_capacitance": "areal capacitance",
    "shell_resistance": "area-specific resistance",
    "upper_share": "fraction",
    "step_width": "fraction",
    "loss_rate": "rate",
    "product_charge": "specific charge",
    "product_resistance": "area-specific resistance",
    "charging_exchange_current": "specific current",
    "charging_slope": "voltage",
    "charging_resistance": "area-specific resistance",
}
"""Every property that a material may have."""

PARAMETER_DIMENSIONS: dict[str, str] = {
    # contact
    "contact_resistance": "area-specific resistance",  # R_c, per true contact area
    "contact_fraction": "fraction",  # a0
    "area_ratio": "number",  # A_r
    "void_capacity": "length",  # h
    "contact_shape": "number",  # mu
    "replenishment_current_density": "current density",  # j_r at 25 degC, per true contact area
    "refill_efficiency": "fraction",  # chi
    "hardness": "pressure",
    "contact_angle": "angle",
    "particle_volume_fraction": "fraction",  # phi
    "hardening_coefficient": "number",  # k of H/H0 = 1 + k phi
    # short
    "crack_overpotential": "voltage",  # eta_c
    "damage_exponent": "number",  # n
    "damage_time": "time",  # tau
    "protrusion_charge": "areal charge",
    "flaw_modulus": "number",
    "contact_scatter": "fraction",
    # film, per geometric area
    "film_resistance": "area-specific resistance",
    "film_final_resistance": "area-specific resistance",
    "film_time": "time",
    "film_growth_rate": "resistance growth rate",
    # temperature and pressure
    "resistance_activation_energy": "energy per particle",
    "replenishment_activation_energy_interface": "energy per particle",
    "replenishment_activation_energy_creep": "energy per particle",
    "replenishment_pressure_slope": "replenishment slope",
    # impedance
    "double_layer_capacitance": "areal capacitance",
    "film_capacitance": "areal capacitance",
    "contact_gap": "length",
    "patch_spacing": "length",
    "constriction_share": "fraction",
    "diffusion_share": "fraction",
    "diffusion_length": "length",
    "diffusion_time": "time",
}
"""Every parameter with a unit that an interface may have."""

PARAMETER_WORDS: dict[str, tuple[str, ...]] = {
    "film_growth": ("none", "saturating", "parabolic", "linear", "exponential"),
    "film_placement": ("series", "under-contacts"),
}
"""Parameters that are a word, and the words."""

POSITIVE_PARAMETERS = frozenset(
    {
        "contact_resistance",
        "contact_fraction",
        "area_ratio",
        "void_capacity",
        "hardness",
        "crack_overpotential",
        "damage_exponent",
        "damage_time",
        "protrusion_charge",
        "flaw_modulus",
        "film_time",
        "double_layer_capacitance",
        "film_capacitance",
        "contact_gap",
        "patch_spacing",
        "diffusion_length",
        "diffusion_time",
    }
)
"""Parameters that must be greater than zero; all others but `contact_shape` may be zero."""
