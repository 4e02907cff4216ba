"""What a user says about files and the files do not: options that the commands for files share."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True)
class TableWords:
    """How a table is to be read."""

    columns: Annotated[
        str | None, Parameter(help="Of a table: 'frequency=f/Hz, real=2/ohm, imaginary=3/ohm'; numbers count from 1.")
    ] = None
    sign_of_imaginary: Annotated[
        Literal["negative", "positive"] | None, Parameter(help="Sign of the imaginary column where Z is capacitive.")
    ] = None
    sign_of_current: Annotated[
        Literal["oxidation positive", "reduction positive"] | None, Parameter(help="Of all files given.")
    ] = None
    current: Annotated[str | None, Parameter(help="What flowed where an export left it out, such as '0.4 mA'.")] = None
    sheet: Annotated[str | None, Parameter(help="Sheet of a workbook.")] = None
    kind: Annotated[Literal["cycling", "impedance", "sweep"] | None, Parameter(help="What a table holds.")] = None
    every: Annotated[int | None, Parameter(help="Read each n-th row of a table only.")] = None

    def hints(self) -> dict[str, Any]:
        """Hints for `natrode.read`."""
        return {name: said for name, said in asdict(self).items() if said is not None}


@Parameter(name="*")
@dataclass(frozen=True)
class CellWords:
    """Geometry and conditions of the cell."""

    area: Annotated[
        str | None, Parameter(help="Of both electrodes, such as '0.785 cm2' or '0.785 +- 0.02 cm2'; never assumed.")
    ] = None
    thickness: Annotated[str | None, Parameter(help="Of the electrolyte, such as '1 mm' or '1 +- 0.03 mm'.")] = None
    diameter: Annotated[str | None, Parameter(help="Of the pellet (and of the electrodes without --area).")] = None
    interfaces: Annotated[
        Literal["0", "1", "2"] | None, Parameter(help="Metal | electrolyte interfaces in series.")
    ] = None
    temperature: Annotated[str | None, Parameter(help="Such as '25 degC'.")] = None
    pressure: Annotated[str | None, Parameter(help="Stack pressure, such as '5 MPa'.")] = None

    def hints(self) -> dict[str, Any]:
        """Hints for `natrode.read`."""
        said = {"interfaces_in_series" if n == "interfaces" else n: v for n, v in asdict(self).items()}
        return {name: value for name, value in said.items() if value is not None}


def check_seed(seed: int | None) -> None:
    """Raise SpecificationError for a number that begins no sequence of random numbers."""
    from natrode.errors import SpecificationError

    if seed is not None and seed < 0:
        raise SpecificationError(f"--seed: read {seed}, must not be below zero")
