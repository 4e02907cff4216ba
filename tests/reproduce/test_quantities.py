"""The figures' analyses where no paper's figure already holds them."""

import pytest

from natrode import simulate
from natrode.reproduce import arithmetic, library
from natrode.reproduce.quantities import NO_ANSWER, Context, analyse


def test_what_grows_while_contact_is_lost_keeps_the_time_constant_of_charge_transfer():
    paper = library.load_paper("or-na-2024")
    trial = paper.trial("or-stripping-orna")
    cell, protocol = paper.cell(trial.cell), paper.protocol(trial.protocol)
    found, _ = analyse("growing-relaxation-time", simulate(cell, protocol), {}, Context(cell, 0.0))
    expected = arithmetic.compute("contact_time_constant", {"interface": "orna/nzsp-orna"}).si
    assert found == pytest.approx(expected, rel=0.1)


def test_nothing_grows_at_rest():
    paper = library.load_paper("or-na-2024")
    trial = paper.trial("or-rest-na")
    cell, protocol = paper.cell(trial.cell), paper.protocol(trial.protocol)
    found = analyse("growing-relaxation-time", simulate(cell, protocol), {}, Context(cell, 0.0))
    assert str(found) == str(NO_ANSWER)
