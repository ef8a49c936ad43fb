"""What is too old is refused with the command that mends it."""

import re
from pathlib import Path

import pytest

from keras_isgd.utils import versions

ROOT = Path(__file__).parents[2]
GOOD = {"keras": "3.15.0", "tensorflow": "2.21.0-rc1"}


def test_what_is_supported_passes():
    versions.check(GOOD, "tensorflow")
    versions.check({"keras": "4.0", "tensorflow": "10.2.1"}, "tensorflow")


@pytest.mark.parametrize(
    ("package", "version"),
    [("keras", "3.9.9"), ("keras", "2.15"), ("tensorflow", "2.9")],
)
def test_what_is_too_old_is_refused(package, version):
    with pytest.raises(ImportError, match=rf"needs {package} .*found {version}.*pip"):
        versions.check({**GOOD, package: version}, "tensorflow")


def test_another_backend_is_refused():
    with pytest.raises(ImportError, match="KERAS_BACKEND=tensorflow"):
        versions.check(GOOD, "jax")


def test_the_package_asks_for_what_is_tested():
    asked = (ROOT / "pyproject.toml").read_text()
    pinned = (ROOT / "tests" / "versions" / "oldest.txt").read_text()
    numbers = dict(re.findall(r"^(.+)==(.+)\.[0*]$", pinned, re.MULTILINE))
    assert len(numbers) == len(pinned.splitlines())
    for package, number in numbers.items():
        # Some have an upper bound behind it.
        assert re.search(rf'"{package}>={re.escape(number)}[",]', asked), package
    for package, oldest in versions.OLDEST.items():
        assert numbers[package] == ".".join(map(str, oldest))
