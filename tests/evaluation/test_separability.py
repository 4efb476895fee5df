import math

import pytest
import torch
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from xaiwidgets.evaluation import distance_ratio, knn_accuracy
from xaiwidgets.methods import tsne_affinities

LINE = torch.tensor([0.0, 1.0, 2.1, 5.0, 6.0, 7.1])[:, None]


def clouds(seed=0, each=25, apart=2.0, dtype=torch.float64):
    """Three Gaussian clouds in the plane that overlap."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(3).repeat_interleave(each)
    centres = apart * torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    return (centres[labels] + torch.randn(3 * each, 2, generator=generator, dtype=torch.float64)).to(dtype), labels


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(tsne_affinities, "AT_ONCE", 500)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("neighbours", [1, 2])
def test_votes_are_those_of_scikit_learn(neighbours, dtype):
    x, labels = clouds(dtype=dtype)
    # of two neighbours that disagree, scikit-learn takes the smaller label unless the nearer one counts more
    classifier = KNeighborsClassifier(neighbours, weights="distance")
    theirs = cross_val_predict(classifier, x.numpy(), labels.numpy(), cv=LeaveOneOut())
    assert knn_accuracy(x, labels, neighbours) == (theirs == labels.numpy()).mean()


@pytest.mark.parametrize("neighbours", [5, 9])
def test_votes_equal_their_definition(neighbours):
    x, labels = clouds(seed=1, apart=1.0)
    right = 0
    for i in range(len(x)):
        order = sorted((math.dist(x[i].tolist(), x[j].tolist()), j) for j in range(len(x)) if j != i)
        votes = [int(labels[j]) for _, j in order[:neighbours]]
        most = max(votes.count(each) for each in votes)
        right += next(each for each in votes if votes.count(each) == most) == labels[i]
    assert knn_accuracy(x, labels, neighbours) == right / len(x)


def test_ratio_equals_its_definition_in_blocks_too(small_blocks):
    x, labels = clouds(seed=2)
    between, within = [], []
    for i in range(len(x)):
        for j in range(i):
            (within if labels[i] == labels[j] else between).append(math.dist(x[i].tolist(), x[j].tolist()))
    expected = sum(between) / len(between) / (sum(within) / len(within))
    assert distance_ratio(x, labels) == pytest.approx(expected, rel=1e-9)


def test_a_line_by_hand():
    halves, odd = torch.tensor([0, 0, 0, 1, 1, 1]), torch.tensor([0, 1, 0, 1, 0, 1])
    assert knn_accuracy(LINE, halves, 2) == 1
    assert knn_accuracy(LINE, odd, 1) == 0
    within = (1 + 1.1 + 2.1 + 1 + 1.1 + 2.1) / 6
    between = (5 + 6 + 7.1 + 4 + 5 + 6.1 + 2.9 + 3.9 + 5) / 9
    assert distance_ratio(LINE, halves) == pytest.approx(between / within)


def test_a_tie_goes_to_the_nearer_class():
    x, labels = torch.tensor([0.0, 1.0, 3.0, 7.0])[:, None], torch.tensor([0, 0, 1, 1])
    # two neighbours, nearest first: of 0 classes 0 1, of 1 classes 0 1, of 3 classes 0 0, of 7 classes 1 0
    assert knn_accuracy(x, labels, 2) == 3 / 4
    assert knn_accuracy(x, 1 - labels, 2) == 3 / 4


@pytest.mark.parametrize("measure", [knn_accuracy, distance_ratio])
def test_moving_turning_and_enlarging_the_space_changes_nothing(measure):
    x, labels = clouds(seed=3)
    turn = torch.linalg.qr(torch.randn(2, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float64)).Q
    assert measure(1e4 * x @ turn + 1e6, labels) == pytest.approx(measure(x, labels), rel=1e-9)
    assert measure(x.view(-1, 1, 2, 1), labels + 5) == pytest.approx(measure(x, labels), rel=1e-9)


def test_without_any_order_there_is_chance_and_a_ratio_of_one():
    generator = torch.Generator().manual_seed(5)
    x, labels = torch.randn(600, 10, generator=generator), torch.arange(600) % 4
    assert knn_accuracy(x, labels) == pytest.approx(0.25, abs=0.06)  # about 3 standard errors
    assert distance_ratio(x, labels) == pytest.approx(1, abs=0.01)


def test_further_apart_is_more_separable():
    near, far = (clouds(seed=6, apart=apart) for apart in (1.0, 4.0))
    assert knn_accuracy(*near) < knn_accuracy(*far)
    assert distance_ratio(*near) < distance_ratio(*far)


@pytest.mark.parametrize("copies", [2, 20, 40])
def test_classes_that_are_single_points(copies):
    x = torch.tensor([[1 / 3, 1 / 7, 1 / 9], [2.1, 3.7, 5.9]]).double().repeat_interleave(copies, dim=0)
    labels = torch.arange(2).repeat_interleave(copies)
    assert distance_ratio(x, labels) == math.inf


def test_inputs_and_random_state_stay():
    x, labels = clouds()
    before, state = (x.clone(), labels.clone()), torch.random.get_rng_state()
    knn_accuracy(x.requires_grad_(), labels)
    distance_ratio(x, labels)
    assert torch.equal(x, before[0])
    assert torch.equal(labels, before[1])
    assert x.grad is None
    assert torch.equal(torch.random.get_rng_state(), state)


X, Y = torch.arange(8.0).view(4, 2), torch.tensor([0, 0, 1, 1])


@pytest.mark.parametrize("measure", [knn_accuracy, distance_ratio])
@pytest.mark.parametrize(
    ("x", "labels", "error", "message"),
    [
        ([[1.0]], Y, TypeError, "x must be a torch.Tensor of points"),
        (X, [0, 0, 1, 1], TypeError, "labels must be a tensor, got list"),
        (X[0], Y[:2], ValueError, r"x must hold at least 4 points, \(N, …\), got shape \(2,\)"),
        (X, Y[:3], ValueError, r"labels must be \(4,\) whole numbers, one for each point, got \(3,\)"),
        (X, Y.double(), ValueError, r"got \(4,\) torch.float64"),
        (X / 0, Y, ValueError, "x must be finite, got 8 NaN or infinite of 8 values"),
    ],
)
def test_bad_arguments_are_named(measure, x, labels, error, message):
    with pytest.raises(error, match=message):
        measure(x, labels)


@pytest.mark.parametrize(
    ("neighbours", "error", "message"),
    [
        (0, ValueError, "neighbours must be from 1 to 3 for 4 points, got 0"),
        (4, ValueError, "got 4"),
        (2.0, TypeError, "neighbours must be a whole number, got float"),
        (True, TypeError, "got bool"),
    ],
)
def test_a_bad_number_of_neighbours_is_named(neighbours, error, message):
    with pytest.raises(error, match=message):
        knn_accuracy(X, Y, neighbours)


@pytest.mark.parametrize("labels", [torch.zeros(4, dtype=torch.int64), torch.arange(4)])
def test_without_two_classes_or_two_points_of_one_there_is_no_ratio(labels):
    with pytest.raises(ValueError, match="labels must name two classes or more, one of them twice"):
        distance_ratio(X, labels)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_on_a_gpu():
    x, labels = clouds()
    assert knn_accuracy(x.cuda(), labels.cuda()) == knn_accuracy(x, labels)
    assert distance_ratio(x.cuda(), labels.cuda()) == pytest.approx(distance_ratio(x, labels))
