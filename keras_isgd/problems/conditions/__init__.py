"""Boundary, initial, periodic and measured conditions: one file each."""

from keras_isgd.problems.conditions.base import Condition
from keras_isgd.problems.conditions.data import Data
from keras_isgd.problems.conditions.dirichlet import Dirichlet
from keras_isgd.problems.conditions.initial import Initial
from keras_isgd.problems.conditions.neumann import Neumann
from keras_isgd.problems.conditions.periodic import Periodic

__all__ = ["Condition", "Data", "Dirichlet", "Initial", "Neumann", "Periodic"]
