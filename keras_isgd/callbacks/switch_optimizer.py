"""The hand-over of Algorithm 1."""

from typing import Any

import keras

from keras_isgd.optimizers.staged import Staged
from keras_isgd.utils.checks import check_count

__all__ = ["SwitchOptimizer"]


class SwitchOptimizer(keras.callbacks.Callback):
    """Hands over to another optimizer after K0 implicit steps.

    Line 9 of Algorithm 1 in Li, Chen and Huang (AAAI 2023). Before the first
    step it makes the model's optimizer a `ki.optimizers.Staged` of the compiled
    one and `to`. Steps are counted by `optimizer.iterations`, so that the switch
    falls on the exact step whatever `steps_per_execution` is, and a run restored
    by `BackupAndRestore`, from `.keras` or from `.weights.h5` is in the right
    stage. Several such callbacks make several switches.

    The model keeps both optimizers afterwards: `model.optimizer.active` is the
    one in charge.

    Args:
        to: the optimizer that takes over: any Keras optimizer, `ki.LBFGS`, or what
            `keras.optimizers.get` takes, such as "adam".
        after_steps: K0, the number of steps before it does, at least 1.

    Raises:
        ValueError: `after_steps` below 1; or, when training begins, a model that
            already switches in another way.
        TypeError: when training begins, a model that is neither a `ki.PINN` nor a
            `ki.ClosureModel`.
    """

    def __init__(self, to: Any, after_steps: int) -> None:
        super().__init__()
        if not isinstance(to, keras.optimizers.Optimizer):
            to = keras.optimizers.get(to)
        self.to = to
        self.after_steps = check_count("after_steps", after_steps)

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        # Here and not in on_train_begin: a callback before this one may restore
        # weights there, and needs the state of both optimizers to exist.
        if not hasattr(model, "set_optimizer"):
            raise TypeError(
                "SwitchOptimizer needs a ki.PINN or a ki.ClosureModel, got "
                f"{type(model).__name__}."
            )
        optimizer = model.optimizer
        if not isinstance(optimizer, Staged):
            done = int(optimizer.iterations.numpy())
            if self.after_steps <= done:
                raise ValueError(
                    f"Expected `after_steps` beyond the {done} steps already made, got "
                    f"{self.after_steps}: it counts all steps of the optimizer."
                )
            staged = Staged([optimizer, self.to], [self.after_steps])
            staged.iterations.assign(done)
            if model.built:
                staged.build(model.trainable_variables)
            model.set_optimizer(staged)
        elif not self._is_stage_of(optimizer):
            optimizer.append(self.to, self.after_steps)
            model.set_optimizer(optimizer)

    def _is_stage_of(self, staged: Staged) -> bool:
        for stage, boundary in zip(staged.stages[1:], staged.boundaries):
            if boundary == self.after_steps:
                if type(stage) is not type(self.to):
                    raise ValueError(
                        f"The model already switches to {type(stage).__name__} after "
                        f"{boundary} steps, not to {type(self.to).__name__}. Compile "
                        "it again to start over."
                    )
                return True
        return False
