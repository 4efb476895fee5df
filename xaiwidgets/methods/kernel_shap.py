"""KernelSHAP: Shapley values as the weights of a linear fit to the values of coalitions.

Notation: `z` is a coalition, 1 for who is in, `s` its size, `n` the number of players, `Δ = v(N) - v(∅)`.
"""

import math
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from xaiwidgets.methods.fills import Seed
from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.methods.shapley_sampling import Estimate
from xaiwidgets.parameters import Range, validated

FEW = 12  # players, up to which all coalitions are valued if nothing else is asked for
ROUNDS = 8  # of draws, each as many as pairs are to be valued


@validated
def kernel_shap(game: Game, *, samples: int | None = None, seed: Seed = 0) -> Estimate:
    """Which weights make a linear model answer like the game?  `v(z) ≈ v(∅) + Σ_j φ_j z_j`

    `min Σ_z π(z) (v(z) - v(∅) - z·φ)²` under `Σ_j φ_j = Δ`, with the Shapley kernel
    `π(z) = (n - 1) / (C(n, s) s (n - s))`: over all coalitions its solution *is* the Shapley values. Lundberg and Lee
    2017, https://arxiv.org/abs/1705.07874, theorem 2.

    Coalitions come in pairs, `z` and its complement (Covert and Lee 2021, https://arxiv.org/abs/2012.01536), so the fit
    is one of `(v(z) - v(1 - z)) / 2` by `(z - 1/2)·φ`. From the smallest and largest coalitions inwards, a size is
    valued completely where random draws would meet each of its coalitions anyway; what is left of the budget is drawn
    from the other sizes by the kernel, until so many pairs differ. The sum is kept to by elimination, so it holds
    exactly, too.

    Args:
        game: players and what their coalitions are worth.
        samples: most coalitions to be valued, with the empty and the full one. Not given: all `2^n` for up to 12
            players, `2n + 2048` for more. `2^n` or more: all.
        seed: of the draws. torch's own generator is not touched.

    Returns:
        The estimate. Its standard error is that of a weighted fit to random pairs (each pair's influence on the values,
        squared and summed; MacKinnon and White 1985, HC3); 0 where every coalition was valued, NaN where fewer than two
        pairs were drawn, which do not tell. A pair that is drawn again counts again, but is not valued again.

    Raises:
        TypeError, ValueError: for a bad `samples`, or too few to determine the values.
    """
    players = game.players
    samples = _budget(samples, players)
    nobody, everybody = game.ends()
    risen = everybody - nobody
    if players == 1:
        return Estimate(risen[None], torch.zeros(1, dtype=torch.float64), 2)
    pairs = _drawn_pairs(players, (samples - 2) // 2, seed)
    asked, which = _distinct(pairs)
    worth = game(torch.cat([asked, ~asked]))
    halves = (worth[: len(asked)] - worth[len(asked) :])[which] / 2
    return Estimate(*_fit(pairs, halves, risen), 2 + len(worth))


@dataclass(frozen=True)
class Pairs:
    """Coalitions, each standing for itself and its complement.

    Attributes:
        members: `(m, n)`, bool.
        weight: what each counts in the fit, `(m,)`; together 1.
        drawn: how many of them, the last ones, are random draws.
        complete: whether these are all coalitions.
    """

    members: Tensor
    weight: Tensor
    drawn: int
    complete: bool


def _budget(samples: int | None, players: int) -> int:
    if samples is None:
        return 2**players if players <= FEW else 2 * players + 2048
    Range(1, math.inf).check("samples", samples, integer=True)
    if samples < (fewest := min(2 * players + 2, 2**players)):
        raise ValueError(
            f"samples must be {fewest} or more to determine the values of {players} players, got {samples}"
        )
    return min(int(samples), 2**players)


def _drawn_pairs(players: int, budget: int, seed: int) -> Pairs:
    """`budget` pairs, or all there are: complete sizes first, then random ones."""
    sizes = list(range(1, players // 2 + 1))
    twice = {s: 2 if 2 * s == players else 1 for s in sizes}  # the complement is of the same size
    count = {s: math.comb(players, s) // twice[s] for s in sizes}
    mass = {s: 1 / (s * (players - s)) / twice[s] for s in sizes}  # of the kernel, over all pairs of a size
    total = sum(mass.values())
    parts, weights = [], []
    while sizes:
        expected = budget * mass[sizes[0]] / sum(mass[s] for s in sizes)
        if parts and count[sizes[0]] > expected * (1 + 1e-9):  # the first size always: it alone determines all values
            break
        size = sizes.pop(0)
        parts.append(_all_of_size(players, size))
        weights += [mass[size] / total / count[size]] * count[size]
        budget -= count[size]
    drawn, complete = budget if sizes else 0, not sizes
    if drawn:
        chances = torch.tensor([mass[s] for s in sizes], dtype=torch.float64)
        parts.append(_random(players, sizes, chances, drawn, seed))
        drawn = len(parts[-1])
        weights += [float(chances.sum()) / total / drawn] * drawn
    return Pairs(torch.cat(parts), torch.tensor(weights, dtype=torch.float64), drawn, complete)


def _all_of_size(players: int, size: int) -> Tensor:
    """All coalitions of a size, but of half of all players only those with the first player."""
    first = 2 * size == players
    chosen = torch.tensor([(0,) * first + more for more in combinations(range(first, players), size - first)])
    return torch.zeros(len(chosen), players, dtype=torch.bool).scatter_(1, chosen, True)


def _random(players: int, sizes: list[int], chances: Tensor, count: int, seed: int) -> Tensor:
    """Draws with replacement, `(m, n)`, until `count` of them differ; or `ROUNDS` times as many."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.zeros(0, players, dtype=torch.bool)
    for _ in range(ROUNDS):
        size = torch.tensor(sizes)[torch.multinomial(chances, count, replacement=True, generator=generator)]
        order = torch.rand(count, players, generator=generator, dtype=torch.float64).argsort(1)
        members = order.argsort(1) < size[:, None]
        twin = (2 * size == players) & ~members[:, 0]  # of half of all players: its complement says the same
        drawn = torch.cat([drawn, members ^ twin[:, None]])
        which = drawn.unique(dim=0, return_inverse=True)[1]
        places = torch.arange(len(which))
        first = torch.full_like(which, len(which)).scatter_reduce_(0, which, places, "amin")[which] == places
        if int(first.sum()) >= count:
            return drawn[: int(first.cumsum(0).eq(count).nonzero()[0]) + 1]
    return drawn


def _distinct(pairs: Pairs) -> tuple[Tensor, Tensor]:
    """The pairs to value, `(d, n)`: a draw that repeats another is not valued again; and which of them each pair is."""
    if pairs.drawn < 2:
        return pairs.members, torch.arange(len(pairs.members))
    fixed = len(pairs.members) - pairs.drawn  # of other sizes than the draws
    drawn, which = pairs.members[fixed:].unique(dim=0, return_inverse=True)
    return torch.cat([pairs.members[:fixed], drawn]), torch.cat([torch.arange(fixed), fixed + which])


def _fit(pairs: Pairs, halves: Tensor, risen: Tensor) -> tuple[Tensor, Tensor]:
    """Values and their standard errors: `φ = Δ / n + B θ`, where the columns of `B` sum to 0, and a free fit of `θ`."""
    players = pairs.members.shape[1]
    basis = torch.linalg.qr(torch.eye(players, dtype=torch.float64)[:, 1:] - 1 / players).Q
    root = pairs.weight.sqrt()[:, None]
    rows = (pairs.members.double() - 0.5) @ basis * root
    right = (halves - (pairs.members.double().mean(1) - 0.5) * risen) * root[:, 0]
    inverse = torch.linalg.inv(rows.T @ rows)  # over all coalitions a multiple of the identity: nothing is lost
    theta = inverse @ (rows.T @ right)
    return risen / players + basis @ theta, _standard_error(rows, right - rows @ theta, inverse, basis, pairs)


def _standard_error(rows: Tensor, residuals: Tensor, inverse: Tensor, basis: Tensor, pairs: Pairs) -> Tensor:
    """Of the values: from the spread of what each drawn pair does to them."""
    drawn = pairs.drawn
    if pairs.complete or drawn < 2:
        return rows.new_full((len(basis),), 0 if pairs.complete else math.nan)
    rows, residuals = rows[-drawn:], residuals[-drawn:]
    leverage = ((rows @ inverse) * rows).sum(1).clamp(max=1 - 1e-6)
    influence = rows * (residuals / (1 - leverage))[:, None] @ inverse @ basis.T
    return ((influence - influence.mean(0)).square().sum(0) * drawn / (drawn - 1)).sqrt()
