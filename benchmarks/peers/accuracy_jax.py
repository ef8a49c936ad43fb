"""A plain JAX PINN: Adam and L-BFGS of Optax, self-scaled Broyden of Optimistix.

Run by accuracy.py.
"""

import functools

import accuracy_common as common
import equinox as eqx
import jax
import jax.numpy as jnp
import optax
import ssbroyden_optimistix as ssb

jax.config.update("jax_enable_x64", True)
# Steps in one call; a second or less.
_CHUNK = 20


def main():
    """Trains by one method and prints the records."""
    task, method = common.task()
    loss, predict = _problem(task)
    weights = jax.device_put(task.weights)
    train = {"ssbroyden": _broyden}.get(method.split(":")[0], _optax)
    train(task, method, loss, predict, weights)
    task.finish()


def _problem(task):
    activation = {"sine": jnp.sin, "tanh": jnp.tanh}[task.activation]

    def u(weights, *point):
        h = jnp.stack(point)
        for kernel, bias in weights[:-1]:
            h = activation(h @ kernel + bias)
        kernel, bias = weights[-1]
        return (h @ kernel + bias)[0]

    def residual(weights, point, source):
        at = functools.partial(u, weights)
        value = task.zeroth * at(*point) - source
        for i in range(len(point)):
            slope = functools.partial(_slope, at, i)
            value += task.second * _slope(slope, i, *point)
        return value + task.first * _slope(at, 0, *point)

    interior, boundary = jnp.array(task.interior), jnp.array(task.boundary)
    source, test = jnp.array(task.source), jnp.array(task.test)

    def loss(weights):
        rows = jax.vmap(lambda x, f: residual(weights, tuple(x), f[0]))(
            interior, source
        )
        edge = jax.vmap(lambda x: u(weights, *x))(boundary)
        return jnp.mean(rows**2) + task.boundary_weight * jnp.mean(edge**2)

    @jax.jit
    def predict(weights):
        return jax.vmap(lambda x: u(weights, *x))(test)[:, None]

    return loss, predict


def _slope(function, i, *point):
    """Forward mode: the faster one here, see the gradient benchmark."""
    direction = tuple(jnp.full_like(x, j == i) for j, x in enumerate(point))
    return jax.jvp(function, point, direction)[1]


def _optax(task, method, loss, predict, weights):
    name, _, rate = method.partition(":")
    if name == "adam":
        optimizer = optax.adam(float(rate))
    else:
        optimizer = optax.lbfgs(memory_size=50)
    value_and_grad = optax.value_and_grad_from_state(loss)

    def step(carry, _):
        weights, state = carry
        if name == "adam":
            value, gradient = jax.value_and_grad(loss)(weights)
            updates, state = optimizer.update(gradient, state, weights)
        else:
            value, gradient = value_and_grad(weights, state=state)
            updates, state = optimizer.update(
                gradient, state, weights, value=value, grad=gradient, value_fn=loss
            )
        return (optax.apply_updates(weights, updates), state), value

    chunk = jax.jit(lambda carry: jax.lax.scan(step, carry, length=_CHUNK))
    carry = (weights, optimizer.init(weights))
    while not task.over:
        carry, values = jax.block_until_ready(chunk(carry))
        task.record(lambda carry=carry: predict(carry[0]), values[-1])
    task.record(lambda: predict(carry[0]), values[-1], force=True)


def _broyden(task, method, loss, predict, weights):
    flat, unflatten = jax.flatten_util.ravel_pytree(weights)

    def function(w, args):
        value = loss(unflatten(w))
        return value, None

    solver = ssb.SSBroyden(rtol=1e-30, atol=1e-30)
    tags = frozenset()
    out = eqx.filter_eval_shape(function, flat, None)
    shape = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), out[0])
    state = solver.init(function, flat, None, {}, shape, None, tags)

    @eqx.filter_jit
    def chunk(w, state):
        dynamic, static = eqx.partition(state, eqx.is_array)

        def body(_, carry):
            w, dynamic = carry
            w, new, _ = solver.step(
                function, w, None, {}, eqx.combine(dynamic, static), tags
            )
            return w, eqx.filter(new, eqx.is_array)

        w, dynamic = jax.lax.fori_loop(0, _CHUNK, body, (w, dynamic))
        return w, eqx.combine(dynamic, static), loss(unflatten(w))

    while not task.over:
        flat, state, value = jax.block_until_ready(chunk(flat, state))
        task.record(lambda flat=flat: predict(unflatten(flat)), value)
    task.record(lambda: predict(unflatten(flat)), value, force=True)


if __name__ == "__main__":
    main()
