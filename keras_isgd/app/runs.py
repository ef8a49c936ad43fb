"""One timed training run and what it left."""

import dataclasses
import json
import os
import signal
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd import callbacks, solving
from keras_isgd.export import export
from keras_isgd.hosts import of_any
from keras_isgd.models import PINN
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer
from keras_isgd.problems import Problem
from keras_isgd.utils.checks import check_count

__all__ = ["Run", "card", "solve", "train", "write"]

_CARD = """# {name}

{summary}

```python
import numpy as np
import tensorflow as tf

solver = tf.saved_model.load("model")
points = np.full((1, {count}), 0.5)  # {coordinates}
print(solver.serve(points))
print(solver.derivatives(points), solver.residual(points))
```

| trained solver | |
|---|---|
{rows}
"""


@dataclasses.dataclass
class Run:
    """A finished run.

    Attributes:
        name: the optimizer's name.
        model: the trained `PINN`.
        settings: what was asked for, serializable.
        records: loss and errors along the way; see `callbacks.ErrorMonitor`.
        result: the final loss, errors (of several outputs those of each too), steps,
            evaluations and seconds; and the equation's coefficients, if it has some.
        interrupted: whether it was stopped by hand.
    """

    name: str
    model: PINN
    settings: dict[str, Any]
    records: list[dict[str, float]]
    result: dict[str, Any]
    interrupted: bool = False


def train(
    name: str,
    model: PINN,
    optimizer: keras.optimizers.Optimizer,
    points: Any,
    seconds: float | None = None,
    steps: int | None = None,
    settings: dict[str, Any] | None = None,
    report: Callable[[dict[str, float]], None] | None = None,
    jit_compile: bool = True,
    extra_callbacks: Iterable[keras.callbacks.Callback] = (),
    steps_per_execution: int | None = None,
) -> Run:
    """Trains a PINN for a time or a number of steps and measures it.

    A first Ctrl-C ends the run cleanly after the step in progress.

    Args:
        name: what to call the run.
        model: an uncompiled `PINN`.
        optimizer: any Keras optimizer.
        points: as for `PINN.fit`.
        seconds: wall-clock limit, compilation included; None for no limit.
        steps: limit on the optimizer's steps; None for no limit.
        settings: dictionary to keep with the result.
        report: function for each record of `ErrorMonitor`.
        jit_compile: whether XLA compiles the train step.
        extra_callbacks: more Keras callbacks.
        steps_per_execution: steps in one call from Python, between which nothing is
            measured; 1 for this package's optimizers and 50 for others if None.

    Returns:
        `Run`.

    Raises:
        ValueError: neither a time nor a number of steps, or a number below 1.
    """
    if seconds is None and steps is None:
        raise ValueError("Give `seconds` or `steps`, or training would never end.")
    chunk = _steps_per_execution(optimizer, steps, steps_per_execution)
    model.compile(
        optimizer=optimizer, jit_compile=jit_compile, steps_per_execution=chunk
    )
    monitor = callbacks.ErrorMonitor(report=report)
    watch = [*extra_callbacks, monitor]
    if seconds is not None:
        watch.append(callbacks.TimeLimit(seconds))
    epochs = 10**9 if steps is None else -(-steps // chunk)
    begin = time.monotonic()
    interrupt = _StopOnInterrupt()
    with interrupt:
        model.fit(
            points,
            epochs=epochs,
            steps_per_epoch=chunk,
            callbacks=[*watch, interrupt],
            verbose=0,
        )
    elapsed = time.monotonic() - begin
    result = {**_measured(model, points, monitor), "seconds": elapsed}
    return Run(
        name, model, dict(settings or {}), monitor.records, result, interrupt.caught
    )


def solve(
    problem: Problem,
    seconds: float,
    seed: int = 0,
    settings: dict[str, Any] | None = None,
    report: Callable[[dict[str, float]], None] | None = None,
    devices: Any = None,
    hosts: bool = False,
) -> Run:
    """Solves a problem by `ki.solve` and measures it.

    A first Ctrl-C ends the run cleanly after the step in progress.

    Args:
        problem: the `Problem`.
        seconds: wall-clock limit, compilation included.
        seed: of the network's weights.
        settings: dictionary to keep with the result.
        report: function for each record of `ErrorMonitor`.
        devices, hosts: see `PINN`.

    Returns:
        `Run`.
    """
    monitor = callbacks.ErrorMonitor(report=report)
    begin = time.monotonic()
    interrupt = _StopOnInterrupt()
    with interrupt, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A model of .* cannot be loaded")
        model = solving.solve(
            problem,
            seconds,
            seed,
            devices=devices,
            hosts=hosts,
            callbacks=[monitor, interrupt],
        )
    elapsed = time.monotonic() - begin
    result = {**_measured(model, model.default_points(), monitor), "seconds": elapsed}
    result["steps"] = monitor.records[-1]["step"] if monitor.records else 0
    settings = {**(settings or {}), "chosen": model.choices}
    return Run("isgd", model, settings, monitor.records, result, interrupt.caught)


def _steps_per_execution(
    optimizer: keras.optimizers.Optimizer, steps: int | None, given: int | None
) -> int:
    if given is None:
        # A gradient step takes milliseconds, of which Keras's own loop is a good part.
        given = 1 if isinstance(optimizer, ClosureOptimizer) else 50
    chunk = check_count("steps_per_execution", given)
    return chunk if steps is None else min(chunk, check_count("steps", steps))


def _measured(
    model: PINN, points: Any, monitor: callbacks.ErrorMonitor
) -> dict[str, Any]:
    found = {name: float(c) for name, c in model.coefficients.items()}
    return {
        "loss": float(model.evaluate(points, verbose=0, return_dict=True)["loss"]),
        **(model.errors() if model.problem.exact is not None else {}),
        **({"coefficients": found} if found else {}),
        "steps": int(model.optimizer.iterations.numpy()),
        "evaluations": monitor.records[-1]["evaluations"] if monitor.records else 0,
    }


def write(run: Run, directory: str | os.PathLike[str]) -> bool:
    """Writes `result.json` and, if the weights are finite, `card.md` and `model`.

    `model` is a SavedModel, `card.md` says what it solves, how well, and which
    command made it.

    Args:
        run: a `Run`.
        directory: created where needed.

    Returns:
        Whether the model was exported.
    """
    os.makedirs(directory, exist_ok=True)
    content = {
        "optimizer": run.name,
        "settings": run.settings,
        "result": run.result,
        "interrupted": run.interrupted,
        "records": run.records,
        "versions": {
            "python": sys.version.split()[0],
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        },
    }
    with open(os.path.join(directory, "result.json"), "w") as file:
        json.dump(content, file, indent=1)
    finite = all(np.isfinite(v.numpy()).all() for v in run.model.weights)
    if finite:
        export(run.model, os.path.join(directory, "model"), overwrite=True)
        with open(os.path.join(directory, "card.md"), "w") as file:
            file.write(card(run))
    return finite


def card(run: Run) -> str:
    """Returns a trained solver's card, Markdown."""
    problem = run.model.problem
    summary = (type(problem).__doc__ or "").strip().partition("\n")[0]
    # The optimizer's whole configuration is in result.json.
    settings = {k: v for k, v in run.settings.items() if k != "configuration"}
    rows = {
        "class": f"`{type(problem).__name__}`",
        "arguments": ", ".join(f"{k} = {v}" for k, v in problem.get_config().items()),
        "source": problem.reference,
        "optimizer": run.name,
        **settings,
        **{key: _printed(value) for key, value in run.result.items()},
        "cores": os.cpu_count(),
        "versions": f"Keras {keras.__version__}, TensorFlow {tf.__version__}",
    }
    lines = [f"| {key.replace('_', ' ')} | {value} |" for key, value in rows.items()]
    return _CARD.format(
        name=type(problem).__name__,
        summary=summary,
        coordinates=", ".join(problem.coordinates),
        count=problem.input_count,
        rows="\n".join(lines),
    )


def _printed(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {number:.6g}" for name, number in value.items())
    return f"{value:.4g}"


class _StopOnInterrupt(keras.callbacks.Callback):
    """Turns the first Ctrl-C into an early end of the `fit` that has this callback."""

    def __init__(self) -> None:
        super().__init__()
        self._previous: Any = None
        self.caught = False

    def __enter__(self) -> "_StopOnInterrupt":
        try:
            self._previous = signal.signal(signal.SIGINT, self._handle)
        except ValueError:  # not the main thread: Ctrl-C goes elsewhere
            self._previous = None
        return self

    def __exit__(self, *exception: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def _handle(self, number: int, frame: types.FrameType | None) -> None:
        if self.caught:
            raise KeyboardInterrupt
        self.caught = True

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.caught = of_any(self.caught)
        if self.caught:
            self.model.stop_training = True
