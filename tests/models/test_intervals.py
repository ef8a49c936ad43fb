"""Intervals, against classical least squares with the equation's closed form."""

import math

import keras
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import tensorflow as tf

import keras_isgd as ki

RANDOM = np.random.default_rng(0)


class Fitted(ki.Problem):
    """Any equation in t with given conditions; t is no time here."""

    coordinates = ("t",)

    def __init__(self, equation, *conditions, **attributes):
        self.residual = equation
        self.conditions = lambda: list(conditions)
        vars(self).update(attributes)


def trained(problem, epochs=40, width=8, dtype="float64", resample=False):
    network = ki.networks.mlp(
        inputs=problem.input_count,
        outputs=1,
        width=width,
        depth=2,
        input_scale=2.0,
        domain=problem.domain,
        dtype=dtype,
        seed=1,
    )
    model = ki.PINN(network, problem)
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    if epochs:
        chosen = problem.points(60, resample=resample, method="sobol")
        model.fit(chosen, epochs=epochs, verbose=0)
    return model


# -- without coefficients --------------------------------------------------------------

LEVELS = np.linspace(0.0, 1.0, 10)[:, None]
AROUND_TWO = 2.0 + 0.3 * RANDOM.normal(size=10)


@pytest.fixture(scope="module")
def constant():
    data = ki.Data(LEVELS, AROUND_TWO, weight=0.01)
    return trained(Fitted(lambda u, x: u.d("t"), data))


def test_a_constant_has_the_standard_error_of_a_mean(constant):
    found = constant.intervals()
    deviation = AROUND_TWO.std(ddof=1)
    assert (found.free, found.estimates) == (1, {})
    assert found.degrees_of_freedom == pytest.approx(9.0, rel=1e-4)
    assert found.sigma["data"] == pytest.approx(deviation, rel=1e-3)
    band = found.band([[0.0], [0.35], [1.0]])
    expected = deviation / math.sqrt(10)
    np.testing.assert_allclose(band.standard_errors, expected, rtol=1e-3)
    reach = scipy.stats.t.ppf(0.975, 9) * expected
    np.testing.assert_allclose(band.upper, AROUND_TWO.mean() + reach, rtol=1e-3)
    np.testing.assert_allclose(band.lower, AROUND_TWO.mean() - reach, rtol=1e-3)
    sigma = f"sigma of data: {found.sigma['data']:.4g}"
    assert str(found) == f"{sigma}\nnumbers that the equation leaves free: 1"


def test_level_and_points_change_what_they_should(constant):
    half = constant.intervals(level=0.5).band(LEVELS)
    middle = 0.5 * (half.upper + half.lower)
    reach = scipy.stats.t.ppf(0.75, 9) * half.standard_errors
    np.testing.assert_allclose(half.upper - middle, reach, rtol=1e-3)
    few = {"interior": np.linspace(0.0, 0.01, 3)[:, None]}
    with pytest.raises(ValueError, match=r"'data' cannot.*more `points`"):
        constant.intervals(points=few)


X = np.linspace(-0.9, 1.0, 12)[:, None]
SIGMA = np.linspace(0.1, 0.4, 12)
LINE = 1.0 - 0.5 * X[:, 0] + SIGMA * RANDOM.normal(size=12)


def test_a_line_has_the_band_of_polyfit():
    data = ki.Data(X, LINE, sigma=SIGMA, weight=0.001)
    line = Fitted(lambda u, x: u.d("tt"), data, domain=ki.Box(-1.0, 1.0))
    found = trained(line).intervals()
    assert found.free == 2
    assert math.isinf(found.degrees_of_freedom)
    np.testing.assert_array_equal(found.sigma["data"][:, 0], SIGMA)
    coefficients, covariance = np.polyfit(X[:, 0], LINE, 1, w=1 / SIGMA, cov="unscaled")
    at = np.linspace(-1.0, 1.0, 5)
    rows = np.stack([at, np.ones(5)], axis=1)
    errors = np.sqrt(np.sum((rows @ covariance) * rows, axis=1))
    band = found.band(at[:, None])
    np.testing.assert_allclose(band.standard_errors[:, 0], errors, rtol=1e-3)
    upper = np.polyval(coefficients, at) + scipy.stats.norm.ppf(0.975) * errors
    np.testing.assert_allclose(band.upper[:, 0], upper, atol=2e-3)


def test_two_data_terms_with_their_own_scatter():
    # The estimator is the one that was trained: each term's mean square counts alike.
    one, other = 0.1 * RANDOM.normal(size=6), 1.0 + 2.0 * RANDOM.normal(size=9)
    conditions = [
        ki.Data(LEVELS[:6], one, name="one", sigma=0.1, weight=0.0001),
        ki.Data(LEVELS[:9], other, name="other", weight=0.01),
    ]
    found = trained(Fitted(lambda u, x: u.d("t"), *conditions)).intervals()
    a, b = 0.01, 0.01  # omega / sigma^2 of each
    mean = (a * one.mean() + b * other.mean()) / (a + b)
    share = np.array([a, b]) / (a + b)
    # E sum (y - mean)^2 of the second term, whose variance is unknown.
    squares = np.sum((other - mean) ** 2)
    known = 9 * share[0] ** 2 * 0.1**2 / 6
    factor = 9 - 2 * share[1] + share[1] ** 2
    variance = (squares - known) / factor
    assert found.sigma["one"] == 0.1
    assert found.sigma["other"] == pytest.approx(math.sqrt(variance), rel=1e-3)
    error = math.sqrt(share[0] ** 2 * 0.1**2 / 6 + share[1] ** 2 * variance / 9)
    band = found.band([[0.5]])
    assert band.standard_errors[0, 0] == pytest.approx(error, rel=1e-3)


# -- with coefficients -----------------------------------------------------------------

WHEN = np.linspace(0.0, 1.0, 20)[:, None]
DECAY = 2.0 * np.exp(-1.5 * WHEN[:, 0]) + 0.05 * RANDOM.normal(size=20)


def decay(k, amplitude, t=WHEN[:, 0]):
    return amplitude * np.exp(-k * t)


def decay_problem(unknown, **attributes):
    data = ki.Data(WHEN, DECAY, weight=0.01, **attributes)
    return Fitted(
        lambda u, x: u.d("t") + u.coefficient("k") * u.value,
        data,
        coefficients={"k": unknown},
    )


CLASSICAL = scipy.optimize.curve_fit(
    lambda t, k, a: decay(k, a, t), WHEN[:, 0], DECAY, p0=[1.0, 1.0]
)


@pytest.fixture(scope="module")
def decaying():
    return trained(decay_problem(1.0), epochs=60)


def test_a_rate_of_decay_has_the_errors_of_curve_fit(decaying):
    (k, _), covariance = CLASSICAL
    found = decaying.intervals()
    error = math.sqrt(covariance[0, 0])
    assert found.free == 2
    assert found.distance < 0.05
    assert found.estimates["k"] == pytest.approx(k, abs=0.05 * error)
    assert found.standard_errors["k"] == pytest.approx(error, rel=5e-3)
    reach = scipy.stats.t.ppf(0.975, 18) * error
    assert found.upper["k"] - found.estimates["k"] == pytest.approx(reach, rel=5e-3)
    assert found.estimates["k"] - found.lower["k"] == pytest.approx(reach, rel=5e-3)
    scatter = np.sqrt(np.sum((DECAY - decay(*CLASSICAL[0])) ** 2) / 18)
    assert found.sigma["data"] == pytest.approx(scatter, rel=1e-3)
    table = str(found).splitlines()
    assert table[0].split() == ["estimate", "standard", "error", "95", "%", "interval"]
    assert table[1].startswith("k  ")
    # The band, by the delta method with the closed form.
    slopes = np.stack([-CLASSICAL[0][1] * WHEN[:, 0], np.ones(20)], axis=1)
    slopes *= np.exp(-k * WHEN)
    errors = np.sqrt(np.sum((slopes @ covariance) * slopes, axis=1))
    np.testing.assert_allclose(
        found.band(WHEN).standard_errors[:, 0], errors, rtol=1e-2
    )


@pytest.mark.parametrize(
    "unknown",
    [
        ki.Coefficient(1.0, log=True),
        ki.Coefficient(1.0, lower=0.0, upper=1.6),
        ki.Coefficient(1.4, upper=1.6),
        ki.Coefficient(1.4, upper=1.5),
    ],
    ids=["log", "both", "upper", "near"],
)
def test_intervals_stay_inside_the_bounds(decaying, unknown):
    # The same solution, whose coefficient is a function of another trained number.
    model = trained(decay_problem(unknown), epochs=0)
    plain = decaying.intervals()
    model.network.set_weights(decaying.network.get_weights())
    model.coefficients["k"].assign(plain.estimates["k"])
    found = model.intervals()
    assert found.estimates["k"] == pytest.approx(plain.estimates["k"], rel=1e-9)
    assert found.standard_errors["k"] == pytest.approx(
        plain.standard_errors["k"], rel=1e-4
    )
    z = unknown.raw(plain.estimates["k"])
    steepness = unknown.slope(z)
    reach = scipy.stats.t.ppf(0.975, 18) * plain.standard_errors["k"] / steepness
    ends = sorted(float(unknown.value(tf.constant(z + s * reach))) for s in (-1, 1))
    if unknown.upper == 1.5:  # within reach, and there the coefficient turns round
        ends[1] = 1.5
    assert [found.lower["k"], found.upper["k"]] == pytest.approx(ends, rel=1e-4)


def test_a_network_in_float32_has_the_same_errors_to_a_per_cent(decaying):
    single = trained(decay_problem(1.0), epochs=0, dtype="float32")
    single.set_weights([np.float32(w) for w in decaying.get_weights()])
    found, double = single.intervals(), decaying.intervals()
    assert found.free == 2
    expected = double.standard_errors["k"]
    assert found.standard_errors["k"] == pytest.approx(expected, rel=0.01)
    np.testing.assert_allclose(
        found.band(WHEN).standard_errors, double.band(WHEN).standard_errors, rtol=0.01
    )


def test_correlation_of_two_coefficients():
    # u' = -k u + c: the classical covariance by the closed form.
    values = 1.0 + decay(1.5, 1.0) + 0.02 * RANDOM.normal(size=20)
    model = trained(
        Fitted(
            lambda u, x: u.d("t") + u.coefficient("k") * u.value - u.coefficient("c"),
            ki.Initial(2.0, weight=100.0),
            ki.Data(WHEN, values, sigma=0.02, weight=1e-3),
            coefficients={"k": 1.0, "c": ki.Coefficient(-1.0, upper=5.0)},
        ),
        epochs=40,
        resample=True,
    )
    best, covariance = scipy.optimize.curve_fit(
        lambda t, k, c: c / k + (2.0 - c / k) * np.exp(-k * t),
        WHEN[:, 0],
        values,
        p0=[1.0, 1.0],
        sigma=np.full(20, 0.02),
        absolute_sigma=True,
    )
    errors = np.sqrt(np.diag(covariance))
    found = model.intervals()
    assert found.free == 2
    np.testing.assert_allclose(
        [found.standard_errors[name] for name in "kc"], errors, rtol=0.01
    )
    expected = covariance[0, 1] / np.prod(errors)
    assert found.correlations["k", "c"] == pytest.approx(expected, rel=0.005)
    assert found.correlations["c", "k"] == found.correlations["k", "c"]
    np.testing.assert_allclose(
        [found.estimates[name] for name in "kc"], best, atol=0.1 * errors.min()
    )
    assert f"correlation of k and c: {found.correlations['k', 'c']:.3f}" in str(found)


# -- what is said, and what is refused -------------------------------------------------


def test_a_coefficient_that_does_nothing_is_not_determined():
    problem = Fitted(
        lambda u, x: (
            u.d("t") + (u.coefficient("a") + u.coefficient("b")) * u.value
            + 0.0 * u.coefficient("c")
        ),
        ki.Data(WHEN, DECAY, weight=0.01),
        coefficients={"a": 0.7, "b": 0.8, "c": ki.Coefficient(1.0, lower=0.0)},
    )  # fmt: skip
    model = trained(problem, epochs=60)
    with pytest.warns(UserWarning, match="do not determine a, b, c"):
        found = model.intervals()
    assert all(math.isinf(error) for error in found.standard_errors.values())
    assert (found.lower["a"], found.upper["a"]) == (-math.inf, math.inf)
    assert (found.lower["c"], found.upper["c"]) == (0.0, math.inf)
    assert math.isnan(found.correlations["a", "b"])


def test_a_training_that_has_not_ended_is_warned_of(decaying):
    weights = decaying.get_weights()
    try:
        (k, _), covariance = CLASSICAL
        away = k + 3.0 * math.sqrt(covariance[0, 0])
        decaying.coefficients["k"].assign(away)
        with pytest.warns(
            UserWarning, match=r"is (2.9|3) standard errors from the optimum"
        ):
            assert decaying.intervals().distance == pytest.approx(3.0, rel=0.05)
    finally:
        decaying.set_weights(weights)


def test_data_of_an_unknown_function_do_not_settle():
    # Heat with unknown initial values: each wave is known less well than the last.
    points = np.random.default_rng(0).uniform(size=(30, 2))
    for edges, nu in (((), 0.01), ((ki.Dirichlet(),), 0.1)):
        heat = Fitted(
            lambda u, x, nu=nu: u.d("t") - nu * u.d("xx"),
            *edges,
            ki.Data(points, np.zeros(30), sigma=0.1),
            coordinates=("x", "t"),
            domain=ki.Box((0.0, 0.0), (1.0, 1.0)),
        )
        model = trained(heat, epochs=0)
        with pytest.warns(UserWarning, match="errors did not settle"):
            found = model.intervals()
        with pytest.warns(UserWarning, match="The band is uncertain"):
            found.band(points)


def test_a_band_is_that_of_the_weights_of_its_intervals(decaying):
    found = decaying.intervals()
    before = found.band(WHEN)
    weights = decaying.get_weights()
    try:
        decaying.set_weights([0.0 * w for w in weights])
        np.testing.assert_array_equal(found.band(WHEN), before)
    finally:
        decaying.set_weights(weights)


def test_what_cannot_be_computed_is_refused(decaying, constant):
    plain = trained(Fitted(lambda u, x: u.d("t"), ki.Initial(1.0)), epochs=0)
    with pytest.raises(ValueError, match=r"no measured values.*ki\.Data"):
        plain.intervals()
    for level in (0.0, 1.0, 95, "0.95", math.nan, None):
        with pytest.raises(ValueError, match="`level`"):
            constant.intervals(level=level)
    for points in (np.zeros(3), np.zeros((2, 2)), np.zeros((0, 1))):
        with pytest.raises(ValueError, match=r"points \(n, 1\) for a band"):
            constant.intervals().band(points)
    with pytest.raises(ValueError, match="has NaN"):
        constant.intervals().band([[math.nan]])
    many = {"interior": np.zeros((20_000_000, 1))}
    with pytest.raises(ValueError, match=r"GiB allowed\. Give `points` fewer"):
        constant.intervals(points=many)


def test_as_many_free_numbers_as_values():
    data = ki.Data(LEVELS[:1], [2.0])
    model = trained(Fitted(lambda u, x: u.d("t"), data))
    with pytest.raises(ValueError, match=r"as many values.*sigma="):
        model.intervals()
    known = ki.Data(LEVELS[:1], [2.0], sigma=0.5)
    other = trained(Fitted(lambda u, x: u.d("t"), known), epochs=0)
    other.network.set_weights(model.network.get_weights())
    band = other.intervals().band(LEVELS)
    np.testing.assert_allclose(band.standard_errors, 0.5, rtol=1e-3)


def test_rows_that_mix_points():
    # The mean of u' over all points is subtracted: any u with u'' = 0.
    def equation(u, x):
        return u.d("t") - tf.reduce_mean(u.d("t"))

    data = ki.Data(X, LINE, sigma=SIGMA, weight=0.001)
    line = Fitted(equation, data, domain=ki.Box(-1.0, 1.0), pointwise=False)
    model = trained(line, epochs=40)
    for engine in ("taylor", "tape"):
        same = ki.PINN(model.network, line, derivatives=engine)
        band = same.intervals().band([[0.5]])
        covariance = np.polyfit(X[:, 0], LINE, 1, w=1 / SIGMA, cov="unscaled")[1]
        row = np.array([0.5, 1.0])
        error = math.sqrt(row @ covariance @ row)
        assert band.standard_errors[0, 0] == pytest.approx(error, rel=5e-3)


def test_keras_saving_keeps_the_intervals(decaying, tmp_path):
    before = decaying.intervals()
    decaying.save_weights(tmp_path / "model.weights.h5")
    again = trained(decay_problem(1.0), epochs=0)
    again.load_weights(tmp_path / "model.weights.h5")
    assert again.intervals().standard_errors == before.standard_errors
    assert isinstance(again, keras.Model)


def test_subdomains():
    # A line with a kink at 0.5, where u and u' x conductivity go on: two free numbers.
    class Kinked(Fitted):
        subdomains = {
            "left": ki.geometry.Interval(0.0, 0.5),
            "right": ki.geometry.Interval(0.5, 1.0),
        }

    at = np.linspace(0.05, 0.95, 10)[:, None]
    rows = np.concatenate([np.ones_like(at), np.minimum(at, 0.5)], axis=1)
    rows[:, 1] += 4.0 * np.maximum(at[:, 0] - 0.5, 0.0)
    values = rows @ [1.0, -1.0] + 0.1 * RANDOM.normal(size=10)
    problem = Kinked(
        lambda u, x: u.d("tt"),
        ki.Interface(("left", "right"), k=(4.0, 1.0)),
        ki.Data(at, values, sigma=0.1),
        time=None,
    )
    network = ki.networks.mlp(1, 2, width=8, depth=2, dtype="float64", seed=0)
    model = ki.PINN(network, problem)
    with pytest.warns(UserWarning, match="standard errors from the optimum"):
        band = model.intervals().band(at)
    covariance = np.linalg.inv(rows.T @ rows) * 0.01
    errors = np.sqrt(np.sum((rows @ covariance) * rows, axis=1))
    np.testing.assert_allclose(band.standard_errors[:, 0], errors, rtol=1e-3)
