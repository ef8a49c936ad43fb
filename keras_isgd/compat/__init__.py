"""Every private name of Keras, TensorFlow and TFP that this package cannot avoid.

No module outside this room may use one; they call `compat.function(...)`. Each function
wraps a single private name and says why no public one serves:

    keras.py        layers, models, symbolic tensors, optimizers
    tensorflow.py   graphs, gradients under XLA, datasets, profiles
    probability.py  L-BFGS

To add one: write a function in the file of its library, whose docstring says what the
private name gives and why there is no public one, list it here, and add its owner and
name to `PRIVATE` in tests/test_compat.py, which fails with a sentence when a new
version drops the name. pyproject.toml bounds the versions of the packages named here
from above; raise a bound once these tests pass with the new version.
"""

from keras_isgd.compat.keras import (
    AutoJit,
    build_from_batch,
    built_variables,
    check_known,
    compute_loss,
    evaluates_within_fit,
    flatten_layers,
    has_compiled_metrics,
    has_loss_weights,
    keras_mask,
    loss_tracker,
    moving_averages,
    overwrite_with_averages,
    producer,
    set_initial_epoch,
    set_learning_rate_variable,
    takes_training,
    update_averages,
)
from keras_isgd.compat.probability import tfp_lbfgs
from keras_isgd.compat.tensorflow import (
    NOT_INLINED,
    body_of,
    dataset_inputs,
    dataset_kind,
    has_begun,
    has_kernel,
    hlo_module,
    op_determinism_enabled,
    register_xla_gradients,
    xspace,
)

__all__ = [
    "NOT_INLINED",
    "AutoJit",
    "body_of",
    "build_from_batch",
    "built_variables",
    "check_known",
    "compute_loss",
    "dataset_inputs",
    "dataset_kind",
    "evaluates_within_fit",
    "flatten_layers",
    "has_begun",
    "has_compiled_metrics",
    "has_kernel",
    "has_loss_weights",
    "hlo_module",
    "keras_mask",
    "loss_tracker",
    "moving_averages",
    "op_determinism_enabled",
    "overwrite_with_averages",
    "producer",
    "register_xla_gradients",
    "set_initial_epoch",
    "set_learning_rate_variable",
    "takes_training",
    "tfp_lbfgs",
    "update_averages",
    "xspace",
]
