import os

import filelock
import pytest
import site_browser
import site_build


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site, one for all processes of a run."""
    if reason := site_build.lacking():
        pytest.skip(reason)
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, outcome = shared / "site", shared / "site.txt"
    with filelock.FileLock(shared / "site.lock"):
        if not outcome.exists():
            outcome.write_text("The site could not be built in the other process.")
            site_build.build(folder)
            outcome.write_text("")
    if failed := outcome.read_text():
        pytest.fail(failed)
    return folder / "html"


@pytest.fixture(scope="session")
def browser():
    """One browser for all pages."""
    if reason := site_browser.lacking():
        pytest.skip(reason)
    started = site_browser.started()
    yield started
    started.quit()


@pytest.fixture(scope="session")
def address(browser, site):
    """Where the site is served."""
    with site_build.served(site) as address:
        yield address
