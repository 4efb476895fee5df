"""Exact Shapley values and the axioms: against the definition word by word, known games, and laws."""

import numpy as np
import pytest
import torch
from asked import Stop, linear
from shapley_by_hand import airport, airport_shares, gloves, over_all_orders, random_game, security_council

from xaiwidgets.methods.kernel_shap import kernel_shap
from xaiwidgets.methods.shapley import every_coalition, exact_shapley
from xaiwidgets.methods.shapley_axioms import efficiency, linearity, monotonicity, null_player, symmetry
from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.methods.shapley_games import picture_game
from xaiwidgets.methods.shapley_sampling import permutation_shapley
from xaiwidgets.progress import Cancelled, listening

close = {"rtol": 1e-12, "atol": 1e-12}


def values(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


@pytest.mark.parametrize("players", [1, 2, 3, 4, 5])
def test_the_mean_over_all_orders(players):
    for seed in range(3):
        game = random_game(players, seed)
        torch.testing.assert_close(exact_shapley(game), over_all_orders(game), **close)


def test_known_games():
    torch.testing.assert_close(exact_shapley(gloves(2, 1)), values(1 / 6, 1 / 6, 2 / 3), **close)
    torch.testing.assert_close(exact_shapley(gloves(2, 2)), values(0.5, 0.5, 0.5, 0.5), **close)
    lengths = [1.0, 1.5, 4.0, 4.0, 7.5, 9.0]
    torch.testing.assert_close(exact_shapley(airport(lengths)), airport_shares(lengths), **close)
    wanted = values(*[421 / 2145] * 5, *[4 / 2145] * 10)
    torch.testing.assert_close(exact_shapley(security_council()), wanted, **close)


def test_a_game_from_a_table_of_coalitions():
    """The three colours of the lecture: what is not in the table is worth nothing."""
    worth = {("red",): 20, ("green",): 50, ("red", "green"): 80, ("blue",): 10, ("red", "blue"): 40}
    worth |= {("green", "blue"): 60, ("red", "green", "blue"): 100}
    game = Game.of(worth, ["red", "green", "blue"])
    torch.testing.assert_close(exact_shapley(game), values(30, 55, 15), **close)
    torch.testing.assert_close(exact_shapley(game), over_all_orders(game), **close)
    assert game.names == ("red", "green", "blue")


def test_names_may_be_numbers_and_one_name_is_a_coalition():
    game = Game.of({(): 1, (1,): 2.0, 2: 3.0, (1, 2): 7.0}, np.int64(2))
    assert game(every_coalition(2)).tolist() == [1, 2, 3, 7]
    assert Game.of({"red": 4.0, ("blue", "red"): 9.0}, ["red", "blue"])(every_coalition(2)).tolist() == [0, 4, 0, 9]


def test_coalitions_are_numbered_by_their_bits():
    assert every_coalition(3).int().tolist()[:5] == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_the_axioms_hold_for_the_shapley_value():
    game, other = random_game(6, 1), random_game(6, 2)
    assert efficiency(game, exact_shapley(game)) < 1e-12
    assert linearity(exact_shapley, game, other, factor=-3.0) < 1e-12
    council = security_council()
    assert symmetry(council, exact_shapley(council)) < 1e-12
    idle = Game.of(lambda each: game(torch.cat([each[:, :2], each[:, 3:]], 1)), 7)
    assert null_player(idle, exact_shapley(idle)) < 1e-12
    more = Game.of(lambda each: game(each) + 2.0 * each[:, 4], 6)
    assert monotonicity(exact_shapley, more, game) < 1e-12


def test_the_axioms_tell_by_how_much_others_miss_them():
    game = gloves(2, 1)
    assert efficiency(game, values(0.5, 0.5, 0.5)) == pytest.approx(0.5)
    assert symmetry(game, values(0.1, 0.4, 0.5)) == pytest.approx(0.3)
    assert symmetry(game, values(0.1, 0.1, 0.8)) == 0
    idle = Game.of(lambda each: each[:, 0] * 2.0, 3)
    assert null_player(idle, values(1, -0.25, 0.125)) == pytest.approx(0.25)
    assert symmetry(idle, values(1, -0.25, 0.125)) == pytest.approx(0.375)  # the two idle ones are alike

    def squared(game: Game) -> torch.Tensor:
        return exact_shapley(game).square()

    one = Game.of(lambda each: each[:, 0], 1)
    assert linearity(squared, one, one, factor=2.0) == pytest.approx(9 - 2 - 1)
    falling = Game.of(lambda each: 3.0 * each[:, 0], 1)
    assert monotonicity(lambda game: -exact_shapley(game), falling, one) == pytest.approx(2)
    assert monotonicity(lambda game: -exact_shapley(game), one, falling) == 0  # nobody adds as much in the first


def test_scores_in_single_precision_have_idle_players_and_equals():
    """0.1 and 0.2 and 0.3 in different orders: sums that are equal but for rounding."""

    def worth(each):
        parts = each.float() @ torch.tensor([[0.1, 0.7], [0.1, 0.7], [0.0, 0.1]])
        return parts[:, 0] * 3 + parts[:, 1] - each[:, 2] * torch.tensor(0.1) + 1e-7 * each[:, 0] * each[:, 2]

    game, shares = Game.of(worth, 3), values(1, 3, 0.5)
    assert null_player(game, shares) == pytest.approx(0.5)
    assert symmetry(game, shares) == pytest.approx(2)
    assert (null_player(game, shares, tolerance=1e-12), symmetry(game, shares, tolerance=1e-12)) == (0, 0)
    with pytest.raises(ValueError, match="tolerance must be"):
        symmetry(game, shares, tolerance=-1.0)


def test_estimates_are_measured_like_values():
    game, other = random_game(5, 1), random_game(5, 2)
    assert efficiency(game, kernel_shap(game)) < 1e-9
    assert linearity(kernel_shap, game, other) < 1e-9
    assert null_player(game, permutation_shapley(game)) == symmetry(game, permutation_shapley(game)) == 0
    assert monotonicity(kernel_shap, game, game) == 0


def test_too_many_players_are_told_the_cost_and_the_way_out():
    game = random_game(5)
    with pytest.raises(ValueError, match=r"at most 4 players.*got 5: 32 coalitions.*permutation_shapley.*largest=5"):
        exact_shapley(game, largest=4)
    many = Game.of(lambda each: each.sum(1), 17)
    with pytest.raises(ValueError, match=r"at most 16 players.*131,072 coalitions"):
        exact_shapley(many)
    with pytest.raises(ValueError, match="at most 16 players"):
        symmetry(many, torch.zeros(17))
    assert exact_shapley(many, largest=17).tolist() == pytest.approx([1.0] * 17)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, r"finite values, got NaN or infinite for 8 of 16", lambda: exact_shapley(_broken(torch.nan))),
        (ValueError, r"finite values", lambda: exact_shapley(_broken(torch.inf))),
        (ValueError, r"value 8 coalitions.*\(8, 3\)", lambda: exact_shapley(Game.of(lambda each: each, 3))),
        (ValueError, r"players must be one or more", lambda: Game.of(lambda each: each, 0)),
        (ValueError, r"different names", lambda: Game.of(lambda each: each, ["a", "a"])),
        (TypeError, r"players must be a number or names", lambda: Game.of(lambda each: each, 2.0)),
        (TypeError, r"value must be a function", lambda: Game.of(3, 2)),
        (ValueError, r"got \['c'\]", lambda: Game.of({("a", "c"): 1}, ["a", "b"])),
        (ValueError, r"got \['red'\]", lambda: Game.of({"red": 1}, ["r", "e", "d"])),
        (ValueError, r"each coalition once.*\('b', 'a'\)", lambda: Game.of({("a", "b"): 1, ("b", "a"): 2}, ["a", "b"])),
        (ValueError, r"each player.*\('a', 'a'\)", lambda: Game.of({("a", "a"): 1}, ["a", "b"])),
        (TypeError, r"coalitions must be a bool tensor \(B, 3\)", lambda: gloves(2, 1)(torch.ones(1, 3))),
        (ValueError, r"\(B, 3\), got \(1, 2\)", lambda: gloves(2, 1)(torch.ones(1, 2).bool())),
        (ValueError, r"values must be one for each of 3 players", lambda: efficiency(gloves(2, 1), torch.ones(2))),
        (ValueError, r"values must be finite", lambda: symmetry(gloves(2, 1), torch.full((3,), torch.nan))),
        (ValueError, r"other must have 3 players", lambda: linearity(exact_shapley, gloves(2, 1), gloves(1, 1))),
        (TypeError, r"largest must be an integer", lambda: exact_shapley(gloves(2, 1), largest=2.5)),
    ],
)
def test_bad_input(error, message, call):
    with pytest.raises(error, match=message):
        call()


def _broken(number: float) -> Game:
    return Game.of(lambda each: torch.where(each[:, 0], number, 1.0), 4)


def test_cancel_reaches_a_game_of_a_model():
    model, _ = linear((1, 4, 4))
    game = picture_game(model, torch.ones(1, 1, 4, 4).double(), 0, 16, fill=0.0)
    with pytest.raises(Cancelled), listening(Stop()):
        exact_shapley(game)
