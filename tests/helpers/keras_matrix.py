"""What of Keras works with which optimizer; the table of docs/keras_matrix.md.

    .venv/bin/python tests/helpers/keras_matrix.py docs/keras_matrix.md

runs every optimizer with every setting. The tests run a part of them.
"""

import itertools
import os
import sys
import tempfile

import keras
import numpy as np
import tensorflow as tf

import keras_isgd as ki

OPTIMIZERS = {
    "ISGD()": lambda: ki.ISGD(),
    "ISGD(inner=lbfgs)": lambda: ki.ISGD(0.5, inner=ki.solvers.LBFGS(steps=3)),
    "ISGD(inner=adam)": lambda: ki.ISGD(0.5, inner=ki.solvers.Adam(1e-3, steps=3)),
    "LBFGS": lambda: ki.LBFGS(steps=2, memory=3),
    "SSBroyden": lambda: ki.SSBroyden(steps=2),
    "Staged": lambda: ki.Staged([ki.ISGD(0.5), keras.optimizers.Adam(1e-3)], [2]),
    "keras Adam": lambda: keras.optimizers.Adam(1e-3),
}
STEPS = 3


def _pinn(make, dtype="float64", **arguments):
    problem = ki.problems.SingularPerturbation(0.5)
    model = ki.PINN(ki.networks.mlp(1, width=4, depth=1, dtype=dtype, seed=0), problem)
    model.compile(optimizer=make(), **{"jit_compile": False, **arguments})
    return model


def _fit(model, callbacks=(), **arguments):
    points = model.problem.points(12, resample=True, seed=0)
    arguments = {"epochs": STEPS, **arguments}
    return model.fit(points, verbose=0, callbacks=list(callbacks), **arguments)


def compiled(**arguments):
    """`compile(**arguments)`, then a fit."""

    def run(make, folder):
        _fit(_pinn(make, **arguments))

    return run


def _executions(make, folder):
    _fit(_pinn(make, steps_per_execution=3), epochs=1, steps_per_epoch=3)


def _supervised(make):
    model = ki.ClosureModel(*_layers())
    model.compile(optimizer=make(), loss="mse", jit_compile=False)
    return model


def _layers():
    inputs = keras.Input((2,), dtype="float64")
    hidden = keras.layers.Dense(4, "tanh", dtype="float64")(inputs)
    return inputs, keras.layers.Dense(1, dtype="float64")(hidden)


def _examples():
    x = np.random.default_rng(0).normal(size=(12, 2))
    return x, np.sin(x[:, :1])


def _arrays(make, folder):
    _supervised(make).fit(*_examples(), batch_size=12, epochs=STEPS, verbose=0)


def _points_in_arrays(make, folder):
    model = _pinn(make)
    sets = {"interior": np.linspace(0, 1, 12)[:, None], "boundary": [[0.0], [1.0]]}
    sets = {name: np.array(x) for name, x in sets.items()}
    model.fit(sets, epochs=STEPS, verbose=0)


def _generator(make, folder):
    def generator():
        while True:
            yield _examples()

    _supervised(make).fit(generator(), steps_per_epoch=1, epochs=STEPS, verbose=0)


def _dataset(make, folder):
    data = tf.data.Dataset.from_tensor_slices(_examples()).batch(12)
    _supervised(make).fit(data, epochs=STEPS, verbose=0)


def _validated(model, callbacks=()):
    return _fit(
        model,
        callbacks,
        validation_data=model.problem.points(9, resample=False, seed=5),
        validation_steps=1,
    )


def _validation(make, folder):
    assert "val_loss" in _validated(_pinn(make)).history


def called(make_callback):
    """A fit with validation under one callback."""

    def run(make, folder):
        _validated(_pinn(make), [make_callback(folder)])

    return run


K = keras.callbacks
SETTINGS = {
    "jit_compile=True": compiled(jit_compile=True),
    "jit_compile=False": compiled(jit_compile=False),
    "run_eagerly=True": compiled(run_eagerly=True),
    "steps_per_execution=3": _executions,
    "float32": compiled(dtype="float32"),
    "float64": compiled(dtype="float64"),
    "fit: point arrays": _points_in_arrays,
    "fit: arrays": _arrays,
    "fit: generator": _generator,
    "fit: tf.data": _dataset,
    "validation_data": _validation,
    "EarlyStopping": called(
        lambda folder: K.EarlyStopping(patience=1, restore_best_weights=True)
    ),
    "ReduceLROnPlateau": called(lambda folder: K.ReduceLROnPlateau(patience=1)),
    "LearningRateScheduler": called(
        lambda folder: K.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))
    ),
    "TensorBoard": called(lambda folder: K.TensorBoard(folder)),
    "CSVLogger": called(lambda folder: K.CSVLogger(os.path.join(folder, "log.csv"))),
    "ModelCheckpoint": called(
        lambda folder: K.ModelCheckpoint(os.path.join(folder, "{epoch}.keras"))
    ),
    "BackupAndRestore": called(
        lambda folder: K.BackupAndRestore(os.path.join(folder, "backup"))
    ),
    "TerminateOnNaN": called(lambda folder: K.TerminateOnNaN()),
}


def outcome(optimizer, setting):
    """Runs one pair; returns "works" or the sentence of its refusal."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            SETTINGS[setting](OPTIMIZERS[optimizer], folder)
        except (ValueError, TypeError) as refusal:
            return str(refusal)
    return "works"


def main(path):
    """Runs all pairs and writes the table, Markdown."""
    notes = []
    lines = [
        "# Keras features and optimizers",
        "",
        "Written by `python tests/helpers/keras_matrix.py docs/keras_matrix.md`,",
        f"which trains a small model for {STEPS} steps with each pair. A number refers",
        "to the sentence with which a pair is refused.",
        "",
        "| | " + " | ".join(f"`{o}`" for o in OPTIMIZERS) + " |",
        "|---|" + "---|" * len(OPTIMIZERS),
    ]
    for setting in SETTINGS:
        cells = []
        for optimizer in OPTIMIZERS:
            found = outcome(optimizer, setting)
            print(f"{optimizer:20}{setting:24}{found[:80]}", flush=True)
            if found != "works":
                if found not in notes:
                    notes.append(found)
                found = f"refused [{notes.index(found) + 1}]"
            cells.append(found)
        lines.append(f"| {setting} | " + " | ".join(cells) + " |")
    lines += ["", *(f"{i}. {note}" for i, note in enumerate(notes, 1)), ""]
    with open(path, "w") as file:
        file.write("\n".join(lines).rstrip() + "\n")


# Every other setting with one optimizer, each optimizer with some setting.
SOME = list(zip(itertools.cycle(OPTIMIZERS), list(SETTINGS)[::2]))

if __name__ == "__main__":
    main(sys.argv[1])
