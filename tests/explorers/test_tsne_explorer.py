"""What the t-SNE explorer shows, against the methods themselves."""

import numpy as np
import pytest
import torch
from occlusion_parts import recorded
from small import leaves_nothing, settle
from tsne_parts import (
    EARLY,
    ITERATIONS,
    LABELS,
    NAMES,
    X,
    choose,
    clustered,
    descended,
    look_back,
    play,
    press,
    shows,
    small_explorer,
)  # fmt: skip

from xaiwidgets.evaluation.neighbours import neighbour_preservation, trustworthiness
from xaiwidgets.explorers import GradientsExplorer
from xaiwidgets.methods.layers import activations
from xaiwidgets.methods.pca import pca
from xaiwidgets.methods.tsne import descend, learning_tsne, start_of
from xaiwidgets.methods.tsne_affinities import affinities
from xaiwidgets.methods.tsne_map import kl_divergence, similarities


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


def test_it_opens_at_the_start_beside_the_pca_map(explorer):
    start = start_of(X)
    np.testing.assert_allclose(explorer.map.positions, start, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(explorer.pca.positions, pca(X).scores, rtol=1e-4, atol=1e-5)
    kl = kl_divergence(affinities(X, 5.0).joint, similarities(start))
    assert explorer.views.kl.series.tolist() == [[pytest.approx(kl, rel=1e-5)]]
    for view, y in ((explorer.map, start), (explorer.pca, pca(X).scores)):
        trust, kept = trustworthiness(X, y, 10), neighbour_preservation(X, y, 10)
        assert f"trustworthiness {trust:.2f}, {kept:.0%} of 10 neighbours kept" in view.caption
        assert (view.labels.tolist(), view.class_names, len(view.images)) == (LABELS.tolist(), NAMES, 28)
    assert f"{float(pca(X).share.sum()):.0%} of the variance" in explorer.pca.caption


def test_play_learns_the_map_frame_by_frame(explorer, monkeypatch):
    shown = recorded(explorer, monkeypatch)
    play(explorer)
    given = {"perplexity": 5.0, "iterations": ITERATIONS, "exaggeration": 4.0, "exaggerated_iterations": EARLY}
    frames = list(learning_tsne(clustered(), every=5, **given))
    assert [each.shown.iteration for each in shown] == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 60]
    for result, frame in zip(shown, frames[1:], strict=False):
        torch.testing.assert_close(result.shown.embedding, frame.embedding)
    np.testing.assert_allclose(explorer.views.kl.series[0], [frame.kl for frame in frames], rtol=1e-5)
    assert explorer.views.kl.x.tolist() == [*range(0, 65, 5)]
    shows(explorer, frames[-1])
    trust = trustworthiness(X, frames[-1].embedding, 10)
    assert f"trustworthiness {trust:.2f}" in explorer.map.caption
    assert [item["label"] for item in explorer.player.buttons.specification] == ["Play", "From the start"]


def test_a_pause_changes_nothing_about_the_map(explorer, monkeypatch):
    recorded(explorer, monkeypatch, lambda: press(explorer, "play"))
    play(explorer)
    paused = explorer.result.shown.iteration
    assert 5 <= paused < ITERATIONS
    assert not explorer.player.playing
    assert "trustworthiness" in explorer.map.caption
    play(explorer)
    shows(explorer, descended())


def test_an_earlier_frame_is_shown_and_learned_on_from(explorer):
    play(explorer)
    final = explorer.map.positions
    look_back(explorer, 22)
    shows(explorer, descended(iterations=20))
    explorer.views.kl.marker = 45.0
    settle(explorer)
    shows(explorer, descended(iterations=45))
    assert explorer.views.kl.x.tolist() == [*range(0, 65, 5)]
    look_back(explorer, 20)
    explorer.settings.values = {"learning_rate": 300.0}
    play(explorer)
    *_, wanted = descend(
        affinities(X, 5.0).joint, descended(iterations=20), iterations=ITERATIONS, learning_rate=300.0,
        exaggeration=4.0, exaggerated_iterations=EARLY,
    )  # fmt: skip
    shows(explorer, wanted)
    assert np.abs(explorer.map.positions - final).max() > 0.1


def test_play_at_the_end_and_from_the_start_begin_again(explorer):
    for button in ("play", "play", "again"):
        press(explorer, button)
        settle(explorer)
        shows(explorer, descended())
        assert len(explorer.result.film.frames) == 13


@pytest.mark.parametrize(
    "values",
    [{"perplexity": 12.0}, {"exaggeration": 9.0}, {"initialization": "random", "seed": 3}],
    ids=lambda values: next(iter(values)),
)
def test_other_settings_begin_another_map(explorer, values):
    choose(explorer, **values)
    initial = start_of(X, values.get("initialization", "pca"), values.get("seed", 0))
    given = {name: values[name] for name in ("perplexity", "exaggeration") if name in values}
    shows(explorer, descended(start=initial, **given))


def test_a_layer_is_mapped(explorer):
    assert [*explorer.subject.layers.items()] == [("pixels", 120), ("0", 480), ("1", 480), ("2", 480), ("3", 4)]
    choose(explorer, layer="1")
    x = activations(explorer.subject.model, clustered(), "1").flatten(1)
    shows(explorer, descended(x))
    np.testing.assert_allclose(explorer.pca.positions, pca(x).scores, rtol=1e-4, atol=1e-5)
    assert explorer.map.title == "t-SNE of layer 1 (ReLU)"
    assert explorer.settings.specification[0]["labels"][:2] == ["pixels, 120 values", "layer 0 (Conv2d), 480 values"]


@pytest.mark.parametrize("by", ["on the map", "in the data"])
def test_p_and_q_of_the_picked_point_against_distance(explorer, by):
    play(explorer)
    explorer.pca.picked = 9
    explorer.display.values = {"by": by}
    settle(explorer)
    assert explorer.map.picked == 9
    y, near = explorer.result.shown.embedding.double(), affinities(X, 5.0)
    away = [float((y[9] - y[j]).norm()) for j in range(28)]
    total = sum(1 / (1 + float((y[k] - y[m]).square().sum())) for k in range(28) for m in range(28) if k != m)
    apart = [float((X[9] - X[j]).norm() / near.sigma[9]) for j in range(28)]
    distance = away if by == "on the map" else apart
    order = sorted((j for j in range(28) if j != 9), key=lambda j: distance[j])
    chart = explorer.views.pairs
    assert chart.names == ["p data", "q map", "Gauss"][: 3 if by == "on the map" else 2]
    groups = [order[:1], order[1:2], order[2:3], order[3:5]]
    for k, group in enumerate(groups):
        p = np.mean([float(near.conditional[9, j] + near.conditional[j, 9]) / 56 for j in group])
        q = np.mean([1 / (1 + away[j] ** 2) / total for j in group])
        assert chart.x[k] == pytest.approx(np.mean([distance[j] for j in group]), rel=1e-4)
        assert chart.series[:2, k].tolist() == pytest.approx([max(np.log10(max(p, 1e-99)), -12), np.log10(q)], abs=1e-3)
    if by == "on the map":
        gauss = sum(np.exp(-float((y[k] - y[m]).square().sum())) for k in range(28) for m in range(28) if k != m)
        first = np.exp(-(away[order[0]] ** 2)) / gauss
        assert chart.series[2, 0] == pytest.approx(max(np.log10(first), -12), abs=1e-3)


def test_the_lasso_counts_classes_and_offers_the_pictures(explorer):
    with pytest.raises(ValueError, match="picked is empty: draw a lasso"):
        _ = explorer.picked
    explorer.pca.lassoed = np.array([1, 5, 6, 9, 27])
    assert explorer.map.lassoed.tolist() == explorer.lassoed.tolist() == [1, 5, 6, 9, 27]
    assert "5 chosen: class bee: 3, class cat: 1, class dog: 1" in explorer.views.chosen.value
    torch.testing.assert_close(explorer.picked.images, clustered()[[1, 5, 6, 9, 27]])
    assert explorer.picked.labels.tolist() == [1, 1, 2, 1, 3]
    assert len(explorer.views.gallery.images) == 5
    for _ in range(2):
        explorer.views.actions.values = {"open": explorer.views.actions.values["open"] + 1}
        opened = explorer.children[2]
        assert isinstance(opened, GradientsExplorer)
        torch.testing.assert_close(opened.data.images, explorer.picked.images)
        assert opened.class_names == tuple(NAMES)
    explorer.map.lassoed = np.zeros(0, np.int32)
    assert "Nothing is chosen" in explorer.views.chosen.value
    assert explorer.views.list.children == (explorer.views.chosen,)


def test_points_are_shown_in_another_way(explorer):
    explorer.display.values = {"shown": "letters"}
    assert (explorer.map.shown, explorer.pca.shown, explorer.map.ink) == ("letters", "letters", True)


def test_what_is_shown_is_told_without_a_kernel_and_learning_begins_with_it(explorer):
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert f"28 points, pixels, perplexity 5. t-SNE of pixels: iteration 0 of {ITERATIONS}" in data["text/plain"]
    assert "PCA: " in data["text/plain"]
    settle(explorer)
    shows(explorer, descended())
    first, second = explorer.panels()
    assert first.caption.startswith(f"iteration {ITERATIONS}")
    assert (first.rgb != second.rgb).any()


def test_a_map_can_be_learned_before_it_is_shown():
    explorer = small_explorer(learned=True)
    shows(explorer, descended())
    explorer.close()


def test_it_leaves_nothing_behind():
    def use(explorer):
        explorer.map.lassoed = np.array([1, 2])
        explorer.views.actions.values = {"open": 1}
        play(explorer)

    leaves_nothing(small_explorer, use)
    leaves_nothing(small_explorer, play)
