"""Output that is either all there or not there at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from natrode.errors import OutputError

MARKER = ".natrode-run"
"""Name of the file by which natrode knows a folder that it wrote itself."""


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` through a temporary file and a rename, so that a killed run leaves the old file."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` through a temporary file and a rename."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another folder") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def check_output_file(path: Path) -> None:
    """Raise OutputError when `path` cannot become a file: known before the work whose result it would hold."""
    if path.is_dir():
        raise OutputError(f"{path}: is a folder, not a file; give the name of a file")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.absolute().parent}; choose another folder")
    if not os.access(path.absolute().parent, os.W_OK):
        raise OutputError(f"{path}: cannot be written (Permission denied); choose another folder")


def check_output_folder(path: Path, force: bool = False) -> None:
    """Raise OutputError when a result must not be written to `path`, for the reasons of `output_folder`."""
    occupied = path.exists() and (not path.is_dir() or any(path.iterdir()))
    if occupied and not path.is_dir():
        raise OutputError(f"{path}: is a file, not a folder; choose another name for --out")
    if occupied and not (path / MARKER).exists():
        raise OutputError(f"{path}: holds files that natrode did not write; choose an empty or new folder for --out")
    if occupied and (foreign := _foreign_files(path)):
        raise OutputError(f"{path}: holds {foreign[0]}, which natrode did not write; move it or choose another folder")
    if occupied and not force:
        raise OutputError(f"{path}: holds another run; choose another folder or add --force to replace it")


@contextmanager
def output_folder(path: Path, force: bool = False) -> Iterator[Path]:
    """Give a temporary folder that becomes `path` when the block ends well; a former result stays until then.

    Raises OutputError when `path` exists and `force` is not set, when it holds something that natrode did not
    write (never removed, with `force` or without), or when it is not writable.
    """
    path = path.absolute()
    check_output_folder(path, force)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another folder for --out") from None
    try:
        work.chmod(0o755)
        (work / MARKER).write_text("natrode\n")
        yield work
        (work / MARKER).write_text("\n".join(["natrode", *_names(work)]) + "\n")
        if path.exists():
            former = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.old."))
            path.replace(former / "x")
            try:
                work.replace(path)
            except BaseException:
                (former / "x").replace(path)
                former.rmdir()
                raise
            shutil.rmtree(former)
        else:
            work.replace(path)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _names(folder: Path) -> list[str]:
    """Relative names of all files below a folder but the marker."""
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir())
    return sorted(name for name in found if name != MARKER)


def _foreign_files(folder: Path) -> list[str]:
    """Files that were put into a folder of natrode's after natrode had written it, as its marker tells."""
    written = set((folder / MARKER).read_text().splitlines())
    return [name for name in _names(folder) if name not in written]
