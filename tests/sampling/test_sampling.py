import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest, qmc

import keras_isgd as ki
from keras_isgd import problems, sampling
from keras_isgd.models import points as point_sets


class Slab(ki.Problem):
    """Sets of every kind: interior, all faces, one face, and the first time."""

    coordinates = ("x", "y", "t")
    domain = ki.Box((0.0, -1.0, 2.0), (3.0, 0.0, 4.0))

    def residual(self, u, x):
        return u.d("t") - u.laplacian()

    def conditions(self):
        return [ki.Dirichlet("boundary"), ki.Neumann("y_max"), ki.Initial()]


class Sheet(ki.Problem):
    coordinates = ("x", "y")
    domain = ki.Box((-1.0, 0.0), (2.0, 1.0))

    def conditions(self):
        return [ki.Dirichlet()]


def take(dataset, count):
    """The first sets of a dataset, as dictionaries of NumPy arrays."""
    return [{n: x.numpy() for n, x in sets.items()} for sets in dataset.take(count)]


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[n], b[n]) for n in a)


every_method = pytest.mark.parametrize("method", sampling.METHODS)

# -- point sets -----------------------------------------------------------------


@every_method
def test_sets_have_names_shapes_and_lie_in_the_domain(method):
    dataset = Slab().points(37, 23, method=method)
    assert dataset.cardinality() == tf.data.INFINITE_CARDINALITY
    counts = {"interior": 37, "boundary": 23, "y_max": 23, "t_min": 23}
    for sets in take(dataset, 3):
        assert {name: x.shape for name, x in sets.items()} == {
            name: (count, 3) for name, count in counts.items()
        }
        for x in sets.values():
            assert x.dtype == np.float64
            assert np.all((x >= Slab.domain.lower) & (x <= Slab.domain.upper))
        assert np.all(sets["y_max"][:, 1] == 0.0)
        assert np.all(sets["t_min"][:, 2] == 2.0)
        x, y, t = sets["boundary"].T
        assert np.all((x == 0.0) | (x == 3.0) | (y == -1.0) | (y == 0.0))
        # Time has no boundary, so the points spread over it.
        assert 2.0 < t.min() < 2.5 < 3.5 < t.max() < 4.0


def test_numbers_by_set():
    sets = take(Slab().points(5, {"boundary": 6, "t_min": 7, "y_max": 8}), 1)[0]
    sizes = {name: len(x) for name, x in sets.items()}
    assert sizes == {"interior": 5, "boundary": 6, "t_min": 7, "y_max": 8}


def test_points_fill_each_face():
    x, y = take(Sheet().points(1, 800), 1)[0]["boundary"].T
    on_faces = {"x": ((x == -1.0), (x == 2.0)), "y": ((y == 0.0), (y == 1.0))}
    assert [f.sum() for f in on_faces["x"]] == [100, 100]
    assert [f.sum() for f in on_faces["y"]] == [300, 300]
    for face in on_faces["x"]:
        assert kstest(y[face], "uniform").pvalue > 1e-3
    for face in on_faces["y"]:
        assert kstest(x[face], "uniform", (-1.0, 3.0)).pvalue > 1e-3


@every_method
def test_boundary_in_one_dimension_is_both_ends(method):
    for sets in take(problems.Poisson1D().points(4, method=method), 2):
        np.testing.assert_array_equal(sets["boundary"], [[0.0], [1.0]])


def test_uniform_points_are_uniform():
    x = take(Sheet().points(4000), 1)[0]["interior"]
    assert kstest(x[:, 0], "uniform", (-1.0, 3.0)).pvalue > 1e-3
    assert kstest(x[:, 1], "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(x.T)[0, 1]) < 0.05


@pytest.mark.parametrize("method", ["sobol", "halton", "latin_hypercube"])
@pytest.mark.parametrize("count", [200, 256])
def test_low_discrepancy(method, count):
    def discrepancy(method):
        sets = take(Sheet().points(count, method=method), 5)
        unit = [qmc.scale(s["interior"], [-1, 0], [2, 1], reverse=True) for s in sets]
        return np.array([qmc.discrepancy(x) for x in unit])

    ours, uniform = discrepancy(method), discrepancy("uniform")
    # A Latin hypercube is even in each coordinate alone.
    factor = 0.7 if method == "latin_hypercube" else 0.2
    assert ours.mean() < factor * uniform.mean()


# -- reproducibility ------------------------------------------------------------


@every_method
def test_seeds_steps_and_sets(method):
    def points(seed):
        return take(Slab().points(16, 16, seed=seed, method=method), 3)

    first = points(3)
    assert all(same(a, b) for a, b in zip(first, points(3), strict=True))
    assert all(same(a, b) for a, b in zip(first, points(np.int64(3)), strict=True))
    interiors = [s["interior"] for s in first + points(4)]
    for i, a in enumerate(interiors):
        assert not any(np.any(a == b) for b in interiors[:i])
    # x of the first time's points is free, and not the interior's x over again.
    assert not np.any(first[0]["interior"][:, 0] == first[0]["t_min"][:, 0])


def test_no_seed_is_a_new_seed():
    a, b = (take(Sheet().points(8, seed=None), 1)[0] for _ in range(2))
    assert not np.any(a["interior"] == b["interior"])


def test_no_thread_tunes_what_has_nothing_to_tune():
    # Where one does, the process can wait for it for most of a minute at the end.
    problem = problems.SingularPerturbation(0.5)
    new, fixed = (problem.points(4, resample=r, seed=0) for r in (True, False))
    arrays = {name: x.numpy() for name, x in next(iter(fixed)).items()}
    prepared, steps = point_sets.prepare(problem, arrays, None)
    assert steps == 1
    for points in (new, fixed, prepared):
        assert points.options().autotune.enabled is False


def test_epochs_of_one_iterator_differ_and_new_iterators_begin_again():
    dataset = Sheet().points(8)
    iterator = iter(dataset)
    epochs = [[next(iterator)["interior"].numpy() for _ in range(2)] for _ in range(2)]
    assert not np.any(np.array(epochs[0]) == np.array(epochs[1]))
    np.testing.assert_array_equal(next(iter(dataset))["interior"], epochs[0][0])


@every_method
def test_fixed_points_stay(method):
    dataset = Sheet().points(8, resample=False, seed=5, method=method)
    first, *rest = take(dataset, 3) + take(dataset, 1)
    assert all(same(first, sets) for sets in rest)
    moving = take(Sheet().points(8, seed=5, method=method), 1)[0]
    assert same(first, moving)
    dataset.stream.seek(4)
    assert same(first, take(dataset, 1)[0])


@every_method
def test_seek(method):
    dataset = Slab().points(8, 8, method=method)
    elements = take(dataset, 6)
    dataset.stream.seek(4)
    assert all(map(same, take(dataset, 2), elements[4:]))
    dataset.stream.seek(0)
    assert same(take(dataset, 1)[0], elements[0])


def test_fit_takes_each_step_at_its_own_points():
    problem = problems.Poisson1D("u_L")
    model = ki.PINN(ki.networks.mlp(width=4, depth=1, seed=1), problem)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    dataset = problem.points(8, seed=6)
    expected = [np.mean(model.residual(s["interior"]) ** 2) for s in take(dataset, 7)]
    losses = []
    for arguments in ({"epochs": 3}, {"epochs": 2, "steps_per_epoch": 2}):
        losses += model.fit(dataset, verbose=0, **arguments).history["residual"]
    # An epoch of two steps shows their mean; the second fit goes on at step 3.
    expected[3:] = [np.mean(expected[3:5]), np.mean(expected[5:7])]
    assert len(set(expected)) == 5
    np.testing.assert_allclose(losses, expected, rtol=1e-10)


# -- wrong arguments ------------------------------------------------------------


@pytest.mark.parametrize("count", [0, -1, 2.5, True, "9", None])
def test_wrong_numbers_of_points(count):
    with pytest.raises(ValueError, match="whole number >= 1 of interior points"):
        Slab().points(count)
    with pytest.raises(ValueError, match="whole number >= 1 of y_max points"):
        Slab().points(9, {"boundary": 9, "y_max": count, "t_min": 9})


@pytest.mark.parametrize("seed", [-1, 1.0, True, "0"])
def test_wrong_seeds(seed):
    with pytest.raises(ValueError, match="`seed` to be a whole number >= 0"):
        Sheet().points(9, seed=seed)


def test_unknown_method_lists_the_known():
    with pytest.raises(ValueError, match="uniform, sobol, halton, latin_hypercube"):
        Sheet().points(9, method="normal")


@pytest.mark.parametrize("boundary", [2, {"boundary": 2}, 0])
def test_one_dimension_takes_no_number_of_boundary_points(boundary):
    with pytest.raises(ValueError, match="two end points"):
        problems.Poisson1D().points(9, boundary)


@pytest.mark.parametrize("boundary", [{}, {"boundary": 3}, {"boundary": 3, "walls": 3}])
def test_wrong_sets(boundary):
    with pytest.raises(ValueError, match="numbers for boundary, y_max, t_min; got"):
        Slab().points(9, boundary)


@pytest.mark.parametrize("resample", [False, True])
def test_a_share_of_the_points_is_where_the_solution_is_steep(resample):
    problem = ki.problems.SingularPerturbation(0.001)
    points = problem.points(1000, method="sobol", refine=0.4, resample=resample, seed=2)
    first, second = (np.asarray(s["interior"]) for s in points.take(2))
    assert first.shape == (1000, 1)
    # 0.4 by request, and 3 % of the rest.
    assert np.mean(first > 0.97) == pytest.approx(0.418, abs=0.01)
    assert np.array_equal(first, second) != resample
    again = next(iter(problem.points(1000, method="sobol", refine=0.4, seed=2)))
    if resample:
        np.testing.assert_array_equal(first, again["interior"])


def test_refinement_needs_a_steep_box_and_a_share():
    with pytest.raises(ValueError, match="box `steep`"):
        ki.problems.Helmholtz2D().points(refine=0.5)
    with pytest.raises(ValueError, match=r"in \[0, 1\)"):
        ki.problems.SingularPerturbation(0.01).points(refine=1.0)
