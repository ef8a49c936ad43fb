r"""
Burgers' equation
=================

A shock forms from a sine:

.. math:: u_t + u u_x = \nu u_{xx}, \quad \nu = 0.01 / \pi, \qquad u(x, 0) = -\sin \pi x, \quad u(\pm 1, t) = 0.

``ki.solve`` draws more points where the equation holds worst, and so finds the shock by
itself. This problem comes with the package, with its exact solution (Cole, 1951).
"""

import keras_isgd as ki

model = ki.solve(ki.problems.Burgers(), seconds=50, verbose=0)
print(model.errors())
model.plot(title="Burgers' equation")

# %%
# What was chosen, and why:
print("\n".join(model.choices))
