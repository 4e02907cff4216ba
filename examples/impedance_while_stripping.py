"""Impedance while stripping: the interface loses contact, and the spectra tell which side.

Hybrid sodium is stripped at 0.2 mA/cm2 with a spectrum every half hour. The resistance that the spectra show must explain the
voltage: dV = i dR, to within a few per cent.
"""

import numpy as np

import natrode as na
from natrode import analysis
from natrode.measurement import Column


def main() -> dict[str, np.ndarray]:
    """Return time [h], resistance of the stripping side [Ohm cm2], voltage and i R [V] by spectrum."""
    side = {"interface": "h-na-1-5/nzsp-hna"}
    cell = na.Cell(
        name="h-Na 1:5",
        electrolyte={"material": "nzsp-hna", "thickness": "0.162 cm", "diameter": "1.114 cm"},
        electrode={"working": side, "counter": side},
    )
    spectra = {"highest_frequency": "10 MHz", "lowest_frequency": "0.01 Hz"}
    step = {
        "type": "one-sided",
        "current_density": "0.2 mA/cm2",
        "duration": "5.5 h",
        "impedance_every": "30 min",
        "impedance": spectra,
    }
    protocol = na.Protocol(name="operando impedance", steps=[{"type": "impedance", **spectra}, step])
    experiment = na.simulate(cell, protocol)
    found = analysis.stripping_side_resistance(experiment.impedance)
    print(found)
    return found


if __name__ == "__main__":
    main()
