"""Random masks: cells of the input that are shown or hidden together."""

import math

import torch
from torch import Tensor

from xaiwidgets.methods.windows import places_of

AT_ONCE = 2**18  # random numbers in a block of masks: all masks of many small cells would not fit into memory


class RandomMasks:
    """How much of each place is shown in each of many random masks, in [0, 1].

    Args:
        x: pictures `(N, C, H, W)`, signals `(N, C, L)` or a table `(N, D)`, of which each column is a cell.
        cells: along each axis.
        share: the probability with which a cell is hidden.
        samples: number of masks.
        smooth: the mask is interpolated between the cells' middles, on a grid that is shifted at random (Petsiuk et
            al. 2018, section 3.2); if not, cells are blocks. A column of a table has no neighbours: it is a block.
        seed: of the masks.

    Raises:
        ValueError: for more cells than places.
    """

    def __init__(self, x: Tensor, cells: int, share: float, samples: int, smooth: bool, seed: int) -> None:
        self.places, self.smooth, self.share = places_of(x), smooth and x.ndim > 2, share
        counts = self.places if x.ndim == 2 else (cells,) * len(self.places)
        if cells > min(self.places) and x.ndim > 2:
            raise ValueError(f"cells must be at most the places along an axis, {min(self.places)}, got {cells}")
        self._nodes = [count + 2 if self.smooth else count for count in counts]
        self._samples, self._block = samples, max(1, AT_ONCE // math.prod(self._nodes))
        generator = torch.Generator().manual_seed(int(seed))
        self._seeds = [int(seed), *torch.randint(2**31, (samples // self._block,), generator=generator).tolist()]
        self._latest: tuple[int, tuple[Tensor, Tensor]] | None = None  # block that was drawn
        self._along = [  # in cells, from the first node
            (torch.arange(length).to(x) + (0 if self.smooth else 0.5)) * count / length
            for length, count in zip(self.places, counts, strict=True)
        ]

    def __call__(self, which: Tensor) -> Tensor:
        """The masks with these numbers `(B,)`: `(B, H, W)`, `(B, L)` or `(B, D)`."""
        mask, shifts = self._drawn(which)
        for axis, along in enumerate(self._along):
            nodes = torch.arange(mask.shape[1]).to(along)
            shift = shifts[:, axis] if self.smooth else along.new_zeros(len(which))
            distance = (along + shift[:, None])[:, :, None] - nodes
            weight = (1 - distance.abs()).clamp(min=0) if self.smooth else (distance >= 0) & (distance < 1)
            # The first axis is summed over its nodes and its places go last: after all axes, the order is the old one.
            mask = torch.einsum("bn...,bpn->b...p", mask, weight.to(mask))
        return mask

    def _drawn(self, which: Tensor) -> tuple[Tensor, Tensor]:
        """Which nodes are shown in these masks, `(B, …)`, 0 or 1, and by how much their grids are shifted."""
        blocks = which // self._block
        shown = self._along[0].new_empty(len(which), *self._nodes)
        shifts = self._along[0].new_empty(len(which), len(self._nodes))
        for block in blocks.unique().tolist():
            here = blocks == block
            some = self._of_block(block)
            for drawn, of_block in zip((shown, shifts), some, strict=True):
                drawn[here] = of_block.to(which.device)[which[here] - block * self._block].to(drawn)
        return shown, shifts

    def _of_block(self, block: int) -> tuple[Tensor, Tensor]:
        if self._latest is None or self._latest[0] != block:
            generator = torch.Generator().manual_seed(self._seeds[block])
            count = min(self._block, self._samples - block * self._block)
            shown = torch.rand(count, *self._nodes, generator=generator) >= self.share
            self._latest = block, (shown, torch.rand(count, len(self._nodes), generator=generator))
        return self._latest[1]
