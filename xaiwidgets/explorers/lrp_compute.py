"""From what the user has set in the LRP explorer to what it shows."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.lrp_choices import RuleBook
from xaiwidgets.explorers.lrp_layers import Layer, layers_of
from xaiwidgets.explorers.lrp_result import Request, Result
from xaiwidgets.explorers.pictures import logits_of, object_mask, on_device
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.lrp import Flow, relevance_flow


class LrpComputer:
    """Answers requests about one model, some pictures and some rules.

    Args:
        model: the classifier.
        x: one picture, `(1, C, H, W)`, on which the layers are found.
        class_names: one a logit.
        book: the rules that can be chosen.

    Attributes:
        layers: that LRP passes on its way through the model; none if it refuses the model.
    """

    def __init__(self, model: nn.Module, x: Tensor, class_names: tuple[str, ...], book: RuleBook) -> None:
        self.model, self.class_names, self.book = model, class_names, book
        self.layers = self._found(on_device(model, x))

    def _found(self, x: Tensor) -> list[Layer]:
        for rules in (self.book.opening, "EpsilonPlus"):
            try:
                return layers_of(relevance_flow(self.model, x, 0, rules=rules), self.model)
            except Exception:  # of the reader's own rule, or of the model: the first answer says which
                continue
        return []

    def answer(self, data: Dataset, request: Request, old: Result | None) -> Result:
        """The flow for a request, and what is read from it; the flow of `old` where only the neuron is another."""
        composite = self.book.composite(request.question.choices)
        if old is not None and old.flow is not None and old.request != request and _same_flow(old.request, request):
            return replace(old, request=request)
        return self._new(data, request, composite, old)

    def refused(self, data: Dataset, request: Request, error: Exception) -> Result:
        """The result without a flow, which says why there is none."""
        image, mask = data.images[request.question.image], object_mask(data, request.question.image)
        logits = logits_of(self.model, image[None])[0]
        return Result(request, image, mask, logits, error=f"{type(error).__name__}: {error}")

    def _new(self, data: Dataset, request: Request, composite: Composite, old: Result | None) -> Result:
        image, mask = data.images[request.question.image], object_mask(data, request.question.image)
        # A filter that comes or goes changes nothing for the flow without it.
        same = old is not None and old.request != request and old.request.question == request.question
        free = (old.free if same else None) or self._flow(image, request, composite, None)
        flow = self._flow(image, request, composite, request.through) if request.through else free
        return Result(
            request, image, mask, flow.logits[0].detach().cpu(), flow, free,
            composite=composite, layers=tuple(self.layers), class_names=self.class_names,
        )  # fmt: skip

    def _flow(self, image: Tensor, request: Request, composite: Composite, through: tuple[int, int] | None) -> Flow:
        x, model = on_device(self.model, image[None]), borrow(self.model)
        if through is None:
            return relevance_flow(model, x, request.question.target, rules=composite)
        layer, channel = self.layers[through[0]], through[1]
        if layer.passes:
            filters = {layer.passes: [channel]}
            flow = relevance_flow(model, x, request.question.target, rules=composite, through=filters)
            others = torch.arange(layer.units) != channel
            if not layer.step(flow).arriving[0][others].any():
                return flow
        raise ValueError(
            f"layer {layer.title!r} is computed by a function inside a larger module, so that none of its channels can "
            "be followed alone; choose a layer that is a module of its own"
        )


def _same_flow(one: Request, other: Request) -> bool:
    return (one.question, one.through) == (other.question, other.through)
