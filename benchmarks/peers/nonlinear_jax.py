"""Nonlinear problems in plain JAX: first order, quasi-Newton, natural gradients.

Run by nonlinear.py. The methods:

- "adam:RATE", Adam of Optax on new points in each step; the rate falls by a tenth
  every thousand steps;
- "lbfgs", L-BFGS of Optax with 50 pairs, and "ssbroyden", self-scaled Broyden of
  ssbroyden-optimistix (Urban, Stefanou and Pons, arXiv 2405.04230), on fixed points
  that are drawn anew every 500 steps, more where the residual is large, as there;
- "engd:RIDGE", energy natural gradients with a line search on a grid (Mueller and
  Zeinhofer, arXiv 2302.13163), new points in each step, our own loop;
- "spring:MOMENTUM,RIDGE", minimal-norm steps with momentum (Goldshlager, Abrahamsen
  and Lin, arXiv 2401.10190; for PINNs arXiv 2505.12149) with the same line search, new
  points in each step, our own loop.
"""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import ssbroyden_optimistix as ssb
from jax_residual import residual
from nonlinear_common import Task, task

jax.config.update("jax_enable_x64", True)

_POINTS = {"adam": 2000, "lbfgs": 4000, "ssbroyden": 4000, "engd": 1600, "spring": 500}
# Steps in one call, and between new points of the quasi-Newton methods.
_CHUNK, _RENEWED = 20, 500


def main() -> None:
    """Trains by one method and prints the records."""
    given = task()
    network = Network(given)
    method = given.method
    train = {"adam": _adam, "lbfgs": _lbfgs, "ssbroyden": _broyden}.get(
        method, _natural
    )
    train(given, network)
    given.finish(float(network.loss(network.start, jnp.array(given.points))))


class Network:
    """A tanh network, the solution made of it, and the residual, of flat weights."""

    def __init__(self, given: Task) -> None:
        self.problem = given.problem
        self.start, self._layers = jax.flatten_util.ravel_pytree(given.layers)
        self.test = jnp.array(given.test)
        self.predict = jax.jit(jax.vmap(self._at_test, (None, 0)))

    def _at_test(self, w: Any, point: Any) -> Any:
        return self.solution(w, point[0], point[1])

    def solution(self, w: Any, x: Any, y: Any) -> Any:
        """All outputs at a point, `(outputs,)`."""
        h = jnp.stack(self.problem.features(jnp, x, y))
        *hidden, (kernel, bias) = self._layers(w)
        for k, b in hidden:
            h = jnp.tanh(h @ k + b)
        raw = h @ kernel + bias
        return jnp.stack(self.problem.solution(jnp, x, y, list(raw)))

    def residual(self, w: Any, point: Any) -> Any:
        """The equations at a point, `(equations,)`."""
        return residual(self.problem, functools.partial(self.solution, w), point)

    def rows(self, w: Any, points: Any) -> Any:
        """All residuals at points, divided by the root of their number, flat."""
        found = jax.vmap(lambda p: self.residual(w, p))(points)
        return found.ravel() / jnp.sqrt(found.size)

    def jacobian(self, w: Any, points: Any) -> Any:
        """The derivatives of `rows`, point by point, `(rows, weights)`."""
        at = jax.jacrev(self.residual)
        found = jax.vmap(lambda p: at(w, p))(points).reshape(-1, len(w))
        return found / jnp.sqrt(len(found))

    def loss(self, w: Any, points: Any) -> Any:
        """The mean of the squares."""
        return jnp.sum(self.rows(w, points) ** 2)


def _record(given: Task, network: Network, w: Any, loss: Any, force: bool = False):
    given.record(lambda: network.predict(w, network.test), loss, force)


def _adam(given: Task, network: Network) -> None:
    rate = optax.exponential_decay(given.options[0], 1000, 0.9)
    optimizer = optax.adam(rate)
    lower, upper = jnp.array(given.problem.lower), jnp.array(given.problem.upper)

    def step(carry: Any, _: Any) -> Any:
        w, state, key = carry
        key, now = jax.random.split(key)
        points = jax.random.uniform(now, (_POINTS["adam"], 2), float, lower, upper)
        value, gradient = jax.value_and_grad(network.loss)(w, points)
        updates, state = optimizer.update(gradient, state, w)
        return (optax.apply_updates(w, updates), state, key), value

    chunk = jax.jit(lambda carry: jax.lax.scan(step, carry, length=_CHUNK))
    w = network.start
    carry = w, optimizer.init(w), jax.random.key(given.seed)
    while not given.over:
        carry, values = jax.block_until_ready(chunk(carry))
        _record(given, network, carry[0], values[-1])
    _record(given, network, carry[0], values[-1], force=True)


class Points:
    """Points for a quasi-Newton method, renewed every so many steps.

    Wu et al. (arXiv 2207.10289), RAD with k = c = 1: of ten times as many uniform
    points, each with a probability that grows with its residual.
    """

    def __init__(self, given: Task, network: Network) -> None:
        self._given, self._network = given, network
        self._rng = np.random.default_rng(1000 + given.seed)
        self._count, self._steps = _POINTS[given.method], 0
        self._sizes = jax.jit(
            lambda w, x: jnp.sum(
                jax.vmap(lambda p: network.residual(w, p))(x) ** 2, axis=1
            )
        )
        self.now = jnp.array(given.uniform(self._rng, self._count))

    def after(self, w: Any, steps: int) -> bool:
        """Counts steps; returns whether the points are new."""
        self._steps += steps
        if self._steps < _RENEWED:
            return False
        self._steps = 0
        many = self._given.uniform(self._rng, 10 * self._count)
        size = np.sqrt(np.asarray(self._sizes(w, jnp.array(many))))
        share = size / size.mean() + 1.0
        chosen = self._rng.choice(
            len(many), self._count, replace=False, p=share / share.sum()
        )
        self.now = jnp.array(many[chosen])
        return True


def _lbfgs(given: Task, network: Network) -> None:
    optimizer = optax.lbfgs(memory_size=50)

    @jax.jit
    def chunk(w: Any, state: Any, points: Any) -> Any:
        loss = functools.partial(network.loss, points=points)
        value_and_grad = optax.value_and_grad_from_state(loss)

        def step(carry: Any, _: Any) -> Any:
            w, state = carry
            value, gradient = value_and_grad(w, state=state)
            updates, state = optimizer.update(
                gradient, state, w, value=value, grad=gradient, value_fn=loss
            )
            return (optax.apply_updates(w, updates), state), value

        (w, state), values = jax.lax.scan(step, (w, state), length=_CHUNK)
        return w, state, values[-1]

    points, w = Points(given, network), network.start
    state = optimizer.init(w)
    while not given.over:
        w, state, value = jax.block_until_ready(chunk(w, state, points.now))
        _record(given, network, w, value)
        if points.after(w, _CHUNK):
            state = optimizer.init(w)
    _record(given, network, w, value, force=True)


def _broyden(given: Task, network: Network) -> None:
    def function(w: Any, points: Any) -> Any:
        return network.loss(w, points), None

    solver = ssb.SSBroyden(rtol=1e-30, atol=1e-30)
    points, w = Points(given, network), network.start
    out = eqx.filter_eval_shape(function, w, points.now)
    shape = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), out[0])

    @eqx.filter_jit
    def renewed(w: Any, state: Any, points: Any) -> Any:
        # What is known of the curvature stays, the loss and its gradient are new.
        now = jax.value_and_grad(network.loss)(w, points)
        return eqx.tree_at(lambda s: (s.f_info.f, s.f_info.grad), state, now)

    @eqx.filter_jit
    def chunk(w: Any, state: Any, points: Any) -> Any:
        dynamic, static = eqx.partition(state, eqx.is_array)

        def body(_: Any, carry: Any) -> Any:
            w, dynamic = carry
            state = eqx.combine(dynamic, static)
            w, new, _ = solver.step(function, w, points, {}, state, frozenset())
            return w, eqx.filter(new, eqx.is_array)

        w, dynamic = jax.lax.fori_loop(0, _CHUNK, body, (w, dynamic))
        return w, eqx.combine(dynamic, static), network.loss(w, points)

    state = solver.init(function, w, points.now, {}, shape, None, frozenset())
    while not given.over:
        w, state, value = jax.block_until_ready(chunk(w, state, points.now))
        _record(given, network, w, value)
        if points.after(w, _CHUNK):
            state = renewed(w, state, points.now)
    _record(given, network, w, value, force=True)


def _natural(given: Task, network: Network) -> None:
    """Energy natural gradients, or SPRING: dense steps on new points."""
    rates = 0.5 ** jnp.arange(21)
    spring = given.method == "spring"
    momentum = given.options[0] if spring else 0.0
    least = given.options[-1]

    @jax.jit
    def step(w: Any, earlier: Any, points: Any) -> Any:
        rows = network.rows(w, points)
        jacobian = network.jacobian(w, points)
        value = jnp.sum(rows**2)
        ridge = jnp.minimum(value, least)
        if spring:
            gram = jacobian @ jacobian.T + ridge * jnp.eye(len(rows))
            rest = rows - momentum * jacobian @ earlier
            solved = jax.scipy.linalg.solve(gram, rest, assume_a="pos")
            direction = momentum * earlier + jacobian.T @ solved
        else:
            gram = jacobian.T @ jacobian + ridge * jnp.eye(len(w))
            slope = jacobian.T @ rows
            direction = jax.scipy.linalg.solve(gram, slope, assume_a="pos")
        losses = jax.lax.map(lambda r: network.loss(w - r * direction, points), rates)
        losses = jnp.where(jnp.isfinite(losses), losses, jnp.inf)
        best = jnp.argmin(losses)
        better = losses[best] < value
        rate = jnp.where(better, rates[best], 0.0)
        return w - rate * direction, direction, value

    rng = np.random.default_rng(1000 + given.seed)
    w, earlier = network.start, jnp.zeros_like(network.start)
    while not given.over:
        points = jnp.array(given.uniform(rng, _POINTS[given.method]))
        w, earlier, value = jax.block_until_ready(step(w, earlier, points))
        _record(given, network, w, value)
    _record(given, network, w, value, force=True)


if __name__ == "__main__":
    main()
