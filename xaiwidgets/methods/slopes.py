"""The gradient of a class score, at one point of each input or averaged over many."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from xaiwidgets.methods.inputs import check_differentiable, check_scores, class_scores, leaf_of
from xaiwidgets.progress import chunks

VALUES_AT_ONCE = 2**22  # input values in one pass; the activations of a net need some hundred times that memory
VALUES_AT_FIRST = 2**20  # in the first pass, whose time is not known yet


def slope(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """`∂f/∂x` for each input, from `prepare`d arguments, in batches sized by measured cost."""
    if len(x) == 1:
        return _slope(model, x, target)  # one pass: nothing to divide, to report or to cancel
    pieces = [_slope(model, x[piece], target[piece]) for piece in chunks(len(x), "Differentiating", **sizes(x))]
    return torch.cat(pieces)


def weighted_slopes(
    model: nn.Module,
    x: Tensor,
    target: Tensor,
    points: Callable[[Tensor, Tensor], Tensor],
    weights: Tensor,
    label: str,
) -> Tensor:
    """`Σ_k weights_k ∂f/∂x(point_k)` for each input.

    Args:
        model, x, target: from `prepare`.
        points: indices of inputs and of points, each `(B,)` -> the points, `(B, …)`.
        weights: `(K,)`, one for each point of an input.
        label: of the progress.
    """
    total = torch.zeros_like(x)
    count = len(weights)
    for piece in chunks(len(x) * count, label, **sizes(x)):
        both = torch.arange(piece.start, piece.stop, device=x.device)
        image, which = both // count, both % count
        slopes = _slope(model, points(image, which), target[image])
        total.index_add_(0, image, slopes * weights[which].view(-1, *[1] * (x.ndim - 1)))
    return total


def sizes(x: Tensor) -> dict[str, int]:
    """Inputs in the largest and in the first pass."""
    values = x[0].numel()
    return {"largest": min(4096, max(1, VALUES_AT_ONCE // values)), "first": min(64, max(1, VALUES_AT_FIRST // values))}


def _slope(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    # The clones keep x from a model whose first operation is in place, and autograd from inference tensors.
    with torch.inference_mode(False), torch.enable_grad():
        x = leaf_of(x)
        logits = check_scores(class_scores(model, x.clone()), target)
        check_differentiable(logits)
        chosen = torch.zeros_like(logits).scatter_(1, target[:, None], 1)
        (found,) = torch.autograd.grad(logits, x, chosen, allow_unused=True)
    return torch.zeros_like(x) if found is None else found
