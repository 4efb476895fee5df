"""Shapley values, exactly: the fair share of each player in what all of them earn together.

Shapley 1953, A value for n-person games; for models Štrumbelj and Kononenko 2010, Lundberg and Lee 2017.
"""

import math
from typing import Annotated

import torch
from torch import Tensor

from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.parameters import Range, validated

Largest = Annotated[int, Range(1, 24, help="players: 2^n coalitions are valued")]


@validated
def exact_shapley(game: Game, *, largest: Largest = 16) -> Tensor:
    """What does each player add, on average over all orders in which they may come?

    `φ_i = Σ_{S ⊆ N without i} |S|! (n - |S| - 1)! / n! · (v(S with i) - v(S))`, by valuing all `2^n` coalitions.
    Shapley 1953, equation 13; Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874, equation 4.

    Args:
        game: players and what their coalitions are worth.
        largest: most players for which this is done.

    Returns:
        `(n,)`, float64, in the unit of the game; they sum to `v(N) - v(∅)`.

    Raises:
        ValueError: for too many players; the message states the cost and the way out.
    """
    players, worth = game.players, every_worth(game, largest)
    size = every_coalition(players).sum(1)
    share = torch.tensor([1 / (players * math.comb(players - 1, s)) for s in range(players)], dtype=torch.float64)
    values = []
    for player in range(players):
        (without, joined), (sizes, _) = (each.view(-1, 2, 2**player).unbind(1) for each in (worth, size))
        values.append((share[sizes] * (joined - without)).sum())
    return torch.stack(values)


def every_worth(game: Game, largest: int) -> Tensor:
    """What each of `every_coalition` is worth, `(2^n,)`; an error for more than `largest` players."""
    players = game.players
    if players > largest:
        raise ValueError(
            f"game must have at most {largest} players to value every coalition, got {players}: {2**players:,} "
            f"coalitions. permutation_shapley and kernel_shap estimate; fewer players, or largest={players}, enumerate"
        )
    return game(every_coalition(players))


def every_coalition(players: int) -> Tensor:
    """All coalitions, `(2^n, n)` bool; player `i` is in number `b` if bit `i` of `b` is set, so number 0 is nobody."""
    numbers = torch.arange(2**players)
    return torch.stack([(numbers >> player) & 1 == 1 for player in range(players)], 1)
