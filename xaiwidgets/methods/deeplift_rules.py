"""How DeepLIFT's multipliers pass the operations; notation as in `deeplift`."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from xaiwidgets.backward import Rule
from xaiwidgets.calls import Call

LINEAR = frozenset({"linear", "convolution", "batch_norm", "average_pool", "sum", "add", "scale"})
POINTWISE = frozenset({"relu", "activation"})
RESCALED = frozenset({*POINTWISE, "max_pool"})

ADVICE = {
    "softmax": "explain the logits: leave out the softmax",
    "multiply": "it multiplies two values that both depend on x; integrated_gradients is complete for such a model",
    "batch_norm": "it normalizes by the batch's own statistics; keep running ones",
    "matmul": "it multiplies two values that both depend on x; integrated_gradients is complete for such a model",
}

Before = Mapping[tuple[str, int], Call]  # (operation, index) -> the call in the baseline's forward pass


def unsupported(calls: Iterable[Call]) -> Call | None:
    """The first of `calls` that DeepLIFT has no rule for."""
    return next((call for call in calls if call.operation not in LINEAR | RESCALED or own_statistics(call)), None)


def own_statistics(call: Call) -> bool:
    """Whether a normalization goes by the statistics of the batch, which makes it a product of values."""
    training = call.arguments.get("training") or call.arguments.get("running_mean") is None
    return call.operation == "batch_norm" and bool(training)


def refusal(call: Call) -> str:
    """What to say of an operation without a rule."""
    where = f"in layer {call.layer!r}" if call.layer else "in the model's own forward"
    advice = ADVICE.get(call.operation, "integrated_gradients needs no more than gradients")
    return f"DeepLIFT has no rule for the operation {call.operation!r} ({call.function}), met {where}; {advice}"


def slope(call: Call, arriving: Tensor) -> tuple[Tensor]:
    """A multiplier that is the operation's own slope."""
    return (_vjp(call, call.inputs[0], arriving),)


def _vjp(call: Call, x: Tensor, arriving: Tensor) -> Tensor:
    """`arriving`, through the operation's own derivative at `x`."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return torch.autograd.grad(call.run(x), x, arriving)[0]


def rescale(before: Before) -> Rule:
    """The Rescale rule: a multiplier `Δy/Δz`."""

    def rule(call: Call, arriving: Tensor) -> tuple[Tensor]:
        (z,), y, (z0,), y0 = call.inputs, call.output, *at_baseline(before, call)
        difference = z - z0
        # Below this the quotient is rounding. It is relative, so that it never joins the two sides of a ReLU's kink.
        tiny = torch.finfo(z.dtype).eps ** 0.75 * torch.maximum(z.abs(), z0.abs())
        equal = difference.abs() <= tiny
        quotient = arriving * (y - y0) / difference.masked_fill(equal, 1)
        if equal.any():
            quotient = torch.where(equal, _vjp(call, z, arriving).nan_to_num(0, 0, 0), quotient)
        return (quotient,)

    return rule


def through_pooling(before: Before) -> Rule:
    """Max pooling, so that the sum stays right: `y - ỹ` goes to the value that made it.

    Where the maximum rose, to its place at `x`: that value was no greater than `ỹ` before, so its own difference is at
    least as large. Where it fell, to its place at `x̃`, which was `ỹ` and is no greater than `y` now.
    """

    def rule(call: Call, arriving: Tensor) -> tuple[Tensor]:
        (z,), y, (z0,), y0 = call.inputs, call.output, *at_baseline(before, call)
        rise = arriving * (y - y0)
        share = _vjp(call, z, rise * (y > y0)) + _vjp(call, z0, rise * (y <= y0))
        difference = z - z0
        # Equal before and after: nothing was sent there.
        return (torch.where(difference == 0, 0, share / difference),)

    return rule


def at_baseline(before: Before, call: Call) -> tuple[tuple[Tensor, ...], Tensor]:
    """The same operation's inputs and output in the baseline's forward pass."""
    found = before.get((call.operation, call.index))
    if found is None or found.output.shape != call.output.shape:
        raise ValueError("model must run the same operations for x and for the baseline; its forward depends on values")
    return found.inputs, found.output


def rescale_rules(before: Before) -> dict[str, Rule]:
    """The rules of `deeplift`."""
    return dict.fromkeys(POINTWISE, rescale(before)) | {"max_pool": through_pooling(before)}
