"""The course's data: offline, seeded, and with ground truth where there is one."""

from .dataset import Dataset, SceneObject
from .load import DATASETS, SPLITS, load_dataset
from .scenes import add_tag, scenes, tag_masks

__all__ = ["DATASETS", "SPLITS", "Dataset", "SceneObject", "add_tag", "load_dataset", "scenes", "tag_masks"]
