"""Runs of a benchmark, each in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["commit", "in_child"]

_HERE = Path(__file__).parent
# Lines of what a run printed that are kept where it failed.
_LINES = 40


def in_child(
    script: str,
    task: dict,
    timeout: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict:
    """Calls a benchmark with `--child` and a task, in a process of its own.

    The process imports the package from this repository.

    Args:
        script: the benchmark's file, which prints its result as JSON in its last line.
        task: what it is given, as JSON.
        timeout: seconds after which it is ended.
        environment: more variables for it.

    Returns:
        The result; or, where it failed, `failed`, a line that says why, and `error`,
        the last lines of what it printed.
    """
    paths = [str(_HERE.parent), os.environ.get("PYTHONPATH", "")]
    try:
        done = subprocess.run(
            [sys.executable, script, "--child", json.dumps(task)],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                **(environment or {}),
            },
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        line = f"It had not ended after {timeout:g} s."
        return {"failed": line, "error": line}
    try:
        if done.returncode == 0:
            return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        pass
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    lines = lines or [f"ended with {done.returncode}"]
    return {"failed": lines[-1], "error": "\n".join(lines[-_LINES:])}


def commit() -> str:
    """Returns this repository's commit, and whether something was changed since."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(_HERE), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    found = git("rev-parse", "--short=10", "HEAD") or "unknown"
    changed = git("status", "--porcelain", "--untracked-files=no")
    return f"{found}-changed" if changed else found
