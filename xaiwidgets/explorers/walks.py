"""What `ShatteredExplorer` walks between, and what each net meets on the way."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.datasets import Dataset, load_dataset
from xaiwidgets.evaluation import autocorrelation, cosine_at_distance, half_distance, jumps, walk
from xaiwidgets.explorers.pictures import as_dataset, few_of_each, named_classes, on_device
from xaiwidgets.methods.gradients import gradient, smoothgrad

SAMPLES = 16  # noisy copies where the gradient is smoothed
MOST = 4  # nets at once
LIKENESS = {"autocorrelation": "Autocorrelation of the gradient", "cosine": "Cosine of the angle between gradients"}


@dataclass(frozen=True)
class Request:
    """What the user has set; with `noise` above 0 the gradient is SmoothGrad's."""

    start: int
    end: int
    target: int
    nets: tuple[str, ...]
    steps: int
    noise: float


@dataclass(frozen=True)
class Trip:
    """What a net's score and gradient do on a walk of `n` points; everything on the CPU.

    request:  what was asked for
    points:   `(n, C, H, W)`, the pictures on the way
    scores:   `(n,)`, logits of the class
    slopes:   `(n,)`, gradient along the walk in units of its root mean square, so that nets compare
    maps:     `(n, H, W)`, gradient, summed over the channels
    changes:  `(n,)`, by how much the gradient changed in the last step, in units of its root mean square length
    likeness: by name, how alike gradients are at each distance, `(n,)`
    """

    request: Request
    points: Tensor
    scores: Tensor
    slopes: Tensor
    maps: Tensor
    changes: Tensor
    likeness: dict[str, Tensor]

    def describe(self) -> str:
        """What was met, in numbers."""
        half = half_distance(self.likeness["autocorrelation"])
        alike = f"autocorrelation below one half after {half:.2f} of the way"
        return (
            f"score {float(self.scores[0]):.1f} to {float(self.scores[-1]):.1f}, "
            f"{'gradient the same everywhere' if math.isnan(half) else alike}, "
            f"largest change of the gradient in one step {float(self.changes.max()):.0%}"
        )


def travel(model: nn.Module, images: Tensor, request: Request) -> Trip:
    """Walk with one net between two of the `images` `(N, C, H, W)`: `steps` steps, one point more."""
    start, end = (on_device(model, images[index]) for index in (request.start, request.end))
    method = partial(smoothgrad, samples=SAMPLES, noise=request.noise) if request.noise else gradient
    points, scores, gradients = met = walk(model, start, end, request.target, steps=request.steps + 1, method=method)
    size = met.slopes.square().mean().sqrt()
    moved = points.diff(dim=0).flatten(1).norm(dim=1)
    return Trip(
        request=request,
        points=points.cpu(),
        scores=scores.cpu(),
        slopes=(met.slopes / size if size > 0 else met.slopes).cpu(),
        maps=gradients.sum(1).cpu(),
        changes=torch.cat([moved.new_zeros(1), jumps(gradients, points) * moved]).cpu(),
        likeness={
            "autocorrelation": autocorrelation(met.slopes).cpu(),
            "cosine": cosine_at_distance(gradients).cpu(),
        },
    )


def ends_to_choose(
    start: Tensor | None, end: Tensor | None, images: Dataset | Tensor | None, class_names: list[str] | None
) -> Dataset:
    """The pictures among which both ends are chosen; the first and the last are the ends to begin with."""
    if (start is None) != (end is None):
        raise ValueError("start and end must be given together")
    if start is not None and images is not None:
        raise ValueError("images are there to choose start and end from: give images, or start and end")
    if start is not None:
        found = [tuple(image.shape) if isinstance(image, Tensor) else type(image).__name__ for image in (start, end)]
        if found[0] != found[1] or len(found[0]) != 3:
            raise ValueError(f"start and end must be pictures (C, H, W) of one shape, got {found[0]} and {found[1]}")
        images = torch.stack([start, end])
    if images is None:
        images = few_of_each(load_dataset("digits"), 2)
    data = as_dataset(images, None, class_names)
    if len(data) < 2:
        raise ValueError(f"images must hold two pictures or more, got {len(data)}")
    return data


def common_classes(models: Mapping[str, nn.Module], data: Dataset) -> tuple[str, ...]:
    """Names of the classes; every model must have as many."""
    named = {name: named_classes(model, data) for name, model in models.items()}
    counts = {name: len(classes) for name, classes in named.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(f"models must have the same classes, got {counts}")
    return next(iter(named.values()))


def walk_controls(names: list[str], classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Controls of a walk, for nets of these names; the first and the last are chosen to begin with."""
    nets = [names[0], names[-1]][: len(names)]
    return [
        {"name": "nets", "label": f"Nets, up to {MOST}", "kind": "choices", "options": names, "maximum": MOST,
         "default": nets},
        {"name": "target", "label": "Score of class", "kind": "choice", "options": list(range(len(classes))),
         "labels": list(classes)},
        {"name": "steps", "label": "Steps on the way", "kind": "range", "minimum": 16, "maximum": 512, "log": True,
         "integer": True, "default": 128},
        {"name": "noise", "label": "SmoothGrad noise", "kind": "range", "minimum": 0, "maximum": 0.5, "step": 0.01,
         "help": f"0: the gradient itself; above: mean of {SAMPLES} noisy copies"},
        {"name": "compare", "label": "Compare gradients by", "kind": "choice", "options": list(LIKENESS)},
    ]  # fmt: skip
