import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from natrode.report.comparison_plots import is_within, pairs, parity_range
from natrode.report.plots import published_points
from natrode.report.reproduction import FIRST_KEYS, figures_json, reproduction_page
from natrode.report.wording import prose
from natrode.reproduce.table import Curve, Driver, FlagRow, PublishedPoint, Reproduction

from .pages import Page

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> %{x} & {{ 7*7 }}'


@pytest.fixture(scope="module")
def html(reproduction: Reproduction) -> str:
    return reproduction_page(reproduction)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def own_text(html: str) -> str:
    """The page without Plotly's own script."""
    return re.sub(r'<script id="plotly-bundle">.*?</script>', "", html, flags=re.DOTALL)


def test_structure_is_sound(page: Page) -> None:
    assert page.errors == []
    assert len(page.ids) == len(set(page.ids))
    inner = [link[1:] for link in page.links if link.startswith("#")]
    assert [target for target in inner if target not in page.ids] == []


def test_every_row_view_and_flag_is_shown(reproduction: Reproduction, page: Page) -> None:
    for row in reproduction.rows:
        assert f"row-{row.id}" in page.ids
        assert row.id in page.words
        assert not row.note or prose(row.note) in page.words
        assert not row.where or row.where in page.words
    for view in reproduction.views:
        assert f"view-{view.id}" in page.ids
        assert prose(view.title) in page.words
        for point in view.published:
            assert point.where in page.words
    for flag in reproduction.flags:
        assert prose(flag.statement) in page.words
    for paper in reproduction.papers:
        assert paper.reference in page.words


def test_blind_rows_head_the_report(reproduction: Reproduction, page: Page) -> None:
    sections = [i for i in page.ids if i in ("blind", "summary", "parity", "misses", "figures", "experiments", "cite")]
    assert sections == ["blind", "summary", "parity", "misses", "figures", "experiments", "cite"]
    assert {f"blind-row-{r.id}" for r in reproduction.rows if r.role == "blind"} <= set(page.ids)


def test_summary_says_coverage_and_counts(reproduction: Reproduction, page: Page) -> None:
    covered, compared, should = reproduction.coverage()
    assert f"{covered} of {compared} intervals cover the published number; {should:.3g} should" in page.words
    assert f"seed {reproduction.seed}" in page.words
    assert f"{reproduction.draws} draws" in page.words


def test_misses_come_worst_first_with_their_explanation(html: str) -> None:
    part = html.split('<ol class="misses">')[1].split("</ol>")[0]
    order = re.findall(r'href="#row-([^"]+)"', part)
    assert order[:3] == ["or-drt", "hna-r10-na", "v40-contact"]
    assert "tolerance units outside" in part


def test_one_bundle_and_no_network(html: str, page: Page) -> None:
    assert len(re.findall(r"\* plotly\.js v", html)) == 1
    assert page.loads == []
    assert "default-src 'none'" in html
    assert {link for link in page.links if not link.startswith("#")} == {
        "https://doi.org/10.1002/aenm.202102579",
        "https://doi.org/10.1039/d2sc05120f",
    }
    assert set(re.findall(r"https?://[^\"' ]+", own_text(html))) <= set(page.links)
    assert len(html) < 8e6


def test_a_button_that_uploads_is_not_offered(html: str) -> None:
    script = own_text(html)
    assert 'modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "resetScale2d"]]' in script
    assert 'plotlyServerURL: ""' in script


def test_simulated_is_marked_on_the_page_and_in_every_plot(page: Page) -> None:
    assert page.words.lower().count("simulated") > 10
    for figure in page.plots.values():
        assert figure["layout"]["annotations"][0]["text"] == "SIMULATED"


def test_plots_have_units_and_all_published_points(reproduction: Reproduction, page: Page) -> None:
    figures = list(page.plots.values())
    for view in reproduction.views:
        titles = prose(view.x_title), prose(view.y_title)
        same = [f for f in figures if _titles(f) in (titles, titles[::-1])]
        assert same, view.id
        if view.published:
            names = [[t["name"] for t in f["data"]] for f in same]
            assert any("published" in n for n in names)
        if view.kind == "nyquist":
            assert same[0]["layout"]["yaxis"]["scaleanchor"] == "x"
            assert same[0]["layout"]["yaxis"]["scaleratio"] == 1


def test_a_point_carries_its_number_alone() -> None:
    point = PublishedPoint(1.0, 12.0, "interface resistance of pristine Na, fresh: 12 Ohm cm2", "Fig 3")
    assert published_points([point], ["top left"])["text"] == ["12 Ω cm²"]


def test_one_number_far_off_does_not_press_the_others_into_a_corner(reproduction: Reproduction) -> None:
    row = next(row for row in reproduction.rows if row.role == "retrodicted" and isinstance(row.published, float))
    rows = [replace(row, id=f"r{n}", published=float(n), computed=1.1 * n) for n in range(1, 41)]
    found = pairs(
        [*rows, replace(row, id="far", published=1e-14, computed=1e-7)],
        dict.fromkeys([*(r.id for r in rows), "far"], ""),
    )
    shown = parity_range(found)
    assert [p.row.id for p in found if not is_within(p, shown)] == ["far"]
    assert 1e-3 < shown[0] < 1 < 44 < shown[1]


def test_what_is_too_wide_and_still_beside_the_number_stands_with_the_misses(reproduction: Reproduction) -> None:
    row = next(row for row in reproduction.rows if row.role == "retrodicted" and isinstance(row.published, float))
    wide = replace(row, id="wide", published=82.0, tolerance=(74.0, 90.0), computed=5.0, status="not informative")
    wide = replace(wide, interval=(1.0, 20.0))
    holding = replace(wide, id="holding", interval=(1.0, 200.0))
    both = replace(reproduction, rows=(wide, holding))
    assert [r.id for r in both.beside()] == ["wide"]
    misses = reproduction_page(both).split('id="misses"')[1].split('id="figures"')[0]
    assert "<code>wide</code>" in misses
    assert "<code>holding</code>" not in misses


def _titles(figure: dict) -> tuple[str, str]:
    return figure["layout"]["xaxis"]["title"]["text"], figure["layout"]["yaxis"]["title"]["text"]


def test_json_round_trip(reproduction: Reproduction) -> None:
    rows = json.loads(figures_json(reproduction))
    assert [tuple(row)[: len(FIRST_KEYS)] for row in rows] == [FIRST_KEYS] * len(rows)
    for read, row in zip(rows, reproduction.rows, strict=True):
        assert read == json.loads(json.dumps(row.to_json()))
        assert read["published"] is None or not isinstance(read["published"], str)
    by_id = {row["id"]: row for row in rows}
    assert by_id["hna-ccd-sno2"]["published"] is None
    assert by_id["hna-ccd-order"]["computed"] is False
    assert by_id["or-short"]["interval"][1] is None


def test_json_takes_numpy_numbers_and_open_tolerances(reproduction: Reproduction) -> None:
    row = replace(reproduction.rows[3], computed=np.float64(12.5), tolerance=(600.0, math.inf))
    (read,) = json.loads(figures_json(replace(reproduction, rows=(row,))))
    assert read["computed"] == 12.5
    assert read["tolerance"] == [600.0, None]
    assert Page(reproduction_page(replace(reproduction, rows=(row,)))).errors == []


@pytest.mark.parametrize(
    "change",
    [{"computed": math.nan}, {"interval": (1.0, math.inf)}, {"computed": [1.0, math.nan]}, {"baseline": math.nan}],
)
def test_nan_is_refused_with_the_row_named(reproduction: Reproduction, change: dict) -> None:
    rows = (replace(reproduction.rows[3], **change),)
    for write in (figures_json, reproduction_page):
        with pytest.raises(ValueError, match=f"hna-r0-na: {next(iter(change))}"):
            write(replace(reproduction, rows=rows))


def test_two_rows_of_one_id_are_refused(reproduction: Reproduction) -> None:
    with pytest.raises(ValueError, match="hna-sigma"):
        reproduction_page(replace(reproduction, rows=reproduction.rows + reproduction.rows[:1]))


def test_hostile_text_stays_text(reproduction: Reproduction, page: Page) -> None:
    row = replace(
        reproduction.rows[5], id=HOSTILE, quantity=HOSTILE, conditions=HOSTILE, where=HOSTILE, note=HOSTILE,
        unit=HOSTILE, method=HOSTILE, tolerance_reason=HOSTILE, baseline_method=HOSTILE, paper=HOSTILE,
        drivers=(Driver(HOSTILE, 0.5),), status="misses",
    )  # fmt: skip
    paper = replace(
        reproduction.papers[0], key=HOSTILE, short=HOSTILE, title=HOSTILE, reference=HOSTILE, doi=HOSTILE,
        systems=(HOSTILE,),
    )  # fmt: skip
    one = np.array([0.0, 1.0])
    views = tuple(
        replace(
            view, paper=HOSTILE, title=HOSTILE, x_title=HOSTILE, y_title=HOSTILE, note=HOSTILE, figures=(HOSTILE,),
            curves=(Curve(HOSTILE, one, one),), published=(PublishedPoint(0, 1, HOSTILE, HOSTILE),),
            x_names=(HOSTILE, HOSTILE) if view.x_names else (),
        )
        for view in reproduction.views[:6]
    )  # fmt: skip
    flag = FlagRow(HOSTILE, HOSTILE, HOSTILE, HOSTILE, "ambiguous")
    html = reproduction_page(
        replace(reproduction, papers=(paper,), rows=(row,), views=views, flags=(flag,), version=HOSTILE)
    )
    read = Page(html)
    assert read.errors == []
    assert "<script>alert" not in html
    assert "{{ 7*7 }}" in read.words
    assert read.tags["script"] == len(read.plots) + 2
    for figure in read.plots.values():
        for trace in figure["data"]:
            assert "<script" not in trace.get("name", "")


def test_gaps_in_a_curve_become_null(reproduction: Reproduction) -> None:
    y = np.array([1.0, math.nan, 3.0, 4.0])
    band = Curve("model", np.arange(4.0), y, y - 1, y + 1)
    view = replace(reproduction.views[0], curves=(band,), published=())
    read = Page(reproduction_page(replace(reproduction, rows=(), views=(view,))))
    area, line = next(iter(read.plots.values()))["data"]
    assert line["y"] == [1.0, None, 3.0, 4.0]
    assert area["y"] == [2.0, 0.0, None, 4.0, 5.0, 3.0, 2.0, None]


def test_an_empty_reproduction_still_makes_a_page(reproduction: Reproduction) -> None:
    empty = replace(reproduction, rows=(), views=(), flags=(), papers=())
    assert Page(reproduction_page(empty)).errors == []
    assert json.loads(figures_json(empty)) == []


def test_a_paper_without_bibliographic_data_keeps_its_rows(reproduction: Reproduction) -> None:
    read = Page(reproduction_page(replace(reproduction, papers=())))
    assert read.errors == []
    assert "paper-pbc-2022" in read.ids
