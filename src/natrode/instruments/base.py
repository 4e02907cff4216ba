"""What every reader is made of: a format, the file as bytes, and the user's words about it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from natrode.errors import InstrumentFileError
from natrode.measurement import Origin

LARGEST_FILE = 2**30
"""A larger file is refused rather than read into memory [bytes]."""


@dataclass(frozen=True)
class Source:
    """A file that is to be read: its path, its bytes, and what the user said about it."""

    path: Path
    data: bytes
    hints: Mapping[str, Any] = field(default_factory=dict)
    """The user's words, SI or plain: area, thickness, temperature, current, sign_of_imaginary, columns, sheet."""

    @property
    def head(self) -> bytes:
        """First four kilobytes, enough to recognise a format."""
        return self.data[:4096]

    @property
    def extension(self) -> str:
        """Extension in lower case, with its dot."""
        return self.path.suffix.lower()

    @cached_property
    def _sha256(self) -> str:
        """One digest for all records of the file."""
        return hashlib.sha256(self.data).hexdigest()

    def text(self) -> str:
        """The file as text: UTF-8 or UTF-16 with a mark, UTF-8, else Latin-1 (EC-Lab, Gamry); line ends unified."""
        for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
            if self.data.startswith(mark):
                try:
                    return self.data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
                except UnicodeDecodeError:
                    break
        try:
            text = self.data.decode("utf-8")
        except UnicodeDecodeError:
            text = self.data.decode("latin-1")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def origin(self, instrument: str, format_name: str, reader: str) -> Origin:
        """Origin of a record read from this file."""
        from natrode import __version__

        return Origin(
            kind="instrument",
            instrument=instrument,
            format=format_name,
            file=self.path.name,
            sha256=self._sha256,
            reader=reader,
            version=__version__,
        )

    def error(self, place: str, problem: str, advice: str) -> InstrumentFileError:
        """The one error of a reader: file, place, what was read, what to do."""
        return InstrumentFileError(f"{self.path.name}: {place}: {problem}; {advice}")


@dataclass(frozen=True)
class Format:
    """One format: how to recognise a file of it, and how to read it."""

    name: str
    """What people call it, e.g. "BioLogic EC-Lab text (.mpt)"."""
    extensions: tuple[str, ...]
    recognise: Callable[[Source], float]
    """Certainty from the content: 0 no, 1 certain; must not raise and must look at `head` only."""
    read: Callable[[Source], list[Any]]
    """All records of the file as Measurements, in order; raises InstrumentFileError and nothing else."""
