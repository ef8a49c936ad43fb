"""What a residual function sees of a network: its value and derivatives."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from keras_isgd.derivatives.channels import Name, laplacian

__all__ = ["TIME", "Elsewhere", "Field", "Lookup", "Names"]

# The name of the time coordinate where a problem gives it no other.
TIME = "t"

# Serves a derivative, `(n, 1)`, by the output's number and the derivative's name.
Lookup = Callable[[int, Name], tf.Tensor]
# Serves derivatives at other points.
Elsewhere = Callable[[tf.Tensor], Lookup]


@dataclasses.dataclass(frozen=True)
class Names:
    """What a problem calls the things that a `Field` serves.

    Attributes:
        coordinates: of the d coordinates.
        outputs: of the network's outputs.
        time: the coordinate that is time, which the Laplacian leaves out, or None.
        parameters: of the q further inputs of the network.
    """

    coordinates: tuple[str, ...]
    outputs: tuple[str, ...] = ("u",)
    time: str | None = TIME
    parameters: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The network's inputs: coordinates, then parameters."""
        return self.coordinates + self.parameters

    def component(self, output: int | str) -> int:
        """Returns an output's number.

        Args:
            output: its number or its name.

        Raises:
            IndexError: there is no such output.
        """
        if isinstance(output, str) and output in self.outputs:
            return self.outputs.index(output)
        whole = isinstance(output, int) and not isinstance(output, bool)
        if whole and output in range(len(self.outputs)):
            return int(output)
        raise IndexError(
            f"Expected an output from 0 to {len(self.outputs) - 1}, or one of the "
            f"names {', '.join(self.outputs)}; got {output!r}."
        )


class Field:
    """A network's outputs and their derivatives at a set of points.

    A residual receives one as `u` and asks for what it needs; only that is
    computed. For a network of one output everything has the shape `(n, 1)`.

    Example, with coordinates `("x", "t")` and outputs `("v", "p")`:

        u.value          all outputs, (n, outputs)
        u["p"].value     one of them, (n, 1); u[1] is the same
        u.d("x")         u_x
        u.d("xxt")       u_xxt, of any order
        u.d("x1", "x1")  for coordinates with longer names
        u.laplacian()    the sum of the second derivatives in all
                         coordinates but time
        u.coefficient("nu")   a trainable coefficient of the problem, ()
        u.parameter("k")      a parameter of the problem, (n, 1)
        u.at(points)     the same network at other points
        u.subdomain      the name of the part of the domain, or None

    Args:
        lookup: serves one derivative of one output.
        coordinates: names of the coordinates, or `Names` of everything.
        outputs: number of the network's outputs; `Names` say it themselves.
        coefficients: the problem's coefficients, scalars, by name.
        components: numbers of the outputs to show; all if None.
        time: the name of the time coordinate, which the Laplacian leaves out.
        points: where the field is, `(n, d + q)`: coordinates, then parameters.
        elsewhere: serves other points, for `at`.
        subdomain: the name of the problem's subdomain that the field belongs to.
    """

    def __init__(
        self,
        lookup: Lookup,
        coordinates: Sequence[str] | Names,
        outputs: int = 1,
        coefficients: Mapping[str, tf.Tensor] | None = None,
        components: Sequence[int] | None = None,
        time: str | None = TIME,
        points: tf.Tensor | None = None,
        elsewhere: Elsewhere | None = None,
        subdomain: str | None = None,
    ) -> None:
        if not isinstance(coordinates, Names):
            numbered = tuple(f"u{i}" for i in range(outputs))
            coordinates = Names(tuple(coordinates), numbered, time)
        self._lookup = lookup
        self._names = coordinates
        self._coefficients = coefficients or {}
        count = len(coordinates.outputs)
        self._components = range(count) if components is None else components
        self._points = points
        self._elsewhere = elsewhere
        self.subdomain = subdomain

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
        known = self._names.inputs
        if len(names) == 1 and names[0] not in known:
            names = tuple(names[0])
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(
                f"Unknown derivative {''.join(names)!r}: the problem's coordinates are "
                f"{', '.join(known)}. Ask for one letter per differentiation, such as "
                f'u.d("{known[0] * 2}").'
            )
        return self._get(tuple(sorted(known.index(name) for name in names)))

    def laplacian(self, *names: str) -> tf.Tensor:
        """Returns the sum of second derivatives, `(n, outputs)`.

        Args:
            *names: the coordinates to sum over; all but time if none is given.
        """
        known, time = self._names.coordinates, self._names.time
        names = names or tuple(name for name in known if name != time)
        if not names:
            raise ValueError(
                f'The Laplacian leaves out the time "{time}", the only coordinate '
                f'here; ask for u.d("{time}", "{time}").'
            )
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(
                f"Unknown coordinates {', '.join(unknown)} in a Laplacian: the "
                f"problem's are {', '.join(known)}."
            )
        return self._get(laplacian({known.index(n) for n in names}))

    def normal_derivative(self, normals: tf.Tensor) -> tf.Tensor:
        """Returns the derivative along directions, `(n, outputs)`.

        Args:
            normals: a vector in space for each point, `(n, s)`, one column for each
                coordinate but time.
        """
        space = [c for c in self._names.coordinates if c != self._names.time]
        return tf.add_n(
            [normals[:, i : i + 1] * self.d(c) for i, c in enumerate(space)]
        )

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

    def parameter(self, name: str) -> tf.Tensor:
        """Returns a parameter of the problem at the points, `(n, 1)`.

        Raises:
            ValueError: the problem declares no such parameter.
        """
        parameters = self._names.parameters
        if name not in parameters or self._points is None:
            raise ValueError(
                f"Unknown parameter {name!r}: the problem declares "
                f"{', '.join(parameters) or 'none'}. Add it to the problem's "
                "`parameters`, a dictionary of names and ranges (low, high)."
            )
        column = len(self._names.coordinates) + parameters.index(name)
        return self._points[..., column : column + 1]

    def at(self, points: tf.Tensor) -> Field:
        """Returns the network's field at other points, for integrals and delays.

        Args:
            points: `(n, m, d + q)`, m further points for each point of this field,
                where values and derivatives of one output are `(n, m)`; or
                `(m, d + q)`, the same for all of them, where they are `(m, 1)`.

        Raises:
            ValueError: points of another shape.
        """
        points = tf.convert_to_tensor(points)
        width = len(self._names.inputs)
        if points.shape.rank not in (2, 3) or points.shape[-1] != width:
            raise ValueError(
                f"Expected points (n, m, {width}) or (m, {width}) in u.at(points), got "
                f"shape {points.shape}."
            )
        if self.subdomain is not None:
            raise ValueError(
                "u.at(points) is not possible in a problem with subdomains: the points "
                "may lie in another one."
            )
        if self._elsewhere is None:
            raise ValueError(
                "u.at(points) is for the field that a residual receives, not for one "
                "that u.at itself returned."
            )
        return Field(
            self._elsewhere(points),
            self._names,
            coefficients=self._coefficients,
            components=self._components,
            points=points,
        )

    def __getitem__(self, component: int | str) -> Field:
        return Field(
            self._lookup,
            self._names,
            coefficients=self._coefficients,
            components=[self._names.component(component)],
            points=self._points,
            elsewhere=self._elsewhere,
            subdomain=self.subdomain,
        )

    def _get(self, indices: Name) -> tf.Tensor:
        columns = [self._lookup(c, indices) for c in self._components]
        if len(columns) == 1:
            return columns[0]
        if columns[0].shape.rank == 2 and self._at_own_points():
            raise ValueError(
                "At m points for each point, a field of several outputs has no shape: "
                f'choose one, such as u["{self._names.outputs[0]}"].at(points).'
            )
        return tf.concat(columns, axis=1)

    def _at_own_points(self) -> bool:
        return self._points is not None and self._points.shape.rank == 3
