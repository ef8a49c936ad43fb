"""Writes the sample files of a version, which later versions must load.

.venv/bin/python tests/samples/make.py tests/samples/0.1
"""

import json
import os
import sys

import keras
import numpy as np

import keras_isgd as ki

OPTIMIZERS = {
    "isgd": lambda: ki.ISGD(),
    "isgd-control": lambda: ki.ISGD(
        inner=ki.solvers.GaussNewton(2, factorisation="exact"),
        step_control=ki.DecreaseRatio(target=0.1, metric="euclidean"),
    ),
    "isgd-lbfgs": lambda: ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=3)),
    "isgd-adam": lambda: ki.ISGD(0.5, inner=ki.solvers.Adam(1e-3, steps=3)),
    "lbfgs": lambda: ki.LBFGS(steps=2, memory=3),
    "staged": lambda: ki.Staged([ki.ISGD(0.5), keras.optimizers.Adam(1e-3)], [1]),
}


def main(folder):
    """Trains each for two steps; answers.json holds the weights two steps later."""
    os.makedirs(folder, exist_ok=True)
    answers = {}
    for name, make in OPTIMIZERS.items():
        model = model_of()
        model.compile(optimizer=make(), jit_compile=False)
        go_on(model)
        model.save(os.path.join(folder, f"{name}.keras"))
        answers[name] = go_on(model)
    with open(os.path.join(folder, "answers.json"), "w") as file:
        json.dump(answers, file, indent=1)


def model_of():
    """A small model with most of what a file can hold."""
    problem = ki.problems.SingularPerturbation(0.5)
    features = ki.networks.FourierFeatures([[1.0, 2.0]], dtype="float64")
    network = ki.networks.mlp(
        1, width=4, depth=2, activation="trainable_sine", features=features, seed=0
    )
    return ki.PINN(network, problem, loss_weights={"dirichlet_boundary": 10.0})


def go_on(model):
    """Two more steps; returns the weights."""
    points = model.problem.points(12, resample=True, seed=3)
    model.fit(points, epochs=2, verbose=0)
    return np.concatenate([v.numpy().ravel() for v in model.weights]).tolist()


if __name__ == "__main__":
    main(sys.argv[1])
