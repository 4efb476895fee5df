"""DeepSHAP: DeepLIFT from many baselines in place of one."""

import torch
from torch import Tensor, nn

from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.inputs import prepare


def deep_shap(model: nn.Module, x: Tensor, target: Tensor | int, *, background: Tensor) -> Tensor:
    """What did this pixel contribute, compared with usual inputs?  `R_d = mean over b of DeepLIFT(x, b)_d`

    Approximates the Shapley values of the game in which absent pixels come from the rows `b` of the background
    (`table_game`); it is them for a model that adds up functions of one pixel each. Lundberg and Lee 2017,
    https://arxiv.org/abs/1705.07874, section 4.2, with the Rescale rule of `deeplift`.

    Sums to `f(x) - mean over b of f(b)`, exactly.

    Args:
        model, x, target: as for `deeplift`.
        background: inputs `(M, …)` that stand for "nothing known"; of the shape of `x` but for their number.

    Returns:
        Attribution of the shape of `x`, in logits.

    Raises:
        UnknownOperationError: as for `deeplift`.
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model, x, target = prepare(model, x, target)
    background = _background(background, x)
    many = (len(background), *x.shape[1:])

    def explained(image: Tensor, label: Tensor) -> Tensor:
        return deeplift(model, image.expand(many), label.expand(len(background)), baseline=background).mean(0)

    return torch.stack([explained(image, label) for image, label in zip(x, target, strict=True)])


def _background(background: Tensor, x: Tensor) -> Tensor:
    if not isinstance(background, Tensor):
        raise TypeError(f"background must be a tensor (M, …), got {type(background).__name__}")
    if background.shape[1:] != x.shape[1:] or len(background) == 0:
        raise ValueError(
            f"background must be one or more inputs of shape {tuple(x.shape[1:])}, got shape {tuple(background.shape)}"
        )
    if not background.isfinite().all():
        raise ValueError("background must be finite, got NaN or infinite values")
    return background.detach().to(x)
