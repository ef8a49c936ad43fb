"""Trained solvers as SavedModels that need TensorFlow alone."""

import keyword
import os
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import derivatives
from keras_isgd.derivatives.channels import Name, is_laplacian
from keras_isgd.models.coefficient_value import variable_of
from keras_isgd.models.pinn import PINN

__all__ = ["export"]

# From points (n, d + q) to tensors with a row for each.
_Function = Callable[[tf.Tensor], Any]


def export(model: PINN, path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Writes a trained PINN as a SavedModel.

    Endpoints, each from points `x` `(n, d + q)` with any n:

        serve         u, `(n, outputs)`
        derivatives   a dictionary of u, its first and second derivatives and all
                      others that the problem uses, named "u", "u_x", "u_xy",
                      "u_xxx", ..., each `(n, outputs)`; where outputs have names,
                      "T", "T_x", "q_x", ..., each `(n, 1)`
        residual      the equation's residual, `(n, k)`, or a dictionary of `(n, k)`
                      where equations have names

    They also take points `x` `(n, d)` and the problem's parameters by name, each a
    number or `(n, 1)`: `solver.serve(x, k=0.5)`. For a problem with trainable
    coefficients there is, from nothing:

        coefficients  a dictionary of their values, scalars

    `tf.saved_model.load(path)` runs them where neither Keras nor this package is
    installed; `serve` can be differentiated by a GradientTape.

    Args:
        model: a `PINN`.
        path: a directory to create.
        overwrite: replace what is at `path`.

    Raises:
        TypeError: not a PINN (use `model.export` for other Keras models).
        ValueError: a weight is NaN or infinite, two derivatives would have the same
            name, a parameter's name is no Python word, or a residual needs a fixed
            number of points.
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
    _check_parameter_names(model)
    archive = keras.export.ExportArchive()
    # Not the model, whose optimizer state would be written too.
    archive.track(model.network)
    coefficients = tf.Module()
    coefficients.values = [variable_of(c).value for c in model.coefficients.values()]
    archive.track(coefficients)
    # The first endpoint becomes the default signature.
    for name, function in (
        ("serve", model.call),
        ("derivatives", _derivatives(model)),
        ("residual", _residual(model)),
    ):
        archive.add_endpoint(name, _endpoint(model, function))
    if model.coefficients:
        archive.add_endpoint("coefficients", _coefficients(model), [])
    os.makedirs(path, exist_ok=True)
    if not os.access(path, os.W_OK):
        raise PermissionError(f"{path} cannot be written.")
    archive.write_out(path, verbose=False)


def _check_parameter_names(model: PINN) -> None:
    for name in model.problem.parameters:
        if not name.isidentifier() or keyword.iskeyword(name) or name == "x":
            raise ValueError(
                f"The parameter {name!r} cannot be an input of its own in an exported "
                "solver: expected a Python word other than x. Rename it in "
                "`parameters`."
            )


def _endpoint(model: PINN, function: _Function) -> Any:
    """A function of points `(n, d + q)`, or of points `(n, d)` and parameters."""
    problem, dtype = model.problem, model.compute_dtype
    parameters = tuple(problem.parameters)

    def endpoint(x: tf.Tensor, **values: tf.Tensor) -> Any:
        columns = [x]
        for name in parameters if values else ():
            value = tf.reshape(values[name], [-1, 1])
            columns.append(tf.broadcast_to(value, [tf.shape(x)[0], 1]))
        return function(x if len(columns) == 1 else tf.concat(columns, axis=1))

    traced = tf.function(endpoint, autograph=False)
    traced.get_concrete_function(
        x=tf.TensorSpec((None, problem.input_count), dtype, name="x")
    )
    x = tf.TensorSpec((None, len(problem.coordinates)), dtype, name="x")
    for shape in ((), (None, 1)) if parameters else ():
        given = {name: tf.TensorSpec(shape, dtype, name=name) for name in parameters}
        traced.get_concrete_function(x=x, **given)
    return traced


def _derivatives(model: PINN) -> _Function:
    names, problem = _derivative_names(model), model.problem
    columns = range(problem.network_outputs)
    indices = {index for _, index in names.values()}
    requests = {(column, index) for column in columns for index in indices}

    def endpoint(x: tf.Tensor) -> dict[str, tf.Tensor]:
        values = derivatives(model.network, x, requests)
        found = {}
        for name, (component, index) in names.items():
            u = tf.concat([values[column, index] for column in columns], axis=1)
            if problem.subdomains:
                u = problem.chosen_outputs(x, u)
            found[name] = u if component is None else u[:, component : component + 1]
        return found

    return endpoint


def _derivative_names(model: PINN) -> dict[str, tuple[int | None, Name]]:
    """The derivatives to export by name: an output, None for all, and coordinates."""
    problem = model.problem
    outputs: dict[str, int | None] = {"u": None}
    if not isinstance(problem.outputs, int):
        outputs = {name: i for i, name in enumerate(problem.names.outputs)}
    found: dict[str, tuple[int | None, Name]] = {}
    for output, component in outputs.items():
        for index in _exported(model):
            words = "".join(problem.names.inputs[i] for i in index)
            name = f"{output}_{words}" if words else output
            if name in found:
                raise ValueError(
                    f"{type(problem).__name__} has two derivatives or outputs that an "
                    f"exported solver would call {name!r}: rename an output or a "
                    "coordinate."
                )
            found[name] = component, index
    return found


def _exported(model: PINN) -> list[Name]:
    """The derivatives up to the second, and what else the problem uses."""
    d = range(len(model.problem.coordinates))
    exported = [(), *((i,) for i in d), *((i, j) for i in d for j in d if i <= j)]
    # The parts of a Laplacian are second derivatives.
    used = {name for _, name in model.requests() if not is_laplacian(name)}
    return exported + sorted(used - set(exported), key=lambda name: (len(name), name))


def _residual(model: PINN) -> _Function:
    equations = model.equations

    def residual(x: tf.Tensor) -> Any:
        try:
            rows = model.residual(x)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"The residual of {type(model.problem).__name__} cannot be exported "
                f"for any number of points: {error} Take their number from "
                "tf.shape(x)[0]; x.shape[0] is None there."
            ) from error
        if list(equations) == ["residual"]:
            return rows
        return dict(zip(equations, tf.split(rows, list(equations.values()), axis=1)))

    return residual


def _coefficients(model: PINN) -> Callable[[], dict[str, tf.Tensor]]:
    def coefficients() -> dict[str, tf.Tensor]:
        return {
            name: tf.convert_to_tensor(coefficient)
            for name, coefficient in model.coefficients.items()
        }

    return coefficients
