"""Problems solved in one call, once or many times."""

from keras_isgd.solving.solve import solve
from keras_isgd.solving.sweep import Sweep, sweep

__all__ = ["Sweep", "solve", "sweep"]
