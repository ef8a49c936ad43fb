"""Meshes: files, closed surfaces, and what they enclose."""

import sys

import numpy as np
import pytest
import trimesh
from geometries import tetrahedron, unit_points

from keras_isgd import geometry as g


@pytest.fixture
def torus():
    return trimesh.creation.torus(1.0, 0.3, major_sections=24, minor_sections=12)


def test_files_are_read(tmp_path, torus):
    for ending in ("stl", "obj", "ply", "off"):
        path = tmp_path / f"torus.{ending}"
        torus.export(path)
        for source in (path, str(path)):
            mesh = g.Mesh(source)
            assert mesh.measure == pytest.approx(torus.volume, rel=1e-5)
            assert mesh.parts == ("mesh",)
    assert f"torus.{ending}, {len(torus.faces)} faces" in repr(mesh)
    assert g.Mesh(path, name="ring").parts == ("ring",)


def test_rays_agree_with_winding_numbers(torus):
    body = g.Mesh(torus)
    rng = np.random.default_rng(0)
    x = rng.uniform(body.lower, body.upper, (2000, 3))
    # Below and above corners and edges of faces, where rays meet them exactly.
    middles = torus.triangles[:, :2].mean(axis=1)
    shadows = np.concatenate([torus.vertices, middles])[:, :2]
    height = rng.uniform(-0.35, 0.35, (len(shadows), 1))
    x = np.concatenate([x, np.concatenate([shadows, height], axis=1)])
    sure = np.abs(trimesh.proximity.signed_distance(torus, x)) > 1e-9
    inside = _winding_numbers(torus.triangles, x) > 0.5
    assert 0.1 < inside.mean() < 0.9
    np.testing.assert_array_equal(body.within(x, 0.0)[sure], inside[sure])


def _winding_numbers(triangles, x):
    """Solid angles of all faces over 4 pi (van Oosterom and Strackee 1983)."""
    a, b, c = (triangles[None, :, i] - x[:, None] for i in range(3))
    la, lb, lc = (np.linalg.norm(v, axis=2) for v in (a, b, c))
    top = np.sum(a * np.cross(b, c), axis=2)
    bottom = la * lb * lc
    bottom += np.sum(a * b, 2) * lc + np.sum(b * c, 2) * la + np.sum(a * c, 2) * lb
    return np.sum(np.arctan2(top, bottom), axis=1) / (2 * np.pi)


def test_a_box_of_triangles_is_a_box():
    # Divided, so that rays from the points of the grid meet edges and corners.
    surface = trimesh.creation.box((2, 2, 2)).subdivide().subdivide()
    body, box = g.Mesh(surface), g.Box((-1,) * 3, (1,) * 3)
    x = g.Box((-1.5,) * 3, (1.5,) * 3).grid((13, 13, 13))
    np.testing.assert_array_equal(body.contains(x), box.contains(x))
    np.testing.assert_allclose(body.signed_distance(x), box.signed_distance(x))
    for slack in (0.1, -0.1):
        y = x * 0.999
        np.testing.assert_array_equal(body.within(y, slack)[box.within(y, slack)], True)
        assert not body.within(y, slack)[~box.within(y, slack)].any() or slack > 0
    y = np.array([(1.0, 0.2, 0.3), (0.1, -1.0, 0.4)])
    np.testing.assert_array_equal(body.normals(y), box.normals(y))


def test_many_points_meet_in_several_batches(torus, monkeypatch):
    from keras_isgd.geometry import columns

    x = g.Mesh(torus).interior(unit_points(3, 3000))[0]
    expected = g.Mesh(torus).within(x, 0.0)
    monkeypatch.setattr(columns, "_PAIRS", 100)
    np.testing.assert_array_equal(g.Mesh(torus).within(x, 0.0), expected)


def test_normals_point_outward_whichever_way_the_mesh_turns():
    turned = tetrahedron()
    turned.invert()
    x = np.array([(0.2, 0.2, 0.0)])
    for source in (tetrahedron(), turned):
        np.testing.assert_allclose(g.Mesh(source).normals(x), [(0, 0, -1)], atol=1e-12)
    assert turned.volume < 0  # the user's own mesh is left alone


def test_booleans_of_meshes(torus):
    ring = g.Mesh(torus)
    half = ring & g.Box((-2, -2, 0), (2, 2, 1))
    assert half.measure == pytest.approx(torus.volume / 2, rel=1e-3)
    assert g.BoundaryPart(half, "mesh").measure == pytest.approx(
        torus.area / 2, rel=5e-3
    )


def _faces(*kept):
    mesh = tetrahedron()
    return trimesh.Trimesh(mesh.vertices, mesh.faces[list(kept)])


def test_what_encloses_nothing_is_refused(tmp_path):
    open_mesh = _faces(0, 1, 2)
    open_mesh.export(tmp_path / "open.stl")
    with pytest.raises(ValueError, match="surface of a mesh is not closed"):
        g.Mesh(open_mesh)
    with pytest.raises(ValueError, match=r"surface of .*open\.stl is not closed"):
        g.Mesh(tmp_path / "open.stl")
    with pytest.raises(FileNotFoundError, match=r"no file .*none"):
        g.Mesh(tmp_path / "none.stl")
    (tmp_path / "text.stl").write_text("hello")
    with pytest.raises(ValueError, match=r"no faces in .*text\.stl"):
        g.Mesh(tmp_path / "text.stl")
    (tmp_path / "text.unknown").write_text("hello")
    with pytest.raises(ValueError, match=r"cannot read .* as a mesh"):
        g.Mesh(tmp_path / "text.unknown")
    for source in (3, None, [[0, 0, 0]]):
        with pytest.raises(ValueError, match="path of a file or a trimesh"):
            g.Mesh(source)
    mesh = tetrahedron()
    faces = mesh.faces.copy()
    faces[0] = faces[0][::-1]
    with pytest.raises(ValueError, match="do not all turn the same way"):
        g.Mesh(trimesh.Trimesh(mesh.vertices, faces, process=False))
    flat = trimesh.Trimesh(mesh.vertices * [1, 1, 0], mesh.faces, process=False)
    with pytest.raises(ValueError, match="encloses no volume"):
        g.Mesh(flat)
    with pytest.raises(ValueError, match="`name`"):
        g.Mesh(mesh, name="")


# -- libraries --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "make"),
    [
        ("shapely", lambda: g.Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])),
        ("trimesh", lambda: g.Mesh("part.stl")),
        ("rtree", lambda: g.Mesh("part.stl")),
    ],
)
def test_missing_libraries_are_named_with_the_extra(missing, make, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    words = rf"needs {missing}: pip install keras_isgd\[geometry\]"
    with pytest.raises(ImportError, match=words):
        make()


def test_without_shapely_areas_are_estimated(monkeypatch):
    def corner():
        return g.Rectangle((0, 0), (2, 2)) - g.Rectangle((1, 1), (2, 2)).scaled(1.0)

    assert corner().measure == pytest.approx(3.0, rel=1e-12)
    monkeypatch.setitem(sys.modules, "shapely", None)
    assert corner().measure == pytest.approx(3.0, rel=1e-4)
    assert g.Triangle((0, 0), (1, 0), (0, 1)).measure == 0.5
