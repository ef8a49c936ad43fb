"""Decay of the loss on the stiff quadratic: explicit against implicit (Eq. 7 and 8)."""

import keras
import numpy as np

import keras_isgd as ki


def main():
    """Prints theory and measurement of the loss ratio of one step."""
    print("    alpha    GD, Eq. 7    GD, seen   ISGD, Eq. 8   ISGD, seen")
    for alpha in 10.0 ** np.arange(-5, 6):
        # The bounds are attained along one direction each: Eq. 7's along the one whose
        # factor |1 - alpha K| is larger, Eq. 8's along the slow one.
        slow_first = abs(1 - alpha * 1e-4) > abs(1 - alpha * 1e4)
        start = (1.0, 0.0) if slow_first else (0.0, 1.0)
        stiff = ki.problems.StiffQuadratic((1e-4, 1e4), start=start)
        before = float(stiff.loss())
        sgd = keras.optimizers.SGD(float(alpha))
        sgd.apply([stiff.curvatures * stiff.theta.value], [stiff.theta])
        explicit = float(stiff.loss()) / before

        slow = ki.problems.StiffQuadratic((1e-4, 1e4), start=(1.0, 0.0))
        before = float(slow.loss())
        ki.ISGD(float(alpha), inner="lbfgs").minimize(slow.objective())
        implicit = float(slow.loss()) / before
        print(
            f"{alpha:9.0e}{stiff.explicit_ratio(alpha):13.4e}{explicit:12.4e}"
            f"{slow.implicit_ratio(alpha):14.6e}{implicit:13.6e}"
        )


if __name__ == "__main__":
    main()
