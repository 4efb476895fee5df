"""Exercises of notebook 11, Shapley values. A game gives values ``(B,)`` for coalitions ``(B, n)``, a bool tensor."""

from itertools import permutations

import torch

from .exercise import Exercise
from .laws import expect
from .nets import normal


class Game:
    """A hidden game: a random value for each coalition of ``n`` players, the empty one too."""

    def __init__(self, seed, n, *, null=None, twins=None):
        self.n, self.values = n, normal(seed, 2**n) * 3 + 1
        every, bits = every_coalition(n), 2 ** torch.arange(n)
        if null is not None:  # it adds 2 to whatever coalition it joins
            self.values = self.values[((every * bits)[:, torch.arange(n) != null]).sum(dim=1)] + 2 * every[:, null]
        if twins is not None:  # where one of the two is in, it is as if it were the first
            ordered = every.clone()
            ordered[:, list(twins)] = every[:, list(twins)].sort(dim=1, descending=True).values
            self.values = self.values[(ordered * bits).sum(dim=1)]

    def __call__(self, coalitions):
        """Values ``(B,)`` of coalitions ``(B, n)``."""
        if coalitions.dim() != 2 or coalitions.shape[1] != self.n:
            raise ValueError(f"coalitions must be (B, {self.n}), got {tuple(coalitions.shape)}")
        return self.values[(coalitions.bool() * 2 ** torch.arange(self.n)).sum(dim=1)]


class _Sum:
    """A hidden game in which player i adds ``shares[i]``, whoever is there; nobody is worth 0.5."""

    def __init__(self, seed, n):
        self.n, self.shares = n, normal(seed, n)

    def __call__(self, coalitions):
        return 0.5 + coalitions.double() @ self.shares


def every_coalition(n):
    """All coalitions ``(2**n, n)``; player i is in number b if bit i of b is set."""
    return (torch.arange(2**n)[:, None] // 2 ** torch.arange(n)) % 2 == 1


def total(game):
    """What there is to share: the value of everybody minus that of nobody."""
    empty, full = game(every_coalition(game.n)[[0, -1]])
    return full - empty


def _gains(game, order):
    """Step by step, in plain Python: ``(n,)``, for each player."""
    present = torch.zeros(1, game.n, dtype=torch.bool)
    gains = torch.zeros(game.n, dtype=torch.float64)
    for player in order:
        before = game(present)[0]
        present[0, player] = True
        gains[player] = game(present)[0] - before
    return gains


def over_orders(game):
    """The Shapley values as the mean over all orders."""
    return torch.stack([_gains(game, order) for order in permutations(range(game.n))]).mean(dim=0)


def _one_each(game, *rest):
    return (game.n,)


# --- 11.1 one order -------------------------------------------------------------------------------------------------


def contributions(game, order):
    """What each player adds when the players join one after the other.

    game gives values (B,) for coalitions (B, n), a bool tensor, True for who takes part. order is a
    tensor (n,) with each player's number once. Returns a tensor (n,): entry i belongs to player i.
    """
    n = len(order)
    coalitions = torch.zeros(n + 1, n, dtype=torch.bool)
    for place, player in enumerate(order):
        coalitions[place + 1 :, player] = True  # from then on it is there
    gains = torch.zeros(n, dtype=torch.float64)
    gains[order] = game(coalitions).diff()
    return gains


def in_order_of_joining(game, order):
    """Your entries stand in the order of joining: entry i shall belong to player i, gains[order] = … puts it there."""
    return contributions(game, order)[order]


def sorted_the_wrong_way(game, order):
    """You sort with gains[order] on the right-hand side: that is the inverse. Assign instead: result[order] = gains."""
    return contributions(game, order)[order][order]


def alone(game, order):
    """You take what each player is worth alone. Those who came before it are there, too, and may help or hinder it."""
    n = len(order)
    return game(torch.eye(n).bool()) - game(torch.zeros(1, n).bool())


def as_the_last(game, order):
    """You take what is lost when a player leaves the whole group. Only those before it in the order are there."""
    n = len(order)
    return game(torch.ones(1, n).bool()) - game(~torch.eye(n).bool())


def value_reached(game, order):
    """You give the value that is reached, not what the player adds to it: subtract the value before it joined."""
    place = order.argsort()
    return game(place[None] <= place[:, None])


def empty_is_nothing(game, order):
    """You take the empty coalition to be worth 0: ask the game. The first player adds v({i}) - v({})."""
    gains = contributions(game, order)
    gains[order[0]] += game(torch.zeros(1, len(order)).bool())[0]
    return gains


def from_the_end(game, order):
    """You go through the order from its end: order[0] joins first."""
    return contributions(game, order.flip(0))


def step_by_step(student):
    """on hidden games, each player gets the value with it minus the value before it"""
    for seed, order in ((3, [2, 0, 3, 1]), (5, [1, 2, 3, 0])):
        game = Game(seed, 4)
        expect(student(game, torch.tensor(order)), _gains(game, order), f"In a hidden game, order {order}, the result")


def steps_add_up(student):
    """the sum is the value of all players together minus that of the empty coalition"""
    game = Game(7, 5)
    expect(student(game, torch.tensor([4, 2, 0, 1, 3])).sum(), total(game), "The sum over the players")


def sums_know_no_order(student):
    """where each player adds a fixed share, it gets this share in every order"""
    game = _Sum(9, 4)
    expect(student(game, torch.tensor([3, 0, 1, 2])), game.shares, "In a game of fixed shares the result")


ONE_ORDER = Exercise(
    id="11.1",
    title="Contributions in one order",
    task="Write contributions: for one order of the players, what each adds to those who came before it.",
    solution=contributions,
    cases=lambda: [(Game(11, 4), torch.tensor([2, 0, 3, 1])), (Game(12, 5), torch.tensor([1, 4, 0, 3, 2]))],
    laws=(step_by_step, steps_add_up, sums_know_no_order),
    shape=_one_each,
    hints=(
        "n players need n + 1 values: nobody, the first, the first two, ... , all. What a player adds is a difference.",
        "Make a bool tensor (n + 1, n) of the growing coalitions and call game once; .diff() gives the n gains.",
        "The gains come out in the order of joining: result[order] = gains hands them to the players.",
    ),
    wrong=(
        in_order_of_joining,
        sorted_the_wrong_way,
        alone,
        as_the_last,
        value_reached,
        empty_is_nothing,
        from_the_end,
    ),
)

# --- 11.2 the Shapley value -----------------------------------------------------------------------------------------


def shapley_values(game, n):
    """The Shapley value of each of n players, from all 2**n coalitions.

    game gives values (B,) for coalitions (B, n), a bool tensor. What player i adds to a coalition of
    s others counts 1 / (n · comb(n - 1, s)), which is s! (n - 1 - s)! / n!. Returns a tensor (n,).
    """
    from math import comb

    every = torch.cartesian_prod(*[torch.tensor([False, True])] * n)
    weights = torch.tensor([1 / (n * comb(n - 1, s)) for s in range(n)], dtype=torch.float64)
    values = []
    for i in range(n):
        without = every[~every[:, i]]
        together = without.clone()
        together[:, i] = True
        values.append((weights[without.sum(dim=1)] * (game(together) - game(without))).sum())
    return torch.stack(values)


def _weighted(game, n, weight):
    """The sum over coalitions of weight(s) times what a player adds to a coalition of s others."""
    every = every_coalition(n)
    weights = torch.tensor([float(weight(s)) for s in range(n)], dtype=torch.float64)
    without = [every[~every[:, i]] for i in range(n)]
    gains = [game(each | (torch.arange(n) == i)) - game(each) for i, each in enumerate(without)]
    return torch.stack([(weights[each.sum(1)] * gain).sum() for each, gain in zip(without, gains, strict=True)])


def all_coalitions_alike(game, n):
    """You count every coalition alike (that is the Banzhaf value): every *size* has the same total weight, 1/n."""
    return _weighted(game, n, lambda s: 2.0 ** (1 - n))


def without_binomial(game, n):
    """Each size shall have the weight 1/n in total: share it among the comb(n - 1, s) coalitions of this size."""
    return _weighted(game, n, lambda s: 1 / n)


def binomial_of_all(game, n):
    """You divide by comb(n, s): the s others come from n - 1 players, player i itself is not among them."""
    from math import comb

    return _weighted(game, n, lambda s: 1 / (n * comb(n, s)))


def size_with_the_player(game, n):
    """Your s counts player i itself: it is the number of the others, those who are there before it."""
    from math import comb

    return _weighted(game, n, lambda s: 1 / (n * comb(n - 1, s + 1)) if s + 1 < n else 0)


def without_the_empty_one(game, n):
    """You leave out the empty coalition: what a player adds to nobody counts, too, with 1/n."""
    from math import comb

    return _weighted(game, n, lambda s: 1 / (n * comb(n - 1, s)) if s else 0)


def one_order_only(game, n):
    """This is one order of the players, 0, 1, 2, …: the Shapley value is the mean over all orders."""
    return contributions(game, torch.arange(n))


def alone_and_last(game, n):
    """You average only the two extremes, alone and last of all: the coalitions between count as well."""
    return _weighted(game, n, lambda s: 0.5 if s in (0, n - 1) else 0)


def mean_over_all_orders(student):
    """on hidden games it is the mean contribution over all orders (24 of 4 players, 120 of 5)"""
    for seed, n in ((13, 4), (15, 5)):
        game = Game(seed, n)
        expect(student(game, n), over_orders(game), f"In a hidden game of {n} players the result")


def efficient(student):
    """efficiency: the values sum to that of all players minus that of nobody"""
    game = Game(17, 6)
    expect(student(game, 6).sum(), total(game), "The sum over six players")


def null_and_twins(student):
    """a player that always adds 2 gets 2, and two that add the same to every coalition get the same"""
    two = torch.tensor(2.0, dtype=torch.float64)
    expect(student(Game(19, 5, null=3), 5)[3], two, "The value of a player that always adds 2")
    found = student(Game(21, 4, twins=(1, 2)), 4)
    expect(found[1], found[2], "The value of a player that adds what player 2 adds")


ENUMERATION = Exercise(
    id="11.2",
    title="Shapley values by enumeration",
    task="Write shapley_values: over all coalitions without player i, the weighted sum of what i adds.",
    solution=shapley_values,
    cases=lambda: [(Game(23, 4), 4), (Game(24, 5), 5)],
    laws=(mean_over_all_orders, efficient, null_and_twins),
    shape=lambda game, n: (n,),
    hints=(
        "For player i you need every coalition of the others, once without i and once with i.",
        "torch.cartesian_prod(*[torch.tensor([False, True])] * n) lists all; rows with ~every[:, i] are without i.",
        "The size s is without.sum(dim=1), from 0 to n - 1: make a table of n weights and look it up there.",
    ),
    wrong=(
        all_coalitions_alike,
        without_binomial,
        binomial_of_all,
        size_with_the_player,
        without_the_empty_one,
        one_order_only,
        alone_and_last,
    ),
)

# --- 11.3 sampling orders -------------------------------------------------------------------------------------------


def sampled_shapley(game, orders):
    """The mean contribution of each player over some orders, and the standard error of this mean.

    orders is a tensor (m, n), an order in each row. The standard error is the standard deviation of the
    m contributions (with m - 1 in its denominator), divided by √m. Returns (2, n): means, standard errors.
    """
    m, n = orders.shape
    place = orders.argsort(dim=1)  # place[k, i]: when player i joins in order k
    values = torch.stack([game(place < joined) for joined in range(n + 1)], dim=1)  # (m, n + 1)
    gains = values.diff(dim=1).gather(1, place)
    return torch.stack([gains.mean(dim=0), gains.std(dim=0) / m**0.5])


def _with_spread(game, orders, spread):
    gains = torch.stack([contributions(game, order) for order in orders])
    return torch.stack([gains.mean(dim=0), spread(gains, len(orders))])


def deviation_not_error(game, orders):
    """This is the spread of single orders. The mean of m of them is better by √m: divide by m**0.5."""
    return _with_spread(game, orders, lambda gains, m: gains.std(dim=0))


def biased_deviation(game, orders):
    """You divide by m inside the standard deviation; with m - 1 it is not too small on average (torch's default)."""
    return _with_spread(game, orders, lambda gains, m: gains.std(dim=0, correction=0) / m**0.5)


def divided_by_m(game, orders):
    """You divide the standard deviation by m: an average of m independent numbers is better by √m only."""
    return _with_spread(game, orders, lambda gains, m: gains.std(dim=0) / m)


def variance_of_the_mean(game, orders):
    """This is the variance of the mean, in squared units: take the square root."""
    return _with_spread(game, orders, lambda gains, m: gains.var(dim=0) / m)


def by_place(game, orders):
    """Your entries belong to places in the order, not to players: bring the gains back to the players first."""
    gains = torch.stack([contributions(game, order)[order] for order in orders])
    return torch.stack([gains.mean(dim=0), gains.std(dim=0) / len(orders) ** 0.5])


def one_error_for_all(game, orders):
    """You take the spread over all players at once: each has its own. Reduce over the orders only, dim=0."""
    return _with_spread(game, orders, lambda gains, m: gains.std().expand(gains.shape[1]) / m**0.5)


def _orders(seed, m, n):
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randperm(n, generator=generator) for _ in range(m)])


def order_by_order(student):
    """on hidden games, mean and standard error over 12 orders, order by order"""
    for seed, n in ((25, 4), (27, 6)):
        game, orders = Game(seed, n), _orders(seed, 12, n)
        gains = torch.stack([_gains(game, order) for order in orders.tolist()])
        mean = gains.mean(dim=0)
        error = ((gains - mean).square().sum(dim=0) / 11 / 12).sqrt()
        found = student(game, orders)
        expect(found[0], mean, f"In a hidden game of {n} players the mean")
        expect(found[1], error, f"In a hidden game of {n} players the standard error")


def every_order_once(student):
    """all 24 orders of four players give the Shapley values"""
    game = Game(29, 4)
    orders = torch.tensor(list(permutations(range(4))))
    expect(student(game, orders)[0], over_orders(game), "With every order once, the mean")


def more_orders(student):
    """the same orders four times over: the mean stays, the standard error is about half"""
    game, orders = Game(31, 5), _orders(31, 20, 5)
    once, four_times = student(game, orders), student(game, orders.repeat(4, 1))
    expect(four_times[0], once[0], "With each order four times, the mean")
    expect(four_times[1], once[1] * (19 / 79) ** 0.5, "With each order four times, the standard error")


SAMPLING = Exercise(
    id="11.3",
    title="Sampled orders and their error",
    task="Write sampled_shapley: the mean contribution of each player over the given orders, and its standard error.",
    solution=sampled_shapley,
    cases=lambda: [(Game(33, 4), _orders(33, 9, 4)), (Game(34, 6), _orders(34, 7, 6))],
    laws=(order_by_order, every_order_once, more_orders),
    shape=lambda game, orders: (2, orders.shape[1]),
    hints=(
        "Collect the contributions of each order as a row: (m, n). Your function of 11.1 gives a row.",
        "Mean and standard deviation go over the rows, dim=0: one number a player.",
        "gains.std(dim=0) / m**0.5, and torch.stack([mean, error]).",
    ),
    wrong=(
        deviation_not_error,
        biased_deviation,
        divided_by_m,
        variance_of_the_mean,
        by_place,
        one_error_for_all,
    ),
)

EXERCISES = (ONE_ORDER, ENUMERATION, SAMPLING)
