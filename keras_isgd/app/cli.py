"""The command line: `python -m keras_isgd list | solve | compare | sweep`."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_isgd.app import catalogue, commands, own_problem
from keras_isgd.version import __version__

__all__ = ["main"]

_EXAMPLES = """examples:
  python -m keras_isgd list
  python -m keras_isgd solve burgers --seconds 60
  python -m keras_isgd solve my_file.py:MyProblem
  python -m keras_isgd compare helmholtz2d --optimizers isgd adam lbfgs
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status.

    Args:
        arguments: list of strings; those of the process if None.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    tf.get_logger().setLevel("ERROR")
    try:
        return options.command(options)
    except (ValueError, OSError) as error:
        if options.debug:
            raise
        print(f"keras-isgd: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keras-isgd",
        description="Solve differential equations with neural networks.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"keras-isgd {__version__}"
    )
    parser.set_defaults(command=None, debug=False)
    found = parser.add_subparsers(metavar="COMMAND")
    listing = found.add_parser("list", help="show the problems and optimizers")
    listing.set_defaults(command=commands.show)
    _add_solve(found)
    _add_compare(found)
    _add_sweep(found)
    return parser


def _add_solve(found: Any) -> None:
    solve = found.add_parser(
        "solve",
        help="solve a problem by one optimizer",
        description="Solve a problem and write pictures, a report and a SavedModel.",
    )
    _add_common(solve)
    solve.add_argument(
        "--optimizer",
        choices=catalogue.OPTIMIZERS,
        default="isgd",
        help="see `list`; default: isgd",
    )
    solve.add_argument(
        "--learning-rate",
        type=float,
        metavar="A",
        help="step size: alpha of isgd and isgd-..., the rate of adam and sgd; "
        "default: isgd chooses it, 0.5 for isgd-..., the recipe's for adam and sgd",
    )
    solve.add_argument(
        "--inner-steps",
        type=int,
        metavar="K",
        help="iterations of the inner solver in each implicit step; default: 1 for "
        "isgd, 100 for isgd-adam, 50 for isgd-lbfgs and lbfgs",
    )
    solve.add_argument(
        "--hosts",
        nargs="?",
        const="",
        metavar="ADDRESSES",
        help="share the rows of the loss among processes, each started with the same "
        "command but for --task: host1:12345,host2:12345; without addresses, those of "
        "the environment variable TF_CONFIG",
    )
    solve.add_argument(
        "--task",
        type=int,
        metavar="N",
        help="with --hosts: which of them this process is; 0 writes the files",
    )
    solve.set_defaults(command=commands.solve)


def _add_compare(found: Any) -> None:
    compare = found.add_parser(
        "compare",
        help="solve a problem by several optimizers",
        description="The same network, initial weights and time for each optimizer.",
    )
    _add_common(compare)
    compare.add_argument(
        "--optimizers",
        nargs="+",
        choices=catalogue.OPTIMIZERS,
        default=list(catalogue.OPTIMIZERS),
        metavar="NAME",
        help=f"some of {', '.join(catalogue.OPTIMIZERS)}; default: all",
    )
    compare.set_defaults(command=commands.compare, learning_rate=None, inner_steps=None)


def _add_sweep(found: Any) -> None:
    many = found.add_parser(
        "sweep",
        help="solve a problem from several seeds, in several processes",
        description="One table at the end; an interrupted sweep goes on.",
    )
    many.add_argument("problem", type=_problem, metavar="PROBLEM", help="as for solve")
    many.add_argument(
        "--seeds", type=int, default=8, metavar="N", help="how many; default: 8"
    )
    many.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes at a time, which share the cores; default: 1",
    )
    many.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="of each run, compilation included; default: 60",
    )
    many.add_argument("--out", metavar="DIR", help="default: runs/NAME-sweep")
    many.add_argument(
        "--debug", action="store_true", help="show where in the code an error arose"
    )
    many.set_defaults(command=commands.sweep)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "problem",
        type=_problem,
        metavar="PROBLEM",
        help="a name that `list` shows, or a problem of your own, my_file.py:MyProblem",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="training time of each optimizer, compilation included; default: 60",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="random seed of weights and points; default: 0",
    )
    parser.add_argument(
        "--resample",
        action=argparse.BooleanOptionalAction,
        help="new points at each step, or the same; by default new ones except for "
        + " and ".join(catalogue.NEED_FIXED_POINTS),
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="where to write; default: runs/ and the problem's name, with a number if "
        "it is taken",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the run that is in DIR; other files in it stay",
    )
    parser.add_argument(
        "--devices",
        nargs="+",
        metavar="NAME",
        help="share the rows of the loss: all, or names such as GPU:0 GPU:1",
    )
    parser.add_argument(
        "--no-jit", action="store_true", help="train without XLA compilation"
    )
    parser.add_argument(
        "--debug", action="store_true", help="show where in the code an error arose"
    )


def _problem(text: str) -> str:
    if text not in catalogue.RECIPES and not own_problem.is_file(text):
        raise argparse.ArgumentTypeError(
            f"unknown problem {text!r}: expected one of "
            f"{', '.join(catalogue.RECIPES)}, or one of your own, such as "
            "my_file.py:MyProblem"
        )
    return text


if __name__ == "__main__":
    sys.exit(main())
