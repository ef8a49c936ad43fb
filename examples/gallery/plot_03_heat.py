r"""
Heat in a rod
=============

.. math:: u_t = 0.1\, u_{xx} \text{ on } (0, 1), \qquad u(x, 0) = \sin \pi x, \quad u(0, t) = u(1, t) = 0.

The coordinate ``t`` is time: "boundary" means the two ends at all times.
"""

import math

import tensorflow as tf

import keras_isgd as ki


class Rod(ki.Problem):
    """A rod that cools at both ends."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))

    def residual(self, u, x):
        return u.d("t") - 0.1 * u.d("xx")

    def conditions(self):
        return [
            ki.Dirichlet(on="boundary", value=0.0),
            ki.Initial(lambda x: tf.sin(math.pi * x[:, :1])),
        ]

    def exact(self, x):
        return tf.exp(-0.1 * math.pi**2 * x[:, 1:]) * tf.sin(math.pi * x[:, :1])


model = ki.solve(Rod(), seconds=20, windows=1, verbose=0)
print(model.errors())
model.plot(title="Heat in a rod")

# %%
# ``ki.figures.animate(model, "rod.gif")`` writes the solution as a moving line. A slope at
# an end is ``ki.Neumann("x_max", value)``, heat lost to air ``ki.Robin``.
