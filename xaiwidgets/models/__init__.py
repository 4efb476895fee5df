"""The course's networks: small, trained from a seed, stored as plain numbers."""

from .device import choose_device
from .evaluate import ShortcutNumbers, accuracy, predict, shortcut_numbers
from .load import MODELS, CheckpointError, load_model

__all__ = [
    "MODELS",
    "CheckpointError",
    "ShortcutNumbers",
    "accuracy",
    "choose_device",
    "load_model",
    "predict",
    "shortcut_numbers",
]
