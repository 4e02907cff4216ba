import json

from natrode.reproduce.library import load_paper, paper_names
from natrode.reproduce.paper_tables import flag_rows, papers_table


def test_tables_are_json_and_printable():
    for document in (
        papers_table(),
        papers_table("pbc-2022"),
        papers_table("pbc-2022", flags=True),
        papers_table(flags=True),
    ):
        again = json.loads(json.dumps(document, allow_nan=False))
        assert again["results"]
        for part in document.get("tables", [document]):
            assert all(len(row) == len(part["columns"]) for row in part["rows"])
    assert len(papers_table(flags=True)["rows"]) == 54
    ids = {row[0] for row in papers_table("PbC", flags=True)["rows"]}
    assert ids == {flag.id for flag in load_paper("PbC").flags} | {"across-flag-critical-current"}
    row = next(r for r in papers_table("hNa")["results"] if r["id"] == "hna-ccd-sno2")
    assert row["value"] is None
    assert row["quality"] == "blind"


def test_flag_rows_carry_the_recomputation():
    rows = [row for key in paper_names() for row in flag_rows(load_paper(key))]
    assert len(rows) == 54
    flags = {flag.id: flag for key in paper_names() for flag in load_paper(key).flags}
    for row in rows:
        assert bool(row.recomputed) == (flags[row.id].check is not None)
        assert row.verdict in ("contradiction", "consistent", "ambiguous", "statement")
