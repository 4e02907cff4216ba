"""Impedance while stripping: an interface loses contact, and the spectra must explain the voltage.

Hybrid sodium is stripped at 0.2 mA/cm2 with a spectrum every half hour. The stripping side is told from the plating
side, and between two spectra the voltage has to rise by i dR.
"""

import numpy as np

import natrode as na
from natrode import analysis
from natrode.materials import load_material
from natrode.measurement import Column
from natrode.simulate.symmetric import simulate

SIDE = {"interface": "h-na-1-5/nzsp-hna"}
CELL = na.Cell(
    name="h-Na 1:5",
    electrolyte={"material": "nzsp-hna", "thickness": "0.162 cm", "diameter": "1.114 cm"},
    electrode={"working": SIDE, "counter": SIDE},
)
SPECTRA = {"highest_frequency": "10 MHz", "lowest_frequency": "1 Hz", "points_per_decade": 10}
PROTOCOL = na.Protocol(
    name="operando impedance",
    steps=[
        {"type": "impedance", **SPECTRA},
        {
            "type": "one-sided",
            "current_density": "0.2 mA/cm2",
            "duration": "5.5 h",
            "impedance_every": "30 min",
            "impedance": SPECTRA,
        },
    ],
)


def main() -> dict[str, np.ndarray]:
    """Return time [h], resistance of the stripping side [Ohm cm2], rise of the voltage and of i R [V], by spectrum."""
    experiment = simulate(CELL, PROTOCOL)
    conductivity = load_material("nzsp-hna").properties["conductivity"].si
    pellet = CELL.electrolyte.thickness / (conductivity * CELL.electrolyte_area)
    series = analysis.stripping_side_resistance(experiment.impedance, (pellet, 0.01 * pellet))
    during = np.flatnonzero(series.dc_current > 0)[1:]  # the first one stands where the current sets in
    time, resistance = series.time[during], series.resistance[during]
    record = experiment.cycling
    voltage = np.interp(time, record.array(Column.TIME), record.array(Column.VOLTAGE))
    drop = series.dc_current[during] * resistance / CELL.working_area
    found = {
        "time": time / 3600,
        "resistance": resistance * 1e4,
        "voltage rise": voltage - voltage[0],
        "i dR": drop - drop[0],
    }
    for row in zip(*found.values(), strict=True):
        print("{:5.2f} h  {:6.2f} Ohm cm2  dV {:7.2f} mV  i dR {:7.2f} mV".format(*row[:2], row[2] * 1e3, row[3] * 1e3))
    return found


if __name__ == "__main__":
    main()
