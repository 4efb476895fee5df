"""DASP: word by word on a perceptron, exact on linear models, near exact Shapley values on nets of every kind."""

import pytest
import torch
from asked import BY_TYPE, Stop, leaves_everything_as_it_is, linear, same_in_two_threads
from dasp_by_hand import dasp_by_hand
from nets import NETS, Skip, net
from torch import nn
from torch.nn import functional as F
from twins import twin

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.methods.dasp import deep_approximate_shapley
from xaiwidgets.methods.shapley import exact_shapley
from xaiwidgets.methods.shapley_games import picture_game
from xaiwidgets.progress import listening


def parts(x, count=8):
    places = x.shape[2:] or x.shape[1:]
    return torch.arange(places.numel()).view(places) * min(count, places.numel()) // places.numel()


def exact(model, x, target, labels, fill=0.0):
    games = [picture_game(model, row[None], int(c), labels, fill=fill) for row, c in zip(x, target, strict=True)]
    return torch.stack([exact_shapley(game) for game in games])


def test_word_by_word():
    model, x, target = net("dense")
    baseline = torch.linspace(-1, 1, 7, dtype=torch.float64)
    found = deep_approximate_shapley(model, x, target, baseline=baseline)
    wanted = torch.stack([dasp_by_hand(model, row, int(c), baseline) for row, c in zip(x, target, strict=True)])
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 4, 3), (3, 5), (6,)])
def test_exact_on_a_linear_model(shape):
    model, weight = linear(shape)
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    found = deep_approximate_shapley(model, x, 1, baseline=0.25)
    torch.testing.assert_close(found, weight[1] * (x - 0.25), rtol=1e-10, atol=1e-12)


class Linear(nn.Module):
    """Everything that is linear, and moves values about."""

    def __init__(self) -> None:
        super().__init__()
        self.skip, self.pool = Skip(), nn.AvgPool2d(3, 2, 1)
        self.head = nn.Linear(84, 3)

    def forward(self, x):
        y = self.skip.inner(self.skip.norm(self.skip.stem((x - 0.3) / 0.2)))
        y = self.pool(torch.cat([y, 2 - y.flip(3)], 1))
        y = F.pad(y, (0, 1)).permute(0, 2, 3, 1).reshape(x.size(0), -1)
        y += 1
        first, second = y[:, ::2].chunk(2, 1)
        return self.head(torch.cat([first - second, y[:, None].squeeze(1)], 1)[:, :84])


def test_exact_on_a_model_of_all_linear_operations():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model, x = Linear().double().eval(), torch.randn(2, 2, 9, 8, dtype=torch.float64)
    labels = parts(x)
    found = deep_approximate_shapley(model, x, 1, players=labels)
    torch.testing.assert_close(found, exact(model, x, [1, 1], labels), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", NETS)
def test_near_exact_values(name):
    """In relative Euclidean distance; and its sum is near the rise of the score."""
    model, x, target = net(name)
    labels = parts(x)
    found, wanted = deep_approximate_shapley(model, x, target, players=labels), exact(model, x, target, labels)
    assert (found - wanted).norm() < 0.16 * wanted.norm()
    gap = (found.sum(1) - wanted.sum(1)).abs().max()
    assert gap < 0.2 * wanted.abs().sum(1).max()


@pytest.mark.parametrize("name", NETS)
def test_however_a_net_is_written(name):
    model, x, target = net(name)
    labels = parts(x, 5)
    found = deep_approximate_shapley(model, x, target, players=labels, baseline=0.1)
    spelled = deep_approximate_shapley(twin(model), x, target, players=labels, baseline=0.1)
    torch.testing.assert_close(found, spelled, rtol=1e-9, atol=1e-12)
    merged = deep_approximate_shapley(twin(model, merged=True), x, target, players=labels, baseline=0.1)
    torch.testing.assert_close(found, merged, rtol=1e-8, atol=1e-10)


def test_one_player_and_two_are_nearly_certain():
    model, x, target = net("max pooling")
    (alone,) = deep_approximate_shapley(model, x[:1], target[:1], players=torch.zeros(9, 8).long())
    rise = (model(x[:1]) - model(torch.zeros_like(x[:1])))[0, target[0]].item()
    assert alone.tolist() == pytest.approx([rise])
    both = deep_approximate_shapley(model, x, target, players="channels")  # every coalition is certain
    wanted = exact(model, x, target, "channels")
    torch.testing.assert_close(both, wanted, rtol=1e-9, atol=1e-12)


def test_fewer_sizes_are_interpolated():
    model, x, target = net("one dimension")
    every = deep_approximate_shapley(model, x[:1], target[:1])
    assert every.shape == (1, 4, 20)
    fine, coarse = (deep_approximate_shapley(model, x[:1], target[:1], sizes=sizes) for sizes in (80, 6))
    assert (every - fine).norm() < 0.005 * fine.norm()
    assert 1e-9 < (coarse - fine).norm() < 0.1 * fine.norm()


@pytest.mark.parametrize("name", NETS)
def test_single_precision_and_one_input_at_a_time(name):
    model, x, target = net(name)
    labels, settings = parts(x, 6), BY_TYPE[torch.float32]
    found = deep_approximate_shapley(model, x, target, players=labels)
    alone = [deep_approximate_shapley(model, x[i : i + 1], target[i : i + 1], players=labels) for i in range(3)]
    torch.testing.assert_close(torch.cat(alone), found, **BY_TYPE[torch.float64])
    single = deep_approximate_shapley(model.float(), x.float(), target, players=labels)
    torch.testing.assert_close(single.double(), found, **settings)


def explain(model, x, target):
    return deep_approximate_shapley(model, x, target, players=parts(x, 5))


def test_leaves_everything_as_it_is():
    leaves_everything_as_it_is(explain)


def test_two_threads():
    same_in_two_threads(explain)


class Counted(nn.Module):
    def __init__(self, inner) -> None:
        super().__init__()
        self.inner, self.rows = inner, Rows()

    def forward(self, x):
        self.rows.append(x.shape[0])
        return self.inner(x)


class Rows(list):
    """How many each pass has; the same list in every copy of a net."""

    def __deepcopy__(self, memo):
        return self


def test_the_first_passes_are_small_and_the_cost_is_as_promised():
    """So that Cancel is heard soon, whatever a pass costs."""
    model, x, target = net("max pooling")
    counted, heard = Counted(model), []

    class Heard(Stop):
        def progressed(self, label, done, total):
            heard.append((done, total))

    with listening(Heard(10**9)):
        deep_approximate_shapley(counted, x[:2], target[:2], players=parts(x, 6))
    assert sum(counted.rows) == 2 * (6 * (2 * 6 + 1) + 1)
    assert counted.rows[:2] == [1, 1]  # nobody, the first player
    assert heard[:2] == [(0, 72), (1, 72)]  # a player, and a size of the coalition that it joins


class Does(nn.Module):
    """A net with something in the middle."""

    def __init__(self, what) -> None:
        super().__init__()
        self.what, self.first, self.head = what, nn.Linear(7, 6).double(), nn.Linear(6, 3).double()

    def forward(self, x):
        return self.head(self.what(self.first(x)))


class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, arriving):
        return arriving


def part_overwritten(x):
    x[:, :3].relu_()
    return x


def row_by_row(x):
    return torch.stack([each.relu() for each in x])


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("'activation'", torch.sigmoid),
        ("'softmax'.*leave out the softmax", lambda x: x.softmax(1)),
        ("'multiply'", lambda x: x * x),
        ("'__rdiv__'", lambda x: 1 / x),
        ("'maximum'", lambda x: torch.maximum(x, x.flip(1))),
        ("'gt'", lambda x: torch.where(x > 0, x, 0.0)),
        ("'lt'", lambda x: x.masked_fill(x < 0, 0.0)),
        ("'item'", lambda x: x if x[0, 0].item() > 0 else -x),
        ("out of its sight", Own.apply),
        ("out of its sight", part_overwritten),
        ("batch as the first dimension", lambda x: x.T.relu().T),
        ("batch as the first dimension", row_by_row),
        ("dropout", lambda x: F.dropout(x.relu(), training=True)),
        ("'batch_norm'", lambda x: F.batch_norm(x, None, None, training=True)),
    ],
)
def test_what_it_has_no_rule_for_is_named(message, what):
    x = torch.randn(1, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with pytest.raises(UnknownOperationError, match=message):
        deep_approximate_shapley(Does(what), x, 0)


def test_detached_and_without_graph_are_seen_all_the_same():
    def detached(x):
        with torch.no_grad():
            return x.detach().relu()

    x = torch.randn(2, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Does(detached)
    found = deep_approximate_shapley(model, x, 0)
    model.what = torch.relu
    torch.testing.assert_close(found, deep_approximate_shapley(model, x, 0))


@pytest.mark.parametrize(
    ("error", "message", "settings"),
    [
        (ValueError, r"players must be.*\(7,\)", {"players": torch.zeros(3).long()}),
        (ValueError, r"sizes must be an integer from 2", {"sizes": 1}),
        (ValueError, r"baseline must", {"baseline": torch.zeros(3)}),
        (ValueError, r"target must be a class index from 0 to 2, got 3", {"target": 3}),
    ],
)
def test_bad_input(error, message, settings):
    model, x, _ = net("dense")
    with pytest.raises(error, match=message):
        deep_approximate_shapley(model, x, **{"target": 0, **settings})
