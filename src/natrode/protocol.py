"""What is done to a cell: rests, half cycles, ramps, one-sided stripping, impedance, sweeps, holds, repeats."""

import math
from typing import Annotated, Literal, Union

from pydantic import Field, model_validator

from natrode.measurement import Experiment, Measurement
from natrode.specification import (
    ArealCharge,
    CurrentDensity,
    CurrentDensityRate,
    Duration,
    Frequency,
    PressureProfile,
    Quantity,
    SignedCurrentDensity,
    SignedVoltage,
    Specification,
    SpecificCharge,
    SpecificCurrent,
    TemperatureProfile,
    Voltage,
    VoltageRate,
)

PositiveRate = Annotated[float, Field(gt=0)]
MAXIMUM_HALF_CYCLES = 20_000_000
"""More than this is taken for a mistake (a year of one-second half cycles is 31 million)."""


class Rest(Specification):
    """Open circuit."""

    type: Literal["rest"] = "rest"
    duration: Duration


class _HalfCycles(Specification):
    """Half cycles of one current density, limited by capacity or by time."""

    capacity: ArealCharge | None = None
    """Charge per half cycle [C/m2]; give it or `duration`."""
    duration: Duration | None = None
    """Time per half cycle [s]."""
    rest: Duration | None = None
    """Rest after each half cycle [s]."""
    voltage_limit: Voltage = 5.0
    """The instrument stops the run when |V| reaches this [V]."""

    @model_validator(mode="after")
    def _one_limit(self) -> "_HalfCycles":
        if (self.capacity is None) == (self.duration is None):
            raise ValueError("give 'capacity' or 'duration' per half cycle, one of them")
        return self

    def half_cycle_time(self, current_density: float) -> float:
        """Length of one half cycle at `current_density` [A/m2], in s."""
        return self.duration if self.duration is not None else (self.capacity or 0.0) / current_density


class Cycling(_HalfCycles):
    """Galvanostatic cycling."""

    type: Literal["cycling"] = "cycling"
    current_density: CurrentDensity
    cycles: Annotated[int, Field(gt=0)]
    first: Literal["strip", "plate"] = "strip"
    """What the working electrode does first."""


class CriticalCurrentRamp(_HalfCycles):
    """Cycling with a current density that grows from step to step until the cell fails."""

    type: Literal["critical-current-ramp"] = "critical-current-ramp"
    start: CurrentDensity
    increment: CurrentDensity
    maximum: CurrentDensity
    cycles_per_step: Annotated[int, Field(gt=0)] = 1

    @model_validator(mode="after")
    def _rises(self) -> "CriticalCurrentRamp":
        if self.maximum < self.start:
            raise ValueError("'maximum' is below 'start': the ramp would have no step")
        return self

    @property
    def count(self) -> int:
        """Number of current densities."""
        return math.floor((self.maximum - self.start) / self.increment * (1 + 1e-9) + 1e-9) + 1

    @property
    def current_densities(self) -> list[float]:
        """Current density of each step [A/m2]."""
        return [self.start + k * self.increment for k in range(self.count)]


class RateLadder(_HalfCycles):
    """Cycling at a list of current densities, one after the other."""

    type: Literal["rate-ladder"] = "rate-ladder"
    current_densities: Annotated[tuple[CurrentDensity, ...], Field(min_length=1)]
    cycles_per_step: Annotated[int, Field(gt=0)] = 1


class ChargeDischarge(Specification):
    """Charging and discharging a full cell at constant current between two voltages, rate after rate."""

    type: Literal["charge-discharge"] = "charge-discharge"
    c_rate: Annotated[float, Field(gt=0)] | Annotated[tuple[PositiveRate, ...], Field(min_length=1)] | None = None
    """Multiples of the cathode's 1C, one or a ladder; or give one of the two currents."""
    specific_current: SpecificCurrent | None = None
    """Per mass of active material [A/kg]."""
    current_density: CurrentDensity | None = None
    """Per area of the cathode [A/m2]."""
    lower_voltage: Voltage
    upper_voltage: Voltage
    cycles: Annotated[int, Field(gt=0)] = 1
    """At each rate."""
    first: Literal["charge", "discharge"] = "charge"
    capacity: SpecificCharge | None = None
    """Charge per half cycle and mass of active material at which it ends before a cut-off [C/kg]."""
    rest: Duration | None = None
    """After each half cycle [s]."""
    ends: Literal["whole", "half"] = "whole"
    """`half` leaves out the last half cycle: with a `capacity`, the cell then stands at that state of charge."""
    charge_limit: Annotated[float, Field(gt=1)] = 3.0
    """The instrument stops the run when a charge takes this many times the theoretical charge."""

    @model_validator(mode="after")
    def _one_current(self) -> "ChargeDischarge":
        if sum(given is not None for given in (self.c_rate, self.specific_current, self.current_density)) != 1:
            raise ValueError("give one of 'c_rate', 'specific_current', 'current_density'")
        if self.lower_voltage >= self.upper_voltage:
            raise ValueError("'lower_voltage' must be below 'upper_voltage'")
        return self

    @property
    def rates(self) -> tuple[float, ...]:
        """C-rates, empty when a current is given."""
        if self.c_rate is None:
            return ()
        return self.c_rate if isinstance(self.c_rate, tuple) else (self.c_rate,)


class ImpedanceSettings(Specification):
    """Frequencies and amplitude of a spectrum."""

    highest_frequency: Frequency = 1e6
    lowest_frequency: Frequency = 0.1
    points_per_decade: Annotated[int, Field(gt=0, le=100)] = 7
    amplitude: Voltage = 0.01
    """Written into the record; the response is linear [V]."""

    @model_validator(mode="after")
    def _falls(self) -> "ImpedanceSettings":
        if self.lowest_frequency >= self.highest_frequency:
            raise ValueError("'lowest_frequency' must be below 'highest_frequency'")
        return self


class OneSided(Specification):
    """Stripping of the working electrode in one direction, with spectra every so often (operando impedance)."""

    type: Literal["one-sided"] = "one-sided"
    current_density: CurrentDensity
    capacity: ArealCharge | None = None
    duration: Duration | None = None
    voltage_limit: Voltage = 5.0
    impedance_every: Duration | None = None
    impedance: ImpedanceSettings = ImpedanceSettings()

    @model_validator(mode="after")
    def _ends(self) -> "OneSided":
        if self.capacity is not None and self.duration is not None:
            raise ValueError("give 'capacity' or 'duration', not both")
        if self.capacity is None and self.duration is None:
            raise ValueError("this step can never end: give 'capacity' or 'duration' (the voltage may stay flat)")
        return self

    @property
    def time(self) -> float:
        """Length of the step [s]."""
        return self.duration if self.duration is not None else (self.capacity or 0.0) / self.current_density


class CurrentRamp(Specification):
    """Current density that grows linearly in time, in one direction."""

    type: Literal["current-ramp"] = "current-ramp"
    start: Annotated[float, Quantity("current density", allow_zero=True)] = 0.0
    rate: CurrentDensityRate
    maximum: CurrentDensity
    voltage_limit: Voltage = 5.0

    @model_validator(mode="after")
    def _rises(self) -> "CurrentRamp":
        if self.maximum <= self.start:
            raise ValueError("'maximum' must be above 'start': this ramp would never move")
        return self


class Impedance(ImpedanceSettings):
    """One spectrum at rest or at a direct current."""

    type: Literal["impedance"] = "impedance"
    current_density: SignedCurrentDensity = 0.0
    """Direct current during the spectrum [A/m2]; positive strips the working electrode, or charges a full cell."""
    voltage: SignedVoltage | None = None
    """Held during the spectrum instead of a direct current [V]; symmetric cells."""
    duration: Duration | None = None
    """How long it takes [s]; a second or three periods per frequency when not given."""
    state_of_charge: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Of a full cell's cathode (0 full of sodium, 1 without), to which the cell is brought first."""
    c_rate: PositiveRate | None = None
    """At which it is brought there; 0.1 when not given."""
    rest: Duration | None = None
    """After it was brought there [s]; an hour when not given."""

    @model_validator(mode="after")
    def _goes_somewhere(self) -> "Impedance":
        if self.state_of_charge is None and (self.c_rate is not None or self.rest is not None):
            raise ValueError("'c_rate' and 'rest' bring a full cell to a 'state_of_charge', which is not given")
        if self.voltage is not None and self.current_density:
            raise ValueError("give 'current_density' or 'voltage', not both")
        return self


class Recorded(Specification):
    """Currents as an instrument recorded them: constant stretches, one after another."""

    type: Literal["recorded"] = "recorded"
    stretches: Annotated[tuple[tuple[Duration, SignedCurrentDensity], ...], Field(min_length=1)]
    """(length [s], current density [A/m2]; positive strips the working electrode)."""
    voltage_limit: Voltage = 100.0
    """No instrument stopped this run; a voltage so high says that the virtual cell cannot carry the current [V]."""


class Hold(Specification):
    """Constant voltage."""

    type: Literal["hold"] = "hold"
    voltage: SignedVoltage
    duration: Duration


class LinearSweep(Specification):
    """Voltage that moves linearly in time; with two or more cycles between the same ends, a cyclic voltammogram."""

    type: Literal["linear-sweep", "tafel", "cyclic-voltammetry"] = "linear-sweep"
    start: SignedVoltage
    end: SignedVoltage
    rate: VoltageRate
    cycles: Annotated[int, Field(gt=0)] = 1
    """Sweeps there and back; a linear or Tafel sweep runs once and one way."""

    @model_validator(mode="after")
    def _moves(self) -> "LinearSweep":
        if self.start == self.end:
            raise ValueError("'start' and 'end' are the same voltage: this sweep would never move")
        if self.type != "cyclic-voltammetry" and self.cycles != 1:
            raise ValueError(f'\'cycles\' belongs to type = "cyclic-voltammetry", not to "{self.type}"')
        return self


Step = Annotated[
    Union[
        Rest,
        Cycling,
        ChargeDischarge,
        CriticalCurrentRamp,
        RateLadder,
        OneSided,
        CurrentRamp,
        Impedance,
        Recorded,
        Hold,
        LinearSweep,
        "Repeat",
    ],
    Field(discriminator="type"),
]


class Repeat(Specification):
    """A block of steps, run several times."""

    type: Literal["repeat"] = "repeat"
    times: Annotated[int, Field(gt=0)]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class Sampling(Specification):
    """Which points of the run go into the record; never changes what happens to the cell."""

    points_per_half_cycle: Annotated[int, Field(ge=2, le=100_000)] = 20
    interval: Duration | None = None
    """Time between points [s] instead of a count."""
    cycles: Literal["all", "logarithmic"] = "all"
    """`logarithmic` keeps the first ten cycles, then some forty per decade, and the last."""
    noise: Annotated[float, Field(ge=0)] = 0.0
    """Relative standard deviation of the voltage noise (needs a seed)."""


class Protocol(Specification):
    """Steps in order, what is recorded, and temperature and pressure in time where they differ from the cell's."""

    name: str
    temperature: TemperatureProfile | None = None
    pressure: PressureProfile | None = None
    sampling: Sampling = Sampling()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @classmethod
    def from_measurement(cls, record: Measurement | Experiment, *, area: float | None = None) -> "Protocol":
        """Return the protocol that a record shows: currents, times, rests, spectra, T(t) and P(t).

        Args:
            record: a cycling record, or an experiment that holds one (its spectra are then taken where they were).
            area: of the working electrode [m2] by which currents become densities; the record's own when not given.

        Raises:
            RecordError: when the record has no current over its whole length, or no area is known.
        """
        from natrode.recorded import protocol_of

        return cls.read(protocol_of(record, area), "the record's protocol")

    @model_validator(mode="after")
    def _ends(self) -> "Protocol":
        count = sum(_half_cycles(step) for step in self.steps)
        if count > MAXIMUM_HALF_CYCLES:
            raise ValueError(
                f"this protocol would never end: {count} half cycles, at most {MAXIMUM_HALF_CYCLES} are run"
            )
        return self


def _half_cycles(step: Specification) -> int:
    match step:
        case Cycling():
            return 2 * step.cycles
        case ChargeDischarge():
            return 2 * step.cycles * max(1, len(step.rates))
        case CriticalCurrentRamp():
            return 2 * step.cycles_per_step * step.count
        case RateLadder():
            return 2 * step.cycles_per_step * len(step.current_densities)
        case Recorded():
            return len(step.stretches)
        case Repeat():
            return step.times * sum(_half_cycles(inner) for inner in step.steps)
        case _:
            return 1


EXAMPLE = """\
# A critical-current ramp: current density grows by 0.1 mA/cm2 per cycle until the cell fails.
name = "critical current"
# temperature = [["0 h", "25 degC"], ["10 h", "60 degC"]]              # in time, instead of the cell's
# pressure = [["0 h", "5 MPa"], ["1 h", "5 MPa"], ["1 h", "3 MPa"]]    # with a constant current: a pressure sweep

[sampling]
points_per_half_cycle = 20       # what is recorded; never changes the result
cycles = "all"                   # or "logarithmic"
noise = 0.0                      # relative voltage noise

[[steps]]
type = "rest"
duration = "2 h"

[[steps]]
type = "impedance"
highest_frequency = "1 MHz"
lowest_frequency = "0.1 Hz"
points_per_decade = 7

[[steps]]
type = "critical-current-ramp"
start = "0.1 mA/cm2"
increment = "0.1 mA/cm2"
maximum = "6 mA/cm2"
capacity = "0.2 mAh/cm2"         # per half cycle; or duration = "30 min"
cycles_per_step = 1
voltage_limit = "5 V"

# Other steps:
# type = "cycling"             current_density, cycles, capacity or duration, rest, voltage_limit, first
# type = "one-sided"           current_density, capacity or duration, voltage_limit, impedance_every
# type = "current-ramp"        rate ("1 mA/cm2/h"), maximum, voltage_limit
# type = "rate-ladder"         current_densities = ["0.1 mA/cm2", "0.5 mA/cm2"], capacity, cycles_per_step
# type = "impedance"           current_density, or voltage: under direct current, or at a potential
#                              full cells: state_of_charge = 0.5, c_rate, rest: taken after it was brought there
# type = "charge-discharge"    full cells: c_rate = 5.0 (or a list), lower_voltage, upper_voltage, cycles, rest
# type = "hold"                voltage, duration
# type = "linear-sweep"        start, end, rate; also "tafel" and "cyclic-voltammetry" (cycles)
# type = "recorded"            stretches = [["1 h", "0.1 mA/cm2"], ["1 h", "-0.1 mA/cm2"]]
# type = "repeat"              times, steps = [...]
"""

FULL_EXAMPLE = """\
# A full cell: two slow cycles, a rate ladder, a spectrum, and many cycles at 5C.
name = "rates and life"

[sampling]
points_per_half_cycle = 40
cycles = "logarithmic"           # the first ten, then some forty per decade, and the last

[[steps]]
type = "charge-discharge"
c_rate = [0.1, 0.5, 1.0, 2.0, 5.0]
lower_voltage = "2.5 V"
upper_voltage = "3.8 V"
cycles = 2

[[steps]]
type = "impedance"
highest_frequency = "1 MHz"
lowest_frequency = "1 mHz"

[[steps]]
type = "charge-discharge"
c_rate = 5.0
lower_voltage = "2.5 V"
upper_voltage = "3.8 V"
cycles = 1000
"""

CARBON_DIOXIDE_EXAMPLE = """\
# A Na-CO2 cell: a full discharge and charge, then cycles of 1000 mAh/g at 200 mA/g.
name = "capacity and life"

[sampling]
points_per_half_cycle = 40

[[steps]]
type = "impedance"
lowest_frequency = "10 mHz"

[[steps]]
type = "charge-discharge"
specific_current = "50 mA/g"
lower_voltage = "2.0 V"
upper_voltage = "4.8 V"
first = "discharge"              # it is put together charged

[[steps]]
type = "charge-discharge"
specific_current = "200 mA/g"
capacity = "1000 mAh/g"
lower_voltage = "2.0 V"
upper_voltage = "4.8 V"
first = "discharge"
cycles = 50
"""

SULFUR_EXAMPLE = """\
# A sulfur cell: discharge first, twenty cycles at 60 mA/g, a spectrum half way down.
name = "twenty cycles"

[sampling]
points_per_half_cycle = 40

[[steps]]
type = "charge-discharge"
specific_current = "60 mA/g"
lower_voltage = "1.2 V"
upper_voltage = "2.8 V"
first = "discharge"
cycles = 20

[[steps]]
type = "impedance"
state_of_charge = 0.5
lowest_frequency = "10 mHz"
"""
