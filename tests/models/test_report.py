"""`PINN.report`, each section against something independent."""

import base64
import dataclasses
import html.parser
import math
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from any_problem import Any

import keras_isgd as ki
from keras_isgd.models.report import remaining
from keras_isgd.models.report.html import page
from keras_isgd.models.report.limits import Measurements, limits_of
from keras_isgd.models.report.remaining import Remaining
from keras_isgd.models.report.residuals import Residual


def made(problem, epochs=0, width=8, points=None, depth=2, **arguments):
    network = ki.networks.mlp(
        inputs=problem.input_count,
        outputs=problem.network_outputs,
        width=width,
        depth=depth,
        input_scale=2.0,
        domain=problem.region.box or problem.domain,
        seed=0,
        dtype=arguments.pop("dtype", "float64"),
    )
    weight = arguments.pop("weight", 100.0)
    weights = {c.name: weight for c in problem.bound_conditions()}
    model = ki.PINN(network, problem, weights, **arguments)
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    if epochs:
        model.fit(points, epochs=epochs, verbose=0)
    return model


def kinds(report):
    return [finding.kind for finding in report.limits]


def numbers(value):
    """All numbers in a report."""
    if dataclasses.is_dataclass(value):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [number for one in value for number in numbers(one)]
    return [value] if isinstance(value, float | int) else []


def forced(u, x):
    return u.d("xx") + math.pi**2 * tf.sin(math.pi * x[:, :1])


INTERVAL = {"coordinates": ("x",), "exact": lambda x: tf.sin(math.pi * x)}


def interval():
    return Any(forced, ki.Dirichlet(name="ends"), **INTERVAL)


# -- residuals -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    return made(interval(), 25)


@pytest.fixture(scope="module")
def report(trained):
    return trained.report()


def test_residuals_and_places_on_points_of_ones_own(trained):
    x = np.linspace(0.0, 1.0, 1001)[:, None]
    ends = np.array([[0.0], [1.0]])
    sets = {"interior": x, "boundary": ends}
    report = trained.report(sets)
    equation, condition = report.residuals
    rows = np.ravel(trained.residual(x))
    assert (equation.name, equation.is_equation, equation.points) == (
        "residual",
        True,
        1001,
    )
    assert equation.rms == pytest.approx(np.sqrt(np.mean(rows**2)), rel=1e-9)
    assert equation.maximum == pytest.approx(np.abs(rows).max(), rel=1e-9)
    assert equation.worst == {"x": pytest.approx(x[np.argmax(np.abs(rows)), 0])}
    # The rms of pi^2 sin(pi x), which is that of u'' too.
    size = math.pi**2 / math.sqrt(2.0)
    assert equation.size == pytest.approx(size, rel=2e-3)
    assert equation.relative_rms == pytest.approx(equation.rms / equation.size)
    ordered = np.sort(rows**2)
    assert equation.share == pytest.approx(ordered[-10:].sum() / ordered.sum())
    tenths = [
        np.sum(rows[(x[:, 0] >= i / 10) & (x[:, 0] < (i + 1) / 10)] ** 2)
        for i in range(10)
    ]
    shares = np.array(tenths) / np.sum(rows**2)
    np.testing.assert_allclose(equation.profile["x"][:9], shares[:9], rtol=1e-6)
    assert equation.tenth.share == max(equation.profile["x"])
    values = np.ravel(trained.call(tf.constant(ends)))
    assert condition.rms == pytest.approx(np.sqrt(np.mean(values**2)), rel=1e-9)
    # Zeros alone are prescribed: half of the range of u itself, 0 to 1.
    assert condition.size == pytest.approx(0.5, rel=1e-3)
    assert not condition.is_equation
    loss = trained.evaluate(sets, verbose=0, return_dict=True)["loss"]
    assert report.loss == pytest.approx(loss, rel=1e-6)


def test_points_must_fit(trained):
    with pytest.raises(ValueError, match="missing: interior"):
        trained.report({"boundary": np.array([[0.0]])})


def test_unseen_points_errors_and_history(trained, report):
    assert report.residuals[0].points == 4096
    assert report.errors == trained.errors()
    assert report.history == tuple(trained.history.history["loss"])
    assert report.trained_loss == np.median(report.history[-5:])
    assert (report.size, report.dtype) == (trained.count_params(), "float64")
    assert report.choices == ()
    assert "The network was given." in str(report)
    assert np.isfinite(numbers(report)).all()


def test_a_report_changes_nothing(trained, report):
    before = [v.numpy() for v in trained.variables]
    assert str(trained.report()) == str(report)
    for old, new in zip(before, trained.variables):
        np.testing.assert_array_equal(old, new.numpy())


def affine(problem, a=2.0, b=0.5):
    dense = keras.layers.Dense(1, dtype="float64")
    network = keras.Sequential([keras.Input((1,), dtype="float64"), dense])
    network.layers[-1].kernel.assign([[a]])
    network.layers[-1].bias.assign([b])
    return ki.PINN(network, problem)


def test_the_size_of_an_equation_is_its_largest_part():
    x = np.linspace(0.0, 1.0, 101)[:, None]
    problem = Any(
        lambda u, x: {"one": 3.0 * u.d("x") + u.value, "two": u.value * u.d("x")},
        ki.Data([[0.0], [1.0]], [[1.0], [3.0]], sigma=0.1),
    )
    found = affine(problem).report({"interior": x})
    one, two, data = found.residuals
    # u = 2 x + 0.5; prescribed values have the middle 2.
    u = 2.0 * x + 0.5
    assert one.size == pytest.approx(6.0)  # 3 u_x, against u - 2 and the flat 2
    assert two.size == pytest.approx(np.sqrt(np.mean((2.0 * u) ** 2)))  # u u_x
    assert data.size == pytest.approx(1.0 / 0.1)  # the half range in deviations
    assert data.relative_rms == pytest.approx(0.5)


# -- the error that remains ------------------------------------------------------------


def of_order(report, factor=30.0):
    error = report.errors["relative_l2"]
    change = max(report.remaining.change.values())
    return error / factor < change < error * factor


def test_an_interval(report):
    assert of_order(report)
    assert report.errors["relative_l2"] < 1e-4
    assert kinds(report)[0] not in ("unsolved", "violated", "unsettled")


def disk():
    def equation(u, x):
        return u.laplacian() + 4.0

    return Any(
        equation,
        ki.Robin(on="boundary", a=1.0, b=0.5, value=-1.0, name="edge"),
        coordinates=("x", "y"),
        domain=ki.geometry.Disk((0.0, 0.0), 1.0),
        exact=lambda x: 1.0 - tf.reduce_sum(x**2, axis=1, keepdims=True),
    )


def heat(**attributes):
    return Any(
        lambda u, x: u.d("t") - 0.25 * u.d("xx"),
        ki.Dirichlet(name="ends"),
        ki.Initial(lambda x: tf.sin(math.pi * x[:, :1])),
        coordinates=("x", "t"),
        domain=ki.Box((0.0, 0.0), (1.0, 1.0)),
        exact=lambda x: (
            tf.exp(-0.25 * math.pi**2 * x[:, 1:]) * tf.sin(math.pi * x[:, :1])
        ),
        **attributes,
    )


def test_it_is_of_the_order_of_the_error_in_a_disk():
    model = made(disk(), 4, weight=1.0)
    early = model.report()
    assert 0.05 < early.errors["relative_l2"] < 2.0
    assert of_order(early)
    assert "unsettled" in kinds(early)
    model.fit(epochs=12, verbose=0)
    late = model.report()
    assert late.errors["relative_l2"] < 0.2 * early.errors["relative_l2"]
    assert of_order(late)


def test_it_is_of_the_order_of_the_error_in_time():
    report = made(heat(), 12).report()
    assert report.errors["relative_l2"] < 0.05
    assert of_order(report)
    # sin(pi x) is zero at both ends.
    assert [c.relative < 1e-12 for c in report.corners] == [True]


@pytest.mark.parametrize("problem", [interval(), disk(), heat()])
def test_it_is_large_before_training(problem):
    report = made(problem).report()
    assert max(report.remaining.change.values()) > 0.3
    assert report.remaining.left < 0.5
    assert {"unsolved", "violated"} & set(kinds(report))
    assert "unsettled" in kinds(report)


def test_the_step_of_a_linear_model_is_its_whole_error():
    """u = a x + b satisfies u' = 1, u(0) = 0 after one step from anywhere."""
    problem = Any(lambda u, x: u.d("x") - 1.0, ki.Dirichlet(on="x_min"))
    model = affine(problem)
    found = model.report().remaining
    x = np.linspace(0.0, 1.0, 2001)
    u = 2.0 * x + 0.5
    expected = np.linalg.norm(x - u) / np.linalg.norm(u)
    assert found.change["u"] == pytest.approx(expected, rel=1e-2)
    assert found.left < 1e-12
    assert found.rank == 2


def test_too_many_weights_are_refused(trained, monkeypatch):
    monkeypatch.setattr(remaining, "LARGEST", 50)
    report = trained.report()
    assert report.remaining.startswith("Not estimated: the model has")
    assert "Not estimated" in str(report)


# -- what limits a run -----------------------------------------------------------------


def test_a_lost_initial_condition_is_seen():
    model = made(heat(), width=6, depth=1)
    for layer in model.network.layers[-1:]:
        layer.kernel.assign(0.0 * layer.kernel)
    report = model.report()
    initial = report.residuals[-1]
    # Of the half range of what is prescribed, 0 to 1.
    assert initial.relative_rms == pytest.approx(math.sqrt(2.0), rel=1e-2)
    assert report.residuals[0].rms < 1e-12
    assert kinds(report)[0] == "violated"
    assert "'initial' is violated by 141 %" in report.limits[0].text
    assert "model.loss_weights['initial'] = 1e+04" in report.next[0]


def test_an_initial_condition_that_is_lost_in_a_thin_layer_is_seen():
    network = ki.networks.mlp(2, width=4, depth=1, seed=0)
    network.layers[-1].kernel.assign(0.0 * network.layers[-1].kernel)

    def layer(x, n):
        lost = tf.sin(math.pi * x[:, :1]) * tf.exp(-1e6 * x[:, 1:])
        return lost + x[:, 1:] * n

    model = ki.PINN(ki.networks.transform(network, layer), heat())
    report = model.report()
    # The points that fill the domain see nothing of it.
    assert all(r.relative_rms < 1e-6 for r in report.residuals)
    assert kinds(report)[0] == "layer"
    (found,) = [one for one in report.layers if one.near == "t_min"]
    assert found.weight > 0.2
    assert found.at["t"] < 1e-5
    assert "'t_min'" in report.limits[0].text


def test_conditions_that_disagree_at_a_corner():
    lid = Any(
        lambda u, x: u.laplacian(),
        ki.Dirichlet(on=("x_min", "x_max", "y_min"), value=0.0, name="walls"),
        ki.Dirichlet(on="y_max", value=lambda x: 1.0 + x[:, :1], name="lid"),
        coordinates=("x", "y"),
        domain=ki.Box((0.0, 0.0), (1.0, 2.0)),
    )
    report = made(lid, width=4, depth=1).report()
    (corner,) = report.corners
    assert {corner.first, corner.second} == {"walls", "lid"}
    assert corner.difference == pytest.approx(2.0)
    assert corner.at == {"x": 1.0, "y": 2.0}
    assert kinds(report)[0] == "corner"


def test_one_condition_that_jumps_from_face_to_face():
    def edge(x):
        return tf.where(x[:, 1:] > 1.0 - 1e-9, tf.ones_like(x[:, 1:]), 0.0 * x[:, 1:])

    plate = Any(
        lambda u, x: u.laplacian(),
        ki.Dirichlet("boundary", edge, name="edge"),
        coordinates=("x", "y"),
        domain=ki.Box((0.0, 0.0), (1.0, 1.0)),
    )
    (corner,) = made(plate, width=4, depth=1).report().corners
    assert (corner.first, corner.second) == ("edge", "edge")
    assert corner.difference == pytest.approx(1.0)
    # A network that can jump there has none.
    assert ki.PINN(problem=plate).report().corners == ()


def test_conditions_of_a_geometry_disagree_with_the_first_time():
    pulse = Any(
        lambda u, x: u.d("t") - u.laplacian(),
        ki.Dirichlet(value=0.0, name="edge"),
        ki.Initial(3.0),
        coordinates=("x", "y", "t"),
        domain=ki.geometry.Disk((0.0, 0.0), 1.0) * ki.geometry.Interval(0.0, 1.0),
    )
    (corner,) = made(pulse, width=4, depth=1).report().corners
    assert corner.difference == pytest.approx(3.0)
    assert math.hypot(corner.at["x"], corner.at["y"]) == pytest.approx(1.0)
    assert corner.at["t"] == 0.0


def residual(**changes):
    values = {
        "name": "residual",
        "is_equation": True,
        "points": 1000,
        "weight": 1.0,
        "loss": 1e-8,
        "rms": 1e-4,
        "maximum": 1e-3,
        "size": 1.0,
        "relative_rms": 1e-4,
        "relative_maximum": 1e-3,
        "worst": {"x": 0.5},
        "near": "x_min",
        "share": 0.05,
        "tenth": None,
        "profile": {},
    }
    return Residual(**{**values, **changes})


def step(change=1e-5, left=0.4):
    return Remaining(change={"u": change}, coefficients={}, left=left, rank=9, rows=30)


LEVEL = [1e-8] * 30
FALLING = list(np.geomspace(1.0, 1e-8, 30))
WANDERING = list(1e-8 * 0.5 ** np.linspace(0.0, 1.8, 30))


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({}, "none", "Nothing that was measured"),
        ({"rounding": 1e-9}, "rounding", "rounding errors in float64"),
        ({"history": LEVEL}, "standing", "stagnated"),
        ({"history": FALLING}, "falling", "still falling"),
        ({"history": [v / 100 for v in WANDERING]}, "unseen", "times that on the"),
        ({"remaining": step(left=0.9)}, "size", "90 % would remain"),
        ({"remaining": step(left=0.01)}, "unfinished", "can do better"),
        ({"remaining": step(change=0.2)}, "unsettled", "change u by 20 %"),
        ({"residuals": [residual(share=0.8)]}, "localised", "80 % of the squared"),
        ({"residuals": [residual(relative_rms=0.9)]}, "unsolved", "90 % of its size"),
        (
            {
                "residuals": [
                    residual(),
                    residual(name="start", is_equation=False, relative_rms=0.3),
                ]
            },
            "violated",
            "'start' is violated by 30 %",
        ),
    ],
)
def test_each_limit_by_itself(changes, kind, words):
    measured = {
        "residuals": [residual()],
        "layers": (),
        "corners": (),
        "remaining": step(),
        "loss": 1e-8,
        "rounding": 1e-24,
        "history": (),
        "dtype": "float64",
    }
    (found,) = limits_of(Measurements(**{**measured, **changes}))
    assert found.kind == kind
    assert words in found.text
    assert found.advice


def test_rounding_is_that_of_single_precision():
    problem = interval()
    model = made(problem, width=6, dtype="float32")
    exact = made(problem, width=6)
    exact.network.set_weights(model.network.get_weights())
    sets = next(iter(problem.points(300, resample=False)))
    # Points that float32 holds.
    sets = {n: tf.cast(tf.cast(x, "float32"), "float64") for n, x in sets.items()}
    squares = 0.0
    for one, other in zip(model._rows(model._cast(sets)), exact._rows(sets)):
        squares += float(np.sum((np.asarray(one, float) - np.asarray(other)) ** 2))
    found = model.report(sets).rounding
    assert squares / 30.0**2 < found < squares * 30.0**2


def test_weights_that_are_not_finite():
    model = made(interval(), width=4)
    model.network.weights[0].assign(np.nan * model.network.weights[0])
    report = model.report()
    assert kinds(report) == ["not finite"]
    assert "is NaN or infinite itself" in str(report)
    assert "<html" in page(report)


def test_a_residual_that_is_not_finite_is_explained():
    """With a sum of second derivatives, whose name has no order beside others."""
    problem = Any(
        lambda u, x: u.laplacian() + u.d("x") + tf.math.log(u.value - 1e3),
        coordinates=("x", "y"),
        domain=ki.Box((0.0, 0.0), (1.0, 1.0)),
    )
    report = made(problem, width=4, depth=1).report({"interior": np.full((9, 2), 0.5)})
    assert kinds(report) == ["not finite"]
    assert "In the term 'residual'" in report.limits[0].text


# -- every kind of problem -------------------------------------------------------------


def pair():
    return Any(
        lambda u, x: {
            "first": u["u"].d("t") - u["v"].value,
            "second": u["v"].d("t") + u.coefficient("w") * u["u"].value,
        },
        ki.Initial([0.0, 1.0]),
        ki.Data([[0.2], [0.5]], [[0.2], [0.5]], component="u", sigma=0.01),
        coordinates=("t",),
        outputs=("u", "v"),
        coefficients={"w": ki.Coefficient(2.0, lower=0.1)},
        defined_up_to_constant=("v",),
    )


def with_parameters():
    return Any(
        lambda u, x: u.d("t") + u.parameter("k") * u.value,
        ki.Initial(1.0),
        coordinates=("t",),
        parameters={"k": (0.5, 2.0)},
    )


def integral():
    return Any(
        lambda u, x: u.d("xx"),
        ki.Integral(over="interior", of=lambda u, x: u.value, value=1.0),
        ki.Periodic("x"),
    )


@pytest.mark.parametrize(
    ("make", "terms"),
    [
        (pair, ["first", "second", "initial", "data"]),
        (ki.problems.TwoMaterials, None),
        (with_parameters, ["residual", "initial"]),
        (integral, None),
        (disk, ["residual", "edge"]),
    ],
)
def test_every_kind_of_problem(make, terms):
    model = made(make(), width=5, depth=1)
    report = model.report()
    names = [r.name for r in report.residuals]
    assert names == (terms or list(model.loss_weights))
    assert np.isfinite(numbers(report)).all()
    assert isinstance(report.remaining, Remaining), report.remaining
    assert report.limits
    assert 1 <= len(report.next) <= 3
    assert str(report)
    inputs = set(model.problem.names.inputs)
    for found in report.residuals:
        assert set(found.worst) in (inputs, set())
        assert found.size > 0.0


def test_coefficients_and_their_errors():
    report = made(pair(), width=5, depth=1).report()
    assert report.coefficients == {"w": pytest.approx(2.0)}
    assert report.has_data
    assert "w = 2; that Gauss-Newton step would change it by" in str(report)
    assert "model.intervals() has their standard errors" in str(report)
    assert report.remaining.coefficients["w"] >= 0.0


# -- text, page, choices ---------------------------------------------------------------


class Reader(html.parser.HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        self.attributes += [name for name, _ in attributes]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes += [name for name, _ in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_page_holds_its_pictures(tmp_path):
    model = made(heat(), width=4, depth=1)
    file = tmp_path / "picture.png"
    model.plot(file)
    path = tmp_path / "report.html"
    model.report().to_html(path, {'A "flow"': file})
    text = path.read_text()
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert 'alt="A &quot;flow&quot;"' in text
    assert "src" in reader.attributes
    (held,) = re.findall(r'src="data:image/png;base64,([^"]*)"', text)
    assert base64.b64decode(held) == file.read_bytes()
    with pytest.raises(OSError, match="nowhere"):
        model.report().to_html(path, {"none": tmp_path / "nowhere.png"})


def test_a_page_without_other_files(tmp_path):
    name = "<b>&walls"
    problem = heat()
    conditions = [ki.Dirichlet(name=name), *problem.conditions()[1:]]
    problem.conditions = lambda: conditions
    model = made(problem, width=4, depth=1)
    model.compile(optimizer="sgd", jit_compile=False)
    model.fit(problem.points(50, 10), epochs=3, verbose=0)
    report = model.report()
    path = tmp_path / "report.html"
    report.to_html(path)
    text = path.read_text()
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert not {"src", "href", "onload", "xmlns"} & set(reader.attributes)
    assert "http" not in text
    assert "url(" not in text
    assert name in reader.text
    assert "<b>" not in text
    assert text.count("<svg") == 3  # the loss, and two coordinates
    for heading in ("What was chosen", "What limits this run", "What to try next"):
        assert heading in reader.text
        assert heading in str(report)
    for sentence in (*report.next, report.limits[0].text):
        assert sentence in reader.text


@keras.saving.register_keras_serializable("tests")
class Saved(ki.Problem):
    def residual(self, u, x):
        return u.d("x") - 1.0

    def conditions(self):
        return [ki.Dirichlet(on="x_min"), ki.Dirichlet(on="x_max", value=1.0, weight=3)]


def test_choices_are_said_and_saved(tmp_path):
    model = ki.PINN(problem=Saved())
    assert type(model.choices) is list
    weights = sum(v.numpy().size for v in model.network.trainable_variables)
    assert f"{weights:,} weights" in model.choices[0]
    assert "dirichlet_x_max 3" in model.choices[2]
    model.choices.append("Three windows in time.")
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.models.load_model(path)
    assert again.choices == model.choices
    report = again.report()
    assert report.choices == tuple(model.choices)
    assert "Three windows in time." in str(report)
    assert "The network was given" not in str(report)
    model.choices = ("one",)
    assert type(model.choices) is list
