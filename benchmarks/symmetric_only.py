"""`natrode reproduce` with the rows of full cells left as "not computed": the part that has a time limit of its own.

`python -m benchmarks.symmetric_only ARGUMENTS` is `natrode reproduce ARGUMENTS`.
"""

import sys
from dataclasses import replace

from natrode.cell import FullCell
from natrode.cli.main import main
from natrode.reproduce import library
from natrode.reproduce.analyses import ACROSS
from natrode.reproduce.paper import Figure, Paper
from natrode.reproduce.trials import flattened


def symmetric(paper: Paper) -> Paper:
    """The paper without its full cells."""
    full = {trial.id for trial in paper.trials if isinstance(paper.cell(trial.cell), FullCell)}

    def left(figure: Figure) -> Figure:
        order = figure.arguments["order"] if figure.analysis in {*ACROSS, "compare-experiments"} else ()
        asked = {figure.experiment, *flattened(order)}
        return replace(figure, not_computed="full cells are left out") if asked & full else figure

    return replace(paper, figures=tuple(map(left, paper.figures)), losses=(), comparison=None)


if __name__ == "__main__":
    whole = library.load_paper
    library.load_paper = lambda name: symmetric(whole(name))
    sys.argv = ["natrode", "reproduce", *sys.argv[1:]]
    main()
