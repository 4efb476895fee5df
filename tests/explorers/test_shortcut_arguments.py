"""The shortcut explorer with models and pictures of one's own: what it takes, refuses, leaves and closes."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from nets import snapshot
from shortcut_parts import is_hidden, paint, press_reveal, small_explorer, stamp, switch
from small import leaves_nothing, settle, small_net, small_pictures

from xaiwidgets.colors import picture
from xaiwidgets.explorers import ShortcutExplorer, answers, cells


@pytest.fixture
def explorer():
    made = small_explorer()
    yield made
    made.close()


def test_an_error_of_one_method_stands_in_its_place(explorer, monkeypatch):
    def refuses(model, x, target):
        raise ValueError("no root point found")

    monkeypatch.setitem(answers.ATTRIBUTIONS, "Gradient x input", refuses)
    press_reveal(explorer)
    assert [view.notice for view in explorer.views.maps.views] == ["no root point found"] * 2
    assert explorer.status.state == "ready"
    assert "says" in explorer.summary()


def test_an_error_of_the_model_is_shown_and_recovered_from(explorer):
    weight, explorer.models["two"][3].weight = explorer.models["two"][3].weight, None
    explorer.reveal()
    assert explorer.wait(60)
    assert explorer.status.state == "error"
    assert "model failed on inputs of shape (1, 12, 10)" in explorer.status.error
    explorer.models["two"][3].weight = weight
    explorer.reveal()
    settle(explorer)
    assert explorer.status.error == ""
    assert not is_hidden(explorer)


def test_the_users_models_and_pictures_are_left_as_found():
    model, images = small_net().train(), small_pictures()
    before, pixels = snapshot(model), images.clone()
    explorer = small_explorer(models=model, images=images, revealed=True)
    switch(explorer, True)
    explorer.close()
    assert snapshot(model) == before
    assert torch.equal(images, pixels)


def test_your_own_model_pictures_and_tag():
    explorer = ShortcutExplorer(
        small_net(), small_pictures(), tag=stamp, tag_name="watermark", tagged=torch.tensor([True, False] * 2 + [True])
    )
    assert explorer.views.input.title == "with watermark"
    assert explorer.views.gallery.labels == []
    assert len(explorer.views.maps.views) == len(explorer.views.bars) == 1
    assert np.array_equal(explorer.views.gallery.images[0], picture(stamp(small_pictures())[0]))
    assert np.array_equal(explorer.views.gallery.images[1], picture(small_pictures()[1]))
    assert "wrong" not in explorer.summary()
    explorer.close()


def test_without_a_tag_there_is_no_switch():
    explorer = small_explorer(tag=None, revealed=True)
    assert [item["name"] for item in explorer.views.actions.specification] == ["reveal"]
    assert explorer.views.input.title == "0"
    explorer.views.gallery.selected = 1
    settle(explorer)
    assert is_hidden(explorer)
    explorer.close()


def other_shape(images):
    return images[..., :-1]


BAD = [
    ({"models": {}}, "models must hold 1 to 3 networks, got 0"),
    ({"models": {str(i): small_net() for i in range(4)}}, "models must hold 1 to 3 networks, got 4"),
    ({"models": [small_net()]}, r"models must be a torch.nn.Module or a mapping .* got list"),
    ({"models": {"mine": torch.relu}}, r"models\['mine'\] must be a torch.nn.Module, got builtin"),
    (
        {"models": {"a": small_net(), "b": small_net(classes=3)}, "class_names": list("wxyz")},
        "model's 3 classes, got 4",
    ),
    ({"images": torch.rand(5, 12, 10)}, r"images must be \(N, C, H, W\)"),
    ({"tag": other_shape}, r"tag must return images of the shape \(5, 1, 12, 10\) it was given, got \(5, 1, 12, 9\)"),
    ({"tag": lambda images: None}, r"tag must return images of the shape .* got NoneType"),
    ({"tagged": torch.tensor([True])}, r"tagged must be \(5,\) bool, got \(1,\) torch.bool"),
    ({"tagged": torch.zeros(5)}, r"tagged must be \(5,\) bool, got \(5,\) torch.float32"),
    ({"method": "Magic"}, "method must be one of Gradient, .* got 'Magic'"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=range(len(BAD)))
def test_bad_input_is_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        small_explorer(**arguments)


def test_pictures_too_small_for_the_courses_tag_say_what_to_do():
    with pytest.raises(ValueError, match=r"tag failed on the images \(.*at least 32.*tag=None leaves the switch out"):
        ShortcutExplorer(small_net(), small_pictures())


def test_a_saved_notebook_keeps_an_accessible_picture(explorer):
    pages = []
    for _ in range(2):
        bundle = explorer._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert "application/vnd.jupyter.widget-view+json" in data
        pages.append(re.search(r'<img alt="([^"]+)" src="([^"]+)"', data["text/html"]).groups())
        paint(explorer, (1, 6), (2, 9))
        press_reveal(explorer)
    (hidden, first), (revealed, second) = pages
    assert "hidden until you press Reveal" in hidden
    assert "one says" in revealed
    assert "on the object" in revealed
    assert "under your paint" in revealed
    assert first != second


def test_running_the_cell_again_closes_the_earlier_explorer(monkeypatch):
    def run(number):
        header = {"metadata": {"cellId": "a"}, "header": {"msg_id": number}}
        monkeypatch.setattr(cells, "get_ipython", lambda: SimpleNamespace(parent_header=header))
        return small_explorer()

    monkeypatch.setattr(cells, "_open", {})
    before = set(_instances)
    first = run("1")
    count = len(set(_instances) - before)
    second = run("2")
    assert first.comm is None
    assert len(set(_instances) - before) == count
    second.close()


def test_closing_leaves_no_widget_and_no_thread():
    def use(explorer):
        press_reveal(explorer)
        paint(explorer, (0, 4), (0, 4))

    leaves_nothing(small_explorer, use)
