r"""
Five dimensions
===============

.. math:: -\Delta u = f \text{ on } (0, 1)^5.

Grids have too many points here; a network needs a few thousand in each step.
"""

import keras_isgd as ki

model = ki.solve(ki.problems.PoissonND(5), seconds=40, verbose=0)
print(model.errors())
