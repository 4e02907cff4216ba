"""One family of errors: what happened, where, and what to do about it."""


class NatrodeError(Exception):
    """Root of every error that natrode raises on purpose; its message is meant for the user."""


class UnitError(NatrodeError):
    """A quantity without a unit, with an unknown unit, or of the wrong dimension."""


class SpecificationError(NatrodeError):
    """A cell, protocol, material or paper file that does not say what it must."""


class RecordError(NatrodeError):
    """A record that cannot be read, written or combined."""


class InstrumentFileError(NatrodeError):
    """A file that is not what an instrument writes, or not all of it."""


class SimulationError(NatrodeError):
    """A virtual experiment that cannot be run as specified."""


class CalibrationError(NatrodeError):
    """A calibration that its figures cannot support."""


class OutputError(NatrodeError):
    """A result that cannot be written where it was asked for."""


class UserWarningNatrode(UserWarning):
    """Root of natrode's warnings."""
