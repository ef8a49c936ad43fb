"""Pictures of training and of solutions; needs matplotlib, imported when used."""

from keras_isgd.figures.animation import animate
from keras_isgd.figures.curves import COLOURS, HIGHEST_ERROR, save_curves
from keras_isgd.figures.pictures import (
    plot,
    prediction_points,
    save_predictions,
    save_solution,
)

__all__ = [
    "COLOURS",
    "HIGHEST_ERROR",
    "animate",
    "plot",
    "prediction_points",
    "save_curves",
    "save_predictions",
    "save_solution",
]
