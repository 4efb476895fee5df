"""Exercises of notebook 11, Shapley values: features as players, and the regression of KernelSHAP."""

from math import comb

import torch

from .exercise import Exercise
from .laws import expect
from .nets import mlp, normal
from .shapley import Game, every_coalition, over_orders

# --- 11.4 an absent feature -----------------------------------------------------------------------------------------


def coalition_value(f, x, background, coalition, c):
    """The value of a coalition of features: the mean score of class c, the absent features taken from a background.

    f gives scores (N, K) for rows (N, D); x is the explained row (D,), background holds M rows (M, D),
    coalition (D,) is True for the features that keep the value of x. Returns one number.
    """
    rows = torch.where(coalition, x, background)  # (M, D)
    return f(rows)[:, c].mean()


def of_the_mean_row(f, x, background, coalition, c):
    """You average the background before you ask f: for a function with a bend that is not the mean of the scores."""
    return f(torch.where(coalition, x, background.mean(dim=0))[None])[0, c]


def exchanged(f, x, background, coalition, c):
    """Present and absent are exchanged: features of the coalition keep the value of x."""
    return coalition_value(f, x, background, ~coalition, c)


def zeros_for_absent(f, x, background, coalition, c):
    """You put 0 for absent features: 0 is a value like any other. Take the values of the background's rows."""
    return f((x * coalition)[None])[0, c]


def first_row_only(f, x, background, coalition, c):
    """You use one row of the background: take the mean over all M rows."""
    return f(torch.where(coalition, x, background[0])[None])[0, c]


def all_classes(f, x, background, coalition, c):
    """You average over all classes: choose column c of the scores."""
    return f(torch.where(coalition, x, background)).mean()


def summed_over_rows(f, x, background, coalition, c):
    """You sum over the background: its size would then change the value. Take the mean."""
    return f(torch.where(coalition, x, background))[:, c].sum()


def best_class(f, x, background, coalition, c):
    """You take the largest score of each row: the class is to stay c, also where another one wins."""
    return f(torch.where(coalition, x, background)).amax(dim=1).mean()


def _table(seed, kept):
    return mlp(seed), normal(seed + 1, 6), normal(seed + 2, 5, 6), torch.tensor(kept).bool(), 2


def row_by_row(student):
    """on hidden nets, the mean over the background's rows, row by row and feature by feature"""
    for seed, kept in ((41, [1, 0, 1, 1, 0, 0]), (45, [0, 0, 1, 0, 0, 1])):
        f, x, background, coalition, c = _table(seed, kept)
        total = torch.zeros((), dtype=torch.float64)
        for other in background:
            row = torch.stack([x[d] if kept[d] else other[d] for d in range(6)])
            total += f(row[None])[0, c]
        found = student(f, x, background, coalition, c)
        expect(found, total / len(background), "The value of a hidden coalition")


def everybody_and_nobody(student):
    """all features: the score of x; none: the mean score of the background"""
    f, x, background, everybody, c = _table(49, [1] * 6)
    expect(student(f, x, background, everybody, c), f(x[None])[0, c], "The value of all features")
    expect(student(f, x, background, ~everybody, c), f(background)[:, c].mean(), "The value of no feature")


ABSENT = Exercise(
    id="11.4",
    title="What an absent feature is",
    task="Write coalition_value: the mean score with the coalition's features from x and the others from a background.",
    solution=coalition_value,
    cases=lambda: [_table(53, [1, 0, 1, 1, 0, 0]), _table(57, [0, 1, 0, 0, 1, 1])],
    laws=(row_by_row, everybody_and_nobody),
    shape=lambda f, x, background, coalition, c: (),
    hints=(
        "Each row of the background becomes a new input: features of the coalition are overwritten with those of x.",
        "torch.where(coalition, x, background) does that for all M rows at once; the shapes fit by themselves.",
        "Ask f once with the M rows, choose column c, and average at the very end.",
    ),
    wrong=(
        of_the_mean_row,
        exchanged,
        zeros_for_absent,
        first_row_only,
        all_classes,
        summed_over_rows,
        best_class,
    ),
)

# --- 11.5 KernelSHAP ------------------------------------------------------------------------------------------------


def kernel_regression(coalitions, values):
    """The fair shares that fit the values of some coalitions best, and sum to what there is to share.

    coalitions (B, n) is a bool tensor with values (B,). The first row is the empty coalition, the last has
    everybody. The shares p minimise, over the rows between of size s, the sum of
    (n - 1) / (comb(n, s) s (n - s)) · (value - value of nobody - sum of p over the members)²
    among all p with sum(p) = value of everybody - value of nobody. Returns a tensor (n,).
    """
    from math import comb

    n, inner = coalitions.shape[1], coalitions[1:-1]
    total, gained = values[-1] - values[0], values[1:-1] - values[0]
    weights = [(n - 1) / (comb(n, s) * s * (n - s)) for s in inner.sum(dim=1).tolist()]
    root = torch.tensor(weights, dtype=values.dtype).sqrt()
    members = inner.to(values.dtype)
    last = members[:, -1]  # the last player gets what the others leave: total - their sum
    left = (members[:, :-1] - last[:, None]) * root[:, None]
    right = (gained - last * total) * root
    others = torch.linalg.lstsq(left, right[:, None]).solution[:, 0]
    return torch.cat([others, (total - others.sum())[None]])


def _kernel(n, s):
    return (n - 1) / (comb(n, s) * s * (n - s))


def _fit(coalitions, values, weight=_kernel, total=None, start=None):
    """Weighted least squares by the normal equations; with ``total``, the shares have to sum to it."""
    n, inner = coalitions.shape[1], coalitions[1:-1]
    weights = torch.tensor([float(weight(n, s)) for s in inner.sum(dim=1).tolist()], dtype=values.dtype)
    members = inner.to(values.dtype)
    gained = values[1:-1] - (values[0] if start is None else start)
    left, right = members.T @ (weights[:, None] * members), members.T @ (weights * gained)
    if total is None:
        return torch.linalg.solve(left, right)
    ones = torch.ones(n, 1, dtype=values.dtype)
    bordered = torch.cat([torch.cat([left, ones], 1), torch.cat([ones.T, torch.zeros(1, 1, dtype=values.dtype)], 1)])
    return torch.linalg.solve(bordered, torch.cat([right, total[None]]))[:n]


def _to_share(values):
    return values[-1] - values[0]


def unweighted_rows(coalitions, values):
    """You weight all rows alike: use the kernel's weights, which are large for very small and very large coalitions."""
    return _fit(coalitions, values, lambda n, s: 1, _to_share(values))


def unconstrained(coalitions, values):
    """Your shares need not sum to what there is to share: put the constraint in, e.g. the last player gets the rest."""
    return _fit(coalitions, values)


def gap_shared_evenly(coalitions, values):
    """You fit freely and share the gap evenly. Unless all coalitions are there, the constrained fit is better."""
    free = _fit(coalitions, values)
    return free + (_to_share(values) - free.sum()) / len(free)


def kernel_without_binomial(coalitions, values):
    """Your weights lack comb(n, s): there are many coalitions of middle size, which have to share their weight."""
    return _fit(coalitions, values, lambda n, s: (n - 1) / (s * (n - s)), _to_share(values))


def weights_twice(coalitions, values):
    """You multiply both sides by the weights and then square: least squares wants the square roots of the weights."""
    return _fit(coalitions, values, lambda n, s: _kernel(n, s) ** 2, _to_share(values))


def shapley_weights(coalitions, values):
    """These are the weights of contributions, s! (n - 1 - s)! / n!. The regression has the Shapley kernel."""
    return _fit(coalitions, values, lambda n, s: 1 / (n * comb(n - 1, s)), _to_share(values))


def nobody_is_nothing(coalitions, values):
    """You take the empty coalition to be worth 0: subtract values[0] from every value, and from the total."""
    return _fit(coalitions, values, total=values[-1], start=0.0)


def _some(seed, n, count=None):
    """A hidden game's coalitions, all or ``count`` of those between, nobody first, everybody last, and their values."""
    every = every_coalition(n)
    if count is not None:
        chosen = torch.randperm(2**n - 2, generator=torch.Generator().manual_seed(seed))[:count] + 1
        every = torch.cat([every[:1], every[chosen], every[-1:]])
    return every, Game(seed, n)(every)


def all_coalitions(student):
    """with all coalitions, the result is the Shapley values (mean over all orders of hidden games)"""
    for seed, n in ((61, 4), (63, 5)):
        expect(student(*_some(seed, n)), over_orders(Game(seed, n)), f"With all coalitions of {n} players the result")


def shares_all(student):
    """with some coalitions only, the shares still sum to the value of everybody minus that of nobody"""
    coalitions, values = _some(65, 6, 20)
    expect(student(coalitions, values).sum(), _to_share(values), "With 20 coalitions, the sum over six players")


def no_better_shares(student):
    """and moving something from one player to another makes the weighted squares larger, not smaller"""
    coalitions, values = _some(67, 6, 25)
    shares = student(coalitions, values)
    members = coalitions[1:-1].double()
    weights = torch.tensor([_kernel(6, s) for s in members.sum(dim=1).int().tolist()], dtype=torch.float64)
    slope = members.T @ (weights * (values[1:-1] - values[0] - members @ shares))
    expect(slope - slope.mean(), torch.zeros_like(slope), "With 25 coalitions, what can be gained by moving shares")


KERNEL = Exercise(
    id="11.5",
    title="The regression of KernelSHAP",
    task="Write kernel_regression: weighted least squares over coalitions, and the shares have to sum up.",
    solution=kernel_regression,
    cases=lambda: [_some(71, 5, 18), _some(73, 6, 25)],
    laws=(all_coalitions, shares_all, no_better_shares),
    shape=lambda coalitions, values: (coalitions.shape[1],),
    hints=(
        "Subtract values[0] from all values, leave the first and the last row out, and give each row its weight.",
        "The constraint replaces the last share by total minus the others: one unknown less, and it always holds.",
        "A row is then members[:, :-1] - members[:, -1:], its right side gained - members[:, -1] * total; "
        "multiply both by the square root of the weight and call torch.linalg.lstsq.",
    ),
    wrong=(
        unweighted_rows,
        unconstrained,
        gap_shared_evenly,
        kernel_without_binomial,
        weights_twice,
        shapley_weights,
        nobody_is_nothing,
    ),
)

EXERCISES = (ABSENT, KERNEL)
