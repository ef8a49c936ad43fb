"""What `model.compile(optimizer=...)` takes."""

from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer
from keras_isgd.optimizers.isgd import ISGD
from keras_isgd.optimizers.lbfgs import LBFGS
from keras_isgd.optimizers.staged import Staged
from keras_isgd.optimizers.step_control import StepControl
from keras_isgd.optimizers.step_result import StepReport, StepResult, Verdict
from keras_isgd.optimizers.step_size import DecreaseRatio

__all__ = [
    "ISGD",
    "LBFGS",
    "ClosureOptimizer",
    "DecreaseRatio",
    "Staged",
    "StepControl",
    "StepReport",
    "StepResult",
    "Verdict",
]
