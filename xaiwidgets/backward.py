"""Change the backward rule, not the model.

Guided backpropagation, deconvolution, LRP and DeepLIFT are one idea: the same forward pass, another rule on the way
back. `backward_rules` intercepts the *operations* of a forward pass, whether they come from a module, a function, an
in-place call or a module that is used twice, and gives each one its rule:

    with backward_rules({"relu": guided}):
        score = model(x)[0, target]
    (attribution,) = torch.autograd.grad(score, x)

Nothing is attached to the model, so nothing has to be removed; the rules hold for the calling thread only.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from xaiwidgets.calls import Call, Rule, UnknownOperationError
from xaiwidgets.interception import Interception, check_visible
from xaiwidgets.operations import NAMES

__all__ = ["RELU_RULES", "Call", "Rule", "UnknownOperationError", "backward_rules", "trace"]


def gradient(call: Call, arriving: Tensor) -> tuple[Tensor]:
    """Plain backpropagation through a ReLU: pass on where the pre-activation was positive."""
    return (torch.ops.aten.threshold_backward(arriving, call.output, 0),)


def guided(call: Call, arriving: Tensor) -> tuple[Tensor]:
    """Guided backpropagation: pass on where the pre-activation and what arrives are positive.

    Springenberg et al. 2015, Striving for simplicity, https://arxiv.org/abs/1412.6806, figure 1.
    """
    return (torch.ops.aten.threshold_backward(arriving.clamp(min=0), call.output, 0),)


def deconvolution(call: Call, arriving: Tensor) -> tuple[Tensor]:
    """Deconvolution: pass on where what arrives is positive, whatever the forward pass did.

    Zeiler and Fergus 2014, Visualizing and understanding convolutional networks, https://arxiv.org/abs/1311.2901.
    """
    return (arriving.clamp(min=0),)


RELU_RULES: dict[str, Rule] = {"gradient": gradient, "guided": guided, "deconvolution": deconvolution}


@contextmanager
def backward_rules(rules: Mapping[str, Rule], model: nn.Module | None = None) -> Iterator[Interception]:
    """Give the operations that run inside the `with` block another rule on the way back.

    Args:
        rules: rule of each operation, by name; operations that are not named keep their gradient.
        model: a borrowed model, whose modules' names the calls then carry as `layer`.

    Raises:
        ValueError: if a name is no operation that can be given a rule.
    """
    for name in rules:
        if name not in NAMES:
            raise ValueError(f"rules has no operation {name!r}; known operations: {', '.join(NAMES)}")
    interception = Interception(rules)
    with interception.named(model), interception:
        yield interception


def trace(model: nn.Module, x: Tensor) -> list[Call]:
    """Every differentiable operation of a forward pass, in the order in which they ran.

    Args:
        model: a borrowed model.
        x: its input, `(N, …)`.
    """
    check_visible(model)
    interception = Interception({}, record=True)
    with torch.inference_mode(False), torch.enable_grad():
        x = (x.clone() if x.is_inference() else x.detach()).requires_grad_()
        with interception.named(model), interception:
            model(x.clone())
    return interception.met
