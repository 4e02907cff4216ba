"""Entry point of the command line."""

import os
import sys

from cyclopts import CycloptsError

from natrode.cli import (  # each registers its commands
    analysis,
    experiments,
    files,
    literature,
    microstructure,
    publishing,
    sweeping,
)
from natrode.cli.application import app

__all__ = ["analysis", "app", "experiments", "files", "literature", "main", "microstructure", "publishing", "sweeping"]


def main(arguments: list[str] | None = None) -> None:
    """Entry point: exit code 2 for the user's mistake, 1 for a failure of natrode's own."""
    from natrode.errors import NatrodeError

    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    if debug:
        given.remove("--debug")
    try:
        app(given, exit_on_error=False, print_error=False)
    except (CycloptsError, NatrodeError) as error:
        if debug:
            raise
        print(f"natrode: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("natrode: interrupted; nothing was written", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # who reads the output has seen enough (| head)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:  # a failure of natrode's own: one line unless asked for more
        if debug:
            raise
        print(
            f"natrode: internal error: {type(error).__name__}: {error} (run again with --debug)",
            file=sys.stderr,
        )
        sys.exit(1)
