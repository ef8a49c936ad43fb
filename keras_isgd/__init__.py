"""Implicit stochastic gradient descent and PINNs for Keras 3."""

import importlib
import os as _os
import sys as _sys
import types
import warnings

if _sys.orig_argv[1:3] == ["-m", "keras_isgd"] or _os.path.basename(
    _sys.argv[0] if _sys.argv else ""
).startswith("keras-isgd"):
    # The command line is quiet; as a library it leaves TensorFlow's log as it is.
    _os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras as _keras
import tensorflow as _tf

from keras_isgd.utils import versions as _versions

_versions.check(
    {"keras": _keras.__version__, "tensorflow": _tf.__version__},
    _keras.backend.backend(),
)

from keras_isgd import (
    callbacks,
    derivatives,
    diagnostics,
    geometry,
    networks,
    optimizers,
    problems,
    solvers,
)
from keras_isgd.export import export
from keras_isgd.geometry import Box
from keras_isgd.hosts import connect_hosts
from keras_isgd.models import PINN, ClosureModel, ClosureTraining
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Objective
from keras_isgd.optimizers import (
    ISGD,
    LBFGS,
    SPRING,
    AutoControl,
    DecreaseRatio,
    SSBroyden,
    Staged,
)
from keras_isgd.problems import (
    Coefficient,
    Condition,
    Data,
    Dirichlet,
    Initial,
    Integral,
    Interface,
    Neumann,
    Operator,
    Periodic,
    Problem,
    Robin,
)
from keras_isgd.solvers import Status
from keras_isgd.solving import Sweep, solve, sweep
from keras_isgd.version import __version__

# Modules that 0.1 had at the top.
_MOVED = ("catalogue", "cli", "runs")


def __getattr__(name: str) -> types.ModuleType:
    if name == "figures":  # with matplotlib, which costs a second
        return importlib.import_module("keras_isgd.figures")
    if name in _MOVED:
        warnings.warn(
            f"keras_isgd.{name} is keras_isgd.app.{name} now; import it from there.",
            DeprecationWarning,
            stacklevel=2,
        )
        return importlib.import_module(f"keras_isgd.app.{name}")
    raise AttributeError(f"module 'keras_isgd' has no attribute {name!r}")


__all__ = [
    "ISGD",
    "LBFGS",
    "PINN",
    "SPRING",
    "AutoControl",
    "Box",
    "ClosureModel",
    "ClosureTraining",
    "Coefficient",
    "Condition",
    "Data",
    "DecreaseRatio",
    "Dirichlet",
    "Initial",
    "Integral",
    "Interface",
    "LeastSquares",
    "Neumann",
    "Objective",
    "Operator",
    "Periodic",
    "Problem",
    "Robin",
    "SSBroyden",
    "Staged",
    "Status",
    "Sweep",
    "__version__",
    "callbacks",
    "connect_hosts",
    "derivatives",
    "diagnostics",
    "export",
    "figures",
    "geometry",
    "networks",
    "optimizers",
    "problems",
    "solve",
    "solvers",
    "sweep",
]
