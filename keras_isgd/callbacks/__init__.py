"""Keras callbacks; one file each."""

from keras_isgd.callbacks.backup_and_restore import BackupAndRestore
from keras_isgd.callbacks.cost_monitor import CostMonitor
from keras_isgd.callbacks.error_monitor import ErrorMonitor
from keras_isgd.callbacks.field_images import FieldImages
from keras_isgd.callbacks.keep_best import KeepBest
from keras_isgd.callbacks.loss_decay import LossDecay
from keras_isgd.callbacks.solver_monitor import SolverMonitor
from keras_isgd.callbacks.stop_when_converged import StopWhenConverged
from keras_isgd.callbacks.stop_when_stuck import StopWhenStuck
from keras_isgd.callbacks.switch_optimizer import SwitchOptimizer
from keras_isgd.callbacks.time_limit import TimeLimit

__all__ = [
    "BackupAndRestore",
    "CostMonitor",
    "ErrorMonitor",
    "FieldImages",
    "KeepBest",
    "LossDecay",
    "SolverMonitor",
    "StopWhenConverged",
    "StopWhenStuck",
    "SwitchOptimizer",
    "TimeLimit",
]
