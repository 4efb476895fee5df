"""KernelSHAP: all coalitions give the exact values; the literal fit; samples with a standard error that is right."""

import math

import pytest
import torch
from asked import leaves_everything_as_it_is
from shapley_by_hand import airport, airport_shares, gloves, random_game, security_council

from xaiwidgets.methods.kernel_shap import kernel_shap
from xaiwidgets.methods.shapley import every_coalition, exact_shapley
from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.methods.shapley_games import picture_game


@pytest.mark.parametrize("players", range(1, 11))
def test_all_coalitions_give_the_exact_values(players):
    game = random_game(players, players, additive=3.0)
    found = kernel_shap(game)
    torch.testing.assert_close(found.values, exact_shapley(game), rtol=1e-10, atol=1e-10)
    assert found.evaluations == 2**players
    assert found.standard_error.tolist() == [0.0] * players
    more = kernel_shap(game, samples=2**players + 5)
    torch.testing.assert_close(more.values, found.values, rtol=1e-12, atol=1e-12)


def test_many_players_and_all_their_coalitions():
    council = security_council()
    found = kernel_shap(council, samples=2**15)
    torch.testing.assert_close(found.values, exact_shapley(council), rtol=0, atol=1e-8)


def literal(game: Game, coalitions: torch.Tensor) -> torch.Tensor:
    """The weighted fit with the sum as a constraint, by its Lagrangian."""
    n, size = game.players, coalitions.sum(1).tolist()
    weight = torch.tensor([(n - 1) / (math.comb(n, s) * s * (n - s)) for s in size], dtype=torch.float64)
    nobody, everybody = game.ends()
    Z, y = coalitions.double(), game(coalitions) - nobody
    system = torch.ones(n + 1, n + 1, dtype=torch.float64)
    system[:n, :n], system[n, n] = 2 * Z.T @ (weight[:, None] * Z), 0
    right = torch.cat([2 * Z.T @ (weight * y), (everybody - nobody)[None]])
    return torch.linalg.solve(system, right)[:n]


def test_the_literal_fit():
    game = random_game(6, 4)
    torch.testing.assert_close(kernel_shap(game).values, literal(game, every_coalition(6)[1:-1]), rtol=1e-9, atol=1e-9)
    # A budget that values the sizes 1 and 5 only: the fit to these.
    outer = every_coalition(6)
    outer = outer[(outer.sum(1) == 1) | (outer.sum(1) == 5)]
    found = kernel_shap(game, samples=14)
    torch.testing.assert_close(found.values, literal(game, outer), rtol=1e-9, atol=1e-9)
    assert found.standard_error.isnan().all()  # nothing was drawn, so nothing tells what is missing


@pytest.mark.parametrize(("players", "samples"), [(8, 120), (9, 200), (10, 700)])
def test_the_standard_error_is_right(players, samples):
    """Over many seeds errors are as large as it says."""
    game = random_game(players, 1, additive=3.0)
    found = [kernel_shap(game, samples=samples, seed=seed) for seed in range(300)]
    off = torch.stack([each.values for each in found]) - exact_shapley(game)
    error = torch.stack([each.standard_error for each in found])
    assert (off.square().mean() / error.square().mean()).sqrt().item() == pytest.approx(1, abs=0.15)
    assert off.abs().lt(1.96 * error).double().mean().item() == pytest.approx(0.95, abs=0.035)
    assert (off.mean(0).abs() < 0.5 * off.std(0)).all()  # biased at most by a part of its error
    assert {each.evaluations for each in found} == {samples}


def test_more_samples_come_nearer():
    game = random_game(10, 2)
    exact = exact_shapley(game)
    off = [
        torch.stack([kernel_shap(game, samples=samples, seed=seed).values - exact for seed in range(20)]).std()
        for samples in (40, 160, 640)
    ]
    assert off[0] > 1.5 * off[1] > 2 * off[2]


def test_the_sum_is_exact_for_any_sample():
    game = random_game(9, 5)
    nobody, everybody = game.ends()
    for samples in (20, 21, 77, 300, 511):
        found = kernel_shap(game, samples=samples, seed=samples)
        assert found.values.sum().item() == pytest.approx((everybody - nobody).item(), rel=1e-10)
        assert found.evaluations <= samples


def test_a_game_without_interplay_is_found_from_the_fewest_samples():
    own = torch.linspace(-3, 50, 20, dtype=torch.float64)
    game = Game.of(lambda each: each.double() @ own - 7, 20)
    for samples in (42, 60, None):
        found = kernel_shap(game, samples=samples)
        torch.testing.assert_close(found.values, own, rtol=1e-9, atol=1e-9)
        assert not found.standard_error.nan_to_num().max() > 1e-9


def test_a_hundred_players():
    lengths = [float(length) for length in range(1, 101)]
    found = kernel_shap(airport(lengths))
    assert found.evaluations <= 2248
    off = (found.values - airport_shares(lengths)) / found.standard_error
    assert off.square().mean().item() < 2


def test_same_seed_same_values():
    game = random_game(10)
    first, again, other = (kernel_shap(game, samples=100, seed=seed).values for seed in (3, 3, 4))
    torch.testing.assert_close(first, again, rtol=1e-12, atol=1e-12)
    assert (first - other).abs().max() > 1e-3


def test_nothing_is_valued_twice():
    """Ten players have 511 pairs, and of 300 draws some meet again."""
    game, asked = random_game(10), []

    def value(coalitions):
        asked.extend(map(tuple, coalitions.tolist()))
        return game(coalitions)

    found = kernel_shap(Game.of(value, 10), samples=700)
    assert len(asked) == len(set(asked)) == found.evaluations == 700


def test_one_drawn_pair_does_not_tell():
    for samples, unknown in ((22, True), (24, True), (26, False)):
        assert kernel_shap(random_game(10), samples=samples).standard_error.isnan().all().item() is unknown


def test_leaves_everything_as_it_is():
    def explain(model, x, target):
        places = x.shape[2:] or x.shape[1:]
        labels = torch.arange(places.numel()).view(places) * 5 // places.numel()
        return kernel_shap(picture_game(model, x[:1], target[0].item(), labels, fill=0.0), samples=20).values

    leaves_everything_as_it_is(explain)


@pytest.mark.parametrize(
    ("error", "message", "settings"),
    [
        (ValueError, "samples must be 12 or more to determine the values of 5 players, got 11", {"samples": 11}),
        (ValueError, "samples must be an integer from 1", {"samples": 0}),
        (TypeError, "samples must be an integer", {"samples": 20.0}),
        (TypeError, "seed must be an integer", {"seed": None}),
    ],
)
def test_bad_input(error, message, settings):
    with pytest.raises(error, match=message):
        kernel_shap(gloves(3, 2), **settings)
