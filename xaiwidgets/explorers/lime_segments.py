"""LIME on segments: switch them on and off by hand, and fit a linear model to what the network says of many masks."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from xaiwidgets.explorers.lime_result import Fits, Kept, Question, Result, Subject
from xaiwidgets.methods.black_box import BlackBox
from xaiwidgets.methods.fills import FILLS, Hide, hiding
from xaiwidgets.methods.lime import lime
from xaiwidgets.methods.lime_fit import REGRESSIONS, Surrogate, cosine_distance, fit_surrogate, kernel
from xaiwidgets.methods.superpixels import METHODS, superpixels

Controls = list[dict[str, Any]]
CUT = ("method", "segments")  # what makes the segments
ASKED = (*CUT, "samples", "fill", "output")  # what changes the samples; all else needs a new fit only
MOST_SEGMENTS = 100


class Segments:
    """The mode "segments": answers of the model are kept, so that a change of the fit alone asks nothing again."""

    def __init__(self) -> None:
        self.boxes, self.cuts, self.hides = Kept(4), Kept(4), Kept(4)
        self.answers, self.fits = Kept(20), Kept(40)

    def controls(self, subject: Subject) -> Controls:
        """What the controls of this mode are."""
        names = list(subject.units)
        output = {"name": "output", "label": "Explained", "kind": "choice", "options": names}
        return [
            {"name": "method", "label": "Segments", "kind": "choice", "options": list(METHODS)},
            _range("segments", "Number of segments, about", 4, MOST_SEGMENTS, 40, integer=True,
                   help="quickshift finds its own number"),
            {"name": "fill", "label": "What is seen where one is off", "kind": "choice", "options": list(FILLS),
             "default": "mean"},
            {**output, "labels": list(subject.units.values())},
            _range("samples", "Samples", 10, 5000, 300, integer=True, help="masks the network is asked about"),
            _range("seeds", "Seeds, for the error bars", 1, 10, 5, integer=True),
            _range("kernel_width", "Kernel width σ", 0.1, 10, 0.25),
            {**_range("features", "Features K (0: all)", 0, MOST_SEGMENTS, 0, integer=True), "log": False},
            _range("penalty", "Penalty λ", 1e-4, 1000, 1.0),
            {"name": "regression", "label": "Regression", "kind": "choice", "options": list(REGRESSIONS)},
        ]  # fmt: skip

    def compute(self, question: Question) -> Result:
        """The score of the present mask first; then the fit, seed after seed."""
        labels = self._labels(question)
        (box, start), hide = self._box(question), self._hide(question)
        on = torch.tensor([label not in question.request.off for label in range(int(labels.max()) + 1)])
        seen = hide(torch.zeros(1, dtype=torch.long, device=box.x.device), ~on[labels][None].to(box.x.device))
        result = Result(
            request=question.request,
            x=question.x[0].cpu(),
            mask=question.mask,
            unit=box.output,
            start=start,
            seen=seen[0].cpu(),
            scores=box.classes(seen)[0].cpu(),
            labels=labels,
            finished=False,
        )
        wanted, found = question.request.values["seeds"], []
        known = self._known(question, wanted)
        if known < wanted:  # show at once what is there, for the rest takes a while
            found = [self._fitted(question, labels, seed) for seed in range(known)]
            question.partial(_with_fits(result, found, wanted, on))
        for seed in range(len(found), wanted):
            found.append(self._fitted(question, labels, seed))
            if known <= seed < wanted - 1:
                question.partial(_with_fits(result, found, wanted, on))
        return _with_fits(result, found, wanted, on)

    def _known(self, question: Question, wanted: int) -> int:
        """How many of the seeds, from the first, need no more answers of the model."""
        unknown = (seed for seed in range(wanted) if (*_asked(question), seed) not in self.answers)
        return next(unknown, wanted)

    def _labels(self, question: Question) -> Tensor:
        values = question.request.values
        key = (question.request.image, *(values[name] for name in CUT))
        cut = (values["method"], values["segments"])
        return self.cuts.get(key, lambda: superpixels(question.x[0], *cut).cpu())

    def _box(self, question: Question) -> tuple[BlackBox, Tensor]:
        """Whom to ask, and what it says of the whole picture."""
        request = question.request
        key = (request.image, request.target, request.values["output"])

        def made() -> tuple[BlackBox, Tensor]:
            box = BlackBox(question.subject.model, question.x, request.target, output=request.values["output"])
            return box, box.classes(box.x)[0].cpu()

        return self.boxes.get(key, made)

    def _hide(self, question: Question) -> Hide:
        fill = question.request.values["fill"]
        return self.hides.get((question.request.image, fill), lambda: hiding(question.x, fill))

    def _answers(self, question: Question, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Masks and scores of one seed's samples, as `lime` draws them."""
        values = question.request.values
        given = {name: values[name] for name in ("samples", "fill", "output")}

        def ask() -> tuple[Tensor, Tensor]:
            x, target = question.x, question.request.target
            found = lime(question.subject.model, x, target, segments=labels, seed=seed, **given)
            return found.masks, found.scores

        return self.answers.get((*_asked(question), seed), ask)

    def _fitted(self, question: Question, labels: Tensor, seed: int) -> Surrogate:
        values = question.request.values
        fit = (values["kernel_width"], values["features"], values["penalty"], values["regression"])
        masks, scores = self._answers(question, labels, seed)

        def fitted() -> Surrogate:
            width, features, penalty, regression = fit
            features = features if 0 < features < masks.shape[1] else None
            counts = kernel(cosine_distance(masks), width)
            return fit_surrogate(masks, scores, counts, penalty=penalty, features=features, regression=regression)

        return self.fits.get((*_asked(question), seed, fit), fitted)


def best_first(weights: Tensor) -> list[int]:
    """The segments with a weight, the largest first, whatever its sign."""
    order = weights.abs().argsort(descending=True, stable=True).tolist()
    return [segment for segment in order if weights[segment] != 0]


def _asked(question: Question) -> tuple:
    request = question.request
    return (request.image, request.target, *(request.values[name] for name in ASKED))


def _with_fits(result: Result, found: list[Surrogate], wanted: int, on: Tensor) -> Result:
    if not found:
        return result
    fits = Fits(tuple(found), wanted)
    predicted = float(fits.first(on[None])[0])
    return replace(result, fits=fits, predicted=predicted, finished=fits.finished)


def _range(name: str, label: str, low: float, high: float, default: float, **more: Any) -> dict[str, Any]:
    ends = {"minimum": low, "maximum": high, "default": default, "log": True}
    return {"name": name, "label": label, "kind": "range", **ends, **more}
