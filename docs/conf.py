"""Settings of the documentation: `make docs` writes docs/_build/html."""

import inspect
import os
import re

import keras
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_gallery import backreferences
from sphinx_gallery.scrapers import figure_rst
from sphinx_gallery.sorting import FileNameSortKey

from keras_isgd import figures

project = "keras_isgd"
copyright = "the keras_isgd developers, Apache-2.0"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "sphinx-mathjax-offline",
]
html_theme = "furo"
html_title = "keras_isgd"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.svg"
smartquotes_action = "De"  # dashes and dots; the quotes of u'' are primes
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
suppress_warnings = ["config.cache"]  # the gallery's sort key is a class
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

_drawn = []


def _noted(plot):
    """`ki.figures.plot`, whose pictures a page of the gallery shows."""

    def noted(*arguments, **named):
        _drawn.append(plot(*arguments, **named))
        return _drawn[-1]

    return noted


def _pictures(block, block_vars, gallery_conf):
    """Writes the pictures that a block of a page has drawn."""
    paths = []
    while _drawn:
        paths.append(next(block_vars["image_path_iterator"]))
        _drawn.pop(0).savefig(paths[-1], dpi=110)
    return figure_rst(paths, gallery_conf["src_dir"])


figures.plot = _noted(figures.plot)
backreferences.THUMBNAIL_TEMPLATE = backreferences.THUMBNAIL_TEMPLATE.replace(
    ":alt:", ":alt: {title}"
)

# Pages that run for half a minute each are run where `GALLERY=1` asks for it; what they
# print and draw is kept then, and shown again as long as a page does not change.
sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": "plot_" if os.environ.get("GALLERY") else "none",
    "within_subsection_order": FileNameSortKey,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "plot_gallery": "True",
    "image_scrapers": (_pictures, "matplotlib"),
    "capture_repr": (),
    "abort_on_example_error": True,
}


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
        plain = [one.replace(annotation=one.empty) for one in parameters]
        return str(inspect.Signature(plain)), returns
    return None


class _WholeNumbers(SphinxPostTransform):
    """Marks what a browser must not break: 1e-14 and L-BFGS at a hyphen, 30 s."""

    default_priority = 900
    formats = ("html",)
    _WHOLE = re.compile(r"(\d[\d.]*e-\d+|\d[\d.,]* m?s\b|L-BFGS)")

    def run(self, **kwargs):
        """Divides the texts of a page."""
        for text in list(self.document.findall(nodes.Text)):
            parts = self._WHOLE.split(text)
            if len(parts) > 1 and not isinstance(text.parent, nodes.FixedTextElement):
                divided = [nodes.Text(part) for part in parts]
                for k in range(1, len(parts), 2):
                    divided[k] = nodes.inline("", parts[k], classes=["whole"])
                text.parent.replace(text, divided)


def setup(app):
    """Connects the docstrings' translation, before napoleon's, and what pages need."""
    app.add_post_transform(_WholeNumbers)
    app.connect("autodoc-process-signature", _constructor)
    app.connect("autodoc-process-docstring", _as_restructured_text, priority=400)
