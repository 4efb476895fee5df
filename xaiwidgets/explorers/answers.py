"""What networks answer to one picture, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.explorers.maps import Map
from xaiwidgets.explorers.pictures import on_device
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.methods.inputs import class_scores

MOST = 3  # networks side by side


@dataclass(frozen=True)
class Answer:
    """Probabilities of the classes `(K,)`, the class that is explained, and its map `(H, W)`, if that was asked for."""

    probabilities: Tensor
    target: int
    why: Map | None

    @property
    def best(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())


def answer(model: nn.Module, image: Tensor, target: int | None, method: str | None) -> Answer:
    """Ask `model` about an image `(C, H, W)`.

    Args:
        model: returns logits `(N, K)`; left as it was found.
        image: values in [0, 1].
        target: the class to explain; None: the one it answers.
        method: name of an explanation in `ATTRIBUTIONS`, with its defaults; None: no map.
    """
    model, x = borrow(model), on_device(model, image[None])
    with torch.no_grad():
        logits = class_scores(model, x)[0].cpu()
    target = int(logits.argmax()) if target is None else target
    return Answer(logits.softmax(0), target, None if method is None else _why(model, x, target, method))


def _why(model: nn.Module, x: Tensor, target: int, method: str) -> Map:
    try:
        return Map(method, ATTRIBUTIONS[method](model, x, target).sum(1)[0].cpu())
    except ValueError as error:
        return Map(method, None, notice=str(error))


def changes(old: Mapping[str, Answer], new: Mapping[str, Answer], class_names: tuple[str, ...]) -> str:
    """Which of the networks answers something else than before, in words."""
    said = []
    for name, answer in new.items():
        before, after = class_names[old[name].best], class_names[answer.best]
        said.append(f"{name}: still {after}" if before == after else f"{name}: {before} → {after}")
    return "; ".join(said)


def by_name(models: Mapping[str, nn.Module] | nn.Module) -> dict[str, nn.Module]:
    """The networks by name; checks that there are one to `MOST`."""
    if isinstance(models, nn.Module):
        models = {"The network": models}
    if not isinstance(models, Mapping):
        kind = type(models).__name__
        raise TypeError(f"models must be a torch.nn.Module or a mapping of names to modules, got {kind}")
    if not 1 <= len(models) <= MOST:
        raise ValueError(f"models must hold 1 to {MOST} networks, got {len(models)}")
    for name, model in models.items():
        if not isinstance(model, nn.Module):
            raise TypeError(f"models[{name!r}] must be a torch.nn.Module, got {type(model).__name__}")
    return {str(name): model for name, model in models.items()}
