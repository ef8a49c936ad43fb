"""Points of geometries: fixed numbers, uniform in measure, pure in seed and step."""

import math
import time

import numpy as np
import pytest
import tensorflow as tf
from geometries import KNOWN, lens, perforated
from scipy.stats import chi2, kstest, qmc

import keras_isgd as ki
from keras_isgd import geometry as g
from keras_isgd.sampling import METHODS, GeometrySampler

every_method = pytest.mark.parametrize("method", METHODS)
TIME = g.Box((0.0,), (5.0,))


def in_dataset(sampler, step):
    """The set of a step, drawn inside of a pipeline."""
    return next(iter(tf.data.Dataset.range(step, step + 1).map(sampler))).numpy()


# -- numbers and places ---------------------------------------------------------


@every_method
@pytest.mark.parametrize("name", KNOWN)
def test_sets_of_every_geometry(name, method):
    shape = KNOWN[name].geometry
    d = shape.dimension
    sampler = GeometrySampler(shape, 100, method, 3)
    x = sampler(0)
    assert (x.shape, x.dtype) == ((100, d), tf.float64)
    assert shape.contains(x).all()
    assert len(np.unique(x.numpy(), axis=0)) == 100
    part = g.BoundaryPart(shape)
    sampler = GeometrySampler(
        shape, 60, method, 3, part=part, extra=TIME, with_normals=True
    )
    x, t, normals = np.split(sampler(0).numpy(), [d, d + 1], axis=1)
    assert len(x) == 60
    assert shape.contains(x).all()
    assert ((t >= 0.0) & (t <= 5.0)).all()
    found = shape.boundary_normals(x)
    there = found.any(axis=1)
    np.testing.assert_allclose(found[there], normals[there], atol=1e-5)
    assert there.mean() > 0.9


@every_method
def test_numbers_are_static_in_a_pipeline(method):
    sampler = GeometrySampler(perforated(5, 0.15), 77, method, 1, extra=TIME)
    dataset = tf.data.Dataset.range(3).map(sampler)
    assert dataset.element_spec == tf.TensorSpec((77, 3), tf.float64)
    assert sampler.count == 77


@every_method
def test_in_one_dimension_each_end_is_there_once(method):
    shape = g.Interval(0, 1) | g.Interval(2, 3) | g.Interval(2.5, 4)
    part = g.BoundaryPart(shape)
    sampler = GeometrySampler(shape, 50, method, 0, part=part, with_normals=True)
    x = sampler(0).numpy()
    order = np.argsort(x[:, 0])
    np.testing.assert_array_equal(x[order], [[0, -1], [1, 1], [2, -1], [4, 1]])
    assert sampler.count == 4
    # Along further coordinates the ends share the points.
    sampler = GeometrySampler(shape, 40, method, 0, part=part, extra=TIME)
    x, t = sampler(0).numpy().T
    assert [int(np.sum(x == end)) for end in (0, 1, 2, 4)] == [10] * 4
    assert all(np.ptp(t[x == end]) > 2.5 for end in (0, 1, 2, 4))


def test_pieces_share_points_by_their_kept_length():
    shape, _, _ = lens()
    part = g.BoundaryPart(shape | g.Rectangle((3, 0), (4, 1)))
    x = GeometrySampler(shape, 1000, "uniform", 0, part=part)(0).numpy()
    arcs = 4 * math.pi / 3
    assert np.sum(x[:, 0] < 2) == pytest.approx(1000 * arcs / (arcs + 4), abs=3)
    for edge in (x[:, 0] == 3.0, x[:, 0] == 4.0, x[:, 1] == 0.0, x[:, 1] == 1.0):
        assert np.sum(edge) == pytest.approx(1000 / (arcs + 4), abs=2)


# -- uniform in measure -----------------------------------------------------------


@every_method
@pytest.mark.parametrize("name", ["moon", "union", "perforated", "ellipse", "l_shape"])
def test_counts_follow_areas(name, method):
    shape = KNOWN[name].geometry
    x = GeometrySampler(shape, 20_000, method, 4)(2).numpy()
    rng = np.random.default_rng(0)
    reference = rng.uniform(shape.lower, shape.upper, (400_000, 2))
    reference = reference[shape.within(reference, 0.0)]
    ranges = list(zip(shape.lower, shape.upper))
    a, b = (
        np.histogram2d(*p.T, bins=8, range=ranges)[0].ravel() for p in (x, reference)
    )
    a, b = a[b > 100], b[b > 100]
    ratio = len(x) / len(reference)
    statistic = np.sum((a - ratio * b) ** 2 / (ratio * (1 + ratio) * b))
    assert statistic < chi2.ppf(1 - 1e-4, len(a))
    if method in ("sobol", "halton"):
        # What is left is the noise of the reference.
        assert statistic < 0.6 * len(a)


@every_method
def test_counts_follow_lengths(method):
    shape = g.Ellipse((0, 0), (3.0, 1.0))
    part = g.BoundaryPart(shape)
    x = GeometrySampler(shape, 5000, method, 4, part=part)(1).numpy()
    angle = np.arctan2(x[:, 1], x[:, 0] / 3.0) % (2 * math.pi)
    grid = np.linspace(0, 2 * math.pi, 20_001)
    speed = np.hypot(3 * np.sin(grid), np.cos(grid))
    length = np.concatenate([[0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    share = np.interp(angle, grid, length / length[-1])
    assert kstest(share, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("method", ["sobol", "halton"])
def test_points_and_extra_coordinates_are_evenly_spread_together(method):
    shape = g.Rectangle((0, 0), (1, 1))
    extra = g.Box((0.0, 0.0), (1.0, 1.0))
    for part, columns in ((None, 4), (g.BoundaryPart(shape, "top"), 3)):
        ours, uniform = (
            GeometrySampler(shape, 512, m, 0, part=part, extra=extra)(1).numpy()
            for m in (method, "uniform")
        )
        if part is not None:
            assert (ours[:, 1] == 1.0).all()
            ours, uniform = np.delete(ours, 1, axis=1), np.delete(uniform, 1, axis=1)
        assert ours.shape[1] == columns
        assert qmc.discrepancy(ours) < 0.2 * qmc.discrepancy(uniform)


def test_pieces_of_one_set_are_not_the_same_points():
    shape = g.Rectangle((0, 0), (1, 1))
    for method in METHODS:
        part = g.BoundaryPart(shape, ["left", "right"])
        x = GeometrySampler(shape, 40, method, 0, part=part)(1).numpy()
        assert not np.any(x[:20, 1] == x[20:, 1])


# -- reproducibility --------------------------------------------------------------


@every_method
@pytest.mark.parametrize("boundary", [False, True])
def test_sets_are_a_function_of_seed_and_step(method, boundary):
    shape = perforated(5, 0.15)
    part = g.BoundaryPart(shape, where=lambda x: x[:, :1] > 0.3) if boundary else None

    def sampler(seed):
        return GeometrySampler(shape, 64, method, seed, part=part, extra=TIME)

    one, again = sampler(5), sampler(5)
    later = one(7).numpy()
    one(0)
    np.testing.assert_array_equal(one(7), later)
    np.testing.assert_array_equal(again(7), later)
    np.testing.assert_array_equal(in_dataset(again, 7), later)
    np.testing.assert_array_equal(again(tf.constant(7, tf.int64)), later)
    for other in (one(8), sampler(6)(7), sampler(5 + 2**32)(7), sampler(5 + 2**70)(7)):
        # The last column is free on every piece.
        assert not np.any(other.numpy()[:, 2] == later[:, 2])


def test_batches_beyond_the_first_do_not_depend_on_earlier_sets():
    # A quarter is kept, but a share of 1 is believed: four batches are needed.
    shape = g.Disk((0, 0), 1.0) & g.Rectangle((0, 0), (2, 2))
    for method in METHODS:
        sets = []
        for steps in ((3,), (1, 2, 3)):
            sampler = GeometrySampler(shape, 50, method, 0)
            (filler,) = sampler._fillers
            filler._first, filler._drawn = 50, []
            sets.append([sampler(step).numpy() for step in steps][-1])
        np.testing.assert_array_equal(*sets)
        assert len(np.unique(sets[0], axis=0)) == 50


def test_global_random_state_is_neither_used_nor_changed():
    sampler = GeometrySampler(perforated(2), 10, "uniform", 0)
    np.random.seed(1)
    tf.random.set_seed(1)
    a, state = sampler(0).numpy(), np.random.get_state()[1].copy()
    np.random.seed(1)
    np.testing.assert_array_equal(state, np.random.get_state()[1])
    np.random.seed(2)
    tf.random.set_seed(2)
    np.testing.assert_array_equal(sampler(0), a)


def test_functions_of_points_may_be_of_tensorflow():
    shape = g.Disk((0, 0), 1.0)

    def upper(x):
        return tf.math.greater(tf.convert_to_tensor(x)[:, 1:], 0.0)

    part = g.BoundaryPart(shape, where=upper)
    sampler = GeometrySampler(shape, 30, "sobol", 0, part=part)
    x = in_dataset(sampler, 4)
    np.testing.assert_array_equal(x, sampler(4))
    assert (x[:, 1] > 0).all()
    np.testing.assert_allclose(np.hypot(*x.T), 1.0)


# -- speed and refusals -------------------------------------------------------------


def test_a_million_points_between_twenty_disks():
    shape = perforated()
    start = time.perf_counter()
    x = GeometrySampler(shape, 10**6, "uniform", 0)(0).numpy()
    seconds = time.perf_counter() - start
    assert x.shape == (10**6, 2)
    # 0.6 s on an idle core.
    assert seconds < 6.0
    assert shape.within(x[:1000], 1e-9).all()


def test_wrong_arguments():
    shape = g.Disk((0, 0), 1.0)
    with pytest.raises(ValueError, match="`method` to be one of uniform"):
        GeometrySampler(shape, 10, "grid", 0)
    for count in (0, 2.5, None):
        with pytest.raises(ValueError, match="`count` to be a whole number >= 1"):
            GeometrySampler(shape, count, "sobol", 0)
    with pytest.raises(ValueError, match="give a `part`"):
        GeometrySampler(shape, 10, "sobol", 0, with_normals=True)
    with pytest.raises(ValueError, match="GiB allowed"):
        GeometrySampler(shape, 10**9, "sobol", 0)


def test_what_is_too_small_to_be_hit_is_refused():
    shape = g.Rectangle((0, 0), (1, 1))
    part = g.BoundaryPart(shape, where=lambda x: x[:, 1] > 1 - 1e-3)
    x = GeometrySampler(shape, 10, "uniform", 0, part=part)(0).numpy()
    assert (x[:, 1] > 1 - 1e-3).all()
    thin = {"on": True}
    part = g.BoundaryPart(shape, where=lambda x: (x[:, 1] > 0) & thin["on"])
    sampler = GeometrySampler(shape, 10, "uniform", 0, part=part)
    thin["on"] = False
    with pytest.raises(Exception, match="too small a part"):
        sampler(0)


def test_a_thin_difference_is_filled():
    thin = g.Disk((0, 0), 1.0) - g.Disk((0, 0), 0.9995)
    x = GeometrySampler(thin, 200, "sobol", 0)(0).numpy()
    radius = np.hypot(*x.T)
    assert (radius > 0.9995 - 1e-9).all()


def test_a_box_has_its_low_discrepancy_points_alone():
    box = ki.Box((0, 0), (2, 1))
    x = GeometrySampler(box, 256, "sobol", 0)(0).numpy() / [2, 1]
    assert qmc.discrepancy(x) < 1e-4
