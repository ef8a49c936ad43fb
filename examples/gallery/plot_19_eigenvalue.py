r"""
An eigenvalue
=============

A particle between two walls: :math:`-u''/2 = E u` with an unknown number :math:`E`. The
integral of :math:`u^2` is one, or zero would be a solution. The lowest value is
:math:`\pi^2 / 2`.
"""

import math

import keras_isgd as ki


class Particle(ki.Problem):
    """The lowest state between two walls."""

    domain = ki.geometry.Interval(0.0, 1.0)
    coefficients = {"E": 4.0}

    def residual(self, u, x):
        return 0.5 * u.d("xx") + u.coefficient("E") * u.value

    def conditions(self):
        norm = ki.Integral(of=lambda u, x: u.value**2, value=1.0, name="norm")
        return [ki.Dirichlet(), norm]


model = ki.solve(Particle(), seconds=20, verbose=0)
print("E =", float(model.coefficients["E"].numpy()), "of", math.pi**2 / 2)
model.plot(title="The lowest state")
