"""The code of the documentation runs as it stands, and the API page is complete."""

import importlib
import re
from pathlib import Path

import pytest
from by_steps import LimitBySteps, solve_by_steps
from public_rooms import ROOMS

import keras_isgd as ki

DOCS = Path(__file__).parents[1] / "docs"
PAGES = (
    "tutorial.md",
    "which_optimizer.md",
    "problems.md",
    "regression.md",
    "coming_from.md",
    "compare_your_own.md",
    "serving.md",
    "looking_at_a_run.md",
    "tutorials/first_equation.md",
    "tutorials/system.md",
    "tutorials/shape.md",
    "tutorials/inverse.md",
    "tutorials/long_times.md",
    "tutorials/large_network.md",
)
# Pages whose model is not trained to an end, or has no known solution.
SHORT = ("looking_at_a_run.md", "tutorials/long_times.md")


def _blocks(page):
    text = (DOCS / page).read_text()
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def test_no_page_with_code_is_left_out():
    pages = [*DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md")]
    names = {str(page.relative_to(DOCS)) for page in pages}
    assert {name for name in names if _blocks(name)} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_code_blocks_run(page, capsys, monkeypatch):
    monkeypatch.setattr(ki, "solve", solve_by_steps)
    monkeypatch.setattr(ki.callbacks, "TimeLimit", LimitBySteps)
    scope = {"__name__": "docs"}
    for block in _blocks(page):
        exec(compile(block, page, "exec"), scope)
    if page == "regression.md":
        x, y = scope["x"], scope["y"]
        assert scope["net"].evaluate(x, y, batch_size=len(x), verbose=0) < 1e-5
    elif page == "tutorials/inverse.md":
        # Made with 400; the standard error is 3.7.
        low, high = scope["found"].lower["k"], scope["found"].upper["k"]
        assert 385.0 < low < 400.0 < high < 415.0
    elif page == "compare_your_own.md":
        assert scope["best"].errors()["relative_l2"] < 1e-3
    elif page not in SHORT:
        assert scope["model"].errors()["relative_l2"] < 1e-3


# Lists and modules, which have no docstring of their own.
UNDOCUMENTED = {
    "COLOURS",
    "HIGHEST_ERROR",
    "PROBLEMS",
    "SOLVERS",
    "__version__",
    *ROOMS,
}


def _named(name):
    # A function may have the name of its module, which pkgutil would return.
    module, attribute = name.rsplit(".", 1)
    return getattr(importlib.import_module(module), attribute)


def _documented():
    """The objects that docs/api.md describes, by their names there."""
    pattern = r"^\.\. auto(?:class|function):: ([\w.]+)$"
    names = re.findall(pattern, (DOCS / "api.md").read_text(), flags=re.MULTILINE)
    assert len(names) == len(set(names))
    return {name: _named(name) for name in names}


def test_the_api_page_has_every_public_name():
    described = {id(value) for value in _documented().values()}
    missing = [
        f"{module.__name__}.{name}"
        for module in (ki, *(getattr(ki, room) for room in ROOMS))
        for name in module.__all__
        if name not in UNDOCUMENTED and id(getattr(module, name)) not in described
    ]
    assert not missing


def test_the_members_on_the_api_page_exist():
    entry = r"^\.\. autoclass:: ([\w.]+)\n   :members: (.+)$"
    text = (DOCS / "api.md").read_text()
    for name, members in re.findall(entry, text, flags=re.MULTILINE):
        for member in members.split(", "):
            assert hasattr(_named(name), member), f"{name}.{member}"
