"""Arguments of Keras optimizers that have no meaning for a step that is solved."""

from collections.abc import Mapping
from typing import Any

__all__ = ["REFUSED", "refuse"]

REFUSED = {
    "clipnorm": "a solved step has no gradient to clip; take a smaller "
    "`learning_rate`, which bounds the step",
    "clipvalue": "a solved step has no gradient to clip; take a smaller "
    "`learning_rate`, which bounds the step",
    "global_clipnorm": "a solved step has no gradient to clip; take a smaller "
    "`learning_rate`, which bounds the step",
    "weight_decay": "the loss must hold every term that the step minimises; give "
    "the layers a `kernel_regularizer=keras.regularizers.L2(...)`",
    "gradient_accumulation_steps": "one solve needs all its points at once; use "
    "larger batches",
    "loss_scale_factor": "a scaled loss is another problem; use float32 or float64",
}


def refuse(optimizer: str, arguments: Mapping[str, Any]) -> None:
    """Refuses what an optimizer was given beyond its own arguments.

    Args:
        optimizer: the name of its class.
        arguments: by name.

    Raises:
        TypeError: an argument that Keras optimizers do not have either.
        ValueError: one that they have and that is not None.
    """
    for key, value in arguments.items():
        if key not in REFUSED:
            raise TypeError(f"{optimizer} got an unexpected argument {key!r}.")
        if value is not None:
            raise ValueError(
                f"{optimizer} cannot honour {key}={value!r}: {REFUSED[key]}."
            )
