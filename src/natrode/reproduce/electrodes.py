"""Studies of resolved electrodes behind rows of the papers: what goes in as plain data, what is computed from it.

They take minutes, so `resolved` keeps their results together with a digest of their inputs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.materials import load_material
from natrode.microstructure.clusters import LOW, find_clusters
from natrode.microstructure.connectivity import percolation
from natrode.microstructure.dissolve import dissolve, standing
from natrode.microstructure.generate import generate
from natrode.microstructure.homogenise import SMALL_VOLTAGE, on_pellet
from natrode.microstructure.react import Kinetics, Reaction, react
from natrode.microstructure.sample import Sample, mass_ratio_to_volume_fraction
from natrode.microstructure.stack import Layer, layer_stack
from natrode.microstructure.structure import Structure
from natrode.microstructure.transient import step_response
from natrode.reproduce.arithmetic.shared import MAH_CM2, OHM_CM2, printed
from natrode.units import read_quantity

SOLVER = 1
"""Raised when the resolved electrode's equations or estimators change what comes out of a study."""

Inputs = Mapping[str, Any]
Results = dict[str, Any]
Note = Callable[[str], None]
FloatArray = npt.NDArray[np.float64]

PARTICLE, PELLET, LIQUID, METAL = "sno2-nzsp", "nzsp-hna", "liquid-napf6", "sodium"


@dataclass(frozen=True)
class Study:
    """Inputs of a computation and the function that does it."""

    inputs: Callable[[], Inputs]
    """Every number that the results rest on, as JSON has them, SI."""
    compute: Callable[[Inputs, Note], Results]
    """Called with the inputs and with what to tell of the progress."""
    paper: str
    """Whose rows rest on it."""
    minutes: float
    """About what it takes on one core."""


# ---- inputs ----------------------------------------------------------------------------------------------------

_RANDOM = {"generator": "hard-spheres", "neck": 0.0}
_NECKED = {"generator": "hard-spheres", "neck": 0.15}
_OVERLAPPING = {"generator": "overlapping-spheres"}


def _segregated(globule_size: float) -> dict[str, Any]:
    return {"generator": "segregated-spheres", "globule_size": globule_size}


def _conductivity(material: str) -> float:
    return load_material(material).properties["conductivity"].si


def _fractions(ratios: Mapping[str, float], particle: str = PARTICLE) -> dict[str, float]:
    return {name: mass_ratio_to_volume_fraction(ratio, particle, METAL) for name, ratio in ratios.items()}


def ratio_inputs() -> Inputs:
    """Of the ratio series of hybrid-na-2022."""
    return {
        "shape": [128, 128, 128],
        "voxel_size": 0.2e-6,
        "diameter": load_material(PARTICLE).properties["particle_diameter"].si,
        "pellet": 0.4e-6,
        "volume_fractions": _fractions({"1:10": 0.1, "1:8": 0.125, "1:5": 0.2, "1:2": 0.5, "1:1": 1.0}),
        "morphologies": {
            "random": _RANDOM,
            "random, necks of 15 %": _NECKED,
            "overlapping": _OVERLAPPING,
            "segregated, 20 um globules": _segregated(20e-6),
        },
        "seeds": [1, 2, 3, 4, 5],
        "conductivity": _conductivity(PELLET),
        "contact_resistances": [2e-4, 3e-4, 4e-4, 6e-4, 12e-4],
        "insulator": "zro2",
        "insulated": ["1:5"],
    }


def percolation_inputs() -> Inputs:
    """Of where particles begin to connect through a sample."""
    known = ratio_inputs()
    return {
        "shape": [128, 128, 128],
        "voxel_size": known["voxel_size"],
        "diameter": known["diameter"],
        "seeds": known["seeds"],
        "scans": {
            "random": {"morphology": _RANDOM, "volume_fractions": [0.2, 0.3]},
            "random, necks of 15 %": {"morphology": _NECKED, "volume_fractions": [0.22, 0.26, 0.28, 0.30, 0.32, 0.34]},
            "overlapping": {"morphology": _OVERLAPPING, "volume_fractions": [0.20, 0.22, 0.24, 0.26, 0.28, 0.30, 0.32]},
            "segregated, 20 um globules": {
                "morphology": _segregated(20e-6),
                "volume_fractions": [0.0276, 0.035, 0.0425, 0.05, 0.0575, 0.065, 0.0865],
            },
        },
    }


def _bh() -> dict[str, Any]:
    """What the studies of bh-na-2021 share; the geometry is assumed, the paper shows it in an image only."""
    area = np.pi / 4 * read_quantity("12 mm", "length") ** 2
    return {
        "voxel_size": 0.2e-6,
        "diameter": load_material(PARTICLE).properties["particle_diameter"].si,
        "liquid": 0.4e-6,
        "conductivities": {PARTICLE: _conductivity(PARTICLE), LIQUID: _conductivity(LIQUID)},
        "charge_transfer_resistances": {
            "bare": printed("bh-rct-bare") * area,
            "BH": printed("bh-rct-bh") * area,
        },
    }


_ONE_TO_ONE = {
    "random, necks of 15 %": _NECKED,
    "overlapping": _OVERLAPPING,
    "segregated, 9.6 um globules": _segregated(9.6e-6),
}


def step_inputs() -> Inputs:
    """Of bare and hybrid sodium at 0.1 V."""
    known = _bh()
    phi = _fractions({"0.25:1": 0.25, "1:1": 1.0})
    of_paper = known["charge_transfer_resistances"]
    separator = load_material(LIQUID).properties["area_specific_resistance"].si
    return {
        **known,
        "shape": [128, 96, 96],
        "seed": 1,
        "voltage": 0.1,
        "capacitance": 0.2,
        "samples": {
            "0.25:1 random, necks of 15 %": {"volume_fraction": phi["0.25:1"], "morphology": _NECKED, "pores": 0.0},
            **{
                f"1:1 {name}": {"volume_fraction": phi["1:1"], "morphology": morphology, "pores": 0.0}
                for name, morphology in _ONE_TO_ONE.items()
            },
            "1:1 random, necks of 15 %, liquid in pores of 20 %": {
                "volume_fraction": phi["1:1"],
                "morphology": _NECKED,
                "pores": 0.2,
                "shape": [128, 64, 64],
            },
        },
        "resistances": [0.1 * of_paper["BH"], of_paper["BH"], of_paper["bare"]],
        "series": [0.1 * separator, separator, 10.0 * separator],
        "of_paper": {"bare": of_paper["bare"], "hybrid": of_paper["BH"], "series": separator},
    }


def step_sample_inputs() -> Inputs:
    """Of further samples and of a larger box, at the resistances of the paper, close to where a verdict turns."""
    known = step_inputs()
    pair = [known["of_paper"]["hybrid"], known["of_paper"]["series"]]
    chosen = "1:1 overlapping"
    return {
        **{name: known[name] for name in known if name not in ("seed", "resistances", "series", "of_paper")},
        "samples": {chosen: known["samples"][chosen]},
        "seeds": [2, 3],
        "pairs": [pair],
        "larger": {"seed": 1, "pairs": [pair], "shape": [192, 128, 128]},
    }


def size_inputs() -> Inputs:
    """Of the convergence of the hybrid's resistance with voxels, width and depth."""
    known = step_inputs()
    box = {"voxels_per_um": 5.0, "depth": 12.8e-6, "width": 12.8e-6}
    return {
        "diameter": known["diameter"],
        "liquid": known["liquid"],
        "conductivities": known["conductivities"],
        "volume_fraction": known["samples"]["1:1 overlapping"]["volume_fraction"],
        "morphology": _OVERLAPPING,
        "seeds": [1, 2, 3],
        "resistance": known["charge_transfer_resistances"]["BH"],
        "boxes": {
            "as taken": box,
            "voxels of 0.1 um": {**box, "voxels_per_um": 10.0},
            "voxels of 0.4 um": {**box, "voxels_per_um": 2.5},
            "twice as wide": {**box, "width": 25.6e-6},
            "twice as deep": {**box, "depth": 25.6e-6},
        },
    }


def deep_inputs() -> Inputs:
    """Of 10 mAh/cm2 stripped out of BH with liquid that follows."""
    known = _bh()
    return {
        **known,
        "voxel_size": 0.25e-6,
        "liquid": 4e-6,
        "seed": 1,
        "volume_fraction": _fractions({"1:1": 1.0})["1:1"],
        "samples": {
            "random, necks of 15 %": {"morphology": _NECKED, "shape": [480, 20, 20]},
        },
        "current_density": 10.0,
        "charge": 10.0 * MAH_CM2,
        "charge_per_step": 0.25 * MAH_CM2,
    }


# ---- computations ----------------------------------------------------------------------------------------------


def _make(morphology: Mapping[str, Any], sample: Sample, fraction: float, diameter: float) -> Structure:
    parameters = {name: value for name, value in morphology.items() if name != "generator"}
    return generate(morphology["generator"], sample, volume_fraction=fraction, diameter=diameter, **parameters)


def _sample(inputs: Inputs, seed: int, particle: str = PARTICLE) -> Sample:
    nx, ny, nz = inputs["shape"]
    return Sample((nx, ny, nz), (inputs["voxel_size"],) * 3, seed, particle, METAL)


def _resistance(found: Reaction, pellet: float) -> float:
    if found.area_specific_resistance is None:
        raise ValueError(found.reason)
    return found.area_specific_resistance - pellet


def compute_ratios(inputs: Inputs, note: Note) -> Results:
    """Resistance of each structure for each contact resistance, shape (seeds, contact resistances) [Ohm m2]."""
    known = {PELLET: inputs["conductivity"]}
    below = inputs["pellet"] / inputs["conductivity"]
    found: Results = {}
    for name, morphology in inputs["morphologies"].items():
        found[name] = {}
        for ratio, fraction in inputs["volume_fractions"].items():
            rows: Results = {"resistance": [], "geometric_area_ratio": [], "penetration": [], "connected": []}
            rows["percolates"] = []
            for seed in inputs["seeds"]:
                note(f"{name} {ratio}, seed {seed}")
                structure = _make(morphology, _sample(inputs, seed, PELLET), fraction, inputs["diameter"])
                whole, _ = on_pellet(structure, PELLET, inputs["pellet"])
                each = [
                    react(whole, Kinetics(contact, "linear"), voltage=SMALL_VOLTAGE, conductivities=known)
                    for contact in inputs["contact_resistances"]
                ]
                rows["resistance"].append([_resistance(one, below) for one in each])
                rows["penetration"].append([one.penetration_length for one in each])
                section = whole.size[1] * whole.size[2]
                rows["geometric_area_ratio"].append(each[0].connected_interface_area / section)
                rows["connected"].append(_connected(structure, whole))
                rows["percolates"].append(percolation(structure, PELLET).percolates)
            found[name][ratio] = rows
    found[inputs["insulator"]] = _insulated(inputs, below, known)
    return found


def _connected(structure: Structure, whole: Structure) -> float:
    """Share of the particles that hang on the pellet."""
    image = whole.image
    clusters = find_clusters(image, whole.labels_of(PELLET))
    reached = clusters.paint(clusters.touching(LOW[0])).view(np.bool_)
    particles = structure.mask(PELLET)
    return float(reached[whole.shape[0] - structure.shape[0] :][particles].mean())


def _insulated(inputs: Inputs, below: float, known: Mapping[str, float]) -> Results:
    """The same structures with particles that conduct no ions."""
    found: Results = {}
    for ratio in inputs["insulated"]:
        rows = []
        for seed in inputs["seeds"]:
            sample = _sample(inputs, seed, inputs["insulator"])
            fraction = inputs["volume_fractions"][ratio]
            structure = _make(inputs["morphologies"]["random"], sample, fraction, inputs["diameter"])
            whole = layer_stack([Layer(PELLET, inputs["pellet"]), structure])
            each = [
                react(whole, Kinetics(contact, "linear"), voltage=SMALL_VOLTAGE, conductivities=known)
                for contact in inputs["contact_resistances"]
            ]
            rows.append([_resistance(one, below) for one in each])
        found[ratio] = {"resistance": rows}
    return found


def compute_percolation(inputs: Inputs, note: Note) -> Results:
    """Share of the samples whose particles connect both faces, by volume fraction."""
    found: Results = {}
    for name, scan in inputs["scans"].items():
        note(name)
        found[name] = [
            float(
                np.mean(
                    [
                        percolation(
                            _make(scan["morphology"], _sample(inputs, seed), fraction, inputs["diameter"]), PARTICLE
                        ).percolates
                        for seed in inputs["seeds"]
                    ]
                )
            )
            for fraction in scan["volume_fractions"]
        ]
    return found


def bare(inputs: Inputs) -> Structure:
    """A plane of sodium under liquid."""
    image = np.full((8, 4, 4), 2, np.uint8)
    image[: round(inputs["liquid"] / inputs["voxel_size"])] = 1
    return Structure(image, {1: LIQUID, 2: METAL}, inputs["voxel_size"])


def hybrid(inputs: Inputs, case: Mapping[str, Any]) -> Structure:
    """Hybrid sodium under liquid, with pores that the liquid fills where asked for."""
    sample = _sample({**inputs, "shape": case.get("shape", inputs.get("shape"))}, inputs["seed"])
    structure = _make(case["morphology"], sample, case["volume_fraction"], inputs["diameter"])
    if case["pores"]:
        field = generate("gaussian-field", sample, volume_fraction=case["pores"] / (1.0 - case["volume_fraction"]))
        image = structure.image.copy()
        image[(field.image == field.labels_of(PARTICLE)[0]) & structure.mask(METAL)] = 3
        structure = Structure(image, {**structure.labels, 3: LIQUID}, structure.voxel_size, structure.seed)
    return layer_stack([Layer(LIQUID, inputs["liquid"]), structure])


def compute_step(inputs: Inputs, note: Note) -> Results:
    """Steady currents, depths and times to steady state of bare and hybrid sodium after a step of the voltage."""
    found: Results = {"bare": _map(inputs, bare(inputs), note, "bare")}
    for name, case in inputs["samples"].items():
        found[name] = _map(inputs, hybrid(inputs, case), note, name)
    return found


def _map(inputs: Inputs, structure: Structure, note: Note, name: str) -> Results:
    """Over charge-transfer and series resistances; the paper's own pair of cells last."""
    of_paper = inputs["of_paper"]
    own = (of_paper["bare" if name == "bare" else "hybrid"], of_paper["series"])
    pairs = [(resistance, series) for resistance in inputs["resistances"] for series in inputs["series"]]
    rows = [_stepped(inputs, structure, pair, note, name) for pair in pairs]
    last = dict(rows[pairs.index(own)]) if own in pairs else _stepped(inputs, structure, own, note, name)
    for row in rows:  # one profile is drawn, that of the paper's pair
        del row["depths"], row["profile"]
    return {"rows": [*rows, last]}


def _stepped(inputs: Inputs, structure: Structure, pair: Sequence[float], note: Note, name: str) -> Results:
    """A step of the voltage with a charge-transfer and a series resistance."""
    resistance, series = pair
    note(f"{name}: {resistance / OHM_CM2:.3g} Ohm cm2 behind {series / OHM_CM2:.3g} Ohm cm2")
    known = {material: value for material, value in inputs["conductivities"].items() if material in structure.materials}
    options: dict[str, Any] = {"conductivities": known, "series_resistance": series}
    law = Kinetics(resistance, capacitance=inputs["capacitance"])
    step = step_response(structure, law, voltage=inputs["voltage"], **options)
    stripped = react(structure, law, voltage=inputs["voltage"], **options)
    plated = react(structure, law, voltage=-inputs["voltage"], **options)
    return {
        "resistance": resistance,
        "series": series,
        "current": stripped.current_density,
        "plating_current": -plated.current_density,
        "penetration": stripped.penetration_length,
        "share_in_first_10_um": stripped.share_in_first_10_um,
        "time_to_steady": step.time_to_steady,
        "depths": (stripped.depths * 1e6).round(3).tolist(),
        "profile": [float(f"{value:.4g}") for value in stripped.profile],
        "area_ratio": stripped.connected_interface_area / (structure.size[1] * structure.size[2]),
    }


def compute_step_samples(inputs: Inputs, note: Note) -> Results:
    """The step of the voltage on further samples, rows by seed and pair, and on larger ones, rows by pair."""
    larger = inputs["larger"]
    plane = bare(inputs)
    found: Results = {"bare": [_brief(inputs, plane, pair, note, "bare") for pair in inputs["pairs"]]}
    for name, case in inputs["samples"].items():
        each = []
        for seed in inputs["seeds"]:
            structure = hybrid({**inputs, "seed": seed}, case)
            each.append([_brief(inputs, structure, pair, note, f"{name}, seed {seed}") for pair in inputs["pairs"]])
        structure = hybrid({**inputs, "seed": larger["seed"]}, {**case, "shape": larger["shape"]})
        wide = [_brief(inputs, structure, pair, note, f"{name}, larger") for pair in larger["pairs"]]
        found[name] = {"seeds": each, "larger": wide}
    return found


def _brief(inputs: Inputs, structure: Structure, pair: Sequence[float], note: Note, name: str) -> Results:
    row = _stepped(inputs, structure, pair, note, name)
    return {key: row[key] for key in ("current", "plating_current", "penetration", "time_to_steady", "area_ratio")}


def compute_sizes(inputs: Inputs, note: Note) -> Results:
    """Resistance of the hybrid by box, one number per seed [Ohm m2]."""
    found: Results = {}
    below = inputs["liquid"] / inputs["conductivities"][LIQUID]
    for name, box in inputs["boxes"].items():
        edge = 1e-6 / box["voxels_per_um"]
        counts = [round(box[key] / edge) for key in ("depth", "width", "width")]
        found[name] = []
        for seed in inputs["seeds"]:
            note(f"{name}, seed {seed}")
            sample = Sample((counts[0], counts[1], counts[2]), (edge,) * 3, seed, PARTICLE, METAL)
            structure = _make(inputs["morphology"], sample, inputs["volume_fraction"], inputs["diameter"])
            whole = layer_stack([Layer(LIQUID, inputs["liquid"]), structure])
            law = Kinetics(inputs["resistance"], "linear")
            one = react(whole, law, voltage=SMALL_VOLTAGE, conductivities=inputs["conductivities"])
            found[name].append(_resistance(one, below))
    return found


def _tell(note: Note, name: str, share: float) -> None:
    note(f"{name}: {100 * share:.0f} %")


def compute_deep(inputs: Inputs, note: Note) -> Results:
    """Stripping with liquid that follows, then plating: voltage against charge, dead metal, what stands and returns."""
    found: Results = {}
    law = Kinetics(inputs["charge_transfer_resistances"]["BH"])
    for name, sample in inputs["samples"].items():
        structure = hybrid(inputs, {**sample, "volume_fraction": inputs["volume_fraction"], "pores": 0.0})
        course = dissolve(
            structure,
            law,
            inputs["current_density"],
            inputs["charge"],
            liquid=LIQUID,
            charge_per_step=inputs["charge_per_step"],
            replate=True,
            conductivities=inputs["conductivities"],
            advance=partial(_tell, note, name),
        )
        kept = _kept(course.charge, inputs["charge_per_step"])
        found[name] = {
            "charge": course.charge[kept].tolist(),
            "voltage": course.voltages[kept].tolist(),
            "mean_depth": course.mean_depth[kept].tolist(),
            "solves": course.solves,
            "stripped": float(course.charge.max()),
            "ending": course.ending,
            "ending_of_plating": course.ending_of_plating,
            "dead": course.dead,
            "dead_after_plating": course.dead_after_plating,
            "regained": course.regained,
            "owed": course.owed,
            "volume_error": course.volume_error,
            "deepest_layer_stripped": _deepest(structure, course.stripped),
            "standing": standing(structure, course.stripped, PARTICLE, METAL),
            "standing_at_most": standing(structure, course.stripped, PARTICLE, METAL, 26),
        }
    return found


def _kept(charge: FloatArray, spacing: float) -> list[int]:
    """Rows to keep of a record: a spacing of the charge apart, with the first, the last and the turn."""
    turn = int(charge.argmax())
    kept = [0]
    for row in range(1, charge.size):
        if abs(charge[row] - charge[kept[-1]]) >= spacing or row in (turn, turn + 1, charge.size - 1):
            kept.append(row)
    return kept


def _deepest(before: Structure, after: Structure) -> float:
    """Depth in the image of the last layer that lost metal, over that of the image [-]."""
    gone = np.flatnonzero(np.any(before.mask(METAL) & ~after.mask(METAL), axis=(1, 2)))
    return float((gone[-1] + 1) / before.shape[0]) if gone.size else 0.0


HYBRID, MIXED = "hybrid-na-2022", "bh-na-2021"
STUDIES: Mapping[str, Study] = {
    "percolation": Study(percolation_inputs, compute_percolation, HYBRID, 1),
    "ratio-series": Study(ratio_inputs, compute_ratios, HYBRID, 4),
    "bh-size": Study(size_inputs, compute_sizes, MIXED, 2),
    "bh-step": Study(step_inputs, compute_step, MIXED, 10),
    "bh-step-samples": Study(step_sample_inputs, compute_step_samples, MIXED, 1),
    "bh-deep": Study(deep_inputs, compute_deep, MIXED, 2),
}
"""By the names of their stored results."""
