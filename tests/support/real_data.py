"""Real photos and a real network to test against, where they are: public data that is no part of the project.

They are looked for in `../shared/data` from the project's root, or where XAIWIDGETS_REAL_DATA points.
"""

import csv
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from project import ROOT
from torch import Tensor, nn
from torch.nn import functional as F

FOLDER = Path(os.environ.get("XAIWIDGETS_REAL_DATA", ROOT.parent / "shared" / "data"))
MEAN = (104.0, 117.0, 123.0)  # of blue, green and red, in 0..255
SIDE, WARPED = 227, 256
FIRST, LAST = (WARPED - SIDE) // 2, (WARPED - SIDE) // 2 + SIDE

needs_real_data = pytest.mark.skipif(
    not (FOLDER / "squeezenet").is_dir(),
    reason=f"no real data in {FOLDER}; XAIWIDGETS_REAL_DATA may name another folder",
)


class Fire(nn.Module):
    """Few channels by 1x1, then many by 1x1 and by 3x3, side by side."""

    def __init__(self, inputs: int, few: int, many: int) -> None:
        super().__init__()
        self.conv1x1_1 = nn.Conv2d(inputs, few, 1)
        self.conv1x1_2 = nn.Conv2d(few, many, 1)
        self.conv3x3_2 = nn.Conv2d(few, many, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv1x1_1(x))
        return torch.cat([F.relu(self.conv1x1_2(x)), F.relu(self.conv3x3_2(x))], 1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.0 (Iandola et al. 2016, https://arxiv.org/abs/1602.07360)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 7, stride=2)
        sizes = {2: (96, 16, 64), 3: (128, 16, 64), 4: (128, 32, 128), 5: (256, 32, 128)}
        sizes |= {6: (256, 48, 192), 7: (384, 48, 192), 8: (384, 64, 256), 9: (512, 64, 256)}
        for number, size in sizes.items():
            setattr(self, f"fire{number}", Fire(*size))
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.dropout = nn.Dropout()
        self.conv_final = nn.Conv2d(512, 1000, 1, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(self.fire4(self.fire3(self.fire2(x))))
        x = self.pool(self.fire8(self.fire7(self.fire6(self.fire5(x)))))
        x = F.relu(self.conv_final(self.dropout(self.fire9(x))))
        return x.mean((2, 3))


@cache
def squeezenet(dtype: torch.dtype = torch.float32) -> nn.Module:
    """The network with its ImageNet weights; shared, so to be left as it is."""
    arrays = np.load(FOLDER / "squeezenet" / "squeezenet10.npz")
    model = SqueezeNet()
    model.load_state_dict({name: torch.from_numpy(arrays[name]) for name in arrays.files})
    return model.eval().to(dtype)


class Photos(NamedTuple):
    """Photos as the network takes them, `(N, 3, 227, 227)`, their classes `(N,)` and the masks of their objects."""

    x: Tensor
    labels: Tensor
    masks: Tensor
    names: list[str]


@cache
def photos(dtype: torch.dtype = torch.float32) -> Photos:
    """The photos whose object the network ranks first."""
    folder = FOLDER / "photos"
    rows = list(csv.DictReader((folder / "labels.csv").read_text(encoding="utf-8").splitlines()))
    x = torch.stack([_input(folder / row["image"]) for row in rows])
    labels = torch.tensor([int(row["imagenet_class"]) for row in rows])
    masks = torch.stack([_mask(folder / "masks" / row["mask"]) for row in rows])
    return Photos(x.to(dtype), labels, masks, [row["imagenet_name"] for row in rows])


def _warped(path: Path, mode: str, resampling: Image.Resampling) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image.convert(mode).resize((WARPED, WARPED), resampling))[FIRST:LAST, FIRST:LAST]


def _input(path: Path) -> Tensor:
    rgb = _warped(path, "RGB", Image.Resampling.BILINEAR)
    bgr = rgb[..., ::-1].astype(np.float32) - np.array(MEAN, np.float32)
    return torch.from_numpy(bgr.transpose(2, 0, 1).copy())


def _mask(path: Path) -> Tensor:
    return torch.from_numpy(_warped(path, "L", Image.Resampling.NEAREST) > 127)
