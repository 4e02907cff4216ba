"""Na3V2(PO4)3 | solid electrolyte | Na as a PyBaMM model."""

from typing import Any, Literal

import pybamm

from natrode.physics import cathode
from natrode.simulate.fullcell.anode import Options
from natrode.simulate.fullcell.base_model import FullCellModel
from natrode.simulate.fullcell.particle import SHELLS
from natrode.simulate.fullcell.symbolic import traced

PARTICLE = "cathode particle"
RADIUS = pybamm.SpatialVariable("r", domain=[PARTICLE], coord_sys="spherical polar")


class SodiumVanadiumPhosphate(FullCellModel):
    """Two-phase cathode, one particle size, against a sodium anode.

    Args:
        particles: "diffusion" in spheres of constant (apparent) diffusivity, or a "shrinking-core".
        anode: options of the anode's interface.
        soft_short: whether a filament leaks and grows; without it the run ends when one is through.
        name: of the model.
    """

    def __init__(
        self,
        particles: Literal["diffusion", "shrinking-core"] = "diffusion",
        anode: Options | None = None,
        soft_short: bool = False,
        name: str = "natrode NVP cell",
    ) -> None:
        super().__init__(anode or Options(), soft_short, name)
        plateau, solubility = self.value("plateau voltage [V]"), self.value("solubility")
        if particles == "diffusion":
            filling = pybamm.Variable("Cathode stoichiometry", domain=PARTICLE)
            time = self.value("diffusion time [s]") * self.thermal_scale
            flux = -self.charging * time / (3 * self.value("charge [C]"))
            self.rhs[filling] = pybamm.div(pybamm.grad(filling)) / time
            self.boundary_conditions[filling] = {
                "left": (pybamm.Scalar(0), "Neumann"),
                "right": (flux, "Neumann"),
            }
            self.initial_conditions[filling] = self.value("initial filling")
            surface = pybamm.surf(filling)
            shell: Any = pybamm.Scalar(0)
            self.variables["Cathode surface stoichiometry"] = surface
        else:
            surface = self.filling
            core = surface * (self.charging > 0) + (1 - surface) * (self.charging <= 0)
            resistance = self.value("shell resistance [Ohm.m2]") * self.thermal_scale
            shell = self.cathode_density * resistance * traced(cathode.shrinking_core_factor)(core)
        open_circuit = traced(cathode.two_phase_open_circuit_voltage)(
            surface, plateau, solubility, self.thermal_voltage
        )
        self.close(open_circuit, shell)

    @property
    def default_parameter_values(self) -> Any:
        """NVP against h-Na 1:5, after Adv. Energy Mater. 2022, 12, 2102579."""
        from natrode.simulate.fullcell.parameter_sets import nvp_hybrid_sodium

        return pybamm.ParameterValues(nvp_hybrid_sodium())

    @property
    def default_geometry(self) -> dict[str, Any]:
        """The particle, in units of its radius."""
        return {PARTICLE: {RADIUS: {"min": pybamm.Scalar(0), "max": pybamm.Scalar(1)}}}

    @property
    def default_submesh_types(self) -> dict[str, Any]:
        """A uniform mesh."""
        return {PARTICLE: pybamm.Uniform1DSubMesh}

    @property
    def default_var_pts(self) -> dict[Any, int]:
        """Finite volumes in the particle."""
        return {RADIUS: SHELLS}

    @property
    def default_spatial_methods(self) -> dict[str, Any]:
        """Finite volumes, extrapolated to the surface with the flux there."""
        return {PARTICLE: spatial_method()}


def spatial_method() -> Any:
    """The finite volumes of a particle."""
    order = {"gradient": "linear", "value": "linear"}
    return pybamm.FiniteVolume(options={"extrapolation": {"order": order, "use bcs": True}})
