"""What a Gauss-Newton step costs, piece by piece, and how that grows.

    .venv/bin/python benchmarks/gauss_newton_cost.py

prints the seconds of the Jacobian, of the Gram matrix with its factorisation (cheap
or exact), of a probe of the loss and of a whole step of `fit`; TensorFlow's
factorisations over LAPACK's; and how the pieces grow with the rows m and the
parameters p.
"""

import argparse
import time

import numpy as np
import scipy.linalg
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.solvers import linear_algebra

_REPEATS = 3


def main():
    """Prints the tables."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print("One step of Eq. 21 (XLA on), seconds")
    for width, interior in ((24, 3000), (40, 1000)):
        _pieces(width, interior)
    print("\nTensorFlow's factorisations over LAPACK's")
    for k in (500, 1200):
        _libraries(k)
    print("\nGrowth with m at p = 1297, then with p at m = 1300: seconds")
    for interior in (400, 1300, 4000):
        _growth(24, interior)
    for width in (11, 22, 40):
        _growth(width, 1200)


def _median(function):
    function()
    times = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def _objective(width, interior):
    problem = ki.problems.Helmholtz2D()
    network = ki.networks.mlp(2, width=width, input_scale=4.0, seed=0)
    model = ki.PINN(network, problem)
    model.compile(optimizer=ki.ISGD(), jit_compile=True)
    boundary = max(interior // 10, 4)
    points = problem.points(interior, boundary, seed=0)
    return model, points, model.objective(next(iter(points)))


def _measure(width, interior):
    model, points, objective = _objective(width, interior)
    w = objective.parameters.read()
    linearise = tf.function(objective._linearise, jit_compile=True)
    value = tf.function(objective.value, jit_compile=True)
    residual, jacobian = linearise(w, 1)
    array = jacobian.numpy()
    wide = array.shape[0] <= array.shape[1]
    dampings = tf.constant(np.logspace(-3, 3, 19))

    def solve(exact):
        return lambda: linear_algebra.damped_steps(jacobian, residual, dampings, exact)

    pieces = {
        "Jacobian": _median(lambda: linearise(w, 1)[1].numpy()),
        "Gram": _median(lambda: array @ array.T if wide else array.T @ array),
        "gram route": _median(solve(False)),
        "exact route": _median(solve(True)),
        "probe": _median(lambda: value(w).numpy()),
    }
    return model, points, array.shape, pieces


def _pieces(width, interior):
    model, points, (m, p), pieces = _measure(width, interior)
    for factorisation in ("gram", "exact"):
        solver = ki.solvers.GaussNewton(factorisation=factorisation)
        model.compile(optimizer=ki.ISGD(inner=solver), jit_compile=True)
        model.fit(points, epochs=1, steps_per_epoch=2, verbose=0)
        before = int(model.optimizer.evaluations)
        begin = time.perf_counter()
        model.fit(points, epochs=1, steps_per_epoch=8, verbose=0)
        step = (time.perf_counter() - begin) / 8
        # Beside the probes: start, Jacobian, and the gradient at the end.
        probes = (int(model.optimizer.evaluations) - before) / 8 - 3
        known = (
            pieces["Jacobian"]
            + pieces[f"{factorisation} route"]
            + probes * pieces["probe"]
        )
        print(
            f"m {m} p {p} {factorisation:6} step {step:.3f}: Jacobian "
            f"{pieces['Jacobian']:.3f}, Gram {pieces['Gram']:.3f}, route "
            f"{pieces[f'{factorisation} route']:.3f}, {probes:.1f} probes "
            f"{probes * pieces['probe']:.3f}; the rest {(step - known) / step:.0%}"
        )


def _libraries(k):
    rng = np.random.default_rng(0)
    square = rng.normal(size=(k, k))
    symmetric = square @ square.T
    tall = rng.normal(size=(3 * k, k))
    tensors = [tf.constant(a) for a in (symmetric, tall, square)]
    ratios = {
        "eigh": _median(lambda: tf.linalg.eigh(tensors[0])[1].numpy())
        / _median(lambda: scipy.linalg.eigh(symmetric, driver="evd")),
        "qr": _median(lambda: tf.linalg.qr(tensors[1])[1].numpy())
        / _median(lambda: scipy.linalg.qr(tall, mode="economic")),
        "svd": _median(lambda: tf.linalg.svd(tensors[2])[1].numpy())
        / _median(lambda: scipy.linalg.svd(square)),
    }
    print(f"k {k}: " + ", ".join(f"{n} {r:.1f}" for n, r in ratios.items()))


def _growth(width, interior):
    _, _, (m, p), pieces = _measure(width, interior)
    print(
        f"m {m:5d} p {p:5d}  "
        + "  ".join(f"{name} {seconds:.4f}" for name, seconds in pieces.items())
    )


if __name__ == "__main__":
    main()
