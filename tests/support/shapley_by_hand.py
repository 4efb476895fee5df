"""Games with known Shapley values, and the definition word by word."""

import math
from itertools import permutations

import torch
from torch import Tensor

from xaiwidgets.methods.shapley_game import Game


def random_game(players: int, seed: int = 0, additive: float = 0.0) -> Game:
    """Any number for each coalition; `additive` times a fixed amount for each player on top."""
    generator = torch.Generator().manual_seed(seed)
    worth = torch.randn(2**players, generator=generator, dtype=torch.float64)
    own = additive * torch.randn(players, generator=generator, dtype=torch.float64)
    bits = 2 ** torch.arange(players)
    return Game.of(lambda coalitions: worth[(coalitions * bits).sum(1)] + coalitions.double() @ own, players)


def over_all_orders(game: Game) -> Tensor:
    """The mean over all `n!` orders of what each player adds when it comes."""
    total, members = [0.0] * game.players, list(range(game.players))
    for order in permutations(members):
        present = torch.zeros(1, game.players, dtype=torch.bool)
        before = game(present).item()
        for player in order:
            present[0, player] = True
            after = game(present).item()
            total[player] += after - before
            before = after
    return torch.tensor(total, dtype=torch.float64) / math.factorial(game.players)


def gloves(left: int, right: int) -> Game:
    """Each player has a glove; a pair is worth 1."""
    return Game.of(lambda each: torch.minimum(each[:, :left].sum(1), each[:, left:].sum(1)), left + right)


def airport(lengths: list[float]) -> Game:
    """A runway as long as the longest that a member needs."""
    needed = torch.tensor(lengths, dtype=torch.float64)
    return Game.of(lambda each: (each * needed).amax(1), len(lengths))


def airport_shares(lengths: list[float]) -> Tensor:
    """Each piece of the runway is shared by those who need it. Littlechild and Owen 1973; lengths ascending."""
    count, share, shares = len(lengths), 0.0, []
    for index, length in enumerate(lengths):
        share += (length - (lengths[index - 1] if index else 0.0)) / (count - index)
        shares.append(share)
    return torch.tensor(shares, dtype=torch.float64)


def security_council() -> Game:
    """5 members with a veto, 10 without; a motion needs all 5 and 4 of the others."""
    return Game.of(lambda each: each[:, :5].all(1) & (each[:, 5:].sum(1) >= 4), 15)
