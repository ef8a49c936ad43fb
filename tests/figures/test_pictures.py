import math

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.figure import Figure

import keras_isgd as ki
from keras_isgd import figures


@pytest.fixture
def drawn(monkeypatch):
    """The matplotlib figures that a call draws."""
    seen = []
    save = Figure.savefig

    def savefig(self, *args, **kwargs):
        seen.append(self)
        save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return seen


def _records(loss, error):
    return [
        {"seconds": s, "evaluations": 50 * s, "loss": loss, "relative_l2": error}
        for s in (1.0, 2.0)
    ]


@pytest.mark.parametrize(
    ("loss", "error"),
    [(math.inf, 1e97), (math.nan, math.nan), (1.0, 1e97), (1.0, 1e3), (0.0, 0.0)],
)
def test_a_run_that_diverged_hides_no_other(loss, error, tmp_path, drawn):
    path = tmp_path / "curves.png"
    bad, good = _records(loss, error), _records(0.5, 0.25)
    figures.save_curves({"bad": bad}, path)
    assert path.read_bytes()[:4] == b"\x89PNG"
    figures.save_curves(
        {"bad": bad, "good": good}, path, colours={"bad": "r", "good": "b"}
    )
    for ax, value in zip(drawn[1].axes, (0.5, 0.5, 0.25, 0.25)):
        low, high = ax.get_ylim()
        assert low < value < high <= 1e4
        assert [line.get_color() for line in ax.lines] == ["r", "b"]
        np.testing.assert_array_equal(ax.lines[1].get_ydata(), [value, value])


def test_predictions_in_one_dimension(tmp_path, drawn):
    problem = ki.problems.SingularPerturbation(2.0)
    x = figures.prediction_points(problem)
    exact = problem.exact(tf.constant(x)).numpy()
    predictions = {"off by 0.1": exact + 0.1, "diverged": np.full(len(x), np.inf)}
    predictions["large"] = np.full(len(x), 1e30)
    figures.save_predictions(problem, predictions, tmp_path / "p.png", "title")
    solution, error = drawn[0].axes
    low, high = solution.get_ylim()
    assert low < exact.min() < exact.max() < high < 2.0
    np.testing.assert_allclose(error.lines[0].get_ydata(), 0.1)
    low, high = error.get_ylim()
    assert low < 0.1 < high < 1e4
    assert np.isnan(error.lines[1].get_ydata()).all()


def test_predictions_in_two_dimensions(tmp_path, drawn):
    problem = ki.problems.Helmholtz2D(k=4.0)
    x = figures.prediction_points(problem)
    exact = problem.exact(tf.constant(x)).numpy()
    shown = exact + x[:, :1]  # wrong by its x
    predictions = {"wrong": shown, "diverged": np.full_like(exact, np.nan)}
    figures.save_predictions(problem, predictions, tmp_path / "p.png")
    images = {ax: ax.images[0].get_array() for ax in drawn[0].axes if ax.images}
    below = next(ax for ax in images if ax.get_ylabel() == "absolute error")
    # A row of a picture is one y.
    np.testing.assert_allclose(images[below][0], np.linspace(0.0, 1.0, 101), atol=1e-12)
    assert any(t.get_text() == "diverged" for ax in drawn[0].axes for t in ax.texts)


class Plain(ki.Problem):
    """A base: what is drawn does not depend on the equation."""

    coordinates = ("x", "y")

    def residual(self, u, x):
        return u.value


class Plate(Plain):
    domain = ki.geometry.Rectangle((-1, -1), (2, 1)) - ki.geometry.Disk((0, 0), 0.5)

    def exact(self, x):
        return x[:, :1] + 3.0 * x[:, 1:2]


class Flow(Plain):
    outputs = ("u", "v", "p")
    defined_up_to_constant = ("p",)
    domain = ki.geometry.Disk((0.0, 0.0), 1.0)

    def exact(self, x):
        return {"u": x[:, :1], "p": 5.0 + x[:, 1:2]}


class Moving(Plain):
    coordinates = ("x", "y", "tau")
    time = "tau"
    domain = ki.geometry.Disk((0.0, 0.0), 1.0) * ki.geometry.Interval(0.0, 2.0)

    def exact(self, x):
        return x[:, 2:3] + 0.0 * x[:, :1]


class Solid(Plain):
    coordinates = ("x", "y", "z")
    domain = ki.Box((0.0, 0.0, 0.0), (1.0, 2.0, 4.0))

    def exact(self, x):
        return x[:, :1] + 10.0 * x[:, 1:2] + 100.0 * x[:, 2:3]


class Wave(Plain):
    coordinates = ("x", "t")
    parameters = {"k": (1.0, 3.0)}
    domain = ki.Box((0.0, 0.0), (1.0, 1.0))

    def exact(self, x):
        return x[:, 2:3] + x[:, :1]


class Curve(Plain):
    coordinates = ("t",)
    outputs = ("r", "p")
    parameters = {"k": (1.0, 3.0)}
    domain = ki.Box(0.0, 2.0)

    def exact(self, x):
        return {"r": x[:, :1] * x[:, 1:2]}


def save(problem, path):
    network = ki.networks.mlp(
        problem.input_count, problem.network_outputs, 3, 1, seed=0
    )
    model = ki.PINN(network, problem)
    assert figures.save_solution(model, path, "title")
    assert path.read_bytes()[:4] == b"\x89PNG"
    return model


def maps(figure):
    """The pictures of a figure by title, and the axes they are in."""
    return {ax.get_title(): ax for ax in figure.axes if ax.images}


def values(ax):
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def test_a_geometry_is_drawn_as_it_is(tmp_path, drawn):
    model = save(Plate(), tmp_path / "s.png")
    found = maps(drawn[0])
    assert list(found) == ["prediction", "exact", "absolute error"]
    shown = {title: values(ax) for title, ax in found.items()}
    # Rows of a picture are y, from below; the hole is left out.
    x, y = np.meshgrid(np.linspace(-1, 2, 201), np.linspace(-1, 1, 201))
    hole = np.hypot(x, y) < 0.5
    for picture in shown.values():
        assert np.isnan(picture[hole & (np.hypot(x, y) < 0.49)]).all()
        assert np.isfinite(picture[~hole]).all()
    np.testing.assert_allclose(shown["exact"][~hole], (x + 3 * y)[~hole], atol=1e-12)
    points = np.column_stack([x[~hole], y[~hole]])
    u = model.predict(points, verbose=0)[:, 0]
    np.testing.assert_allclose(shown["prediction"][~hole], u, rtol=1e-12)
    error = np.abs(u - (x + 3 * y)[~hole])
    np.testing.assert_allclose(shown["absolute error"][~hole], error, atol=1e-12)
    for ax in found.values():
        assert ax.get_aspect() == 1.0
        assert ax.images[0].get_extent() == [-1.0, 2.0, -1.0, 1.0]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")


def test_a_system_has_a_row_for_each_output(tmp_path, drawn):
    model = save(Flow(), tmp_path / "s.png")
    found = maps(drawn[0])
    kinds = ("prediction", "exact", "absolute error")
    known = [f"{name}: {kind}" for name in "up" for kind in kinds]
    assert set(found) == {*known, "v: prediction"}
    u, _, p = (values(found[f"{name}: prediction"]) for name in "uvp")
    centre = model.predict(np.zeros((1, 2)), verbose=0)[0]
    assert u[100, 100] == pytest.approx(centre[0])
    # Only differences of p count.
    exact = values(found["p: exact"])
    assert np.nanmean(p) == pytest.approx(np.nanmean(exact), abs=1e-9)
    assert np.ptp(p[np.isfinite(p)]) > 1e-3
    error = values(found["p: absolute error"])
    np.testing.assert_allclose(error, np.abs(p - exact), atol=1e-12)


def test_time_is_a_row_of_frames(tmp_path, drawn):
    save(Moving(), tmp_path / "s.png")
    found = maps(drawn[0])
    times = (0.0, 0.5, 1.0, 1.5, 2.0)
    kinds = ("prediction", "exact", "absolute error")
    assert list(found) == [f"{kind}\ntau = {t:g}" for kind in kinds for t in times]
    for t in times:
        assert np.nanmax(values(found[f"exact\ntau = {t:g}"])) == t
    limits = {found[f"exact\ntau = {t:g}"].images[0].get_clim() for t in times}
    assert limits == {(0.0, 2.0)}


def test_three_dimensions_are_three_slices(tmp_path, drawn):
    save(Solid(), tmp_path / "s.png")
    found = maps(drawn[0])
    middles = {"z = 2": (200, 221), "y = 1": (10, 411), "x = 0.5": (0.5, 420.5)}
    for name, ends in middles.items():
        picture = values(found[f"exact\n{name}"])
        assert (picture.min(), picture.max()) == pytest.approx(ends)
    assert found["exact\nx = 0.5"].get_xlabel() == "y"


def test_parameters_are_drawn_low_middle_and_high(tmp_path, drawn):
    save(Wave(), tmp_path / "s.png")
    found = maps(drawn[0])
    for k in (1, 2, 3):
        assert values(found[f"k = {k}: exact"]).min() == k
        assert found[f"k = {k}: prediction"].get_aspect() == "auto"  # space and time
    save(Curve(), tmp_path / "lines.png")
    titles = [ax.get_title() for ax in drawn[1].axes if ax.get_title()]
    assert titles == [
        f"{of}, k = {k}: {what}"
        for of, kinds in (("r", ("solution", "absolute error")), ("p", ("solution",)))
        for k in (1, 2, 3)
        for what in kinds
    ]
    exact = drawn[1].axes[4].lines[0].get_ydata()
    np.testing.assert_allclose(exact, np.linspace(0.0, 6.0, 1001))


@pytest.mark.parametrize("make", [Plate, Flow, Moving, Solid, Wave, Curve])
def test_predictions_of_any_problem(make, tmp_path, drawn):
    problem = make()
    x = figures.prediction_points(problem)
    assert problem.region.contains(x).all()
    found = problem.exact(tf.constant(x))
    names = problem.names.outputs
    named = found if isinstance(found, dict) else {names[0]: found}
    u = np.column_stack([named.get(n, tf.zeros((len(x), 1))) for n in names])
    predictions = {"right": u, "off": u + 0.25}
    figures.save_predictions(problem, predictions, tmp_path / "p.png")
    off = 0.0 if make is Flow else 0.25  # p up to a constant, in the last row
    if make is Curve:
        lines = drawn[0].axes[1].lines
        np.testing.assert_allclose(lines[1].get_ydata(), 0.25)
        assert lines[0].get_ydata() is not None
        assert [ax.get_title() for ax in drawn[0].axes] == [
            "r, k = 2: solution", "r, k = 2: absolute error"
        ]  # fmt: skip
        return
    pictures = [ax for ax in drawn[0].axes if ax.images]
    last = values(pictures[-1])
    np.testing.assert_allclose(last[np.isfinite(last)], off, atol=1e-12)
    for ax in pictures:
        assert ax.get_aspect() == ("auto" if make is Wave else 1.0)
    with pytest.raises(ValueError, match=r"'right' in the shape"):
        figures.save_predictions(problem, {"right": u[1:]}, tmp_path / "p.png")


def test_a_cloud_is_drawn_point_by_point(tmp_path, drawn):
    points = np.random.default_rng(0).normal(size=(30, 2))

    class Cloud(Plain):
        domain = ki.geometry.PointCloud(points)

    save(Cloud(), tmp_path / "s.png")
    (dots,) = drawn[0].axes[0].collections
    np.testing.assert_allclose(np.sort(dots.get_offsets()[:, 0]), np.sort(points[:, 0]))


def test_a_thin_domain_is_stretched(tmp_path, drawn):
    class Thin(Plain):
        domain = ki.Box((0.0, 0.0), (1.0, 1e-3))

    save(Thin(), tmp_path / "s.png")
    assert drawn[0].axes[0].get_aspect() == "auto"


def test_a_network_that_diverged_is_told_so(tmp_path, drawn):
    model = save(Plate(), tmp_path / "s.png")
    for variable in model.trainable_variables:
        variable.assign(variable * np.nan)
    assert figures.save_solution(model, tmp_path / "s.png")
    words = {ax.get_title(): [t.get_text() for t in ax.texts] for ax in drawn[1].axes}
    assert words["prediction"] == ["diverged"]
    assert words["exact"] == []


def test_what_cannot_be_drawn_has_no_picture(tmp_path):
    class Hyper(Plain):
        coordinates = ("x", "y", "z", "w")
        domain = ki.Box((0.0,) * 4, (1.0,) * 4)

        def exact(self, x):
            return x[:, :1]

    class Unknown(Plain):
        domain = ki.geometry.Disk((0.0, 0.0), 1.0)

    model = ki.PINN(ki.networks.mlp(4, 1, 3, 1, seed=0), Hyper())
    assert not figures.save_solution(model, tmp_path / "s.png")
    assert not (tmp_path / "s.png").exists()
    for problem in (Hyper(), Unknown()):
        assert figures.prediction_points(problem) is None
        with pytest.raises(ValueError, match="no predictions to draw"):
            figures.save_predictions(problem, {}, tmp_path / "p.png")
