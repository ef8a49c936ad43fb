"""The checks of the site find each fault on a page that has it, and nothing else."""

import importlib.util
from pathlib import Path

import pytest
import site_browser
import site_build
from site_browser import SIZES, faults_of_page
from site_links import faults_of_links

PAGE = """<!doctype html><meta name="viewport" content="width=device-width">
<title>A page</title><link rel="icon" href="data:,"><body>
<script defer src="mathjax/tex-chtml.js"></script><main>{}</main></body>"""
PICTURE = "src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>\""
FAULTS = {
    "script": ("<script>nowhere()</script>", "the console says"),
    "outside": ("<script src='https://cdn.example.org/a.js'></script>", "console says"),
    "wide": ("<div style='width: 2000px'>Wide.</div>", "the page is 20"),
    "hidden": (
        "<div style='overflow: hidden'><p style='width: 2000px'>Wide.</p></div>",
        "beyond the edge",
    ),
    "all scrolls": (
        "<article style='overflow: auto'><p style='width: 2000px'>W.</p></article>",
        "beyond the edge",
    ),
    "left": ("<p style='margin-left: -50px'>Far left.</p>", "beyond the edge"),
    "picture": ("<img src='none.png' alt='None'>", "a picture is missing"),
    "alt": (f"<img {PICTURE}>", "no alt text"),
    "formula": ("<span class='math'>E = m</span>", "not rendered"),
    "incomplete": (r"<span class='math'>\(\frac{1}\)</span>", "has a mistake"),
    "unknown": (r"<span class='math'>\(\nosuch + 1\)</span>", "has a mistake"),
    "TeX": ("<p class='mathjax_ignore'>\\(x\\)</p>", "as it is"),
    "display": ("<p class='mathjax_ignore'>$$x$$</p>", "as it is"),
    "dollars": ("<p>Where $x > 0$ holds.</p>", "as it is"),
    "Markdown": ("<p>See [here](there.md).</p>", "as it is"),
    "literal": ("<p>The name ``x``.</p>", "as it is"),
    "copy": ("<div class='highlight'><pre>1</pre></div>", "cannot be copied"),
}
SOUND = rf"""<p>A <span class='math'>\(\frac{{1}}{{2}}\)</span> costs $ 5, or 6 $.</p>
<div style='overflow-x: auto'><p style='width: 2000px'>Wide.</p></div>
<img {PICTURE} alt='Nothing'>
<div class='highlight'><pre>$x$</pre><button class='copybtn'>Copy</button></div>"""


def _faults(browser, folder, content, size):
    if reason := site_build.lacking():
        pytest.skip(reason)
    mathjax = importlib.util.find_spec("sphinx-mathjax-offline")
    static = Path(mathjax.submodule_search_locations[0], "static")
    (folder / "mathjax").symlink_to(static / "mathjax")
    (folder / "page.html").write_text(PAGE.format(content))
    with site_build.served(folder) as address:
        return faults_of_page(browser, f"{address}/page.html", size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(browser, tmp_path, fault, size):
    content, sentence = FAULTS[fault]
    found = _faults(browser, tmp_path, content, size)
    assert any(sentence in one for one in found), found


@pytest.mark.parametrize("size", SIZES)
def test_a_sound_page_has_none(browser, tmp_path, size):
    assert _faults(browser, tmp_path, SOUND, size) == []


def test_faults_of_links_are_found(tmp_path):
    (tmp_path / "sub").mkdir()
    index = tmp_path / "index.html"
    sound = "<a href='sub/a.html#b'>a</a><a href='https://example.org/none'>out</a>"
    index.write_text(sound)
    (tmp_path / "sub" / "a.html").write_text("<h1 id='b'>b</h1><a href='#b'>b</a>")
    assert faults_of_links(tmp_path) == []
    index.write_text(
        "<p id='c'></p><p id='c'></p><a href='sub/a.html#c'></a><img src='a.png'>"
        "<a href='../out.html'></a><a href='#d'></a>"
    )
    (tmp_path / "alone.html").write_text("")
    assert faults_of_links(tmp_path) == [
        "index.html has the anchor #c twice",
        "index.html links to sub/a.html#c, which has no such anchor",
        "index.html links to a.png, which does not exist",
        "index.html links to ../out.html, which does not exist",
        "index.html links to #d, which has no such anchor",
        "no link leads to alone.html",
    ]


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "apt-get install chromium chromium-driver" in site_browser.lacking()
    monkeypatch.setattr(site_build, "PACKAGES", ("sphinx", "nosuch"))
    assert site_build.lacking().startswith("The site needs nosuch: pip install")
    monkeypatch.setattr(site_build, "PACKAGES", ())
    assert site_build.lacking() == ""
