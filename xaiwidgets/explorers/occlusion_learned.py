"""The learned mask: which small part, if taken away, takes the class away?"""

from typing import Any

import torch
from ipywidgets import Widget

from xaiwidgets.colors import picture
from xaiwidgets.explorers.maps import Display, Map, share_inside
from xaiwidgets.explorers.occlusion_modes import Controls
from xaiwidgets.explorers.occlusion_subject import Question, Result, Subject, Trace, change
from xaiwidgets.explorers.occlusion_views import OcclusionViews
from xaiwidgets.methods.fills import FILLS
from xaiwidgets.methods.meaningful_perturbation import Frame, learning_masks
from xaiwidgets.parameters import parameters_of
from xaiwidgets.views import Panel, specification_of

LEARNED = ("game", "area", "smoothness", "resolution", "steps")
REFERENCES = tuple(fill for fill in FILLS if fill != "inpaint")
EVERY = 5  # steps from frame to frame
NO_GRADIENT = "a plain callable has no gradient"


class Learned:
    """A mask that learns by gradient descent, shown step by step."""

    def controls(self, subject: Subject, _values: dict[str, Any]) -> Controls:
        """The parameters of the method; none where it cannot work."""
        if not subject.differentiable:
            return []
        items = specification_of(parameters_of(learning_masks), list(LEARNED))
        reference = {"name": "reference", "label": "Replaced by", "kind": "choice", "options": list(REFERENCES)}
        return [items[0], {**reference, "default": "blur"}, *items[1:]]

    def compute(self, question: Question) -> Result:
        """Learn, and show each frame."""
        if not question.subject.differentiable:
            why = "the mask is learned by following the gradient: give a torch model"
            return question.ask(question.x[:0], maps=[Map("Learned mask", None, why, NO_GRADIENT)])
        values, met = question.request.values, []
        arguments = {name: values[name] for name in LEARNED} | {"fill": values["reference"], "every": EVERY}
        for frame in question.map(learning_masks, **arguments):
            met.append((frame.step, float(frame.probability[0]), _area(frame, values["game"])))
            question.partial(_result(question, frame, met, False))
        return _result(question, frame, met, True)

    def show(self, views: OcclusionViews, result: Result, display: Display) -> tuple[Widget, ...]:
        """The mask and what the model sees behind it, the way there, and the bars."""
        views.show_maps(result, display)
        if result.trace is None:
            views.show_bars(result)
            return (views.maps.widget, views.bars[0])
        views.show_behind(result, "What the model sees")
        views.show_curves(result)
        views.show_bars(result)
        return (views.in_a_row(views.maps.views[0], views.behind), views.curves, views.bars[0])

    def panels(self, views: OcclusionViews, result: Result) -> list[Panel]:
        """The mask, and what the model sees."""
        seen = [Panel(picture(each), "What the model sees", change(views.subject, result)) for each in result.pictures]
        return [*views.maps.panels(), *seen]

    def told(self, subject: Subject, result: Result) -> str:
        """What was learned."""
        found = result.maps[0]
        seen = "" if result.trace is None else f" {change(subject, result)}"
        return f"Learned mask. {found.title}: {found.caption}.{seen}"


def _area(frame: Frame, game: str) -> float:
    """Share of the picture that is deleted, or in the other game preserved."""
    return float(frame.area[0]) if game == "deletion" else 1 - float(frame.area[0])


def _result(question: Question, frame: Frame, met: list[tuple[int, float, float]], finished: bool) -> Result:
    game = question.request.values["game"]
    mask = frame.mask[0].detach().cpu()
    done = "deleted" if game == "deletion" else "preserved"
    values = 1 - mask if game == "deletion" else mask
    caption = f"{met[-1][2]:.0%} of the picture" + ("" if finished else f", step {frame.step} …")
    if (inside := share_inside(values, question.mask)) is not None:
        caption += f"\n{inside:.0%} of it inside the object"
    steps, probabilities, areas = torch.tensor(met).T
    name = question.subject.class_names[question.request.target]
    curves = {f"probability of {name}": probabilities, f"{done} area": areas}
    return question.ask(
        frame.picture.detach(),
        maps=[Map(done.capitalize(), values, caption)],
        trace=Trace("The way there", "steps of learning", steps, curves),
        finished=finished,
    )
