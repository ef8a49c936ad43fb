r"""
Convection
==========

A wave is carried around a circle:

.. math:: u_t + 10\, u_x = 0, \qquad u(x, 0) = \sin x, \quad x \in (0, 2 \pi) \text{ periodic.}

At high speeds this equation is a well-known failure of physics-informed networks
(Krishnapriyan et al., 2021).
"""

import keras_isgd as ki

model = ki.solve(ki.problems.Convection(speed=10.0), seconds=25, verbose=0)
print(model.errors())
model.plot(title="Convection")
