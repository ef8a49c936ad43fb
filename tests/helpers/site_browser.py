"""Chromium without a window, as a reader of the site would use it."""

import importlib.util
import shutil
from pathlib import Path

SIZES = {"desktop": (1280, 900), "telephone": (390, 844)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_CHECKS = (Path(__file__).parent / "site_page.js").read_text()


def _browser():
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def lacking():
    """A sentence that says what driving a browser needs and does not find, or none."""
    if importlib.util.find_spec("selenium") is None:
        return "The site's tests need selenium: pip install -e '.[test]'."
    if _browser() is None or shutil.which("chromedriver") is None:
        return (
            "The site's tests need Chromium and its driver: "
            "apt-get install chromium chromium-driver."
        )
    return ""


def started():
    """A browser that knows no host but the loopback address."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = _browser()
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options, service)
    browser.set_script_timeout(30)
    browser.set_page_load_timeout(30)
    return browser


def show(browser, address, size):
    """Opens a page on a screen of one of `SIZES`."""
    width, height = SIZES[size]
    screen = {"width": width, "height": height, "deviceScaleFactor": 1}
    screen["mobile"] = size == "telephone"
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(address)


def faults_of_page(browser, address, size):
    """What is wrong with a page: a sentence for each fault."""
    browser.get_log("browser")  # what was before is another page's
    show(browser, address, size)
    faults = browser.execute_async_script(_CHECKS, SIZES[size][0])
    for entry in browser.get_log("browser"):
        if entry["level"] == "SEVERE":
            faults.append(f"the console says: {entry['message']}")
    return faults


def wait(browser, condition, seconds=10):
    """Waits until `condition` of the browser holds, and returns its value."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.wait import WebDriverWait

    gone = (StaleElementReferenceException,)
    return WebDriverWait(browser, seconds, 0.05, gone).until(condition)


def found(browser, selector):
    """The elements that a CSS selector finds."""
    return browser.find_elements("css selector", selector)


def click(browser, element):
    """Clicks on an element, in the middle of the window if the page can be moved."""
    middle = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})"
    browser.execute_script(middle, element)
    element.click()


def heading(browser):
    """The title that a page begins with, without the sign of its own link."""
    titles = found(browser, "h1")
    return titles[0].text.removesuffix("#").strip() if titles else ""


def search(browser, word):
    """The addresses that the site's search finds, by the box beside the page shown."""
    box = found(browser, ".sidebar-search")[0]
    box.send_keys(word)
    box.submit()
    done = "#search-results h2"
    wait(browser, lambda b: [h.text for h in found(b, done)] == ["Search Results"])
    results = found(browser, "#search-results .search li > a")
    return [result.get_attribute("href").split("?")[0] for result in results]
