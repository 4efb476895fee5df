"""What several tests of prototypes share: a small decoder, and noise to begin with."""

import torch
from torch import Tensor, nn

SHAPE = (1, 3, 4)


class Draw(nn.Module):
    """A linear decoder: codes (N, 5) -> pictures."""

    code_size = 5

    def __init__(self, shape: tuple[int, ...] = SHAPE, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.linear = nn.Linear(5, int(torch.Size(shape).numel())).to(dtype)
        self.shape = shape

    def forward(self, code: Tensor) -> Tensor:
        return self.linear(code).view(-1, *self.shape)

    def encode(self, x: Tensor) -> Tensor:
        """The code whose picture is nearest to x."""
        return (x.flatten(1) - self.linear.bias) @ torch.linalg.pinv(self.linear.weight).T


def noise(count: int = 2, shape: tuple[int, ...] = SHAPE) -> Tensor:
    """The same numbers each time, in float64."""
    return torch.randn(count, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(11))
