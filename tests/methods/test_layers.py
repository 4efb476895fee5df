"""Layers and units by name: what they hand on, and what is said of a wrong name."""

import threading

import pytest
import torch
from nets import NETS, net, snapshot
from torch import nn
from torch.nn import functional as F

from xaiwidgets.methods.layers import activations, check_layer, layer_shapes
from xaiwidgets.methods.units import Unit, check_unit, unit_outputs


def last_outputs(model, x):
    """What each module returned in its last call, by wrapping `forward` itself."""
    found, order = {}, []
    for name, module in model.named_modules():
        if name:

            def forward(*args, _name=name, _forward=module.forward, **kwargs):
                out = _forward(*args, **kwargs)
                found[_name] = out.clone()
                order.append(_name)
                return out

            module.forward = forward
    model(x.clone())
    return found, list(dict.fromkeys(reversed(order)))[::-1]


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_each_layer_hands_on_what_its_module_returned(name, dtype):
    model, x, _ = net(name, dtype)
    shapes, found = layer_shapes(model, x), {layer: activations(model, x, layer) for layer in layer_shapes(model, x)}
    truth, order = last_outputs(model, x)
    assert list(shapes) == [layer for layer in order if layer in shapes]
    leaves = {layer for layer, module in model.named_modules() if not list(module.children()) and layer in truth}
    assert leaves <= set(shapes)
    for layer, values in found.items():
        assert shapes[layer] == tuple(values.shape[1:])
        assert torch.equal(values, truth[layer]), layer


@pytest.mark.parametrize("name", NETS)
def test_the_model_stays_as_found(name):
    model, x, _ = net(name)
    before, kept = snapshot(model.train()), x.clone()
    for layer in [None, *layer_shapes(model, x)]:
        activations(model, x, layer)
    assert snapshot(model) == before
    assert torch.equal(x, kept)


def test_pieces_give_what_one_pass_gives(monkeypatch):
    model, x, _ = net("functional ReLU")
    whole = activations(model, x, "second")
    monkeypatch.setattr("xaiwidgets.methods.layers.AT_ONCE", 1)
    assert torch.allclose(activations(model, x, "second"), whole, rtol=1e-12, atol=1e-12)


def test_no_layer_means_the_logits():
    model, x, _ = net("max pooling")
    assert torch.equal(activations(model, x, None), model(x))


def test_a_container_that_hands_on_its_last_part_may_be_named():
    model = nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), nn.Linear(4, 2)).double()
    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert list(layer_shapes(model, x)) == ["0.0", "0.1", "1"]
    assert torch.equal(activations(model, x, "0"), model[0](x))


def test_two_threads_do_not_hear_each_other():
    model, x, _ = net("skip, BatchNorm, reused ReLU")
    truth = {sign: activations(model, sign * x, "inner") for sign in (1, -1)}
    wrong = []

    def ask(sign):
        for _ in range(30):
            wrong.append(not torch.equal(activations(model, sign * x, "inner"), truth[sign]))

    threads = [threading.Thread(target=ask, args=(sign,)) for sign in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 60
    assert not any(wrong)


class Tuples(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.unused, self.head = nn.LSTM(3, 4, batch_first=True), nn.Linear(2, 2), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(F.relu(self.inner(x)[0].mean(1)))


def test_wrong_layers_are_told_from_missing_ones():
    model, x = Tuples().double(), torch.zeros(2, 5, 3, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"got 'hea'; near names: head"):
        check_layer(model, x, "hea")
    with pytest.raises(ValueError, match="layer 'unused' did not run"):
        check_layer(model, x, "unused")
    with pytest.raises(ValueError, match=r"layer 'inner' hands on a tuple; layers with numbers: 'head'"):
        check_layer(model, x, "inner")
    with pytest.raises(TypeError, match="layer must be the name of a module, or None for the logits, got int"):
        check_layer(model, x, 3)


def test_a_unit_is_a_part_of_its_layers_output():
    model, x, _ = net("functional ReLU")
    maps, logits = activations(model, x, "second"), model(x)
    cases = {
        Unit(): logits,
        Unit(channel=2): logits[:, 2],
        Unit("second", 3): maps[:, 3],
        Unit("second", 3, (1, 2)): maps[:, 3, 1, 2],
        Unit("second"): maps,
    }
    for unit, values in cases.items():
        assert torch.equal(unit_outputs(model, x, check_unit(model, x, unit)), values), unit
    names = ["all classes", "class 2", "layer second, channel 3", "layer second, channel 3 at (1, 2)", "layer second"]
    assert [unit.name for unit in cases] == names
    assert check_unit(model, x, 1) == Unit(channel=1)


def test_values_of_a_unit_are_differentiable():
    model, x, _ = net("first operation in place")
    leaf = x.requires_grad_()
    unit_outputs(model, leaf, Unit("3", 1)).sum().backward()
    weight = model[2].weight[1]  # of the linear layer under the ReLU "3"
    on = activations(model, x.detach(), "2")[:, 1] > 0
    literal = on[:, None] * weight * (x.detach().flatten(1) > 0)
    assert torch.allclose(leaf.grad.flatten(1), literal, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (3, "class must be from 0 to 2 of the model, got 3"),
        (Unit("second", -1), "channel must be from 0 to 3 of layer 'second', got -1"),
        (Unit("second", None, (0, 0)), "place needs a channel"),
        (Unit("second", 0, (9, 0)), r"place must lie in the layer's maps, of shape \(5, 4\), got \(9, 0\)"),
        (Unit("second", 0, (0,)), "place must lie in the layer's maps"),
    ],
)
def test_units_that_do_not_exist(unit, message):
    model, x, _ = net("functional ReLU")
    with pytest.raises(ValueError, match=message):
        check_unit(model, x, unit)


def test_a_unit_is_a_class_index_or_a_unit():
    model, x, _ = net("dense")
    with pytest.raises(TypeError, match=r"target must be a class index or a Unit\(layer, channel, place\), got str"):
        check_unit(model, x, "cat")
