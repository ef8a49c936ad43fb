r"""
Every diffusivity at once
=========================

.. math:: u_t = k\, u_{xx} \text{ for every } k \in (0.2, 1).

A parameter is a further input of the network. It has no boundary and no place in the
Laplacian; ``predict(x, k=0.5)`` fixes it.
"""

import math

import numpy as np
import tensorflow as tf

import keras_isgd as ki


class Heat(ki.Problem):
    """Heat for every diffusivity."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))
    parameters = {"k": (0.2, 1.0)}

    def residual(self, u, x):
        return u.d("t") - u.parameter("k") * u.d("xx")

    def conditions(self):
        return [ki.Dirichlet(), ki.Initial(lambda x: tf.sin(math.pi * x[:, :1]))]

    def exact(self, x):
        return tf.exp(-x[:, 2:3] * math.pi**2 * x[:, 1:2]) * tf.sin(math.pi * x[:, :1])


model = ki.solve(Heat(), seconds=40, windows=1, verbose=0)
print(model.errors())
print(model.predict(np.array([[0.5, 0.1]]), k=0.5, verbose=0))
model.plot(title="Heat for three diffusivities")
