"""What a residual function sees of a network: its value and derivatives."""

import tensorflow as tf

from keras_isgd.derivatives.channels import laplacian

__all__ = ["TIME", "Field", "requests_of"]

# The name of the time coordinate where a problem gives it no other.
TIME = "t"


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
    """

    def __init__(
        self,
        lookup,
        coordinates,
        outputs=1,
        coefficients=None,
        components=None,
        time=TIME,
    ):
        self._lookup = lookup
        self._coordinates = tuple(coordinates)
        self._outputs = outputs
        self._coefficients = coefficients or {}
        self._components = range(outputs) if components is None else components
        self._time = time

    @property
    def value(self):
        """The outputs, `(n, outputs)`."""
        return self._get(())

    def d(self, *names):
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

    def laplacian(self, *names):
        """Returns the sum of second derivatives, `(n, outputs)`.

        Args:
            *names: the coordinates to sum over; all but time if none is given.
        """
        names = names or [name for name in self._coordinates if name != self._time]
        if not names:
            time = self._time
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

    def coefficient(self, name):
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

    def __getitem__(self, component):
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

    def _get(self, indices):
        columns = [self._lookup(c, indices) for c in self._components]
        return columns[0] if len(columns) == 1 else tf.concat(columns, axis=1)


def requests_of(
    function, sizes, coordinates, outputs, coefficients, dtype, columns=None, time=TIME
):
    """Finds out what a residual asks of its fields, by tracing it on paper.

    Nothing is computed: the fields hand out zeros in a graph that is never run.

    Args:
        function: `function(fields, x_0) -> (n, k)`, where `fields` is one `Field`
            for each entry of `sizes`.
        sizes: how many fields the function takes.
        coordinates: names of the d coordinates.
        outputs: number of the network's outputs.
        coefficients: names of the problem's trainable coefficients.
        dtype: of the points.
        columns: number of columns of x; d if None.
        time: the name of the time coordinate, which the Laplacian leaves out.

    Returns:
        A tuple of sets of `(component, indices)`, one set for each field, and the
        number of columns k.

    Raises:
        ValueError: the function returns no `(n, k)` tensor.
    """
    requests = tuple(set() for _ in range(sizes))
    found = []

    def trace(x):
        def lookup(asked, component, indices):
            asked.add((component, indices))
            return tf.zeros((x.shape[0], 1), dtype)

        fields = [
            Field(
                lambda c, i, asked=asked: lookup(asked, c, i),
                coordinates,
                outputs,
                {name: tf.ones((), dtype) for name in coefficients},
                time=time,
            )
            for asked in requests
        ]
        rows = tf.convert_to_tensor(function(fields, x))
        if rows.shape.rank != 2 or rows.shape[0] != x.shape[0]:
            raise ValueError(
                "Expected a residual of shape (n, k) for n points, such as (n, 1); got "
                f"{tuple(rows.shape)} for n = {x.shape[0]}. Slices of x keep their "
                "column as x[:, 0:1]."
            )
        found.append(rows.shape[1])
        return rows

    # Two numbers of points show an accidental (n, n) by broadcasting.
    for n in (5, 7):
        spec = tf.TensorSpec((n, columns or len(coordinates)), dtype)
        tf.function(trace, autograph=False).get_concrete_function(spec)
    if len(set(found)) > 1:
        raise ValueError(
            "Expected a residual of shape (n, k) with a fixed k; got (n, n), which "
            "comes from adding (n,) and (n, 1). Slices of x keep their column as "
            "x[:, 0:1]."
        )
    return requests, found[0]
