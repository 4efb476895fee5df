"""A small prototype explorer, and what a user does with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from small import LABELS, settle, small_net, small_pictures
from torch import Tensor, nn

from xaiwidgets.colors import picture
from xaiwidgets.explorers import PrototypeExplorer
from xaiwidgets.methods.prototype_ascent import PrototypeFrame
from xaiwidgets.methods.prototype_variants import VARIANTS, variant_prototypes
from xaiwidgets.models.gaussian_expert import GaussianExpert

STEPS = 10
NAMES = ["ant", "bee", "cat", "dog"]
SHAPE = (1, 12, 10)


class SmallDecoder(nn.Module):
    """Codes of three numbers to pictures of 12 x 10."""

    code_size = 3

    def __init__(self, shape: tuple[int, ...] = SHAPE) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.shape, self.dense = shape, nn.Linear(3, torch.Size(shape).numel())

    def forward(self, code: Tensor) -> Tensor:
        """Pictures in [0, 1]."""
        return self.dense(code).sigmoid().unflatten(1, self.shape)

    def encode(self, x: Tensor) -> Tensor:
        """Some code."""
        return x.flatten(1)[:, :3]


EXPERT = GaussianExpert.fit(small_pictures(), axes=2)
JUDGE = GaussianExpert.fit(small_pictures().flip(3), axes=1)


def shorten(monkeypatch) -> None:
    """Every variant takes 10 steps."""
    for name, variant in VARIANTS.items():
        monkeypatch.setitem(VARIANTS, name, replace(variant, settings={**variant.settings, "steps": STEPS}))


def small_explorer(**arguments) -> PrototypeExplorer:
    """Opened, and its first prototypes have grown."""
    given = {"labels": LABELS, "class_names": NAMES, "expert": EXPERT, "decoder": SmallDecoder(), "judge": JUDGE}
    made = PrototypeExplorer(small_net(), small_pictures(), **{**given, **arguments})
    settle(made)
    return made


@contextmanager
def short_explorer() -> Iterator[PrototypeExplorer]:
    """A small explorer whose variants take few steps; closed at the end."""
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        made = small_explorer()
        yield made
        made.close()


def same_picture(explorer: PrototypeExplorer, frame: PrototypeFrame, place: int = 0, which: int = 0) -> None:
    """A square shows a prototype of a frame, pixel by pixel."""
    expected = picture(frame.pictures[which].detach())
    np.testing.assert_array_equal(explorer.views.squares[place].image, expected)


def grown(explorer: PrototypeExplorer, target, variant: str, **changes) -> list[PrototypeFrame]:
    """The frames of the method itself."""
    subject = explorer.subject
    parts = {"expert": EXPERT, "decoder": subject.decoder, "every": 5}
    return list(variant_prototypes(subject.model, target, variant, SHAPE, **{**parts, **changes}))


def choose(explorer: PrototypeExplorer, **values) -> None:
    """Say what is looked for; wait for the answer."""
    explorer.wishes.choices.values = values
    settle(explorer)


def slide(explorer: PrototypeExplorer, **values) -> None:
    """Move sliders; wait for the answer."""
    explorer.wishes.settings.values = values
    settle(explorer)
