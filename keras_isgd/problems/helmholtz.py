"""The Helmholtz equation of the paper, Eq. 21."""

import math

import keras
import tensorflow as tf

from keras_isgd.problems.conditions import Dirichlet
from keras_isgd.problems.problem import Problem
from keras_isgd.sampling import Box
from keras_isgd.solvers.solver import check_positive

__all__ = ["Helmholtz2D"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class Helmholtz2D(Problem):
    """u_xx + u_yy + k^2 u = f on the unit square.

        u(x, y) = sin(pi x) sin(k pi y)
        f(x, y) = (k^2 - (1 + k^2) pi^2) u(x, y)

    with u given on the boundary, where it is zero for a whole k.

    Source: Li, Chen and Huang (AAAI 2023), Eq. 21 and Figure 4.

    Args:
        k: wave number, a positive number; the paper uses 4.
    """

    coordinates = ("x", "y")
    domain = Box((0.0, 0.0), (1.0, 1.0))
    reference = "Li, Chen and Huang (AAAI 2023), Eq. 21"

    def __init__(self, k=4.0):
        self.k = check_positive("k", k)

    def residual(self, u, x):
        return u.laplacian() + self.k**2 * u.value - self.source(x)

    def conditions(self):
        return [Dirichlet(on="boundary", value=self.exact)]

    def source(self, x):
        """f at points `(n, 2)`, shape `(n, 1)`."""
        return (self.k**2 - (1 + self.k**2) * math.pi**2) * self.exact(x)

    def exact(self, x):
        """u at points `(n, 2)`, shape `(n, 1)`."""
        return tf.sin(math.pi * x[:, 0:1]) * tf.sin(self.k * math.pi * x[:, 1:2])

    def get_config(self):
        return {"k": self.k}
