import pytest
import torch
from torch import nn

from xaiwidgets.evaluation import jumps, walk


def test_jumps_equal_their_formula():
    generator = torch.Generator().manual_seed(1)
    maps, inputs = torch.randn(5, 2, 3, generator=generator), torch.randn(5, 4, generator=generator)
    typical = (sum(float(r.square().sum()) for r in maps) / 5) ** 0.5
    for i, found in enumerate(jumps(maps, inputs)):
        expected = (maps[i + 1] - maps[i]).norm() / (typical * (inputs[i + 1] - inputs[i]).norm())
        assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_a_kink_jumps_more_the_closer_one_looks_and_a_smooth_model_does_not():
    start, end = torch.tensor([-1.0]), torch.tensor([1.3])

    class Two(nn.Module):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def forward(self, x):
            return self.function(x).expand(-1, 2)

    def largest(function, steps):
        found = walk(Two(function), start, end, 0, steps=steps)
        return float(jumps(found.gradients, found.points).max())

    assert largest(torch.relu, 400) == pytest.approx(4 * largest(torch.relu, 100), rel=0.05)
    assert largest(torch.square, 400) == pytest.approx(largest(torch.square, 100), rel=0.05)


def test_size_does_not_matter_and_zero_does_not_jump():
    generator = torch.Generator().manual_seed(2)
    maps, inputs = torch.randn(6, 3, generator=generator), torch.randn(6, 3, generator=generator)
    torch.testing.assert_close(jumps(1000 * maps, inputs), jumps(maps, inputs))
    assert (jumps(torch.zeros(6, 3), inputs) == 0).all()


@pytest.mark.parametrize(
    ("maps", "inputs", "message"),
    [
        (torch.ones(1, 2), torch.ones(1, 2), "two or more, got 1 and 1"),
        (torch.ones(3, 2), torch.eye(2), "got 3 and 2"),
        (torch.ones(3, 2), torch.tensor([[0.0], [1.0], [1.0]]), "inputs 1 and 2 are the same"),
    ],
)
def test_bad_arguments_are_named(maps, inputs, message):
    with pytest.raises(ValueError, match=message):
        jumps(maps, inputs)
