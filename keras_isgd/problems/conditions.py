"""Boundary, initial, periodic and measured conditions: the data terms of Eq. 6."""

import numpy as np
import tensorflow as tf

__all__ = ["Condition", "Data", "Dirichlet", "Initial", "Neumann", "Periodic"]


class Condition:
    """One named term of a PINN's loss.

    Args:
        on: the point set that it holds on: "boundary" (all faces but those of
            time "t"), or one face such as "x_min" or "t_max".
        weight: omega, its weight in the loss (Eq. 6), a number > 0.
        name: the term's name in `History`.
    """

    kind = "condition"

    def __init__(self, on, weight=1.0, name=None):
        self.on = on
        self.weight = weight
        self.name = name or (f"{self.kind}_{on}" if on else self.kind)

    def places(self, problem, x):
        """Where the network is needed for points `x`: a list of `(n, d)`."""
        return [x]

    def residual(self, problem, fields, x):
        """Returns the rows that should vanish, `(n, k)`.

        Args:
            problem: the `Problem`.
            fields: one `Field` for each of `places`.
            x: the points, `(n, d)`.
        """
        raise TypeError(f"{type(self).__name__} must define residual().")


class Dirichlet(Condition):
    """u = g on a part of the boundary.

    Args:
        on: "boundary" or a face such as "x_min".
        value: g: a number, or a function from `(n, d)` to `(n, 1)`.
        component: which output of the network; None for all.
        weight, name: see `Condition`.
    """

    kind = "dirichlet"

    def __init__(self, on="boundary", value=0.0, component=None, weight=1.0, name=None):
        super().__init__(on, weight, name)
        self.value = value
        self.component = component

    def residual(self, problem, fields, x):
        return _component(fields[0], self.component).value - _at(self.value, x)


class Initial(Dirichlet):
    """u = g, or the derivative of u in time = g, at the first time.

    Args:
        value: g: a number, or a function from `(n, d)` to `(n, 1)`.
        order: 0 for u, 1 for u_t, ...
        time: the time coordinate's name.
        component, weight, name: see `Dirichlet`.
    """

    kind = "initial"

    def __init__(
        self, value=0.0, order=0, time="t", component=None, weight=1.0, name=None
    ):
        default = "initial" if order == 0 else f"initial_d{time * order}"
        super().__init__(f"{time}_min", value, component, weight, name or default)
        self.order = order
        self.time = time

    def residual(self, problem, fields, x):
        u = _component(fields[0], self.component)
        left = u.value if self.order == 0 else u.d(*[self.time] * self.order)
        return left - _at(self.value, x)


class Neumann(Dirichlet):
    """The outward normal derivative of u = g on a part of the boundary."""

    kind = "neumann"

    def residual(self, problem, fields, x):
        u = _component(fields[0], self.component)
        faces = problem.faces(self.on)
        if len(faces) == 1:
            ((axis, side),) = faces
            sign = 1.0 if side else -1.0
            return sign * u.d(problem.coordinates[axis]) - _at(self.value, x)
        normals = _normals(problem, faces, x)
        axes = sorted({axis for axis, _ in faces})
        flux = tf.add_n(
            [
                normals[:, axis : axis + 1] * u.d(problem.coordinates[axis])
                for axis in axes
            ]
        )
        return flux - _at(self.value, x)


class Periodic(Condition):
    """u and some of its derivatives agree on two opposite faces.

    Args:
        coordinate: the name of the coordinate that is periodic.
        orders: which derivatives in it agree; 0 is u itself.
        component: which output of the network; None for all.
        weight, name: see `Condition`.
    """

    kind = "periodic"

    def __init__(
        self, coordinate="x", orders=(0, 1), component=None, weight=1.0, name=None
    ):
        super().__init__(f"{coordinate}_min", weight, name or f"periodic_{coordinate}")
        self.coordinate = coordinate
        self.orders = tuple(orders)
        self.component = component

    def places(self, problem, x):
        axis = problem.coordinates.index(self.coordinate)
        shift = np.zeros((1, len(problem.coordinates)))
        shift[0, axis] = problem.domain.lengths[axis]
        return [x, x + tf.constant(shift, x.dtype)]

    def residual(self, problem, fields, x):
        low, high = (_component(u, self.component) for u in fields)
        rows = [
            low.value - high.value
            if order == 0
            else low.d(*[self.coordinate] * order) - high.d(*[self.coordinate] * order)
            for order in self.orders
        ]
        return tf.concat(rows, axis=1)


class Data(Condition):
    """Measured values of u at given points.

    Args:
        points: `(n, d)`, inside the problem's domain.
        values: `(n, k)`, or `(n,)` for one output.
        component: which output of the network; None for all.
        weight, name: see `Condition`.

    Raises:
        ValueError: no points, shapes that do not match, or values that are not
            finite.
    """

    kind = "data"

    def __init__(self, points, values, component=None, weight=1.0, name="data"):
        super().__init__(None, weight, name)
        self.points = np.asarray(points, np.float64)
        self.values = np.asarray(values, np.float64)
        self.component = component
        if self.values.ndim == 1:
            self.values = self.values[:, None]
        if (
            self.points.ndim != 2
            or self.values.ndim != 2
            or len(self.points) != len(self.values)
            or len(self.points) == 0
        ):
            raise ValueError(
                "Expected points (n, d) and values (n, k) with the same n >= 1, got "
                f"shapes {self.points.shape} and {self.values.shape}."
            )
        if not (np.isfinite(self.points).all() and np.isfinite(self.values).all()):
            raise ValueError(
                f"The measured data {name!r} has NaN or infinite entries. Remove them."
            )

    @property
    def columns(self):
        """Points and values side by side, `(n, d + k)`."""
        return np.concatenate([self.points, self.values], axis=1)

    def places(self, problem, x):
        return [x[:, : self.points.shape[1]]]

    def residual(self, problem, fields, x):
        u = _component(fields[0], self.component).value
        return u - x[:, self.points.shape[1] :]


def _component(u, component):
    return u if component is None else u[component]


def _at(value, x):
    return tf.cast(value(x) if callable(value) else value, x.dtype)


def _normals(problem, faces, x):
    """The outward normal of the nearest face for each point, `(n, d)`."""
    box, d = problem.domain, len(problem.coordinates)
    distances, normals = [], np.zeros((len(faces), d))
    for row, (axis, side) in enumerate(faces):
        corner = (box.lower, box.upper)[side][axis]
        distances.append(tf.abs(x[:, axis] - corner) / box.lengths[axis])
        normals[row, axis] = 1.0 if side else -1.0
    nearest = tf.argmin(tf.stack(distances, axis=1), axis=1)
    return tf.gather(tf.constant(normals, x.dtype), nearest)
