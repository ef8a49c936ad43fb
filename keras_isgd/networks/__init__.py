"""Keras networks that suit PINNs."""

from keras_isgd.networks.boundary_layer_features import (
    BoundaryLayer,
    BoundaryLayerFeatures,
)
from keras_isgd.networks.corner_features import Corner, CornerFeatures
from keras_isgd.networks.hard_conditions import dirichlet, initial
from keras_isgd.networks.hole_features import Hole, HoleFeatures
from keras_isgd.networks.join import Part, join
from keras_isgd.networks.jump_features import Jump, JumpFeatures
from keras_isgd.networks.layers import (
    Columns,
    FourierFeatures,
    Positive,
    TrainableSine,
    sine,
)
from keras_isgd.networks.mlp import input_scale_for, mlp
from keras_isgd.networks.periodic import PeriodicFeatures, periodic
from keras_isgd.networks.precision import in_precision
from keras_isgd.networks.separable import separable
from keras_isgd.networks.transform import Transform, transform

__all__ = [
    "BoundaryLayer",
    "BoundaryLayerFeatures",
    "Columns",
    "Corner",
    "CornerFeatures",
    "FourierFeatures",
    "Hole",
    "HoleFeatures",
    "Jump",
    "JumpFeatures",
    "Part",
    "PeriodicFeatures",
    "Positive",
    "TrainableSine",
    "Transform",
    "dirichlet",
    "in_precision",
    "initial",
    "input_scale_for",
    "join",
    "mlp",
    "periodic",
    "separable",
    "sine",
    "transform",
]
