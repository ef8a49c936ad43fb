"""Libraries that only some geometries need."""

import importlib
import types

__all__ = ["library", "outline_library"]


def library(name: str, what: str) -> types.ModuleType:
    """Imports shapely or trimesh, which come with the extra `geometry`.

    Args:
        name: of the library.
        what: what needs it, the begin of a sentence.

    Raises:
        ImportError: it is not installed; with what to do.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{what} needs {name}: pip install keras_isgd[geometry]."
        ) from error


def outline_library() -> types.ModuleType | None:
    """Returns shapely if it is installed, for areas that are exact with it."""
    try:
        return importlib.import_module("shapely")
    except ImportError:
        return None
