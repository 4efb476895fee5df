"""The t-SNE explorer on a user's own data: what it takes, what it refuses, what it tells; and its film."""

import numpy as np
import pytest
import torch
from nets import NETS, net, snapshot
from occlusion_parts import recorded
from small import settle, small_net
from tsne_parts import LABELS, choose, clustered, play, small_explorer

from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers import TSNEExplorer
from xaiwidgets.explorers.tsne_film import MOST, Film, paced
from xaiwidgets.explorers.tsne_pictures import SIDE, map_panel
from xaiwidgets.methods.layers import activations
from xaiwidgets.methods.tsne import Frame

TABLE = torch.cat([torch.randn(15, 3, generator=torch.Generator().manual_seed(k)) + 9 * k for k in range(2)])


@pytest.fixture(autouse=True)
def unpaced():
    with pytest.MonkeyPatch.context() as patch:  # its own: it is undone after the explorer was closed
        patch.setattr("xaiwidgets.explorers.tsne_film.PACE", 0.0)
        yield


def spoiled(value):
    images = clustered()
    images[3, 0, 2, 1] = value
    return images


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"images": spoiled(float("nan"))}, ValueError, "images must be finite, got 1 NaN or infinite .* in point 3"),
        ({"images": torch.ones(9, 1, 12, 10)}, ValueError, "images must hold different points, got 9 times the same"),
        ({"images": clustered()[:3]}, ValueError, "images must hold at least 4 points"),
        ({"images": clustered(), "perplexity": 27}, ValueError, "perplexity.*below 27 for 28 points, got 27"),
        ({"images": clustered(), "perplexity": "5"}, TypeError, "perplexity must be a number"),
        ({"images": clustered(), "iterations": 0}, ValueError, "iterations must be .* from 1 to 10000, got 0"),
        ({"images": clustered(), "iterations": "9"}, TypeError, "iterations must be"),
        ({"images": clustered(), "layer": "fc"}, ValueError, "layer must be one of 'pixels', '0', .* got 'fc'"),
        ({"images": clustered(), "labels": LABELS + 9}, ValueError, "labels must be class indices from 0 to 3"),
        ({"images": [1, 2]}, TypeError, "images must be a Dataset or a torch.Tensor"),
        ({"images": TABLE}, ValueError, "images must be pictures .* for a model with layers, got a table"),
        ({"images": TABLE, "model": None, "labels": LABELS}, ValueError, r"labels must be \(30,\)"),
        ({"images": TABLE, "model": None, "labels": LABELS[[1] * 30], "class_names": ["a"]}, ValueError, "class_names"),
    ],
)
def test_what_it_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        TSNEExplorer(**{"model": small_net(), "perplexity": 3.0} | arguments)


def test_a_layer_without_differences_is_told_in_the_widget_and_left_again():
    model = small_net()
    torch.nn.init.zeros_(model[0].weight)
    explorer = small_explorer(model)
    before = explorer.map.positions
    explorer.settings.values = {"layer": "1"}
    assert explorer.wait(60)
    assert explorer.status.state == "error"
    assert "values of 1 must hold different points, got 28 times the same" in explorer.status.error
    np.testing.assert_array_equal(explorer.map.positions, before)
    choose(explorer, layer="pixels")
    assert explorer.result.shown.iteration == 60
    explorer.close()


@pytest.mark.parametrize("name", [name for name, (_, shape) in NETS.items() if len(shape) == 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_layers_of_any_net_are_mapped_and_the_model_is_left_as_found(name, dtype):
    trap, x, _ = net(name, dtype)
    with torch.random.fork_rng():
        model = torch.nn.Sequential(torch.nn.Conv2d(1, x.shape[1], 1), trap).to(dtype)
    x = torch.rand(9, 1, *x.shape[2:], generator=torch.Generator().manual_seed(0), dtype=dtype)
    before, state = snapshot(model), torch.random.get_rng_state()
    explorer = TSNEExplorer(model, x, perplexity=2.0, iterations=5)
    for layer in list(explorer.subject.layers)[1:3]:
        choose(explorer, layer=layer)
        assert explorer.result.space.x.dtype == dtype
        torch.testing.assert_close(explorer.result.space.x, activations(model, x, layer).flatten(1))
    explorer.close()
    assert snapshot(model) == before
    assert torch.equal(torch.random.get_rng_state(), state)


def test_pictures_alone_are_mapped_by_their_pixels_and_no_gradients_are_offered():
    explorer = TSNEExplorer(images=clustered(3), perplexity=3.0, iterations=20)
    assert list(explorer.subject.layers) == ["pixels"]
    assert not explorer.map.ink
    explorer.map.lassoed = np.array([0, 4])
    assert "2 chosen: unknown: 2" in explorer.views.chosen.value
    assert explorer.views.actions.specification == []
    assert isinstance(explorer.picked, Dataset)
    play(explorer)
    explorer.close()


@pytest.mark.parametrize("count", [5, 20])
def test_few_points_do_not_jump_about(count):
    explorer = TSNEExplorer(images=torch.rand(count, 1, generator=torch.Generator().manual_seed(0)), perplexity=3.0)
    before = explorer.result.shown.kl
    play(explorer)
    assert explorer.result.shown.kl < before / 2
    explorer.close()


def test_a_table_is_mapped_with_its_classes():
    explorer = TSNEExplorer(images=TABLE, labels=[0] * 15 + [1] * 15, class_names=["low", "high"], perplexity=5.0)
    assert (explorer.map.shown, explorer.map.images.size, explorer.result.request.layer) == ("points", 0, "columns")
    play(explorer)
    y = torch.tensor(explorer.map.positions)
    near = torch.cdist(y, y).fill_diagonal_(float("inf")).argmin(1)
    assert ((near < 15) == (torch.arange(30) < 15)).all()
    explorer.map.lassoed = np.array([0, 20])
    assert "2 chosen: class low: 1, class high: 1" in explorer.views.chosen.value
    with pytest.raises(ValueError, match="picked needs pictures"):
        _ = explorer.picked
    assert len(explorer.panels()) == 2
    settle(explorer)
    explorer.close()


def test_more_points_than_the_table_of_pairs_holds_are_left_out_with_a_notice(monkeypatch):
    monkeypatch.setattr("xaiwidgets.explorers.tsne_points.LARGEST", 20)
    explorer = small_explorer()
    assert (len(explorer.map.positions), len(explorer.map.labels)) == (20, 20)
    assert explorer.map.notice == "The first 20 of 28 points: t-SNE holds a table of all pairs"
    explorer.close()


def test_a_map_of_many_points_moves_in_smaller_steps_and_draws_its_pairs_at_rest(monkeypatch):
    monkeypatch.setattr("xaiwidgets.explorers.tsne_learning.SMOOTH", 2 * 28**2)
    monkeypatch.setattr("xaiwidgets.explorers.tsne_learning.FEW", 20)
    explorer = small_explorer(iterations=12)
    shown = recorded(explorer, monkeypatch)
    play(explorer)
    assert [result.shown.iteration for result in shown] == [2, 4, 6, 8, 10, 12, 12]
    assert [result.pairs is None for result in shown] == [True] * 6 + [False]
    explorer.player.pace.values = {"pace": "fast"}
    play(explorer)
    assert [result.shown.iteration for result in shown[-2:]] == [12, 12]
    monkeypatch.undo()
    explorer.close()


def frame(iteration):
    nothing = torch.zeros(4, 2)
    return Frame(iteration, nothing, 1.0, nothing, nothing)


def test_the_film_is_bounded_and_keeps_its_ends():
    film = Film((frame(0),))
    for iteration in range(1, 5000):
        film = film.with_frame(frame(iteration))
        assert len(film.frames) <= MOST
        assert (film.frames[0].iteration, film.last.iteration) == (0, iteration)
    steps = [each.iteration for each in film.frames]
    assert steps == sorted(set(steps))
    assert max(np.diff(steps)) <= 2.5 * 5000 / MOST
    assert film.until(2500).last.iteration == steps[film.nearest(2500)]
    assert abs(steps[film.nearest(2500)] - 2500) == min(abs(step - 2500) for step in steps)


def test_frames_keep_their_pace_whatever_they_take(monkeypatch):
    now, shown = [100.0], []
    monkeypatch.setattr("xaiwidgets.explorers.tsne_film.PACE", 0.5)
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))

    def frames():
        for work in (0.1, 0.3, 2.0, 0.1, 0.1):
            now[0] += work
            yield frame(0)

    for _ in paced(frames()):
        shown.append(now[0])
    assert np.diff(shown).tolist() == pytest.approx([0.5, 2.0, 0.5, 0.5])


def test_a_saved_map_shows_dark_ink_where_the_points_are():
    explorer = small_explorer()
    positions = np.tile([4.0, 1.0], (28, 1))
    positions[0] = [-4.0, -1.0]
    paper = map_panel(explorer.subject, positions, "map", "").rgb
    dark = np.argwhere(paper.min(2) < 128)
    assert {(int(r > SIDE / 2), int(c > SIDE / 2)) for r, c in dark} == {(1, 0), (0, 1)}
    explorer.close()
