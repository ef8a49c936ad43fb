"""What `model.compile(optimizer=...)` takes."""

from keras_isgd.optimizers.auto_control import AutoControl
from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer
from keras_isgd.optimizers.isgd import ISGD
from keras_isgd.optimizers.lbfgs import LBFGS
from keras_isgd.optimizers.spring import SPRING
from keras_isgd.optimizers.ssbroyden import SSBroyden
from keras_isgd.optimizers.staged import Staged
from keras_isgd.optimizers.step_control import StepControl
from keras_isgd.optimizers.step_result import StepReport, StepResult, Verdict
from keras_isgd.optimizers.step_size import DecreaseRatio

__all__ = [
    "ISGD",
    "LBFGS",
    "SPRING",
    "AutoControl",
    "ClosureOptimizer",
    "DecreaseRatio",
    "SSBroyden",
    "Staged",
    "StepControl",
    "StepReport",
    "StepResult",
    "Verdict",
]
