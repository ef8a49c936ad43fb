"""How long a person waits for the first step, as a multiple of importing Keras.

    python benchmarks/first_step.py [--repeats 5] [--short]

Each figure is a whole process, from its start to the end of the first training step,
over a process that does `import tensorflow, keras` and nothing else. Both take turns;
the median ratio and the range of the pairs are printed. The run is as long as real ones
(1,000 epochs, stopped after the first step), so that XLA compiles where it does so by
default; `--short` asks for one epoch instead, which is not compiled.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

BASE = "import tensorflow, keras"

START = """
import keras
import keras_isgd as ki


class StopAfterFirst(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = True

"""

PINN = """
network = ki.networks.mlp(
    inputs=len(problem.coordinates), outputs=problem.outputs, width=32, depth=2,
    input_scale=4.0, domain=problem.domain, seed=0,
)
model = ki.PINN(network, problem)
model.compile(optimizer=ki.ISGD())
model.fit(epochs=EPOCHS, verbose=0, callbacks=[StopAfterFirst()])
"""

CASES = {
    "PINN, 1-D": START + "problem = ki.problems.SingularPerturbation(2.0)" + PINN,
    "PINN, 2-D": START
    + """
import math
import tensorflow as tf

class Burgers(ki.Problem):
    coordinates = ("x", "t")
    domain = ki.Box((-1.0, 0.0), (1.0, 1.0))

    def residual(self, u, x):
        return u.d("t") + u.value * u.d("x") - 0.01 / math.pi * u.d("xx")

    def conditions(self):
        return [
            ki.Dirichlet(on="boundary"),
            ki.Initial(lambda x: -tf.sin(math.pi * x[:, 0:1])),
        ]

problem = Burgers()"""
    + PINN,
    "PINN, system of 3": START
    + """
import tensorflow as tf

class Lorenz(ki.Problem):
    coordinates = ("t",)
    outputs = 3
    domain = ki.Box(0.0, 0.5)

    def residual(self, u, t):
        x, y, z = u[0], u[1], u[2]
        return tf.concat([
            x.d("t") - 10.0 * (y.value - x.value),
            y.d("t") - x.value * (15.0 - z.value) + y.value,
            z.d("t") - x.value * y.value + 8.0 / 3.0 * z.value,
        ], axis=1)

    def conditions(self):
        return [
            ki.Initial(v, component=i, name=f"initial_{i}")
            for i, v in enumerate((-8.0, 7.0, 27.0))
        ]

problem = Lorenz()"""
    + PINN,
    "ClosureModel": START
    + """
import numpy as np

x = np.linspace(-1.0, 1.0, 400)[:, None]
inputs = keras.Input((1,))
hidden = keras.layers.Dense(32, "tanh")(keras.layers.Dense(32, "tanh")(inputs))
model = ki.ClosureModel(inputs, keras.layers.Dense(1)(hidden))
model.compile(optimizer=ki.ISGD(), loss="mse")
model.fit(
    x, np.sin(3.0 * x), batch_size=400, epochs=EPOCHS, verbose=0,
    callbacks=[StopAfterFirst()],
)
""",
}


def main():
    """Measures every case and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="one epoch, without XLA")
    options = parser.parse_args()
    epochs = 1 if options.short else 1000
    _seconds(BASE)  # fills the disk cache
    print(f"{'':20}{'import':>9}{'step':>9}{'ratio':>8}   range")
    for name, code in CASES.items():
        code = code.replace("EPOCHS", str(epochs))
        _seconds(code)
        pairs = [(_seconds(BASE), _seconds(code)) for _ in range(options.repeats)]
        ratios = sorted(step / base for base, step in pairs)
        base, step = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(
            f"{name:20}{base:8.2f}s{step:8.2f}s{statistics.median(ratios):8.2f}"
            f"   {ratios[0]:.2f} to {ratios[-1]:.2f}",
            flush=True,
        )


def _seconds(code):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    begin = time.monotonic()
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin


if __name__ == "__main__":
    main()
