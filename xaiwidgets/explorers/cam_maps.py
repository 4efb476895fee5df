"""What the CAM explorer computes: a map, the channels it is made of, and numbers that grade it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from xaiwidgets.colors import symmetric_limit, to_rgb
from xaiwidgets.explorers.maps import Map, share_inside
from xaiwidgets.methods.cam import UPSAMPLINGS, WEIGHTS, guided_grad_cam, upsampled, weighted_sum
from xaiwidgets.methods.cam_head import check_head
from xaiwidgets.methods.cam_layers import Seen, see, spatial_shapes
from xaiwidgets.methods.inputs import prepare

GUIDED = "Guided Grad-CAM"
VARIANTS = (*WEIGHTS, GUIDED)
MOST = 8  # channels shown
OTHER_HEAD = "CAM needs average pooling and one dense layer right after the layer: choose that layer, or Grad-CAM."


@dataclass(frozen=True)
class Channels:
    """The channels of a layer that add most to the map.

    Attributes:
        numbers: of the channels, the one with the largest part first, `(n,)`.
        maps: their maps `A_k`, enlarged to the picture, `(n, H, W)`, and as they are, `(n, h, w)`, in `small`.
        weights, parts: `w_k`, and what map `k` adds to the sum of the map (for CAM: to its mean), `(n,)`.
        adds, count: what `parts` are, in words; and the number of all channels of the layer.
    """

    numbers: list[int]
    maps: Tensor
    small: Tensor
    weights: Tensor
    parts: Tensor
    adds: str
    count: int

    def shown(self, index: int) -> Map:
        """One of them as a map, with its weight and its part."""
        weight, part = float(self.weights[index]), float(self.parts[index])
        caption = f"weight w = {weight:.3g}\n{self.adds} = {part:.4g}\none of {self.count} maps"
        return Map(f"Map {self.numbers[index]}", self.maps[index], caption)

    def thumbnails(self) -> np.ndarray:
        """All on one scale, in colours, `(n, h, w, 3)` uint8."""
        return to_rgb(self.small, symmetric_limit(self.small))


@dataclass(frozen=True)
class Settings:
    """What the reader chooses besides picture and class."""

    layer: str
    variant: str
    upsampling: str
    relu: bool


def explain(
    model: nn.Module, x: Tensor, target: int, settings: Settings, thing: str, mask: Tensor | None
) -> tuple[Map, Channels]:
    """The map of one input `(1, C, H, W)`, and the channels it is made of; `thing` names the class."""
    model, x, classes = prepare(model, x, target)
    seen = see(model, x, classes, settings.layer)
    weights = WEIGHTS["Grad-CAM" if settings.variant == GUIDED else settings.variant](seen)
    channels = _strongest(seen, weights, x.shape[2:], settings)
    try:
        if settings.variant == "CAM":
            check_head(model, x, classes, seen)
    except ValueError:
        return Map(settings.variant, None, OTHER_HEAD, "not exact at this layer"), channels
    total = weighted_sum(weights, seen.maps)
    small = total.clamp(min=0) if settings.relu and settings.variant in ("Grad-CAM", "Grad-CAM++") else total
    if settings.variant == GUIDED:
        values = guided_grad_cam(model, x, classes, layer=settings.layer, upsampling=settings.upsampling).sum(1)
    else:
        values = upsampled(small, x.shape[2:], settings.upsampling)
    lines = [
        *grades(values[0].cpu(), mask, thing),
        *_sums(small if settings.variant != GUIDED else values, seen, settings),
    ]
    return Map(settings.variant, values[0].cpu(), "\n".join(lines)), channels


def grades(values: Tensor, mask: Tensor | None, thing: str) -> list[str]:
    """How well a map `(H, W)` lies on the thing: share of its positive values, and whether its peak is inside.

    Nothing for an empty name, where nobody knows what the picture shows.
    """
    if mask is None:
        return [f"no {thing} in this picture"] if thing else []
    inside = share_inside(values, mask)
    if inside is None:
        return [f"{thing}: nothing positive"]
    hit = bool(mask.flatten()[values.argmax()])
    area = float(mask.float().mean())
    return [f"on the {thing} {inside:.0%} · area {area:.0%}", f"peak {'on' if hit else 'off'} the {thing}"]


def _sums(values: Tensor, seen: Seen, settings: Settings) -> list[str]:
    """The map's sum beside the logit; for CAM the two agree up to the bias."""
    places = " x ".join(map(str, seen.maps.shape[2:]))
    score, mean = float(seen.scores), float(values.mean())
    if settings.variant == "CAM":
        return [f"mean {mean:.2f} + bias {score - mean:.2f} = logit {score:.2f}", f"layer: {places} places"]
    return [f"sum {float(values.sum()):.2f} · logit {score:.2f}", f"layer: {places} places"]


def _strongest(seen: Seen, weights: Tensor, size: tuple[int, ...], settings: Settings) -> Channels:
    values = seen.maps[0].flatten(1)
    averaged = settings.variant == "CAM"
    parts = weights[0] * (values.mean(1) if averaged else values.sum(1))
    numbers = parts.abs().argsort(descending=True, stable=True)[:MOST]
    small = seen.maps[0, numbers]
    maps = upsampled(small, size, settings.upsampling).cpu()
    adds = "w · mean of the map" if averaged else "w · sum of the map"
    weights, parts = weights[0, numbers].cpu(), parts[numbers].cpu()
    return Channels(numbers.tolist(), maps, small.cpu(), weights, parts, adds, seen.maps.shape[1])


def digits_for(values: Tensor) -> int:
    """Decimal places at which the largest of `values` has three digits."""
    largest = float(values.abs().max())
    return min(max(2 - math.floor(math.log10(largest)), 0), 6) if 0 < largest < math.inf else 2


def choices(model: nn.Module, x: Tensor, layer: str | None, variant: str) -> list[dict[str, Any]]:
    """The controls that say what is explained; checks `layer` and `variant`."""
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(map(repr, VARIANTS))}, got {variant!r}")
    shapes, modules = spatial_shapes(model, x), dict(model.named_modules())
    if not shapes:
        raise ValueError(f"model must have a layer with spatial maps, it has none for inputs of {tuple(x.shape[1:])}")
    if layer is not None and layer not in shapes:
        raise ValueError(f"layer must be one of those with maps, {', '.join(map(repr, shapes))}, got {layer!r}")
    labels = [f"{name} {type(modules[name]).__name__}, {_size(shape)}" for name, shape in shapes.items()]
    return [
        {"name": "variant", "label": "Method", "kind": "choice", "options": list(VARIANTS), "default": variant},
        {"name": "layer", "label": "Layer", "kind": "choice", "options": list(shapes), "labels": labels,
         "default": layer or list(shapes)[-1]},
        {"name": "upsampling", "label": "Enlarged by", "kind": "choice", "options": list(UPSAMPLINGS),
         "labels": ["blocks", "bilinear"], "help": "blocks: what the layer knows"},
        {"name": "relu", "label": "Cut at zero (ReLU)", "kind": "flag", "default": True,
         "help": "Grad-CAM and Grad-CAM++"},
    ]  # fmt: skip


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} of {' x '.join(map(str, shape[1:]))}"
