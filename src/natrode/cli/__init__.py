"""Commands: parsing, printing, and putting simulation, analysis, reproduction and report together."""

from natrode.cli.main import app, main

__all__ = ["app", "main"]
