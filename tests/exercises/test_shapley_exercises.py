"""Right answers to the exercises of notebook 11 that are written otherwise, and the package's own methods."""

from itertools import combinations, permutations
from math import factorial

import torch

from xaiwidgets.exercises import check


def right(id, answer):
    message = check(id, answer)
    assert message.state == "correct", message


def coalition(players, n):
    return torch.tensor([[i in players for i in range(n)]])


def test_contributions_one_call_at_a_time():
    def one_by_one(game, order):
        n = len(order)
        before, present, found = game(coalition((), n))[0], [], [0.0] * n
        for player in order.tolist():
            present.append(player)
            after = game(coalition(present, n))[0]
            found[player], before = float(after - before), after
        return torch.tensor(found)

    right("11.1", one_by_one)


def test_shapley_values_over_sets_and_over_orders():
    def over_sets(game, n):
        found = torch.zeros(n, dtype=torch.float64)
        for i in range(n):
            others = [j for j in range(n) if j != i]
            for s in range(n):
                weight = factorial(s) * factorial(n - 1 - s) / factorial(n)
                for chosen in combinations(others, s):
                    found[i] += weight * (game(coalition((*chosen, i), n)) - game(coalition(chosen, n)))[0]
        return found

    def over_orders(game, n):
        orders = torch.tensor(list(permutations(range(n))))
        place = orders.argsort(1)
        values = torch.stack([game(place < joined) for joined in range(n + 1)], 1)
        return values.diff(dim=1).gather(1, place).mean(0)

    right("11.2", over_sets)
    right("11.2", over_orders)


def test_sampling_order_by_order():
    def in_a_loop(game, orders):
        m, n = orders.shape
        gains = torch.zeros(m, n, dtype=torch.float64)
        for k, order in enumerate(orders):
            present = torch.zeros(1, n, dtype=torch.bool)
            for player in order:
                before = game(present)
                present[0, player] = True
                gains[k, player] = (game(present) - before)[0]
        return torch.stack([gains.mean(0), (gains.var(0) / m).sqrt()])

    right("11.3", in_a_loop)


def test_the_value_of_a_coalition_by_copying():
    def copied(f, x, background, coalition, c):
        rows = background.clone()
        rows[:, coalition] = x[coalition]
        return float(f(rows)[:, c].mean())

    right("11.4", copied)


def test_kernel_shap_with_a_multiplier_for_the_constraint():
    def bordered(coalitions, values):
        n, inner = coalitions.shape[1], coalitions[1:-1].double()
        weights = [
            (n - 1) * factorial(int(s)) * factorial(n - int(s)) / (factorial(n) * s * (n - s)) for s in inner.sum(1)
        ]
        weighted = torch.tensor(weights, dtype=torch.float64)[:, None] * inner
        system = torch.ones(n + 1, n + 1, dtype=torch.float64)
        system[:n, :n], system[n, n] = weighted.T @ inner, 0
        wanted = torch.cat([weighted.T @ (values[1:-1] - values[0]), (values[-1] - values[0])[None]])
        return torch.linalg.solve(system, wanted)[:n]

    def enormous_weights(coalitions, values):
        """The efficiency constraint as two more rows of a weight that is as good as infinite."""
        n, members = coalitions.shape[1], coalitions.double()
        size = members.sum(1)
        binomial = torch.tensor([factorial(n) / factorial(int(s)) / factorial(n - int(s)) for s in size])
        weights = (n - 1) / (binomial * size * (n - size)).clamp(min=1e-9)
        root = weights.sqrt()[:, None]
        return torch.linalg.lstsq(members * root, (values - values[0])[:, None] * root).solution[:, 0]

    right("11.5", bordered)
    right("11.5", enormous_weights)
