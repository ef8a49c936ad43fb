"""Random input to everything that a user writes: documented exceptions only."""

import contextlib
import os
from unittest import mock

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

import keras_isgd as ki
from keras_isgd.app import catalogue, cli, commands

# `EXAMPLES=2000 pytest tests/test_fuzz.py` tries more.
EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
fuzz = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 60,
    suppress_health_check=list(hypothesis.HealthCheck),
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 70),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=8),
    st.lists(st.floats(-3, 3), max_size=3),
    st.dictionaries(st.text(max_size=4), st.integers(-2, 2), max_size=2),
)
REFUSED = (ValueError, TypeError)


def _arguments(**names):
    return st.fixed_dictionaries({}, optional=names)


def _any(*names):
    return _arguments(**dict.fromkeys(names, ANYTHING))


def _attempt(make, *args, **kwargs):
    refusal = made = None
    try:
        made = make(*args, **kwargs)
    except REFUSED as raised:
        refusal = str(raised)
    assert refusal is None or len(refusal) > 10
    return made


CONSTRUCTORS = {
    "ISGD": (ki.ISGD, ("learning_rate", "inner", "step_control", "clipnorm")),
    "LBFGS": (ki.LBFGS, ("steps", "memory", "tolerance")),
    "DecreaseRatio": (ki.DecreaseRatio, ("target", "turn", "per_decade", "metric")),
    "SPRING": (ki.SPRING, ("generalization", "smallest_damping", "smallest_rate")),
    "SSBroyden": (ki.SSBroyden, ("steps", "tolerance", "update", "memory")),
    "solvers.Adam": (ki.solvers.Adam, ("learning_rate", "steps")),
    "solvers.LBFGS": (ki.solvers.LBFGS, ("steps", "memory", "tolerance")),
    "solvers.GaussNewton": (
        ki.solvers.GaussNewton,
        (
            "iterations", "factorisation", "memory", "tolerance", "cg_steps",
            "acceleration",
        ),
    ),
    "Box": (ki.Box, ("lower", "upper")),
    "Helmholtz2D": (ki.problems.Helmholtz2D, ("k", "modes", "lower")),
    "Poisson2D": (ki.problems.Poisson2D, ("frequencies", "amplitudes")),
    "SingularPerturbation": (ki.problems.SingularPerturbation, ("eps",)),
    "TimeLimit": (ki.callbacks.TimeLimit, ("seconds",)),
    "BackupAndRestore": (
        ki.callbacks.BackupAndRestore, ("backup_dir", "every_epochs", "keep"),
    ),
    "input_scale_for": (ki.networks.input_scale_for, ("frequency", "depth")),
    "FourierFeatures": (ki.networks.FourierFeatures, ("frequencies",)),
    "mlp": (
        ki.networks.mlp,
        ("inputs", "width", "depth", "activation", "input_scale", "dtype", "seed"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRUCTORS)
@fuzz
@hypothesis.given(data=st.data())
def test_constructors(name, data):
    make, names = CONSTRUCTORS[name]
    _attempt(make, **data.draw(_any(*names)))


@fuzz
@hypothesis.given(
    st.sampled_from([ki.problems.Helmholtz2D(), ki.problems.Poisson1D()]),
    _any("interior", "boundary", "resample", "seed", "method", "refine"),
)
def test_points(problem, arguments):
    points = _attempt(problem.points, **arguments)
    if points is not None:
        sets = next(iter(points))
        for x in sets.values():
            assert problem.domain.contains(x.numpy()).all()


@fuzz
@hypothesis.given(st.data())
def test_point_sets_of_a_fit(data):
    problem = ki.problems.Poisson1D()
    model = ki.PINN(ki.networks.mlp(1, width=2, depth=1, seed=0), problem)
    model.compile(optimizer=ki.LBFGS(steps=1))
    shape = st.lists(st.integers(0, 3), min_size=0, max_size=3)
    arrays = st.builds(
        lambda s, fill: np.full(s, fill, dtype=float),
        shape,
        st.sampled_from([0.5, 7.0, np.nan, np.inf]),
    )
    sets = data.draw(
        st.dictionaries(
            st.sampled_from(["interior", "boundary", "elsewhere"]),
            st.one_of(arrays, ANYTHING),
            max_size=3,
        )
    )
    good = (
        set(sets) == {"interior", "boundary"}
        and all(
            isinstance(x, np.ndarray) and x.ndim == 2 and x.shape[1] == 1 and len(x)
            for x in sets.values()
        )
        and all(problem.domain.contains(x).all() for x in sets.values())
    )
    hypothesis.assume(not good)  # fits are tested elsewhere
    with pytest.raises(REFUSED) as raised:
        model.fit(sets, verbose=0)
    assert len(str(raised.value)) > 10


@fuzz
@hypothesis.given(
    st.sampled_from(["value", "dd"]),
    st.one_of(st.text("xytd ", max_size=6), ANYTHING),
    st.one_of(st.sampled_from(["boundary", "x_min", "t_max", ""]), ANYTHING),
    st.one_of(st.just(1.0), ANYTHING),
)
def test_problem_definitions(kind, derivative, place, weight):
    class Fuzzed(ki.Problem):
        def residual(self, u, x):
            return u.value if kind == "value" else u.d(derivative)

        def conditions(self):
            return [ki.Dirichlet(on=place, weight=weight)]

    network = ki.networks.mlp(1, width=2, depth=1, seed=0)
    _attempt(ki.PINN, network, Fuzzed())


WORDS = st.one_of(
    st.sampled_from(
        [
            "list",
            "solve",
            "compare",
            "helmholtz2d",
            "isgd",
            "--optimizer",
            "--seconds",
            "--steps",
            "--seed",
            "--out",
            "--learning-rate",
            "-1",
            "0",
            "nan",
            "1e999",
        ]
    ),
    st.text(max_size=5),
)


@fuzz
@hypothesis.given(words=st.lists(WORDS, max_size=6))
def test_command_line(words, tmp_path_factory):
    with (
        mock.patch.multiple(
            commands.runs,
            train=mock.Mock(side_effect=ValueError("It would train.")),
            solve=mock.Mock(side_effect=ValueError("It would train.")),
        ),
        contextlib.chdir(tmp_path_factory.mktemp("fuzz")),
    ):
        try:
            code = cli.main(words)
        except SystemExit as end:
            code = end.code
    assert code in (None, 0, 2)


@fuzz
@hypothesis.given(
    st.sampled_from([*catalogue.OPTIMIZERS, "newton"]), ANYTHING, ANYTHING
)
def test_optimizers_by_name(name, rate, steps):
    recipe = catalogue.RECIPES["singular-eps2"]
    _attempt(catalogue.make_optimizer, name, recipe, rate, steps)
