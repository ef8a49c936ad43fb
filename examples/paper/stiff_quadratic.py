"""Decay of the loss on the stiff quadratic: explicit against implicit (Eq. 7 and 8)."""

import argparse
import os

import keras
import numpy as np
from matplotlib.figure import Figure

import keras_isgd as ki


def main(arguments=None):
    """Prints theory and measurement of one step's loss ratio; writes ratios.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="runs/stiff_quadratic")
    out = parser.parse_args(arguments).out
    print("This takes a few seconds.", flush=True)
    rows = []
    slow = ki.problems.StiffQuadratic((1e-4, 1e4), start=(1.0, 0.0))
    objective, isgd = slow.objective(), ki.ISGD(1.0, inner="lbfgs")
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

        slow.theta.assign([1.0, 0.0])
        before = float(slow.loss())
        isgd.learning_rate = float(alpha)
        isgd.minimize(objective)
        implicit = float(slow.loss()) / before
        print(
            f"{alpha:9.0e}{stiff.explicit_ratio(alpha):13.4e}{explicit:12.4e}"
            f"{slow.implicit_ratio(alpha):14.6e}{implicit:13.6e}"
        )
        rows.append([alpha, stiff.explicit_ratio(alpha), explicit])
        rows[-1] += [slow.implicit_ratio(alpha), implicit]
    os.makedirs(out, exist_ok=True)
    _draw(np.array(rows).T, f"{out}/ratios.png")
    print(f"Written to {out}: ratios.png")


def _draw(columns, path):
    alpha, *ratios = columns
    figure = Figure(figsize=(5.0, 3.6), layout="constrained")
    ax = figure.subplots()
    labels = ("Eq. 7 (GD)", "GD, one step", "Eq. 8 (IGD)", "ISGD, one step")
    for values, label, style in zip(ratios, labels, ("C1-", "C1o", "C0-", "C0o")):
        ax.loglog(alpha, values, style, label=label)
    ax.axhline(1.0, color="0.6", linewidth=0.8)
    ax.set_xlabel("alpha")
    ax.set_ylabel("L(n+1) / L(n)")
    ax.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
