"""Inputs of a model as games: the parts of a picture, or the columns of a table, are the players."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.methods.black_box import Scores
from xaiwidgets.methods.fills import Fill, fill_picture, hiding
from xaiwidgets.methods.lime import one_input
from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.methods.superpixels import grid, in_order

__all__ = ["Game", "picture_game", "table_game"]

LABEL = "Asking about coalitions"


def picture_game(
    model: Scores,
    x: Tensor | np.ndarray,
    target: int,
    players: Tensor | np.ndarray | int | str,
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
        players: which player each place belongs to: integer labels `(H, W)`, `(L,)` or `(D,)`, or of each value,
            `(C, H, W)`; the players are the labels in ascending order. Or a number: about so many blocks of a picture.
            Or "channels".
        fill: what is seen where a player is missing, see `fill_picture`; the values depend on it.
        output: what is explained.
        seed: of the fill "noise".

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    box = one_input(model, x, target, output)
    labels = player_labels(players, box.x).to(box.x.device)
    without = _without(box.x, labels, fill, seed)

    def value(coalitions: Tensor) -> Tensor:
        missing = ~coalitions.to(labels.device)
        return box.scores(len(coalitions), lambda _zero, which: without(missing[which][:, labels]), LABEL)[0]

    return Game.of(value, int(labels.max()) + 1)


def player_labels(players: Tensor | np.ndarray | int | str, x: Tensor) -> Tensor:
    """The player of each place or value of an input, labelled 0 to their number - 1; see `picture_game`."""
    values, places = tuple(x.shape[1:]), tuple(x.shape[2:] or x.shape[1:])
    if isinstance(players, str) and players == "channels" and x.ndim > 2:
        return torch.arange(values[0]).view(-1, *[1] * len(places)).expand(values)
    if isinstance(players, int) and not isinstance(players, bool) and players > 0 and x.ndim == 4:
        return grid(*places, players)
    labels = torch.from_numpy(players) if isinstance(players, np.ndarray) else players
    expected = f"players must be integer labels of shape {places}"
    if isinstance(players, int) and players > 0 and x.ndim != 4:
        raise TypeError(
            f"{expected}, got {players!r}: only a picture is cut into a number of blocks; about as many pieces of a "
            f"row of D places: torch.arange(D) * {players} // D"
        )
    if not isinstance(labels, Tensor):
        raise TypeError(f"{expected}, a positive number of blocks of a picture, or 'channels', got {labels!r}")
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise TypeError(f"{expected}, got {labels.dtype}")
    if labels.shape not in (places, values):
        raise ValueError(f"{expected} (or {values}), got shape {tuple(labels.shape)}")
    return in_order(labels.detach().cpu())


def _without(x: Tensor, labels: Tensor, fill: Fill, seed: int) -> Callable[[Tensor], Tensor]:
    """Where values are missing, `(B, …)` of the shape of `labels` -> the one input without them, `(B, …)`."""
    if labels.shape == x.shape[1:]:
        if x.ndim > 2 and isinstance(fill, str) and fill == "inpaint":
            raise ValueError(
                "fill 'inpaint' needs players that are places: it fills from a place's surroundings, in all channels. "
                "For players 'channels', or labels of each value, take another fill"
            )
        picture = fill_picture(fill, x, seed=seed)
        return lambda missing: torch.where(missing, picture, x)
    hide = hiding(x, fill, seed=seed)
    return lambda missing: hide(torch.zeros(len(missing), dtype=torch.int64, device=x.device), missing)


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
    if box.x.ndim != 2:
        raise ValueError(f"x must be one row (1, D), got shape {tuple(box.x.shape)}")
    rows = check_background(background, box.x)
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


def check_background(background: Tensor | np.ndarray, x: Tensor) -> Tensor:
    """Return inputs `(M, …)` that stand for "nothing known", in the form of `x`, or say what is wrong with them."""
    if not isinstance(background, Tensor | np.ndarray):
        raise TypeError(f"background must be a tensor or an array (M, …), got {type(background).__name__}")
    rows = torch.as_tensor(background).detach().to(x)
    if rows.shape[1:] != x.shape[1:] or rows.ndim != x.ndim or len(rows) == 0:
        raise ValueError(
            f"background must be one or more inputs of shape {tuple(x.shape[1:])}, got shape {tuple(rows.shape)}"
        )
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
