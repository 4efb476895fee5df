"""The course's networks: small, trained from a seed, stored as plain numbers."""

from .decoders import DECODERS, load_decoder
from .device import choose_device
from .evaluate import ShortcutNumbers, accuracy, predict, shortcut_numbers
from .experts import EXPERTS, load_expert
from .load import MODELS, CheckpointError, load_model

__all__ = [
    "DECODERS",
    "EXPERTS",
    "MODELS",
    "CheckpointError",
    "ShortcutNumbers",
    "accuracy",
    "choose_device",
    "load_decoder",
    "load_expert",
    "load_model",
    "predict",
    "shortcut_numbers",
]
