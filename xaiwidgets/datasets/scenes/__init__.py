"""Drawn everyday pictures, RGB 64 x 64, of which the truth is known: what is where, down to the parts."""

from .backgrounds import BACKGROUNDS
from .build import CLASS_NAMES, scenes, scenes_split
from .tag import add_tag, tag_masks

__all__ = ["BACKGROUNDS", "CLASS_NAMES", "add_tag", "scenes", "scenes_split", "tag_masks"]
