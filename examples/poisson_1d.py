"""1-D Poisson equation, smooth and two-scale solutions (Eq. 9, Figure 1)."""

import common

import keras_isgd as ki


def main(arguments=None):
    """Trains "ISGD, Adam" (Algorithm 1) with the paper's settings."""
    parser = common.parser(
        __doc__,
        learning_rate=0.1,
        k0=10_000,
        k1=100,
        k2=0,
        adam_rate=1e-3,
        width=200,
        depth=5,
    )
    parser.add_argument("--solution", choices=("u_L", "u_H"), default="u_H")
    options = parser.parse_args(arguments)

    problem = ki.problems.Poisson1D(options.solution)
    network = ki.networks.mlp(
        inputs=len(problem.coordinates),
        width=options.width,
        depth=options.depth,
        seed=options.seed,
    )
    model = ki.PINN(network, problem)
    points = problem.points(1000, resample=False, seed=options.seed)
    inner = ki.solvers.Adam(options.adam_rate, steps=options.k1)
    optimizer = ki.ISGD(options.learning_rate, inner=inner)
    common.train("poisson_1d", model, optimizer, points, options)


if __name__ == "__main__":
    main()
