"""Critical current density of two anodes, and how much of it is the protocol.

Pristine sodium and hybrid sodium (1:5) on the same pellet, ramped by 0.1 mA/cm2 until they fail, with one and with five
cycles per step.
"""

import natrode as na
from natrode.simulate.symmetric import simulate

PELLET = {"material": "nzsp-hna", "thickness": "0.162 cm", "diameter": "1.114 cm"}


def cell(interface: str) -> na.Cell:
    side = {"interface": interface}
    return na.Cell(name=interface, electrolyte=PELLET, electrode={"working": side, "counter": side})


def ramp(cycles_per_step: int) -> na.Protocol:
    step = {
        "type": "critical-current-ramp",
        "start": "0.1 mA/cm2",
        "increment": "0.1 mA/cm2",
        "maximum": "6 mA/cm2",
        "capacity": "0.2 mAh/cm2",
        "cycles_per_step": cycles_per_step,
    }
    return na.Protocol(name=f"{cycles_per_step} cycles per step", steps=[step])


def main() -> dict[tuple[str, int], tuple[float, float]]:
    """Return (largest survived, lowest failed) in mA/cm2 by interface and cycles per step."""
    found = {}
    for interface in ("pristine-na/nzsp-hna", "h-na-1-5/nzsp-hna"):
        for cycles in (1, 5):
            critical = na.critical_current_density(simulate(cell(interface), ramp(cycles)))
            survived, failed = critical.largest_survived.to_json(), critical.lowest_failed.to_json()
            found[interface, cycles] = survived["value"], failed["value"]
            shown = " and ".join(f"{'none' if v is None else f'{v:.1f}'}" for v in found[interface, cycles])
            print(f"{interface:22} {cycles} per step: survives and fails at {shown} {failed['unit']}")
    return found


if __name__ == "__main__":
    main()
