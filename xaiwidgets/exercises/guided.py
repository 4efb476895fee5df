"""Exercises of notebook 07, Guided backpropagation. `z` is a ReLU's pre-activation, `r` what arrives from above."""

import torch
from torch import nn

from ..methods.guided_backprop import backpropagation
from .exercise import Exercise
from .laws import expect
from .nets import convnet, mlp, normal

# --- 07.1 the guided rule -------------------------------------------------------------------------------------------


def guided_rule(z, r):
    """What one ReLU passes down in guided backpropagation.

    z is the pre-activation of each neuron, r what arrives at it from above; both have the same shape.
    Returns what is passed down, of that shape.
    """
    return r * (z > 0) * (r > 0)


def _like_z(z, r):
    return z.shape


def forward_gate_only(z, r):
    """This is the gradient: it passes on what arrives where z > 0. Guided backpropagation also asks for r > 0."""
    return r * (z > 0)


def backward_gate_only(z, r):
    """This is deconvolution: it passes on positive r, whatever z was. Guided backpropagation also asks for z > 0."""
    return r * (r > 0)


def gate_by_the_product(z, r):
    """You ask for z * r > 0, which also holds where both are negative: each of the two has to be positive."""
    return r * (z * r > 0)


def gates_themselves(z, r):
    """Your result is the gate, 1 or 0. What passes through an open gate is r."""
    return ((z > 0) & (r > 0)).to(z)


def activation_through_the_gates(z, r):
    """You pass on z, the way the forward pass does. On the way back it is r that passes the gates."""
    return z * (z > 0) * (r > 0)


def closed_gates_opened(z, r):
    """Your gates are the wrong way round: z <= 0 or r <= 0 closes a gate, and then nothing passes."""
    return r * ((z < 0) | (r < 0))


def negatives_made_positive(z, r):
    """You take the absolute value of a negative r. Guided backpropagation passes nothing where r is negative."""
    return r.abs() * (z > 0)


def _four_corners():
    z, r = torch.meshgrid(torch.linspace(-2, 2, 9), torch.linspace(-3, 3, 9), indexing="ij")
    return z.double(), r.double()


def forward_gate(student):
    """nothing passes where the pre-activation is zero or negative"""
    z, r = -normal(31, 40).abs(), normal(32, 40)
    z[:3] = 0
    expect(student(z, r), torch.zeros_like(r), "Where z <= 0, the result")


def backward_gate(student):
    """nothing passes where what arrives is zero or negative"""
    z, r = normal(33, 40).abs() + 0.1, -normal(34, 40).abs()
    expect(student(z, r), torch.zeros_like(r), "Where z > 0 and r <= 0, the result")


def open_gates(student):
    """where both are positive, what arrives is passed on as it is"""
    z, r = normal(35, 4, 10).abs() + 0.1, normal(36, 4, 10).abs()
    expect(student(z, r), r, "Where z > 0 and r > 0, the result")


GUIDED_RULE = Exercise(
    id="07.1",
    title="The guided rule",
    task="Write guided_rule: what a ReLU with pre-activation z passes down of r, what arrives from above.",
    solution=guided_rule,
    cases=lambda: [_four_corners(), (normal(37, 30), normal(38, 30))],
    laws=(forward_gate, backward_gate, open_gates),
    shape=_like_z,
    hints=(
        "There are two gates, and both have to be open. One is the forward pass's, one is new.",
        "(z > 0) is a tensor of True and False; multiplied with a number it is 1 or 0.",
        "The gradient is r * (z > 0). Multiply by one more gate, made of r.",
    ),
    wrong=(
        forward_gate_only,
        backward_gate_only,
        gate_by_the_product,
        gates_themselves,
        activation_through_the_gates,
        closed_gates_opened,
        negatives_made_positive,
    ),
)

# --- 07.2 guided backpropagation of a net ---------------------------------------------------------------------------


class GivenReLU:
    """A net of modules whose ReLUs are a function that the caller gives: `f(x, relu)`."""

    def __init__(self, model: nn.Sequential):
        self.model = model

    def __call__(self, x, relu):
        """Scores (N, K) of x (N, ...)."""
        for part in self.model:
            x = relu(x) if isinstance(part, nn.ReLU) else part(x)
        return x


def guided(f, x, c):
    """The guided backpropagation map of class c.

    f(x, relu) gives scores (N, K) for x (N, ...) and calls relu(z) wherever it needs a ReLU; c is a
    class index. Returns a tensor of x's shape.
    """

    def relu(z):
        a = z.clamp(min=0)
        a.register_hook(lambda r: r.clamp(min=0))  # the gate of what arrives; autograd has the gate of z
        return a

    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x, relu)[:, c].sum(), x)[0]


def _like_x(f, x, c):
    return x.shape


def _explained(f, x, c, relu):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x, relu)[:, c].sum(), x)[0]


def _gated(gate):
    """A ReLU of which `gate` changes what arrives, before autograd's own gate."""

    def relu(z):
        a = z.clamp(min=0)
        a.register_hook(gate)
        return a

    return relu


def plain_gradient(f, x, c):
    """This is the gradient: nothing stops what arrives with a negative sign. Hold it back at every ReLU."""
    return _explained(f, x, c, torch.relu)


def clamped_at_the_end(f, x, c):
    """You cut the finished gradient at zero. The negative part has to be held back at every ReLU, on the way."""
    return plain_gradient(f, x, c).clamp(min=0)


def absolute_on_the_way(f, x, c):
    """You take the absolute value at each ReLU: what speaks against the class then counts in its favour."""
    return _explained(f, x, c, _gated(lambda r: r.abs()))


def negative_part_kept(f, x, c):
    """You keep what arrives with a negative sign and drop the rest: it is the other way round."""
    return _explained(f, x, c, _gated(lambda r: r.clamp(max=0)))


def only_the_last_relu(f, x, c):
    """Only one ReLU has the guided rule: the hook belongs into every call of relu."""
    calls = []

    def relu(z):
        calls.append(z)
        return _gated(lambda r: r.clamp(min=0))(z) if len(calls) == 1 else torch.relu(z)

    return _explained(f, x, c, relu)


def guided_of_all_classes(f, x, c):
    """You send all classes down at once: choose column c of the scores first."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x, _gated(lambda r: r.clamp(min=0))).sum(), x)[0]


def hidden_nets(rule):
    """The hidden nets of 07.2 and 07.3: name, what a student's function is called with, and the right map."""
    for seed, make, shape, c, name in (
        (41, mlp, (3, 6), 2, "hidden dense net"),
        (43, convnet, (2, 1, 5, 4), 1, "hidden convolutional net"),
    ):
        model, x = make(seed), normal(seed + 1, *shape)
        yield name, (GivenReLU(model), x, c), backpropagation(model, x, c, rule=rule)


def positive_net(seed):
    """A dense net whose weights and inputs are positive: every gate is open."""
    model = mlp(seed)
    for weight in model.parameters():
        weight.abs_()
    return model, normal(seed + 1, 3, 6).abs()


def neuron_by_neuron(student):
    """the guided rule at every ReLU of a hidden dense net and a hidden convolutional net"""
    for name, case, wanted in hidden_nets("guided"):
        expect(student(*case), wanted, f"The map of a {name}")


def open_everywhere(student):
    """where no gate closes, the map is the gradient"""
    model, x = positive_net(45)
    wanted = (model[4].weight @ model[2].weight @ model[0].weight)[1].expand_as(x)
    expect(student(GivenReLU(model), x, 1), wanted, "The map of a hidden net with positive weights and inputs")


GUIDED = Exercise(
    id="07.2",
    title="Guided backpropagation of a net",
    task="Write guided: the map of class c when every ReLU of f passes down by the guided rule.",
    solution=guided,
    cases=lambda: [case for _, case, _ in hidden_nets("guided")] + [(GivenReLU(mlp(47)), normal(48, 4, 6), 3)],
    laws=(neuron_by_neuron, open_everywhere),
    shape=_like_x,
    hints=(
        "You decide what a ReLU is: write a function relu(z), and give it to f. Forward it has to stay a ReLU.",
        "a.register_hook(g) lets g change what arrives at the tensor a on the way back, before it goes on.",
        "autograd already has the gate of z. The hook needs the other one: lambda r: r.clamp(min=0).",
        "Then as for the gradient: torch.autograd.grad(f(x, relu)[:, c].sum(), x)[0], x requiring a gradient.",
    ),
    wrong=(
        plain_gradient,
        clamped_at_the_end,
        absolute_on_the_way,
        negative_part_kept,
        only_the_last_relu,
        guided_of_all_classes,
    ),
)

# --- 07.3 deconvolution ---------------------------------------------------------------------------------------------


def deconvolution(f, x, c):
    """The deconvolution map of class c.

    f(x, relu) gives scores (N, K) for x (N, ...) and calls relu(z) wherever it needs a ReLU; c is a
    class index. Returns a tensor of x's shape.
    """

    def relu(z):
        a = z + (z.clamp(min=0) - z).detach()  # forward a ReLU, backward no gate of z
        a.register_hook(lambda r: r.clamp(min=0))
        return a

    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x, relu)[:, c].sum(), x)[0]


def _ungated(gate):
    """A ReLU without the gate of z on the way back, and `gate` for what arrives."""

    def relu(z):
        a = z + (z.clamp(min=0) - z).detach()
        a.register_hook(gate)
        return a

    return relu


def both_gates(f, x, c):
    """This is guided backpropagation: your ReLU still has the gate of z. Deconvolution asks only whether r > 0."""
    return _explained(f, x, c, _gated(lambda r: r.clamp(min=0)))


def no_gate(f, x, c):
    """Nothing is held back any more. Deconvolution drops the gate of z, but what arrives has to be positive."""
    return _explained(f, x, c, _ungated(lambda r: r))


def gate_of_z_only(f, x, c):
    """This is the gradient: its gate is z > 0. Deconvolution has the gate r > 0 in its place."""
    return _explained(f, x, c, torch.relu)


def deconvolution_clamped(f, x, c):
    """You cut the map itself at zero, too. There is no ReLU at the input: negative values stay."""
    return deconvolution(f, x, c).clamp(min=0)


def linear_forward(f, x, c):
    """Your relu returns z also where z is negative: your net computes other scores than f. Forward it stays a ReLU."""

    def relu(z):
        a = z * 1
        a.register_hook(lambda r: r * (z > 0))
        return a

    return _explained(f, x, c, relu)


def deconvolution_times_input(f, x, c):
    """You multiply the map by x. Deconvolution shows what arrives at the input, not its product with it."""
    return deconvolution(f, x, c) * x


def positive_arrivals(student):
    """the rule of deconvolution at every ReLU of a hidden dense net and a hidden convolutional net"""
    for name, case, wanted in hidden_nets("deconvolution"):
        expect(student(*case), wanted, f"The map of a {name}")


def blind(student):
    """without max pooling the map is the same for every input: no gate depends on the forward pass"""
    f, x = GivenReLU(mlp(51)), normal(52, 4, 6)
    found = student(f, x, 2)
    expect(found, found[:1].expand_as(found), "For a hidden dense net and other inputs, the map")


DECONVOLUTION = Exercise(
    id="07.3",
    title="Deconvolution",
    task="Write deconvolution: the map of class c when every ReLU passes down what is positive, whatever z was.",
    solution=deconvolution,
    cases=lambda: [case for _, case, _ in hidden_nets("deconvolution")] + [(GivenReLU(mlp(51)), normal(52, 4, 6), 2)],
    laws=(positive_arrivals, blind),
    shape=_like_x,
    hints=(
        "Start from 07.2. One gate has to go: which one does autograd put there by itself?",
        "A tensor t.detach() has a value but no way back. So u + (v - u).detach() has the value of v and the way "
        "back of u.",
        "a = z + (z.clamp(min=0) - z).detach() is a ReLU forward and has no gate backward. Keep the hook.",
    ),
    wrong=(both_gates, no_gate, gate_of_z_only, deconvolution_clamped, linear_forward, deconvolution_times_input),
    needs=("07.2",),
)

# --- 07.4 rank correlation ------------------------------------------------------------------------------------------


def rank_correlation(a, b):
    """Spearman's rank correlation of two maps: the correlation of their ranks.

    a and b have the same shape, and no value twice. Returns one number from -1 to 1.
    """
    first, second = (each.flatten().argsort().argsort().double() for each in (a, b))
    first, second = first - first.mean(), second - second.mean()
    return (first * second).sum() / (first.norm() * second.norm())


def _one_number(a, b):
    return ()


def _pearson(first, second):
    first, second = first.double() - first.double().mean(), second.double() - second.double().mean()
    return (first * second).sum() / (first.norm() * second.norm())


def of_the_values(a, b):
    """You correlate the values themselves (Pearson): one large value then decides. Correlate their ranks."""
    return _pearson(a.flatten(), b.flatten())


def argsort_once(a, b):
    """argsort tells where the smallest value stands, not which rank a value has: use argsort twice."""
    return _pearson(a.flatten().argsort(), b.flatten().argsort())


def of_absolute_values(a, b):
    """You take absolute values first: a map and its negative then count as the same. Here signs matter."""
    return rank_correlation(a.abs(), b.abs())


def not_centred(a, b):
    """You do not subtract the mean rank: even unrelated maps get about 0.75, and reversed ones are never -1."""
    first, second = (each.flatten().argsort().argsort().double() for each in (a, b))
    return (first * second).sum() / (first.norm() * second.norm())


def covariance_of_ranks(a, b):
    """This is the covariance of the ranks: divide it by the lengths of both, so that equal maps get 1."""
    first, second = (each.flatten().argsort().argsort().double() for each in (a, b))
    return ((first - first.mean()) * (second - second.mean())).mean()


def absolute_correlation(a, b):
    """You drop the sign of the correlation: for reversed maps it should be -1."""
    return rank_correlation(a, b).abs()


def order_only(student):
    """a map and any increasing function of it have rank correlation 1"""
    a = normal(61, 6, 7)
    for name, b in (("a", a), ("exp(3a)", (3 * a).exp()), ("a³ - 5", a**3 - 5)):
        expect(student(a, b), torch.tensor(1.0).double(), f"The rank correlation of a map a and {name}")


def reversed_order(student):
    """a map and its negative have rank correlation -1"""
    a = normal(62, 6, 7)
    expect(student(a, -a), torch.tensor(-1.0).double(), "The rank correlation of a map a and -a")


def spearmans_formula(student):
    """without equal values it is 1 - 6 Σ d² / (n (n² - 1)), d being the difference of two ranks"""
    a, b = normal(63, 5, 8), normal(64, 5, 8)
    n, ranks = a.numel(), [[int((each < value).sum()) for value in each.flatten()] for each in (a, b)]
    squares = sum((one - two) ** 2 for one, two in zip(*ranks, strict=True))
    wanted = torch.tensor(1 - 6 * squares / (n * (n * n - 1))).double()
    expect(student(a, b), wanted, "The rank correlation of two hidden maps")


RANK_CORRELATION = Exercise(
    id="07.4",
    title="Rank correlation of two maps",
    task="Write rank_correlation: do two maps put the same pixels first?",
    solution=rank_correlation,
    cases=lambda: [
        (normal(63, 5, 8), normal(64, 5, 8)),
        (normal(65, 5, 8), -(normal(65, 5, 8) + 0.3 * normal(66, 5, 8))),
        (normal(61, 6, 7), (3 * normal(61, 6, 7)).exp()),
    ],
    laws=(order_only, reversed_order, spearmans_formula),
    shape=_one_number,
    hints=(
        "Give every pixel its rank, 0 for the smallest value. Then correlate the two lists of ranks.",
        "t.argsort() lists the places from the smallest value to the largest. Its own argsort gives the ranks.",
        "Correlation: subtract the mean from each list, multiply entry by entry, sum, divide by the lengths of both.",
    ),
    wrong=(of_the_values, argsort_once, of_absolute_values, not_centred, covariance_of_ranks, absolute_correlation),
)

EXERCISES = (GUIDED_RULE, GUIDED, DECONVOLUTION, RANK_CORRELATION)
