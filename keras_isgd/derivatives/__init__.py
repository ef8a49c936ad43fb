"""u, u_x, u_xx, ... of a network."""

from keras_isgd.derivatives.field import Field, requests_of
from keras_isgd.derivatives.tape import derivatives

__all__ = ["Field", "derivatives", "requests_of"]
