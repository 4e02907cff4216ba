import pytest

from natrode.errors import SpecificationError
from natrode.reproduce import library
from natrode.reproduce.library import load_paper, paper_names
from natrode.reproduce.paper_file import read_paper

GOOD = """
key = "demo"
short = "D"
title = "A demonstration"

[cells.na]
name = "na"
electrolyte = { material = "nzsp-hna", thickness = "1 mm", diameter = "1 cm" }
electrode = { working = { interface = "pristine-na/nzsp-hna" }, counter = { interface = "pristine-na/nzsp-hna" } }

[protocols.cycling]
name = "cycling"
steps = [{ type = "cycling", current_density = "0.1 mA/cm2", capacity = "0.1 mAh/cm2", cycles = 3 }]

[[experiments]]
id = "trial"
cell = "na"
protocol = "cycling"

[[figures]]
id = "demo-life"
quantity = "life"
value = 5.0
unit = "h"
dimension = "time"
role = "fitted"
tolerance = { relative = 0.1 }
tolerance_reason = "10 % on times"
experiment = "trial"
analysis = "life"

[[flags]]
id = "demo-flag"
statement = "a flag"
verdict = "statement"

[calibration]
seed = 1
figures = ["demo-life"]

[[calibration.parameters]]
name = "void_capacity"
interfaces = ["pristine-na/*hna"]
distribution = "log-uniform"
low = "1 um"
high = "2 um"
reason = "any"
"""


def written(tmp_path, text, name="demo"):
    path = tmp_path / f"{name}.toml"
    path.write_text(text)
    return path


def test_a_good_file_reads(tmp_path):
    paper = read_paper(written(tmp_path, GOOD))
    assert paper.cell("na").name == "na"
    assert paper.protocol("cycling").steps[0].cycles == 3
    assert paper.calibration.parameters[0].interfaces == ("pristine-na/nzsp-hna",)
    assert paper.trial("trial").calibration == "default"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('short = "D"', 'shrt = "D"', "unknown key 'shrt'.*short"),
        ('key = "demo"', 'key = "dmo"', "must be the name of the file, 'demo'"),
        ('quantity = "life"', 'quantity = "life"\nexprmnt = "x"', "exprmnt.*experiment"),
        ('cell = "na"', 'cell = "sodium"', "unknown cell 'sodium'"),
        ('protocol = "cycling"', 'protocol = "cycle"', "unknown protocol 'cycle'.*cycling"),
        ('experiment = "trial"', 'experiment = "tral"', "unknown experiment 'tral'.*trial"),
        ('dimension = "time"', 'dimension = "tim"', "dimension.*time"),
        ('unit = "h"', 'unit = "mV"', "not a unit of time"),
        ('role = "fitted"', 'role = "fited"', "role.*allowed are"),
        ('role = "fitted"', 'role = "input"', "only fitted figures"),
        ('role = "fitted"', 'role = "validation"', "validation-"),
        ('role = "fitted"', 'role = "blind"', "a blind figure has no value"),
        ('role = "fitted"', 'role = "retrodicted"', "baseline: is missing"),
        ("value = 5.0\n", "", "value: is missing"),
        ('analysis = "life"', 'analysis = "lives"', "unknown 'lives'.*life"),
        ('analysis = "life"', "", "give 'analysis', or 'not_computed'"),
        ('analysis = "life"', 'analysis = "life"\narguments = { when = "1 h" }', "unknown argument 'when'"),
        ('analysis = "life"', 'analysis = "life"\narguments = { criterion = "death" }', "'death', allowed are any"),
        ('analysis = "life"', 'analysis = "survives"\narguments = { duration = "5" }', "number without a unit"),
        ('analysis = "life"', 'analysis = "survives"\narguments = { duration = "5 V" }', "not a unit of time"),
        ('analysis = "life"', 'analysis = "arithmetic"\narguments = { function = "same_az" }', "same_as"),
        ('analysis = "life"', 'analysis = "arithmetic"\narguments = { function = "same_as", figur = "x" }', "figur"),
        ('tolerance_reason = "10 % on times"', "", "go together"),
        ("{ relative = 0.1 }", "{ relative = 0.1, factor = 2.0 }", "one of them"),
        ('verdict = "statement"', 'verdict = "wrong"', "verdict"),
        ('verdict = "statement"', 'verdict = "statement"\ncheck = "hna_one_fift"', "hna_one_fifth"),
        ('figures = ["demo-life"]', 'figures = ["demo-lif"]', "unknown figure 'demo-lif'.*demo-life"),
        ("void_capacity", "void_capacit", "unknown parameter 'void_capacit'.*void_capacity"),
        ("pristine-na/*hna", "pristne-na/nzsp-hna", "unknown 'pristne-na/nzsp-hna'.*pristine-na/nzsp-hna"),
        ('low = "1 um"', 'low = "1"', "number without a unit"),
        ('low = "1 um"', 'low = "3 um"', "low must be the smaller one"),
        ('low = "1 um"', 'low = "0 um"', "above zero"),
    ],
)  # fmt: skip
def test_mistakes_are_one_sentence(tmp_path, old, new, message):
    assert GOOD.count(old) >= 1
    with pytest.raises(SpecificationError, match=message) as error:
        read_paper(written(tmp_path, GOOD.replace(old, new, 1)))
    assert "demo.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_ids_stand_once(tmp_path):
    again = GOOD[GOOD.index("[[experiments]]") : GOOD.index("[[figures]]")]
    with pytest.raises(SpecificationError, match=r"experiments\.trial: this id stands there twice"):
        read_paper(written(tmp_path, GOOD.replace("[[experiments]]", again + "[[experiments]]", 1)))


def test_cells_and_protocols_are_read_when_asked_for(tmp_path):
    paper = read_paper(
        written(tmp_path, GOOD.replace('thickness = "1 mm"', 'thickness = "-1 mm"').replace("cycles = 3", "cycles = 0"))
    )
    with pytest.raises(SpecificationError, match=r"demo\.toml: cells\.na: electrolyte\.thickness"):
        paper.cell("na")
    with pytest.raises(SpecificationError, match=r"demo\.toml: protocols\.cycling: steps"):
        paper.protocol("cycling")
    with pytest.raises(SpecificationError, match="unknown cell 'nan'; did you mean 'na'"):
        paper.cell("nan")


# ---- validation files -----------------------------------------------------------------------------------------


def validation(number):
    """The good file as a validation file whose names end with `number`."""
    text = GOOD[: GOOD.index("[calibration]")].replace('"demo"', f'"validation-{number}"\nkind = "validation"')
    text = text.replace('role = "fitted"', 'role = "validation"\nreference = "Somewhere (2020)"')
    for name in ('"trial"', '"demo-life"', '"demo-flag"'):
        text = text.replace(name, f'{name[:-1]}-{number}"')
    for name in ("cells.na]", "protocols.cycling]"):
        text = text.replace(name, f"{name[:-1]}-{number}]")
    return text.replace('cell = "na"', f'cell = "na-{number}"').replace(
        'protocol = "cycling"', f'protocol = "cycling-{number}"'
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    caches = (library._load, library.paper_names, library._all_figures)
    monkeypatch.setattr(library, "_PAPERS", tmp_path)
    for cached in caches:
        cached.cache_clear()
    yield tmp_path
    for cached in caches:
        cached.cache_clear()


def test_validation_files_are_one_paper(folder):
    for number in (1, 2):
        written(folder, validation(number), f"validation-{number}")
    assert paper_names() == ()
    paper = load_paper("validation")
    assert paper.key == paper.kind == "validation"
    assert [figure.id for figure in paper.figures] == ["demo-life-1", "demo-life-2"]
    assert set(paper.cells) == {"na-1", "na-2"}
    assert paper.figures[0].reference == "Somewhere (2020)"
    assert paper.calibrations == {}
    assert paper.cell("na-2").name == "na"


def test_validation_files_must_not_share_names(folder):
    for number in (1, 2):
        text = validation(number)
        written(
            folder,
            text.replace(f"cells.na-{number}", "cells.na").replace(f'"na-{number}"', '"na"'),
            f"validation-{number}",
        )
    with pytest.raises(SpecificationError, match=r"cells\.na: this name stands in .*validation-1"):
        load_paper("validation")


def test_nothing_is_calibrated_on_validation(folder):
    text = validation(1) + GOOD[GOOD.index("[calibration]") :]
    written(folder, text, "validation-1")
    with pytest.raises(SpecificationError, match="nothing is calibrated on validation figures"):
        load_paper("validation")


def test_without_validation_files(folder):
    with pytest.raises(SpecificationError, match="there is no file validation"):
        load_paper("validation")
