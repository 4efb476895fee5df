"""The table of one ReLU, and arguments of the guided explorer that it cannot work with."""

import re

import numpy as np
import pytest
import torch
from small import small_net, small_pictures

from xaiwidgets.explorers import GuidedExplorer
from xaiwidgets.explorers.guided_neuron import passed_on, reason, rule_table
from xaiwidgets.methods.guided_backprop import guided_backpropagation


@pytest.mark.parametrize(
    ("z", "r", "passed", "why"),
    [
        (1.5, 0.5, (0.5, 0.5, 0.5), ("open", "open", "open")),
        (-1.5, 0.5, (0, 0, 0.5), ("closed: z ≤ 0", "closed: z ≤ 0", "open")),
        (1.5, -0.5, (-0.5, 0, 0), ("open", "closed: r ≤ 0", "closed: r ≤ 0")),
        (0.0, 0.0, (0, 0, 0), ("closed: z ≤ 0", "closed: z ≤ 0, r ≤ 0", "closed: r ≤ 0")),
    ],
)
def test_the_table_of_one_relu(z, r, passed, why):
    rules = ("gradient", "guided", "deconvolution")
    assert tuple(passed_on(rule, z, r) for rule in rules) == passed
    assert tuple(reason(rule, z, r) for rule in rules) == why
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", line) for line in rule_table(z, r).split("<tr>")[2:]]
    for (numbers, because), value, told in zip(cells, passed, why, strict=True):
        assert float(numbers.split("=")[1].replace("−", "-")) == value
        assert because == told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": torch.rand(2, 2, 12, 10)}, r"1 or 3 channels, got shape \(2, 2, 12, 10\)"),
        ({"images": torch.rand(2, 3, 12, 10)}, r"model failed on inputs of shape \(3, 12, 10\)"),
        ({"class_names": ["a", "b"]}, "class_names must name the model's 4 classes, got 2 names"),
        ({"labels": torch.tensor([0, 1, 2, 3, 4])}, "labels must be class indices from 0 to 3, got 4"),
        ({"masks": torch.zeros(5, 3, 3, dtype=torch.bool)}, r"masks must be \(5, 12, 10\) bool"),
        ({"model": torch.relu}, "model must be a torch.nn.Module"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        GuidedExplorer(**{"model": small_net(), "images": small_pictures()} | arguments)


def test_a_picture_of_the_reader_is_added_and_explained():
    masks, labels = torch.ones(5, 12, 10, dtype=torch.bool), torch.zeros(5, dtype=torch.int64)
    explorer = GuidedExplorer(small_net(), small_pictures(), masks=masks, labels=labels)
    explorer.input.picked = (3, 4)
    explorer.gallery.added = np.full((12, 10, 3), 90, np.uint8)
    assert explorer.wait(60)
    x = torch.full((1, 1, 12, 10), 90 / 255)
    target = int(explorer.model(x).argmax())
    assert (explorer.gallery.selected, explorer.scores.selected, explorer.scores.highlight) == (5, target, None)
    assert explorer.input.picked is None
    expected = guided_backpropagation(explorer.model, x, target).sum(1)[0]
    np.testing.assert_allclose(explorer.maps.views[1].heatmap, expected, rtol=1e-4, atol=1e-7)
    assert explorer.input.outline.sum() == 0
    explorer.close()
