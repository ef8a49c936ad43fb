"""Problems on any geometry: places, normals, and every condition there."""

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki

DISK = ki.geometry.Disk((0.0, 0.0), 1.0)
PLATE = ki.geometry.Rectangle((0.0, 0.0), (2.0, 1.0))
HOLED = PLATE - ki.geometry.Disk((1.0, 0.5), 0.25, name="hole")


class Sheet(ki.Problem):
    """Any domain and conditions."""

    coordinates = ("x", "y")

    def __init__(self, domain, *conditions, **attributes):
        self.domain = domain
        self.conditions = lambda: list(conditions)
        vars(self).update(attributes)

    def residual(self, u, x):
        return u.laplacian()


def wave(x):
    """Any function of two coordinates, with derivatives in closed form."""
    return tf.sin(2 * x[:, :1]) * tf.exp(x[:, 1:2])


def gradient(x):
    grown = np.exp(x[:, 1:2])
    return 2 * np.cos(2 * x[:, :1]) * grown, np.sin(2 * x[:, :1]) * grown


def rows_of(problem, count=50, coordinates=2):
    """Rows of each term for `wave` as the network, and their points."""
    from keras_isgd.residuals.terms import terms_of

    sets = next(iter(problem.points(20, count, seed=3)))
    rows = {
        term.name: term.rows_at(term.inputs(sets), wave, {}).numpy()
        for term in terms_of(problem, {}, "float64")
    }
    return rows, {name: x.numpy() for name, x in sets.items()}


def test_true_normals_on_a_disk_and_a_hole():
    for domain, part, centre, sign in (
        (DISK, "disk", (0.0, 0.0), 1.0),
        (HOLED, "hole", (1.0, 0.5), -1.0),
    ):
        problem = Sheet(domain, ki.Neumann(part), ki.Robin(part, 2.0, 3.0, 1.0))
        rows, sets = rows_of(problem)
        x = sets[part]
        assert x.shape == (50, 4)
        n = sign * (x[:, :2] - centre)
        n /= np.linalg.norm(n, axis=1, keepdims=True)
        np.testing.assert_allclose(x[:, 2:], n, atol=1e-9)
        u_x, u_y = gradient(x)
        flux = n[:, :1] * u_x + n[:, 1:] * u_y
        np.testing.assert_allclose(rows[f"neumann_{part}"], flux, atol=1e-8)
        robin = 2.0 * wave(x[:, :2]).numpy() + 3.0 * flux - 1.0
        np.testing.assert_allclose(rows[f"robin_{part}"], robin, atol=1e-8)


def test_a_part_by_a_function_and_by_several_names():
    problem = Sheet(
        PLATE,
        ki.Dirichlet(on=lambda x: x[:, 0] > 1.5, value=1.0, name="end"),
        ki.Neumann(on=("left", "top")),
        ki.Operator("right", lambda u, x, n: n[:, :1] * u.d("x") + n[:, 1:] * 7.0),
    )
    rows, sets = rows_of(problem)
    end = sets["on_end"]
    assert np.all(end[:, 0] > 1.5)
    # The right edge, and a quarter of the bottom and of the top.
    assert np.mean(end[:, 0] == 2.0) == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(rows["end"], wave(end).numpy() - 1.0)
    both = sets["left+top"]
    assert np.all((both[:, 0] == 0.0) | (both[:, 1] == 1.0))
    u_x, u_y = gradient(both)
    expected = np.where(both[:, :1] == 0.0, -u_x, u_y)
    np.testing.assert_allclose(rows["neumann_left_top"], expected, atol=1e-9)
    np.testing.assert_allclose(rows["operator_right"], gradient(sets["right"])[0])


def test_conditions_inside():
    line = ki.geometry.Segment((0.5, 0.25), (1.5, 0.25))
    problem = Sheet(
        PLATE,
        ki.Dirichlet(on=line, value=2.0, name="line"),
        ki.Dirichlet(on=[[1.0, 0.5], [0.5, 0.5]], value=[3.0]),
        ki.Operator("interior", lambda u, x: u.d("xy")),
    )
    rows, sets = rows_of(problem)
    assert set(sets) == {"interior", "on_line"}
    np.testing.assert_allclose(sets["on_line"][:, 1], 0.25)
    points = np.array([[1.0, 0.5], [0.5, 0.5]])
    np.testing.assert_allclose(rows["dirichlet"], wave(points).numpy() - 3.0)
    assert rows["operator_interior"].shape == (20, 1)


class Heated(ki.Problem):
    """Space and time multiply, whatever the time is called."""

    coordinates = ("x", "y", "s")
    time = "s"
    parameters = {"k": (1.0, 2.0)}
    domain = DISK * ki.geometry.Interval(1.0, 3.0)

    def residual(self, u, x):
        return u.d("s") - u.parameter("k") * u.laplacian()

    def conditions(self):
        return [
            ki.Neumann("boundary", lambda u, x: u.parameter("k")),
            ki.Initial(lambda x: x[:, :1]),
            ki.Dirichlet(on=lambda x: x[:, 1] > 0, value=0.0, name="upper"),
            ki.Operator("s_max", lambda u, x, n: n[:, 2:3] * u.d("s")),
        ]


def test_space_time_and_parameters():
    problem = Heated()
    model = ki.PINN(ki.networks.mlp(4, 1, 6, 2, seed=0), problem)
    sets = {k: v.numpy() for k, v in next(iter(problem.points(40, 30))).items()}
    assert {name: x.shape for name, x in sets.items()} == {
        "interior": (40, 4),
        "boundary": (30, 7),
        "s_min": (30, 4),
        "on_upper": (30, 4),
        "s_max": (30, 7),
    }
    for x in sets.values():
        assert np.all(np.hypot(x[:, 0], x[:, 1]) <= 1 + 1e-9)
        assert np.all((x[:, 2] >= 1.0) & (x[:, 2] <= 3.0))
        assert np.all((x[:, 3] >= 1.0) & (x[:, 3] <= 2.0))
    assert np.all(sets["s_min"][:, 2] == 1.0)
    assert np.all(sets["s_max"][:, 2] == 3.0)
    np.testing.assert_array_equal(sets["s_max"][:, 4:], [[0.0, 0.0, 1.0]] * 30)
    np.testing.assert_array_equal(sets["boundary"][:, 6], 0.0)
    normals = sets["boundary"][:, 4:6]
    np.testing.assert_allclose(normals, sets["boundary"][:, :2], atol=1e-9)
    assert np.all(sets["on_upper"][:, 1] > 0)
    points = problem.test_points()
    assert problem.region.contains(points).all()
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    history = model.fit(problem.points(40, 30), epochs=2, verbose=0)
    assert history.history["loss"][-1] < history.history["loss_before"][0]


def test_time_may_come_first():
    problem = Sheet(
        ki.Box((0.0, -1.0), (2.0, 1.0)),
        ki.Dirichlet(on=lambda x: x[:, 0] > 0, name="end"),
        ki.Initial(1.0),
        coordinates=("t", "x"),
        residual=lambda u, x: u.d("t") - u.laplacian(),
    )
    sets = next(iter(problem.points(10, 8)))
    assert np.all(sets["on_end"].numpy()[:, 1] == 1.0)
    assert np.ptp(sets["on_end"].numpy()[:, 0]) > 0.5
    assert np.all(sets["t_min"].numpy()[:, 0] == 0.0)


def test_points_that_are_handed_over_get_true_normals_or_are_refused():
    problem = Sheet(DISK, ki.Neumann())
    model = ki.PINN(ki.networks.mlp(2, 1, 6, 2, seed=0), problem)
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    angle = np.linspace(0.0, 6.0, 20)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inside = circle * 0.5
    given = {"interior": inside, "boundary": circle}
    whole = {"interior": inside, "boundary": np.hstack([circle, circle])}
    losses = [
        model.evaluate(sets, verbose=0, return_dict=True)["loss"]
        for sets in (given, whole, tf.data.Dataset.from_tensors(given))
    ]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-12)
    assert float(model.closure(model._cast(given))[0]) == pytest.approx(losses[0])
    with pytest.raises(ValueError, match="not on the boundary"):
        model.fit({"interior": inside, "boundary": inside}, verbose=0)
    square = Sheet(HOLED, ki.Neumann())
    model = ki.PINN(ki.networks.mlp(2, 1, 6, 2, seed=0), square)
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    with pytest.raises(ValueError, match="corner"):
        model.fit(
            {"interior": [[0.1, 0.1]], "boundary": np.array([[0.0, 0.0]])}, verbose=0
        )


def test_points_are_a_function_of_seed_and_step():
    problem = Sheet(HOLED, ki.Dirichlet(), ki.Neumann("hole"))
    first, again = (problem.points(30, 20, seed=4, method="sobol") for _ in range(2))
    pairs = list(zip(first.take(3), again.take(3), strict=True))
    for one, other in pairs:
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])
    assert not np.array_equal(pairs[0][0]["interior"], pairs[1][0]["interior"])
    first.stream.seek(2)
    np.testing.assert_array_equal(
        next(iter(first))["boundary"], pairs[2][0]["boundary"]
    )


@pytest.mark.parametrize(
    ("domain", "condition", "words"),
    [
        (DISK, ki.Dirichlet("left"), "Unknown place 'left': Sheet has boundary, x_min"),
        (DISK, ki.Dirichlet("x_min"), "has no points"),
        (DISK, ki.Dirichlet(lambda x: x[:, 0] > 2), "has no points"),
        (DISK, ki.Dirichlet(("disk", "x_min")), "not both"),
        (DISK, ki.Neumann("interior"), "no outward normals"),
        (DISK, ki.Neumann([[0.0, 1.0]]), "needs outward normals"),
        (DISK, ki.Dirichlet([[0.0, 2.0]]), "lie outside"),
        (DISK, ki.Dirichlet(ki.geometry.Ball((0, 0, 0), 1)), "2 coordinates"),
        (DISK, ki.Initial(), "holds at the first time"),
        (PLATE, ki.Periodic(("x", "z")), "Unknown place 'z_min'"),
        (PLATE, ki.Periodic("x", phase=0.5), "two outputs"),
        (ki.Box(0.0, 1.0), ki.Dirichlet(), "its domain has 1 dimensions"),
    ],
)
def test_places_that_are_refused(domain, condition, words):
    with pytest.raises(ValueError, match=words):
        Sheet(domain, condition).check()


def test_time_needs_a_product():
    class Short(Heated):
        domain = DISK

    with pytest.raises(ValueError, match="Space and time multiply"):
        Short().check()

    class Ball(Heated):
        domain = ki.geometry.Ball((0.0, 0.0, 0.0), 1.0)

    with pytest.raises(ValueError, match="geometry in space times an interval"):
        Ball().check()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ki.Operator("boundary", lambda u: u), "takes 1 arguments"),
        (lambda: ki.Operator("boundary", 3), "as a function"),
        (lambda: ki.Dirichlet(on=[1.0, 2.0]), "array of points"),
        (lambda: ki.Periodic(()), "name of a coordinate"),
        (lambda: ki.Periodic(factor=0.0), "other than zero"),
        (lambda: ki.Periodic(component=0, phase=1.0), "leave `component` out"),
        (lambda: ki.Robin(a=np.nan), "NaN"),
        (lambda: ki.Dirichlet(value=lambda u, x, n: 1.0), "function of 3 arguments"),
    ],
)
def test_conditions_that_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_periodic_in_two_coordinates_with_a_factor_and_a_phase():
    problem = Sheet(PLATE, ki.Periodic(("x", "y"), orders=[0], factor=-2.0))
    rows, sets = rows_of(problem)
    left, below = sets["x_min"], sets["y_min"]
    right, above = np.add(left, [[2.0, 0.0]]), np.add(below, [[0.0, 1.0]])
    np.testing.assert_allclose(
        rows["periodic_x"], -2 * wave(left) - wave(right), atol=1e-12
    )
    np.testing.assert_allclose(
        rows["periodic_y"], -2 * wave(below) - wave(above), atol=1e-12
    )
    pair = Sheet(
        PLATE,
        ki.Periodic("x", orders=[0], phase=0.7),
        outputs=("re", "im"),
        residual=lambda u, x: u["re"].d("x"),
    )
    from keras_isgd.residuals.terms import terms_of

    def bloch(x):
        angle = 0.35 * x[:, :1]  # 0.7 along the edge of length 2
        return tf.concat([tf.cos(angle), tf.sin(angle)], axis=1)

    (_, term) = terms_of(pair, {}, "float64")
    rows = term.rows_at(tf.constant(left), bloch, {})
    np.testing.assert_allclose(rows, 0.0, atol=1e-14)


def test_names_that_were_not_given_are_numbered():
    problem = Sheet(
        PLATE,
        ki.Dirichlet(lambda x: x[:, 0] > 1),
        ki.Dirichlet(lambda x: x[:, 0] < 1),
        ki.Dirichlet("left"),
    )
    names = [condition.name for condition in problem.bound_conditions()]
    assert names == ["dirichlet", "dirichlet_2", "dirichlet_left"]
    assert problem.point_sets() == [
        "interior",
        "on_dirichlet",
        "on_dirichlet_2",
        "left",
    ]
