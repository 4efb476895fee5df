"""The slope of a score over how much of each place is shown, from as many random masks as have been tried."""

from typing import NamedTuple

import torch
from torch import Tensor


class Estimate(NamedTuple):
    """What is known after some random masks; `(N, H, W)` for pictures, `(N, L)` for signals, `(N, D)` for tables.

    map:            the estimate
    standard_error: its standard error; infinite where nothing can be said yet
    mean_score:     the mean score, weighted by how much of the place was shown: RISE's map (its equation 6)
    samples:        `(N,)`, the masks behind it
    """

    map: Tensor
    standard_error: Tensor
    mean_score: Tensor
    samples: Tensor


class RunningSlope:
    """What of the masks and scores so far the least squares need, for each input; scores are counted from `start`."""

    def __init__(self, start: Tensor, places: tuple[int, ...]) -> None:
        self.start, self.samples = start, torch.zeros(len(start), dtype=torch.int64, device=start.device)
        size, like = (len(start), *places), {"dtype": torch.float64, "device": start.device}
        self.mask, self.mask_squared, self.product = (torch.zeros(size, **like) for _ in range(3))
        self.score, self.score_squared = (torch.zeros(len(start), **like) for _ in range(2))

    def add(self, image: int, shown: Tensor, scores: Tensor) -> None:
        """Masks `(B, …)` and the scores `(B,)` of one input under them."""
        scores = (scores - self.start[image]).double()
        self.samples[image] += len(scores)
        self.score[image] += scores.sum()
        self.score_squared[image] += scores.square().sum()
        self.mask[image] += shown.sum(0)
        self.mask_squared[image] += shown.square().sum(0)
        self.product[image] += torch.tensordot(scores.to(shown), shown, 1)

    def estimate(self) -> Estimate:
        """Simple regression of the score on each place's share: its slope, and the slope's standard error."""
        count, score, score_squared = (
            each.view(-1, *[1] * (self.mask.ndim - 1)) for each in (self.samples, self.score, self.score_squared)
        )
        of_masks = self.mask_squared - self.mask.square() / count
        of_both = self.product - self.mask * score / count
        of_scores = score_squared - score.square() / count
        varied = of_masks > 1e-9 * count  # a place that was always shown, or never, tells nothing
        slope = torch.where(varied, of_both / of_masks, 0)
        left = (of_scores - slope * of_both).clamp(min=0) / (count - 2)
        error = torch.where(varied & (count > 2), (left / of_masks).sqrt(), torch.inf)
        start = self.start.view_as(count)
        mean = start + torch.where(self.mask > 0, self.product / self.mask, 0)
        return Estimate(slope.to(start), error.to(start), mean.to(start), self.samples.clone())
