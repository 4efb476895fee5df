"""What every method does first: borrow the model, check what it was given, and read the class scores."""

import math
import warnings
from numbers import Integral

import numpy as np
import torch
from torch import Tensor, nn

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.borrow import BorrowedModel, borrow, device_and_dtype


class ProbabilityWarning(UserWarning):
    """The model returns probabilities where a method expects logits."""


def prepare(model: nn.Module, x: Tensor, target: Tensor | int) -> tuple[nn.Module, Tensor, Tensor]:
    """Borrow `model` and check `x` and `target`.

    Returns:
        The borrowed model; `x`, detached, `(N, …)`; the class index of each input, `(N,)`.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model = borrow(model)
    return model, check_x(model, x), check_target(target, x)


def check_x(model: nn.Module, x: Tensor) -> Tensor:
    """Return `x` detached, or raise an error that says what is wrong with it."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a torch.Tensor of shape (N, …), got {type(x).__name__}")
    if not x.is_floating_point():
        raise TypeError(f"x must be of a floating-point type, got {x.dtype}; pictures of 0..255: x.float() / 255")
    if x.ndim < 2:
        raise ValueError(f"x must have a batch dimension, (N, …), got shape {tuple(x.shape)}; one input: x[None]")
    if x.numel() == 0:
        raise ValueError(f"x must hold at least one input, got shape {tuple(x.shape)}")
    place = model.place if isinstance(model, BorrowedModel) else device_and_dtype(model)
    if place is not None and (x.device, x.dtype) != place:
        device, dtype = place
        raise ValueError(f"x must be {dtype} on {device} like the model's weights, got {x.dtype} on {x.device}")
    # The sum is finite if all values are, and quicker to look at; only an overflow needs the second look.
    x = x.detach()
    if not math.isfinite(x.sum()) and (bad := int((~x.isfinite()).sum())):
        raise ValueError(f"x must be finite, got {bad} NaN or infinite of {x.numel()} values")
    return x


def check_target(target: Tensor | int, x: Tensor) -> Tensor:
    """Return `target` as class indices `(N,)` on the device of `x`; its range is checked against the logits."""
    expected = f"target must be a class index or a tensor of class indices, shape ({len(x)},)"
    if isinstance(target, np.ndarray):
        target = torch.from_numpy(np.array(target))
    if isinstance(target, bool) or not isinstance(target, Integral | Tensor):
        raise TypeError(f"{expected}, got {type(target).__name__}")
    if isinstance(target, Integral):
        return torch.full((len(x),), int(target), device=x.device)
    if target.is_floating_point() or target.is_complex() or target.dtype == torch.bool:
        raise TypeError(f"{expected}, got {target.dtype}")
    if target.shape not in ((), (len(x),)):
        raise ValueError(f"{expected}, got shape {tuple(target.shape)}")
    return target.detach().to(x.device, torch.int64).expand(len(x))


def leaf_of(x: Tensor) -> Tensor:
    """`x` as the beginning of a graph; from inference mode too, whose tensors autograd keeps none of."""
    return (x.clone() if x.is_inference() else x.detach()).requires_grad_()


def check_differentiable(output: Tensor) -> Tensor:
    """Return what came out of a forward pass, or raise an error if it has no graph."""
    if not output.requires_grad:
        raise ValueError("model must be differentiable; its output does not depend on x through torch operations")
    return output


def check_baseline(baseline: Tensor | float | None, x: Tensor, name: str = "baseline") -> Tensor:
    """Return `baseline` (None: zeros) as a tensor of the shape of `x`."""
    if baseline is None:
        return torch.zeros_like(x)
    baseline = torch.as_tensor(baseline, dtype=x.dtype, device=x.device).detach()
    try:
        baseline = baseline.expand(x.shape)
    except RuntimeError:
        raise ValueError(
            f"{name} must be a number or fit the shape of x, {tuple(x.shape)}, got {tuple(baseline.shape)}"
        ) from None
    if not baseline.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinite values")
    return baseline


def class_scores(model: nn.Module, x: Tensor) -> Tensor:
    """The logits `(N, K)` of a borrowed model, or an error that says what the model did instead."""
    try:
        logits = model(x)
    except (torch.OutOfMemoryError, UnknownOperationError):
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ValueError(f"model failed on inputs of shape {tuple(x.shape[1:])}, {x.dtype}: {error}") from error
    if not isinstance(logits, Tensor):
        raise TypeError(f"model must return a tensor of logits, (N, K), got {_describe(logits)}; wrap it to pick one")
    if logits.ndim != 2 or len(logits) != len(x):
        raise ValueError(f"model must return logits (N, K), got shape {tuple(logits.shape)} for {len(x)} inputs")
    return logits


def target_scores(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """The logit of each input's target class, `(N,)`."""
    # The clone keeps x from a model whose first operation is in place.
    return check_scores(class_scores(model, x.clone()), target).gather(1, target[:, None])[:, 0]


def check_scores(logits: Tensor, target: Tensor) -> Tensor:
    """Return `logits`, or raise an error if they do not have the class `target`."""
    check_range(logits, target)
    if are_probabilities(logits.detach()):  # they saturate: their gradient is small where the model is sure
        warnings.warn(
            "model returns probabilities (rows sum to 1), explained as such; leave out the softmax for logits",
            ProbabilityWarning,
            stacklevel=2,
        )
    return logits


def check_range(scores: Tensor, target: Tensor) -> None:
    """Raise an error if scores `(N, K)` do not have the class `target`."""
    wrong = [index for index in target.tolist() if not 0 <= index < scores.shape[1]]
    if wrong:
        raise ValueError(f"target must be a class index from 0 to {scores.shape[1] - 1}, got {wrong[0]}")


def are_probabilities(scores: Tensor) -> bool:
    """Whether each row of scores `(N, K)` is a distribution over two or more classes."""
    return scores.shape[1] > 1 and bool(scores.min() >= 0 and (scores.sum(1) - 1).abs().max() < 1e-4)


def log_odds(scores: Tensor, target: Tensor, probable: bool) -> Tensor:
    """`log p / (1 - p)` of one class of each input, `(N,)`, in nats.

    Args:
        scores: logits `(N, K)`, two classes or more.
        target: `(N,)`.
        probable: whether the scores are probabilities.
    """
    logits, target = as_logits(scores, probable), target[:, None]
    return logits.gather(1, target)[:, 0] - logits.scatter(1, target, -torch.inf).logsumexp(1)


def as_logits(scores: Tensor, probable: bool) -> Tensor:
    """Scores `(N, K)`, or their logarithms if they are probabilities; that of 0 is large, but finite."""
    return scores.clamp(min=torch.finfo(scores.dtype).tiny).log() if probable else scores


def _describe(value: object) -> str:
    return (
        f"a {type(value).__name__} of {len(value)}" if isinstance(value, tuple | list | dict) else type(value).__name__
    )
