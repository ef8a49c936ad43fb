"""Many runs of `ki.solve`: seeds, and problems with different numbers."""

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.problems import Problem
from keras_isgd.solving.solve import solve
from keras_isgd.utils.checks import check_count, check_positive, check_seed

__all__ = ["Sweep", "sweep"]

# A worker that dies takes its run with it; so often it is begun again.
_ATTEMPTS = 3
_EXTRA = "pip install joblib"


@dataclasses.dataclass(frozen=True)
class Sweep:
    """What many runs came to.

    Attributes:
        runs: a dictionary for each: its name, seed and seconds, the loss, errors where
            a solution is known, the coefficients, and the path of its weights.
    """

    runs: list[dict[str, Any]]

    def best(self) -> dict[str, Any]:
        """Returns the run with the smallest error, or loss where no error is known."""
        return min(self.runs, key=_measure)

    def __str__(self) -> str:
        keys: list[str] = []
        for run in self.runs:
            keys += [k for k in run if k not in keys and k not in ("weights", "took")]
        rows = [keys] + [[_shown(run.get(key)) for key in keys] for run in self.runs]
        sizes = [max(len(row[i]) for row in rows) for i in range(len(keys))]
        return "\n".join(
            "  ".join(cell.rjust(size) for cell, size in zip(row, sizes))
            for row in rows
        )


def sweep(
    problem: Problem | Mapping[str, Problem],
    seconds: float = 120.0,
    seeds: int | Iterable[int] = 8,
    workers: int = 1,
    folder: str | os.PathLike[str] = "runs/sweep",
    **settings: Any,
) -> Sweep:
    """Solves a problem from several seeds, or several problems, in processes.

    Each run is a process of its own, by joblib: `workers` of them at a time on this
    machine, which share its cores; or wherever `joblib.parallel_config(backend="dask")`
    or another of joblib's backends sends them. A run leaves its result and its weights
    in the folder, and is not made again if it is there: a sweep that was interrupted
    goes on. The run of a worker that dies is begun again.

    Args:
        problem: a `Problem`, or a dictionary of them by name. They travel to the
            workers by pickle.
        seconds: of each run; see `ki.solve`.
        seeds: their number, from 0 on, or the seeds themselves.
        workers: processes at a time.
        folder: where results are kept.
        **settings: further arguments of `ki.solve`, such as `width`.

    Returns:
        `Sweep`, whose `str` is a table.

    Raises:
        ValueError: an argument out of range, `hosts`, or no runs.
        ImportError: joblib is not installed.
        RuntimeError: a run whose worker died several times.
    """
    try:
        import joblib
    except ImportError as error:
        raise ImportError(f"A sweep needs joblib: {_EXTRA}") from error
    if settings.get("hosts"):
        raise ValueError(
            "The runs of a sweep are processes of their own, which cannot share the "
            "rows of one loss: leave `hosts` out, or call ki.solve(..., hosts=True)."
        )
    check_positive("seconds", seconds)
    check_count("workers", workers)
    chosen = range(check_count("seeds", seeds)) if isinstance(seeds, int) else seeds
    problems = problem if isinstance(problem, Mapping) else {_name(problem): problem}
    tasks = [
        (made, name, check_seed(seed))
        for name, made in problems.items()
        for seed in chosen
    ]
    if not tasks:
        raise ValueError("Expected at least one problem and one seed to run.")
    where = Path(folder)
    where.mkdir(parents=True, exist_ok=True)
    threads = max((os.cpu_count() or 1) // workers, 1)
    for _ in range(_ATTEMPTS):
        missing = [task for task in tasks if not _path(where, *task[1:]).exists()]
        if not missing:
            break
        calls = (
            joblib.delayed(_one)(
                *task, seconds, str(where.absolute()), threads, settings
            )
            for task in missing
        )
        try:
            joblib.Parallel(n_jobs=workers)(calls)
        except Exception as error:
            # loky's and Dask's own errors when a worker is killed; those of a run are
            # the user's to see.
            if "worker" not in type(error).__name__.lower():
                raise
    lost = [f"{n} seed {s}" for _, n, s in tasks if not _path(where, n, s).exists()]
    if lost:
        raise RuntimeError(
            f"The workers of {', '.join(lost)} died {_ATTEMPTS} times: is there enough "
            "memory for so many at a time? Take fewer workers, and call it again; what "
            f"is in {where} is not made again."
        )
    found = [json.loads(_path(where, n, s).read_text()) for _, n, s in tasks]
    return Sweep(found)


def _one(
    problem: Problem,
    name: str,
    seed: int,
    seconds: float,
    folder: str,
    threads: int,
    settings: Mapping[str, Any],
) -> None:
    """One run, in a worker."""
    _share_cores(threads)
    keras.backend.clear_session()
    path = _path(Path(folder), name, seed)
    model = solve(problem, seconds, seed, verbose=0, **settings)
    weights = path.with_suffix(".weights.h5")
    model.save_weights(weights)
    points = model.default_points()
    loss = model.evaluate(points, steps=1, verbose=0, return_dict=True)["loss"]
    result = {
        "problem": name,
        "seed": seed,
        "loss": float(loss),
        **(model.errors() if model.problem.exact is not None else {}),
        **{n: float(c.numpy()) for n, c in model.coefficients.items()},
        "weights": str(weights),
    }
    # Whole or not at all: what is there counts as done.
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result, indent=1) + "\n")
    part.replace(path)


def _share_cores(threads: int) -> None:
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        pass  # a worker that has run before keeps what it has


def _path(folder: Path, name: str, seed: int) -> Path:
    return folder / f"{name}-seed{seed}.json"


def _name(problem: Problem) -> str:
    return type(problem).__name__


def _measure(run: Mapping[str, Any]) -> float:
    value = run.get("relative_l2", run["loss"])
    return float(np.nan_to_num(value, nan=np.inf))


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
