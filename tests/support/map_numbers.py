"""What `make numbers` measures of t-SNE: perplexities, gradient, divergence and neighbours, time."""

import math
from functools import partial

import torch
from number_rows import ratio, row
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE
from torch import Tensor

from xaiwidgets.evaluation.neighbours import neighbour_preservation, trustworthiness
from xaiwidgets.methods.pca import pca
from xaiwidgets.methods.tsne import learning_tsne, tsne
from xaiwidgets.methods.tsne_affinities import affinities
from xaiwidgets.methods.tsne_map import Springs, kl_divergence, kl_gradient, similarities

STEP = 1e-4  # of finite differences


def all_digits(dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.tensor(load_digits().data, dtype=dtype)


def tsne_rows() -> None:
    x, worst = all_digits(), 0.0
    for perplexity in (5.0, 30.0, 100.0):
        rows = affinities(x, perplexity).conditional.double()
        found = 2 ** (-torch.special.xlogy(rows, rows).sum(1) / math.log(2))
        worst = max(worst, float((found / perplexity - 1).abs().max()))
    row("perplexity of every row, 1,797 digits, perplexities 5, 30, 100: largest share off", f"{worst:.1e}", "1e-4")
    x = all_digits(torch.float64)[:100]
    p, y = affinities(x, 20.0).joint, torch.randn(100, 2, generator=torch.Generator().manual_seed(0)).double()
    gradient, slopes = kl_gradient(p, y), torch.zeros(100, 2, dtype=torch.float64)
    for i in range(100):
        for axis in range(2):
            ends = [y.clone(), y.clone()]
            for end, sign in zip(ends, (1, -1), strict=True):
                end[i, axis] += sign * STEP
            there, back = (kl_divergence(p, similarities(end)) for end in ends)
            slopes[i, axis] = (there - back) / (2 * STEP)
    off = float((gradient - slopes).abs().max() / slopes.abs().max())
    row("gradient of the divergence against finite differences, of the largest", f"{off:.1e}", "1e-5")


def tsne_maps() -> None:
    x = all_digits()
    springs = Springs(affinities(x.double(), 30.0).joint)
    for seed in (0, 1, 2):
        frames = list(learning_tsne(x, initialization="random", seed=seed, every=1000))
        theirs = TSNE(method="exact", init=frames[0].embedding.numpy()).fit_transform(x.numpy())
        maps = frames[-1].embedding.double(), torch.from_numpy(theirs).double()
        ours, reached = (springs.divergence(each) for each in maps)
        row(f"divergence against scikit-learn's exact form, start {seed}", f"{ours / reached - 1:+.1%}", "<= +2 %")
        kept = [trustworthiness(x, each.float()) for each in maps]
        row(
            f"trustworthiness (10 neighbours), start {seed}",
            f"{kept[0]:.4f}, theirs {kept[1]:.4f}",
            ">= theirs - 0.005",
        )
    for name, y in (("t-SNE", tsne(x)), ("PCA", pca(x).scores)):
        found = f"{trustworthiness(x, y):.3f}, {neighbour_preservation(x, y):.0%} of 10 neighbours kept"
        row(f"trustworthiness of the map of 1,797 digits, {name}", found, "stated")


def tsne_times() -> None:
    x = all_digits()
    theirs = partial(TSNE(random_state=0).fit_transform, x.numpy())
    row(
        "t-SNE, 1,797 digits, 1,000 iterations, against scikit-learn's default",
        ratio(partial(tsne, x), theirs, 6),
        "<= 1.0 x",
    )
