"""Keras networks that suit PINNs."""

from keras_isgd.networks.layers import FourierFeatures, TrainableSine, sine
from keras_isgd.networks.mlp import input_scale_for, mlp

__all__ = ["FourierFeatures", "TrainableSine", "input_scale_for", "mlp", "sine"]
