"""The t-SNE explorer when learning is stopped or fails, and what it does not do with every frame."""

import numpy as np
import pytest
from occlusion_parts import recorded
from small import settle
from tsne_parts import ITERATIONS, choose, descended, play, press, shows, small_explorer

from xaiwidgets.methods.tsne import descend


@pytest.fixture(autouse=True)
def unpaced():
    with pytest.MonkeyPatch.context() as patch:  # its own: it is undone after the explorer was closed
        patch.setattr("xaiwidgets.explorers.tsne_film.PACE", 0.0)
        yield


@pytest.fixture
def explorer():
    made = small_explorer()
    yield made
    made.close()


def test_cancel_stops_and_play_goes_on(explorer, monkeypatch):
    recorded(explorer, monkeypatch, lambda: explorer.status.set_trait("cancelled", 1))
    press(explorer, "play")
    assert explorer.wait(60)
    assert (explorer.status.state, explorer.player.playing) == ("cancelled", False)
    assert 5 <= explorer.result.shown.iteration < ITERATIONS
    assert "stopped" in explorer.map.caption
    play(explorer)
    shows(explorer, descended())


def test_an_error_while_learning_is_told_and_play_goes_on(explorer, monkeypatch):
    def breaking(*args, **steps):
        yield from list(descend(*args, **steps))[:4]
        raise ValueError("the map exploded")

    with monkeypatch.context() as patch:
        patch.setattr("xaiwidgets.explorers.tsne_learning.descend", breaking)
        press(explorer, "play")
        assert explorer.wait(60)
    assert (explorer.status.state, explorer.status.error) == ("error", "ValueError: the map exploded")
    assert explorer.player.buttons.specification[0]["label"] == "Play"
    assert not explorer.result.learning
    assert explorer.map.caption.startswith("iteration 15 of 60")
    assert "stopped" in explorer.map.caption
    assert explorer.views.kl.marker == explorer.player.film.values["iteration"] == 15
    play(explorer)
    shows(explorer, descended())


def test_an_explorer_that_cannot_be_opened_is_told_and_the_map_goes_on(explorer, monkeypatch):
    def broken(*args):
        raise ValueError("no such pictures")

    monkeypatch.setattr("xaiwidgets.explorers.tsne_explorer.GradientsExplorer", broken)
    explorer.map.lassoed = np.array([1])
    explorer.player.playing = True
    explorer.views.actions.values = {"open": 1}
    assert explorer.status.error == "ValueError: no such pictures"
    assert explorer.player.playing
    assert len(explorer.children) == 2


def test_curves_and_judgements_are_not_drawn_with_every_frame(explorer, monkeypatch):
    monkeypatch.setattr("xaiwidgets.explorers.tsne_learning.CURVES", np.inf)
    drawn = {"kl": [], "pairs": [], "pca": [], "map": []}

    def record(name, view, trait):
        view.observe(lambda change: drawn[name].append(explorer.map.caption), names=[trait])

    record("map", explorer.map, "positions")
    record("kl", explorer.views.kl, "x")
    record("pairs", explorer.views.pairs, "x")
    record("pca", explorer.pca, "caption")
    told = []
    explorer.status.observe(lambda change: told.append(change.new), names=["message"])
    choose(explorer, layer="1")
    assert len(drawn["map"]) == 13  # the last frame twice: learned, and at rest
    assert [len(drawn[name]) for name in ("kl", "pairs", "pca")] == [2, 2, 2]
    assert drawn["kl"][0].startswith("iteration 5 of")
    assert [each.split(":")[0] for each in told] == ["", f"iteration {ITERATIONS} of {ITERATIONS}"]
    assert "trustworthiness" in explorer.pca.caption


def test_one_point_is_always_picked(explorer):
    explorer.map.picked = 7
    explorer.pca.picked = None
    settle(explorer)
    assert (explorer.map.picked, explorer.pca.picked, explorer.result.request.point) == (7, 7, 7)
