"""The map of the rooms, read from the import contract in pyproject.toml that the checks enforce."""

import tomllib
from collections.abc import Callable
from pathlib import Path

ROOMS = {
    "cli": "commands: parsing, printing, and putting simulation, analysis and report together",
    "report": "results to plots and to one HTML page that works offline; no analysis happens here",
    "workbench": "files and folders to cells, the analyses that fit them, tables of every number",
    "reproduce": "papers as data; calibrates, runs their experiments end to end, compares",
    "simulate": "a virtual cell under a protocol: writes records",
    "analysis": "records in, frozen results out: no plots, no files",
    "instruments": "files of potentiostats and cyclers: write records",
    "microstructure": "resolved anodes in three dimensions: generate, read, conduct, react",
    "physics": "one law per module: pure functions of floats and arrays",
    "cell": "what a cell is",
    "protocol": "what is done to it",
    "recorded": "the protocol that a record shows, to be run again",
    "measurement": "the record: the one thing that simulator, instruments and analyses share",
    "materials": "materials and interfaces as data, each value with unit, source and evidence",
    "specification": "quantities with units, TOML in and out, one clear error",
    "units": "units as people write them, and SI inside",
    "constants": "constants of nature",
    "files": "files are written whole or not at all",
    "compiled": "where compiled kernels are cached",
    "errors": "one family of errors",
}
"""What each room is for; a room without a sentence, or a sentence without a room, fails the build."""


def layers(pyproject: Path) -> list[list[str]]:
    """Rooms from the highest layer to the lowest, as import-linter reads them."""
    contracts = tomllib.loads(pyproject.read_text())["tool"]["importlinter"]["contracts"]
    found = next(c for c in contracts if c["type"] == "layers")["layers"]
    return [[name.strip().removeprefix("natrode.") for name in layer.split("|")] for layer in found]


def independent(pyproject: Path) -> list[str]:
    """Rooms that never import one another."""
    contracts = tomllib.loads(pyproject.read_text())["tool"]["importlinter"]["contracts"]
    found = next(c for c in contracts if c["type"] == "independence")["modules"]
    return [name.removeprefix("natrode.") for name in found]


def disagreements(pyproject: Path, package: Path) -> list[str]:
    """Where the contract, the descriptions and the source tree differ."""
    contract = {name for layer in layers(pyproject) for name in layer}
    source = {p.stem for p in package.glob("*.py") if p.stem != "__init__"}
    source |= {p.name for p in package.iterdir() if (p / "__init__.py").exists()}
    problems = [
        f"room '{name}' of the contract has no description in docs/_ext" for name in sorted(contract - set(ROOMS))
    ]
    problems += [f"docs/_ext describes '{name}', which the contract lacks" for name in sorted(set(ROOMS) - contract)]
    problems += [f"'{name}' is in the contract and not in the source" for name in sorted(contract - source)]
    problems += [f"'{name}' is in the source and not in the contract" for name in sorted(source - contract)]
    return problems


def write_page(pyproject: Path, page: Path, write: Callable[[Path, str], None]) -> list[str]:
    """Write the map; returns disagreements."""
    rows = []
    for layer in layers(pyproject):
        rooms = "".join(f'<div class="room"><b>{name}</b>{ROOMS.get(name, "")}</div>' for name in layer)
        rows.append(f'<div class="layer">{rooms}</div>')
    names = [f"`{name}`" for name in independent(pyproject)]
    text = (
        "```{raw} html\n"
        f'<div class="rooms">{"".join(rows)}</div>\n```\n\n'
        f"{', '.join(names[:-1])} and {names[-1]} never import one another.\n"
    )
    write(page, text)
    return disagreements(pyproject, pyproject.parent / "src" / "natrode")
