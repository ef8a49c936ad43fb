r"""
A cavity with a moving lid
==========================

The flow in a box whose lid moves, at the Reynolds number 100: the Navier-Stokes equations
for two velocities and a pressure that is defined up to a constant.
"""

import keras_isgd as ki

problem = ki.problems.LidDrivenCavity(100.0)
model = ki.solve(problem, seconds=50, verbose=0)
model.plot(title="A cavity with a moving lid")
print(model.report().brief())
