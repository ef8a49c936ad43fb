r"""
A large network on small batches
================================

With more weights than examples in a batch, a step that solves its batch spoils what the
last one learned. ``ki.SPRING`` remembers it: minimal-norm steps with momentum, which
``ISGD()`` takes by itself for more than 4,000 weights.
"""

import keras
import numpy as np

import keras_isgd as ki

rng = np.random.default_rng(0)
x = rng.uniform(-1.0, 1.0, (4000, 2))
y = np.sin(5 * x[:, :1]) * np.cos(3 * x[:, 1:])

keras.utils.set_random_seed(0)
inputs = keras.Input((2,), dtype="float64")
hidden = inputs
for _ in range(3):
    hidden = keras.layers.Dense(64, "tanh", dtype="float64")(hidden)
model = ki.ClosureModel(inputs, keras.layers.Dense(1, dtype="float64")(hidden))
model.compile(optimizer=ki.ISGD(), loss="mse")
model.fit(x[:3000], y[:3000], batch_size=300, epochs=6, verbose=0)
print(model.optimizer.description)

gap = model.predict(x[3000:], verbose=0) - y[3000:]
print(
    "root of the mean squared error on 1,000 other examples:", np.sqrt(np.mean(gap**2))
)
