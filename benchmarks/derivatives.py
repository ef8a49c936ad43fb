"""Taylor mode against nested tapes: losses, gradients, Jacobians and Gram matrices.

    .venv/bin/python benchmarks/derivatives.py

prints medians in milliseconds and ratios within the run, for float32 and float64. A
side that XLA can compile counts with the faster of XLA on and off; seconds to the
first result (tracing and compilation) are apart. Losses with gradients are evaluated
in a compiled loop, as inner solvers do it. The last columns compare with the
multiplications that cannot be avoided at the rate that this machine multiplies
matrices, and give the peak memory of the process so far. Gauss-Newton steps are timed
in `model.fit`, with either engine.
"""

import argparse
import json
import resource
import time

import numpy as np
import tensorflow as tf

import keras_isgd as ki

_SECONDS = 3.0
# Evaluations of a loss with its gradient in one call.
_CHAIN = 10
_SAME = object()


class Equation(ki.Problem):
    """Derivatives of one kind, summed, equal to one, without conditions."""

    def __init__(self, coordinates, words):
        self.coordinates = tuple(coordinates)
        self.domain = ki.Box([0.0] * len(coordinates), [1.0] * len(coordinates))
        self._words = words

    def residual(self, u, x):
        if self._words == "laplacian":
            return u.laplacian() - 1.0
        return sum(u.d(word) for word in self._words) - 1.0


# Name: (coordinates, derivatives, width, depth, points, least ratio asked for).
CASES = {
    "2-D Laplacian, 6x100": ("xy", "laplacian", 100, 6, 4000, 2.0),
    "1-D second order, 4x50": ("x", ["xx"], 50, 4, 400, 2.0),
    "10-D Laplacian, 4x64": ("abcdefghij", "laplacian", 64, 4, 1000, 4.0),
    "1-D u_xxxx, 4x50": ("x", ["xxxx"], 50, 4, 400, 4.0),
}


def main():
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtypes", nargs="+", default=["float64", "float32"])
    parser.add_argument("--out", help="write the rows as JSON to this file")
    options = parser.parse_args()
    rows = []
    for dtype in options.dtypes:
        rate = _matmul_rate(dtype)
        print(f"\n{dtype}: this machine multiplies matrices at {rate:.0f} Gflop/s")
        print(_HEAD)
        for name, case in CASES.items():
            rows.append(_loss_and_gradient(name, case, dtype, rate))
        rows.append(_gram(dtype))
        rows.append(_step(dtype))
        # Last: tape.jacobian takes 15 GiB.
        rows.append(_jacobian(dtype))
    if options.out:
        with open(options.out, "w") as file:
            json.dump(rows, file, indent=1)


_HEAD = (
    f"{'what':34}{'tapes':>9}{'XLA':>9}{'first':>7}{'Taylor':>9}{'XLA':>9}{'first':>7}"
    f"{'ratio':>7}{'asked':>7}{'limit':>9}{'peak GiB':>10}"
)


def _loss_and_gradient(name, case, dtype, rate):
    coordinates, words, width, depth, count, asked = case
    problem = Equation(coordinates, words)
    data = _cast(next(iter(problem.points(count, seed=0))), dtype)
    times = {}
    for engine in ("tape", "taylor"):
        model = _model(problem, width, depth, dtype, engine)
        objective = model.objective(data)
        w = objective.parameters.read()
        times[engine] = [t / _CHAIN for t in _both(_chained(objective), w)]
        times[engine][2] *= _CHAIN
    channels = 1 + len(coordinates) + 1 if words == "laplacian" else len(words[0]) + 1
    # Forward, and twice that back; the first layer's products are small.
    multiplied = 3 * 2 * count * channels * (depth - 1) * width**2
    return _show(
        f"loss + gradient, {name}", times, asked, multiplied / rate / 1e6, dtype
    )


def _chained(objective):
    """Evaluations in a compiled loop, as an inner solver makes them."""

    def run(w):
        def advance(i, w):
            return i + 1, w - 1e-9 * objective.value_and_gradient(w)[1]

        return tf.while_loop(lambda i, _: i < _CHAIN, advance, (0, w))[1]

    return run


def _jacobian(dtype):
    problem = ki.problems.Helmholtz2D()
    points = _cast(next(iter(problem.points(1000, 200, seed=0))), dtype)
    times = {}
    for engine in ("taylor", "tape"):
        model = _model(problem, 40, 3, dtype, engine)
        # What XLA compiles is written differently: the model must know.
        model.compile(optimizer=ki.ISGD(), jit_compile=True)
        fused = model.objective(points)
        model.compile(optimizer=ki.ISGD(), jit_compile=False)
        objective = model.objective(points)
        w = objective.parameters.read()
        times[engine] = _both(objective.linearise, w, fused.linearise)
    rows = ki.LeastSquares(
        objective._rows_function, model.trainable_variables
    )  # without blocks: tape.jacobian
    times["tape.jacobian"] = _both(rows.linearise, w, None)
    if min(times["tape.jacobian"][:2]) < min(times["tape"][:2]):
        times["tape"] = times["tape.jacobian"]
    return _show("Jacobian, 3x40, 1200 rows", times, 5.0, None, dtype)


def _gram(dtype):
    problem = ki.problems.Poisson2D()
    points = _cast(next(iter(problem.points(900, 100, seed=0))), dtype)
    model = _model(problem, 100, 6, dtype, "taylor")
    objective = model.objective(points)
    w = objective.parameters.read()

    def formed(w):
        jacobian = objective.linearise(w)[1]
        return tf.matmul(jacobian, jacobian, transpose_b=True)

    times = {
        "tape": _both(formed, w),
        "taylor": _both(lambda w: objective.gram(w).gram, w),
    }
    return _show("Gram matrix, 6x100, 1000 rows", times, 2.0, None, dtype)


def _step(dtype):
    """A Gauss-Newton step of Eq. 21 with today's recipe."""
    problem = ki.problems.Helmholtz2D()
    times = {}
    for engine in ("tape", "taylor"):
        measured = []
        for jit in (False, True):
            network = ki.networks.mlp(
                2, width=24, depth=3, input_scale=4.0, dtype=dtype, seed=0
            )
            model = ki.PINN(network, problem, {"dirichlet_boundary": 100.0}, engine)
            model.compile(optimizer=ki.ISGD(), jit_compile=jit)
            monitor = ki.callbacks.CostMonitor(count=10)
            points = problem.points(3000, 400, seed=0, method="sobol")
            begin = time.perf_counter()
            model.fit(points, verbose=0)
            first = time.perf_counter() - begin
            model.fit(points, steps_per_epoch=12, verbose=0, callbacks=[monitor])
            # The same steps for either engine, up to rounding.
            steps = [sum(s.values()) for s in monitor.steps]
            measured.append((1e3 * float(np.mean(steps)), first))
        (plain, _), (xla, _) = measured
        times[engine] = (plain, xla, min(measured)[1])
    return _show("Gauss-Newton step, Eq. 21", times, 1.5, None, dtype)


def _model(problem, width, depth, dtype, engine):
    network = ki.networks.mlp(
        len(problem.coordinates), width=width, depth=depth, dtype=dtype, seed=0
    )
    return ki.PINN(network, problem, derivatives=engine)


def _cast(data, dtype):
    return {name: tf.cast(x, dtype) for name, x in data.items()}


def _both(function, w, for_xla=_SAME):
    """Median milliseconds without and with XLA, and seconds to the first result."""
    times, firsts = [], []
    for_xla = function if for_xla is _SAME else for_xla
    for one, jit in ((function, None), (for_xla, True)):
        if one is None:
            continue
        compiled = tf.function(one, autograph=False, jit_compile=jit)
        begin = time.perf_counter()
        try:
            _wait(compiled(w))
        except LookupError:  # second derivatives that XLA cannot take
            times.append(float("inf"))
            firsts.append(float("inf"))
            continue
        firsts.append(time.perf_counter() - begin)
        times.append(_median(lambda f=compiled: _wait(f(w))))
    times += [float("inf")] * (2 - len(times))
    return (*times, firsts[int(np.argmin(times))])


def _median(function):
    times = []
    begin = time.perf_counter()
    while len(times) < 5 or (time.perf_counter() - begin < _SECONDS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def _wait(result):
    return [t.numpy() for t in tf.nest.flatten(result)[:1]]


def _matmul_rate(dtype):
    a = tf.random.normal((2000, 2000), dtype=dtype)
    product = tf.function(lambda: tf.reduce_sum(a @ a))
    product()
    return 2 * 2000**3 / _median(lambda: product().numpy()) / 1e6


def _show(name, times, asked, limit, dtype):
    tape, taylor = times["tape"], times["taylor"]
    ratio = min(tape[:2]) / min(taylor[:2])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    shown = "-" if limit is None else f"{limit:.2f}"
    print(
        f"{name:34}{tape[0]:>9.2f}{tape[1]:>9.2f}{tape[2]:>7.1f}{taylor[0]:>9.2f}"
        f"{taylor[1]:>9.2f}{taylor[2]:>7.1f}{ratio:>7.2f}{asked:>7.1f}{shown:>9}"
        f"{peak:>10.2f}",
        flush=True,
    )
    return {
        "what": name,
        "dtype": dtype,
        "milliseconds": {key: list(value[:2]) for key, value in times.items()},
        "first_seconds": {key: value[2] for key, value in times.items()},
        "ratio": ratio,
        "asked": asked,
        "limit_milliseconds": limit,
        "peak_gib": peak,
    }


if __name__ == "__main__":
    main()
