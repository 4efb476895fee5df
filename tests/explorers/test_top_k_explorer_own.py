"""The top-K explorer on nets and pictures of the reader's own: partial results, cancel, missing labels, errors."""

import numpy as np
import pytest
import torch
from nets import snapshot
from occlusion_parts import recorded
from small import leaves_nothing, settle
from top_k_explorer_parts import COUNT, NAMES, choose, click, labels, pictures, small_explorer, small_net
from torch import nn

from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers import TopKExplorer
from xaiwidgets.methods.top_k import top_k


@pytest.fixture
def in_pieces(monkeypatch):
    """Scan six pictures at once, and show what is known after each piece."""
    monkeypatch.setattr("xaiwidgets.explorers.top_k_scans.AT_ONCE", 6 * 120)
    monkeypatch.setattr("xaiwidgets.explorers.top_k_explorer.EVERY", -1)
    monkeypatch.setattr("xaiwidgets.worker.EVERY", 0)


def same_as_at_once(explorer, layer):
    wanted = top_k(small_net(), [(pictures(), labels())], layer, k=25)
    for end, found in ((wanted, explorer.result.known.record), (wanted.bottom, explorer.result.known.record.bottom)):
        assert torch.equal(end.indices, found.indices)
        torch.testing.assert_close(end.values, found.values)


def test_a_layer_is_scanned_in_pieces_and_each_is_shown(in_pieces):
    explorer = small_explorer()
    with pytest.MonkeyPatch.context() as patch:
        shown = recorded(explorer, patch)
        click(explorer, "layers", 0)
    assert [result.known.record.count for result in shown] == [6, 12, 18, 24, 30, 30]
    assert [result.finished for result in shown] == [False] * 4 + [True] * 2
    for result in shown:
        wanted = top_k(small_net(), pictures()[: result.known.record.count], "0", k=4).of(result.channel)
        assert torch.equal(result.end("best").indices[:4], wanted.indices)
    same_as_at_once(explorer, "0")
    explorer.close()


def test_cancel_keeps_what_is_known_and_the_scan_goes_on_from_there(in_pieces):
    asked, model = [], small_net()
    explorer = small_explorer(model)
    model.register_forward_hook(lambda module, inputs, output: asked.append(len(inputs[0])))
    with pytest.MonkeyPatch.context() as patch:
        shown = recorded(explorer, patch, lambda: explorer.status.set_trait("cancelled", 1))
        explorer.views.layers.selected = 0
        assert explorer.wait(60)
    assert (explorer.status.state, explorer.status.progress) == ("cancelled", None)
    assert [result.known.record.count for result in shown] == [6]
    assert "of 6 of 30 pictures so far show" in explorer.summary()
    del asked[:]
    click(explorer, "channels", 3)
    assert explorer.result.finished
    assert asked.count(6) == 4  # the 24 that were missing
    same_as_at_once(explorer, "0")
    explorer.close()


def test_a_late_result_of_another_layer_does_not_choose_for_this_one():
    explorer = small_explorer()
    late = explorer.result
    explorer.views.layers.set_trait("selected", 4)
    settle(explorer)
    explorer.channel = None  # the layer has just been chosen
    explorer.looked = ("worst", 3)
    explorer.publish(late)
    assert (explorer.channel, explorer.looked) == (None, ("worst", 3))
    explorer.close()


def test_it_opens_with_the_first_piece_only(in_pieces, monkeypatch):
    monkeypatch.setattr(TopKExplorer, "update", lambda self, change=None: None)
    explorer = TopKExplorer(small_net(), pictures(), labels=labels(), class_names=NAMES, layer="1")
    assert (explorer.result.known.record.count, explorer.result.finished) == (6, False)
    explorer.close()


def test_without_labels_channels_are_ordered_by_how_far_their_best_picture_stands_out():
    explorer = small_explorer(labels=None)
    found = top_k(small_net(), pictures(), "1", k=9)
    wanted = ((found.values[:, 0] - found.mean) / found.deviation).nan_to_num(0)
    np.testing.assert_allclose(explorer.views.channels.values, wanted, rtol=1e-5)
    assert explorer.views.channels.names == ["0", "1", "2 dead", "3"]
    assert "asked" not in explorer.choices.values
    assert explorer.views.histogram.names == ["all"]
    assert [label.count(" ") for label in explorer.views.grids["best"].labels] == [0] * 9
    assert explorer.views.mix not in explorer.views.numbers()
    assert "the best 9 of 30 pictures." in explorer.summary()
    explorer.close()


def test_without_labels_too_it_leaves_nothing_behind():
    leaves_nothing(lambda: small_explorer(labels=None), lambda explorer: choose(explorer, k="4"))


@pytest.mark.parametrize("unknown", [slice(None, None, 2), slice(0, 12)], ids=["every second", "the first two pieces"])
def test_unknown_labels_beside_known_ones(in_pieces, unknown):
    some = labels()
    some[unknown] = -1
    explorer = small_explorer(labels=some)
    for channel in range(4):
        click(explorer, "channels", channel)
        best = explorer.result.end("best").labels
        wanted = [float((best == each).sum()) / 9 for each in range(3)]
        np.testing.assert_allclose(explorer.views.mix.values, wanted, rtol=1e-6)
    explorer.close()


@pytest.mark.parametrize("count", [1, 3, 12])
def test_few_pictures(count):
    explorer = small_explorer(images=pictures()[:count], labels=labels()[:count])
    counts = next(item["options"] for item in explorer.choices.specification if item["name"] == "k")
    assert counts == {1: ["1"], 3: ["3"], 12: ["4", "9"]}[count]
    for layer in range(5):
        explorer.views.channels.selected = 9  # a click that came late, for another layer
        click(explorer, "layers", layer)
        assert len(explorer.result.end("best").values) == int(counts[-1])
    explorer.close()


def test_it_takes_a_dataset_and_colours_and_leaves_the_model_as_it_was():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 3)).train()
    before = snapshot(model)
    data = Dataset("own", torch.rand(12, 3, 12, 10), labels()[:12], tuple(NAMES))
    explorer = TopKExplorer(model, data)
    settle(explorer)
    assert explorer.result.request.layer == "1"
    click(explorer, "layers", 0)
    explorer.close()
    assert snapshot(model) == before


class Single(nn.Module):
    """Computes in float32 whatever it is given."""

    def __init__(self):
        super().__init__()
        self.net = small_net()

    def forward(self, x):
        return self.net(x.float())


@pytest.mark.parametrize(("model", "largest"), [(small_net(), 100), (Single(), 2**16)], ids=["large", "float32"])
def test_pictures_are_shown_whole_where_fields_cannot_be_found(model, largest, monkeypatch):
    monkeypatch.setattr("xaiwidgets.explorers.top_k_scans.FIELDLESS", largest)
    explorer = small_explorer(model, layer="net.1" if isinstance(model, Single) else "1")
    assert explorer.result.fields is None
    assert explorer.views.grids["best"].images.shape[1:] == (12, 10, 3)
    assert explorer.input.outline.size == 0
    assert "What it saw cannot be cut out" in explorer.summary()
    explorer.close()


class Fails(nn.Module):
    """Hands on NaN for bright pictures once it is told to."""

    def __init__(self):
        super().__init__()
        self.net, self.broken = small_net(), [False]

    def forward(self, x):
        x = self.net[0](x)
        return self.net[1:](x * torch.nan if self.broken[0] else x)


def test_numbers_that_are_none_are_told_and_recovered_from():
    model = Fails()
    explorer = small_explorer(model, layer="net.1")
    model.broken[0] = True
    explorer.views.layers.selected = 2
    assert explorer.wait(60)
    assert explorer.status.state == "error"
    assert "layer 'net.2' must hand on numbers, got NaN or infinity for input 0" in explorer.status.error
    assert len(explorer.views.grids["best"].images) == 9
    model.broken[0] = False
    click(explorer, "layers", 0)
    assert explorer.status.error == ""
    explorer.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": "7"}, "layer must be one of '0', '1', '2', '3', None, got '7'"),
        ({"images": pictures()[:0], "labels": labels()[:0]}, "images must hold at least one picture, got none"),
        ({"labels": labels()[:4]}, r"labels must be \(30,\) int64, one for each image"),
        ({"labels": labels() + 1}, "labels must be class indices from 0 to 2, got 3"),
        ({"class_names": ["a", "b"]}, "class_names must name the model's 3 classes, got 2 names"),
        ({"images": torch.rand(3, 12, 10)}, r"images must be \(N, C, H, W\)"),
        ({"images": torch.full((COUNT, 1, 12, 10), torch.nan)}, "x must be finite"),
    ],
)
def test_bad_arguments_are_answered(arguments, message):
    with pytest.raises(ValueError, match=message):
        small_explorer(**arguments)


def test_long_names_of_layers_are_shortened():
    model = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4, 3))
    explorer = small_explorer(model, layer="0")
    assert explorer.views.layers.names == ["0 AvgPool2d", "1 Flatten", "logits"]
    explorer.close()
