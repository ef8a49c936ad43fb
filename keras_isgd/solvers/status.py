"""How a step ended, as a number and as a sentence."""

import enum

import tensorflow as tf

__all__ = ["Status", "is_taken"]


class Status(enum.IntEnum):
    """Why a step ended as it did. `str(status)` is a sentence.

    `status.taken` tells whether the step moved the weights.
    """

    SOLVED = 0
    OUT_OF_STEPS = 1
    STALLED = 2
    EXPLICIT = 3
    NOT_FINITE_START = 4
    NOT_FINITE = 5
    NO_DECREASE = 6
    BAD_LEARNING_RATE = 7
    LOWERED = 8
    CONVERGED = 9
    STEPPED_BACK = 10

    @property
    def taken(self) -> bool:
        """Whether the step moved the weights."""
        return self not in _NOT_TAKEN

    def __str__(self) -> str:
        return _SENTENCES[self]


_NOT_TAKEN = frozenset(
    {
        Status.NOT_FINITE_START,
        Status.NOT_FINITE,
        Status.NO_DECREASE,
        Status.BAD_LEARNING_RATE,
        Status.CONVERGED,
    }
)

_SENTENCES = {
    Status.SOLVED: "The inner solver met its tolerance.",
    Status.OUT_OF_STEPS: (
        "The inner solver lowered the loss and used all its steps before it met its "
        "tolerance."
    ),
    Status.STALLED: (
        "The inner solver found no further decrease; the best point was taken."
    ),
    Status.EXPLICIT: "An explicit step of a gradient optimizer was taken.",
    Status.NOT_FINITE_START: (
        "The loss or its gradient is NaN or infinite at the present weights; "
        "they stay. Check the points, the data and the weights."
    ),
    Status.NOT_FINITE: (
        "The inner solver met NaN or infinity before any decrease; the weights "
        "stay. Try a smaller learning rate."
    ),
    Status.NO_DECREASE: (
        "The inner solver found no point with a smaller loss; the weights stay. "
        "Try more inner steps or a smaller inner learning rate."
    ),
    Status.BAD_LEARNING_RATE: (
        "The learning rate (alpha) is not a positive finite number; the weights "
        "stay. Check the schedule or the callback that sets it."
    ),
    Status.LOWERED: "The step lowered the loss.",
    Status.CONVERGED: (
        "The loss cannot be lowered further in this precision: what a step could "
        "still gain is below the rounding of the loss; the weights stay."
    ),
    Status.STEPPED_BACK: (
        "The last step was taken back: on the present points the loss was much lower "
        "before it, and no step from there was found."
    ),
}


def is_taken(status: tf.Tensor) -> tf.Tensor:
    """Tells for a status in a graph whether the step moved the weights.

    Args:
        status: a `Status` as an int32 scalar.
    """
    return ~tf.reduce_any(tf.equal(status, [int(s) for s in sorted(_NOT_TAKEN)]))
