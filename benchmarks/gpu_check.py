"""The same numbers on an accelerator as on a CPU, and seconds a step on both.

    python benchmarks/gpu_check.py                # the first GPU, else the CPU
    python benchmarks/gpu_check.py --short        # seconds instead of minutes
    python benchmarks/gpu_check.py --out gpu.json

Each check says what it compared and how far apart the numbers are. One that fails is
told and the others go on. Nothing is downloaded and nothing but the package and
TensorFlow is needed.
"""

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.linalg import lapack, on_device
from keras_isgd.models.default_network import default_network


def main() -> None:
    """Runs all checks and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--short", action="store_true", help="small networks, few steps"
    )
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    names = [check.__name__ for check in CHECKS]
    parser.add_argument("--checks", nargs="+", choices=names, default=names)
    options = parser.parse_args()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    gpus = tf.config.list_logical_devices("GPU")
    device = gpus[0].name if gpus else "/device:CPU:0"
    found: dict = {"device": _name(device), "tensorflow": tf.__version__}
    print(f"{found['device']} beside the CPU, TensorFlow {tf.__version__}")
    for check in CHECKS:
        if check.__name__ not in options.checks:
            continue
        begin = time.monotonic()
        try:
            result = check(device, options.short)
        except Exception as error:
            traceback.print_exc()
            result = {"failed": str(error)}
        print(f"{check.__name__:18} {result}", flush=True)
        found[check.__name__] = {**result, "took": time.monotonic() - begin}
        if options.out:
            options.out.write_text(json.dumps(found, indent=1) + "\n")
    if any("failed" in result for result in found.values()):
        sys.exit(1)


def _name(device: str) -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if "GPU" in device and gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return details.get("device_name", device)
    return "CPU"


def _model(device: str, width: int = 40, **arguments: object) -> ki.PINN:
    """The paper's Helmholtz problem on a network of sines, on a device."""
    with tf.device(device):
        network = ki.networks.mlp(
            inputs=2, width=width, depth=1, activation="sine", input_scale=7.0, seed=0
        )
        weights = {"dirichlet_boundary": 100.0}
        model = ki.PINN(network, ki.problems.Helmholtz2D(k=4.0), loss_weights=weights)
        optimizer = arguments.pop("optimizer", None)
        model.compile(optimizer=optimizer or ki.ISGD(), **arguments)
    return model


def _points(model: ki.PINN, interior: int, boundary: int) -> object:
    return model.problem.points(interior, boundary, method="sobol", seed=0)


def _gap(a: object, b: object) -> float:
    a, b = np.asarray(a, float), np.asarray(b, float)
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-300))


def loss_and_jacobian(device: str, short: bool) -> dict:
    """Loss, gradient, Jacobian and J J^T on both."""
    numbers = {}
    for where in (device, "/device:CPU:0"):
        with tf.device(where):
            model = _model(where)
            objective = model.objective(next(iter(_points(model, 60, 12))))
            w = objective.parameters.read()
            at = objective.evaluate(w)
            gram = objective.gram(w)
            numbers[where, "loss"] = at.value.numpy()
            numbers[where, "gradient"] = at.gradient.numpy()
            numbers[where, "jacobian"] = objective.linearise(w)[1].numpy()
            if gram is not None:
                numbers[where, "gram"] = gram.gram.numpy()
    names = {name for _, name in numbers}
    return {n: _gap(numbers[device, n], numbers["/device:CPU:0", n]) for n in names}


def factorisations(device: str, short: bool) -> dict:
    """TensorFlow's factorisations on the device beside LAPACK's, and one that fails."""
    rng = np.random.default_rng(0)
    found = {}
    for name, shape in {"rows": (40, 90), "weights": (90, 40)}.items():
        jacobian, residual = rng.normal(size=shape), rng.normal(size=shape[0])
        sample, damping = shape[0] <= shape[1], np.float64(1e-3)
        reduced = lapack.reduce(jacobian, residual, False)
        expected = lapack.damped(*reduced[:2], damping, False, sample)
        with tf.device(device):
            matrix, right, _ = on_device.reduce_gram(
                tf.constant(jacobian), tf.constant(residual)
            )
            lamda = tf.constant(damping)
            _, decrease, _ = on_device.damped(matrix, right, lamda, sample)
        found[name] = _gap(decrease, expected[1])
    with tf.device(device):
        broken = on_device.damped(
            tf.constant([[1.0, 2.0], [2.0, 1.0]], tf.float64),
            tf.ones(2, tf.float64),
            tf.constant(1e-9, tf.float64),
            True,
        )
    found["an indefinite matrix gives NaN"] = bool(np.isnan(broken[1].numpy()))
    return found


def switch(device: str, short: bool) -> dict:
    """The paper's Algorithm 1: Adam inside ISGD, then outer Adam after K0 steps."""
    inner = ki.solvers.Adam(1e-3, steps=20)
    model = _model(device, optimizer=ki.ISGD(0.5, inner=inner))
    over = ki.callbacks.SwitchOptimizer(keras.optimizers.Adam(1e-3), after_steps=5)
    history = model.fit(
        _points(model, 200, 40), epochs=12, callbacks=[over], verbose=0
    ).history
    return {
        "switched": isinstance(model.optimizer.active, keras.optimizers.Adam),
        "steps": int(model.optimizer.iterations.numpy()),
        "loss fell": history["loss"][-1] < history["loss"][0],
    }


def resume(device: str, short: bool) -> dict:
    """A run that was interrupted ends at the weights of one that was not."""

    def run(epochs: int, folder: str) -> ki.PINN:
        model = _model(device, width=20)
        backup = ki.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
        points = _points(model, 100, 20)
        model.fit(points, epochs=epochs, callbacks=[backup], verbose=0)
        return model

    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        whole = run(6, one)
        run(3, two)
        again = run(6, two)
    gaps = [
        np.abs(a.numpy() - b.numpy()).max()
        for a, b in zip(whole.weights, again.weights, strict=True)
    ]
    return {"largest difference of a weight": float(max(gaps))}


def export(device: str, short: bool) -> dict:
    """An exported solver has the model's values."""
    model = _model(device)
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (50, 2))
    with tempfile.TemporaryDirectory() as folder:
        ki.export(model, folder, overwrite=True)
        solver = tf.saved_model.load(folder)
        served = solver.serve(tf.constant(x))
    return {"values": _gap(served, model.predict(x, verbose=0))}


def accuracy(device: str, short: bool) -> dict:
    """Gauss-Newton on Helmholtz' equation: how far, in which time."""
    model = _model(device, width=40 if short else 200, jit_compile=not short)
    sizes = (120, 24) if short else (500, 80)
    limit = ki.callbacks.TimeLimit(5 if short else 40)
    begin = time.monotonic()
    model.fit(_points(model, *sizes), epochs=10**6, callbacks=[limit], verbose=0)
    steps = int(model.optimizer.iterations.numpy())
    took = time.monotonic() - begin
    return {"relative_l2": model.relative_l2(), "steps": steps, "seconds": took}


def large_network(device: str, short: bool) -> dict:
    """A network of 50,905 weights that was not chosen for its solution."""
    problem = ki.problems.Helmholtz2D(k=4.0)
    with tf.device(device):
        width, depth = (10, 2) if short else (100, 6)
        network = default_network(problem, width, depth, 0)
        model = ki.PINN(network, problem)
        model.compile(optimizer=ki.ISGD(), jit_compile=not short)
    limit = ki.callbacks.TimeLimit(3 if short else 60)
    model.fit(epochs=1, steps_per_epoch=10**6, callbacks=[limit], verbose=0)
    steps = int(model.optimizer.iterations.numpy())
    error, weights = model.relative_l2(), model.count_params()
    return {"weights": weights, "steps": steps, "relative_l2": error}


def seconds_a_step(device: str, short: bool) -> dict:
    """Seconds a step of each kind, on the device and on the CPU."""
    steps, width = (3, 20) if short else (20, 100)
    kinds: dict[str, Callable[[], object]] = {
        "gauss-newton": ki.ISGD,
        "spring": lambda: ki.ISGD(step_control=ki.SPRING()),
        "isgd-adam": lambda: ki.ISGD(0.5, inner=ki.solvers.Adam(1e-3, steps=20)),
        "isgd-lbfgs": lambda: ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=20)),
        "lbfgs": lambda: ki.LBFGS(steps=10),
        "ssbroyden": ki.SSBroyden,
        "adam": lambda: keras.optimizers.Adam(1e-3),
    }
    found = {}
    for name, make in kinds.items():
        for where in dict.fromkeys([device, "/device:CPU:0"]):
            with tf.device(where):
                optimizer = make()
            model = _model(where, width, optimizer=optimizer, jit_compile=not short)
            rows = (width, width // 5)  # fewer than weights, for SPRING
            points = _points(model, *rows)
            with tf.device(where):
                model.fit(points, epochs=1, verbose=0)
                begin = time.monotonic()
                model.fit(points, epochs=steps, verbose=0)
            label = f"{name} on {'the CPU' if 'CPU' in where else 'the device'}"
            found[label] = (time.monotonic() - begin) / steps
            print(f"    {label}: {found[label]:.3g} s a step", flush=True)
    return found


CHECKS = (
    loss_and_jacobian,
    factorisations,
    switch,
    resume,
    export,
    accuracy,
    large_network,
    seconds_a_step,
)

if __name__ == "__main__":
    main()
