"""Wiping pixels away: in the order that a map puts them in, and by brush."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from ipywidgets import Widget
from torch import Tensor

from xaiwidgets.colors import picture
from xaiwidgets.evaluation import area_under, deletion_curve, insertion_curve
from xaiwidgets.explorers.maps import Display, Map, share_inside
from xaiwidgets.explorers.occlusion_modes import Controls, fill_control
from xaiwidgets.explorers.occlusion_subject import Question, Result, Subject, Trace, change
from xaiwidgets.explorers.occlusion_views import OcclusionViews
from xaiwidgets.methods.fills import hidden
from xaiwidgets.methods.occlusion import coarse_to_fine
from xaiwidgets.methods.random_occlusion import kept, random_occlusion_estimates
from xaiwidgets.views import Panel

WIPED = {"most": "important", "rest": "others", "brush": "brush only"}
TOLD = {"most": "the most important", "rest": "all but the most important", "brush": "by brush"}
RANKINGS = ("occlusion", "random occlusion")
CURVE_STEPS, SAMPLES = 40, 1000


class Wipe:
    """Hide the share of the pixels that a map puts first, or all others, and more by brush."""

    def controls(self, _subject: Subject, values: dict[str, Any]) -> Controls:
        """What to wipe, by which map, and the brush."""
        items: Controls = [
            {"name": "wiped", "label": "Wipe away", "kind": "choice", "options": list(WIPED),
             "labels": list(WIPED.values())},
            {"name": "share", "label": "Share of the pixels", "kind": "range", "minimum": 0, "maximum": 1, "step": 0.01,
             "default": 0.1},
            {"name": "ranking", "label": "Importance by", "kind": "choice", "options": list(RANKINGS)},
            fill_control(),
            {"name": "radius", "label": "Radius of the brush", "kind": "range", "minimum": 0.5, "maximum": 10,
             "step": 0.5, "default": 2.5, "unit": "px", "help": "paint on the wiped picture; Shift brings back"},
        ]  # fmt: skip
        return [item for item in items if values.get("wiped") != "brush" or item["name"] not in ("share", "ranking")]

    def compute(self, question: Question) -> Result:
        """Rank the pixels, unless they are ranked already; wipe, and ask the model."""
        values = question.request.values
        if values["wiped"] == "brush":
            return question.ask(hidden(question.x, _brushed(question), values["fill"]))
        key = (question.request.image, question.request.target, values["ranking"], values["fill"])
        shown = question.shown
        if shown is not None and shown.ranking is not None and shown.ranking[0] == key and shown.trace is not None:
            order, trace = shown.ranking[1], shown.trace
        else:
            for order in _orders(question):
                question.partial(_wiped(question, key, order, None))
            trace = _trace(question, order)
        return _wiped(question, key, order, replace(trace, marker=values["share"]))

    def show(self, views: OcclusionViews, result: Result, display: Display) -> tuple[Widget, ...]:
        """The bars, the wiped picture, and where there is one the map with its curves."""
        views.show_bars(result)
        views.show_wiped(result, "What is left")
        views.show_maps(result, display)
        curves = [] if result.trace is None else [views.curves]
        if curves:
            views.show_curves(result)
        pictures = views.in_a_row(*views.maps.views[: len(result.maps)], views.wiped)
        return (pictures, *curves, views.bars[0])

    def panels(self, views: OcclusionViews, result: Result) -> list[Panel]:
        """The map, and what is left."""
        left = Panel(picture(result.pictures[0]), "What is left", change(views.subject, result))
        return [*(views.maps.panels() if result.maps else []), left]

    def told(self, subject: Subject, result: Result) -> str:
        """What was wiped, and what becomes of the class."""
        values = result.request.values
        share = "" if values["wiped"] == "brush" else f" ({values['share']:.0%} by {values['ranking']})"
        told = f"Wiped away: {TOLD[values['wiped']]}{share}. {values['fill']}: {change(subject, result)}"
        return told if result.trace is None else f"{told}. {result.trace.title}"


def _brushed(question: Question) -> Tensor:
    brushed, size = question.request.brushed, question.x.shape[-2:]
    painted = brushed > 0 if brushed.shape == tuple(size) else torch.zeros(size, dtype=torch.bool).numpy()
    return torch.from_numpy(painted).to(question.x.device)


def _orders(question: Question) -> Iterator[Tensor]:
    """The map `(H, W)` that ranks the pixels, while it is made."""
    values = question.request.values
    if values["ranking"] == "occlusion":
        maps = question.map(coarse_to_fine, window=max(1, min(question.subject.size) // 8), fill=values["fill"])
    else:
        fill = values["fill"]
        maps = (so_far.map for so_far in question.map(random_occlusion_estimates, fill=fill, samples=SAMPLES))
    return (each[0].cpu() for each in maps)


def _wiped(question: Question, key: Any, order: Tensor, trace: Trace | None) -> Result:
    values = question.request.values
    where = kept(order[None], values["share"])[0].to(question.x.device)
    where = where if values["wiped"] == "most" else ~where
    caption = "importance of the pixels" if trace is not None else "coarse so far …"
    if (inside := share_inside(order, question.mask)) is not None:
        caption += f"\n{inside:.0%} inside the object"
    maps = [Map(values["ranking"].capitalize(), order, caption)]
    pictures = hidden(question.x, where | _brushed(question), values["fill"])
    more = {"maps": maps, "trace": trace, "finished": trace is not None, "ranking": (key, order)}
    return question.ask(pictures, **more)


def _trace(question: Question, order: Tensor) -> Trace:
    """How the probability falls and rises with the share of the pixels."""
    output = "probability" if len(question.subject.class_names) > 1 else "score"
    order, fill = order[None].to(question.x.device), question.request.values["fill"]
    curves = {}
    for name, curve in (("wiped", deletion_curve), ("only these left", insertion_curve)):
        curves[name] = question.map(curve, map=order, steps=CURVE_STEPS, fill=fill, output=output)[0].cpu()
    areas = ", ".join(f"{float(area_under(found)):.2f} {name}" for name, found in curves.items())
    title = f"{output.capitalize()} of {question.subject.class_names[question.request.target]}: area {areas}"
    return Trace(title, "share of the most important pixels", torch.linspace(0, 1, CURVE_STEPS + 1), curves)
