r"""
A hot edge between cold ones
============================

.. math:: u_{xx} + u_{yy} = 0, \qquad u = 100 \text{ on the top}, \quad u = 0
          \text{ on the other sides}.

In the upper corners the prescribed values jump, and no smooth function follows them.
``ki.solve`` finds such places, and gives the network functions of the angle there as
further inputs; ``model.choices`` says where. At the centre the solution is 25, since
four plates with one hot edge each make one that is 100 everywhere.
"""

import keras_isgd as ki


class Plate(ki.Problem):
    """Heat in a square plate."""

    coordinates = ("x", "y")
    domain = ki.geometry.Rectangle((0.0, 0.0), (1.0, 1.0))

    def residual(self, u, x):
        return u.laplacian()

    def conditions(self):
        return [
            ki.Dirichlet("y_max", 100.0),
            ki.Dirichlet(("x_min", "x_max", "y_min"), 0.0),
        ]


model = ki.solve(Plate(), seconds=20, verbose=0)
centre = model.predict([[0.5, 0.5]], verbose=0).item()
print(f"At the centre u = {centre:.6f}.")
print(*[said for said in model.choices if "Jumps" in said])
model.plot(title="A hot edge between cold ones")

# %%
# **What to change.** An edge that is warm in its middle alone:
# ``ki.Dirichlet("y_max", lambda x: 100.0 * tf.cast(abs(x[:, :1] - 0.5) < 0.2, x.dtype))``
# jumps within a face, which is found, too. A rod that meets another temperature at
# first, ``ki.Initial(20.0)`` beside ``ki.Dirichlet("x_min", 100.0)``, is the same in
# time: there the network gets functions of x over the root of t.
