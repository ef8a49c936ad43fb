"""Settings of the documentation: `make docs` writes docs/_build/html."""

project = "keras_isgd"
copyright = "the keras_isgd developers, Apache-2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "keras_isgd"
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Keras's own base classes have docstrings in its own Markdown dialect.
autodoc_default_options = {"members": True, "inherited-members": False}
