"""Conditions: one file each."""

from keras_isgd.problems.conditions.base import Condition
from keras_isgd.problems.conditions.data import Data
from keras_isgd.problems.conditions.dirichlet import Dirichlet
from keras_isgd.problems.conditions.initial import Initial
from keras_isgd.problems.conditions.integral import Integral
from keras_isgd.problems.conditions.interface import Interface
from keras_isgd.problems.conditions.neumann import Neumann
from keras_isgd.problems.conditions.operator import Operator
from keras_isgd.problems.conditions.periodic import Periodic
from keras_isgd.problems.conditions.robin import Robin

__all__ = [
    "Condition",
    "Data",
    "Dirichlet",
    "Initial",
    "Integral",
    "Interface",
    "Neumann",
    "Operator",
    "Periodic",
    "Robin",
]
