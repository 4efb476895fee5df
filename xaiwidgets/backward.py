"""Change the backward rule, not the model.

Guided backpropagation, deconvolution, LRP and DeepLIFT are one idea: the same forward pass, another rule on the way
back. `backward_rules` intercepts the *operations* of a forward pass, whether they come from a module, a function, an
in-place call or a module that is used twice, and gives each one its rule:

    with backward_rules({"relu": guided}):
        score = model(x)[0, target]
    (attribution,) = torch.autograd.grad(score, x)

Nothing is attached to the model, so nothing has to be removed; the rules hold for the calling thread only.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


@dataclass(frozen=True)
class Call:
    """One intercepted operation of a forward pass, as its rule sees it on the way back.

    Attributes:
        operation: name in the table of rules, "relu".
        index: how many operations of the same name ran before it in this forward pass.
        inputs: the tensors it was given.
        output: the tensor it returned.
    """

    operation: str
    index: int
    inputs: tuple[Tensor, ...]
    output: Tensor


# What arrives from above, (shape of output) -> what is passed on to each input, (shapes of inputs).
Rule = Callable[[Call, Tensor], tuple[Tensor, ...]]


def gradient(call: Call, arriving: Tensor) -> tuple[Tensor]:
    """Plain backpropagation through a ReLU: pass on where the pre-activation was positive."""
    return (arriving * (call.output > 0),)


def guided(call: Call, arriving: Tensor) -> tuple[Tensor]:
    """Guided backpropagation: pass on where the pre-activation and what arrives are positive.

    Springenberg et al. 2015, Striving for simplicity, https://arxiv.org/abs/1412.6806, section 3.4.
    """
    return (arriving.clamp(min=0) * (call.output > 0),)


def deconvolution(call: Call, arriving: Tensor) -> tuple[Tensor]:
    """Deconvolution: pass on where what arrives is positive, whatever the forward pass did.

    Zeiler and Fergus 2014, Visualizing and understanding convolutional networks, https://arxiv.org/abs/1311.2901.
    """
    return (arriving.clamp(min=0),)


RELU_RULES: dict[str, Rule] = {"gradient": gradient, "guided": guided, "deconvolution": deconvolution}


@dataclass(frozen=True)
class Operation:
    """An operation that can be given a rule: its name, and how to run it without writing to its input."""

    name: str
    run: Callable[..., Tensor]
    applies: Callable[..., bool] = lambda *args, **kwargs: True


def _clamps_at_zero(input: Tensor, min: Any = None, max: Any = None) -> bool:
    """`clamp(min=0)` is a ReLU by another name."""
    return max is None and isinstance(min, int | float) and min == 0


_RELU = Operation("relu", lambda x, *args, **kwargs: torch.relu(x))
_CLAMP = Operation("relu", lambda x, *args, **kwargs: torch.relu(x), _clamps_at_zero)

OPERATIONS: dict[Callable, Operation] = {
    **dict.fromkeys((F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_), _RELU),
    **dict.fromkeys((torch.clamp, torch.clamp_, Tensor.clamp, Tensor.clamp_), _CLAMP),
    **dict.fromkeys((torch.clip, torch.clip_, Tensor.clip, Tensor.clip_), _CLAMP),
    **dict.fromkeys((torch.clamp_min, torch.clamp_min_, Tensor.clamp_min, Tensor.clamp_min_), _CLAMP),
}
IN_PLACE = {
    *(torch.relu_, torch.clamp_, torch.clip_, torch.clamp_min_),
    *(Tensor.relu_, Tensor.clamp_, Tensor.clip_, Tensor.clamp_min_),
}


class _WithRule(torch.autograd.Function):
    """Runs an operation forward as it is, and its rule backward."""

    @staticmethod
    def forward(ctx: Any, run: Callable[..., Tensor], name: str, index: int, rule: Rule, *inputs: Tensor) -> Tensor:
        output = run(*inputs)
        ctx.save_for_backward(*inputs, output)
        ctx.rule, ctx.name, ctx.index = rule, name, index
        return output

    @staticmethod
    def backward(ctx: Any, arriving: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, output = ctx.saved_tensors
        call = Call(ctx.name, ctx.index, tuple(inputs), output)
        return (None, None, None, None, *ctx.rule(call, arriving))


class _Interception(TorchFunctionMode):
    """Sees every operation of a forward pass and attaches the rules."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        super().__init__()
        self.rules = rules
        self.counts = dict.fromkeys(rules, 0)

    def __torch_function__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        operation = OPERATIONS.get(function)
        if operation is None or operation.name not in self.rules or not operation.applies(*args, **kwargs):
            return function(*args, **kwargs)
        x = args[0] if args else kwargs["input"]
        index = self.counts[operation.name]
        self.counts[operation.name] += 1
        in_place = function in IN_PLACE or kwargs.get("inplace", False)
        # The rule keeps the input for the way back; an in-place operation must not overwrite it.
        kept = x.clone() if in_place else x
        output = _WithRule.apply(operation.run, operation.name, index, self.rules[operation.name], kept)
        return x.copy_(output) if in_place else output


@contextmanager
def backward_rules(rules: Mapping[str, Rule]) -> Iterator[None]:
    """Give the operations that run inside the `with` block another rule on the way back.

    Args:
        rules: rule of each operation, by name; operations that are not named keep their gradient.

    Raises:
        ValueError: if a name is no operation that can be given a rule.
    """
    known = sorted({operation.name for operation in OPERATIONS.values()})
    for name in rules:
        if name not in known:
            raise ValueError(f"rules has no operation {name!r}; known operations: {', '.join(known)}")
    with _Interception(rules):
        yield
