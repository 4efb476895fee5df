"""The prototype explorer on a user's own nets, densities and decoders; what it refuses, and what it leaves behind."""

import re

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from nets import NETS, net, snapshot
from prototype_explorer_parts import EXPERT, STEPS, SmallDecoder, choose, grown, shorten, slide, small_explorer
from small import leaves_nothing, settle, small_net, small_pictures
from torch import nn

from xaiwidgets.colors import picture
from xaiwidgets.datasets import load_dataset
from xaiwidgets.explorers import Explorer, PrototypeExplorer
from xaiwidgets.methods.prototype_variants import VARIANTS, variant_prototypes
from xaiwidgets.models import load_model

X = small_pictures()
PLAIN = [name for name, variant in VARIANTS.items() if not variant.needs]


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    shorten(monkeypatch)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_model_alone_is_served_and_left_as_found(dtype):
    model = small_net(3).to(dtype).train()
    before, state = snapshot(model), torch.random.get_rng_state()
    explorer = PrototypeExplorer(model, small_pictures(3))
    settle(explorer)
    expected = list(variant_prototypes(model, 0, "none", (3, 12, 10)))[-1].pictures
    np.testing.assert_array_equal(explorer.views.squares[0].image, picture(expected[0].detach()))
    assert snapshot(model) == before
    assert torch.equal(torch.random.get_rng_state(), state)
    variants = next(item for item in explorer.wishes.choices.specification if item["name"] == "variants")
    assert variants["options"] == PLAIN
    assert "no expert" in variants["help"]
    assert "no decoder: no code space" in variants["help"]
    assert "net" not in explorer.wishes.choices.values, "the course's nets are not offered"
    assert "density" not in explorer.views.squares[0].caption, "nobody can judge it"
    explorer.close()


@pytest.mark.parametrize("name", [name for name, (_, shape) in NETS.items() if shape == (1, 9, 8)])
def test_nets_of_every_kind(name):
    model, x, _ = net(name)
    explorer = PrototypeExplorer(model, x)
    settle(explorer)
    choose(explorer, mode="layers")
    expected = list(variant_prototypes(model, 0, "jitter and blur", tuple(x.shape[1:]), jitter=0))[-1].pictures
    last = len(explorer.result.trails) - 1
    np.testing.assert_array_equal(explorer.views.squares[last].image, picture(expected[0].detach()))
    explorer.close()


def test_the_expert_judges_where_nobody_else_does():
    explorer = small_explorer(judge=None, decoder=None)
    last = grown(explorer, 0, "gaussian")[-1]
    place = explorer.wishes.values["variants"].index("gaussian")
    nats = float(f"{float(EXPERT.log_density(last.pictures.detach())):.1e}")
    assert f"log-density {nats:+,g} nats" in explorer.views.squares[place].caption
    assert explorer.views.squares[place].title == "expert"
    explorer.close()


def test_a_model_that_returns_probabilities():
    explorer = PrototypeExplorer(nn.Sequential(small_net(), nn.Softmax(1)), X)
    settle(explorer)
    seen = explorer.result.trails[explorer.result.request.chosen][-1].picture
    np.testing.assert_allclose(explorer.scores.values, explorer.subject.model(seen[None])[0].detach(), rtol=1e-5)
    explorer.close()


REFUSED = {
    "net": ({"net": "scenes-mlp"}, "net must be one of 'scenes-cnn'.*got 'scenes-mlp'"),
    "mode": ({"mode": "edges"}, "mode must be one of 'regularisers'.*got 'edges'"),
    "images": ({"model": small_net()}, "images must be given with a model"),
    "size of the pictures": ({"model": small_net(), "images": torch.rand(2, 1, 9, 9)}, "model failed on inputs"),
    "decoder of other pictures": (
        {"model": small_net(), "images": X, "decoder": SmallDecoder((1, 8, 8))},
        r"decoder must draw what the model takes.*\(1, 8, 8\)",
    ),
    "decoder without size": (
        {"model": small_net(), "images": X, "decoder": nn.Linear(3, 120)},
        "decoder must say the size of its codes as `code_size`",
    ),
    "expert": ({"model": small_net(), "images": X, "expert": nn.Linear(3, 120)}, "log_density"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_and_leaves_no_widget(case):
    arguments, message = REFUSED[case]
    before = set(_instances)
    with pytest.raises((TypeError, ValueError), match=re.compile(message, re.DOTALL)):
        PrototypeExplorer(**arguments)
    assert set(_instances) == before


def test_an_error_of_the_model_is_shown_and_recovered_from():
    explorer = small_explorer()
    weight, explorer.subject.model[3].weight = explorer.subject.model[3].weight, None
    explorer.wishes.choices.values = {"seed": 4}
    assert explorer.wait(60)
    assert (explorer.status.state, "model failed on inputs" in explorer.status.error) == ("error", True)
    explorer.subject.model[3].weight = weight
    choose(explorer, seed=5)
    np.testing.assert_array_equal(
        explorer.views.squares[0].image, picture(grown(explorer, 0, "none", seed=5)[-1].pictures[0].detach())
    )
    explorer.close()


def test_a_picture_of_the_readers_own_is_where_the_prototype_begins():
    explorer = small_explorer()
    explorer.gallery.added = np.full((12, 10, 3), 64, np.uint8)
    settle(explorer)
    assert explorer.gallery.selected == len(X)
    assert (explorer.input.image == 64).all()
    assert (explorer.known[explorer.result.request.squares[0].run][0][0].picture == 64 / 255).all()
    explorer.close()


def test_no_variant_at_all_cannot_be_chosen():
    explorer = small_explorer()
    choose(explorer, variants=["l2"])
    choose(explorer, variants=[])
    assert explorer.wishes.choices.values["variants"] == ["l2"]
    assert [view.title for view in explorer.views.grid.children] == ["l2"]
    explorer.close()


def test_another_of_the_courses_nets(monkeypatch):
    monkeypatch.setattr(PrototypeExplorer, "update", lambda self, change=None: None)
    explorer = PrototypeExplorer(net="digits-cnn", mode="layers")
    assert explorer.result.request.squares[0].run.variant == "jitter and blur"
    explorer.wishes.choices.values = {"net": "scenes-shortcut", "mode": "regularisers"}
    explorer.wishes.choices.values = {"variants": ["none"]}
    Explorer.update(explorer)
    settle(explorer)
    expected = list(variant_prototypes(load_model("scenes-shortcut"), 0, "none", (3, 64, 64)))[-1].pictures
    np.testing.assert_array_equal(explorer.views.squares[0].image, picture(expected[0].detach()))
    tagged = load_dataset("scenes-tagged", count=len(explorer.gallery.images))
    np.testing.assert_array_equal(explorer.gallery.images, picture(tagged.images))
    assert explorer.scores.names == list(tagged.class_names)
    explorer.close()


def use(explorer):
    for mode in ("several", "layers", "regularisers"):
        choose(explorer, mode=mode)
    choose(explorer, target="convolution 1")
    slide(explorer, of="none")
    explorer.views.curves.marker = float(STEPS - 10)


def test_it_leaves_nothing_behind():
    leaves_nothing(small_explorer, use)
