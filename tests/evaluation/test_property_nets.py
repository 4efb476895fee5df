"""The nets on which properties are measured: they are what they are called, and draw nothing from the global state."""

import pytest
import torch

from xaiwidgets.evaluation import property_nets as nets


@pytest.mark.parametrize("way", nets.REWRITINGS)
def test_a_net_written_otherwise_computes_the_same(way):
    (model, x, _), other = nets.REWRITINGS[way](5)
    for inputs in (x, 3 * x, 0 * x, -x):
        torch.testing.assert_close(other(inputs), model(inputs), rtol=1e-12, atol=1e-12)
    assert [tuple(p.shape) for p in model.parameters()] != [tuple(p.shape) for p in other.parameters()] or any(
        not torch.equal(*pair) for pair in zip(model.parameters(), other.parameters(), strict=True)
    )
    assert model(x).std() > 0.5


def test_equal_players_and_the_idle_one_are_what_they_are_called():
    model, x, _ = nets.equal_players(2)
    for rest in torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4).double():
        one, other = (torch.cat([torch.tensor(first).double(), rest]) for first in ([1.0, 0.0], [0.0, 1.0]))
        torch.testing.assert_close(model(x * one), model(x * other), rtol=1e-12, atol=1e-12)
    model, x, _ = nets.idle_player(2)
    moved = x.clone()
    moved[:, 0] = torch.linspace(-3, 3, len(x))
    torch.testing.assert_close(model(moved), model(x), rtol=1e-12, atol=1e-12)
    assert (model[0].weight[:, 0] != 0).sum() == 6  # it is connected


def test_nothing_is_drawn_from_the_global_state():
    before = torch.random.get_rng_state()
    for make in (nets.plain, nets.equal_players, nets.idle_player, *nets.REWRITINGS.values()):
        make(0)
    assert torch.equal(torch.random.get_rng_state(), before)
