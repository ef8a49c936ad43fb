"""Builds a wheel, installs it in an empty environment, and solves a problem with it.

`make wheel-test` runs this. All of it happens in a temporary directory outside the
repository; the run may import and open nothing from the repository.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROBLEM = "singular-eps2"
SECONDS = 10
LARGEST_ERROR = 1e-3

# What the new environment runs: the command line, watched for files of the repository.
WATCHED = """
import os, runpy, sys
repository = sys.argv[1]
def watch(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and arguments:
        path = arguments[0]
        if isinstance(path, (str, bytes)):
            path = os.path.realpath(os.fsdecode(path))
            if path == repository or path.startswith(repository + os.sep):
                print(f"{event} of {path} in the repository", file=sys.stderr)
                os._exit(1)
sys.addaudithook(watch)
sys.argv = ["keras_isgd", *sys.argv[2:]]
import keras_isgd
package = os.path.dirname(keras_isgd.__file__)
assert package.startswith(sys.prefix + os.sep), package
assert os.path.exists(os.path.join(package, "py.typed")), "py.typed is missing"
print(f"keras_isgd {keras_isgd.__version__} from {package}", flush=True)
runpy.run_module("keras_isgd", run_name="__main__", alter_sys=True)
"""


def main() -> None:
    """Builds, installs, solves; ends with an error unless the solution is accurate."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory).resolve()
        wheel = _build(place)
        python = _install(wheel, place)
        out = place / "out"
        arguments = ["solve", PROBLEM, "--seconds", str(SECONDS), "--out", str(out)]
        _run([python, "-I", "-c", WATCHED, str(REPOSITORY), *arguments], place)
        result = json.loads((out / "result.json").read_text())["result"]
        assert (out / "model" / "saved_model.pb").exists()
    error = result["relative_l2"]
    print(f"{wheel.name}: relative L2 error {error:.1e} of {PROBLEM}")
    if not error < LARGEST_ERROR:
        raise SystemExit(f"Expected an error below {LARGEST_ERROR:g}.")


def _build(place: Path) -> Path:
    """Builds from a copy: what lies in build/ would end up in the wheel otherwise."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in listed:
        if name.startswith("keras_isgd/") or "/" not in name:
            source = REPOSITORY / name
            if source.exists():
                target = place / "source" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
    out = place / "wheel"
    source = str(place / "source")
    _run([sys.executable, "-m", "build", "-w", "-o", str(out), source], place, quiet=1)
    (wheel,) = out.glob("*.whl")
    return wheel


def _install(wheel: Path, place: Path) -> str:
    venv.create(place / "venv", with_pip=True)
    python = str(place / "venv" / "bin" / "python")
    _run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"], place)
    _run([python, "-m", "pip", "install", "--quiet", str(wheel)], place)
    return python


def _run(command: list[str], place: Path, quiet: bool = False) -> None:
    """Runs a command outside the repository, blind to variables that point into it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    output = subprocess.DEVNULL if quiet else None
    subprocess.run(command, cwd=place, check=True, env=environment, stdout=output)


if __name__ == "__main__":
    main()
