"""Explorers: one for each topic of the lecture, made of views, controls and a method."""

from xaiwidgets.explorers.cam_explorer import CAMExplorer
from xaiwidgets.explorers.explorer import Explorer
from xaiwidgets.explorers.gradients_explorer import GradientsExplorer
from xaiwidgets.explorers.guided_explorer import GuidedExplorer
from xaiwidgets.explorers.lrp_explorer import LRPExplorer
from xaiwidgets.explorers.shattered_explorer import ShatteredExplorer
from xaiwidgets.explorers.shortcut_explorer import ShortcutExplorer
from xaiwidgets.explorers.show import show

__all__ = [
    "CAMExplorer",
    "Explorer",
    "GradientsExplorer",
    "GuidedExplorer",
    "LRPExplorer",
    "ShatteredExplorer",
    "ShortcutExplorer",
    "show",
]
