"""Singularly perturbed ODE with a boundary layer (Eq. 19, Figure 2)."""

from collections.abc import Sequence

import common

import keras_isgd as ki

PAPER = {
    "learning_rate": 0.5,
    "k0": 1_000,
    "k1": 100,
    "k2": 2_000,
    "adam_rate": 0.001,
    "width": 50,
    "depth": 4,
    "input_scale": None,
    "boundary_weight": 1.0,
    "points": (400,),
    "seconds": None,
}
SHORT = {
    "learning_rate": 0.5,
    "k0": 50,
    "k1": 100,
    "k2": 2_000,
    "adam_rate": 0.001,
    "width": 20,
    "depth": 3,
    "input_scale": 4.0,
    "boundary_weight": 100.0,
    "points": (200,),
    "seconds": 90.0,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains "ISGD, Adam" (Algorithm 1); with `--full`, as in the paper."""
    parser = common.algorithm_1(__doc__)
    parser.add_argument(
        "--eps", type=float, default=2.0, help="2 and 0.01 in the paper"
    )
    options = common.parse(parser, arguments, SHORT, PAPER)

    problem = ki.problems.SingularPerturbation(options.eps)
    model = common.model_of(problem, options)
    points = problem.points(*options.points, resample=False, seed=options.seed)
    inner = ki.solvers.Adam(options.adam_rate, steps=options.k1)
    optimizer = ki.ISGD(options.learning_rate, inner=inner)
    common.train("singular_perturbation", model, optimizer, points, options)


if __name__ == "__main__":
    main()
