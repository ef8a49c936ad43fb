import math
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from condition_cases import Sheet

import keras_isgd as ki
from keras_isgd import networks, problems

INTERIOR = np.random.default_rng(4).uniform(0.0, 1.0, (7, 2))
BOUNDARY = np.array([[0.0, 0.2], [1.0, 0.3], [0.6, 1.0]])
GOOD = {"interior": INTERIOR, "boundary": BOUNDARY}
NAN = np.where(np.arange(14).reshape(7, 2) == 5, math.nan, INTERIOR)


def model_of(problem, network=None, **arguments):
    network = network or networks.mlp(
        len(problem.coordinates), problem.outputs, width=6, depth=1, seed=1
    )
    return ki.PINN(network, problem, **arguments)


@pytest.fixture
def model():
    model = model_of(problems.Poisson2D())
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    return model


# -- points ---------------------------------------------------------------------

BAD_SETS = {
    "missing": ({"interior": INTERIOR}, "interior, boundary; missing: boundary"),
    "unknown": ({**GOOD, "walls": BOUNDARY}, "unknown: walls"),
    "flat": ({**GOOD, "interior": INTERIOR[:, 0]}, r"shape \(n, 2\)"),
    "three columns": ({**GOOD, "boundary": np.zeros((4, 3))}, r"got \(4, 3\)"),
    "integers": ({**GOOD, "boundary": np.eye(2, dtype=int)}, "float32, got int64"),
    "half": ({**GOOD, "boundary": np.eye(2, dtype="float16")}, "got float16"),
    "complex": ({**GOOD, "interior": INTERIOR * 1j}, "'interior' is complex.*two"),
    "strings": ({**GOOD, "boundary": BOUNDARY.astype(str)}, "float64 or float32, got"),
    "NaN": ({**GOOD, "interior": NAN}, "'interior' have NaN"),
    "infinite": (
        {**GOOD, "boundary": BOUNDARY + math.inf},
        "'boundary' have NaN or inf",
    ),
    "outside": (
        {**GOOD, "interior": INTERIOR * [1, -1]},
        "7 points of the points 'interior'",
    ),
    "empty": ({**GOOD, "boundary": BOUNDARY[:0]}, "'boundary' is empty"),
}
NO_SETS = {
    "array": (INTERIOR, "dictionary of arrays"),
    "list": ([INTERIOR, BOUNDARY], "dictionary of arrays"),
    "nothing": (None, "dictionary of arrays"),
    "pairs": (tf.data.Dataset.from_tensors((INTERIOR, BOUNDARY)), "of dictionaries"),
    "arrays": (tf.data.Dataset.from_tensors(INTERIOR), "dataset of dictionaries"),
}


def refuses(model, error, words, call):
    before = model.get_weights()
    with pytest.raises(error, match=words):
        call()
    assert int(model.optimizer.iterations) == 0
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("as_dataset", [False, True], ids=["arrays", "dataset"])
@pytest.mark.parametrize("case", BAD_SETS)
def test_bad_point_sets(model, case, as_dataset):
    points, words = BAD_SETS[case]
    if as_dataset:
        points = tf.data.Dataset.from_tensors(points).repeat()
    refuses(model, ValueError, words, lambda: model.fit(points, verbose=0))
    refuses(model, ValueError, words, lambda: model.evaluate(points, verbose=0))
    refuses(
        model,
        ValueError,
        words,
        lambda: model.fit(GOOD, validation_data=points, verbose=0),
    )


@pytest.mark.parametrize("case", NO_SETS)
def test_no_point_sets(model, case):
    points, words = NO_SETS[case]
    refuses(model, TypeError, words, lambda: model.evaluate(points, verbose=0))
    if points is not None:  # `fit` then draws its own
        refuses(model, TypeError, words, lambda: model.fit(points, verbose=0))


def test_dataset_without_elements(model):
    points = tf.data.Dataset.from_tensors(GOOD).take(0)
    refuses(model, ValueError, "empty", lambda: model.fit(points, verbose=0))


@pytest.mark.parametrize("arguments", [{"loss": "mse"}, {"metrics": ["mae"]}])
def test_a_loss_is_refused(model, arguments):
    model.compile(optimizer="sgd", **arguments)
    refuses(model, ValueError, "loss of its own", lambda: model.fit(GOOD))


@pytest.mark.parametrize("shape", [(4,), (4, 1), (0, 2), (2, 2, 2)])
def test_predict_refuses_other_shapes(model, shape):
    with pytest.raises(ValueError, match=r"Expected points \(n, 2\)"):
        model.predict(np.zeros(shape), verbose=0)


def test_predict_refuses_what_is_no_real_number(model):
    for wrong, words in ((INTERIOR * 1j, "is complex"), ([["0", "1"]], "real numbers")):
        with pytest.raises(ValueError, match=f"The array of points .*{words}"):
            model.predict(wrong, verbose=0)


# What Keras takes, and what has no meaning for points.
NOT_FOR_POINTS = {
    "y": np.zeros((7, 1)),
    "sample_weight": np.ones(7),
    "class_weight": {0: 2.0},
    "validation_split": 0.2,
    "batch_size": 32,
    "validation_batch_size": 32,
    "shuffle": True,
}


@pytest.mark.parametrize("name", NOT_FOR_POINTS)
def test_arguments_without_a_meaning_are_refused(model, name):
    value, words = (
        NOT_FOR_POINTS[name],
        f"PINN.fit takes no `{name}`: .*[a-z]{{4}}.*\\.",
    )
    refuses(model, ValueError, words, lambda: model.fit(GOOD, **{name: value}))
    if name in ("y", "sample_weight", "batch_size"):
        words = words.replace("fit", "evaluate")
        refuses(model, ValueError, words, lambda: model.evaluate(GOOD, **{name: value}))
    # Keras's defaults may be written out.
    default = {"validation_split": 0.0, "shuffle": False}.get(name)
    model.fit(GOOD, verbose=0, **{name: default})


def test_batches_of_predict(model):
    sizes = []
    watch = keras.callbacks.LambdaCallback(
        on_predict_batch_end=lambda batch, logs: sizes.append(len(logs["outputs"]))
    )
    arguments = {"verbose": 0, "callbacks": [watch]}
    model.predict(INTERIOR, batch_size=3, **arguments)
    model.predict(INTERIOR, **arguments)
    model.predict(INTERIOR, batch_size=2, steps=2, **arguments)
    assert sizes == [3, 3, 1, 7, 2, 2]
    batches = tf.data.Dataset.from_tensors(INTERIOR)
    np.testing.assert_array_equal(
        model.predict(batches, verbose=0), model.predict(INTERIOR, verbose=0)
    )
    with pytest.raises(ValueError, match="batches of its own"):
        model.predict(batches, batch_size=3)
    for wrong in (0, -1, 2.0, "3"):
        with pytest.raises(ValueError, match="`batch_size` to be a whole number"):
            model.predict(INTERIOR, batch_size=wrong)


def test_a_model_that_is_not_compiled():
    with pytest.raises(ValueError, match="must call `compile"):
        model_of(problems.Poisson2D()).fit(GOOD)


def test_steps_of_a_validation_and_of_evaluate(model):
    points = model.problem.points(7, 5, seed=3)
    losses = [float(model.closure(sets)[0]) for sets in points.take(3)]
    assert len(set(losses)) == 3
    for steps, mean in ((None, losses[0]), (2, np.mean(losses[:2]))):
        found = model.evaluate(points, steps=steps, verbose=0, return_dict=True)
        np.testing.assert_allclose(found["loss"], mean, rtol=1e-6)
    model.optimizer.learning_rate.assign(0.0)
    for steps, mean in ((None, losses[0]), (3, np.mean(losses))):
        history = model.fit(
            GOOD, validation_data=points, validation_steps=steps, verbose=0
        ).history
        np.testing.assert_allclose(history["val_loss"], [mean], rtol=1e-6)


# -- problems -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("residual", "words"),
    [
        (lambda u, x: u.d("xz"), "term 'residual' of Sheet: Unknown derivative 'xz'"),
        (lambda u, x: u.coefficient("nu") * u.value, "Unknown coefficient 'nu'"),
        (lambda u, x: x[:, 0:1], "does not use the network"),
        (lambda u, x: u.value[:, 0], r"shape \(n, k\).*got \(5,\)"),
        (lambda u, x: u.value - x[:, 0], r"got \(n, n\)"),
        (lambda u, x: tf.reduce_mean(u.value), r"shape \(n, k\).*got \(\)"),
    ],
)
def test_residual_is_tried_at_once(residual, words):
    with pytest.raises(ValueError, match=words):
        model_of(Sheet(residual=residual))


def test_problem_without_a_residual():
    with pytest.raises(TypeError, match="Problem must define residual"):
        model_of(ki.Problem())


POINTS = np.array([[0.0, 1.5], [1.0, 2.0], [-1.0, 3.0]])


@pytest.mark.parametrize(
    ("points", "values", "words"),
    [
        (POINTS, [1.0, 2.0], "same n"),
        (POINTS[0], [1.0], "same n"),
        (POINTS, np.ones((3, 1, 1)), "same n"),
        (POINTS[:0], [], "n >= 1"),
        (POINTS * math.nan, [1.0] * 3, "NaN or infinite"),
        (POINTS, [1.0, math.inf, 2.0], "NaN or infinite"),
        (POINTS - 5.0, [1.0] * 3, "3 points of the data 'data' lie outside"),
        (POINTS[:, :1], [1.0] * 3, "points of 1 columns"),
        (POINTS, np.ones((3, 2)), "values of 2 columns, expected 1"),
    ],
)
def test_bad_measurements(points, values, words):
    with pytest.raises(ValueError, match=words):
        model_of(Sheet(ki.Data(points, values)))


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (
            Sheet(ki.Neumann("x_min", name="f"), ki.Neumann("x_max", name="f")),
            "two terms named 'f'",
        ),
        (Sheet(ki.Initial(name="residual")), "two terms named 'residual'"),
        (Sheet(ki.Dirichlet("y_min")), "Unknown place 'y_min': Sheet has boundary, x"),
        (Sheet(ki.Periodic("y")), "Unknown place 'y_min'"),
        (Sheet(ki.Initial(time="s")), "Unknown place 's_min'"),
        (Sheet(ki.Dirichlet("x_min", weight=-1.0)), "weight of dirichlet"),
        (Sheet(coordinates=("x",)), "its domain has 2 dimensions"),
        (Sheet(coordinates=("x", "x")), "different names"),
    ],
)
def test_parts_that_do_not_fit(problem, words):
    with pytest.raises(ValueError, match=words):
        model_of(problem)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"boundary": 1.0}, "weights boundary: .* are residual, dirichlet_boundary"),
        *(
            ({"residual": bad}, "weight of residual")
            for bad in (-1.0, 0.0, math.nan, math.inf)
        ),
    ],
)
def test_bad_loss_weights(weights, words):
    with pytest.raises(ValueError, match=words):
        model_of(problems.Poisson2D(), loss_weights=weights)


def test_errors_need_an_exact_solution():
    model = model_of(Sheet())
    for measure in (model.errors, model.relative_l2, model.max_error):
        with pytest.raises(ValueError, match="Sheet has no exact solution"):
            measure()


# -- networks -------------------------------------------------------------------


def dense(units, dtype="float64"):
    return keras.layers.Dense(units, activation="tanh", dtype=dtype)


def network_of(*layers, inputs=2):
    return keras.Sequential([keras.Input((inputs,), dtype="float64"), *layers])


NESTED = [dense(3), keras.layers.Dropout(0.5, dtype="float64")]
BAD_NETWORKS = {
    "inputs": (network_of(dense(1), inputs=3), r"from \(None, 2\) to \(None, 1\)"),
    "outputs": (network_of(dense(2)), r"got one from \(None, 2\) to \(None, 2\)"),
    "mixed": (network_of(dense(4, "mixed_float16"), dense(1)), "mixed precision"),
    "half": (network_of(dense(4, "float16"), dense(1, "float16")), "one dtype"),
    "two dtypes": (network_of(dense(4, "float32"), dense(1)), "float32', 'float64"),
    "norm": (network_of(keras.layers.BatchNormalization(), dense(1)), "BatchNorm"),
    "dropout": (network_of(dense(4), keras.layers.Dropout(0.1), dense(1)), "Dropout"),
    "noise": (network_of(keras.layers.GaussianNoise(1.0), dense(1)), "GaussianNoise"),
    "nested": (network_of(network_of(*NESTED), dense(1)), r"\(Dropout\) couples"),
    "weightless": (network_of(keras.layers.Activation("tanh")), "nothing to train"),
    "not built": (keras.Sequential([dense(1)]), "built Sequential"),
    "a layer": (dense(1), "built Sequential"),
}


@pytest.mark.parametrize("case", BAD_NETWORKS)
def test_bad_networks(case):
    network, words = BAD_NETWORKS[case]
    with pytest.raises(ValueError, match=words):
        model_of(problems.Poisson2D(), network)


# -- what is accepted -------------------------------------------------------------


def closed_form(model, x):
    """u and its Laplacian of the one-layer tanh network in NumPy."""
    kernel, bias, out, constant = model.network.get_weights()
    t = np.tanh(x @ kernel + bias)
    return t @ out + constant, (-2 * t * (1 - t**2) * np.sum(kernel**2, 0)) @ out


@pytest.mark.parametrize("as_dataset", [False, True], ids=["arrays", "dataset"])
def test_history_has_the_terms_of_equation_6(as_dataset):
    weights = {"residual": 0.5, "dirichlet_boundary": 20.0}
    model = model_of(problems.Poisson2D(), loss_weights=weights)
    model.compile(optimizer=keras.optimizers.SGD(1e-6))
    x, y = np.pi * INTERIOR.T
    f = 2 * np.pi**2 * (np.sin(x) * np.sin(y) + 10 * np.sin(10 * x) * np.sin(10 * y))
    residual = np.mean((closed_form(model, INTERIOR)[1] + f[:, None]) ** 2)
    boundary = np.mean(closed_form(model, BOUNDARY)[0] ** 2)
    before = model.get_weights()

    points = tf.data.Dataset.from_tensors(GOOD) if as_dataset else GOOD
    history = model.fit(points, verbose=0).history
    assert int(model.optimizer.iterations) == 1
    assert not np.array_equal(before[0], model.get_weights()[0])
    assert set(history) == {"loss", *weights}
    np.testing.assert_allclose(history["residual"], [residual], rtol=1e-12)
    np.testing.assert_allclose(history["dirichlet_boundary"], [boundary], rtol=1e-12)
    # Keras keeps the mean loss of an epoch in float32.
    loss = 0.5 * residual + 20.0 * boundary
    np.testing.assert_allclose(history["loss"], [loss], rtol=1e-6)


def test_predict_keeps_the_digits(model):
    x = np.random.default_rng(5).uniform(0.0, 1.0, (23, 2))
    found = model.predict(x, batch_size=5, verbose=0)
    assert found.dtype == np.float64
    # Compiled and by other batches, so equal up to the last digit.
    np.testing.assert_allclose(found, model.network(x), rtol=1e-14)
    np.testing.assert_allclose(found, closed_form(model, x)[0], rtol=1e-13)
    again = model.predict(x.tolist(), batch_size=5, verbose=0)
    np.testing.assert_array_equal(again, found)
    rounded = model.network(x.astype("float32").astype("float64"))
    assert np.max(np.abs(found - rounded)) > 1e-10


def test_loss_of_equation_6_without_compile():
    model = model_of(problems.Poisson2D(), loss_weights={"residual": 0.5})
    objective = model.objective(GOOD)
    boundary = model.problem.conditions()[0].weight
    expected = 0.5 * np.mean(np.square(model.residual(INTERIOR)))
    expected += boundary * np.mean(closed_form(model, BOUNDARY)[0] ** 2)
    found = objective.value(objective.parameters.read())
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_problem_that_cannot_be_saved_says_so_when_a_model_is_made():
    class Needs(ki.Problem):
        def __init__(self, speed):
            self.speed = speed

        def residual(self, u, x):
            return self.speed * u.d("x")

    class Kept(Needs):
        def get_config(self):
            return {"speed": self.speed}

    network = ki.networks.mlp(1, 1, 4, 1)
    with pytest.warns(UserWarning, match=r"constructor needs speed.*get_config") as got:
        ki.PINN(network, Needs(1.0))
    assert got[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ki.PINN(network, Kept(1.0))
