"""1-D Poisson equation, smooth and two-scale solutions (Eq. 9, Figure 1)."""

from collections.abc import Sequence

import common

import keras_isgd as ki

PAPER = {
    "solution": "u_H",
    "learning_rate": 0.1,
    "k0": 10_000,
    "k1": 100,
    "k2": 0,
    "adam_rate": 0.001,
    "width": 200,
    "depth": 5,
    "input_scale": None,
    "boundary_weight": 1.0,
    "points": (1000,),
    "seconds": None,
}
SHORT = {
    "solution": "u_L",
    "learning_rate": 0.1,
    "k0": 60,
    "k1": 100,
    "k2": 6_000,
    "adam_rate": 0.003,
    "width": 30,
    "depth": 3,
    "input_scale": 6.0,
    "boundary_weight": 100.0,
    "points": (300,),
    "seconds": 90.0,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains "ISGD, Adam" (Algorithm 1); with `--full`, as in the paper."""
    parser = common.algorithm_1(__doc__)
    parser.add_argument("--solution", choices=("u_L", "u_H"), help="of Eq. 9")
    options = common.parse(parser, arguments, SHORT, PAPER)

    problem = ki.problems.Poisson1D(options.solution)
    model = common.model_of(problem, options)
    points = problem.points(*options.points, resample=False, seed=options.seed)
    inner = ki.solvers.Adam(options.adam_rate, steps=options.k1)
    optimizer = ki.ISGD(options.learning_rate, inner=inner)
    common.train("poisson_1d", model, optimizer, points, options)


if __name__ == "__main__":
    main()
