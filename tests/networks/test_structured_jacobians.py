"""The residual's Jacobian through hard conditions and networks of parts."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from jacobians import assert_close, rows_and_jacobian
from structured_networks import Strip, linear_in_n, small

import keras_isgd as ki
from keras_isgd.networks import Part, dirichlet, initial, join, periodic, transform


class Medium(ki.Problem):
    """A flux, b(u), and conditions; two outputs u and k, or u alone."""

    coordinates = ("x", "t")
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))
    coefficients = {"nu": 0.3}

    def __init__(self, outputs=1):
        self.outputs = outputs

    def residual(self, u, x):
        k = u[self.outputs - 1]
        flux = k.value * u[0].laplacian("x", "t") + k.d("x") * u[0].d("x")
        return flux - u.coefficient("nu") * u[0].d("t") * u[0].value

    def conditions(self):
        return [
            ki.Initial(0.5, component=0),
            ki.Neumann("x_max", lambda x: x[:, 1:2], component=0),
            ki.Periodic("x", orders=(0, 1), component=self.outputs - 1),
        ]


def joined(**arguments):
    k = Part(small(1, seed=2), positive=True, start=3.0, **arguments)
    return join(("x", "t"), {"u": small(seed=1), "k": k})


NETWORKS = {
    "transform": lambda: transform(small(), linear_in_n),
    "dirichlet of parts": lambda: dirichlet(joined(of="x"), Strip(), component=0),
    "initial": lambda: initial(small(), 2.0, velocity=1.0),
    "periodic": lambda: small(features=periodic(2, {0: 1.0})),
    "k of x": lambda: joined(of="x"),
    "k of u": lambda: joined(of="u"),
}


@functools.cache
def compared(kind):
    """The objective by Taylor mode, its start, and rows and Jacobian by tapes."""
    network = NETWORKS[kind]()
    problem = Medium(network.output_shape[1])
    data = next(iter(problem.points(9, 5, seed=2)))
    models = [ki.PINN(network, problem, derivatives=d) for d in ("taylor", "tape")]
    assert {term.layout for term in models[0]._terms} == {"pointwise"}
    taylor, tape = (model.objective(data) for model in models)
    w = taylor.parameters.read()
    return taylor, w, *rows_and_jacobian(tape, w)


@pytest.mark.parametrize("kind", NETWORKS)
def test_rows_jacobian_and_gradient_agree_with_tapes(kind):
    taylor, w, rows, jacobian = compared(kind)
    found = tf.function(taylor.linearise)(w)
    assert_close(found[0], rows)
    assert_close(found[1], jacobian)
    _, gradient = tf.function(taylor.value_and_gradient)(w)
    assert_close(gradient, 2 * jacobian.T @ rows)


@pytest.mark.xla
@pytest.mark.parametrize("kind", ["dirichlet of parts", "k of u"])
def test_xla_compiles_the_jacobian(kind):
    taylor, w, rows, jacobian = compared(kind)
    found = tf.function(taylor.linearise, jit_compile=True)(w)
    assert_close(found[0], rows)
    assert_close(found[1], jacobian)


def test_the_jacobian_is_that_of_finite_differences():
    taylor, w, _, jacobian = compared("k of u")
    residual = tf.function(taylor.residual)
    v = tf.constant(np.random.default_rng(5).normal(size=w.shape))
    h = 1e-5
    difference = (residual(w + h * v) - residual(w - h * v)) / (2 * h)
    assert_close(tf.linalg.matvec(jacobian, v), difference, 1e-8)
