"""What `LimeExplorer` is asked, what it found, and the answers it keeps so that it need not ask twice."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.explorers.maps import Map
from xaiwidgets.methods.lime_fit import Surrogate


@dataclass(frozen=True)
class Subject:
    """The model that is asked.

    model:          a module; one of its own kind around a plain callable
    class_names:    one a class
    differentiable: whether it has gradients at all
    units:          of its scores, with a name for each; the first is how they are shown
    """

    model: nn.Module
    class_names: tuple[str, ...]
    differentiable: bool
    units: dict[str, str]


@dataclass(frozen=True)
class Request:
    """What the user has set; `off`: the segments that are hidden."""

    mode: str
    image: int
    target: int
    values: dict[str, Any]
    off: frozenset[int]


@dataclass(frozen=True)
class Fits:
    """One surrogate for each seed that was asked so far, of `wanted`; see `LimeExplanation` for the names."""

    surrogates: tuple[Surrogate, ...]
    wanted: int

    @property
    def first(self) -> Surrogate:
        """That of the first seed, which makes the map."""
        return self.surrogates[0]

    @property
    def spread(self) -> Tensor | None:
        """Standard deviation of each weight over the seeds; None while there is one seed only."""
        weights = torch.stack([each.weights for each in self.surrogates])
        return weights.std(0) if len(weights) > 1 else None

    @property
    def finished(self) -> bool:
        """Whether all seeds were asked."""
        return len(self.surrogates) >= self.wanted


@dataclass(frozen=True)
class Result:
    """What was found; everything on the CPU.

    request:   what was asked for
    x:         `(C, H, W)`, the whole picture
    mask:      `(H, W)` bool, where its object is; None: nobody knows
    unit:      of the scores
    start:     `(K,)`, scores of the whole picture
    seen:      `(C, H, W)`, the picture with segments hidden, or with noise
    scores:    `(K,)`, its scores
    labels:    `(H, W)`, the segment of each pixel; None in the mode "pixels"
    fits:      the surrogates of the segments; None before the first
    predicted: what the first surrogate says of `seen`
    maps:      of the mode "pixels"
    finished:  False while there is more to come
    """

    request: Request
    x: Tensor
    mask: Tensor | None
    unit: str
    start: Tensor
    seen: Tensor
    scores: Tensor
    labels: Tensor | None = None
    fits: Fits | None = None
    predicted: float | None = None
    maps: list[Map] = field(default_factory=list)
    finished: bool = True


@dataclass(frozen=True)
class Question:
    """What a mode is asked.

    x:       `(1, C, H, W)`, on the model's device
    partial: shows a result that is not finished
    """

    subject: Subject
    request: Request
    x: Tensor
    mask: Tensor | None
    partial: Callable[[Result], None]


class Kept:
    """The latest few answers by question."""

    def __init__(self, most: int) -> None:
        self.most, self.answers = most, {}

    def __contains__(self, question: Hashable) -> bool:
        return question in self.answers

    def get(self, question: Hashable, answer: Callable[[], Any]) -> Any:
        """The answer to `question`; found by `answer` if it is not among the latest."""
        found = self.answers.pop(question) if question in self.answers else answer()
        self.answers[question] = found
        while len(self.answers) > self.most:
            del self.answers[next(iter(self.answers))]
        return found
