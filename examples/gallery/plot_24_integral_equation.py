r"""
An integro-differential equation
================================

Volterra's kind:

.. math:: u'(x) + u(x) = \int_0^x e^{s - x} u(s)\, ds, \qquad u(0) = 1,

whose solution is :math:`e^{-x} \cosh x`. ``u.at(points)`` is the network at other points;
rows that mix points are found out by the trace.
"""

import numpy as np
import tensorflow as tf

import keras_isgd as ki

nodes, weights = np.polynomial.legendre.leggauss(16)
nodes, weights = tf.constant(0.5 + 0.5 * nodes), tf.constant(0.5 * weights)


class Volterra(ki.Problem):
    """An equation with a memory."""

    domain = ki.geometry.Interval(0.0, 5.0)

    def residual(self, u, x):
        s = x[:, :, None] * nodes[None, :, None]
        inside = tf.exp(s[:, :, 0] - x) * u.at(s).value
        return (
            u.d("x") + u.value - x * tf.reduce_sum(weights * inside, 1, keepdims=True)
        )

    def conditions(self):
        return [ki.Dirichlet("x_min", 1.0)]

    def exact(self, x):
        return tf.exp(-x) * tf.cosh(x)


model = ki.solve(Volterra(), seconds=25, verbose=0)
print(model.errors())
model.plot(title="An equation with a memory")
