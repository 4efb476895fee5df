"""The one door to the course's trained networks."""

import hashlib

import safetensors
import safetensors.torch
import torch
from torch import nn

from ..files import data_file
from .architectures import ARCHITECTURES
from .card import read_card
from .device import choose_device

MODELS = tuple(ARCHITECTURES)


class CheckpointError(RuntimeError):
    """A network's file is missing, damaged, or not the one its card describes."""


def load_model(name: str, device: str | torch.device = "cpu") -> nn.Module:
    """A trained network by name, in eval mode; it takes pictures in [0, 1] and returns logits (N, K).

    digits-mlp             three ReLU layers, biases <= 0
    digits-cnn             convolutions and two dense layers
    scenes-cnn             convolutions, global average pooling, one dense layer
    scenes-shortcut        the same net, trained where every boat carries a caption tag
    scenes-resnet          BatchNorm and skip connections
    digits-depth-1|3|7|15  plain ReLU nets of that many hidden layers
    scenes-pair-KIND-SEED  small nets that differ in one choice; KIND is base, dense, dropout, average, bias or all
                           (data/README.md), SEED 0, 1 or 2
    Raises ValueError for an unknown name or an absent device, CheckpointError for a missing or damaged file.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"no model is called {name!r}; known are {', '.join(MODELS)}")
    place = choose_device(device)
    model = ARCHITECTURES[name]()
    try:
        model.load_state_dict(read_tensors(name))
    except RuntimeError as error:
        if isinstance(error, CheckpointError):
            raise
        raise trouble(name, f"does not hold the tensors of this network: {error}") from error
    return model.eval().to(place)


def read_tensors(name: str) -> dict[str, torch.Tensor]:
    """The numbers in a checkpoint that its card describes, read as such: nothing in the file is ever executed."""
    path, card = data_file(f"{name}.safetensors"), data_file(f"{name}.md")
    if not path.is_file():
        raise trouble(name, "is missing")
    content = path.read_bytes()
    try:
        tensors = safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        raise trouble(name, f"is damaged: {error}") from error
    if not card.is_file():
        raise trouble(name, f"has no model card: {card} is missing")
    found, expected = hashlib.sha256(content).hexdigest(), read_card(card).get("sha256")
    if found != expected:
        raise trouble(name, f"is not the file its card {card.name} describes: sha256 {found}, not {expected}")
    return tensors


def trouble(name: str, what: str) -> CheckpointError:
    """The error about the file of `name`, with the way out of it."""
    again = f"install xaiwidgets again, or train the network: python -m xaiwidgets.models.train {name}"
    return CheckpointError(f"{data_file(f'{name}.safetensors')} {what}. To mend it, {again}")
