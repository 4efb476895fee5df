"""Layer-wise relevance propagation: how much did each pixel contribute to the score, neuron by neuron on the way back?

A neuron shares out its relevance among what it received, by the rule of its layer (`lrp_rules`, `composites`). One
forward and one backward pass. Bach et al. 2015, https://doi.org/10.1371/journal.pone.0130140; Montavon, Samek and
Müller 2018, https://arxiv.org/abs/1706.07979, section 5.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from xaiwidgets.backward import Call
from xaiwidgets.methods.composites import COMPOSITES, composite_of
from xaiwidgets.methods.inputs import check_scores, check_target, class_scores, prepare
from xaiwidgets.methods.lrp_paths import Filter, Starting, check_layers
from xaiwidgets.methods.propagation import Propagation
from xaiwidgets.methods.slopes import sizes
from xaiwidgets.parameters import Choice
from xaiwidgets.progress import chunks

Through = Mapping[str, Any]


def lrp(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    rules: Annotated[Any, Choice(*COMPOSITES, help="which rule goes where")] = "EpsilonPlus",
    against: Tensor | int | None = None,
    through: Through | None = None,
) -> Tensor:
    """What did this pixel contribute to the score?  `R_j = Σ_k R_{j←k}`, from `R = f` at the output

    Relevance passes activations unchanged, goes to the largest value of a max pooling (or as the composite says), and
    is shared in proportion among the values of an average and the branches of a sum. BatchNorm is merged into the layer
    before it. The sum of the result is `f` less what biases and ε absorb, which `relevance_flow` shows.

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        x: inputs, `(N, …)`, floating point, of the model's type and on its device.
        target: class index, or one for each input, `(N,)`.
        rules: name of one of `COMPOSITES`, a `Composite`, or one rule for all layers.
        against: explain `f_target - f_against`, why this class and not that one; the start is then `f_target` at the
            one and `-f_against` at the other logit.
        through: keep only the relevance that passes these neurons: module name -> channel, channels, or a mask `bool`
            of the shape of the module's output without N.

    Returns:
        Relevance of the shape of `x`, in logits.

    Raises:
        UnknownOperationError: if the model uses an operation without a rule; names it, and where it was met.
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model, x, target = prepare(model, x, target)
    start = _class_start(target, against, x)
    pieces = [
        _propagate(model, x[piece], rules, _cut(start, piece), through)[0]
        for piece in chunks(len(x), "Propagating relevance", **sizes(x))
    ]
    return torch.cat(pieces)


def lrp_of_unit(
    model: nn.Module,
    x: Tensor,
    layer: str,
    unit: int | tuple[int, ...] | Tensor,
    *,
    rules: Any = "EpsilonPlus",
    through: Through | None = None,
) -> Tensor:
    """What did this pixel contribute to a hidden neuron?  LRP from `R = a_k` of the neuron, or channel, `k`

    Args:
        model, x, rules, through: as for `lrp`.
        layer: module name.
        unit: index into the module's output without N: a neuron, a channel, or `(channel, row, column)`; or a mask.

    Returns:
        Relevance of the shape of `x`, in the unit of the neuron's activation.
    """
    model, x, _ = prepare(model, x, 0)
    check_layers(model, [layer], "layer")
    return _propagate(model, x, rules, Starting(layer, unit), through)[0]


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


def relevance_flow(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    rules: Any = "EpsilonPlus",
    against: Tensor | int | None = None,
    through: Through | None = None,
) -> Flow:
    """Where does relevance go, and where does it get lost?  `lrp`, with the relevance at every operation.

    Arguments and errors as for `lrp`.
    """
    model, x, target = prepare(model, x, target)
    steps: list[Step] = []
    relevance, logits, start = _propagate(model, x, rules, _class_start(target, against, x), through, steps.append)
    return Flow(relevance, logits, start, steps)


def _class_start(target: Tensor, against: Tensor | int | None, x: Tensor) -> "_ClassStart":
    if against is None:
        return _ClassStart(target, None)
    against = check_target(against, x)
    if (same := (against == target).nonzero()).numel():
        raise ValueError(f"against must be another class than target, got {int(target[same[0]])} for both")
    return _ClassStart(target, against)


@dataclass(frozen=True)
class _ClassStart:
    """Relevance at the logits: the score of the target, and minus the score of the class it is compared with."""

    target: Tensor
    against: Tensor | None

    def __call__(self, model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        logits = check_scores(class_scores(model, x), self.target)
        values = logits.detach()
        start = torch.zeros_like(values).scatter_(1, self.target[:, None], values.gather(1, self.target[:, None]))
        if self.against is not None:
            check_scores(values, self.against)
            start.scatter_(1, self.against[:, None], -values.gather(1, self.against[:, None]))
        return logits, start


def _cut(start: _ClassStart, piece: slice) -> _ClassStart:
    return _ClassStart(start.target[piece], None if start.against is None else start.against[piece])


def _propagate(
    model: nn.Module,
    x: Tensor,
    rules: Any,
    start: Callable[[nn.Module, Tensor], tuple[Tensor, Tensor]],
    through: Through | None,
    keep: Callable[[Step], Any] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Relevance at the input, output of the forward pass, relevance put there."""
    composite = composite_of(rules)
    check_layers(model, composite.layers, "rules")
    check_layers(model, through or {}, "through")

    def note(call: Call, arriving: Tensor, passed: tuple[Tensor, ...]) -> None:
        rule = type(pass_.rule_of(call)).__name__ if call.operation in ("linear", "convolution") else call.operation
        keep(Step(call.layer, call.operation, rule, call.inputs, call.output, arriving, passed, call))

    with torch.inference_mode(False), torch.enable_grad():
        x = (x.clone() if x.is_inference() else x.detach()).requires_grad_()
        entering = x.clone()
        pass_ = Propagation(composite, entering, note if keep else None)
        with Filter(through or {}, model) as filtered, pass_.named(model), pass_:
            output, relevance = start(model, entering)
        if not output.requires_grad:
            raise ValueError("model must be differentiable; its output does not depend on x through torch operations")
        (found,) = torch.autograd.grad(output, x, relevance, allow_unused=True)
        filtered.check()
    return torch.zeros_like(x) if found is None else found, output.detach(), relevance
