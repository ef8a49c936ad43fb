r"""
Allen and Cahn's equation
=========================

Two phases separate, on a circle:

.. math:: u_t = 10^{-4} u_{xx} + 5 (u - u^3), \qquad u(x, 0) = x^2 \cos \pi x, \quad x \in (-1, 1) \text{ periodic.}

Where ``ki.Periodic`` makes the solution smooth across the period, the network sees the
coordinate as a circle and is periodic by construction.
"""

import keras_isgd as ki

model = ki.solve(ki.problems.AllenCahn(), seconds=50, verbose=0)
print(model.errors())
model.plot(title="Allen and Cahn's equation")
