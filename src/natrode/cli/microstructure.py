"""Commands for resolved electrodes: generate, measure, conduct, react, strip, homogenise."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps, progress, show_table

if TYPE_CHECKING:
    from natrode.microstructure.structure import Structure

resolved = App(name="microstructure", help="Electrodes resolved in three dimensions, as labelled voxel images.")
app.command(resolved)

Pellet = Annotated[str | None, Parameter(help='Put a pellet of the particles\' material below, for example "1 um".')]
Resistance = Annotated[str, Parameter(help='Of charge transfer per true area, for example "4 Ohm cm2".')]
Conductivity = Annotated[
    str | None,
    Parameter(help='Of the ionic conductors, for example "nzsp-hna=4.1 mS/cm"; else the materials data.'),
]


@Parameter(name="*")
@dataclass(frozen=True)
class Image:
    """What a command has to know of an image that natrode did not write."""

    voxel_size: Annotated[
        str | None, Parameter(help='Edge of a voxel, for example "0.1 um", or three: "0.1 um,0.1 um,0.2 um".')
    ] = None
    labels: Annotated[str | None, Parameter(help='Materials of the labels, for example "1=nzsp-hna,2=sodium".')] = None
    shape: Annotated[str | None, Parameter(help='Voxels of a raw file, for example "256x256x256".')] = None


@Parameter(name="*")
@dataclass(frozen=True)
class Output:
    """Where a command's results go."""

    out: Annotated[Path | None, Parameter(help="Folder for results, a page and a .vti file for ParaView.")] = None
    force: Force = False
    json_: Annotated[Json, Parameter(name="--json")] = False


IMAGE, OUTPUT = Image(), Output()


@resolved.command
def generate(
    *,
    morphology: Annotated[str, Parameter(help="overlapping-spheres, hard-spheres, gaussian-field, ...")],
    out: Annotated[Path, Parameter(help="File: .tif, .npy, .h5 or .raw.")],
    size: Annotated[str, Parameter(help='Voxels: "256", or depth and sides "64x256x256".')] = "128",
    voxel_size: Annotated[str, Parameter(help='Edge of a voxel, for example "0.1 um".')] = "0.1 um",
    seed: int = 1,
    volume_fraction: float | None = None,
    mass_ratio: Annotated[
        str | None,
        Parameter(help='Mass of particles per mass of metal, "1:5" or 0.2, in place of the volume fraction.'),
    ] = None,
    particle: str = "sno2-nzsp",
    metal: str = "sodium",
    set_: Annotated[
        list[str] | None, Parameter(name="--set", help='Parameter of the morphology: diameter="0.2 um", neck=0.1, ...')
    ] = None,
    force: Force = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Generate a structure and say whether its particles percolate; the file carries scale, labels and seed."""
    from natrode.errors import OutputError
    from natrode.microstructure.generate import generate as make
    from natrode.microstructure.io import write_structure
    from natrode.microstructure.sample import Sample
    from natrode.microstructure.structure import checked_voxel_size

    if out.exists() and not force:
        raise OutputError(f"{out}: exists already; choose another name or add --force")
    sample = Sample(counts_of(size), checked_voxel_size(edges_of(voxel_size)), seed, particle, metal)
    parameters = parameters_of(set_ or [])
    fraction = fraction_of(volume_fraction, mass_ratio, particle, metal)
    if fraction is not None:
        parameters["volume_fraction"] = fraction
    with progress(not json_) as advance:
        advance(0, 1, "generating")
        structure = make(morphology, sample, **parameters)
    write_structure(out, structure)
    document = {"out": str(out), **structure.to_json()}
    if json_:
        print(dumps(document))
        return
    print(f"{out}: {' x '.join(map(str, structure.shape))} voxels, generated, seed {structure.seed}")
    print(structure.origin["statement"])


@resolved.command
def measure(
    path: Path,
    /,
    *,
    image: Image = IMAGE,
    output: Output = OUTPUT,
) -> None:
    """Measure volume fractions, interface, chords, sizes, correlation, connectivity and percolation."""
    from natrode.report.microstructure import measured

    structure = read(path, image)
    with progress(not output.json_) as advance:
        document = measured(structure, advance)
    finish(path, "measure", structure, document, output)


@resolved.command
def conduct(
    path: Path,
    /,
    *,
    material: Annotated[str | None, Parameter(help="The one that conducts; all of them if not given.")] = None,
    image: Image = IMAGE,
    output: Output = OUTPUT,
) -> None:
    """Effective conductivity and tortuosity factor of the materials along the three axes, with error estimates."""
    from natrode.report.microstructure import conducted

    structure = read(path, image)
    if material is not None:
        require_face(structure, material)
    with progress(not output.json_) as advance:
        document = conducted(structure, material, advance)
    finish(path, "conduct", structure, document, output)


@resolved.command
def react(
    path: Path,
    /,
    *,
    resistance: Resistance,
    voltage: Annotated[str | None, Parameter(help='Collector against electrolyte: "0.1 V"; + strips.')] = None,
    current_density: Annotated[str | None, Parameter(help='In place of the voltage, for example "0.2 mA/cm2".')] = None,
    series_resistance: Annotated[
        str, Parameter(help="Between the electrolyte's plane and the first layer.")
    ] = "0 Ohm cm2",
    pellet: Pellet = None,
    conductivity: Conductivity = None,
    linear: Annotated[bool, Parameter(help="Linear kinetics in place of Butler-Volmer.", negative="")] = False,
    image: Image = IMAGE,
    output: Output = OUTPUT,
) -> None:
    """Where and how fast the electrode reacts at steady state: depth profile, resistance, utilisation, heat."""
    from natrode.microstructure.react import Kinetics
    from natrode.microstructure.react import react as solve
    from natrode.report.microstructure import reacted
    from natrode.units import read_quantity

    structure = stacked(read(path, image), pellet)
    kinetics = Kinetics(read_quantity(resistance, "area-specific resistance"), "linear" if linear else "butler-volmer")
    with progress(not output.json_) as advance:
        advance(0, 1, "reacting")
        found = solve(
            structure,
            kinetics,
            voltage=None if voltage is None else read_quantity(voltage, "voltage"),
            current_density=None if current_density is None else read_quantity(current_density, "current density"),
            series_resistance=read_quantity(series_resistance, "area-specific resistance"),
            conductivities=conductivities_of(conductivity),
            fields=output.out is not None,
        )
    require_current(found.reason)
    finish(path, "react", structure, reacted(found), output, found.fields)


@resolved.command
def strip(
    path: Path,
    /,
    *,
    resistance: Resistance,
    current_density: Annotated[str, Parameter(help='For example "0.2 mA/cm2".')],
    void_capacity: Annotated[str, Parameter(help='Void thickness that ends contact, for example "6 um".')],
    contact_shape: Annotated[float, Parameter(help="mu of the contact law; 1 is uniform contacts.")] = 1.0,
    replenishment: Annotated[str, Parameter(help="Per true contact area.")] = "0 mA/cm2",
    voltage_limit: str = "0.2 V",
    pellet: Pellet = None,
    conductivity: Conductivity = None,
    image: Image = IMAGE,
    output: Output = OUTPUT,
) -> None:
    """Strip at constant current to its end: voltage and contact against charge, what ended it, dead metal."""
    from natrode.microstructure.react import Kinetics
    from natrode.microstructure.strip import ContactLaw
    from natrode.microstructure.strip import strip as empty
    from natrode.report.microstructure import stripped
    from natrode.units import read_quantity

    structure = stacked(read(path, image), pellet)
    law = ContactLaw(
        read_quantity(void_capacity, "length"),
        contact_shape,
        replenishment=read_quantity(replenishment, "current density"),
    )
    with progress(not output.json_) as advance:
        advance(0, 1, "stripping")
        found = empty(
            structure,
            Kinetics(read_quantity(resistance, "area-specific resistance")),
            law,
            read_quantity(current_density, "current density"),
            voltage_limit=read_quantity(voltage_limit, "voltage"),
            conductivities=conductivities_of(conductivity),
        )
    require_current(found.reason)
    finish(path, "strip", structure, stripped(found), output)


@resolved.command
def homogenise(
    path: Path,
    /,
    *,
    resistance: Resistance,
    extends: Annotated[str, Parameter(help="Interface that everything else comes from.")] = "h-na-1-5/nzsp-hna",
    conductivity: Conductivity = None,
    image: Image = IMAGE,
    output: Output = OUTPUT,
) -> None:
    """Parameters of a mean-field interface; with --out also the interface file that `natrode run` takes."""
    from natrode.microstructure.homogenise import homogenise as reduce
    from natrode.microstructure.homogenise import interface_file
    from natrode.report.microstructure import homogenised
    from natrode.units import read_quantity

    structure = read(path, image)
    with progress(not output.json_) as advance:
        advance(0, 1, "homogenising")
        found = reduce(
            structure,
            read_quantity(resistance, "area-specific resistance"),
            conductivities=conductivities_of(conductivity),
        )
    more = {"interface.toml": interface_file(found, extends)} if output.out is not None else {}
    finish(path, "homogenise", structure, homogenised(found), output, None, more)


# ---- what is given and what is written ------------------------------------------------------------------------------


def read(path: Path, image: Image) -> "Structure":
    """Read a structure with what the command line says about it."""
    from natrode.microstructure.io import read_structure

    named = None
    if image.labels is not None:
        named = {whole_number(key, "label"): name for key, name in pairs_of(image.labels, "labels").items()}
    return read_structure(
        path,
        voxel_size=None if image.voxel_size is None else edges_of(image.voxel_size),
        labels=named,
        shape=None if image.shape is None else counts_of(image.shape),
    )


def stacked(structure: "Structure", pellet: str | None) -> "Structure":
    """Put a pellet below a structure."""
    from natrode.microstructure.electrode import choose_materials
    from natrode.microstructure.homogenise import on_pellet
    from natrode.units import read_quantity

    if pellet is None:
        return structure
    conductor = next(iter(choose_materials(structure, None, None, 0.0).conductivities))
    return on_pellet(structure, conductor, read_quantity(pellet, "length"))[0]


def require_face(structure: "Structure", material: str) -> None:
    """Refuse a material that no current could enter."""
    from itertools import product

    import numpy as np

    from natrode.errors import SpecificationError

    labels = structure.labels_of(material)
    faces = (np.take(structure.image, layer, axis) for axis, layer in product(range(3), (0, -1)))
    if not any(np.isin(face, labels).any() for face in faces):
        raise SpecificationError(
            f"{material} touches none of the six faces of the image, so that no current can enter or leave it; "
            "choose another material or crop the image to where it reaches a face"
        )


def require_current(reason: str) -> None:
    """Refuse an electrode in which no current can flow."""
    from natrode.errors import SpecificationError

    if reason:
        raise SpecificationError(
            f"{reason}; the first plane of the image is the electrolyte, the last one the collector: turn or crop the "
            "image, or put a pellet below it with --pellet"
        )


def finish(
    path: Path,
    task: str,
    structure: "Structure",
    document: dict[str, Any],
    output: Output,
    fields: Any = None,
    more: dict[str, str] | None = None,
) -> None:
    """Write the folder, then print."""
    from natrode.files import output_folder, write_text
    from natrode.microstructure.paraview import write_vti
    from natrode.report.microstructure import structure_page

    text = dumps({"task": task, "structure": structure.to_json(), **document})
    if output.out is not None:
        with output_folder(output.out, output.force) as folder:
            write_text(folder / f"{task}.json", text)
            write_text(folder / "index.html", structure_page(structure, path.name, task, document))
            arrays = {}
            if fields is not None:
                arrays = {name: getattr(fields, name) for name in vars(fields)}
            write_vti(folder / "structure.vti", structure, arrays)
            for name, content in (more or {}).items():
                write_text(folder / name, content)
    if output.json_:
        print(text)
        return
    show_table(document)
    if output.out is not None:
        print(f"page: {output.out / 'index.html'}")


def counts_of(text: str) -> tuple[int, int, int]:
    """Read "256" or "64x256x256"."""
    from natrode.errors import SpecificationError

    numbers = [whole_number(part, "size") for part in text.lower().split("x")]
    if len(numbers) == 1:
        numbers *= 3
    if len(numbers) != 3:
        raise SpecificationError(f'size: read "{text}", expected one or three numbers like 256 or 64x256x256')
    return numbers[0], numbers[1], numbers[2]


def edges_of(text: str) -> str | list[str | float]:
    """Read "0.1 um" or "0.1 um,0.1 um,0.2 um"."""
    parts = [part.strip() for part in text.split(",")]
    return parts[0] if len(parts) == 1 else list(parts)


def whole_number(text: str, what: str) -> int:
    """Read a whole number."""
    from natrode.errors import SpecificationError

    try:
        return int(text)
    except ValueError:
        raise SpecificationError(f'{what}: read "{text.strip()}", expected a whole number') from None


def pairs_of(text: str, what: str) -> dict[str, str]:
    """Read "a=x,b=y"."""
    from natrode.errors import SpecificationError

    found = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise SpecificationError(f'{what}: read "{part.strip()}", expected name=value')
        found[key.strip()] = value.strip()
    return found


def conductivities_of(text: str | None) -> dict[str, float] | None:
    """Read "nzsp-hna=4.1 mS/cm"."""
    from natrode.units import read_quantity

    if text is None:
        return None
    return {name: read_quantity(value, "conductivity") for name, value in pairs_of(text, "conductivity").items()}


def parameters_of(given: list[str]) -> dict[str, Any]:
    """Read parameters of a morphology: lengths with their unit, plain numbers without."""
    from natrode.units import read_quantity

    found: dict[str, Any] = {}
    for item in given:
        for name, text in pairs_of(item, "--set").items():
            try:
                found[name.replace("-", "_")] = float(text)
            except ValueError:
                found[name.replace("-", "_")] = read_quantity(text, "length")
    return found


def fraction_of(volume_fraction: float | None, mass_ratio: str | None, particle: str, metal: str) -> float | None:
    """Volume fraction, given or from the mass ratio and the densities."""
    from natrode.errors import SpecificationError
    from natrode.microstructure.sample import mass_ratio_to_volume_fraction

    if mass_ratio is None:
        return volume_fraction
    if volume_fraction is not None:
        raise SpecificationError("volume fraction and mass ratio are both given; give one of them")
    try:
        particles, _, of_metal = mass_ratio.partition(":")
        ratio = float(particles) / float(of_metal or 1)
    except (ValueError, ZeroDivisionError):
        raise SpecificationError(
            f"--mass-ratio: read {mass_ratio!r}, expected the mass of particles per mass of metal such as 1:5 or 0.2"
        ) from None
    return mass_ratio_to_volume_fraction(ratio, particle, metal)
