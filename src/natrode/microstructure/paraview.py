"""Fields on the voxels for ParaView: VTK image data (.vti), written without the VTK library."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt

from natrode.errors import SpecificationError
from natrode.microstructure.io import replacing
from natrode.microstructure.structure import Structure

_TYPES = {
    "u1": "UInt8",
    "i1": "Int8",
    "u2": "UInt16",
    "i2": "Int16",
    "u4": "UInt32",
    "i4": "Int32",
    "u8": "UInt64",
    "i8": "Int64",
    "f4": "Float32",
    "f8": "Float64",
}


def write_vti(path: str | Path, structure: Structure, fields: Mapping[str, npt.NDArray[Any]] | None = None) -> None:
    """Write a structure and fields on its voxels for ParaView.

    Args:
        path: the file, ending in .vti.
        structure: gives phases and scale; its labels become the field `phase`.
        fields: by name with unit, such as "potential / V": scalars of the image's shape or vectors along axes 0,
            1, 2 of shape (3, nx, ny, nz).

    Raises:
        SpecificationError: another suffix, or a field of another shape or type.
        OutputError: a file that cannot be written.

    Formula:
        none; axis 0 (depth) is ParaView's z, axis 1 its y and axis 2 its x, lengths in m.

    Source: VTK file formats, XML image data with appended raw data.
    """
    path = Path(path)
    if path.suffix.lower() != ".vti":
        raise SpecificationError(f"{path}: a file for ParaView ends in .vti")
    arrays = {"phase": structure.image, **(fields or {})}
    header, offset = [], 0
    for name, values in arrays.items():
        components = _components(name, values, structure.shape)
        kind = _TYPES.get(values.dtype.str[1:])
        if kind is None:
            raise SpecificationError(f"field '{name}': {values.dtype} is no type of numbers that ParaView reads")
        header.append(
            f"<DataArray type={quoteattr(kind)} Name={quoteattr(name)} NumberOfComponents={quoteattr(str(components))} "
            f'format="appended" offset="{offset}"/>'
        )
        offset += 8 + values.nbytes
    with replacing(path) as work, work.open("wb") as stream:
        stream.write(_head(structure, header).encode())
        for values in arrays.values():
            stream.write(values.nbytes.to_bytes(8, "little"))
            if values.ndim == 3:
                stream.write(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data)
                continue
            for layer in range(structure.shape[0]):
                ordered = np.moveaxis(values[::-1, layer], 0, -1)
                stream.write(np.ascontiguousarray(ordered, values.dtype.newbyteorder("<")).data)
        stream.write(b"\n</AppendedData>\n</VTKFile>\n")


def _components(name: str, values: npt.NDArray[Any], shape: tuple[int, int, int]) -> int:
    if values.shape == shape:
        return 1
    if values.shape == (3, *shape):
        return 3
    raise SpecificationError(f"field '{name}': has the shape {values.shape}, the image {shape} (vectors 3 of them)")


def _head(structure: Structure, arrays: list[str]) -> str:
    nx, ny, nz = structure.shape
    x, y, z = structure.voxel_size
    extent = f"0 {nz} 0 {ny} 0 {nx}"
    phases = ", ".join(f"{label} = {name}" for label, name in structure.labels.items())
    return "\n".join(
        [
            '<?xml version="1.0"?>',
            f"<!-- phase: {escape(phases).replace('--', '- -')}; z is the depth from the electrolyte; lengths in m -->",
            '<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
            f'<ImageData WholeExtent="{extent}" Origin="0 0 0" Spacing="{z!r} {y!r} {x!r}">',
            f'<Piece Extent="{extent}">',
            '<CellData Scalars="phase">',
            *arrays,
            "</CellData>",
            "</Piece>",
            "</ImageData>",
            '<AppendedData encoding="raw">',
            "_",
        ]
    )
