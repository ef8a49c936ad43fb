"""Nonlinear problems by scimba (its JAX side): model, sampler and optimizers are its.

Run by nonlinear.py. The methods are "eng:RIDGE", scimba's energy natural gradient with
its line search, and "dsgnar:POINTS", its doubly-sketched Gauss-Newton method
(arXiv 2607.02194), which draws so many points in each step.
"""

import contextlib
import sys
import warnings
from typing import Any

import jax
import jax.numpy as jnp
from jax_residual import residual
from nonlinear_common import Task, task
from scimba_jax.domains.meshless_domains.domains_2d import Square2D
from scimba_jax.nonlinear_approximation.approximation_spaces import (
    approximation_spaces as spaces,
)
from scimba_jax.nonlinear_approximation.integration import monte_carlo
from scimba_jax.nonlinear_approximation.model_class.funcparam_vectorial import (
    ParamVecFunction,
)
from scimba_jax.nonlinear_approximation.networks.mlp import MLP
from scimba_jax.nonlinear_approximation.numerical_solvers.projectors import Projector
from scimba_jax.physical_models.abstract_physical_model import AbstractPhysicalModel
from scimba_jax.physical_models.abstract_residuals import InteriorResidual
from scimba_jax.utils.scimba_pytree import strip_weak_types

_POINTS = 1600
_DIMENSIONS = {"x": 2}


def main() -> None:
    """Trains and prints the records."""
    given = task()
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a sketch as large as the network
        loss = _train(given)
    given.finish(loss)


def _train(given: Task) -> float:
    """Trains; returns the loss at the start on the points of the task."""
    model, space = _model(given), _space(given)
    sampler = monte_carlo.TensorizedSampler(
        [monte_carlo.DomainSampler(model.main_domain)], "x", bc=False, ic=False
    )
    if given.method == "eng":
        count, options = _POINTS, {"matrix_regularization": given.options[0]}
        options |= {"linesearch_keep_current": True, "nb_max_steps": 20}
        projector = Projector(model, space, sampler, "ENG", **options)
    else:
        count = int(given.options[0])
        projector = Projector(model, space, sampler, "DSGNAR", seed=given.seed)
    (equations,) = model.physical_residuals.values()
    variable = space.create_variables()[0]
    start = space

    @jax.jit
    def predict(space: Any) -> Any:
        return jax.vmap(lambda x: _solution(given.problem, variable, space, x))(
            jnp.array(given.test)
        )

    step = projector.build_one_step_optim(count)
    key = jax.random.key(1000 + given.seed)
    # Or the step is compiled twice.
    optimizer = strip_weak_types(projector.optimizer)
    while not given.over:
        losses, space, key, optimizer = step(space, key, optimizer)
        loss = float(losses["total"])
        given.record(lambda space=space: predict(space), loss)
    given.record(lambda: predict(space), loss, force=True)
    rows = equations.construct_residual(variable)
    found = [rows(start, x) for x in jnp.array(given.points)]
    return float(jnp.mean(jnp.stack(found) ** 2))


def _space(given: Task) -> Any:
    """The network of scimba, with the weights of the task."""
    problem = given.problem
    hidden = [len(bias) for _, bias in given.layers[:-1]]
    network = MLP(problem.inputs, problem.outputs, hidden_sizes=hidden)
    for layer, (kernel, bias) in zip(network.layers, given.layers):
        layer.weight, layer.bias = jnp.array(kernel.T), jnp.array(bias)
    return spaces.ApproximationSpace(
        _DIMENSIONS,
        [(network, "vec", problem.outputs)],
        "x",
        pre_processing=lambda x: jnp.stack(problem.features(jnp, x[0], x[1])),
    )


def _solution(problem: Any, variable: Any, space: Any, x: Any) -> Any:
    return jnp.stack(problem.solution(jnp, x[0], x[1], list(variable(space, x))))


def _model(given: Task) -> AbstractPhysicalModel:
    problem = given.problem
    bounds = list(zip(problem.lower, problem.upper))
    model = AbstractPhysicalModel(Square2D(bounds, is_main_domain=True))
    label = model.main_domain.get_label()
    model.physical_residuals = {label: _Equations(problem, model.main_domain)}
    return model


class _Equations(InteriorResidual):
    """The residual of a problem."""

    def __init__(self, problem: Any, domain: Any) -> None:
        super().__init__(domain, size=problem.equations, model_type="x")
        self.problem = problem

    def construct_residual(self, *variables: Any, precomputed: Any = None) -> Any:
        problem = self.problem

        def rows(space: Any, x: Any) -> Any:
            def solution(*point: Any) -> Any:
                return _solution(problem, variables[0], space, jnp.stack(point))

            return residual(problem, solution, x)

        return ParamVecFunction(
            problem.equations, {**_DIMENSIONS, "t": 0, "mu": 0}, rows, "x"
        )


if __name__ == "__main__":
    main()
