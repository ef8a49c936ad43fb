"""Problems solved in one call."""

from keras_isgd.solving.solve import solve

__all__ = ["solve"]
