"""Plain L-BFGS as a Keras optimizer."""

import keras
import tensorflow as tf

from keras_isgd import solvers
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer, Proposal
from keras_isgd.solvers.lbfgs import CurvatureMemory

__all__ = ["LBFGS"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class LBFGS(ClosureOptimizer):
    """Minimises the loss by L-BFGS, several iterations in each train step.

    The second phase of the paper's "ISGD, L-BFGS". The curvature memory is
    part of the optimizer's state: on fixed points, ten train steps of ten
    iterations make the same iterates as one of a hundred.

    It has no learning rate: a line search sets each step. Points should be
    fixed, or the memory describes another loss than the present one; a line
    search that fails for that reason empties the memory.

    Args:
        steps: L-BFGS iterations in a train step.
        memory: number of correction pairs kept.
        tolerance: a train step ends early when the gradient has fallen to this
            fraction of its value at the step's start; 0 never ends early.
        use_ema, ema_momentum, ema_overwrite_frequency: as in Keras.
        name: the optimizer's name.

    Raises:
        ValueError: an argument out of range, or a Keras argument that acts on
            gradients (`clipnorm`, `weight_decay`, ...).
    """

    def __init__(
        self,
        steps=10,
        memory=50,
        tolerance=0.0,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        name="lbfgs",
        **kwargs,
    ):
        super().__init__(
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            name=name,
            **kwargs,
        )
        self.solver = solvers.LBFGS(steps=steps, memory=memory, tolerance=tolerance)
        self._memory = None

    @property
    def learning_rate(self):
        """Always 1, since the line search sets the step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        raise TypeError(
            "LBFGS has no learning rate to set: its line search chooses each step. "
            "Leave learning-rate callbacks out."
        )

    def build(self, variables):
        if not self.built:
            size = sum(v.value.shape.num_elements() for v in variables)
            dtype = variables[0].dtype
            shape = (self.solver.memory, size)
            self._memory = CurvatureMemory(
                self.add_variable(shape, dtype=dtype, name="position_deltas"),
                self.add_variable(shape, dtype=dtype, name="gradient_deltas"),
                self.add_variable((), dtype="int32", name="pairs"),
            )
        super().build(variables)

    def state(self):
        state = super().state()
        del state["learning_rate"]
        if self._memory is not None:
            state.update(self._memory._asdict())
        return state

    def propose(self, objective, start):
        memory = CurvatureMemory(*(tf.convert_to_tensor(v) for v in self._memory))
        result = self.solver.solve(objective, start, memory)
        for variable, value in zip(self._memory, result.memory):
            variable.assign(value)
        return Proposal(
            result.w,
            tf.constant(float("nan"), start.w.dtype),
            result.iterations,
            result.evaluations,
            result.status,
            self.learning_rate,
        )

    def get_config(self):
        config = super().get_config()
        del config["learning_rate"]
        config.update(
            steps=self.solver.steps,
            memory=self.solver.memory,
            tolerance=self.solver.tolerance,
        )
        return config
