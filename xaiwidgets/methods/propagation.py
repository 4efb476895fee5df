"""The forward pass of LRP: every operation gets its rule, normalization is merged, the first layer is known."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map
from torch.utils.weak import WeakTensorKeyDictionary

from xaiwidgets.backward import Call, UnknownOperationError
from xaiwidgets.interception import Interception
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.inputs import check_baseline
from xaiwidgets.methods.linear_layer import LinearLayer
from xaiwidgets.methods.lrp_input_rules import ZBox
from xaiwidgets.methods.lrp_other_rules import OTHER_RULES, WinnerTakesAll
from xaiwidgets.operations import SHAPE_ONLY

Bounds = tuple[Tensor, Tensor]
POINTWISE = ("scale", "relu", "batch_norm")


class Propagation(Interception):
    """Intercepts a forward pass for LRP.

    Args:
        composite: the rules.
        x: the tensor that enters the model.
        note: called on the way back with each call, its rule's name, the relevance at its output and at its inputs.
    """

    def __init__(self, composite: Composite, x: Tensor, note: Callable[..., None] | None = None) -> None:
        rules = {
            **OTHER_RULES,
            "linear": self._linear,
            "convolution": self._linear,
            "max_pool": self._max_pool,
            **composite.operations,
        }
        self.composite, self.note = composite, note
        native = set()
        if note is None and rules["max_pool"] == self._max_pool and isinstance(composite.pooling, WinnerTakesAll):
            native.add("max_pool")  # its gradient is the rule, without a second forward pass
            del rules["max_pool"]
        super().__init__({name: self._noted(rule) for name, rule in rules.items()}, native=native, refuse=refused)
        self.bounds = WeakTensorKeyDictionary()  # tensors that are the input but for constants -> their bounds
        if composite.first is not None or _boxes(composite):
            self.bounds[x] = bounds_of(composite, x)
        self.first: dict[Call, Bounds] = {}

    def __torch_function__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        output = super().__torch_function__(function, types, args, kwargs)
        if isinstance(output, Tensor) and self._is_input(args):
            self._follow(function, args, kwargs or {}, output)
        return output

    def attach(self, call: Call, rule: Any, inputs: list[Tensor]) -> Tensor:
        """Run `call` with its rule; a normalization that follows a linear layer becomes part of it."""
        if call.operation == "batch_norm":
            if call.arguments.get("training") or call.arguments.get("running_mean") is None:
                raise UnknownOperationError(
                    f"model normalizes by the batch's own statistics in layer {call.layer!r}; LRP needs running ones"
                )
            merged = self._merged(call, inputs[0])
            if merged is not None:
                call, inputs = merged
        if call.operation in ("linear", "convolution") and inputs[0] in self.bounds:
            self.first[call] = self.bounds[inputs[0]]
        if self.note is None and call.operation == "relu" and "relu" not in self.composite.operations:
            return self._passed_straight(call, inputs)
        return super().attach(call, self.rules[call.operation], inputs)

    def _passed_straight(self, call: Call, inputs: list[Tensor]) -> Tensor:
        """A ReLU that passes relevance on unchanged: its value is put into a copy of its input, unseen by autograd."""
        (x,) = inputs
        if call.in_place:
            self.save(x)
        output = x if call.in_place else x.clone()
        with torch.no_grad():
            output.relu_()
        self.producers[output] = call, inputs
        return output

    def _is_input(self, args: tuple) -> bool:
        return len(self.bounds) > 0 and any(isinstance(each, Tensor) and each in self.bounds for each in args)

    def _follow(self, function: Callable, args: tuple, kwargs: dict, output: Tensor) -> None:
        """Keep the bounds of a tensor that is still the input, value by value: moved, scaled, cut at zero."""
        made_by = self.producers.get(output)
        if function in SHAPE_ONLY or (made_by is not None and made_by[0].operation in POINTWISE):
            inner = [tree_map(lambda v, end=end: self._end(v, end), (args, kwargs)) for end in (0, 1)]
            self.bounds[output] = tuple(function(*given, **named) for given, named in inner)
        else:
            self.bounds.pop(output, None)

    def _end(self, value: Any, end: int) -> Any:
        is_input = isinstance(value, Tensor) and value in self.bounds
        return self.bounds[value][end].clone() if is_input else value

    def _merged(self, call: Call, arriving: Tensor) -> tuple[Call, list[Tensor]] | None:
        """The linear layer before a normalization, with the normalization in its weights: `γ / σ (W x + b - μ) + β`."""
        before, inputs = self.producers.get(arriving, (None, []))
        if before is None or before.operation not in ("linear", "convolution") or "transpose" in before.function:
            return None
        given, weight = call.arguments, before.arguments["weight"]
        scale = (given["running_var"] + given.get("eps", 1e-5)).rsqrt()
        scale = scale if given.get("weight") is None else scale * given["weight"]
        bias = before.arguments.get("bias")
        shift = -given["running_mean"] * scale if bias is None else (bias - given["running_mean"]) * scale
        shift = shift if given.get("bias") is None else shift + given["bias"]
        arguments = {**before.arguments, "weight": weight * scale.view(-1, *[1] * (weight.ndim - 1)), "bias": shift}
        value = arriving.detach()
        merged = replace(before, output=value, arguments=arguments, run=lambda *_: call.run(value))
        return merged, inputs

    def _linear(self, call: Call, relevance: Tensor) -> tuple[Tensor]:
        rule = self.rule_of(call)
        return (rule.propagate(LinearLayer(call, *self.first.get(call, (None, None))), relevance),)

    def rule_of(self, call: Call) -> Any:
        """The rule of a linear layer."""
        return self.composite.rule_of(call, call in self.first)

    def _max_pool(self, call: Call, relevance: Tensor) -> tuple[Tensor]:
        return (self.composite.pooling.propagate(call, relevance),)

    def _name(self, call: Call) -> str:
        if call.operation in ("linear", "convolution"):
            return type(self.rule_of(call)).__name__
        return type(self.composite.pooling).__name__ if call.operation == "max_pool" else call.operation

    def _noted(self, rule: Any) -> Any:
        if self.note is None:
            return rule

        def noted(call: Call, relevance: Tensor) -> tuple[Tensor, ...]:
            passed = rule(call, relevance)
            self.note(call, self._name(call), relevance, passed)
            return passed

        return noted


def _boxes(composite: Composite) -> list[ZBox]:
    rules = (composite.first, composite.convolution, composite.dense, *composite.layers.values())
    return [rule for rule in rules if isinstance(rule, ZBox)]


def bounds_of(composite: Composite, x: Tensor) -> Bounds:
    """The bounds of the model's input that the composite's `ZBox` names, checked.

    Raises:
        ValueError: if `x` has values outside.
    """
    boxes, x = _boxes(composite), x.detach()
    if not boxes:
        return x, x  # nobody asks for them
    low, high = (check_baseline(getattr(boxes[0], name), x, name) for name in ("low", "high"))
    if (outside := int(((x < low) | (x > high)).sum())) or (low > high).any():
        raise ValueError(
            f"low and high of ZBox must contain x: {float(low.min()):g} to {float(high.max()):g} given, x goes from "
            f"{float(x.min()):g} to {float(x.max()):g} ({outside} values outside); pass the range of your data"
        )
    return low, high


def refused(operation: str, layer: str) -> UnknownOperationError:
    """The error for an operation without a rule."""
    advice = {
        "softmax": "Explain the logits: leave the softmax out of the model. ",
        "multiply": "It does not share out a product of two values that both depend on the input. ",
    }.get(operation, "")
    where = f"layer {layer!r}" if layer else "the model itself"
    return UnknownOperationError(
        f"LRP has no rule for the operation {operation!r}, met in {where}. {advice}To add one: "
        f"Composite(…, operations={{{operation!r}: rule}}) with rule(call, relevance) -> (relevance of each input,)"
    )
