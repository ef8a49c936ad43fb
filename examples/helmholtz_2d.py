"""2-D Helmholtz equation, k = 4 (Eq. 21, Figure 4)."""

import common

import keras_isgd as ki


def main(arguments=None):
    """Trains "ISGD, Adam" (Algorithm 1) with the paper's settings."""
    parser = common.parser(
        __doc__,
        learning_rate=0.5,
        k0=5000,
        k1=100,
        k2=50_000,
        adam_rate=5e-4,
        width=100,
        depth=6,
    )
    options = parser.parse_args(arguments)

    problem = ki.problems.Helmholtz2D(k=4.0)
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
    common.train("helmholtz_2d", model, optimizer, points, options)


if __name__ == "__main__":
    main()
