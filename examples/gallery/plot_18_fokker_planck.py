r"""
A density whose integral is one
===============================

A particle in a double well with noise (Fokker and Planck):

.. math:: \big((0.3 x - 0.5 x^3) p\big)' = 0.125\, p'', \qquad \int p\, dx = 1.

Without the integral zero would be a solution. ``ki.Integral`` has quadrature points of its
own.
"""

import tensorflow as tf

import keras_isgd as ki


class Density(ki.Problem):
    """Where the particle is."""

    domain = ki.geometry.Interval(-2.2, 2.2)

    def residual(self, u, x):
        drift = (0.3 - 1.5 * x**2) * u.value + (0.3 * x - 0.5 * x**3) * u.d("x")
        return drift - 0.125 * u.d("xx")

    def conditions(self):
        return [ki.Dirichlet(), ki.Integral(of=lambda u, x: u.value, value=1.0)]

    def exact(self, x):
        return 0.3246981 * tf.exp(2.0 * (0.6 * x**2 - 0.5 * x**4))


model = ki.solve(Density(), seconds=20, verbose=0)
print(model.errors())
model.plot(title="A density in a double well")
