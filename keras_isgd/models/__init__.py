"""Keras models that closure optimizers can train."""

from keras_isgd.models.closure_model import ClosureModel, ClosureTraining
from keras_isgd.models.pinn import PINN

__all__ = ["PINN", "ClosureModel", "ClosureTraining"]
