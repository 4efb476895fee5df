"""Explorers: one for each topic of the lecture, made of views, controls and a method."""

from xaiwidgets.explorers.cam_explorer import CAMExplorer
from xaiwidgets.explorers.explorer import Explorer
from xaiwidgets.explorers.gradients_explorer import GradientsExplorer
from xaiwidgets.explorers.guided_explorer import GuidedExplorer
from xaiwidgets.explorers.lime_explorer import LimeExplorer
from xaiwidgets.explorers.lime_local_fit import LocalFitExplorer
from xaiwidgets.explorers.lrp_explorer import LRPExplorer
from xaiwidgets.explorers.occlusion_explorer import OcclusionExplorer
from xaiwidgets.explorers.prototype_explorer import PrototypeExplorer
from xaiwidgets.explorers.shapley_explorer import ShapleyExplorer
from xaiwidgets.explorers.shapley_game_explorer import GameExplorer
from xaiwidgets.explorers.shapley_table_explorer import ShapleyTableExplorer
from xaiwidgets.explorers.shattered_explorer import ShatteredExplorer
from xaiwidgets.explorers.shortcut_explorer import ShortcutExplorer
from xaiwidgets.explorers.show import show
from xaiwidgets.explorers.top_k_explorer import TopKExplorer
from xaiwidgets.explorers.tsne_explorer import TSNEExplorer

__all__ = [
    "CAMExplorer",
    "Explorer",
    "GameExplorer",
    "GradientsExplorer",
    "GuidedExplorer",
    "LRPExplorer",
    "LimeExplorer",
    "LocalFitExplorer",
    "OcclusionExplorer",
    "PrototypeExplorer",
    "ShapleyExplorer",
    "ShapleyTableExplorer",
    "ShatteredExplorer",
    "ShortcutExplorer",
    "TSNEExplorer",
    "TopKExplorer",
    "show",
]
