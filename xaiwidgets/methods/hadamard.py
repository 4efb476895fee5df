"""A complete orthogonal design: how a score answers to as many directions as there are weights, and then some.

The rows of a Hadamard matrix `H` `(P, P)` of +1 and -1 are orthogonal, and so are its columns. Use a column for each
weight, and ask at `x + ε h_s` and `x - ε h_s` for every row `h_s`. The least-squares weights are then plain products,
`w = H' (y⁺ - y⁻) / (2 P)`, and no system of equations is to be solved. After Plackett and Burman 1946, The design of
optimum multifactorial experiments.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from xaiwidgets.methods.black_box import BlackBox
from xaiwidgets.methods.lime import Run
from xaiwidgets.methods.lime_fit import Surrogate, fidelity

FEWEST_UNUSED = 16  # columns that no weight belongs to: what they measure tells how far the model is from linear


def complete(box: BlackBox, groups: Tensor, epsilon: float, settings: dict, seed: int) -> Run:
    """One run with the complete design: `2 P` scores, weights of unit noise.

    The spread is that of what a column measures, shrunk with the weights by ridge. The Lasso shifts weights and K drops
    some: there the spread stays as it is, also of a weight that they leave at zero, and says what it could not tell
    from zero.

    Args:
        box: the model and one input.
        groups: the regressor of each value of the input, of the shape of the input.
        epsilon: amplitude of the noise.
        settings: penalty, features and regression as for `fit_surrogate`.
        seed: draws the columns and their signs.
    """
    design = Design.drawn(int(groups.max()) + 1, seed)
    x, places = box.x, groups.to(box.x.device)

    def perturbed(_: Tensor, which: Tensor) -> Tensor:
        sign = epsilon * (1 - 2 * (which % 2))
        return x + design.rows((which // 2).cpu()).to(x)[:, places] * sign.to(x).view(-1, *[1] * (x.ndim - 1))

    scores = box.scores(2 * design.order, perturbed, "Asking in orthogonal directions")[0].cpu().double()
    surrogate, unused = _fitted(design, scores, **settings)
    spread = unused.square().mean().sqrt().expand(len(surrogate.weights))
    if settings["regression"] == "ridge":
        spread = spread * _shrunk(len(scores), settings["penalty"])
    return Run(surrogate, lambda: spread, torch.empty(0, len(spread)), scores, torch.ones_like(scores))


@dataclass(frozen=True)
class Design:
    """Columns of a Hadamard matrix, which is the Kronecker product of two small ones.

    Attributes:
        left, right: Hadamard matrices; the large one, of order `P`, is `left ⊗ right`.
        columns: the column of each weight, `(n,)`; never the first, which is constant and the intercept's.
        signs: +1 or -1, `(n,)`.
    """

    left: Tensor
    right: Tensor
    columns: Tensor
    signs: Tensor

    @classmethod
    def drawn(cls, count: int, seed: int) -> "Design":
        """A design for `count` weights."""
        power = math.ceil(math.log2(count + 1 + FEWEST_UNUSED))
        random = torch.Generator().manual_seed(seed)
        columns = 1 + torch.randperm(2**power - 1, generator=random)[:count]
        signs = 1 - 2 * torch.randint(2, (count,), generator=random)
        return cls(_hadamard(power // 2), _hadamard(power - power // 2), columns, signs.double())

    @property
    def order(self) -> int:
        """`P`."""
        return len(self.left) * len(self.right)

    def rows(self, which: Tensor) -> Tensor:
        """The directions `(B, n)` of +1 and -1 of some rows `(B,)`."""
        left, right = self.left[which // len(self.right)], self.right[which % len(self.right)]
        return (left[:, :, None] * right[:, None, :]).flatten(1)[:, self.columns] * self.signs

    def products(self, values: Tensor) -> Tensor:
        """The product of `values` `(P,)` with each column of the matrix."""
        return (self.left @ values.view(len(self.left), -1) @ self.right).flatten()


def _hadamard(power: int) -> Tensor:
    """Sylvester's matrix of order `2**power`."""
    matrix = torch.ones(1, 1, dtype=torch.float64)
    for _ in range(power):
        matrix = torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64), matrix)
    return matrix


def _fitted(
    design: Design, scores: Tensor, penalty: float, features: int | None, regression: str
) -> tuple[Surrogate, Tensor]:
    """The surrogate, and the products with the columns that no weight belongs to.

    With orthogonal columns the weights are independent of each other: ridge shrinks each by the same factor, the Lasso
    by the same amount, and the K that its path lets in first are the K largest.
    """
    odd = (scores[0::2] - scores[1::2]) / 2
    every = design.products(odd) / design.order
    plain = every[design.columns] * design.signs
    if regression == "ridge":
        weights = plain * _shrunk(len(scores), penalty)
    else:
        weights = plain.sign() * (plain.abs() - penalty).clamp(min=0)
    chosen = torch.arange(len(weights))
    if features:
        chosen = weights.abs().topk(features).indices.sort().values
        weights = torch.zeros_like(weights).index_copy(0, chosen, weights[chosen])
    unused = torch.ones(len(every), dtype=torch.bool).index_fill(0, design.columns, False)
    unused[0] = False
    predicted = torch.zeros_like(every).index_copy(0, design.columns, weights * design.signs)
    change = design.products(predicted)
    intercept = scores.mean()
    told = intercept + torch.stack([change, -change], 1).flatten()
    r2 = fidelity(scores, told, torch.full_like(scores, 1 / len(scores)))
    return Surrogate(weights, intercept.item(), r2, chosen), every[unused]


def _shrunk(samples: int, penalty: float) -> float:
    """By what ridge multiplies each weight, whose column has `samples` entries of +1 and -1."""
    return samples / (samples + penalty)
