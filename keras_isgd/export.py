"""Trained solvers as SavedModels that need TensorFlow alone."""

import os
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import derivatives
from keras_isgd.derivatives.channels import Name, is_laplacian
from keras_isgd.models.pinn import PINN

__all__ = ["export"]


def export(model: PINN, path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Writes a trained PINN as a SavedModel.

    Endpoints, each from points `x` `(n, d)` with any n:

        serve         u, `(n, outputs)`
        derivatives   a dictionary of u, its first and second derivatives and all
                      others that the problem uses, named "u", "u_x", "u_xy",
                      "u_xxx", ..., each `(n, outputs)`
        residual      the equation's residual, `(n, k)`

    and, for a problem with trainable coefficients, from nothing:

        coefficients  a dictionary of their values, scalars

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
    if model.coefficients:
        archive.add_endpoint("coefficients", _coefficients(model), [])
    archive.write_out(path, verbose=False)


def _serve(model: PINN) -> Callable[[tf.Tensor], tf.Tensor]:
    def serve(x: tf.Tensor) -> tf.Tensor:
        return model.network(x)

    return serve


def _derivatives(model: PINN) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    names = model.problem.coordinates
    indices = _exported(model)
    outputs = range(model.problem.outputs)
    requests = {(c, index) for c in outputs for index in indices}

    def endpoint(x: tf.Tensor) -> dict[str, tf.Tensor]:
        values = derivatives(model.network, x, requests)
        return {
            "_".join(["u", *(["".join(names[i] for i in index)] if index else [])]): (
                tf.concat([values[c, index] for c in outputs], axis=1)
            )
            for index in indices
        }

    return endpoint


def _exported(model: PINN) -> list[Name]:
    """The derivatives up to the second, and what else the problem uses."""
    d = range(len(model.problem.coordinates))
    exported = [(), *((i,) for i in d), *((i, j) for i in d for j in d if i <= j)]
    # The parts of a Laplacian are second derivatives.
    used = {name for _, name in model.requests() if not is_laplacian(name)}
    return exported + sorted(used - set(exported), key=lambda name: (len(name), name))


def _residual(model: PINN) -> Callable[[tf.Tensor], tf.Tensor]:
    def residual(x: tf.Tensor) -> tf.Tensor:
        return model.residual(x)

    return residual


def _coefficients(model: PINN) -> Callable[[], dict[str, tf.Tensor]]:
    def coefficients() -> dict[str, tf.Tensor]:
        return {
            name: tf.convert_to_tensor(variable)
            for name, variable in model.coefficients.items()
        }

    return coefficients
