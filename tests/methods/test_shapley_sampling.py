"""Sampled Shapley values: unbiased, with a standard error that is right; the same seed, the same values."""

from itertools import permutations

import pytest
import torch
from asked import Stop, leaves_everything_as_it_is, linear
from shapley_by_hand import gloves, random_game

from xaiwidgets.methods.shapley import exact_shapley
from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.methods.shapley_games import picture_game
from xaiwidgets.methods.shapley_sampling import permutation_estimates, permutation_shapley
from xaiwidgets.progress import Cancelled, listening

SEEDS = 300


def estimates(game, **settings):
    """Values and standard errors over many seeds, each `(SEEDS, n)`."""
    found = [permutation_shapley(game, seed=seed, **settings) for seed in range(SEEDS)]
    return torch.stack([each.values for each in found]), torch.stack([each.standard_error for each in found])


@pytest.mark.parametrize("antithetic", [False, True])
def test_the_standard_error_is_right(antithetic):
    """Errors are as large as it says, over many seeds: mean of (error / standard error)² is that of Student's t."""
    game, draws = random_game(6, additive=2.0), 40
    values, errors = estimates(game, permutations=draws, antithetic=antithetic)
    off = (values - exact_shapley(game)) / errors
    assert off.square().mean().item() == pytest.approx((draws - 1) / (draws - 3), rel=0.12)
    assert off.abs().lt(2.02).double().mean().item() == pytest.approx(0.95, abs=0.02)
    assert off.mean(0).abs().max() < 4 / SEEDS**0.5  # no bias


def test_reversed_orders_help_more_than_as_many_others():
    """In a game where what a player adds grows with the number of the others, reversal evens it out."""
    game = Game.of(lambda each: each.sum(1).double() ** 2 + each.double() @ torch.arange(6).double(), 6)
    plain, _ = estimates(game, permutations=20, antithetic=False)
    paired, _ = estimates(game, permutations=10, antithetic=True)
    assert plain.std(0).min() > 0.1
    assert paired.std(0).max() < 1e-9  # here it evens out completely


@pytest.mark.parametrize("antithetic", [False, True])
def test_every_order_shares_out_all(antithetic):
    game = random_game(7, 3)
    nobody, everybody = game.ends()
    for draws in (1, 2, 17):
        found = permutation_shapley(game, permutations=draws, seed=5, antithetic=antithetic)
        assert found.values.sum().item() == pytest.approx((everybody - nobody).item())
        assert found.evaluations == 2 + draws * 6 * (2 if antithetic else 1)


def test_one_draw_is_what_the_players_add_in_one_order():
    game, orders = random_game(4, 1), list(permutations(range(4)))
    found = permutation_shapley(game, permutations=1, seed=2, antithetic=False)
    present = torch.zeros(len(orders), 4, dtype=torch.bool)
    added = torch.zeros(len(orders), 4, dtype=torch.float64)
    for step in range(4):
        before = game(present)
        who = [order[step] for order in orders]
        present[range(len(orders)), who] = True
        added[range(len(orders)), who] = game(present) - before
    assert (added - found.values).abs().amax(1).min() < 1e-12
    assert found.standard_error.isnan().all()  # one draw does not tell


def test_estimates_come_one_after_the_other_and_end_in_the_last():
    game = random_game(5, 2)
    course = list(permutation_estimates(game, permutations=50, seed=1))
    counted = [each.evaluations for each in course]
    assert len(course) > 2
    assert counted == sorted(set(counted))
    last = permutation_shapley(game, permutations=50, seed=1)
    torch.testing.assert_close(course[-1].values, last.values)
    torch.testing.assert_close(course[-1].standard_error, last.standard_error)
    assert counted[-1] == last.evaluations


def test_same_seed_same_values_whatever_the_state_of_torch():
    game = random_game(6)
    first = permutation_shapley(game, seed=3)
    state = torch.random.get_rng_state()
    torch.manual_seed(99)
    try:
        again, other = permutation_shapley(game, seed=3), permutation_shapley(game, seed=4)
    finally:
        torch.random.set_rng_state(state)
    torch.testing.assert_close(first.values, again.values, rtol=1e-12, atol=1e-12)
    assert (first.values - other.values).abs().max() > 1e-3


def test_a_game_without_interplay_needs_one_order():
    own = torch.tensor([3.0, -2.0, 1000.0, 0.125], dtype=torch.float64)
    found = permutation_shapley(Game.of(lambda each: each.double() @ own, 4), permutations=20)
    torch.testing.assert_close(found.values, own, rtol=1e-12, atol=1e-12)
    assert found.standard_error.max() < 1e-10
    alone = permutation_shapley(Game.of(lambda each: 2.0 * each[:, 0] + 1, 1), permutations=3)
    assert (alone.values.tolist(), alone.evaluations) == ([2.0], 2)
    once = permutation_shapley(Game.of(lambda each: 2.0 * each[:, 0] + 1, 1), permutations=1)
    assert (once.values.tolist(), once.standard_error.tolist()) == ([2.0], [0.0])


def test_a_hundred_players():
    """Who squares what all have together gets its own share of the sum: `φ_i = b_i Σ_j b_j`."""
    own = torch.linspace(-1, 3, 100, dtype=torch.float64)
    game = Game.of(lambda each: (each.double() @ own).square(), 100)
    found = permutation_shapley(game, permutations=100, antithetic=False)
    off = (found.values - own * own.sum()) / found.standard_error
    assert 0.5 < off.square().mean().item() < 1.6
    paired = permutation_shapley(game, permutations=1)
    torch.testing.assert_close(paired.values, own * own.sum(), rtol=1e-9, atol=1e-9)


def explain(model, x, target):
    return permutation_shapley(picture_game(model, x[:1], target[0].item(), five(x)), permutations=3).values


def five(x):
    places = x.shape[2:] or x.shape[1:]
    return torch.arange(places.numel()).view(places) * 5 // places.numel()


def test_leaves_everything_as_it_is():
    leaves_everything_as_it_is(lambda model, x, target: explain(model, x, target) if x.ndim > 2 else _table(model, x))


def _table(model, x):
    return permutation_shapley(picture_game(model, x[:1], 0, five(x), fill=0.0), permutations=3)


def test_progress_is_that_of_the_orders_and_cancel_stops():
    labels = set()

    class Heard(Stop):
        def progressed(self, label, done, total):
            labels.add((label, total))
            super().progressed(label, done, total)

    model, _ = linear((1, 4, 4))
    game = picture_game(model, torch.ones(1, 1, 4, 4).double(), 0, 16, fill=0.0)
    with pytest.raises(Cancelled), listening(Heard(6)):
        permutation_shapley(game, permutations=100_000)
    assert ("Sampling orders", 100_000) in labels


@pytest.mark.parametrize(
    ("error", "message", "settings"),
    [
        (ValueError, "permutations must be an integer from 1", {"permutations": 0}),
        (TypeError, "permutations must be an integer", {"permutations": 2.5}),
        (TypeError, "seed must be an integer", {"seed": "a"}),
        (TypeError, "antithetic must be True or False", {"antithetic": 1}),
    ],
)
def test_bad_input(error, message, settings):
    with pytest.raises(error, match=message):
        permutation_shapley(gloves(1, 1), **settings)


def test_values_that_are_no_numbers():
    game = Game.of(lambda each: torch.where(each.sum(1) == 2, torch.nan, 1.0), 4)
    with pytest.raises(ValueError, match="finite values, got NaN"):
        permutation_shapley(game, permutations=2)
