r"""
A beam of fourth order
======================

.. math:: u'''' = -1, \qquad u(0) = u'(0) = 0, \qquad u''(1) = u'''(1) = 0.

A cantilever under its own weight. Derivatives up to the fourth order come from Taylor mode.
"""

import keras_isgd as ki


class Cantilever(ki.Problem):
    """A beam that is held at one end."""

    domain = ki.geometry.Interval(0.0, 1.0)

    def residual(self, u, x):
        return u.d("xxxx") + 1.0

    def conditions(self):
        return [
            ki.Dirichlet("x_min", 0.0),
            ki.Operator("x_min", lambda u, x, n: u.d("x"), name="clamped"),
            ki.Operator("x_max", lambda u, x, n: u.d("xx"), name="moment"),
            ki.Operator("x_max", lambda u, x, n: u.d("xxx"), name="force"),
        ]

    def exact(self, x):
        return -(x**4) / 24.0 + x**3 / 6.0 - x**2 / 4.0


model = ki.solve(Cantilever(), seconds=15, verbose=0)
print(model.errors())
model.plot(title="A cantilever")
