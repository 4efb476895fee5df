"""A Gaussian restricted Boltzmann machine as an unnormalised density of pictures."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .expert_data import PictureDensity, check_data

BATCH, DECAY = 50, 1e-4


class RBMExpert(PictureDensity):
    """Gaussian pixels and binary hidden units h, with energy E(x, h) = ½ |u − b|² − cᵀ h − uᵀ W h, u = (x − mean) / σ.

    Summing exp(−E) over all h gives the unnormalised density exp(−F(x)) with the free energy

        F(x) = ½ |u − b|² − Σ_j log(1 + exp(c_j + W_jᵀ u)),        log_density = −F.

    The missing constant is the same for all pictures: densities can be compared, and have the right gradient.
    mean (C, H, W), deviation () = σ, visible (D,) = b, hidden (J,) = c, weights (D, J) = W.
    Source: G. E. Hinton, "A practical guide to training restricted Boltzmann machines", Neural networks: tricks of the
    trade, 2012.
    """

    normalised = False

    def __init__(self, mean: Tensor, deviation: Tensor, visible: Tensor, hidden: Tensor, weights: Tensor) -> None:
        super().__init__()
        given = {"mean": mean, "deviation": deviation, "visible": visible, "hidden": hidden, "weights": weights}
        for name, value in given.items():
            self.register_buffer(name, value)

    @classmethod
    def fit(
        cls, x: Tensor, *, hidden: int, deviation: float = 0.2, epochs: int = 30, rate: float = 3e-3, seed: int = 0
    ) -> "RBMExpert":
        """The machine of pictures x (N, …), trained by contrastive divergence with one step of Gibbs sampling.

        For batches u of 50 pictures: h ~ p(h | u), a reconstruction u' ~ p(u | h), and W grows by
        rate (uᵀ p(h | u) − u'ᵀ p(h | u')), likewise b and c. deviation is σ, in units of the pixels. Momentum is 0.5,
        after five epochs 0.9; the rate falls to 0 in a straight line.
        """
        rows = check_data(x, 2).cpu().double()
        if hidden < 1 or not deviation > 0:
            raise ValueError(f"hidden must be 1 or more and deviation above 0, got {hidden} and {deviation}")
        mean, generator = rows.mean(dim=0), Generator().manual_seed(seed)
        u = ((rows - mean) / deviation).float()
        weights = 0.01 * torch.randn(u.shape[1], hidden, generator=generator)
        learned = [torch.zeros(u.shape[1]), torch.full((hidden,), -1.0), weights]
        speeds = [torch.zeros_like(value) for value in learned]
        for epoch in range(epochs):
            momentum, share = 0.5 if epoch < 5 else 0.9, rate * (1 - epoch / epochs)
            for chosen in torch.randperm(len(u), generator=generator).split(BATCH):
                steps = _contrastive_divergence(u[chosen], *learned, generator)
                for value, speed, step in zip(learned, speeds, steps, strict=True):
                    value += speed.mul_(momentum).add_(step, alpha=share)
        buffers = (mean.reshape(x.shape[1:]), torch.tensor(deviation), *learned)
        return cls(*(value.to(x) for value in buffers))

    def log_density(self, x: Tensor) -> Tensor:
        """−F(x), (N,): log p(x) in nats up to a constant."""
        rows = self.flat(x)
        mean, deviation, visible, hidden, weights = self.like(x, "mean", "deviation", "visible", "hidden", "weights")
        u = (rows - mean.flatten()) / deviation
        return F.softplus(hidden + u @ weights).sum(dim=1) - (u - visible).square().sum(dim=1) / 2


def _contrastive_divergence(
    u: Tensor, visible: Tensor, hidden: Tensor, weights: Tensor, generator: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Which way b, c and W go for a batch u (n, D)."""
    on = torch.sigmoid(hidden + u @ weights)
    drawn = (torch.rand(on.shape, generator=generator) < on).float()
    again = visible + drawn @ weights.T + torch.randn(u.shape, generator=generator)
    on_again = torch.sigmoid(hidden + again @ weights)
    slope = (u.T @ on - again.T @ on_again) / len(u) - DECAY * weights
    return (u - again).mean(dim=0), (on - on_again).mean(dim=0), slope
