"""The CAM explorer's arguments, what it leaves behind, and the course's own pictures."""

import re

import pytest
import torch
from cam_parts import pictures, small_net
from ipywidgets.widgets.widget import _instances
from nets import snapshot
from small import leaves_nothing, settle
from torch import nn

from xaiwidgets.datasets import load_dataset
from xaiwidgets.explorers import CAMExplorer
from xaiwidgets.explorers.cam_maps import digits_for
from xaiwidgets.explorers.cam_pictures import course_pictures, mask_of, thing_at
from xaiwidgets.explorers.maps import share_inside
from xaiwidgets.models import load_model


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_plain_tensors_are_served_and_the_model_is_left_as_found(dtype, channels):
    model = small_net(channels).to(dtype).train()
    before = snapshot(model)
    images = torch.rand(3, channels, 12, 10, generator=torch.Generator().manual_seed(2))
    masks = torch.zeros(3, 12, 10, dtype=torch.bool)
    masks[:, 2:5] = True
    explorer = CAMExplorer(model, images, labels=torch.tensor([2, 1, 0]), masks=masks, variant="CAM")
    assert explorer.input.tool == "look"
    assert "on the 2 " in explorer.maps.views[0].caption
    explorer.scores.selected = 1
    settle(explorer)
    assert "no 1 in this picture" in explorer.maps.views[0].caption
    explorer.close()
    assert snapshot(model) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"variant": "LRP"},
            "variant must be one of 'CAM', 'Grad-CAM', .*, got 'LRP'",
        ),
        ({"layer": "5"}, "layer must be one of those with maps, '0', '1', '2', '3', '4', got '5'"),
        ({"class_names": ["a", "b"]}, "class_names must name the model's 4 classes, got 2 names"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    before = set(_instances)
    with pytest.raises(ValueError, match=message):
        CAMExplorer(small_net(), pictures(), **arguments)
    assert set(_instances) == before


def test_a_model_without_maps_is_refused():
    model = nn.Sequential(nn.Flatten(), nn.Linear(120, 4))
    with pytest.raises(ValueError, match=r"model must have a layer with spatial maps, .* \(1, 12, 10\)"):
        CAMExplorer(model, pictures())


def test_a_saved_notebook_keeps_an_accessible_picture():
    explorer = CAMExplorer(small_net(), pictures())
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    alt = re.search(r'<img alt="([^"]+)"', data["text/html"]).group(1)
    assert "Grad-CAM, layer 4, nearest: on the ball" in alt
    assert len(data["text/html"]) < 100_000
    assert data["text/plain"] == explorer.summary()
    explorer.close()


def test_closing_leaves_no_widget_and_no_thread():
    leaves_nothing(
        lambda: CAMExplorer(small_net(), pictures()), lambda explorer: explorer.gallery.set_trait("selected", 1)
    )


def test_it_opens_on_the_course_and_clicking_changes_where_the_map_lies():
    explorer = CAMExplorer()
    data = course_pictures()
    assert {thing.name for thing in data.objects[0]} == {"car", "boat", "tree"}
    shares = {}
    for thing in data.objects[0]:
        middle = thing.mask.nonzero().float().mean(0).round().int().tolist()
        assert thing_at(data, 0, tuple(middle)) == thing.name
        explorer.input.picked = tuple(middle)
        settle(explorer)
        heat = torch.tensor(explorer.maps.views[0].heatmap)
        shares[thing.name] = {each.name: share_inside(heat, each.mask) for each in data.objects[0]}
    for name, inside in shares.items():
        assert max(inside, key=inside.get) == name
    explorer.close()


def test_masks_join_the_things_of_a_class():
    twins = next(i for i, things in enumerate(load_dataset("scenes", count=30).objects) if len(things) == 2)
    data = load_dataset("scenes", count=30)
    name = data.objects[twins][0].name
    assert torch.equal(mask_of(data, twins, int(data.labels[twins]), name), data.masks[twins])
    assert load_model("scenes-cnn")(data.images[[twins]]).shape == (1, 12)


@pytest.mark.parametrize(("largest", "digits"), [(0.00127, 5), (0.8, 3), (10.1, 1), (2345, 0), (0, 2), (1e-9, 6)])
def test_numbers_have_three_digits(largest, digits):
    assert digits_for(torch.tensor([0, -largest], dtype=torch.float64)) == digits
