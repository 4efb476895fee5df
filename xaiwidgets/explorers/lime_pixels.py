"""LIME with noise on the pixels: the slope of the best linear fit within a radius, beside the gradient."""

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from xaiwidgets.explorers.lime_result import Kept, Question, Result, Subject
from xaiwidgets.explorers.maps import Map, share_inside
from xaiwidgets.methods.black_box import BlackBox
from xaiwidgets.methods.gradients import gradient
from xaiwidgets.methods.lime import LimeExplanation
from xaiwidgets.methods.pixel_lime import pixel_lime

Controls = list[dict[str, Any]]
CELLS = (4, 8, 16, 32)  # blocks a side; and every pixel for itself
DESIGNS = {"complete": "complete design", "random": "random noise"}
PENALTY = 1e-6  # too small to shrink a weight, but with fewer samples than weights the fit is the smallest one


class Pixels:
    """The mode "pixels"; what was asked for one picture, class and radius is kept."""

    def __init__(self) -> None:
        self.found = Kept(24)

    def controls(self, subject: Subject, size: tuple[int, int], values: dict[str, Any]) -> Controls:
        """Radius and resolution of the noise, and how it is drawn."""
        cells = [*(number for number in CELLS if number < min(size)), 0]
        labels = [f"{number} × {number} blocks" if number else "every pixel" for number in cells]
        items = [
            {"name": "epsilon", "label": "Radius ε of the noise", "kind": "range", "minimum": 1e-4, "maximum": 1,
             "log": True, "default": 0.02, "help": "standard deviation, where black is 0 and white is 1"},
            {"name": "cells", "label": "One weight for each of", "kind": "choice", "options": cells, "labels": labels,
             "default": 8 if 8 in cells else 0},
            {"name": "design", "label": "Noise", "kind": "choice", "options": list(DESIGNS),
             "labels": list(DESIGNS.values()), "help": "complete: ±ε in orthogonal patterns, as many as needed"},
        ]  # fmt: skip
        count = {"name": "drawn", "label": "Samples of the noise", "kind": "range", "minimum": 10, "maximum": 20000}
        random = values.get("design") == "random"
        return [*items, {**count, "log": True, "integer": True, "default": 500}] if random else items

    def compute(self, question: Question) -> Result:
        """The gradient at once; then the fit."""
        values, x = question.request.values, question.x
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)).to(x)
        noisy = x + values["epsilon"] * (_over_pixels(noise, values["cells"], x) if values["cells"] else noise)
        ask = (question.subject.model, x, question.request.target)
        box = BlackBox(*ask)
        slope = gradient(*ask) if question.subject.differentiable else None
        result = Result(
            request=question.request,
            x=x[0].cpu(),
            mask=question.mask,
            unit="score",
            start=box.classes(x)[0].cpu(),
            seen=noisy[0].cpu(),
            scores=box.classes(noisy)[0].cpu(),
            finished=False,
        )
        key = (question.request.image, question.request.target, *sorted(values.items()))
        waiting = Map(_name(values), None, notice="asking the network …")
        if key not in self.found:
            question.partial(replace(result, maps=[waiting, _gradient_map(slope, values["cells"], question.mask)]))
        found = self.found.get(key, lambda: _explained(question))
        maps = [_map(found, slope, values, question.mask), _gradient_map(slope, values["cells"], question.mask)]
        return replace(result, maps=maps, finished=True)


def _explained(question: Question) -> LimeExplanation:
    values = question.request.values
    samples = {} if values["design"] == "complete" else {"samples": values["drawn"], "penalty": PENALTY}
    given = {"epsilon": values["epsilon"], "cells": values["cells"] or None, **samples}
    return pixel_lime(question.subject.model, question.x, question.request.target, **given)


def cosine(first: Tensor, second: Tensor) -> float:
    """The cosine of the angle between two maps, as vectors; NaN where one is zero."""
    first, second = first.flatten().double().cpu(), second.flatten().double().cpu()
    return float(first @ second / (first.norm() * second.norm()))


def over_blocks(values: Tensor, cells: int) -> Tensor:
    """Each value `(1, C, H, W)` replaced by the mean of its block, of `cells x cells` a channel; 0: as they are."""
    if not cells:
        return values
    down, right = (F.one_hot(place, cells).to(values) for place in _blocks(values, cells))
    means = (down / down.sum(0)).T @ values @ (right / right.sum(0))
    return _over_pixels(means, cells, values)


def _blocks(like: Tensor, cells: int) -> list[Tensor]:
    """The block of each row, and of each column, as `pixel_lime` cuts a picture."""
    return [torch.arange(length, device=like.device) * cells // length for length in like.shape[2:]]


def _over_pixels(values: Tensor, cells: int, like: Tensor) -> Tensor:
    """One value for each block, over its pixels."""
    row, column = _blocks(like, cells)
    return values[:, :, row[:, None], column]


def _name(values: dict[str, Any]) -> str:
    return f"Pixel LIME, ε = {values['epsilon']:.2g}"


def _map(found: LimeExplanation, slope: Tensor | None, values: dict[str, Any], mask: Tensor | None) -> Map:
    lines = [f"R² {found.r2:.2f} · intercept {found.intercept:.2f}"]
    if slope is not None:
        lines.append(f"cosine with the gradient {cosine(found.weights, over_blocks(slope, values['cells'])):.2f}")
    size = float(found.weights.abs().mean())
    spread = float(found.spread.mean())
    lines.append(f"mean |w| {size:.2g}, spread {'unknown' if math.isnan(spread) else f'{spread:.1g}'}")
    return Map(_name(values), found.map().float().cpu(), "\n".join([*lines, *_inside(found.map().float(), mask)]))


def _gradient_map(slope: Tensor | None, cells: int, mask: Tensor | None) -> Map:
    name = "Gradient" + (" (means of blocks)" if cells else "")
    if slope is None:
        return Map(name, None, notice="only a torch model has a gradient")
    shown = over_blocks(slope, cells).sum(1)[0].cpu()
    return Map(name, shown, "\n".join(_inside(shown, mask)))


def _inside(values: Tensor, mask: Tensor | None) -> list[str]:
    share = share_inside(values.cpu(), mask)
    return [] if share is None else [f"{share:.0%} of the positive inside"]
