"""How a step ended, as a number and as a sentence."""

import enum

__all__ = ["Status"]


class Status(enum.IntEnum):
    """Why a step ended as it did. `str(status)` is a sentence.

    Statuses from `NOT_FINITE_START` on mean that the step was not taken and
    the weights are those of before.
    """

    SOLVED = 0
    OUT_OF_STEPS = 1
    STALLED = 2
    EXPLICIT = 3
    NOT_FINITE_START = 4
    NOT_FINITE = 5
    NO_DECREASE = 6
    BAD_LEARNING_RATE = 7

    @property
    def taken(self):
        """Whether the step moved the weights."""
        return self < Status.NOT_FINITE_START

    def __str__(self):
        return _SENTENCES[self]


_SENTENCES = {
    Status.SOLVED: "The inner solver met its tolerance.",
    Status.OUT_OF_STEPS: "The inner solver used all its steps.",
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
}
