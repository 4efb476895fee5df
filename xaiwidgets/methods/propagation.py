"""The forward pass of LRP: every operation gets its rule, normalization is merged, the first layer is known."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from xaiwidgets.backward import Call, UnknownOperationError
from xaiwidgets.interception import Interception
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.deeplift_rules import own_statistics
from xaiwidgets.methods.input_bounds import Bounds, InputBounds
from xaiwidgets.methods.linear_layer import LinearLayer
from xaiwidgets.methods.lrp_input_rules import ZBox
from xaiwidgets.methods.lrp_other_rules import OTHER_RULES, WinnerTakesAll, passed_on
from xaiwidgets.operations import operation_of, resolved


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
        boxes = _boxes(composite)
        self.input = InputBounds(x, boxes) if composite.first is not None or boxes else None
        self.first: dict[Call, Bounds] = {}
        self.served: set[str] = set()  # layers with a rule by name that was asked for

    def __torch_function__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if self.input is None or not self.input.sees(args, kwargs):
            return super().__torch_function__(function, types, args, kwargs)
        operation = operation_of(function, args, kwargs)
        name = "" if operation[0] is None else resolved(*operation)[0].name
        follows = self.input.keeps(function, name)
        ends = self.input.moved(function, args, kwargs) if follows else []  # before the call, which may write
        output = super().__torch_function__(function, types, args, kwargs)
        if follows:
            self.input.keep(output, ends)
        return output

    def attach(self, call: Call, rule: Any, inputs: list[Tensor]) -> Tensor:
        """Run `call` with its rule; a normalization that follows a linear layer becomes part of it."""
        if call.operation == "batch_norm":
            if own_statistics(call):
                raise UnknownOperationError(
                    f"model normalizes by the batch's own statistics in layer {call.layer!r}; LRP needs running ones"
                )
            merged = self._merged(call, inputs[0])
            if merged is not None:
                call, inputs = merged
        bounds = None if self.input is None else self.input.of(inputs[0])
        if call.operation in ("linear", "convolution") and bounds is not None:
            self.first[call] = bounds
        passes = self.rules[call.operation] is passed_on  # and nobody wants to know of it
        if passes and (call.operation != "scale" or call.run(inputs[0].detach()).shape == inputs[0].shape):
            return self._passed_straight(call, inputs)
        return super().attach(call, self.rules[call.operation], inputs)

    def _passed_straight(self, call: Call, inputs: list[Tensor]) -> Tensor:
        """One value in, one out, relevance unchanged: the value is put into a copy of the input, unseen by autograd."""
        (x,) = inputs
        if call.in_place:
            self.save(x)
        output = x if call.in_place else x.clone()
        with torch.no_grad():
            output.relu_() if call.operation == "relu" else output.copy_(call.run(x))
        self.producers[output] = call, [], output._version
        return output

    def _merged(self, call: Call, arriving: Tensor) -> tuple[Call, list[Tensor]] | None:
        """The linear layer before a normalization, with the normalization in its weights: `γ / σ (W x + b - μ) + β`."""
        before, inputs = self.made_by(arriving)
        if before is None or before.operation not in ("linear", "convolution") or "transpose" in before.function:
            return None
        if before.operation == "linear" and arriving.ndim != 2:
            return None  # BatchNorm goes by the second axis, which is not that of the layer's outputs
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
        if (name := self.composite.name_for(call)) is not None:
            self.served.add(name)
        return self.composite.rule_of(call, call in self.first)

    def check(self) -> None:
        """Raise an error if a rule of the composite had nothing to serve: it would have changed nothing.

        Raises:
            ValueError: naming the rule.
        """
        if idle := [name for name in self.composite.layers if name not in self.served]:
            raise ValueError(
                f"rules: nothing that takes a rule passes relevance in layer {idle[0]!r}; name layers with weights "
                "(a BatchNorm is merged into the layer before it)"
            )
        if self.composite.first is not None and not self.first:
            raise ValueError(
                "rules has a rule for the first layer, but no layer with weights sees the model's input, moved, scaled "
                "or pooled; name the layer: Composite.with_layers({name: rule})"
            )

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
