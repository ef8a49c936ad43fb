"""2-D Helmholtz equation, k = 4 (Eq. 21, Figure 4)."""

from collections.abc import Sequence

import common

import keras_isgd as ki

PAPER = {
    "learning_rate": 0.5,
    "k0": 5_000,
    "k1": 100,
    "k2": 50_000,
    "adam_rate": 0.0005,
    "width": 100,
    "depth": 6,
    "input_scale": None,
    "boundary_weight": 1.0,
    "points": (4000, 400),
    "seconds": None,
}
SHORT = {
    "learning_rate": 0.5,
    "k0": 30,
    "k1": 100,
    "k2": 6_000,
    "adam_rate": 0.003,
    "width": 30,
    "depth": 3,
    "input_scale": 4.0,
    "boundary_weight": 100.0,
    "points": (600, 120),
    "seconds": 90.0,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains "ISGD, Adam" (Algorithm 1); with `--full`, as in the paper."""
    parser = common.algorithm_1(__doc__)
    options = common.parse(parser, arguments, SHORT, PAPER)

    problem = ki.problems.Helmholtz2D(k=4.0)
    model = common.model_of(problem, options)
    points = problem.points(*options.points, resample=False, seed=options.seed)
    inner = ki.solvers.Adam(options.adam_rate, steps=options.k1)
    optimizer = ki.ISGD(options.learning_rate, inner=inner)
    common.train("helmholtz_2d", model, optimizer, points, options)


if __name__ == "__main__":
    main()
