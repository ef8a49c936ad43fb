r"""
An exported solver
==================

``ki.export`` writes a SavedModel that needs nothing but TensorFlow: values, every derivative
that the equation uses, the residual, and the unknown numbers.
"""

import tempfile

import numpy as np
import tensorflow as tf

import keras_isgd as ki

model = ki.solve(ki.problems.Eigenvalue(), seconds=20, verbose=0)
folder = tempfile.mkdtemp()
ki.export(model, folder, overwrite=True)

# %%
# In another program, without this package:
solver = tf.saved_model.load(folder)
x = tf.constant(np.linspace(0.1, 0.9, 5)[:, None])
print(solver.serve(x).numpy().ravel())
print(sorted(solver.derivatives(x)))
print({name: float(value) for name, value in solver.coefficients().items()})
