"""The maps of one layer of a borrowed model, and the gradient of the class score by them.

A layer is named by the dotted name of its module. Of a module that runs several times, its last call is meant. The maps
are those that the layer hands on, whatever an in-place operation after it does to them.
"""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.interception import check_visible
from xaiwidgets.methods.inputs import check_scores, check_x, class_scores
from xaiwidgets.methods.layers import known_layer, near_layers, outputs_by_layer, tapped

_defaults: WeakKeyDictionary[nn.Module, dict[torch.Size, str]] = WeakKeyDictionary()  # of borrowed copies


@dataclass(frozen=True)
class Seen:
    """What one pass shows of a layer: its `maps` and the `gradients` `∂S/∂A` (both `(N, C, h, w)`), `scores` `(N,)`."""

    layer: str
    maps: Tensor
    gradients: Tensor
    scores: Tensor


def spatial_layers(model: nn.Module, x: Tensor) -> list[str]:
    """Which layers of the model have maps, `(N, C, h, w)` or `(N, C, l)`, of more than one place?

    The names of the modules, in the order in which they ran (a reused one: for the last time). A module that only hands
    on the output of one of its parts is left out.

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        x: inputs, `(N, …)`; one is enough.
    """
    return list(spatial_shapes(model, x))


def spatial_shapes(model: nn.Module, x: Tensor) -> dict[str, tuple[int, ...]]:
    """The shape of the maps of each of `spatial_layers`, `(C, h, w)`."""
    model = borrow(model)
    x = check_x(model, x)[:1]
    found = outputs_by_layer(model, x)
    return {name: tuple(output.shape[1:]) for name, output in found.items() if _is_spatial(output, x)}


def chosen_layer(model: nn.Module, x: Tensor, layer: str | None) -> str:
    """`layer`, checked, or the last one of `spatial_layers`; `model` is borrowed."""
    if layer is None:
        known = _defaults.setdefault(model, {})  # looking for it costs a forward pass
        if x.shape[1:] not in known:
            if not (names := spatial_layers(model, x)):
                raise ValueError(f"model has no layer with spatial maps for inputs of shape {tuple(x.shape[1:])}")
            known[x.shape[1:]] = names[-1]
        return known[x.shape[1:]]
    if not isinstance(layer, str):
        raise TypeError(
            f"layer must be the name of a module, or None for the last with maps, got {type(layer).__name__}"
        )
    if not known_layer(model, layer):
        near = near_layers(model, layer)
        raise ValueError(f"layer must be the name of a module, got {layer!r}; near names: {near}; {_offer(model, x)}")
    return layer


def see(model: nn.Module, x: Tensor, target: Tensor, layer: str | None) -> Seen:
    """The maps of a layer and the gradient of the class score by them, from `prepare`d arguments.

    Raises:
        TypeError, ValueError: if there is no such layer, it has no spatial maps, or the score does not depend on it.
    """
    check_visible(model)
    layer = chosen_layer(model, x, layer)
    with torch.inference_mode(False), torch.enable_grad(), tapped(model, layer, cut=True) as tap:
        # The clone: a model may write to its input, and autograd keeps no tensor of inference mode.
        logits = check_scores(class_scores(model, x.clone()), target)
        maps = checked_maps(model, layer, tap.output, x)
        chosen = torch.zeros_like(logits).scatter_(1, target[:, None], 1)
        found = torch.autograd.grad(logits, maps, chosen, allow_unused=True)[0] if logits.requires_grad else None
    if found is None:
        raise ValueError(f"the score does not depend on the last output of layer {layer!r} through torch operations")
    return Seen(layer, maps.detach(), found, logits.detach().gather(1, target[:, None])[:, 0])


def maps_of(model: nn.Module, x: Tensor, layer: str) -> Tensor:
    """What a layer hands on, `(N, C, h, w)`, without any gradient; `model` is borrowed."""
    with torch.inference_mode(False), torch.no_grad(), tapped(model, layer) as tap:
        class_scores(model, x.clone())
    return checked_maps(model, layer, tap.output, x)


def checked_maps(model: nn.Module, layer: str, output: Any, x: Tensor) -> Tensor:
    """Return a layer's output, or raise an error that says what it is instead of maps."""
    if output is None:
        raise ValueError(f"layer {layer!r} did not run in the forward pass; {_offer(model, x)}")
    if not _is_spatial(output, x):
        what = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(
            f"layer must have maps (N, C, h, w) of more than one place, the output of {layer!r} has not: "
            f"{what}; {_offer(model, x)}"
        )
    return output


def _is_spatial(output: Any, x: Tensor) -> bool:
    """Maps have as many axes as the input (tokens of a picture are no maps), or more where the model adds one."""
    if not isinstance(output, Tensor) or not output.is_floating_point():
        return False
    return output.ndim >= max(3, x.ndim) and len(output) == len(x) and output[0, 0].numel() > 1


def _offer(model: nn.Module, x: Tensor) -> str:
    names = spatial_layers(model, x)
    return f"layers with maps: {', '.join(map(repr, names))}" if names else "no layer of the model has maps"
