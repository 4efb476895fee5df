"""A density of pictures by their patches: what one sees close up, edges and plain areas, not noise."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .expert_data import PictureDensity, check_data
from .mixture_expert import MixtureExpert

STRIDE = 4  # pixels from one patch to the next: a shift by fewer shows hardly anything new
AT_ONCE = 32  # pictures whose patches are held together


class PatchExpert(PictureDensity):
    """Patches of s x s pixels follow a mixture of Gaussians, independent of each other.

    A picture of H x W pixels is cut into H W / s² patches; as there are many ways to cut, their mean counts:

        log p(x) = H W / s² · mean over patches of log p(patch).

    Source: D. Zoran, Y. Weiss, "From learning models of natural image patches to whole image restoration", ICCV 2011.
    mean (C, H, W), and the numbers of a `MixtureExpert` of patches: patch (C, s, s), axes (C s², k), weights (K,),
    centres (K, k), covariances (K, k, k), rest ().
    """

    def __init__(
        self,
        mean: Tensor,
        patch: Tensor,
        axes: Tensor,
        weights: Tensor,
        centres: Tensor,
        covariances: Tensor,
        rest: Tensor,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        given = {"patch": patch, "axes": axes, "weights": weights, "centres": centres, "covariances": covariances}
        for name, value in {**given, "rest": rest}.items():
            self.register_buffer(name, value)

    @classmethod
    def fit(
        cls,
        x: Tensor,
        *,
        components: int,
        axes: int = 40,
        side: int = 8,
        patches: int = 20_000,
        noise: float = 0.0,
        seed: int = 0,
    ) -> "PatchExpert":
        """The mixture of patches, drawn by the seed, of pictures x (N, C, H, W); see `MixtureExpert.fit`."""
        check_data(x, 2)
        if x.ndim != 4 or not 1 <= side <= min(x.shape[2:]):
            raise ValueError(f"x must be pictures (N, C, H, W) of {side} x {side} pixels or more, got {tuple(x.shape)}")
        every = _patches(x, side).flatten(0, 1)
        drawn = every[torch.randperm(len(every), generator=Generator().manual_seed(seed))[:patches]]
        mixture = MixtureExpert.fit(drawn, components=components, axes=axes, noise=noise, seed=seed)
        numbers = dict(mixture.named_buffers())
        patch = numbers.pop("mean").reshape(x.shape[1], side, side)
        return cls(x.mean(dim=0), patch, **numbers)

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x) in nats, (N,)."""
        self.flat(x)
        mixture = MixtureExpert(
            self.patch.flatten(), self.axes, self.weights, self.centres, self.covariances, self.rest
        )
        side = self.patch.shape[-1]
        means = []
        for some in x.split(AT_ONCE):
            patches = _patches(some, side)
            means.append(mixture.log_density(patches.flatten(0, 1)).reshape(patches.shape[:2]).mean(dim=1))
        return torch.cat(means) * (x.shape[2] * x.shape[3] / side**2)


def _patches(x: Tensor, side: int) -> Tensor:
    """All patches of pictures (N, C, H, W), (N, P, C side²)."""
    return F.unfold(x, side, stride=STRIDE).mT
