"""The documentation's site, read by a browser at two widths."""

import pytest
import site_browser
from site_browser import SIZES, click, found, heading, search, show, wait
from site_links import faults_of_links

pytestmark = pytest.mark.slow  # whichever test is the first builds the site


def test_links_lead_somewhere(site):
    faults = faults_of_links(site)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("size", SIZES)
def test_pages_are_whole(site, browser, address, size):
    pages = sorted(page.relative_to(site).as_posix() for page in site.rglob("*.html"))
    assert len(pages) > 70
    faults = [
        f"{page}: {fault}"
        for page in pages
        for fault in site_browser.faults_of_page(browser, f"{address}/{page}", size)
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("Kovasznay", "gallery/plot_12_kovasznay.html"),
        ("ClosureTraining", "api.html"),
        ("PINNacle", "results/pinnacle.html"),
        ("qwxzzv", None),
    ],
)
def test_search_finds_what_there_is(browser, address, word, page):
    show(browser, f"{address}/tutorial.html", "desktop")
    results = {result.split("#")[0] for result in search(browser, word)}
    if page is None:
        assert not results
    else:
        assert f"{address}/{page}" in results


def _named(browser, selector, text):
    (link,) = [a for a in found(browser, selector) if a.text == text]
    return link


def test_the_sidebar_leads_to_pages(browser, address):
    show(browser, f"{address}/index.html", "desktop")
    names = [a.text for a in found(browser, ".sidebar-tree > ul > li > a")]
    assert len(names) > 30
    for name in names[:: len(names) // 6]:
        click(browser, _named(browser, ".sidebar-tree a", name))
        wait(browser, lambda b, name=name: heading(b) == name)


def _left(browser, selector):
    return found(browser, selector)[0].rect["x"]


def test_the_menu_of_a_telephone_opens_the_sidebar(browser, address):
    show(browser, f"{address}/index.html", "telephone")
    assert _left(browser, ".sidebar-drawer") < -100
    found(browser, ".mobile-header label[for='__navigation']")[0].click()
    wait(browser, lambda b: _left(b, ".sidebar-drawer") == 0)
    click(browser, _named(browser, ".sidebar-tree a", "How it works"))
    wait(browser, lambda b: heading(b) == "How it works")
    assert browser.current_url == f"{address}/explanation.html"
    assert _left(browser, ".sidebar-drawer") < -100


def test_the_contents_of_a_page_open_on_a_telephone(browser, address):
    show(browser, f"{address}/explanation.html", "telephone")
    width = SIZES["telephone"][0]
    assert _left(browser, ".toc-drawer") >= width
    found(browser, ".mobile-header label[for='__toc']")[0].click()
    wait(browser, lambda b: _left(b, ".toc-drawer") < width / 2)
    title = found(browser, "#large-networks h2")[0]
    top = "return arguments[0].getBoundingClientRect().top"
    assert browser.execute_script(top, title) > SIZES["telephone"][1]
    click(browser, _named(browser, ".toc-tree a", "Large networks"))
    wait(browser, lambda b: 0 <= b.execute_script(top, title) < 200)


@pytest.mark.parametrize("size", SIZES)
def test_a_click_copies_a_block_of_code(browser, address, size):
    clipboard = {"origin": address, "permissions": ["clipboardReadWrite"]}
    browser.execute_cdp_cmd("Browser.grantPermissions", clipboard)
    read = "navigator.clipboard.readText().then(arguments[0], () => arguments[0](''))"
    show(browser, f"{address}/tutorials/first_equation.html", size)
    blocks = found(browser, "div.highlight")
    assert len(blocks) > 2
    for block in blocks[:2]:
        (button,) = block.find_elements("css selector", "button.copybtn")
        click(browser, button)
        wait(
            browser,
            lambda b, button=button: "success" in button.get_dom_attribute("class"),
        )
        assert button.get_dom_attribute("data-tooltip") == "Copied!"
        (code,) = block.find_elements("css selector", "pre")
        assert browser.execute_async_script(read).strip() == code.text.strip()
