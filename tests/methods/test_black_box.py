"""What a method that only asks gets to know: scores, probabilities and log-odds, of networks and of callables."""

import numpy as np
import pytest
import torch
from nets import NETS, net
from sklearn.linear_model import LogisticRegression
from torch import nn

from xaiwidgets.methods.black_box import OUTPUTS, BlackBox
from xaiwidgets.progress import Cancelled, listening

CLASSES = torch.tensor([2, 0, 1])


def literal(logits: np.ndarray, target: int, output: str) -> float:
    """The score of one class, from the definition."""
    shares = np.exp(logits) / np.exp(logits).sum()
    probability = shares[target]
    return {"score": logits[target], "probability": probability, "log-odds": np.log(probability / (1 - probability))}[
        output
    ]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", NETS)
def test_scores_are_those_of_the_definition(name, output):
    model, x, _ = net(name)
    logits = model(x.clone()).detach().numpy()
    box = BlackBox(model, x, CLASSES, output=output)
    wanted = [literal(row, target, output) for row, target in zip(logits, CLASSES.tolist(), strict=True)]
    np.testing.assert_allclose(box.start, wanted, rtol=1e-9)
    np.testing.assert_allclose(box(x[[1, 2]], torch.tensor([1, 2])), wanted[1:], rtol=1e-9)
    every = [[literal(row, target, output) for target in range(3)] for row in logits]
    np.testing.assert_allclose(box.classes(x), every, rtol=1e-9)


@pytest.mark.parametrize("count", [2, 20])  # below and above what makes it look for the best order of the values
@pytest.mark.parametrize("name", NETS)
def test_each_copy_belongs_to_its_input(name, count):
    model, x, _ = net(name)
    box = BlackBox(model, x, CLASSES)
    shades = torch.linspace(0, 1, count, dtype=x.dtype)

    def shaded(image, which):
        return x[image] * shades[which].view(-1, *[1] * (x.ndim - 1))

    found = box.scores(count, shaded, "Shading")
    wanted = [
        [model((x[[i]] * shade).clone())[0, target].item() for shade in shades]
        for i, target in enumerate(CLASSES.tolist())
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_pieces_tell_their_places():
    model, x, _ = net("dense")
    places = [
        place
        for piece, scores in BlackBox(model, x, 0).stream(100, lambda image, which: x[image], "Asking")
        for place in range(piece.start, piece.stop)
        if len(scores) == piece.stop - piece.start
    ]
    assert places == list(range(300))


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_classifier_of_scikit_learn(output):
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 4))
    classifier = LogisticRegression().fit(x, x @ [1, -2, 0, 0.5] > 0)
    box = BlackBox(classifier.predict_proba, x[:5], 1, output=output)
    wanted = classifier.decision_function(x[:5]) if output == "log-odds" else classifier.predict_proba(x[:5])[:, 1]
    np.testing.assert_allclose(box.start, wanted, rtol=1e-9)


def test_one_score_an_input():
    x = np.random.default_rng(0).normal(size=(3, 4))
    box = BlackBox(lambda inputs: inputs.sum(1), x, 0)
    np.testing.assert_allclose(box.start, x.sum(1))
    with pytest.raises(ValueError, match="output must be 'score' for a model of one class, got 'probability'"):
        BlackBox(lambda inputs: inputs.sum(1), x, 0, output="probability")


def test_certain_probabilities_have_finite_odds():
    box = BlackBox(lambda inputs: np.tile([1.0, 0.0], (len(inputs), 1)), np.zeros((2, 3)), 0, output="log-odds")
    assert box.start.isfinite().all()
    assert (box.start > 300).all()


class View(nn.Module):
    """Refuses values in another order than the usual."""

    def forward(self, x):
        return x.view(len(x), -1)[:, :4]


class Strided(nn.Module):
    """Reads memory as it lies: silently another answer where channels come last."""

    def forward(self, x):
        return x.as_strided((len(x), 4), (x.stride(0), 1))


class Particular(nn.Module):
    """Looks at the order itself."""

    def forward(self, x):
        assert x.is_contiguous()
        return x.flatten(1)[:, :4]


@pytest.mark.parametrize("model", [View(), Strided(), Particular()], ids=["view", "as_strided", "assertion"])
def test_a_model_that_wants_the_usual_order_gets_it(model):
    x = torch.rand(2, 3, 5, 5, dtype=torch.float64)
    found = BlackBox(model, x, 2).scores(50, lambda image, which: x[image], "Asking")
    assert torch.equal(found, x[:, 0, 0, 2, None].expand(2, 50))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: np.zeros((len(x) + 1, 2)), r"model must return .*\(N, K\), got shape \(4, 2\) for 3 inputs"),
        (lambda x: np.zeros((len(x), 2, 2)), r"got shape \(3, 2, 2\)"),
        (lambda x: np.full((len(x), 2), np.nan), "model must return finite scores, got NaN or infinite for 3 of 3"),
        (lambda x: None, "model must return an array of numbers, got object"),
        (lambda x: ["cat"] * len(x), "model must return an array of numbers, got <U3"),
        (lambda x: x / [], "model failed on inputs of shape"),
    ],
)
def test_a_callable_that_answers_nonsense(answer, message):
    with pytest.raises(ValueError, match=message):
        BlackBox(answer, np.zeros((3, 4)), 0)


def test_nonsense_that_comes_later():
    calls = []

    def forgetful(x):
        calls.append(len(x))
        return np.full((len(x), 2), 0.5 if len(calls) == 1 else np.inf)

    box = BlackBox(forgetful, np.zeros((1, 4)), 0)
    with pytest.raises(ValueError, match="model must return finite scores"):
        box.scores(5, lambda image, which: torch.zeros(len(which), 4), "Asking")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("scenes-cnn", torch.zeros(1, 4), 0), TypeError, "model must be a torch.nn.Module or a callable, got str"),
        ((np.tanh, [[1.0]], 0), TypeError, "x must be a torch.Tensor"),
        ((np.tanh, np.zeros((2, 2), int), 0), TypeError, "x must be of a floating-point type, got torch.int64"),
        ((np.tanh, np.zeros((2, 2)), 2), ValueError, "target must be a class index from 0 to 1, got 2"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        BlackBox(*arguments)


def test_an_unknown_output():
    with pytest.raises(ValueError, match="output must be one of 'score', 'probability', 'log-odds', got 'logit'"):
        BlackBox(np.tanh, np.zeros((2, 2)), 0, output="logit")


def test_asking_can_be_cancelled():
    class Stop:
        steps = 0

        def progressed(self, label, done, total):
            self.steps += 1

        def cancelled(self):
            return self.steps > 2

    box = BlackBox(np.tanh, np.zeros((1, 2)), 0)
    with pytest.raises(Cancelled), listening(Stop()):
        box.scores(10**9, lambda image, which: torch.zeros(len(which), 2), "Asking")


def test_what_numpy_users_bring():
    x = np.arange(12.0).reshape(3, 4)[:, ::-1]
    x.setflags(write=False)
    box = BlackBox(lambda inputs: inputs, x, x.argmax(1))
    np.testing.assert_array_equal(box.start, x.max(1))
    assert BlackBox(np.tanh, x, np.int64(2)).target.tolist() == [2, 2, 2]


def test_the_callable_cannot_write_to_the_input():
    def greedy(x):
        x[:] = 7
        return x

    x = torch.zeros(2, 3)
    box = BlackBox(greedy, x, 0)
    box(x)
    assert not x.any()
    assert not box.x.any()
