"""Each argument of the inner solvers makes a difference, or is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from argument_tables import check_differs, flat, names_of, rosenbrock

import keras_isgd as ki
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.solvers import LBFGS, Adam, GaussNewton, SSBroyden

# A linear residual whose Gram matrix hides what its Jacobian shows.
STEEP = np.array([[1.0, 1.0], [0.0, 1e-6], [1.0, 1.0 + 1e-9]])


# More rows than the sample that preconditions conjugate gradients has.
MANY = np.random.default_rng(0).normal(size=(1500, 6)) * np.logspace(0, 2, 6)


def _many():
    w = keras.Variable(np.ones(6), dtype="float64")
    return ki.LeastSquares(lambda: tf.linalg.matvec(MANY, w.value) - 1.0, [w])


def _steep():
    w = keras.Variable([0.3, -0.2], dtype="float64")
    return ki.LeastSquares(lambda: tf.linalg.matvec(STEEP, w.value) - 1.0, [w])


def _solve(solver, objective=None, alpha=1.0):
    """Solves eagerly, which costs no trace."""
    objective = objective or rosenbrock()
    start = objective.evaluate(objective.parameters.read())
    problem = ProximalProblem(objective, start, tf.constant(alpha, tf.float64))
    state = solver.initial_state(objective.parameters.size, tf.float64)
    return solver.solve(problem, problem.start, state)


def _end(solver, *arguments):
    return _solve(solver, *arguments).w.numpy()


def _iterations(solver):
    return int(_solve(solver).iterations)


def _adam(**arguments):
    return Adam(**{"steps": 3, **arguments})


def _without_matrix(**arguments):
    return GaussNewton(factorisation="iterative", **arguments)


def _dense_is_refused(memory):
    try:
        SSBroyden(memory=memory).initial_state(5, tf.float64)
    except ValueError:
        return True
    return False


SCHEDULE = keras.optimizers.schedules.ExponentialDecay(1e-3, 1, 0.5)

TABLES = {
    Adam: {
        "learning_rate": (lambda v: _end(_adam(learning_rate=v)), (1e-3, SCHEDULE)),
        "steps": (lambda v: _iterations(Adam(steps=v)), (3, 4)),
        "beta_1": (lambda v: _end(_adam(beta_1=v)), (0.0, 0.9)),
        "beta_2": (lambda v: _end(_adam(beta_2=v)), (0.5, 0.999)),
        "epsilon": (lambda v: _end(_adam(epsilon=v)), (1e-7, 1.0)),
    },
    LBFGS: {
        "steps": (lambda v: _end(LBFGS(steps=v)), (1, 4)),
        "memory": (lambda v: _end(LBFGS(steps=5, memory=v)), (1, 5)),
        "tolerance": (lambda v: _iterations(LBFGS(steps=5, tolerance=v)), (0.0, 0.5)),
        "line_search_steps": (
            lambda v: _end(LBFGS(steps=2, line_search_steps=v)),
            (1, 50),
        ),
    },
    SSBroyden: {
        "steps": (lambda v: _end(SSBroyden(steps=v)), (1, 4)),
        "tolerance": (
            lambda v: _iterations(SSBroyden(steps=5, tolerance=v)),
            (0.0, 0.9),
        ),
        "line_search_steps": (
            lambda v: _end(SSBroyden(steps=2, line_search_steps=v)),
            (1, 30),
        ),
        "update": (lambda v: _end(SSBroyden(steps=5, update=v)), ("bfgs", "ssbroyden")),
        "memory": (_dense_is_refused, (1e-9, 1.0)),
    },
    GaussNewton: {
        "iterations": (lambda v: _iterations(GaussNewton(v)), (1, 3)),
        "factorisation": (
            lambda v: _end(GaussNewton(factorisation=v), _steep(), 1e20),
            ("gram", "exact"),
        ),
        "memory": (
            lambda v: GaussNewton(memory=v).describe(rosenbrock()),
            (1e-9, 1.0),
        ),
        "tolerance": (lambda v: _iterations(GaussNewton(5, tolerance=v)), (1e-10, 0.9)),
        "cg_tolerance": (
            lambda v: int(_solve(_without_matrix(cg_tolerance=v), _many()).evaluations),
            (0.5, 1e-12),
        ),
        "cg_steps": (
            lambda v: int(
                _solve(
                    _without_matrix(cg_tolerance=1e-12, cg_steps=v), _many()
                ).evaluations
            ),
            (1, 3),
        ),
        "acceleration": (lambda v: _end(GaussNewton(acceleration=v)), (None, 1e9)),
    },
}
REFUSED = [
    *((Adam, "steps", bad) for bad in (0, 2.5, True)),
    *((Adam, name, bad) for name in ("beta_1", "beta_2") for bad in (-0.1, 1.0)),
    *((Adam, name, bad) for name in ("learning_rate", "epsilon") for bad in (0, "x")),
    *((LBFGS, name, 0) for name in ("steps", "memory", "line_search_steps")),
    *((LBFGS, "tolerance", bad) for bad in (-1e-3, 1.0, np.nan)),
    *((GaussNewton, name, 0) for name in ("iterations", "cg_steps", "memory")),
    *((GaussNewton, name, -1.0) for name in ("tolerance", "cg_tolerance")),
    *((SSBroyden, name, 0) for name in ("steps", "line_search_steps", "memory")),
    *((SSBroyden, "tolerance", bad) for bad in (-1e-3, 1.0, np.nan)),
    (SSBroyden, "update", "dfp"),
    (GaussNewton, "factorisation", "lu"),
    (GaussNewton, "acceleration", 0.0),
]


@pytest.mark.parametrize(("kind", "name", "outcome", "values"), **flat(TABLES))
def test_an_argument_makes_a_difference(kind, name, outcome, values):
    check_differs(outcome, values)


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_the_tables_have_every_argument(kind):
    assert set(names_of(kind)) == set(TABLES[kind])
    assert set(kind().get_config()) == set(TABLES[kind])


@pytest.mark.parametrize(("kind", "name", "value"), REFUSED)
def test_a_bad_value_is_refused(kind, name, value):
    with pytest.raises(ValueError, match=name):
        kind(**{name: value})


def test_memory_refuses_a_forced_factorisation():
    with pytest.raises(ValueError, match=r"larger GaussNewton\(memory"):
        _solve(GaussNewton(factorisation="gram", memory=1e-9))


def test_get_returns_what_it_is_asked_for():
    kinds = [type(ki.solvers.get(name)) for name in ("adam", "lbfgs", "auto")]
    assert kinds == [Adam, LBFGS, ki.solvers.Auto]
