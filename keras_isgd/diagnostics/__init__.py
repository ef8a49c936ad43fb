"""What a loss looks like: curvature, decay along a run, Gram matrices."""

from keras_isgd.callbacks.loss_decay import LossDecay
from keras_isgd.diagnostics.gram import (
    gram_matrix,
    limit_gram_matrix,
    theorem_bound,
    two_layer_gram_matrix,
)
from keras_isgd.diagnostics.hessian import (
    Ends,
    extreme_eigenvalues,
    hessian,
    hessian_spectrum,
    hessian_vector_product,
)

__all__ = [
    "Ends",
    "LossDecay",
    "extreme_eigenvalues",
    "gram_matrix",
    "hessian",
    "hessian_spectrum",
    "hessian_vector_product",
    "limit_gram_matrix",
    "theorem_bound",
    "two_layer_gram_matrix",
]
