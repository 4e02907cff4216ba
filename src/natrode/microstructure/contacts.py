"""Where an ionic conductor touches metal: area, distance and metal piece of each contact, and what reacts there."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled, compiled_parallel, compiled_twice
from natrode.microstructure.interfaces import local_areas
from natrode.microstructure.lattice import LOW_FACE, Image, Indices, Lattice, Numbers
from natrode.microstructure.operators import Doubles, Floats, choose
from natrode.microstructure.structure import VoxelSize, lookup

LINEAR = -1.0
"""Stands for the transfer coefficient of linear kinetics."""


@dataclass(frozen=True, eq=False)
class Contacts:
    """Contacts of the voxels of a lattice with metal, in the order of their voxels."""

    voxels: Indices
    """Voxels that touch metal, shape (surface,)."""
    first: Indices
    """First contact of each of them and the number of all, shape (surface + 1,)."""
    owners: Indices
    """Voxel of each contact, shape (contacts,)."""
    pieces: Indices
    """Metal piece of each contact: 0 is the one on the collector, shape (contacts,)."""
    across: Indices
    """Flat index of the metal voxel behind each contact; empty where several faces share one contact."""
    phases: Image
    """Which ionic conductor reacts at each contact, shape (contacts,)."""
    areas: Doubles
    """True area of each contact, shape (contacts,) [m2]."""
    distances: Doubles
    """From the voxel's centre to the interface, and from there to that of the metal voxel, shape (contacts,) [m]."""

    @property
    def size(self) -> int:
        """Number of contacts."""
        return self.owners.size

    @cached_property
    def floating(self) -> Indices:
        """Contacts with metal that is not on the collector."""
        return np.flatnonzero(self.pieces).astype(np.int32)


def contact_areas(
    image: Image, ionic: list[tuple[int, ...]], metal: tuple[int, ...], voxel_size: VoxelSize, *, unbiased: bool
) -> tuple[Floats, Doubles]:
    """Area between ionic conductors and metal, put on the voxels that have a face with metal.

    Args:
        image: labels, shape (nx, ny, nz) [-].
        ionic: labels of each ionic conductor.
        metal: labels of the reacting metal.
        voxel_size: edges [m].
        unbiased: Crofton's estimate in place of the area of the voxels' faces.

    Returns:
        Area of each voxel, shape of the image [m2], and the total of each ionic conductor [m2].

    Formula:
        the local estimates of voxels with faces, times one factor for each conductor that keeps its total.

    Source: `interfaces.interface_area`.
    """
    metallic = lookup(metal)
    areas = np.zeros(image.shape, np.float32)
    totals = np.zeros(len(ionic))
    x, y, z = voxel_size
    faces = np.array([y * z, x * z, x * y])
    for number, labels in enumerate(ionic):
        conducting = lookup(labels)
        sums = np.zeros((image.shape[0], 2))
        local = local_areas(image, conducting, metallic, voxel_size) if unbiased else areas[:0]
        _keep_faces(image, conducting, metallic, faces, local, areas, sums)
        stepped, total = sums.sum(axis=0)
        totals[number] = total
        if unbiased and stepped > 0.0:
            _scale_labels(image, conducting, total / stepped, areas)
    return areas, totals


def find_contacts(
    lattice: Lattice, phases: Image, pieces: Indices, areas: Floats, voxel_size: VoxelSize, *, by_face: bool
) -> Contacts:
    """List the contacts of a lattice.

    Args:
        lattice: the voxels that conduct ions.
        phases: which ionic conductor each of them is, shape (lattice.size,) [-].
        pieces: 1 + number of the metal piece in each voxel of the image, 0 where no metal reacts.
        areas: area of each voxel from `contact_areas` [m2].
        voxel_size: edges [m].
        by_face: one contact for each voxel face, in place of one for each metal piece.

    Returns:
        The contacts; the area of a voxel is shared in proportion to its faces, and faces at different distances
        from its centre have contacts of their own.
    """
    x, y, z = voxel_size
    faces, halves = np.array([y * z, x * z, x * y]), 0.5 * np.asarray(voxel_size)
    counts = np.zeros(lattice.size, np.int8)
    where = (lattice.codes, lattice.neighbours, lattice.positions, pieces)
    _count_contacts(*where, halves, by_face, counts)
    voxels = np.flatnonzero(counts).astype(np.int32)
    first = np.zeros(voxels.size + 1, np.int32)
    np.cumsum(counts[voxels], out=first[1:])
    size = int(first[-1])
    owners, found, across = (np.empty(count, np.int32) for count in (size, size, size if by_face else 0))
    kinds, values = np.empty(size, np.uint8), np.empty((2, size))
    arguments = (*where[1:], phases, areas, faces, halves, by_face, voxels, first)
    _fill_contacts(*arguments, owners, found, across, kinds, values)
    return Contacts(voxels, first, owners, found, across, kinds, values[0], values[1])


@dataclass(eq=False)
class Exchange:
    """Reaction at contacts, without dimension, and what it was at the last potential: flux, slope and drop."""

    contacts: Contacts
    weights: Doubles
    """Conductance of each contact at equilibrium over that of a voxel [-]."""
    series: Doubles
    """Resistance between the unknowns on both sides and the interface over that of the reaction [-]."""
    laws: Doubles
    """Transfer coefficient by ionic conductor, `LINEAR` for linear kinetics [-]."""
    drops: Doubles
    """Overpotential at the interface itself [RT/F]; also where the next iteration starts."""
    fluxes: Doubles
    slopes: Doubles
    charging: Doubles
    """Rate that the double layer adds, by ionic conductor: R_ct C over the effective time step [-]."""
    former: Doubles
    """Overpotential that the double layer charges from [RT/F]."""

    @property
    def linear(self) -> bool:
        """Whether the slopes are the same at all potentials."""
        return bool((self.laws < 0.0).all())

    def reacting_current(self) -> float:
        """Return the current that reacts on the collector's metal, in conductances times RT/F [-]."""
        return float(self.fluxes.sum() - self.fluxes[self.contacts.floating].sum())

    def react(self, u: Doubles, pieces: Doubles, shifts: Doubles, r: Doubles, mass: Floats) -> None:
        """Subtract the reaction from the residual and add its slope to the mass.

        Args:
            u: potential of each voxel, shape (size + 1,) [RT/F].
            pieces: potential of each metal piece, the first one 0 [RT/F].
            shifts: further potential of the metal at each contact; empty where it has none [RT/F].
            r: residual, shape (size,), changed.
            mass: slopes, shape (size,), 0 on entry.
        """
        at = self.contacts
        lists = (at.voxels, at.first, at.pieces, at.phases, self.weights, self.series, self.laws, self.charging)
        state = (self.former, self.drops, self.fluxes, self.slopes)
        choose(_react, at.voxels.size)(*lists, *state, u, pieces, shifts, r, mass)


def make_exchange(contacts: Contacts, weights: Doubles, series: Doubles, laws: Doubles) -> Exchange:
    """Put kinetics on contacts; see `Exchange` for the arguments."""
    drops, fluxes, slopes = (np.zeros(contacts.size) for _ in range(3))
    return Exchange(contacts, weights, series, laws, drops, fluxes, slopes, np.zeros(laws.size), np.zeros(0))


def coarse_exchange(exchange: Exchange, owners: Numbers, size: int) -> Exchange:
    """Exchange of the pieces of a coarser level with the collector's metal alone, to start an iteration from.

    Args:
        exchange: of the level above.
        owners: piece of the coarser level that each unknown of that level belongs to.
        size: number of those pieces.

    Returns:
        One contact for each piece that reacts, of the first conductor's law.
    """
    at = exchange.contacts
    weights, series, phases = np.zeros(size), np.zeros(size), np.zeros(size, np.uint8)
    _sum_contacts(at.owners, at.pieces, at.phases, exchange.weights, exchange.series, owners, weights, series, phases)
    voxels = np.flatnonzero(weights).astype(np.int32)
    none, single = np.zeros(voxels.size, np.int32), np.arange(voxels.size + 1, dtype=np.int32)
    nothing = np.zeros(voxels.size)
    contacts = Contacts(voxels, single, voxels, none, none[:0], phases[voxels], nothing, nothing)
    return make_exchange(contacts, weights[voxels], series[voxels] / weights[voxels], exchange.laws)


@compiled_parallel
def _keep_faces(
    image: Image,
    conducting: npt.NDArray[np.bool_],
    metallic: npt.NDArray[np.bool_],
    faces: Doubles,
    local: Floats,
    areas: Floats,
    sums: Doubles,
) -> None:
    """Copy local areas to voxels with faces, or sum these where there are none, and sum both."""
    nx, ny, nz = image.shape
    for layer in prange(nx):
        i = int(layer)
        for j in range(ny):
            for k in range(nz):
                if not conducting[image[i, j, k]]:
                    continue
                stepped = 0.0
                if i > 0 and metallic[image[i - 1, j, k]]:
                    stepped += faces[0]
                if i + 1 < nx and metallic[image[i + 1, j, k]]:
                    stepped += faces[0]
                if j > 0 and metallic[image[i, j - 1, k]]:
                    stepped += faces[1]
                if j + 1 < ny and metallic[image[i, j + 1, k]]:
                    stepped += faces[1]
                if k > 0 and metallic[image[i, j, k - 1]]:
                    stepped += faces[2]
                if k + 1 < nz and metallic[image[i, j, k + 1]]:
                    stepped += faces[2]
                if local.shape[0] == 0:
                    areas[i, j, k] = stepped
                    sums[i, 1] += stepped
                    continue
                sums[i, 1] += local[i, j, k]
                if stepped > 0.0:
                    areas[i, j, k] = local[i, j, k]
                    sums[i, 0] += local[i, j, k]


@compiled_parallel
def _scale_labels(image: Image, chosen: npt.NDArray[np.bool_], factor: float, values: Floats) -> None:
    nx, ny, nz = image.shape
    for i in prange(nx):
        for j in range(ny):
            for k in range(nz):
                if chosen[image[i, j, k]]:
                    values[i, j, k] = np.float32(values[i, j, k] * factor)


@compiled
def _sum_contacts(
    unknowns: Indices,
    pieces: Indices,
    phases: Image,
    weights: Doubles,
    series: Doubles,
    owners: Numbers,
    sums: Doubles,
    resistances: Doubles,
    kinds: Image,
) -> None:
    for e in range(unknowns.size):
        if pieces[e] == 0:
            owner = owners[unknowns[e]]
            sums[owner] += weights[e]
            resistances[owner] += weights[e] * series[e]
            kinds[owner] = phases[e]


@compiled
def _inside(place: int, nx: int, ny: int, nz: int) -> int:
    """Bits of the faces of a voxel, -x, +x, -y, +y, -z, +z, that lie inside the image."""
    row = np.uint32(place) // np.uint32(nz)  # divisions of 32 bits are the faster ones
    i, j = np.int64(row // np.uint32(ny)), np.int64(row % np.uint32(ny))
    k = place - nz * np.int64(row)
    bits = (1 if i > 0 else 0) + (2 if i + 1 < nx else 0) + (4 if j > 0 else 0) + (8 if j + 1 < ny else 0)
    return bits + (16 if k > 0 else 0) + (32 if k + 1 < nz else 0)


@compiled_parallel
def _count_contacts(
    codes: Image,
    neighbours: Numbers,
    positions: Indices,
    pieces: Indices,
    halves: Doubles,
    by_face: bool,
    counts: npt.NDArray[np.int8],
) -> None:
    nx, ny, nz = pieces.shape
    flat, missing = pieces.reshape(-1), positions.size
    chunks, surrounded = 64, LOW_FACE - 1
    step = (positions.size + chunks - 1) // chunks
    steps = np.array([-ny * nz, ny * nz, -nz, nz, -1, 1])
    for chunk in prange(chunks):
        found, widths = np.empty(6, np.int32), np.empty(6)
        for v in range(chunk * step, min((chunk + 1) * step, positions.size)):
            if codes[v] % LOW_FACE == surrounded:  # by six neighbours that conduct
                continue
            place, count = int(positions[v]), 0
            inside = _inside(place, nx, ny, nz)
            for face in range(6):
                if neighbours[v, face] != missing or not inside >> face & 1:
                    continue
                piece = flat[np.uint64(place + steps[face])]
                if piece == 0:
                    continue
                new, half = True, halves[face >> 1]
                for former in range(0 if by_face else count):
                    if found[former] == piece and widths[former] == half:
                        new = False
                if new:
                    found[count], widths[count] = piece, half
                    count += 1
            counts[v] = count


@compiled_parallel
def _fill_contacts(
    neighbours: Numbers,
    positions: Indices,
    pieces: Indices,
    phases: Image,
    areas: Floats,
    faces: Doubles,
    halves: Doubles,
    by_face: bool,
    voxels: Indices,
    first: Indices,
    owners: Indices,
    metal: Indices,
    across: Indices,
    kinds: Image,
    values: npt.NDArray[np.float64],
) -> None:
    nx, ny, nz = pieces.shape
    flat, local, missing = pieces.reshape(-1), areas.reshape(-1), positions.size
    steps = np.array([-ny * nz, ny * nz, -nz, nz, -1, 1])
    for surface in prange(voxels.size):
        v = voxels[surface]
        place = int(positions[v])
        inside = _inside(place, nx, ny, nz)
        total, begin = 0.0, first[surface]
        end = begin
        for face in range(6):
            if neighbours[v, face] != missing or not inside >> face & 1:
                continue
            behind = place + steps[face]
            piece = flat[behind] - 1
            if piece < 0:
                continue
            area = faces[face >> 1]
            total += area
            entry = end
            for former in range(begin, begin if by_face else end):
                if metal[former] == piece and values[1, former] == halves[face >> 1]:
                    entry = former
            if entry == end:
                end += 1
                owners[entry] = v
                metal[entry] = piece
                if by_face:
                    across[entry] = behind
                kinds[entry] = phases[v]
                values[0, entry] = 0.0
                values[1, entry] = halves[face >> 1]
            values[0, entry] += area
        for entry in range(begin, end):
            values[0, entry] *= local[place] / total


@compiled_twice
def _react(
    voxels: Indices,
    first: Indices,
    pieces: Indices,
    phases: Image,
    weights: Doubles,
    series: Doubles,
    laws: Doubles,
    charging: Doubles,
    former: Doubles,
    drops: Doubles,
    fluxes: Doubles,
    slopes: Doubles,
    u: Doubles,
    potentials: Doubles,
    shifts: Doubles,
    r: Doubles,
    mass: Floats,
) -> None:
    """At each contact solve x + s G(x) = eta, G(x) = g(x) + c (x - x_old), for the drop x: Newton unless linear."""
    for surface in prange(voxels.size):
        v = voxels[surface]
        lost, slope = 0.0, 0.0
        for e in range(first[surface], first[surface + 1]):
            eta = u[v] - potentials[pieces[e]]
            if shifts.size > 0:
                eta -= shifts[e]
            law, s, c = laws[phases[e]], series[e], charging[phases[e]]
            old = former[e] if former.size > 0 else 0.0
            x, g, dg = drops[e], 0.0, 1.0 + c
            if weights[e] > 0.0:  # the last solution, continued along its slope, which lies between these bounds
                share = s / weights[e]
                x -= (x + share * fluxes[e] - eta) * (1.0 - share * slopes[e])
                x = min(max(x, min(0.0, min(eta, old))), max(0.0, max(eta, old)))
            if law < 0.0:
                x = (eta + s * c * old) / (1.0 + s * dg)
                g = x + c * (x - old)
            for _ in range(0 if law < 0.0 else 50):
                if law == 0.5:
                    up = np.exp(0.5 * x)
                    down = 1.0 / up
                    g, dg = up - down, 0.5 * (up + down)
                else:
                    up, down = np.exp(law * x), np.exp((law - 1.0) * x)
                    g, dg = up - down, law * up + (1.0 - law) * down
                g += c * (x - old)
                dg += c
                step = (x + s * g - eta) / (1.0 + s * dg)
                x -= step
                if abs(step) <= 1e-6 * (1.0 + abs(x)):  # what the next step would add is its square
                    g -= dg * step
                    break
            drops[e] = x
            fluxes[e] = weights[e] * g
            slopes[e] = weights[e] * dg / (1.0 + s * dg)
            lost += fluxes[e]
            slope += slopes[e]
        r[v] -= lost
        mass[v] += slope
