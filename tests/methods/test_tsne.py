"""The map: divergence and gradient by hand, the descent step by step, frames to go on from, scikit-learn for many."""

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from xaiwidgets.methods.tsne import Frame, HandedOverWarning, descend, learning_tsne, start_of, tsne
from xaiwidgets.methods.tsne_affinities import affinities
from xaiwidgets.methods.tsne_map import Springs, kl_divergence, kl_gradient, similarities
from xaiwidgets.progress import Cancelled, listening


def digits(count: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(load_digits().data[:count], dtype=dtype)


def a_map(count: int, axes: int = 2, scale: float = 3.0) -> Tensor:
    return scale * torch.randn(count, axes, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def literal_similarities(y: Tensor) -> Tensor:
    near = torch.zeros(len(y), len(y), dtype=y.dtype)
    for i in range(len(y)):
        for j in range(len(y)):
            if i != j:
                near[i, j] = 1 / (1 + (y[i] - y[j]).square().sum())
    return near / near.sum()


P = affinities(digits(30), 6.0).joint


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_similarities_and_divergence_are_those_of_the_paper(axes):
    y = a_map(30, axes)
    q = literal_similarities(y)
    assert torch.allclose(similarities(y), q, atol=1e-15)
    off = ~torch.eye(30, dtype=torch.bool)
    divergence = float((P[off] * (P[off] / q[off]).log()).sum())
    assert abs(kl_divergence(P, q) - divergence) < 1e-12
    assert abs(Springs(P).divergence(y) - divergence) < 1e-12


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("at_once", [2**18, 100, 7])
def test_the_gradient_agrees_with_finite_differences(axes, at_once, monkeypatch):
    monkeypatch.setattr("xaiwidgets.methods.tsne_map.AT_ONCE", at_once)
    y, step = a_map(30, axes), 1e-5
    gradient = kl_gradient(P, y)
    for i, axis in ((0, 0), (7, axes - 1), (29, 0)):
        there, back = y.clone(), y.clone()
        there[i, axis] += step
        back[i, axis] -= step
        slope = (kl_divergence(P, similarities(there)) - kl_divergence(P, similarities(back))) / (2 * step)
        assert abs(float(gradient[i, axis]) - slope) < 1e-5 * float(gradient.abs().max())


@pytest.mark.parametrize("at_once", [2**18, 64])
def test_exaggeration_multiplies_the_attraction_alone(at_once, monkeypatch):
    monkeypatch.setattr("xaiwidgets.methods.tsne_map.AT_ONCE", at_once)
    y, literal = a_map(30), torch.zeros(30, 2, dtype=torch.float64)
    q = literal_similarities(y)
    for i in range(30):
        for j in range(30):
            pull = (12 * P[i, j] - q[i, j]) / (1 + (y[i] - y[j]).square().sum())
            literal[i] += 4 * pull * (y[i] - y[j])
    assert torch.allclose(Springs(P).gradient(y, 12), literal, atol=1e-13)


def test_the_descent_is_that_of_the_paper():
    y = start = a_map(30, scale=0.1)
    velocity, gains = torch.zeros_like(y), torch.ones_like(y)
    for step in range(12):
        gradient = Springs(P).gradient(y, 4 if step < 5 else 1)
        for i in range(30):
            for axis in range(2):
                same_way = float(gradient[i, axis] * velocity[i, axis]) < 0
                gains[i, axis] = max(0.01, float(gains[i, axis]) + 0.2 if same_way else float(gains[i, axis]) * 0.8)
        velocity = (0.5 if step < 5 else 0.8) * velocity - 20 * gains * gradient
        y = y + velocity
    *_, last = descend(P, start, iterations=12, learning_rate=20.0, exaggeration=4.0, exaggerated_iterations=5)
    assert torch.allclose(last.embedding, y, rtol=1e-9, atol=1e-12)
    assert abs(last.kl - kl_divergence(P, similarities(y))) < 1e-10


def test_points_that_autograd_watches_are_only_read():
    y = a_map(30)
    watched, p = y.clone().requires_grad_(), P.clone().requires_grad_()
    assert torch.equal(kl_gradient(p, watched), kl_gradient(P, y))
    *_, last = descend(p, watched, iterations=12)
    assert not last.embedding.requires_grad
    assert torch.equal(last.embedding, [*descend(P, y, iterations=12)][-1].embedding)


def test_frames_come_as_asked_and_one_can_go_on_from_each():
    options = {"exaggerated_iterations": 20, "learning_rate": 30.0}
    whole = list(descend(P, a_map(30, scale=0.1), iterations=45, every=10, **options))
    assert [frame.iteration for frame in whole] == [0, 10, 20, 30, 40, 45]
    assert [frame.exaggerated for frame in whole] == [False, True, True, False, False, False]
    rest = list(descend(P, whole[1], iterations=45, every=10, **options))
    assert [frame.iteration for frame in rest] == [10, 20, 30, 40, 45]
    assert torch.equal(rest[-1].embedding, whole[-1].embedding)
    assert [frame.iteration for frame in descend(P, whole[-1], iterations=45, **options)] == [45]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("initialization", ["pca", "random"])
def test_a_map_is_learned_and_follows_from_its_seed(dtype, initialization):
    x = digits(60, dtype)
    before, state = x.clone(), torch.random.get_rng_state()
    options = {"perplexity": 8.0, "iterations": 120, "exaggerated_iterations": 40, "initialization": initialization}
    frames = list(learning_tsne(x, seed=5, **options))
    assert frames[-1].embedding.dtype == dtype
    assert torch.equal(frames[-1].embedding, tsne(x, seed=5, **options))
    assert frames[-1].kl < 0.6 * frames[0].kl
    assert torch.equal(x, before)
    assert torch.equal(torch.random.get_rng_state(), state)
    other = tsne(x, seed=6, **options)
    assert torch.equal(other, frames[-1].embedding) == (initialization == "pca")


def test_the_start_is_small_and_along_the_principal_components():
    x = digits(60)
    centred = x - x.mean(0)
    scores = torch.linalg.svd(centred, full_matrices=False)
    literal = scores.U[:, :2] * scores.S[:2]
    literal = 1e-4 * literal / literal[:, 0].std(correction=0)
    found = start_of(x)
    assert torch.allclose(found.abs(), literal.abs(), atol=1e-12)
    line = start_of(x[:, 20:21])  # one coordinate has one component
    assert bool((line[:, 1] == 0).all())
    assert abs(float(start_of(x, "random").std()) - 1e-4) < 2e-5


def test_cancel_is_heard_between_two_steps():
    class Stop:
        steps = 0

        def progressed(self, label, done, total):
            self.steps = done

        def cancelled(self):
            return self.steps >= 7

    with listening(Stop()), pytest.raises(Cancelled, match="Learning the map"):
        list(descend(P, a_map(30), iterations=1000))


def test_more_points_than_the_exact_form_holds_go_to_scikit_learn(monkeypatch):
    monkeypatch.setattr("xaiwidgets.methods.tsne.LARGEST", 50)
    x = digits(80, torch.float32)
    with pytest.warns(HandedOverWarning, match="x has 80 points, more than the 50 whose pairs are held"):
        first, last = learning_tsne(x, perplexity=8.0, iterations=300)
    assert torch.equal(first.embedding, start_of(x))
    p = affinities(x, 8.0).joint
    assert last.iteration == 300
    assert abs(Springs(p).divergence(last.embedding) - last.kl) < 0.25 * last.kl  # an estimate
    assert last.kl < 0.5 * Springs(p).divergence(first.embedding)
    with pytest.raises(ValueError, match="iterations must be at least 300 for more than 50 points, got 20"):
        learning_tsne(x, perplexity=8.0, iterations=20)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"perplexity": 90.0}, ValueError, "perplexity.* below 59 for 60 points, got 90"),
        ({"iterations": 0}, ValueError, "iterations must be an integer from 1"),
        ({"learning_rate": -1.0}, ValueError, "learning_rate must be a number from 0.1"),
        ({"initialization": "spectral"}, ValueError, "initialization must be one of 'pca', 'random', got 'spectral'"),
        ({"seed": 0.5}, TypeError, "seed must be an integer"),
    ],
)
def test_bad_arguments_are_told_before_any_work(change, error, message):
    with pytest.raises(error, match=message):
        learning_tsne(digits(60), **change)


def test_shapes_that_do_not_fit_and_maps_that_explode_are_told():
    with pytest.raises(ValueError, match=r"p must be \(10, 10\), one affinity a pair of points, got \(30, 30\)"):
        descend(P, a_map(10))
    with pytest.raises(ValueError, match=r"learning_rate must be smaller: .* exploded in step 10, got 2\.5"):
        list(descend(P, a_map(30, scale=1e200), iterations=10))
    wild = Frame(0, a_map(30, scale=1e300), 0.0, torch.zeros(30, 2).double(), torch.ones(30, 2).double())
    with pytest.raises(ValueError, match=r"learning_rate must be smaller: .* exploded in step 10, got 2\.5"):
        list(descend(P, wild, iterations=10))
