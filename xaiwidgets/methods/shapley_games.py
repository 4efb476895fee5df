"""Cooperative games: players, and what each coalition of them is worth.

A game is what Shapley values are about. Its players may be superpixels of a picture, columns of a table, or people who
share a bill; the value `v(S)` of a coalition `S` is then a score with only these parts of the input present, or a sum.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.methods.black_box import BlackBox, Scores
from xaiwidgets.methods.fills import Fill, hiding
from xaiwidgets.methods.lime import one_input, segments_of

Value = Callable[[Tensor], Tensor]
LABEL = "Asking about coalitions"


@dataclass(frozen=True)
class Game:
    """What each coalition of some players is worth.

    Attributes:
        value: coalitions `(B, n)`, bool, true for who is in -> what they are worth, `(B,)`.
        names: of the players.
    """

    value: Value
    names: tuple[str, ...]

    @classmethod
    def of(cls, value: Value | Mapping[Sequence[str], float], players: int | Sequence[str]) -> "Game":
        """A game from a function, or from a table of what each coalition is worth.

        Args:
            value: see `Game`; or a mapping from coalitions, each a tuple of names, to numbers. A coalition that is not
                in the mapping is worth 0.
            players: their number, or their names.

        Raises:
            TypeError, ValueError: naming the argument, what came and what was expected.
        """
        if isinstance(players, bool) or not isinstance(players, int | Sequence):
            raise TypeError(f"players must be a number or names, got {type(players).__name__}")
        names = tuple(map(str, range(1, players + 1) if isinstance(players, int) else players))
        if not names or len(set(names)) < len(names):
            raise ValueError(f"players must be one or more, with different names, got {players!r}")
        if isinstance(value, Mapping):
            return cls(_looked_up(value, names), names)
        if not callable(value):
            raise TypeError(f"value must be a function of coalitions or a mapping, got {type(value).__name__}")
        return cls(value, names)

    @property
    def players(self) -> int:
        """How many."""
        return len(self.names)

    def __call__(self, coalitions: Tensor) -> Tensor:
        """What coalitions `(B, n)`, bool, are worth: `(B,)`, float64.

        Raises:
            TypeError, ValueError: for coalitions of another form, and for values that are no finite numbers `(B,)`.
        """
        if not isinstance(coalitions, Tensor) or coalitions.dtype != torch.bool:
            kind = getattr(coalitions, "dtype", type(coalitions).__name__)
            raise TypeError(f"coalitions must be a bool tensor (B, {self.players}), got {kind}")
        if coalitions.ndim != 2 or coalitions.shape[1] != self.players:
            raise ValueError(f"coalitions must be of shape (B, {self.players}), got {tuple(coalitions.shape)}")
        worth = torch.as_tensor(self.value(coalitions)).detach().cpu().double()
        if worth.shape != coalitions.shape[:1]:
            raise ValueError(
                f"the game must value {len(coalitions)} coalitions by as many numbers, got {tuple(worth.shape)}"
            )
        if bad := int((~worth.isfinite()).sum()):
            raise ValueError(
                f"the game must give finite values, got NaN or infinite for {bad} of {len(worth)} coalitions"
            )
        return worth

    def ends(self) -> tuple[Tensor, Tensor]:
        """What nobody and what all are worth, `v(∅)` and `v(N)`."""
        nobody, everybody = self(torch.tensor([[False], [True]]).expand(2, self.players))
        return nobody, everybody


def _looked_up(table: Mapping[Sequence[str], float], names: tuple[str, ...]) -> Value:
    if unknown := {name for coalition in table for name in coalition} - set(names):
        raise ValueError(
            f"value must be a mapping of coalitions of {', '.join(names)}, got {sorted(map(str, unknown))}"
        )
    worth = {frozenset(coalition): float(number) for coalition, number in table.items()}

    def value(coalitions: Tensor) -> Tensor:
        members = (frozenset(np.array(names)[row].tolist()) for row in coalitions.cpu().numpy())
        return torch.tensor([worth.get(each, 0.0) for each in members], dtype=torch.float64)

    return value


def picture_game(
    model: Scores,
    x: Tensor | np.ndarray,
    target: int,
    players: Tensor | np.ndarray | None = None,
    *,
    fill: Fill = "mean",
    output: str = "score",
    seed: int = 0,
) -> Game:
    """The parts of a picture as players: `v(S)` is the score when all other parts are hidden.

    Args:
        model: a torch classifier or any callable, see `BlackBox`.
        x: one input, `(1, C, H, W)`, `(1, C, L)` or `(1, D)`.
        target: class index.
        players: which player each place belongs to: integer labels `(H, W)`, `(L,)` or `(D,)`; the players are the
            labels in ascending order. Not given: superpixels.
        fill: what is seen where a player is missing, see `fill_picture`; the values depend on it.
        output: what is explained.
        seed: of the fill "noise".

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    box = one_input(model, x, target, output)
    labels = segments_of(box.x, players)
    places, hide = labels.to(box.x.device), hiding(box.x, fill, seed=seed)

    def value(coalitions: Tensor) -> Tensor:
        missing = ~coalitions.to(places.device)
        return box.scores(len(coalitions), lambda zero, which: hide(zero, missing[which][:, places]), LABEL)[0]

    return Game.of(value, int(labels.max()) + 1)


def table_game(
    model: Scores,
    x: Tensor | np.ndarray,
    target: int,
    *,
    background: Tensor | np.ndarray,
    groups: Sequence[Sequence[int]] | None = None,
    names: Sequence[str] | None = None,
    output: str = "score",
) -> Game:
    """The columns of a table as players: `v(S) = mean over b of f(x_S, b_-S)`, the interventional expectation.

    The columns of the coalition come from `x`, the others from the rows `b` of the background. Janzing, Minorics and
    Blöbaum 2020, https://arxiv.org/abs/1910.13413, equation 4.

    Args:
        model: a torch classifier or any callable, see `BlackBox`.
        x: one row, `(1, D)`.
        target: class index.
        background: rows `(M, D)` that stand for "nothing known"; a single row is a baseline.
        groups: the columns of each player; every column is one if not given.
        names: of the players.
        output: what is explained.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    box = one_input(model, x, target, output)
    rows = _background(background, box)
    member = _membership(groups, box.x.shape[1]).to(box.x.device)

    def value(coalitions: Tensor) -> Tensor:
        own = coalitions.to(member.device)[:, member]

        def mixed(_zero: Tensor, which: Tensor) -> Tensor:
            return torch.where(own[which // len(rows)], box.x, rows[which % len(rows)])

        return box.scores(len(coalitions) * len(rows), mixed, LABEL).view(-1, len(rows)).mean(1)

    count = int(member.max()) + 1
    if names is not None and len(names) != count:
        raise ValueError(f"names must name the {count} players, got {len(names)}")
    return Game.of(value, count if names is None else list(names))


def _background(background: Tensor | np.ndarray, box: BlackBox) -> Tensor:
    if not isinstance(background, Tensor | np.ndarray):
        raise TypeError(f"background must be a tensor or an array (M, D), got {type(background).__name__}")
    rows = torch.as_tensor(background).detach().to(box.x)
    if box.x.ndim != 2 or rows.ndim != 2 or rows.shape[1] != box.x.shape[1] or len(rows) == 0:
        raise ValueError(f"background must be rows (M, D) like x, {tuple(box.x.shape)}, got shape {tuple(rows.shape)}")
    if not rows.isfinite().all():
        raise ValueError("background must be finite, got NaN or infinite values")
    return rows


def _membership(groups: Sequence[Sequence[int]] | None, columns: int) -> Tensor:
    """The player of each column `(D,)`."""
    groups = [[column] for column in range(columns)] if groups is None else [list(group) for group in groups]
    if sorted(column for group in groups for column in group) != list(range(columns)) or not all(groups):
        raise ValueError(f"groups must hold each of the columns 0 to {columns - 1} once, got {groups}")
    member = torch.empty(columns, dtype=torch.int64)
    for player, group in enumerate(groups):
        member[group] = player
    return member
