"""The documentation's site: built in a folder of its own, and served from there."""

import contextlib
import functools
import http.server
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGES = (
    "sphinx",
    "furo",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_gallery",
    "sphinx-mathjax-offline",
)


def lacking():
    """A sentence that says what the build needs and does not find, or none."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if not missing:
        return ""
    return f"The site needs {', '.join(missing)}: pip install -e '.[docs]'."


def build(folder):
    """Builds the site into `folder`, as `make docs` does, from copies of its sources.

    The gallery writes pages beside its sources, which in the tree may be those of
    `make gallery`.
    """
    built = shutil.ignore_patterns("_build", "gallery", "sg_execution_times.rst")
    shutil.copytree(REPOSITORY / "docs", folder / "docs", ignore=built)
    gallery = Path("examples", "gallery")
    shutil.copytree(REPOSITORY / gallery, folder / gallery)
    environment = {k: v for k, v in os.environ.items() if k != "GALLERY"}
    environment["PYTHONPATH"] = str(REPOSITORY)
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    result = subprocess.run(
        [*sphinx, folder / "docs", folder / "html"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if result.returncode:
        raise AssertionError(f"The site could not be built:\n{result.stderr[-4000:]}")
    return folder / "html"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def served(folder):
    """Serves `folder` on the loopback address, which is returned."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
