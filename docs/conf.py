"""Settings of the documentation: `make docs` writes docs/_build/html."""

import inspect
import re

import keras

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


# The docstrings are plain text: a Markdown reader's conventions, formulas with bars.
_SECTION = re.compile(r"(Args|Returns|Raises|Attributes):$")

_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)(\w?)")


def _as_literal(match):
    # A letter right behind would keep the literal open.
    return f"``{match[1]}``" + (f"\\ {match[2]}" if match[2] else "")


def _as_restructured_text(app, what, name, obj, options, lines):
    section = literal = False
    result = []
    for line in lines:
        indented = line.startswith("    ")
        if line and not indented:
            if literal and result[-1]:
                result.append("")
            section, literal = bool(_SECTION.match(line)), False
        if indented and not section and not literal:
            result += ["::", ""]
            literal = True
        if not literal:
            line = _CODE.sub(_as_literal, line)
            line = re.sub(r"(?<!`)\|(?![^`]*``)", r"\\|", line)
            line = "Example" if line == "Example:" else line
        result.append(line)
    lines[:] = result


def _constructor(app, what, name, obj, options, signature, returns):
    # A Keras layer or model has a `__new__` that takes anything, which would be shown.
    if what == "class" and issubclass(obj, keras.Layer):
        parameters = list(inspect.signature(obj.__init__).parameters.values())[1:]
        return str(inspect.Signature(parameters)), returns
    return None


def setup(app):
    """Connects the docstrings' translation, before that of napoleon."""
    app.connect("autodoc-process-signature", _constructor)
    app.connect("autodoc-process-docstring", _as_restructured_text, priority=400)
