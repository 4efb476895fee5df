"""What meaningful perturbation minimises: the score of the perturbed input, and the penalties of its mask."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from xaiwidgets.methods.fills import over_channels

GAMES = ("deletion", "preservation")
OUTPUTS = ("log-probability", "probability")
POWER = 3  # of the total variation: the paper's β


@dataclass(frozen=True)
class Objective:
    """`λ1 mean(1 - m) + λ2 TV(m) + s`, or for the preservation game `λ1 mean(m) + λ2 TV(m) - s`."""

    game: str
    output: str
    area: float
    smoothness: float

    @property
    def start(self) -> float:
        """The mask's value with which the game is won: all deleted, or all preserved."""
        return 0.0 if self.game == "deletion" else 1.0

    def total(self, coarse: Tensor, odds: Tensor) -> Tensor:
        """The objective `(N,)` of coarse masks `(N, h, w)` under which the class has log-odds `(N,)`."""
        kept = coarse.flatten(1).mean(1)
        share = 1 - kept if self.game == "deletion" else kept
        return self.area * share + self.smoothness * total_variation(coarse) + self.score(odds)

    def score(self, odds: Tensor) -> Tensor:
        """What the game does to the class: small where it is won."""
        odds = odds if self.game == "deletion" else -odds
        if self.output == "log-probability":
            return F.softplus(odds)  # deletion: -log(1 - p); preservation: -log p
        return odds.sigmoid() if self.game == "deletion" else odds.sigmoid() - 1  # p; -p


def total_variation(mask: Tensor) -> Tensor:
    """`Σ |m(u) - m(v)|³ / values` over neighbours along each axis of masks `(N, …)`, `(N,)`."""
    steps = [mask.diff(dim=axis).abs().pow(POWER).flatten(1).sum(1) for axis in range(1, mask.ndim)]
    return sum(steps) / mask[0].numel()


def blend(x: Tensor, reference: Tensor, mask: Tensor) -> Tensor:
    """`Φ(x; m) = m · x + (1 - m) · r`, the mask `(N, H, W)` the same for every channel of `(N, C, H, W)`."""
    mask = over_channels(mask, x)
    return mask * x + (1 - mask) * reference


def moved_by(x: Tensor, offset: list[int]) -> Tensor:
    """Inputs `(N, C, …)` moved by `offset` along each axis of places; the edge is repeated where nothing moves in."""
    for axis, step in enumerate(offset, start=2):
        if step:
            places = torch.arange(x.shape[axis], device=x.device) - step
            x = x.index_select(axis, places.clamp(0, x.shape[axis] - 1))
    return x


def coarse_size(x: Tensor, resolution: int) -> tuple[int, ...]:
    """Size of the coarse mask: `resolution` along the longest axis, cells as square as can be; a table has no cells."""
    if x.ndim == 2:
        return tuple(x.shape[1:])
    longest = max(x.shape[2:])
    return tuple(max(1, round(length * min(resolution, longest) / longest)) for length in x.shape[2:])
