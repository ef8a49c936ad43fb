"""Trained solvers as SavedModels that need TensorFlow alone."""

import os

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import derivatives
from keras_isgd.models.pinn import PINN

__all__ = ["export"]


def export(model, path, overwrite=False):
    """Writes a trained PINN as a SavedModel.

    Endpoints, each from points `x` `(n, d)` with any n:

        serve         u, `(n, outputs)`
        derivatives   a dictionary of u and its first and second derivatives,
                      named "u", "u_x", "u_xy", ..., each `(n, outputs)`
        residual      the equation's residual, `(n, k)`

    `tf.saved_model.load(path)` runs them where neither Keras nor this package is
    installed; `serve` can be differentiated by a GradientTape.

    Args:
        model: a `PINN`.
        path: a directory to create.
        overwrite: replace what is at `path`.

    Raises:
        TypeError: not a PINN (use `model.export` for other Keras models).
        ValueError: a weight is NaN or infinite.
        FileExistsError: `path` exists and `overwrite` is False.
        OSError: `path` cannot be written.
    """
    if not isinstance(model, PINN):
        raise TypeError(
            f"Expected a ki.PINN, got {type(model).__name__}; other Keras models have "
            "model.export(path)."
        )
    for variable in model.variables:
        if not np.isfinite(variable.numpy()).all():
            raise ValueError(
                f"The weight {variable.path} is NaN or infinite; a model like that is "
                "not exported."
            )
    path = os.fspath(path)
    if os.path.exists(path) and not overwrite:
        raise FileExistsError(
            f"{path} exists. Choose another path or pass overwrite=True."
        )
    os.makedirs(path, exist_ok=True)
    if not os.access(path, os.W_OK):
        raise PermissionError(f"{path} cannot be written.")

    d = len(model.problem.coordinates)
    signature = [tf.TensorSpec((None, d), model.compute_dtype, name="x")]
    archive = keras.export.ExportArchive()
    # Not the model, whose optimizer state would be written too.
    archive.track(model.network)
    coefficients = tf.Module()
    coefficients.values = [v.value for v in model.coefficients.values()]
    archive.track(coefficients)
    # The first endpoint becomes the default signature.
    archive.add_endpoint("serve", _serve(model), signature)
    archive.add_endpoint("derivatives", _derivatives(model), signature)
    archive.add_endpoint("residual", _residual(model), signature)
    archive.write_out(path, verbose=False)


def _serve(model):
    def serve(x):
        return model.network(x)

    return serve


def _derivatives(model):
    names = model.problem.coordinates
    multi_indices = [
        (),
        *[(i,) for i in range(len(names))],
        *[(i, j) for i in range(len(names)) for j in range(i, len(names))],
    ]
    outputs = range(model.problem.outputs)
    requests = {(c, index) for c in outputs for index in multi_indices}

    def endpoint(x):
        values = derivatives(model.network, x, requests)
        return {
            "_".join(["u", *(["".join(names[i] for i in index)] if index else [])]): (
                tf.concat([values[c, index] for c in outputs], axis=1)
            )
            for index in multi_indices
        }

    return endpoint


def _residual(model):
    def residual(x):
        return model.residual(x)

    return residual
