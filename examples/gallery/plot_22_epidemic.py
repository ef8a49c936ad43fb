r"""
An epidemic in raw counts
=========================

Two unknown rates of an SIR model from counts of a city of 7.9 million. Counts of millions
need no scaling by hand: the outputs' sizes are read off the conditions.
"""

import keras_isgd as ki

model = ki.solve(ki.problems.SIR(), seconds=25, verbose=0)
for name, value in model.coefficients.items():
    print(name, "=", float(value.numpy()))
model.plot(title="An epidemic")
