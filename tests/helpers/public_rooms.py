"""The rooms whose public names are `ki.room.Name`."""

__all__ = ["ROOMS"]

ROOMS = (
    "callbacks",
    "derivatives",
    "diagnostics",
    "geometry",
    "networks",
    "optimizers",
    "problems",
    "solvers",
)
