"""A trained coefficient that is a function of what is trained."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.problems import Coefficient

__all__ = ["CoefficientValue", "variable_of"]


class CoefficientValue:
    """The value of a coefficient with bounds or on a logarithmic scale.

    It is read and assigned as a `keras.Variable` is; what is trained is the number z
    in `variable`, see `ki.Coefficient`.

    Args:
        name: the coefficient's.
        coefficient: what is known of it.
        variable: the trained number z, `()`.

    Attributes:
        name, variable: the same.
    """

    shape: tuple[int, ...] = ()

    def __init__(
        self, name: str, coefficient: Coefficient, variable: keras.Variable
    ) -> None:
        self.name = name
        self.variable = variable
        self._coefficient = coefficient

    @property
    def value(self) -> tf.Tensor:
        """The coefficient, a scalar tensor."""
        return self._coefficient.value(tf.convert_to_tensor(self.variable))

    @property
    def dtype(self) -> str:
        """That of the network."""
        return self.variable.dtype

    def numpy(self) -> np.ndarray:
        """Returns the coefficient as a NumPy scalar."""
        return self.value.numpy()

    def assign(self, value: Any) -> None:
        """Sets the coefficient.

        Raises:
            ValueError: a value that is not strictly between the bounds.
        """
        try:
            z = self._coefficient.raw(float(value))
        except ValueError as error:
            raise ValueError(f"The coefficient {self.name!r}: {error}") from None
        self.variable.assign(z)

    def __float__(self) -> float:
        return float(self.numpy())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.numpy(), dtype)

    def __tf_tensor__(
        self, dtype: tf.DType | None = None, name: str | None = None
    ) -> tf.Tensor:
        return self.value if dtype is None else tf.cast(self.value, dtype)

    def __repr__(self) -> str:
        return f"<CoefficientValue {self.name} = {float(self):.6g}>"


def variable_of(coefficient: keras.Variable | CoefficientValue) -> keras.Variable:
    """Returns what is trained of one of `PINN.coefficients`."""
    if isinstance(coefficient, CoefficientValue):
        return coefficient.variable
    return coefficient
