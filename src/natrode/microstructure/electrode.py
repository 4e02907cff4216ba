"""A structure as an electrode: which voxels conduct ions and are reached by them, and where they touch which metal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled, compiled_parallel
from natrode.errors import SpecificationError
from natrode.materials import load_material
from natrode.microstructure import currents
from natrode.microstructure.clusters import HIGH, LOW, Clusters, find_clusters
from natrode.microstructure.contacts import Contacts, contact_areas, find_contacts
from natrode.microstructure.lattice import Image, Indices, Lattice, number_voxels
from natrode.microstructure.memory import require_memory
from natrode.microstructure.multigrid import Hierarchy, build_hierarchy
from natrode.microstructure.operators import Doubles, Floats, GraphOperator, Operator, voxel_operator
from natrode.microstructure.structure import NO_MATERIAL, Structure, VoxelSize, lookup

_BYTES_PER_VOXEL = 24.0
_BYTES_PER_UNKNOWN = 170.0


@dataclass(frozen=True)
class Materials:
    """Which materials of a structure take part and how they conduct."""

    metal: str
    """The metal that reacts."""
    conductivities: Mapping[str, float]
    """Of each ionic conductor [S/m]."""
    phase_resistance: float
    """Between two ionic conductors that touch [Ohm m2]."""


@dataclass(frozen=True, eq=False)
class Electrode:
    """The part of a structure that current can reach, with its equations; what reacts is said later."""

    structure: Structure
    materials: Materials
    series_resistance: float
    """Between the electrolyte's plane and the first layer [Ohm m2]."""
    cross_section: float
    """[m2]."""
    interface_areas: Doubles
    """Between each ionic conductor and the metal, whether connected or not [m2]."""
    connected_fraction: float
    """Share of the ionic conductors' volume that is reached from the electrolyte [-]."""
    floating_fraction: float
    """Share of the metal that is not connected to the collector [-]."""
    beginning: float
    """Depth of the first layer with reacting metal [m]."""
    reason: str = ""
    """Why no current can flow; empty where it can."""
    lattice: Lattice | None = None
    hierarchy: Hierarchy | None = None
    contacts: Contacts | None = None
    entering: Indices = field(default_factory=lambda: np.empty(0, np.int32))
    inlets: Doubles = field(default_factory=lambda: np.empty(0))
    pieces: int = 1
    """Metal pieces that touch the conductor; the one on the collector counts even where it does not."""
    piece_image: Indices | None = field(default=None, repr=False)
    """Metal piece + 1 of each voxel, 0 without metal; where asked for."""

    @property
    def unit(self) -> float:
        """Conductance between two voxels of the first ionic conductor along the depth [S]."""
        x, y, z = self.structure.voxel_size
        return next(iter(self.materials.conductivities.values())) * y * z / x


def choose_materials(
    structure: Structure,
    metal: str | None = None,
    conductivities: Mapping[str, float] | None = None,
    phase_resistance: float = 0.0,
) -> Materials:
    """Say which materials of a structure take part.

    Args:
        structure: the labelled image.
        metal: the metal that reacts; by default the only one of kind metal.
        conductivities: of each ionic conductor [S/m]; by default of all other materials whose conductivity the
            materials data know.
        phase_resistance: between two ionic conductors that touch, scalar [Ohm m2].

    Returns:
        The choice.

    Raises:
        SpecificationError: no or several metals or conductors to choose from, or values out of range.
    """
    real = [name for name in structure.materials if name not in NO_MATERIAL]
    if metal is None:
        metals = [name for name in real if load_material(name).kind == "metal"]
        if len(metals) != 1:
            held = f"several metals ({', '.join(metals)})" if metals else f"no metal, only {', '.join(real)}"
            raise SpecificationError(f"the structure has {held}; say which material reacts")
        metal = metals[0]
    structure.labels_of(metal)
    if conductivities is None:
        known = {name: load_material(name).properties.get("conductivity") for name in real if name != metal}
        conductivities = {name: value.si for name, value in known.items() if value is not None}
    if not conductivities:
        raise SpecificationError(
            "none of the structure's materials is known to conduct ions; give conductivities={material: S/m}, "
            f"its materials are {', '.join(structure.materials)}"
        )
    for name, value in conductivities.items():
        structure.labels_of(name)
        if name == metal:
            raise SpecificationError(f"'{metal}' cannot be the reacting metal and an ionic conductor at once")
        if not np.isfinite(value) or value <= 0:
            raise SpecificationError(f"conductivity of {name} {value!r}: must be a number of S/m greater than zero")
    if not np.isfinite(phase_resistance) or phase_resistance < 0:
        raise SpecificationError(f"phase resistance {phase_resistance!r}: must be a number of Ohm m2, not negative")
    return Materials(metal, dict(conductivities), float(phase_resistance))


def build_electrode(
    structure: Structure,
    materials: Materials,
    *,
    series_resistance: float = 0.0,
    unbiased: bool = True,
    resolve_metal: bool = False,
    keep_pieces: bool = False,
) -> Electrode:
    """Find what current can reach and set up its equations.

    Args:
        structure: the labelled image.
        materials: from `choose_materials`.
        series_resistance: between the electrolyte's plane and the first layer, scalar [Ohm m2]; uniform, without
            lateral spreading.
        unbiased: areas by Crofton's estimate in place of the voxels' faces.
        resolve_metal: contacts by voxel face, for metal of finite conductivity.
        keep_pieces: keep the image of metal pieces.

    Returns:
        The electrode; without equations, and with the reason, where no current can flow.

    Raises:
        SpecificationError: a resistance out of range or too little memory.
    """
    if not np.isfinite(series_resistance) or series_resistance < 0:
        raise SpecificationError(f"series resistance {series_resistance!r}: must be a number of Ohm m2, not negative")
    ionic = [structure.labels_of(name) for name in materials.conductivities]
    everything = tuple(label for labels in ionic for label in labels)
    reacting = structure.labels_of(materials.metal)
    plates = tuple(label for label, name in structure.labels.items() if name == "collector")
    image, edges = structure.image, structure.voxel_size
    fraction = float(lookup(everything)[image[:: max(1, image.shape[0] // 64), ::2, ::2]].mean())
    require_memory(image.shape, _BYTES_PER_VOXEL + fraction * _BYTES_PER_UNKNOWN, "the reaction on an image")

    metal = find_clusters(image, (*reacting, *plates))
    on_collector = metal.touching(HIGH[0])
    conductor = find_clusters(image, everything)
    areas, totals = contact_areas(image, ionic, reacting, edges, unbiased=unbiased)
    metallic = lookup(reacting)
    begin = next((i for i, layer in enumerate(image) if metallic[layer].any()), 0) * edges[0]
    common = (
        structure,
        materials,
        float(series_resistance),
        edges[1] * edges[2] * image.shape[1] * image.shape[2],
        totals,
    )
    rest = 1.0 - _share(metal, on_collector)
    reason = _why_not(conductor, metal, on_collector, materials)
    if reason:
        connected = _share(conductor, conductor.touching(LOW[0]))
        return Electrode(*common, connected, rest, begin, reason)

    numbers_of = np.where(on_collector, 1, 2 + np.cumsum(~on_collector) - 1).astype(np.int32)
    pieces = metal.number(numbers_of)
    alive = _reached(conductor, metal, pieces, image, everything, reacting)
    kept = pieces.copy() if plates and (keep_pieces or resolve_metal) else pieces
    if plates:
        pieces[lookup(plates)[image]] = 0
    del metal
    connected = _share(conductor, alive)
    lattice, numbers = number_voxels(conductor.paint(alive))
    del conductor
    phases = np.zeros(lattice.size, np.uint8)
    for number, group in enumerate(ionic[1:], 1):
        phases[lookup(group)[image.reshape(-1)[lattice.positions]]] = number
    contacts = find_contacts(lattice, phases, pieces, areas, edges, by_face=resolve_metal)
    del areas
    contacts, count = _renumbered(contacts, kept if keep_pieces or resolve_metal else None)
    operator, entering, inlets = _conductances(lattice, phases, materials, edges, series_resistance)
    hierarchy = build_hierarchy(operator, numbers)
    if not (contacts.pieces == 0).any():
        reason = f"no {materials.metal} on the collector touches an ionic conductor that is reached: current zero"
        return Electrode(*common, connected, rest, begin, reason)
    return Electrode(
        *common,
        connected,
        rest,
        begin,
        lattice=lattice,
        hierarchy=hierarchy,
        contacts=contacts,
        entering=entering,
        inlets=inlets,
        pieces=count,
        piece_image=kept if keep_pieces or resolve_metal else None,
    )


@compiled_parallel
def count_voxels(image: Image, chosen: npt.NDArray[np.bool_]) -> int:
    """Count the voxels of an image whose labels are chosen."""
    count = 0
    for i in prange(image.shape[0]):
        for j in range(image.shape[1]):
            for k in range(image.shape[2]):
                if chosen[image[i, j, k]]:
                    count += 1
    return count


def _share(clusters: Clusters, chosen: npt.NDArray[np.bool_]) -> float:
    return float(clusters.sizes[chosen].sum() / max(int(clusters.sizes.sum()), 1))


def _why_not(conductor: Clusters, metal: Clusters, on_collector: npt.NDArray[np.bool_], materials: Materials) -> str:
    names = " or ".join(materials.conductivities)
    if conductor.sizes.size == 0:
        return f"there is no {names}: current zero"
    if metal.sizes.size == 0:
        return f"there is no {materials.metal}: current zero"
    if not conductor.touching(LOW[0]).any():
        return f"no {names} touches the electrolyte (first plane): current zero"
    if not on_collector.any():
        return f"no {materials.metal} touches the collector (last plane): current zero"
    return ""


def _reached(
    conductor: Clusters,
    metal: Clusters,
    pieces: Indices,
    image: Image,
    ionic: tuple[int, ...],
    reacting: tuple[int, ...],
) -> npt.NDArray[np.bool_]:
    """Clusters of the conductor that touch the electrolyte or bridge two metal pieces that take part.

    A cluster that touches a single piece can carry no current: what enters it must leave it to the same potential.
    """
    grounded = conductor.touching(LOW[0])
    if metal.sizes.size == 1 or grounded.all():
        return grounded
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = conductor.sizes.size
    numbers = conductor.number(np.arange(1, count + 1, dtype=np.int32))
    pairs = _touching_pairs(numbers, pieces, image, lookup(reacting))
    del numbers
    pairs = np.unique(pairs[pairs[:, 0] > 0], axis=0)
    clusters, found = pairs[:, 0] - 1, pairs[:, 1]
    bridges = np.bincount(clusters, minlength=count) > 1
    most = int(found.max(initial=0)) + 1
    used = (grounded | bridges)[clusters]
    links = coo_matrix(
        (np.ones(int(used.sum()), np.int8), (clusters[used], count + found[used])), shape=(count + most, count + most)
    )
    _, component = connected_components(links, directed=False)
    taking_part = np.isin(component[:count], np.unique(component[:count][grounded]))
    chosen: npt.NDArray[np.bool_] = grounded | (bridges & taking_part)
    return chosen


def _touching_pairs(numbers: Indices, pieces: Indices, image: Image, reacting: npt.NDArray[np.bool_]) -> Indices:
    counts = np.zeros(numbers.shape[0] + 1, np.int64)
    _list_pairs(numbers, pieces, image, reacting, counts, np.empty((0, 2), np.int32))
    np.cumsum(counts, out=counts)
    pairs = np.zeros((int(counts[-1]), 2), np.int32)
    _list_pairs(numbers, pieces, image, reacting, counts, pairs)
    return pairs


@compiled_parallel
def _list_pairs(
    numbers: Indices,
    pieces: Indices,
    image: Image,
    reacting: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.int64],
    pairs: Indices,
) -> None:
    """Count the faces between conductor and reacting metal layer by layer, or list them; repeats in a row go."""
    nx, ny, nz = numbers.shape
    for layer in prange(nx):
        i = int(layer)
        place, last_cluster, last_piece = counts[i], 0, 0
        for j in range(ny):
            for k in range(nz):
                cluster = numbers[i, j, k]
                if cluster == 0:
                    continue
                for face in range(6):
                    a, b, c = _beside(i, j, k, face)
                    if a < 0 or b < 0 or c < 0 or a >= nx or b >= ny or c >= nz or not reacting[image[a, b, c]]:
                        continue
                    piece = pieces[a, b, c]
                    if cluster == last_cluster and piece == last_piece:
                        continue
                    last_cluster, last_piece = cluster, piece
                    if pairs.shape[0] > 0:
                        pairs[place, 0] = cluster
                        pairs[place, 1] = piece
                    place += 1
        if pairs.shape[0] == 0:
            counts[i + 1] = place - counts[i]


@compiled
def _beside(layer: int, row: int, place: int, face: int) -> tuple[int, int, int]:
    """Return the voxel across a face; the compiler takes counters of parallel loops for unsigned."""
    i, j, k = np.int64(layer), np.int64(row), np.int64(place)
    step = 1 if face & 1 else -1
    if face < 2:
        return int(i + step), int(j), int(k)
    if face < 4:
        return int(i), int(j + step), int(k)
    return int(i), int(j), int(k + step)


def _renumbered(contacts: Contacts, pieces: Indices | None) -> tuple[Contacts, int]:
    """Number the metal pieces that have contacts from 1 on, 0 being the collector's; others leave the image."""
    used = np.flatnonzero(np.bincount(contacts.pieces))
    used = used[used > 0]
    table = np.zeros(int(contacts.pieces.max(initial=0)) + 1, np.int32)
    table[used] = np.arange(1, used.size + 1, dtype=np.int32)
    if pieces is not None:
        shifted = np.zeros(max(int(pieces.max()), 1) + 1, np.int32)
        shifted[1] = 1
        shifted[used + 1] = np.arange(2, used.size + 2)
        pieces[:] = shifted[pieces]
    return replace(contacts, pieces=table[contacts.pieces]), int(used.size) + 1


def _conductances(
    lattice: Lattice, phases: Image, materials: Materials, edges: VoxelSize, series_resistance: float
) -> tuple[Operator, Indices, Doubles]:
    """Put conductances between voxels and to the plane; relative to the first conductor's along the depth."""
    values = list(materials.conductivities.values())
    first, (x, y, z) = values[0], edges
    weights = (1.0, (x / y) ** 2, (x / z) ** 2)
    series = series_resistance * first / x
    bounds = lattice.planes[:, :2]
    entering = np.concatenate([np.arange(low, high, dtype=np.int32) for low, high in bounds])
    if len(values) == 1:
        low = 1.0 / (0.5 + series)
        return voxel_operator(lattice, weights, low, 0.0), entering, np.full(entering.size, low)
    relative: Floats = (np.asarray(values) / first).astype(np.float32)[phases]
    barriers = tuple(materials.phase_resistance * first / edge for edge in edges)
    graph = currents.phase_graph(lattice, relative, weights, phases, (barriers[0], barriers[1], barriers[2]), series)
    return GraphOperator(graph), entering, graph.ground[entering].astype(np.float64)
