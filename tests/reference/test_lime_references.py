"""LIME's fit against lime, scikit-learn and captum, given the same samples, in float64.

Differences of convention:

- lime draws with numpy and chooses features by forward selection where K <= 6; the fit to given samples is compared.
- captum's Lime is another method under the same name: by default 25 samples, every value of the input for itself, a
  cosine between *inputs*, a kernel of width 1, and a Lasso with penalty 0.01, whose units are those of the score.
"""

import numpy as np
import pytest
import torch
from captum.attr import Lime
from lime.lime_base import LimeBase
from lime.lime_tabular import LimeTabularExplainer
from nets import NETS, net
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, lars_path

from xaiwidgets.methods.lasso_path import lasso_path
from xaiwidgets.methods.lime import lime
from xaiwidgets.methods.lime_fit import cosine_distance, fit_surrogate, kernel
from xaiwidgets.methods.tabular_lime import tabular_lime

close = {"rtol": 1e-6, "atol": 1e-12}
every_net = pytest.mark.parametrize("name", NETS)


def theirs_kernel(distance):
    """lime_image's, of width 0.25."""
    return np.sqrt(np.exp(-(distance**2) / 0.25**2))


def samples_of(name, count=300):
    """Masks over ten segments, and what a net says to them."""
    model, x, target = net(name)
    places = x.shape[2:] or x.shape[1:]
    segments = torch.arange(places.numel()).view(places) * min(10, places.numel()) // places.numel()
    return lime(model, x[:1], target[0].item(), segments=segments, samples=count, fill=0.1)


def dense(pairs, count):
    weights = np.zeros(count)
    for index, weight in pairs:
        weights[index] = weight
    return weights


@every_net
def test_lime_base_given_the_same_samples(name):
    found = samples_of(name)
    masks, scores = found.masks.numpy(), found.scores.numpy()[:, None]
    distances = cosine_distance(found.masks).numpy()
    count = masks.shape[1]
    intercept, pairs, r2, _ = LimeBase(theirs_kernel).explain_instance_with_data(
        masks, scores, distances, 0, count, feature_selection="none"
    )
    np.testing.assert_allclose(found.weights, dense(pairs, count), **close)
    np.testing.assert_allclose([found.intercept, found.r2], [intercept, r2], **close)


@pytest.mark.parametrize("features", [1, 2, 4, 7])
@every_net
def test_k_lasso_of_lime_base(name, features):
    found = samples_of(name)
    distances = cosine_distance(found.masks).numpy()
    intercept, pairs, r2, _ = LimeBase(theirs_kernel).explain_instance_with_data(
        found.masks.numpy(), found.scores.numpy()[:, None], distances, 0, features, feature_selection="lasso_path"
    )
    ours = fit_surrogate(found.masks, found.scores, found.distance_weights, features=features)
    np.testing.assert_allclose(ours.weights, dense(pairs, len(ours.weights)), **close)
    np.testing.assert_allclose([ours.intercept, ours.r2], [intercept, r2], **close)


@every_net
def test_the_closed_form_and_scikit_learn(name):
    found = samples_of(name)
    Z = torch.cat([found.masks, torch.ones(len(found.masks), 1)], 1).double()
    ridge = torch.eye(Z.shape[1], dtype=torch.float64)
    ridge[-1, -1] = 0  # the intercept is free
    weighted = Z * found.distance_weights[:, None]
    *weights, intercept = torch.linalg.solve(Z.T @ weighted + ridge, weighted.T @ found.scores).tolist()
    np.testing.assert_allclose(found.weights, weights, **close)
    np.testing.assert_allclose(found.intercept, intercept, **close)
    given = (found.masks.numpy(), found.scores.numpy(), found.distance_weights.numpy())
    model = Ridge(alpha=1).fit(*given[:2], sample_weight=given[2])
    np.testing.assert_allclose(found.weights, model.coef_, **close)
    np.testing.assert_allclose(found.r2, model.score(*given), **close)


@pytest.mark.parametrize("count", [300, 30])
@pytest.mark.parametrize("name", ["max pooling", "one dimension", "dense"])
def test_the_path_of_the_lasso(name, count):
    found = samples_of(name, count)
    masks, scores, weights = found.masks.numpy(), found.scores.numpy(), found.distance_weights.numpy()
    path = lasso_path(found.masks, found.scores, found.distance_weights)
    share = weights / weights.sum()
    root = np.sqrt(share * len(masks))[:, None]
    theirs = lars_path(
        (masks - share @ masks) * root, ((scores - share @ scores)[:, None] * root)[:, 0], method="lasso"
    )
    np.testing.assert_allclose(path.penalties[: len(theirs[0])], theirs[0], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(path.weights[: len(theirs[0])], theirs[2].T, rtol=1e-6, atol=1e-12)
    for penalty in (0.3 * theirs[0][0], 0.01 * theirs[0][0]):
        ours = fit_surrogate(found.masks, found.scores, found.distance_weights, penalty=penalty, regression="lasso")
        model = Lasso(alpha=penalty, tol=1e-14, max_iter=100_000).fit(masks, scores, sample_weight=weights)
        np.testing.assert_allclose(ours.weights, model.coef_, rtol=1e-6, atol=1e-9)


def test_limes_distance_and_kernel():
    from sklearn.metrics import pairwise_distances  # what lime_image calls

    masks = samples_of("max pooling", 60).masks
    masks[3] = 0
    distances = pairwise_distances(masks.numpy(), np.ones((1, masks.shape[1])), metric="cosine").ravel()
    np.testing.assert_allclose(cosine_distance(masks), distances, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(kernel(cosine_distance(masks), 0.25), theirs_kernel(distances), rtol=1e-10)


def test_a_table_against_limes_explainer_given_its_rows():
    """What lime asks about is recorded, and put to our fit in its units."""
    random = np.random.default_rng(0)
    data = random.normal(size=(80, 5)) * [1, 2, 0.5, 3, 1] + 4
    model = LogisticRegression().fit(data, data @ [1, -1, 2, 0, 0.3] > 11)
    asked = []

    def recording(rows):
        asked.append(rows)
        return model.predict_proba(rows)

    explainer = LimeTabularExplainer(data, discretize_continuous=False, sample_around_instance=True, random_state=0)
    theirs = explainer.explain_instance(data[0], recording, num_features=5, num_samples=400)
    steps = torch.from_numpy((asked[0] - asked[0][0]) / data.std(0))
    scores = torch.from_numpy(model.predict_proba(asked[0])[:, 1])
    ours = fit_surrogate(steps, scores, kernel(steps.norm(dim=1), 0.75 * 5**0.5))
    np.testing.assert_allclose(ours.weights, dense(theirs.local_exp[1], 5), rtol=1e-5, atol=1e-9)
    assert ours.r2 == pytest.approx(theirs.score, rel=1e-6)
    alike = tabular_lime(model.predict_proba, data[:1], 1, data=data, samples=20_000)  # with rows of our own
    np.testing.assert_allclose(alike.weights, ours.weights, atol=0.02)


class Recorded:
    """captum's surrogate, which also keeps what it was fitted to."""

    def __init__(self, model):
        self.model = model

    def fit(self, loader, **kwargs):
        (self.masks, self.scores, self.counts), *_ = list(loader)
        return self.model.fit(loader, **kwargs)

    def representation(self):
        return self.model.representation()


def captums(model, x, target, **settings):
    """captum's map with its own defaults, and the samples it was fitted to."""
    explainer = Lime(model)
    explainer.interpretable_model = recorded = Recorded(explainer.interpretable_model)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = explainer.attribute(x, target=target, **settings)
    return weights, recorded


@pytest.mark.parametrize("samples", [25, 200])
@pytest.mark.parametrize("name", ["functional ReLU", "one dimension", "dense"])
def test_captums_fit_given_its_samples(name, samples):
    model, x, target = net(name)
    x, target = x[:1], target[0].item()
    places = x.shape[2:] or x.shape[1:]
    segments = torch.arange(places.numel()).view(places) * min(10, places.numel()) // places.numel()
    mask = segments.view(1, *[1] * (x.ndim > 2), *places).expand(x.shape)
    weights, given = captums(model, x, target, n_samples=samples, feature_mask=mask, perturbations_per_eval=5)
    masks, scores, counts = (value.double() for value in (given.masks, given.scores.flatten(), given.counts.flatten()))
    np.testing.assert_allclose(counts, literal_counts(x, mask, masks), rtol=1e-5)
    ours = fit_surrogate(masks, scores, counts, penalty=0.01, regression="lasso")
    first = torch.stack([(mask == j).flatten().int().argmax() for j in range(masks.shape[1])])
    np.testing.assert_allclose(weights.flatten()[first], ours.weights, rtol=1e-3, atol=2e-4)


def literal_counts(x, mask, masks):
    """captum's kernel: the cosine distance of the inputs, not of the masks."""
    kept = x * masks[:, mask[0]].view(len(masks), *x.shape[1:])
    distance = 1 - torch.nn.functional.cosine_similarity(x.flatten(1), kept.flatten(1))
    return kernel(distance, 1.0)


@pytest.mark.parametrize("name", ["max pooling", "functional ReLU", "skip, BatchNorm, reused ReLU"])
def test_captums_default_on_probabilities_is_all_zeros_because_of_the_penalty(name):
    model, x, target = net(name)
    x, target = x[:1], target[0].item()

    def probability(inputs):
        return model(inputs).softmax(1) ** 3 / 10  # small, as those of a class among many

    weights, given = captums(probability, x, target)
    assert weights.eq(0).all()
    masks, scores, counts = (value.double() for value in (given.masks, given.scores.flatten(), given.counts.flatten()))
    ours = fit_surrogate(masks, scores, counts, penalty=0.01, regression="lasso")
    assert ours.weights.eq(0).all()
    # No value of the input goes along with the score by more than the penalty; with a smaller one weights come in.
    highest = lasso_path(masks, scores, counts).penalties[0].item()
    assert highest < 0.01
    assert fit_surrogate(masks, scores, counts, penalty=0.9 * highest, regression="lasso").weights.ne(0).any()
