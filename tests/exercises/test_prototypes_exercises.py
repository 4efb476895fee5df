"""Right answers to the exercises of notebook 03 that are written otherwise."""

import torch
import torch.nn.functional as F
from torch.distributions import MultivariateNormal

from xaiwidgets.exercises import check


def right(id, answer):
    message = check(id, answer)
    assert message.state == "correct", message


def test_ascent_with_an_optimizer():
    def with_sgd(f, x, classes, rate, steps):
        x = x.clone().requires_grad_()
        optimizer = torch.optim.SGD([x], lr=rate, maximize=True)
        for _ in range(steps):
            optimizer.zero_grad()
            f(x)[torch.arange(len(x)), classes].sum().backward()
            optimizer.step()
        return x.detach()

    right("03.1", with_sgd)


def test_ascent_input_by_input():
    def one_by_one(f, x, classes, rate, steps):
        rows = []
        for each, c in zip(x, classes.tolist(), strict=True):
            for _ in range(steps):
                each = each + rate * torch.func.grad(lambda z, c=c: f(z[None])[0, c])(each)
            rows.append(each)
        return torch.stack(rows)

    right("03.1", one_by_one)


def test_the_linear_prototype_by_a_linear_system():
    right("03.2", lambda w, decay: torch.linalg.solve(2 * decay * torch.eye(len(w), dtype=w.dtype), w))


def test_the_expert_prototype_by_newtons_method():
    """One Newton step on the goal itself, written with torch's own Gaussian, is exact for a quadratic."""

    def newton(w, mean, covariance, weight):
        expert = MultivariateNormal(mean, covariance)

        def goal(x):
            return w @ x + weight * expert.log_prob(x)

        start = torch.zeros_like(mean)
        slope, bend = torch.func.grad(goal)(start), torch.func.jacrev(torch.func.jacrev(goal))(start)
        return start - torch.linalg.solve(bend, slope)

    right("03.3", newton)


def test_total_variation_as_a_convolution():
    def convolved(x):
        n, c, height, width = x.shape
        planes = x.reshape(n * c, 1, height, width)
        edges = torch.tensor([-1.0, 1.0], dtype=x.dtype)
        across, down = F.conv2d(planes, edges.view(1, 1, 1, 2)), F.conv2d(planes, edges.view(1, 1, 2, 1))
        return (across.abs().sum((1, 2, 3)) + down.abs().sum((1, 2, 3))).view(n, c).sum(1)

    right("03.4", convolved)


def test_a_step_in_code_space_by_the_chain_rule():
    def two_slopes(decoder, f, code, c, rate):
        rows = []
        for each in code:
            of_picture = torch.func.grad(lambda x: f(x)[0, c])(decoder(each[None]))
            of_code = torch.func.jacrev(lambda z: decoder(z[None]))(each)  # (1, 1, H, W, D)
            rows.append(each + rate * torch.einsum("nchw,nchwd->d", of_picture, of_code))
        return torch.stack(rows)

    right("03.5", two_slopes)
