"""The equations of Li, Chen and Huang (AAAI 2023)."""

from keras_isgd.problems.paper.helmholtz import Helmholtz2D
from keras_isgd.problems.paper.poisson import Poisson1D, Poisson2D
from keras_isgd.problems.paper.singular_perturbation import SingularPerturbation

__all__ = ["Helmholtz2D", "Poisson1D", "Poisson2D", "SingularPerturbation"]
