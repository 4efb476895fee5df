"""Class activation maps: where in the maps of a layer is the evidence for a class?

Notation: `A_k(i, j)` is map (channel) number `k` of the layer at row `i` and column `j`, `h x w` in all; `S` the logit
of the class `target`. Each method weights the maps and adds them up, `L(i, j) = Σ_k w_k A_k(i, j)`; they differ in
`w_k`. The result has the resolution of the layer, `(N, h, w)`, or `(N, l)` for sequences; `upsampled` enlarges it.
"""

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaiwidgets.methods.cam_head import PoolingNet, check_head, fit_pooling_head
from xaiwidgets.methods.cam_layers import Seen, see, spatial_layers
from xaiwidgets.methods.guided_backprop import guided_backpropagation
from xaiwidgets.methods.inputs import prepare
from xaiwidgets.methods.slopes import sizes
from xaiwidgets.parameters import Choice, validated
from xaiwidgets.progress import chunks

__all__ = [
    "PoolingNet",
    "cam",
    "channel_weights",
    "fit_pooling_head",
    "grad_cam",
    "grad_cam_plus_plus",
    "guided_grad_cam",
    "spatial_layers",
    "upsampled",
    "weighted_maps",
    "weighted_sum",
]
UPSAMPLINGS = ("nearest", "bilinear")


def _pooled_gradient(seen: Seen) -> Tensor:
    """`∂S/∂mean(A_k)`: the weights of the dense layer, if the head is global average pooling and a dense layer."""
    return seen.gradients.flatten(2).sum(2)


def _mean_gradient(seen: Seen) -> Tensor:
    """Selvaraju et al. 2017, equation 1: `α_k = mean over places of ∂S/∂A_k`."""
    return seen.gradients.flatten(2).mean(2)


def _plus_plus(seen: Seen) -> Tensor:
    """Chattopadhay et al. 2018, equations 5 and 19: `α = g² / (2 g² + (Σ A) g³)`, `w_k = Σ α max(g, 0)`."""
    g, total = seen.gradients.flatten(2), seen.maps.flatten(2).sum(2, keepdim=True)
    bottom = 2 + total * g  # equation 19 divided by g²; where g is zero or negative the term is zero anyway
    alpha = torch.where((g > 0) & (bottom != 0), 1 / torch.where(bottom == 0, 1, bottom), 0)
    return (alpha * g.clamp(min=0)).sum(2)


WEIGHTS: dict[str, Callable[[Seen], Tensor]] = {
    "CAM": _pooled_gradient,
    "Grad-CAM": _mean_gradient,
    "Grad-CAM++": _plus_plus,
}
"""Published name of each variant -> the weights of the channels, `(N, C)`, from what was seen of the layer."""


def cam(model: nn.Module, x: Tensor, target: Tensor | int, *, layer: str | None = None) -> Tensor:
    """Where does the net find the class, if its head is global average pooling?  `L(i, j) = Σ_k w_k A_k(i, j)`

    `w_k` is the weight of the dense layer from the average of map `k` to the class, so that `S = b + mean(L)` exactly,
    with the bias `b` of the class. Signed: negative places speak against the class. The weights are read off as
    `∂S/∂mean(A_k)`, and the head is checked in numbers, however it is written. (After global *sum* pooling, too, `w_k`
    is that of the average.) Zhou et al. 2016, https://arxiv.org/abs/1512.04150, equation 2.

    Args:
        model: classifier, `(N, C, H, W)` or `(N, C, L)` -> logits `(N, K)`; left as it was found.
        x: inputs, floating point, of the model's type and on its device.
        target: class index, or one for each input, `(N,)`.
        layer: name of the module whose maps are pooled; None: the last one with spatial maps. Of a module that runs
            several times the last call is meant.

    Returns:
        Maps `(N, h, w)` or `(N, l)`, in logits.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected; also if the layer is not followed
            by global average pooling and one dense layer: `fit_pooling_head` gives such a net.
    """
    return weighted_maps(model, x, target, layer=layer, variant="CAM")[0]


def grad_cam(
    model: nn.Module, x: Tensor, target: Tensor | int, *, layer: str | None = None, relu: bool = True
) -> Tensor:
    """Where does the layer find the class, for any net?  `L = max(0, Σ_k α_k A_k)`, `α_k = mean over i, j of ∂S/∂A_k`

    On a net with global average pooling it is `cam` divided by the number of places `h w` (and cut at zero).
    Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, equations 1 and 2.

    Args:
        model, x, target, layer: as for `cam`; any layer with spatial maps.
        relu: False keeps the negative places.

    Returns:
        Maps `(N, h, w)` or `(N, l)`, in logits.
    """
    total, _ = weighted_maps(model, x, target, layer=layer, variant="Grad-CAM")
    return total.clamp(min=0) if relu else total


def grad_cam_plus_plus(
    model: nn.Module, x: Tensor, target: Tensor | int, *, layer: str | None = None, relu: bool = True
) -> Tensor:
    """Where does the layer find the class, every instance of it?  `L = max(0, Σ_k w_k A_k)`

    `w_k = Σ_ij α_k(i, j) max(0, g_k(i, j))` with `g = ∂S/∂A` and `α = g² / (2 g² + (Σ_ab A_k(a, b)) g³)`, zero where
    `g` is zero. This closed form is exact only for the score `Y = exp(S)`; its factor `exp(S)`, the same at all places,
    is left out. Chattopadhay et al. 2018, https://arxiv.org/abs/1710.11063, equations 5 and 19.

    Arguments and result as for `grad_cam`.
    """
    total, _ = weighted_maps(model, x, target, layer=layer, variant="Grad-CAM++")
    return total.clamp(min=0) if relu else total


@validated
def guided_grad_cam(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    layer: str | None = None,
    upsampling: Annotated[str, Choice(*UPSAMPLINGS, help="how the map of the layer is enlarged")] = "bilinear",
) -> Tensor:
    """Which details of the input, there where the class is found?  `R = guided backpropagation · enlarged Grad-CAM`

    Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, section 3.2.

    Args:
        model, x, target, layer: as for `grad_cam`.
        upsampling: see `upsampled`.

    Returns:
        Attribution of the shape of `x`.
    """
    model, x, target = prepare(model, x, target)
    details, where = guided_backpropagation(model, x, target), grad_cam(model, x, target, layer=layer)
    size = x.shape[-(where.ndim - 1) :]
    return details * upsampled(where, size, upsampling).view(len(x), *[1] * (x.ndim - where.ndim), *size)


def channel_weights(
    model: nn.Module, x: Tensor, target: Tensor | int, *, layer: str | None = None, variant: str = "Grad-CAM"
) -> Tensor:
    """How much does each map count?  The weights `w_k` of "CAM", "Grad-CAM" or "Grad-CAM++", `(N, C)`.

    Other arguments and errors as for `cam`.
    """
    return weighted_maps(model, x, target, layer=layer, variant=variant)[1]


def weighted_maps(
    model: nn.Module, x: Tensor, target: Tensor | int, *, layer: str | None = None, variant: str = "Grad-CAM"
) -> tuple[Tensor, Tensor]:
    """Both at once: the signed sum `Σ_k w_k A_k`, `(N, h, w)`, and the weights, `(N, C)`; as `channel_weights`."""
    if variant not in WEIGHTS:
        raise ValueError(f"variant must be one of {', '.join(map(repr, WEIGHTS))}, got {variant!r}")
    model, x, target = prepare(model, x, target)
    totals, weights = [], []
    for piece in chunks(len(x), "Mapping", **sizes(x)):
        seen = see(model, x[piece], target[piece], layer)
        if variant == "CAM":
            check_head(model, x[piece], target[piece], seen)
        weights.append(WEIGHTS[variant](seen))
        totals.append(weighted_sum(weights[-1], seen.maps))
    return (totals[0], weights[0]) if len(totals) == 1 else (torch.cat(totals), torch.cat(weights))


def weighted_sum(weights: Tensor, maps: Tensor) -> Tensor:
    """`Σ_k w_k A_k` from weights `(N, C)` and maps `(N, C, h, w)`: `(N, h, w)`."""
    return torch.bmm(weights[:, None], maps.flatten(2)).view(len(maps), *maps.shape[2:])


def upsampled(maps: Tensor, size: tuple[int, ...], upsampling: str = "bilinear") -> Tensor:
    """Enlarge maps `(N, h, w)` to `(N, H, W)`, or `(N, l)` to `(N, L)`, for a look over the input.

    A choice, not a part of the method: "nearest" draws each value as a block and shows what the layer knows; "bilinear"
    interpolates between the centres of the blocks (on a line: linearly) and shows detail that is not there.

    Args:
        maps: at the resolution of a layer.
        size: that of the input, `(H, W)` or `(L,)`.
        upsampling: "nearest" or "bilinear".

    Raises:
        ValueError: for another word, or a size with another number of axes.
    """
    if upsampling not in UPSAMPLINGS:
        raise ValueError(f"upsampling must be one of {', '.join(map(repr, UPSAMPLINGS))}, got {upsampling!r}")
    size, axes = tuple(size), maps.ndim - 1
    if len(size) != axes or axes not in (1, 2):
        raise ValueError(f"size must have the axes of the maps after N, 1 or 2, got {size} for {tuple(maps.shape)}")
    if upsampling == "nearest":
        return F.interpolate(maps[:, None], size, mode="nearest")[:, 0]
    return F.interpolate(maps[:, None], size, mode="linear" if axes == 1 else "bilinear", align_corners=False)[:, 0]
