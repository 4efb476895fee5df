"""t-SNE against scikit-learn's exact form from the same start: the divergence reached and the neighbours kept."""

import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness

from xaiwidgets.methods.tsne import learning_tsne
from xaiwidgets.methods.tsne_affinities import affinities
from xaiwidgets.methods.tsne_map import Springs


@pytest.mark.parametrize("seed", [0, 1])
def test_the_map_is_as_good_as_that_of_scikit_learn(seed):
    data = load_digits().data[:400]
    x = torch.tensor(data)
    frames = list(learning_tsne(x, initialization="random", seed=seed, every=1000))
    start, ours = frames[0].embedding.numpy(), frames[-1]
    theirs = torch.from_numpy(TSNE(method="exact", init=start, perplexity=30.0).fit_transform(data)).double()
    reached = Springs(affinities(x, 30.0).joint).divergence(theirs)
    assert ours.kl < 1.02 * reached
    kept = [trustworthiness(data, each.numpy(), n_neighbors=10) for each in (ours.embedding, theirs)]
    assert kept[0] > kept[1] - 0.005
