"""Where prototypes begin: noise by seed, the best real pictures by brute force, and the first filters."""

import pytest
import torch
from asked import Stop
from nets import NETS, net, snapshot
from torch import nn

from xaiwidgets.methods.layers import activations, layer_shapes
from xaiwidgets.methods.prototype_start import first_layer_filters, reactions, start_noise, start_sample
from xaiwidgets.methods.units import Unit
from xaiwidgets.progress import Cancelled, listening


def test_noise_is_what_the_seed_says():
    before = torch.get_rng_state()
    few, many = start_noise((3, 8, 8), 2, seed=4), start_noise((3, 8, 8), 200, seed=4)
    assert torch.equal(few, many[:2])
    assert not torch.equal(few, start_noise((3, 8, 8), 2, seed=5))
    assert many.mean() == pytest.approx(0.5, abs=0.001)
    assert many.std() == pytest.approx(0.01, rel=0.02)
    picture = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    about = start_noise((3, 8, 8), 200, mean=picture, deviation=0.1)
    torch.testing.assert_close(about.mean(0), picture, rtol=0, atol=0.05)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(ValueError, match="count must be at least 1, got -1"):
        start_noise((3, 8, 8), -1)


@pytest.mark.parametrize("name", NETS)
def test_the_best_sample_is_the_one_with_the_largest_value(name, monkeypatch):
    model, x, _ = net(name)
    data = torch.cat([x, -x, x.flip(0) / 2, x + 0.3])
    layer = next(iter(layer_shapes(model, x)))
    means = activations(model, data, layer)[:, 1].reshape(len(data), -1).mean(1)
    before, monkeypatched = snapshot(model), 5 * x[0].numel()
    monkeypatch.setattr("xaiwidgets.methods.prototype_start.AT_ONCE", monkeypatched)  # several pieces
    logits = activations(model, data, None)
    for target, values in {2: logits.log_softmax(1)[:, 2], Unit(layer, 1): means}.items():
        torch.testing.assert_close(reactions(model, target, data), values)
        ranked = sorted(range(len(data)), key=lambda n, values=values: -float(values[n]))
        assert torch.equal(start_sample(model, target, data), data[ranked[:1]])
        assert torch.equal(start_sample(model, target, data, count=4), data[ranked[:4]])
    torch.testing.assert_close(reactions(model, 2, data, objective="logit"), logits[:, 2])
    with pytest.raises(Cancelled), listening(Stop(1)):
        start_sample(model, 0, data)
    assert snapshot(model) == before


def test_the_best_sample_of_a_class_is_no_picture_that_is_surer_of_another():
    model = nn.Linear(2, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 0.0], [2.0, 1.0]]))
    data = torch.tensor([[9.0, 0.0], [1.0, -9.0]])  # the largest logit of class 0, and its largest probability
    assert torch.equal(start_sample(model, 0, data), data[1:])
    assert torch.equal(start_sample(model, 0, data, objective="logit"), data[:1])


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"count": 0}, ValueError, "count must be from 1 to the number of pictures, 3, got 0"),
        ({"count": 4}, ValueError, "count must be from 1 to the number of pictures, 3, got 4"),
        ({"objective": "score"}, ValueError, "objective must be one of 'log-probability', 'logit', got 'score'"),
        ({"target": 3}, ValueError, "target must be a class index from 0 to 2, got 3"),
        ({"target": Unit("head", 9)}, ValueError, "channel must be from 0 to 2 of layer 'head', got 9"),
        ({"data": torch.zeros(3, 2, 9, 8).int()}, TypeError, "data must be of a floating-point type"),
    ],
)
def test_bad_input_is_named(changes, error, says):
    model, x, _ = net("functional ReLU")
    with pytest.raises(error, match=says):
        start_sample(**{"model": model, "target": 1, "data": x, **changes})


@pytest.mark.parametrize("name", [name for name in NETS if name not in ("dense", "first operation in place")])
def test_the_first_filters_are_the_weights_as_they_are(name):
    model, _, _ = net(name)
    weights = model.first.weight if name == "functional ReLU" else next(model.parameters())
    found = first_layer_filters(model)
    assert torch.equal(found, weights)
    found.zero_()  # a copy: the model's own stay
    assert weights.abs().sum() > 0


def test_a_model_without_convolution_has_no_filters():
    with pytest.raises(ValueError, match="model must have a convolution to show filters of, got Linear"):
        first_layer_filters(nn.Linear(2, 2))
