"""The game worked by hand: its orders, its steps, its Shapley values, and the rules beside them."""

from itertools import permutations

import numpy as np
import pytest
import torch
from small import leaves_nothing, settle

from xaiwidgets.explorers import GameExplorer
from xaiwidgets.explorers.shapley_lights import light_at, lights
from xaiwidgets.explorers.shapley_rules import RULES, judged
from xaiwidgets.explorers.shapley_worked import PRESETS, worked_of

ASYMMETRIC = {"": 3, "a": 10, "b": 24, "c": 1, "a b": 50, "a c": 20, "b c": 31, "a b c": 97}


@pytest.fixture
def explorer():
    made = GameExplorer()
    yield made
    made.close()


def by_orders(worth, names):
    """The Shapley values and every order's gains, from a mapping of frozen sets, in plain Python."""
    gains = []
    for order in permutations(names):
        inside, gain = frozenset(), {}
        for name in order:
            gain[name] = worth[inside | {name}] - worth[inside]
            inside |= {name}
        gains.append([gain[name] for name in names])
    return np.mean(gains, axis=0), np.array(gains)


def press(explorer, name, times=1):
    for _ in range(times):
        explorer.buttons.values = {name: explorer.buttons.values[name] + 1}


def test_the_marks_are_the_shapley_values_of_the_game_given():
    worth = {frozenset(key.split()): float(value) for key, value in ASYMMETRIC.items()}
    shapley, gains = by_orders(worth, "abc")
    explorer = GameExplorer(ASYMMETRIC)
    np.testing.assert_allclose(explorer.bars.marks, shapley, rtol=1e-6)
    np.testing.assert_allclose(explorer.bars.values, shapley, rtol=1e-6)  # the mean of all six orders
    np.testing.assert_allclose(explorer.result.worked.gains, gains)
    explorer.close()


def test_a_function_is_a_game_too():
    explorer = GameExplorer(lambda coalitions: coalitions.sum(1) ** 2.0, names=["a", "b", "c", "d"])
    np.testing.assert_allclose(explorer.bars.marks, [4, 4, 4, 4])
    assert len(explorer.result.worked.orders) == 24
    assert explorer.worth.values["v11"] == 9
    explorer.close()


def test_steps_add_one_player_at_a_time(explorer):
    press(explorer, "start")
    assert (explorer.step, explorer.steps.values["step"]) == (0, 0)
    assert not explorer.bars.values.any()
    assert "v{ } = 0" in explorer.lights.caption
    press(explorer, "next", 4)  # red, green, blue; then red again
    worked = explorer.result.worked
    assert worked.orders[:2] == [(0, 1, 2), (0, 2, 1)]
    np.testing.assert_allclose(explorer.bars.values, [(20 + 20) / 2, 60, 20])
    assert "Order 2 of 6: red → blue → green. Red comes first: v{red} − v{ } = 20 − 0 = 20." in explorer.said.value
    press(explorer, "next")
    assert "Blue joins {red}: v{red, blue} − v{red} = 40 − 20 = 20." in explorer.said.value
    assert "v{red, blue} = 40\ngreen would add 60" in explorer.lights.caption
    press(explorer, "order")
    assert explorer.step == 6
    press(explorer, "order", 9)
    assert explorer.step == explorer.steps.values["step"] == 18
    explorer.steps.values = {**explorer.steps.values, "step": 7}
    np.testing.assert_allclose(explorer.bars.values, [20, (60 + 60 + 50) / 3, 20])


def test_presses_that_arrive_together_all_count(explorer):
    sent = []
    explorer.buttons.observe(lambda change: sent.append(change.new["next"]), names=["values"])
    press(explorer, "start")
    explorer.buttons.values = {"next": explorer.buttons.values["next"] + 4}
    assert explorer.step == 4
    assert sent[1:] == [4]  # the explorer itself never sets a count


def test_a_changed_value_makes_the_game_ones_own(explorer):
    explorer.worth.values = {"v7": 70.0}
    settle(explorer)
    assert explorer.choice.values == {"game": "your own"}
    np.testing.assert_allclose(explorer.bars.marks, [20, 45, 5])  # 30 less for all three together: 10 less each
    explorer.choice.values = {"game": "Three colours of light"}
    settle(explorer)
    np.testing.assert_allclose(explorer.bars.marks, [30, 55, 15])
    assert explorer.worth.values["v7"] == 100


@pytest.mark.parametrize(
    ("name", "shapley"),
    [
        ("Three colours of light", [30, 55, 15]),
        ("Gloves", [100 / 6, 100 / 6, 400 / 6]),
        ("Everyone alone", [20, 50, 30]),
        ("Vote", [100 / 3] * 3),
        ("One is idle", [50, 50, 0]),
    ],
)
def test_the_presets_have_the_known_values(explorer, name, shapley):
    explorer.choice.values = {"game": name}
    settle(explorer)
    np.testing.assert_allclose(explorer.bars.marks, shapley, rtol=1e-5)
    assert explorer.bars.names == list(PRESETS[name].names)
    assert PRESETS[name].remark in explorer.remark.value.replace("&#x27;", "'")


def test_only_the_shapley_value_keeps_every_axiom_in_every_game():
    gaps = {rule: torch.zeros(4) for rule in RULES}
    for preset in PRESETS.values():
        for each in judged(worked_of(preset)):
            gaps[each.name] = torch.maximum(gaps[each.name], torch.tensor(each.gaps))
    kept = {rule: [bool(gap < 1e-9) for gap in found] for rule, found in gaps.items()}
    assert kept == {  # efficiency, symmetry, null player, linearity
        "Shapley value": [True, True, True, True],
        "first order only": [True, False, True, True],
        "earned alone": [False, True, True, True],
        "lost without": [False, True, True, True],
        "in proportion": [True, True, True, False],
    }


def test_an_axiom_that_concerns_nobody_is_not_called_kept(explorer):
    assert "– concerns nobody" in explorer.gaps.value  # nobody is idle, no two are alike
    explorer.choice.values = {"game": "One is idle"}
    settle(explorer)
    assert "concerns nobody" not in explorer.gaps.value
    worked = explorer.result.worked
    assert (worked.idle, worked.twins) == ([2], [(0, 1)])


def test_clicking_a_light_switches_it(explorer):
    explorer.lights.picked = (44, 96)  # on top: red
    assert explorer.lights.caption == "v{green, blue} = 60\nred would add 40"
    assert explorer.lights.picked is None
    explorer.lights.picked = (44, 96)
    assert explorer.lights.caption == "v{red, green, blue} = 100"
    explorer.lights.picked = (2, 2)
    assert explorer.lights.caption == "v{red, green, blue} = 100"
    press(explorer, "start")
    assert explorer.lights.caption.startswith("v{ } = 0")


def test_lights_add():
    names, middle = ("red", "green", "blue"), (96, 96)
    alone = [lights(names, {player})[middle].astype(int) for player in range(3)]
    together, dark = lights(names, {0, 1, 2})[middle], lights(names, set())[middle].astype(int)
    np.testing.assert_array_equal(together, np.minimum(sum(alone) - 2 * dark, 255))
    assert [int(np.argmax(each)) for each in alone] == [0, 1, 2]
    assert [light_at(3, *place) for place in ((44, 96), (118, 134), (118, 58), (2, 2))] == [0, 1, 2, None]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": 3}, "values must be a mapping or a function of coalitions, got int"),
        ({"values": lambda coalitions: coalitions.sum(1)}, "names must be given with a function"),
        ({"values": {"": 0, "a": 1}}, "names must be 2 to 4 different players, got a"),
        ({"values": {"": 0, "a": 1, "b": 2}}, "values must hold all 4 coalitions; missing: a b"),
        ({"values": {"": 0, "a": 1, "b": 2, "a b": float("nan")}}, "values must be finite"),
        ({"values": {"": 0, "a": 1, "b": 2, "a b": 3}, "names": ["a", "c"]}, "players that names has not: b"),
        ({"values": lambda coalitions: coalitions, "names": ["a", "b"]}, "by as many numbers, got"),
    ],
)
def test_bad_games_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        GameExplorer(**arguments)


def test_a_saved_notebook_keeps_the_numbers(explorer):
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    for said in ("v{red, green} = 80", "red 30, green 55, blue 15", "Order 6 of 6"):
        assert said in data["text/plain"]
    assert 'alt="Shapley values of a game' in data["text/html"]
    assert len(data["text/html"]) < 100_000


def test_closing_leaves_no_widget_and_no_thread():
    leaves_nothing(GameExplorer, lambda explorer: explorer.choice.set_trait("values", {"game": "Vote"}))
