"""How relevance passes what has no weights; what LRP refuses, and how it says so."""

import pytest
import torch
from nets import net
from torch import nn
from torch.nn import functional as F

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.methods.composites import COMPOSITES, Composite
from xaiwidgets.methods.lrp import lrp, lrp_of_unit, relevance_flow
from xaiwidgets.methods.lrp_input_rules import Flat
from xaiwidgets.methods.lrp_other_rules import Proportional, WinnerTakesAll
from xaiwidgets.methods.lrp_rules import LRP0, ZPlus

close = {"rtol": 1e-9, "atol": 1e-12}


class Of(nn.Module):
    """`operation`, and the sum of what comes out as the only class."""

    def __init__(self, operation):
        super().__init__()
        self.operation = operation
        self.weights = nn.Parameter(torch.rand(64, dtype=torch.float64))

    def forward(self, x):
        out = self.operation(x).flatten(1)
        return F.linear(out, self.weights[None, : out.shape[1]])


def windows(x, size, stride):
    """Each pool of a picture: its place, and its values."""
    for row in range(0, x.shape[0] - size + 1, stride):
        for column in range(0, x.shape[1] - size + 1, stride):
            yield (row, column), x[row : row + size, column : column + size]


@pytest.mark.parametrize(
    ("rule", "shares"),
    [
        (WinnerTakesAll(), lambda pool: (pool == pool.max()).double()),
        (Proportional(), lambda pool: pool / pool.sum()),
    ],
)
def test_max_pooling(rule, shares):
    x = torch.rand(1, 1, 5, 6, dtype=torch.float64)
    model = Of(lambda x: F.max_pool2d(x, 3, stride=1))
    expected = torch.zeros(5, 6, dtype=torch.float64)
    for n, ((row, column), pool) in enumerate(windows(x[0, 0], 3, 1)):
        expected[row : row + 3, column : column + 3] += model.weights[n].detach() * pool.max() * shares(pool)
    found = lrp(model, x, 0, rules=Composite(LRP0, LRP0, pooling=rule))[0, 0]
    torch.testing.assert_close(found, expected, **close)


@pytest.mark.parametrize(
    ("operation", "power"),
    [
        (lambda x: F.avg_pool2d(x, 2), 1),
        (lambda x: F.adaptive_avg_pool2d(x, (2, 3)), 1),
        (lambda x: F.lp_pool2d(x, 3.0, 2), 3),
        (lambda x: F.lp_pool2d(x, 1.0, 2), 1),
    ],
)
def test_average_sum_and_lp_pooling_share_in_proportion(operation, power):
    x = torch.rand(1, 1, 4, 6, dtype=torch.float64)
    model = Of(operation)
    out = operation(x).flatten()
    expected = torch.zeros(4, 6, dtype=torch.float64)
    for n, ((row, column), pool) in enumerate(windows(x[0, 0], 2, 2)):
        shares = pool**power / (pool**power).sum()
        expected[row : row + 2, column : column + 2] += model.weights[n].detach() * out[n] * shares
    torch.testing.assert_close(lrp(model, x, 0, rules=LRP0)[0, 0], expected, **close)


@pytest.mark.parametrize(
    ("operation", "parts"),
    [
        (lambda a, b: a + b, lambda a, b: (a, b)),
        (lambda a, b: torch.add(a, b, alpha=3), lambda a, b: (a, 3 * b)),
        (lambda a, b: a - b, lambda a, b: (a, -b)),
        (lambda a, b: torch.rsub(a, b, alpha=2), lambda a, b: (-2 * a, b)),
        (lambda a, b: b.add_(a), lambda a, b: (a, b)),
        (lambda a, b: torch.cat([a, b], 1), lambda a, b: (a, b)),
    ],
)
def test_branches_get_what_they_gave(operation, parts):
    """Every contribution is its own relevance under LRP-0, whichever way the branches come together."""

    class Branches(Of):
        def forward(self, x):
            both = operation(*self.branches(x)).flatten(1)
            return F.linear(both, torch.ones(1, both.shape[1], dtype=x.dtype))

        def branches(self, x):
            return torch.relu(x) * 2, x.tanh()

    x = torch.randn(3, 5, dtype=torch.float64)
    given = parts(*Branches(None).branches(x))
    torch.testing.assert_close(lrp(Branches(None), x, 0, rules=LRP0), sum(given), **close)


@pytest.mark.parametrize(
    "operation", [torch.sigmoid, F.gelu, lambda x: 3 - x / 2, lambda x: x.clamp(0, 0.5), lambda x: (2 * x).pow(2)]
)
def test_constants_and_activations_pass_relevance_on(operation):
    x = torch.rand(2, 1, 3, 3, dtype=torch.float64) + 0.1
    model = Of(operation)
    expected = operation(x) * model.weights[:9].detach().view(3, 3)
    torch.testing.assert_close(lrp(model, x, 0, rules=LRP0), expected, **close)


def test_a_constant_that_repeats_a_value_gets_its_relevance_back_together():
    x = torch.rand(2, 1, 3, 3, dtype=torch.float64)
    model = Of(lambda x: x * torch.tensor([1.0, -2.0], dtype=x.dtype).view(2, 1, 1))
    weights = model.weights[:18].detach().view(2, 3, 3)
    expected = x * (weights[0] - 2 * weights[1])
    torch.testing.assert_close(lrp(model, x, 0, rules=LRP0), expected, **close)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.ModuleDict({"gate": nn.Linear(4, 4), "value": nn.Linear(4, 4)})
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.block["gate"](x).sigmoid() * self.block["value"](x))


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, arriving):
        return 2 * arriving


class Then(nn.Module):
    def __init__(self, operation):
        super().__init__()
        self.operation = operation
        self.layer = nn.Linear(4, 2)

    def forward(self, x):
        return self.operation(self.layer(x))


REFUSED = {
    "product": (Gated, (4,), r"no rule for the operation 'multiply', met in the model itself.*product of two values"),
    "two results": (lambda: Then(lambda x: x.max(1, keepdim=True)[0]), (4,), r"'max', met in the model itself"),
    "the user's own": (lambda: Then(Doubled.apply), (4,), r"'Doubled', met in the model itself. To add one"),
    "softmax": (
        lambda: nn.Sequential(nn.Linear(4, 3), nn.Softmax(1)),
        (4,),
        r"'softmax', met in layer '1'.*Explain the logits: leave the soft",
    ),
    "unknown": (
        lambda: nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.LayerNorm(4)), nn.Linear(4, 2)),
        (4,),
        r"'layer_norm', met in layer '1.0'. To add one: Composite\(…, operations=\{'layer_norm': rule\}\)",
    ),
    "batch statistics": (
        lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, track_running_stats=False)),
        (4,),
        r"batch's own statistics in layer '1'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_operation_without_a_rule_is_named_with_its_place(name):
    make, shape, message = REFUSED[name]
    with pytest.raises(UnknownOperationError, match=message):
        lrp(make(), torch.rand(3, *shape), 0)


def test_a_rule_for_another_operation_can_be_given():
    """Here LayerNorm as if it passed relevance on."""
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2, bias=False)).double()
    x = torch.rand(3, 4, dtype=torch.float64)
    rules = Composite(LRP0, LRP0, operations={"layer_norm": lambda call, relevance: (relevance,)}).without_bias()
    found = lrp(model, x, 0, rules=rules)
    torch.testing.assert_close(found.sum(1), model(x)[:, 0].detach(), **close)
    flow = relevance_flow(model, x, 0, rules=rules)
    assert [step.operation for step in flow.steps] == ["linear", "layer_norm", "linear"]


def test_layers_by_name():
    model, x, target = net("max pooling")
    by_name = COMPOSITES["EpsilonPlus"].with_layers({"0": Flat(), "3": LRP0})
    rules = [step.rule for step in relevance_flow(model, x, target, rules=by_name).steps if step.rule[0].isupper()]
    assert rules == ["Epsilon", "Epsilon", "WinnerTakesAll", "Flat"]
    inner = nn.Sequential(nn.Sequential(*model[:3]), *model[3:])
    container = COMPOSITES["EpsilonPlus"].with_layers({"0": Flat()})
    rules = [step.rule for step in relevance_flow(inner, x, target, rules=container).steps]
    assert rules[-1] == "Flat"
    assert rules.count("Flat") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rules": "EpsilonPlu"}, "rules has no composite 'EpsilonPlu'; known composites: LRP-0, .*EpsilonPlus"),
        ({"rules": ZPlus}, "rules must be the name of a composite"),
        ({"rules": 3}, "rules must be the name of a composite.*got 3"),
        (
            {"rules": Composite(LRP0, LRP0, layers={"fetures": LRP0})},
            "rules has no layer 'fetures'; near names: features",
        ),
        ({"through": {"features.9": 0}}, "through has no layer 'features.9'; near names: features"),
        (
            {"through": {"features.0": 7}},
            r"through\['features.0'\] must be an index into an output of shape \(4, .*got 7",
        ),
        ({"through": {"features.0": torch.ones(2, dtype=torch.bool)}}, r"mask of shape \(4, .*got \(2,\)"),
        ({"target": 3}, "target must be a class index from 0 to 2, got 3"),
    ],
)
def test_bad_arguments_get_a_clear_error(arguments, message):
    plain, x, _ = net("max pooling")
    model = nn.Sequential()
    model.add_module("features", plain[:5])
    model.add_module("head", plain[5:])
    with pytest.raises((ValueError, TypeError), match=message):
        lrp(model, x, **{"target": 0, **arguments})


def test_a_filter_that_nothing_passes_is_said():
    model, x, target = net("skip, BatchNorm, reused ReLU")
    with pytest.raises(ValueError, match=r"no relevance passes the output of layer 'stem'.*merged"):
        lrp(model, x, target, through={"stem": 0})
    parts = [lrp(model, x, target, through={"norm": channel}) for channel in range(4)]
    torch.testing.assert_close(sum(parts), lrp(model, x, target), **close)
    with pytest.raises(ValueError, match="unit must be an index into an output of shape"):
        lrp_of_unit(model, x, "norm", (9, 0, 0))
