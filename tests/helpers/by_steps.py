"""A number of steps instead of seconds, which a busy machine changes."""

import keras

import keras_isgd as ki

__all__ = ["LimitBySteps", "solve_by_steps"]


class LimitBySteps(keras.callbacks.Callback):
    """Stands for `ki.callbacks.TimeLimit`, and ends after thirty steps."""

    def __init__(self, seconds):
        super().__init__()
        assert seconds > 0

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations.numpy()) >= 30:
            self.model.stop_training = True


def solve_by_steps(problem, seconds=120.0, seed=0, *, verbose=0, windows=None):
    """Trains what `ki.solve` would begin with for forty steps."""
    model = ki.PINN(problem=problem, seed=seed)
    model.compile(optimizer=ki.ISGD())
    model.fit(epochs=40, verbose=0)
    return model
