"""DeepLIFT's RevealCancel rule: its laws, the paper's example, and a literal re-implementation neuron by neuron."""

import pytest
import torch
from nets import NETS, net, snapshot
from torch import nn

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.gradients import completeness_gap
from xaiwidgets.methods.reveal_cancel import deeplift_reveal_cancel


def random_like(x):
    return torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("baseline", [0.0, 0.3, "random"])
def test_it_is_complete_and_leaves_the_model_as_it_is(name, baseline):
    model, x, target = net(name)
    baseline = random_like(x) if baseline == "random" else torch.full_like(x, baseline)
    before, given = snapshot(model), x.clone()
    found = deeplift_reveal_cancel(model, x, target, baseline=baseline)
    assert snapshot(model) == before
    assert torch.equal(x, given)
    assert completeness_gap(model, x.clone(), target, found, baseline.clone()).abs().max() <= 1e-9


class Minimum(nn.Module):
    """`min(a, b) = a - relu(a - b)`, for inputs above zero."""

    def forward(self, x):
        difference = nn.functional.linear(x, torch.tensor([[1.0, -1.0]], dtype=x.dtype))
        return x[:, :1] - torch.relu(difference)


def test_the_minimum_gives_half_to_each_input():
    """The paper's figure of the AND: Rescale gives all to the smaller input."""
    x = torch.tensor([[3.0, 1.0], [2.0, 1.5], [1.0, 3.0]], dtype=torch.float64)
    half = x.amin(1, keepdim=True) / 2
    torch.testing.assert_close(deeplift_reveal_cancel(Minimum(), x, 0), half.expand(3, 2))
    smaller = x * (x == x.amin(1, keepdim=True))
    torch.testing.assert_close(deeplift(Minimum(), x, 0), smaller)


def relu(z):
    return max(0.0, z)


def literal(layers, x, x0, c):
    """Sections 3.5.1 and 3.5.3, with the two multipliers of every value: `layers` are (weights, biases, has a ReLU)."""
    values = []
    for a in (x0, x):
        passed = [(a, None)]
        for w, b, has_relu in layers:
            z = [
                sum(wi * ai for wi, ai in zip(row, passed[-1][0], strict=True)) + bj
                for row, bj in zip(w, b, strict=True)
            ]
            passed.append(([relu(v) for v in z] if has_relu else z, z))
        values.append(passed)
    multipliers = [float(k == c) for k in range(len(layers[-1][1]))]
    for depth in reversed(range(len(layers))):
        w, _, has_relu = layers[depth]
        deltas = [a - a0 for a0, a in zip(values[0][depth][0], values[1][depth][0], strict=True)]
        below = [0.0] * len(deltas)
        for j, m in enumerate(multipliers):
            m_up, m_down = of_neuron(values[0][depth + 1][1][j], w[j], deltas, m) if has_relu else (m, m)
            for i, d in enumerate(deltas):
                share = m_up if w[j][i] * d > 0 else m_down if w[j][i] * d < 0 else (m_up + m_down) / 2
                below[i] += w[j][i] * share
        multipliers = below
    return [m * (a - a0) for m, a, a0 in zip(multipliers, x, x0, strict=True)]


def of_neuron(z, weights, deltas, m):
    """The multipliers of what raises and of what lowers a ReLU's pre-activation."""
    terms = [w * d for w, d in zip(weights, deltas, strict=True)]
    up, down = sum(t for t in terms if t > 0), sum(t for t in terms if t < 0)
    y_up = (relu(z + up) - relu(z)) / 2 + (relu(z + down + up) - relu(z + down)) / 2
    y_down = (relu(z + down) - relu(z)) / 2 + (relu(z + up + down) - relu(z + up)) / 2
    return (m * y_up / up if up else 0.0), (m * y_down / down if down else 0.0)


def as_matrix(layer, shape):
    """Weights and biases of the dense layer that does what a linear layer does to inputs of `shape`."""
    size = torch.Size(shape).numel()
    with torch.no_grad():
        bias = layer(torch.zeros(1, *shape, dtype=torch.float64))
        weights = layer(torch.eye(size, dtype=torch.float64).view(size, *shape)) - bias
    return weights.flatten(1).T.tolist(), bias.flatten().tolist(), bias.shape[1:]


@pytest.mark.parametrize("name", ["dense", "average pooling, in-place ReLU"])
def test_it_equals_the_papers_equations_neuron_by_neuron(name):
    model, x, target = net(name)
    baseline, shape, layers = random_like(x), x.shape[1:], []
    for layer in model:
        if isinstance(layer, nn.ReLU):
            layers[-1] = (*layers[-1][:2], True)
        else:
            weights, biases, shape = as_matrix(layer, shape)
            layers.append((weights, biases, False))
    count = 3 if name == "dense" else 1
    flat = zip(x.flatten(1).tolist()[:count], baseline.flatten(1).tolist(), target.tolist(), strict=False)
    expected = torch.tensor([literal(layers, *each) for each in flat], dtype=x.dtype)
    found = deeplift_reveal_cancel(model, x, target, baseline=baseline)[:count].flatten(1)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    assert (found - deeplift(model, x, target, baseline=baseline)[:count].flatten(1)).abs().max() > 1e-3


def test_an_input_that_did_not_move_gets_nothing_but_passes_on_what_its_parts_did():
    """The hidden value is the same at both ends, made of one part that rose and one that fell."""
    model = nn.Sequential(nn.Linear(2, 1, bias=False), nn.ReLU(), nn.Linear(1, 1, bias=False)).double()
    nn.init.ones_(model[0].weight)
    nn.init.ones_(model[2].weight)
    x, baseline = torch.tensor([[3.0, 1.0]], dtype=torch.float64), torch.tensor([[1.0, 3.0]], dtype=torch.float64)
    found = deeplift_reveal_cancel(model, x, 0, baseline=baseline)
    torch.testing.assert_close(found, torch.tensor([[2.0, -2.0]], dtype=torch.float64))


def test_where_nothing_cancels_it_is_the_rescale_rule():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 2)).double()
    for layer in (model[0], model[2]):
        nn.init.uniform_(layer.weight, 0.1, 1)
        nn.init.uniform_(layer.bias, -1, 1)
    x = torch.rand(4, 5, dtype=torch.float64)
    torch.testing.assert_close(deeplift_reveal_cancel(model, x, 1), deeplift(model, x, 1), rtol=1e-9, atol=1e-12)


def test_a_layer_that_also_goes_elsewhere_is_counted_twice():
    class Forked(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(4, 5), nn.Linear(5, 3)

        def forward(self, x):
            z = self.first(x)
            return self.second(torch.relu(z) + 0.5 * z)

    torch.manual_seed(0)
    model, x = Forked().double(), torch.randn(3, 4, dtype=torch.float64)
    found = deeplift_reveal_cancel(model, x, 1, baseline=0.2)
    assert completeness_gap(model, x, 1, found, 0.2).abs().max() <= 1e-9


def test_an_operation_without_a_rule_is_refused():
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
    with pytest.raises(UnknownOperationError, match="softmax"):
        deeplift_reveal_cancel(model, torch.randn(2, 4), 0)
