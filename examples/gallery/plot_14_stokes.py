r"""
Slow flow
=========

.. math:: -\nu \Delta u + \nabla p = f, \qquad \nabla \cdot u = 0.

The pressure is defined up to a constant (``defined_up_to_constant``), and is compared so.
"""

import keras_isgd as ki

model = ki.solve(ki.problems.Stokes(), seconds=30, verbose=0)
print(model.errors())
model.plot(title="Stokes' equations")
