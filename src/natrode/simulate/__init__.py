"""Virtual cells: the laboratory's protocol run from physical laws; the result is an Experiment of Measurements."""
