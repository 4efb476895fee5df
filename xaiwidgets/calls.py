"""One operation of a forward pass: what its rule sees, and how the rule is attached to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(eq=False)
class Call:
    """One intercepted operation of a forward pass, as its rule sees it on the way back.

    Attributes:
        operation: name in the table of rules, "relu".
        index: how many operations of the same name ran before it in this forward pass.
        inputs: the tensors it was given, and that depend on the model's input.
        output: the tensor it returned.
        arguments: what else it was given, by name: weight, bias, stride, ….
        layer: name of the module that was running, "features.0"; "" for the model itself.
        function: name of torch's function, "conv2d".
        in_place: whether it wrote to its input.
        run: inputs -> output, once more.
    """

    operation: str
    index: int
    inputs: tuple[Tensor, ...]
    output: Tensor
    arguments: Mapping[str, Any] = field(default_factory=dict)
    layer: str = ""
    function: str = ""
    in_place: bool = False
    run: Callable[..., Tensor] | None = None


# What arrives from above, (shape of output) -> what is passed on to each input, (shapes of inputs).
Rule = Callable[[Call, Tensor], tuple[Tensor, ...]]


class UnknownOperationError(ValueError):
    """The model uses an operation for which there is no rule."""


class WithRule(torch.autograd.Function):
    """Runs an operation forward as it is, and its rule backward."""

    @staticmethod
    def forward(ctx: Any, call: Call, rule: Rule, *inputs: Tensor) -> Tensor:
        """The operation's output; `call` keeps what the rule needs."""
        output = call.run(*inputs)
        # Detached, for the call must not keep its own graph alive; not `save_for_backward`, for an in-place operation
        # may later overwrite these tensors: `Interception` then puts copies in their place.
        call.inputs, call.output = tuple(each.detach() for each in inputs), output.detach()
        ctx.call, ctx.rule = call, rule
        return output

    @staticmethod
    def backward(ctx: Any, arriving: Tensor) -> tuple[Tensor | None, ...]:
        """What the rule passes on."""
        return (None, None, *ctx.rule(ctx.call, arriving))


def functions_of_the_user(output: Tensor) -> list[str]:
    """Names of the `torch.autograd.Function`s that `output` was made by, besides ours: no mode sees them called."""
    found, seen, todo = [], set(), [output.grad_fn]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        todo += [before for before, _ in node.next_functions]
        if isinstance(node, torch.autograd.function.BackwardCFunction) and not isinstance(node, WithRule._backward_cls):
            found.append(node.name().removesuffix("Backward"))
    return found
