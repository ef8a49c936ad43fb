"""A small run that the tests of callbacks share, and logs by hand."""

import keras
import tensorflow as tf

import keras_isgd as ki


def pinn(optimizer=None, *, width=6, seed=1, **arguments):
    problem = ki.problems.SingularPerturbation(0.5)
    model = ki.PINN(ki.networks.mlp(1, width=width, depth=1, seed=seed), problem)
    model.compile(optimizer=optimizer or keras.optimizers.SGD(1e-6), **arguments)
    return model


def fit(model, callbacks, steps=4, epochs=1, **arguments):
    points = model.problem.points(20, resample=False, seed=3)
    return model.fit(
        points,
        epochs=epochs,
        steps_per_epoch=steps,
        verbose=0,
        callbacks=callbacks,
        **arguments,
    )


class Logged(keras.Model):
    """A model whose training steps only report the logs they are given, in turn."""

    def __init__(self, logs):
        super().__init__()
        self.logs = logs
        self.weight = self.add_weight(shape=(), initializer="zeros")
        self.compile(optimizer="sgd", run_eagerly=True)

    def call(self, x):
        return x

    def train_step(self, data):
        done = int(self.optimizer.iterations)
        self.optimizer.iterations.assign_add(1)
        # As the optimizers report them; Keras would make float32 of numbers.
        return {k: tf.constant(v, tf.float64) for k, v in self.logs[done].items()}

    def run(self, callbacks, epochs=1):
        """Trains through all logs; returns how many steps were made."""
        data = tf.data.Dataset.from_tensors(tf.zeros((1, 1))).repeat()
        steps = len(self.logs) // epochs
        self.fit(
            data, epochs=epochs, steps_per_epoch=steps, verbose=0, callbacks=callbacks,
            shuffle=False,
        )  # fmt: skip
        return int(self.optimizer.iterations)
