r"""
An ordinary regression
======================

A Keras model with a mean squared error, 1,000 examples of

.. math:: y = \sin 3a \cos 2b + c^2 d,

trained by Gauss-Newton. Build it as ``ki.ClosureModel``, pass whole batches, and go on as
in Keras.
"""

import keras
import numpy as np

import keras_isgd as ki

rng = np.random.default_rng(0)
x = rng.uniform(-1.0, 1.0, (3000, 4))
a, b, c, d = x.T
y = (np.sin(3 * a) * np.cos(2 * b) + c**2 * d)[:, None]

keras.utils.set_random_seed(0)
inputs = keras.Input((4,), dtype="float64")
hidden = keras.layers.Dense(24, "tanh", dtype="float64")(inputs)
hidden = keras.layers.Dense(24, "tanh", dtype="float64")(hidden)
model = ki.ClosureModel(inputs, keras.layers.Dense(1, dtype="float64")(hidden))
model.compile(optimizer=ki.ISGD(), loss="mse")
model.fit(x[:1000], y[:1000], batch_size=1000, epochs=60, verbose=0)

gap = model.predict(x[1000:], verbose=0) - y[1000:]
print(
    "root of the mean squared error on 2,000 other examples:", np.sqrt(np.mean(gap**2))
)
