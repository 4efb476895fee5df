"""A small game worked by hand: what every coalition is worth, and every order of joining."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations

import torch
from torch import Tensor

from xaiwidgets.explorers.shapley_tables import number, table
from xaiwidgets.methods.shapley import every_coalition
from xaiwidgets.methods.shapley_game import Game

SAME = 1e-9  # what differs by less is the same
FEWEST, MOST = 2, 4  # players whose orders fit on a page: 4 have 24


@dataclass(frozen=True)
class Preset:
    """A game to begin with: `values` by coalition, in the order of the binary numbers; what there is to see in it."""

    names: tuple[str, ...]
    values: tuple[float, ...]
    remark: str


COLOURS = ("red", "green", "blue")
PRESETS = {
    "Three colours of light": Preset(
        COLOURS, (0, 20, 50, 80, 10, 40, 60, 100),
        "Red, green and blue light make 100 together. Who made how much of it?",
    ),
    "Gloves": Preset(
        ("left 1", "left 2", "right"), (0, 0, 0, 0, 0, 100, 100, 100),
        "Only a pair is worth something. The one right glove is scarce: it gets most.",
    ),
    "Everyone alone": Preset(
        COLOURS, (0, 20, 50, 70, 30, 50, 80, 100),
        "Nobody gains by others: every order gives the same, and so do most rules.",
    ),
    "Vote": Preset(
        ("45 %", "40 %", "15 %"), (0, 0, 0, 100, 0, 100, 100, 100),
        "More than half of the votes win. Any two parties do, so the three are equally strong.",
    ),
    "One is idle": Preset(
        COLOURS, (0, 40, 40, 100, 0, 40, 40, 100),
        "Blue adds nothing to any coalition, and red and green are interchangeable.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Worked:
    """A game whose values are known, one a coalition: player `i` takes part in number `b` if bit `i` of `b` is set."""

    names: tuple[str, ...]
    values: Tensor  # (2**n,), float64

    @property
    def players(self) -> int:
        """How many play."""
        return len(self.names)

    @property
    def game(self) -> Game:
        """The same, as the methods want it."""
        bits = 2 ** torch.arange(self.players)
        return Game.of(lambda coalitions: self.values[(coalitions * bits).sum(1)], self.names)

    def value(self, members: Sequence[int]) -> float:
        """What a coalition is worth."""
        return float(self.values[sum(2**player for player in members)])

    def said(self, members: Sequence[int]) -> str:
        """A coalition by name, such as "{red, blue}"."""
        return "{" + (", ".join(self.names[player] for player in sorted(members)) or " ") + "}"

    @cached_property
    def orders(self) -> list[tuple[int, ...]]:
        """All `n!` orders in which the players can join."""
        return list(permutations(range(self.players)))

    @cached_property
    def gains(self) -> Tensor:
        """What each player adds on joining, `(n!, n)`: one row an order, one column a player."""
        return torch.tensor([self._gains(order) for order in self.orders], dtype=torch.float64)

    def _gains(self, order: tuple[int, ...]) -> list[float]:
        before = {player: order[: order.index(player)] for player in order}
        return [self.value([*before[player], player]) - self.value(before[player]) for player in range(self.players)]

    def seen(self, steps: int) -> Tensor:
        """Which entries of `gains` are known after `steps` players have joined, order after order; bool."""
        known = torch.zeros_like(self.gains, dtype=torch.bool)
        for step in range(steps):
            row, place = divmod(step, self.players)
            known[row, self.orders[row][place]] = True
        return known

    def mean(self, steps: int) -> Tensor:
        """The mean of what each player has added in `steps` steps, `(n,)`; 0 for one who has not joined yet."""
        known = self.seen(steps)
        return torch.where(known, self.gains, 0).sum(0) / known.sum(0).clamp(min=1)

    @cached_property
    def idle(self) -> list[int]:
        """The null players: they add nothing to any coalition."""
        return [player for player in range(self.players) if (self.gains[:, player].abs() < SAME).all()]

    @cached_property
    def twins(self) -> list[tuple[int, int]]:
        """The pairs who add the same to every coalition without both."""
        pairs = combinations(range(self.players), 2)
        return [(i, j) for i, j in pairs if all(abs(self._lead(i, j, others)) < SAME for others in self._without(i, j))]

    def _without(self, *left_out: int) -> list[list[int]]:
        """All coalitions of the others."""
        coalitions = [members_of(b) for b in range(2**self.players)]
        return [each for each in coalitions if not set(each) & set(left_out)]

    def _lead(self, i: int, j: int, others: list[int]) -> float:
        return self.value([*others, i]) - self.value([*others, j])

    def position(self, steps: int) -> tuple[int, int]:
        """The present order's index, and how many of its players have joined, after `steps` of them in all."""
        row, joined = divmod(steps, self.players)
        return (row - 1, self.players) if steps and not joined else (row, joined)

    def told(self, steps: int) -> str:
        """The last step in words, with its subtraction."""
        row, joined = self.position(steps)
        order = self.orders[row]
        way = " → ".join(self.names[player] for player in order)
        if not joined:
            return f"Order 1 of {len(self.orders)}: {way}. Nobody has joined yet."
        before, new = order[: joined - 1], order[joined - 1]
        after, known = self.value([*before, new]), self.value(before)
        sum_ = f"v{self.said([*before, new])} − v{self.said(before)} = {number(after)} − {number(known)}"
        return (
            f"Order {row + 1} of {len(self.orders)}: {way}. {self.names[new].capitalize()} "
            f"{f'joins {self.said(before)}' if before else 'comes first'}: {sum_} = {number(after - known)}."
        )


def members_of(number_: int) -> list[int]:
    """The players of coalition number `b`: its bits."""
    return [bit for bit in range(number_.bit_length()) if number_ >> bit & 1]


def worked_of(preset: Preset) -> Worked:
    """The game of a preset."""
    return Worked(preset.names, torch.tensor(preset.values, dtype=torch.float64))


def orders_table(worked: Worked, steps: int) -> str:
    """What each player adds in each order, as far as we have come; the mean of it below."""
    known, mean = worked.seen(steps), worked.mean(steps)
    rows = []
    for index, order in enumerate(worked.orders):
        way = f"{index + 1}. " + " → ".join(worked.names[player] for player in order)
        cells = zip(worked.gains[index].tolist(), known[index].tolist(), strict=True)
        rows.append([way, *(number(gain) if seen else "·" for gain, seen in cells)])
    rows.append(["mean so far", *(number(float(value)) if steps else "·" for value in mean)])
    head = ["order of joining", *worked.names]
    return table("What each player adds on joining", head, rows, here=worked.position(steps)[0], strong=len(rows) - 1)


def preset_of(values: Mapping[str, float] | Callable[[Tensor], Tensor], names: Sequence[str] | None) -> Preset:
    """A reader's own game, checked; see `GameExplorer`."""
    if isinstance(values, Mapping):
        names = list(names or dict.fromkeys(name for key in values for name in key.split()))
    elif not callable(values):
        raise TypeError(f"values must be a mapping or a function of coalitions, got {type(values).__name__}")
    elif names is None:
        raise ValueError("names must be given with a function: it does not say who plays")
    names = tuple(str(name) for name in names)
    if not FEWEST <= len(names) <= MOST or len(set(names)) != len(names):
        raise ValueError(f"names must be {FEWEST} to {MOST} different players, got {', '.join(names) or 'none'}")
    numbers = _looked_up(values, names) if isinstance(values, Mapping) else _asked(values, names)
    if not torch.isfinite(numbers).all():
        raise ValueError("values must be finite, got NaN or infinite for at least one coalition")
    return Preset(names, tuple(numbers.tolist()), "The game that was given.")


def _looked_up(values: Mapping[str, float], names: tuple[str, ...]) -> Tensor:
    worth = {frozenset(key.split()): value for key, value in values.items()}
    if unknown := sorted(frozenset().union(*worth) - set(names)):
        raise ValueError(f"values has players that names has not: {', '.join(unknown)}")
    coalitions = [frozenset(names[i] for i in members_of(b)) for b in range(2 ** len(names))]
    if missing := [" ".join(sorted(each)) or "nobody" for each in coalitions if each not in worth]:
        raise ValueError(f"values must hold all {len(coalitions)} coalitions; missing: {', '.join(missing)}")
    return torch.tensor([float(worth[each]) for each in coalitions], dtype=torch.float64)


def _asked(function: Callable[[Tensor], Tensor], names: tuple[str, ...]) -> Tensor:
    return Game.of(function, names)(every_coalition(len(names)))
