"""Maccor text exports: named, not read. Their current has no sign, so that a plain table of them would mislead."""

import re

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Measurement

NAME = "Maccor test, or its text export"
_HEADING = re.compile(r"(?m)^\W*(?:Rec#?\W+)?Cyc#?[\t,;].*(?:Amp-hr|Watt-hr|Amps|Capacity ?\(?A)", re.IGNORECASE)


def recognise(source: Source) -> float:
    """Certainty that this is a Maccor export, from its headings."""
    return 1.0 if _HEADING.search(_text.head_text(source)) else 0.0


def read(source: Source) -> list[Measurement]:
    """Raise an InstrumentFileError that says what the file is and how its table can be read."""
    raise source.error(
        "heading",
        "a Maccor export, in which charge and discharge have the same sign of the current (the column State tells "
        "them apart): natrode does not read it",
        "give the current its sign (State D: minus) and save the table as CSV with the headings "
        "'Test Time / s', 'Voltage / V', 'Current / A'",
    )


FORMAT = Format(NAME, tuple(f".{number:03d}" for number in range(1, 100)), recognise, read)
