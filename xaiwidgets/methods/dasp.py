"""Deep approximate Shapley propagation (DASP): Shapley values of a net's inputs at polynomial cost.

Ancona, Öztireli and Gross 2019, Explaining deep neural networks with a polynomial time algorithm for Shapley values
approximation, https://arxiv.org/abs/1903.10992. Notation: `f` is the logit of the class `target`, `x` the input, `x̃`
the baseline, `n` the number of players, `k` the size of a coalition.
"""

from time import perf_counter as clock
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from xaiwidgets.interception import check_visible
from xaiwidgets.methods.dasp_pass import Coalitions, MomentsPass, Sums
from xaiwidgets.methods.inputs import check_baseline, check_range, class_scores, prepare
from xaiwidgets.methods.shapley_games import player_labels
from xaiwidgets.methods.slopes import sizes as rows_at_once
from xaiwidgets.parameters import Range, validated
from xaiwidgets.progress import chunks, quietly

LABEL = "Propagating coalitions"


@validated
def deep_approximate_shapley(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    baseline: Tensor | float | None = None,
    players: Tensor | np.ndarray | int | str | None = None,
    sizes: Annotated[int, Range(2, 4096, log=True, help="sizes of coalitions that are looked at")] = 32,
) -> Tensor:
    """What does each value add to the score, on average over coalitions that are never drawn?

    `φ_i ≈ 1/n Σ_k (E[f(S with i)] - E[f(S)])`, with `S` a random coalition of `k` others; absent values are those of
    the baseline. The expectations come from one pass each: mean and variance of every value of the net, by sampling
    without replacement up to the first operation that is not linear, from there as if values were Gaussian and
    independent (`dasp_moments`). Exact for a linear model; else an approximation, which sums to `f(x) - f(x̃)` only
    roughly.

    Costs `n (2 min(n, sizes) + 1) + 1` passes, not `2^n`; each takes some ten times as long as a plain one on a
    convolutional net. Blocks of pixels as players are what it does worst: their values are anything but independent.

    Args:
        model, x, target: as for `gradient`.
        baseline: the input `x̃` that stands for "nothing", a number or a tensor that fits `x`; zeros if not given.
        players: which values belong together, as for `picture_game`; each value plays for itself if not given.
        sizes: values of `k`, from 0 to `n - 1`, between which `k` is interpolated; with `n` or more, all.

    Returns:
        Attribution of the shape of `x`, in logits; with `players` one value a player, `(N, n)`.

    Raises:
        UnknownOperationError: if the model has an operation without a rule, such as a softmax, a sigmoid, or a product
            of two values that depend on `x`; it names the operation and where it was met.
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model, x, target = prepare(model, x, target)
    check_visible(model)
    values = x[0].numel()
    labels = torch.arange(values).view(x.shape[1:]) if players is None else player_labels(players, x)
    labels = labels.to(x.device).expand(x.shape[1:])
    game = _Propagation(model, x, check_baseline(baseline, x), target, labels, sizes)
    found = game.values()
    return found.view_as(x) if players is None else found


class _Propagation:
    """The passes for some inputs."""

    def __init__(
        self, model: nn.Module, x: Tensor, baseline: Tensor, target: Tensor, labels: Tensor, sizes: int
    ) -> None:
        self.model, self.x, self.baseline, self.target, self.labels = model, x, baseline, target, labels
        self.players = int(labels.max()) + 1
        self.sizes, self.share = _sizes(self.players, sizes, x)
        self.most = rows_at_once(x)["largest"]

    def values(self) -> Tensor:
        """The Shapley values of every player of every input, `(N, n)`."""
        each = self.players * len(self.sizes)  # pairs of an input: a player and a size
        added, known, beside = self.x.new_empty(len(self.x), each), None, 0.0
        # The clock stands still for the sums, which say nothing about the cost of a pair.
        pieces = chunks(added.numel(), LABEL, largest=max(1, self.most // 2), first=1, clock=lambda: clock() - beside)
        for piece in pieces:
            for image in range(piece.start // each, -(-piece.stop // each)):
                if known is None or known[0] != image:
                    begun = clock()
                    known = image, self._sums(image)
                    beside += clock() - begun
                start, stop = max(piece.start - image * each, 0), min(piece.stop - image * each, each)
                added[image, start:stop] = self._added(image, torch.arange(start, stop), known[1])
        return (added.view(-1, len(self.sizes)).double() @ self.share).to(self.x).view(-1, self.players)

    def _sums(self, image: int) -> Sums:
        """What all players, one at a time, do to the values in front of the first operations that are not linear."""
        sums = Sums(self.players)
        alone = torch.eye(self.players, dtype=self.x.dtype, device=self.x.device)
        with quietly():
            self._pass(image, torch.zeros_like(alone[:1]), sums)
            for piece in chunks(self.players, LABEL, largest=self.most, first=1):
                self._pass(image, alone[piece], sums)
        return sums

    def _added(self, image: int, pairs: Tensor, sums: Sums) -> Tensor:
        """By how much a player raises the expected score of coalitions of one size: for `pairs` of the two, `(B,)`."""
        player, size = pairs // len(self.sizes), self.sizes[pairs % len(self.sizes)].to(self.x)
        others = self.players - 1
        alone = torch.zeros(len(pairs), self.players).scatter_(1, player[:, None], 1).to(self.x)
        without = (1 - alone) * (size / max(others, 1))[:, None]  # the chance of each other player
        members = torch.stack([without, without + alone], 1).flatten(0, 1)
        spread = (size * (others - size) / max(others - 1, 1)).repeat_interleave(2)
        before, after = self._pass(image, members, Coalitions(sums, spread)).view(-1, 2).unbind(1)
        return after - before

    def _pass(self, image: int, members: Tensor, coalitions: Sums | Coalitions) -> Tensor:
        """The expected score of each row of `members` `(B, n)`, the chance of each player to take part."""
        with torch.inference_mode(False), torch.no_grad():
            baseline, difference = self.baseline[image], self.x[image] - self.baseline[image]
            rows = baseline + difference * members[:, self.labels]
            moments = MomentsPass(coalitions)
            rows = moments.begun(rows)
            with moments.named(self.model), moments:
                logits = class_scores(self.model, rows)
            moments.check_known(logits)
        target = self.target[image : image + 1]
        check_range(logits, target)
        scores = logits[:, int(target)].detach()
        if not scores.isfinite().all():
            raise ValueError("model must return finite scores, got NaN or infinite for the mean of some coalitions")
        return scores


def _sizes(players: int, most: int, x: Tensor) -> tuple[Tensor, Tensor]:
    """Sizes of coalitions, and what each counts in the mean over all sizes, by linear interpolation."""
    every = torch.arange(players, dtype=torch.float64)
    if players <= most:
        return every, torch.full((players,), 1 / players, dtype=torch.float64, device=x.device)
    nodes = torch.linspace(0, players - 1, most, dtype=torch.float64).round().unique()
    after = torch.searchsorted(nodes, every).clamp(min=1)
    part = (every - nodes[after - 1]) / (nodes[after] - nodes[after - 1])
    share = torch.zeros_like(nodes).index_add_(0, after, part).index_add_(0, after - 1, 1 - part)
    return nodes, (share / players).to(x.device)
