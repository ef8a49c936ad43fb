"""What a Gauss-Newton step costs, piece by piece, and how that grows.

    .venv/bin/python benchmarks/gauss_newton_cost.py

prints the share of each piece in the steps of a run of Eq. 21 (XLA on), measured by
`ki.callbacks.CostMonitor`; how the seconds grow with the rows m and the parameters p,
with fitted powers beside those of the operation counts; and TensorFlow's
factorisations over LAPACK's.
"""

import argparse
import time

import numpy as np
import scipy.linalg
import tensorflow as tf

import keras_isgd as ki

_REPEATS = 3
_STEPS = 12
_PIECES = ("jacobian", "reduction", "factorisation", "probes", "rest")
# With m > p, per alpha tried; see the operation counts of the factorisations.
_EXPECTED = {
    "m": {"jacobian": 1, "reduction": 1, "factorisation": 0},
    "p": {"jacobian": 1, "reduction": 2, "factorisation": 3},
}


def main():
    """Prints the tables."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print("Shares of a step of Eq. 21 (XLA on), and seconds of a whole step")
    for width, interior in ((24, 3000), (40, 1000)):
        for factorisation in ("gram", "exact"):
            m, p, seconds = _run(width, interior, factorisation)
            total = sum(seconds.values())
            print(
                f"m {m:5d} p {p:5d} {factorisation:6} {total:.3f} s: "
                + ", ".join(f"{k} {v / total:.1%}" for k, v in seconds.items())
            )
    for factorisation in ("gram", "exact"):
        _growth("m", factorisation, [(24, n) for n in (1400, 4000, 12000)])
        _growth("p", factorisation, [(w, 6000) for w in (12, 24, 42)])
    print("\nTensorFlow's factorisations over LAPACK's")
    for k in (500, 1200):
        _libraries(k)


def _run(width, interior, factorisation):
    """Rows, parameters and the mean seconds of each piece of a step."""
    problem = ki.problems.Helmholtz2D()
    network = ki.networks.mlp(2, width=width, input_scale=4.0, seed=0)
    model = ki.PINN(network, problem)
    solver = ki.solvers.GaussNewton(factorisation=factorisation, memory=30.0)
    model.compile(optimizer=ki.ISGD(inner=solver), jit_compile=True)
    points = problem.points(interior, max(interior // 10, 4), seed=0)
    monitor = ki.callbacks.CostMonitor(count=_STEPS - 2)
    model.fit(points, steps_per_epoch=_STEPS, verbose=0, callbacks=[monitor])
    rows = model.objective(next(iter(points))).row_count()
    mean = {k: float(np.mean([s[k] for s in monitor.steps])) for k in _PIECES}
    return rows, model.count_params(), mean


def _growth(name, factorisation, cases):
    print(f"\nGrowth with {name}, {factorisation}: seconds of a step's pieces")
    sizes, seconds = [], {piece: [] for piece in _EXPECTED[name]}
    for width, interior in cases:
        m, p, mean = _run(width, interior, factorisation)
        sizes.append(m if name == "m" else p)
        for piece, times in seconds.items():
            times.append(mean[piece])
        print(
            f"m {m:5d} p {p:5d}  " + "  ".join(f"{k} {v:.4f}" for k, v in mean.items())
        )
    for piece, times in seconds.items():
        power = np.polyfit(np.log(sizes), np.log(times), 1)[0]
        expected = _EXPECTED[name][piece]
        print(f"{piece}: power {power:.2f}, of the operation count {expected}")


def _median(function):
    function()
    times = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def _libraries(k):
    rng = np.random.default_rng(0)
    square = rng.normal(size=(k, k))
    symmetric = square @ square.T + k * np.eye(k)
    tall = rng.normal(size=(3 * k, k))
    tensors = [tf.constant(a) for a in (symmetric, tall)]
    ratios = {
        "cholesky": _median(lambda: tf.linalg.cholesky(tensors[0]).numpy())
        / _median(lambda: scipy.linalg.cholesky(symmetric, lower=True)),
        "qr": _median(lambda: tf.linalg.qr(tensors[1])[1].numpy())
        / _median(lambda: scipy.linalg.qr(tall, mode="r")),
    }
    print(f"k {k}: " + ", ".join(f"{n} {r:.1f}" for n, r in ratios.items()))


if __name__ == "__main__":
    main()
