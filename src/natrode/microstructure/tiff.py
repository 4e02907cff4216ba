"""TIFF volumes with their scale: written as ImageJ reads them, read from ImageJ, OME and plain files."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from natrode.errors import InstrumentFileError, UnitError
from natrode.microstructure.memory import require_memory
from natrode.microstructure.structure import VoxelSize
from natrode.units import to_si

Array = npt.NDArray[Any]
Read = tuple[Array, VoxelSize | None, Mapping[str, Any] | None]

_COLOURS = ("RGB", "CMYK", "YCBCR", "CIELAB")


def write_tiff(path: Path, image: npt.NDArray[np.uint8], voxel_size: VoxelSize, notes: Mapping[str, Any]) -> None:
    """Write a multi-page TIFF whose scale ImageJ knows and whose notes `read_tiff` gives back."""
    import tifffile

    depth, rows, columns = (edge * 1e6 for edge in voxel_size)
    tifffile.imwrite(
        path,
        image,
        imagej=True,
        compression="zlib",
        resolution=(1.0 / columns, 1.0 / rows),
        metadata={"axes": "ZYX", "spacing": depth, "unit": "um", "Info": json.dumps(notes)},
    )


def read_tiff(path: Path) -> Read:
    """Read all pages of a TIFF file as a volume, with the voxel size [m] and the notes that it carries.

    Raises:
        InstrumentFileError: no TIFF, coloured, truncated, packed in a way that is not read, or no volume.
        SpecificationError: too large for the memory.
    """
    import tifffile

    try:
        with _complaints() as complaints, tifffile.TiffFile(path) as file:
            pages = list(file.pages)
            if complaints:
                raise InstrumentFileError(f"{path}: is truncated or damaged: {complaints[0]}")
            _check_pages(pages, path)
            shape = (len(pages), *pages[0].shape)
            require_memory(shape, pages[0].dtype.itemsize + 3.0, f"{path.name}: reading an image")
            return file.asarray(key=slice(None)).reshape(shape), *_scale(file)
    except (tifffile.TiffFileError, ValueError, KeyError, TypeError, IndexError, OSError) as error:
        reason = str(error).strip("\"'<>")
        if "imagecodecs" in reason:
            reason = f"it is packed with {reason.split(':')[0].split('.')[-1]}; save it unpacked or with deflate (zip)"
        raise InstrumentFileError(f"{path}: cannot be read as TIFF: {reason}") from None


def read_tiff_folder(folder: Path) -> Read:
    """Read a folder of TIFF slices in the order of the numbers in their names; raises as `read_tiff`."""
    paths = sorted(
        (path for path in folder.iterdir() if path.suffix.lower() in (".tif", ".tiff") and path.name[0] != "."),
        key=lambda path: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)],
    )
    if not paths:
        raise InstrumentFileError(f"{folder}: holds no TIFF slices")
    _check_numbers(paths, folder)
    first, scale, notes = read_tiff(paths[0])
    if first.shape[0] != 1:
        raise InstrumentFileError(f"{paths[0]}: has {first.shape[0]} pages; a folder holds one slice per file")
    require_memory((len(paths), *first.shape[1:]), first.itemsize + 3.0, f"{folder.name}: reading an image")
    image = np.empty((len(paths), *first.shape[1:]), first.dtype)
    for number, path in enumerate(paths):
        slice_, _, _ = read_tiff(path)
        if slice_.shape != first.shape or slice_.dtype != first.dtype:
            raise InstrumentFileError(f"{path}: differs in size or type from the first slice, {paths[0].name}")
        image[number] = slice_[0]
    return image, scale, notes


def _check_numbers(paths: list[Path], folder: Path) -> None:
    """Refuse slices whose last numbers are not evenly spaced: the volume would be too short without a word."""
    runs = [re.findall(r"\d+", path.stem) for path in paths]
    if len(paths) < 3 or not all(runs):
        return
    numbers = [int(run[-1]) for run in runs]
    steps = [after - before for before, after in pairwise(numbers)]
    wanted = min(steps)
    gaps = [place for place, step in enumerate(steps) if step != wanted]
    if gaps:
        before, after = paths[gaps[0]].name, paths[gaps[0] + 1].name
        raise InstrumentFileError(
            f"{folder}: slices are missing in {len(gaps)} places, the first between {before} and {after}; add them, or "
            "number the files without gaps if these slices are neighbours"
        )


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what the TIFF library only logs when pages are missing, and keep it from the user's screen."""
    logger, found = logging.getLogger("tifffile"), []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage().split("> ", 1)[-1])

    handler, before = Collect(logging.ERROR), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield found
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


def _check_pages(pages: list[Any], path: Path) -> None:
    page = pages[0]
    colour = page.photometric is not None and getattr(page.photometric, "name", "") in _COLOURS
    if colour or page.samplesperpixel > 1:
        raise InstrumentFileError(f"{path}: is a colour TIFF; save the labels as one grey value per voxel")
    if len(page.shape) != 2 or any(other.shape != page.shape or other.dtype != page.dtype for other in pages):
        raise InstrumentFileError(f"{path}: its pages differ in size or type; a volume needs equal ones")
    if page.dtype is None or page.dtype.kind not in "biuf":
        raise InstrumentFileError(f"{path}: holds {page.dtype}, not whole labels")
    size = path.stat().st_size
    for number, other in enumerate(pages):
        ends = [a + b for a, b in zip(other.dataoffsets, other.databytecounts, strict=False)]
        if max(ends, default=0) > size:
            raise InstrumentFileError(f"{path}: is truncated: page {number + 1} of {len(pages)} is not all there")


def _scale(file: Any) -> tuple[VoxelSize | None, Mapping[str, Any] | None]:
    facts = file.imagej_metadata or {}
    if facts.get("images", len(file.pages)) != len(file.pages):
        raise InstrumentFileError(
            f"{file.filename}: is truncated: {len(file.pages)} of {facts['images']} pages are there"
        )
    try:
        notes = json.loads(facts.get("Info", ""))
    except (ValueError, TypeError):
        notes = None
    if isinstance(notes, dict) and "natrode" in notes:
        return None, notes
    if file.is_ome:
        return _ome_scale(file.ome_metadata), None
    return _imagej_scale(file, facts), None


def _imagej_scale(file: Any, facts: Mapping[str, Any]) -> VoxelSize | None:
    """Voxel size of a file from ImageJ; None where a part of it or its unit is missing."""
    across, along = file.pages[0].resolution
    unit, spacing = facts.get("unit"), facts.get("spacing")
    if unit is None or spacing is None or not across or not along:
        return None
    return _in_metres((float(spacing), 1.0 / along, 1.0 / across), (str(unit),) * 3)


def _ome_scale(text: str) -> VoxelSize | None:
    """Voxel size of a file with OME metadata; None where a part of it is missing."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    for element in root.iter():
        if element.tag.endswith("Pixels"):
            edges = [element.get(f"PhysicalSize{axis}") for axis in "ZYX"]
            units = [element.get(f"PhysicalSize{axis}Unit", "um") for axis in "ZYX"]
            if None not in edges:
                z, y, x = (float(edge) for edge in edges if edge is not None)
                return _in_metres((z, y, x), (units[0], units[1], units[2]))
    return None


def _in_metres(edges: VoxelSize, units: tuple[str, str, str]) -> VoxelSize | None:
    names = {"micron": "um", "microns": "um", "\\u00B5m": "um"}
    try:
        z, y, x = (to_si(edge, names.get(unit, unit), "length") for edge, unit in zip(edges, units, strict=True))
    except UnitError:
        return None
    return z, y, x
