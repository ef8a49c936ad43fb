import itertools
import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest

import keras_isgd as ki
from keras_isgd import networks
from keras_isgd.derivatives import derivatives

POINTS = np.random.default_rng(2).uniform(-1.0, 1.0, (12, 2))


def weights_equal(a, b):
    pairs = zip(a.get_weights(), b.get_weights(), strict=True)
    return [np.array_equal(x, y) for x, y in pairs]


def first_layer(network):
    return [w.astype("float64") for w in network.get_layer("hidden_1").get_weights()]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("input_scale", [None, 3.0])
def test_shapes_and_dtype(dtype, input_scale):
    network = networks.mlp(
        2, 3, width=7, depth=2, dtype=dtype, input_scale=input_scale, seed=1
    )
    assert network.input_shape == (None, 2)
    assert network.output_shape == (None, 3)
    shapes = [(2, 7), (7,), (7, 7), (7,), (7, 3), (3,)]
    assert [w.shape for w in network.get_weights()] == shapes
    assert {w.dtype for w in network.get_weights()} == {np.dtype(dtype)}
    assert network(POINTS.astype(dtype)).dtype == dtype


def test_value_is_that_of_the_layers():
    network = networks.mlp(2, 2, width=5, depth=2, activation="softplus", seed=3)
    a, b, c, d, e, f = network.get_weights()
    hidden = np.log1p(np.exp(POINTS @ a + b))
    expected = np.log1p(np.exp(hidden @ c + d)) @ e + f
    np.testing.assert_allclose(network(POINTS), expected, rtol=1e-13)


@pytest.mark.parametrize("input_scale", [None, 3.0])
def test_seed_decides_the_weights(input_scale):
    def build(seed):
        return networks.mlp(2, width=6, depth=3, input_scale=input_scale, seed=seed)

    first = build(5)
    keras.utils.set_random_seed(99)
    assert all(weights_equal(first, build(5)))
    kernels = weights_equal(first, build(6))[::2]
    assert not any(kernels)


@pytest.mark.parametrize("input_scale", [None, 3.0])
def test_without_a_seed_keras_seed_decides(input_scale):
    def build():
        return networks.mlp(2, width=6, depth=2, input_scale=input_scale)

    keras.utils.set_random_seed(7)
    first, second = build(), build()
    keras.utils.set_random_seed(7)
    assert all(weights_equal(first, build()))
    assert not any(weights_equal(first, second)[::2])


def test_layers_of_one_network_differ():
    a, b, c = [
        networks.mlp(6, width=6, depth=3, seed=4).get_weights()[2 * i] for i in range(3)
    ]
    assert not np.array_equal(a, b)
    assert not np.array_equal(b, c)


@pytest.mark.parametrize(("inputs", "scale"), [(1, 25.0), (2, 4.0), (3, 0.5)])
def test_input_scale_is_the_deviation_of_the_first_kernel(inputs, scale):
    network = networks.mlp(inputs, width=500, depth=2, input_scale=scale, seed=1)
    kernel = first_layer(network)[0].ravel()
    assert kstest(kernel / scale, "norm").pvalue > 1e-3
    assert kernel.std() == pytest.approx(scale, rel=0.1)
    # The other layers are Keras's own.
    plain = networks.mlp(inputs, width=500, depth=2, seed=1)
    later = weights_equal(network, plain)
    assert later == [False, False, True, True, False, True]
    # The last one is a hundredth of it.
    np.testing.assert_allclose(
        network.get_weights()[4], 0.01 * plain.get_weights()[4], rtol=1e-12
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_centres_spread_over_an_interval(dtype):
    domain = ki.Box(-2.0, 5.0)
    network = networks.mlp(
        width=400, depth=1, input_scale=20.0, domain=domain, dtype=dtype, seed=8
    )
    kernel, bias = first_layer(network)
    centres = -bias / kernel[0]
    assert kstest(centres, "uniform", (-2.0, 7.0)).pvalue > 1e-3
    assert np.all((centres > -2.0 - 1e-5) & (centres < 5.0 + 1e-5))


def test_centres_lie_in_the_unit_box_by_default():
    kernel, bias = first_layer(networks.mlp(width=400, depth=1, input_scale=9.0))
    assert kstest(-bias / kernel[0], "uniform").pvalue > 1e-3


def test_centres_lie_in_a_box():
    domain = ki.Box((-2.0, 10.0), (1.0, 10.5))
    network = networks.mlp(2, width=300, depth=1, input_scale=5.0, domain=domain)
    kernel, bias = first_layer(network)
    # The line k . x + b = 0 of each unit separates some corners of the box.
    corners = np.array(list(itertools.product((-2.0, 1.0), (10.0, 10.5))))
    sides = corners @ kernel + bias
    assert np.all(sides.min(axis=0) < 0.0)
    assert np.all(sides.max(axis=0) > 0.0)
    # Without the centres the far box would be on one side of most lines.
    assert np.mean((corners @ kernel).min(axis=0) < 0.0) < 0.75


def test_sine_network_has_its_closed_form_second_derivative():
    network = networks.mlp(
        width=30, depth=1, activation="sine", input_scale=8.0, output_scale=1.0, seed=2
    )
    kernel, bias, out, constant = network.get_weights()
    x = np.linspace(0.0, 1.0, 21)[:, None]
    found = derivatives(network, tf.constant(x), {(0, ()), (0, (0, 0))})
    np.testing.assert_allclose(
        found[0, ()], np.sin(x @ kernel + bias) @ out + constant, rtol=1e-11
    )
    second = -(kernel**2 * np.sin(x @ kernel + bias)) @ out
    assert np.max(np.abs(second)) > 10.0
    np.testing.assert_allclose(found[0, (0, 0)], second, rtol=1e-9, atol=1e-9)


def example(**arguments):
    arguments = {"input_scale": 3.0, "activation": "sine", "seed": 11, **arguments}
    return networks.mlp(2, 2, width=6, depth=2, **arguments)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_config_rebuilds_the_network_with_its_start(dtype):
    network = example(dtype=dtype, domain=ki.Box((0, 1), (2, 4)))
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(network)))
    again = keras.saving.deserialize_keras_object(config)
    assert all(weights_equal(network, again))
    assert again.get_layer("hidden_1").activation is networks.sine


class Blob:
    """A geometry of another kind, whose bounding box is made of arrays."""

    dimension = 2
    lower, upper = np.array([0.0, 1.0]), np.array([2.0, 4.0])
    lengths = upper - lower


@pytest.mark.parametrize("argument", ["domain", "steep"])
def test_any_geometry_with_a_bounding_box_will_do(tmp_path, argument):
    network = example(**{argument: Blob()})
    expected = example(**{argument: ki.Box((0, 1), (2, 4))})
    assert all(weights_equal(network, expected))
    assert not all(weights_equal(network, example()))
    network.save(tmp_path / "network.keras")
    assert networks.input_scale_for(1.0, Blob()) == 2.0
    with pytest.raises(ValueError, match=f"`{argument}` to be a geometry with a bound"):
        example(**{argument: (0.0, 1.0)})
    with pytest.raises(ValueError, match="`domain` to be a geometry"):
        networks.input_scale_for(1.0, (0.0, 1.0))


def test_half_of_the_units_are_for_a_steep_box():
    steep = ki.Box((0.9, 0.0), (1.0, 1.0))
    network = networks.mlp(2, width=800, depth=1, input_scale=20.0, steep=steep, seed=3)
    kernel, bias = first_layer(network)
    for units, scale in ((slice(0, 400), 120.0), (slice(400, 800), 20.0)):
        np.testing.assert_allclose(np.std(kernel[0, units]), scale, rtol=0.1)
        np.testing.assert_allclose(np.std(kernel[1, units]), 20.0, rtol=0.1)
    # On the line of points with k . x + b = 0, the centre's share of x is in the box.
    shift = (bias + 0.95 * kernel[0] + 0.5 * kernel[1])[:400]
    assert np.all(
        np.abs(shift)
        <= np.abs(0.05 * kernel[0])[:400] + np.abs(0.5 * kernel[1])[:400] + 1e-9
    )
    with pytest.raises(ValueError, match="`steep` beside `input_scale`"):
        networks.mlp(2, steep=steep)


@pytest.mark.parametrize("input_scale", [None, 3.0])
def test_saved_file_predicts_the_same(tmp_path, input_scale):
    network = example(input_scale=input_scale)
    # Not the weights that the config alone would rebuild.
    network.set_weights([w + 0.25 for w in network.get_weights()])
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert loaded(POINTS).dtype == "float64"
    np.testing.assert_array_equal(loaded(POINTS), network(POINTS))


@pytest.mark.parametrize("name", ["inputs", "outputs", "width", "depth"])
@pytest.mark.parametrize("value", [0, -3, 2.0, True, "4", None])
def test_wrong_counts(name, value):
    with pytest.raises(ValueError, match=f"`{name}` to be a whole number >= 1"):
        networks.mlp(**{name: value})


@pytest.mark.parametrize("value", [0, -1.0, math.inf, math.nan, "4"])
def test_wrong_input_scale(value):
    with pytest.raises(ValueError, match="`input_scale` to be a positive finite"):
        networks.mlp(input_scale=value)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16", "int32"])
def test_too_few_digits(dtype):
    with pytest.raises(ValueError, match="second derivatives need the digits"):
        networks.mlp(dtype=dtype)


@pytest.mark.parametrize("activation", ["relu", keras.activations.relu])
def test_relu_has_no_second_derivative(activation):
    with pytest.raises(ValueError, match="no second derivative"):
        networks.mlp(activation=activation)


def test_unknown_activation():
    with pytest.raises(ValueError, match="sinus"):
        networks.mlp(activation="sinus")


def test_domain_of_another_dimension():
    with pytest.raises(ValueError, match=r"of 2 dimensions, got 1.*Box of all inputs"):
        networks.mlp(2, domain=ki.Box(0.0, 1.0))


def test_wrong_output_scale_and_features_beside_input_scale():
    with pytest.raises(ValueError, match="`output_scale` to be a positive finite"):
        networks.mlp(output_scale=0.0)
    features = networks.FourierFeatures([[1.0]], dtype="float64")
    with pytest.raises(ValueError, match="Leave one of the two out"):
        networks.mlp(features=features, input_scale=2.0)


def test_fourier_features_are_sines_and_cosines_and_differentiable_under_xla():
    matrix = np.array([[1.0, 0.0, 3.0], [0.0, 2.0, -1.0]])
    features = networks.FourierFeatures(matrix, dtype="float64")
    expected = np.concatenate([np.sin(POINTS @ matrix), np.cos(POINTS @ matrix)], 1)
    np.testing.assert_allclose(features(POINTS), expected, rtol=1e-12, atol=1e-14)
    assert not features.trainable_variables
    network = networks.mlp(2, width=4, depth=1, features=features, seed=0)
    assert network.count_params() == 6 + (6 * 4 + 4) + 5
    requests = {(0, (0, 0)), (0, (0, 1))}
    plain = derivatives(network, tf.constant(POINTS), requests)
    jitted = tf.function(
        lambda x: list(derivatives(network, x, requests).values()), jit_compile=True
    )(tf.constant(POINTS))
    for found, expected in zip(jitted, plain.values(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    # Periodic with period 2 pi, since the frequencies are whole.
    np.testing.assert_allclose(
        network(POINTS + 2 * np.pi), network(POINTS), rtol=1e-9, atol=1e-12
    )


def test_trainable_layers_keep_their_weights(tmp_path):
    features = networks.FourierFeatures([[2.0, 5.0]], trainable=True, dtype="float64")
    network = networks.mlp(
        1, width=4, depth=2, features=features, activation="trainable_sine", seed=0
    )
    # B, a factor for each unit of two layers, and three dense layers.
    assert len(network.trainable_variables) == 1 + 2 + 6
    network.set_weights([w + 0.25 for w in network.get_weights()])
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    x = POINTS[:, :1]
    np.testing.assert_array_equal(loaded(x), network(x))
    first = network.get_layer("sine_1")
    hidden = np.linspace(-1.0, 1.0, 8).reshape(2, 4)
    np.testing.assert_allclose(first(hidden), np.sin(1.25 * hidden), rtol=1e-12)
    with pytest.raises(ValueError, match=r"finite matrix \(d, m\)"):
        networks.FourierFeatures([1.0, 2.0])
    with pytest.raises(ValueError, match="Expected 1 coordinates"):
        networks.FourierFeatures([[1.0]])(POINTS)


def test_rule_of_thumb_for_the_input_scale():
    assert networks.input_scale_for(150.0) == pytest.approx(50.0)
    assert networks.input_scale_for(150.0, depth=1) == pytest.approx(75.0)
    assert networks.input_scale_for(1.0) == 4.0
    assert networks.input_scale_for(1.0, ki.Box((0, 0), (1, 0.5))) == 8.0
    with pytest.raises(ValueError, match="`frequency`"):
        networks.input_scale_for(0.0)


# -- a start away from zero -----------------------------------------------------------


@pytest.mark.parametrize("offset", [1.5, [1.5, -2.0]])
@pytest.mark.parametrize("input_scale", [None, 3.0])
def test_outputs_start_at_their_offsets(tmp_path, offset, input_scale):
    plain = example(input_scale=input_scale)
    network = example(input_scale=input_scale, output_offset=offset)
    # The last bias alone is another one.
    np.testing.assert_array_equal(network.get_weights()[-1], np.broadcast_to(offset, 2))
    assert weights_equal(network, plain) == [True] * 5 + [False]
    np.testing.assert_allclose(network(POINTS), plain(POINTS) + offset, rtol=1e-12)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(network)))
    again = keras.saving.deserialize_keras_object(config)
    assert all(weights_equal(network, again))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert all(weights_equal(network, loaded))


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        ([1.0, 2.0, 3.0], r"each of the 2 outputs, got shape \(3,\)"),
        ([[1.0, 2.0]], r"got shape \(1, 2\)"),
        (math.nan, "NaN or infinite"),
        (1j, "is complex"),
        ("1.5", "real numbers"),
        (None, "real numbers"),
    ],
)
def test_wrong_offsets(offset, words):
    with pytest.raises(ValueError, match=words):
        example(output_offset=offset)


class Reaction(ki.Problem):
    """A periodic reaction that is not defined for u < 0, v < 0 or v > 3.

    Source: github.com/lululxvi/deepxde/issues/1177.
    """

    coordinates = ("t",)
    outputs = 2
    domain = ki.Box(0.0, 2 * math.pi)

    def residual(self, u, x):
        a, b = u[0], u[1]
        rate = 1.1 * (3.0 - b.value) ** 1.5 * a.value**3.5
        first = a.d("t") - (2.0 + tf.sin(x) - rate + 1.3 * b.value**2.2)
        second = b.d("t") - (1.0 + tf.cos(x) + rate - 2.4 * b.value**2.2)
        return tf.concat([first, second], axis=1)

    def conditions(self):
        return [ki.Periodic("t", [0])]


def test_an_equation_with_powers_starts_where_it_is_defined():
    def losses(epochs, **arguments):
        network = networks.mlp(
            1,
            2,
            width=8,
            depth=1,
            input_scale=2.0 / math.pi,
            domain=Reaction.domain,
            seed=0,
            **arguments,
        )
        model = ki.PINN(network, Reaction())
        points = Reaction().points(40, resample=False)
        objective = model.objective(next(iter(points)))
        start = float(objective.value(objective.parameters.read()))
        if not epochs:
            return start
        model.compile(optimizer=ki.ISGD())
        model.fit(points, epochs=epochs, verbose=0)
        return start, float(objective.value(objective.parameters.read()))

    assert math.isnan(losses(0))
    before, after = losses(3, output_offset=1.5)
    assert after < 0.5 * before < math.inf


def test_first_factor_of_a_trainable_sine():
    layer = networks.TrainableSine(initial=2.5, dtype="float64")
    np.testing.assert_allclose(layer(POINTS), np.sin(2.5 * POINTS), rtol=1e-12)
    again = networks.TrainableSine.from_config(layer.get_config())
    np.testing.assert_allclose(again(POINTS), np.sin(2.5 * POINTS), rtol=1e-12)
    for wrong in (0.0, -1.0, math.nan, "1", True):
        with pytest.raises(ValueError, match="`initial` to be a positive finite"):
            networks.TrainableSine(wrong)


def test_frequencies_are_real_numbers():
    for wrong, words in (([[1j]], "is complex"), ([["1"]], "real numbers")):
        with pytest.raises(ValueError, match=f"`frequencies` .*{words}|{words}"):
            networks.FourierFeatures(wrong)


def test_a_domain_without_centres_says_that_it_has_no_effect():
    with pytest.warns(DeprecationWarning, match="no effect here"):
        networks.mlp(domain=ki.Box(0.0, 2.0))


def test_each_input_can_have_a_scale_of_its_own():
    network = networks.mlp(2, width=400, input_scale=[30.0, 4.0], seed=0)
    kernel = network.get_layer("hidden_1").kernel.numpy()
    assert kernel.std(axis=1) == pytest.approx([30.0, 4.0], rel=0.15)
    again = keras.Model.from_config(network.get_config())
    for one, other in zip(network.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("scales", [[1.0], [1.0, -1.0], [[1.0, 2.0]]])
def test_scales_that_do_not_fit_the_inputs_are_refused(scales):
    with pytest.raises(ValueError, match="one for each of the 2 inputs"):
        networks.mlp(2, input_scale=scales)
