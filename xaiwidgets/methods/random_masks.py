"""Random masks: cells of the input that are shown or hidden together."""

import torch
from torch import Tensor

from xaiwidgets.methods.windows import places_of


class RandomMasks:
    """How much of each place is shown in each of many random masks, in [0, 1].

    Args:
        x: pictures `(N, C, H, W)`, signals `(N, C, L)` or a table `(N, D)`, of which each column is a cell.
        cells: along each axis.
        share: the probability with which a cell is hidden.
        samples: number of masks.
        smooth: the mask is interpolated between the cells' middles, on a grid that is shifted at random (Petsiuk et
            al. 2018, section 3.2); if not, cells are blocks.
        seed: of the masks.

    Raises:
        ValueError: for more cells than places.
    """

    def __init__(self, x: Tensor, cells: int, share: float, samples: int, smooth: bool, seed: int) -> None:
        self.places, self.smooth = places_of(x), smooth
        counts = self.places if x.ndim == 2 else (cells,) * len(self.places)
        if cells > min(self.places) and x.ndim > 2:
            raise ValueError(f"cells must be at most the places along an axis, {min(self.places)}, got {cells}")
        generator = torch.Generator().manual_seed(seed)
        nodes = [count + 2 if smooth else count for count in counts]
        self._shown = (torch.rand(samples, *nodes, generator=generator) >= share).to(x)
        self._shifts = torch.rand(samples, len(counts), generator=generator).to(x)
        self._along = [  # in cells, from the first node
            (torch.arange(length).to(x) + (0 if smooth else 0.5)) * count / length
            for length, count in zip(self.places, counts, strict=True)
        ]

    def __call__(self, which: Tensor) -> Tensor:
        """The masks with these numbers `(B,)`: `(B, H, W)`, `(B, L)` or `(B, D)`."""
        mask = self._shown[which]
        for axis, along in enumerate(self._along):
            nodes = torch.arange(mask.shape[1]).to(along)
            shift = self._shifts[which, axis] if self.smooth else along.new_zeros(len(which))
            distance = (along + shift[:, None])[:, :, None] - nodes
            weight = (1 - distance.abs()).clamp(min=0) if self.smooth else (distance >= 0) & (distance < 1)
            # The first axis is summed over its nodes and its places go last: after all axes, the order is the old one.
            mask = torch.einsum("bn...,bpn->b...p", mask, weight.to(mask))
        return mask
