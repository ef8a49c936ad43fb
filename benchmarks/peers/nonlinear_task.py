"""The file that all peers of a nonlinear problem begin from."""

import itertools
from typing import Any

import numpy as np
from nonlinear_problems import PROBLEMS

__all__ = ["write_task"]

# Points on which a peer's residuals are compared with this side's.
_POINTS = 20


def write_task(name: str, path: str, size: tuple[int, int], seed: int) -> None:
    """Writes a problem's test points, its reference, a start, and the loss there.

    Args:
        name: of the problem.
        path: the `.npz` file, for `nonlinear_common.Task`.
        size: width and number of hidden layers.
        seed: of the weights.
    """
    import tensorflow as tf
    import untuned

    problem, peers = untuned.problem_of(name), PROBLEMS[name]
    test = problem.test_points()
    rng = np.random.default_rng(seed)
    layers = _start(rng, [peers.inputs, *[size[0]] * size[1], peers.outputs])
    points = rng.uniform(peers.lower, peers.upper, (_POINTS, 2))
    np.savez(
        path,
        problem=name,
        test=test,
        exact=np.asarray(problem.exact(tf.constant(test))),
        free=[problem.outputs.index(o) for o in problem.defined_up_to_constant],
        points=points,
        loss=_loss(peers, layers, points),
        **{f"kernel_{i}": kernel for i, (kernel, _) in enumerate(layers)},
        **{f"bias_{i}": bias for i, (_, bias) in enumerate(layers)},
    )


def _start(rng: np.random.Generator, sizes: list[int]) -> list[tuple]:
    """Kernels with the variance of Glorot and Bengio, and biases of zero."""
    return [
        (rng.normal(size=(m, n)) * np.sqrt(2.0 / (m + n)), np.zeros(n))
        for m, n in itertools.pairwise(sizes)
    ]


def _loss(peers: Any, layers: list[tuple], points: np.ndarray) -> float:
    """The mean of the squared residuals, by TensorFlow's nested tapes."""
    import tensorflow as tf

    x, y = (tf.constant(points[:, i : i + 1]) for i in range(2))

    def solution(x: Any, y: Any) -> list:
        h = tf.concat(peers.features(tf, x, y), axis=1)
        for kernel, bias in layers[:-1]:
            h = tf.tanh(h @ kernel + bias)
        kernel, bias = layers[-1]
        raw = h @ kernel + bias
        columns = [raw[:, i : i + 1] for i in range(peers.outputs)]
        return peers.solution(tf, x, y, columns)

    def derivative(output: int, letters: str = "") -> Any:
        if not letters:
            return solution(x, y)[output]
        variable = x if letters[-1] == "x" else y
        with tf.GradientTape() as tape:
            tape.watch(variable)
            value = derivative(output, letters[:-1])
        return tape.gradient(value, variable)

    rows = peers.residual(tf, x, y, derivative)
    return float(np.mean(np.square([row.numpy() for row in rows])))
