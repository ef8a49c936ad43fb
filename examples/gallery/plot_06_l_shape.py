r"""
The L-shape
===========

.. math:: \Delta u = 0, \qquad u = e^{-\pi x} \sin \pi y \text{ on the boundary.}

The domain is a square without its upper right quarter.
"""

import math

import tensorflow as tf

import keras_isgd as ki

square = ki.geometry.Rectangle((-1.0, -1.0), (1.0, 1.0))
quarter = ki.geometry.Rectangle((0.0, 0.0), (1.0, 1.0))


class LShape(ki.Problem):
    """Laplace's equation on an L."""

    coordinates = ("x", "y")
    domain = square - quarter

    def residual(self, u, x):
        return u.laplacian()

    def conditions(self):
        return [ki.Dirichlet(value=self.exact)]

    def exact(self, x):
        return tf.exp(-math.pi * x[:, :1]) * tf.sin(math.pi * x[:, 1:2])


model = ki.solve(LShape(), seconds=20, verbose=0)
print(model.errors())
model.plot(title="Laplace's equation on an L")
