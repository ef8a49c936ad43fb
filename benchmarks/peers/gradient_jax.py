"""Time of loss and gradient of a PINN for Eq. 20 in plain JAX.

    .venv-peers/bin/python benchmarks/peers/gradient_jax.py

The second derivatives are nested `jax.grad` of a point, under `jax.vmap`; with
`--derivatives forward` nested `jax.jvp`.
"""

import functools

import gradient_common as common
import jax
import jax.numpy as jnp
import numpy as np

_ACTIVATIONS = {"sine": jnp.sin, "tanh": jnp.tanh}


def main():
    """Prints the measurement."""
    arguments = common.make_parser(__doc__.splitlines()[0]).parse_args()
    jax.config.update("jax_enable_x64", arguments.dtype == "float64")
    network = functools.partial(_network, _ACTIVATIONS[arguments.activation])
    second = {"reverse": _second_reverse, "forward": _second_forward}
    loss = functools.partial(_loss, network, second[arguments.derivatives])
    value_and_grad = jax.jit(jax.value_and_grad(loss))
    weights, interior, boundary = jax.device_put(
        (common.make_weights(arguments), *common.make_points(arguments))
    )

    def evaluate():
        value, gradients = jax.block_until_ready(
            value_and_grad(weights, interior, boundary)
        )
        return value, jax.tree.leaves(gradients)

    common.report("jax", arguments, evaluate)


def _loss(network, second, weights, interior, boundary):
    u = functools.partial(network, weights)

    def residual(x, y):
        laplacian = second(u, 0)(x, y) + second(u, 1)(x, y)
        return laplacian + _source(x, y)

    inside = jnp.mean(jax.vmap(residual)(*interior.T) ** 2)
    edge = jnp.mean(jax.vmap(u)(*boundary.T) ** 2)
    return inside + common.BOUNDARY_WEIGHT * edge


def _network(activation, weights, x, y):
    h = jnp.stack([x, y])
    for kernel, bias in weights[:-1]:
        h = activation(h @ kernel + bias)
    kernel, bias = weights[-1]
    return (h @ kernel + bias)[0]


def _second_reverse(u, i):
    return jax.grad(jax.grad(u, i), i)


def _second_forward(u, i):
    return _tangent(_tangent(u, i), i)


def _tangent(function, i):
    def derivative(*point):
        direction = tuple(jnp.full_like(x, j == i) for j, x in enumerate(point))
        return jax.jvp(function, point, direction)[1]

    return derivative


def _source(x, y):
    return sum(
        2 * (k * np.pi) ** 2 * a * jnp.sin(k * np.pi * x) * jnp.sin(k * np.pi * y)
        for k, a in common.MODES
    )


if __name__ == "__main__":
    main()
