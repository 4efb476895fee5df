"""What `OcclusionExplorer` asks, whom it asks, and what it was told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xaiwidgets.explorers.maps import Map
from xaiwidgets.explorers.units import written
from xaiwidgets.methods.black_box import BlackBox

Place = tuple[int, int]


@dataclass(frozen=True)
class Subject:
    """The model that is asked.

    model:          a module; one of its own kind around a plain callable
    class_names:    one a class
    size:           `(H, W)` of the pictures
    outlined:       whether it is known where the objects are
    differentiable: whether it has gradients at all
    units:          of its scores, with a name for each; the first is how they are shown
    """

    model: nn.Module
    class_names: tuple[str, ...]
    size: tuple[int, int]
    outlined: bool
    differentiable: bool
    units: dict[str, str]

    @property
    def unit(self) -> str:
        """How scores are shown unless the reader chose."""
        return next(iter(self.units))


@dataclass(frozen=True)
class Request:
    """What the user has set; `middle` of the occluder, `brushed` `(H, W)` where the brush was."""

    mode: str
    image: int
    target: int
    values: dict[str, Any]
    middle: Place | None
    brushed: np.ndarray


@dataclass(frozen=True)
class Trace:
    """Curves over the share of the pixels, or over the steps of learning."""

    title: str
    x_label: str
    x: Tensor
    curves: dict[str, Tensor]
    marker: float | None = None


@dataclass(frozen=True)
class Result:
    """What was found; everything on the CPU.

    request:  what was asked for
    x:        `(C, H, W)`, the whole picture
    mask:     `(H, W)` bool, where its object is; None: nobody knows
    unit:     of the scores
    start:    `(K,)`, scores of the whole picture
    pictures: `(n, C, H, W)`, what the model saw instead
    scores:   `(n, K)`, its scores there
    maps:     what is shown over the picture
    trace:    curves
    finished: False while there is more to come
    ranking:  for which settings the first map was made, to use it again
    """

    request: Request
    x: Tensor
    mask: Tensor | None
    unit: str
    start: Tensor
    pictures: Tensor
    scores: Tensor
    maps: list[Map] = field(default_factory=list)
    trace: Trace | None = None
    finished: bool = True
    ranking: tuple[Any, Tensor] | None = None


@dataclass(frozen=True)
class Question:
    """What a mode is asked.

    x:       `(1, C, H, W)`, on the model's device
    shown:   the result on the page
    partial: shows a result that is not finished
    """

    subject: Subject
    request: Request
    x: Tensor
    mask: Tensor | None
    shown: Result | None
    partial: Callable[[Result], None]

    def ask(self, pictures: Tensor, unit: str | None = None, **more: Any) -> Result:
        """The result for `pictures` `(n, C, H, W)`, each made from `x`."""
        unit = unit or self.subject.unit
        scores = BlackBox(self.subject.model, self.x, self.request.target, output=unit).classes(
            torch.cat([self.x, pictures])
        )
        seen = {"start": scores[0].cpu(), "pictures": pictures.cpu(), "scores": scores[1:].cpu()}
        return Result(request=self.request, x=self.x[0].cpu(), mask=self.mask, unit=unit, **seen, **more)

    def map(self, run: Callable[..., Iterator[Any]], **arguments: Any) -> Iterator[Any]:
        """Run a method on the picture and its class."""
        return run(self.subject.model, self.x, self.request.target, **arguments)


def change(subject: Subject, result: Result, which: int = 0) -> str:
    """What became of the explained score: boat 99.7 % → 12.3 %."""
    target = result.request.target
    before, after = written(result.start[target], result.unit), written(result.scores[which][target], result.unit)
    return f"{subject.class_names[target]} {before} → {after}"
