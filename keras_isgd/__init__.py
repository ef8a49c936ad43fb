"""Implicit stochastic gradient descent and PINNs for Keras 3."""

import keras as _keras
import tensorflow as _tf

from keras_isgd import versions as _versions

_versions.check(
    {"keras": _keras.__version__, "tensorflow": _tf.__version__},
    _keras.backend.backend(),
)

from keras_isgd import (
    callbacks,
    derivatives,
    diagnostics,
    networks,
    optimizers,
    problems,
    solvers,
)
from keras_isgd.export import export
from keras_isgd.least_squares import LeastSquares
from keras_isgd.models import PINN, ClosureModel, ClosureTraining
from keras_isgd.objective import Objective
from keras_isgd.optimizers import ISGD, LBFGS, DecreaseRatio, Staged
from keras_isgd.problems import (
    Data,
    Dirichlet,
    Initial,
    Neumann,
    Periodic,
    Problem,
)
from keras_isgd.sampling import Box
from keras_isgd.solvers import Status

__version__ = "0.1.0"

__all__ = [
    "ISGD",
    "LBFGS",
    "PINN",
    "Box",
    "ClosureModel",
    "ClosureTraining",
    "Data",
    "DecreaseRatio",
    "Dirichlet",
    "Initial",
    "LeastSquares",
    "Neumann",
    "Objective",
    "Periodic",
    "Problem",
    "Staged",
    "Status",
    "callbacks",
    "derivatives",
    "diagnostics",
    "export",
    "networks",
    "optimizers",
    "problems",
    "solvers",
]
