"""Other right answers to the exercises of notebook 01, near misses, and the package's own functions."""

import math

import pytest
import torch
from scipy.optimize import brentq
from scipy.spatial.distance import pdist, squareform

from xaiwidgets.evaluation.neighbours import neighbour_preservation
from xaiwidgets.exercises import check
from xaiwidgets.exercises.tsne import _one_point, sigma_of
from xaiwidgets.exercises.tsne_map import _folded, neighbours_kept
from xaiwidgets.methods import tsne_map
from xaiwidgets.methods.tsne_affinities import affinities


def right(id, answer):
    message = check(id, answer)
    assert message.state == "correct", message


def entropy_in_nats(d2, sigma):
    p = torch.softmax(-d2 / (2 * sigma**2), dim=0)
    return -float(torch.xlogy(p, p).sum())


def test_sigma_by_another_search_and_in_nats():
    def by_brent(d2, perplexity):
        far = float(d2.max()) ** 0.5
        return brentq(lambda sigma: entropy_in_nats(d2, sigma) - math.log(perplexity), 1e-3 * far**0.5, 1e3 * far)

    def by_precision(d2, perplexity):
        low, high = -60.0, 60.0  # logarithms of the precision
        d2 = d2 - d2.min()
        for _ in range(60):
            middle = (low + high) / 2
            p = torch.exp(-d2 * math.exp(middle))
            p = p / p.sum()
            many = -torch.xlogy(p, p).sum() > math.log(perplexity)
            low, high = (middle, high) if many else (low, middle)
        return torch.tensor((1 / (2 * math.exp(middle))) ** 0.5)

    right("01.1", by_brent)
    right("01.1", by_precision)


def test_the_packages_own_sigma():
    for seed, perplexity in ((31, 3.0), (33, 8.0)):
        d2 = _one_point(seed)
        middle = torch.zeros(1, len(d2) + 1, dtype=torch.float64)  # one point among others that are far from each other
        others = torch.diag(d2.sqrt())
        points = torch.cat([middle, torch.cat([others, torch.zeros(len(d2), 1)], dim=1)])
        assert float(affinities(points, perplexity).sigma[0]) == pytest.approx(sigma_of(d2, perplexity), rel=1e-6)


def test_a_search_that_ends_too_early_is_not_yet():
    def three_steps(d2, perplexity):
        low, high = 0.0, float(d2.max()) ** 0.5
        for _ in range(3):
            middle = (low + high) / 2
            low, high = (middle, high) if entropy_in_nats(d2, middle) < math.log(perplexity) else (low, middle)
        return middle

    message = check("01.1", three_steps)
    assert message.state == "not yet"
    assert message.lines[0].startswith("The perplexity with your sigma should be 3; yours is")


def test_joint_affinities_with_a_mask_and_row_by_row():
    def masked(d2, sigma):
        exponents = (-d2 / (2 * sigma.view(-1, 1) ** 2)).masked_fill(torch.eye(len(d2), dtype=torch.bool), -torch.inf)
        p = exponents.softmax(dim=1)
        return (p + p.mT) / 2 / len(d2)

    def row_by_row(d2, sigma):
        p = torch.zeros_like(d2)
        for i in range(len(d2)):
            others = [j for j in range(len(d2)) if j != i]
            e = torch.exp(-d2[i, others] / (2 * sigma[i] ** 2))
            p[i, others] = e / e.sum()
        return (p + p.T) / (2 * len(d2))

    right("01.2", masked)
    right("01.2", row_by_row)


def test_the_packages_own_functions_are_right():
    right("01.3", tsne_map.similarities)
    right("01.4", tsne_map.kl_gradient)
    right("01.5", neighbour_preservation)


def test_similarities_by_scipy():
    def by_scipy(y):
        near = 1 / (1 + pdist(y.numpy(), "sqeuclidean"))
        return torch.tensor(squareform(near / near.sum() / 2))

    right("01.3", by_scipy)


def test_the_gradient_by_automatic_differentiation():
    def automatic(p, y):
        y = y.clone().requires_grad_()
        q = 1 / (1 + (y[:, None] - y).square().sum(dim=2)) * (1 - torch.eye(len(y), dtype=y.dtype))
        q = q / q.sum()
        apart = p > 0
        return torch.autograd.grad((p[apart] * (p[apart] / q[apart]).log()).sum(), y)[0]

    right("01.4", automatic)


def test_the_divergence_the_other_way_round_is_not_yet():
    def reversed_divergence(p, y):
        y = y.clone().requires_grad_()
        apart = ~torch.eye(len(y), dtype=torch.bool)
        q = 1 / (1 + (y[:, None] - y).square().sum(dim=2))[apart]
        q = q / q.sum()
        return torch.autograd.grad((q * (q / p[apart]).log()).sum(), y)[0]

    message = check("01.4", reversed_divergence)
    assert message.state == "not yet"
    assert message.lines[0].startswith("The gradient on a hidden map, entry")


def test_neighbours_kept_in_plain_python():
    def plain(x, y, k):
        kept = 0
        for n in range(len(x)):
            sets = []
            for z in (x, y):
                order = sorted(range(len(z)), key=lambda m: float((z[m] - z[n]).norm()) if m != n else math.inf)
                sets.append(set(order[:k]))
            kept += len(sets[0] & sets[1])
        return kept / (len(x) * k)

    right("01.5", plain)


def test_what_is_kept_does_not_depend_on_which_is_called_the_map():
    x, y, k = _folded(71)
    assert neighbours_kept(x, y, k) == neighbours_kept(y, x, k)


@pytest.mark.parametrize("answer", [lambda y: 1 / (1 - (y[:, None] - y).square().sum(dim=2)), lambda y: y @ y.T])
def test_other_slips_are_not_yet_either(answer):
    assert check("01.3", answer).state == "not yet"
