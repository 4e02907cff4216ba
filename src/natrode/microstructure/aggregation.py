"""Coarsening of a lattice: boxes of voxels, split into their connected pieces, so that no two clusters ever merge."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled, compiled_parallel
from natrode.microstructure.clusters import find_root, unite
from natrode.microstructure.lattice import Image, Indices, Lattice, Numbers

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int16]
Shifts = tuple[int, int, int]
Weights = tuple[float, float, float]
Entry = TypeVar("Entry", bound=np.generic)

ROW = 6
"""Entries of a row at least, as most rows have: what is filled up leads to the unknown that is missing, without a
conductance, and compiled code reads six at once."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Pieces of one level and the conductances between them, in compressed rows."""

    size: int
    red: int
    planes: Indices
    """First red and first black piece of each layer of boxes and the ends, shape (2, layers + 1)."""
    first: Numbers
    """First entry of each row, shape (size + 1,)."""
    columns: Numbers
    """Neighbours of each piece; `size` where a row is filled up to `ROW` entries."""
    values: Floats
    """Conductances to them, 0 where there is none."""
    ground: Floats
    """Conductance from each piece to the fixed planes, shape (size,)."""
    places: Places
    """Box of each piece, shape (3, size)."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which piece of the next level each unknown belongs to."""

    size: int
    red: int
    owners: Numbers
    """Shape (unknowns,)."""
    fine_planes: Indices
    """`planes` of the unknowns."""
    planes: Indices
    """`planes` of the pieces."""
    places: Places
    """Box of each piece, shape (3, size)."""

    def total(self, values: Floats) -> Floats:
        """Sum values over the members of each piece, shape (size,)."""
        sums = np.zeros(self.size, np.float32)
        _sum_members(self.fine_planes, self.planes, self.owners, values, sums)
        return sums


def group_voxels(lattice: Lattice, numbers: Indices, shifts: Shifts) -> Grouping:
    """Group voxels into the connected pieces of boxes of 1 or 2 voxels along each axis.

    Args:
        lattice: the voxels.
        numbers: the number of each voxel of the image, from `lattice.number_voxels`.
        shifts: 1 where the boxes are two voxels wide, 0 where one, along x, y, z.

    Returns:
        The pieces, red boxes first.
    """
    boxes = (lattice.shape[0] + shifts[0]) >> shifts[0]
    counts = np.zeros((2, boxes + 1), np.int64)
    _count_pieces(numbers, lattice.size, shifts, _PIECES, counts)
    planes, size, red = _planes(counts)
    owners, places = np.empty(lattice.size, np.int32), np.empty((3, size), np.int16)
    _number_pieces(numbers, lattice.size, shifts, _PIECES, planes, owners, places)
    return Grouping(size, red, owners.view(np.uint32), lattice.planes, planes, places)


def group_pieces(graph: Graph, shifts: Shifts) -> Grouping:
    """Group the pieces of a level in the same way; `shifts` as in `group_voxels`."""
    owners = np.arange(graph.size, dtype=np.int32)
    _join_pieces(graph.first, graph.columns, graph.places, shifts, owners)
    boxes = ((graph.planes.shape[1] - 2) >> shifts[0]) + 1
    counts = np.zeros((2, boxes + 1), np.int64)
    _count_groups(owners, graph.places, shifts, counts)
    planes, size, red = _planes(counts)
    places = np.empty((3, size), np.int16)
    _number_groups(owners, graph.places, shifts, planes, places)
    return Grouping(size, red, owners.view(np.uint32), graph.planes, planes, places)


def coarse_voxels(
    lattice: Lattice, grouping: Grouping, numbers: Indices, weights: Weights, ground: Floats, shifts: Shifts
) -> Graph:
    """Conductances between the pieces of a lattice's voxels.

    Args:
        lattice: the voxels.
        grouping: their pieces.
        numbers: the number of each voxel of the image.
        weights: conductance between neighbours along x, y, z [-].
        ground: conductance of each voxel to the fixed planes, shape (lattice.size,) [-].
        shifts: as in `group_voxels`.

    Returns:
        The next level.

    Formula:
        sum over the faces between two pieces, halved where boxes are two voxels wide across the face: the
        distance between their centres has doubled (0.5 P'AP for the stiffness under piecewise constant P).

    Source: Braess 1995, Computing 55, 379 (overcorrection of aggregation by 1.8 to 2).
    """
    factors = (np.asarray(weights) * _halves(shifts)).astype(np.float32)
    most = 2 * sum(2 ** (sum(shifts) - shift) for shift in shifts)
    per_plane = np.diff(grouping.planes.astype(np.int64), axis=1).sum(axis=0)
    space = np.concatenate([[0], np.cumsum(per_plane * most)])
    columns, values = np.empty(space[-1], np.uint32), np.empty(space[-1], np.float32)
    begin, first = np.empty(grouping.size, np.int64), np.zeros(grouping.size + 1, np.uint32)
    arguments = (numbers, lattice.size, shifts, _PIECES, grouping.owners, factors)
    _voxel_rows(*arguments, space, begin, first, columns, values)
    np.cumsum(first, out=first)
    columns, values = _packed(begin, first, columns), _packed(begin, first, values)
    coarse_ground = grouping.total(ground) * np.float32(_halves(shifts)[0])
    return Graph(grouping.size, grouping.red, grouping.planes, first, columns, values, coarse_ground, grouping.places)


def coarse_pieces(graph: Graph, grouping: Grouping, shifts: Shifts) -> Graph:
    """Conductances between the pieces of the next level; formula and source as in `coarse_voxels`."""
    factors = _halves(shifts).astype(np.float32)
    first_member, members = np.zeros(grouping.size + 1, np.int32), np.empty(graph.size, np.int32)
    _list_members(grouping.owners, first_member, members)
    first = np.zeros(grouping.size + 1, np.uint32)
    fine = (graph.first, graph.columns, graph.values, graph.places)
    arguments = (*fine, grouping.owners, first_member, members, factors)
    _piece_rows(*arguments, first, np.empty(0, np.uint32), np.empty(0, np.float32))
    np.cumsum(first, out=first)
    columns, values = np.empty(first[-1], np.uint32), np.empty(first[-1], np.float32)
    _piece_rows(*arguments, first, columns, values)
    ground = grouping.total(graph.ground) * factors[0]
    return Graph(grouping.size, grouping.red, grouping.planes, first, columns, values, ground, grouping.places)


def _planes(counts: npt.NDArray[np.int64]) -> tuple[Indices, int, int]:
    """First unknowns of each layer, their number and how many are red, from the counts of each layer."""
    first = np.cumsum(counts, axis=1)
    red = int(first[0, -1])
    first[1] += red
    return first.astype(np.int32), int(first[1, -1]), red


def _halves(shifts: Shifts) -> npt.NDArray[np.float64]:
    return np.array([0.5 if shift else 1.0 for shift in shifts])


def _piece_table() -> Image:
    """For each filling of a box of 2 x 2 x 2 (bit 4 a + 2 b + c): the first voxel of each voxel's piece."""
    table = np.full((256, 8), 255, np.uint8)
    for filling in range(256):
        piece = [t if filling >> t & 1 else 255 for t in range(8)]
        for _ in range(3):
            for t in range(8):
                for other in (t ^ 1, t ^ 2, t ^ 4):
                    if piece[t] != 255 and piece[other] != 255:
                        piece[t] = piece[other] = min(piece[t], piece[other])
        table[filling] = piece
    return table


_PIECES = _piece_table()


@compiled
def _filling(numbers: Indices, i: int, j: int, k: int, shifts: Shifts, missing: int) -> int:
    """Bits of the voxels that a box with its first corner at (i, j, k) holds."""
    nx, ny, nz = numbers.shape
    deep, wide, long = shifts[0] and i + 1 < nx, shifts[1] and j + 1 < ny, shifts[2] and k + 1 < nz
    filling = 1 if numbers[i, j, k] != missing else 0
    if long and numbers[i, j, k + 1] != missing:
        filling |= 2
    if wide and numbers[i, j + 1, k] != missing:
        filling |= 4
    if wide and long and numbers[i, j + 1, k + 1] != missing:
        filling |= 8
    if deep:
        if numbers[i + 1, j, k] != missing:
            filling |= 16
        if long and numbers[i + 1, j, k + 1] != missing:
            filling |= 32
        if wide and numbers[i + 1, j + 1, k] != missing:
            filling |= 64
        if wide and long and numbers[i + 1, j + 1, k + 1] != missing:
            filling |= 128
    return filling


@compiled_parallel
def _count_pieces(numbers: Indices, missing: int, shifts: Shifts, pieces: Image, counts: npt.NDArray[np.int64]) -> None:
    nx, ny, nz = numbers.shape
    mx, my, mz = (nx + shifts[0]) >> shifts[0], (ny + shifts[1]) >> shifts[1], (nz + shifts[2]) >> shifts[2]
    number_of = np.zeros(256, np.int64)
    for filling in range(256):
        for t in range(8):
            if pieces[filling, t] == t:
                number_of[filling] += 1
    for i in prange(mx):
        red, black = 0, 0
        for j in range(my):
            for k in range(mz):
                filling = _filling(numbers, i << shifts[0], j << shifts[1], k << shifts[2], shifts, missing)
                if (i + j + k) & 1:
                    black += number_of[filling]
                else:
                    red += number_of[filling]
        counts[0, i + 1] = red
        counts[1, i + 1] = black


@compiled_parallel
def _number_pieces(
    numbers: Indices,
    missing: int,
    shifts: Shifts,
    pieces: Image,
    planes: Indices,
    owners: Indices,
    places: Places,
) -> None:
    nx, ny, nz = numbers.shape
    mx, my, mz = (nx + shifts[0]) >> shifts[0], (ny + shifts[1]) >> shifts[1], (nz + shifts[2]) >> shifts[2]
    for i in prange(mx):
        new = np.empty(8, np.int32)
        red, black = planes[0, i], planes[1, i]
        for j in range(my):
            for k in range(mz):
                x, y, z = int(i) << shifts[0], j << shifts[1], k << shifts[2]
                filling = _filling(numbers, x, y, z, shifts, missing)
                if filling == 0:
                    continue
                number = black if (i + j + k) & 1 else red
                for t in range(8):
                    piece = pieces[filling, t]
                    if piece == t:
                        new[t] = number
                        places[0, number] = i
                        places[1, number] = j
                        places[2, number] = k
                        number += 1
                    if piece != 255:
                        owners[numbers[x + (t >> 2), y + ((t >> 1) & 1), z + (t & 1)]] = new[piece]
                if (i + j + k) & 1:
                    black = number
                else:
                    red = number


@compiled
def _join_pieces(first: Numbers, columns: Numbers, places: Places, shifts: Shifts, parents: Indices) -> None:
    for piece in range(parents.size):
        for entry in range(first[piece], first[piece + 1]):
            other = int(columns[entry])
            if other < piece:
                same = True
                for axis in range(3):
                    if places[axis, piece] >> shifts[axis] != places[axis, other] >> shifts[axis]:
                        same = False
                if same:
                    unite(parents, piece, other)


@compiled
def _count_groups(parents: Indices, places: Places, shifts: Shifts, counts: npt.NDArray[np.int64]) -> None:
    for piece in range(parents.size):
        if parents[piece] == piece:
            i, j, k = places[0, piece] >> shifts[0], places[1, piece] >> shifts[1], places[2, piece] >> shifts[2]
            counts[(i + j + k) & 1, i + 1] += 1


@compiled
def _number_groups(parents: Indices, places: Places, shifts: Shifts, planes: Indices, new_places: Places) -> None:
    """Replace parents by the numbers of their groups, which are ordered by colour and layer."""
    place = planes.copy()
    numbers = np.empty(parents.size, np.int32)
    for piece in range(parents.size):
        if parents[piece] == piece:
            i, j, k = places[0, piece] >> shifts[0], places[1, piece] >> shifts[1], places[2, piece] >> shifts[2]
            colour = (i + j + k) & 1
            number = place[colour, i]
            place[colour, i] += 1
            numbers[piece] = number
            new_places[0, number] = i
            new_places[1, number] = j
            new_places[2, number] = k
    for piece in range(parents.size):
        numbers[piece] = numbers[find_root(parents, piece)]
    parents[:] = numbers


@compiled
def _list_members(owners: Numbers, first: Indices, members: Indices) -> None:
    """Sort the unknowns by the pieces that own them; `first` is 0 on entry."""
    for unknown in range(owners.size):
        first[owners[unknown] + 1] += 1
    for piece in range(first.size - 1):
        first[piece + 1] += first[piece]
    place = first[:-1].copy()
    for unknown in range(owners.size):
        owner = owners[unknown]
        members[place[owner]] = unknown
        place[owner] += 1


@compiled_parallel
def _sum_members(fine_planes: Indices, planes: Indices, owners: Numbers, values: Floats, sums: Floats) -> None:
    layers, fine_layers = planes.shape[1] - 1, fine_planes.shape[1] - 1
    width = 2 if fine_layers > layers else 1
    for layer in prange(layers):
        for fine in range(layer * width, min((layer + 1) * width, fine_layers)):
            for colour in range(2):
                for unknown in range(fine_planes[colour, fine], fine_planes[colour, fine + 1]):
                    sums[owners[unknown]] += values[unknown]


@compiled_parallel
def _voxel_rows(
    numbers: Indices,
    missing: int,
    shifts: Shifts,
    pieces: Image,
    owners: Numbers,
    factors: Floats,
    space: npt.NDArray[np.int64],
    begin: npt.NDArray[np.int64],
    first: Numbers,
    columns: Numbers,
    values: Floats,
) -> None:
    """Write the row of each piece at `begin` and the number of its entries into first[piece + 1].

    Links across different faces of a box lead to different boxes, so a piece is searched for among the links
    of one face only. `space` is where the rows of each layer of boxes may begin.
    """
    nx, ny, nz = numbers.shape
    flat = numbers.reshape(-1)
    mx, my, mz = (nx + shifts[0]) >> shifts[0], (ny + shifts[1]) >> shifts[1], (nz + shifts[2]) >> shifts[2]
    offsets, sides = np.empty(8, np.int64), np.empty((6, 4), np.int64)
    for t in range(8):
        offsets[t] = ((t >> 2) * ny + ((t >> 1) & 1)) * nz + (t & 1)
    strides = np.array([-ny * nz, ny * nz, -nz, nz, -1, 1])
    for face in range(6):
        axis, side = face >> 1, face & 1 & shifts[face >> 1]
        for s in range(4):
            sides[face, s] = side * (4 >> axis) + (s & 1) * (4 >> (axis + 1) % 3) + (s >> 1) * (4 >> (axis + 2) % 3)
    for layer in prange(mx):
        inner = np.empty(6, np.bool_)
        x, place = int(layer) << shifts[0], space[layer]
        inner[0], inner[1] = x > 0, x + 1 + shifts[0] < nx
        for j in range(my):
            y = j << shifts[1]
            inner[2], inner[3] = y > 0, y + 1 + shifts[1] < ny
            for k in range(mz):
                z = k << shifts[2]
                filling = _filling(numbers, x, y, z, shifts, missing)
                if filling == 0:
                    continue
                inner[4], inner[5] = z > 0, z + 1 + shifts[2] < nz
                corner = (x * ny + y) * nz + z
                for head in range(8):
                    if pieces[filling, head] != head:
                        continue
                    end = place
                    for face in range(6):
                        if not inner[face]:
                            continue
                        start, factor = end, factors[face >> 1]
                        for s in range(4):
                            t = sides[face, s]
                            if pieces[filling, t] != head:
                                continue
                            other = flat[corner + offsets[t] + strides[face]]
                            if other == missing:
                                continue
                            entry = end - 1
                            while entry >= start and columns[entry] != owners[other]:
                                entry -= 1
                            if entry < start:
                                columns[end] = owners[other]
                                values[end] = factor
                                end += 1
                            else:
                                values[entry] += factor
                    while end < place + ROW:
                        columns[end] = begin.size
                        values[end] = 0.0
                        end += 1
                    piece = owners[flat[corner + offsets[head]]]
                    begin[piece] = place
                    first[piece + 1] = end - place
                    place = end


def _packed(begin: npt.NDArray[np.int64], first: Numbers, entries: npt.NDArray[Entry]) -> npt.NDArray[Entry]:
    packed = np.empty(first[-1], entries.dtype)
    _pack(begin, first, entries, packed)
    return packed


@compiled_parallel
def _pack(
    begin: npt.NDArray[np.int64],
    first: Numbers,
    entries: npt.NDArray[Entry],
    packed: npt.NDArray[Entry],
) -> None:
    for row in prange(begin.size):
        for t in range(first[row + 1] - first[row]):
            packed[first[row] + t] = entries[begin[row] + t]


@compiled
def _longer(values: npt.NDArray[Entry], size: int) -> npt.NDArray[Entry]:
    longer = np.empty(size, values.dtype)
    longer[: values.size] = values
    return longer


@compiled_parallel
def _piece_rows(
    fine_first: Numbers,
    fine_columns: Numbers,
    fine_values: Floats,
    places: Places,
    owners: Numbers,
    first_member: Indices,
    members: Indices,
    factors: Floats,
    first: Numbers,
    columns: Numbers,
    values: Floats,
) -> None:
    """Count the entries of each row into first[row + 1] if `columns` is empty, else fill them."""
    size, chunks = first_member.size - 1, 64
    step = (size + chunks - 1) // chunks
    for chunk in prange(chunks):
        keys: Indices = np.empty(64, np.int32)
        sums: Floats = np.empty(64, np.float32)
        for piece in range(chunk * step, min((chunk + 1) * step, size)):
            count = 0
            for entry in range(first_member[piece], first_member[piece + 1]):
                member = members[entry]
                most = count + fine_first[member + 1] - fine_first[member]
                if most > keys.size:
                    keys, sums = _longer(keys, 2 * most), _longer(sums, 2 * most)
                for link in range(fine_first[member], fine_first[member + 1]):
                    other = fine_columns[link]
                    if other == owners.size or owners[other] == piece:
                        continue
                    axis = 0
                    if places[1, other] != places[1, member]:
                        axis = 1
                    elif places[2, other] != places[2, member]:
                        axis = 2
                    value = factors[axis] * fine_values[link]
                    t = count - 1
                    while t >= 0 and keys[t] != owners[other]:
                        t -= 1
                    if t < 0:
                        keys[count] = owners[other]
                        sums[count] = value
                        count += 1
                    else:
                        sums[t] += value
            if columns.size == 0:
                first[piece + 1] = max(count, ROW)
            else:
                for t in range(count, ROW):
                    columns[first[piece] + t] = size
                    values[first[piece] + t] = 0.0
                for t in range(count):
                    columns[first[piece] + t] = keys[t]
                    values[first[piece] + t] = sums[t]
