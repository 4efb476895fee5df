"""A cooperative game: players, and what each coalition of them is worth.

Players may be the parts of a picture, the columns of a table, or people who share a bill; the value `v(S)` of a
coalition `S` is then a score with only these parts of the input present, or a sum of money.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import torch
from torch import Tensor

Value = Callable[[Tensor], Tensor]
Table = Mapping[Hashable, float]


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
    def of(cls, value: Value | Table, players: int | Sequence[str]) -> "Game":
        """A game from a function, or from a table of what each coalition is worth.

        Args:
            value: see `Game`; or a mapping from coalitions, each a tuple of names, to numbers; one name is a coalition
                of one. A coalition that is not in the mapping is worth 0.
            players: their number (they are then called 1, 2, …), or their names.

        Raises:
            TypeError, ValueError: naming the argument, what came and what was expected.
        """
        if isinstance(players, bool) or not isinstance(players, Integral | Sequence):
            raise TypeError(f"players must be a number or names, got {type(players).__name__}")
        names = tuple(map(str, range(1, int(players) + 1) if isinstance(players, Integral) else players))
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


def _looked_up(table: Table, names: tuple[str, ...]) -> Value:
    worth: dict[frozenset[str], float] = {}
    for coalition, number in table.items():
        alone = isinstance(coalition, str) or not isinstance(coalition, Iterable)
        members = [coalition] if alone else list(coalition)
        key = frozenset(map(str, members))
        if unknown := sorted(key - set(names)):
            raise ValueError(f"value must be a mapping of coalitions of {', '.join(names)}, got {unknown}")
        if len(key) < len(members) or key in worth:
            raise ValueError(f"value must hold each coalition once, and in it each player, got {coalition!r} again")
        worth[key] = float(number)

    def value(coalitions: Tensor) -> Tensor:
        members = (frozenset(np.array(names)[row].tolist()) for row in coalitions.cpu().numpy())
        return torch.tensor([worth.get(each, 0.0) for each in members], dtype=torch.float64)

    return value
