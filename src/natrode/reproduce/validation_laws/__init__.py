"""Figures of other papers that are laws, not runs of one cell: contact, voids, mechanics, conduction, series of runs.

Published inputs stand in the validation files, material values and laws in natrode's data and physics. A truth is
returned as 1 or 0. Importing the package adds its functions to the registry of `natrode.reproduce.arithmetic`.
"""

from natrode.reproduce.validation_laws import conduction, contact_pressure, mechanics, series, void_growth

__all__ = ["conduction", "contact_pressure", "mechanics", "series", "void_growth"]
