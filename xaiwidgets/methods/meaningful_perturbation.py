"""Meaningful perturbation: which small part of the input, if taken away, takes the class away?

Fong and Vedaldi 2017, https://arxiv.org/abs/1704.03296. Notation: `x` is the input, `r` the reference that stands where
something is deleted, `m(u)` in [0, 1] the mask at place `u`: 1 keeps, 0 deletes. The perturbed input is (equation 2)

    Φ(x; m) = m · x + (1 - m) · r

and the mask is learned by gradient descent. `p` is the probability of the class at `Φ(x; m)`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from xaiwidgets.methods.cam import upsampled
from xaiwidgets.methods.descent import adam, pieces, random_moves
from xaiwidgets.methods.fills import Fill, Seed, fill_picture
from xaiwidgets.methods.inputs import (
    are_probabilities,
    check_differentiable,
    check_range,
    class_scores,
    log_odds,
    prepare,
)
from xaiwidgets.methods.meaningful_perturbation_objective import (
    GAMES,
    OUTPUTS,
    Objective,
    blend,
    coarse_size,
    moved_by,
)
from xaiwidgets.parameters import Choice, Range, validated
from xaiwidgets.progress import quietly, track

AT_ONCE = 2**18  # input values in one step of descent: Cancel is answered between two of them
LONGEST = 1000  # steps

GameName = Annotated[str, Choice(*GAMES, help="delete what takes the class away, or preserve what is enough for it")]
ScoreName = Annotated[str, Choice(*OUTPUTS, help="the class's part of the objective")]
Resolution = Annotated[int, Range(1, 64, help="values of the coarse mask along the longer side")]
Area = Annotated[float, Range(0, 20, help="weight of the deleted (or preserved) share of the picture")]
Smoothness = Annotated[float, Range(0, 20, help="weight of the mask's total variation")]
Jitter = Annotated[int, Range(0, 16, unit="px", help="the picture is moved by up to this many pixels at each step")]
Steps = Annotated[int, Range(1, LONGEST, log=True, help="of gradient descent")]
Rate = Annotated[float, Range(0.001, 1, log=True, help="largest change of a mask's value in a step")]


@dataclass(frozen=True)
class Frame:
    """The masks after some steps of learning.

    Attributes:
        step: steps done.
        mask: `(N, H, W)`, 1 kept, 0 deleted.
        picture: `Φ(x; m)`, what the model sees, of the shape of `x`.
        probability: of the class there, `(N,)`.
        loss: the objective there, without jitter, `(N,)`.
    """

    step: int
    mask: Tensor
    picture: Tensor
    probability: Tensor
    loss: Tensor

    @property
    def area(self) -> Tensor:
        """Deleted share of each input, `(N,)`: the mean of `1 - m`."""
        return 1 - self.mask.flatten(1).mean(1)


def meaningful_perturbation(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    game: GameName = "deletion",
    fill: Fill = "noise",
    output: ScoreName = "log-probability",
    resolution: Resolution = 16,
    area: Area = 1.0,
    smoothness: Smoothness = 0.3,
    jitter: Jitter = 2,
    steps: Steps = 150,
    rate: Rate = 0.1,
    seed: Seed = 0,
) -> Tensor:
    """Which smallest part of the input takes the class away (deletion), or is enough for it (preservation)?

    Deletion learns `min_m  λ1 mean(1 - m) + λ2 TV(m) + E_τ[s(Φ(x_τ; m))]`, preservation the same with `mean(m)` and
    `-s`; Fong and Vedaldi 2017, equations 3 and 5, with `λ1` = `area`, `λ2` = `smoothness`, and
    `TV(m) = Σ |m(u) - m(v)|³ / values` over neighbours `u`, `v` of the coarse mask. `m` is that coarse mask, enlarged
    bilinearly; `x_τ` is the input moved by up to `jitter` pixels, one random `τ` a step. Each step is one of Adam,
    cut to [0, 1].

    The class's part `s` is the paper's `p`, or (default) `-log(1 - p)`; preservation: `log p`. The two agree where the
    class is gone, but `p` has hardly any slope where the model is sure. For the same reason learning starts where the
    game is won, all deleted or all preserved, and gives back what is not needed.

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`, K >= 2, or probabilities; differentiable, left as it was found.
        x: pictures `(N, C, H, W)`, signals `(N, C, L)` or tables `(N, D)`, of the model's type and on its device. Each
            is explained by itself: a mask does not depend on the other inputs.
        target: class index, or one for each input, `(N,)`.
        game: "deletion" or "preservation".
        fill: the reference `r`; see `fill_picture`. Not "inpaint"; the default needs neighbours, so a table wants
            another, such as "black" or the columns' means.
        output: "log-probability" or "probability", see above.
        resolution: values of the coarse mask along the longer side, at most one a pixel; a table has one a column.
        area, smoothness: weights of the two penalties.
        jitter: largest move of the input against the mask, in pixels; not for tables.
        steps, rate: of gradient descent.
        seed: of the jitter and of the fill "noise"; torch's own generator is not touched.

    Returns:
        Masks in [0, 1], `(N, H, W)`, `(N, L)` or `(N, D)`: 1 kept as it was, 0 replaced by the reference.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    weights = {"resolution": resolution, "area": area, "smoothness": smoothness, "jitter": jitter}
    descent = {"steps": steps, "rate": rate, "seed": seed, "every": LONGEST}
    *_, last = learning_masks(model, x, target, game=game, fill=fill, output=output, **weights, **descent)
    return last.mask


@validated
def learning_masks(
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    game: GameName = "deletion",
    fill: Fill = "noise",
    output: ScoreName = "log-probability",
    resolution: Resolution = 16,
    area: Area = 1.0,
    smoothness: Smoothness = 0.3,
    jitter: Jitter = 2,
    steps: Steps = 150,
    rate: Rate = 0.1,
    seed: Seed = 0,
    every: Annotated[int, Range(1, LONGEST, help="steps from frame to frame")] = 10,
) -> Iterator[Frame]:
    """The masks of `meaningful_perturbation` while they are learned.

    Args:
        every: steps from one frame to the next; the first frame is the start, the last the result.
        The others as for `meaningful_perturbation`.
    """
    model, x, target = prepare(model, x, target)
    with torch.inference_mode(False):  # what autograd keeps must not be of inference mode
        x, target = x.clone(), target.clone()
        reference = fill_picture(fill, x, seed=seed).clone()
    parts = Objective(game, output, area, smoothness if x.ndim > 2 else 0.0)
    learner = _Learner(model, x, reference, target, parts, _probable(model, x, target))
    start = torch.full((len(x), *coarse_size(x, resolution)), parts.start, dtype=x.dtype, device=x.device)
    return learner.frames(start, random_moves(x, jitter, steps, seed), rate, every)


@dataclass(frozen=True)
class _Learner:
    model: nn.Module
    x: Tensor
    reference: Tensor
    target: Tensor
    parts: Objective
    probable: bool  # whether the model returns probabilities

    def frames(self, coarse: Tensor, offsets: list[list[int]], rate: float, every: int) -> Iterator[Frame]:
        """Learn from these coarse masks on, one step for each of `offsets`."""
        first, second = torch.zeros_like(coarse), torch.zeros_like(coarse)
        yield self.frame(0, coarse)
        work = [(step, some) for step in range(1, len(offsets) + 1) for some in pieces(self.x, AT_ONCE)]
        for step, some in track(work, "Learning the mask"):
            slopes = self.slopes(coarse[some], some, offsets[step - 1])
            change, first[some], second[some] = adam(slopes, first[some], second[some], step)
            coarse[some] = (coarse[some] - rate * change).clamp(0, 1)
            if some.stop >= len(self.x) and (step % every == 0 or step == len(offsets)):
                yield self.frame(step, coarse)

    def slopes(self, coarse: Tensor, some: slice, offset: list[int]) -> Tensor:
        """The gradient of the objective of some inputs by their coarse masks."""
        with torch.inference_mode(False), torch.enable_grad():
            coarse = coarse.clone().requires_grad_()
            seen, _ = self.perturbed(coarse, some, offset)
            logits = check_differentiable(class_scores(self.model, seen))
            odds = log_odds(logits, self.target[some], self.probable)
            return torch.autograd.grad(self.parts.total(coarse, odds).sum(), coarse)[0]

    def perturbed(self, coarse: Tensor, some: slice, offset: list[int]) -> tuple[Tensor, Tensor]:
        """What the model sees of some inputs, moved by `offset`, and their enlarged masks."""
        x = self.x[some]
        mask = upsampled(coarse, tuple(x.shape[2:] or x.shape[1:]))
        return blend(moved_by(x, offset), moved_by(self.reference[some], offset), mask), mask

    @torch.no_grad()
    def frame(self, step: int, coarse: Tensor) -> Frame:
        """How things stand."""
        parts = []
        with quietly():
            for some in track(pieces(self.x, AT_ONCE), "Looking"):
                seen, mask = self.perturbed(coarse[some], some, [])
                odds = log_odds(class_scores(self.model, seen.clone()), self.target[some], self.probable)
                parts.append((mask, seen, odds.sigmoid(), self.parts.total(coarse[some], odds)))
        mask, seen, probability, loss = (torch.cat(part) for part in zip(*parts, strict=True))
        if not loss.isfinite().all():
            raise ValueError(f"model must return finite scores, got NaN or infinity after {step} steps")
        return Frame(step, mask, seen, probability, loss)


def _probable(model: nn.Module, x: Tensor, target: Tensor) -> bool:
    with torch.no_grad(), quietly():
        logits = torch.cat([class_scores(model, x[some].clone()) for some in track(pieces(x, AT_ONCE), "Asking")])
    check_range(logits, target)
    if logits.shape[1] < 2:
        raise ValueError(f"model must know at least two classes, got logits of shape {tuple(logits.shape)}")
    return are_probabilities(logits)
