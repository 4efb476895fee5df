"""The units in which the scores of a model are shown: probabilities, logits, log-odds."""

from typing import Any

from torch import Tensor, nn

from xaiwidgets.explorers.pictures import logits_of
from xaiwidgets.methods.black_box import OUTPUTS
from xaiwidgets.methods.inputs import are_probabilities


def units_of(model: nn.Module, images: Tensor, differentiable: bool) -> dict[str, str]:
    """The units in which scores can be shown: probabilities first, unless a callable returns something else."""
    logits = logits_of(model, images[:1])
    names = {"probability": "probability", "score": "logit" if differentiable else "score", "log-odds": "log-odds"}
    if logits.shape[1] < 2:
        return {"score": "score"}
    if are_probabilities(logits):
        return {"probability": "probability", "log-odds": "log-odds"}
    first = "probability" if differentiable else "score"
    return {unit: names[unit] for unit in (first, *(unit for unit in OUTPUTS if unit != first))}


def written(value: Any, unit: str) -> str:
    """A score with its unit."""
    return f"{100 * float(value):.1f} %" if unit == "probability" else f"{float(value):.2f}"
