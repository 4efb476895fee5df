"""What one neuron passes on to its inputs: the rule of a step, applied once more to relevance of one's own."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from xaiwidgets.explorers.lrp_layers import WEIGHTED
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.linear_layer import LinearLayer
from xaiwidgets.methods.lrp import Flow, Step
from xaiwidgets.methods.lrp_input_rules import ZBox


def rule_of(flow: Flow, step: Step, composite: Composite) -> Any:
    """The rule with which a layer with weights shared out its relevance."""
    # The last of them on the way back sees the input, as a rule; the name that the flow noted decides.
    last = step is [each for each in flow.steps if each.operation in WEIGHTED][-1]
    rules = [composite.rule_of(step.call, is_first) for is_first in (last, not last)]
    return next((rule for rule in rules if type(rule).__name__ == step.rule), rules[0])


def layer_of(flow: Flow, step: Step, rule: Any, count: int = 1) -> LinearLayer:
    """The linear layer of a step for one input of the batch, repeated `count` times."""
    x, output = step.x[0][:1], step.output[:1]
    call = replace(step.call, inputs=(x.expand(count, *x.shape[1:]),), output=output.expand(count, *output.shape[1:]))
    low_and_high = _bounds(flow, step, rule) if isinstance(rule, ZBox) else (None, None)
    return LinearLayer(call, *low_and_high)


@torch.no_grad()
def messages(flow: Flow, step: Step, composite: Composite, relevance: Tensor) -> Tensor:
    """`R_j←k`: what the inputs of a layer get for relevance at its output, `(n, *output)` -> `(n, *x)`."""
    rule = rule_of(flow, step, composite)
    return rule.propagate(layer_of(flow, step, rule, len(relevance)), relevance)


def _bounds(flow: Flow, step: Step, rule: ZBox) -> tuple[Tensor, Tensor]:
    """The bounds of the input, after what the model does to it before this layer."""
    before = flow.steps[flow.steps.index(step) + 1 :][::-1]
    ends = []
    for end in (rule.low, rule.high):
        value = torch.as_tensor(end).to(flow.relevance).expand_as(flow.relevance[:1])
        for each in before:
            value = each.call.run(value.reshape(each.x[0][:1].shape))
        ends.append(value.reshape(step.x[0][:1].shape))
    return ends[0], ends[1]
