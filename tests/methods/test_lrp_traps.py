"""Ways of writing a model that could mislead LRP without an error, and what it holds on to."""

import gc

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.calls import Call
from xaiwidgets.interception import Interception
from xaiwidgets.methods.composites import COMPOSITES, Composite
from xaiwidgets.methods.gradients import gradient_x_input
from xaiwidgets.methods.guided_backprop import guided_backpropagation
from xaiwidgets.methods.lrp import lrp, relevance_flow
from xaiwidgets.methods.lrp_input_rules import Flat
from xaiwidgets.methods.lrp_rules import LRP0

close = {"rtol": 1e-9, "atol": 1e-12}


class Written(nn.Module):
    """A model whose forward is `forward(self, x)`, with seeded parts."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.written = forward
        with torch.random.fork_rng():
            torch.manual_seed(4)
            for name, part in parts.items():
                setattr(self, name, part())

    def forward(self, x):
        return self.written(self, x)


def dense(before, after, bias=True):
    return lambda: nn.Linear(before, after, bias).double()


def conv(before, after):
    return lambda: nn.Conv2d(before, after, 3, padding=1).double()


def norm():
    made = nn.BatchNorm2d(3).double().eval()
    nn.init.normal_(made.running_mean)
    return made


def seeded(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def _alive():
    gc.collect()
    return sum(issubclass(type(each), Call | Interception) for each in gc.get_objects())


def test_nothing_is_kept_after_an_explanation_or_a_refusal():
    layers = [nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(True), nn.Conv2d(3, 3, 3), nn.ReLU(True), nn.Flatten()]
    model = nn.Sequential(*layers, nn.Linear(3 * 16, 3)).eval()
    before, x = _alive(), torch.rand(2, 2, 8, 8)
    refused = nn.Sequential(*layers, nn.Linear(3 * 16, 3), nn.LayerNorm(3), nn.Linear(3, 3))
    for _ in range(3):
        lrp(model, x, 0)
        relevance_flow(model, x, 0, rules="EpsilonGammaBox")
        guided_backpropagation(model, x, 0)
        with pytest.raises(UnknownOperationError):
            lrp(refused, x, 0)
    assert _alive() <= before  # what earlier tests kept may be gone by now


@pytest.mark.parametrize("make", [torch.jit.script, lambda net: nn.Sequential(net, torch.jit.script(nn.Identity()))])
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_torchscript_is_refused(make):
    model = make(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    for method in (lrp, guided_backpropagation):
        with pytest.raises((UnknownOperationError, TypeError), match=r"TorchScript|cannot be copied"):
            method(model, torch.rand(2, 4), 0)


def test_vmap_is_refused():
    model = Written(
        lambda self, x: torch.vmap(lambda each: self.b(torch.relu(self.a(each))))(x), a=dense(6, 5), b=dense(5, 3)
    )
    for method in (lrp, guided_backpropagation):
        with pytest.raises(UnknownOperationError, match=r"torch\.vmap"):
            method(model, seeded(3, 6), 0)


def test_weights_computed_from_the_input_are_a_product():
    model = Written(lambda self, x: self.b(F.linear(self.a(x), self.c(x))), a=dense(6, 5), c=dense(6, 5), b=dense(3, 3))
    with pytest.raises(UnknownOperationError, match="'multiply'"):
        lrp(model, seeded(3, 6), 0)


def _cut(h):
    h[..., 4:] = 0
    return h


@pytest.mark.parametrize(
    "change", [_cut, lambda h: h.masked_fill_(torch.arange(8) > 3, 0), lambda h: (h[:, 0].mul_(3), h)[1]]
)
def test_a_normalization_is_not_merged_over_a_change(change):
    """A pixel that the score does not depend on has no relevance, whatever happens between layer and BatchNorm."""

    def forward(self, x):
        return self.head(torch.relu(self.norm(change(self.conv(x)))).flatten(1))

    model = Written(forward, conv=conv(1, 3), norm=norm, head=dense(3 * 64, 2)).eval()
    x = seeded(2, 1, 8, 8)
    found = lrp(model, x, 0, rules="LRP-0")
    reached = gradient_x_input(model, x, 0) != 0
    assert not found[~reached].any()
    parts = {"conv": conv(1, 3), "norm": norm, "head": dense(3 * 64, 2)}
    merged = Written(lambda self, x: self.head(torch.relu(self.norm(self.conv(x))).flatten(1)), **parts).eval()
    torch.testing.assert_close(lrp(merged, x, 0, rules="LRP-0"), gradient_x_input(merged, x, 0), **close)


def test_an_in_place_sum_with_itself():
    def forward(self, x):
        h = self.a(x)
        h += h
        return self.b(torch.relu(h))

    model = Written(forward, a=dense(6, 5, bias=False), b=dense(5, 3, bias=False))
    x = seeded(4, 6)
    torch.testing.assert_close(lrp(model, x, 0, rules="LRP-0"), gradient_x_input(model, x, 0), **close)


@pytest.mark.parametrize("length", [5, 7])
def test_batchnorm_over_the_places_of_a_sequence_is_not_merged(length):
    model = Written(
        lambda self, x: self.head(torch.relu(self.norm(self.a(x))).flatten(1)),
        a=dense(6, 5, bias=False), norm=lambda: nn.BatchNorm1d(length).double().eval(),
        head=dense(5 * length, 2, bias=False),
    ).eval()  # fmt: skip
    x = seeded(3, length, 6)
    found = lrp(model, x, 0, rules="LRP-0")
    torch.testing.assert_close(found.flatten(1).sum(1), model(x)[:, 0].detach(), rtol=1e-6, atol=1e-9)


def test_a_rule_serves_also_where_values_come_by_keyword_or_in_a_list():
    def forward(self, x):
        h = F.layer_norm(input=self.a(x), normalized_shape=(5,))
        return torch.einsum("ni,oi->no", [h, self.b.weight])

    model = Written(forward, a=dense(6, 5, bias=False), b=dense(5, 3))
    asked = []

    def rule(call, relevance):
        asked.append(call.operation)
        return (relevance if call.operation == "layer_norm" else relevance @ model.b.weight * call.inputs[0],)

    lrp(model, seeded(3, 6), 0, rules=Composite(LRP0, LRP0, operations={"layer_norm": rule, "einsum": rule}))
    assert asked == ["einsum", "layer_norm"]
    several = Written(lambda self, x: self.a(x).max(1, keepdim=True)[0], a=dense(6, 5))
    with pytest.raises(UnknownOperationError, match="'max' returns several results"):
        lrp(several, seeded(3, 6), 0, rules=Composite(LRP0, LRP0, operations={"max": rule}))


@pytest.mark.parametrize(
    ("forward", "first"),
    [
        (lambda self, x: self.sum_of(*x.chunk(2, 1)), 2),
        (lambda self, x: self.sum_of(x[:, :1], x=x[:, 1:]), 2),
        (lambda self, x: self.of_two(torch.cat([x[:, :1], torch.ones_like(x[:, :1])], 1)), 1),
        (lambda self, x: self.of_two(F.avg_pool2d(x, 2, 1, 1)[:, :, 1:, 1:]), 1),
        (lambda self, x: self.of_two(F.pad(input=(x - 0.5) / 0.2, pad=(1, 1, 0, 0))[..., 1:-1]), 1),
    ],
)
def test_the_first_layer_is_found(forward, first):
    class Model(Written):
        def sum_of(self, a, x):
            return self.head(torch.relu(self.a(a) + self.b(x)).flatten(1))

        def of_two(self, x):
            return self.head(torch.relu(self.c(x)).flatten(1))

    model = Model(forward, a=conv(1, 2), b=conv(1, 2), c=conv(2, 2), head=dense(2 * 64, 2))
    x = seeded(2, 2, 8, 8).sigmoid()
    steps = relevance_flow(model, x, 0, rules="EpsilonGammaBox").steps
    assert [step.rule for step in steps].count("ZBox") == first


def test_a_tensor_that_was_written_to_is_no_input_any_more():
    def forward(self, x):
        h = x * 1.0
        h[..., :4] = 9.0
        return self.head(torch.relu(self.c(h)).flatten(1))

    model = Written(forward, c=conv(2, 2), head=dense(2 * 64, 2))
    with pytest.raises(ValueError, match="rule for the first layer, but no layer with weights sees the model's input"):
        lrp(model, seeded(2, 2, 8, 8).sigmoid(), 0, rules="DeepTaylor")


@pytest.mark.parametrize("name", ["norm", "relu"])
def test_a_rule_that_serves_no_layer_is_said(name):
    parts = {"conv": nn.Conv2d(1, 3, 3), "norm": nn.BatchNorm2d(3), "relu": nn.ReLU(), "flat": nn.Flatten()}
    model = nn.Sequential()
    for key, part in {**parts, "head": nn.LazyLinear(2)}.items():
        model.add_module(key, part)
    model.eval()(torch.rand(1, 1, 6, 6))
    with pytest.raises(ValueError, match=rf"rules: nothing that takes a rule passes relevance in layer '{name}'"):
        lrp(model, torch.rand(1, 1, 6, 6), 0, rules=COMPOSITES["Epsilon"].with_layers({name: Flat()}))


def test_dropout_that_runs_in_evaluation_multiplies_no_relevance():
    model = Written(
        lambda self, x: self.b(F.dropout(self.a(x), 0.5, True)), a=dense(6, 50, False), b=dense(50, 2, False)
    )
    torch.manual_seed(0)
    flow = relevance_flow(model, seeded(3, 6), 0, rules="LRP-0")
    torch.testing.assert_close(flow.relevance.sum(1), flow.start.sum(1), **close)


def test_layers_without_a_batch_axis_and_with_one_row_of_weights():
    single = Written(lambda self, x: self.head(torch.relu(self.c(x.squeeze(0))).flatten()[None]), c=conv(2, 2),
                     head=dense(2 * 64, 2, False))  # fmt: skip
    x = seeded(1, 2, 8, 8)
    torch.testing.assert_close(lrp(single, x, 0, rules="LRP-0"), gradient_x_input(single, x, 0), **close)
    rows = Written(
        lambda self, x: torch.stack([F.linear(self.a(x), w) for w in self.b.weight], 1), a=dense(3, 3), b=dense(3, 2)
    )
    x = seeded(3, 3)
    torch.testing.assert_close(lrp(rows, x, 0, rules="LRP-0"), gradient_x_input(rows, x, 0), **close)
