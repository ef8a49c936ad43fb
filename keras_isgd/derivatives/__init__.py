"""u, u_x, u_xx, ... of a network."""

from keras_isgd import compat
from keras_isgd.derivatives.activations import register_activation
from keras_isgd.derivatives.channels import laplacian
from keras_isgd.derivatives.field import Field
from keras_isgd.derivatives.jet import Jet
from keras_isgd.derivatives.rules import register_rule
from keras_isgd.derivatives.tape import derivatives
from keras_isgd.derivatives.trace import requests_of

__all__ = [
    "Field",
    "Jet",
    "derivatives",
    "laplacian",
    "register_activation",
    "register_rule",
    "requests_of",
]

# A residual is a derivative that training differentiates again.
compat.register_xla_gradients()
