"""Right answers to the exercises of notebook 06 that are written otherwise, and the package's own functions."""

import numpy as np
import torch
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score

from xaiwidgets.exercises import check
from xaiwidgets.methods.lime_fit import cosine_distance, fit_surrogate, kernel


def right(id, answer):
    message = check(id, answer)
    assert message.state == "correct", message


def test_hide_in_a_loop():
    def loop(x, segments, masks, fill):
        pictures = []
        for mask in masks:
            picture = x.clone()
            for label, there in enumerate(mask.tolist()):
                if not there:
                    picture[:, segments == label] = fill
            pictures.append(picture)
        return torch.stack(pictures)

    right("06.1", loop)
    right("06.1", lambda x, segments, masks, fill: torch.where(masks[:, None, segments] > 0, x, fill))


def test_the_packages_own_kernel():
    right("06.2", lambda masks, width: kernel(cosine_distance(masks), width))


def test_the_kernel_by_the_cosine_and_one_exponential():
    def by_cosine(masks, width):
        d = 1 - torch.nn.functional.cosine_similarity(masks, torch.ones_like(masks))
        return torch.exp(-d.square() / (2 * width**2))

    right("06.2", by_cosine)


def test_the_fit_by_scikit_learn_by_roots_and_by_the_package():
    def by_sklearn(masks, scores, weights, penalty):
        model = Ridge(alpha=penalty).fit(masks.numpy(), scores.numpy(), sample_weight=weights.numpy())
        return torch.from_numpy(model.coef_)

    def by_a_column_of_ones(masks, scores, weights, penalty):
        root = weights.sqrt()[:, None]
        count = masks.shape[1]
        Z = torch.cat([masks, torch.ones(len(masks), 1)], 1) * root
        free = torch.diag(torch.tensor([penalty] * count + [0.0])).double()
        return torch.linalg.solve(Z.T @ Z + free, Z.T @ (scores[:, None] * root))[:-1, 0]

    right("06.3", by_sklearn)
    right("06.3", by_a_column_of_ones)
    right("06.3", lambda masks, y, weights, penalty: fit_surrogate(masks, y, weights, penalty=penalty).weights)


def test_fidelity_by_scikit_learn():
    right("06.4", lambda y, predicted, weights: r2_score(y.numpy(), predicted.numpy(), sample_weight=weights.numpy()))


def test_slopes_by_scikit_learn():
    def by_sklearn(f, x, c, noise, epsilon):
        inputs = x + epsilon * noise
        model = LinearRegression().fit((inputs - x).numpy() / epsilon, f(inputs)[:, c].numpy())
        return torch.from_numpy(np.asarray(model.coef_)) / epsilon

    right("06.5", by_sklearn)
