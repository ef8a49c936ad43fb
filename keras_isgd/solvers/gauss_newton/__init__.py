"""Steps from linearised residuals."""

from keras_isgd.solvers.gauss_newton.solver import GaussNewton

__all__ = ["GaussNewton"]
