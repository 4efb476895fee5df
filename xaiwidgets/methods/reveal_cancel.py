"""DeepLIFT's RevealCancel rule: what speaks for and against a neuron is carried back apart.

Notation as in `deeplift`; `z` is the pre-activation of a ReLU, `Δz⁺` the sum of what raises it over the baseline's,
`Δz⁻` of what lowers it.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from xaiwidgets.backward import Rule
from xaiwidgets.calls import Call
from xaiwidgets.interception import Interception
from xaiwidgets.methods.deeplift import Scheme, contributions
from xaiwidgets.methods.deeplift_rules import RESCALED, Before, at_baseline, rescale_rules, slope
from xaiwidgets.methods.linear_layer import LinearLayer
from xaiwidgets.methods.lrp_rules import part

LAYERS = frozenset({"linear", "convolution"})


def deeplift_reveal_cancel(
    model: nn.Module, x: Tensor, target: Tensor | int, *, baseline: Tensor | float | None = None
) -> Tensor:
    """How does the way in which this pixel differs from the baseline make the score differ, also where effects cancel?

    As `deeplift`, but a ReLU that follows a dense layer or a convolution has two multipliers, `Δy⁺/Δz⁺` for what
    raises its pre-activation and `Δy⁻/Δz⁻` for what lowers it. `Δy⁺` is what the ReLU makes of `Δz⁺`, the mean of
    adding it before and after `Δz⁻`, and `Δy⁻` likewise (the Shapley values of the two):

        Δy⁺ = ½ (relu(z̃ + Δz⁺) - relu(z̃)) + ½ (relu(z̃ + Δz⁻ + Δz⁺) - relu(z̃ + Δz⁻))

    Then `min(a, b)`, written with a ReLU, gives half to each input, where Rescale gives all to one. Into any other
    activation comes one value, for which the rule is the Rescale rule. Sums to `f(x) - f(x̃)`, exactly. Shrikumar,
    Greenside and Kundaje 2017, https://arxiv.org/abs/1704.02685, sections 3.5.1 and 3.5.3.

    Arguments, result and errors as for `deeplift`.
    """
    return contributions(model, x, target, baseline, REVEAL_CANCEL)


class _Paired(Interception):
    """Gives a ReLU and the layer right before it one rule together."""

    def attach(self, call: Call, rule: Rule, inputs: list[Tensor]) -> Tensor:
        """Run a call with its rule."""
        layer, given = self.made_by(inputs[0])
        if call.operation != "relu" or layer is None or layer.operation not in LAYERS:
            return super().attach(call, rule, inputs)
        target, z = inputs[0], inputs[0].detach().clone()
        pair = replace(layer, in_place=False, run=lambda *_: torch.relu(z))
        output = super().attach(pair, self.rules["layer and relu"], given)
        if call.in_place:
            self.save(target)
            return target.copy_(output)
        return output


def _reveal_cancel(before: Before) -> Rule:
    def rule(call: Call, arriving: Tensor) -> tuple[Tensor]:
        (x0,), z0 = at_baseline(before, call)
        layer, difference = LinearLayer(call), call.inputs[0] - x0
        weights, changes = (part(layer.weight, 1), part(layer.weight, -1)), (part(difference, 1), part(difference, -1))
        up = layer.forward(changes[0], weights[0]) + layer.forward(changes[1], weights[1])
        down = layer.forward(changes[0], weights[1]) + layer.forward(changes[1], weights[0])
        of_up, of_down = _shapley(z0, up, down) * arriving, _shapley(z0, down, up) * arriving
        risen = layer.backward(of_up, weights[0]) + layer.backward(of_down, weights[1])
        fallen = layer.backward(of_up, weights[1]) + layer.backward(of_down, weights[0])
        # An input that did not move may still be made of parts that did: the paper takes the mean.
        moved = torch.where(difference > 0, risen, fallen)
        return (torch.where(difference == 0, (risen + fallen) / 2, moved),)

    return rule


def _shapley(z: Tensor, change: Tensor, other: Tensor) -> Tensor:
    """`Δy / Δz` of one of two changes: the mean of adding it first and last."""
    first = torch.relu(z + change) - torch.relu(z)
    last = torch.relu(z + other + change) - torch.relu(z + other)
    nothing = change == 0
    quotient = (first + last) / 2 / change.masked_fill(nothing, 1)
    return quotient.clamp(0, 1).masked_fill(nothing, 0)  # between 0 and 1 for a ReLU, but for rounding


def _rules(before: Before) -> dict[str, Rule]:
    return rescale_rules(before) | dict.fromkeys(LAYERS, slope) | {"layer and relu": _reveal_cancel(before)}


REVEAL_CANCEL = Scheme(RESCALED | LAYERS, _rules, _Paired)
