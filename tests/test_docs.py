"""The code of the documentation runs as it stands."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("tutorial.md", "which_optimizer.md")


def _blocks(page):
    text = (DOCS / page).read_text()
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def test_no_page_with_code_is_left_out():
    assert {p.name for p in DOCS.glob("*.md") if _blocks(p.name)} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_code_blocks_run(page, capsys):
    scope = {"__name__": "docs"}
    for block in _blocks(page):
        exec(compile(block, page, "exec"), scope)
    model = scope["model"]
    assert model.errors()["relative_l2"] < 1e-3
