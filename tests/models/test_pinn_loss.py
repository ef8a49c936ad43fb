"""The loss of a PINN: its weights, its regularisers, odd weights, where it is NaN."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from condition_cases import Sheet

import keras_isgd as ki

SETS = {
    "interior": tf.constant([[0.1], [0.4], [0.7]], tf.float64),
    "boundary": tf.constant([[0.0], [1.0]], tf.float64),
}


def model_of(problem=None, network=None, **arguments):
    problem = problem or ki.problems.Poisson1D("u_L")
    inputs = len(problem.coordinates)
    network = network or ki.networks.mlp(inputs, problem.outputs, 5, 1, seed=1)
    return ki.PINN(network, problem, **arguments)


# -- weights of the terms -----------------------------------------------------------


@pytest.mark.parametrize("jit", [False, True], ids=["plain", "xla"])
@pytest.mark.parametrize("optimizer", [ki.ISGD, keras.optimizers.Adam])
def test_a_new_weight_holds_from_the_next_step_without_a_retrace(optimizer, jit):
    traces = []

    class Counted(ki.problems.Poisson1D):
        def residual(self, u, x):
            traces.append(1)
            return super().residual(u, x)

    class Heavier(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                count.append(len(traces))
                self.model.loss_weights["dirichlet_boundary"] = 1e4

    model, count = model_of(Counted("u_L")), []
    model.compile(optimizer=optimizer(), jit_compile=jit)
    points = model.problem.points(12, resample=False)
    history = model.fit(points, epochs=2, verbose=0, callbacks=[Heavier()]).history
    assert len(traces) == count[0]
    losses = model.evaluate(points, verbose=0, return_dict=True)
    expected = losses["residual"] + 1e4 * losses["dirichlet_boundary"]
    assert losses["loss"] == pytest.approx(expected, rel=1e-5)
    second = history["residual"][1] + 1e4 * history["dirichlet_boundary"][1]
    assert history["loss"][1] == pytest.approx(second, rel=1e-5)


def test_weights_of_terms_are_checked_and_kept_by_all():
    model = model_of(loss_weights={"residual": 2.0})
    assert set(model.loss_weights) == {"residual", "dirichlet_boundary"}
    with pytest.raises(
        ValueError, match=r"Unknown loss weights wall: the terms of Poi"
    ):
        model.loss_weights["wall"] = 1.0
    for bad in (0.0, -1.0, float("nan"), float("inf"), "1"):
        with pytest.raises(ValueError, match="positive finite number"):
            model.loss_weights["residual"] = bad
    with pytest.raises(TypeError, match="cannot be deleted"):
        del model.loss_weights["residual"]
    assert model.loss_weights["residual"] == 2.0
    model.loss_weights = {"residual": 3.0}
    assert model.get_config()["loss_weights"] == dict(model.loss_weights)
    assert ki.PINN.from_config(model.get_config()).loss_weights["residual"] == 3.0


@pytest.mark.parametrize("kind", ["model.weights.h5", "model.keras"])
def test_weights_of_terms_are_saved_and_restored(tmp_path, kind):
    class Decay(ki.Problem):
        coefficients = {"rate": 2.5}

        def residual(self, u, x):
            return u.d("x") + u.coefficient("rate") * u.value

        def conditions(self):
            return [ki.Dirichlet("x_min", 1.0, name="odd/name, \u00e4")]

    keras.saving.get_custom_objects()["Decay"] = Decay
    model = model_of(Decay())
    model.loss_weights = {"residual": 0.1, "odd/name, \u00e4": 1e3}
    model.coefficients["rate"].assign(7.0)
    path = tmp_path / kind
    if kind == "model.keras":
        model.save(path)
        other = keras.models.load_model(path, custom_objects={"Decay": Decay})
    else:
        model.save_weights(path)
        other = model_of(Decay())
        other.load_weights(path)
    assert other.loss_weights == model.loss_weights
    assert float(other.coefficients["rate"].numpy()) == 7.0
    # Not a weight of the model: files of 0.1 have none.
    assert len(model.weights) == 5
    store = {"0": np.float64(4.0)}
    other.load_own_variables(store)
    assert float(other.coefficients["rate"].numpy()) == 4.0
    assert other.loss_weights["residual"] == 0.1


def test_sample_weights_are_refused():
    model = model_of()
    model.compile(optimizer="sgd")
    for call in (model.train_on_batch, model.test_on_batch):
        with pytest.raises(ValueError, match=r"sample_weight.*model\.loss_weights"):
            call(SETS, sample_weight=np.ones(3))


# -- regularisers -------------------------------------------------------------------


def regularised(regularizer, **arguments):
    x = keras.Input((1,), dtype="float64")
    dense = keras.layers.Dense(
        5, "tanh", dtype="float64", name="first", kernel_regularizer=regularizer,
        **arguments,
    )  # fmt: skip
    last = keras.layers.Dense(1, dtype="float64")
    return model_of(network=keras.Model(x, last(dense(x))))


@pytest.mark.parametrize("derivatives", ["taylor", "tape"])
def test_an_l2_regulariser_stays_least_squares(derivatives):
    model = regularised(keras.regularizers.L2(0.3))
    model = model_of(network=model.network, derivatives=derivatives)
    objective = model.objective(SETS)
    assert isinstance(objective, ki.LeastSquares)
    w = objective.parameters.read()
    loss, terms = model.closure(SETS)
    penalty = np.float32(0.3) * np.sum(model.network.layers[1].kernel.numpy() ** 2)
    weighted = sum(t * o for t, o in zip(terms, model.loss_weights.values()))
    np.testing.assert_allclose(loss, weighted + penalty, rtol=1e-12)
    start = objective.evaluate(w)
    np.testing.assert_allclose(start.value, loss, rtol=1e-12)
    np.testing.assert_allclose(start.aux, terms, rtol=1e-10)
    residual, jacobian = objective.linearise(w)
    gradient = 2 * residual.numpy() @ jacobian.numpy()
    np.testing.assert_allclose(gradient, start.gradient, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tf.reduce_sum(residual**2), loss, rtol=1e-12)
    linear = objective.operators(w)
    v = np.random.default_rng(0).normal(size=w.shape)
    found = linear.jvp(tf.constant(v))
    np.testing.assert_allclose(found, jacobian.numpy() @ v, rtol=1e-9, atol=1e-12)
    assert objective.sampled_jacobian(w, 0.5).shape == jacobian.shape


def test_other_regularisers_say_why_not():
    cases = {
        "the weight 'first/kernel' has the regulariser L1": regularised(
            keras.regularizers.L1(0.1)
        ),
        "has the regulariser OrthogonalRegularizer": regularised(
            keras.regularizers.OrthogonalRegularizer()
        ),
        "the layer 'first' has an activity regulariser": regularised(
            None, activity_regularizer="l2"
        ),
    }
    for reason, model in cases.items():
        objective = model.objective(SETS)
        assert not isinstance(objective, ki.LeastSquares)
        assert reason in objective.reason


# -- weights of any shape -----------------------------------------------------------


class Slope(keras.layers.Layer):
    """tanh(a x) with one trained number a, and a weight of rank three."""

    def build(self, shape):
        self.a = self.add_weight(shape=(), initializer="ones")
        self.b = self.add_weight(shape=(shape[-1], 2, 3), initializer="glorot_normal")

    def call(self, x):
        h = keras.ops.einsum("ni,ijk->njk", keras.ops.tanh(self.a * x), self.b)
        return keras.ops.reshape(h, (-1, 6))


@pytest.mark.parametrize("optimizer", [ki.ISGD, ki.LBFGS])
def test_scalar_and_high_rank_weights_train(optimizer):
    x = keras.Input((1,), dtype="float64")
    h = Slope(dtype="float64")(keras.layers.Dense(4, dtype="float64")(x))
    network = keras.Model(x, keras.layers.Dense(1, dtype="float64")(h))
    model = model_of(network=network)
    model.compile(optimizer=optimizer())
    points = model.problem.points(20, resample=False)
    first = model.evaluate(points, verbose=0, return_dict=True)["loss"]
    model.fit(points, epochs=1, steps_per_epoch=3, verbose=0)
    assert model.evaluate(points, verbose=0, return_dict=True)["loss"] < first
    assert float(network.layers[2].a.numpy()) != 1.0


# -- what is not finite -------------------------------------------------------------

PLACES = np.array([[0.25, 1.5], [0.5, 2.5], [0.0, 2.0]])


@pytest.mark.parametrize(
    ("residual", "words"),
    [
        (lambda u, x: u.value, None),
        (
            lambda u, x: tf.concat([u.value, 1.0 / (x[:, :1] - 0.5)], axis=1),
            "equation 2 of its 2 .column 1. is infinite at the point x = 0.5, t = 2.5",
        ),
        (
            lambda u, x: tf.math.log(-1.0 - u.value**2),
            r"its equation is NaN at the point x = 0.25, t = 1.5.*output_offset=1\.5",
        ),
        (
            lambda u, x: tf.sqrt(x[:, :1] * u.value**2),
            "its gradient is (NaN|infinite) at the point x = 0, t = 2",
        ),
        (lambda u, x: tf.sqrt(u.value - tf.reduce_max(u.value) - 1.0), "mix points"),
    ],
    ids=["finite", "infinite", "NaN", "gradient", "mixed"],
)
def test_what_is_not_finite_is_found(residual, words):
    model = model_of(Sheet(residual=residual))
    found = model.explain_not_finite({"interior": PLACES})
    if words is None:
        assert found is None
        return
    assert found.startswith("In the term 'residual'")
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found)


def test_weights_and_data_that_are_not_finite_are_named():
    data = ki.Data(PLACES, [1.0, 2.0, 3.0])
    data.values[1] = np.nan
    model = model_of(Sheet(data))
    found = model.explain_not_finite({"interior": PLACES})
    assert "'data'" in found
    assert "x = 0.5, t = 2.5" in found
    assert "its value in the data" in found
    weight = model.trainable_variables[0]
    weight.assign(weight * np.inf)
    assert weight.path in model.explain_not_finite({"interior": PLACES})


# -- residuals that cannot be traced --------------------------------------------------


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda u, x: np.sin(u.value), "NumPy's and Python's own .*keras.ops.sin"),
        (lambda u, x: u.value * np.exp(x), "NumPy's and Python's own"),
        (lambda u, x: u.value * float(x[0, 0]), "NumPy's and Python's own"),
        (lambda u, x: u.value.numpy(), "NumPy's and Python's own"),
        (lambda u, x: u.value if x[0, 0] > 0.0 else u.d("x"), "`if`.*tf.where"),
        (lambda u, x: sum(u.value), "`for`.*cannot look at tensors"),
        (lambda u, x: np.sin(u), "A field is not a tensor: compute with u.value"),
        (lambda u, x: 2.0 * u, "A field is not a tensor"),
        (lambda u, x: tf.sin(u), "A field is not a tensor"),
    ],
)
def test_functions_of_numbers_are_refused_with_the_remedy(function, words):
    with pytest.raises(ValueError, match=f"In the term 'residual' of Sheet: .*{words}"):
        model_of(Sheet(residual=function))


def test_conditions_too_and_other_errors_are_the_users_own():
    condition = ki.Dirichlet("x_min", value=lambda x: np.sin(x[:, 1:]))
    with pytest.raises(ValueError, match=r"In the term 'dirichlet_x_min'.*NumPy"):
        model_of(Sheet(condition))

    def broken(u, x):
        raise AttributeError("my own mistake")

    with pytest.raises(AttributeError, match="my own mistake"):
        model_of(Sheet(residual=broken))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_xla_compiles_a_loss_that_is_no_sum_of_squares_where_asked(jit_compile):
    layer = keras.layers.Dense(1, kernel_regularizer="l1", dtype="float64")
    network = keras.Sequential([keras.Input((1,)), layer])
    model = ki.PINN(network, ki.problems.SingularPerturbation(0.5))
    model.compile(optimizer=ki.ISGD(), jit_compile=jit_compile)
    objective = model.objective(next(iter(model.problem.points(5, seed=0))))
    assert objective.reason is not None

    @tf.function
    def value():
        return objective.value(objective.parameters.read())

    def compiled(graph):
        return any(
            "_XlaMustCompile" in o.node_def.attr and o.get_attr("_XlaMustCompile")
            for o in graph.get_operations()
        )

    assert compiled(value.get_concrete_function().graph) == jit_compile
