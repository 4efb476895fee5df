"""What the model doctor says of what no rule meets: shifts inside a BatchNorm, choices between values."""

import pytest
import torch
from torch import nn

from xaiwidgets.methods.diagnose import diagnose


@pytest.mark.parametrize(
    ("model", "topic", "text"),
    [
        (
            lambda: nn.Sequential(nn.Linear(6, 5, False), nn.BatchNorm1d(5), nn.Linear(5, 3, False)),
            "Biases",
            "from 1 BatchNorm",
        ),
        (lambda: nn.Sequential(nn.Linear(6, 5, False), nn.Linear(5, 3, False)), "Biases", "none; the sum"),
        (
            lambda: nn.Sequential(
                nn.Unflatten(1, (1, 6)), nn.BatchNorm1d(1, track_running_stats=False), nn.Flatten(), nn.Linear(6, 3)
            ),
            "Normalization",
            "1 BatchNorm, 1 by the batch's own statistics",
        ),
    ],
)
def test_normalization_counts_as_what_it_is(model, topic, text):
    assert text in dict(diagnose(model(), torch.randn(4, 6)).findings)[topic]


class Choosing(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 5), nn.Linear(5, 3)

    def forward(self, x):
        x = self.first(x)
        return self.second(torch.where(x > 0, x, 0.0))


def test_a_choice_between_values_is_no_linear_model():
    """`torch.where` keeps its gradient and is met by no rule; the slopes on the way tell."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, x = Choosing(), torch.randn(1, 6) * 5
    assert not torch.equal(model.first(x) > 0, model.first(0 * x) > 0)  # it bends on the way
    told = diagnose(model, x)
    assert told["Integrated gradients"].verdict == told["Simple Taylor"].verdict == "approximated"
