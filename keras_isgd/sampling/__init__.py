"""Point sets and streams of them."""

from keras_isgd.sampling.samplers import METHODS, SetSampler, Union
from keras_isgd.sampling.streams import PointStream, endless, point_dataset

__all__ = [
    "METHODS",
    "PointStream",
    "SetSampler",
    "Union",
    "endless",
    "point_dataset",
]
