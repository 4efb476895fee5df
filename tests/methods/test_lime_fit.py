"""The surrogate against its closed form, the conditions of its optimum, and its laws."""

import pytest
import torch
from sklearn.linear_model import Lasso

from xaiwidgets.methods.lasso_path import lasso_path
from xaiwidgets.methods.lime_fit import cosine_distance, fit_surrogate, kernel

SIZES = [(200, 12), (30, 12), (9, 12)]  # many samples, few, and fewer than weights


def samples(count, features, seed=0):
    """Masks, scores with an interaction and noise, and weights."""
    random = torch.Generator().manual_seed(seed)
    masks = torch.rand(count, features, generator=random) < 0.5
    masks[0] = True
    part = torch.randn(features, generator=random, dtype=torch.float64)
    noise = torch.randn(count, generator=random, dtype=torch.float64)
    scores = masks.double() @ part + (masks[:, 0] & masks[:, 1]) + 0.3 * noise
    return masks, scores, kernel(cosine_distance(masks), 0.25)


def gradient_of_the_loss(masks, scores, weights, surrogate):
    """Of `Σ π (y - b - z·β)²` by the weights and the intercept."""
    residual = weights * (scores - surrogate(masks))
    return -2 * masks.double().T @ residual, -2 * residual.sum()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("penalty", [0.01, 1.0, 30.0])
def test_ridge_is_at_its_optimum(size, penalty):
    masks, scores, weights = samples(*size)
    found = fit_surrogate(masks, scores, weights, penalty=penalty)
    slope, free = gradient_of_the_loss(masks, scores, weights, found)
    torch.testing.assert_close(slope, -2 * penalty * found.weights, rtol=1e-8, atol=1e-10)
    assert abs(free) < 1e-10


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("penalty", [0.001, 0.02, 0.2])
def test_the_lasso_is_at_its_optimum(size, penalty):
    masks, scores, weights = samples(*size)
    found = fit_surrogate(masks, scores, weights, penalty=penalty, regression="lasso")
    slope, free = gradient_of_the_loss(masks, scores, weights, found)
    slope = slope / (2 * weights.sum())
    on = found.weights != 0
    assert 0 < on.sum() <= 12
    torch.testing.assert_close(slope[on], -penalty * found.weights[on].sign(), rtol=1e-6, atol=1e-9)
    assert (slope.abs() <= penalty * (1 + 1e-6) + 1e-9).all()
    assert abs(free) < 1e-10


def test_each_knot_of_the_path_is_the_lasso_of_its_penalty():
    masks, scores, weights = samples(200, 12)
    path = lasso_path(masks, scores, weights)
    assert (path.penalties.diff() < 0).all()
    assert path.weights[0].eq(0).all()
    between = (path.penalties[3] + path.penalties[4]).item() / 2
    for penalty in [*path.penalties[1:-1].tolist(), between]:
        found = fit_surrogate(masks, scores, weights, penalty=penalty, regression="lasso")
        slope = gradient_of_the_loss(masks, scores, weights, found)[0] / (2 * weights.sum())
        on = path.at(penalty) != 0
        torch.testing.assert_close(slope[on], -penalty * path.at(penalty)[on].sign(), rtol=1e-7, atol=1e-9)
    assert path.at(2 * path.penalties[0].item()).eq(0).all()
    torch.testing.assert_close(path.at(0), path.weights[-1])


@pytest.mark.parametrize("features", [1, 3, 11])
def test_k_lasso_fits_the_first_k_of_the_path_alone(features):
    masks, scores, weights = samples(200, 12)
    found = fit_surrogate(masks, scores, weights, features=features)
    assert (found.weights != 0).sum() == features == len(found.features)
    alone = fit_surrogate(masks[:, found.features], scores, weights)
    torch.testing.assert_close(found.weights[found.features], alone.weights, rtol=1e-9, atol=0)
    assert found.r2 == pytest.approx(alone.r2, abs=1e-12)
    strongest = lasso_path(masks, scores, weights).weights[1].nonzero()[0, 0]
    assert strongest in found.features


@pytest.mark.parametrize("penalty", [1e-4, 0.05])
@pytest.mark.parametrize("kind", ["twin", "opposite", "sum"])
def test_the_lasso_of_columns_that_depend_on_each_other(kind, penalty):
    for seed in range(4):
        masks = samples(60, 6, seed)[0].double()
        masks[:, 1] = {"twin": masks[:, 0], "opposite": 1 - masks[:, 0], "sum": masks[:, 2] + masks[:, 3]}[kind]
        scores = masks[:, :3].sum(1)
        found = fit_surrogate(masks, scores, torch.ones(60), penalty=penalty, regression="lasso")
        other = torch.from_numpy(Lasso(penalty, tol=1e-12, max_iter=100_000).fit(masks, scores).coef_)
        losses = [
            (scores - masks @ weights).var(correction=0) / 2 + penalty * weights.abs().sum()
            for weights in (found.weights, other)
        ]
        torch.testing.assert_close(losses[0], losses[1], rtol=1e-4, atol=0)
        few = fit_surrogate(masks, scores, torch.ones(60), penalty=0, features=2)
        assert (few.weights != 0).sum() <= 2
        if kind == "twin":
            assert few.r2 == pytest.approx(1)


def test_of_twins_one_has_the_weight_of_both():
    for seed in range(8):
        masks = samples(60, 4, seed)[0].double()
        masks[:, 1] = masks[:, 0]
        found = fit_surrogate(masks, masks[:, :3].sum(1), torch.ones(60), penalty=1e-6, regression="lasso").weights
        twins = found[:2].sort().values
        wanted = torch.tensor([0, 2, 1, 0]).double()
        torch.testing.assert_close(torch.cat([twins, found[2:]]), wanted, rtol=0, atol=1e-4)


def test_a_path_of_many_knots_goes_on_to_its_end():
    random = torch.Generator().manual_seed(0)
    masks = torch.randn(640, 560, generator=random, dtype=torch.float64)
    scores = torch.randn(640, generator=random, dtype=torch.float64)
    found = fit_surrogate(masks, scores, torch.ones(640), penalty=1e-5, regression="lasso")
    slope = gradient_of_the_loss(masks, scores, torch.ones(640).double(), found)[0] / 1280
    assert slope.abs().max() < 1.1e-5


def test_a_linear_model_is_found_exactly():
    masks, _, weights = samples(60, 12)
    part = torch.linspace(-1, 2, 12, dtype=torch.float64)
    found = fit_surrogate(masks, masks.double() @ part + 0.7, weights, penalty=0)
    torch.testing.assert_close(found.weights, part, rtol=1e-10, atol=1e-12)
    assert (found.intercept, found.r2) == (pytest.approx(0.7), pytest.approx(1))


def test_a_constant_score_has_no_weights():
    masks, _, weights = samples(60, 12)
    for settings in ({}, {"features": 3}, {"regression": "lasso"}):
        found = fit_surrogate(masks, torch.full((60,), 0.3), weights, **settings)
        assert found.weights.abs().max() < 1e-12
        assert (found.intercept, found.r2) == (pytest.approx(0.3), 1.0)


def test_what_hardly_counts_hardly_matters():
    masks, scores, weights = samples(60, 12)
    kept = weights.clone()
    kept[30:] = 0
    found = fit_surrogate(masks, scores, kept)
    torch.testing.assert_close(found.weights, fit_surrogate(masks[:30], scores[:30], weights[:30]).weights)


def test_one_sample_that_counts_all_is_no_fit():
    masks, scores, weights = samples(60, 12)
    with pytest.raises(
        ValueError, match=r"the kernel counts only 1.0 of 60 samples: widen it \(kernel_width\), or take"
    ):
        fit_surrogate(masks, scores, kernel(cosine_distance(masks), 0.01))
    with pytest.raises(ValueError, match="the kernel counts only"):
        fit_surrogate(masks, scores, torch.full((60,), 1e-200).index_fill(0, torch.tensor([4]), 1.0))
    assert fit_surrogate(masks, scores, 1e-200 * weights.double()).r2 < 0.999
    fit_surrogate(masks[:2], scores[:2], torch.tensor([1.0, 0.5]))


def test_fidelity_is_unknown_where_scores_vary_only_where_nothing_counts():
    masks, scores, weights = samples(60, 12)
    counted = torch.where(torch.arange(60) < 30, 0.3, scores)
    assert torch.isnan(torch.tensor(fit_surrogate(masks, counted, weights * (torch.arange(60) < 30)).r2))


def test_arrays_will_do():
    given = samples(60, 12)
    torch.testing.assert_close(
        fit_surrogate(*(each.numpy() for each in given)).weights, fit_surrogate(*given).weights, rtol=0, atol=0
    )


def test_distance_and_kernel_by_hand():
    masks = torch.tensor([[True, True, True, True], [True, False, False, False], [False] * 4])
    distance = cosine_distance(masks)
    torch.testing.assert_close(distance, torch.tensor([0, 0.5, 1], dtype=torch.float64))
    wanted = torch.tensor([1, 0.5**2, 1.0], dtype=torch.float64)
    torch.testing.assert_close(kernel(distance, 0.5)[1:], (-wanted[1:] / (2 * 0.5**2)).exp())
    assert kernel(distance, 0.5)[0] == 1


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"penalty": -1.0}, "penalty must be a number from 0"),
        ({"features": 13}, r"features \(K\) must be from 1 to 12, the number of weights, got 13"),
        ({"features": 0}, r"features \(K\) must be from 1 to 12"),
        ({"regression": "elastic"}, "regression must be one of 'ridge', 'lasso'"),
    ],
)
def test_wrong_settings_are_named(wrong, text):
    with pytest.raises(ValueError, match=text):
        fit_surrogate(*samples(30, 12), **wrong)


def test_wrong_samples_are_named():
    masks, scores, weights = samples(30, 12)
    for wrong, text in [
        ((masks[:9], scores[:9], weights[:9]), "samples must determine 12 weights; 9 samples"),
        ((masks, scores[:5], weights), r"scores must be of shape \(30,\)"),
        ((masks, scores, weights[:, None]), r"distance_weights must be of shape \(30,\)"),
        ((masks[0], scores, weights), "masks must be samples of regressors"),
        ((masks, scores * float("nan"), weights), "must be finite"),
        ((masks, scores, -weights), "none negative"),
        ((masks, scores, 0 * weights), "is the kernel too narrow"),
    ]:
        with pytest.raises(ValueError, match=text):
            fit_surrogate(*wrong, penalty=0)
    with pytest.raises(TypeError, match="features must be an integer"):
        fit_surrogate(masks, scores, weights, features=2.5)
