"""What a residual function sees of a network: its value and derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from keras_isgd.derivatives.channels import Name, laplacian

__all__ = ["TIME", "Field", "Lookup"]

# The name of the time coordinate where a problem gives it no other.
TIME = "t"

# Serves a derivative, `(n, 1)`, by the output's number and the derivative's name.
Lookup = Callable[[int, Name], tf.Tensor]


class Field:
    """A network's outputs and their derivatives at a set of points.

    A residual receives one as `u` and asks for what it needs; only that is
    computed. For a network of one output everything has the shape `(n, 1)`.

    Example, with coordinates `("x", "t")`:

        u.value          u            (n, outputs)
        u.d("x")         u_x
        u.d("xxt")       u_xxt, of any order
        u.d("x1", "x1")  for coordinates with longer names
        u.laplacian()    the sum of the second derivatives in all
                         coordinates but time
        u[1].d("x")      of the second output alone, (n, 1)
        u.coefficient("nu")   a trainable coefficient of the problem, ()

    Args:
        lookup: serves one derivative of one output.
        coordinates: names of the coordinates.
        outputs: number of the network's outputs.
        coefficients: the problem's coefficients, scalars, by name.
        components: numbers of the outputs to show; all if None.
        time: the name of the time coordinate, which the Laplacian leaves out.
    """

    def __init__(
        self,
        lookup: Lookup,
        coordinates: Sequence[str],
        outputs: int = 1,
        coefficients: Mapping[str, tf.Tensor] | None = None,
        components: Sequence[int] | None = None,
        time: str | None = TIME,
    ) -> None:
        self._lookup = lookup
        self._coordinates = tuple(coordinates)
        self._outputs = outputs
        self._coefficients = coefficients or {}
        self._components = range(outputs) if components is None else components
        self._time = time

    @property
    def value(self) -> tf.Tensor:
        """The outputs, `(n, outputs)`."""
        return self._get(())

    def d(self, *names: str) -> tf.Tensor:
        """Returns a partial derivative, `(n, outputs)`.

        Args:
            *names: one string of one-letter coordinates, such as "xxy", or one
                coordinate's name for each differentiation.

        Raises:
            ValueError: a name that is no coordinate of the problem.
        """
        if len(names) == 1 and names[0] not in self._coordinates:
            names = tuple(names[0])
        unknown = [name for name in names if name not in self._coordinates]
        if unknown or not names:
            raise ValueError(
                f"Unknown derivative {''.join(names)!r}: the problem's coordinates are "
                f"{', '.join(self._coordinates)}. Ask for one letter per "
                f'differentiation, such as u.d("{self._coordinates[0] * 2}").'
            )
        return self._get(tuple(sorted(self._coordinates.index(name) for name in names)))

    def laplacian(self, *names: str) -> tf.Tensor:
        """Returns the sum of second derivatives, `(n, outputs)`.

        Args:
            *names: the coordinates to sum over; all but time if none is given.
        """
        time = self._time
        names = names or tuple(name for name in self._coordinates if name != time)
        if not names:
            raise ValueError(
                f'The Laplacian leaves out the time "{time}", the only coordinate '
                f'here; ask for u.d("{time}", "{time}").'
            )
        unknown = [name for name in names if name not in self._coordinates]
        if unknown:
            raise ValueError(
                f"Unknown coordinates {', '.join(unknown)} in a Laplacian: the "
                f"problem's are {', '.join(self._coordinates)}."
            )
        return self._get(laplacian({self._coordinates.index(n) for n in names}))

    def coefficient(self, name: str) -> tf.Tensor:
        """Returns a trainable coefficient of the problem, a scalar.

        Raises:
            ValueError: the problem declares no such coefficient.
        """
        if name not in self._coefficients:
            raise ValueError(
                f"Unknown coefficient {name!r}: the problem declares "
                f"{', '.join(self._coefficients) or 'none'}. Add it to the problem's "
                "`coefficients`, a dictionary of names and first values."
            )
        return self._coefficients[name]

    def __getitem__(self, component: int) -> Field:
        if not isinstance(component, int) or not 0 <= component < self._outputs:
            raise IndexError(
                f"Expected an output from 0 to {self._outputs - 1}, got {component!r}."
            )
        return Field(
            self._lookup,
            self._coordinates,
            self._outputs,
            self._coefficients,
            [component],
            self._time,
        )

    def _get(self, indices: Name) -> tf.Tensor:
        columns = [self._lookup(c, indices) for c in self._components]
        return columns[0] if len(columns) == 1 else tf.concat(columns, axis=1)
