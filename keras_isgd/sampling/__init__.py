"""Point sets and streams of them."""

from keras_isgd.sampling.geometry_sampler import GeometrySampler
from keras_isgd.sampling.samplers import (
    METHODS,
    Sampler,
    SetSampler,
    Union,
    sobol_points,
)
from keras_isgd.sampling.streams import (
    Place,
    PointStream,
    endless,
    place_of,
    point_dataset,
)

__all__ = [
    "METHODS",
    "GeometrySampler",
    "Place",
    "PointStream",
    "Sampler",
    "SetSampler",
    "Union",
    "endless",
    "place_of",
    "point_dataset",
    "sobol_points",
]
