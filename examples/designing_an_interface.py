"""Designing an interface: what would wetting alone, and what would deeper contacts alone, do for pristine sodium?

Some parameters of pristine sodium are replaced by those of hybrid sodium; the answer is read from the record of a
one-sided stripping, as in the laboratory: resistance of the fresh interface and time until the cell reaches 0.2 V.
"""

import natrode as na
from natrode.materials import load_interface, load_material
from natrode.simulate.symmetric import simulate

PRISTINE, HYBRID = "pristine-na/nzsp-hna", "h-na-1-5/nzsp-hna"
CHANGES = {
    "pristine": (),
    "wetted": ("contact_fraction",),
    "deeper, equal contacts": ("void_capacity", "contact_shape"),
    "both": ("contact_fraction", "void_capacity", "contact_shape"),
}
STRIPPING = na.Protocol(
    name="one-sided stripping",
    steps=[
        {"type": "impedance", "highest_frequency": "10 MHz", "lowest_frequency": "0.1 Hz"},
        {"type": "one-sided", "current_density": "0.2 mA/cm2", "duration": "20 h", "voltage_limit": "1 V"},
    ],
)


def cell(parameters: tuple[str, ...]) -> na.Cell:
    borrowed = load_interface(HYBRID).parameters
    changes = {name: f"{borrowed[name].value} {borrowed[name].unit}" for name in parameters}
    side = {"interface": PRISTINE, "parameters": changes}
    return na.Cell(
        name="design",
        electrolyte={"material": "nzsp-hna", "thickness": "0.162 cm", "diameter": "1.114 cm"},
        electrode={"working": side, "counter": side},
    )


def blocking_pellet(design: na.Cell) -> tuple[float, float]:
    """Resistance of the electrolyte with its uncertainty [Ohm], as a pellet between gold electrodes would give it."""
    conductivity = load_material(design.electrolyte.material).properties["conductivity"].si
    resistance = design.electrolyte.thickness / (conductivity * design.electrolyte_area)
    return resistance, 0.01 * resistance


def main() -> dict[str, tuple[float, float]]:
    """Return (fresh resistance per interface [Ohm cm2], time to 0.2 V [h]) by design."""
    found = {}
    for name, parameters in CHANGES.items():
        design = cell(parameters)
        experiment = simulate(design, STRIPPING)
        spectrum = experiment.impedance.spectra()[0]
        resistance = na.interface_resistance(spectrum, blocking_pellet(design), per="interface").to_json()
        time = na.time_to_voltage(experiment, threshold=0.2).to_json()
        found[name] = resistance["value"], time["value"]
        print(
            f"{name:24} {resistance['value']:5.1f} {resistance['unit']} per interface, "
            f"0.2 V after {time['value']:.2f} {time['unit']}"
        )
    return found


if __name__ == "__main__":
    main()
