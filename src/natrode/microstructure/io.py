"""Structures in files: TIFF stacks and multi-page TIFF, NPY, HDF5 and raw in and out, .vti for ParaView out."""

import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import InstrumentFileError, OutputError, SpecificationError
from natrode.microstructure.memory import require_memory
from natrode.microstructure.structure import (
    GivenSize,
    Structure,
    VoxelSize,
    check_that_all_are_named,
    checked_labels,
    checked_voxel_size,
)
from natrode.microstructure.tiff import read_tiff, read_tiff_folder, write_tiff

Array = npt.NDArray[Any]

FORMATS = (".tif", ".tiff", ".npy", ".h5", ".hdf5", ".raw")
"""Suffixes that are read and written; a folder is read as a stack of TIFF slices."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a file holds before it is checked."""

    image: Array
    voxel_size: VoxelSize | None = None
    notes: Mapping[str, Any] | None = None
    """What natrode wrote beside the image: voxel size, labels, seed and origin."""


def read_structure(
    path: str | Path,
    *,
    voxel_size: GivenSize | None = None,
    labels: Mapping[int, str] | None = None,
    shape: tuple[int, int, int] | None = None,
    dtype: str = "uint8",
    dataset: str = "image",
) -> Structure:
    """Read a labelled image.

    Args:
        path: a file with one of `FORMATS`, or a folder of TIFF slices in the order of the numbers in their names.
        voxel_size: one edge or three along axes 0 (pages), 1 (rows), 2 (columns), numbers in m or text with a
            unit [m]; needed where the file does not carry it, and preferred to what the file carries.
        labels: material of each label of the segmentation; needed where natrode did not write the file.
        shape: voxels along the axes, for raw files [-].
        dtype: numpy name of the type of a raw file's voxels, such as `uint8` or `<u2`.
        dataset: name of the image in an HDF5 file.

    Returns:
        The structure; labels above 255 are numbered anew.

    Raises:
        InstrumentFileError: a file that cannot be read, is coloured, truncated or no volume.
        SpecificationError: voxel size or labels missing or impossible, NaN voxels, labels that name no material,
            or an image too large for the memory.

    Formula:
        none.

    Source: TIFF 6.0; ImageJ and OME metadata as their projects describe them.
    """
    path = Path(path)
    if not path.exists():
        raise SpecificationError(f"{path}: no such file or folder")
    reader = _reader(path, shape, dtype, dataset)
    found = reader(path)
    notes = found.notes or {}
    scale = voxel_size if voxel_size is not None else notes.get("voxel_size", found.voxel_size)
    if scale is None:
        raise SpecificationError(
            f'{path}: carries no voxel size; give it, for example voxel_size="0.1 um" (--voxel-size "0.1 um")'
        )
    if labels is None:
        if "labels" not in notes:
            raise SpecificationError(
                f"{path}: says not which material its labels {_some_labels(found.image)} mean; "
                'give labels, for example labels={1: "nzsp-hna", 2: "sodium"} (--labels "1=nzsp-hna,2=sodium")'
            )
        labels = {int(label): name for label, name in notes["labels"].items()}
    image, named = _numbered(found.image, labels, str(path))
    origin = notes.get("origin") or {"kind": "file", "file": path.name}
    return Structure(image, named, checked_voxel_size(scale), notes.get("seed"), origin)


def write_structure(path: str | Path, structure: Structure, *, dataset: str = "image") -> None:
    """Write a structure so that `read_structure` gives it back without further arguments.

    Args:
        path: a file with one of `FORMATS`; NPY and raw files get a second file `<path>.json` with the scale.
        structure: what is written.
        dataset: name of the image in an HDF5 file.

    Raises:
        OutputError: another suffix, or a file that cannot be written.

    Formula:
        none.

    Source: TIFF 6.0; the pages are the layers along the depth (ImageJ's Z), rows axis 1, columns axis 2.
    """
    path = Path(path)
    notes = _notes(structure)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise OutputError(f"{path}: '{suffix}' is no format of structures; write {', '.join(FORMATS)}")
    if suffix in (".tif", ".tiff"):
        with replacing(path) as work:
            write_tiff(work, structure.image, structure.voxel_size, notes)
    elif suffix in (".h5", ".hdf5"):
        with replacing(path) as work, _h5py().File(work, "w") as file:
            written = file.create_dataset(dataset, data=structure.image, compression="gzip")
            written.attrs["natrode"] = json.dumps(notes)
    else:
        with replacing(path) as work, work.open("wb") as stream:
            if suffix == ".npy":
                np.save(stream, structure.image)
            else:
                stream.write(structure.image.tobytes())
        facts = notes if suffix == ".npy" else {**notes, "shape": list(structure.shape), "dtype": "uint8"}
        with replacing(_side_file(path)) as work:
            work.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside `path` that takes its place when the block ends well.

    Raises OutputError when it cannot be written there.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another folder") from None
    work = Path(name)
    try:
        yield work
        work.chmod(0o644)
        work.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        work.unlink(missing_ok=True)


def _notes(structure: Structure) -> dict[str, Any]:
    return {
        "natrode": 1,
        "voxel_size": list(structure.voxel_size),
        "labels": {str(label): name for label, name in structure.labels.items()},
        "seed": structure.seed,
        "origin": dict(structure.origin),
    }


def _reader(path: Path, shape: tuple[int, int, int] | None, dtype: str, dataset: str) -> Callable[[Path], Found]:
    if path.is_dir():
        return lambda p: Found(*read_tiff_folder(p))
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        return lambda p: Found(*read_tiff(p))
    if suffix == ".npy":
        return _read_npy
    if suffix in (".h5", ".hdf5"):
        return lambda p: _read_hdf5(p, dataset)
    if suffix == ".raw":
        return lambda p: _read_raw(p, shape, dtype)
    raise SpecificationError(f"{path}: '{suffix}' is no format of structures; read are {', '.join(FORMATS)}")


def _side_file(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _side_notes(path: Path) -> dict[str, Any] | None:
    side = _side_file(path)
    if not side.exists():
        return None
    try:
        notes = json.loads(side.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InstrumentFileError(f"{side}: cannot be read ({error})") from None
    return notes if isinstance(notes, dict) and "natrode" in notes else None


def _read_npy(path: Path) -> Found:
    try:
        held = np.load(path, mmap_mode="r", allow_pickle=False)
        require_memory(held.shape, held.itemsize + 3.0, f"{path.name}: reading an image")
        image = np.array(held)
    except (OSError, ValueError, EOFError) as error:
        raise InstrumentFileError(f"{path}: is not a complete NPY file of numbers ({error})") from None
    return Found(_volume(image, path), None, _side_notes(path))


def _read_raw(path: Path, shape: tuple[int, int, int] | None, dtype: str) -> Found:
    notes = _side_notes(path)
    if shape is None and notes is not None and "shape" in notes:
        shape, dtype = tuple(notes["shape"]), str(notes.get("dtype", dtype))
    if shape is None:
        raise SpecificationError(f"{path}: a raw file does not say its shape; give shape=(nx, ny, nz) and dtype")
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(object)
    if kind.kind not in "biuf":
        raise SpecificationError(f"dtype '{dtype}': is no type of numbers; write for example uint8 or <u2")
    if len(shape) != 3 or any(int(n) < 1 for n in shape):
        raise SpecificationError(f"shape {shape!r}: must be three whole numbers of voxels, one or more each")
    wanted, held = math.prod(int(n) for n in shape) * kind.itemsize, path.stat().st_size
    if wanted != held:
        raise InstrumentFileError(f"{path}: holds {held} bytes, {shape} voxels of {kind} are {wanted}")
    require_memory(shape, kind.itemsize + 3.0, f"{path.name}: reading an image")
    return Found(np.fromfile(path, kind).reshape(shape), None, notes)


def _read_hdf5(path: Path, dataset: str) -> Found:
    try:
        with _h5py().File(path, "r") as file:
            if dataset not in file:
                raise SpecificationError(f"{path}: has no dataset '{dataset}'; it holds {', '.join(file) or 'nothing'}")
            held = file[dataset]
            require_memory(held.shape, held.dtype.itemsize + 3.0, f"{path.name}: reading an image")
            notes = held.attrs.get("natrode")
            return Found(_volume(held[()], path), None, None if notes is None else json.loads(notes))
    except OSError as error:
        raise InstrumentFileError(f"{path}: is not an HDF5 file ({error})") from None


def _h5py() -> Any:
    try:
        return import_module("h5py")
    except ImportError:
        text = "HDF5 files need the package h5py: pip install h5py, or use TIFF, NPY or raw"
        raise SpecificationError(text) from None


def _volume(image: Array, path: Path) -> Array:
    if image.ndim != 3 or image.size == 0 or image.dtype.kind not in "biuf":
        raise InstrumentFileError(f"{path}: holds {image.dtype} of shape {image.shape}, not a volume of labels")
    return image


def _some_labels(image: Array) -> str:
    if image.dtype.kind == "f":
        return "of floating-point numbers"
    labels = np.unique(image[:: max(1, image.shape[0] // 16)]).tolist()
    return ", ".join(map(str, labels[:8])) + (", ..." if len(labels) > 8 else "")


def _numbered(image: Array, labels: Mapping[int, str], where: str) -> tuple[Array, dict[int, str]]:
    """Return the image in 8 bits with its labels; those above 255 or below 0 get new numbers."""
    if image.dtype.kind == "f":
        if not np.all(np.isfinite(image)):
            count = int(np.count_nonzero(~np.isfinite(image)))
            raise SpecificationError(
                f"{where}: {count} of {image.size} voxels are not a number (NaN); segment the image into labels"
            )
        if np.any(image != np.rint(image)):
            raise SpecificationError(f"{where}: holds grey values, not whole labels; segment the image first")
        image = image.astype(np.int64)
    if image.dtype.kind == "b":
        image = image.view(np.uint8)
    if int(image.min()) >= 0 and int(image.max()) <= 255 and all(0 <= label <= 255 for label in labels):
        return image.astype(np.uint8, copy=False), dict(labels)
    present, counts = np.unique(image, return_counts=True)
    check_that_all_are_named(dict(zip(present.tolist(), counts.tolist(), strict=True)), labels)
    materials = list(dict.fromkeys(labels[int(label)] for label in present))
    checked_labels(dict(enumerate(materials[:256])))
    new = np.array([materials.index(labels[int(label)]) for label in present], np.uint8)
    return new[np.searchsorted(present, image)], dict(enumerate(materials))
