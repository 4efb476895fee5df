"""Shapley values by sampling orders: an estimate that gets better while one waits, and says how good it is."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from xaiwidgets.methods.fills import Seed
from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.parameters import Flag, Range, validated
from xaiwidgets.progress import chunks, quietly

AT_ONCE = 4096  # coalitions that are made at once
Permutations = Annotated[int, Range(1, 1_000_000, log=True, help="orders that are drawn")]
Antithetic = Annotated[bool, Flag(help="each order is followed by its reverse: twice the cost, less variance")]


@dataclass(frozen=True)
class Estimate:
    """Estimated Shapley values.

    Attributes:
        values: `(n,)`, float64.
        standard_error: of each value, `(n,)`; NaN while there is too little to tell, 0 where nothing was sampled.
        evaluations: how many coalitions were valued.
    """

    values: Tensor
    standard_error: Tensor
    evaluations: int


@validated
def permutation_shapley(
    game: Game, *, permutations: Permutations = 100, seed: Seed = 0, antithetic: Antithetic = True
) -> Estimate:
    """What does each player add, on average over some orders in which they may come?

    Let the players come one after the other, and note by how much each raises the value: the mean over orders drawn at
    random is an unbiased estimate of the Shapley value, and sums to `v(N) - v(∅)` for every single order.
    Castro, Gómez and Tejada 2009, Polynomial calculation of the Shapley value based on sampling; reversed orders:
    Mitchell et al. 2022, https://arxiv.org/abs/2104.12199, section 4.1.

    Args:
        game: players and what their coalitions are worth.
        permutations: orders that are drawn.
        seed: of the orders. torch's own generator is not touched.
        antithetic: whether each order is followed by its reverse.

    Returns:
        The estimate. Its standard error is the standard deviation of the draws over the root of their number; a draw
        is an order, or the mean of an order and its reverse.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    (last,) = deque(permutation_estimates(game, permutations=permutations, seed=seed, antithetic=antithetic), maxlen=1)
    return last


@validated
def permutation_estimates(
    game: Game, *, permutations: Permutations = 100, seed: Seed = 0, antithetic: Antithetic = True
) -> Iterator[Estimate]:
    """The estimate of `permutation_shapley`, again and again while orders are drawn; the last is its."""
    generator = torch.Generator().manual_seed(seed)
    nobody, everybody = game.ends()
    asked = (2 if antithetic else 1) * (game.players - 1)  # of a draw
    total = square = pivot = torch.zeros(game.players, dtype=torch.float64)
    for piece in chunks(permutations, "Sampling orders", first=1, largest=max(1, AT_ONCE // max(1, asked))):
        ranks = torch.stack(
            [torch.randperm(game.players, generator=generator) for _ in range(piece.stop - piece.start)]
        )
        with quietly():
            found = _added(game, ranks, nobody, everybody)
            if antithetic:
                found = (found + _added(game, game.players - 1 - ranks, nobody, everybody)) / 2
        pivot = pivot if piece.start else found[0]  # near the values, so that little is lost in the squares
        total, square = total + (found - pivot).sum(0), square + (found - pivot).square().sum(0)
        yield _estimate(total, square, piece.stop, pivot, 2 + piece.stop * asked)


def _added(game: Game, ranks: Tensor, nobody: Tensor, everybody: Tensor) -> Tensor:
    """By how much each player raises the value, `(B, n)`, when they come in the order of their ranks `(B, n)`."""
    orders, players = ranks.shape
    arrived = ranks[:, None] < torch.arange(1, players)[:, None]  # order, how many have come, player
    between = game(arrived.flatten(0, 1)) if players > 1 else nobody.new_zeros(0)
    ends = nobody.expand(orders, 1), everybody.expand(orders, 1)
    worth = torch.cat([ends[0], between.view(orders, players - 1), ends[1]], 1)
    return worth.diff(dim=1).gather(1, ranks)


def _estimate(total: Tensor, square: Tensor, draws: int, pivot: Tensor, evaluations: int) -> Estimate:
    mean = total / draws
    variance = (square / draws - mean.square()).clamp(min=0) * draws / max(draws - 1, 1)
    if len(mean) == 1:
        error = torch.zeros_like(mean)  # there is only one order
    else:
        error = (variance / draws).sqrt() if draws > 1 else torch.full_like(mean, math.nan)
    return Estimate(mean + pivot, error, evaluations)
