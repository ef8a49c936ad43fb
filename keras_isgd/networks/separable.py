"""Sums of products of functions of one coordinate each."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_isgd.networks.layers import Columns
from keras_isgd.networks.mlp import (
    checked_scales,
    first_layer,
    last_layer,
    layer_seeds,
)
from keras_isgd.utils.checks import check_choice, check_count, is_whole

__all__ = ["separable"]


def separable(
    inputs: int = 3,
    outputs: int = 1,
    width: int = 14,
    input_scale: float | Sequence[float] = 4.0,
    groups: Sequence[Sequence[int]] | None = None,
    dtype: str = "float64",
    seed: int | None = None,
) -> keras.Model:
    """Builds a sum of products of functions of one coordinate each.

        u(x_1, ..., x_d) = b + sum over r of  c_r f_r1(x_1) f_r2(x_2) ... f_rd(x_d)

    with `width` terms, and for each coordinate one network of two layers of `width`
    tanh units whose outputs are f_1k to f_width,k. Where a solution on a box is made of
    few such products, it needs far fewer weights than a fully connected network in
    three coordinates and more, and each factor carries the derivatives in its own
    coordinate alone. A front that stands askew to the coordinates is what it is bad at.

    The factors are those of the separable networks of Cho et al. (NeurIPS 2023, arXiv
    2306.15969, Eq. 5); the points need no grid here.

    Args:
        inputs: number of coordinates, d.
        outputs: number of outputs, which share the products.
        width: number of products, and of units in each hidden layer.
        input_scale: the first layers' scale on inputs between 0 and 1, a number or one
            for each input; see `mlp`.
        groups: numbers of the inputs of each factor, such as [[0], [1, 2]] where
            the inputs 1 and 2 are the sine and the cosine of one coordinate; one for
            each input if None.
        dtype: "float64" or "float32".
        seed: whole number for the weights; None draws one from NumPy's generator.

    Returns:
        A `keras.Model` from `(n, inputs)` to `(n, outputs)`.

    Raises:
        ValueError: an argument out of range, or groups that are not a partition of
            the inputs.
    """
    sizes = {"inputs": inputs, "outputs": outputs, "width": width}
    for name, value in sizes.items():
        check_count(name, value)
    check_choice("dtype", dtype, ("float64", "float32"))
    parts = _checked_groups(groups, inputs)
    scales = np.broadcast_to(checked_scales(inputs, input_scale), (inputs,)).tolist()
    seeds = layer_seeds(seed, 3 * len(parts) + 1)
    x = keras.Input((inputs,), dtype=dtype, name="x")
    factors = []
    for number, columns in enumerate(parts):
        first, second, bias = seeds[3 * number : 3 * number + 3]
        own = Columns(columns, dtype=dtype, name=f"inputs_{number}")(x)
        hidden = keras.layers.Dense(
            width,
            activation="tanh",
            dtype=dtype,
            name=f"hidden_{number}",
            **first_layer(
                len(columns), [scales[c] for c in columns], None, None, first
            ),
        )(own)
        factors.append(
            keras.layers.Dense(
                width,
                activation="tanh",
                dtype=dtype,
                name=f"factor_{number}",
                kernel_initializer=keras.initializers.GlorotNormal(second),
                # A product of factors around zero is flat.
                bias_initializer=keras.initializers.RandomUniform(-1.0, 1.0, seed=bias),
            )(hidden)
        )
    product = factors[0]
    if len(factors) > 1:
        product = keras.layers.Multiply(dtype=dtype, name="products")(factors)
    last: dict[str, Any] = last_layer(outputs, 0.01, 0.0, seeds[-1])
    u = keras.layers.Dense(outputs, dtype=dtype, name="u", **last)(product)
    return keras.Model(x, u, name="separable")


def _checked_groups(
    groups: Sequence[Sequence[int]] | None, inputs: int
) -> list[list[int]]:
    if groups is None:
        return [[number] for number in range(inputs)]
    parts = [list(part) for part in groups]
    columns = [column for part in parts for column in part]
    whole = all(is_whole(column, 0) for column in columns) and all(parts)
    if not (whole and sorted(columns) == list(range(inputs))):
        raise ValueError(
            f"Expected `groups` with each of the numbers 0 to {inputs - 1} in one "
            f"group, got {groups!r}."
        )
    return [[int(column) for column in part] for part in parts]
