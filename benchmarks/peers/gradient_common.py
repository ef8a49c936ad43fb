"""What the gradient benchmarks share: arguments, points, weights, timing, report."""

import argparse
import itertools
import json
import time

import numpy as np

BOUNDARY_WEIGHT = 100.0
# -Laplacian u = f, u = sum of a sin(k pi x) sin(k pi y), zero on the boundary.
MODES = ((1, 1.0), (10, 0.1))

_WARM_UP = 3


def make_parser(description):
    """Returns the parser of the arguments that every peer takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--width", type=int, default=48, help="units of a layer")
    parser.add_argument("--depth", type=int, default=2, help="hidden layers")
    parser.add_argument("--activation", choices=("sine", "tanh"), default="sine")
    parser.add_argument("--interior", type=int, default=5500, help="points inside")
    parser.add_argument("--boundary", type=int, default=600, help="points on the edge")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--repeats", type=_repeats, default=50, help="at least 20")
    parser.add_argument(
        "--derivatives",
        choices=("reverse", "forward"),
        default="reverse",
        help="mode in which u_xx and u_yy are differentiated",
    )
    return parser


def make_points(arguments):
    """Returns uniform random points, `(interior, 2)` and `(boundary, 2)`."""
    rng = np.random.default_rng(0)
    interior = rng.uniform(size=(arguments.interior, 2))
    boundary = rng.uniform(size=(arguments.boundary, 2))
    edge = rng.integers(4, size=arguments.boundary)
    boundary[np.arange(arguments.boundary), edge // 2] = edge % 2
    return interior.astype(arguments.dtype), boundary.astype(arguments.dtype)


def make_weights(arguments):
    """Returns Glorot uniform kernels and zero biases, a pair for each layer.

    All peers start from them, so that equal losses show equal work.
    """
    rng = np.random.default_rng(1)
    sizes = layer_sizes(arguments)
    weights = []
    for n, m in itertools.pairwise(sizes):
        limit = np.sqrt(6.0 / (n + m))
        kernel = rng.uniform(-limit, limit, size=(n, m)).astype(arguments.dtype)
        weights.append((kernel, np.zeros(m, arguments.dtype)))
    return weights


def layer_sizes(arguments):
    """Returns the units of all layers, from the coordinates to the output."""
    return [2] + [arguments.width] * arguments.depth + [1]


def report(peer, arguments, evaluate):
    """Times a function and prints the result as JSON.

    Args:
        peer: name of the peer.
        arguments: parsed arguments.
        evaluate: returns the loss and the list of gradients, all of them computed.
    """
    begin = time.perf_counter()
    loss, gradients = evaluate()
    first = time.perf_counter() - begin
    for _ in range(_WARM_UP):
        evaluate()
    times = []
    for _ in range(arguments.repeats):
        begin = time.perf_counter()
        evaluate()
        times.append(time.perf_counter() - begin)
    norm = np.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for g in gradients))
    result = {
        "peer": peer,
        "network": f"{arguments.depth}x{arguments.width} {arguments.activation}",
        "points": [arguments.interior, arguments.boundary],
        "dtype": arguments.dtype,
        "derivatives": arguments.derivatives,
        "compile_seconds": first,
        "median_seconds": float(np.median(times)),
        "loss": float(loss),
        "gradient_norm": float(norm),
    }
    print(json.dumps(result))


def _repeats(text):
    value = int(text)
    if value < 20:
        raise argparse.ArgumentTypeError(f"expected at least 20, got {value}")
    return value
