"""Right answers to the exercises of notebook 02 that are written otherwise, and the package's own functions."""

import heapq
import math

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import nn

from xaiwidgets.exercises import check
from xaiwidgets.exercises.top_k import top_k_stream
from xaiwidgets.methods import detectors, receptive_field, top_k


def right(id, answer):
    message = check(id, answer)
    assert message.state == "correct", message


def test_top_k_with_a_heap_for_each_unit():
    def with_heaps(batches, k):
        heaps, position = None, 0
        for maps in batches:
            heaps = heaps or [[] for _ in range(maps.shape[1])]
            for picture in maps:
                for heap, value in zip(heaps, picture.flatten(1).max(dim=1).values.tolist(), strict=True):
                    heapq.heappush(heap, (value, -position))
                    if len(heap) > k:
                        heapq.heappop(heap)
                position += 1
        return torch.tensor([[-place for _, place in sorted(heap, reverse=True)] for heap in heaps])

    right("02.1", with_heaps)


def test_the_packages_own_top_k():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.maps = nn.Identity()

        def forward(self, x):
            return self.maps(x).mean(dim=(2, 3))

    right("02.1", lambda batches, k: top_k.top_k(Net().double(), iter(batches), "maps", k=k).indices)


def test_average_precision_by_scikit_learn_and_by_the_package():
    right("02.2", lambda values, positives: average_precision_score(positives.numpy(), values.numpy()))
    right("02.2", lambda values, positives: detectors.detector(values, positives, k=1).average_precision)


def test_average_precision_by_ranks_alone():
    def by_ranks(values, positives):
        ranks = (values[positives][:, None] <= values).sum(dim=1).sort().values
        return (torch.arange(1, len(ranks) + 1) / ranks).mean()

    right("02.2", by_ranks)


def test_pure_by_binomial_coefficients():
    def by_coefficients(class_counts, k):
        return sum(math.comb(n, k) for n in class_counts.tolist()) / math.comb(int(class_counts.sum()), k)

    right("02.3", by_coefficients)


def test_receptive_field_by_size_and_jump():
    def forwards(layers, place):
        start, size, jump = 0, 1, 1
        for kernel, stride, padding in layers:
            start, size, jump = start - padding * jump, size + (kernel - 1) * jump, jump * stride
        return torch.tensor([start + place * jump, start + place * jump + size - 1])

    right("02.4", forwards)


def test_the_packages_own_receptive_field():
    """On a picture with room beyond each edge, so that the package's field is not cut there."""

    def by_the_package(layers, place):
        beyond, jump = 48, math.prod(stride for _, stride, _ in layers)
        maps = [nn.Conv2d(1, 1, (1, kernel), (1, stride), (0, padding)) for kernel, stride, padding in layers]
        net = nn.Sequential(*maps, nn.Flatten()).double()
        x = torch.zeros(1, 1, 1, 64 + 2 * beyond, dtype=torch.float64)
        _, columns = receptive_field.receptive_field(net, x, str(len(layers) - 1), (0, place + beyond // jump))
        return torch.tensor([columns.start - beyond, columns.stop - 1 - beyond])

    right("02.4", by_the_package)


def test_correlations_by_numpy():
    def by_numpy(values):
        moves = values.std(dim=0) > 0
        found = np.zeros((values.shape[1],) * 2)
        found[np.ix_(moves, moves)] = np.corrcoef(values[:, moves].numpy(), rowvar=False)
        return torch.from_numpy(found)

    right("02.5", by_numpy)


def test_what_is_amiss_is_said_in_one_sentence():
    message = check("02.1", lambda batches, k: top_k_stream(batches, k).flip(0))
    assert message.state != "correct"
    assert ",," not in str(message)
    assert "The positions, (unit, rank), entry [" in str(message)
