"""Shapley values of the parts of a picture: maps, bars, curve and costs say what the methods say."""

import math
import re
import threading
from itertools import combinations

import numpy as np
import pytest
import torch
from nets import snapshot
from small import LABELS, MASKS, leaves_nothing, settle, small_net, small_pictures

from xaiwidgets.colors import picture
from xaiwidgets.explorers import ShapleyExplorer
from xaiwidgets.explorers.shapley_explorer import player_names
from xaiwidgets.methods.fills import hidden
from xaiwidgets.methods.shapley_games import picture_game
from xaiwidgets.methods.shapley_sampling import permutation_shapley
from xaiwidgets.methods.superpixels import superpixels

PLAYERS = 4


@pytest.fixture
def explorer():
    made = opened()
    yield made
    made.close()


def opened(model=None, images=None, **given):
    explorer = ShapleyExplorer(
        model or small_net(), small_pictures() if images is None else images, labels=LABELS, masks=MASKS, **given
    )
    explorer.choices.values = {"players": PLAYERS}
    settle(explorer)
    return explorer


def by_hand(model, image, target, labels, fill="blur"):
    """Shapley values by their formula, one forward pass a coalition."""
    count = int(labels.max()) + 1

    def worth(members):
        inside = torch.tensor([player in members for player in range(count)])
        with torch.no_grad():
            return float(model(hidden(image[None], ~inside[labels][None], fill))[0, target])

    values = []
    for player in range(count):
        others = [other for other in range(count) if other != player]
        total = 0.0
        for size in range(count):
            weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            for members in combinations(others, size):
                total += weight * (worth({*members, player}) - worth(set(members)))
        values.append(total)
    return np.array(values)


def test_the_exact_map_is_that_of_the_formula(explorer):
    image = small_pictures()[0]
    labels = superpixels(image, "grid", PLAYERS)
    expected = by_hand(explorer.model, image, 0, labels)
    exact, sampled, kernel = explorer.maps.views
    assert (exact.title, sampled.title, kernel.title) == ("Exact", "Permutation sampling", "KernelSHAP")
    np.testing.assert_allclose(exact.heatmap, expected[labels], atol=1e-6)
    np.testing.assert_allclose(kernel.heatmap, expected[labels], atol=1e-6)  # asked about all coalitions
    np.testing.assert_allclose(explorer.panel.bars.marks, expected, atol=1e-6)
    assert f"sum {expected.sum():.2f}".rstrip("0").rstrip(".") in exact.caption
    assert "16 evaluations" in exact.caption


def test_bars_and_curve_are_those_of_permutation_sampling(explorer):
    image = small_pictures()[:1]
    game = picture_game(explorer.model, image, 0, superpixels(image[0], "grid", PLAYERS), fill="blur")
    estimate = permutation_shapley(game, permutations=10)
    bars, curves = explorer.panel.bars, explorer.panel.curves
    np.testing.assert_allclose(bars.values, estimate.values, atol=1e-6)
    np.testing.assert_allclose(bars.errors, estimate.standard_error, atol=1e-6)
    best = int(bars.values.argmax())
    assert (curves.x[-1], curves.series[0, -1]) == (estimate.evaluations, bars.values[best])
    assert curves.bands[0, -1] == bars.errors[best]
    np.testing.assert_array_equal(curves.series[1], bars.marks[best])
    assert np.isnan(curves.bands[1]).all()
    bars.selected = 0 if best else 1
    assert curves.series[0, -1] == bars.values[bars.selected]
    assert curves.title == f"Estimate of {bars.names[bars.selected]}"
    np.testing.assert_array_equal(explorer.input.outline, explorer.result.labels == bars.selected)


def test_clicking_takes_parts_out_and_in(explorer):
    image, labels = small_pictures()[:1], explorer.result.labels
    explorer.input.picked = (0, 0)
    explorer.input.picked = (11, 9)
    seen = hidden(image, (labels == labels[0, 0])[None] | (labels == labels[11, 9])[None], "blur")
    np.testing.assert_array_equal(explorer.input.image, picture(seen[0]))
    worth = float(explorer.model(seen)[0, 0].detach())
    assert float(re.search(r"v\(S\) = (\S+)", explorer.input.caption)[1].replace("−", "-")) == pytest.approx(
        worth, abs=6e-4
    )
    assert "2 of 4 parts take part" in explorer.input.caption
    explorer.input.picked = (0, 0)
    assert "3 of 4" in explorer.input.caption
    for name, told in (("nobody", "0 of 4"), ("everyone", "4 of 4")):
        explorer.choices.values = {**explorer.choices.values, name: 1}
        assert told in explorer.input.caption
    np.testing.assert_array_equal(explorer.input.image, picture(image[0]))


def test_another_picture_begins_with_everyone(explorer):
    explorer.input.picked = (0, 0)
    explorer.gallery.selected = 2
    settle(explorer)
    assert "4 of 4" in explorer.input.caption
    assert explorer.scores.selected == 2
    expected = by_hand(explorer.model, small_pictures()[2], 2, explorer.result.labels)
    np.testing.assert_allclose(explorer.panel.bars.marks, expected, atol=1e-6)


def test_too_many_players_state_cost_and_way_out_and_sampling_goes_on(explorer):
    explorer.choices.values = {**explorer.choices.values, "players": 30}
    settle(explorer)
    exact, sampled, _ = explorer.maps.views
    count = explorer.result.game.players
    assert count > 16
    assert f"{count} players have" in exact.caption
    assert "Choose at most 16 players for exact values, or sample." in exact.caption
    assert exact.notice == "no values"
    assert exact.heatmap.size == 0
    assert sampled.heatmap.shape == (12, 10)
    assert len(explorer.panel.bars.marks) == 0
    assert (explorer.panel.bars.order, explorer.panel.bars.maximum) == ("sorted", 16)
    assert explorer.panel.curves.names == ["sampling"]
    assert f"{count} players have" in explorer.summary()


def test_kernel_shap_says_why_it_has_no_values(explorer):
    explorer.choices.values = {**explorer.choices.values, "players": 30}
    explorer.panel.controls.values = {"orders": 2, "antithetic": False}
    settle(explorer)
    kernel = explorer.maps.views[2]
    assert "samples must" in kernel.caption
    assert kernel.notice == "no values"
    assert explorer.maps.views[1].heatmap.size


def test_what_is_known_is_shown_on_the_way(explorer, monkeypatch):
    monkeypatch.setattr("xaiwidgets.worker.EVERY", 0.0)  # nothing is left out however quick it is
    seen = []
    explorer.panel.bars.observe(lambda change: seen.append(change.new), names=["values"])
    explorer.panel.controls.values = {"orders": 60, "seed": 3}
    settle(explorer)
    assert len(seen) >= 3
    assert not np.array_equal(seen[0], seen[-1])
    for values in seen:  # every order shares out the whole
        np.testing.assert_allclose(values.sum(), explorer.panel.bars.marks.sum(), rtol=1e-5)


def test_an_error_on_a_click_is_shown(explorer, monkeypatch):
    monkeypatch.setattr("xaiwidgets.explorers.shapley_explorer.hidden", lambda *_: 1 / 0)
    explorer.input.picked = (0, 0)
    assert (explorer.status.state, explorer.status.error) == ("error", "ZeroDivisionError: division by zero")


def test_cancel_is_answered_and_what_was_known_stays(explorer):
    begun, cancelled = threading.Event(), threading.Event()

    def until_cancelled(*_):
        begun.set()
        cancelled.wait(60)

    explorer.model.register_forward_hook(until_cancelled)
    before = explorer.maps.views[0].heatmap
    explorer.update()
    assert begun.wait(60)
    explorer.status.cancelled += 1
    cancelled.set()
    assert explorer.wait(60)
    assert explorer.status.state == "cancelled"
    assert explorer.maps.views[0].heatmap is before


def test_an_error_of_the_model_is_shown_and_recovered_from(explorer):
    weight, explorer.model[3].weight = explorer.model[3].weight, None
    explorer.scores.selected = 1
    assert explorer.wait(60)
    assert explorer.status.state == "error"
    assert "model failed" in explorer.status.error
    explorer.model[3].weight = weight
    explorer.scores.selected = 2
    settle(explorer)
    assert explorer.maps.views[0].heatmap.size


@pytest.mark.parametrize(("channels", "dtype"), [(1, torch.float64), (3, torch.float32)])
def test_models_of_every_type_are_served_and_left_as_found(channels, dtype):
    model = small_net(channels).to(dtype).train()
    before = snapshot(model)
    explorer = opened(model, small_pictures(channels), class_names=list("abcd"))
    explorer.choices.values = {**explorer.choices.values, "cut": "superpixels", "output": "log-odds", "fill": "noise"}
    settle(explorer)
    assert explorer.panel.bars.values.any()
    explorer.close()
    assert snapshot(model) == before


def test_parts_are_named_by_their_place():
    labels = superpixels(torch.rand(1, 12, 12), "grid", 9)
    assert player_names(labels)[:5] == ["1 top left", "2 top centre", "3 top right", "4 middle left", "5 middle centre"]
    assert player_names(labels)[8] == "9 bottom right"


def test_a_saved_notebook_keeps_an_accessible_picture(explorer):
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    alt = re.search(r'<img alt="([^"]+)"', data["text/html"]).group(1)
    for said in ("4 parts of a picture play", "exact: 16 evaluations", "sampling:", "KernelSHAP"):
        assert said in alt
    assert len(data["text/html"]) < 150_000


def test_closing_leaves_no_widget_and_no_thread():
    leaves_nothing(opened, lambda explorer: explorer.gallery.set_trait("selected", 1))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="class_names must name the model's 4 classes, got 2 names"):
        ShapleyExplorer(small_net(), small_pictures(), class_names=["a", "b"])
