r"""
A damped oscillator
===================

An ordinary differential equation of second order, from rest at :math:`u = 1`:

.. math:: u'' + 0.4\, u' + 4\, u = 0, \qquad u(0) = 1, \quad u'(0) = 0.

Write down what is zero, say where, and solve it.
"""

import numpy as np
import tensorflow as tf

import keras_isgd as ki


class Oscillator(ki.Problem):
    """A mass on a spring in oil."""

    coordinates = ("t",)
    domain = ki.geometry.Interval(0.0, 6.0)

    def residual(self, u, t):
        return u.d("tt") + 0.4 * u.d("t") + 4.0 * u.value

    def conditions(self):
        return [ki.Initial(1.0), ki.Initial(0.0, order=1)]

    def exact(self, t):  # only for comparison; most problems have none
        w = np.sqrt(4.0 - 0.2**2)
        return tf.exp(-0.2 * t) * (tf.cos(w * t) + 0.2 / w * tf.sin(w * t))


model = ki.solve(Oscillator(), seconds=15, verbose=0)
print(model.errors())
model.plot(title="A damped oscillator")

# %%
# Values anywhere come from ``predict``. To change: the equation in ``residual``; values
# and slopes at the first time in ``conditions``.
print(model.predict(np.array([[1.0], [2.0]]), verbose=0))
