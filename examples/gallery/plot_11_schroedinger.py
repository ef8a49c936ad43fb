r"""
Schroedinger's equation
=======================

.. math:: i h_t + \tfrac12 h_{xx} + |h|^2 h = 0, \qquad h(x, 0) = 2 / \cosh x.

A complex equation is a system of its real and imaginary parts.
"""

import keras_isgd as ki

model = ki.solve(ki.problems.Schroedinger(), seconds=50, verbose=0)
print(model.errors())
model.plot(title="Schroedinger's equation")
