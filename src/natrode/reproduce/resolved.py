"""Answers of resolved electrodes to rows of the papers, from stored studies that know which inputs they belong to."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import NatrodeError
from natrode.files import write_text
from natrode.reproduce.arithmetic.shared import MA_CM2, MAH_CM2, OHM_CM2, printed
from natrode.reproduce.table import Curve, PublishedPoint, View

FloatArray = npt.NDArray[np.float64]

Advance = Callable[[int, int, str], None]

_STORED = Path(__file__).parent / "studies"
_DIGITS = 8


@dataclass(frozen=True)
class Answer:
    """What resolved electrodes say to a row."""

    study: str
    sentence: str
    value: float | None = None
    """Median [SI]; None for an observation."""
    interval: tuple[float, float] | None = None
    """Over everything that is open [SI]."""
    share: float | None = None
    """Of the cases that show an observation [-]."""


class StaleStudyError(NatrodeError):
    """A stored study belongs to other inputs than those of the data files."""


def digest_of(inputs: Any) -> str:
    """SHA-256 of a study's inputs and of the version of the solver, floats to 8 digits."""
    from natrode.reproduce.electrodes import SOLVER

    text = json.dumps({"solver": SOLVER, "inputs": _rounded(inputs)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def studies_of(papers: Sequence[str]) -> dict[str, float]:
    """Return the studies behind the rows of papers and the minutes that each takes on one core."""
    from natrode.reproduce.electrodes import STUDIES

    return {name: study.minutes for name, study in STUDIES.items() if study.paper in papers}


def refresh(names: Sequence[str] = (), *, advance: Advance | None = None, folder: Path = _STORED) -> None:
    """Compute studies anew and store each, once it is done, with the digest of its inputs.

    Args:
        names: of `electrodes.STUDIES`; all of them when empty.
        advance: called with done, total and text.
        folder: where they are stored; what comes with natrode by default.
    """
    from natrode.reproduce.electrodes import STUDIES

    chosen = list(names) or list(STUDIES)
    shown = advance or (lambda done, total, text: None)
    for done, name in enumerate(chosen):
        study = STUDIES[name]
        inputs = study.inputs()
        about = f"{name} (about {study.minutes:g} min)"

        def note(text: str, done: int = done, about: str = about) -> None:
            shown(done, len(chosen), f"{about}: {text}")

        found = study.compute(inputs, note)
        document = {
            "digest": digest_of(inputs),
            "inputs": _rounded(inputs),
            "results": _rounded(found),
        }
        write_text(folder / f"{name}.json", json.dumps(document, indent=1) + "\n")
    study_of.cache_clear()


@cache
def study_of(name: str, folder: Path = _STORED) -> dict[str, Any]:
    """Return inputs and results of a stored study.

    Raises:
        StaleStudyError: it is not there, or belongs to other inputs.
    """
    from natrode.reproduce.electrodes import STUDIES

    path = folder / f"{name}.json"
    anew = "natrode reproduce --fresh computes it anew"
    if not path.exists():
        raise StaleStudyError(f"the study '{name}' of resolved electrodes is not stored; {anew}")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if document["digest"] != digest_of(STUDIES[name].inputs()):
        raise StaleStudyError(f"the stored study '{name}' of resolved electrodes belongs to other inputs; {anew}")
    return document


def _rounded(value: Any) -> Any:
    """Plain data with floats to 8 digits, so that a digest does not hang on the last bit."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


# ---- hybrid-na-2022: the ratio series --------------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """Ratio series of one morphology with the contact resistance that gives 1:5 its measured resistance."""

    contact_resistance: FloatArray
    """Of each seed [Ohm m2]."""
    resistance: Mapping[str, FloatArray]
    """Of each seed by ratio [Ohm m2]."""
    area_ratio: Mapping[str, FloatArray]
    """A_eff/A_geo of each seed by ratio [-]."""


def ratio_series() -> dict[str, Series]:
    """Resistances by ratio of each morphology, one contact resistance per sample fitted on 1:5 alone.

    Returns:
        The series by morphology.

    Raises:
        StaleStudyError: the study is not stored or belongs to other inputs.
    """
    study = study_of("ratio-series")
    contacts = np.log(study["inputs"]["contact_resistances"])
    measured = np.log(printed("hna-r0-15"))
    found = {}
    for name in study["inputs"]["morphologies"]:
        by_ratio = {key: np.log(rows["resistance"]) for key, rows in study["results"][name].items()}
        fitted = np.array([np.interp(measured, row, contacts) for row in by_ratio["1:5"]])
        each = {
            key: np.exp([np.interp(at, contacts, row) for at, row in zip(fitted, rows, strict=True)])
            for key, rows in by_ratio.items()
        }
        areas = {key: np.exp(fitted) / values for key, values in each.items()}
        found[name] = Series(np.exp(fitted), each, areas)
    return found


def resistance_one_to_one() -> Answer:
    """Interface resistance of 1:1, with the contact resistance fitted on 1:5: all morphologies and seeds."""
    study, series = study_of("ratio-series"), ratio_series()
    every = np.concatenate([one.resistance["1:1"] for one in series.values()])
    parts = [
        f"{name}: R_c {_span(one.contact_resistance / OHM_CM2)}, 1:1 {_span(one.resistance['1:1'] / OHM_CM2)} Ohm cm2, "
        f"A_eff/A_geo {_span(one.area_ratio['1:5'])} at 1:5 and {_span(one.area_ratio['1:1'])} at 1:1"
        for name, one in series.items()
    ]
    random = [name for name in series if not name.startswith("segregated")]
    through = [name for name in random if any(study["results"][name]["1:5"]["percolates"])]
    hanging = [np.mean(study["results"][name]["1:5"]["connected"]) for name in random]
    sentence = (
        f"five samples each, lowest to highest: {'; '.join(parts)}. "
        f"{'Some' if through else 'No'} random sample of 1:5 has a through-network: {100 * min(hanging):.0f} to "
        f"{100 * max(hanging):.0f} % of its particles hang on the pellet, the rest is wetting. "
        f"{_beginnings()}. {_insulating()}"
    )
    return Answer("ratio-series", sentence, float(np.median(every)), (float(every.min()), float(every.max())))


def _beginnings() -> str:
    """Between which volume fractions the samples of each arrangement begin to connect from face to face."""
    study = study_of("percolation")
    parts = []
    for name, scan in study["inputs"]["scans"].items():
        shares = list(zip(scan["volume_fractions"], study["results"][name], strict=True))
        none = [fraction for fraction, share in shares if share == 0.0]
        every = [fraction for fraction, share in shares if share == 1.0]
        if every:
            parts.append(f"{name} between {max(none):.3g} and {min(every):.3g}")
        else:
            parts.append(f"{name} not up to {max(none):.3g}")
    of_ratio = study_of("ratio-series")["inputs"]["volume_fractions"]
    low, high = of_ratio["1:5"], of_ratio["1:1"]
    deep = 1e6 * study["inputs"]["shape"][0] * study["inputs"]["voxel_size"]
    return f"Through {deep:.3g} um particles connect, by volume (1:5 is {low:.3g}, 1:1 {high:.3g}): {', '.join(parts)}"


def _insulated() -> FloatArray:
    """Resistance of 1:5 of each seed with particles that conduct no ions, as well wetted [Ohm m2]."""
    study, series = study_of("ratio-series"), ratio_series()["random"]
    contacts = np.log(study["inputs"]["contact_resistances"])
    rows = np.log(study["results"][study["inputs"]["insulator"]]["1:5"]["resistance"])
    fitted = np.log(series.contact_resistance)
    return np.exp([np.interp(at, contacts, row) for at, row in zip(fitted, rows, strict=True)])


def _insulating() -> str:
    """What particles that conduct no ions do to the resistance of 1:5."""
    values, contact = _insulated(), ratio_series()["random"].contact_resistance
    fraction = study_of("ratio-series")["inputs"]["volume_fractions"]["1:5"]
    return (
        f"ZrO2 in place of NZSP in random 1:5, as well wetted: {_span(values / OHM_CM2)} Ohm cm2: it takes the area "
        f"that it covers, A_eff/A_geo {_span(contact / values)} (1 - phi = {1 - fraction:.3f})"
    )


def _span(values: FloatArray) -> str:
    low, high = (f"{value:.3g}" for value in (values.min(), values.max()))
    return low if low == high else f"{low}-{high}"


# ---- bh-na-2021: 0.1 V and 10 mAh/cm2 --------------------------------------------------------------------------


def _pairs() -> list[tuple[str, Mapping[str, float], Mapping[str, float]]]:
    """Hybrid and bare cells of the map, of equal charge-transfer and series resistances."""
    results = study_of("bh-step")["results"]
    bare = results["bare"]["rows"][:-1]
    hybrids = {name: found["rows"][:-1] for name, found in results.items() if name != "bare"}
    return [(name, hybrid, plain) for name, rows in hybrids.items() for hybrid, plain in zip(rows, bare, strict=True)]


def _own(name: str) -> Mapping[str, Any]:
    """The cell with the paper's own resistances."""
    row: Mapping[str, Any] = study_of("bh-step")["results"][name]["rows"][-1]
    return row


def _of_hybrids(key: str, scale: float = 1.0, unit: str = "") -> str:
    names = [name for name in study_of("bh-step")["results"] if name != "bare"]
    return "; ".join(f"{name} {_own(name)[key] * scale:.3g}{unit}" for name in names)


def reaction_depth() -> Answer:
    """Whether the hybrid reacts deeper than a particle at 0.1 V, and bare sodium at its surface only."""
    diameter = study_of("bh-step")["inputs"]["diameter"]
    deep = [hybrid["penetration"] > diameter for _, hybrid, _ in _pairs()]
    flat = max(plain["penetration"] for _, _, plain in _pairs())
    sentence = (
        f"mean depth of the reaction below the surface with the paper's resistances: bare {1e6 * flat:.2g} um; "
        f"{_of_hybrids('penetration', 1e6, ' um')}. {_count(deep)} of the map's hybrids react deeper than a particle "
        f"of {1e6 * diameter:g} um on average; none reaches through the 375 um of the paper's disc"
    )
    return Answer("bh-step", sentence, share=float(np.mean(deep)))


def steady_current() -> Answer:
    """Whether the hybrid's steady current at 0.1 V is larger than that of bare sodium of the same kinetics."""
    ratios = np.array([hybrid["current"] / plain["current"] for _, hybrid, plain in _pairs()])
    plating = np.array([hybrid["plating_current"] / hybrid["current"] for _, hybrid, _ in _pairs()])
    own, plain = _own("bare"), _own("bare")["current"]
    names = [name for name in study_of("bh-step")["results"] if name != "bare"]
    gains = "; ".join(f"{name} {_own(name)['current'] / plain:.3g}" for name in names)
    sentence = (
        f"hybrid over bare at equal kinetics: {ratios.min():.3g} to {ratios.max():.3g}, larger in {_count(ratios > 1)} "
        f"(by more than a tenth in {_count(ratios > 1.1)}: not where the series resistance rules). With the paper's "
        f"resistances, per true area (bare {own['current'] / MA_CM2:.3g} mA/cm2): {gains}. "
        f"Plating at -0.1 V: {plating.min():.3g}-{plating.max():.3g} of the stripping current. {_spread('current')}"
    )
    return Answer("bh-step", sentence, share=float(np.mean(ratios > 1.0)))


def settling_time() -> Answer:
    """Whether the hybrid comes to its steady state sooner than bare sodium with the same double layer."""
    pairs = _pairs()
    ratios = np.array([hybrid["time_to_steady"] / plain["time_to_steady"] for _, hybrid, plain in pairs])
    part = np.array([plain["resistance"] / plain["series"] for _, _, plain in pairs])
    sooner = ratios < 1.0
    bare = _own("bare")
    own = "; ".join(
        f"{name} {_own(name)['time_to_steady'] / bare['time_to_steady']:.2g}"
        for name in study_of("bh-step")["results"]
        if name != "bare"
    )
    sentence = (
        f"time to within 1 % of the steady current, hybrid over bare at equal kinetics and double layer: "
        f"{ratios.min():.2g} to {ratios.max():.2g}; shorter in {_count(sooner)}, "
        + (f"all with R_ct/R_s of at most {part[sooner].max():.2g}; " if sooner.any() else "")
        + f"with the paper's resistances, a tenth for the hybrid: {own}. Times are proportional to the double "
        f"layer's capacitance: a verdict turns where C_hybrid/C_bare is the inverse of the ratio. "
        f"{_spread('time_to_steady')}; {_turning()}"
    )
    return Answer("bh-step", sentence, share=float(np.mean(sooner)))


@dataclass(frozen=True)
class Sampled:
    """Hybrid over bare at one pair of resistances: three samples, and a larger one."""

    sample: str
    part: float
    """Charge-transfer over series resistance [-]."""
    seeds: FloatArray
    """Of each seed [-]."""
    larger: float | None
    """[-]; None where no larger sample was made at this pair."""


def sampled(key: str) -> list[Sampled]:
    """Hybrid over bare of a number of the step, for the pairs of resistances that further samples were asked for.

    Args:
        key: "current" or "time_to_steady".

    Returns:
        One for each sample and pair.

    Raises:
        StaleStudyError: a study is not stored or belongs to other inputs.
    """
    study, first = study_of("bh-step-samples"), study_of("bh-step")["results"]
    results, pairs = study["results"], study["inputs"]["pairs"]
    wide = [tuple(pair) for pair in study["inputs"]["larger"]["pairs"]]
    found = []
    for name in study["inputs"]["samples"]:
        rows = {(row["resistance"], row["series"]): row for row in first[name]["rows"][:-1]}
        for number, (pair, plain) in enumerate(zip(pairs, results["bare"], strict=True)):
            values = [rows[tuple(pair)][key], *(each[number][key] for each in results[name]["seeds"])]
            at = wide.index(tuple(pair)) if tuple(pair) in wide else None
            larger = None if at is None else results[name]["larger"][at][key] / plain[key]
            found.append(Sampled(name, pair[0] / pair[1], np.array(values) / plain[key], larger))
    return found


def _spread(key: str) -> str:
    """How far samples and a larger box move the ratio of hybrid and bare."""
    every = sampled(key)
    seeds = max(float(np.ptp(one.seeds) / one.seeds.mean()) for one in every)
    larger = max(abs(one.larger / float(one.seeds[0]) - 1.0) for one in every if one.larger is not None)
    names = ", ".join(dict.fromkeys(one.sample for one in every))
    return (
        f"At the paper's resistances three samples ({names}) differ by at most {100 * seeds:.2g} % in this ratio, a "
        f"larger box (38 um x (26 um)^2) by {100 * larger:.2g} %"
    )


def _turning() -> str:
    """In how many of three samples the hybrid is sooner, by charge-transfer over series resistance."""
    by: dict[str, list[bool]] = {}
    for one in sampled("time_to_steady"):
        by.setdefault(f"{one.part:.2g}", []).extend(one.seeds < 1.0)
    return "shorter in " + ", ".join(f"{_count(truths)} at R_ct/R_s {part}" for part, truths in by.items())


def _count(truths: Sequence[bool] | npt.NDArray[np.bool_]) -> str:
    return f"{int(np.sum(truths))} of {len(truths)}"


def skeleton() -> Answer:
    """Whether particles hang together after 10 mAh/cm2 were stripped with liquid that follows, and metal returns."""
    study = study_of("bh-deep")
    whole, parts = [], []
    for name, found in study["results"].items():
        voltage, left = found["voltage"], found["standing"]
        reached = found["ending"] == found["ending_of_plating"] == "charge"
        whole.append(reached and left is not None and left > _INTACT)
        turn = int(np.argmax(found["charge"]))
        parts.append(
            f"{name}: {found['stripped'] / MAH_CM2:.3g} mAh/cm2{_unless('charge', found['ending'])}, "
            f"{1e3 * voltage[0]:.3g} to {1e3 * voltage[turn]:.3g} mV without separator, "
            f"{100 * found['dead']:.2g} % of the metal cut off, "
            + (
                "nothing emptied"
                if left is None
                else f"{100 * left:.3g} % of the emptied layers' particles hang on "
                f"({100 * found['standing_at_most']:.3g} % if corners of voxels hold)"
            )
            + f"; plated again{_unless('charge', found['ending_of_plating'])}, {1e3 * voltage[-1]:.3g} mV in the end, "
            + ("nothing" if found["regained"] is None else f"{100 * found['regained']:.3g} % of it where it was")
            + f", {100 * found['dead_after_plating']:.2g} % still cut off"
        )
    sentence = (
        f"1 mA/cm2, liquid in what the metal leaves, metal back into the liquid where the reaction is, particles that "
        f"stay where they are: {'; '.join(parts)}. The skeleton is called intact above {100 * _INTACT:.0f} %, and the "
        f"claim holds if all of the charge also comes back"
    )
    return Answer("bh-deep", sentence, share=float(np.mean(whole)))


def _unless(expected: str, ending: str) -> str:
    return "" if ending == expected else f" (ended: {ending})"


_INTACT = 0.95

ANSWERS: Mapping[str, Callable[[], Answer]] = {
    "resistance-one-to-one": resistance_one_to_one,
    "reaction-depth": reaction_depth,
    "steady-current": steady_current,
    "settling-time": settling_time,
    "skeleton": skeleton,
}
"""By the names that the data files use."""


# ---- plots -----------------------------------------------------------------------------------------------------


def views(keys: Sequence[str]) -> list[View]:
    """Plots of the resolved electrodes of papers; none where a study is not stored or belongs to other inputs."""
    found: list[View] = []
    for key, makers in (
        ("hybrid-na-2022", (_resistance_view, _area_view, _percolation_view)),
        ("bh-na-2021", (_profile_view, _current_view, _time_view, _samples_view, _deep_view)),
    ):
        for make in makers if key in keys else ():
            try:
                found.append(make())
            except StaleStudyError:
                continue
    return found


def _ends(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Median, lowest and highest of resistances [Ohm cm2], shape (1,) each."""
    middle, low, high = (np.array([f(values) / OHM_CM2]) for f in (np.median, np.min, np.max))
    return middle, low, high


def _categories(values: Mapping[str, Sequence[FloatArray]]) -> tuple[Curve, ...]:
    curves = []
    for name, groups in values.items():
        middle, low, high = (np.array([f(group) for group in groups]) for f in (np.median, np.min, np.max))
        curves.append(Curve(name, np.arange(len(groups), dtype=float), middle, low, high))
    return tuple(curves)


def _resistance_view() -> View:
    series = ratio_series()
    ratios = list(next(iter(series.values())).resistance)
    points = [
        PublishedPoint(
            float(ratios.index(ratio)), printed(name) / OHM_CM2, f"{printed(name) / OHM_CM2:g} Ohm cm2", "Fig 3a"
        )
        for ratio, name in (("1:5", "hna-r0-15"), ("1:1", "hna-r0-11"))
    ]
    return View(
        id="hna-resolved-resistance",
        paper="hybrid-na-2022",
        title="Resolved electrodes: interface resistance by NZSP:Na ratio",
        kind="categories",
        x_title="NZSP:Na",
        y_title="resistance / (Ohm cm2)",
        curves=(
            *_categories({n: [one.resistance[r] / OHM_CM2 for r in ratios] for n, one in series.items()}),
            Curve("random, ZrO2 in place of NZSP", np.array([float(ratios.index("1:5"))]), *_ends(_insulated())),
        ),
        published=tuple(points),
        figures=("hna-r0-11-resolved",),
        note="Contact resistance fitted on 1:5 alone, for each of five samples; bars are lowest to highest. Two "
        "measured resistances cannot choose among contact resistance, necks and arrangement.",
        x_names=tuple(ratios),
    )


def _area_view() -> View:
    series = ratio_series()
    ratios = list(next(iter(series.values())).resistance)
    return View(
        id="hna-resolved-area",
        paper="hybrid-na-2022",
        title="Resolved electrodes: A_eff/A_geo by NZSP:Na ratio",
        kind="categories",
        x_title="NZSP:Na",
        y_title="A_eff/A_geo",
        curves=_categories({n: [one.area_ratio[r] for r in ratios] for n, one in series.items()}),
        figures=("hna-r0-11-resolved",),
        note="Contact over electrode resistance. By area alone, from 12.0 to 3.5 Ohm cm2, 1:5 would need 3.4.",
        x_names=tuple(ratios),
    )


def _percolation_view() -> View:
    study = study_of("percolation")
    curves = tuple(
        Curve(name, np.array(scan["volume_fractions"]), 100.0 * np.array(study["results"][name]))
        for name, scan in study["inputs"]["scans"].items()
    )
    return View(
        id="hna-resolved-percolation",
        paper="hybrid-na-2022",
        title="Resolved electrodes: where particles connect through 26 um",
        kind="line",
        x_title="volume fraction of particles",
        y_title="samples that connect / %",
        curves=curves,
        note="Five samples of (25.6 um)^3; 1:5 is 0.054, 1:1 is 0.221. Hard spheres without necks never touch.",
    )


def _profile_view() -> View:
    curves = []
    for name in study_of("bh-step")["results"]:
        row = _own(name)
        depths, profile = np.array(row["depths"]), np.array(row["profile"])
        share = 100.0 * profile / profile.sum() / float(np.diff(depths[:2])[0])
        inside = depths > -1.0
        curves.append(Curve(name, depths[inside], np.where(share > 1e-4, share, np.nan)[inside]))
    return View(
        id="bh-resolved-depth",
        paper="bh-na-2021",
        title="Resolved electrodes: where bare and hybrid sodium react at 0.1 V",
        kind="line",
        x_title="depth below the surface / um",
        y_title="reaction / (% per um)",
        curves=tuple(curves),
        figures=("bh-fem-depth",),
        note="Resistances of the paper: 142.5 Ohm cm2 bare, 13.6 in the hybrid; separator 7.5 Ohm cm2.",
        y_log=True,
    )


def _map_view(name: str, title: str, y_title: str, key: str, figure: str, note: str) -> View:
    groups: dict[str, dict[int, list[float]]] = {}
    for sample, hybrid, plain in _pairs():
        where = round(np.log10(plain["resistance"] / plain["series"]))
        groups.setdefault(sample, {}).setdefault(where, []).append(hybrid[key] / plain[key])
    curves = []
    for sample, by in groups.items():
        area = _own(sample)["area_ratio"]
        at = np.array(sorted(by))
        middle, low, high = (np.array([f(by[n]) for n in at]) for f in (np.median, np.min, np.max))
        curves.append(Curve(f"{sample} (A_r {area:.2g})", 1.8 * 10.0**at, middle, low, high))
    return View(
        id=name,
        paper="bh-na-2021",
        title=title,
        kind="line",
        x_title="charge-transfer over series resistance",
        y_title=y_title,
        curves=tuple(curves),
        figures=(figure,),
        note=note,
        x_log=True,
        y_log=True,
    )


def _current_view() -> View:
    return _map_view(
        "bh-resolved-current",
        "Resolved electrodes: steady current of the hybrid over that of bare sodium",
        "hybrid over bare",
        "current",
        "bh-fem-current",
        "0.1 V, same kinetics on the true interface, 1.4 to 142 Ohm cm2 behind 0.75 to 75 Ohm cm2. "
        "A_r: interface that both currents reach over the cross-section.",
    )


def _time_view() -> View:
    return _map_view(
        "bh-resolved-time",
        "Resolved electrodes: time to steady state of the hybrid over that of bare sodium",
        "hybrid over bare",
        "time_to_steady",
        "bh-fem-time",
        "Shorter below 1. Same kinetics and double layer; with other double layers times C_hybrid/C_bare.",
    )


def _samples_view() -> View:
    every = sampled("time_to_steady")
    names = list(dict.fromkeys(one.sample for one in every))
    curves = []
    for part in dict.fromkeys(one.part for one in every):
        group = {one.sample: one for one in every if one.part == part}
        at = np.arange(len(names), dtype=float)
        middle, low, high = (np.array([f(group[name].seeds) for name in names]) for f in (np.median, np.min, np.max))
        curves.append(Curve(f"R_ct/R_s {part:.3g}, three samples", at, middle, low, high))
        wide = [(n, group[name].larger) for n, name in enumerate(names)]
        found = [(n, value) for n, value in wide if value is not None]
        if found:
            where, values = (np.array(column, dtype=float) for column in zip(*found, strict=True))
            curves.append(Curve(f"R_ct/R_s {part:.3g}, larger box", where, values))
    return View(
        id="bh-resolved-samples",
        paper="bh-na-2021",
        title="Resolved electrodes: time to steady state by sample, at the paper's resistances",
        kind="categories",
        x_title="",
        y_title="hybrid over bare",
        curves=tuple(curves),
        figures=("bh-fem-time",),
        note="Bars: lowest to highest of three samples of 26 um x (19 um)^2; the larger box is 38 um x (26 um)^2. "
        "Shorter below 1.",
        x_names=tuple(names),
    )


def _deep_view() -> View:
    results = study_of("bh-deep")["results"]
    return View(
        id="bh-resolved-deep",
        paper="bh-na-2021",
        title="Resolved electrodes: 10 mAh/cm2 stripped and plated again at 1 mA/cm2, with liquid that follows",
        kind="line",
        x_title="net charge stripped / (mAh/cm2)",
        y_title="voltage / mV",
        curves=tuple(
            Curve(name, np.array(found["charge"]) / MAH_CM2, 1e3 * np.array(found["voltage"]))
            for name, found in results.items()
        ),
        figures=("bh-deep-skeleton",),
        note="1:1, charge-transfer resistance of the hybrid, without separator; a front moves in and comes back. "
        "Positive while metal is stripped, negative while it is plated.",
    )
