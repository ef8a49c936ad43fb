"""The house: who may import whom, and what the public face promises."""

import ast
import importlib
import importlib.metadata
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from by_steps import solve_by_steps

import keras_isgd as ki
from keras_isgd import version

ROOT = Path(ki.__file__).parent
REPOSITORY = ROOT.parent

# Each room with the rooms that it may import, beside itself.
BELOW = {
    "version": set(),
    "compat": set(),
    "utils": set(),
    "linalg": {"utils"},
    "hosts": {"compat", "utils"},
    "objectives": {"hosts", "linalg", "utils"},
    "solvers": {"compat", "linalg", "objectives", "utils"},
    "optimizers": {"compat", "objectives", "solvers", "utils"},
    "derivatives": {"compat", "utils"},
    "geometry": {"utils"},
    "sampling": {"compat", "geometry", "utils"},
    "problems": {
        "derivatives",
        "geometry",
        "hosts",
        "objectives",
        "sampling",
        "utils",
    },
    "residuals": {
        "compat",
        "derivatives",
        "networks",
        "objectives",
        "problems",
        "utils",
    },
    "networks": {"compat", "derivatives", "geometry", "utils"},
    "callbacks": {
        "compat",
        "hosts",
        "objectives",
        "optimizers",
        "solvers",
        "utils",
    },
    "figures": {"problems", "utils"},
    "models": {
        "callbacks",
        "compat",
        "derivatives",
        "figures",
        "geometry",
        "hosts",
        "linalg",
        "networks",
        "objectives",
        "optimizers",
        "problems",
        "residuals",
        "sampling",
        "solvers",
        "utils",
    },
    "diagnostics": {"callbacks", "objectives", "utils"},
    "export": {"derivatives", "models"},
    "solving": {
        "callbacks",
        "hosts",
        "models",
        "networks",
        "optimizers",
        "problems",
        "utils",
    },
    "app": {
        "callbacks",
        "export",
        "figures",
        "hosts",
        "models",
        "networks",
        "optimizers",
        "problems",
        "solvers",
        "solving",
        "utils",
        "version",
    },
    "__main__": {"app"},
}
BELOW["__init__"] = set(BELOW)


def _imports(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "keras_isgd":
                yield from (alias.name for alias in node.names)
            elif node.module.startswith("keras_isgd."):
                yield node.module.split(".")[1]


@pytest.mark.parametrize(
    "file", sorted(ROOT.rglob("*.py")), ids=lambda f: str(f.relative_to(ROOT))
)
def test_arrows_point_down(file):
    room = file.relative_to(ROOT).parts[0].removesuffix(".py")
    assert set(_imports(file)) - {room} <= BELOW[room]


def test_solvers_know_no_keras_optimizer_and_models_no_concrete_solver():
    for file in (ROOT / "models").glob("*.py"):
        assert not re.search(r"solvers\.(adam|lbfgs|Adam|LBFGS)", file.read_text())
    for file in (ROOT / "solvers").glob("*.py"):
        assert "keras.optimizers.Optimizer" not in file.read_text()


def test_import_leaves_out_what_few_runs_need():
    code = (
        "import sys, keras_isgd; assert not sys.modules.keys() & "
        "{'tensorflow_probability', 'shapely', 'trimesh', 'rtree'}"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def _public_objects():
    for info in pkgutil.walk_packages([str(ROOT)], "keras_isgd."):
        if info.name == "keras_isgd.__main__":
            continue
        module = importlib.import_module(info.name)
        assert module.__doc__, info.name
        for name in getattr(module, "__all__", ()):
            yield f"{info.name}.{name}", getattr(module, name)


def test_everything_public_is_documented():
    for name, value in _public_objects():
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name


def _code_blocks(text):
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def test_readme_examples_run_with_fewer_steps(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (REPOSITORY / "README.md").read_text()
    assert len(text.splitlines()) <= 150
    own, regression = _code_blocks(text)
    scope = {}
    monkeypatch.setattr(ki, "solve", solve_by_steps)
    exec(compile(own, "README.md", "exec"), scope)
    u = scope["model"].predict([[0.2, 0.5], [1.5, 0.5]], verbose=0)
    assert ((u > 0.03) & (u < 0.15)).all()
    assert (tmp_path / "plate.png").stat().st_size > 10_000
    shorter = regression.replace("epochs=60", "epochs=15")
    assert shorter != regression
    exec(compile(shorter, "README.md", "exec"), scope)
    loss = scope["net"].evaluate(scope["x"], scope["y"], batch_size=1000, verbose=0)
    assert loss < 1e-2


def test_the_readmes_links_lead_somewhere():
    text = (REPOSITORY / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert "://" in target or (REPOSITORY / target).exists(), target


def test_version_is_written_in_one_place():
    with open(REPOSITORY / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)
    assert project["project"]["dynamic"] == ["version"]
    source = project["tool"]["setuptools"]["dynamic"]["version"]["attr"]
    assert source == "keras_isgd.version.__version__"
    assert ki.__version__ == version.__version__
    assert importlib.metadata.version("keras_isgd") == ki.__version__
    changes = (REPOSITORY / "CHANGELOG.md").read_text()
    assert f"## [{ki.__version__}]" in changes
    assert f"version: {ki.__version__}\n" in (REPOSITORY / "CITATION.cff").read_text()


def test_packages_with_private_names_are_bounded_from_above():
    with open(REPOSITORY / "pyproject.toml", "rb") as file:
        needed = tomllib.load(file)["project"]["dependencies"]
    for package in ("keras", "tensorflow", "tensorflow-probability", "tf-keras"):
        (requirement,) = [n for n in needed if re.match(rf"{package}[<>=]", n)]
        assert re.search(r">=[\d.]+,<[\d.]+$", requirement), requirement
        installed = importlib.metadata.version(package)
        below = requirement.split("<")[-1]
        assert _numbers(installed) < _numbers(below), requirement


def _numbers(text):
    return tuple(int(n) for n in re.findall(r"\d+", text)[:2])


def test_changes_follow_keep_a_changelog():
    text = (REPOSITORY / "CHANGELOG.md").read_text()
    titles = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert titles[0] == "[Unreleased]"
    for title in titles[1:]:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", title), title
    kinds = set(re.findall(r"^### (.*)$", text, flags=re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
