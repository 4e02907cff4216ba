"""A made-up reproduction of realistic size: published values are those of the papers, computed ones are invented."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from natrode.measurement import Column, Experiment, Geometry, Measurement, Metadata, Origin
from natrode.reproduce.table import (
    Curve,
    Driver,
    FigureRow,
    FlagRow,
    PaperSummary,
    PublishedPoint,
    Reproduction,
    View,
)

PAPERS = (
    PaperSummary(
        "hybrid-na-2022",
        "hNa",
        "Hybrid design of bulk Na metal anode",
        "Adv. Energy Mater. 2022, 12, 2102579",
        "10.1002/aenm.202102579",
        ("Na | NZSP | Na", "h-Na 1:5 | NZSP | h-Na 1:5", "ZrO2-Na | NZSP | ZrO2-Na"),
    ),
    PaperSummary(
        "bh-na-2021",
        "BH",
        "Robust, highly reversible mixed conducting sodium metal anode",
        "Sci. Bull. 2021, 66, 179",
        "",
        ("Na | liquid | Na", "BH 1:1 | liquid | BH 1:1"),
    ),
    PaperSummary(
        "pbc-2022",
        "PbC",
        "Pb/C interlayer dually induced by a lead salt",
        "Chem. Sci. 2022",
        "10.1039/d2sc05120f",
        ("Na | NZSP | Na", "Na | Pb/C | NZSP | Pb/C | Na"),
    ),
    PaperSummary(
        "or-na-2024", "ORNa", "Oxygen-regulated Na / NZSP interphase", "Sci. Bull. 2024", "", ("ORNa | NZSP",)
    ),
    PaperSummary(
        "naf-sn-2019",
        "NaF",
        "All-solid-state Na-CO2 battery with SN electrolyte and NaF-rich interphase",
        "Chem. Sci. 2019, 10, 4306",
        "",
        ("Na | SN | Na", "M-Na | SN | M-Na"),
    ),
    PaperSummary("validation", "Validation", "Published figures from other papers", "28 papers, sodium first", "", ()),
)

EXAMPLE = json.loads((Path(__file__).parent / "example.json").read_text(encoding="utf-8"))
"""Rows (with the factor of the interval's half width) and flags."""


PARAMETERS = (
    "replenishment J",
    "void capacity h",
    "refill χ",
    "contact a₀",
    "film resistance",
    "pressure P",
    "crack η_c",
)


def _row(entry: dict, rng: np.random.Generator) -> FigureRow:
    id_, published, computed, half = (entry[key] for key in ("id", "published", "computed", "factor"))
    simulated = half is not None or id_ == "or-short"
    interval = prior = baseline = None
    drivers: tuple[Driver, ...] = ()
    if simulated and isinstance(computed, float) and half != 1.0:
        half = half or 1.6
        interval = (float(f"{computed / half:.4g}"), None if id_ == "or-short" else float(f"{computed * half:.4g}"))
        widen = half * float(rng.uniform(2, 6))
        prior = (computed / widen, computed * widen)
        baseline = computed * float(rng.lognormal(0, 0.7))
        names = rng.choice(PARAMETERS, size=int(rng.integers(2, 5)), replace=False)
        strengths = sorted(rng.uniform(0.15, 0.97, len(names)), reverse=True)
        drivers = tuple(
            Driver(str(n), round(float(s * rng.choice([-1, 1])), 3)) for n, s in zip(names, strengths, strict=True)
        )
    tolerance = None
    if isinstance(published, float) and published > 0:
        tolerance = (published * 0.8, published * 1.25)
    texts = {key: entry[key] for key in ("quantity", "conditions", "where", "unit", "role", "status", "note")}
    return FigureRow(
        **texts,
        id=id_,
        paper=entry["paper"],
        published=published,
        tolerance=tolerance,
        tolerance_reason="overpotentials and times 20 %" if tolerance else "",
        computed=computed,
        interval=interval,
        prior_interval=prior,
        baseline=baseline,
        baseline_method="ohmic drop of the pellet alone" if baseline else "",
        method="simulated with the paper's protocol, analysed like an instrument's record" if simulated else "",
        drivers=drivers,
    )


def _band(x: np.ndarray, y: np.ndarray, factor: float, name: str) -> Curve:
    return Curve(name, x, y, y / factor, y * factor)


def _views() -> list[View]:
    t = np.linspace(0, 400, 900)
    pristine = 20 + 180 * np.exp((t - 200) / 45)
    hybrid = 8 + 192 * np.exp((t - 366) / 18)
    geis = View(
        "hna-geis",
        PAPERS[0].key,
        "One-sided stripping at 0.2 mA/cm²",
        "line",
        "time / min",
        "voltage / mV",
        (_band(t[t < 210], pristine[t < 210], 1.12, "pristine"), _band(t[t < 372], hybrid[t < 372], 1.1, "h-Na 1:5")),
        (
            PublishedPoint(200, 200, "0.2 V, pristine", "Fig 5a"),
            PublishedPoint(370, 200, "0.2 V, h-Na", "Fig 5b"),
            PublishedPoint(300, 20, "below 20 mV", "Fig 5b"),
        ),
        ("hna-geis-na", "hna-geis-15", "hna-geis-15-rise", "hna-voids"),
        "The record stops at 0.2 V.",
    )
    hours = np.linspace(0, 12000, 60000)
    cycles = 5 + 0.4 * np.sin(hours / 3) + 0.0001 * hours
    cycling = View(
        "hna-cyc-05",
        PAPERS[0].key,
        "Cycling of h-Na 1:5 at 0.5 mA/cm²",
        "line",
        "cycle / 1",
        "overpotential / mV",
        (_band(hours, cycles, 1.2, "end of half cycle"),),
        (),
        ("hna-cyc-05", "hna-v05-15"),
    )
    steps = np.arange(0.1, 3.3, 0.1)
    ccd = View(
        "hna-ccd",
        PAPERS[0].key,
        "Critical-current ramp",
        "staircase",
        "current density / mA/cm²",
        "overpotential / mV",
        (_band(steps[:5], 39 * steps[:5] * 1.6, 1.2, "pristine"), _band(steps[:31], 39 * steps[:31], 1.15, "h-Na 1:5")),
        (PublishedPoint(0.5, 60, "short, pristine", "Fig 3c"), PublishedPoint(3.1, 120, "short, h-Na 1:5", "Fig 3d")),
        ("hna-ccd-na", "hna-ccd-15", "hna-ccd-order", "hna-ccd-zro2", "hna-ccd-sno2"),
        "Published points stand at the critical current; the paper gives no overpotential there.",
    )
    w = 2 * math.pi * np.logspace(6.5, -1, 60)
    spectra = []
    for k, r in enumerate((12, 30, 60, 120, 210, 345)):
        z = 39.5 + r / (1 + (1j * w * r * 1e-5) ** 0.9) + 3 / (1 + 1j * w * 2e-7)
        spectra.append(Curve(f"after {2 * k} cycles", z.real, -z.imag))
    nyquist = View(
        "hna-nyquist",
        PAPERS[0].key,
        "Impedance after cycling, pristine",
        "nyquist",
        "Re Z / Ω cm²",
        "−Im Z / Ω cm²",
        tuple(spectra),
        (PublishedPoint(388, 0, "345.3 Ω cm² after 10 cycles", "Fig 4c"),),
        ("hna-r10-na", "hna-r0-na"),
    )
    index = np.arange(5.0)
    ratios = View(
        "hna-ratio",
        PAPERS[0].key,
        "Interface resistance along the ratio series",
        "bars",
        "NZSP : Na by mass",
        "interface resistance / Ω cm²",
        (
            Curve(
                "model",
                index,
                np.array([12.1, 5.8, 5.1, 3.47, 2.71]),
                np.array([11, 5.1, 4.4, 3.2, 2.1]),
                np.array([13.2, 6.6, 5.9, 3.8, 3.6]),
            ),
        ),
        tuple(PublishedPoint(i, v, f"{v} Ω cm²", "Fig 3a") for i, v in enumerate((12.0, 6.4, 5.2, 3.5, 2.4))),
        ("hna-ratio", "hna-r0-11"),
        x_names=("0", "1:10", "1:8", "1:5", "1:1"),
    )
    angles = View(
        "pbc-theta",
        PAPERS[2].key,
        "Contact angle of molten sodium",
        "categories",
        "surface",
        "contact angle / °",
        (
            Curve("Young-Dupré, σ 0.2523 J/m²", index[:4], np.array([90.5, 121.6, 41.9, 133.0])),
            Curve("Young-Dupré, σ 0.191 J/m²", index[:4], np.array([72.0, 111.0, 0.0, 125.4])),
        ),
        (
            PublishedPoint(0, 130.4, "pristine NZSP", "Fig 2"),
            PublishedPoint(2, 0, "Pb/C", "Fig 2"),
            PublishedPoint(3, 142, "C alone", "Fig 2"),
        ),
        ("pbc-theta", "pbc-wad-pb", "pbc-wad-na2co3"),
        x_names=("NZSP (001)", "Na2CO3 film", "Pb (111)", "amorphous carbon"),
    )
    p = np.logspace(-2, 1.5, 80)
    r_p = 86 + 305 * (0.05 / (p + 0.05)) ** 0.8
    pressure = View(
        "pbc-r",
        PAPERS[2].key,
        "Interface resistance against stack pressure",
        "line",
        "stack pressure / MPa",
        "interface resistance / Ω cm²",
        (_band(p, r_p, 1.2, "pristine"), Curve("Pb/C", p, np.full_like(p, 1.5))),
        (
            PublishedPoint(0.01, 391, "no pressure", "Fig 3a"),
            PublishedPoint(15, 87.5, "15 MPa", "Fig 3b"),
            PublishedPoint(0.01, 1.5, "Pb/C, no pressure", "Fig S7"),
        ),
        ("pbc-r-0", "pbc-r-15", "pbc-r-pbc"),
        x_log=True,
        y_log=True,
    )
    d = np.linspace(0, 20, 200)
    rest = View(
        "or-rest",
        PAPERS[3].key,
        "Interface resistance at rest",
        "line",
        "time / d",
        "interface resistance / Ω cm²",
        (_band(d, 170 * (1 - np.exp(-d / 2)), 1.3, "pristine"), Curve("ORNa", d, np.full_like(d, 0.5))),
        (PublishedPoint(20, 170, "about 170 Ω cm²", "Fig 1a"),),
        ("or-rest", "or-rest-shape", "or-rest-or"),
    )
    more = [
        View(
            f"v-{i}",
            PAPERS[5].key,
            f"Validation experiment {i}",
            "line",
            "time / h",
            "voltage / mV",
            (_band(d, 10 + i + d**1.2, 1.3, "model"),),
            (PublishedPoint(10, 30 + i, "published", f"V{i:02d}"),),
            (),
        )
        for i in range(1, 7)
    ]
    return [geis, cycling, ccd, nyquist, ratios, angles, pressure, rest, *more]


def make_reproduction() -> Reproduction:
    rng = np.random.default_rng(1)
    rows = [_row(entry, rng) for entry in EXAMPLE["rows"]]
    rows[1] = replace(rows[1], experiment="hna-ratio")
    flags = tuple(FlagRow(**flag) for flag in EXAMPLE["flags"])
    return Reproduction(PAPERS, tuple(rows), tuple(_views()), flags, "0.1.0", 20240607, 200, 41.7)


@pytest.fixture(scope="session")
def reproduction() -> Reproduction:
    return make_reproduction()


def _table(**columns: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({Column[name].value: values for name, values in columns.items()})


@pytest.fixture(scope="session")
def experiment() -> Experiment:
    """600 h of cycling with one spike, twenty growing spectra and a Tafel sweep; all marked as simulated."""
    t = np.linspace(0, 600 * 3600, 50_000)
    sign = np.where((t // 3600) % 2 == 0, 1.0, -1.0)
    v = sign * (0.005 + 0.002 * t / t[-1])
    v[25_000] = 0.09
    parameters = {"cell": {"electrolyte": {"material": "nzsp-hna", "thickness": 1.62e-3}, "pressure": "unknown"}}
    origin = Origin(kind="simulation", model="natrode symmetric", seed=7, version="0.1.0", parameters=parameters)
    geometry = Geometry(working_area=1.5e-4, counter_area=1.5e-4, electrolyte_thickness=1.62e-3)
    f = np.logspace(6.5, -1, 60)
    spectra = []
    for k, r in enumerate(np.linspace(3.5, 40, 20)):
        z = 30 + r / (1 + (2j * math.pi * f * r * 1e-5) ** 0.9)
        start = np.full(60, 108e3 * k)
        spectra.append(
            _table(FREQUENCY=f, REAL_IMPEDANCE=z.real, IMAGINARY_IMPEDANCE=z.imag, SPECTRUM=np.full(60, k), TIME=start)
        )
    e = np.linspace(-0.1, 0.1, 300)
    tables = {
        "cycling": _table(TIME=t, VOLTAGE=v, CURRENT=sign * 1.5e-4),
        "impedance": pd.concat(spectra),
        "sweep": _table(VOLTAGE=e, CURRENT=1e-4 * np.sinh(e / 0.05)),
    }
    return Experiment(
        "h-Na 1:5",
        tuple(
            Measurement(Metadata(kind=kind, origin=origin, geometry=geometry, temperature=298.15, title=kind), table)
            for kind, table in tables.items()
        ),
    )


@pytest.fixture
def summary() -> list[dict]:
    """Results as analysis hands them over: a refusal, a limit, a number, and two series."""

    def result(quantity: str, value: object, unit: str, quality: str, reason: str = "", **more: object) -> dict:
        return {"quantity": quantity, "value": value, "uncertainty": None, "interval": None, "unit": unit,
                "quality": quality, "reason": reason, "method": f"how {quantity} is found", **more}  # fmt: skip

    n = [float(k) for k in range(1, 601)]
    end = [None if k == 3 else 7 + 0.004 * k for k in n]
    per_half_cycle = {"x": n, "x_quantity": "half cycle", "x_unit": "1"}
    return [
        result("critical current density", None, "mA/cm2", "not computed", "no ramp in this record"),
        result("life", None, "h", "lower limit", "the record ends first", interval=[600.0, None]),
        result("interface resistance", 3.47, "Ohm cm2", "good", uncertainty=0.12, n_interfaces=2, scope="cell"),
        result("exchange current density", 0.47, "mA/cm2", "doubtful", "the line is ohmic"),
        result("overpotential, mean", [5 + 0.003 * k for k in n], "mV", "good", **per_half_cycle),
        result("overpotential, end", end, "mV", "good", **per_half_cycle),
    ]
