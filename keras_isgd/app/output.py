"""Where a run of the command line is written."""

import itertools
import os
import shutil

from keras_isgd.app import catalogue

__all__ = ["made_folder"]

# What a run writes, beside a folder for each optimizer that is compared.
_WRITTEN = (
    "card.md",
    "curves.png",
    "predictions.png",
    "report.html",
    "result.json",
    "solution.png",
    "model",
)


def made_folder(given: str | None, title: str, overwrite: bool) -> str:
    """Makes a folder for a run's files, before any training, and returns its path.

    Args:
        given: what the user asked for; None for "runs/" and the title, with the first
            number that is free.
        title: what the run is called.
        overwrite: whether an earlier run in it is removed; other files stay.

    Raises:
        OSError: a folder that has files in it, or cannot be written.
    """
    folder = given or os.path.join("runs", title)
    if overwrite:
        _remove_run(folder)
    elif _taken(folder):
        if given is not None:
            raise FileExistsError(
                f"{folder} has files in it. Choose another --out, or pass --overwrite."
            )
        numbered = (f"{folder}-{number}" for number in itertools.count(2))
        folder = next(path for path in numbered if not _taken(path))
    os.makedirs(folder, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder} cannot be written. Choose another --out.")
    return folder


def _taken(folder: str) -> bool:
    return os.path.isdir(folder) and bool(os.listdir(folder))


def _remove_run(folder: str) -> None:
    """Removes what an earlier run wrote, and nothing else."""
    if not os.path.isfile(os.path.join(folder, "result.json")):
        return
    for name in _WRITTEN:
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.remove(path)
    for name in catalogue.OPTIMIZERS:
        inside = os.path.join(folder, name)
        _remove_run(inside)
        if os.path.isdir(inside) and not os.listdir(inside):
            os.rmdir(inside)
