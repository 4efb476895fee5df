"""One pass of LRP: forward, relevance put at the output, and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.backward import Call, UnknownOperationError
from xaiwidgets.calls import functions_of_the_user
from xaiwidgets.interception import check_visible
from xaiwidgets.methods.composites import Composite, composite_of
from xaiwidgets.methods.inputs import check_differentiable, leaf_of
from xaiwidgets.methods.lrp_paths import ClassStart, Filter, check_layers
from xaiwidgets.methods.propagation import Propagation, refused

Through = Mapping[str, Any]
# Borrowed model, its input -> a tensor of the forward pass, and the relevance to put there.
Start = Callable[[nn.Module, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Step:
    """Relevance at one operation, for a batch.

    Attributes:
        layer: module name; operation: its name among the rules; rule: the rule's name, "ZPlus".
        x: what came in, a tensor for each input; output: what came out.
        arriving: relevance at the output; passed: relevance at each input.
        call: all that is known of the operation; `call.arguments` has weight and bias.
    """

    layer: str
    operation: str
    rule: str
    x: tuple[Tensor, ...]
    output: Tensor
    arriving: Tensor
    passed: tuple[Tensor, ...]
    call: Call

    @property
    def absorbed(self) -> Tensor:
        """`Σ R at the output - Σ R at the inputs`, `(N,)`: what bias and ε kept, or a filter took away."""
        return self.arriving.flatten(1).sum(1) - sum(each.flatten(1).sum(1) for each in self.passed)


@dataclass(frozen=True)
class Flow:
    """Relevance at every operation.

    Attributes:
        relevance: at the input, of the shape of `x`.
        logits: `(N, K)`.
        start: relevance put at the output, `(N, K)`.
        steps: from the output back to the input.
    """

    relevance: Tensor
    logits: Tensor
    start: Tensor
    steps: list[Step]


def propagate(
    model: nn.Module,
    x: Tensor,
    rules: Any,
    start: Start,
    through: Through | None = None,
    keep: Callable[[Step], Any] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Relevance at the input, the tensor where it started, and the relevance put there.

    Args:
        model, x: from `prepare`.
        rules, through: as for `lrp`.
        start: where relevance starts.
        keep: called with each step on the way back.
    """
    check_visible(model)
    composite = composite_of(rules)
    check_layers(model, composite.layers, "rules")
    check_layers(model, through or {}, "through")
    arguments = model, x, composite, start, through or {}, keep
    if composite.layers or composite.operations or keep:
        return _pass(*arguments, named=True)
    try:
        return _pass(*arguments, named=False)  # knowing the names takes time
    except UnknownOperationError:
        return _pass(*arguments, named=True)  # once more, to say where


def _pass(
    model: nn.Module,
    x: Tensor,
    composite: Composite,
    start: Start,
    through: Through,
    keep: Callable[[Step], Any] | None,
    *,
    named: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    with torch.inference_mode(False), torch.enable_grad():
        x = leaf_of(x)
        entering = x.clone()
        forward = Propagation(composite, entering, keep and _noting(keep))
        with Filter(through, model) as filtered, forward.named(model if named else None), forward:
            output, relevance = start(model, entering)
        check_differentiable(output)
        for name in functions_of_the_user(output):
            raise refused(name, "")
        (found,) = torch.autograd.grad(output, x, relevance, allow_unused=True)
    filtered.check()
    if isinstance(start, ClassStart):  # from a hidden unit, not all layers are passed
        forward.check()
    return torch.zeros_like(x) if found is None else found, output.detach(), relevance


def _noting(keep: Callable[[Step], Any]) -> Callable[..., None]:
    def note(call: Call, rule: str, arriving: Tensor, passed: tuple[Tensor, ...]) -> None:
        keep(Step(call.layer, call.operation, rule, call.inputs, call.output, arriving, passed, call))

    return note
