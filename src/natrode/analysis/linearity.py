"""Is the signal of a spectrum small? Its voltage point by point, against what a charge transfer takes as linear."""

import numpy as np

from natrode.analysis.reading import Array, conditions_of, interfaces_of, of_kind, provenance, temperature_of
from natrode.analysis.result import Result
from natrode.constants import FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.measurement import Measurement

AMPLITUDE = "Voltage Amplitude / V"
"""Column of the records whose instrument wrote the amplitude of each point."""
LINEAR = 0.01
"""Error of a charge-transfer resistance from which an amplitude counts as too large."""


def voltage_amplitude(spectra: Measurement) -> Result:
    """Return the largest voltage amplitude of an impedance record, doubtful where its spectra are not linear.

    Args:
        spectra: an impedance record with one spectrum or several; the interfaces in series share its voltage equally,
            and where nobody said how many there are it is taken to lie over one.

    Returns:
        Result [V] of the whole cell, never doubtful between blocking electrodes, where no charge is transferred; the
        settings hold the points above the limit, their frequencies [Hz] and by how much a charge-transfer resistance
        reads low at the largest one. Refused where the file has no amplitudes.

    Raises:
        RecordError: for another kind of record.

    Formula: i = 2 i0 sinh(u), u = F eta / (2 R T) (transfer coefficient 1/2); the first harmonic of u = a sin(w t) is
    2 I1(a), so that the resistance reads a / (2 I1(a)) of that at a vanishing amplitude, 1 - a^2/8 for small ones.
    Source: first harmonic of Butler-Volmer's law; natrode model notes G.
    """
    record = of_kind(spectra, "impedance")
    question = Result(
        quantity="voltage amplitude of the spectra (largest)", dimension="voltage", scope="cell",
        method="amplitudes as the instrument wrote them, against the first harmonic of Butler-Volmer's law, "
        "alpha = 1/2: a charge transfer reads 1 % low at 14.5 mV per interface at 25 degC",
        n_interfaces=interfaces_of(record), area_normalised=None,
        settings=conditions_of(record), **provenance(record),
    )  # fmt: skip
    if AMPLITUDE not in record:
        return question.refused("the file holds no voltage amplitudes")
    amplitude = np.abs(record.array(AMPLITUDE))
    known = np.isfinite(amplitude)
    if not known.any():
        return question.refused("the file holds no voltage amplitudes")
    count = interfaces_of(record) or 1
    error = reads_low_by(amplitude[known] / count, temperature_of(record) or ROOM_TEMPERATURE)
    frequency, largest = record.array("Frequency / Hz")[known], float(amplitude[known].max())
    above = (error > LINEAR) & (interfaces_of(record) != 0)  # ions in the electrolyte alone obey Ohm's law
    worst = int(np.argmax(amplitude[known]))
    doubts = []
    if above.any():
        share = "over one interface" if count == 1 else f"shared by {count} interfaces"
        doubts.append(
            f"not linear at {int(above.sum())} of {int(known.sum())} points ({frequency[above].max():.3g} to "
            f"{frequency[above].min():.3g} Hz): at {1e3 * largest:.3g} mV {share} a charge-transfer resistance reads "
            f"{100 * error[worst]:.2g} % low"
        )
    return question.found(
        largest, None, doubts=doubts, points=int(known.sum()), points_not_linear=int(above.sum()),
        frequencies_not_linear=sorted(set(frequency[above].tolist()), reverse=True),
        reads_low_by=float(error[worst]), smallest=float(amplitude[known].min()),
    )  # fmt: skip


def reads_low_by(amplitude: Array, temperature: float) -> Array:
    """Part by which a charge-transfer resistance reads low.

    Args:
        amplitude: of the overpotential of one interface [V].
        temperature: [K].

    Formula, source: see `voltage_amplitude`.
    """
    from scipy.special import i1

    a = np.maximum(amplitude * FARADAY / (2.0 * GAS_CONSTANT * temperature), 1e-9)
    return np.asarray(1.0 - a / (2.0 * i1(a)))
