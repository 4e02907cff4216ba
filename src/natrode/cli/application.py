"""The application and the options that commands share."""

from typing import Annotated

from cyclopts import App, Parameter

from natrode import __version__

app = App(
    name="natrode",
    help="Virtual laboratory and data workbench for sodium-metal solid-state batteries.",
    version=__version__,
    help_format="plaintext",
)

Json = Annotated[
    bool, Parameter(help="Print one JSON document on standard output and nothing else there.", negative="")
]
Force = Annotated[bool, Parameter(help="Replace a folder that an earlier run wrote.", negative="")]
