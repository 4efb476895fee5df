"""The axioms that single out the Shapley value, measured: how far are some values from each?

Each function returns a distance in the unit of the game; 0 is perfect. Shapley 1953, A value for n-person games;
monotonicity: Young 1985, Monotonic solutions of cooperative games. All but `efficiency` value every coalition.

Two coalitions are worth the same if their values differ by no more than `tolerance` times the largest value: scores in
float32 are right to about six digits.
"""

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from xaiwidgets.methods.shapley import Largest, every_worth
from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.methods.shapley_sampling import Estimate
from xaiwidgets.parameters import Range, validated

Tolerance = Annotated[float, Range(0, 1, help="what counts as equal, as a share of the largest value")]
Values = Tensor | Estimate
Rule = Callable[[Game], Values]


def efficiency(game: Game, values: Values) -> float:
    """Do the values share out what all players earn, no more and no less?  `|Σ_i φ_i - (v(N) - v(∅))|`

    Args:
        game: the game.
        values: shares of its players, `(n,)`, by whatever method; or an `Estimate` of them.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    nobody, everybody = game.ends()
    return float((_checked(values, game).sum() - (everybody - nobody)).abs())


@validated
def symmetry(game: Game, values: Values, *, largest: Largest = 16, tolerance: Tolerance = 1e-5) -> float:
    """Do players that add the same to every coalition get the same?  `max |φ_i - φ_j|` over interchangeable `i, j`

    Interchangeable: `v(S with i) = v(S with j)` for every coalition `S` without the two; 0 if there are none.
    Arguments as for `efficiency`.
    """
    values, worth = _checked(values, game), every_worth(game, largest)
    gaps = [
        (values[i] - values[j]).abs()
        for j in range(game.players)
        for i in range(j)
        if _none(_swapped(worth, i, j), worth, tolerance)
    ]
    return float(torch.stack(gaps).max()) if gaps else 0.0


@validated
def null_player(game: Game, values: Values, *, largest: Largest = 16, tolerance: Tolerance = 1e-5) -> float:
    """Does a player that adds nothing to any coalition get nothing?  `max |φ_i|` over such players, 0 if there are none

    Arguments as for `efficiency`.
    """
    values, worth = _checked(values, game), every_worth(game, largest)
    gaps = [values[i].abs() for i in range(game.players) if _none(_added(worth, i), worth, tolerance)]
    return float(torch.stack(gaps).max()) if gaps else 0.0


def linearity(rule: Rule, game: Game, other: Game, *, factor: float = 2.0) -> float:
    """Are the values of a sum of games the sum of their values?  `max_i |φ_i(a v + w) - a φ_i(v) - φ_i(w)|`

    Args:
        rule: a game -> values of its players, `(n,)`, or an `Estimate` of them.
        game, other: `v` and `w`, with as many players.
        factor: `a`.
    """
    if game.players != other.players:
        raise ValueError(f"other must have {game.players} players like game, got {other.players}")
    both = Game.of(lambda coalitions: factor * game(coalitions) + other(coalitions), game.names)
    parts = factor * _checked(rule(game), game) + _checked(rule(other), other)
    return float((_checked(rule(both), both) - parts).abs().max())


@validated
def monotonicity(rule: Rule, game: Game, other: Game, *, largest: Largest = 16, tolerance: Tolerance = 1e-5) -> float:
    """Does nobody get less where he adds nowhere less?  `max (φ_i(w) - φ_i(v))`, over `i` that add as much in `v`

    That is `v(S with i) - v(S) >= w(S with i) - w(S)` for every coalition `S`. With efficiency and symmetry it singles
    out the Shapley value, as linearity and the null player do. Arguments as for `linearity`.
    """
    if game.players != other.players:
        raise ValueError(f"other must have {game.players} players like game, got {other.players}")
    v, w = every_worth(game, largest), every_worth(other, largest)
    slack = tolerance * max(float(v.abs().max()), float(w.abs().max()))
    fallen = (_checked(rule(other), other) - _checked(rule(game), game)).clamp(min=0)
    gaps = [fallen[i] for i in range(game.players) if bool((_added(v, i) >= _added(w, i) - slack).all())]
    return float(torch.stack(gaps).max()) if gaps else 0.0


def _added(worth: Tensor, player: int) -> Tensor:
    """What a player adds to each coalition without him."""
    with_and_without = worth.view(-1, 2, 2**player)
    return with_and_without[:, 1] - with_and_without[:, 0]


def _swapped(worth: Tensor, i: int, j: int) -> Tensor:
    """For `i < j`: `v(S with i) - v(S with j)` for each coalition `S` without the two."""
    both = worth.view(-1, 2, 2 ** (j - i - 1), 2, 2**i)
    return both[:, 0, :, 1] - both[:, 1, :, 0]


def _none(differences: Tensor, worth: Tensor, tolerance: float) -> bool:
    return bool(differences.abs().max() <= tolerance * worth.abs().max())


def _checked(values: Values, game: Game) -> Tensor:
    values = values.values if isinstance(values, Estimate) else values
    values = torch.as_tensor(values).detach().cpu().double()
    if values.shape != (game.players,):
        raise ValueError(f"values must be one for each of {game.players} players, got shape {tuple(values.shape)}")
    if not values.isfinite().all():
        raise ValueError("values must be finite, got NaN or infinite values")
    return values
