"""Right answers to the exercises of notebook 04 that are written otherwise, and the package's own methods."""

import torch
from torch import nn
from torch.nn import functional as F

from xaiwidgets.evaluation import deletion_curve
from xaiwidgets.exercises import check
from xaiwidgets.methods.meaningful_perturbation_objective import Objective, blend
from xaiwidgets.methods.occlusion import occlusion


def right(id, answer):
    message = check(id, answer)
    assert message.state == "correct", message


class Scored(nn.Module):
    """A score as a model of two classes."""

    def __init__(self, score):
        super().__init__()
        self.score = score

    def forward(self, pictures):
        score = self.score(pictures)
        return torch.stack([torch.zeros_like(score), score], 1)


def test_the_packages_own_map_is_right():
    right(
        "04.1", lambda score, x, window, stride: occlusion(Scored(score), x[None], 1, window=window, stride=stride)[0]
    )


def test_the_map_in_one_batch_with_unfold_and_fold():
    def folded(score, x, window, stride):
        size = x.shape[1:]
        ones = torch.ones(1, 1, *size).to(x)
        columns = F.unfold(torch.arange(size.numel()).view(1, 1, *size).to(x), window, stride=stride)[0].long()
        covered = torch.zeros(columns.shape[1], size.numel(), dtype=torch.bool)
        covered.scatter_(1, columns.T, True)
        pictures = x[None] * (~covered).view(-1, 1, *size)
        drops = (score(x[None]) - score(pictures))[None, None].expand(1, window**2, -1)
        count = F.fold(F.unfold(ones, window, stride=stride), size, window, stride=stride)
        return (F.fold(drops, size, window, stride=stride) / count)[0, 0]

    right("04.1", folded)


def test_evidence_from_log_probabilities_with_the_class_left_out():
    def left_out(before, after, c):
        def odds(logits):
            chosen = torch.zeros_like(logits, dtype=torch.bool)
            chosen[:, c] = True
            return logits[:, c] - logits.masked_fill(chosen, -torch.inf).logsumexp(1)

        return odds(before) - odds(after)

    right("04.2", left_out)


def test_the_packages_own_curve_is_right():
    def package(score, x, R, steps):
        return deletion_curve(Scored(score), x[None], 1, R[None], steps=steps, fill="black", output="score")[0]

    right("04.3", package)


def test_the_packages_own_objective_is_right():
    def package(probability, x, r, m, area, smoothness):
        p = probability(blend(x[None], r[None], m[None])).clamp(1e-300, 1 - 1e-16)
        return Objective("deletion", "probability", area, smoothness).total(m[None], torch.logit(p))[0]

    right("04.4", package)


def test_the_objective_in_plain_loops():
    def plain(probability, x, r, m, area, smoothness):
        rows, columns = m.shape
        variation = 0.0
        for i in range(rows):
            for j in range(columns):
                variation += float(abs(m[i, j] - m[i - 1, j]) ** 3) if i else 0
                variation += float(abs(m[i, j] - m[i, j - 1]) ** 3) if j else 0
        deleted = sum(1 - float(value) for value in m.flatten()) / m.numel()
        p = float(probability((r + (x - r) * m)[None]))
        return area * deleted + smoothness * variation / m.numel() + p

    right("04.4", plain)
