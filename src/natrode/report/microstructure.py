"""Results and page of a resolved electrode: slices, three-dimensional view, profiles and the numbers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from natrode import __version__
from natrode.analysis.result import plain
from natrode.microstructure.conduct import conduct
from natrode.microstructure.connectivity import connectivity, passage, percolation
from natrode.microstructure.homogenise import Homogenised
from natrode.microstructure.interfaces import interface_area, triple_line
from natrode.microstructure.measure import chord_lengths, particle_sizes, two_point_correlation, volume_fractions
from natrode.microstructure.react import Reaction
from natrode.microstructure.strip import Stripping
from natrode.microstructure.structure import NO_MATERIAL, Structure
from natrode.report import plots
from natrode.report.page import Plots, render
from natrode.report.palette import series_colour
from natrode.report.wording import number

Advance = Callable[[int, int, str], None]
VIEWED = 32
"""Edge of the coarsened image that the three-dimensional view draws."""
LENGTHS = ("correlation_length", "diameter", "globule_size", "layer", "roughness", "spacing", "thickness")
"""Names of parameters in metres."""
DRAWN = 256
"""Voxels along an edge of a slice that a page draws at most."""


def measured(structure: Structure, advance: Advance) -> dict[str, Any]:
    """Measure a structure: rows to print, numbers in full, curves to draw."""
    shares = volume_fractions(structure)
    rows: list[list[Any]] = []
    details: dict[str, Any] = {"volume_fractions": shares}
    phases = [name for name in structure.materials if shares[name] > 0]
    steps = 6 * len(phases)
    for n, name in enumerate(phases):
        advance(6 * n, steps, f"{name}: connectivity")
        near, touching = connectivity(structure, name), connectivity(structure, name, 26)
        state, path = percolation(structure, name), passage(structure, name)
        advance(6 * n + 2, steps, f"{name}: chords and sizes")
        chords, sizes = chord_lengths(structure, name), particle_sizes(structure, name)
        advance(6 * n + 4, steps, f"{name}: correlation")
        correlation = two_point_correlation(structure, name)
        rows += [
            [name, "volume fraction", shares[name], "1"],
            [name, "mean chord along the depth", _micro(chords.mean[0]), "um"],
            [name, "correlation length", _micro(correlation.correlation_length), "um"],
            [name, "median size (opening)", _micro(sizes.median), "um"],
            [name, "connected through the depth", near.percolating[0], "1"],
            [name, "dead ends", near.dead_end[0], "1"],
            [name, "isolated", near.isolated[0], "1"],
        ]
        details[name] = {
            "connectivity_6": near.to_json(),
            "connectivity_26": touching.to_json(),
            "percolation": state.to_json(),
            "passage": path.to_json(),
            "chords": chords.to_json(),
            "sizes": sizes.to_json(),
            "correlation": correlation.to_json(),
        }
    for a, one in enumerate(phases):
        for b in range(a + 1, len(phases)):
            area = interface_area(structure, one, phases[b])
            rows.append([f"{one} | {phases[b]}", "specific interface area", area.specific_area * 1e-6, "1/um"])
            details[f"{one} | {phases[b]}"] = area.to_json()
            for third in phases[b + 1 :]:
                line = triple_line(structure, one, phases[b], third)
                details[f"{one} | {phases[b]} | {third}"] = line.to_json()
                rows.append(
                    [f"{one} | {phases[b]} | {third}", "triple-phase line", line.length_density * 1e-12, "1/um2"]
                )
    curves = [
        ("two-point correlation", "distance / um", "probability", {
            name: (np.array(details[name]["correlation"]["distances"]) * 1e6, details[name]["correlation"]["radial"])
            for name in phases
        })
    ]  # fmt: skip
    notes = [f"{name}: {details[name]['percolation']['statement']}" for name in phases]
    return _document(f"structure of {_size(structure)}", rows, notes, details, curves)


def conducted(structure: Structure, material: str | None, advance: Advance) -> dict[str, Any]:
    """Effective conductivities along the three axes."""
    chosen = [material] if material is not None else [m for m in structure.materials if m not in NO_MATERIAL]
    rows: list[list[Any]] = []
    details, notes = {}, []
    for n, name in enumerate(chosen):
        for axis in range(3):
            advance(3 * n + axis, 3 * len(chosen), f"{name} along axis {axis}")
            found = conduct(structure, name, axis)
            details[f"{name} axis {axis}"] = found.to_json()
            rows.append([f"{name}, axis {axis}", "relative conductivity", found.relative_conductivity, "1"])
            rows.append([f"{name}, axis {axis}", "tortuosity factor", found.tortuosity_factor, "1"])
            if found.conductivity is not None:
                rows.append([f"{name}, axis {axis}", "effective conductivity", found.conductivity * 10, "mS/cm"])
            if found.reason:
                notes.append(f"{name}, axis {axis}: {found.reason}")
    return _document("effective conductivity", rows, list(dict.fromkeys(notes)), details, [])


def reacted(found: Reaction) -> dict[str, Any]:
    """The reaction as rows, details and the depth profile."""
    shares = found.share_in_first_10_um
    rows: list[list[Any]] = [
        ["electrode", "voltage", found.voltage * 1e3, "mV"],
        ["electrode", "current density", found.current_density / 10, "mA/cm2"],
        ["electrode", "area-specific resistance", _areal(found.area_specific_resistance), "Ohm cm2"],
        ["electrode", "penetration length", _micro(found.penetration_length), "um"],
        ["electrode", "share of the reaction in the first 10 um", shares, "1"],
        ["electrode", "utilisation of the interface", found.utilisation, "1"],
        ["electrode", "interface area over cross-section", found.area_ratio, "1"],
        ["electrode", "heat", sum(found.heat.values()), "W/m2"],
        ["metal", "not connected to the collector", found.floating_fraction, "1"],
        ["computation", "balance of currents", found.balance, "1"],
    ]
    curves = []
    if found.profile.size and found.profile.any():
        curves.append(
            ("where it reacts", "depth / um", "reaction / (mA/cm2 per um)", {
                "reaction": (found.depths * 1e6, (found.profile * 1e-7).tolist())
            })
        )  # fmt: skip
    return _document("reaction at steady state", rows, [found.reason] if found.reason else [], found.to_json(), curves)


def stripped(found: Stripping) -> dict[str, Any]:
    """Voltage and contact against charge, and what ended it."""
    dead = found.dead
    rows: list[list[Any]] = [
        ["electrode", "stripped charge", found.capacity / 36000.0, "mAh/cm2"],
        ["electrode", "metal at the start", found.inventory / 36000.0, "mAh/cm2"],
        ["metal", "dead at the end", dead, "1"],
        ["metal", "isolated at the start", found.isolated_at_start, "1"],
        ["computation", "emptied voxels", found.emptied_voxels, "1"],
    ]
    charge = found.charge / 36000.0
    curves = []
    if found.charge.size > 1:
        curves = [
            ("voltage", "charge / (mAh/cm2)", "voltage / mV", {"voltage": (charge, (1e3 * found.voltages).tolist())}),
            ("contact", "charge / (mAh/cm2)", "part of the interface", {
                "contact of what is left": (charge, found.void_factor.tolist()),
                "live interface": (charge, found.live_interface.tolist()),
            }),
        ]  # fmt: skip
    ended = f"ended by: {', '.join(found.endings)}" if found.endings else found.reason
    return _document("stripping", rows, [ended], found.to_json(), curves)


def homogenised(found: Homogenised) -> dict[str, Any]:
    """Mean-field parameters beside what simpler models say."""
    rows: list[list[Any]] = [
        ["interface", "A_eff/A_geo of the resolved electrode", found.area_ratio, "1"],
        ["interface", "1 + 2 phi (isolated spheres cut by the plane)", found.isolated_spheres_area_ratio, "1"],
        ["interface", "reachable interface over cross-section", found.geometric_area_ratio, "1"],
        ["interface", "specific area", found.specific_area * 1e-6, "1/um"],
        ["electrode", "resistance, resolved", _areal(found.electrode_resistance), "Ohm cm2"],
        ["electrode", "resistance, transmission line", _areal(found.transmission_line_resistance), "Ohm cm2"],
        ["electrode", "penetration length", _micro(found.penetration_length), "um"],
        ["particles", "volume fraction", found.particle_volume_fraction, "1"],
        ["particles", "effective ionic conductivity", found.effective_ionic_conductivity * 10, "mS/cm"],
        ["metal", "relative conductivity", found.effective_metal_conductivity, "1"],
    ]
    notes = [found.statement]
    if found.transmission_line_resistance is None:
        notes.append("no through-network of particles: there is no transmission line to compare with")
    return _document("mean-field parameters", rows, notes, found.to_json(), [])


def structure_page(structure: Structure, name: str, task: str, document: Mapping[str, Any]) -> str:
    """Return one offline page: the numbers, slices, a three-dimensional view and profiles.

    Args:
        structure: the labelled image.
        name: of its file.
        task: which command made the page.
        document: from `measured`, `conducted`, `reacted` or `homogenised`.

    Returns:
        HTML.
    """
    shown = Plots()
    parts = [structure.origin, *structure.origin.get("layers", [])]
    generated = any(part.get("kind") == "generated" for part in parts)
    cards = [
        {"title": title, "plot": shown.add(figure, title), "note": note}
        for title, figure, note in [*_slices(structure, generated), *_view(structure), *_curves(document["curves"])]
    ]
    origin = {key: value for key, value in structure.origin.items() if key != "statement"}
    facts = {
        "file": name,
        "voxels": " x ".join(map(str, structure.shape)),
        "size": _size(structure),
        "materials": ", ".join(f"{label} = {material}" for label, material in structure.labels.items()),
        "seed": "none" if structure.seed is None else str(structure.seed),
        **{key: _in_words(value) for key, value in origin.items()},
        "digest": structure.digest[:16],
    }
    return render(
        "microstructure.html.j2",
        version=__version__,
        title=f"{task}: {name}",
        generated=generated,
        statement=next((part["statement"] for part in parts if "statement" in part), ""),
        rows=[
            [row[0], row[1], "not computed" if row[2] is None else number(row[2], 4), row[3]]
            for row in document["rows"]
        ],
        notes=document["notes"],
        cards=cards,
        facts=facts,
    )


def _document(
    title: str, rows: list[list[Any]], notes: list[str], details: Mapping[str, Any], curves: list[Any]
) -> dict[str, Any]:
    return {
        "title": title,
        "columns": ["part", "quantity", "value", "unit"],
        "rows": rows,
        "notes": notes,
        "results": [
            {
                "quantity": f"{quantity} of {part}",
                "value": value,
                "unit": unit,
                "reason": "" if value is not None else "; ".join(notes),
            }
            for part, quantity, value, unit in rows
        ],
        "details": plain(details),
        "curves": [
            {"title": t, "x": x, "y": y, "curves": {k: [np.asarray(a).tolist(), list(b)] for k, (a, b) in c.items()}}
            for t, x, y, c in curves
        ],
    }


def _in_words(value: Any) -> str:
    """Plain data as text: what belongs together with commas, items of a list with semicolons."""
    if isinstance(value, Mapping):
        told = ((key, item) for key, item in value.items() if key != "statement" and item is not None)
        return ", ".join(
            f"{key.replace('_', ' ')} {_in_micrometres(item) if key in LENGTHS else _in_words(item)}"
            for key, item in told
        )
    if isinstance(value, (list, tuple)):
        return "; ".join(_in_words(item) for item in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _in_micrometres(value: Any) -> str:
    """A length in metres, or several."""
    lengths = value if isinstance(value, (list, tuple)) else [value]
    return " x ".join(f"{1e6 * float(one):.4g}" for one in lengths) + " um"


def _micro(length: float | None) -> float | None:
    return None if length is None else length * 1e6


def _areal(resistance: float | None) -> float | None:
    return None if resistance is None else resistance * 1e4


def _size(structure: Structure) -> str:
    return " x ".join(number(edge * 1e6, 4) for edge in structure.size) + " um"


def _slices(structure: Structure, generated: bool) -> list[tuple[str, plots.Figure, str]]:
    """Middle planes along the depth and across it, one colour per material."""
    names = list(structure.materials)
    table = np.zeros(256, int)
    for label, material in structure.labels.items():
        table[label] = names.index(material)
    levels = max(len(names) - 1, 1)
    scale = []
    for n in range(len(names)):
        colour = series_colour(n, 7)
        scale += [[n / len(names), colour], [(n + 1) / len(names), colour]]
    found = []
    nx, _, nz = structure.shape
    deep, wide, high = structure.voxel_size
    planes = (
        ("Along the depth", structure.image[:, :, nz // 2], (wide, deep), "width / um", "depth / um"),
        ("Across the depth", structure.image[nx // 2], (high, wide), "width / um", "height / um"),
    )
    for title, plane, edges, x_title, y_title in planes:
        step = max(-(-max(plane.shape) // DRAWN), 1)
        z = table[plane[::step, ::step]]
        figure: plots.Figure = {
            "data": [
                {
                    "type": "heatmap",
                    "z": z.tolist(),
                    "dx": edges[0] * 1e6 * step,
                    "dy": edges[1] * 1e6 * step,
                    "colorscale": scale,
                    "zmin": -0.5,
                    "zmax": levels + 0.5,
                    "colorbar": {"tickvals": list(range(len(names))), "ticktext": names, "thickness": 12},
                }
            ],
            "layout": plots.layout(x_title, y_title, simulated=generated, height=420) | {"showlegend": False},
        }
        figure["layout"]["yaxis"] |= {"scaleanchor": "x", "autorange": "reversed"}
        found.append((title, figure, "electrolyte at depth 0" if title == "Along the depth" else ""))
    return found


def _view(structure: Structure) -> list[tuple[str, plots.Figure, str]]:
    """Isosurface of the first material on a coarsened image."""
    if min(structure.shape) < 4:
        return []
    material = structure.materials[0]
    mask = structure.mask(material)
    steps = [max(-(-count // VIEWED), 1) for count in mask.shape]
    cut = mask[tuple(slice(count - count % step) for count, step in zip(mask.shape, steps, strict=True))]
    nx, ny, nz = (count // step for count, step in zip(cut.shape, steps, strict=True))
    share = cut.reshape(nx, steps[0], ny, steps[1], nz, steps[2]).mean(axis=(1, 3, 5))
    if not 0.0 < share.mean() < 1.0:
        return []
    places = [
        (np.arange(count) + 0.5) * step * edge * 1e6
        for count, step, edge in zip(share.shape, steps, structure.voxel_size, strict=True)
    ]
    x, y, z = (part.ravel() for part in np.meshgrid(*places, indexing="ij"))
    titles = ("depth / um", "width / um", "height / um")
    figure: plots.Figure = {
        "data": [
            {
                "type": "isosurface",
                "x": plots.numbers(x, 4),
                "y": plots.numbers(y, 4),
                "z": plots.numbers(z, 4),
                "value": plots.numbers(share.ravel(), 3),
                "isomin": 0.5,
                "isomax": 1.0,
                "surface": {"count": 1},
                "caps": {axis: {"show": True} for axis in "xyz"},
                "showscale": False,
                "colorscale": [[0, series_colour(0, 7)], [1, series_colour(0, 7)]],
                "hoverinfo": "skip",
            }
        ],
        "layout": {
            "height": 480,
            "margin": {"l": 0, "r": 0, "t": 10, "b": 0},
            "scene": {f"{axis}axis": {"title": {"text": title}} for axis, title in zip("xyz", titles, strict=True)}
            | {"aspectmode": "data"},
        },
    }
    note = f"{material}, coarsened to {' x '.join(map(str, share.shape))} for drawing"
    return [("In three dimensions", figure, note)]


def _curves(curves: list[Any]) -> list[tuple[str, plots.Figure, str]]:
    found = []
    for item in curves:
        data = [
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": plots.numbers(x),
                "y": plots.numbers(y),
                "line": {"color": series_colour(n, 7)},
            }
            for n, (name, (x, y)) in enumerate(item["curves"].items())
        ]
        found.append(
            (item["title"].capitalize(), {"data": data, "layout": plots.layout(item["x"], item["y"], height=420)}, "")
        )
    return found
