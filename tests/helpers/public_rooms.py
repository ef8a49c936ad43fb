"""The rooms whose public names are `ki.room.Name`."""

__all__ = ["ROOMS"]

ROOMS = (
    "callbacks",
    "derivatives",
    "diagnostics",
    "figures",
    "geometry",
    "networks",
    "optimizers",
    "problems",
    "solvers",
)
