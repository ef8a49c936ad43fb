"""Ordinary regressions: this package's optimizers beside Adam, SciPy and a peer.

One network for all, two layers of tanh, in float64, from the same start. Every method
has the same seconds, compilation included and imports not, ends with the weights that
were best on validation examples, and is judged by the root of the mean squared error
against the function without noise on 2,000 other examples. Adam has the best of its
learning rates and batch sizes, by that same error.

    python benchmarks/regressions.py --seconds 15 --seeds 0 1 2
    python benchmarks/regressions.py --table

tf-levenberg-marquardt runs where it is installed (`pip install
tf-levenberg-marquardt`). Each run is kept as JSON and not made again.
"""

import argparse
import contextlib
import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path

import child_runs
import numpy as np


class _Regression:
    """A function, and examples of it with noise."""

    def __init__(self, function: Callable, inputs: int, noise: float, width: int):
        self.function, self.inputs = function, inputs
        self.noise, self.width = noise, width

    def draw(self, count: int, rng: np.random.Generator) -> tuple:
        """Returns examples `(n, d)` with values `(n, 1)`, and those without noise."""
        x = rng.uniform(-1.0, 1.0, (count, self.inputs))
        y = self.function(x)[:, None]
        return x, y + self.noise * np.std(y) * rng.normal(size=y.shape), y


def _smooth(x: np.ndarray) -> np.ndarray:
    return np.sin(3 * x[:, 0]) * np.cos(2 * x[:, 1]) + x[:, 2] ** 2 * x[:, 3]


def _friedman(x: np.ndarray) -> np.ndarray:
    # Friedman, Ann. Stat. 19 (1991), Eq. 61, on (-1, 1) instead of (0, 1); five of its
    # ten inputs do not matter.
    z = 0.5 * (x + 1.0)
    return (
        10 * np.sin(np.pi * z[:, 0] * z[:, 1])
        + 20 * (z[:, 2] - 0.5) ** 2
        + 10 * z[:, 3]
        + 5 * z[:, 4]
    ) / 10.0


def _chirp(x: np.ndarray) -> np.ndarray:
    return np.sin(6.0 * (x[:, 0] + 1.5) ** 2)


REGRESSIONS = {
    "smooth": _Regression(_smooth, 4, 0.0, 24),
    "friedman": _Regression(_friedman, 10, 0.05, 12),
    "chirp": _Regression(_chirp, 1, 0.02, 16),
}
ADAM = [(rate, batch) for rate in (1e-3, 1e-2) for batch in (32, 1000)]
METHODS = ("isgd", "lbfgs", "scipy", "tflm", *(f"adam-{r}-{b}" for r, b in ADAM))


def _network(regression: _Regression, seed: int, closure: bool):
    import keras

    import keras_isgd as ki

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((regression.inputs,), dtype="float64")
    hidden = inputs
    for _ in range(2):
        hidden = keras.layers.Dense(regression.width, "tanh", dtype="float64")(hidden)
    output = keras.layers.Dense(1, dtype="float64")(hidden)
    return (ki.ClosureModel if closure else keras.Model)(inputs, output)


def _by_keras(method: str, regression: _Regression, data: tuple, seed: int, end: float):
    """Trains by `fit` until the end; returns the network with its best weights."""
    import keras

    import keras_isgd as ki

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if time.monotonic() > end:
                self.model.stop_training = True

    (x, y), (xv, yv) = data
    batch = len(x)
    if method == "isgd":
        optimizer = ki.ISGD()
    elif method == "lbfgs":
        optimizer = ki.LBFGS(steps=20)
    else:
        _, rate, size = method.split("-")
        optimizer, batch = keras.optimizers.Adam(float(rate)), int(size)
    net = _network(regression, seed, closure=method in ("isgd", "lbfgs"))
    net.compile(optimizer=optimizer, loss="mse")
    best = ki.callbacks.KeepBest("val_loss")
    net.fit(
        x, y, batch_size=batch, epochs=10**6, verbose=0,
        validation_data=(xv, yv), validation_batch_size=len(xv),
        callbacks=[best, Stop()],
    )  # fmt: skip
    return net


def _by_tflm(regression: _Regression, data: tuple, seed: int, end: float):
    """Trains by tf-levenberg-marquardt's own loop."""
    import keras
    import tf_levenberg_marquardt as lm

    keras.config.set_floatx("float64")
    (x, y), (xv, yv) = data
    net = _network(regression, seed, closure=False)
    wrapper = lm.model.ModelWrapper(net)
    wrapper.build((None, regression.inputs))
    wrapper.compile(
        optimizer=keras.optimizers.SGD(learning_rate=1.0),
        loss=lm.loss.MeanSquaredError(),
        solve_method="qr",
        jacobian_max_num_rows=1000,
    )
    best, kept = np.inf, net.get_weights()
    while time.monotonic() < end:
        wrapper.fit(x, y, batch_size=len(x), epochs=1, verbose=0)
        value = float(np.mean((net(xv).numpy() - yv) ** 2))
        if value < best:
            best, kept = value, net.get_weights()
    net.set_weights(kept)
    return net


class _Over(Exception):
    """The time is over."""


def _by_scipy(regression: _Regression, data: tuple, seed: int, end: float):
    """Trains by `scipy.optimize.least_squares` with the exact Jacobian."""
    import tensorflow as tf
    from scipy.optimize import least_squares

    (x, y), (xv, yv) = data
    net = _network(regression, seed, closure=False)
    shapes = [v.shape for v in net.trainable_variables]
    sizes = [int(np.prod(s)) for s in shapes]
    inputs, values = tf.constant(x), tf.constant(y)

    @tf.function(jit_compile=True)
    def both():
        with tf.GradientTape() as tape:
            rows = (net(inputs) - values)[:, 0]
        parts = tape.jacobian(rows, net.trainable_variables)
        return rows, tf.concat([tf.reshape(j, (len(x), -1)) for j in parts], 1)

    @tf.function(jit_compile=True)
    def rows_alone():
        return (net(inputs) - values)[:, 0]

    def put(w):
        pieces = np.split(w, np.cumsum(sizes)[:-1])
        net.set_weights([p.reshape(s) for p, s in zip(pieces, shapes)])

    best = [np.inf, net.get_weights()]

    def residual(w):
        put(w)
        if time.monotonic() > end:
            raise _Over
        return rows_alone().numpy()

    def jacobian(w):
        put(w)  # at the accepted weights of each iteration
        value = float(np.mean((net(xv).numpy() - yv) ** 2))
        if value < best[0]:
            best[:] = value, net.get_weights()
        return both()[1].numpy()

    start = np.concatenate([w.ravel() for w in net.get_weights()])
    with contextlib.suppress(_Over):
        least_squares(residual, start, jacobian, method="trf", x_scale="jac",
                      ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=10**6)  # fmt: skip
    net.set_weights(best[1])
    return net


def run_one(name: str, method: str, seed: int, seconds: float) -> dict:
    """Trains one network by one method, in this process."""
    import keras_isgd  # noqa: F401  before the time begins

    regression = REGRESSIONS[name]
    rng = np.random.default_rng(1000 + seed)
    x, y, _ = regression.draw(1000, rng)
    xv, yv, _ = regression.draw(300, rng)
    xt, _, yt = regression.draw(2000, rng)
    data, end = ((x, y), (xv, yv)), time.monotonic() + seconds
    if method == "scipy":
        net = _by_scipy(regression, data, seed, end)
    elif method == "tflm":
        net = _by_tflm(regression, data, seed, end)
    else:
        net = _by_keras(method, regression, data, seed, end)
    took = seconds + time.monotonic() - end
    error = float(np.sqrt(np.mean((net(xt).numpy() - yt) ** 2)))
    return {"name": name, "method": method, "seed": seed, "seconds": seconds,
            "took": took, "weights": net.count_params(), "error": error}  # fmt: skip


def _table(out: Path) -> None:
    found: dict = {}
    for path in sorted(out.glob("*.json")):
        run = json.loads(path.read_text())
        found.setdefault((run["name"], run["method"]), []).append(run["error"])
    print("| method | " + " | ".join(REGRESSIONS) + " |")
    print("|---" * (1 + len(REGRESSIONS)) + "|")
    for method in METHODS:
        cells = [found.get((name, method)) for name in REGRESSIONS]
        shown = [
            f"{np.median(c):.1e} ({min(c):.1e} to {max(c):.1e})" if c else "-"
            for c in cells
        ]
        print(f"| {method} | " + " | ".join(shown) + " |")


def main() -> None:
    """Runs what is not there yet, or prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--names", nargs="+", choices=REGRESSIONS, default=[*REGRESSIONS]
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=[*METHODS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--out", type=Path, default=Path("runs/regressions"))
    parser.add_argument("--table", action="store_true", help="print what is there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run_one(**json.loads(options.child))))
        return
    if options.table:
        _table(options.out)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for name in options.names:
            for method in options.methods:
                if method == "tflm" and not importlib.util.find_spec(
                    "tf_levenberg_marquardt"
                ):
                    continue
                path = options.out / f"{name}-{method}-{options.seconds:g}-{seed}.json"
                if path.exists():
                    continue
                arguments = {"name": name, "method": method, "seed": seed,
                             "seconds": options.seconds}  # fmt: skip
                run = child_runs.in_child(__file__, arguments)
                if "failed" in run:
                    print(name, method, seed, "failed:", run["failed"], flush=True)
                    continue
                path.write_text(json.dumps(run))
                print(
                    f"{name:10} {method:14} seed {seed}  {run['error']:.2e}", flush=True
                )


if __name__ == "__main__":
    main()
