"""Cut a picture into segments, the parts that LIME, Shapley values and others switch on and off."""

import math
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.parameters import Choice, Range, validated

METHODS = ("slic", "quickshift", "grid")


@validated
def superpixels(
    x: Tensor,
    method: Annotated[str, Choice(*METHODS, help="how the picture is cut")] = "slic",
    segments: Annotated[int, Range(1, 4096, log=True, help="how many segments, about")] = 50,
    *,
    compactness: Annotated[float, Range(0.01, 1000, log=True, help="slic: higher, squarer")] = 10.0,
) -> Tensor:
    """Which pixels belong together?  A label for each pixel.

    Args:
        x: one picture `(C, H, W)` of any range; it is stretched to 0..1 first.
        method: "slic", clusters of colour and place (Achanta et al. 2012); "quickshift", modes of colour and place
            (Vedaldi and Soatto 2008), the choice of Ribeiro et al.'s program: it finds its own number of segments;
            "grid", rectangles that know nothing of the picture.
        segments: how many to aim for; "slic" and "grid" come near it.
        compactness: of "slic": weight of place against colour.

    Returns:
        Labels `(H, W)`, int64, from 0 to the number of segments - 1, each of them used.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise TypeError(f"x must be a floating-point tensor (C, H, W), got {getattr(x, 'dtype', type(x).__name__)}")
    if x.ndim != 3 or x.numel() == 0:
        raise ValueError(f"x must be one picture (C, H, W), got shape {tuple(x.shape)}")
    if not x.isfinite().all():
        raise ValueError("x must be finite, got NaN or infinite values")
    if method == "grid":
        return grid(x.shape[1], x.shape[2], segments).to(x.device)
    return in_order(torch.from_numpy(_segmented(_stretched(x), method, segments, compactness))).to(x.device)


def grid(height: int, width: int, segments: int) -> Tensor:
    """Labels `(height, width)` of rectangles, about `segments` of them and about square."""
    rows = min(height, max(1, round(math.sqrt(segments * height / width))))
    columns = min(width, max(1, round(segments / rows)))
    row, column = torch.arange(height) * rows // height, torch.arange(width) * columns // width
    return row[:, None] * columns + column


def in_order(labels: Tensor) -> Tensor:
    """The same segments, labelled 0 to their number - 1, in the order of the labels they had."""
    return labels.unique(return_inverse=True)[1]


def _stretched(x: Tensor) -> np.ndarray:
    """The picture from 0 to 1, channels last; three channels, or one."""
    picture = x.detach().cpu().double()
    low, high = picture.min(), picture.max()
    picture = (picture - low) / (high - low).clamp(min=1e-12)
    return picture.permute(1, 2, 0).numpy()


def _segmented(picture: np.ndarray, method: str, segments: int, compactness: float) -> np.ndarray:
    from skimage import segmentation  # takes a while to load, and a grid needs none of it

    colour = picture.shape[2] == 3
    if method == "slic":
        return segmentation.slic(
            picture, segments, compactness, start_label=0, channel_axis=2, convert2lab=colour, enforce_connectivity=True
        ).astype(np.int64)
    if not colour:
        picture = np.repeat(picture.mean(2, keepdims=True), 3, 2)
    return segmentation.quickshift(picture, kernel_size=4, max_dist=200, ratio=0.2, rng=0).astype(np.int64)
