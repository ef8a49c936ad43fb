"""Several materials: a solution for each part, joined by interfaces."""

import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki

LOWER = ki.geometry.Rectangle((0.0, -1.0), (1.0, 0.0))
UPPER = ki.geometry.Rectangle((0.0, 0.0), (1.0, 1.0))
DISK = ki.geometry.Disk((0.5, 0.5), 0.5)


class Layers(ki.Problem):
    """(k T_y)_y = 0 with two conductivities."""

    coordinates = ("x", "y")
    domain = ki.geometry.Rectangle((0.0, -1.0), (1.0, 1.0))
    subdomains = {"lower": LOWER, "upper": UPPER}
    k = {"lower": 1.0, "upper": 4.0}

    def residual(self, u, x):
        return self.k[u.subdomain] * u.laplacian()

    def conditions(self):
        return [
            ki.Dirichlet("bottom", 1.0),
            ki.Neumann("left"),
            ki.Neumann("right"),
            ki.Neumann("top", 0.5),
            ki.Interface(("lower", "upper"), k=(1.0, 4.0)),
            ki.Data([[0.5, -0.5], [0.5, 0.5]], [2.0, 3.25]),
        ]

    def exact(self, x):
        y = x[:, 1:2]
        return tf.where(y < 0, 3.0 + 2.0 * y, 3.0 + 0.5 * y)


def model_of(problem, **arguments):
    outputs = problem.network_outputs
    network = ki.networks.mlp(problem.input_count, outputs, 8, 2, seed=0, **arguments)
    return ki.PINN(network, problem)


def test_terms_hold_in_each_part():
    problem = Layers()
    model = model_of(problem)
    assert [term.name for term in model._terms] == [
        "residual_lower",
        "residual_upper",
        "dirichlet_bottom_lower",
        "neumann_left_lower",
        "neumann_left_upper",
        "neumann_right_lower",
        "neumann_right_upper",
        "neumann_top_upper",
        "interface_lower_upper",
        "data_lower",
        "data_upper",
    ]
    sets = {k: v.numpy() for k, v in next(iter(problem.points(40, 30))).items()}
    assert np.all(sets["interior_lower"][:, 1] <= 0)
    assert np.all(sets["interior_upper"][:, 1] >= 0)
    assert len(sets["interior_lower"]) + len(sets["interior_upper"]) == 40
    assert np.all(sets["left_lower"][:, 1] <= 0)
    assert np.all(sets["left_lower"][:, 0] == 0)
    interface = sets["interface_lower_upper"]
    np.testing.assert_allclose(interface[:, 1], 0.0, atol=1e-9)
    np.testing.assert_allclose(interface[:, 2:], [[0.0, 1.0]] * 30, atol=1e-9)


def test_each_part_has_outputs_of_its_own():
    model = model_of(Layers())
    x = np.array([[0.3, -0.4], [0.3, 0.4]])
    both = model.network(x).numpy()
    np.testing.assert_allclose(model(x).numpy()[:, 0], [both[0, 0], both[1, 1]])
    jump = model._terms[8]
    points = tf.constant([[0.3, 0.0, 0.0, 1.0]], tf.float64)
    rows = jump.rows_at(points, model.network, {}).numpy()
    u = model.network(np.array([[0.3, 0.0]])).numpy()[0]
    h = 1e-6
    ends = [model.network(np.array([[0.3, s * h]])).numpy()[0] for s in (-1, 1)]
    slopes = (ends[1] - ends[0]) / (2 * h)
    expected = [u[0] - u[1], slopes[0] - 4 * slopes[1]]
    np.testing.assert_allclose(rows[0], expected, rtol=1e-6)


def test_a_kink_is_found():
    problem = Layers()
    model = model_of(problem, input_scale=3.0, domain=problem.domain)
    model.compile(optimizer=ki.ISGD(), jit_compile=False)
    model.fit(problem.points(150, 20, method="sobol"), epochs=25, verbose=0)
    assert model.relative_l2() < 1e-4


def test_a_jump_and_an_integral():
    class Jump(Layers):
        outputs = ("T",)

        def conditions(self):
            return [
                ki.Interface(("lower", "upper"), k=None, value=lambda x: x[:, :1]),
                ki.Integral(of=lambda u, x: u["T"].value, value=2.0, nodes=16),
                ki.Integral(LOWER, of=lambda u, x: u["T"].value, value=0.5),
            ]

    model = model_of(Jump())
    terms = {term.name: term for term in model._terms}
    whole = terms["integral_interior"].rows_at(
        terms["integral_interior"].points, model.network, {}
    )
    x = Jump.domain.test_points(40_000)
    lower = x[:, 1] < 0
    both = model.network(x).numpy()
    mean = np.mean(np.where(lower, both[:, 0], both[:, 1]))
    assert float(whole[0, 0]) == pytest.approx(2 * mean - 2.0, abs=2e-3)
    one = terms["integral"].rows_at(terms["integral"].points, model.network, {})
    assert float(one[0, 0]) == pytest.approx(np.mean(both[lower, 0]) - 0.5, abs=2e-3)
    points = tf.constant([[0.3, 0.0, 0.0, 1.0]], tf.float64)
    row = terms["interface_lower_upper"].rows_at(points, model.network, {})
    u = model.network(np.array([[0.3, 0.0]])).numpy()[0]
    np.testing.assert_allclose(row, [[u[0] - u[1] - 0.3]], rtol=1e-12)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"subdomains": {"lower": LOWER}}, "one subdomain"),
        (
            {
                "subdomains": {
                    "lower": LOWER,
                    "upper": ki.geometry.Disk((0.5, 0.5), 0.5),
                }
            },
            "leave a part of its domain out",
        ),
        (
            {"subdomains": {"lower": Layers.domain, "upper": UPPER}},
            "overlap",
        ),
        (
            {"subdomains": {"lower": ki.geometry.Interval(0, 1), "upper": UPPER}},
            "2 coordinates of space",
        ),
        ({"subdomains": {"lower": 1, "upper": UPPER}}, "as a geometry"),
        ({"subdomains": {"a b": LOWER, "upper": UPPER}}, "by names"),
        ({"conditions": lambda: [ki.Interface(("a", "upper"))]}, "between a"),
    ],
)
def test_subdomains_that_are_refused(attributes, words):
    problem = Layers()
    problem.conditions = list
    vars(problem).update(attributes)
    with pytest.raises(ValueError, match=words):
        problem.check()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"between": "lower"}, "names of two subdomains"),
        ({"between": ("a",)}, "names of two subdomains"),
        ({"between": ("a", "b"), "k": None, "value": None}, "says nothing"),
        ({"between": ("a", "b"), "k": (1.0,)}, "two numbers"),
        ({"between": ("a", "b"), "k": None, "flux": 2.0}, "no `k`"),
    ],
)
def test_interfaces_that_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        ki.Interface(**arguments)


def test_no_other_points_beside_subdomains():
    class Far(Layers):
        def residual(self, u, x):
            return u.at(x * 0.5).value

    with pytest.raises(ValueError, match="not possible in a problem with subdomains"):
        model_of(Far())
