"""Files: what is written comes back, what others write is read, what is broken gets one message."""

import json
import re
import struct
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from natrode.errors import InstrumentFileError, OutputError, SpecificationError
from natrode.microstructure import io
from natrode.microstructure.conduct import conduct
from natrode.microstructure.io import read_structure, write_structure
from natrode.microstructure.paraview import write_vti
from natrode.microstructure.structure import Structure
from tests.microstructure.shapes import CERAMIC, LABELS, METAL, field

NAMES = {0: METAL, 1: CERAMIC}


@pytest.fixture
def sample():
    return field(0.3, (6, 7, 8))


@pytest.fixture
def flat_voxels():
    image = np.random.default_rng(0).integers(1, 4, (5, 6, 7)).astype(np.uint8)
    return Structure(image, LABELS, (3e-7, 1e-7, 2e-7), None, {"kind": "file", "file": "scan.raw"})


@pytest.mark.parametrize("suffix", [".tif", ".tiff", ".npy", ".raw"])
@pytest.mark.parametrize("name", ["sample", "flat_voxels"])
def test_a_structure_comes_back_as_it_was(suffix, name, tmp_path, request):
    given = request.getfixturevalue(name)
    path = tmp_path / f"s{suffix}"
    write_structure(path, given)
    assert read_structure(path).same_as(given)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_hdf5_comes_back_or_says_what_is_missing(sample, tmp_path):
    path = tmp_path / "s.h5"
    try:
        import h5py  # noqa: F401
    except ImportError:
        with pytest.raises(SpecificationError, match="need the package h5py"):
            write_structure(path, sample)
        return
    write_structure(path, sample)
    assert read_structure(path).same_as(sample)
    with pytest.raises(SpecificationError, match="no dataset 'phase'"):
        read_structure(path, dataset="phase")


def test_imagej_knows_the_scale_of_what_is_written(flat_voxels, tmp_path):
    write_structure(tmp_path / "s.tif", flat_voxels)
    with tifffile.TiffFile(tmp_path / "s.tif") as file:
        assert file.imagej_metadata["unit"] == "um"
        assert file.imagej_metadata["spacing"] == pytest.approx(0.3)
        across, along = file.pages[0].resolution
        assert (1 / along, 1 / across) == pytest.approx((0.1, 0.2), rel=1e-4)
        assert len(file.pages) == 5


def write_plain(path, image):
    tifffile.imwrite(path, image, photometric="minisblack")


def labelled(shape=(4, 5, 6)):
    return np.random.default_rng(1).integers(0, 2, shape).astype(np.uint8)


def test_a_stack_of_slices_is_read_in_the_order_of_numbers(tmp_path):
    image = labelled((12, 5, 6))
    for number, plane in enumerate(image, start=1):
        tifffile.imwrite(tmp_path / f"slice{number}.tif", plane)
    found = read_structure(tmp_path, voxel_size="50 nm", labels=NAMES)
    assert np.array_equal(found.image, image)
    assert found.voxel_size == pytest.approx((5e-8,) * 3)
    tifffile.imwrite(tmp_path / "slice13.tif", image[0, :4])
    with pytest.raises(InstrumentFileError, match=r"slice13.tif: differs in size"):
        read_structure(tmp_path, voxel_size=1e-7, labels=NAMES)


def test_a_stack_of_another_program_has_16_bits_and_its_gaps_are_named(tmp_path):
    image = labelled((8, 5, 6))
    about = {"resolution": (5.0, 5.0), "metadata": None, "description": "ImageJ=1.53t\nunit=micron\nspacing=0.4\n"}
    for number, plane in enumerate(image):
        tifffile.imwrite(tmp_path / f"hybrid{10 * number:04d}.tif", plane.astype(np.uint16) * 500, **about)
    named = {500 * label: name for label, name in NAMES.items()}
    found = read_structure(tmp_path, labels=named)
    assert found.voxel_size == pytest.approx((4e-7, 2e-7, 2e-7))
    for label, name in NAMES.items():
        assert np.array_equal(found.mask(name), image == label)
    (tmp_path / "hybrid0030.tif").unlink()
    with pytest.raises(
        InstrumentFileError, match=r"missing in 1 places, the first between hybrid0020.tif and hybrid0040"
    ):
        read_structure(tmp_path, labels=named)


def test_pages_of_their_own_are_read_as_a_volume(tmp_path):
    image = labelled()
    with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
        for plane in image:
            writer.write(plane, contiguous=False)
    found = read_structure(tmp_path / "s.tif", voxel_size=1e-7, labels=NAMES)
    assert np.array_equal(found.image, image)


def test_the_scale_of_imagej_and_ome_files_is_read(tmp_path):
    metadata = {"axes": "ZYX", "spacing": 0.3, "unit": "micron"}
    tifffile.imwrite(tmp_path / "i.tif", labelled(), imagej=True, resolution=(5.0, 10.0), metadata=metadata)
    assert read_structure(tmp_path / "i.tif", labels=NAMES).voxel_size == pytest.approx((3e-7, 1e-7, 2e-7))
    sizes = {f"PhysicalSize{axis}": edge for axis, edge in zip("XYZ", (40.0, 50.0, 60.0), strict=True)}
    units = {f"PhysicalSize{axis}Unit": "nm" for axis in "XYZ"}
    tifffile.imwrite(tmp_path / "o.ome.tif", labelled(), ome=True, metadata={"axes": "ZYX", **sizes, **units})
    found = read_structure(tmp_path / "o.ome.tif", labels=NAMES)
    assert found.voxel_size == pytest.approx((6e-8, 5e-8, 4e-8))
    assert read_structure(tmp_path / "o.ome.tif", labels=NAMES, voxel_size=1e-6).voxel_size == (1e-6,) * 3


def test_labels_of_a_segmentation_become_materials(tmp_path):
    image = np.where(labelled() == 1, 700, 255).astype(np.uint16)
    image[0, 0, 0] = 701
    write_plain(tmp_path / "s.tif", image)
    names = {255: METAL, 700: CERAMIC, 701: CERAMIC}
    found = read_structure(tmp_path / "s.tif", voxel_size=1e-7, labels=names)
    assert np.array_equal(found.mask(CERAMIC), image >= 700)
    with pytest.raises(SpecificationError, match=r"name no material: 701 \(0.833 %\)"):
        read_structure(tmp_path / "s.tif", voxel_size=1e-7, labels={255: METAL, 700: CERAMIC})


def test_raw_files_need_shape_and_type(tmp_path):
    image = labelled().astype("<u2")
    path = tmp_path / "s.raw"
    path.write_bytes(image.tobytes())
    found = read_structure(path, voxel_size=1e-7, labels=NAMES, shape=(4, 5, 6), dtype="<u2")
    assert np.array_equal(found.image, image)
    for shape, dtype, message in (
        (None, "uint8", "does not say its shape"),
        ((4, 5, 6), "uint8", "holds 240 bytes"),
        ((4, 5, 6), "colour", "no type of numbers"),
        ((4, 5), "uint8", "three whole numbers"),
    ):
        with pytest.raises((SpecificationError, InstrumentFileError), match=message):
            read_structure(path, voxel_size=1e-7, labels=NAMES, shape=shape, dtype=dtype)


def broken_files(folder):
    tifffile.imwrite(folder / "colour.tif", np.zeros((4, 5, 6, 3), np.uint8), photometric="rgb")
    write_plain(folder / "grey.tif", np.random.default_rng(0).random((4, 5, 6)).astype(np.float32))
    write_plain(folder / "nan.tif", np.full((4, 5, 6), np.nan, np.float32))
    (folder / "text.tif").write_text("no image")
    write_plain(folder / "whole.tif", labelled((30, 20, 20)))
    data = bytearray((folder / "whole.tif").read_bytes())
    (folder / "short.tif").write_bytes(data[:-2000])
    with tifffile.TiffFile(folder / "whole.tif") as file:
        place = file.pages[0].tags["Compression"].valueoffset
    data[place : place + 2] = struct.pack("<H", 5)
    (folder / "lzw.tif").write_bytes(data)
    np.save(folder / "flat.npy", labelled()[0])
    (folder / "cut.npy").write_bytes(b"\x93NUMPY")
    (folder / "empty").mkdir()


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("colour.tif", InstrumentFileError, "colour TIFF"),
        ("grey.tif", SpecificationError, "grey values"),
        ("nan.tif", SpecificationError, r"120 of 120 voxels are not a number \(NaN\)"),
        ("text.tif", InstrumentFileError, "cannot be read as TIFF"),
        ("short.tif", InstrumentFileError, "truncated"),
        ("lzw.tif", InstrumentFileError, "packed with LZW"),
        ("flat.npy", InstrumentFileError, "not a volume"),
        ("cut.npy", InstrumentFileError, "not a complete NPY"),
        ("empty", InstrumentFileError, "no TIFF slices"),
        ("missing.tif", SpecificationError, "no such file"),
        ("s.png", SpecificationError, "no such file"),
    ],
)
def test_broken_files_get_one_clear_message(name, error, message, tmp_path):
    broken_files(tmp_path)
    with pytest.raises(error, match=message):
        read_structure(tmp_path / name, voxel_size=1e-7, labels=NAMES)


def test_scale_and_labels_are_asked_for(tmp_path):
    write_plain(tmp_path / "s.tif", labelled())
    with pytest.raises(SpecificationError, match="carries no voxel size"):
        read_structure(tmp_path / "s.tif", labels=NAMES)
    with pytest.raises(SpecificationError, match=r"its labels 0, 1 mean; give labels"):
        read_structure(tmp_path / "s.tif", voxel_size=1e-7)
    (tmp_path / "s.png").write_bytes(b"")
    with pytest.raises(SpecificationError, match=r"'.png' is no format"):
        read_structure(tmp_path / "s.png")


def test_an_image_too_large_for_the_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    write_structure(tmp_path / "s.tif", field(0.3, (20, 20, 20)))
    monkeypatch.setattr("natrode.microstructure.memory.available_memory", lambda: 20_000)
    with pytest.raises(SpecificationError, match=r"20 x 20 x 20 voxels needs .* GB .* 16 x 16 x 16 voxels fit"):
        read_structure(tmp_path / "s.tif")


def test_what_cannot_be_written_says_so(sample, tmp_path):
    with pytest.raises(OutputError, match="no format of structures"):
        write_structure(tmp_path / "s.png", sample)
    with pytest.raises(OutputError, match="cannot be written"):
        write_structure(tmp_path / "none" / "s.tif", sample)


def test_a_failed_write_leaves_the_old_file(sample, tmp_path, monkeypatch):
    path = tmp_path / "s.tif"
    write_structure(path, sample)
    before = path.read_bytes()

    def fail(work, *_):
        work.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(io, "write_tiff", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_structure(path, field(0.4, (5, 5, 5)))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.tif"]


def read_vti(path):
    """A reader of image data with appended raw blocks, independent of the writer."""
    data = path.read_bytes()
    head, blocks = data.split(b'<AppendedData encoding="raw">', 1)
    blocks = blocks[blocks.index(b"_") + 1 :]
    root = ElementTree.fromstring(re.sub(rb"<\?xml[^>]*\?>", b"", head) + b"</VTKFile>")
    element = root.find("ImageData")
    low_high = [int(n) for n in element.get("WholeExtent").split()]
    counts = [b - a for a, b in zip(low_high[::2], low_high[1::2], strict=True)]
    types = {"UInt8": "<u1", "Float32": "<f4", "Float64": "<f8"}
    arrays = {}
    for array in element.iter("DataArray"):
        offset = int(array.get("offset"))
        size = struct.unpack("<Q", blocks[offset : offset + 8])[0]
        values = np.frombuffer(blocks, types[array.get("type")], size // int(types[array.get("type")][2]), offset + 8)
        parts = int(array.get("NumberOfComponents"))
        arrays[array.get("Name")] = values.reshape((*counts[::-1], parts) if parts > 1 else counts[::-1])
    return arrays, [float(n) for n in element.get("Spacing").split()], counts


def test_fields_for_paraview_are_read_back(tmp_path):
    sample = field(0.4, (6, 7, 8))
    found = conduct(sample, CERAMIC, fields=True)
    fields = {"potential / V": found.potential, "current density / A m-2": found.current_density}
    write_vti(tmp_path / "s.vti", sample, fields)
    arrays, spacing, counts = read_vti(tmp_path / "s.vti")
    assert counts == [8, 7, 6]  # x, y, z of ParaView are axes 2, 1, 0
    assert spacing == pytest.approx([1e-6] * 3)
    assert np.array_equal(arrays["phase"], sample.image)
    assert np.array_equal(arrays["potential / V"], found.potential, equal_nan=True)
    vectors = arrays["current density / A m-2"]
    for axis in range(3):
        assert np.array_equal(vectors[..., 2 - axis], found.current_density[axis])


def test_a_vtk_reader_agrees(tmp_path):
    vtk = pytest.importorskip("vtkmodules.vtkIOXML")
    from vtkmodules.util.numpy_support import vtk_to_numpy

    sample = field(0.4, (6, 7, 8))
    write_vti(tmp_path / "s.vti", sample, {"depth": np.arange(6.0)[:, None, None] * np.ones((6, 7, 8))})
    reader = vtk.vtkXMLImageDataReader()
    reader.SetFileName(str(tmp_path / "s.vti"))
    reader.Update()
    cells = reader.GetOutput().GetCellData()
    assert np.array_equal(vtk_to_numpy(cells.GetArray("phase")).reshape(6, 7, 8), sample.image)
    assert vtk_to_numpy(cells.GetArray("depth")).reshape(6, 7, 8)[:, 0, 0] == pytest.approx(np.arange(6.0))


def test_fields_that_do_not_fit_are_refused(sample, tmp_path):
    with pytest.raises(SpecificationError, match="has the shape"):
        write_vti(tmp_path / "s.vti", sample, {"x": np.zeros((2, 2, 2))})
    with pytest.raises(SpecificationError, match="no type of numbers"):
        write_vti(tmp_path / "s.vti", sample, {"x": np.zeros(sample.shape, complex)})
    with pytest.raises(SpecificationError, match=r"ends in .vti"):
        write_vti(tmp_path / "s.vtk", sample)


def test_the_side_file_is_plain_json(sample, tmp_path):
    write_structure(tmp_path / "s.npy", sample)
    notes = json.loads((tmp_path / "s.npy.json").read_text())
    assert notes["seed"] == 1
    (tmp_path / "s.npy.json").write_text("{")
    with pytest.raises(InstrumentFileError, match=r"s.npy.json: cannot be read"):
        read_structure(tmp_path / "s.npy")
