"""Estimate before it starts whether an image fits into memory, and say which size would."""

import os
from pathlib import Path

from natrode.errors import SpecificationError


def available_memory() -> int | None:
    """Return the memory that a process may still take [bytes], or None where the system does not say."""
    found = [size for size in (_of_system(), _of_control_group()) if size is not None]
    return min(found, default=None)


def require_memory(shape: tuple[int, ...], bytes_per_voxel: float, task: str) -> None:
    """Refuse a task on an image that would not fit into memory.

    Args:
        shape: voxels along each axis [-].
        bytes_per_voxel: what the task needs at its peak [bytes].
        task: what an error calls it.

    Raises:
        SpecificationError: it needs more than is available; names both and the cube that fits.
    """
    available = available_memory()
    voxels = 1
    for count in shape:
        voxels *= count
    needed = voxels * bytes_per_voxel
    if available is None or needed <= 0.9 * available:
        return
    edge = int((0.9 * available / bytes_per_voxel) ** (1.0 / 3.0))
    size = " x ".join(str(count) for count in shape)
    raise SpecificationError(
        f"{task} of {size} voxels needs {needed / 1e9:.1f} GB of memory and {available / 1e9:.1f} GB are free; "
        f"take a smaller or coarser image, {edge} x {edge} x {edge} voxels fit"
    )


def _of_system() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return None


def _of_control_group() -> int | None:
    """What a container or a job leaves free below its own limit."""
    folder = Path("/sys/fs/cgroup")
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            return max(int((folder / limit).read_text()) - int((folder / used).read_text()), 0)
        except (OSError, ValueError):
            continue
    return None
