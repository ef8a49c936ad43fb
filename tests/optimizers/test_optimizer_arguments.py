"""Each argument of the optimizers makes a difference, or is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from argument_tables import check_differs, flat, names_of, rosenbrock, step

import keras_isgd as ki
from keras_isgd.optimizers import ClosureOptimizer

GRADIENT_ARGUMENTS = {
    "clipnorm": 1.0,
    "clipvalue": 0.5,
    "global_clipnorm": 1.0,
    "weight_decay": 1e-2,
    "gradient_accumulation_steps": 2,
    "loss_scale_factor": 8.0,
}
GAUSS_NEWTON = ki.solvers.GaussNewton(acceleration=None)


def _weights(optimizer, steps=1):
    return step(optimizer, steps=steps)[0]


def _averaged(optimizer):
    objective = rosenbrock()
    step(optimizer, objective, steps=3)
    optimizer.finalize_variable_values(objective.parameters.variables)
    return objective.parameters.read().numpy()


def _alpha(optimizer):
    return float(step(optimizer)[1].learning_rate)


def _gauss_newton(**arguments):
    return ki.ISGD(0.01, inner="gauss_newton", **arguments)


def _lbfgs(**arguments):
    return ki.LBFGS(**{"steps": 2, **arguments})


def _ssbroyden(**arguments):
    return ki.SSBroyden(**{"steps": 2, **arguments})


def _fewer_rows():
    """Two new rows of a linear system of three weights in each step."""
    w = keras.Variable([1.0, -2.0, 0.5], dtype="float64")
    a = tf.Variable([[1.0, 0.5, 0.2], [0.1, -1.0, 0.7]], dtype=tf.float64)
    rows = ki.LeastSquares(lambda: tf.linalg.matvec(a, w.value**3 + w.value), [w])
    return a, rows


def _sprung(**arguments):
    """The weights after some steps, each on other rows."""
    a, rows = _fewer_rows()
    control = ki.SPRING(**arguments)
    optimizer = ki.ISGD(inner=GAUSS_NEWTON, step_control=control)
    for k in range(12):
        optimizer.minimize(rows)
        a.assign(np.random.default_rng(k).normal(size=(2, 3)))
    return rows.parameters.read().numpy()


def _averages(make):
    """The rows that all optimizers with averages share."""
    return {
        "use_ema": (lambda v: _averaged(make(use_ema=v)), (False, True)),
        "ema_momentum": (
            lambda v: _averaged(make(use_ema=True, ema_momentum=v)),
            (0.1, 0.9),
        ),
        "ema_overwrite_frequency": (
            lambda v: _weights(
                make(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=v), 2
            ),
            (None, 2),
        ),
        "name": (lambda v: make(name=v).name, ("one", "two")),
    }


def _turned(control, **state):
    """The alpha of a step after the control's state was set."""
    optimizer = ki.ISGD(1.0, inner=GAUSS_NEWTON, step_control=control)
    optimizer.build(rosenbrock().parameters.variables)
    for name, value in state.items():
        optimizer.state()[f"control_{name}"].assign(value)
    objective = rosenbrock()
    start = objective.evaluate(objective.parameters.read())
    result = optimizer.propose(objective, start)
    verdict = ki.optimizers.verdict.judge(objective, start, result)
    learned = {v.name: x for v, x in optimizer.learn(result, verdict)}
    return float(result.learning_rate), int(learned["control_turned"])


def _controlled(**arguments):
    return ki.ISGD(1.0, inner=GAUSS_NEWTON, step_control=ki.DecreaseRatio(**arguments))


def _sgd_stages(rates, boundaries):
    return ki.Staged([keras.optimizers.SGD(r) for r in rates], boundaries)


TABLES = {
    ki.ISGD: {
        "learning_rate": (
            lambda v: _weights(ki.ISGD(v, inner="gauss_newton")),
            (1e-3, 1.0),
        ),
        "inner": (lambda v: _weights(ki.ISGD(0.1, inner=v)), ("adam", "gauss_newton")),
        "step_control": (
            lambda v: _alpha(ki.ISGD(0.5, inner="gauss_newton", step_control=v)),
            (None, ki.DecreaseRatio()),
        ),
        **_averages(_gauss_newton),
    },
    ki.LBFGS: {
        "steps": (lambda v: _weights(ki.LBFGS(steps=v)), (1, 4)),
        "memory": (lambda v: _weights(ki.LBFGS(steps=5, memory=v)), (1, 5)),
        "tolerance": (lambda v: _weights(ki.LBFGS(steps=5, tolerance=v)), (0.0, 0.5)),
        "line_search_steps": (
            lambda v: _weights(ki.LBFGS(steps=2, line_search_steps=v)),
            (1, 50),
        ),
        **_averages(_lbfgs),
    },
    ki.SSBroyden: {
        "steps": (lambda v: _weights(ki.SSBroyden(steps=v)), (1, 4)),
        "tolerance": (
            lambda v: _weights(ki.SSBroyden(steps=5, tolerance=v)),
            (0.0, 0.9),
        ),
        "line_search_steps": (
            lambda v: _weights(ki.SSBroyden(steps=2, line_search_steps=v)),
            (1, 30),
        ),
        "update": (
            lambda v: _weights(ki.SSBroyden(steps=5, update=v)),
            ("bfgs", "ssbroyden"),
        ),
        "memory": (lambda v: ki.SSBroyden(memory=v).solver.memory, (1.0, 2.0)),
        **_averages(_ssbroyden),
    },
    ki.Staged: {
        "optimizers": (
            lambda v: _weights(_sgd_stages(v, [1]), 2),
            ((1e-4, 1e-3), (1e-3, 1e-4)),
        ),
        "boundaries": (
            lambda v: _weights(_sgd_stages((1e-4, 1e-3), v), 2),
            ([1], [2]),
        ),
        "name": (
            lambda v: ki.Staged([keras.optimizers.SGD() for _ in "ab"], [1], v).name,
            ("one", "two"),
        ),
    },
    ki.DecreaseRatio: {
        "target": (lambda v: _alpha(_controlled(target=v)), (0.05, 0.95)),
        "final_target": (
            lambda v: _turned(ki.DecreaseRatio(final_target=v), turned=1)[0],
            (0.05, 0.95),
        ),
        "turn": (
            lambda v: _turned(ki.DecreaseRatio(turn=v), lowest=1e-20, peak=1e20)[1],
            (1e6, 1e30),
        ),
        "per_decade": (lambda v: _alpha(_controlled(per_decade=v)), (1, 4)),
        "metric": (
            lambda v: _weights(_controlled(metric=v)),
            ("euclidean", "scaled"),
        ),
    },
    ki.SPRING: {
        "generalization": (lambda v: _sprung(generalization=v), (0.1, 0.99)),
        "smallest_damping": (lambda v: _sprung(smallest_damping=v), (1e-7, 1.0)),
        "smallest_rate": (lambda v: _sprung(smallest_rate=v), (0.01, 1.0)),
        "adaptation": (lambda v: _sprung(adaptation=v), (1.1, 2.0)),
        "relaxation": (lambda v: _sprung(relaxation=v), (1.0, 2.0)),
    },
    ClosureOptimizer: {
        "learning_rate": (
            lambda v: float(ClosureOptimizer(v).learning_rate),
            (1.0, 2.0),
        ),
        **_averages(_gauss_newton),
    },
}
REFUSED = [
    (ki.ISGD, {"learning_rate": -1.0}, ValueError, "learning rate"),
    (ki.ISGD, {"inner": "newton"}, ValueError, '"auto", "adam", "lbfgs"'),
    (ki.ISGD, {"step_control": "ratio"}, TypeError, "ki.DecreaseRatio"),
    (ki.ISGD, {"ema_momentum": 2.0, "use_ema": True}, ValueError, "ema_momentum"),
    (ki.LBFGS, {"steps": 0}, ValueError, "`steps`"),
    (ki.LBFGS, {"memory": 1.5}, ValueError, "`memory`"),
    (ki.LBFGS, {"tolerance": 1.0}, ValueError, "`tolerance`"),
    (ki.LBFGS, {"line_search_steps": 0}, ValueError, "`line_search_steps`"),
    (ki.SSBroyden, {"steps": 0}, ValueError, "`steps`"),
    (ki.SSBroyden, {"update": "dfp"}, ValueError, "`update`"),
    (ki.SPRING, {"generalization": 1.0}, ValueError, "`generalization`"),
    (ki.SPRING, {"smallest_damping": 0.0}, ValueError, "`smallest_damping`"),
    (ki.SPRING, {"smallest_rate": 1.5}, ValueError, "`smallest_rate`"),
    (ki.SPRING, {"adaptation": 1.0}, ValueError, "`adaptation`"),
    (ki.SPRING, {"relaxation": 0.0}, ValueError, "`relaxation`"),
    (ki.DecreaseRatio, {"target": 1.0}, ValueError, "`target`"),
    (ki.DecreaseRatio, {"final_target": 0.0}, ValueError, "`final_target`"),
    (ki.DecreaseRatio, {"turn": 1.0}, ValueError, "`turn`"),
    (ki.DecreaseRatio, {"per_decade": 0}, ValueError, "`per_decade`"),
    (ki.DecreaseRatio, {"metric": "cosine"}, ValueError, "`metric`"),
]


@pytest.mark.parametrize(("kind", "name", "outcome", "values"), **flat(TABLES))
def test_an_argument_makes_a_difference(kind, name, outcome, values):
    check_differs(outcome, values)


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_the_tables_have_every_argument(kind):
    named = {name for name in names_of(kind) if not name.startswith("**")}
    assert named == set(TABLES[kind])


@pytest.mark.parametrize(("kind", "arguments", "error", "match"), REFUSED)
def test_a_bad_value_is_refused(kind, arguments, error, match):
    with pytest.raises(error, match=match):
        kind(**arguments)


@pytest.mark.parametrize("kind", [ki.ISGD, ki.LBFGS, ki.SSBroyden, ClosureOptimizer])
def test_arguments_for_gradients_are_refused_and_unknown_ones_too(kind):
    # Whatever Keras gives its optimizers one day is refused by name, or honoured.
    ours = {*names_of(kind), "learning_rate", "momentum", "nesterov", "**kwargs"}
    assert set(names_of(keras.optimizers.SGD)) - ours == set(GRADIENT_ARGUMENTS)
    for name, value in GRADIENT_ARGUMENTS.items():
        with pytest.raises(ValueError, match=f"cannot honour {name}"):
            kind(**{name: value})
        kind(**{name: None})
    with pytest.raises(TypeError, match="unexpected argument 'momentum'"):
        kind(momentum=0.9)


def test_a_stage_is_added_where_it_is_asked_for():
    def weights(boundary, rate):
        staged = _sgd_stages((1e-4, 1e-3), [1])
        staged.append(keras.optimizers.SGD(rate), boundary)
        return _weights(staged, 3)

    check_differs(lambda v: weights(v, 1e-5), (2, 3))
    check_differs(lambda v: weights(2, v), (1e-5, 2e-5))
