"""Real handwritten digits: the 1,797 of the UCI set that comes with scikit-learn, enlarged so that a person reads them.

Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998.
"""

import functools

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.nn.functional import interpolate, pad

from .dataset import Dataset

SPLIT_SEED = 0
TEST_COUNT = 360
CLASS_NAMES = tuple("0123456789")


def digits(split: str = "test") -> Dataset:
    """1,437 pictures to train on, 360 to test on, (N, 1, 28, 28), white ink (1) on black paper (0).

    The 8 x 8 originals are enlarged to 24 x 24 by bicubic interpolation, cut to [0, 1], and set in a black frame of
    2 pixels, so that they have MNIST's size. The split is stratified and never changes.
    """
    parts = _split()
    images, labels = parts[split]
    return Dataset("digits", images.clone(), labels.clone(), CLASS_NAMES, split=split)


@functools.cache
def _split() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    found = load_digits()
    small = torch.tensor(found.images / 16, dtype=torch.float32)[:, None]
    images = pad(interpolate(small, scale_factor=3, mode="bicubic", align_corners=False).clamp(0, 1), (2, 2, 2, 2))
    labels = torch.tensor(found.target, dtype=torch.int64)
    train, test = train_test_split(
        torch.arange(len(labels)).numpy(), test_size=TEST_COUNT, stratify=found.target, random_state=SPLIT_SEED
    )
    return {"train": (images[train], labels[train]), "test": (images[test], labels[test])}
