"""How Keras layers carry derivatives along: one rule for each kind of layer."""

import functools
import operator
from collections.abc import Callable
from typing import Any

import keras

from keras_isgd import compat
from keras_isgd.derivatives import activations
from keras_isgd.derivatives.activations import derivatives_of, linear
from keras_isgd.derivatives.jet import Jet

__all__ = ["Unsupported", "is_layered", "register_rule", "through"]

# rule(layer, jet, ...) -> Jet
Rule = Callable[..., Jet]

_RULES: dict[type, Rule] = {}


class Unsupported(Exception):
    """A network that Taylor mode cannot pass; the message names the reason."""


def register_rule(layer_class: type) -> Callable[[Rule], Rule]:
    """Registers the Taylor rule of a layer class; a decorator.

    Args:
        layer_class: a `keras.layers.Layer` class. Its subclasses need rules of
            their own.

    Example, for a layer that multiplies by a trained `self.gain`:

        @ki.derivatives.register_rule(Gain)
        def gain(layer, jet):
            return jet.scale(layer.gain)

    The rule is `rule(layer, jet, ...)` with one `Jet` for each input and returns a
    `Jet`. Weights that enter by `jet.affine` and `jet.scale` as variables are part
    of the fast residual Jacobian too.
    """

    def register(rule: Rule) -> Rule:
        _RULES[layer_class] = rule
        return rule

    return register


def through(network: keras.Model, jet: Jet) -> Jet:
    """Sends a jet of the coordinates through a network.

    Args:
        network: a functional or Sequential `keras.Model` of one input and one output.
        jet: `Jet` of `(n, d)`.

    Returns:
        `Jet` of `(n, outputs)`.

    Raises:
        Unsupported: a layer without a rule.
    """
    if not is_layered(network):
        raise Unsupported(
            f"{network.name!r} ({type(network).__name__}) is neither a functional nor "
            "a Sequential model"
        )
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise Unsupported(f"{network.name!r} has several inputs or outputs")
    takes = network.inputs[0].dtype
    if takes != jet.value.dtype.name:
        raise Unsupported(f"{network.name!r} casts its input to {takes}")
    if type(network).call is keras.Sequential.call:
        for layer in network.layers:
            jet = _apply(layer, [jet])
        return jet
    done = {id(network.inputs[0]): jet}
    return _evaluate(network.outputs[0], done)


def is_layered(network: Any) -> bool:
    """Tells whether a network is its layers: functional or Sequential, as they are."""
    call = getattr(type(network), "call", None)
    return call in (keras.Sequential.call, _functional_class().call)


def _evaluate(tensor: keras.KerasTensor, done: dict[int, Jet]) -> Jet:
    if id(tensor) not in done:
        operation, arguments = compat.producer(tensor)
        inputs = _inputs(operation, arguments)
        done[id(tensor)] = _apply(
            operation,
            [
                _evaluate(i, done) if isinstance(i, keras.KerasTensor) else i
                for i in inputs
            ],
        )
    return done[id(tensor)]


def _inputs(operation: keras.Operation, arguments: Any) -> list:
    given = {k: v for k, v in arguments.kwargs.items() if v is not None}
    given.pop("training", None)
    if given:
        raise Unsupported(f"{operation.name!r} is called with {', '.join(given)}")
    args = arguments.args
    if len(args) == 1:
        args = args[0] if isinstance(args[0], (list, tuple)) else [args[0]]
    return list(args)


def _apply(operation: keras.Operation, inputs: list) -> Jet:
    kind = type(operation)
    if kind is keras.layers.InputLayer:
        return inputs[0]
    rule = _RULES.get(kind) or _operators().get(kind)
    if rule is None and isinstance(operation, keras.Model):
        return through(operation, *inputs)
    dtype = next(jet.value.dtype for jet in inputs if isinstance(jet, Jet))
    computes_in = getattr(operation, "compute_dtype", dtype.name)
    if computes_in != dtype.name:
        raise Unsupported(f"{operation.name!r} computes in {computes_in}")
    if getattr(operation, "activity_regularizer", None) is not None:
        raise Unsupported(f"{operation.name!r} has an activity regulariser")
    if rule is None:
        raise Unsupported(f"{operation.name!r} ({kind.__name__}) has no Taylor rule")
    return rule(operation, *inputs)


@functools.cache
def _functional_class() -> Any:
    x = keras.Input((1,))
    return type(keras.Model(x, keras.layers.Identity()(x)))


@functools.cache
def _operators() -> dict[type, Rule]:
    """Rules for what may stand between tensors of a functional model: +, sin, ..."""
    x = keras.Input((2,))
    reciprocal = activations.reciprocal

    def divide(_: Any, a: Any, b: Any) -> Jet:
        if not isinstance(b, Jet):
            return a.scale(1.0 / _fixed(b))
        return _combine(a, b.compose(reciprocal), Jet.__mul__, Jet.scale)

    def raise_to(operation: keras.Operation, a: Any, b: Any) -> Jet:
        if not isinstance(a, Jet) or not isinstance(b, (int, float)):
            raise Unsupported(f"{operation.name!r} has an exponent that is no number")
        return a.compose(activations.power(b))

    kinds: dict[Callable, Rule] = {
        operator.add: lambda _, a, b: _combine(a, b, Jet.__add__, Jet.shift),
        operator.sub: lambda _, a, b: _subtract(a, b),
        operator.mul: lambda _, a, b: _combine(a, b, Jet.__mul__, Jet.scale),
        operator.truediv: divide,
        operator.pow: raise_to,
    }
    rules: dict[type, Rule] = {
        type(compat.producer(f(x, x))[0]): rule for f, rule in kinds.items()
    }
    rules[type(compat.producer(x[:, 0:1])[0])] = _item
    rules[type(compat.producer(keras.ops.concatenate([x, x], axis=1))[0])] = _joined
    rules[type(compat.producer(-x)[0])] = lambda _, jet: jet.scale(-1.0)
    for function in activations.ELEMENTWISE:
        kind = type(compat.producer(function(x))[0])
        rules[kind] = functools.partial(_elementwise, function)
    return rules


def _item(operation: keras.Operation, jet: Jet, key: Any) -> Jet:
    """Columns by x[:, 0:1], which keeps them."""
    keys = tuple(key) if isinstance(key, (list, tuple)) else (key,)
    if Ellipsis in keys and len(keys) == 2:
        keys = (slice(None), keys[1])
    columns = keys[1] if len(keys) == 2 else slice(None)
    if keys[0] != slice(None) or not isinstance(columns, slice) or len(keys) > 2:
        raise Unsupported(f"{operation.name!r} takes other than columns, as x[:, 0:1]")
    return jet.take(range(jet.units)[columns])


def _combine(left: Any, right: Any, both: Rule, one: Rule) -> Jet:
    if not isinstance(left, Jet):
        left, right = right, left
    return both(left, right) if isinstance(right, Jet) else one(left, _fixed(right))


def _subtract(left: Any, right: Any) -> Jet:
    if isinstance(left, Jet) and isinstance(right, Jet):
        return left - right
    if isinstance(left, Jet):
        return left.shift(-_fixed(right))
    return right.scale(-1.0).shift(_fixed(left))


def _fixed(value: Any) -> Any:
    """A number or array beside a jet; a variable there would escape the Jacobian."""
    if hasattr(value, "assign"):
        raise Unsupported("a variable is used outside a layer")
    return value


def _elementwise(function: Callable, operation: keras.Operation, jet: Jet) -> Jet:
    formulas = derivatives_of(function)
    if formulas is None:
        name = getattr(function, "__name__", function)
        raise Unsupported(
            f"the activation {name!r} of {operation.name!r} has no Taylor rule"
        )
    return jet if formulas is linear else jet.compose(formulas)


# -- the layers of Keras ------------------------------------------------------------


@register_rule(keras.layers.Dense)
def _dense(layer: keras.layers.Layer, jet: Jet) -> Jet:
    if layer.lora_enabled or getattr(layer, "quantization_mode", None):
        raise Unsupported(f"{layer.name!r} is quantised or has LoRA weights")
    jet = jet.affine(layer.kernel, layer.bias)
    return _elementwise(layer.activation, layer, jet)


@register_rule(keras.layers.Activation)
def _activation(layer: keras.layers.Layer, jet: Jet) -> Jet:
    return _elementwise(layer.activation, layer, jet)


@register_rule(keras.layers.Identity)
def _identity(layer: keras.layers.Layer, jet: Jet) -> Jet:
    return jet


@register_rule(keras.layers.Rescaling)
def _rescaling(layer: keras.layers.Layer, jet: Jet) -> Jet:
    # Cast as the layer does it, which in float64 keeps float32's digits of a number.
    scale, offset = (
        keras.ops.cast(v, layer.compute_dtype) for v in (layer.scale, layer.offset)
    )
    return jet.scale(scale).shift(offset)


@register_rule(keras.layers.Add)
def _add(layer: keras.layers.Layer, *jets: Jet) -> Jet:
    return functools.reduce(operator.add, jets)


@register_rule(keras.layers.Subtract)
def _subtraction(layer: keras.layers.Layer, left: Jet, right: Jet) -> Jet:
    return left - right


@register_rule(keras.layers.Average)
def _average(layer: keras.layers.Layer, *jets: Jet) -> Jet:
    return functools.reduce(operator.add, jets).scale(1.0 / len(jets))


@register_rule(keras.layers.Multiply)
def _multiply(layer: keras.layers.Layer, *jets: Jet) -> Jet:
    return functools.reduce(operator.mul, jets)


@register_rule(keras.layers.Concatenate)
def _joined(layer: keras.Operation, *jets: Jet) -> Jet:
    if layer.axis not in (-1, 1):
        raise Unsupported(f"{layer.name!r} concatenates along axis {layer.axis}")
    return Jet.concatenate(jets)
