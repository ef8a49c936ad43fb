r"""
By hand: compile and fit
========================

``ki.solve`` chooses network, points, weights and optimizer. Each can be given instead, and
``PINN`` is a ``keras.Model``:

.. math:: \Delta u + 16 u = f \text{ on } (-1, 1)^2,

the Helmholtz equation of the paper. Its solution is a sum of two plane waves, which one
layer of sines can represent exactly.
"""

import keras_isgd as ki

problem = ki.problems.Helmholtz2D(k=4.0)
network = ki.networks.mlp(
    inputs=2, width=200, depth=1, activation="sine", input_scale=7.0, seed=0
)
model = ki.PINN(network, problem, loss_weights={"dirichlet_boundary": 100.0})
model.compile(optimizer=ki.ISGD(), jit_compile=True)
points = problem.points(interior=500, boundary=80, method="sobol", seed=0)
model.fit(points, epochs=60, verbose=0, callbacks=[ki.callbacks.TimeLimit(40)])
print(model.errors())
model.plot(title="Helmholtz' equation")
