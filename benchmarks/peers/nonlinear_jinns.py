"""Nonlinear problems by the natural gradient of jinns, with its own solver.

Run by nonlinear.py. The method is "ngd:RIDGE": `jinns.optimizers.vanilla_ngd` with that
regularisation, and its line search.
"""

import contextlib
import sys
import warnings
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jinns
import numpy as np
import optax
from jax_residual import residual
from jinns.validation import AbstractValidationModule
from nonlinear_common import Task, task

jax.config.update("jax_enable_x64", True)

# Points of a step, of so many that are drawn once and gone through in batches.
_POINTS, _ALL = 1600, 160_000


def main() -> None:
    """Trains and prints the records."""
    given = task()
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses conditions, which hold already
        loss = _train(given)
    given.finish(loss)


def _train(given: Task) -> float:
    """Trains; returns the loss at the start on the points of the task."""
    problem = given.problem
    network, weights = _network(given)
    start = jinns.parameters.Params(nn_params=weights, eq_params={})
    equation = _Equation(problem=problem)
    data = jinns.data.CubicMeshPDEStatio(
        key=jax.random.key(1000 + given.seed),
        n=_ALL,
        nb=None,
        omega_batch_size=_POINTS,
        dim=2,
        min_pts=problem.lower,
        max_pts=problem.upper,
        method="uniform",
    )
    loss = jinns.loss.LossPDEStatio(
        u=network,
        dynamic_loss=equation,
        loss_weights=jinns.loss.LossWeightsPDEStatio(dyn_loss=1.0),
        params=start,
    )
    search = optax.scale_by_backtracking_linesearch(max_backtracking_steps=15)
    optimizer = jinns.optimizers.vanilla_ngd(
        gram_reg=given.options[0], linesearch=search
    )
    jinns.solve(
        n_iter=100_000,
        init_params=start,
        data=data,
        loss=loss,
        optimizer=optimizer,
        validation=_Clock(given=given),
        verbose=False,
    )
    rows = [equation.equation(x, network, start) for x in jnp.array(given.points)]
    return float(jnp.mean(jnp.stack(rows) ** 2))


def _network(given: Task) -> tuple:
    """The network of jinns and its weights, those of the task."""
    problem = given.problem
    layers: list = []
    for kernel, _ in given.layers:
        layers += [(eqx.nn.Linear, *kernel.shape), (jax.nn.tanh,)]
    network, weights = jinns.nn.PINN_MLP.create(
        key=jax.random.key(given.seed),
        eq_type="PDEStatio",
        eqx_list=tuple(layers[:-1]),
        input_transform=lambda x, _: jnp.stack(problem.features(jnp, x[0], x[1])),
        output_transform=lambda x, raw, _: jnp.stack(
            problem.solution(jnp, x[0], x[1], list(jnp.atleast_1d(raw)))
        ),
    )
    start = [jnp.array(w) for k, b in given.layers for w in (k.T, b)]
    return network, jax.tree.unflatten(jax.tree.structure(weights), start)


class _Equation(jinns.loss.PDEStatio):
    """The residual of a problem."""

    problem: Any = eqx.field(static=True, kw_only=True, default=None)

    def equation(self, x: Any, u: Any, params: Any) -> Any:
        def solution(*point: Any) -> Any:
            return u(jnp.stack(point), params)

        return residual(self.problem, solution, x)


class _Clock(AbstractValidationModule):
    """Measures the errors, and ends the run when the time is over."""

    given: Task = eqx.field(static=True, kw_only=True)
    call_every: int = eqx.field(static=True, kw_only=True, default=1)

    def __call__(self, params: Any) -> tuple:
        shape = jax.ShapeDtypeStruct((), bool)
        over = jax.experimental.io_callback(self._look, shape, params, ordered=True)
        return self, over, jnp.array(0.0), False

    def _look(self, params: Any) -> np.ndarray:
        given, over = self.given, self.given.over
        given.record(lambda: _predicted(given, params.nn_params), np.nan, over)
        return np.asarray(over)


def _predicted(given: Task, weights: Any) -> np.ndarray:
    """The outputs on the test points, in NumPy: JAX may not call itself back."""
    x, y = given.test.T
    h = np.stack(given.problem.features(np, x, y), axis=1)
    values = [np.asarray(w) for w in jax.tree.leaves(weights)]
    layers = list(zip(values[::2], values[1::2]))
    for kernel, bias in layers[:-1]:
        h = np.tanh(h @ kernel.T + bias)
    kernel, bias = layers[-1]
    raw = h @ kernel.T + bias
    return np.stack(given.problem.solution(np, x, y, list(raw.T)), axis=1)


if __name__ == "__main__":
    main()
