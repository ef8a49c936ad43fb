"""Differential equations; one file each."""

from keras_isgd.problems.coefficient import Coefficient
from keras_isgd.problems.conditions import (
    Condition,
    Data,
    Dirichlet,
    Initial,
    Integral,
    Interface,
    Neumann,
    Operator,
    Periodic,
    Robin,
)
from keras_isgd.problems.paper.helmholtz import Helmholtz2D
from keras_isgd.problems.paper.poisson import Poisson1D, Poisson2D
from keras_isgd.problems.paper.singular_perturbation import SingularPerturbation
from keras_isgd.problems.problem import Problem
from keras_isgd.problems.quadratic import StiffQuadratic

PROBLEMS = (Poisson1D, Poisson2D, Helmholtz2D, SingularPerturbation)

__all__ = [
    "PROBLEMS",
    "Coefficient",
    "Condition",
    "Data",
    "Dirichlet",
    "Helmholtz2D",
    "Initial",
    "Integral",
    "Interface",
    "Neumann",
    "Operator",
    "Periodic",
    "Poisson1D",
    "Poisson2D",
    "Problem",
    "Robin",
    "SingularPerturbation",
    "StiffQuadratic",
]
