r"""
Flow behind a grid
==================

The Navier-Stokes equations in the plane, for a flow that Kovasznay (1948) solved:

.. math:: (u \cdot \nabla) u = -\nabla p + \nu \Delta u, \qquad \nabla \cdot u = 0.

Three outputs, three equations, each with a weight that balances it.
"""

import keras_isgd as ki

model = ki.solve(ki.problems.Kovasznay(), seconds=40, verbose=0)
print(model.errors())
model.plot(title="Kovasznay's flow")
