import threading

import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop
from nets import NETS, net, snapshot
from torch import nn
from torch.nn import functional as F

from xaiwidgets.backward import RELU_RULES, backward_rules


def attribution(model, x, target, rule):
    x = x.clone().requires_grad_()
    with backward_rules({"relu": RELU_RULES[rule]}):
        scores = model(x.clone()).gather(1, target[:, None])
    return torch.autograd.grad(scores.sum(), x)[0]


LITERAL = {
    "gradient": lambda z, r: r * (z > 0),
    "guided": lambda z, r: r * (z > 0) * (r > 0),
    "deconvolution": lambda z, r: r * (r > 0),
}


@pytest.mark.parametrize("rule", RELU_RULES)
def test_rules_equal_their_formula_neuron_by_neuron(rule):
    weights = [torch.randn(size, dtype=torch.float64) for size in ((5, 4), (5, 5), (1, 5))]
    x = torch.randn(4, dtype=torch.float64)
    z1 = weights[0] @ x
    z2 = weights[1] @ z1.clamp(min=0)
    arriving = LITERAL[rule](z2, weights[2][0])
    expected = LITERAL[rule](z1, weights[1].T @ arriving) @ weights[0]

    def model(batch):
        return F.relu(F.relu(batch @ weights[0].T) @ weights[1].T) @ weights[2].T

    found = attribution(model, x[None], torch.tensor([0]), rule)
    assert torch.allclose(found[0], expected, rtol=1e-12)


@pytest.mark.parametrize("name", NETS)
def test_plain_rule_is_the_gradient(name):
    model, x, target = net(name)
    leaf = x.clone().requires_grad_()
    expected = torch.autograd.grad(model(leaf.clone()).gather(1, target[:, None]).sum(), leaf)[0]
    assert torch.equal(attribution(model, x, target, "gradient"), expected)


class Spelled(nn.Module):
    """One net, its ReLUs spelled in different ways."""

    def __init__(self, spelling):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)])
        self.head = nn.Linear(4, 3)
        self.spelling = spelling
        self.module = nn.ReLU()
        self.in_place = nn.ReLU(inplace=True)

    def forward(self, x):
        for layer in self.layers:
            x = SPELLINGS[self.spelling](self, layer(x))
        return self.head(x.mean((2, 3)))


def _ignoring_the_result(model, z):
    z.relu_()
    return z


SPELLINGS = {
    "reused module": lambda model, z: model.module(z),
    "reused in-place module": lambda model, z: model.in_place(z),
    "F.relu": lambda model, z: F.relu(z),
    "F.relu(inplace)": lambda model, z: F.relu(z, inplace=True),
    "torch.relu": lambda model, z: torch.relu(z),
    "Tensor.relu_": lambda model, z: z.relu_(),
    "in place, result ignored": _ignoring_the_result,
    "clamp": lambda model, z: z.clamp(min=0),
    "clamp(input=)": lambda model, z: torch.clamp(input=z, min=0),
    "clip": lambda model, z: z.clip(min=0),
    "clip_": lambda model, z: torch.clip_(z, 0),
    "clamp_min_": lambda model, z: torch.clamp_min_(z, 0),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(("rule", "reference"), [("guided", GuidedBackprop), ("deconvolution", Deconvolution)])
@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU activations")
def test_every_spelling_of_relu_gives_the_map_of_captum(spelling, rule, reference):
    torch.manual_seed(3)
    model = Spelled("reused module").double()
    modules = nn.Sequential(
        model.layers[0], nn.ReLU(), model.layers[1], nn.ReLU(), model.layers[2], nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), model.head,
    )  # fmt: skip
    x = torch.randn(2, 2, 9, 8, dtype=torch.float64)
    target = torch.tensor([0, 2])
    expected = reference(modules).attribute(x.clone().requires_grad_(), target=target).detach()
    model.spelling = spelling
    found = attribution(model, x, target, rule)
    assert torch.allclose(found, expected, rtol=1e-10, atol=1e-14)
    plain = attribution(model, x, target, "gradient")
    assert not torch.allclose(found, plain, rtol=1e-2)


def test_a_clamp_that_is_no_relu_keeps_its_gradient():
    x = torch.tensor([[-1.0, 0.5, 2.0]], requires_grad=True)
    with backward_rules({"relu": RELU_RULES["deconvolution"]}):
        y = x.clamp(min=0, max=1).sum() + x.clamp(min=0.25).sum()
    assert torch.autograd.grad(y, x)[0].tolist() == [[0, 2, 1]]


def test_a_rule_sees_which_operation_it_serves():
    seen = []

    def spy(call, arriving):
        seen.append((call.operation, call.index, call.inputs[0].tolist(), call.output.tolist()))
        return (arriving,)

    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    with backward_rules({"relu": spy}):
        y = F.relu(-F.relu(x))
    torch.autograd.grad(y.sum(), x)
    assert seen == [("relu", 1, [0, -2], [0, 0]), ("relu", 0, [-1, 2], [0, 2])]


def test_nothing_stays_behind_and_other_threads_are_not_touched():
    model, x, target = net("functional ReLU")
    before = snapshot(model)
    plain = attribution(model, x, target, "gradient")
    elsewhere = []

    def plain_gradient():
        leaf = x.clone().requires_grad_()
        score = model(leaf).gather(1, target[:, None]).sum()
        elsewhere.append(torch.autograd.grad(score, leaf)[0])

    with backward_rules({"relu": RELU_RULES["guided"]}):
        thread = threading.Thread(target=plain_gradient)
        thread.start()
        thread.join()
    plain_gradient()
    assert torch.equal(elsewhere[0], plain)
    assert torch.equal(elsewhere[1], plain)
    assert snapshot(model) == before


def test_an_unknown_operation_lists_the_known_ones():
    with (
        pytest.raises(ValueError, match=r"no operation 'softplus'; known operations: activation, .*relu"),
        backward_rules({"softplus": None}),
    ):
        pass


def test_one_constant_operand_makes_an_operation_of_one_value():
    def model(x):
        return torch.div(2, x) + 3 * x - x / 4

    x = torch.rand(1, 3) + 1
    told = [(call.operation, len(call.inputs)) for call in _calls(model, x)]
    assert told == [("activation", 1), ("scale", 1), ("add", 2), ("scale", 1), ("add", 2)]


def _calls(model, x):
    met = []

    def passing(call, arriving):
        met.append(call)
        return tuple(arriving for _ in call.inputs)

    with backward_rules(dict.fromkeys(("activation", "scale", "add"), passing)):
        output = model(x.clone().requires_grad_())
    output.sum().backward()
    return met[::-1]


def _then(write):
    def model(x):
        y = F.relu(x)
        write(y)
        return y * 2

    return model


@pytest.mark.parametrize(
    "write",
    [
        lambda y: y.add_(1),
        lambda y: y.__iadd__(1),
        lambda y: y.__setitem__((slice(None), 0), 7.0),
        lambda y: F.elu(y, 1.0, True),
        lambda y: y.view(-1).sub_(3),
    ],
)
def test_an_operation_that_overwrites_what_a_rule_keeps_changes_no_explanation(write):
    x = torch.tensor([[-1.0, 2.0], [3.0, -4.0]])
    leaf = x.clone().requires_grad_()
    with backward_rules({"relu": RELU_RULES["guided"]}):
        output = _then(write)(leaf)
    found = torch.autograd.grad(output[:, 1].sum(), leaf)[0]
    slope = 2 * torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    assert torch.equal(found, slope)
