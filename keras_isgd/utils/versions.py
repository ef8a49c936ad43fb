"""Which versions of Keras and TensorFlow this package works with."""

import re
from collections.abc import Mapping

__all__ = ["OLDEST", "check"]

# The oldest that the tests pass with; pyproject.toml asks for the same.
OLDEST = {"keras": (3, 15), "tensorflow": (2, 21)}


def check(found: Mapping[str, str], backend: str) -> None:
    """Checks versions, before anything else is imported.

    Args:
        found: dictionary of version strings by package.
        backend: Keras's backend.

    Raises:
        ImportError: a version that is too old, or another backend.
    """
    if backend != "tensorflow":
        raise ImportError(
            f"keras_isgd works on Keras's TensorFlow backend, but Keras runs on "
            f"{backend}. Set the environment variable KERAS_BACKEND=tensorflow before "
            "the first import of keras."
        )
    for package, oldest in OLDEST.items():
        numbers = tuple(int(n) for n in re.findall(r"\d+", found[package])[:2])
        if numbers < oldest:
            needed = ".".join(map(str, oldest))
            raise ImportError(
                f"keras_isgd needs {package} {needed} or newer, found "
                f"{found[package]}: pip install --upgrade '{package}>={needed}'"
            )
