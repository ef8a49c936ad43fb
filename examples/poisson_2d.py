"""2-D Poisson equation with a multi-scale solution (Eq. 20, Figure 3)."""

import common

import keras_isgd as ki


def main(arguments=None):
    """Trains "ISGD, Adam" (Algorithm 1) with the paper's settings."""
    parser = common.parser(
        __doc__,
        learning_rate=0.5,
        k0=10_000,
        k1=100,
        k2=100_000,
        adam_rate=5e-4,
        width=100,
        depth=6,
    )
    options = parser.parse_args(arguments)

    problem = ki.problems.Poisson2D()
    network = ki.networks.mlp(
        inputs=len(problem.coordinates),
        width=options.width,
        depth=options.depth,
        seed=options.seed,
    )
    model = ki.PINN(network, problem)
    points = problem.points(4000, 400, resample=False, seed=options.seed)
    inner = ki.solvers.Adam(options.adam_rate, steps=options.k1)
    optimizer = ki.ISGD(options.learning_rate, inner=inner)
    common.train("poisson_2d", model, optimizer, points, options)


if __name__ == "__main__":
    main()
