"""Sphinx configuration; `make docs` treats every warning as an error."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from natrode import __version__

project = "natrode"
author = "The natrode developers"
copyright = author
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "natrode_docs",
    "mathtext",
]
exclude_patterns = ["_build", "_ext", "generated/changelog.md", "generated/rooms.md"]

myst_enable_extensions = ["dollarmath", "deflist", "attrs_inline", "colon_fence", "fieldlist"]
myst_heading_anchors = 3
html_math_renderer = "mathtext"
myst_update_mathjax = False
nb_execution_mode = "force"  # a cache would keep numbers of an older natrode
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

default_role = "code"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "natrode"
html_static_path = ["_static"]
html_css_files = ["natrode.css"]
html_theme_options = {"navigation_with_keys": True}
html_copy_source = False
copybutton_exclude = ".linenos, .gp, .go"
