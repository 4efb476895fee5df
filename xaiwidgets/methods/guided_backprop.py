"""Guided backpropagation and deconvolution: the gradient's way back, with another rule at the ReLUs.

Notation: `z` is the pre-activation of a ReLU, `r` what arrives at it from above. A ReLU passes down

    backpropagation          r · [z > 0]             what the forward pass let through
    deconvolution            r · [r > 0]             what speaks for the class, whatever the forward pass did
    guided backpropagation   r · [z > 0] · [r > 0]   both

Springenberg et al. 2015, Striving for simplicity, https://arxiv.org/abs/1412.6806, figure 1. Every other operation
keeps its gradient; so max pooling sends what arrives to the place of its maximum, the "switch" of deconvolution.
A ReLU is known by what it computes: as a module, a function, a clamp or a threshold at zero, in place or not, used once
or many times; not if it is written as a product with a condition, or a choice between the value and zero.
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn

from xaiwidgets.backward import RELU_RULES, Call, Rule, backward_rules, trace
from xaiwidgets.borrow import borrow
from xaiwidgets.interception import check_visible
from xaiwidgets.methods.inputs import check_x, class_scores, prepare
from xaiwidgets.methods.names import near
from xaiwidgets.methods.slopes import slope
from xaiwidgets.parameters import Choice, validated

RULES = Choice(*RELU_RULES, help="what a ReLU passes on")
Layers = Mapping[str | int, str] | None


class ReluStep(NamedTuple):
    """One ReLU on the way back: its name, pre-activation `z`, what arrives, and what is passed on, `(N, …)` each."""

    layer: str
    z: Tensor
    arriving: Tensor
    passed: Tensor


class _Ruled(nn.Module):
    """A borrowed model whose ReLUs have a rule."""

    def __init__(self, model: nn.Module, rule: Rule) -> None:
        super().__init__()
        self.model, self.rule = model, rule

    def forward(self, x: Tensor) -> Tensor:
        with backward_rules({"relu": self.rule}):
            return self.model(x)


@validated
def backpropagation(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    rule: Annotated[str, RULES] = "guided",
    layers: Layers = None,
) -> Tensor:
    """What arrives at the input when each ReLU passes the class score down by its own rule?

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        x: inputs, `(N, …)`, floating point, of the model's type and on its device.
        target: class index, or one for each input, `(N,)`.
        rule: "gradient", "guided" or "deconvolution", of every ReLU.
        layers: another rule for single ReLUs, by running index, 0 the first, or by name as in `relu_layers`. The name
            of a module that is used several times, without a number, means all its uses.

    Returns:
        What arrives, of the shape of `x`; raw, signed values. In logits per unit of `x` for the rule "gradient"; the
        other rules measure nothing of the score, so only the proportions within a map have a meaning.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model, x, target = prepare(model, x, target)
    check_visible(model)
    return slope(_Ruled(model, _rule_of_each(model, x, rule, layers)), x, target)


def guided_backpropagation(model: nn.Module, x: Tensor, target: Tensor | int) -> Tensor:
    """Which parts of the input excite the neurons that excite the class?  At every ReLU `r · [z > 0] · [r > 0]`

    Springenberg et al. 2015, https://arxiv.org/abs/1412.6806, figure 1. Arguments as for `backpropagation`.
    """
    return backpropagation(model, x, target, rule="guided")


def deconvolution(model: nn.Module, x: Tensor, target: Tensor | int) -> Tensor:
    """What input would the class reconstruct, sent backwards through the net?  At every ReLU `r · [r > 0]`

    Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901, section 2.1; max pooling keeps its switches. Arguments as
    for `backpropagation`.
    """
    return backpropagation(model, x, target, rule="deconvolution")


@validated
def relu_steps(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    rule: Annotated[str, RULES] = "guided",
    layers: Layers = None,
) -> list[ReluStep]:
    """What arrives at each ReLU, and what does it pass on?  In order of running; arguments as for `backpropagation`."""
    model, x, target = prepare(model, x, target)
    names, chosen = relu_layers(model, x[:1]), _rule_of_each(model, x, rule, layers)
    met: list[list[tuple[Tensor, ...]]] = [[] for _ in names]

    def remember(call: Call, arriving: Tensor) -> tuple[Tensor, ...]:
        (passed,) = chosen(call, arriving)
        met[call.index].append((call.inputs[0].detach(), arriving.detach(), passed.detach()))
        return (passed,)

    slope(_Ruled(model, remember), x, target)
    # A ReLU that the class score does not depend on is not met on the way back.
    return [
        ReluStep(name, *map(torch.cat, zip(*pieces, strict=True)))
        for name, pieces in zip(names, met, strict=True)
        if pieces
    ]


def relu_layers(model: nn.Module, x: Tensor) -> list[str]:
    """Names of the ReLUs, in order of running for the inputs `x`, `(N, …)`.

    A ReLU is named by the module that it runs in, "features.1", or "relu" where it runs in no part of the model; the
    ReLUs of a module that runs several are told apart by a number, "block.relu (2)".
    """
    model = borrow(model)
    x = check_x(model, x)
    try:
        calls = trace(model, x)
    except RuntimeError:
        class_scores(model, x.clone())  # says what the model did
        raise
    modules = [call.layer or "relu" for call in calls if call.operation == "relu"]
    uses = [modules[: place + 1].count(name) for place, name in enumerate(modules)]
    return [f"{name} ({use})" if modules.count(name) > 1 else name for name, use in zip(modules, uses, strict=True)]


def _rule_of_each(model: nn.Module, x: Tensor, rule: str, layers: Layers) -> Rule:
    """One rule that does what was chosen for the ReLU it serves."""
    if not layers:
        return RELU_RULES[rule]
    names, chosen = relu_layers(model, x[:1]), {}
    for layer, choice in layers.items():
        RULES.check(f"layers[{layer!r}]", choice)
        chosen |= dict.fromkeys(_places(layer, names), RELU_RULES[choice])
    return lambda call, arriving: chosen.get(call.index, RELU_RULES[rule])(call, arriving)


def _places(layer: str | int, names: list[str]) -> list[int]:
    """Running indices of the ReLUs that `layer` means."""
    if isinstance(layer, int) and not isinstance(layer, bool):
        if 0 <= layer < len(names):
            return [layer]
        raise ValueError(f"layers has no ReLU of index {layer}; the model runs {len(names)} (the first is 0)")
    found = [place for place, name in enumerate(names) if layer in (name, name.rpartition(" (")[0])]
    if found:
        return found
    raise ValueError(f"layers has no ReLU {layer!r}; near names: {near(layer, names)}")
