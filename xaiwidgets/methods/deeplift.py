"""DeepLIFT: contributions of the input's difference from a baseline, carried back by finite slopes.

Notation: `f` is the logit of the class `target`, `x` the input, `x̃` the baseline; `Δ` is what a value has at `x` minus
what it has at `x̃`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xaiwidgets.backward import Rule, UnknownOperationError
from xaiwidgets.calls import Call, functions_of_the_user
from xaiwidgets.interception import Interception, check_visible
from xaiwidgets.methods.deeplift_rules import RESCALED, Before, refusal, rescale_rules, slope, unsupported
from xaiwidgets.methods.inputs import check_baseline, check_differentiable, check_scores, class_scores, leaf_of, prepare
from xaiwidgets.methods.slopes import sizes
from xaiwidgets.progress import chunks


def deeplift(model: nn.Module, x: Tensor, target: Tensor | int, *, baseline: Tensor | float | None = None) -> Tensor:
    """How does the way in which this pixel differs from the baseline make the score differ?

    `R_d = m_d (x_d - x̃_d)`: the multiplier `m` is carried from the score back to the input by the chain rule, and each
    activation `y = g(z)` passes on `Δy/Δz` in place of its slope (the Rescale rule); where `Δz = 0`, its slope. Linear
    operations pass on their gradient. Shrikumar, Greenside and Kundaje 2017, https://arxiv.org/abs/1704.02685,
    equations 1 to 3 and section 3.5.2. How max pooling passes it on so that the sum stays right: `through_pooling`.

    Sums to `f(x) - f(x̃)`, exactly. For a linear model: `∂f/∂x · (x - x̃)`.

    Args:
        model, x, target: as for `gradient`.
        baseline: the input `x̃` that stands for "nothing", a number or a tensor that fits `x`; zeros if not given.

    Returns:
        Attribution of the shape of `x`, in logits.

    Raises:
        UnknownOperationError: if the model has a softmax, a product of two values that depend on `x`, or any other
            operation without a rule; it names the operation and where it was met.
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    return contributions(model, x, target, baseline, RESCALE)


@dataclass(frozen=True)
class Scheme:
    """How multipliers pass the operations.

    Attributes:
        kept: operations whose values at the baseline the rules need.
        rules: the baseline's calls -> rule of each operation.
        interception: what sees the operations.
    """

    kept: frozenset[str]
    rules: Callable[[Before], dict[str, Rule]]
    interception: type[Interception] = Interception


RESCALE = Scheme(RESCALED, rescale_rules)


def contributions(
    model: nn.Module, x: Tensor, target: Tensor | int, baseline: Tensor | float | None, scheme: Scheme
) -> Tensor:
    """`deeplift` by any scheme."""
    model, x, target = prepare(model, x, target)
    check_visible(model)
    baseline = check_baseline(baseline, x)
    pieces = chunks(len(x), "Comparing with the baseline", **sizes(x))
    return torch.cat([_piece(model, x[each], baseline[each], target[each], scheme) for each in pieces])


def _piece(model: nn.Module, x: Tensor, baseline: Tensor, target: Tensor, scheme: Scheme) -> Tensor:
    with torch.inference_mode(False), torch.enable_grad():
        calls, _, logits_before = _forward(
            model, baseline, Interception(dict.fromkeys(scheme.kept, slope), record=True)
        )
        if (refused := unsupported(calls)) is not None:
            raise UnknownOperationError(refusal(refused))
        if functions := functions_of_the_user(logits_before):
            raise UnknownOperationError(f"DeepLIFT has no rule for the model's own function {functions[0]!r}")
        before = {(call.operation, call.index): call for call in calls}
        _, leaf, logits = _forward(model, x, scheme.interception(scheme.rules(before)))
        check_scores(logits, target)
        check_differentiable(logits)
        chosen = torch.zeros_like(logits).scatter_(1, target[:, None], 1)
        (multipliers,) = torch.autograd.grad(logits, leaf, chosen, allow_unused=True)
    found = torch.zeros_like(x) if multipliers is None else multipliers * (x - baseline)
    _check_sum(found, ((logits - logits_before).detach() * chosen).sum(1))
    return found


def _check_sum(found: Tensor, risen: Tensor) -> None:
    """The sum is right by construction, but for a model that picks values by a condition, or at random."""
    share = max(1e-3, 100 * torch.finfo(found.dtype).eps)
    gap = (found.flatten(1).sum(1) - risen).abs()
    if (gap > share * (found.flatten(1).abs().sum(1) + risen.abs())).any():
        raise UnknownOperationError(
            f"DeepLIFT's sum misses f(x) - f(baseline) by {gap.max():.2g}: the model picks values by a condition that "
            "depends on x (torch.where, an index), is random, or does something else that cannot be seen; "
            "integrated_gradients needs no more than gradients"
        )


def _forward(model: nn.Module, x: Tensor, interception: Interception) -> tuple[list[Call], Tensor, Tensor]:
    """The operations met, a leaf for the gradient, and the logits."""
    leaf = leaf_of(x)
    with interception.named(model), interception:
        logits = class_scores(model, leaf.clone())  # the clone is for a model whose first operation is in place
    return interception.met, leaf, logits
