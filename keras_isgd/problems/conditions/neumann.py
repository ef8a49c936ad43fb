"""Given outward normal derivatives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Faces
from keras_isgd.problems.conditions.base import at, component_of
from keras_isgd.problems.conditions.dirichlet import Dirichlet

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Neumann"]


class Neumann(Dirichlet):
    """The outward normal derivative of u = g on a part of the boundary.

    Args:
        on, value, component, weight, name: see `Dirichlet`.
    """

    kind = "neumann"

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        u = component_of(fields[0], self.component)
        faces = problem.faces(self.on)
        if len(faces) == 1:
            ((axis, side),) = faces
            sign = 1.0 if side else -1.0
            flux = sign * u.d(problem.coordinates[axis])
        else:
            normals = Faces(problem.domain, tuple(faces)).normals(x)
            flux = tf.add_n(
                [
                    normals[:, axis : axis + 1] * u.d(problem.coordinates[axis])
                    for axis in sorted({axis for axis, _ in faces})
                ]
            )
        return flux - at(self.value, x, self.name)
