"""Sphinx configuration."""

import sys
from pathlib import Path

import fakeproof

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "fakeproof"
author = "The fakeproof developers"
copyright = "2026, The fakeproof developers"
version = release = fakeproof.__version__

extensions = [
    "measured",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.viewcode",
]
html_theme = "furo"
html_title = f"fakeproof {release}"
exclude_patterns = ["_build", "jupyter_execute"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # notebooks are executed by `make notebooks`
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
doctest_global_setup = "import numpy as np\nimport fakeproof as fp\nfrom fakeproof.types import Category"
doctest_test_doctest_blocks = "default"
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]
