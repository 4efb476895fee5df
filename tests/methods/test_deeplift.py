"""DeepLIFT's Rescale rule: its laws, and a literal re-implementation neuron by neuron."""

import pytest
import torch
from nets import NETS, net, snapshot
from torch import nn
from torch.nn import functional as F

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.gradients import gradient_x_input, integrated_gradients


def risen(model, x, baseline, target):
    with torch.no_grad():
        return (model(x.clone()) - model(baseline.clone())).gather(1, target[:, None])[:, 0]


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("baseline", [None, 0.3, "random"])
def test_it_is_complete(name, baseline):
    model, x, target = net(name)
    if baseline == "random":
        baseline = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(3))
    found = deeplift(model, x, target, baseline=baseline).flatten(1).sum(1)
    reference = torch.zeros_like(x) if baseline is None else torch.as_tensor(baseline, dtype=x.dtype).expand(x.shape)
    torch.testing.assert_close(found, risen(model, x, reference, target), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", NETS)
def test_it_leaves_the_model_and_the_input_as_they_are(name):
    model, x, target = net(name)
    before, given = snapshot(model), x.clone()
    first = deeplift(model, x, target, baseline=0.1)
    assert snapshot(model) == before
    assert torch.equal(x, given)
    assert torch.equal(deeplift(model, x, target, baseline=0.1), first)


def literal(weights, biases, x, x0, c):
    """The chain rule (equation 3) and the Rescale rule for dense layers with ReLUs between, one neuron at a time."""
    before, after = [], []
    for values in (before, after):
        a = x0 if values is before else x
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = [sum(w[j][i] * a[i] for i in range(len(a))) + b[j] for j in range(len(w))]
            values.append((a, z))
            a = [max(0.0, v) for v in z] if layer < len(weights) - 1 else z
    multipliers = [float(j == c) for j in range(len(weights[-1]))]
    for layer in reversed(range(len(weights))):
        if layer < len(weights) - 1:
            pairs = zip(after[layer][1], before[layer][1], multipliers, strict=True)
            multipliers = [m * (max(0, z) - max(0, z0)) / (z - z0) for z, z0, m in pairs]
        columns = range(len(weights[layer][0]))
        multipliers = [sum(weights[layer][j][i] * m for j, m in enumerate(multipliers)) for i in columns]
    return [m * (a - a0) for m, a, a0 in zip(multipliers, x, x0, strict=True)]


def test_it_equals_the_papers_equations_neuron_by_neuron():
    model, x, target = net("dense")
    baseline = torch.linspace(-1, 1, 7, dtype=x.dtype)
    weights = [layer.weight.tolist() for layer in model if isinstance(layer, nn.Linear)]
    biases = [layer.bias.tolist() for layer in model if isinstance(layer, nn.Linear)]
    expected = [literal(weights, biases, a.tolist(), baseline.tolist(), int(c)) for a, c in zip(x, target, strict=True)]
    found = deeplift(model, x, target, baseline=baseline)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=x.dtype), rtol=1e-11, atol=1e-13)


def test_max_pooling_gives_the_rise_to_who_made_it():
    """Windows of two: the maximum rises at x's place, falls from the baseline's, or moves."""
    model = nn.Sequential(nn.MaxPool1d(2), nn.Flatten(), nn.Linear(4, 1, bias=False)).double()
    nn.init.constant_(model[2].weight, 2.0)
    x = torch.tensor([[[3.0, 1.0, 0.0, 1.0, 5.0, 0.0, 2.0, 2.0]]], dtype=torch.float64)
    baseline = torch.tensor([[[1.0, 2.0, 4.0, 1.0, 0.0, 5.0, 2.0, 2.0]]], dtype=torch.float64)
    expected = torch.tensor([[[2.0, 0, -6, 0, 0, 0, 0, 0]]], dtype=torch.float64)
    torch.testing.assert_close(deeplift(model, x, 0, baseline=baseline), expected)


class Overlapping(nn.Module):
    """Overlapping, padded and dilated windows, a maximum over a dimension, and several activations."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 5, 3), nn.Conv2d(5, 4, 2)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = F.max_pool2d(torch.tanh(self.first(x)), 3, stride=2, padding=1, ceil_mode=True)
        x = torch.div(3, F.gelu(self.second(x)).square() + 1) * 3 - 1
        return self.head(F.leaky_relu(x.amax((2, 3)), 0.2)).sigmoid()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_overlapping_windows_and_smooth_activations_are_complete(dtype):
    torch.manual_seed(0)
    model, x = Overlapping().to(dtype), torch.randn(4, 2, 9, 8, dtype=dtype)
    target = torch.tensor([0, 1, 2, 0])
    found = deeplift(model, x, target, baseline=0.2).flatten(1).sum(1)
    expected = risen(model, x, torch.full_like(x, 0.2), target)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 if dtype == torch.float32 else 1e-9)


def test_of_a_linear_model_it_is_gradient_times_difference():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(27, 4)).double()
    x = torch.randn(2, 2, 9, 8, dtype=torch.float64)
    torch.testing.assert_close(deeplift(model, x, 1), gradient_x_input(model, x, 1), rtol=1e-12, atol=1e-14)
    found = deeplift(model, x, 1, baseline=0.5)
    expected = integrated_gradients(model, x, 1, baseline=0.5, steps=1)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


def test_where_an_activation_does_not_move_it_passes_on_its_slope():
    """The second input's activation is the same at both ends, yet its multiplier must be finite, and no noise."""
    model = nn.Sequential(nn.Tanh(), nn.Linear(2, 1, bias=False)).double()
    x = torch.tensor([[1.0, 0.7]], dtype=torch.float64)
    near = torch.tensor([[0.2, 0.7 * (1 - 1e-14)]], dtype=torch.float64)
    expected = model[1].weight[0] * torch.stack(
        [torch.tanh(x[0, 0]) - torch.tanh(near[0, 0]), (1 - torch.tanh(x[0, 1]) ** 2) * (x - near)[0, 1]]
    )
    torch.testing.assert_close(deeplift(model, x, 0, baseline=near)[0], expected.detach(), rtol=1e-9, atol=0)
    assert torch.equal(deeplift(model, x, 0, baseline=x), torch.zeros_like(x))


def test_a_batch_equals_its_inputs_one_by_one_across_pieces(monkeypatch):
    model, x, target = net("max pooling")
    expected = torch.cat([deeplift(model, x[i : i + 1], target[i : i + 1], baseline=0.1) for i in range(3)])
    monkeypatch.setattr("xaiwidgets.methods.slopes.VALUES_AT_ONCE", 2 * x[0].numel())
    torch.testing.assert_close(deeplift(model, x, target, baseline=0.1), expected, rtol=1e-12, atol=1e-14)


class Using(nn.Module):
    """A net whose layer `inner` runs a function that has no rule."""

    def __init__(self, function):
        super().__init__()
        self.first, self.inner = nn.Linear(5, 4), nn.Identity()
        self.inner.register_forward_hook(lambda module, given, output: function(output))

    def forward(self, x):
        return self.inner(self.first(x))


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda x: x.softmax(1), "'softmax'.*leave out the softmax"),
        (lambda x: x * x.sigmoid(), "'multiply'.*both depend on x"),
        (lambda x: x.cumsum(1), "cumsum"),
        (lambda x: 1 / (x.square() + 1), "integrated_gradients"),
        (lambda x: F.layer_norm(x, (4,)), "'layer_norm'"),
    ],
)
def test_an_operation_without_a_rule_is_refused_by_name(function, named):
    model, x = Using(function), torch.randn(2, 5)
    with pytest.raises(UnknownOperationError, match=named) as raised:
        deeplift(model, x, 0)
    assert "in layer 'inner'" in str(raised.value)


class Branching(nn.Module):
    def forward(self, x):
        return F.relu(F.relu(x)) if x.sum() > 0 else F.softplus(x)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"target": 9}, "target"),
        ({"baseline": torch.zeros(4)}, "baseline"),
        ({"baseline": float("nan")}, "baseline"),
        ({"x": torch.zeros(2, 7, dtype=torch.int64)}, "x must"),
    ],
)
def test_bad_arguments_are_named(arguments, named):
    model, x, _ = net("dense")
    with pytest.raises((TypeError, ValueError), match=named):
        deeplift(**{"model": model, "x": x, "target": 0} | arguments)


def test_a_forward_that_depends_on_values_is_refused():
    with pytest.raises(ValueError, match="same operations"):
        deeplift(Branching(), torch.ones(1, 3), 0, baseline=-1.0)


class OwnFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.exp()

    @staticmethod
    def backward(ctx, arriving):
        return arriving


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda x: torch.where(x > 0.5, x, 0 * x), "sum misses"),
        (lambda x: F.dropout(x, 0.5, training=True), "sum misses"),
        (OwnFunction.apply, "own function 'OwnFunction'"),
    ],
)
def test_what_no_rule_sees_does_not_pass_in_silence(function, named):
    torch.manual_seed(0)
    model, x = Using(function), 3 * torch.randn(4, 5)
    with pytest.raises(UnknownOperationError, match=named):
        deeplift(model, x, 0)


def test_a_constant_model_has_no_contributions():
    class Constant(nn.Module):
        def forward(self, x):
            return torch.ones(len(x), 2) + 0 * x[:, :2]

    assert torch.equal(deeplift(Constant(), torch.randn(2, 3), 0), torch.zeros(2, 3))
