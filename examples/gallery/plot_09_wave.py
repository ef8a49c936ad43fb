r"""
A string
========

.. math:: u_{tt} = 4\, u_{xx}, \qquad u(x, 0) = \sin \pi x, \quad u_t(x, 0) = 0, \quad u(0, t) = u(1, t) = 0.

An equation of second order in time has two initial conditions.
"""

import math

import tensorflow as tf

import keras_isgd as ki


class String(ki.Problem):
    """A string that was plucked."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))

    def residual(self, u, x):
        return u.d("tt") - 4.0 * u.d("xx")

    def conditions(self):
        return [
            ki.Dirichlet(on="boundary", value=0.0),
            ki.Initial(lambda x: tf.sin(math.pi * x[:, :1])),
            ki.Initial(0.0, order=1),
        ]

    def exact(self, x):
        return tf.sin(math.pi * x[:, :1]) * tf.cos(2.0 * math.pi * x[:, 1:])


model = ki.solve(String(), seconds=25, verbose=0)
print(model.errors())
model.plot(title="A string")
