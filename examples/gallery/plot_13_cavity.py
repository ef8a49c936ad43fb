r"""
A cavity with a moving lid
==========================

The flow in a box whose lid moves, at the Reynolds number 100. The lid's speed falls to
zero at its corners (``lid="smooth"`` is the library's default where it says so).
"""

import keras_isgd as ki

problem = ki.problems.LidDrivenCavity(100.0)
model = ki.solve(problem, seconds=50, verbose=0)
model.plot(title="A cavity with a moving lid")
print(model.report().brief())
