"""What a mode of `OcclusionExplorer` is, and its first two: one occluder dragged by hand, and a window everywhere."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Protocol

import torch
from ipywidgets import Widget
from torch import Tensor

from xaiwidgets.colors import picture
from xaiwidgets.evaluation import rank_correlation
from xaiwidgets.explorers.maps import Display, Map, share_inside
from xaiwidgets.explorers.occlusion_subject import Question, Result, Subject, change
from xaiwidgets.explorers.occlusion_views import OcclusionViews
from xaiwidgets.methods.fills import FILLS
from xaiwidgets.methods.occlusion import coarse_to_fine, occluded
from xaiwidgets.methods.windows import SHAPES
from xaiwidgets.views import Panel

ALONE = "nothing"
STRIDES = {"1/2 window": 2, "1/4": 4, "1 px": 10**9}  # parts of the window
Controls = list[dict[str, Any]]


class Mode(Protocol):
    """One thing to do with the picture."""

    def controls(self, subject: Subject, values: dict[str, Any]) -> Controls:
        """The controls that matter, given what is set."""

    def compute(self, question: Question) -> Result:
        """The result for a picture."""

    def show(self, views: OcclusionViews, result: Result, display: Display) -> tuple[Widget, ...]:
        """Write a result to the views; returns the pictures and curves that belong on the page."""

    def panels(self, views: OcclusionViews, result: Result) -> list[Panel]:
        """What a saved notebook shows beside the input."""

    def told(self, subject: Subject, result: Result) -> str:
        """The result in words and numbers."""


def window_controls(subject: Subject) -> Controls:
    """Size and shape of the window; to begin with, a fifth of the picture."""
    smaller = min(subject.size)
    return [
        {"name": "window", "label": "Size of the window", "kind": "range", "minimum": 1, "maximum": smaller,
         "integer": True, "unit": "px", "default": max(1, round(smaller / 5))},
        {"name": "shape", "label": "Shape", "kind": "choice", "options": list(SHAPES)},
    ]  # fmt: skip


def fill_control() -> dict[str, Any]:
    """What is seen where something is hidden."""
    return {"name": "fill", "label": "Fill: what is seen there", "kind": "choice", "options": list(FILLS)}


def fill_controls() -> Controls:
    """Two fills to compare; the second may be left out."""
    beside = {"name": "beside", "label": "Compare with", "kind": "choice", "options": [ALONE, *FILLS]}
    return [fill_control(), {**beside, "default": "blur"}]


def fills_of(values: dict[str, Any]) -> list[str]:
    """The chosen fills."""
    return [values["fill"], *([] if values["beside"] == ALONE else [values["beside"]])]


def unit_control(subject: Subject, name: str, label: str, first: str) -> Controls:
    """A choice among the units of the scores, if there are several."""
    units = {first: subject.units[first], **subject.units} if first in subject.units else subject.units
    item = {"name": name, "label": label, "kind": "choice", "options": list(units), "labels": list(units.values())}
    return [item] if len(units) > 1 else []


class Occluder:
    """An occluder that the reader drags over the picture, under one fill or two."""

    def controls(self, subject: Subject, _values: dict[str, Any]) -> Controls:
        """Size, shape and fills of the occluder, and the unit of the scores."""
        return [*window_controls(subject), *fill_controls(), *unit_control(subject, "unit", "Scores as", subject.unit)]

    def compute(self, question: Question) -> Result:
        """Ask the model about the picture under the occluder, once for each fill."""
        x, values, middle = question.x, question.request.values, question.request.middle
        window = (middle, values["window"], values["shape"])
        covered = [x if middle is None else occluded(x, *window, fill) for fill in fills_of(values)]
        return question.ask(torch.cat(covered), values.get("unit"))

    def show(self, views: OcclusionViews, result: Result, _display: Display) -> tuple[Widget, ...]:
        """The bars first, then the pictures under the occluder."""
        fills = fills_of(result.request.values)
        for which in range(len(fills)):
            views.show_bars(result, which)
        for which, fill in enumerate(fills):
            views.show_card(result, which, fill)
        return (views.in_a_row(*views.under[: len(fills)]),)

    def panels(self, views: OcclusionViews, result: Result) -> list[Panel]:
        """The pictures under the occluder."""
        fills = enumerate(fills_of(result.request.values))
        return [Panel(picture(result.pictures[i]), fill, change(views.subject, result, i)) for i, fill in fills]

    def told(self, subject: Subject, result: Result) -> str:
        """What becomes of the class."""
        values, middle = result.request.values, result.request.middle
        place = "taken away" if middle is None else f"around row {middle[0]}, column {middle[1]}"
        told = "; ".join(f"{fill}: {change(subject, result, i)}" for i, fill in enumerate(fills_of(values)))
        return f"Occluder, {values['shape']} of {values['window']} px, {place}. {told}"


class Everywhere:
    """The map of what the score loses when the window lies there, under one fill or two, filling in."""

    def controls(self, subject: Subject, _values: dict[str, Any]) -> Controls:
        """Window, its steps, fills, and the score that is explained."""
        stride = {"name": "stride", "label": "Stride", "kind": "choice", "options": list(STRIDES)}
        window, shape = window_controls(subject)
        return [window, stride, shape, *fill_controls(), *unit_control(subject, "explained", "Loss of", "score")]

    def compute(self, question: Question) -> Result:
        """Slide the window under every fill at once, and show the maps while they fill in."""
        values, fills = question.request.values, fills_of(question.request.values)
        whole = question.ask(question.x[:0])
        given = {"window": values["window"], "shape": values["shape"], "output": values.get("explained", "score")}
        given["stride"] = max(1, values["window"] // STRIDES[values["stride"]])
        runs = [question.map(coarse_to_fine, fill=fill, **given) for fill in fills]

        def result(found: list[Tensor], finished: bool) -> Result:
            maps = [_map(fill, each, found[0], whole.mask, finished) for fill, each in zip(fills, found, strict=True)]
            return replace(whole, maps=maps, finished=finished)

        for found in in_turns(runs):
            question.partial(result(found, False))
        return result(found, True)

    def show(self, views: OcclusionViews, result: Result, display: Display) -> tuple[Widget, ...]:
        """The maps first, for they are waited for."""
        views.show_maps(result, display)
        views.show_bars(result)
        return (views.maps.widget, views.bars[0])

    def panels(self, views: OcclusionViews, _result: Result) -> list[Panel]:
        """The maps."""
        return views.maps.panels()

    def told(self, subject: Subject, result: Result) -> str:
        """The window, and what the maps say."""
        values = result.request.values
        maps = "; ".join(f"{each.title}: {each.caption or each.notice}" for each in result.maps)
        lost = subject.units[values.get("explained", subject.unit)]
        return f"Map of the {lost} lost to a {values['shape']} window of {values['window']} px. {maps}"


def in_turns(runs: list[Iterator[Tensor]]) -> Iterator[list[Tensor]]:
    """The latest map `(H, W)` of each run, again and again until all have ended."""
    latest, running = {}, dict(enumerate(runs))
    while running:
        for number, run in list(running.items()):
            maps = next(run, None)
            if maps is None:
                del running[number]
            else:
                latest[number] = maps[0].cpu()
        if running and len(latest) == len(runs):
            yield [latest[number] for number in range(len(runs))]


def _map(fill: str, values: Tensor, first: Tensor, mask: Tensor | None, finished: bool) -> Map:
    lines = [f"loses {float(values.min()):+.2g} to {float(values.max()):+.2g}" if finished else "coarse so far …"]
    if (inside := share_inside(values, mask)) is not None:
        lines.append(f"{inside:.0%} inside the object")
    if values is not first:
        likeness = f"{float(rank_correlation(values[None], first[None])):.2f}" if finished else "…"
        lines.append(f"rank correlation {likeness}")
    return Map(fill.capitalize(), values, "\n".join(lines))
