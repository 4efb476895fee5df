"""Second step of t-SNE: how near are the points of the map to each other, and how far is that from the data?

Van der Maaten and Hinton 2008, section 3. Similarities in the map follow a Cauchy distribution, whose heavy tail lets
points that are moderately far in the data be far in the map:

    q_ij = n_ij / Z,    n_ij = (1 + ‖y_i - y_j‖²)⁻¹,    Z = Σ_k≠l n_kl,    q_ii = 0

The map minimises `KL(P‖Q) = Σ p_ij log(p_ij / q_ij)`, whose gradient is a sum of springs (equation 5):

    ∂KL/∂y_i = 4 Σ_j (p_ij - q_ij) n_ij (y_i - y_j)
"""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from xaiwidgets.methods.tsne_affinities import AT_ONCE, blocks, exact


def similarities(y: Tensor) -> Tensor:
    """`q_ij` of the points `y` `(N, d)` of a map, `(N, N)`: symmetric, sums to 1, the diagonal is 0."""
    near = (1 + (y[:, None] - y).square().sum(2)).reciprocal().fill_diagonal_(0)
    return near / near.sum()


def kl_divergence(p: Tensor, q: Tensor) -> float:
    """`Σ p_ij log(p_ij / q_ij)` in nats; terms with `p_ij = 0` are 0."""
    p, q = exact(p), exact(q)
    return float((torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum())


def kl_gradient(p: Tensor, y: Tensor) -> Tensor:
    """`∂KL/∂y`, `(N, d)`, for joint affinities `p` `(N, N)`, which are symmetric, and a map `y` `(N, d)`."""
    return Springs(p).gradient(y)


class Springs:
    """The forces between the points of a map: attraction along `p` `(N, N)`, which is symmetric, repulsion along `q`.

    Each pair is looked at once, in blocks that stay in the processor's cache: several times as fast as whole tables,
    and without the memory for them.
    """

    def __init__(self, p: Tensor) -> None:
        self.p = p.detach()

    def gradient(self, y: Tensor, exaggeration: float = 1.0) -> Tensor:
        """`4 Σ_j (exaggeration · p_ij - q_ij) n_ij (y_i - y_j)`, `(N, d)`."""
        y = y.detach()
        # Σ_j w_ij (y_i - y_j) = y_i Σ_j w_ij - Σ_j w_ij y_j: both sums are products of a table with columns.
        columns = torch.cat([y.T, torch.ones_like(y[:, :1]).T])
        pull, push = torch.zeros_like(columns), torch.zeros_like(columns)
        total = y.new_zeros(())
        for block, near, spare in _nearness(y):
            total += block.sum(near)
            block.add_products(pull, columns, torch.mul(block.of(self.p), near, out=spare))
            block.add_products(push, columns, near.mul_(near))
        forces = exaggeration * pull - push / total
        return 4 * (y * forces[-1][:, None] - forces[:-1].T)

    def divergence(self, y: Tensor) -> float:
        """`KL(P‖Q)` in nats: `Σ p log p - Σ p log n + log Z`."""
        logarithms, total = 0.0, 0.0
        for block, near, _ in _nearness(y):
            total += float(block.sum(near))
            # The diagonal is 0 in p, and adds nothing.
            logarithms += float(block.sum(near.clamp_(min=torch.finfo(y.dtype).tiny).log_().mul_(block.of(self.p))))
        return self.negative_entropy - logarithms + (math.log(total) if total else math.inf)

    @cached_property
    def negative_entropy(self) -> float:
        """`Σ p log p`, in nats."""
        return sum(float(torch.special.xlogy(self.p[some], self.p[some]).sum()) for some in blocks(len(self.p)))


class _Block(NamedTuple):
    """Rows of a symmetric table `(N, N)`, from the diagonal on to the right: rows `start` to `stop`, columns `start:`.

    A table `(B, M)` of such a block begins with a square that is symmetric itself; what is right of the square stands
    for the same numbers below it.
    """

    start: int
    stop: int

    def of(self, table: Tensor) -> Tensor:
        """This block of a whole table."""
        return table[self.start : self.stop, self.start :]

    def sum(self, values: Tensor) -> Tensor:
        """Sum over the block and over what it stands for."""
        return 2 * values.sum() - values[:, : self.stop - self.start].sum()

    def add_products(self, sums: Tensor, columns: Tensor, values: Tensor) -> None:
        """Add to `sums` `(d, N)` what the block and what it stands for are times `columns` `(d, N)`."""
        sums[:, self.start : self.stop] += columns[:, self.start :] @ values.T
        sums[:, self.stop :] += columns[:, self.start : self.stop] @ values[:, self.stop - self.start :]


def _nearness(y: Tensor) -> Iterator[tuple[_Block, Tensor, Tensor]]:
    """`n_ij` of each block `(B, M)`, 0 between a point and itself, and room for as many numbers.

    Both are written over in the next block: fresh memory for each costs as much as the arithmetic.
    """
    axes, count = y.detach().T.contiguous(), len(y)
    room, start = y.new_empty(2, max(AT_ONCE, count)), 0
    while start < count:
        block = _Block(start, min(count, start + max(1, AT_ONCE // (count - start))))
        shape = block.stop - start, count - start
        near, spare = (each[: shape[0] * shape[1]].view(shape) for each in room)
        torch.sub(axes[0, start : block.stop, None], axes[0, start:], out=near)
        near.mul_(near)
        for axis in axes[1:]:
            torch.sub(axis[start : block.stop, None], axis[start:], out=spare)
            near.addcmul_(spare, spare)
        near.add_(1).reciprocal_()
        near.diagonal().zero_()
        yield block, near, spare
        start = block.stop
