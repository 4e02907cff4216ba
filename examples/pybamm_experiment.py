"""natrode's sodium anode inside a PyBaMM experiment: a full cell cycled, held and rested, on two anodes.

The model is found by its name, as any model of PyBaMM's. What the anode does is the same laws that natrode's own
simulator steps: contacts that are lost, voids that are filled again, a reservoir that ends. Needs `natrode[cell]`.
"""

import pybamm

import natrode as na
from natrode.simulate.fullcell.assemble import assemble, pybamm_values

CELL = {
    "name": "NVP | NZSP | Na",
    "electrolyte": {"material": "nzsp-hna", "thickness": "0.162 cm", "diameter": "1.114 cm"},
    "cathode": {"material": "nvp", "loading": "3 mg/cm2", "one_c": "117 mA/g"},
}
EXPERIMENT = pybamm.Experiment(
    [("Charge at C/2 until 3.8 V", "Hold at 3.8 V until C/20", "Rest for 30 minutes", "Discharge at 1C until 2.5 V")]
    * 2
)


def main() -> dict[str, dict[str, float]]:
    """Return the discharge capacity [mAh/cm2], the last voids [um] and the anode's share of the polarisation [mV]."""
    found = {}
    for interface in ("h-na-1-5/nzsp-hna", "pristine-na/nzsp-hna"):
        cell = na.FullCell.read({**CELL, "anode": {"interface": interface, "mass": "6 mg"}}, interface)
        values = pybamm.ParameterValues(pybamm_values(assemble(cell), lower=2.4, upper=3.9))
        simulation = pybamm.Simulation(pybamm.Model("natrode-nvp"), experiment=EXPERIMENT, parameter_values=values)
        solution = simulation.solve()
        discharge = solution.cycles[-1].steps[-1]
        passed = discharge["Discharge capacity [A.h]"].entries
        found[interface] = {
            "discharge capacity": 1e-1 * (passed[-1] - passed[0]) / cell.cathode_area,
            "voids": 1e6 * discharge["Anode electrode void thickness [m]"].entries[-1],
            "anode": -1e3 * discharge["Anode overpotential [V]"].entries[-1],
        }
        print("{:22} {:.3f} mAh/cm2  voids {:.3f} um  anode {:.1f} mV".format(interface, *found[interface].values()))
    return found


if __name__ == "__main__":
    main()
