"""Given outward normal derivatives."""

import numpy as np
import tensorflow as tf

from keras_isgd.problems.conditions.base import at, component_of
from keras_isgd.problems.conditions.dirichlet import Dirichlet

__all__ = ["Neumann"]


class Neumann(Dirichlet):
    """The outward normal derivative of u = g on a part of the boundary."""

    kind = "neumann"

    def residual(self, problem, fields, x):
        u = component_of(fields[0], self.component)
        faces = problem.faces(self.on)
        if len(faces) == 1:
            ((axis, side),) = faces
            sign = 1.0 if side else -1.0
            return sign * u.d(problem.coordinates[axis]) - at(self.value, x)
        normals = _normals(problem, faces, x)
        axes = sorted({axis for axis, _ in faces})
        flux = tf.add_n(
            [
                normals[:, axis : axis + 1] * u.d(problem.coordinates[axis])
                for axis in axes
            ]
        )
        return flux - at(self.value, x)


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
