r"""
An unknown function
===================

.. math:: (k(x)\, u')' = -1

with :math:`k` unknown but for :math:`k(0) = 1`, from 21 values of :math:`u`. An unknown
function is one more output.
"""

import math

import numpy as np
import tensorflow as tf

import keras_isgd as ki


class Conductivity(ki.Problem):
    """Which k(x) explains the temperatures?"""

    domain = ki.geometry.Interval(0.0, 1.0)
    outputs = ("u", "k")

    def residual(self, u, x):
        k, v = u["k"], u["u"]
        return k.d("x") * v.d("x") + k.value * v.d("xx") + 1.0

    def conditions(self):
        x = np.linspace(0.0, 1.0, 21)[:, None]
        return [
            ki.Dirichlet("x_min", 1.0, component="k"),
            ki.Data(x, self.exact(x)[:, :1], component="u"),
        ]

    def exact(self, x):
        c = 1.0 / math.log(1.5) - 2.0
        u = 2 * (c + 2) * tf.math.log(1 + x / 2) - 2 * x
        return tf.concat([u, 1 + x / 2], axis=1)


model = ki.solve(Conductivity(), seconds=20, verbose=0)
print(model.errors())
model.plot(title="An unknown conductivity")
