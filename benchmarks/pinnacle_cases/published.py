"""Published relative L2 errors on PINNacle's problems, means of three runs.

Source: Hao et al., PINNacle, table 3 of the version of September 2023
(openreview.net/forum?id=ApjY32f3Xr). NaN did not converge, "-" was not run.
"""

import math

__all__ = ["METHODS", "PUBLISHED", "best_published"]

METHODS = (
    "PINN",
    "PINN-w",
    "L-BFGS",
    "LRA",
    "NTK",
    "RAR",
    "MultiAdam",
    "gPINN",
    "vPINN",
    "LAAF",
    "GAAF",
    "FBPINN",
)

_ROWS = {
    "Burgers 1d-C": (
        "1.45E-2 2.63E-2 1.33E-2 2.61E-2 1.84E-2 3.32E-2 "
        "4.85E-2 2.16E-1 3.47E-1 1.43E-2 5.20E-2 2.32E-1"
    ),
    "Burgers 2d-C": (
        "3.24E-1 2.70E-1 4.65E-1 2.60E-1 2.75E-1 3.45E-1 "
        "3.33E-1 3.27E-1 6.38E-1 2.77E-1 2.95E-1 -"
    ),
    "Poisson 2d-C": (
        "6.94E-1 3.49E-2 NaN 1.17E-1 1.23E-2 6.99E-1 "
        "2.63E-2 6.87E-1 4.91E-1 7.68E-1 6.04E-1 4.49E-2"
    ),
    "Poisson 2d-CG": (
        "6.36E-1 6.08E-2 2.96E-1 4.34E-2 1.43E-2 6.48E-1 "
        "2.76E-1 7.92E-1 2.86E-1 4.80E-1 8.71E-1 2.90E-2"
    ),
    "Poisson 3d-CG": (
        "5.60E-1 3.74E-1 7.05E-1 1.02E-1 9.47E-1 5.76E-1 "
        "3.63E-1 4.85E-1 7.38E-1 5.79E-1 5.02E-1 7.39E-1"
    ),
    "Poisson 2d-MS": (
        "6.30E-1 7.60E-1 1.45E+0 7.94E-1 7.48E-1 6.44E-1 "
        "5.90E-1 6.16E-1 9.72E-1 5.93E-1 9.31E-1 1.04E+0"
    ),
    "Heat 2d-VC": (
        "1.01E+0 2.35E-1 2.32E-1 2.12E-1 2.14E-1 9.66E-1 "
        "4.75E-1 2.12E+0 9.40E-1 6.42E-1 8.49E-1 9.52E-1"
    ),
    "Heat 2d-MS": (
        "6.21E-2 2.42E-1 1.73E-2 8.79E-2 4.40E-2 7.49E-2 "
        "2.18E-1 1.13E-1 9.30E-1 7.40E-2 9.85E-1 8.20E-2"
    ),
    "Heat 2d-CG": (
        "3.64E-2 1.45E-1 8.57E-1 1.25E-1 1.16E-1 2.72E-2 "
        "7.12E-2 9.38E-2 - 2.39E-2 4.61E-1 9.16E-2"
    ),
    "Heat 2d-LT": (
        "9.99E-1 9.99E-1 1.00E+0 9.99E-1 1.00E+0 9.99E-1 "
        "1.00E+0 1.00E+0 1.00E+0 9.99E-1 9.99E-1 1.01E+0"
    ),
    "NS 2d-C": (
        "4.70E-2 1.45E-1 2.14E-1 NaN 1.98E-1 4.69E-1 "
        "7.27E-1 7.70E-2 2.92E-1 3.60E-2 3.79E-2 8.45E-2"
    ),
    "NS 2d-CG": (
        "1.19E-1 3.26E-1 NaN 3.32E-1 2.93E-1 3.34E-1 "
        "4.31E-1 1.54E-1 9.94E-1 8.24E-2 1.74E-1 8.27E+0"
    ),
    "NS 2d-LT": (
        "9.96E-1 1.00E+0 9.70E-1 1.00E+0 9.99E-1 1.00E+0 "
        "1.00E+0 9.95E-1 1.73E+0 9.98E-1 9.99E-1 1.00E+0"
    ),
    "Wave 1d-C": (
        "5.88E-1 2.85E-1 NaN 3.61E-1 9.79E-2 5.39E-1 "
        "1.21E-1 5.56E-1 8.39E-1 4.54E-1 6.77E-1 5.91E-1"
    ),
    "Wave 2d-CG": (
        "1.84E+0 1.66E+0 1.33E+0 1.48E+0 2.16E+0 1.15E+0 "
        "1.09E+0 8.14E-1 7.99E-1 8.19E-1 7.94E-1 1.06E+0"
    ),
    "Wave 2d-MS": (
        "1.34E+0 1.02E+0 1.37E+0 1.02E+0 1.04E+0 1.35E+0 "
        "1.01E+0 1.02E+0 9.82E-1 1.06E+0 1.06E+0 1.03E+0"
    ),
    "GS": (
        "3.19E-1 1.58E-1 NaN 9.37E-2 2.16E-1 9.46E-2 "
        "9.37E-2 2.48E-1 1.16E+0 9.47E-2 9.46E-2 7.99E-2"
    ),
    "KS": (
        "1.01E+0 9.86E-1 NaN 9.57E-1 9.64E-1 1.01E+0 "
        "9.61E-1 9.94E-1 9.72E-1 1.01E+0 1.00E+0 1.02E+0"
    ),
    "PNd": (
        "3.04E-3 2.58E-3 4.67E-4 4.58E-4 4.64E-3 3.59E-3 "
        "3.98E-3 5.05E-3 - 4.14E-3 7.75E-3 -"
    ),
    "HNd": (
        "3.61E-1 4.59E-1 1.19E-4 3.94E-1 3.97E-1 3.57E-1 "
        "3.02E-1 3.17E-1 - 5.22E-1 5.21E-1 -"
    ),
    "PInv": (
        "9.42E-2 1.66E-1 NaN 1.54E-1 1.93E-1 9.35E-2 "
        "1.30E-1 8.03E-2 1.96E-2 1.30E-1 2.54E-1 8.44E-1"
    ),
    "HInv": (
        "1.57E+0 5.26E-2 NaN 5.09E-2 7.52E-2 1.52E+0 "
        "8.04E-2 4.84E+0 1.19E-2 5.59E-1 2.12E-1 9.27E-1"
    ),
}

PUBLISHED: dict[str, dict[str, float]] = {
    name: {
        method: math.nan if word in ("-", "NaN") else float(word)
        for method, word in zip(METHODS, row.split(), strict=True)
    }
    for name, row in _ROWS.items()
}


def best_published(paper: str) -> tuple[float, str]:
    """Returns the smallest published error on a problem, and which method has it."""
    known = {m: e for m, e in PUBLISHED[paper].items() if not math.isnan(e)}
    method = min(known, key=known.__getitem__)
    return known[method], method
